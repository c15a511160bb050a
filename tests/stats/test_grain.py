"""The grain of printed scores, and the published GRIM examples."""

import numpy as np
import pytest

from netgain.stats.grain import is_possible_mean, smallest_denominator


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [
        ("7.22", 32, True), ("4.74", 25, False), ("5.23", 29, False), ("2.57", 24, False),
        ("6.77", 27, False), ("2.68", 28, True), ("7.01", 29, False), ("7.38", 26, True),
        ("3.14", 27, False), ("6.89", 31, False), ("5.00", 25, True), ("0.24", 28, False),
    ],
)  # fmt: skip
def test_grim_reproduces_the_published_vectors(mean, n, possible):
    """The twelve published consistency vectors come out as published."""
    assert is_possible_mean(mean, n) is possible


def test_trailing_zeros_are_precision():
    """5.00 says more than 5.0: of 23 answers averaging about 5, none rounds to 4.98."""
    assert not is_possible_mean("4.98", 23)
    assert is_possible_mean("5.0", 23)


def test_several_items_refine_the_grid():
    """Two answers for each subject double the grid."""
    assert not is_possible_mean("2.55", 10)
    assert is_possible_mean("2.55", 10, items=2)


@pytest.mark.parametrize("text", ["abc", "NaN", ""])
def test_grim_refuses_what_is_not_a_number(text):
    """A mean must be a plain decimal."""
    with pytest.raises(ValueError, match=r"decimal|finite"):
        is_possible_mean(text, 10)


def test_percentages_of_a_small_test_set_reveal_its_size():
    """Six two-decimal percentages on 97 items have grain 97, and not by chance."""
    values = [f"{100 * k / 97:.2f}" for k in (50, 61, 72, 80, 83, 91)]
    grain = smallest_denominator(values, percent=True)
    assert grain.n == 97
    assert grain.expected_by_chance < 1e-6


def test_coarse_percentages_say_nothing_of_a_large_test_set():
    """One-decimal percentages fit thousands of items by chance, and the number says so."""
    rng = np.random.default_rng(0)
    values = [f"{100 * k / 8731:.1f}" for k in rng.integers(4000, 8000, size=4)]
    grain = smallest_denominator(values, percent=True)
    assert grain.n < 1000
    assert grain.expected_by_chance > 0.1


def test_floats_keep_all_their_digits():
    """Full-precision scores pin a test set of 10,007 items from two values."""
    grain = smallest_denominator([9001 / 10007, 8764 / 10007], percent=False)
    assert grain.n == 10007
    assert grain.expected_by_chance < 1e-12


def test_single_precision_scores_are_recognised():
    """A float32 accuracy widened to double is held to float32's digits only."""
    values = [float(np.float32(41 / 57)), float(np.float32(50 / 57))]
    assert smallest_denominator(values, percent=False).n == 57


def test_float_percentages_survive_the_division():
    """100 * k / n in floating point still has the grain n."""
    values = [100 * k / 1319 for k in (701, 832, 1009)]
    assert smallest_denominator(values, percent=True).n == 1319


def test_zero_and_one_carry_no_grain():
    """Scores of 0 and 1 fit every test set."""
    assert smallest_denominator([0.0, 1.0], percent=False) is None


def test_no_fit_is_none():
    """A score with no denominator in reach gives None, not the limit."""
    assert smallest_denominator([2**-0.5], 1000, percent=False) is None


def test_expected_by_chance_matches_simulation():
    """Random two-decimal percentages fit as many denominators as the number predicts."""
    rng = np.random.default_rng(1)
    counts, expected = [], None
    for _ in range(300):
        values = [f"{v:.2f}" for v in rng.uniform(20, 95, size=2)]
        lows = [(float(v) - 0.005) / 100 for v in values]
        n = np.arange(1, 2001)
        fits = np.ones(2000, dtype=bool)
        for low in lows:
            fits &= np.floor((low + 1e-4) * n) >= np.ceil(low * n)
        counts.append(fits.sum())
    expected = np.minimum(1.0, 1e-4 * n) ** 2
    assert np.mean(counts) == pytest.approx(expected.sum(), rel=0.05)


def test_scores_outside_the_scale_are_refused():
    """93 is not a share of 1; the message says what is expected."""
    with pytest.raises(ValueError, match="expected 0 to 1"):
        smallest_denominator(["93.1"], percent=False)
