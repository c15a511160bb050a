"""Shapes and operations of layers of torch where they are applied.

Operations are multiply-accumulates of matrix products and convolutions, as fvcore and others count them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from netgain.analysis.symbolic.einops import rearranged
from netgain.analysis.symbolic.layers import (
    NORMS,
    PADS,
    SAME_SHAPE,
    OpenError,
    Shape,
    each_way,
    positive,
    recurrent,
    sizes_of,
    taken,
    whole,
)
from netgain.analysis.symbolic.values import UNKNOWN, Layer, MismatchError

Applied = tuple[Shape, float]
"""Shape that comes out, and multiply-accumulates of the whole batch."""


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
    into, out = taken(given, "in_channels", shape, 1), whole(given, "out_channels")
    if len(shape) != dims + 2 or shape[1] != into:
        raise MismatchError
    kernel = each_way(given, "kernel_size", None, dims)
    stride, dilation = each_way(given, "stride", 1, dims), each_way(given, "dilation", 1, dims)
    padding = given.get("padding", 0)
    if padding == "same":
        sizes = shape[2:]
    else:
        pads = (0,) * dims if padding == "valid" else each_way(given, "padding", 0, dims)
        sizes = tuple(
            (size + 2 * pad - gap * (width - 1) - 1) // step + 1
            for size, pad, gap, width, step in zip(
                shape[2:], pads, dilation, kernel, stride, strict=True
            )
        )
    positions = positive(sizes)
    cost = shape[0] * positions * out * into * math.prod(kernel) / whole(given, "groups", 1)
    return (shape[0], out, *sizes), cost


def _transposed(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    into, out = whole(given, "in_channels"), whole(given, "out_channels")
    if len(shape) != dims + 2 or shape[1] != into:
        raise MismatchError
    kernel, stride = each_way(given, "kernel_size", None, dims), each_way(given, "stride", 1, dims)
    pads, more = each_way(given, "padding", 0, dims), each_way(given, "output_padding", 0, dims)
    gaps = each_way(given, "dilation", 1, dims)
    sizes = tuple(
        (size - 1) * step - 2 * pad + gap * (width - 1) + 1 + extra
        for size, step, pad, width, extra, gap in zip(
            shape[2:], stride, pads, kernel, more, gaps, strict=True
        )
    )
    positive(sizes)
    cost = math.prod(shape) * out * math.prod(kernel) / whole(given, "groups", 1)
    return (shape[0], out, *sizes), cost


def _linear(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    into = taken(given, "in_features", shape, -1)
    if not shape or shape[-1] != into:
        raise MismatchError
    if given.get("out_features") is UNKNOWN:
        return None, 0.0  # classes that only the data tells; what follows on it cannot be counted
    out = whole(given, "out_features")
    return (*shape[:-1], out), float(math.prod(shape) * out)


def _pool(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    kernel = each_way(given, "kernel_size", None, dims)
    stride = kernel if given.get("stride") is None else each_way(given, "stride", None, dims)
    pads = each_way(given, "padding", 0, dims)
    gaps = each_way(given, "dilation", 1, dims)
    if len(shape) not in {dims + 1, dims + 2} or 0 in stride:
        raise MismatchError
    upwards = given.get("ceil_mode") is True
    sizes = tuple(
        _windows(size + 2 * pad - gap * (width - 1) - 1, step, size + pad if upwards else None)
        for size, pad, width, step, gap in zip(
            shape[-dims:], pads, kernel, stride, gaps, strict=True
        )
    )
    positive(sizes)
    return (*shape[:-dims], *sizes), 0.0


def _windows(room: int, step: int, last: int | None) -> int:
    """Return how many windows fit; rounded up, the last of them starts before the end of what is there."""
    if last is None:
        return room // step + 1
    count = -(-room // step) + 1
    return count - 1 if (count - 1) * step >= last else count


def _adaptive(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    wanted = given.get("output_size")
    parts = list(wanted) if isinstance(wanted, (tuple, list)) else [wanted] * dims
    if len(shape) < dims + 1 or len(parts) != dims:
        raise MismatchError
    sizes = [
        size if part is None else part for size, part in zip(shape[-dims:], parts, strict=True)
    ]
    return (*shape[:-dims], *sizes_of(sizes)), 0.0


def _upsampled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    dims = len(shape) - 2
    if given.get("size") is not None:
        return (*shape[:2], *each_way(given, "size", None, dims)), 0.0
    factor = given.get("scale_factor")
    if isinstance(factor, (tuple, list)):
        factors = each_way(given, "scale_factor", None, dims)
        return (*shape[:2], *(a * b for a, b in zip(shape[2:], factors, strict=True))), 0.0
    if not isinstance(factor, (int, float)) or isinstance(factor, bool):
        raise OpenError
    return (*shape[:2], *(int(size * factor) for size in shape[2:])), 0.0


def _shuffled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    factor = whole(given, "upscale_factor")
    if len(shape) != 4 or shape[1] % factor**2:
        raise MismatchError
    return (shape[0], shape[1] // factor**2, shape[2] * factor, shape[3] * factor), 0.0


def _unshuffled(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    factor = whole(given, "downscale_factor")
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
    at = whole(given, "dim")
    return (*shape[:at], *sizes_of(given.get("unflattened_size")), *shape[at + 1 :]), 0.0


def _padded(given: dict[str, object], shape: tuple[int, ...], dims: int) -> Applied:
    padding = given.get("padding")
    parts = (
        sizes_of(padding)
        if isinstance(padding, (tuple, list))
        else (whole(given, "padding"),) * 2 * dims
    )
    sizes = list(shape)
    for number in range(len(parts) // 2):
        sizes[-1 - number] += parts[2 * number] + parts[2 * number + 1]
    return tuple(sizes), 0.0


def _looked_up(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    return (*shape, whole(given, "embedding_dim")), 0.0


def _attended(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    """Return the cost of one transformer layer or of attention on itself."""
    size = whole(given, "d_model") if "d_model" in given else whole(given, "embed_dim")
    if len(shape) != 3 or shape[-1] != size:
        raise MismatchError
    first = given.get("batch_first") is True
    batch, length = (shape[0], shape[1]) if first else (shape[1], shape[0])
    cost = batch * (4 * length * size * size + 2 * length * length * size)
    if "d_model" in given:
        cost += batch * length * 2 * size * whole(given, "dim_feedforward", 2048)
    return shape, float(cost)


def _stepped(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    """Return the cost of a recurrent layer: its weights at every step of every sequence."""
    if len(shape) != 3 or shape[-1] != whole(given, "input_size"):
        raise MismatchError
    ways = 2 if given.get("bidirectional") is True else 1
    name = str(given.get("kind"))
    weights = recurrent(name, {**given, "bias": False})
    return (*shape[:2], whole(given, "hidden_size") * ways), float(shape[0] * shape[1] * weights)


def _rearranged(given: dict[str, object], shape: tuple[int, ...], _: int) -> Applied:
    sizes = {key: value for key, value in given.items() if key not in {"pattern", "reduction"}}
    return rearranged(shape, given.get("pattern"), sizes), 0.0


_RULES: dict[str, Callable[[dict[str, object], tuple[int, ...], int], Applied]] = {
    "Linear": _linear,
    **{f"{kind}Pool{n}d": _pool for kind in ("Max", "Avg") for n in "123"},
    **{f"Adaptive{kind}Pool{n}d": _adaptive for kind in ("Max", "Avg") for n in "123"},
    **dict.fromkeys(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), _upsampled),
    "PixelShuffle": _shuffled,
    "PixelUnshuffle": _unshuffled,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    **{f"{kind}Pad{n}d": _padded for kind in PADS for n in "123"},
    "Embedding": _looked_up,
    "Rearrange": _rearranged,
    "Reduce": _rearranged,
    **dict.fromkeys(("TransformerEncoderLayer", "MultiheadAttention"), _attended),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _stepped),
}
