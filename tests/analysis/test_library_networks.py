"""Networks of torchvision that code takes whole."""

from __future__ import annotations

import pytest

from netgain.analysis.code_components import code_census
from netgain.analysis.library_networks import network_of
from netgain.study import CodeTree, SourceFile

HEAD = """\
import torch
from torch import nn
from torchvision import models
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(512, 10)
    def forward(self, x):
        return torch.tanh(self.fc(x))
"""


def _found(text: str) -> tuple[set[str], tuple[str, ...]]:
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    assert profile is not None
    return {c.name for c in profile.components}, profile.observed_kinds


def test_a_network_taken_whole_is_what_the_package_makes() -> None:
    """ResNet's ReLU, batch norm, pools and sums stand beside the head's own tanh."""
    names, observed = _found("net = models.resnet18(weights='DEFAULT')\nnet.fc = Head()\n")
    assert {"relu", "batch-norm", "residual-skip", "max-pool", "tanh"} <= names
    assert {"attention", "skip"} <= set(observed)


@pytest.mark.parametrize(
    "text",
    [
        "net = getattr(models, args.arch)()\nnet.fc = Head()\n",
        "net = models.__dict__[args.arch]()\nnet.fc = Head()\n",
        "net = models.resnet18() if args.small else models.efficientnet_b0()\nnet.fc = Head()\n",
        "net = models.detection.fasterrcnn_resnet50_fpn()\nhead = Head()\n",
        "teacher = models.resnet18()\nhead = Head()\n",
        "class VGGLoss(nn.Module):\n    def forward(self, x):\n        return models.vgg16()(x)\n"
        "loss = VGGLoss()\nhead = Head()\n",
        "net = models.resnet18()\nclass OwnNet(nn.Module):\n    def forward(self, x):\n"
        "        return Head()(x)\nown = OwnNet()\n",
    ],
)
def test_a_network_that_may_not_be_the_model_leaves_all_open(text: str) -> None:
    """One by a name, one of two, one that is not known, a teacher, a loss on features, one beside the own."""
    names, observed = _found(text)
    assert observed == ()
    assert "residual-skip" not in names


def test_modules_and_tables_of_weights_are_no_networks() -> None:
    """What a network is named through, and the weights it starts from, say nothing of another."""
    found = network_of(
        ["torchvision.models.resnet.resnet50", "torchvision.models.ResNet50_Weights.DEFAULT"]
    )
    assert found is not None
    assert found[0] == "resnet50"
