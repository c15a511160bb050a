"""Parallel linear branches in recorded graphs, with weights counted by hand."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402, TID253

from netgain.analysis.graph_branches import fusable_branches  # noqa: E402
from netgain.lab.blocks import build  # noqa: E402
from netgain.plan import Settings  # noqa: E402
from netgain.recorder.trace import trace  # noqa: E402

pytestmark = pytest.mark.torch


def found(model, *shape):
    """Return places and weights of a model's branches."""
    branches = fusable_branches(trace(model, (torch.randn(2, *shape),)).nodes)
    return branches.where, branches.parameters


def lab(**settings):
    """Build the lab's model."""
    return build(Settings(width=16, **settings), channels=1, classes=10, flat=True)


class RepVGG(nn.Module):
    """The block of Ding et al. 2021: 3 x 3, 1 x 1 and identity, each with a batch norm."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.point = nn.Conv2d(8, 8, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(3))

    def forward(self, x):
        """Sum the branches."""
        y = self.norms[0](self.wide(x)) + self.norms[1](self.point(x)) + self.norms[2](x)
        return torch.relu(y)


class Downsampling(nn.Module):
    """A residual block with a projected shortcut."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.short = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        """Add the shortcut."""
        return self.b(torch.relu(self.a(x))) + self.short(x)


class Adapter(nn.Module):
    """A low-rank adapter beside a linear map (Hu et al. 2022)."""

    def __init__(self):
        super().__init__()
        self.full = nn.Linear(64, 64)
        self.down, self.up = nn.Linear(64, 2, bias=False), nn.Linear(2, 64, bias=False)

    def forward(self, x):
        """Add the adapter."""
        return self.full(x) + self.up(self.down(x))


def test_branches_of_a_repvgg_block_are_counted_by_hand():
    """The largest of the three stays, and the 1 x 1 kernel of 8 x 8 weights fuses away."""
    assert found(nn.Sequential(RepVGG(), RepVGG()), 8, 6, 6) == (("0", "1"), 2 * 64)


def test_sums_of_three_are_taken_whole():
    """Two point convolutions beside the first, in blocks of 1 and 16 input channels."""
    weights = 2 * (16 * 1 + 16 * 16 + 16 * 16)
    assert found(lab(branches=3), 1, 1, 40) == (("blocks.0", "blocks.1", "blocks.2"), weights)


def test_low_rank_adapter_counts_its_two_maps():
    """64 x 2 down and 2 x 64 up."""
    assert found(Adapter(), 64)[1] == 256


@pytest.mark.parametrize(
    "model",
    [
        lab(),
        lab(skips="residual"),
        lab(skips="dense"),
        lab(gates=2),
        lab(attention="squeeze-excite"),
        lab(branches=3, normalization="layer"),
        Downsampling(),
    ],
    ids=["plain", "residual", "dense", "gates", "attention", "other norms", "projected shortcut"],
)
def test_what_does_not_fuse_is_no_branch(model):
    """Skips, gates, attention and branches through norms that depend on the sample."""
    shape = (8, 6, 6) if isinstance(model, Downsampling) else (1, 1, 40)
    assert found(model, *shape) == ((), 0)
