"""Gates by a squeeze of the features: classes, functions and builders, and what only looks like one."""

import pytest

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

NET = (
    "class Net(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, c, 3)\n{init}    def forward(self, x):\n        x = self.conv(x)\n"
    "{forward}        return x\n"
)


def gates(text: str) -> dict[str, int]:
    """Return the attention blocks of one file, with how often each is built."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is not None
    return {c.name: len(c.where) for c in profile.components if c.kind == "attention"}


def net(forward: str, init: str = "") -> str:
    """Return a network with a few statements of its own."""
    return NET.format(
        init=init and f"        {init}\n",
        forward="".join(f"        {line}\n" for line in forward.splitlines()),
    )


BUILT = (
    "def hue(c):\n    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // 12, 1), nn.ReLU(),\n"
    "                         nn.Conv2d(c // 12, c, 1), nn.Sigmoid())\n"
)
GATE = (
    "class Ear(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.pool = nn.AdaptiveAvgPool2d(1)\n        self.fc = nn.Conv2d(c, c, 1)\n"
    "    def forward(self, x):\n        return self.fc(self.pool(x)).sigmoid()\n"
)
FUNCTION = "def prior(h, a, b):\n{}" + net("x = prior(x, self.a, self.b)")
FOUND = {
    "class of its own": "class Topic(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.read, self.write = nn.Linear(c, 8), nn.Linear(8, c)\n    def forward(self, h):\n"
    "        t = self.write(F.relu(self.read(h.mean(dim=2))))\n        return h * t.sigmoid()[:, :, None]\n"
    + net("x = self.t(x)", "self.t = Topic(c)"),
    "builder": BUILT + net("x = x * self.hue(x)", "self.hue = hue(c)"),
    "builder where asked for": BUILT
    + net("if self.hue:\n    x = x * self.hue(x)", "self.hue = hue(c) if on else None"),
    "builder, its value kept": BUILT
    + net("g = self.hue(x)\nx = torch.mul(x, g)", "self.hue = hue(c)"),
    "class that returns the gate": GATE + net("x = self.ear(x) * x", "self.ear = Ear(c)"),
    "class that returns the gate, in place": GATE + net("x *= self.ear(x)", "self.ear = Ear(c)"),
    "plain function": FUNCTION.format(
        "    s = h.mean((2, 3))\n    s = torch.sigmoid(F.linear(F.relu(F.linear(s, a)), b))\n"
        "    return h * s[:, :, None, None]\n"
    ),
    "plain function with products": FUNCTION.format(
        "    s = torch.einsum('bchw->bc', h) / h[0, 0].numel()\n    s = torch.relu(s @ a) @ b\n"
        "    return torch.einsum('bchw,bc->bchw', h, torch.special.expit(s))\n"
    ),
    "logistic written out": FUNCTION.format(
        "    s = h.mean(axis=-1)\n    s = np.maximum(s @ a, 0) @ b\n    s = 1 / (1 + np.exp(-s))\n"
        "    return h * s[:, :, None]\n"
    ),
    "bound by tanh": FUNCTION.format(
        "    s = b(F.relu(a(h.mean(dim=2))))\n    h *= 1 + torch.tanh(s).unsqueeze(-1)\n    return h\n"
    ),
    "softplus": FUNCTION.format(
        "    s = F.adaptive_avg_pool1d(h, 1).squeeze(-1)\n    s = F.softplus(b(a(s)))\n"
        "    return h.mul(s.unsqueeze(-1))\n"
    ),
    "method of the network": NET.format(
        init="        self.a, self.b = nn.Linear(c, 8), nn.Linear(8, c)\n"
        "    def tint(self, h):\n        s = self.b(self.a(h.mean((2, 3))))\n"
        "        return h * s.sigmoid()[..., None, None]\n",
        forward="        x = self.tint(x)\n",
    ),
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_a_gate_is_found_however_it_is_written(text: str) -> None:
    """Squeeze, mix, bound, multiply: one attention block, whatever it is called."""
    assert gates(text) == {"squeeze-excite": 1}


def test_one_convolution_over_channels_is_named_as_that() -> None:
    """A gate with a single one-dimensional convolution is the efficient form."""
    text = (
        "def gain(span):\n    return nn.Sequential(nn.AdaptiveAvgPool1d(1), Flip(),\n"
        "                         nn.Conv1d(1, 1, span), nn.Sigmoid())\n"
        + net("x = x * self.gain(x)", "self.gain = gain(5)")
    )
    assert gates(text) == {"efficient-channel-attention": 1}


NONE = {
    "builder nobody multiplies by": BUILT + net("y = self.hue(x)", "self.hue = hue(c)"),
    "builder nobody calls": BUILT + net("x = x * 2"),
    "function nobody calls": "def prior(h, a):\n    return h * (h.mean(2) @ a).sigmoid()[:, :, None]\n"
    + net("x = x * 2"),
    "mean over the batch": FUNCTION.format("    return h * (h.mean(0) @ a).sigmoid()\n"),
    "mean over everything": FUNCTION.format("    return h * (a * h.mean()).sigmoid()\n"),
    "no mixing": FUNCTION.format("    return h * h.mean((2, 3), keepdim=True).sigmoid()\n"),
    "no bound": FUNCTION.format("    return h * (h.mean(2) @ a)[:, :, None]\n"),
    "gate without a squeeze": FUNCTION.format("    return h * torch.sigmoid(h @ a)\n"),
    "score times a mask": FUNCTION.format("    p = torch.sigmoid(h.mean(1) @ a)\n    return p * b\n"),
    "correlation loss": FUNCTION.format(
        "    h = (h - h.mean(1)) / h.std(1)\n    c = h.t() @ h\n    return (c * c).mean()\n"
    ),
    "update gate": FUNCTION.format(
        "    m = h.mean(1)\n    z = torch.sigmoid(m @ a)\n    return (1 - z) * h + z * torch.tanh(m @ b)\n"
    ),
    "reparametrised sample": FUNCTION.format(
        "    m = h.mean(2)\n    s = F.softplus(m @ b)\n    return m @ a + s * torch.randn_like(s)\n"
    ),
    "classifier": net("x = torch.sigmoid(self.fc(x.mean((2, 3))))", "self.fc = nn.Linear(c, 1)"),
}  # fmt: skip


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_what_lacks_a_part_of_a_gate_is_no_attention(text: str) -> None:
    """Without squeeze, mixing, bound, product or a caller nothing is added to the features."""
    assert gates(text) == {}


def test_a_product_of_a_thousand_factors_ends_no_search() -> None:
    """Expressions nested deeper than any gate are passed over."""
    text = FUNCTION.format("    return " + " * ".join(["h"] * 900) + "\n")
    assert gates(text) == {}
