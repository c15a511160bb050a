"""Names that stand for one literal, and the order in which the statements of code are read."""

from __future__ import annotations

import ast
import operator

from netgain.analysis.syntax import last_name, literal, walk

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
ASSIGNING = frozenset((ast.Assign, ast.AugAssign, ast.AnnAssign, ast.FunctionDef, ast.Lambda))
ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
"""Operators that numbers are followed through."""

LARGEST = 1e30
"""Numbers beyond this set nothing, and an integer of many digits is no float."""
DEEPEST = 12
"""Operators followed one below the other."""


def number_in(node: ast.AST, local: dict[str, ast.expr], depth: int = 0) -> float | None:
    """Return the number an expression of literals stands for, names of literals looked through."""
    if isinstance(node, ast.BinOp):
        operate = ARITHMETIC.get(type(node.op))
        if operate is None or depth > DEEPEST:
            return None
        right = number_in(node.right, local, depth + 1)  # first, as chains are deep to the left
        if right is None or (isinstance(node.op, ast.Div) and not right):
            return None
        left = number_in(node.left, local, depth + 1)
        if left is None:
            return None
        return float(operate(left, right))
    value = literal(local.get(key_of(node), node))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < LARGEST else None


def key_of(node: ast.AST) -> str:
    """Return how a name, or an attribute of `self`, is remembered; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    of_self = isinstance(node, ast.Attribute) and last_name(node.value) == "self"
    return f"self.{node.attr}" if of_self and isinstance(node, ast.Attribute) else ""


def statements_in(statement: ast.stmt) -> list[ast.stmt]:
    """Return the statements inside a loop, a `with`, a `try` or a `match`."""
    inner = [
        part
        for name in ("body", "orelse", "finalbody", "handlers", "cases")
        for part in getattr(statement, name, [])
    ]
    found = [part for part in inner if isinstance(part, ast.stmt)]
    clauses = [part for part in inner if isinstance(part, (ast.ExceptHandler, ast.match_case))]
    return found + [statement for clause in clauses for statement in clause.body]


def targets_of(statement: ast.stmt) -> list[ast.expr]:
    """Return what an assignment of any kind assigns to."""
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, (ast.AugAssign, ast.AnnAssign)) else []


def single_assignments(scope: ast.AST) -> dict[str, ast.expr]:
    """Return names and attributes of `self` that a function or class assigns once, a literal."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in walk(scope):
        if node.__class__ not in ASSIGNING:
            continue
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets, value = [node.target], None if isinstance(node, ast.AugAssign) else node.value
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                found.setdefault(argument.arg, []).append(None)
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Attribute) and last_name(target.value) == "self":
                found.setdefault(f"self.{target.attr}", []).append(value)
    return {
        name: values[0]
        for name, values in found.items()
        if len(values) == 1
        and values[0] is not None
        and isinstance(literal(values[0]), (int, float))
    }
