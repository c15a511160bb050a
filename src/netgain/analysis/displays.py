"""Entries of dictionaries, lists and tuples that a known key picks: `{"base": A, "ours": B}[args.model]`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from netgain.analysis.known_values import same
from netgain.analysis.scopes import Scope
from netgain.analysis.syntax import last_name

if TYPE_CHECKING:
    from netgain.analysis.option_values import Evaluation

DEEPEST = 24
"""Steps from name to name, after which an expression counts as unknown."""


def item_of(
    evaluation: Evaluation, node: ast.AST, scope: Scope, depth: int = 0
) -> tuple[ast.expr, Scope, frozenset[str]] | None:
    """Return the entry of a display that a known key picks, its scope, and what the key stands on."""
    default: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        container, index = node.value, node.slice
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and node.args
    ):
        container, index = node.func.value, node.args[0]
        default = node.args[1] if len(node.args) == 2 else None
    else:
        return None
    key = evaluation.of(index, scope, depth + 1)
    if key is None:
        return None
    found = display_of(evaluation, container, scope, depth + 1)
    if found is None:
        return None
    display, where = found
    if isinstance(display, ast.Dict):
        if None in display.keys:
            return None
        for known, value in zip(display.keys, display.values, strict=True):
            if isinstance(known, ast.Constant) and same(known.value, key.value):
                return value, where, key.keys
        constant = all(isinstance(known, ast.Constant) for known in display.keys)
        return (default, scope, key.keys) if constant and default is not None else None
    if isinstance(display, (ast.List, ast.Tuple)) and isinstance(key.value, int):
        plain = not any(isinstance(item, ast.Starred) for item in display.elts)
        if plain and -len(display.elts) <= key.value < len(display.elts):
            return display.elts[key.value], where, key.keys
    return None


def display_of(
    evaluation: Evaluation, node: ast.expr, scope: Scope, depth: int
) -> tuple[ast.expr, Scope] | None:
    """Follow a name or an entry to the display it stands for."""
    if depth > DEEPEST:
        return None
    if isinstance(node, (ast.Dict, ast.List, ast.Tuple)):
        return node, scope
    if isinstance(node, ast.Call) and last_name(node) == "dict" and not node.args:
        named = [k for k in node.keywords if k.arg]
        if len(named) == len(node.keywords):
            keys: list[ast.expr | None] = [ast.Constant(value=k.arg) for k in named]
            return ast.Dict(keys=keys, values=[k.value for k in named]), scope
    if isinstance(node, ast.Name):
        expression = evaluation.bound(node.id, scope)
        return display_of(evaluation, *expression, depth + 1) if expression else None
    if isinstance(node, ast.Subscript):
        picked = item_of(evaluation, node, scope, depth + 1)
        return display_of(evaluation, picked[0], picked[1], depth + 1) if picked else None
    if isinstance(node, ast.Attribute):  # a table of another file: `models.TABLE`
        tables = evaluation.program.tables.get(node.attr, [])
        return display_of(evaluation, *tables[0], depth + 1) if len(tables) == 1 else None
    return None
