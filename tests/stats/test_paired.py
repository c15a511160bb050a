"""Differences and means with intervals, against scipy and by hand."""

import numpy as np
import pytest

from netgain.stats.paired import mean_interval, paired_difference, welch_difference

BASELINE = [90.1, 91.4, 90.7, 92.0, 90.2]
PROPOSED = [91.0, 91.9, 91.9, 92.6, 91.1]


def test_paired_difference_agrees_with_scipy():
    """Estimate and interval are those of scipy's paired t-test."""
    from scipy.stats import ttest_rel

    result = paired_difference(BASELINE, PROPOSED)
    reference = ttest_rel(PROPOSED, BASELINE).confidence_interval(0.95)
    assert result.low == pytest.approx(reference.low, rel=1e-10)
    assert result.high == pytest.approx(reference.high, rel=1e-10)
    assert result.estimate == pytest.approx(0.82)


def test_paired_difference_reports_the_correlation_of_the_pairs():
    """The correlation says what pairing gained."""
    result = paired_difference(BASELINE, PROPOSED)
    assert result.correlation == pytest.approx(np.corrcoef(BASELINE, PROPOSED)[0, 1])
    assert result.paired
    assert (result.n_baseline, result.n_proposed, result.df) == (5, 5, 4.0)


def test_welch_difference_agrees_with_scipy_at_unequal_sizes():
    """Interval and degrees of freedom are those of scipy's Welch test."""
    from scipy.stats import ttest_ind

    result = welch_difference(BASELINE, PROPOSED[:3], level=0.9)
    test = ttest_ind(PROPOSED[:3], BASELINE, equal_var=False)
    reference = test.confidence_interval(0.9)
    assert (result.low, result.high) == pytest.approx((reference.low, reference.high), rel=1e-10)
    assert result.df == pytest.approx(test.df, rel=1e-10)
    assert not result.paired
    assert result.correlation is None


def test_mean_interval_agrees_with_scipy():
    """The interval of a mean is the t-interval."""
    from scipy.stats import sem, t

    result = mean_interval(BASELINE, level=0.99)
    reference = t.interval(0.99, 4, loc=np.mean(BASELINE), scale=sem(BASELINE))
    assert (result.low, result.high) == pytest.approx(reference, rel=1e-10)


@pytest.mark.parametrize("compare", [paired_difference, welch_difference])
def test_one_seed_leaves_the_interval_unknown(compare):
    """A single run of each arm has a difference and no interval."""
    result = compare([90.0], [91.5])
    assert result.estimate == 1.5
    assert (result.low, result.high, result.standard_error, result.df) == (None,) * 4


def test_one_value_has_a_mean_without_interval():
    """A single value has no interval of zero width."""
    result = mean_interval([0.3])
    assert (result.estimate, result.low, result.high, result.n) == (0.3, None, None, 1)


def test_welch_needs_two_values_in_each_arm():
    """Many runs of one arm do not make up for a single run of the other."""
    assert welch_difference([90.0], [91.0, 92.0, 93.0]).low is None


def test_equal_values_collapse_the_interval():
    """A deterministic training gives a point, and no false spread from rounding."""
    result = mean_interval([0.1, 0.1, 0.1])
    assert (result.low, result.high) == (0.1, 0.1) or result.high - result.low < 1e-16
    assert result.standard_error == 0.0
    assert welch_difference([1.0, 1.0], [2.0, 2.0]).low == 1.0


def test_constant_arm_has_no_correlation():
    """A correlation with a constant is undefined, hence None."""
    assert paired_difference([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]).correlation is None


def test_pairs_of_unequal_length_are_refused():
    """Runs that cannot be matched are not silently cut."""
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference([1.0, 2.0], [1.0])


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_missing_values_are_refused(values):
    """NaN is not a score."""
    with pytest.raises(ValueError, match="finite"):
        mean_interval(values)


def test_level_must_be_a_probability():
    """A level of 95 instead of .95 is an error."""
    with pytest.raises(ValueError, match="confidence level"):
        mean_interval([1.0, 2.0], level=95)
