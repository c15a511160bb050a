"""Which test-set sizes can have produced these scores?

An accuracy on n items is k / n for a whole k, so scores carry the grain of the test set they were
measured on. `is_possible_mean` is the GRIM test (Brown and Heathers 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """The coarsest grid all scores lie on."""

    n: int
    """Smallest denominator under which every score is a whole number of items."""
    distinct_values: int
    """Scores other than 0 and 1, each counted once: those that say something about n."""
    expected_by_chance: float
    """Denominators up to n that arbitrary scores of this precision would be expected to fit. Far
    below 1 the grain is real; near 1 and above it means nothing (2-decimal percentages and n of
    thousands)."""


def smallest_denominator(
    values: Sequence[str | float], maximum: int = 1_000_000, *, percent: bool
) -> Grain | None:
    """Find the smallest n such that every value is k / n within its own rounding.

    Args:
        values: Scores. A string carries its precision (`"93.10"` has two decimals); a float is
            taken to hold all its digits, in single precision where it is a widened single.
        maximum: Largest n tried.
        percent: Whether the values are percentages rather than shares of 1.

    Returns:
        The grain; None where no n up to `maximum` fits, or no value is strictly between 0 and 1.

    Raises:
        ValueError: a value is not a number, or lies outside 0 to 1 (0 to 100 in percent).
    """
    bounds = sorted({_bounds(value, percent=percent) for value in values})
    informative = [(low, high) for low, high in bounds if low > 0.0 and high < 1.0]
    if not informative:
        return None
    for start in range(1, maximum + 1, _CHUNK):
        candidates = np.arange(start, min(start + _CHUNK, maximum + 1), dtype=np.float64)
        for low, high in informative:
            slack = 1e-15 * candidates  # rounding of the products below
            fits = np.floor(high * candidates + slack) >= np.ceil(low * candidates - slack)
            candidates = candidates[fits]
        if candidates.size:
            n = int(candidates[0])
            return Grain(
                n=n,
                distinct_values=len(informative),
                expected_by_chance=_expected_by_chance(
                    [high - low for low, high in informative], n
                ),
            )
    return None


def is_possible_mean(mean: str, n: int, *, items: int = 1) -> bool:
    """Tell whether a mean of n whole numbers can be written as `mean`.

    Halves may have been rounded either way.

    Args:
        mean: The mean as printed, with its trailing zeros: `"5.00"` is more precise than `"5"`.
        n: Sample size.
        items: Whole-numbered answers averaged for each subject, or seeds averaged for each test
            set.

    Raises:
        ValueError: `mean` is not a plain decimal, or n or items is below 1.
    """
    if n < 1 or items < 1:
        raise ValueError(f"n = {n!r} and items = {items!r} must both be at least 1")
    number = _decimal(mean)
    half = Fraction(1, 2 * 10 ** _decimals(number))
    centre, grid = Fraction(number), n * items
    return math.floor((centre + half) * grid) >= math.ceil((centre - half) * grid)


def _bounds(value: str | float, *, percent: bool) -> tuple[float, float]:
    """Return the range of true shares that would be written as `value`."""
    scale = 100 if percent else 1
    if isinstance(value, str):
        number = _decimal(value)
        centre = Fraction(number) / scale
        half = Fraction(1, 2 * 10 ** _decimals(number)) / scale
        low, high = float(centre - half), float(centre + half)
    else:
        centre = Fraction(value) / scale if math.isfinite(value) else Fraction(-1)
        single = float(np.float32(value)) == value and len(repr(float(value))) > 10
        half = Fraction(abs(value)) / scale * Fraction(1, 2**23 if single else 2**51)
        low, high = float(centre - half), float(centre + half)
    if not 0 <= centre <= 1:
        raise ValueError(f"{value!r} is not a share of a test set; expected 0 to {scale}")
    return low, high


SMALLEST = -750.0
"""Logarithm below which `exp` gives 0."""


def _expected_by_chance(widths: Sequence[float], n: int) -> float:
    """Sum over denominators up to n the chance that every score fits one by accident."""
    total = 0.0
    for start in range(1, n + 1, _CHUNK):
        candidates = np.arange(start, min(start + _CHUNK, n + 1), dtype=np.float64)
        log_chance = np.zeros_like(candidates)
        for width in widths:
            log_chance += np.log(np.minimum(1.0, width * candidates))
            if log_chance.max() < SMALLEST:
                break
        total += float(np.exp(log_chance).sum())
    return total


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text.strip().rstrip("%"))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a decimal number") from error
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return number


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite decimals have a numeric exponent"
    return max(0, -exponent)
