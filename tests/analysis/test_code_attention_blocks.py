"""Attention blocks apart from the backbone: their activations and sums are their own."""

from __future__ import annotations

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

SQUEEZE = """
class SELayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(c, 4), nn.ReLU(), nn.Linear(4, c), nn.Sigmoid())
    def forward(self, x):
        y = self.fc(self.pool(x).flatten(1))
        return x * y[:, :, None, None]
"""
GATE = """
class AttentionBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.wg = nn.Conv2d(c, c, 1)
        self.wx = nn.Conv2d(c, c, 1)
        self.psi = nn.Sequential(nn.Conv2d(c, 1, 1), nn.Sigmoid())
    def forward(self, g, x):
        psi = F.relu(self.wg(g) + self.wx(x))
        return x * self.psi(psi)
"""
NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)
        self.second = nn.Conv2d(8, 8, 3)
        self.act = nn.GELU()
        self.block = {block}(8)
    def forward(self, x):
        a = self.act(self.first(x))
        b = self.act(self.second(a))
        return self.block({given})
"""
INLINE = """
class SEBottleneck(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(c, c, 3), nn.Conv2d(c, c, 3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Conv2d(c, 4, 1), nn.Conv2d(4, c, 1), nn.Sigmoid())
        self.relu = nn.ReLU()
    def forward(self, x):
        y = self.conv2(self.relu(self.conv1(x)))
        return x + y * self.fc(self.pool(y))
"""


def _found(text: str) -> set[tuple[str, str]]:
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=text),)))
    assert profile is not None
    return {(c.kind, c.name) for c in profile.components}


def test_the_activation_of_a_squeeze_is_none_of_the_backbone() -> None:
    """The ReLU between the two layers of the gate belongs to the gate; the GELU of the network stays."""
    found = _found(SQUEEZE + NET.format(block="SELayer", given="b"))
    assert ("attention", "squeeze-excite") in found
    assert {name for kind, name in found if kind == "activation"} == {"gelu"}


def test_the_sum_that_feeds_a_gate_is_no_skip() -> None:
    """Two branches are added to make a gate, and neither is what the gate was given itself."""
    found = _found(GATE + NET.format(block="AttentionBlock", given="b, a"))
    assert "attention" in {kind for kind, _ in found}
    assert "skip" not in {kind for kind, _ in found}


def test_a_gate_that_adds_its_input_again_is_a_skip() -> None:
    """`x + x * gate` keeps the input beside the gated one."""
    found = _found(
        SQUEEZE.replace("return x *", "return x + x *") + NET.format(block="SELayer", given="b")
    )
    assert ("skip", "residual-skip") in found


def test_a_block_of_the_backbone_with_a_gate_in_it_keeps_its_activation() -> None:
    """Its convolutions and its ReLU are the network's, and so is its shortcut."""
    found = _found(INLINE + NET.format(block="SEBottleneck", given="b"))
    assert {("activation", "relu"), ("skip", "residual-skip")} <= found
