"""The two-sample test against scipy, published figures and simulation."""

import numpy as np
import pytest

from netgain.stats.two_sample import area_under_curve, hanley_mcneil, separability


def test_area_is_the_mann_whitney_statistic():
    """The area equals U / (n m), ties counted half, as scipy computes it."""
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 12, 40).astype(float), rng.integers(2, 14, 55).astype(float)
    u = stats.mannwhitneyu(a, b).statistic
    assert area_under_curve(a, b) == pytest.approx(u / (40 * 55), rel=1e-12)


def test_standard_error_is_that_of_the_paper():
    """Hanley and McNeil 1982, their example: area .893, 51 abnormal and 58 normal cases, error .032."""
    assert hanley_mcneil(0.893, 51, 58) == pytest.approx(0.032, abs=1e-3)


def test_equal_sets_cannot_be_told_apart():
    """Over 200 pairs of samples of one distribution the area is .5 on average, within 1.96 errors in 90 %."""
    rng = np.random.default_rng(1)
    found = [
        separability(rng.standard_normal((60, 8)), rng.standard_normal((80, 8))) for _ in range(200)
    ]
    assert np.mean([s.auc for s in found]) == pytest.approx(0.5, abs=0.02)
    covered = [abs(s.auc - 0.5) < 1.96 * s.standard_error for s in found]
    assert np.mean(covered) > 0.9


@pytest.mark.parametrize("change", ["mean", "spread"])
def test_changes_of_mean_and_of_spread_are_seen(change):
    """A shifted mean and a wider spread both separate the sets."""
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((200, 10)), rng.standard_normal((200, 10))
    b = b + 1.0 if change == "mean" else 2.0 * b
    found = separability(a, b)
    assert found.auc - 1.96 * found.standard_error > 0.8


def test_constant_features_are_passed_over():
    """A feature that never changes does not divide by zero."""
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((50, 3)), rng.standard_normal((50, 3)) + 2
    a[:, 0] = b[:, 0] = 7.0
    assert separability(a, b).auc > 0.9


def test_too_few_samples_are_refused():
    """Nine samples in a set are no test."""
    with pytest.raises(ValueError, match="at least 10"):
        separability(np.zeros((9, 2)), np.zeros((20, 2)))
