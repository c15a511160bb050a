"""Functions of Python that look at values, and copies of networks."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from netgain.analysis.symbolic.plain import ERRORS
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    ClassValue,
    Instance,
    Layer,
    Library,
    Method,
    Tensor,
)

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine


def ordered(arguments: list[object]) -> object:
    """Return an ordered dictionary as a plain one."""
    if not arguments:
        return {}
    pairs = arguments[0]
    if isinstance(pairs, dict):
        return dict(pairs)
    try:
        return dict(pairs)  # type: ignore[call-overload]  # tried
    except ERRORS:
        return UNKNOWN


def copied(value: object) -> object:
    """Return another network of the same layers."""
    if isinstance(value, Layer):
        return Layer(
            name=value.name, arguments=value.arguments, parameters=value.parameters,
            children={key: copied(one) for key, one in value.children.items()},
        )  # fmt: skip
    if isinstance(value, Instance):
        attributes = {key: copied(one) for key, one in value.attributes.items()}
        return Instance(made_by=value.made_by, attributes=attributes)
    return copy.copy(value) if isinstance(value, (list, dict, Tensor)) else value


def of_python(machine: Machine, name: str, arguments: list[object]) -> object:
    """Return what a function of Python says of a value."""
    first = arguments[0] if arguments else UNKNOWN
    if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], str):
        found = machine.attribute(first, arguments[1])
        return arguments[2] if isinstance(found, Method) and len(arguments) > 2 else found
    if name == "setattr" and len(arguments) == 3 and isinstance(arguments[1], str):
        machine.set_attribute(first, arguments[1], arguments[2])
        return None
    if name == "hasattr" and isinstance(first, Library):
        return True if first.name.startswith("torch.") else UNKNOWN  # a version that has it all
    if name == "hasattr" and isinstance(first, Instance) and isinstance(arguments[1], str):
        return not isinstance(machine.attribute(first, arguments[1]), Method)
    if name == "isinstance" and len(arguments) == 2:
        return _is_one(first, arguments[1])
    if name == "vars":
        return first
    if name == "filter" and len(arguments) == 2:
        return arguments[1]
    return UNKNOWN


def _is_one(value: object, kind: object) -> object:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, Instance) and all(isinstance(one, ClassValue) for one in kinds):
        return any(one in value.made_by.line() for one in kinds)
    names = {one.last for one in kinds if isinstance(one, Library)}
    if isinstance(value, Layer) and len(names) == len(kinds):
        return value.name in names
    plain = {
        "int": int,
        "float": float,
        "str": str,
        "list": list,
        "tuple": tuple,
        "dict": dict,
        "bool": bool,
    }
    if isinstance(value, tuple(plain.values())) and names and names <= set(plain):
        return isinstance(value, tuple(plain[name] for name in names))
    return UNKNOWN
