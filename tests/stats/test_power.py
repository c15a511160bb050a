"""Detectable gains against the noncentral t distribution."""

import pytest

from netgain.stats.power import seeds_needed, smallest_detectable_gain


@pytest.mark.parametrize("n", [2, 3, 5, 20, 200])
def test_smallest_detectable_gain_has_the_stated_power(n):
    """At the detectable gain, scipy's noncentral t gives 80 % power."""
    from scipy.stats import nct, t

    gain = smallest_detectable_gain(1.7, n)
    critical, shift = t.ppf(0.975, n - 1), gain / 1.7 * n**0.5
    power = nct.sf(critical, n - 1, shift) + nct.cdf(-critical, n - 1, shift)
    assert power == pytest.approx(0.8, abs=1e-6)


def test_one_seed_can_show_nothing():
    """Without a second seed no gain is detectable."""
    assert smallest_detectable_gain(0.5, 1) is None


def test_gain_scales_with_the_noise():
    """Twice the noise needs twice the gain, and no noise needs none."""
    assert smallest_detectable_gain(2.0, 5) == pytest.approx(2 * smallest_detectable_gain(1.0, 5))
    assert smallest_detectable_gain(0.0, 5) == 0.0


@pytest.mark.parametrize(
    ("effect", "seeds"), [(0.5, 34), (0.75, 16), (1.0, 10), (1.5, 6), (2.0, 5), (3.0, 4)]
)
def test_seeds_needed_agrees_with_power_tables(effect, seeds):
    """Sample sizes of the paired t-test at 80 % power and 5 % are the tabulated ones."""
    assert seeds_needed(effect, 1.0) == seeds


def test_too_many_seeds_are_unknown():
    """A gain out of reach gives None."""
    assert seeds_needed(0.001, 1.0, maximum=1000) is None


def test_impossible_settings_are_refused():
    """A power of 80 instead of .8 is an error."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        smallest_detectable_gain(1.0, 5, power=80)
