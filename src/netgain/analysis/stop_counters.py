"""Numbers after which a training ends by a counter of its own: evaluations without a better score."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.syntax import dotted, last_name, literal, nodes_of

BETTER = re.compile(r"improv|better|best", re.IGNORECASE)
"""Names that say in a condition that a score is the best so far."""
ENDS = re.compile(r"stop|finish|done|terminate|break", re.IGNORECASE)
"""Names that are set to end a training."""
ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
REACHES = (ast.Gt, ast.GtE, ast.Eq)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def stop_counters(module: ast.Module) -> dict[int, ast.expr]:
    """Return the expressions that end a training, by the id of the condition they stand in.

    A counter is one that a better score sets back to 0, that is raised by 1, and that a condition compares
    with the number before it leaves the loop or the function, or says that the training is over. A limit of
    steps is never set back, and one that is set before each inner loop is not set back by a score.
    """
    found: dict[int, ast.expr] = {}
    if not any(_ends_by_counter(node) for node in nodes_of(module, ast.If)):
        return found
    scopes: list[ast.AST] = [module]
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
        scopes += nodes_of(module, kind)
    for scope in scopes:
        conditions = [node for node in _within(scope) if isinstance(node, ast.If)]
        tests = [
            (node, *compared)
            for node in filter(_ends_by_counter, conditions)
            for compared in _compared(node.test)
        ]
        if not tests:
            continue
        counters = _set_back(conditions) & _raised(scope)
        for node, counter, number in tests:
            if counter in counters:
                found[id(node)] = number
    return found


def _ends_by_counter(node: ast.If) -> bool:
    return bool(_compared(node.test)) and any(map(_is_the_end, node.body))


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what belongs to a scope itself, and not to a function or class in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, SCOPES):
            yield node
            waiting += ast.iter_child_nodes(node)


def _compared(test: ast.expr) -> list[tuple[str, ast.expr]]:
    """Return counter and number of each `counter > number` in a condition, all of which must hold."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return [
        (counter, part.comparators[0])
        for part in parts
        if isinstance(part, ast.Compare)
        and len(part.ops) == 1
        and isinstance(part.ops[0], REACHES)
        and (counter := dotted(part.left))
    ]


def _set_back(conditions: list[ast.If]) -> set[str]:
    """Return what is set to 0 where a score is better than before."""
    found: set[str] = set()
    for node in conditions:
        ordered = any(
            isinstance(operator, ORDERS)
            for compared in nodes_of(node.test, ast.Compare)
            for operator in compared.ops
        )
        named = any(BETTER.search(name.id) for name in nodes_of(node.test, ast.Name))
        if not ordered and not named:
            continue
        for statement in (*node.body, *node.orelse):
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    found |= _zeroed(target, statement.value)
    return found


def _zeroed(target: ast.expr, value: ast.expr) -> set[str]:
    """Return what an assignment sets to 0, alone or as one of several at once."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=False))
    else:
        pairs = [(target, value)]
    return {name for one, given in pairs if _is_number(given, 0) and (name := dotted(one))}


def _raised(scope: ast.AST) -> set[str]:
    """Return what is raised by 1."""
    found: set[str] = set()
    for node in _within(scope):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            if _is_number(node.value, 1):
                found.add(dotted(node.target) or "")
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            sides = (node.value.left, node.value.right)
            if isinstance(node.value.op, ast.Add) and any(_is_number(side, 1) for side in sides):
                names = {dotted(side) for side in sides} - {None, ""}
                found |= {
                    name for target in node.targets if (name := dotted(target) or "") in names
                }
    return found - {""}


def _is_number(node: ast.expr, number: int) -> bool:
    value = literal(node)
    return isinstance(value, int) and not isinstance(value, bool) and value == number


def _is_the_end(statement: ast.stmt) -> bool:
    """Tell whether a statement leaves the loop or the function, or says that the training is over."""
    if isinstance(statement, (ast.Break, ast.Return, ast.Raise)):
        return True
    if isinstance(statement, ast.Assign) and literal(statement.value) is True:
        return any(ENDS.search(last_name(target)) for target in statement.targets)
    return False
