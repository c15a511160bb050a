"""Networks that scripts train, as symbolic execution counts them."""

from __future__ import annotations

import textwrap

import pytest

from netgain.analysis.symbolic.networks import NetworkCost, configured, trained_costs
from netgain.study import CodeTree, SourceFile

RESNET = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Block(nn.Module):
    def __init__(self, into, out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.short = nn.Sequential()
        if stride != 1 or into != out:
            self.short = lambda x: F.pad(
                x[:, :, ::2, ::2], (0, 0, 0, 0, out // 4, out // 4), "constant", 0
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.short(x)
        return F.relu(y)

class ResNet(nn.Module):
    def __init__(self, blocks, classes=10):
        super().__init__()
        self.into = 16
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.stages = nn.ModuleList(
            [
                self.stage(width, count, stride)
                for width, count, stride in zip((16, 32, 64), blocks, (1, 2, 2))
            ]
        )
        self.fc = nn.Linear(64, classes)

    def stage(self, width, count, stride):
        layers = []
        for step in [stride] + [1] * (count - 1):
            layers.append(Block(self.into, width, step))
            self.into = width
        return nn.Sequential(*layers)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = stage(x)
        x = F.avg_pool2d(x, x.size(3)).view(x.size(0), -1)
        return self.fc(x)
"""


def trained(
    option: dict[str, object] | None = None, **files: str
) -> tuple[NetworkCost, ...] | None:
    """Return the networks that files of code train."""
    held = tuple(
        SourceFile(path=f"{name}.py", text=textwrap.dedent(text)) for name, text in files.items()
    )
    return trained_costs(CodeTree(root=".", files=held), configured(option or {}))


def only(found: tuple[NetworkCost, ...] | None) -> NetworkCost:
    """Return the one network."""
    assert found is not None
    assert len(found) == 1
    return found[0]


def test_residual_network_of_20_layers() -> None:
    """ResNet-20 has 269,722 parameters (He et al. 2016: 0.27 M) and 40.55 million multiply-accumulates."""
    script = """
    import argparse, torch
    import models
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=20)
    args = parser.parse_args()
    net = models.ResNet([(args.depth - 2) // 6] * 3)
    net = torch.nn.DataParallel(net).cuda()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(200):
        for x, y in loader:
            torch.nn.functional.cross_entropy(net(x), y).backward()
    """
    cost = only(trained(train=script, models=RESNET))
    assert cost.parameters == 269_722
    assert dict(cost.operations)[3, 32, 32] == 40_551_040
    assert cost.left_out == ()
    assert cost.source.path == "train.py"


def test_option_of_the_run_goes_before_the_default() -> None:
    """A depth of 56 that the run was given makes ResNet-56: 853,018 parameters."""
    script = """
    import argparse, torch
    from models import ResNet
    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--depth", type=int, default=20)
        args = parser.parse_args()
        net = ResNet([(args.depth - 2) // 6] * 3).to("cuda")
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    if __name__ == "__main__":
        main()
    """
    assert only(trained({"depth": 56}, train=script, models=RESNET)).parameters == 853_018


def test_attention_counts_its_matrix_products() -> None:
    """One head on 128 tokens of 64: 4 projections of 64 x 64 and two products of 128 x 128 x 64."""
    script = """
    import torch, torch.nn as nn
    class Attention(nn.Module):
        def __init__(self, dim=64):
            super().__init__()
            self.qkv = nn.Linear(dim, dim * 3, bias=False)
            self.out = nn.Linear(dim, dim, bias=False)
        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
            return self.out(weights @ v)
    net = Attention()
    torch.optim.Adam(net.parameters(), lr=1e-3)
    """
    cost = only(trained(train=script))
    assert dict(cost.operations)[128, 64] == 128 * 4 * 64 * 64 + 2 * 128 * 128 * 64
    assert cost.parameters == 4 * 64 * 64


def test_layer_under_an_open_condition_is_left_out() -> None:
    """What only the data decides is named, and not taken for absent."""
    script = """
    import torch, torch.nn as nn, helper
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Linear(8, 8)]
            if helper.deep():
                layers.append(nn.Linear(8, 8))
            self.body = nn.Sequential(*layers)
        def forward(self, x):
            return self.body(x)
    torch.optim.Adam(Net().parameters(), lr=1e-3)
    """
    assert only(trained(train=script)).left_out != ()


def test_wrong_input_is_no_input() -> None:
    """A head made for 28 x 28 images takes no others."""
    script = """
    import torch, torch.nn as nn
    head = [nn.Flatten(), nn.Linear(4 * 13 * 13, 10)]
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), *head)
    torch.optim.SGD(net.parameters(), 0.1)
    """
    cost = only(trained(train=script))
    assert [shape for shape, _ in cost.operations] == [(1, 28, 28)]
    assert dict(cost.operations)[1, 28, 28] == 4 * 26 * 26 * 9 + 676 * 10


def test_two_scripts_that_train_other_networks_leave_it_open() -> None:
    """Which of two networks the runs trained is not told."""
    one = "import torch\ntorch.optim.SGD(torch.nn.Linear(4, 4).parameters(), 0.1)\n"
    two = "import torch\ntorch.optim.SGD(torch.nn.Linear(4, 9).parameters(), 0.1)\n"
    assert trained(train_a=one, train_b=two) is None


@pytest.mark.parametrize(
    "line",
    [
        "x = 9 ** 9 ** 9",
        "x = [0] * 10 ** 12",
        "x = 'a' * 10 ** 12",
        "f = lambda n: f(n)\nf(1)",
        "x = [i for i in range(10 ** 9)]",
        "while True: pass",
        "class A(A): pass\nA()",
        "import train",
        "x = []\nx.append(x)\ny = x == [x]",
        "open('written', 'w').write('x')\n__import__('os').system('true')",
    ],
)
def test_hostile_code_ends(line: str) -> None:
    """Code that would never end, or fill the memory, ends the look at it and nothing else."""
    text = f"import torch\n{line}\ntorch.optim.SGD(torch.nn.Linear(4, 4).parameters(), 0.1)\n"
    found = trained(train=text)
    assert found is None or found[0].parameters == 20
