"""NG302 over folders that define a block which the trained network does not hold."""

from __future__ import annotations

from pathlib import Path

import netgain

NETS = """import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Linear(8, 10)
    def forward(self, x, state):
        return self.head(F.relu(self.a(x)).mean((2, 3))) + state.last()

class GatedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.w = nn.Linear(8, 2)
        self.v = nn.Linear(2, 8)
        self.head = nn.Linear(8, 10)
    def forward(self, x, state):
        x = F.relu(self.a(x))
        gate = torch.sigmoid(self.v(F.relu(self.w(x.mean((2, 3))))))
        x = x * gate.unsqueeze(-1).unsqueeze(-1)
        return self.head(x.mean((2, 3))) + state.last()

def build(name):
    net = None
    if name == "plain":
        net = Net()
    elif name == "gated":
        net = GatedNet()
    return net
"""
TRAIN = """
net = build("{name}")
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    F.cross_entropy(net(x, state), y).backward()
    optimizer.step()
"""


def verdict(root: Path, name: str) -> str:
    """Return NG302's verdict for a proposed arm that builds one network of a factory."""
    plain = NETS[: NETS.index("class GatedNet")] + TRAIN.replace('build("{name}")', "Net()")
    for arm, text in (("base", plain), ("ours", NETS + TRAIN.format(name=name))):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(text)
    report = netgain.audit(
        netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    )
    return report["NG302"].verdict


def test_a_gate_of_another_network_of_the_factory_is_not_flagged(tmp_path: Path) -> None:
    """The network that is built holds none, though its pass cannot be followed."""
    assert verdict(tmp_path, "plain") == "unknown"


def test_a_gate_of_the_network_that_is_built_is_flagged(tmp_path: Path) -> None:
    """The same factory, asked for the other network."""
    assert verdict(tmp_path, "gated") == "flagged"
