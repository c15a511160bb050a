"""What networks of torchvision, timm and Keras are made of, for code that takes one and does not show it."""

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

RESNET = {**RELU, **BATCH, **STEM, **RESIDUAL}
DENSENET = {
    **RELU,
    **BATCH,
    "resampling": ("average-pool", "max-pool", "strided-convolution"),
    "skip": ("concat-skip",),
}
MOBILE = {"activation": ("relu6",), **BATCH, **STRIDED, **RESIDUAL}
MOBILE_3 = {"activation": ("hardswish", "relu"), **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL}
EFFICIENT = {"activation": ("silu",), **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL}
POOLED = {**RELU, "resampling": ("max-pool",)}
ATTENTIVE = {**TOKENS, "attention": ("dot-product-attention",)}


def _families(*known: tuple[str, Made]) -> tuple[tuple[re.Pattern[str], Made], ...]:
    return tuple((re.compile(pattern), made) for pattern, made in known)


TORCHVISION = _families(
    (r"(?:wide_)?resnet\d+(?:_2)?|resnext\d+_\w+", RESNET),
    (r"vgg\d+", POOLED),
    (r"vgg\d+_bn", {**POOLED, **BATCH}),
    (r"alexnet|squeezenet1_\d|AlexNet|SqueezeNet", {**RELU, **STEM}),
    (r"densenet\d+|DenseNet", DENSENET),
    (r"mobilenet_v2|MobileNetV2", MOBILE),
    (r"mobilenet_v3_\w+", MOBILE_3),
    (r"mnasnet\d_\d+|regnet_x_\w+|MNASNet", {**RELU, **BATCH, **STRIDED, **RESIDUAL}),
    (r"regnet_y_\w+", {**RELU, **SQUEEZE, **BATCH, **STRIDED, **RESIDUAL}),
    (r"efficientnet_(?:b\d|v2_[sml])", EFFICIENT),
    (r"googlenet|inception_v3|GoogLeNet|Inception3", {**RELU, **BATCH, **STEM}),
    (r"convnext_\w+", TOKENS),
    (r"vit_[blh]_\d+", ATTENTIVE),
)
"""Blocks of each family of functions and classes that make a network."""
TIMM = _families(
    (r"(?:tv_|ssl_|swsl_)?(?:wide_)?resnet(?:18|34|50|101|152)(?:_2)?|(?:tv_)?resnext\d+_32x\d+d", RESNET),
    (r"vgg\d+", POOLED),
    (r"vgg\d+_bn", {**POOLED, **BATCH}),
    (r"densenet(?:121|161|169|201)", DENSENET),
    (r"mobilenetv2_\d+", MOBILE),
    (r"(?:tf_)?mobilenetv3_(?:large|small)_\d+", MOBILE_3),
    (r"(?:tf_)?efficientnet_b\d(?:_ns|_ap)?|(?:tf_)?efficientnetv2_(?:s|m|l)(?:_in21k)?", EFFICIENT),
    (r"convnext_(?:tiny|small|base|large)(?:_in22k)?", TOKENS),
    (r"(?:vit|deit)_(?:tiny|small|base|large)_patch\d+_\d+(?:_in21k)?", ATTENTIVE),
)  # fmt: skip
"""The same for names that `timm.create_model` is given, without what follows their first dot."""
KERAS = _families(
    (r"ResNet(?:50|101|152)(?:V2)?", RESNET),
    (r"VGG1[69]", POOLED),
    (r"DenseNet\d+", DENSENET),
    (r"MobileNetV2", MOBILE),
    (r"MobileNet", {"activation": ("relu6",), **BATCH, **STRIDED}),
    (r"EfficientNet(?:B\d|V2\w+)", EFFICIENT),
    (r"InceptionV3", {**RELU, **BATCH, **STEM}),
    (r"Xception", RESNET),
)
"""The same for the classes of `keras.applications`."""
PACKAGES = {
    "torchvision.models.": TORCHVISION,
    "timm.": TIMM,
    "keras.applications.": KERAS,
    "tensorflow.keras.applications.": KERAS,
}
"""Families by what their full names begin with."""
ASIDE = re.compile(
    r"\w+_Weights|get_weight\w*|WeightsEnum|preprocess_input|decode_predictions|imagenet_utils"
)
"""Names beside them that make no network: tables of weights, and blocks that are tested for."""
MODULES = frozenset(
    {"resnet", "vgg", "alexnet", "densenet", "mobilenet", "mobilenetv2", "mobilenetv3", "mnasnet", "regnet",
     "efficientnet", "googlenet", "inception", "convnext", "vision_transformer", "squeezenet",
     "resnet50", "resnet_v2", "vgg16", "vgg19", "mobilenet_v2", "inception_v3", "xception"}
)  # fmt: skip
"""Modules that networks may be named through."""


def networks_of(brought: Iterable[str]) -> Mapping[str, Made] | None:
    """Return what each network is made of that a tree takes from packages; None where one is not known.

    Args:
        brought: full names of all that the tree takes from packages of models.
    """
    found: dict[str, Made] = {}
    names = frozenset(brought)
    for name in names:
        top = next((top for top in PACKAGES if name.startswith(top)), None)
        if top is None:
            return None
        parts = name.removeprefix(top).split(".")
        families = PACKAGES[top]
        if parts[0] in MODULES and len(parts) == 1 and not _made_by(parts[0], families):
            if not any(other.startswith(f"{name}.") for other in names):
                return None  # asked for a member that is not known
            continue
        if parts[0] in MODULES and len(parts) > 1:
            inner = _made_by(parts[1], families) or ASIDE.fullmatch(parts[1])
            parts = parts[1:] if inner or not _made_by(parts[0], families) else parts
        if ASIDE.fullmatch(parts[0]):
            continue
        made = _made_by(parts[0], families)
        if made is None:
            return None
        found[parts[0]] = made
    return found


def network_of(brought: Iterable[str]) -> tuple[str, Made] | None:
    """Return the one network that a tree takes from a package, with what it is made of.

    Args:
        brought: full names of all that the tree takes from packages of models.
    """
    found = networks_of(brought)
    if not found or any(made != next(iter(found.values())) for made in found.values()):
        return None
    return next(iter(found.items()))


def _made_by(name: str, families: tuple[tuple[re.Pattern[str], Made], ...]) -> Made | None:
    return next((made for pattern, made in families if pattern.fullmatch(name)), None)
