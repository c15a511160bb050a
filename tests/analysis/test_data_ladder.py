"""Gain over training-set size."""

import numpy as np
import pytest

from netgain.analysis.data_ladder import gain_ladder


def test_slope_is_in_points_for_each_tenfold() -> None:
    """Gains 4, 3, 2 at 10, 100, 1,000 samples fall by exactly 1 for each tenfold."""
    base = [(10.0, 50.0), (100.0, 60.0), (1000.0, 70.0)]
    ours = [(10.0, 54.0), (100.0, 63.0), (1000.0, 72.0)]
    found = gain_ladder(base, ours, higher_is_better=True)
    assert found is not None
    assert found.gains == (4.0, 3.0, 2.0)
    assert (found.slope, found.slope_high) == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert found.at(10_000) == pytest.approx(1.0)


def test_interval_is_that_of_scipy() -> None:
    """Slope and standard error agree with scipy's regression."""
    from scipy import stats

    sizes = [100.0, 200.0, 400.0, 800.0]
    gains = [3.0, 2.9, 1.8, 1.9]
    found = gain_ladder(
        [(n, 0.0) for n in sizes], list(zip(sizes, gains, strict=True)), higher_is_better=True
    )
    reference = stats.linregress(np.log10(sizes), gains)
    half = reference.stderr * stats.t.ppf(0.975, 2)
    assert found is not None
    assert found.slope == pytest.approx(reference.slope)
    assert found.slope_low == pytest.approx(reference.slope - half)


def test_two_sizes_are_no_ladder() -> None:
    """A line through two points has no spread to judge it by."""
    points = [(10.0, 1.0), (100.0, 2.0)]
    assert gain_ladder(points, points, higher_is_better=True) is None


def test_only_common_sizes_count_and_seeds_are_averaged() -> None:
    """A size that one arm lacks is left out; runs of one size are one point; lower may be better."""
    base = [(10.0, 5.0), (100.0, 4.0), (1000.0, 3.0), (9.0, 9.0)]
    ours = [(10.0, 4.0), (10.0, 2.0), (100.0, 3.0), (1000.0, 2.5)]
    found = gain_ladder(base, ours, higher_is_better=False)
    assert found is not None
    assert found.sizes == (10.0, 100.0, 1000.0)
    assert found.gains == (2.0, 1.0, 0.5)
