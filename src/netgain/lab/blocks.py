"""The lab's one model family: convolution blocks with every structural switch by name.

Signals are images of height 1, so one block serves both: shapes are [n, channels, height, width], kernels
[1, k] for signals and [k, k] for images.

Ideas, the method a plan's claim is about:

- `none`: nothing.
- `channel-shuffle`: a fixed random permutation of the channels after each block. The weights that follow
  are drawn independently, so the distribution over trained models is the same: the null idea.
- `orthogonal-update`: the kernels' momentum is made orthogonal before each step, see
  `netgain.lab.train.OrthogonalUpdate`. The model itself is unchanged: the real idea.
"""

from __future__ import annotations

from collections.abc import Callable

import torch  # noqa: TID253 - the lab's model
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional as F  # noqa: N812, TID253

from netgain.errors import UsageError
from netgain.plan import Settings


class TanhSilu(nn.Module):
    """SiLU under another formula: x * (1 + tanh(x / 2)) / 2."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, same shape."""
        return x * (1 + torch.tanh(x / 2)) / 2


class SqueezeExcite(nn.Module):
    """Channel attention of Hu et al. 2018, reduction 4."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, max(1, channels // 4), 1)
        self.expand = nn.Conv2d(max(1, channels // 4), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of x [n, c, h, w]."""
        weight = F.relu(self.reduce(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.expand(weight))


class EfficientChannel(nn.Module):
    """Channel attention by a 1-D convolution over channels, Wang et al. 2020, kernel 3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(1, 1, min(3, channels), padding="same", bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of x [n, c, h, w]."""
        weight = torch.sigmoid(self.mix(x.mean((2, 3))[:, None]))
        return x * weight[:, 0, :, None, None]


class LayerNorm(nn.Module):
    """Normalise over channels at each position, as in ConvNeXt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x [n, c, h, w]."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GatedBranch(nn.Module):
    """A pointwise branch added through a scalar that starts at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return x + beta * branch(x)."""
        return x + self.beta * torch.tanh(self.branch(x))


class ChannelShuffle(nn.Module):
    """A fixed random permutation of the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.order: Tensor
        self.register_buffer("order", torch.randperm(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Permute the channels of x [n, c, h, w]."""
        return x[:, self.order]


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "tanh-silu": TanhSilu,
}
ATTENTIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda _: nn.Identity(),
    "squeeze-excite": SqueezeExcite,
    "efficient-channel": EfficientChannel,
}
NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "group": lambda channels: nn.GroupNorm(4 if channels % 4 == 0 else 1, channels),
    "layer": LayerNorm,
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "none": lambda _: nn.Identity(),
}
RESAMPLINGS: dict[str, Callable[[tuple[int, int]], nn.Module]] = {
    "strided-convolution": lambda _: nn.Identity(),
    "max-pool": lambda size: nn.MaxPool2d(size, ceil_mode=True),
    "average-pool": lambda size: nn.AvgPool2d(size, ceil_mode=True),
}
SKIPS = ("none", "residual", "dense")
IDEAS = ("none", "channel-shuffle", "orthogonal-update")
SWITCHES: dict[str, tuple[str, ...]] = {
    "activation": tuple(ACTIVATIONS),
    "attention": tuple(ATTENTIONS),
    "normalization": tuple(NORMALIZATIONS),
    "resampling": tuple(RESAMPLINGS),
    "skips": SKIPS,
    "idea": IDEAS,
}
"""Structural settings and the names each accepts."""


class Block(nn.Module):
    """Convolution, normalisation, activation, and whatever the settings switch on."""

    def __init__(self, settings: Settings, index: int, channels: int, *, flat: bool) -> None:
        """Build block `index` for `channels` inputs; `flat` for signals (kernel height 1)."""
        super().__init__()
        width, k = settings.width, settings.kernel_size
        halve = index < settings.strided_blocks
        strided = halve and settings.resampling == "strided-convolution"
        half = (1, 2) if flat else (2, 2)

        def convolution(size: int) -> nn.Module:
            reach = size // 2
            return nn.Conv2d(
                channels,
                width,
                (1, size) if flat else (size, size),
                stride=half if strided else 1,
                padding=(0, reach) if flat else reach,
                bias=settings.normalization == "none",
            )

        self.convolutions = nn.ModuleList(
            convolution(k if i == 0 else 1) for i in range(settings.branches)
        )
        self.norms = nn.ModuleList(
            NORMALIZATIONS[settings.normalization](width) for _ in range(settings.branches)
        )
        self.activation = ACTIVATIONS[settings.activation]()
        self.attention = ATTENTIONS[settings.attention](width)
        self.resample = RESAMPLINGS[settings.resampling](half) if halve else nn.Identity()
        gates = len(range(index, settings.gates, settings.depth))
        self.gates = nn.Sequential(*(GatedBranch(width) for _ in range(gates)))
        self.skip = settings.skips if index > 0 else "none"
        self.shortcut = nn.AvgPool2d(half, ceil_mode=True) if halve else nn.Identity()
        self.idea = ChannelShuffle(width) if settings.idea == "channel-shuffle" else nn.Identity()
        self.channels = width + (channels if self.skip == "dense" else 0)

    def forward(self, x: Tensor) -> Tensor:
        """Map x [n, channels, h, w] to [n, self.channels, h', w']."""
        pairs = list(zip(self.convolutions, self.norms, strict=True))
        y = pairs[0][1](pairs[0][0](x))
        for convolution, norm in pairs[1:]:
            y = y + norm(convolution(x))
        y = self.gates(self.attention(self.activation(y)))
        y = self.idea(self.resample(y))
        if self.skip == "residual":
            y = y + self.shortcut(x)
        elif self.skip == "dense":
            y = torch.cat([y, self.shortcut(x)], dim=1)
        return y


class Network(nn.Module):
    """Blocks, mean over positions, linear classifier."""

    def __init__(self, settings: Settings, *, channels: int, classes: int, flat: bool) -> None:
        """Build the model for inputs of `channels` channels; weights from torch's current seed."""
        super().__init__()
        blocks = []
        for index in range(settings.depth):
            block = Block(settings, index, channels, flat=flat)
            blocks.append(block)
            channels = block.channels
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [n, classes] for x [n, channels, h, w]."""
        return self.classifier(self.blocks(x).mean((2, 3)))


def build(settings: Settings, *, channels: int, classes: int, flat: bool) -> Network:
    """Return an untrained model.

    Raises:
        UsageError: a structural switch has a name that does not exist here.
    """
    for switch, names in SWITCHES.items():
        if getattr(settings, switch) not in names:
            raise UsageError(
                f"{switch}={getattr(settings, switch)!r} does not exist; known: {', '.join(names)}"
            )
    return Network(settings, channels=channels, classes=classes, flat=flat)
