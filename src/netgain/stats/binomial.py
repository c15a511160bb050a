"""A proportion of test items or of trials, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netgain.stats.distributions import normal_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A share of n with its interval."""

    estimate: float | None
    """Successes over n; None where n is 0."""
    low: float | None
    """Lower end of the interval; None where n is 0."""
    high: float | None
    """Upper end."""
    level: float
    """Confidence level."""
    successes: int
    """Successes counted."""
    n: int
    """Trials."""


def wilson_interval(successes: int, n: int, *, level: float = 0.95) -> Proportion:
    """Estimate a proportion with the Wilson (1927) score interval, sound at 0 and at n of n.

    Raises:
        ValueError: successes are not between 0 and n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes!r} successes are not between 0 and n = {n!r}")
    if n == 0:
        return Proportion(estimate=None, low=None, high=None, level=level, successes=0, n=0)
    z = normal_quantile(0.5 + level / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    margin = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Proportion(
        estimate=share,
        low=0.0 if successes == 0 else centre - margin,
        high=1.0 if successes == n else centre + margin,
        level=level,
        successes=successes,
        n=n,
    )
