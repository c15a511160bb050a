"""Shapes that the patterns of einops make: `rearrange(x, "b (h w) c -> b c h w", h=8)`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from netgain.analysis.symbolic.layers import OpenError
from netgain.analysis.symbolic.values import MismatchError

TOKENS = re.compile(r"\(|\)|\.\.\.|\w+")
LONGEST_PATTERN = 300
Group = tuple[str, ...]


def rearranged(
    shape: tuple[int, ...], pattern: object, sizes: Mapping[str, object]
) -> tuple[int, ...]:
    """Return the shape that a pattern makes of another; reduced and repeated axes included.

    Raises:
        OpenError: the pattern or a size is not known.
        MismatchError: the pattern does not fit the shape.
    """
    if not isinstance(pattern, str) or pattern.count("->") != 1 or len(pattern) > LONGEST_PATTERN:
        raise OpenError
    left, right = (_groups(side) for side in pattern.split("->"))
    known = {name: size for name, size in sizes.items() if type(size) is int}
    if len(known) < len(sizes):
        raise OpenError
    rest: tuple[int, ...] = ()
    if ("...",) in left:
        at, more = left.index(("...",)), len(shape) - len(left) + 1
        if more < 0:
            raise MismatchError
        rest = shape[at : at + more]
        shape, left = (*shape[:at], *shape[at + more :]), left[:at] + left[at + 1 :]
    if len(left) != len(shape):
        raise MismatchError
    for group, size in zip(left, shape, strict=True):
        _solve(group, size, known)
    found: list[int] = []
    for group in right:
        found += rest if group == ("...",) else [math.prod(_size(name, known) for name in group)]
    return tuple(found)


def _groups(side: str) -> list[Group]:
    found: list[Group] = []
    inside: list[str] | None = None
    for part in TOKENS.findall(side):
        if part == "(":
            inside = []
        elif part == ")":
            found.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside.append(part)
        else:
            found.append((part,))
    return found


def _solve(group: Group, size: int, known: dict[str, int]) -> None:
    """Find the one axis of a group whose size is not given."""
    if "..." in group:
        raise OpenError
    wanted = [name for name in group if not name.isdigit() and name not in known]
    given = math.prod(_size(name, known) for name in group if name not in wanted)
    if len(wanted) > 1:
        raise OpenError
    if given <= 0 or size % given or (not wanted and given != size):
        raise MismatchError
    known.update(dict.fromkeys(wanted, size // given))


def _size(name: str, known: Mapping[str, int]) -> int:
    if name.isdigit():
        return int(name)
    if name not in known:
        raise OpenError
    return known[name]
