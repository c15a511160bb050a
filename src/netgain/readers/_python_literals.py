"""Values that Python code writes down, taken from its syntax tree; no code is compiled or run."""

from __future__ import annotations

import ast
import json
import math
import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

from netgain.analysis import syntax
from netgain.errors import UnreadableFile
from netgain.readers._documents import scalar
from netgain.study import Scalar

MOST_BYTES = 2 * 2**20
"""Largest Python file parsed; the parser needs some hundred bytes of memory for each byte."""
DEPTH = 40
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
LARGEST = 1e18


class _Unknown:
    """A value that only running the code would tell."""

    def __repr__(self) -> str:
        """Return how it is shown inside a list."""
        return "?"


UNKNOWN: Final = _Unknown()
Names = dict[str, Any]


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a Python file, which the checks find again; it must not be changed.

    Raises:
        UnreadableFile: no Python, nested too deep, or too large.
    """
    if len(text) > MOST_BYTES:
        raise UnreadableFile(f"{len(text):,} characters of Python, more than {MOST_BYTES:,}")
    known = syntax.parse(text)
    if known is not None:
        return known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file's own escapes and comparisons
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f" at line {line}" if line else ""
        raise UnreadableFile(f"no valid Python{place}; expected a config as code") from error


def value_of(node: ast.AST | None, names: Names, depth: int = DEPTH) -> Any:
    """Return the value an expression writes down; UNKNOWN where it would have to be computed.

    Literals, lists, dicts, `dict(...)`, names assigned before, `+ - * / //` of plain numbers and `*` nothing
    else. A call of another name is UNKNOWN.
    """
    if depth <= 0:
        return UNKNOWN
    match node:
        case ast.Constant(value=value):
            return value if isinstance(value, (int, float, str, bool, type(None))) else UNKNOWN
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [value_of(item, names, depth - 1) for item in items]
        case ast.Dict(keys=keys, values=values):
            found = {}
            for key, item in zip(keys, values, strict=True):
                name = value_of(key, names, depth - 1)
                if isinstance(name, (str, int, float)):
                    found[str(name)] = value_of(item, names, depth - 1)
            return found
        case ast.Call(func=ast.Name(id="dict"), args=args, keywords=keywords):
            merged: dict[str, Any] = {}
            for argument in args:
                given = value_of(argument, names, depth - 1)
                merged |= given if isinstance(given, dict) else {}
            for keyword in keywords:
                given = value_of(keyword.value, names, depth - 1)
                if keyword.arg is not None:
                    merged[keyword.arg] = given
                elif isinstance(given, dict):
                    merged |= given
            return merged
        case ast.Call(func=ast.Name(id="range"), args=args):
            ends = [value_of(argument, names, depth - 1) for argument in args]
            return _range(ends)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = value_of(operand, names, depth - 1)
            return -value if _is_number(value) else UNKNOWN
        case ast.BinOp(left=left, op=op, right=right):
            return _computed(
                op, value_of(left, names, depth - 1), value_of(right, names, depth - 1)
            )
        case ast.Attribute(value=inner, attr=name):
            held = value_of(inner, names, depth - 1)
            return held.get(name, UNKNOWN) if isinstance(held, dict) else UNKNOWN
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
            held = value_of(inner, names, depth - 1)
            return held.get(key, UNKNOWN) if isinstance(held, dict) else UNKNOWN
    return UNKNOWN


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _computed(op: ast.operator, left: Any, right: Any) -> Any:
    both = _is_number(left) and _is_number(right)
    if isinstance(op, ast.Pow) and both and abs(left) <= 10_000 and abs(right) <= 64:
        if left < 0 and isinstance(right, float):
            return UNKNOWN
        try:
            value = float(left) ** right
        except (OverflowError, ZeroDivisionError):
            return UNKNOWN
        exact = isinstance(left, int) and isinstance(right, int) and right >= 0
        if not math.isfinite(value) or abs(value) > LARGEST:
            return UNKNOWN
        return int(left**right) if exact else value
    action = OPERATORS.get(type(op))
    if action is None:
        return UNKNOWN
    texts = isinstance(left, str) and isinstance(right, str) and len(left) + len(right) < 10_000
    if not both and not (isinstance(op, ast.Add) and texts):
        return UNKNOWN
    try:
        value = action(left, right)
    except (ZeroDivisionError, OverflowError):
        return UNKNOWN
    return UNKNOWN if _is_number(value) and abs(value) > LARGEST else value


def _range(ends: list[Any]) -> Any:
    if not ends or len(ends) > 3 or not all(isinstance(end, int) for end in ends):
        return UNKNOWN
    try:
        numbers = range(*ends)
    except (TypeError, ValueError):
        return UNKNOWN
    return list(numbers) if len(numbers) <= 10_000 else UNKNOWN


def plain(value: Any) -> Scalar:
    """Return a value as a setting; unknown parts of a list show as `?`."""
    return scalar(value) if not isinstance(value, (list, dict)) else json.dumps(value, default=repr)


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield dotted keys and the values that are known; lists of plain values stay one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{prefix}.{index}")
    elif value is not UNKNOWN:
        yield prefix, plain(value)
