"""Wilson's interval against scipy."""

import pytest

from netgain.stats.binomial import wilson_interval


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (977, 1000), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_interval_agrees_with_scipy(k, n, level):
    """The score interval is scipy's, at the edges as well."""
    from scipy.stats import binomtest

    reference = binomtest(k, n).proportion_ci(level, method="wilson")
    result = wilson_interval(k, n, level=level)
    assert (result.low, result.high) == pytest.approx(
        (reference.low, reference.high), rel=1e-10, abs=1e-15
    )
    assert result.estimate == k / n


def test_no_trials_leave_everything_unknown():
    """A proportion of nothing is unknown."""
    result = wilson_interval(0, 0)
    assert (result.estimate, result.low, result.high) == (None, None, None)


def test_more_successes_than_trials_are_refused():
    """Counts that cannot be are an error."""
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson_interval(4, 3)
