"""The equal-variance check against scipy."""

import pytest

from netgain.stats.variance import equal_variance_p_value

GROUPS = [[1.0, 1.3, 0.8, 1.1], [4.0, 7.9, 1.2], [2.0, 2.1, 2.4, 1.7, 2.2]]


def test_agrees_with_scipy():
    """The p-value is scipy's median-centred Levene test."""
    from scipy.stats import levene

    reference = levene(*GROUPS, center="median").pvalue
    assert equal_variance_p_value(GROUPS) == pytest.approx(reference, rel=1e-10)


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0, 3.0]], [[1.0, 1.0], [2.0, 2.0]]])
def test_says_nothing_without_replicates_or_spread(groups):
    """One group, single values or no spread leave the question open."""
    assert equal_variance_p_value(groups) is None
