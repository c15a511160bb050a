"""A linear axis: from values to places on the page, with round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


SMALLEST = 1e-290
"""Span below which floating point leaves no room for ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Maps values between `low` and `high` to places between `start` and `end`."""

    low: float
    """Value at `start`."""
    high: float
    """Value at `end`."""
    start: float
    """Place of `low`, in user units."""
    end: float
    """Place of `high`."""
    ticks: tuple[float, ...]
    """Round values in range."""

    def place(self, value: float) -> float:
        """Return where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def axis(values: Sequence[float], start: float, end: float, *, count: int = 5) -> Axis:
    """Return an axis that holds all values, with about `count` ticks.

    Values must be finite; a single value gets room on both sides.
    """
    low, high = min(values), max(values)
    if high - low <= max(SMALLEST, 1e-12 * max(abs(low), abs(high))):
        room = abs(high) * 0.1 or 1.0
        low, high = low - room, high + room
    step = _round_step((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], start=start, end=end, ticks=ticks)


def tick_label(value: float) -> str:
    """Return a tick's value in as few signs as it needs."""
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3):
        mantissa, _, exponent = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return f"{value:,.6g}" if size < 1000 else f"{value:,.0f}"


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * 0.999)
