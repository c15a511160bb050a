"""What the networks of torchvision are made of, for code that takes one whole and does not show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Made = Mapping[str, tuple[str, ...]]
"""Canonical names of blocks by kind."""

RESIDUAL = {"skip": ("residual-skip",)}
BATCH = {"normalization": ("batch-norm",)}
STRIDED = {"resampling": ("strided-convolution",)}
STEM = {"resampling": ("max-pool", "strided-convolution")}
SQUEEZE = {"attention": ("squeeze-excite",)}
TOKENS = {"activation": ("gelu",), "normalization": ("layer-norm",), **STRIDED, **RESIDUAL}
RELU = {"activation": ("relu",)}

FAMILIES: tuple[tuple[re.Pattern[str], Made], ...] = tuple(
    (re.compile(pattern), made)
    for pattern, made in (
        (r"(?:wide_)?resnet\d+(?:_2)?|resnext\d+_\w+", {**RELU, **BATCH, **STEM, **RESIDUAL}),
        (r"vgg\d+", {**RELU, "resampling": ("max-pool",)}),
        (r"vgg\d+_bn", {**RELU, **BATCH, "resampling": ("max-pool",)}),
        (r"alexnet|squeezenet1_\d", {**RELU, **STEM}),
        (
            r"densenet\d+",
            {
                **RELU,
                **BATCH,
                "resampling": ("average-pool", "max-pool", "strided-convolution"),
                "skip": ("concat-skip",),
            },
        ),
        (r"mobilenet_v2", {"activation": ("relu6",), **BATCH, **STRIDED, **RESIDUAL}),
        (
            r"mobilenet_v3_\w+",
            {"activation": ("hardswish", "relu"), **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL},
        ),
        (r"mnasnet\d_\d+|regnet_x_\w+", {**RELU, **BATCH, **STRIDED, **RESIDUAL}),
        (r"regnet_y_\w+", {**RELU, **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL}),
        (
            r"efficientnet_(?:b\d|v2_[sml])",
            {"activation": ("silu",), **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL},
        ),
        (r"googlenet|inception_v3", {**RELU, **BATCH, **STEM}),
        (r"convnext_\w+", TOKENS),
        (r"vit_[blh]_\d+", {**TOKENS, "attention": ("dot-product-attention",)}),
    )
)
"""Blocks of each family of functions that make a network."""
TOP = "torchvision.models."
ASIDE = re.compile(r"\w+_Weights|get_weight\w*|BasicBlock|Bottleneck|WeightsEnum")
"""Names beside them that make no network: tables of weights, and blocks that are tested for."""
MODULES = frozenset(
    {"resnet", "vgg", "alexnet", "densenet", "mobilenet", "mobilenetv2", "mobilenetv3", "mnasnet", "regnet",
     "efficientnet", "googlenet", "inception", "convnext", "vision_transformer", "squeezenet"}
)  # fmt: skip
"""Modules that networks may be named through."""


def network_of(brought: Iterable[str]) -> tuple[str, Made] | None:
    """Return the one network that a tree takes from torchvision, with what it is made of.

    Args:
        brought: full names of all that the tree takes from packages of models.
    """
    found: dict[str, Made] = {}
    for name in brought:
        if not name.startswith(TOP):
            return None
        parts = name.removeprefix(TOP).split(".")
        if parts[0] in MODULES and len(parts) == 1 and not _made_by(parts[0]):
            continue
        if parts[0] in MODULES and len(parts) > 1:
            parts = parts[1:] if not _made_by(parts[0]) or _made_by(parts[1]) else parts
        if ASIDE.fullmatch(parts[0]):
            continue
        made = _made_by(parts[0])
        if made is None:
            return None
        found[parts[0]] = made
    if not found or any(made != next(iter(found.values())) for made in found.values()):
        return None
    return next(iter(found.items()))


def _made_by(name: str) -> Made | None:
    return next((made for pattern, made in FAMILIES if pattern.fullmatch(name)), None)
