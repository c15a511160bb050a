"""The gain of one arm over another as a line over the logarithm of the training-set size."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netgain.stats.paired import t_margin

FEWEST_SIZES = 3
"""Sizes below which a line leaves no degree of freedom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Gains at several training-set sizes and the line through them."""

    sizes: tuple[float, ...]
    """Sizes at which both arms ran, ascending."""
    gains: tuple[float, ...]
    """Mean gain at each, positive when the proposed is better."""
    slope: float
    """Change of the gain for each tenfold of the data, in points."""
    slope_low: float
    """Lower end of the 95 % t-interval of the slope."""
    slope_high: float
    """Upper end."""
    intercept: float
    """Gain of the line at one sample."""

    def at(self, size: float) -> float:
        """Return the gain of the line at a size; beyond the largest it is an extrapolation."""
        return self.intercept + self.slope * math.log10(size)


def gain_ladder(
    baseline: Sequence[tuple[float, float]],
    proposed: Sequence[tuple[float, float]],
    *,
    higher_is_better: bool,
) -> Ladder | None:
    """Fit the gain by least squares over log10 of the size; None below three common sizes.

    Args:
        baseline: (training samples, score) of each of its runs.
        proposed: the same of the proposed arm.
        higher_is_better: direction of the score.
    """
    first, second = _means(baseline), _means(proposed)
    sizes = sorted(set(first) & set(second))
    if len(sizes) < FEWEST_SIZES:
        return None
    sign = 1.0 if higher_is_better else -1.0
    gains = np.array([sign * (second[size] - first[size]) for size in sizes])
    x = np.log10(np.array(sizes))
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ gains) / spread
    rest = gains - gains.mean() - slope * centred
    df = len(sizes) - 2
    margin = t_margin(math.sqrt(float(rest @ rest) / df / spread), df, 0.95)
    return Ladder(
        sizes=tuple(sizes),
        gains=tuple(gains.tolist()),
        slope=slope,
        slope_low=slope - margin,
        slope_high=slope + margin,
        intercept=float(gains.mean() - slope * x.mean()),
    )


def _means(points: Sequence[tuple[float, float]]) -> dict[float, float]:
    by_size: dict[float, list[float]] = defaultdict(list)
    for size, score in points:
        if size > 0 and math.isfinite(score):
            by_size[size].append(score)
    return {size: sum(scores) / len(scores) for size, scores in by_size.items()}
