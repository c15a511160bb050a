"""How small a gain could these seeds have shown?"""

from __future__ import annotations

import math

import numpy as np

from netgain.stats.distributions import normal_cdf, student_t_quantile


def smallest_detectable_gain(
    sd_paired: float, n: int, *, power: float = 0.8, level: float = 0.95
) -> float | None:
    """Return the smallest true gain that a paired t-interval over n seeds excludes 0 for.

    Exact: the power of the two-sided paired t-test is integrated over the law of the standard
    deviation (noncentral t) and inverted by bisection.

    Args:
        sd_paired: Standard deviation of the paired differences, in points.
        n: Seeds.
        power: Chance of seeing the gain.
        level: Confidence level of the interval.

    Returns:
        Gain in points; None with fewer than two seeds, where no gain can be shown.

    Raises:
        ValueError: the standard deviation is negative, or power or level lies outside 0 to 1.
    """
    if sd_paired < 0 or not 0 < power < 1 or not 0 < level < 1:
        raise ValueError("expected sd_paired >= 0 and power and level strictly between 0 and 1")
    if n < 2:
        return None
    low, high = 0.0, 1.0
    while _power(high, n, level) < power:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _power(middle, n, level) < power else (low, middle)
    return 0.5 * (low + high) * sd_paired


def seeds_needed(
    gain: float, sd_paired: float, *, power: float = 0.8, level: float = 0.95, maximum: int = 10_000
) -> int | None:
    """Return the fewest seeds in each arm that would show a true `gain`.

    Returns:
        Number of seeds; None where more than `maximum` would be needed.

    Raises:
        ValueError: gain or standard deviation is not positive.
    """
    if gain <= 0 or sd_paired <= 0:
        raise ValueError(f"gain {gain!r} and sd_paired {sd_paired!r} must be positive")
    low, high = 1, 2
    while _power(gain / sd_paired, high, level) < power:
        low, high = high, high * 2
        if low > maximum:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if _power(gain / sd_paired, middle, level) < power else (low, middle)
        )
    return high if high <= maximum else None


def _power(effect: float, n: int, level: float) -> float:
    """Return the power of a paired t-test at a gain of `effect` paired standard deviations."""
    df = n - 1
    critical, shift = student_t_quantile(0.5 + level / 2, df), effect * math.sqrt(n)
    # Ratio s of sample to true standard deviation: chi over the root of its degrees of freedom.
    spread = 9.0 / math.sqrt(2 * df)
    edges = np.linspace(max(0.0, 1.0 - spread), 1.0 + spread, 25)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = (edges[1] - edges[0]) / 2
    total = 0.0
    log_constant = math.log(2) + df / 2 * math.log(df / 2) - math.lgamma(df / 2)
    for edge in edges[:-1]:
        for node, weight in zip(nodes, weights, strict=True):
            s = float(edge + half * (node + 1.0))
            density = math.exp(log_constant + (df - 1) * math.log(s) - df * s * s / 2)
            chance = normal_cdf(shift - critical * s) + normal_cdf(-shift - critical * s)
            total += float(weight) * half * density * chance
    return total
