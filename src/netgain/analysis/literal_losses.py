"""Arguments of the losses that code is given by position."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from netgain.analysis.code_losses import is_loss
from netgain.analysis.literal_sinks import LIBRARY_LOSSES
from netgain.analysis.syntax import modules, nodes_of
from netgain.study import CodeTree


def loss_arguments(tree: CodeTree) -> Mapping[str, tuple[str, ...]]:
    """Return the positional arguments of each loss class of a tree, and of those of packages, by class."""
    found: dict[str, tuple[str, ...]] = dict(LIBRARY_LOSSES)
    for _, module in modules(tree):
        for owner in nodes_of(module, ast.ClassDef):
            if is_loss(owner):
                found[owner.name] = _arguments(owner)
    return found


def _arguments(owner: ast.ClassDef) -> tuple[str, ...]:
    for item in owner.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = [a.arg for a in (*item.args.posonlyargs, *item.args.args)]
            return tuple(arguments[1:])
    return ()
