"""Layers of torch: their arguments, and parameters by these."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netgain.analysis.symbolic.values import UNKNOWN, Layer, MismatchError

Shape = tuple[int, ...] | None

_CONVOLUTION = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
)
_TRANSPOSED = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups",
               "bias", "dilation")  # fmt: skip
_POOL = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
_RECURRENT = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
)
_ENCODER = ("d_model", "nhead", "dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first",
            "norm_first", "bias")  # fmt: skip
_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
PADS = ("Zero", "Reflection", "Replication", "Constant")
SIGNATURES: dict[str, tuple[str, ...]] = {
    **{f"Conv{n}d": _CONVOLUTION for n in "123"},
    **{f"ConvTranspose{n}d": _TRANSPOSED for n in "123"},
    "Linear": ("in_features", "out_features", "bias"),
    "Bilinear": ("in1_features", "in2_features", "out_features", "bias"),
    **{f"BatchNorm{n}d": ("num_features", "eps", "momentum", "affine") for n in "123"},
    "SyncBatchNorm": ("num_features", "eps", "momentum", "affine"),
    **{f"InstanceNorm{n}d": ("num_features", "eps", "momentum", "affine") for n in "123"},
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine", "bias"),
    "RMSNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "GroupNorm": ("num_groups", "num_channels", "eps", "affine"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    "MultiheadAttention": ("embed_dim", "num_heads", "dropout", "bias", "add_bias_kv", "add_zero_attn",
                           "kdim", "vdim", "batch_first"),
    "TransformerEncoderLayer": _ENCODER, "TransformerDecoderLayer": _ENCODER,
    "TransformerEncoder": ("layer", "num_layers", "norm"),
    "TransformerDecoder": ("layer", "num_layers", "norm"),
    **{f"MaxPool{n}d": _POOL for n in "123"}, **{f"AvgPool{n}d": _AVERAGE for n in "123"},
    **{f"Adaptive{kind}Pool{n}d": ("output_size",) for kind in ("Max", "Avg") for n in "123"},
    "Upsample": ("size", "scale_factor", "mode"), "UpsamplingNearest2d": ("size", "scale_factor"),
    "UpsamplingBilinear2d": ("size", "scale_factor"),
    "PixelShuffle": ("upscale_factor",), "PixelUnshuffle": ("downscale_factor",),
    "Flatten": ("start_dim", "end_dim"), "Unflatten": ("dim", "unflattened_size"),
    **{f"{kind}Pad{n}d": ("padding",) for kind in PADS for n in "123"},
    "PReLU": ("num_parameters",),
    "Rearrange": ("pattern",), "Reduce": ("pattern", "reduction"),
}  # fmt: skip
SAME_SHAPE = frozenset(
    {"ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh",
     "Softmax", "LogSoftmax", "Softplus", "Softsign", "Hardtanh", "Hardswish", "Hardsigmoid", "Hardshrink",
     "LogSigmoid",
     "Softshrink", "Tanhshrink", "Threshold", "RReLU", "Softmax2d", "Softmin",
     "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "Identity",
     "DropPath", "LocalResponseNorm", "StochasticDepth", "DropBlock2D", "ChannelShuffle"}
)  # fmt: skip
"""Layers without parameters that leave the shape alone."""
CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
NORMS = frozenset(
    {*(f"{kind}Norm{n}d" for kind in ("Batch", "Instance") for n in "123"), "SyncBatchNorm", "LayerNorm",
     "RMSNorm", "GroupNorm", "PReLU"}
)  # fmt: skip
KNOWN = frozenset(SIGNATURES) | SAME_SHAPE | CONTAINERS


class OpenError(Exception):
    """A size that a layer is made with or applied to is not known."""


def named_arguments(
    name: str, arguments: Sequence[object], keywords: dict[str, object]
) -> dict[str, object]:
    """Return the arguments of a layer by name."""
    return {**dict(zip(SIGNATURES.get(name, ()), arguments, strict=False)), **keywords}


def parameter_count(name: str, given: dict[str, object]) -> float:
    """Return a layer's trainable parameters.

    Raises:
        OpenError: a size is not known.
    """
    if name.startswith(("Conv1d", "Conv2d", "Conv3d", "ConvTranspose")):
        into, out = whole(given, "in_channels"), whole(given, "out_channels")
        kernel = math.prod(each_way(given, "kernel_size", None, int(name[-2])))
        return into * out * kernel / whole(given, "groups", 1) + (out if has_bias(given) else 0)
    if name == "Linear":
        into, out = whole(given, "in_features"), whole(given, "out_features")
        return into * out + (out if has_bias(given) else 0)
    if name == "Embedding":
        return whole(given, "num_embeddings") * whole(given, "embedding_dim")
    if name.startswith("BatchNorm") or name == "SyncBatchNorm":
        return 2 * whole(given, "num_features") if given.get("affine", True) else 0
    if name.startswith("InstanceNorm"):
        return 2 * whole(given, "num_features") if given.get("affine", False) else 0
    if name == "GroupNorm":
        return 2 * whole(given, "num_channels") if given.get("affine", True) else 0
    if name in ("LayerNorm", "RMSNorm"):
        size = math.prod(sizes_of(given.get("normalized_shape")))
        both = 2 if name == "LayerNorm" and given.get("bias", True) else 1
        return both * size if given.get("elementwise_affine", True) else 0
    if name == "PReLU":
        return whole(given, "num_parameters", 1)
    if name in ("LSTM", "GRU", "RNN"):
        return recurrent(name, given)
    if name == "MultiheadAttention":
        size = whole(given, "embed_dim")
        if any(given.get(name) for name in ("add_bias_kv", "add_zero_attn", "kdim", "vdim")):
            raise OpenError
        return 4 * size * size + (4 * size if has_bias(given) else 0)
    if name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        size, inner = whole(given, "d_model"), whole(given, "dim_feedforward", 2048)
        attentions = 1 if "Encoder" in name else 2
        weights = attentions * (4 * size * size + size) + 2 * size * inner + size
        biases = attentions * (4 * size + size) + inner + size + size
        return weights + (biases if has_bias(given) else 0)
    if name == "Bilinear":
        out = whole(given, "out_features")
        both = whole(given, "in1_features") * whole(given, "in2_features")
        return both * out + (out if has_bias(given) else 0)
    return 0


def weight_shape(layer: Layer) -> tuple[int, ...] | None:
    """Return the shape of a layer's weight, None where it is not known or the layer has several."""
    name, given = layer.name, layer.arguments
    try:
        if name == "Linear":
            return whole(given, "out_features"), whole(given, "in_features")
        if name == "Embedding":
            return whole(given, "num_embeddings"), whole(given, "embedding_dim")
        if name in ("Conv1d", "Conv2d", "Conv3d"):
            into, groups = whole(given, "in_channels"), whole(given, "groups", 1)
            kernel = each_way(given, "kernel_size", None, int(name[-2]))
            return whole(given, "out_channels"), into // max(groups, 1), *kernel
        if name.startswith("BatchNorm"):
            return (whole(given, "num_features"),)
        if name in ("LayerNorm", "RMSNorm"):
            return sizes_of(given.get("normalized_shape"))
    except (OpenError, MismatchError):
        return None
    return None


