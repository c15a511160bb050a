"""What scripts train, as symbolic execution finds it: wholes, parts, and what stays open."""

from __future__ import annotations

import pytest

from tests.analysis.test_symbolic_networks import only, trained

NET = """
import torch, torch.nn as nn
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.last = nn.Linear(width, 2)
    def forward(self, x):
        return self.last(torch.relu(self.first(x)))
"""
"""A network of 4 x 8 + 8 + 8 x 2 + 2 = 58 parameters."""


@pytest.mark.parametrize(
    "script",
    [
        "net = Net()\ntorch.optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)",
        "net = Net()\ntorch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)",
        "net = Net()\nplain = []\nfor name, p in net.named_parameters():\n"
        "    if 'bias' in name:\n        plain.append(p)\ntorch.optim.AdamW([{'params': plain}])",
        "import os\nnet = Net()\nif os.environ.get('FAST'):\n    o = torch.optim.SGD(net.parameters(), 0.1)\n"
        "else:\n    o = torch.optim.Adam(net.parameters())",
        "def main():\n    if data.missing():\n        return\n"
        "    torch.optim.SGD(Net().parameters(), 0.1)\nmain()",
        "def make(model):\n    if kind() == 'sgd':\n        return torch.optim.SGD(model.parameters(), 0.1)\n"
        "    return torch.optim.Adam(model.parameters())\nmake(Net())",
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--train', action='store_true')\nargs = parser.parse_args()\n"
        "if args.train:\n    torch.optim.SGD(Net().parameters(), 0.1)",
        "import pytorch_lightning as pl\nclass Whole(pl.LightningModule):\n"
        "    def __init__(self, width=8):\n        super().__init__()\n"
        "        self.save_hyperparameters()\n        self.net = Net(self.hparams.width)\n"
        "    def configure_optimizers(self):\n        return torch.optim.Adam(self.net.parameters())\n"
        "pl.Trainer(max_epochs=3).fit(Whole())",
        "net = Net()\nfor step in range(10 ** 9):\n    torch.optim.SGD(net.parameters(), 0.1)\n",
        "match mode():\n    case 'a':\n        pass\nmake = getattr(torch.optim, name())\n"
        "make(Net().parameters(), lr=0.1)",
    ],
)  # fmt: skip
def test_spellings_of_training(script: str) -> None:
    """However an optimizer is given the parameters, the network is found whole."""
    cost = only(trained(train=f"{NET}\n{script}\n"))
    assert cost.parameters == 58
    assert dict(cost.operations)[(4,)] == 48
    assert cost.left_out == ()


@pytest.mark.parametrize(
    ("change", "parameters"),
    [
        ("net.last.weight = net.first.weight", 58 - 16),
        ("for p in net.first.parameters():\n    p.requires_grad = False", 18),
        ("net.first.requires_grad_(False)", 18),
        ("for n, p in net.named_parameters():\n    if 'last' not in n:\n"
         "        p.requires_grad = False", None),
        ("net.more = nn.ModuleList([nn.Linear(2, 2)])", 64),
        ("net.more = [nn.Linear(2, 2)]", 58),
        ("def toggle(net, on):\n    for p in net.parameters():\n        p.requires_grad = on\n"
         "toggle(net, False)\ntoggle(net, True)", 58),
        ("torch.optim.Adam(net.parameters())\nnet.requires_grad_(False)", 58),
        ("net.more = nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), torch.zeros(1)])", 65),
        ("net.more = nn.ParameterList(strange())", None),
        ("net.scale = nn.Parameter(torch.ones(3))", 61),
        ("net.first = strange(net.first)", None),
        ("net.first = torch.nn.Bilinear(2, 3, 4)", 18 + 28),
        ("net.first = torch.nn.Strange(2)", None),
    ],
)  # fmt: skip
def test_parameters_after_a_change(change: str, parameters: float | None) -> None:
    """Shared, frozen and added weights count as torch counts them; what is not known leaves them open."""
    text = f"{NET}\nnet = Net()\n{change}\ntorch.optim.SGD(net.parameters(), 0.1)\n"
    assert only(trained(train=text)).parameters == parameters


def test_network_of_a_package_is_named() -> None:
    """A backbone that is not followed is left out by its name, and leaves parameters open."""
    text = """
    import torch, torchvision
    net = torchvision.models.resnet18(weights=None)
    net.fc = torch.nn.Linear(512, 10)
    torch.optim.SGD(net.parameters(), 0.1)
    """
    cost = only(trained(train=text))
    assert (cost.parameters, cost.left_out) == (None, ("resnet18",))
