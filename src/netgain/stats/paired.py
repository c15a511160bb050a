"""The difference of two arms, and the mean of one, with t-intervals over seeds.

A t-interval is used at every number of seeds: at 3 to 10 seeds the percentile bootstrap covers 73
to 89 % where 95 % is asked for. Fewer than two values leave the interval unknown, never of zero
width. The interval does collapse to a point where two or more values agree exactly (a deterministic
training).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netgain.stats.distributions import student_t_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean of the proposed arm minus mean of the baseline, in the scores' own unit."""

    estimate: float
    """Difference of the means."""
    low: float | None
    """Lower end of the interval; None where it cannot be known."""
    high: float | None
    """Upper end."""
    level: float
    """Confidence level, e.g. 0.95."""
    standard_error: float | None
    """Standard error of the estimate."""
    df: float | None
    """Degrees of freedom of the t quantile."""
    n_baseline: int
    """Values of the baseline."""
    n_proposed: int
    """Values of the proposed arm."""
    paired: bool
    """Whether values were compared seed by seed."""
    correlation: float | None
    """Pearson correlation of the pairs: what pairing gains; None unpaired, or where an arm is
    constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean of one sample with its t-interval."""

    estimate: float
    """Arithmetic mean."""
    low: float | None
    """Lower end of the interval; None with fewer than two values."""
    high: float | None
    """Upper end."""
    level: float
    """Confidence level."""
    standard_error: float | None
    """Standard deviation over the root of n."""
    df: float | None
    """Degrees of freedom, n - 1."""
    n: int
    """Number of values."""


def mean_interval(values: Sequence[float], *, level: float = 0.95) -> Mean:
    """Estimate a mean with its t-interval.

    Raises:
        ValueError: no values, or a value that is not finite.
    """
    sample = _finite(values, "values")
    n = sample.size
    if n < 2:
        return Mean(
            estimate=float(sample[0]),
            low=None,
            high=None,
            level=level,
            standard_error=None,
            df=None,
            n=n,
        )
    error = _standard_deviation(sample) / math.sqrt(n)
    estimate, margin = float(sample.mean()), t_margin(error, n - 1, level)
    return Mean(
        estimate=estimate,
        low=estimate - margin,
        high=estimate + margin,
        level=level,
        standard_error=error,
        df=float(n - 1),
        n=n,
    )


def paired_difference(
    baseline: Sequence[float], proposed: Sequence[float], *, level: float = 0.95
) -> Difference:
    """Compare two arms seed by seed: both sequences in the same order of seeds.

    Raises:
        ValueError: the lengths differ, there are no values, or a value is not finite.
    """
    left, right = _finite(baseline, "baseline"), _finite(proposed, "proposed")
    if left.size != right.size:
        raise ValueError(
            f"{left.size} baseline and {right.size} proposed values cannot be paired; "
            "pass equal numbers in the same order of seeds, or use welch_difference"
        )
    mean = mean_interval((right - left).tolist(), level=level)
    return Difference(
        estimate=mean.estimate,
        low=mean.low,
        high=mean.high,
        level=level,
        standard_error=mean.standard_error,
        df=mean.df,
        n_baseline=left.size,
        n_proposed=right.size,
        paired=True,
        correlation=_correlation(left, right),
    )


def welch_difference(
    baseline: Sequence[float], proposed: Sequence[float], *, level: float = 0.95
) -> Difference:
    """Compare two arms whose runs cannot be paired (Welch 1947: unequal variances).

    Raises:
        ValueError: an arm has no values, or a value is not finite.
    """
    left, right = _finite(baseline, "baseline"), _finite(proposed, "proposed")
    estimate = float(right.mean() - left.mean())
    low = high = error = df = None
    if left.size >= 2 and right.size >= 2:
        variances = [_standard_deviation(arm) ** 2 / arm.size for arm in (left, right)]
        total = sum(variances)
        error = math.sqrt(total)
        df = float(left.size + right.size - 2)
        if total > 0:
            shares = [variance / total for variance in variances]
            df = 1.0 / (shares[0] ** 2 / (left.size - 1) + shares[1] ** 2 / (right.size - 1))
        margin = t_margin(error, df, level)
        low, high = estimate - margin, estimate + margin
    return Difference(
        estimate=estimate,
        low=low,
        high=high,
        level=level,
        standard_error=error,
        df=df,
        n_baseline=left.size,
        n_proposed=right.size,
        paired=False,
        correlation=None,
    )


def t_margin(standard_error: float, df: float, level: float) -> float:
    """Return the half-width of a two-sided t-interval.

    Raises:
        ValueError: the level is not strictly between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"confidence level {level!r} is not strictly between 0 and 1")
    return 0.0 if standard_error == 0 else standard_error * student_t_quantile(0.5 + level / 2, df)


def _finite(values: Sequence[float], name: str) -> np.ndarray:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(f"{name} must be a non-empty sequence of finite numbers")
    return sample


def _standard_deviation(sample: np.ndarray) -> float:
    """Return the n - 1 standard deviation, exactly 0 for a constant sample."""
    if np.all(sample == sample[0]):
        return 0.0  # the mean of equal floats can be one bit off, and would leave a false spread
    return float(sample.std(ddof=1))


def _correlation(left: np.ndarray, right: np.ndarray) -> float | None:
    if left.size < 3 or _standard_deviation(left) == 0 or _standard_deviation(right) == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])
