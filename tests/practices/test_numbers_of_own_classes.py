"""NG203 over arms that give their own networks numbers of one argument."""

from __future__ import annotations

from pathlib import Path

import netgain

CODE = """import torch
from torch import nn
class {name}(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(8, 2)
    def forward(self, x):
        return self.head(self.drop(x))
net = {name}(dropout={dropout})
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr)
for x, y in loader:
    nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()
"""


def verdict(root: Path, dropout: float) -> str:
    """Return NG203's verdict on two networks of two names, the proposed with a dropout of its own."""
    for arm, name, value in (("base", "Net", 0.3), ("ours", "OurNet", dropout)):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(CODE.format(name=name, dropout=value))
    report = netgain.audit(
        netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    )
    return report["NG203"].verdict


def test_one_number_of_two_networks_is_the_same(tmp_path: Path) -> None:
    """A dropout of 0.3 in both is no number of the proposed arm alone, whatever the class is called."""
    assert verdict(tmp_path, 0.3) == "clear"


def test_another_number_is_the_proposed_arms_own(tmp_path: Path) -> None:
    """A dropout of 0.17 that only the proposed network is given is."""
    assert verdict(tmp_path, 0.17) == "flagged"
