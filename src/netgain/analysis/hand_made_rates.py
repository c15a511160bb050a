"""Learning rates that code writes into its optimizer by hand: by which formula they change.

`for group in optimizer.param_groups: group["lr"] = rate` counts where nothing but the progress of training
decides whether it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.constant_calls import callers_of
from netgain.analysis.rate_formulas import GROUP, formula, is_harmless
from netgain.analysis.schedule import Family
from netgain.analysis.schedule_uses import is_conditional
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import last_name, literal, names_in, nodes_of, parents_in
from netgain.study import CodeTree, Source

RATES = frozenset({"lr", "learning_rate"})
STORES: tuple[type[ast.Subscript], type[ast.Attribute]] = (ast.Subscript, ast.Attribute)
DEEPEST = 4
"""Functions around a place that writes a rate that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandMadeRate:
    """How a tree changes its rate by hand."""

    family: Family
    """The formula's shape after a warm-up."""
    source: Source
    """Where the rate is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A place that writes a rate."""

    node: ast.Assign | ast.AugAssign
    """The statement."""
    scope: Scope
    """The function or file it stands in."""


def hand_made_rate(tree: CodeTree) -> HandMadeRate | None:
    """Return the one formula by which a tree writes its rate; None where there is none or it is open.

    A write or a call that a setting may switch off, two formulas, and one that is none of those known leave
    it open.
    """
    program = callers_of(tree).program
    families: dict[Family, Source] = {}
    for file_path, root in program.roots.items():
        for written in _writes(root):
            changes = formula(written.node, written.scope, program)
            if not changes:
                continue  # a rate that was set before is put back
            if len(changes) > 1 or "other" in changes or not _is_run(written, program):
                return None
            source = Source(path=file_path, line=written.node.lineno)
            families.setdefault(next(iter(changes)), source)
    if len(families) != 1:
        return None
    ((family, source),) = families.items()
    return HandMadeRate(family=family, source=source)


def _writes(root: Scope) -> Iterator[_Written]:
    """Yield what sets `group["lr"]` or the rate of an optimizer."""
    if not any(_stores_rate(node) for kind in STORES for node in nodes_of(root.node, kind)):
        return
    for scope in (root, *root.below):
        for node in scope.own_nodes:
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            else:
                continue
            if any(_is_rate(target, scope) for target in targets):
                yield _Written(node=node, scope=scope)


def _stores_rate(node: ast.Subscript | ast.Attribute) -> bool:
    """Tell whether anything is stored under the name of a rate, which is quickly asked of a whole file."""
    named = node.attr if isinstance(node, ast.Attribute) else literal(node.slice)
    return named in RATES and not isinstance(node.ctx, ast.Load)


def _is_rate(target: ast.expr, scope: Scope) -> bool:
    """Tell `group["lr"]` and `optimizer.lr` from an entry of a log."""
    if isinstance(target, ast.Subscript):
        return literal(target.slice) in RATES and _is_group(target.value, scope)
    return (
        isinstance(target, ast.Attribute)
        and target.attr in RATES
        and "optim" in last_name(target.value).lower()
    )


def _is_group(node: ast.expr, scope: Scope) -> bool:
    if any(GROUP.fullmatch(name) for name in names_in(node)):
        return True
    return isinstance(node, ast.Name) and any(
        "param_groups" in names_in(loop.iter) and node.id in names_in(loop.target)
        for loop in nodes_of(scope.node, ast.For)
    )


def _is_run(written: _Written, program: Program) -> bool:
    """Tell whether nothing but the progress of the training decides if a rate is written."""
    node: ast.AST = written.node
    scope: Scope | None = written.scope
    for _ in range(DEEPEST):
        assert scope is not None
        if _switched(node, scope):
            return False
        if not isinstance(scope.node, FUNCTIONS):
            return True
        name = scope.node.name
        if name.startswith("train") or name in ("main", "fit", "run"):
            return True
        calls = program.calls.get(name, [])
        if len(calls) != 1:
            return bool(calls) and not any(
                _switched(call, program.scope_of(call, path)) for call, path in calls
            )
        node, path = calls[0]
        scope = program.scope_of(node, path)
        while scope.parent is not None and not isinstance(scope.node, (*FUNCTIONS, ast.Module)):
            scope = scope.parent
    return False


def _switched(node: ast.AST, scope: Scope) -> bool:
    """Tell whether a node of a function stands under a condition that is not one of progress."""
    parents = parents_in(scope.node)
    if not is_conditional(node, parents):
        return False
    at = parents.get(node)
    while at is not None:
        if isinstance(at, ast.If) and not is_harmless(at.test):
            return True
        if isinstance(at, (ast.IfExp, ast.Try, ast.Match, ast.Lambda)):
            return True
        at = parents.get(at)
    return False
