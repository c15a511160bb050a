"""Are several groups equally spread? The check before their variances are pooled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netgain.stats.distributions import f_cdf


def equal_variance_p_value(groups: Sequence[Sequence[float]]) -> float | None:
    """Test equality of variances by distances from each group's median (Brown and Forsythe 1974).

    Returns:
        P-value of the one-way analysis of variance on the distances; None with fewer than two
        groups, a group of fewer than two values, or no spread anywhere.
    """
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    if len(samples) < 2 or min(sample.size for sample in samples) < 2:
        return None
    distances = [np.abs(sample - np.median(sample)) for sample in samples]
    count = sum(sample.size for sample in samples)
    grand = sum(float(d.sum()) for d in distances) / count
    between = sum(d.size * (float(d.mean()) - grand) ** 2 for d in distances)
    within = sum(float(((d - d.mean()) ** 2).sum()) for d in distances)
    df_between, df_within = len(samples) - 1, count - len(samples)
    if within == 0:
        return None if between == 0 else 0.0
    return 1.0 - f_cdf((between / df_between) / (within / df_within), df_between, df_within)
