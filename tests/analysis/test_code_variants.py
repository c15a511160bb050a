"""One model, or several among which a setting chooses."""

from netgain.analysis.code_variants import decides_one_model
from netgain.study import CodeTree, SourceFile

BLOCK = (
    "class Block(nn.Module):\n    def __init__(self, c, stride):\n        super().__init__()\n"
    "        self.a = nn.Conv2d(c, c, 3, stride)\n        if stride != 1:\n"
    "            self.s = nn.Conv2d(c, c, 1, stride)\n    def forward(self, x):\n        return self.a(x)\n"
)
NET = (
    "class Net(nn.Module):\n    def __init__(self, block):\n        super().__init__()\n"
    "        self.b = block(8, 2)\n    def forward(self, x):\n        return self.b(x)\n"
    "model = Net(Block)\n"
)


def one(text: str) -> bool:
    """Ask for one file."""
    return decides_one_model(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))


def test_network_with_its_block_is_one_model() -> None:
    """A block passed to its network is part of it, and a condition on a stride is no choice."""
    assert one(BLOCK + NET)


def test_zoo_holds_several_models() -> None:
    """Two networks side by side: which one runs is not said."""
    assert not one(BLOCK + NET + NET.replace("Net", "OtherNet"))


def test_flag_that_picks_a_layer_is_a_choice() -> None:
    """A layer under a flag or a name may or may not be in the model."""
    flag = BLOCK.replace("if stride != 1:", "if self.use_shortcut:")
    assert not one(flag + NET)
    named = BLOCK.replace("if stride != 1:", "if kind == 'conv':")
    assert not one(named + NET)


def test_two_files_that_define_one_name_differently_are_a_choice() -> None:
    """Which of them is meant is open; an exact copy is no choice."""
    files = [SourceFile(path="a.py", text=BLOCK + NET), SourceFile(path="b.py", text=BLOCK)]
    assert decides_one_model(CodeTree(root=".", files=tuple(files)))
    files[1] = SourceFile(path="b.py", text=BLOCK.replace("c, 3, stride", "c, 5, stride"))
    assert not decides_one_model(CodeTree(root=".", files=tuple(files)))
