"""Axes: round ticks that hold the values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netgain.renderers.axis import axis, tick_label


@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6))
def test_an_axis_holds_its_values(values):
    """Every value lies between the ends, and the number of ticks stays readable."""
    scale = axis(values, 0, 100)
    assert 2 <= len(scale.ticks) <= 9
    assert all(-1e-3 <= scale.place(v) <= 100.001 for v in values)


def test_ticks_are_round():
    """0 to 1.4 is cut at halves or quarters, not at sevenths."""
    assert axis([0, 1.4], 0, 1).ticks == (0.0, 0.5, 1.0, 1.5)


def test_a_single_value_gets_room():
    """A constant is drawn in the middle."""
    scale = axis([5.0, 5.0], 0, 100)
    assert scale.place(5.0) == pytest.approx(50, abs=10)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.006, "0.006"), (12000.0, "12,000"), (1e-5, "1e-5"), (2.5e6, "2.5e6")],
)
def test_tick_labels_are_short(value, text):
    """Numbers on an axis use as few signs as they need."""
    assert tick_label(value) == text
