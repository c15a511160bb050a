"""Costs by module and the parts that a figure leaves out, by hand."""

import pytest

from netgain.analysis.module_costs import left_out, parameters_by_module, rounding_of
from netgain.study import Tensor

COSTS = {
    "stem": 100.0,
    "body.0": 1000.0,
    "body.1": 1200.0,
    "neck.a": 300.0,
    "neck.b": 350.0,
    "head": 50.0,
}


@pytest.mark.parametrize(
    ("figure", "parts"),
    [
        (2350, ("neck",)),
        (2300, ("neck", "head")),
        (1800, ("body.1",)),
        (2700, ("neck.a",)),
        (2999.6, None),
        (3000, None),
        (10, None),
    ],
)
def test_left_out_parts_are_the_fewest_and_coarsest(figure, parts):
    """A figure is explained by whole parts first, then by their children, or not at all."""
    assert left_out(COSTS, figure, 0.5) == parts


def test_two_explanations_are_none():
    """Two equal parts leave open which of them is meant."""
    assert left_out({"a": 10.0, "b": 10.0, "c": 5.0}, 15.0, 0.5) is None


@pytest.mark.parametrize(
    ("figure", "half"), [(5_300_000, 50_000), (2906, 0.5), (4.1e9, 5e7), (0.25, 0.005), (100, 50)]
)
def test_rounding_is_half_of_the_last_written_digit(figure, half):
    """Trailing zeros of whole numbers count as unwritten."""
    assert rounding_of(figure) == pytest.approx(half)


def test_buffers_are_no_parameters():
    """Running statistics of a batch norm are left out of a module's count."""
    tensors = [
        Tensor(name="norm.weight", shape=(8,), dtype="F32"),
        Tensor(name="norm.running_mean", shape=(8,), dtype="F32"),
        Tensor(name="conv.weight", shape=(8, 4, 3), dtype="F32"),
    ]
    assert parameters_by_module(tensors) == {"norm": 8.0, "conv": 96.0}
