"""Sums and concatenations of two arguments, judged by what the callers pass."""

from __future__ import annotations

import pytest

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
UP = (
    "class Up(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.up = nn.Upsample(scale_factor=2)\n"
    "    def forward(self, x1, x2):\n        x1 = self.up(x1)\n        return {}\n"
)
NET = (
    "class UNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.down = nn.Conv2d(3, 8, 3)\n        self.other = nn.Conv2d(3, 8, 3)\n"
    "        {}\n    def forward(self, x, y=None):\n        {}\n"
)
MADE = "self.dec = Up(8)"
CAT = "torch.cat([x2, x1], dim=1)"


def skips(text: str) -> tuple[dict[str, int], bool]:
    """Return the skips by name, and whether the absence of others is known."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    assert profile is not None
    found = {c.name: len(c.where) for c in profile.components if c.kind == "skip"}
    return found, "skip" in profile.observed_kinds


@pytest.mark.parametrize(
    ("joined", "made", "used", "name"),
    [
        (CAT, MADE, "e = self.down(x); return self.dec(self.down(e), e)", "concat-skip"),
        (CAT, MADE, "e = self.down(x); return self.dec(x2=e, x1=self.down(e))", "concat-skip"),
        ("torch.cat((x1, F.pad(x2, (1, 1))), 1)", MADE, "e = self.down(x); return self.dec(self.down(e), e)",
         "concat-skip"),
        ("x1 + x2", MADE, "e = self.down(x); return self.dec.forward(self.down(e), e)", "residual-skip"),
        (CAT, "self.ups = nn.ModuleList([Up(c) for c in (8, 4)])",
         "kept = []; kept.append(x); x = self.down(x)\n        for up, e in zip(self.ups, kept):\n"
         "            x = up(x, e)\n        return x", "concat-skip"),
        (CAT, "self.ups = nn.ModuleList()\n        self.ups.append(Up(4))",
         "e = self.down(x); return self.ups[0](self.down(e), e)", "concat-skip"),
        (CAT, "self.ups = nn.ModuleDict()\n        self.ups['a'] = Up(4)",
         "e = self.down(x); return self.ups['a'](self.down(e), e)", "concat-skip"),
    ],
)  # fmt: skip
def test_a_block_that_is_given_an_earlier_value_is_a_skip(
    joined: str, made: str, used: str, name: str
) -> None:
    """By place or keyword, by attribute, list or mapping of modules, with a sum or a concatenation."""
    found, _ = skips(UP.format(joined) + NET.format(made, used))
    assert found == {name: 1}


def test_a_function_of_a_functional_model_is_followed_to_its_callers() -> None:
    """The decoder of a Keras U-Net is a function of the upsampled value and of the stored one."""
    text = (
        "def decoder_block(x, skip, filters):\n    x = Conv2DTranspose(filters, 2, strides=2)(x)\n"
        "    return Concatenate()([x, skip])\n"
        "def build():\n    inputs = Input((64, 64, 3))\n    s1 = Conv2D(8, 3)(inputs)\n"
        "    b = Conv2D(8, 3)(MaxPooling2D(2)(s1))\n    d = decoder_block(b, s1, 8)\n"
        "    return Model(inputs, d)\nm = build()\n"
    )
    assert skips(text)[0] == {"concat-skip": 1}


def test_a_block_inside_a_block_is_followed_twice() -> None:
    """The stage hands both of its arguments on; the network above it knows which is earlier."""
    stage = (
        "class Stage(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.up = Up(8)\n    def forward(self, low, high):\n        return self.up(low, high)\n"
    )
    net = NET.format("self.stage = Stage()", "e = self.down(x); return self.stage(self.down(e), e)")
    assert skips(UP.format(CAT) + stage + net)[0] == {"concat-skip": 1}


def test_a_method_of_the_same_class_is_followed() -> None:
    """`_upsample_add(p, lateral)` of a feature pyramid sums a late value and a lateral one."""
    text = (
        "class FPNNet(nn.Module):\n    def _upsample_add(self, x, y):\n"
        "        return F.interpolate(x, size=y.shape[2:]) + y\n"
        "    def forward(self, x):\n        c1 = self.a(x)\n        c2 = self.b(c1)\n"
        "        return self._upsample_add(c2, c1)\n"
    )
    assert skips(text)[0] == {"residual-skip": 1}


@pytest.mark.parametrize(
    ("made", "used"),
    [
        (MADE, "return self.dec(self.down(x), self.other(y))"),
        (MADE, "return self.dec(x, y)"),
        (MADE, "return self.dec(*self.features(x))"),
        ("pass", "return self.down(x)"),
    ],
)
def test_two_inputs_that_are_joined_are_no_sure_skip(made: str, used: str) -> None:
    """Two towers, two inputs, a spread list and a block nobody calls leave the kind open."""
    assert skips("keep = Up\n" + UP.format(CAT) + NET.format(made, used)) == ({}, False)


@pytest.mark.parametrize(
    "used",
    [
        "return self.dec(self.down(x), self.other(x))",
        "return self.dec(self.down(x), torch.zeros(1))",
        "e = self.down(x); return self.dec(e, e)",
    ],
)
def test_branches_that_callers_join_are_known_to_be_none(used: str) -> None:
    """Parallel branches, a constant and one value given twice are no skip, and that is known."""
    assert skips(UP.format(CAT) + NET.format(MADE, used)) == ({}, True)


def test_members_of_one_argument_that_are_joined_leave_skips_open() -> None:
    """`inputs[0]` and `inputs[1]` may be an early and a late value; slices of one value are not."""
    text = "class MNet(nn.Module):\n    def forward(self, xs):\n        return torch.cat([{}], 1)\n"
    assert skips(text.format("xs[0], xs[1]")) == ({}, False)
    assert skips(text.format("xs[..., ::2], xs[..., 1:]")) == ({}, True)


@pytest.mark.parametrize(
    "method",
    [
        "def _decode(self, b, d):\n        w = b[:, 2] - b[:, 0]\n        h = b[:, 3] - b[:, 1]\n"
        "        return torch.stack([b[:, 0] + 0.5 * w, b[:, 1] + h], 1)\n",
        "def compute_loss(self, x):\n        y = F.relu(x)\n        return x + y\n",
        "def nms(self, x):\n        a = x * 2\n        return x[0] + a\n",
        "def helper(self, x):\n        total_loss = x.mean()\n        return total_loss + x.std()\n",
        "def helper(self, x):\n        y = F.relu(x)\n        return torch.cat([x, y], dim=0)\n",
    ],
)
def test_boxes_losses_and_joined_samples_are_no_skips(method: str) -> None:
    """What a detector does with boxes, terms of a loss, and a concatenation along the samples."""
    net = NET.format("pass", f"return self.down(x)\n    {method}net = UNet()\n")
    assert skips(net) == ({}, True)


@pytest.mark.parametrize(
    "method",
    [
        "def _merge(self, x):\n        y = F.relu(x)\n        return x + y\n",
        "def helper(self, x):\n        y = F.relu(x)\n        return torch.cat([x, y], dim=1)\n",
        "def fuse(self, b):\n        return b[:, 1] + F.relu(b[:, 1])\n",
    ],
)
def test_helpers_of_a_forward_pass_still_show_skips(method: str) -> None:
    """A sum or concatenation in a helper is a skip where it moves no boxes and scores nothing."""
    net = NET.format("pass", f"return self.down(x)\n    {method}net = UNet()\n")
    assert skips(net)[0] or not skips(net)[1]
