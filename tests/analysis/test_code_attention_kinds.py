"""Kinds of attention told apart, in the ways public code writes them, and what only looks like one."""

import pytest

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

NET = (
    "class Net(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.stem = nn.Conv2d(3, c, 3)\n        {init}\n    def forward(self, x):\n"
    "        x = self.stem(x)\n        {forward}\n        return x\n"
)


def kinds(text: str) -> dict[str, int]:
    """Return the attention blocks of one file, by kind."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is not None
    return {c.name: len(c.where) for c in profile.components if c.kind == "attention"}


def block(init: str, forward: str, arguments: str = "x") -> str:
    """Return a file with one block and a network that uses it."""
    lines = "".join(f"        {line}\n" for line in init.splitlines())
    passed = ", ".join("x" for _ in arguments.split(","))
    body = "".join(f"        {line}\n" for line in forward.splitlines())
    return (
        f"class Lens(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n{lines}"
        f"    def forward(self, {arguments}):\n{body}"
        + NET.format(init="self.lens = Lens(c)", forward=f"x = self.lens({passed})")
    )


FOUND = {
    "average and maximum of each channel": (
        block(
            "self.fc = nn.Sequential(nn.Conv2d(c, 8, 1), nn.ReLU(), nn.Conv2d(8, c, 1))",
            "a = self.fc(F.adaptive_avg_pool2d(x, 1)) + self.fc(F.adaptive_max_pool2d(x, 1))\n"
            "return x * torch.sigmoid(a)",
        ),
        {"channel-attention": 1},
    ),
    "map from a pool over channels": (
        block(
            "self.mix = nn.Conv2d(2, 1, 7, padding=3)",
            "m = torch.cat([x.mean(1, keepdim=True), x.amax(dim=1, keepdim=True)], 1)\n"
            "return x * self.mix(m).sigmoid()",
        ),
        {"spatial-attention": 1},
    ),
    "both halves in one class": (
        block(
            "self.fc, self.mix = nn.Conv2d(c, c, 1), nn.Conv2d(1, 1, 7)",
            "x = x * self.fc(F.adaptive_avg_pool2d(x, 1)).sigmoid()\n"
            "return x * self.mix(torch.mean(x, dim=1, keepdim=True)).sigmoid()",
        ),
        {"spatial-attention": 1, "squeeze-excite": 1},
    ),
    "pools of several sizes": (
        block(
            "self.fine, self.mix = nn.AdaptiveAvgPool2d((3, 3)), nn.Conv2d(c, c, 1)",
            "y = self.mix(self.fine(x)).sigmoid()\nreturn F.interpolate(y, x.shape[-2:]).mul(x)",
        ),
        {"pooled-attention": 1},
    ),
    "rows and columns": (
        block(
            "self.rows = nn.AdaptiveAvgPool2d((None, 1))\nself.mix = nn.Conv2d(c, c, 1)",
            "return torch.sigmoid(self.mix(self.rows(x))) * x",
        ),
        {"coordinate-attention": 1},
    ),
    "gate of a U-Net": (
        block(
            "self.g, self.l = nn.Conv2d(c, 8, 1), nn.Conv2d(c, 8, 1)\n"
            "self.psi = nn.Sequential(nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Sigmoid())",
            "a = self.psi(self.g(gate) + self.l(skip))\nreturn skip * a",
            "gate, skip",
        ),
        {"attention-gate": 1},
    ),
    "gate in place": (
        block("self.mix = nn.Conv2d(c, c, 1)", "a = F.sigmoid(self.mix(x))\nx *= a\nreturn x"),
        {"attention-gate": 1},
    ),
    "softmax of a product": (
        block(
            "self.q, self.k, self.v = nn.Conv1d(c, 8, 1), nn.Conv1d(c, 8, 1), nn.Conv1d(c, c, 1)",
            "w = F.softmax(self.q(x).transpose(1, 2) @ self.k(x), dim=-1)\n"
            "return x + torch.bmm(self.v(x), w)",
        ),
        {"dot-product-attention": 1},
    ),
    "map that a class returns": (
        "class Where(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.mix = nn.Conv2d(1, 1, 5)\n        self.bound = nn.Sigmoid()\n"
        "    def forward(self, x):\n        return self.bound(self.mix(torch.max(x, 1, keepdim=True)[0]))\n"
        + NET.format(init="self.where = Where()", forward="x = self.where(x) * x"),
        {"spatial-attention": 1},
    ),
    "squeeze of a functional model": (
        "def excite(x, c):\n"
        "    s = GlobalAveragePooling2D()(x)\n    s = Dense(c // 8, activation='relu')(s)\n"
        "    s = Dense(c, activation='sigmoid')(s)\n    return Multiply()([x, Reshape((1, 1, c))(s)])\n"
        "def net():\n    i = Input((32, 32, 3))\n"
        "    return Model(i, excite(Conv2D(8, 3)(i), 8))\nm = net()\n",
        {"squeeze-excite": 1},
    ),
    "gate of a functional model": (
        "def focus(up, skip):\n"
        "    a = layers.Activation('relu')(layers.add([layers.Conv2D(8, 1)(up), skip]))\n"
        "    a = layers.Conv2D(1, 1, activation='sigmoid')(a)\n    return layers.multiply([skip, a])\n"
        "def net():\n    i = Input((32, 32, 3))\n    return Model(i, focus(i, i))\nm = net()\n",
        {"attention-gate": 1},
    ),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND)
def test_each_kind_has_its_name(text: str, expected: dict[str, int]) -> None:
    """What is pooled, and over what, decides the kind; the name of the class does not."""
    assert kinds(text) == expected


NONE = {
    "two convolutions multiplied": block(
        "self.a, self.b = nn.Conv2d(c, c, 1), nn.Conv2d(c, c, 1)",
        "return self.a(x) * torch.sigmoid(self.b(x))",
    ),
    "activation with its own sigmoid": block(
        "self.mix = nn.Conv2d(c, c, 1)", "x = self.mix(x)\nreturn x * torch.sigmoid(x)"
    ),
    "recurrent unit": block(
        "self.z, self.n = nn.Conv2d(c, c, 3), nn.Conv2d(c, c, 3)",
        "z = torch.sigmoid(self.z(h + x))\nreturn (1 - z) * h + z * self.n(x)",
        "h, x",
    ),
    "cell with a state": block(
        "self.mix = nn.Conv2d(c, 4 * c, 3)",
        "h, c = state\ni, f, o, g = self.mix(torch.cat([x, h], 1)).chunk(4, 1)\n"
        "c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)\n"
        "return torch.sigmoid(o) * torch.tanh(c)",
        "state, x",
    ),
    "softmax of one product": block(
        "self.key = nn.Linear(c, c)", "return F.softmax(x @ self.key(x).T, dim=-1)"
    ),
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_a_product_with_something_else_is_no_attention(text: str) -> None:
    """Gated convolutions, activations and recurrent units scale by no gate of the value itself."""
    assert kinds(text) == {}


def test_a_class_called_attention_that_shows_none_leaves_the_kind_open() -> None:
    """What is named as attention and is written in no known way may be one."""
    text = block("self.mix = nn.Conv2d(c, c, 1)", "return strange(self.mix(x))")
    profile = code_census(
        CodeTree(root=".", files=(SourceFile(path="m.py", text=text.replace("Lens", "AttnX")),))
    )
    assert profile is not None
    assert "attention" not in profile.observed_kinds
