"""Layers of torch: parameters by their arguments, and shape and operations where they are applied.

Operations are multiply-accumulates of matrix products and convolutions, as fvcore and others count them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from netgain.analysis.symbolic.values import UNKNOWN, Layer, MismatchError

Shape = tuple[int, ...] | None
Applied = tuple[Shape, float]
"""Shape that comes out, and multiply-accumulates of the whole batch."""

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
_POOL = ("kernel_size", "stride", "padding", "dilation")
_RECURRENT = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
)
_ENCODER = ("d_model", "nhead", "dim_feedforward", "dropout")
_PADS = ("Zero", "Reflection", "Replication", "Constant")
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
    "MultiheadAttention": ("embed_dim", "num_heads", "dropout", "bias"),
    "TransformerEncoderLayer": _ENCODER, "TransformerDecoderLayer": _ENCODER,
    "TransformerEncoder": ("layer", "num_layers", "norm"),
    **{f"{kind}Pool{n}d": _POOL for kind in ("Max", "Avg") for n in "123"},
    **{f"Adaptive{kind}Pool{n}d": ("output_size",) for kind in ("Max", "Avg") for n in "123"},
    "Upsample": ("size", "scale_factor", "mode"), "UpsamplingNearest2d": ("size", "scale_factor"),
    "UpsamplingBilinear2d": ("size", "scale_factor"),
    "PixelShuffle": ("upscale_factor",), "PixelUnshuffle": ("downscale_factor",),
    "Flatten": ("start_dim", "end_dim"), "Unflatten": ("dim", "unflattened_size"),
    **{f"{kind}Pad{n}d": ("padding",) for kind in _PADS for n in "123"},
    "PReLU": ("num_parameters",),
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
        into, out = _whole(given, "in_channels"), _whole(given, "out_channels")
        kernel = math.prod(_each(given, "kernel_size", None, int(name[-2])))
        return into * out * kernel / _whole(given, "groups", 1) + (out if _bias(given) else 0)
    if name == "Linear":
        into, out = _whole(given, "in_features"), _whole(given, "out_features")
        return into * out + (out if _bias(given) else 0)
    if name == "Embedding":
        return _whole(given, "num_embeddings") * _whole(given, "embedding_dim")
    if name.startswith("BatchNorm") or name == "SyncBatchNorm":
        return 2 * _whole(given, "num_features") if given.get("affine", True) else 0
    if name.startswith("InstanceNorm"):
        return 2 * _whole(given, "num_features") if given.get("affine", False) else 0
    if name == "GroupNorm":
        return 2 * _whole(given, "num_channels") if given.get("affine", True) else 0
    if name in ("LayerNorm", "RMSNorm"):
        size = math.prod(_sizes(given.get("normalized_shape")))
        both = 2 if name == "LayerNorm" and given.get("bias", True) else 1
        return both * size if given.get("elementwise_affine", True) else 0
    if name == "PReLU":
        return _whole(given, "num_parameters", 1)
    if name in ("LSTM", "GRU", "RNN"):
        return _recurrent(name, given)
    if name == "MultiheadAttention":
        size = _whole(given, "embed_dim")
        return 4 * size * size + (4 * size if _bias(given) else 0)
    if name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        size, inner = _whole(given, "d_model"), _whole(given, "dim_feedforward", 2048)
        attentions = 1 if "Encoder" in name else 2
        return (
            attentions * (4 * size * size + 4 * size + 2 * size)
            + 2 * size * inner + inner + size + 2 * size
        )  # fmt: skip
    return 0


def _recurrent(name: str, given: dict[str, object]) -> float:
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[name]
    into, hidden = _whole(given, "input_size"), _whole(given, "hidden_size")
    ways = 2 if given.get("bidirectional") is True else 1
    total = 0
    for number in range(_whole(given, "num_layers", 1)):
        size = into if number == 0 else hidden * ways
        total += (
            ways * gates * (size * hidden + hidden * hidden + (2 * hidden if _bias(given) else 0))
        )
    return total


def applied(layer: Layer, shape: Shape) -> Applied:
    """Return what comes out of a layer, for those without others inside.

    Raises:
        OpenError: the shape, or an argument that decides on it, is not known.
        MismatchError: the layer cannot be given a tensor of this shape.
    """
    name, given = layer.name, layer.arguments
    if name in SAME_SHAPE or name in NORMS:
        _check_norm(name, given, shape)
        return shape, 0.0
    if shape is None:
        raise OpenError
    if name.startswith(("Conv1d", "Conv2d", "Conv3d")):
        return _convolution(given, shape, int(name[-2]))
    if name.startswith("ConvTranspose"):
        return _transposed(given, shape, int(name[-2]))
    rule = _RULES.get(name)
    if rule is None:
        raise OpenError
    return rule(given, shape, int(name[-2]) if name[-1] == "d" and name[-2].isdigit() else 0)


def _check_norm(name: str, given: dict[str, object], shape: Shape) -> None:
    """Raise MismatchError where a norm is made for another number of channels."""
    size = given.get("num_features", given.get("num_channels"))
    if shape is None or not isinstance(size, int) or len(shape) < 2 or name.startswith("Instance"):
        return
    if shape[1] != size:
        raise MismatchError


def _convolution(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    into, out = _taken(given, "in_channels", shape, 1), _whole(given, "out_channels")
    if len(shape) != dims + 2 or shape[1] != into:
        raise MismatchError
    kernel = _each(given, "kernel_size", None, dims)
    stride, dilation = _each(given, "stride", 1, dims), _each(given, "dilation", 1, dims)
    padding = given.get("padding", 0)
    if padding == "same":
        sizes = shape[2:]
    else:
        pads = (0,) * dims if padding == "valid" else _each(given, "padding", 0, dims)
        sizes = tuple(
            (size + 2 * pad - gap * (width - 1) - 1) // step + 1
            for size, pad, gap, width, step in zip(
                shape[2:], pads, dilation, kernel, stride, strict=True
            )
        )
    positions = _positive(sizes)
    cost = shape[0] * positions * out * into * math.prod(kernel) / _whole(given, "groups", 1)
    return (shape[0], out, *sizes), cost


def _transposed(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    into, out = _whole(given, "in_channels"), _whole(given, "out_channels")
    if len(shape) != dims + 2 or shape[1] != into:
        raise MismatchError
    kernel, stride = _each(given, "kernel_size", None, dims), _each(given, "stride", 1, dims)
    pads, more = _each(given, "padding", 0, dims), _each(given, "output_padding", 0, dims)
    sizes = tuple(
        (size - 1) * step - 2 * pad + width + extra
        for size, step, pad, width, extra in zip(shape[2:], stride, pads, kernel, more, strict=True)
    )
    _positive(sizes)
    cost = math.prod(shape) * out * math.prod(kernel) / _whole(given, "groups", 1)
    return (shape[0], out, *sizes), cost


def _linear(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    into = _taken(given, "in_features", shape, -1)
    if not shape or shape[-1] != into:
        raise MismatchError
    if given.get("out_features") is UNKNOWN:
        return None, 0.0  # classes that only the data tells; what follows on it cannot be counted
    out = _whole(given, "out_features")
    return (*shape[:-1], out), float(math.prod(shape) * out)


def _pool(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    kernel = _each(given, "kernel_size", None, dims)
    stride = kernel if given.get("stride") is None else _each(given, "stride", None, dims)
    pads = _each(given, "padding", 0, dims)
    if len(shape) < dims + 1:
        raise MismatchError
    upwards = given.get("ceil_mode") is True
    sizes = tuple(
        (size + 2 * pad - width + (step - 1 if upwards else 0)) // step + 1
        for size, pad, width, step in zip(shape[-dims:], pads, kernel, stride, strict=True)
    )
    _positive(sizes)
    return (*shape[:-dims], *sizes), 0.0


def _adaptive(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    wanted = given.get("output_size")
    parts = list(wanted) if isinstance(wanted, (tuple, list)) else [wanted] * dims
    if len(shape) < dims + 1 or len(parts) != dims:
        raise MismatchError
    sizes = [
        size if part is None else part for size, part in zip(shape[-dims:], parts, strict=True)
    ]
    return (*shape[:-dims], *_sizes(sizes)), 0.0


def _upsampled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    dims = len(shape) - 2
    if given.get("size") is not None:
        return (*shape[:2], *_each(given, "size", None, dims)), 0.0
    factor = given.get("scale_factor")
    if not isinstance(factor, (int, float)) or isinstance(factor, bool):
        raise OpenError
    return (*shape[:2], *(int(size * factor) for size in shape[2:])), 0.0


def _shuffled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    factor = _whole(given, "upscale_factor")
    if len(shape) != 4 or shape[1] % factor**2:
        raise MismatchError
    return (shape[0], shape[1] // factor**2, shape[2] * factor, shape[3] * factor), 0.0


def _unshuffled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    factor = _whole(given, "downscale_factor")
    if len(shape) != 4 or shape[2] % factor or shape[3] % factor:
        raise MismatchError
    return (shape[0], shape[1] * factor**2, shape[2] // factor, shape[3] // factor), 0.0


def flattened(shape: tuple[int, ...], first: int, last: int) -> tuple[int, ...]:
    """Return a shape with some neighbouring sizes made one."""
    first, last = first % len(shape), last % len(shape)
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


def _flatten(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    first, last = given.get("start_dim", 1), given.get("end_dim", -1)
    if not isinstance(first, int) or not isinstance(last, int):
        raise OpenError
    if len(shape) < 2:
        raise MismatchError
    return flattened(shape, first, last), 0.0


def _unflatten(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    at = _whole(given, "dim")
    return (*shape[:at], *_sizes(given.get("unflattened_size")), *shape[at + 1 :]), 0.0


def _padded(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    padding = given.get("padding")
    parts = (
        _sizes(padding)
        if isinstance(padding, (tuple, list))
        else (_whole(given, "padding"),) * 2 * dims
    )
    sizes = list(shape)
    for number in range(len(parts) // 2):
        sizes[-1 - number] += parts[2 * number] + parts[2 * number + 1]
    return tuple(sizes), 0.0


def _looked_up(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    return (*shape, _whole(given, "embedding_dim")), 0.0


def _attended(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    """Return the cost of one transformer layer or of attention on itself."""
    size = _whole(given, "d_model") if "d_model" in given else _whole(given, "embed_dim")
    if len(shape) != 3 or shape[-1] != size:
        raise MismatchError
    first = given.get("batch_first") is True
    batch, length = (shape[0], shape[1]) if first else (shape[1], shape[0])
    cost = batch * (4 * length * size * size + 2 * length * length * size)
    if "d_model" in given:
        cost += batch * length * 2 * size * _whole(given, "dim_feedforward", 2048)
    return shape, float(cost)


def _stepped(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    """Return the cost of a recurrent layer: its weights at every step of every sequence."""
    if len(shape) != 3 or shape[-1] != _whole(given, "input_size"):
        raise MismatchError
    ways = 2 if given.get("bidirectional") is True else 1
    name = str(given.get("kind"))
    weights = _recurrent(name, {**given, "bias": False})
    return (*shape[:2], _whole(given, "hidden_size") * ways), float(shape[0] * shape[1] * weights)


_RULES: dict[str, Callable[[dict[str, object], tuple[int, ...], int], Applied]] = {
    "Linear": _linear,
    **{f"{kind}Pool{n}d": _pool for kind in ("Max", "Avg") for n in "123"},
    **{f"Adaptive{kind}Pool{n}d": _adaptive for kind in ("Max", "Avg") for n in "123"},
    **dict.fromkeys(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), _upsampled),
    "PixelShuffle": _shuffled,
    "PixelUnshuffle": _unshuffled,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    **{f"{kind}Pad{n}d": _padded for kind in _PADS for n in "123"},
    "Embedding": _looked_up,
    **dict.fromkeys(("TransformerEncoderLayer", "MultiheadAttention"), _attended),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _stepped),
}


def _bias(given: dict[str, object]) -> bool:
    bias = given.get("bias", True)
    if bias is UNKNOWN:
        raise OpenError
    return bool(bias)


def _whole(given: dict[str, object], name: str, default: int | None = None) -> int:
    value = given.get(name, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OpenError
    return value


def _taken(given: dict[str, object], name: str, shape: tuple[int, ...], at: int) -> int:
    """Return a size of the input that a layer is made for: that of its input where only the data tells it."""
    if given.get(name) is UNKNOWN and len(shape) > 1:
        return shape[at]
    return _whole(given, name)


def _sizes(value: object) -> tuple[int, ...]:
    parts = value if isinstance(value, (tuple, list)) else [value]
    found = tuple(part for part in parts if isinstance(part, int) and not isinstance(part, bool))
    if len(found) < len(parts):
        raise OpenError
    return found


def _each(given: dict[str, object], name: str, default: int | None, dims: int) -> tuple[int, ...]:
    """Return one number for each dimension."""
    value = given.get(name, default)
    if isinstance(value, (tuple, list)):
        sizes = _sizes(value)
        if len(sizes) != dims:
            raise MismatchError
        return sizes
    return (_whole(given, name, default),) * dims


def _positive(sizes: Sequence[int]) -> int:
    if any(size < 1 for size in sizes):
        raise MismatchError
    return math.prod(sizes)
