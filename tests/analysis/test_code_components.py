"""Building blocks in model code, by pattern."""

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"


def census(text: str) -> dict[tuple[str, str], int]:
    """Return occurrences by (kind, name)."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    assert profile is not None
    return {(c.kind, c.name): len(c.where) for c in profile.components}


def observed(text: str) -> tuple[str, ...]:
    """Return the kinds whose absence means something."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    return profile.observed_kinds if profile else ()


NET = "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"


def test_hand_written_swish_is_silu() -> None:
    """`x * x.sigmoid()` is SiLU whatever it is called."""
    assert census(NET.format("x * x.sigmoid()")) == {("activation", "silu"): 1}


def test_gate_inside_a_block_is_no_activation() -> None:
    """The sigmoid of a squeeze-excite block is part of the gate, and the block is one attention."""
    text = (
        "class Q(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, 4, 1), nn.ReLU(),\n"
        "                                 nn.Conv2d(4, c, 1), nn.Sigmoid())\n"
        "    def forward(self, x):\n        return x * self.net(x)\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.q = Q(8)\n"
        "    def forward(self, x):\n        return F.gelu(self.q(x))\n"
    )
    found = census(text)
    assert found[("attention", "squeeze-excite")] == 1
    assert ("activation", "silu") not in found


def test_attention_class_nobody_builds_is_not_counted() -> None:
    """A block that is defined and never used is no part of the model."""
    text = (
        "class Gate(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.fc = nn.Linear(c, c)\n    def forward(self, x):\n"
        "        return x * torch.sigmoid(self.fc(x.mean(dim=2)))\n" + NET.format("F.relu(x)")
    )
    assert census(text) == {("activation", "relu"): 1}


def test_a_classifier_with_pooling_is_no_attention() -> None:
    """Pool, linear and a final sigmoid without a multiplication are a classifier head."""
    text = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n        self.fc = nn.Linear(8, 1)\n"
        "    def forward(self, x):\n        scale = 2 * x\n"
        "        return torch.sigmoid(self.fc(self.pool(scale).flatten(1)))\n"
    )
    assert ("attention", "squeeze-excite") not in census(text)


def test_activation_held_in_a_variable_makes_absence_unknown() -> None:
    """`act_layer=` and `getattr(nn, name)` leave the activations of the model open."""
    dynamic = "class Net(nn.Module):\n    def __init__(self, act_layer=nn.ReLU):\n        self.a = act_layer()\n    def forward(self, x):\n        return self.a(x)\n"
    assert observed(dynamic) == ("attention",)
    assert observed(NET.format("F.relu(x)")) == ("activation", "attention")


def test_model_from_another_package_makes_everything_unknown() -> None:
    """A model built by timm is not in the tree, so nothing about it is observed."""
    assert observed("import timm\nm = timm.create_model('resnet50')\n" + NET.format("x")) == ()
