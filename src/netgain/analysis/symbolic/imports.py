"""Imports in symbolic execution: files of the tree, and names of packages."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from netgain.analysis.symbolic.plain import FUNCTIONS
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    Builtin,
    Environment,
    FileValue,
    Library,
    Signal,
)

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine


def import_file(machine: Machine, node: ast.Import, at: Environment) -> Signal:
    """Follow `import a.b as c`."""
    for alias in node.names:
        parts = alias.name.split(".")
        if alias.asname is None:
            path = machine.find(at.path, parts[:1], 0)
            at.names[parts[0]] = FileValue(machine.home(path)) if path else Library(parts[0])
            inner = machine.find(at.path, parts, 0) if len(parts) > 1 else None
            if inner and not path:
                at.names[parts[0]] = _nested(machine, parts, inner)
        else:
            path = machine.find(at.path, parts, 0)
            at.names[alias.asname] = FileValue(machine.home(path)) if path else Library(alias.name)
    return None


def _nested(machine: Machine, parts: list[str], path: str) -> FileValue:
    """Return folders without a file of their own around a file."""
    value = FileValue(machine.home(path))
    for name in reversed(parts[1:]):
        value = FileValue(Environment(path=path, names={name: value}))
    return value


def import_names(machine: Machine, node: ast.ImportFrom, at: Environment) -> Signal:
    """Follow `from a import b`."""
    parts = node.module.split(".") if node.module else []
    path = machine.find(at.path, parts, node.level) if parts or node.level else None
    home = machine.home(path) if path and path != at.path else None
    for alias in node.names:
        name = alias.asname or alias.name
        if alias.name == "*":
            if home is None and "keras" in parts:
                machine.starred[at.path] = "keras"
            if home is not None:
                at.names.update({k: v for k, v in home.names.items() if not k.startswith("_")})
            continue
        if home is not None and alias.name in home.names:
            at.names[name] = home.names[alias.name]
            continue
        inner = machine.find(at.path, [*parts, alias.name], node.level)
        if inner and inner != at.path:
            at.names[name] = FileValue(machine.home(inner))
        elif node.level or path:
            at.names[name] = UNKNOWN
        else:
            full = f"{node.module}.{alias.name}"
            function = FUNCTIONS.get(full)
            at.names[name] = Builtin(function) if function else Library(full)
    return None
