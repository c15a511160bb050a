"""What expressions stand for in symbolic execution."""

from __future__ import annotations

import ast
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

BATCH = 2
"""Samples of the batch that networks are applied to; one would vanish where code squeezes."""


Signal = tuple[str, object] | None
"""Why a block ends: `return` with its value, `break`, `continue`, `raise`; None where it goes on."""


class Unknown:
    """What nothing is known of."""

    def __repr__(self) -> str:
        """Return a word for messages."""
        return "unknown"


UNKNOWN = Unknown()


class MismatchError(Exception):
    """A tensor of this shape cannot be given to a layer or an operation."""


class ExhaustedError(Exception):
    """The bound on steps is reached."""


@dataclass(eq=False, slots=True)
class Tensor:
    """A tensor."""

    shape: tuple[int, ...] | None
    """Its sizes, the batch first; None where they are not known."""
    trained: bool = False
    """Whether it is a parameter."""
    frozen: bool | None = False
    """Whether code takes it from those that are trained, None where that is open."""
    serial: int = field(default_factory=itertools.count().__next__)
    """Number in the order of making."""


@dataclass(eq=False, slots=True)
class Layer:
    """A layer of a package."""

    name: str
    """Name of its class, e.g. `Conv2d`."""
    arguments: dict[str, object]
    """Arguments by name, as far as they were given."""
    parameters: float = 0.0
    """Trainable parameters of its own."""
    children: dict[str, object] = field(default_factory=dict)
    """What a container holds, in order."""
    trained: bool | None = True
    """False where code freezes it, None where that is open."""
    place: str = ""
    """Where it is made."""


class Foreign(ABC):
    """A layer or network of another package than torch, which knows what calling it makes."""

    __slots__ = ()

    @abstractmethod
    def call(
        self, machine: Machine, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        """Return what comes out of it."""

    @abstractmethod
    def attribute(self, name: str) -> object:
        """Return an attribute."""

    def method(
        self,
        machine: Machine,
        name: str,
        arguments: list[object],
        keywords: dict[str, object],
        place: tuple[str, ast.AST],
    ) -> object:
        """Return what one of its methods returns."""
        return UNKNOWN

    def cost(self) -> tuple[tuple[int, ...], float, float] | None:
        """Return the shape of a sample, parameters and operations, None where it is no network."""
        return None


@dataclass(eq=False, slots=True)
class Environment:
    """Names of one file, function or class, and where to look for others."""

    path: str
    names: dict[str, object] = field(default_factory=dict)
    outer: Environment | None = None
    instance: Instance | None = None
    """Of methods, what they are called on."""
    owner: ClassValue | None = None
    """Of methods, the class that defines them."""

    def find(self, name: str) -> object:
        """Return what a name stands for; KeyError where it is not set."""
        at: Environment | None = self
        while at is not None:
            if name in at.names:
                return at.names[name]
            at = at.outer
        raise KeyError(name)


@dataclass(eq=False, slots=True)
class ClassValue:
    """A class of the code."""

    name: str
    node: ast.ClassDef
    home: Environment
    bases: tuple[object, ...]
    members: dict[str, object]
    used: frozenset[str] | None = None
    """Attributes that it calls, once looked for."""

    def is_module(self) -> bool:
        """Tell whether it inherits from a module of a package, or from something unknown."""
        return any(
            base.is_module()
            if isinstance(base, ClassValue)
            else base is UNKNOWN or (isinstance(base, Library) and base.name.endswith("Module"))
            for base in self.bases
        )

    def member(
        self, name: str, after: ClassValue | None = None
    ) -> tuple[object, ClassValue] | None:
        """Return a member and the class that defines it, of the classes behind another where one is given."""
        line = self.line()
        start = next((i + 1 for i, one in enumerate(line) if one is after), 0) if after else 0
        return next(((one.members[name], one) for one in line[start:] if name in one.members), None)

    def line(self) -> list[ClassValue]:
        """Return the class and those of the code that it inherits from, nearest first."""
        found: list[ClassValue] = [self]
        for one in found:
            if len(found) < 50:
                found += [b for b in one.bases if isinstance(b, ClassValue) and b not in found]
        return found


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the code."""

    made_by: ClassValue
    attributes: dict[str, object] = field(default_factory=dict)
    trained: bool = True


@dataclass(eq=False, slots=True)
class FunctionValue:
    """A function of the code, bound where it is a method."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    home: Environment
    defaults: tuple[object, ...]
    keyword_defaults: dict[str, object]
    instance: Instance | ClassValue | None = None
    owner: ClassValue | None = None


@dataclass(frozen=True, slots=True)
class Library:
    """Something of a package, by its full name."""

    name: str

    @property
    def last(self) -> str:
        """Return the last part of its name."""
        return self.name.rpartition(".")[2]


@dataclass(eq=False, slots=True)
class FileValue:
    """A file of the tree as a module."""

    home: Environment


@dataclass(eq=False, slots=True)
class Method:
    """A method of a value of this package or of a plain value."""

    of: object
    name: str


@dataclass(eq=False, slots=True)
class Partial:
    """A function with some arguments given."""

    function: object
    arguments: tuple[object, ...]
    keywords: dict[str, object]


@dataclass(eq=False, slots=True)
class Settings:
    """The options of a script: what parsing its command line returns, a configuration, an options class."""

    values: dict[str, object] = field(default_factory=dict)
    """Defaults by name."""
    path: tuple[str, ...] = ()
    """Where in a configuration of several levels it stands."""


@dataclass(eq=False, slots=True)
class Builtin:
    """A function of Python that is followed."""

    function: Callable[..., object]


@dataclass(eq=False, slots=True)
class Super:
    """What `super()` stands for in a method."""

    instance: Instance | ClassValue
    owner: ClassValue


@dataclass(eq=False, slots=True)
class Parameters:
    """The parameters of a network, as an optimizer is given them."""

    of: object
    named: bool = False
    """Whether names stand with them, as `named_parameters()` yields them."""
