"""Choices of models that all of their calls make alike."""

from __future__ import annotations

import pytest

from netgain.analysis.settled_arguments import with_settled_arguments
from netgain.study import CodeTree, SourceFile

BLOCK = """\
class Block(nn.Module):
    def __init__(self, c, use_bn=True):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3)
        self.norm = None
        if use_bn:
            self.norm = nn.BatchNorm2d(c)
"""


def _left(calls: str) -> str:
    tree = CodeTree(root="r", files=(SourceFile(path="r/m.py", text=BLOCK + calls),))
    return with_settled_arguments(tree).files[0].text


def test_a_layer_that_every_call_turns_off_is_gone() -> None:
    """Both blocks are made without a norm."""
    assert "BatchNorm2d" not in _left("a = Block(3, use_bn=False)\nb = Block(8, False)\n")


def test_an_argument_handed_on_settles_the_block_inside() -> None:
    """The network's own argument, with its default, is what the block gets."""
    net = "class Net(nn.Module):\n    def __init__(self, bn=False):\n        self.b = Block(3, use_bn=bn)\n"
    assert "BatchNorm2d" not in _left(f"{net}n = Net()\n")


@pytest.mark.parametrize(
    "calls",
    [
        "a = Block(3, use_bn=False)\nb = Block(3)\n",
        "a = Block(3, use_bn=args.bn)\n",
        "a = Block(3, **cfg)\n",
        "a = Block(3, use_bn=False)\nmakers = [Block]\n",
        "class Other(Block):\n    pass\na = Block(3, use_bn=False)\n",
        "net = instantiate(cfg.net)\na = Block(3, use_bn=False)\n",
        "",
    ],
)
def test_a_layer_that_some_call_may_turn_on_stays(calls: str) -> None:
    """Calls that differ, values of a run, a class that is handed on, inherited or configured, and no call."""
    assert "BatchNorm2d" in _left(calls)


def test_a_registered_class_is_made_by_others_too() -> None:
    """A configuration may give what the one call that is seen does not."""
    tree = CodeTree(
        root="r",
        files=(
            SourceFile(
                path="r/m.py",
                text=f"@NETS.register_module()\n{BLOCK}a = Block(3, use_bn=False)\n",
            ),
        ),
    )
    assert "BatchNorm2d" in with_settled_arguments(tree).files[0].text
