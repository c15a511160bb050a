"""The census of building blocks: found by what operations do, whatever the classes are called."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402, TID253
from torch.nn import functional as F  # noqa: E402, N812, TID253

from netgain.analysis.graph import census  # noqa: E402
from netgain.lab.blocks import build  # noqa: E402
from netgain.plan import Settings  # noqa: E402
from netgain.recorder.trace import trace  # noqa: E402
from netgain.study import Source  # noqa: E402

pytestmark = pytest.mark.torch


def blocks_of(model, *shape):
    """Return {(kind, name): number of places} of a model at an input shape."""
    found = census(trace(model, (torch.zeros(2, *shape),)).nodes, source=Source(path="graph.json"))
    return {(c.kind, c.name): len(c.where) for c in found}


def lab_blocks(**settings):
    """Return the census of a lab model."""
    return blocks_of(build(Settings(**settings), channels=1, classes=10, flat=True), 1, 1, 40)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("relu", "relu"),
        ("silu", "silu"),
        ("gelu", "gelu"),
        ("leaky_relu", "leaky_relu"),
        ("prelu", "prelu"),
        ("tanh-silu", "silu"),
    ],
)
def test_activations_are_told_apart(name, found):
    """Each activation of the lab is counted once a block under its canonical name and no other."""
    activations = {k: n for k, n in lab_blocks(activation=name).items() if k[0] == "activation"}
    assert activations == {("activation", found): 3}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("batch", "batch-norm"),
        ("group", "group-norm"),
        ("layer", "layer-norm"),
        ("instance", "instance-norm"),
    ],
)
def test_normalizations_are_told_apart(name, found):
    """Each norm of the lab is found, instance norm in spite of running as a batch norm."""
    norms = {k: n for k, n in lab_blocks(normalization=name).items() if k[0] == "normalization"}
    assert norms == {("normalization", found): 3}


@pytest.mark.parametrize("name", ["squeeze-excite", "efficient-channel"])
def test_channel_attention_is_found_and_hides_its_parts(name):
    """Attention is found in each block, and its own ReLU is not counted among the activations."""
    found = lab_blocks(attention=name)
    assert found["attention", name] == 3
    assert found["activation", "relu"] == 3
    assert ("activation", "sigmoid") not in found


def test_squeeze_excite_under_another_name_is_found():
    """Pool, linear, activation, linear, hard sigmoid, multiply is squeeze-excite by any other name."""

    class MagicGate(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 2), nn.Linear(2, 8)

        def forward(self, x):
            pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
            return F.hardsigmoid(self.b(F.gelu(self.a(pooled))))[:, :, None, None] * x

    assert blocks_of(MagicGate(), 8, 4, 4) == {("attention", "squeeze-excite"): 1}


def test_spatial_attention_is_not_squeeze_excite():
    """A map of weights over positions, from channel mean and maximum, is spatial attention."""

    class Spatial(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Conv2d(2, 1, 3, padding=1)

        def forward(self, x):
            summary = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
            return x * torch.sigmoid(self.mix(summary))

    assert blocks_of(Spatial(), 8, 4, 4)["attention", "spatial-attention"] == 1


def test_dot_product_attention_is_found():
    """An encoder layer has one dot-product attention, two layer norms and two residual skips."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    found = blocks_of(layer, 5, 8)
    assert found["attention", "scaled-dot-product"] == 1
    assert found["normalization", "layer-norm"] == 2
    assert found["skip", "residual-skip"] == 2


def test_swish_written_out_is_silu():
    """X * sigmoid(x) is SiLU, and no gate and no attention."""

    class Swish(nn.Module):
        def forward(self, x):
            return x * torch.sigmoid(x)

    assert blocks_of(Swish(), 4) == {("activation", "silu"): 1}


def test_gated_linear_unit_is_not_silu():
    """A * sigmoid(b) of two different projections is not SiLU."""

    class Unit(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.a(x) * torch.sigmoid(self.b(x))

    assert ("activation", "silu") not in blocks_of(Unit(), 4)


def test_norm_written_out_is_found():
    """A root-mean-square norm written as pow, mean and rsqrt is an RMS norm."""

    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))

        def forward(self, x):
            return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)

    assert blocks_of(Written(), 4) == {("normalization", "rms-norm"): 1}


def test_gates_are_found_with_their_parameter():
    """A zero-initialised scalar on an added branch is a gate, named by its parameter."""
    model = build(Settings(gates=2), channels=1, classes=10, flat=True)
    nodes = trace(model, (torch.zeros(2, 1, 1, 40),)).nodes
    gates = [c for c in census(nodes, source=Source(path="g")) if c.kind == "gate"]
    assert [(c.name, c.where) for c in gates] == [
        ("scalar-gate", ("blocks.0.gates.0.beta", "blocks.1.gates.0.beta"))
    ]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"resampling": "strided-convolution"}, {("resampling", "strided-convolution"): 3}),
        ({"resampling": "max-pool"}, {("resampling", "max-pool"): 3}),
        ({"resampling": "average-pool"}, {("resampling", "average-pool"): 3}),
        ({"strided_blocks": 0}, {}),
    ],
)
def test_resampling_is_found(settings, found):
    """Strides and pools are told apart; the global mean is no resampling."""
    seen = {k: n for k, n in lab_blocks(**settings).items() if k[0] == "resampling"}
    assert seen == found


def test_upsampling_is_found():
    """Interpolation, transposed convolution and pixel shuffle are three kinds of resampling."""
    model = nn.Sequential(
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(4, 4, 2, stride=2), nn.PixelShuffle(2)
    )
    assert blocks_of(model, 4, 4, 4) == {
        ("resampling", "interpolation"): 1,
        ("resampling", "transposed-convolution"): 1,
        ("resampling", "pixel-shuffle"): 1,
    }


@pytest.mark.parametrize(
    ("skips", "found"),
    [
        ("none", {}),
        ("residual", {("skip", "residual-skip"): 2}),
        ("dense", {("skip", "concat-skip"): 2}),
    ],
)
def test_skips_are_found(skips, found):
    """Sums and concatenations that bypass a block are skips; a plain stack has none."""
    assert {k: n for k, n in lab_blocks(skips=skips).items() if k[0] == "skip"} == found


def test_parallel_linear_branches_are_no_skip():
    """Two summed convolutions of one input, which fuse into one, bypass nothing."""
    assert not [k for k in lab_blocks(branches=2) if k[0] == "skip"]


def test_projected_shortcut_is_a_skip():
    """A residual whose shortcut is a 1 x 1 convolution is a skip all the same."""

    class Down(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
            self.short = nn.Conv2d(4, 8, 1)

        def forward(self, x):
            return self.b(F.relu(self.a(x))) + self.short(x)

    assert blocks_of(Down(), 4, 6, 6)["skip", "residual-skip"] == 1
