"""NG301 to NG305 over networks whose code is followed, from files on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
TRAIN = """
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""
PLAIN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.n = nn.BatchNorm2d(8)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 10)
    def forward(self, x):
        x = F.relu(self.n(self.a(x)))
        y = F.relu(self.b(x))
        return self.head(y.mean((2, 3)))
"""
SAME_OTHERWISE = """
def stage(into, out, norm):
    layers = [nn.Conv2d(into, out, kernel_size=3, padding=1)]
    if norm:
        layers.append(nn.BatchNorm2d(out))
    layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)

class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.body = nn.ModuleList([stage(3, 8, True), stage(8, 8, False)])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)
    def forward(self, x):
        for part in self.body:
            x = part(x)
        return self.head(torch.flatten(self.pool(x), 1))
"""


def verdicts(root: Path, base: str, ours: str) -> dict[str, str]:
    """Return the verdicts on two scripts, by number of the practice."""
    for arm, text in (("base", base), ("ours", ours)):
        (root / arm).mkdir()
        (root / arm / "train.py").write_text(HEAD + text + TRAIN)
    report = netgain.audit(
        netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    )
    return {number: report[f"NG{number}"].verdict for number in ("301", "302", "303", "304", "305")}


def test_one_network_written_in_two_ways_is_not_flagged(tmp_path: Path) -> None:
    """Functions and a list of layers compute what attributes and calls do."""
    assert "flagged" not in verdicts(tmp_path, PLAIN, SAME_OTHERWISE).values()


def test_a_branch_that_is_thrown_away_is_no_skip(tmp_path: Path) -> None:
    """Where the baseline computes its identity and drops it, the proposed sum is a skip of its own."""
    dropped = PLAIN.replace("y = F.relu(self.b(x))", "kept = x\n        y = F.relu(self.b(x))")
    added = PLAIN.replace("y = F.relu(self.b(x))", "kept = x\n        y = F.relu(self.b(x) + kept)")
    found = verdicts(tmp_path, dropped, added)
    assert found["304"] == "flagged"
    assert "flagged" not in (found["301"], found["305"])


@pytest.mark.parametrize(
    "text",
    [
        "x * torch.tanh(F.softplus(x))",
        "torch.sigmoid(x) * x",
        "F.gelu(x)",
        "0.5 * x * (1 + torch.erf(x / 1.41))",
    ],
)
def test_an_activation_is_told_by_what_it_computes(tmp_path: Path, text: str) -> None:
    """A function of any name that computes another activation is one."""
    ours = f"def squash(x):\n    return {text}\n" + PLAIN.replace("F.relu", "squash")
    assert verdicts(tmp_path, PLAIN, ours)["301"] == "flagged"


def test_attention_that_no_pass_uses_is_none(tmp_path: Path) -> None:
    """A block that the constructor makes and `forward` never calls changes nothing."""
    gate = (
        "class Gate(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.a = nn.Linear(c, c // 4)\n        self.b = nn.Linear(c // 4, c)\n"
        "    def forward(self, x):\n"
        "        w = torch.sigmoid(self.b(F.relu(self.a(x.mean((2, 3))))))\n"
        "        return x * w.unsqueeze(-1).unsqueeze(-1)\n"
    )
    made = PLAIN.replace("self.head = nn", "self.gate = Gate(8)\n        self.head = nn")
    unused, used = tmp_path / "unused", tmp_path / "used"
    unused.mkdir()
    used.mkdir()
    assert verdicts(unused, PLAIN, gate + made)["302"] != "flagged"
    called = made.replace("y = F.relu(self.b(x))", "y = self.gate(F.relu(self.b(x)))")
    assert verdicts(used, PLAIN, gate + called)["302"] == "flagged"


def test_what_a_package_decides_leaves_the_kinds_open(tmp_path: Path) -> None:
    """A layer under a condition that only a package answers is neither there nor not there."""
    ours = "import somewhere\n" + PLAIN.replace(
        "        y = F.relu(self.b(x))",
        "        y = F.relu(self.b(x))\n        if somewhere.says():\n            y = F.gelu(y)",
    )
    assert verdicts(tmp_path, PLAIN, ours)["301"] != "clear"


def test_squashed_outputs_are_no_activations(tmp_path: Path) -> None:
    """A sigmoid on the outputs, which a loss on logits makes needless, is none of the network's own."""
    ours = PLAIN.replace(
        "return self.head(y.mean((2, 3)))", "return torch.sigmoid(self.head(y.mean((2, 3))))"
    )
    assert verdicts(tmp_path, PLAIN, ours)["301"] != "flagged"


def test_a_hard_tanh_is_an_activation(tmp_path: Path) -> None:
    """An arm that bends nothing is not like one that clips its layers."""
    base = PLAIN.replace("F.relu", "F.hardtanh")
    assert verdicts(tmp_path, base, PLAIN)["301"] == "flagged"
