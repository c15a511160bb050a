"""The settings one arm was started with, as code asks for them: `args.method`, `cfg["model"]["name"]`."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from netgain.analysis.declared_options import (
    chain_of,
    declared_fields,
    declared_option,
    is_configuration_class,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, literal, modules, nodes_of
from netgain.study import CodeTree, Scalar

CONFIGURATION = re.compile(
    r"(?:\w*_)?(?:args?|opts?|cfgs?|conf|configs?|configuration|hparams?|hps?|hp|flags?|options?|"
    r"settings|params|config_dict|ns|namespace)",
    re.IGNORECASE,
)
"""Names that hold a configuration."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one arm's runs were configured with, beside the other arm's."""

    values: Mapping[str, Scalar]
    """Value by dotted key, as files spell it; only keys on which all runs of the arm agree."""
    others: Mapping[str, Scalar]
    """The same of the other arm."""
    absent: frozenset[str] = frozenset()
    """Keys of the other arm that this arm's own configuration file lacks: code that asks for one of them
    gets the default it names."""

    @cached_property
    def differing(self) -> frozenset[str]:
        """Return the keys that either arm states and the other does not state alike."""
        keys = set(self.values) | set(self.others)
        return frozenset(
            key
            for key in keys
            if key not in self.values
            or key not in self.others
            or not _alike(self.values[key], self.others[key])
        )

    @cached_property
    def _by_last(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        found: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for key in sorted(set(self.values) | set(self.others)):
            parts = parts_of(key)
            if parts:
                found[parts[-1]].append((parts, key))
        return found

    def named(self, name: str) -> str | None:
        """Return the one key whose last part is a name, None where there is none or several."""
        found = self._by_last.get(_plain(name), [])
        return found[0][1] if len(found) == 1 else None

    def at(self, path: tuple[str, ...]) -> str | None:
        """Return the one key that ends in a path; a key that is the path itself goes before others."""
        wanted = tuple(map(_plain, path))
        found = [
            (parts, key)
            for parts, key in self._by_last.get(wanted[-1], [])
            if parts[-len(wanted) :] == wanted
        ]
        exact = [key for parts, key in found if parts == wanted]
        keys = exact or [key for _, key in found]
        return keys[0] if len(keys) == 1 else None

    def taken(self, key: str) -> tuple[Scalar, ...]:
        """Return the values that a key takes in either arm."""
        return tuple(held[key] for held in (self.values, self.others) if key in held)

    def are_asked_for_in(self, text: str) -> bool:
        """Tell whether a text holds the name of an option in which the arms differ."""
        return self._pattern.search(text) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = sorted({parts_of(key)[-1] for key in self.differing if parts_of(key)})
        words = "|".join(re.escape(name) for name in names) or r"(?!)"
        return re.compile(rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])", re.IGNORECASE)


def parts_of(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, dashes and capitals levelled."""
    return tuple(_plain(part) for part in re.split(r"[./]", key) if part)


def key_of(node: ast.AST, options: Options) -> str | None:
    """Return the key that an expression reads or writes: an attribute or entry of a configuration."""
    parts, from_call = chain_of(node)
    if len(parts) < 2 and not (from_call and parts):
        return None
    starts = [0] if from_call else []
    starts += [
        index + 1
        for index, part in enumerate(parts[:-1])
        if CONFIGURATION.fullmatch(part) and (index == 0 or parts[0] == "self" or index == 1)
    ]
    for start in starts:
        key = options.at(parts[start:])
        if key is not None:
            return key
    return None


def default_asked_with(node: ast.AST) -> ast.expr | None:
    """Return what `cfg.get("x", 0)` or `getattr(args, "x", 0)` gives where there is no such entry."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) == 3:
        return node.args[2]
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and not node.keywords:
        if len(node.args) == 2:
            return node.args[1]
        return ast.Constant(value=None) if len(node.args) == 1 else None
    return None


def member_asked_for(word: object, node: ast.AST, options: Options) -> str | None:
    """Return the key that `word in node` asks for, where the node is a configuration or a part of one."""
    if not isinstance(word, str):
        return None
    asked = ast.Subscript(value=node, slice=ast.Constant(value=word))  # type: ignore[arg-type]  # any expression
    return key_of(asked, options)


def is_configuration(node: ast.AST) -> bool:
    """Tell whether an expression is a whole configuration, as in `Net(**vars(args))`."""
    parts, from_call = chain_of(node)
    return from_call or any(CONFIGURATION.fullmatch(part) for part in parts)


@remembered
def declared_defaults(tree: CodeTree) -> dict[str, Scalar]:
    """Return the defaults of options that a tree declares, on command lines and in classes, by name.

    An option that is declared twice has a default only where both say the same.
    """
    return {
        name: declared[0][1]
        for name, declared in _declarations(tree).items()
        if all(known for known, _ in declared)
        and all(value == declared[0][1] for _, value in declared)
    }


def declared_names(tree: CodeTree) -> frozenset[tuple[str, ...]]:
    """Return the options that a tree declares, whatever their default, as parts of keys."""
    return frozenset(parts_of(name) for name in _declarations(tree))


@remembered
def _declarations(tree: CodeTree) -> dict[str, list[tuple[bool, Scalar]]]:
    """Return by option whether each declaration of it has a constant default, and which."""
    found: dict[str, list[tuple[bool, Scalar]]] = defaultdict(list)
    for _, module in modules(tree):
        for call in calls_in(module):
            for name, known, value in _declared(call):
                found[name].append((known, value))
        for owner in nodes_of(module, ast.ClassDef):
            for name, known, value in _fields(owner):
                found[name].append((known, value))
    return dict(found)


def _declared(call: ast.Call) -> Iterator[tuple[str, bool, Scalar]]:
    """Yield name, whether the default is a constant, and the default, of an option that a call declares."""
    option = declared_option(call)
    if option is None or option.positional:
        return
    if option.default is None:
        yield option.name, option.absent, None
    else:
        yield option.name, *_constant(option.default)


def _fields(owner: ast.ClassDef) -> Iterator[tuple[str, bool, Scalar]]:
    """Yield the fields of a class that holds a configuration, as `_declared` does options."""
    if is_configuration_class(owner):
        for name, value, _ in declared_fields(owner):
            yield name, *_constant(value)


def _constant(value: ast.expr) -> tuple[bool, Scalar]:
    return isinstance(value, (ast.Constant, ast.UnaryOp)), _scalar(literal(value))


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, (int, float, str, bool)) else None


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _alike(first: Scalar, second: Scalar) -> bool:
    return first == second and isinstance(first, bool) == isinstance(second, bool)
