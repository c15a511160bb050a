"""Strides that two networks write differently in one and the same statement."""

import pytest

from netgain.analysis.code_parting import Parting, parting
from netgain.study import CodeTree, SourceFile

NET = """
class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride=stride, padding=1)
        self.side = nn.Conv2d(cin, cout, 1, stride=stride)
    def forward(self, x):
        return self.conv(x) + self.side(x)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Block(3, 64, stride=1)
        self.b = Block(64, 128, stride=2)
        self.c = Block(128, 256, stride=2)
    def forward(self, x):
        return self.c(self.b(self.a(x)))
"""
FEWER = NET.replace("Block(64, 128, stride=2)", "Block(64, 128, stride=1)")


def tree(text: str) -> CodeTree:
    """Return code of one file."""
    return CodeTree(root=".", files=(SourceFile(path="net.py", text=text),))


def part(baseline: str, proposed: str) -> Parting | None:
    """Set two texts against each other."""
    return parting(tree(baseline), tree(proposed))


def test_stride_that_is_gone_is_placed_in_both() -> None:
    """A convolution beside another by the same variable counts once; the line is that of the number."""
    found = part(NET, FEWER)
    assert found is not None
    assert found.ratio == 2
    assert found.same_widths
    assert [str(source) for source in found.sources] == ["net.py:13", "net.py:13"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("stride=1)\n        self.b", "stride=2)\n        self.b"),
        ("        self.b =", "        self.pool = nn.MaxPool2d(2)\n        self.b ="),
        ("        self.b =", "        self.d = nn.Conv2d(64, 64, 2, stride=2)\n        self.b ="),
        ("Block(64, 128, stride=1)", "Block(64, 128, stride=args.stride)"),
        ("Block(64, 128, stride=1)", "PatchEmbed(64, 128)"),
        ("return self.conv(x) + self.side(x)", "return rearrange(self.conv(x), pattern)"),
        ("        self.side = nn.Conv2d(cin, cout, 1, stride=stride)\n", ""),
    ],
)
def test_what_may_make_up_for_a_stride_leaves_it_open(old: str, new: str) -> None:
    """Another stride, a pool, an unknown stride, a patch layer or a layer less is no smaller reduction."""
    changed = FEWER.replace(old, new) if old else NET
    assert part(NET, changed) is None


def test_larger_strides_of_the_proposed_arm_are_no_finding() -> None:
    """The other direction costs the proposed arm resolution and is not reported."""
    assert part(FEWER, NET) is None


def test_other_widths_are_told() -> None:
    """A stride given up beside layers made narrower is no gain in operations by itself."""
    narrower = FEWER.replace("128", "96").replace("Block(64, 96", "Block(64, 128")
    found = part(NET, narrower)
    assert found is None or not found.same_widths


def test_networks_written_differently_are_not_compared() -> None:
    """Without one statement in common nothing is said about strides."""
    other = NET.replace("Block", "Stage").replace("self.", "self.my_")
    assert part(NET, other.replace("stride=2", "stride=1")) is None


def test_tables_of_strides_are_compared_by_position() -> None:
    """A tuple of tuples is one statement; the widths in it must be the same for it to be that statement."""
    text = NET[: NET.index("class Net")] + (
        "class Net(nn.Module):\n    STAGES = ((64, 2), (128, 2))\n    def __init__(self):\n"
        "        for width, stride in self.STAGES:\n            self.add(Block(3, width, stride))\n"
        "    def forward(self, x):\n        return x\n"
    )
    found = part(text, text.replace("(64, 2)", "(64, 1)"))
    assert found is not None
    assert found.proposed.values == (1, 2)
    assert part(text, text.replace("(64, 2)", "(32, 1)")) is None
