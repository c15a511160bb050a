"""The gain at equal numbers of trials."""

import numpy as np
import pytest

from netgain.analysis.tuning import gain_at_equal_trials


def test_best_of_many_is_cut_to_the_trials_of_the_other_arm() -> None:
    """Drawing 1 of (1, 2, 3) expects 2, whatever its best is."""
    found = gain_at_equal_trials([2.0], [1.0, 2.0, 3.0], higher_is_better=True)
    assert (found.n, found.baseline, found.proposed) == (1, 2.0, pytest.approx(2.0))
    assert found.gain == pytest.approx(0.0)
    assert (found.low, found.high) == (pytest.approx(-1.0), pytest.approx(1.0))


def test_expected_best_of_two_by_hand() -> None:
    """The pairs of (1, 2, 4) have maxima 2, 4, 4: mean 10/3."""
    found = gain_at_equal_trials([1.0, 3.0], [1.0, 2.0, 4.0], higher_is_better=True)
    assert found.proposed == pytest.approx(10 / 3)
    assert found.gain == pytest.approx(10 / 3 - 3)


def test_lower_is_better_turns_the_sign() -> None:
    """A lower error of the proposed arm is a positive gain."""
    found = gain_at_equal_trials([5.0, 5.0], [4.0, 4.0, 4.0], higher_is_better=False)
    assert (found.gain, found.low, found.high) == (1.0, 1.0, 1.0)
    assert found.proposed == 4.0


def test_interval_covers_no_gain_between_equal_arms() -> None:
    """4 against 40 draws from one law: the interval holds 0 in at least 9 of 10 cases."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        found = gain_at_equal_trials(
            rng.normal(size=4).tolist(), rng.normal(size=40).tolist(), higher_is_better=True
        )
        held += found.low <= 0 <= found.high
    assert held >= 180
