"""Functions of torch, and methods of tensors, by the shapes they return."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from netgain.analysis.symbolic.einops import rearranged
from netgain.analysis.symbolic.layer_shapes import applied
from netgain.analysis.symbolic.layers import OpenError, named_arguments
from netgain.analysis.symbolic.products import PRODUCTS, Answered, broadcast, product
from netgain.analysis.symbolic.reshaping import LARGEST, RESHAPING, sizes_given
from netgain.analysis.symbolic.values import Layer, MismatchError, Tensor

SAME_SHAPE = frozenset(
    {"relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh",
     "softmax", "log_softmax", "softplus", "hardswish", "hardsigmoid", "hardtanh", "logsigmoid", "normalize",
     "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "drop_path", "layer_norm",
     "batch_norm",
     "group_norm", "instance_norm", "rms_norm", "exp", "log", "sqrt", "rsqrt", "abs", "clamp", "clip",
     "square",
     "pow", "sin", "cos", "neg", "contiguous", "float", "half", "double", "bfloat16", "long", "to", "type",
     "type_as", "cuda", "cpu", "clone", "detach", "requires_grad_", "zeros_like", "ones_like", "rand_like",
     "randn_like", "masked_fill", "masked_fill_", "add", "add_", "mul", "mul_", "sub", "div", "div_", "roll",
     "flip",
     "tril", "triu", "cumsum", "checkpoint", "heaviside", "sign", "round", "floor", "erf", "data",
     "bool", "int", "gumbel_softmax", "logical_not", "nan_to_num", "addcmul", "softmin", "softsign", "tanh_",
     "sigmoid_", "exp_", "clamp_", "clamp_min", "squareplus", "requires_grad", "scatter", "scatter_",
     "scatter_add", "scatter_add_", "index_add", "index_add_", "cumprod", "reciprocal", "log1p", "expm1",
     "log2", "bernoulli", "lerp", "threshold", "hardshrink", "softshrink", "prelu", "logit", "trunc",
     "ceil", "frac", "feature_dropout", "dropout_", "local_response_norm", "fill_", "zero_",
     "copy_", "floor_divide", "remainder", "sign_", "atan", "cosh", "sinh"}
)  # fmt: skip
"""What leaves the shape of its first tensor alone."""
REDUCING = frozenset(
    {
        "mean",
        "sum",
        "amax",
        "amin",
        "max",
        "min",
        "norm",
        "std",
        "var",
        "logsumexp",
        "prod",
        "argmax",
        "argmin",
        "median",
        "mode",
        "any",
        "all",
        "nanmean",
    }
)
COUNTING = frozenset({"arange", "linspace", "tensor", "as_tensor"})
"""Functions that make a tensor of one dimension of plain numbers."""
MAKERS = frozenset({"zeros", "ones", "rand", "randn", "empty", "full", "Tensor", "FloatTensor"})
"""Functions that make a tensor of given sizes."""
LAYERS = {
    "max_pool1d": "MaxPool1d", "max_pool2d": "MaxPool2d", "max_pool3d": "MaxPool3d",
    "avg_pool1d": "AvgPool1d", "avg_pool2d": "AvgPool2d", "avg_pool3d": "AvgPool3d",
    "adaptive_avg_pool1d": "AdaptiveAvgPool1d", "adaptive_avg_pool2d": "AdaptiveAvgPool2d",
    "adaptive_avg_pool3d": "AdaptiveAvgPool3d", "adaptive_max_pool1d": "AdaptiveMaxPool1d",
    "adaptive_max_pool2d": "AdaptiveMaxPool2d", "interpolate": "Upsample", "upsample": "Upsample",
    "pixel_shuffle": "PixelShuffle", "pixel_unshuffle": "PixelUnshuffle",
}  # fmt: skip
"""Functions that do what a layer without weights does."""


def tensor_function(
    name: str, arguments: Sequence[object], keywords: dict[str, object]
) -> Answered:
    """Return what a function of torch, or a method of its first argument, makes of shapes.

    Raises:
        OpenError: the function is not known, or the shapes it needs are not.
        MismatchError: it cannot be given these shapes.
    """
    if name in MAKERS:
        sizes = arguments[0] if arguments and isinstance(arguments[0], (tuple, list)) else arguments
        return Tensor(sizes_given(sizes if name != "full" else arguments[0])), 0.0
    if name in ("cat", "concat", "concatenate", "stack", "hstack", "vstack"):
        return _joined(name, arguments, keywords), 0.0
    if name in PRODUCTS:
        return product(name, arguments, keywords)
    if name in COUNTING:
        return _counted_off(name, arguments), 0.0
    if name == "where" and len(arguments) == 3:
        parts = [one for one in arguments if isinstance(one, Tensor)]
        return functools.reduce(broadcast, parts), 0.0
    tensor = arguments[0] if arguments else None
    if not isinstance(tensor, Tensor):
        raise OpenError
    rest = arguments[1:]
    if name in ("expand_as", "view_as", "reshape_as") and rest and isinstance(rest[0], Tensor):
        return Tensor(rest[0].shape), 0.0
    if name == "sort":
        return (Tensor(tensor.shape), Tensor(tensor.shape)), 0.0
    if name in ("new_zeros", "new_ones", "new_empty", "new_full"):
        sizes = rest[0] if rest and isinstance(rest[0], (tuple, list)) else rest
        return Tensor(sizes_given(sizes)), 0.0
    if name in SAME_SHAPE:
        others = (
            [one for one in rest if isinstance(one, Tensor)]
            if name[:3] in ("add", "mul", "sub", "div")
            else []
        )
        return (broadcast(tensor, others[0]) if others else Tensor(tensor.shape)), 0.0
    if name in LAYERS:
        given = named_arguments(LAYERS[name], rest, keywords)
        shape, cost = applied(Layer(name=LAYERS[name], arguments=given), tensor.shape)
        return Tensor(shape), cost
    if tensor.shape is None:
        raise OpenError
    if name in ("rearrange", "repeat", "reduce") and rest and isinstance(rest[0], str):
        axes = {key: value for key, value in keywords.items() if key != "reduction"}
        return Tensor(rearranged(tensor.shape, rest[0], axes)), 0.0
    if name in REDUCING:
        return _reduced(name, tensor.shape, rest, keywords), 0.0
    rule = RESHAPING.get(name)
    if rule is None:
        raise OpenError
    kept = name in ("pad", "split", "unflatten")
    return rule(tensor.shape, rest if kept else _spread(rest), keywords), 0.0


def _counted_off(name: str, arguments: Sequence[object]) -> Tensor:
    """Return the numbers that a function counts off, or those it is given."""
    first = arguments[0] if arguments else None
    if name in ("tensor", "as_tensor"):
        if isinstance(first, Tensor):
            return Tensor(first.shape)
        sizes: list[int] = []
        while isinstance(first, (list, tuple)) and len(sizes) < LARGEST:
            sizes.append(len(first))
            first = first[0] if first else None
        return Tensor(tuple(sizes))
    if not all(isinstance(one, (int, float)) for one in arguments) or not arguments:
        raise OpenError
    numbers = [one for one in arguments if isinstance(one, (int, float))]
    if name == "linspace":
        return Tensor(sizes_given(numbers[2:3]))
    start, stop = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    step = numbers[2] if len(numbers) > 2 else 1
    if not step:
        raise MismatchError
    return Tensor((max(0, math.ceil((stop - start) / step)),))


def indexed(shape: tuple[int, ...], index: object) -> tuple[int, ...]:
    """Return the shape of what an index takes of a tensor.

    Raises:
        OpenError: the index is of another kind.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    given = sum(part is not None and part is not Ellipsis for part in parts)
    found: list[int] = []
    at = 0
    for part in parts:
        if part is None:
            found.append(1)
        elif part is Ellipsis:
            kept = len(shape) - given
            found += shape[at : at + kept]
            at += kept
        elif at >= len(shape):
            raise MismatchError
        elif isinstance(part, slice):
            found.append(len(range(shape[at])[part]))
            at += 1
        elif isinstance(part, int):
            if not -shape[at] <= part < shape[at]:
                raise MismatchError
            at += 1
        elif _is_list(part) and sum(map(_is_list, parts)) == 1:
            found.append(len(part))  # type: ignore[arg-type]  # it is a list
            at += 1
        else:
            raise OpenError
    return (*found, *shape[at:])


