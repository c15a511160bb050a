"""Strides held in variables: which numbers may arrive, and where they are written."""

import pytest

from netgain.analysis.code_strides import strides_held
from netgain.analysis.constants import Values
from netgain.study import CodeTree, SourceFile

BLOCK = (
    "class Block(nn.Module):\n"
    "    def __init__(self, cin, cout, stride):\n"
    "        self.conv = nn.Conv2d(cin, cout, 3, stride=stride)\n"
)


def tree(**files: str) -> CodeTree:
    """Return code of several files, by name without suffix."""
    return CodeTree(
        root=".", files=tuple(SourceFile(path=f"{n}.py", text=t) for n, t in files.items())
    )


def held(**files: str) -> Values:
    """Return what may be the stride of the one convolution that holds it in a variable."""
    found = [v for calls in strides_held(tree(**files)).values() for v in calls.values()]
    assert len(found) == 1
    return found[0]


def numbers(text: str, **more: str) -> tuple[list[float], bool]:
    """Return the strides of `Block` in the code that uses it, sorted, and whether they are all."""
    values = held(m=BLOCK + text, **more)
    return sorted(origin.value for origin in values.origins), values.complete


def code(*lines: str) -> str:
    """Return lines as one text."""
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "strides"),
    [
        ("Block(3, 8, 2)", [2]),
        (code("CFG = {'w': 64, 's': [1, 2]}", "for s in CFG['s']:", "    Block(3, 8, s)"), [1, 2]),
        (code("CFG = dict(w=64, s=(1, 2))", "Block(3, 8, CFG['s'][1])"), [2]),
        (
            code(
                "def make():",
                "    for x in [64, (128, 2)]:",
                "        Block(3, 8, 1 if isinstance(x, int) else x[1])",
            ),
            [1, 2],
        ),
        (code("Block(3, 8, stride=2)", "Block(8, 8, stride=1)"), [1, 2]),
        (code("def make():", "    s = 2", "    return Block(3, 8, s)"), [2]),
        (
            code(
                "def make():",
                "    strides = [1, 1, 2]",
                "    return [Block(3, 8, strides[i]) for i in range(3)]",
            ),
            [1, 1, 2],
        ),
        (code("def make():", "    for s in (1, 2):", "        Block(3, 8, s)"), [1, 2]),
        (
            code(
                "def make(stride=2):",
                "    for s in [stride] + [1] * 3:",
                "        Block(3, 8, s)",
                "make()",
            ),
            [1, 2],
        ),
        (
            code("def make():", "    for c, s in ((64, 1), (128, 2)):", "        Block(3, c, s)"),
            [1, 2],
        ),
        (
            code(
                "def make():",
                "    for i, (c, s) in enumerate([(64, 1), (128, 2)]):",
                "        Block(3, c, s)",
            ),
            [1, 2],
        ),
        (
            code(
                "def make():", "    for c, s in zip([64, 128], [1, 4]):", "        Block(3, c, s)"
            ),
            [1, 4],
        ),
        (
            code("def make():", "    for i in range(4):", "        Block(3, 8, 2 if i > 0 else 1)"),
            [1, 2],
        ),
        (
            code("def make():", "    s = [1] + [2] * 3", "    return [Block(3, 8, x) for x in s]"),
            [1, 2],
        ),
        (
            code(
                "def make():",
                "    s = []",
                "    s.append(2)",
                "    s.append(1)",
                "    Block(3, 8, s[0])",
            ),
            [1, 2],
        ),
        (
            code(
                "STAGES = {'a': (64, 1), 'b': (128, 2)}",
                "def make():",
                "    for c, s in STAGES.values():",
                "        Block(3, c, s)",
            ),
            [1, 2],
        ),
        (
            code(
                "def make():",
                "    for name, (c, s) in {'a': (64, 1), 'b': (128, 2)}.items():",
                "        Block(3, c, s)",
            ),
            [1, 2],
        ),
        (
            code(
                "class Net(nn.Module):",
                "    STAGES = ((64, 1), (128, 2))",
                "    def __init__(self):",
                "        for c, s in self.STAGES:",
                "            Block(3, c, s)",
            ),
            [1, 2],
        ),
        (
            code(
                "class Net(nn.Module):",
                "    def __init__(self):",
                "        self.strides = (1, 2)",
                "        Block(3, 8, self.strides[1])",
            ),
            [2],
        ),
        (
            code(
                "class Wide(Block):",
                "    def __init__(self, c):",
                "        super().__init__(c, c, 2)",
                "Wide(3)",
            ),
            [2],
        ),
        (code("class Wide(Block):", "    pass", "Wide(3, 8, 2)"), [2]),
        (
            code(
                "def make(s=None):",
                "    s = s or (1, 2)",
                "    return [Block(3, 8, x) for x in s]",
                "make()",
            ),
            [1, 2],
        ),
        (code("def make(block):", "    return block(3, 8, 2)", "make(Block)"), [2]),
        (
            code(
                "class Net(nn.Module):",
                "    def __init__(self, block):",
                "        self._make(block, stride=2)",
                "    def _make(self, block, stride=1):",
                "        return block(3, 8, stride)",
                "Net(Block)",
            ),
            [2],
        ),
        (
            code(
                "BLOCKS = {'plain': Block}",
                "def make(kind):",
                "    cls = BLOCKS[kind]",
                "    return cls(3, 8, 2)",
            ),
            [2],
        ),
    ],
)
def test_numbers_are_followed_to_a_stride(text: str, strides: list[float]) -> None:
    """Arguments, defaults, names, loops, tables, attributes and classes passed on are looked through."""
    assert numbers(text) == (strides, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Block(3, 8, args.stride)",
        "Block(3, 8, 2 ** i)",
        "Block(*arguments)",
        "Block(3, 8, **settings)",
        "Block(3, 8, compute())",
        code("register(Block)", "Block(3, 8, 1)"),
        code(
            "@BLOCKS.register_module()",
            "class Other(Block):",
            "    def __init__(self, s):",
            "        super().__init__(3, 8, s)",
        ),
        code("def make():", "    s = 1", "    s += 1", "    Block(3, 8, s)"),
        code("def make():", "    for s in strides():", "        Block(3, 8, s)"),
    ],
)
def test_what_cannot_be_followed_is_not_complete(text: str) -> None:
    """A class nobody makes, or makes from a setting, arithmetic or a call, may have any stride."""
    assert not numbers(text)[1]


