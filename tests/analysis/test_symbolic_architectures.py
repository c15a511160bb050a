"""Twelve public architectures, counted from their source text."""

from __future__ import annotations

from pathlib import Path

import pytest

from netgain.analysis.symbolic.networks import configured, trained_costs
from netgain.study import CodeTree, SourceFile

torch = pytest.importorskip("torch")

from tests.recorder.architectures import ARCHITECTURES  # noqa: E402

pytestmark = pytest.mark.torch
SOURCE = Path(__file__).parents[1] / "recorder" / "architectures.py"
LENGTH = 128
"""Tokens at which a language model is counted."""


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_are_exact_and_operations_within_one_percent(name):
    """What the text says of a network is what torch makes of it, and costs what is published."""
    build, batch, published = ARCHITECTURES[name]
    script = (
        "import torch\nfrom architectures import ARCHITECTURES\n"
        f"net = ARCHITECTURES[{name!r}][0]()\ntorch.optim.SGD(net.parameters(), lr=0.1)\n"
    )
    files = (
        SourceFile(path="train.py", text=script),
        SourceFile(path="architectures.py", text=SOURCE.read_text(encoding="utf-8")),
    )
    (cost,) = trained_costs(CodeTree(root=".", files=files), configured({}))
    with torch.device("meta"):
        network = build()
    assert cost.parameters == sum(one.numel() for one in network.parameters())
    assert cost.left_out == ()
    shape = tuple(batch.shape[1:])
    if name == "GPT-2":
        shape, width = (LENGTH,), 768
        published = LENGTH * (12 * (12 * width**2 + 2 * LENGTH * width) + width * 50257)
    assert dict(cost.operations)[shape] == pytest.approx(published, rel=0.01)