def _is_list(part: object) -> bool:
    """Match a list of positions, as in `x[:, [-1], :]`."""
    return isinstance(part, list) and all(type(one) is int for one in part)


def _joined(name: str, arguments: Sequence[object], keywords: dict[str, object]) -> Tensor:
    parts = arguments[0] if arguments else keywords.get("tensors")
    at = keywords.get("dim", keywords.get("axis", arguments[1] if len(arguments) > 1 else 0))
    if not isinstance(parts, (list, tuple)) or not parts or not isinstance(at, int):
        raise OpenError
    shapes = [part.shape for part in parts if isinstance(part, Tensor)]
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(parts):
        raise OpenError
    first = known[0]
    if not first or (name in ("hstack", "vstack") and len(first) < 2):
        raise OpenError
    at = {"hstack": 1, "vstack": 0}.get(name, at)
    if name == "stack":
        at %= len(first) + 1
        return Tensor((*first[:at], len(known), *first[at:]))
    at %= len(first)
    if any(
        len(one) != len(first) or one[:at] != first[:at] or one[at + 1 :] != first[at + 1 :]
        for one in known
    ):
        raise MismatchError
    return Tensor((*first[:at], sum(one[at] for one in known), *first[at + 1 :]))


def _reduced(
    name: str, shape: tuple[int, ...], rest: Sequence[object], keywords: dict[str, object]
) -> object:
    if name == "norm":
        rest = rest[1:]
    if name in ("std", "var") and len(rest) > 1:
        rest = [rest[0], *rest[2:]]
    at = keywords.get("dim", keywords.get("axis", rest[0] if rest else None))
    keeps = keywords.get("keepdim", keywords.get("keepdims", rest[1] if len(rest) > 1 else False))
    if at is None:
        return Tensor(())
    if isinstance(at, Tensor):
        return broadcast(Tensor(shape), at)
    places = {
        place % len(shape) for place in sizes_given(at if isinstance(at, (tuple, list)) else [at])
    }
    sizes = [
        (1 if i in places else size)
        for i, size in enumerate(shape)
        if i not in places or keeps is True
    ]
    tensor = Tensor(tuple(sizes))
    return (tensor, tensor) if name in ("max", "min", "median", "mode") else tensor


def _spread(given: Sequence[object]) -> Sequence[object]:
    """Return sizes given as one tuple like those given one by one."""
    if given and isinstance(given[0], (tuple, list)):
        return [*given[0], *given[1:]]
    return given
