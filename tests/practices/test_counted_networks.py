"""NG104 and NG105 over networks counted from code, from files on disk."""

from __future__ import annotations

from pathlib import Path

import netgain

MODEL = """import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, width={width}, stride={stride}, rounds={rounds}):
        super().__init__()
        self.rounds = rounds
        self.stem = nn.Conv2d(3, width, 3, stride=stride, padding=1)
        self.body = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for _ in range(self.rounds):
            x = F.relu(self.body(x))
        return self.head(x.mean(dim=(2, 3)))

BATCH_SIZE = 64
EPOCHS = {epochs}
{data}
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(EPOCHS):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
"""
DATA = "loader = torch.utils.data.DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True)"


def findings(root: Path, **ours: object) -> netgain.Report:
    """Audit two scripts that differ in what is given of the proposed one."""
    plain = {"width": 16, "stride": 1, "rounds": 1, "epochs": 20, "data": DATA}
    for arm, more in (("base", {}), ("ours", ours)):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(MODEL.format(**{**plain, **more}))
    return netgain.audit(netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")]))


def test_wider_network_costs_more(tmp_path: Path) -> None:
    """Twice the width is 3.7 times the operations at equal length: (864 + 9216) / (432 + 2304)."""
    found = findings(tmp_path, width=32)["NG105"]
    assert found.verdict == "flagged"
    assert found.grade == "indicated"
    assert round(found.numbers["cost_ratio"], 2) == 3.68
    assert found.evidence[0].path.endswith("ours/train.py")


def test_body_applied_four_times_is_parity_of_parameters_only(tmp_path: Path) -> None:
    """The same weights, applied again and again, are no parameters and more operations."""
    found = findings(tmp_path, rounds=4)
    assert found["NG104"].verdict == "flagged"
    assert (
        found["NG104"].numbers["parameters_baseline"]
        == found["NG104"].numbers["parameters_proposed"]
    )
    assert found["NG105"].verdict == "flagged"


def test_same_network_stays_open(tmp_path: Path) -> None:
    """Equal counts show no difference, and what the runs cost is not measured."""
    found = findings(tmp_path)
    assert found["NG105"].verdict != "flagged"
    assert found["NG104"].verdict != "flagged"


def test_cheaper_network_is_not_flagged(tmp_path: Path) -> None:
    """Half the width is no greater cost."""
    assert findings(tmp_path, width=8)["NG105"].verdict != "flagged"


def test_samples_of_another_size_leave_it_open(tmp_path: Path) -> None:
    """A wider network on smaller images may cost less."""
    data = "loader = DataLoader(Images(transforms.Resize((16, 16))), batch_size=BATCH_SIZE)"
    assert findings(tmp_path, width=32, data=data)["NG105"].verdict != "flagged"
