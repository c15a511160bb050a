"""Lengths of a training that a configuration gives phase by phase: `phase1.epochs`, `phase2.epochs`."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import replace

from netgain.study import Cited, Scalar

ADDED = frozenset({"epochs", "max_steps"})
"""Quantities of which the phases of a training each have their own."""
PHASE = re.compile(
    r"(?:^|(?<=[./_]))(?:phase|stage)[_\-]?(?P<number>\d{1,2})(?=[./_]|$)", re.IGNORECASE
)


def over_phases(name: str, readings: list[Cited[Scalar]]) -> list[Cited[Scalar]]:
    """Return one reading for the phases of a training that one file lists, which follow one another.

    Args:
        name: the quantity.
        readings: what was read of it, as the files say it.
    """
    if name not in ADDED:
        return readings
    listed: dict[tuple[str, str], dict[str, Cited[Scalar]]] = defaultdict(dict)
    for reading in readings:
        found = PHASE.search(reading.source.key or "")
        if found is not None and _is_length(reading.value):
            listed[reading.source.path, _around(found)].setdefault(found["number"], reading)
    sums = {
        numbered["1"].source: _sum(list(numbered.values()))
        for numbered in listed.values()
        if len(numbered) > 1 and "1" in numbered
    }
    parts = {
        r.source for numbered in listed.values() if len(numbered) > 1 for r in numbered.values()
    }
    return [
        sums.get(reading.source, reading)
        for reading in readings
        if reading.source in sums or reading.source not in parts
    ] or readings


def _around(found: re.Match[str]) -> str:
    """Return a key without the number of its phase."""
    return f"{found.string[: found.start('number')]}*{found.string[found.end('number') :]}"


def _is_length(value: Scalar) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value >= 0
    )


def _sum(parts: list[Cited[Scalar]]) -> Cited[Scalar]:
    total = sum(part.value for part in parts if isinstance(part.value, (int, float)))
    keys = " + ".join(part.source.key or "" for part in parts)
    return replace(parts[0], value=total, source=replace(parts[0].source, key=keys))
