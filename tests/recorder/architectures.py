"""Twelve public architectures, written from their papers, with their published or hand-counted cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch  # noqa: TID253 - models to count
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional as F  # noqa: N812, TID253


def conv(  # noqa: PLR0917 - in the order in which papers write them
    a: int, b: int, k: int, s: int = 1, p: int | None = None, g: int = 1, act: bool = True
) -> nn.Sequential:
    """Return convolution, batch norm and ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(a, b, k, s, k // 2 if p is None else p, groups=g, bias=False),
        nn.BatchNorm2d(b),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if act else []))


class Residual(nn.Module):
    """Add a branch to its input, or to a projection of it."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.branch, self.shortcut = branch, shortcut or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return shortcut(x) + branch(x)."""
        return self.shortcut(x) + self.branch(x)


def head(channels: int, classes: int = 1000) -> nn.Sequential:
    """Return global mean and classifier."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def alexnet() -> nn.Module:
    """Krizhevsky 2014, one weird trick."""
    features = [
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    ]  # fmt: skip
    classifier = [
        nn.Flatten(),
        nn.Linear(9216, 4096),
        nn.ReLU(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, 1000),
    ]
    return nn.Sequential(*features, *classifier)


def vgg16() -> nn.Module:
    """Simonyan and Zisserman 2015, configuration D."""
    layers: list[nn.Module] = []
    channels = 3
    for size in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if size == 0:
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(channels, size, 3, padding=1), nn.ReLU()]
        channels = size
    classifier = [
        nn.Flatten(),
        nn.Linear(25088, 4096),
        nn.ReLU(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, 1000),
    ]
    return nn.Sequential(*layers, *classifier)


def resnet(depths: tuple[int, ...], bottleneck: bool) -> nn.Module:
    """He et al. 2016, stride in the 3 x 3 convolution of a bottleneck."""
    layers: list[nn.Module] = [conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, depth in enumerate(depths):
        width = 64 * 2**stage
        out = width * (4 if bottleneck else 1)
        for i in range(depth):
            s = 2 if stage > 0 and i == 0 else 1
            branch = (
                nn.Sequential(
                    conv(channels, width, 1),
                    conv(width, width, 3, s),
                    conv(width, out, 1, act=False),
                )
                if bottleneck
                else nn.Sequential(conv(channels, width, 3, s), conv(width, width, 3, act=False))
            )
            short = conv(channels, out, 1, s, act=False) if s > 1 or channels != out else None
            layers += [Residual(branch, short), nn.ReLU()]
            channels = out
    return nn.Sequential(*layers, head(channels))


class Fire(nn.Module):
    """Iandola et al. 2016."""

    def __init__(self, a: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(a, squeeze, 1)
        self.one, self.three = (
            nn.Conv2d(squeeze, expand, 1),
            nn.Conv2d(squeeze, expand, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Squeeze, then expand by two kernels."""
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


def squeezenet() -> nn.Module:
    """SqueezeNet 1.1."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip


def mobilenet_v2() -> nn.Module:
    """Sandler et al. 2018."""
    layers: list[nn.Module] = [conv(3, 32, 3, 2)]
    a = 32
    for t, c, n, s in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for i in range(n):
            stride, wide = (s if i == 0 else 1), a * t
            parts = [conv(a, wide, 1)] if t > 1 else []
            branch = nn.Sequential(
                *parts, conv(wide, wide, 3, stride, g=wide), conv(wide, c, 1, act=False)
            )
            layers.append(Residual(branch) if stride == 1 and a == c else branch)
            a = c
    return nn.Sequential(*layers, conv(320, 1280, 1), head(1280))


class Dense(nn.Module):
    """One layer of Huang et al. 2017."""

    def __init__(self, a: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.BatchNorm2d(a),
            nn.ReLU(),
            conv(a, 128, 1),
            nn.Conv2d(128, 32, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Append 32 channels."""
        return torch.cat([x, self.layer(x)], 1)


