"""Numbers of parameters that lines of a log state."""

from __future__ import annotations

import pytest

from netgain.readers._parameter_counts import parameters_in


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("params: 7,763,041", 7_763_041),
        ("Total params: 7.76M", 7_760_000),
        ("Total Parameters: 25,557,032 (97.49 MB)", 25_557_032),
        ("number of params (M): 5.3", 5_300_000),
        ("#params: 1.2M", 1_200_000),
        ("Model has 1.62M parameters", 1_620_000),
        ("ResNet18 with 11.2 million parameters", 11_200_000),
        ("The model has 13,899,013 trainable parameters", 13_899_013),
        ("Model parameters: 1.5e6", 1_500_000),
    ],
)
def test_a_model_s_size_is_read(line: str, count: int) -> None:
    """Thousands, powers and units of millions count; the name stands before or behind."""
    found = parameters_in(line)
    assert found is not None
    assert found[1] == count


@pytest.mark.parametrize(
    "line",
    [
        "Generator has 1.62M parameters",
        "num decayed parameter tensors: 26, with 123,532,032 parameters",
        "Non-trainable params: 24,704",
        "Loaded 320 parameters from checkpoint",
        "AdamW with 128 parameter groups",
        "params: 5.3",
        "params: 12",
        "epoch 3 params: 7,763,041",
        "see the parameters section for 1,000 examples",
    ],
)
def test_parts_and_other_counts_are_no_size(line: str) -> None:
    """A part of the model, tensors, groups and numbers without a scale say nothing of its size."""
    assert parameters_in(line) is None
