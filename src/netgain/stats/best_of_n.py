"""What picking the best of n buys when nothing is better than anything else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from netgain.stats.distributions import normal_cdf

_LARGEST_DRAWS = 1e15


def expected_maximum(n: float) -> float:
    """Return the expected maximum of n standard normal draws, in standard deviations.

    Integrates 1 - F(x)^n - (1 - F(x))^n over the positive half line by Gauss-Legendre panels;
    accurate to about 1e-12. Real n >= 1 is allowed, so that the function can be inverted.

    Raises:
        ValueError: n is below 1.
    """
    if not 1 <= n <= _LARGEST_DRAWS:
        raise ValueError(f"number of draws {n!r} is not between 1 and {_LARGEST_DRAWS:.0e}")
    weights, upper_tail = _half_line()
    integrand = -np.expm1(n * np.log1p(-upper_tail)) - upper_tail**n
    return float(weights @ integrand)


def implied_draws(z: float) -> float:
    """Return the number of null draws whose expected maximum is z standard deviations.

    A gain of z seed standard deviations is what picking the best of that many equal runs buys. At
    or below 0 the answer is 1: no selection is needed to explain it.

    Raises:
        ValueError: z is above what 1e15 draws reach (about 7.9).
    """
    if z <= 0:
        return 1.0
    low, high = 0.0, math.log(_LARGEST_DRAWS)
    if z > expected_maximum(_LARGEST_DRAWS):
        raise ValueError(
            f"{z!r} standard deviations are more than any plausible number of draws reaches"
        )
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if expected_maximum(math.exp(middle)) < z else (low, middle)
    return math.exp(0.5 * (low + high))


def expected_validation_performance(scores: Sequence[float], budget: int) -> float:
    """Estimate the expected best score of `budget` trials drawn without replacement.

    The unbiased U-statistic sum x_(i) C(i-1, b-1) / C(B, b) over the ascending scores (Dodge et al.
    2021). Unbiased, with the highest variance of the usual estimators.

    Raises:
        ValueError: the budget is not between 1 and the number of scores.
    """
    ordered = _ordered(scores, budget)
    total = math.comb(len(ordered), budget)
    return math.fsum(
        score * (math.comb(rank, budget - 1) / total) for rank, score in enumerate(ordered)
    )


def expected_validation_performance_with_replacement(scores: Sequence[float], budget: int) -> float:
    """Estimate the expected best score of `budget` trials drawn with replacement.

    sum x_(i) [(i/B)^b - ((i-1)/B)^b] (Dodge et al. 2019). Biased low, with a low variance; the form
    most papers print.

    Raises:
        ValueError: the budget is below 1 or there are no scores.
    """
    ordered = _ordered(scores, min(budget, len(scores)))
    n = len(ordered)
    return math.fsum(
        score * ((rank / n) ** budget - ((rank - 1) / n) ** budget)
        for rank, score in enumerate(ordered, start=1)
    )


def _ordered(scores: Sequence[float], budget: int) -> list[float]:
    if not 1 <= budget <= len(scores):
        raise ValueError(f"budget {budget!r} is not between 1 and the {len(scores)} scores given")
    return sorted(float(score) for score in scores)


@lru_cache(maxsize=1)
def _half_line() -> tuple[np.ndarray, np.ndarray]:
    """Return quadrature weights on [0, 12] and the upper normal tail at the nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0.0, 12.0, 41)
    half = (edges[1] - edges[0]) / 2
    points = (edges[:-1, None] + half * (nodes + 1.0)[None, :]).ravel()
    tail = np.array([normal_cdf(-x) for x in points])
    return np.tile(weights * half, edges.size - 1), tail