def test_number_of_another_file_is_placed_there() -> None:
    """The place is that of the literal, also behind an import."""
    values = held(
        layers=BLOCK,
        settings="STRIDES = (1, 2)\n",
        net="from settings import STRIDES\nfor s in STRIDES:\n    Block(3, 8, s)\n",
    )
    assert {str(o.source) for o in values.origins if o.value == 2} == {"settings.py:1"}


def test_classes_of_one_name_are_told_apart_by_file() -> None:
    """A class means the one of its own file, else the one imported; another's calls say nothing of it."""
    found = strides_held(
        tree(
            a=BLOCK + "Block(3, 8, 1)\n",
            b=BLOCK.replace("self.conv", "super(Block, self).__init__()\n        self.conv")
            + "nets = [Block]\nBlock(3, 8, 4)\n",
            c="from a import Block\nBlock(3, 8, 2)\n",
        )
    )
    (values,) = found["a.py"].values()
    assert sorted(origin.value for origin in values.origins) == [1, 2]
    assert values.complete


def test_methods_of_one_name_are_told_apart_by_class() -> None:
    """A call on `self` is that of the class around it."""
    net = code(
        "class {}(nn.Module):",
        "    def make(self, s):",
        "        return nn.Conv2d(3, 8, 3, s)",
        "    def go(self):",
        "        self.make({})",
        "",
    )
    found = strides_held(tree(m=net.format("A", 1) + net.format("B", 2)))
    first, second = found["m.py"].values()
    assert [o.value for o in first.origins] == [1]
    assert [o.value for o in second.origins] == [2]
    assert first.complete


def test_name_given_to_itself_ends() -> None:
    """Names that stand for one another in a circle add nothing and stop nothing."""
    found, complete = numbers(
        "def make(a, b):\n    a = b\n    b = a\n    Block(3, 8, a)\nmake(2, 4)"
    )
    assert found == [2, 4]
    assert complete


def test_long_chain_of_calls_ends_undecided() -> None:
    """Code deeper than is looked is not decided."""
    chain = "".join(f"def f{i}(s):\n    return f{i + 1}(s)\n" for i in range(60))
    assert not numbers(chain + "def f60(s):\n    return Block(3, 8, s)\nf0(2)")[1]


def test_literal_strides_need_no_following() -> None:
    """Code whose strides stand at the call holds none in variables."""
    assert strides_held(tree(m="nn.Conv2d(3, 8, 3, stride=2)\nnn.Conv2d(3, 8, 3)\n")) == {}
