"""What each name of a scope is given: by assignments, by loops, and by collections that grow."""

from __future__ import annotations

import ast
from collections import defaultdict

from netgain.analysis.constant_calls import own_nodes
from netgain.analysis.syntax import literal

EACH = "each"
"""Selects every member of a collection in turn, as a loop does."""
ANY = "any"
"""Selects some member of a collection, or some value of a dictionary."""
KEY = "key "
"""Begins a selector that names the key of a dictionary."""
Selectors = tuple[str | int, ...]
"""What is taken out of a collection, outer first: a position, a key, `EACH` or `ANY`."""
Binding = tuple[ast.expr | None, Selectors]
"""An expression a name is given, and what is taken out of it; None where it is no expression."""
GROWS = frozenset({"append", "insert", "add", "appendleft"})


def bindings_of(scope: ast.AST) -> dict[str, list[Binding]]:
    """Return what each name of a scope is given, members of collections that grow included."""
    found: dict[str, list[Binding]] = defaultdict(list)
    for node in own_nodes(scope):
        for name, value, take in _given(node):
            found[name].append((value, take))
    return found


def _given(node: ast.AST) -> list[tuple[str, ast.expr | None, Selectors]]:
    if isinstance(node, ast.Assign):
        return [given for target in node.targets for given in _to(target, node.value, ())]
    if isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        return _to(node.target, node.value, ()) if node.value is not None else []
    if isinstance(node, ast.AugAssign):
        grows = isinstance(node.op, ast.Add) and isinstance(node.value, (ast.List, ast.Tuple))
        return _to(node.target, node.value if grows else None, ())
    if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        return _to(node.target, node.iter, (EACH,))
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return _to(node.optional_vars, None, ())
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        held_by = node.func.value
        if isinstance(held_by, ast.Name) and node.func.attr in GROWS:
            return [(held_by.id, _listed(node.args[-1]), ())]
        if isinstance(held_by, ast.Name) and node.func.attr == "extend":
            return [(held_by.id, node.args[0], ())]
    return []


def _to(
    target: ast.expr, value: ast.expr | None, take: Selectors
) -> list[tuple[str, ast.expr | None, Selectors]]:
    """Share out what a target is given among the names in it."""
    if isinstance(target, ast.Name):
        return [(target.id, value, take)]
    if isinstance(target, ast.Starred):
        return _to(target.value, None, ())
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        return [(target.value.id, _listed(value) if value and not take else None, ())]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [
            given
            for position, item in enumerate(target.elts)
            for given in _to(item, value, (*take, position))
        ]
    return []


def _listed(item: ast.expr) -> ast.expr:
    """Return a list of one member, to stand for what a collection grows by."""
    return ast.List(elts=[item], ctx=ast.Load())


def take_after(take: Selectors) -> Selectors:
    """Return what is taken of a member, past its place among the members of its turn."""
    return (take[0], *take[2:])


def selected(node: ast.Subscript, take: Selectors) -> Selectors:
    """Return what is taken of the value of an index or a slice."""
    if isinstance(node.slice, ast.Slice):
        return (
            (ANY if take and isinstance(take[0], int) else take[0], *take[1:]) if take else (ANY,)
        )
    return (selector_of(node.slice), *take)


def selector_of(node: ast.expr) -> str | int:
    """Return the selector for an index or a key; what is computed selects any."""
    index = literal(node)
    if isinstance(index, str):
        return f"{KEY}{index}"
    return index if isinstance(index, int) else ANY
