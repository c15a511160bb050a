"""Operators and functions of Python on values that are known, bounded in what they may make."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from netgain.analysis.symbolic.values import UNKNOWN

LARGEST_NUMBER = 10**15
LONGEST = 20_000
"""Most items or characters of one value."""
ERRORS = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError)
"""What operations on plain values raise; their result is unknown then."""
PLAIN = (int, float, str, bool, tuple, list, dict, set, frozenset, type(None), range, slice)
OPERATORS: dict[type[ast.operator], Callable[[object, object], object]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
    ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip


def _range(*arguments: object) -> object:
    if not all(type(one) is int for one in arguments):
        return UNKNOWN
    found = range(*arguments)  # type: ignore[call-overload]  # they are whole numbers
    return found if len(found) <= LONGEST else UNKNOWN


def _listed(kind: Callable[[Iterable[object]], object]) -> Callable[..., object]:
    def make(*arguments: object) -> object:
        if not arguments:
            return kind(())
        return kind(arguments[0]) if isinstance(arguments[0], (*PLAIN, zip, enumerate)) else UNKNOWN  # type: ignore[arg-type]

    return make


def _unequal(function: Callable[..., object]) -> Callable[..., object]:
    """Let a function of plain values be unknown for anything else."""

    def answer(*arguments: object, **keywords: object) -> object:
        every = [*arguments, *keywords.values()]
        if any(one is UNKNOWN or not isinstance(one, PLAIN) for one in every):
            return UNKNOWN
        if any(UNKNOWN in one for one in every if isinstance(one, (tuple, list))):
            return UNKNOWN
        return function(*arguments, **keywords)

    return answer


def _zipped(*arguments: object, strict: object = False) -> object:
    if not all(isinstance(one, (list, tuple, range, str)) for one in arguments):
        return UNKNOWN
    return list(zip(*arguments, strict=False))


def _enumerated(items: object, start: int = 0) -> object:
    return (
        list(enumerate(items, start)) if isinstance(items, (list, tuple, range, str)) else UNKNOWN
    )


def _reversed(items: object) -> object:
    return list(items)[::-1] if isinstance(items, (list, tuple, range)) else UNKNOWN


def _product(items: object) -> object:
    return math.prod(items) if isinstance(items, (list, tuple)) else UNKNOWN


FUNCTIONS: dict[str, Callable[..., object]] = {
    "range": _range, "zip": _zipped, "enumerate": _enumerated, "reversed": _reversed,
    "list": _listed(list), "tuple": _listed(tuple), "set": _listed(set), "dict": lambda *a, **k: (
        UNKNOWN if any(not isinstance(one, (dict, list, tuple)) for one in a) else dict(*a, **k)),
    "int": _unequal(int), "float": _unequal(float), "str": _unequal(str), "bool": _unequal(bool),
    "len": _unequal(len), "abs": _unequal(abs), "round": _unequal(round), "sum": _unequal(sum),
    "min": _unequal(min), "max": _unequal(max), "sorted": _unequal(sorted), "any": _unequal(any),
    "all": _unequal(all), "divmod": _unequal(divmod), "pow": _unequal(pow),
    "math.log": _unequal(math.log), "math.log2": _unequal(math.log2), "math.sqrt": _unequal(math.sqrt),
    "math.ceil": _unequal(math.ceil), "math.floor": _unequal(math.floor), "math.prod": _unequal(_product),
    "numpy.prod": _unequal(_product), "numpy.log2": _unequal(math.log2), "numpy.sqrt": _unequal(math.sqrt),
    "numpy.ceil": _unequal(math.ceil), "numpy.floor": _unequal(math.floor), "math.pow": _unequal(math.pow),
    "math.gcd": _unequal(math.gcd), "math.exp": _unequal(math.exp),
}  # fmt: skip
"""Functions by full name."""


def combined(kind: type[ast.operator], left: object, right: object) -> object:
    """Return what an operator makes of two plain values; unknown where it makes none, or too large a one."""
    function = OPERATORS.get(kind)
    if function is None or not (isinstance(left, PLAIN) and isinstance(right, PLAIN)):
        return UNKNOWN
    if kind is ast.Pow and not _small(left, right):
        return UNKNOWN
    if kind is ast.Mult and not _fits(left, right):
        return UNKNOWN
    try:
        found = function(left, right)
    except ERRORS:
        return UNKNOWN
    if isinstance(found, (int, float)):
        return found if abs(found) <= LARGEST_NUMBER else UNKNOWN
    return found if not isinstance(found, (str, list, tuple)) or len(found) <= LONGEST else UNKNOWN


def _small(left: object, right: object) -> bool:
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return False
    return abs(left) <= 10**6 and abs(right) <= 30


def _fits(left: object, right: object) -> bool:
    """Tell whether `"ab" * 3` or `[0] * 3` stays small."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (str, list, tuple)):
            return isinstance(other, int) and len(one) * max(other, 0) <= LONGEST
    return True


def compared(kind: type[ast.cmpop], left: object, right: object) -> object:
    """Return what a comparison says, unknown where that is open."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if kind in (ast.Is, ast.IsNot) and (left is None or right is None):
        return (left is right) is (kind is ast.Is)
    if kind in (ast.In, ast.NotIn):
        if not isinstance(right, (str, list, tuple, dict, set, frozenset, range)):
            return UNKNOWN
        if not isinstance(right, (str, range)) and UNKNOWN in right:
            return UNKNOWN
        try:
            return (left in right) is (kind is ast.In)
        except ERRORS:
            return UNKNOWN
    function = COMPARISONS.get(kind)
    if function is None or not (isinstance(left, PLAIN) and isinstance(right, PLAIN)):
        return UNKNOWN
    try:
        return function(left, right)
    except ERRORS:
        return UNKNOWN


METHODS: dict[type, frozenset[str]] = {
    str: frozenset({"lower", "upper", "strip", "split", "startswith", "endswith", "replace", "join", "format",
                    "title", "isdigit", "rstrip", "lstrip"}),
    list: frozenset({"append", "extend", "insert", "pop", "index", "copy", "reverse", "count", "sort"}),
    dict: frozenset({"get", "items", "keys", "values", "pop", "update", "copy", "setdefault"}),
    tuple: frozenset({"index", "count"}),
}  # fmt: skip
"""Methods of plain values that are followed."""


def method(of: object, name: str, arguments: list[object], keywords: dict[str, object]) -> object:
    """Return what a method of a plain value returns; it may change the value."""
    allowed = next((names for kind, names in METHODS.items() if isinstance(of, kind)), frozenset())
    if name not in allowed or (isinstance(of, str) and not _plain_words(name, arguments, keywords)):
        return UNKNOWN
    if (
        isinstance(of, list)
        and name in ("extend",)
        and not isinstance(arguments[0], (list, tuple, range))
    ):
        return UNKNOWN
    if isinstance(of, (list, dict)) and len(of) > LONGEST:
        return UNKNOWN
    try:
        found = getattr(of, name)(*arguments, **keywords)
    except ERRORS:
        return UNKNOWN
    return list(found) if isinstance(of, dict) and name in ("items", "keys", "values") else found


def _plain_words(name: str, arguments: list[object], keywords: dict[str, object]) -> bool:
    """Tell whether a method of a text is given plain values, and no format that could grow."""
    every = [*arguments, *keywords.values()]
    return name != "format" and all(isinstance(one, PLAIN) for one in every)
