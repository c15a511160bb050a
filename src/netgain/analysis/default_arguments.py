"""The numbers that arguments of a tree's classes and functions have where nobody gives them."""

from __future__ import annotations

import ast
from collections import defaultdict

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import literal, modules, nodes_of
from netgain.study import CodeTree


@remembered
def default_arguments(tree: CodeTree) -> dict[str, float]:
    """Return the default by name of argument, where all that have one agree on a number."""
    found: dict[str, set[object]] = defaultdict(set)
    for _, module in modules(tree):
        for function in nodes_of(module, ast.FunctionDef):
            places = [*function.args.posonlyargs, *function.args.args]
            defaults = function.args.defaults
            pairs = list(zip(places[len(places) - len(defaults) :], defaults, strict=True))
            for argument, default in (
                *pairs,
                *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
            ):
                if default is not None:
                    value = literal(default)
                    known = isinstance(value, (int, float)) and not isinstance(value, bool)
                    found[argument.arg].add(value if known else None)
    return {
        name: float(value)
        for name, values in found.items()
        if len(values) == 1 and isinstance(value := next(iter(values)), (int, float))
    }
