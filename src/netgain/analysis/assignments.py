"""What statements give names and attributes, target by target."""

from __future__ import annotations

import ast

from netgain.analysis.syntax import walk


def stores(node: ast.AST) -> list[tuple[ast.expr, ast.expr | None]]:
    """Return each target that a node assigns, with the expression it gets where there is one for it alone."""
    if isinstance(node, ast.Assign):
        return [pair for target in node.targets for pair in _paired(target, node.value)]
    if isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        return [(node.target, node.value)] if node.value is not None else []
    if isinstance(node, ast.AugAssign):
        return [(node.target, None)]
    if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        return _paired(node.target, None)
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return _paired(node.optional_vars, None)
    if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
        return [(ast.Name(id=node.name, ctx=ast.Store()), None)]
    return []


def _paired(target: ast.expr, value: ast.expr | None) -> list[tuple[ast.expr, ast.expr | None]]:
    if not isinstance(target, (ast.Tuple, ast.List)):
        return [(target, value)]
    items = target.elts
    if (
        isinstance(value, (ast.Tuple, ast.List))
        and len(value.elts) == len(items)
        and not any(isinstance(item, ast.Starred) for item in (*items, *value.elts))
    ):
        return list(zip(items, value.elts, strict=True))
    flat = [inner for item in items for inner in walk(item) if isinstance(inner, ast.expr)]
    return [(inner, None) for inner in flat]
