"""NG102 over code that leaves its loop over epochs before the end."""

from __future__ import annotations

from pathlib import Path

import netgain

CODE = """import torch
EPOCHS = 40
BATCH_SIZE = 32
loader = torch.utils.data.DataLoader(data, batch_size=BATCH_SIZE)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(EPOCHS):
    for x, y in loader:
        net(x).sum().backward()
        optimizer.step()
{leave}"""


def verdict(root: Path, leave: str) -> str:
    """Return NG102's verdict where the baseline's loop ends in some lines of its own."""
    for arm, text in (("base", leave), ("ours", "")):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(CODE.format(leave=text))
    report = netgain.audit(
        netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    )
    return report["NG102"].verdict


def test_a_loop_that_is_left_at_an_epoch_is_not_clear(tmp_path: Path) -> None:
    """Forty planned epochs of which one arm trains fifteen are not equal."""
    assert verdict(tmp_path, "    if epoch == 15:\n        break\n") == "unknown"


def test_equal_loops_are_clear(tmp_path: Path) -> None:
    """Without it, forty stand against forty."""
    assert verdict(tmp_path, "") == "clear"
