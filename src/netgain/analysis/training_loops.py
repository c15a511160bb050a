"""How many loops over epochs one program trains in, one after the other."""

from __future__ import annotations

import ast
import re

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import SCOPES, calls_in, last_name, modules, names_in, nodes_of, place
from netgain.study import CodeTree, Source

EPOCH = re.compile(r"(?:^|_)ep(?:och)?s?(?:_|$|\d)", re.IGNORECASE)
TRAINS = re.compile(r"train\w*|fit\w*|backward|step|optimi[sz]e\w*|update", re.IGNORECASE)
"""Calls by which a loop shows that it trains."""


@remembered
def epoch_loops(tree: CodeTree) -> tuple[Source, ...]:
    """Return the loops over epochs of that function or file which trains in most of them in a row."""
    most: tuple[Source, ...] = ()
    for file, module in modules(tree):
        scopes = [module, *nodes_of(module, ast.FunctionDef)]
        for scope in scopes:
            found = tuple(place(file, loop) for loop in _own_loops(scope) if _over_epochs(loop))
            if len(found) > len(most):
                most = found
    return most


@remembered
def loops_left_by_epoch(tree: CodeTree) -> tuple[Source, ...]:
    """Return where a loop over epochs is left at an epoch: `if epoch == 15: return`."""
    found: list[Source] = []
    for file, module in modules(tree):
        for loop in nodes_of(module, ast.For):
            counted = set(names_in(loop.target))
            if not _over_epochs(loop):
                continue
            found += [
                place(file, test)
                for test in nodes_of(loop, ast.If)
                if isinstance(test.test, ast.Compare)
                and counted & names_in(test.test)
                and any(isinstance(one, (ast.Return, ast.Break)) for one in test.body)
            ]
    return tuple(dict.fromkeys(found))


def _own_loops(scope: ast.AST) -> list[ast.For | ast.While]:
    """Return the loops of a function or file that stand in no function or class inside it."""
    found: list[ast.For | ast.While] = []
    waiting = list(ast.iter_child_nodes(scope))
    for node in waiting:  # the list grows as blocks are looked into
        if isinstance(node, (ast.For, ast.While)):
            found.append(node)
        elif isinstance(node, ast.stmt) and node.__class__ not in SCOPES:
            waiting += ast.iter_child_nodes(node)
    return found


def _over_epochs(loop: ast.For | ast.While) -> bool:
    """Tell whether a loop trains, over epochs or for as long as a condition holds."""
    if isinstance(loop, ast.For) and not any(map(EPOCH.search, names_in(loop.target))):
        return False
    return any(TRAINS.fullmatch(last_name(call)) for call in calls_in(loop))
