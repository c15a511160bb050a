"""Layers of Keras: what comes out of each, its weights and its multiply-accumulates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from netgain.analysis.symbolic.layers import OpenError

Built = tuple[tuple[int, ...] | None, float, float]
"""Shape that comes out, trainable parameters, multiply-accumulates of the whole batch."""
Given = dict[str, object]
Shape = tuple[int, ...]

_CONVOLUTION = ("filters", "kernel_size", "strides", "padding")
_POOL = ("pool_size", "strides", "padding")
SIGNATURES: dict[str, tuple[str, ...]] = {
    "Dense": ("units", "activation"),
    **dict.fromkeys(
        [f"{kind}{n}D{end}" for kind in ("Conv", "Convolution", "SeparableConv") for n in "123"
         for end in ("", "Transpose")], _CONVOLUTION),
    "DepthwiseConv2D": ("kernel_size", "strides", "padding"),
    **dict.fromkeys([f"{kind}Pool{end}{n}D" for kind in ("Max", "Average") for end in ("", "ing")
                     for n in "123"], _POOL),
    **dict.fromkeys([f"UpSampling{n}D" for n in "123"], ("size",)),
    **dict.fromkeys([f"ZeroPadding{n}D" for n in "123"], ("padding",)),
    "Cropping2D": ("cropping",), "Reshape": ("target_shape",), "Permute": ("dims",), "RepeatVector": ("n",),
    "Embedding": ("input_dim", "output_dim"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), ("units",)),
    **dict.fromkeys(("Bidirectional", "TimeDistributed"), ("layer",)),
    "MultiHeadAttention": ("num_heads", "key_dim"),
    "InputLayer": ("input_shape",), "Activation": ("activation",), "Dropout": ("rate",),
}  # fmt: skip
SAME = frozenset(
    {"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
     "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization", "Rescaling", "RandomFlip",
     "RandomRotation", "RandomZoom", "RandomContrast", "RandomTranslation", "RandomBrightness", "Masking",
     "UnitNormalization", "Identity"}
)  # fmt: skip
NORMS = {"BatchNormalization": 2, "LayerNormalization": 2, "GroupNormalization": 2}
MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})


def built(name: str, given: Given, shapes: Sequence[Shape]) -> Built:
    """Return what comes out of a layer that is called on tensors of these shapes.

    Raises:
        OpenError: the layer, or a size, is not known.
    """
    if name in MERGES:
        first = max(shapes, key=len)
        return (
            tuple(max(sizes) for sizes in zip(*shapes, strict=True))
            if len({len(one) for one in shapes}) == 1
            else first,
            0.0,
            0.0,
        )
    if name == "Concatenate":
        return _concatenated(given, shapes), 0.0, 0.0
    if name == "MultiHeadAttention":
        return _attended(given, shapes)
    shape = shapes[0]
    if name in SAME:
        return shape, 0.0, 0.0
    if name in NORMS:
        unscaled = (given.get("scale") is False) + (given.get("center") is False)
        return shape, float((NORMS[name] - unscaled) * shape[-1]), 0.0
    if name == "PReLU":
        return shape, float(math.prod(shape[1:])), 0.0
    rule = BUILDS.get(name)
    if rule is None:
        raise OpenError
    return rule(name, given, shape)


def _concatenated(given: Given, shapes: Sequence[Shape]) -> Shape:
    at = given.get("axis", -1)
    if not isinstance(at, int):
        raise OpenError
    first = shapes[0]
    at %= len(first)
    return (*first[:at], sum(one[at] for one in shapes), *first[at + 1 :])


def _dense(_: str, given: Given, shape: Shape) -> Built:
    units, bias = _whole(given, "units"), given.get("use_bias", True) is not False
    return (
        (*shape[:-1], units),
        float(shape[-1] * units + bias * units),
        float(math.prod(shape) * units),
    )


def _convolution(name: str, given: Given, shape: Shape) -> Built:
    """Return a convolution; `SeparableConv2D` is one by channel and one by position."""
    dims = int(name[name.index("D") - 1])
    if len(shape) != dims + 2 or given.get("data_format") == "channels_first":
        raise OpenError
    kernel = _each(given, "kernel_size", None, dims)
    strides, gaps = _each(given, "strides", 1, dims), _each(given, "dilation_rate", 1, dims)
    sizes = _moved(given, shape[1:-1], kernel, strides, gaps)
    into, bias = shape[-1], given.get("use_bias", True) is not False
    positions = shape[0] * math.prod(sizes)
    if name == "DepthwiseConv2D":
        out = into * _whole(given, "depth_multiplier", 1)
        weights = math.prod(kernel) * out
        return (shape[0], *sizes, out), float(weights + bias * out), float(positions * weights)
    out = _whole(given, "filters")
    if name.startswith("Separable"):
        weights = math.prod(kernel) * into * _whole(given, "depth_multiplier", 1) + into * out
    else:
        weights = math.prod(kernel) * into * out // _whole(given, "groups", 1)
    return (shape[0], *sizes, out), float(weights + bias * out), float(positions * weights)


def _transposed(name: str, given: Given, shape: Shape) -> Built:
    dims = int(name[name.index("D") - 1])
    if len(shape) != dims + 2:
        raise OpenError
    kernel, strides = _each(given, "kernel_size", None, dims), _each(given, "strides", 1, dims)
    same = _padding(given) == "same"
    sizes = tuple(
        size * step if same else size * step + max(width - step, 0)
        for size, step, width in zip(shape[1:-1], strides, kernel, strict=True)
    )
    out = _whole(given, "filters")
    weights = math.prod(kernel) * shape[-1] * out
    bias = given.get("use_bias", True) is not False
    operations = math.prod(shape[:-1]) * weights
    return (shape[0], *sizes, out), float(weights + bias * out), float(operations)


def _moved(given: Given, sizes: Shape, kernel: Shape, strides: Shape, gaps: Shape) -> Shape:
    same = _padding(given) in ("same", "causal")
    found = tuple(
        -(-size // step) if same else (size - gap * (width - 1) - 1) // step + 1
        for size, width, step, gap in zip(sizes, kernel, strides, gaps, strict=True)
    )
    if min(found) < 1:
        raise ValueError
    return found


def _pool(name: str, given: Given, shape: Shape) -> Built:
    dims = int(name[-2])
    size = _each(given, "pool_size", 2, dims)
    strides = size if given.get("strides") is None else _each(given, "strides", None, dims)
    return (shape[0], *_moved(given, shape[1:-1], size, strides, (1,) * dims), shape[-1]), 0.0, 0.0


def _global(_: str, given: Given, shape: Shape) -> Built:
    if given.get("keepdims") is True:
        return (shape[0], *(1,) * (len(shape) - 2), shape[-1]), 0.0, 0.0
    return (shape[0], shape[-1]), 0.0, 0.0


def _flatten(_: str, __: Given, shape: Shape) -> Built:
    return (shape[0], math.prod(shape[1:])), 0.0, 0.0


def _reshape(_: str, given: Given, shape: Shape) -> Built:
    wanted = list(_sizes(given.get("target_shape")))
    if wanted.count(-1) == 1:
        wanted[wanted.index(-1)] = math.prod(shape[1:]) // -math.prod(wanted)
    if math.prod(wanted) != math.prod(shape[1:]):
        raise ValueError
    return (shape[0], *wanted), 0.0, 0.0


def _permute(_: str, given: Given, shape: Shape) -> Built:
    return (shape[0], *(shape[at] for at in _sizes(given.get("dims")))), 0.0, 0.0


def _repeat(_: str, given: Given, shape: Shape) -> Built:
    return (shape[0], _whole(given, "n"), *shape[1:]), 0.0, 0.0


def _upsampling(name: str, given: Given, shape: Shape) -> Built:
    factors = _each(given, "size", 2, int(name[-2]))
    grown = (size * factor for size, factor in zip(shape[1:-1], factors, strict=True))
    return (shape[0], *grown, shape[-1]), 0.0, 0.0


def _padded(name: str, given: Given, shape: Shape) -> Built:
    dims = int(name[-2])
    pads = given.get("padding", given.get("cropping", 1))
    pairs = list(pads) if isinstance(pads, (list, tuple)) else [pads] * dims
    sign = -1 if name.startswith("Cropping") else 1
    if dims == 1 and len(pairs) == 2 and all(isinstance(one, int) for one in pairs):
        pairs = [tuple(pairs)]
    total = [
        sum(_sizes(one)) if isinstance(one, (list, tuple)) else 2 * _sizes([one])[0]
        for one in pairs
    ]
    grown = (size + sign * more for size, more in zip(shape[1:-1], total, strict=True))
    return (shape[0], *grown, shape[-1]), 0.0, 0.0


def _embedding(_: str, given: Given, shape: Shape) -> Built:
    size = _whole(given, "output_dim")
    return (*shape, size), float(_whole(given, "input_dim") * size), 0.0


def _recurrent(name: str, given: Given, shape: Shape) -> Built:
    if len(shape) != 3:
        raise ValueError
    gates = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[name]
    units = _whole(given, "units")
    weights = gates * units * (shape[-1] + units)
    biases = gates * units * (2 if name == "GRU" and given.get("reset_after", True) is True else 1)
    kept = (shape[1],) if given.get("return_sequences") is True else ()
    return (shape[0], *kept, units), float(weights + biases), float(shape[0] * shape[1] * weights)


def _wrapped(name: str, given: Given, shape: Shape) -> Built:
    """Return a layer applied both ways, or at every step."""
    inner = given.get("layer")
    inner_name, inner_given = getattr(inner, "name", None), getattr(inner, "arguments", None)
    if not isinstance(inner_name, str) or not isinstance(inner_given, dict):
        raise OpenError
    if name == "TimeDistributed":
        after, weights, operations = built(
            inner_name, inner_given, [(shape[0] * shape[1], *shape[2:])]
        )
        if after is None:
            raise OpenError
        return (shape[0], shape[1], *after[1:]), weights, operations
    after, weights, operations = built(inner_name, inner_given, [shape])
    if after is None:
        raise OpenError
    both = 2 if given.get("merge_mode", "concat") == "concat" else 1
    return (*after[:-1], both * after[-1]), 2 * weights, 2 * operations


def _attended(given: Given, shapes: Sequence[Shape]) -> Built:
    """Return attention of one sequence on another; both are one where the layer is given one."""
    queries, values = shapes[0], shapes[-1]
    if len(queries) != 3:
        raise OpenError
    heads, size = _whole(given, "num_heads"), _whole(given, "key_dim")
    inner, width = heads * size, queries[-1]
    weights = inner * (width + 2 * values[-1] + width) + 3 * inner + width
    operations = queries[0] * (
        queries[1] * width * inner * 2 + 2 * values[1] * values[-1] * inner
        + 2 * queries[1] * values[1] * inner
    )  # fmt: skip
    return queries, float(weights), float(operations)


BUILDS: dict[str, Callable[[str, Given, Shape], Built]] = {
    "Dense": _dense,
    **dict.fromkeys(
        [f"{kind}{n}D" for kind in ("Conv", "Convolution") for n in "123"], _convolution
    ),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D"), _convolution),
    **dict.fromkeys([f"Conv{n}DTranspose" for n in "123"], _transposed),
    **dict.fromkeys(
        [
            f"{kind}Pool{end}{n}D"
            for kind in ("Max", "Average")
            for end in ("", "ing")
            for n in "123"
        ],
        _pool,
    ),
    **dict.fromkeys(
        [
            f"Global{kind}Pool{end}{n}D"
            for kind in ("Max", "Average")
            for end in ("", "ing")
            for n in "123"
        ],
        _global,
    ),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
    **dict.fromkeys([f"UpSampling{n}D" for n in "123"], _upsampling),
    **dict.fromkeys(
        [f"{kind}{n}D" for kind in ("ZeroPadding", "Cropping") for n in "123"], _padded
    ),
    "Embedding": _embedding,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    **dict.fromkeys(("Bidirectional", "TimeDistributed"), _wrapped),
    **dict.fromkeys(
        (
            *SAME,
            *NORMS,
            *MERGES,
            "PReLU",
            "Concatenate",
            "MultiHeadAttention",
            "InputLayer",
            "Lambda",
        ),
        lambda *_: (None, math.nan, math.nan),
    ),
}
"""Layers by name; those of several inputs, and those that keep the shape, are decided ahead."""


OF_KERAS = frozenset(BUILDS) | {
    "Input", "Model", "Sequential", "add", "concatenate", "multiply", "average", "maximum", "subtract",
}  # fmt: skip
"""Names that a file that imports everything of Keras means by themselves."""


def _padding(given: Given) -> str:
    padding = given.get("padding", "valid")
    if not isinstance(padding, str):
        raise OpenError
    return padding.lower()


def _whole(given: Given, name: str, default: int | None = None) -> int:
    value = given.get(name, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OpenError
    return value


def _sizes(value: object) -> Shape:
    parts = value if isinstance(value, (list, tuple)) else [value]
    found = tuple(one for one in parts if isinstance(one, int) and not isinstance(one, bool))
    if len(found) < len(parts):
        raise OpenError
    return found


def _each(given: Given, name: str, default: int | None, dims: int) -> Shape:
    value = given.get(name, default)
    if isinstance(value, (list, tuple)):
        sizes = _sizes(value)
        if len(sizes) == 1:
            return sizes * dims
        if len(sizes) != dims:
            raise ValueError
        return sizes
    return (_whole(given, name, default),) * dims
