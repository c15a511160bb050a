"""Published costs of named networks, and which of two names of a family is the larger."""

from __future__ import annotations

import re

OPERATIONS = {
    "resnet18": 1.81, "resnet34": 3.66, "resnet50": 4.09, "resnet101": 7.80, "resnet152": 11.51,
    "wide_resnet50_2": 11.40, "wide_resnet101_2": 22.75, "resnext50_32x4d": 4.23, "resnext101_32x8d": 16.41,
    "vgg11": 7.61, "vgg13": 11.31, "vgg16": 15.47, "vgg19": 19.63, "densenet121": 2.83, "densenet169": 3.36,
    "densenet201": 4.29, "densenet161": 7.73, "mobilenet_v2": 0.30, "mobilenet_v3_small": 0.06,
    "mobilenet_v3_large": 0.22, "vit_b_32": 4.41, "vit_b_16": 17.56, "vit_l_32": 15.38, "vit_l_16": 61.55,
}  # fmt: skip
"""Billions of multiply-accumulates of one 224 x 224 image, as torchvision publishes them."""
DETECTORS = {
    "yolov5n": 4.5, "yolov5s": 16.5, "yolov5m": 49.0, "yolov5l": 109.1, "yolov5x": 205.7,
    "yolov8n": 8.7, "yolov8s": 28.6, "yolov8m": 78.9, "yolov8l": 165.2, "yolov8x": 257.8,
    "yolo11n": 6.5, "yolo11s": 21.5, "yolo11m": 68.0, "yolo11l": 86.9, "yolo11x": 194.9,
}  # fmt: skip
"""Billions of operations of one 640 x 640 image, as Ultralytics publishes them."""
WITH_NORMS = re.compile(r"(vgg\d+)_bn")
LADDERS = (
    ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    ("efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4",
     "efficientnet_b5", "efficientnet_b6", "efficientnet_b7"),
    ("vgg11", "vgg13", "vgg16", "vgg19"),
    ("densenet121", "densenet169", "densenet201"),
    ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
    ("swin_t", "swin_s", "swin_b", "swin_l"),
    ("vit_tiny", "vit_small", "vit_base", "vit_large", "vit_huge"),
    *(tuple(f"{name}{size}" for size in "nsmlx") for name in ("yolov5", "yolov8", "yolo11", "yolo12")),
    ("mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"),
    ("fpn", "pafpn"),
    ("unet", "unetplusplus"),
)  # fmt: skip
"""Names of one family, from the smallest on; each holds as much as the one before it, or more."""
_RANKS = {
    name: (family, rank) for family, names in enumerate(LADDERS) for rank, name in enumerate(names)
}


def plain_name(text: str) -> str:
    """Return a name as the tables spell it: `EfficientNet-B4` is `efficientnet_b4`."""
    name = re.sub(r"\.(?:pt|pth|yaml)$", "", text.strip().rpartition("/")[2].lower())
    name = re.sub(r"^(?:torchvision\.models\.|timm\.|timm-)", "", name)
    name = re.sub(r"[\s-]+", "_", name).removesuffix("_seg")
    name = re.sub(r"^(?:u_?net_?(?:\+\+|plusplus|pp)|nested_?unet)$", "unetplusplus", name)
    name = re.sub(r"^resnet_(\d+)$", r"resnet\1", name)
    found = WITH_NORMS.fullmatch(name)
    return found[1] if found else name


def operations_ratio(first: str, second: str) -> float | None:
    """Return how many times the published operations of one network those of a second are.

    None where one is not in the tables, or they are not in one table: units and image sizes differ.
    """
    names = plain_name(first), plain_name(second)
    for table in (OPERATIONS, DETECTORS):
        if names[0] in table and names[1] in table:
            return table[names[1]] / table[names[0]]
    return None


def is_no_smaller(first: str, second: str) -> bool:
    """Tell whether the second of two names is known to be of the first's family, and as large or larger."""
    mine, theirs = _RANKS.get(plain_name(first)), _RANKS.get(plain_name(second))
    return mine is not None and theirs is not None and mine[0] == theirs[0] and mine[1] <= theirs[1]
