"""Models of flax: layers by function, and what fields hand them."""

from __future__ import annotations

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

HEAD = (
    "from typing import Any, Callable\nimport jax\nfrom flax import linen as nn\nModuleDef = Any\n"
)
POOLED = """\
class Pooled(nn.Module):
    classes: int = 10
    @nn.compact
    def __call__(self, x, train=True):
        for width in (64, 128):
            x = nn.Conv(width, (3, 3))(x)
            x = nn.BatchNorm(use_running_average=not train)(x)
            x = nn.relu(x)
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        return nn.Dense(self.classes)(x.mean((1, 2)))
model = Pooled()
"""
BLOCK = """\
class Block(nn.Module):
    width: int
    strides: {default}
    @nn.compact
    def __call__(self, x):
        y = nn.relu(nn.Conv(self.width, (3, 3), strides=(self.strides, self.strides))(x))
        return x + y
class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Block(128, {given})(Block(64)(x))
model = Net()
"""


def _census(text: str) -> tuple[set[str], tuple[str, ...]]:
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),))
    profile = code_census(tree)
    assert profile is not None
    return {c.name for c in profile.components}, profile.observed_kinds


def test_pools_by_function_are_no_graph_of_older_code() -> None:
    """`nn.max_pool` of flax is a pool, and `nn` there is no module of TensorFlow."""
    names, observed = _census(POOLED)
    assert names == {"relu", "batch-norm", "max-pool"}
    assert {"resampling", "skip", "attention"} <= set(observed)


def test_a_stride_that_a_block_is_handed_is_one() -> None:
    """A field with one as its default, of a block that is made with two."""
    names, observed = _census(BLOCK.format(default="int = 1", given="strides=2"))
    assert "strided-convolution" in names
    assert "resampling" in observed


def test_a_stride_by_place_is_one() -> None:
    """The second field of a block is handed by its place."""
    assert "strided-convolution" in _census(BLOCK.format(default="int = 1", given="2"))[0]


def test_a_stride_under_a_condition_may_be_the_larger() -> None:
    """`(2, 2) if first else (1, 1)` is a stride of two somewhere."""
    text = BLOCK.format(default="Any = (1, 1)", given="strides=(2, 2) if first else (1, 1)")
    assert "strided-convolution" in _census(text)[0]


def test_a_stride_that_is_not_followed_leaves_resampling_open() -> None:
    """A field that a call gives a number of its own arithmetic."""
    names, observed = _census(BLOCK.format(default="int = 1", given="strides=2 ** stage"))
    assert "resampling" not in observed
    assert "strided-convolution" not in names


def test_layers_in_fields_leave_their_kind_open() -> None:
    """`norm: ModuleDef` and `act: Callable` are what whoever makes the model says."""
    text = (
        "class Net(nn.Module):\n    norm: ModuleDef\n    act: Callable = nn.relu\n    @nn.compact\n"
        "    def __call__(self, x):\n        return self.act(self.norm()(nn.Dense(8)(x)))\n"
        "model = Net(norm=nn.LayerNorm, act=nn.tanh)\n"
    )
    assert not {"activation", "normalization"} & set(_census(text)[1])


def test_fields_of_other_packages_are_no_layers() -> None:
    """A class of torch with an annotated constant is no data class of flax."""
    text = (
        "from torch import nn\nclass Net(nn.Module):\n    norm: float = 1.0\n"
        "    def forward(self, x):\n        return nn.functional.relu(x) / self.norm\nmodel = Net()\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="m.py", text=text),))
    profile = code_census(tree)
    assert profile is not None and "normalization" in profile.observed_kinds