def densenet121() -> nn.Module:
    """DenseNet-121, growth 32."""
    layers: list[nn.Module] = [conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
    a = 64
    for stage, depth in enumerate((6, 12, 24, 16)):
        for _ in range(depth):
            layers.append(Dense(a))
            a += 32
        if stage < 3:
            layers += [
                nn.BatchNorm2d(a),
                nn.ReLU(),
                nn.Conv2d(a, a // 2, 1, bias=False),
                nn.AvgPool2d(2),
            ]
            a //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(a), nn.ReLU(), head(a))


class SqueezeExcite(nn.Module):
    """Hu et al. 2018."""

    def __init__(self, a: int, squeezed: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(a, squeezed, 1), nn.Conv2d(squeezed, a, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels."""
        return x * torch.sigmoid(self.up(F.silu(self.down(x.mean((2, 3), keepdim=True)))))


def efficientnet_b0() -> nn.Module:
    """Tan and Le 2019."""
    layers: list[nn.Module] = [conv(3, 32, 3, 2)]
    a = 32
    for t, c, n, s, k in (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):
        for i in range(n):
            stride, wide = (s if i == 0 else 1), a * t
            parts = [conv(a, wide, 1)] if t > 1 else []
            branch = nn.Sequential(
                *parts,
                conv(wide, wide, k, stride, g=wide),
                SqueezeExcite(wide, a // 4),
                conv(wide, c, 1, act=False),
            )
            layers.append(Residual(branch) if stride == 1 and a == c else branch)
            a = c
    return nn.Sequential(*layers, conv(320, 1280, 1), head(1280))


class ChannelsLast(nn.Module):
    """Apply a module with channels in the last dimension."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        """Permute there and back."""
        return self.inner(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext_tiny() -> nn.Module:
    """Liu et al. 2022."""
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), ChannelsLast(nn.LayerNorm(96))]
    sizes = (96, 192, 384, 768)
    for stage, (a, depth) in enumerate(zip(sizes, (3, 3, 9, 3), strict=True)):
        for _ in range(depth):
            mlp = ChannelsLast(nn.LayerNorm(a), nn.Linear(a, 4 * a), nn.GELU(), nn.Linear(4 * a, a))
            layers.append(Residual(nn.Sequential(nn.Conv2d(a, a, 7, padding=3, groups=a), mlp)))
        if stage < 3:
            layers += [ChannelsLast(nn.LayerNorm(a)), nn.Conv2d(a, sizes[stage + 1], 2, 2)]
    return nn.Sequential(*layers, head(768))


class Attention(nn.Module):
    """Self-attention by torch's fused function, whose cost counters often miss."""

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Attend over x [n, length, width]."""
        n, length, width = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(n, length, width))


def transformer(width: int, depth: int, heads: int, causal: bool = False) -> list[nn.Module]:
    """Return pre-norm blocks."""
    return [
        Residual(nn.Sequential(nn.LayerNorm(width), part))
        for _ in range(depth)
        for part in (
            Attention(width, heads, causal),
            nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)),
        )
    ]


class Patches(nn.Module):
    """Cut an image into tokens."""

    def __init__(self, width: int, size: int, class_token: bool) -> None:
        super().__init__()
        self.project = nn.Conv2d(3, width, size, size)
        self.token = nn.Parameter(torch.zeros(1, 1, width)) if class_token else None

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens [n, length, width]."""
        x = self.project(x).flatten(2).transpose(1, 2)
        return x if self.token is None else torch.cat([self.token.expand(len(x), -1, -1), x], 1)


class First(nn.Module):
    """Take the first token, or the mean of all."""

    def __init__(self, mean: bool) -> None:
        super().__init__()
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        """Return [n, width]."""
        return x.mean(1) if self.mean else x[:, 0]


def vit_b16() -> nn.Module:
    """Dosovitskiy et al. 2021."""
    return nn.Sequential(
        Patches(768, 16, True),
        *transformer(768, 12, 12),
        nn.LayerNorm(768),
        First(False),
        nn.Linear(768, 1000),
    )


class Mixing(nn.Module):
    """Mix tokens by a perceptron over the length."""

    def __init__(self, length: int, hidden: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(length, hidden), nn.GELU(), nn.Linear(hidden, length))

    def forward(self, x: Tensor) -> Tensor:
        """Mix x [n, length, width]."""
        return self.mlp(x.transpose(1, 2)).transpose(1, 2)


def mixer_b16() -> nn.Module:
    """Tolstikhin et al. 2021."""
    blocks = [
        Residual(nn.Sequential(nn.LayerNorm(768), part))
        for _ in range(12)
        for part in (
            Mixing(196, 384),
            nn.Sequential(nn.Linear(768, 3072), nn.GELU(), nn.Linear(3072, 768)),
        )
    ]
    return nn.Sequential(
        Patches(768, 16, False), *blocks, nn.LayerNorm(768), First(True), nn.Linear(768, 1000)
    )


def gpt2() -> nn.Module:
    """Radford et al. 2019, 124 million parameters."""
    return nn.Sequential(
        nn.Embedding(50257, 768),
        *transformer(768, 12, 12, True),
        nn.LayerNorm(768),
        nn.Linear(768, 50257, bias=False),
    )


def _mixer_macs() -> float:
    """Return the hand count: patches, twelve blocks of two perceptrons each, classifier."""
    return 196 * 768 * 768 + 12 * (2 * 768 * 196 * 384 + 2 * 196 * 768 * 3072) + 768 * 1000


def _gpt2_macs(length: int) -> float:
    """Return the hand count: blocks of 12 w^2 weights a token, both products of attention, and the head."""
    width = 768
    return length * (12 * (12 * width**2 + 2 * length * width) + width * 50257)


IMAGE = torch.zeros(1, 3, 224, 224)
ARCHITECTURES: dict[str, tuple[Callable[[], nn.Module], Any, float]] = {
    "AlexNet": (alexnet, IMAGE, 0.714e9),
    "VGG-16": (vgg16, IMAGE, 15.47e9),
    "ResNet-18": (lambda: resnet((2, 2, 2, 2), False), IMAGE, 1.814e9),
    "ResNet-50": (lambda: resnet((3, 4, 6, 3), True), IMAGE, 4.089e9),
    "SqueezeNet 1.1": (squeezenet, IMAGE, 0.349e9),
    "MobileNetV2": (mobilenet_v2, IMAGE, 0.301e9),
    "DenseNet-121": (densenet121, IMAGE, 2.834e9),
    "EfficientNet-B0": (efficientnet_b0, IMAGE, 0.386e9),
    "ConvNeXt-T": (convnext_tiny, IMAGE, 4.456e9),
    "ViT-B/16": (vit_b16, IMAGE, 17.564e9),
    "Mixer-B/16": (mixer_b16, IMAGE, _mixer_macs()),
    "GPT-2": (gpt2, torch.zeros(1, 256, dtype=torch.int64), _gpt2_macs(256)),
}
"""Builder, input, multiply-accumulates of one sample: as torchvision's pages publish them, or by hand."""
