"""What the arguments of a schedule come to by the end of a training."""

from __future__ import annotations

import ast

import pytest

from netgain.analysis.schedule_steps import keeps_its_rate, share_left
from netgain.study import CodeTree, SourceFile

LOOP = "for epoch in range(n):\n    for x in data:\n        optimizer.step()\n{indent}scheduler.step()\n"
SETTINGS = {"lr_decay": 1.0, "lr_step": 10.0, "gamma": 0.5}


def _call(text: str) -> ast.Call:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    return node


def _tree(text: str) -> CodeTree:
    return CodeTree(root="r", files=(SourceFile(path="r/t.py", text=text),))


@pytest.mark.parametrize(
    "text",
    ["StepLR(o, 10, 1.0)", "ExponentialLR(o, gamma=1)", "StepLR(o, 5, gamma=args.lr_decay)"],
)
def test_a_factor_of_one_keeps_the_rate(text: str) -> None:
    """Written, or asked of the settings."""
    assert keeps_its_rate(_call(text), SETTINGS.get)


@pytest.mark.parametrize(
    "text",
    [
        "StepLR(o, 10)",
        "StepLR(o, 10, args.gamma)",
        "StepLR(o, 10, decay)",
        "CosineAnnealingLR(o, 1.0)",
    ],
)
def test_another_factor_or_none_that_is_known_does_not(text: str) -> None:
    """The default lowers the rate, and a name alone says nothing."""
    assert not keeps_its_rate(_call(text), SETTINGS.get)


@pytest.mark.parametrize(("epochs", "left"), [(10, 1.0), (25, 1.0), (26, 0.1), (100, 0.001)])
def test_steps_up_to_the_last_epoch_are_counted(epochs: float, left: float) -> None:
    """A step every 25 epochs never comes in 10, and three times in 100."""
    tree = _tree(LOOP.format(indent="    "))
    assert share_left(
        _call("StepLR(o, step_size=25)"), tree, epochs, SETTINGS.get
    ) == pytest.approx(left)


@pytest.mark.parametrize("indent", ["        ", ""])
def test_steps_that_are_no_epochs_leave_it_open(indent: str) -> None:
    """A schedule stepped with each batch, or once behind the loop, does not count epochs."""
    tree = _tree(LOOP.format(indent=indent))
    assert share_left(_call("StepLR(o, 25)"), tree, 10, SETTINGS.get) is None


def test_lightning_steps_once_an_epoch_unless_told_otherwise() -> None:
    """The interval decides."""
    text = "def configure_optimizers(self):\n    return [o], [{given}]\n"
    call = _call("StepLR(o, 25)")
    assert share_left(call, _tree(text.format(given="s")), 10, SETTINGS.get) == 1.0
    by_step = _tree(text.format(given="{'scheduler': s, 'interval': 'step'}"))
    assert share_left(call, by_step, 10, SETTINGS.get) is None