def recurrent(name: str, given: dict[str, object]) -> float:
    """Return the parameters of a recurrent layer."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[name]
    into, hidden = whole(given, "input_size"), whole(given, "hidden_size")
    ways = 2 if given.get("bidirectional") is True else 1
    total = 0
    for number in range(whole(given, "num_layers", 1)):
        size = into if number == 0 else hidden * ways
        total += (
            ways
            * gates
            * (size * hidden + hidden * hidden + (2 * hidden if has_bias(given) else 0))
        )
    return total


def has_bias(given: dict[str, object]) -> bool:
    """Tell whether a layer has a bias."""
    bias = given.get("bias", True)
    if bias is UNKNOWN:
        raise OpenError
    return bool(bias)


def whole(given: dict[str, object], name: str, default: int | None = None) -> int:
    """Return an argument that is a whole number.

    Raises:
        OpenError: it is none, or not known.
    """
    value = given.get(name, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OpenError
    return value


def taken(given: dict[str, object], name: str, shape: tuple[int, ...], at: int) -> int:
    """Return a size of the input that a layer is made for: that of its input where only the data tells it."""
    if given.get(name) is UNKNOWN and len(shape) > 1:
        return shape[at]
    return whole(given, name)


def sizes_of(value: object) -> tuple[int, ...]:
    """Return whole numbers, one or several.

    Raises:
        OpenError: one is not known.
    """
    parts = value if isinstance(value, (tuple, list)) else [value]
    found = tuple(part for part in parts if isinstance(part, int) and not isinstance(part, bool))
    if len(found) < len(parts):
        raise OpenError
    return found


def each_way(
    given: dict[str, object], name: str, default: int | None, dims: int
) -> tuple[int, ...]:
    """Return one number for each dimension."""
    value = given.get(name, default)
    if isinstance(value, (tuple, list)):
        sizes = sizes_of(value)
        if len(sizes) != dims:
            raise MismatchError
        return sizes
    return (whole(given, name, default),) * dims


def positive(sizes: Sequence[int]) -> int:
    """Return how many positions sizes make; MismatchError where a size is below one."""
    if any(size < 1 for size in sizes):
        raise MismatchError
    return math.prod(sizes)
