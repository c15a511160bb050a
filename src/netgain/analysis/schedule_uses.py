"""Whether what code makes of a schedule is put to use: stepped, handed to an optimizer or a trainer."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netgain.analysis.schedule_makers import OPTIMIZERS
from netgain.analysis.syntax import dotted, last_name, modules, nodes_of, walk
from netgain.study import CodeTree


def word_of(node: ast.AST) -> str:
    """Return the one name that a node bears, empty where it bears none."""
    for name in ("id", "attr", "arg", "name"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            return value
    return ""


def used_names(nodes: list[ast.AST]) -> frozenset[str]:
    """Return the names that code steps, gives to an optimizer, or lists among the callbacks of a fit."""
    return frozenset(_uses(nodes))


def _uses(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = last_name(node)
            if called in ("step", "step_update") and isinstance(node.func, ast.Attribute):
                yield dotted(node.func.value)
            given = [
                k.value for k in node.keywords if k.arg in ("callbacks", "learning_rate", "lr")
            ]
            if OPTIMIZERS.fullmatch(called):
                given += node.args
            for part in given:
                yield from (
                    dotted(one) for one in walk(part) if isinstance(one, (ast.Name, ast.Attribute))
                )
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple)):
            listed = any("callback" in word_of(target).lower() for target in node.targets)
            items = node.value.elts if listed else []
            yield from (dotted(e) for e in items if isinstance(e, (ast.Name, ast.Attribute)))


def is_used(node: ast.Call, parents: dict[ast.AST, ast.AST], used: frozenset[str]) -> bool:
    """Tell whether what a call makes is stepped, returned to a trainer or listed among callbacks."""
    at: ast.AST | None = node
    for _ in range(12):
        if at is None or isinstance(at, ast.stmt):
            break
        if isinstance(at, ast.keyword) and at.arg in ("callbacks", "learning_rate", "lr"):
            return True
        if isinstance(at, ast.Call) and at is not node and OPTIMIZERS.fullmatch(last_name(at)):
            return True
        at = parents.get(at)
    if isinstance(at, ast.Assign) and any(
        dotted(target) in used or "callback" in word_of(target).lower() for target in at.targets
    ):
        return True
    while at is not None:
        if isinstance(at, ast.FunctionDef):
            return at.name == "configure_optimizers"
        at = parents.get(at)
    return False


def is_conditional(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a call stands under a condition other than that its file is the one started."""
    at = parents.get(node)
    while at is not None:
        chooses = isinstance(at, (ast.If, ast.IfExp, ast.Try, ast.Match))
        settled = isinstance(getattr(at, "test", None), ast.Constant)
        if chooses and not settled and not _starts(at):
            return True
        if isinstance(at, ast.Lambda):
            return True
        at = parents.get(at)
    return False


def _starts(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in walk(node.test)
    )


def stepped_names(tree: CodeTree) -> frozenset[str]:
    """Return the last parts of all names that some file of a tree steps."""
    return frozenset(
        last_name(call.func.value)
        for _, module in modules(tree)
        for call in nodes_of(module, ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("step", "step_update")
    )


def handed_back(
    node: ast.Call,
    parents: dict[ast.AST, ast.AST],
    tree: CodeTree,
    stepped: frozenset[str],
) -> bool:
    """Tell whether a function returns what a call makes, and a caller of it steps that under its name.

    Args:
        node: the call that makes a schedule.
        parents: the parent of each node of its file.
        tree: the code.
        stepped: names that are stepped somewhere.
    """
    at: ast.AST | None = node
    names: set[str] = set()
    returned = False
    while at is not None and not isinstance(at, ast.FunctionDef):
        if isinstance(at, ast.Assign):
            names |= {last_name(part) for t in at.targets for part in _members(t)}
        returned = returned or isinstance(at, ast.Return)
        at = parents.get(at)
    if at is None:
        return False
    for answer in nodes_of(at, ast.Return):
        if answer.value is not None:
            returned = returned or bool(
                names & {last_name(part) for part in _members(answer.value)}
            )
    if not returned:
        return False
    targets = {
        last_name(part)
        for _, module in modules(tree)
        for assign in nodes_of(module, ast.Assign)
        if isinstance(assign.value, ast.Call) and last_name(assign.value) == at.name
        for target in assign.targets
        for part in _members(target)
    }
    return bool(targets & stepped)


def _members(node: ast.AST) -> list[ast.AST]:
    return list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node]
