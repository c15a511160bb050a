"""Order statistics of null draws and expected validation performance."""

import itertools
import math

import pytest

from netgain.stats.best_of_n import (
    expected_maximum,
    expected_validation_performance,
    expected_validation_performance_with_replacement,
    implied_draws,
)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, 0.0),
        (2, 1 / math.sqrt(math.pi)),
        (3, 1.5 / math.sqrt(math.pi)),
        (4, 6 / math.sqrt(math.pi) * (0.25 + math.asin(1 / 3) / (2 * math.pi))),
    ],
)
def test_expected_maximum_has_its_closed_forms(n, expected):
    """Up to four draws the integral is known exactly."""
    assert expected_maximum(n) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("n", "printed"),
    [(5, 1.16), (10, 1.54), (20, 1.87), (50, 2.25), (100, 2.51), (1000, 3.24), (10_000, 3.85)],
)
def test_expected_maximum_agrees_with_tables(n, printed):
    """Tabulated values are met to their printed digits."""
    assert expected_maximum(n) == pytest.approx(printed, abs=0.0051)


@pytest.mark.parametrize("n", [7, 250, 1e6])
def test_expected_maximum_agrees_with_adaptive_integration(n):
    """The fixed quadrature matches scipy's adaptive one to 1e-8."""
    from scipy.integrate import quad
    from scipy.stats import norm

    reference, _ = quad(
        lambda x: x * n * math.exp(norm.logpdf(x) + (n - 1) * norm.logcdf(x)),
        -8,
        12,
        points=[math.sqrt(2 * math.log(n))],
        limit=400,
        epsabs=1e-12,
    )
    assert expected_maximum(n) == pytest.approx(reference, abs=1e-8)


@pytest.mark.parametrize("n", [2.0, 5.0, 37.5, 1e6])
def test_implied_draws_inverts_expected_maximum(n):
    """The draws implied by an expected maximum are the draws."""
    assert implied_draws(expected_maximum(n)) == pytest.approx(n, rel=1e-6)


def test_no_gain_needs_no_selection():
    """A gain of nothing or less is explained by a single draw."""
    assert implied_draws(0.0) == implied_draws(-2.0) == 1.0


def test_an_impossible_gain_is_refused():
    """No number of draws is made up for nine standard deviations."""
    with pytest.raises(ValueError, match="plausible"):
        implied_draws(9.0)


SCORES = [71.0, 64.5, 80.25, 79.0, 64.5]


@pytest.mark.parametrize("budget", [1, 2, 3, 5])
def test_unbiased_performance_is_the_mean_over_all_subsets(budget):
    """The U-statistic equals the mean best score over every subset of that size."""
    subsets = list(itertools.combinations(SCORES, budget))
    expected = sum(max(subset) for subset in subsets) / len(subsets)
    assert expected_validation_performance(SCORES, budget) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("budget", [1, 2, 3])
def test_performance_with_replacement_is_the_mean_over_all_tuples(budget):
    """The printed form equals the mean best score over every tuple drawn with replacement."""
    tuples = list(itertools.product(SCORES, repeat=budget))
    expected = sum(max(t) for t in tuples) / len(tuples)
    value = expected_validation_performance_with_replacement(SCORES, budget)
    assert value == pytest.approx(expected, rel=1e-12)


def test_budget_above_the_trials_is_refused():
    """The unbiased form cannot look past the trials that were made."""
    with pytest.raises(ValueError, match="budget"):
        expected_validation_performance(SCORES, 6)


def test_thousands_of_trials_do_not_overflow():
    """Large binomial coefficients stay exact."""
    scores = [float(i) for i in range(3000)]
    assert expected_validation_performance(scores, 2999) == pytest.approx(2999 - 1 / 3000, rel=1e-9)
