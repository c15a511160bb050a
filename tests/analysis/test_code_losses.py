"""Losses and wrappers that are written like models."""

import pytest

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile


def is_readable(text: str) -> bool:
    """Tell whether a file holds a network."""
    return code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),))) is not None


MODULE = (
    "class {name}({base}):\n    def forward(self, {arguments}):\n        return f(logits)\n"
    "x = {name}()\n"
)


@pytest.mark.parametrize(
    ("name", "base", "arguments"),
    [
        ("SoftDiceLoss", "nn.Module", "p, q"),
        ("Masked", "LabelSmoothedCrossEntropyCriterion", "model, sample"),
        ("Poly1", "_WeightedLoss", "p, q"),
        ("Smoothing", "nn.Module", "logits, target"),
    ],
)
def test_a_loss_is_no_network(name: str, base: str, arguments: str) -> None:
    """By its name, its base, or the targets it is given without layers of its own."""
    assert not is_readable(MODULE.format(name=name, base=base, arguments=arguments))


def test_a_wrapper_of_a_model_made_elsewhere_is_no_network() -> None:
    """A class that holds what it is given shows nothing of what is in it."""
    text = (
        "class Held(nn.Module):\n    def __init__(self, model):\n        self.model = model\n"
        "    def forward(self, x):\n        return self.model(x)\nh = Held(m)\n"
    )
    assert not is_readable(text)


def test_a_network_that_predicts_a_loss_is_one() -> None:
    """The head of active learning that predicts losses has layers and is called a network."""
    text = (
        "class LossNet(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(8, 1)\n"
        "    def forward(self, x):\n        return self.fc(x)\n"
    )
    assert is_readable(text)


def test_a_network_that_computes_its_loss_is_one() -> None:
    """Targets given to a class with layers do not make it a loss."""
    text = (
        "class Tagger(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(8, 1)\n"
        "    def forward(self, x, labels):\n        return ce(self.fc(x), labels)\nt = Tagger()\n"
    )
    assert is_readable(text)
