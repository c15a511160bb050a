"""Constants that expressions stand for, and what operators make of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A constant, and the options it stands on."""

    value: object
    """The constant; tuples for displays of constants."""
    keys: frozenset[str] = frozenset()
    """Keys of the options; empty for a constant of the code itself."""
    spelled_in_code: bool = False
    """Whether the constant stands in code though an option decides it, as the default of one not given."""


def joined(items: list[Value | None]) -> Value | None:
    """Return the tuple of several values, None where one is unknown."""
    known = [item for item in items if item is not None]
    if len(known) < len(items):
        return None
    keys = frozenset().union(*(item.keys for item in known))
    return Value(value=tuple(item.value for item in known), keys=keys)


def last_of(values: list[Value | None]) -> Value | None:
    """Return the last of several values that are all known, standing on all of them."""
    every, last = joined(values), values[-1]
    return None if every is None or last is None else Value(value=last.value, keys=every.keys)


def compared(operator: ast.cmpop, left: object, right: object) -> bool | None:
    """Return what a comparison of two constants says, None where that is open."""
    if isinstance(operator, (ast.Eq, ast.NotEq)):
        equal = same(left, right)
        return None if equal is None else equal is isinstance(operator, ast.Eq)
    if isinstance(operator, (ast.Is, ast.IsNot)):
        if not (right is None or isinstance(right, bool)):
            return None
        return (left is right) is isinstance(operator, ast.Is)
    if isinstance(operator, (ast.In, ast.NotIn)):
        if isinstance(right, str):
            found = left in right if isinstance(left, str) else None
        elif isinstance(right, tuple):
            each = [same(left, item) for item in right]
            found = True if True in each else None if None in each else False
        else:
            found = None
        return None if found is None else found is isinstance(operator, ast.In)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        if isinstance(operator, ast.Lt):
            return left < right
        if isinstance(operator, ast.LtE):
            return left <= right
        if isinstance(operator, ast.Gt):
            return left > right
        if isinstance(operator, ast.GtE):
            return left >= right
    return None


def same(left: object, right: object) -> bool | None:
    """Compare two constants; a word beside a truth value stays open, for files spell those in many ways."""
    if isinstance(left, str) != isinstance(right, str):
        if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
            return None
        return str(left) == str(right)
    return left == right
