"""Distributions against scipy."""

import math

import pytest

from netgain.stats.distributions import (
    f_cdf,
    incomplete_beta,
    normal_cdf,
    normal_quantile,
    student_t_cdf,
    student_t_quantile,
)

DEGREES = [0.7, 1, 2, 3, 4.5, 9, 30, 101, 1e4, 1e7]


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("x", [-40.0, -6.0, -1.3, -1e-3, 0.0, 0.7, 2.0, 12.0])
def test_student_t_cdf_agrees_with_scipy(x, df):
    """The t distribution matches scipy to 1e-10, far lower tail included."""
    from scipy.stats import t

    assert student_t_cdf(x, df) == pytest.approx(t.cdf(x, df), rel=1e-10, abs=1e-290)


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("p", [1e-6, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9995])
def test_student_t_quantile_agrees_with_scipy(p, df):
    """The t quantile matches scipy to 1e-10."""
    from scipy.stats import t

    assert student_t_quantile(p, df) == pytest.approx(t.ppf(p, df), rel=1e-10)


def test_student_t_with_infinite_degrees_is_the_normal():
    """Infinitely many degrees of freedom give the normal distribution."""
    assert student_t_quantile(0.975, math.inf) == pytest.approx(1.959963984540054, rel=1e-12)
    assert student_t_cdf(-1.5, math.inf) == normal_cdf(-1.5)


@pytest.mark.parametrize("x", [-9.0, -2.5, 0.0, 1.0, 5.0])
def test_normal_cdf_and_quantile_are_inverse(x):
    """The normal quantile undoes the normal distribution and both match scipy."""
    from scipy.stats import norm

    assert normal_cdf(x) == pytest.approx(norm.cdf(x), rel=1e-12)
    assert normal_quantile(normal_cdf(x)) == pytest.approx(x, abs=1e-8)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2, 3), (40, 0.5), (0.5, 40), (300, 250)])
@pytest.mark.parametrize("x", [0.0, 1e-9, 0.1, 0.5, 0.55, 0.999, 1.0])
def test_incomplete_beta_agrees_with_scipy(x, a, b):
    """The regularised incomplete beta function matches scipy to 1e-10."""
    from scipy.special import betainc

    assert incomplete_beta(x, a, b) == pytest.approx(betainc(a, b, x), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("x", [-1.0, 0.0, 0.2, 1.0, 3.7])
def test_f_cdf_agrees_with_scipy(x):
    """The F distribution matches scipy, and is 0 below 0."""
    from scipy.stats import f

    assert f_cdf(x, 15, 32) == pytest.approx(f.cdf(x, 15, 32), rel=1e-10)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, math.nan])
def test_quantiles_refuse_what_is_no_probability(p):
    """A quantile of an impossible probability is an error, not an infinity."""
    with pytest.raises(ValueError, match="probability"):
        student_t_quantile(p, 3)
    with pytest.raises(ValueError, match="probability"):
        normal_quantile(p)


def test_degrees_of_freedom_must_be_positive():
    """Zero degrees of freedom are refused."""
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_t_cdf(1.0, 0)
