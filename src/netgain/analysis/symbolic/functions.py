"""Functions of torch, and methods of tensors, by the shapes they return."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from netgain.analysis.symbolic.layers import OpenError, applied, flattened, named_arguments
from netgain.analysis.symbolic.values import UNKNOWN, Layer, MismatchError, Tensor

Answered = tuple[object, float]
"""What a function returns, and its multiply-accumulates."""
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
     "tril", "triu", "cumsum", "sort", "checkpoint", "heaviside", "sign", "round", "floor", "erf", "data"}
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
    }
)
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
LARGEST = 64
"""Most dimensions, or tensors at a time."""


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
        return Tensor(_sizes(sizes if name != "full" else arguments[0])), 0.0
    if name in ("cat", "concat", "concatenate", "stack", "hstack"):
        return _joined(name, arguments, keywords), 0.0
    if name == "einsum":
        return _summed(arguments)
    tensor = arguments[0] if arguments else None
    if not isinstance(tensor, Tensor):
        raise OpenError
    rest = arguments[1:]
    if name in SAME_SHAPE:
        others = (
            [one for one in rest if isinstance(one, Tensor)]
            if name[:3] in ("add", "mul", "sub")
            else []
        )
        return (broadcast(tensor, others[0]) if others else Tensor(tensor.shape)), 0.0
    if name == "linear":
        weight = rest[0] if rest else None
        if isinstance(weight, Tensor) and weight.shape is not None and len(weight.shape) == 2:
            turned = Tensor(weight.shape[::-1])
            return multiplied(tensor, turned)
        raise OpenError
    if name in ("matmul", "bmm", "mm"):
        other = rest[0] if rest else None
        if not isinstance(other, Tensor):
            raise OpenError
        return multiplied(tensor, other)
    if name == "scaled_dot_product_attention":
        return _attention(tensor, rest)
    if name in LAYERS:
        given = named_arguments(LAYERS[name], rest, keywords)
        shape, cost = applied(Layer(name=LAYERS[name], arguments=given), tensor.shape)
        return Tensor(shape), cost
    if tensor.shape is None:
        raise OpenError
    if name in REDUCING:
        return _reduced(name, tensor.shape, rest, keywords), 0.0
    rule = _RULES.get(name)
    if rule is None:
        raise OpenError
    return rule(tensor.shape, rest if name == "pad" else _spread(rest), keywords), 0.0


def broadcast(first: Tensor, second: Tensor) -> Tensor:
    """Return the sum or product of two tensors, position by position."""
    if first.shape is None or second.shape is None:
        return Tensor(None)
    mine, theirs = first.shape, second.shape
    length = max(len(mine), len(theirs))
    mine, theirs = (1,) * (length - len(mine)) + mine, (1,) * (length - len(theirs)) + theirs
    if any(a != b and 1 not in (a, b) for a, b in zip(mine, theirs, strict=True)):
        raise MismatchError
    return Tensor(tuple(map(max, mine, theirs)))


def multiplied(first: Tensor, second: Tensor) -> Answered:
    """Return the matrix product of two tensors."""
    if first.shape is None or second.shape is None:
        raise OpenError
    if len(first.shape) < 2 or len(second.shape) < 2 or first.shape[-1] != second.shape[-2]:
        raise MismatchError
    ahead = broadcast(Tensor(first.shape[:-2]), Tensor(second.shape[:-2])).shape or ()
    shape = (*ahead, first.shape[-2], second.shape[-1])
    return Tensor(shape), float(math.prod(shape) * first.shape[-1])


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
        else:
            raise OpenError
    return (*found, *shape[at:])


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


def _summed(arguments: Sequence[object]) -> Answered:
    """Return the shape and the cost of `einsum("bhid,bhjd->bhij", q, k)`."""
    text = arguments[0] if arguments else None
    tensors = [one for one in arguments[1:] if isinstance(one, Tensor)]
    if (
        not isinstance(text, str)
        or "->" not in text
        or "." in text
        or len(tensors) < len(arguments) - 1
    ):
        raise OpenError
    inputs, out = text.replace(" ", "").split("->")
    sizes: dict[str, int] = {}
    for letters, tensor in zip(inputs.split(","), tensors, strict=True):
        if tensor.shape is None:
            raise OpenError
        if len(letters) != len(tensor.shape):
            raise MismatchError
        sizes.update(zip(letters, tensor.shape, strict=True))
    cost = math.prod(sizes.values()) if len(tensors) > 1 else 0
    return Tensor(tuple(sizes[letter] for letter in out)), float(cost)


def _attention(queries: Tensor, rest: Sequence[object]) -> Answered:
    keys, values = (rest[0], rest[1]) if len(rest) > 1 else (None, None)
    if not (isinstance(keys, Tensor) and isinstance(values, Tensor)):
        raise OpenError
    if queries.shape is None or keys.shape is None or values.shape is None:
        raise OpenError
    cost = math.prod(queries.shape) * keys.shape[-2] + math.prod(queries.shape[:-1]) * math.prod(
        values.shape[-2:]
    )
    return Tensor((*queries.shape[:-1], values.shape[-1])), float(cost)


def _reduced(
    name: str, shape: tuple[int, ...], rest: Sequence[object], keywords: dict[str, object]
) -> object:
    at = keywords.get("dim", keywords.get("axis", rest[0] if rest else None))
    keeps = keywords.get("keepdim", keywords.get("keepdims", rest[1] if len(rest) > 1 else False))
    if at is None:
        return Tensor(())
    if isinstance(at, Tensor):
        return broadcast(Tensor(shape), at)
    places = {place % len(shape) for place in _sizes(at if isinstance(at, (tuple, list)) else [at])}
    sizes = [
        (1 if i in places else size)
        for i, size in enumerate(shape)
        if i not in places or keeps is True
    ]
    tensor = Tensor(tuple(sizes))
    return (tensor, tensor) if name in ("max", "min") else tensor


def _viewed(shape: tuple[int, ...], sizes: Sequence[object], _: dict[str, object]) -> Tensor:
    wanted = list(_sizes(sizes))
    total, open_places = math.prod(shape), [i for i, size in enumerate(wanted) if size == -1]
    if len(open_places) > 1:
        raise OpenError
    known = math.prod(size for size in wanted if size != -1)
    if open_places:
        if known <= 0 or total % known:
            raise MismatchError
        wanted[open_places[0]] = total // known
    if math.prod(wanted) != total:
        raise MismatchError
    return Tensor(tuple(wanted))


def _permuted(shape: tuple[int, ...], places: Sequence[object], _: dict[str, object]) -> Tensor:
    order = [place % len(shape) for place in _sizes(places)]
    if sorted(order) != list(range(len(shape))):
        raise MismatchError
    return Tensor(tuple(shape[place] for place in order))


def _transposed(
    shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]
) -> Tensor:
    first, second = _sizes(places or [given.get("dim0"), given.get("dim1")])
    order = list(range(len(shape)))
    order[first], order[second] = order[second], order[first]
    return Tensor(tuple(shape[place] for place in order))


def _turned(shape: tuple[int, ...], _: Sequence[object], __: dict[str, object]) -> Tensor:
    return Tensor(shape[::-1])


def _flattened(
    shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]
) -> Tensor:
    first = places[0] if places else given.get("start_dim", 0)
    last = places[1] if len(places) > 1 else given.get("end_dim", -1)
    if not isinstance(first, int) or not isinstance(last, int):
        raise OpenError
    return Tensor(flattened(shape, first, last))


def _squeezed(shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]) -> Tensor:
    at = places[0] if places else given.get("dim")
    if at is None:
        return Tensor(tuple(size for size in shape if size != 1))
    (place,) = _sizes([at])
    place %= len(shape)
    return Tensor(shape if shape[place] != 1 else (*shape[:place], *shape[place + 1 :]))


def _unsqueezed(
    shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]
) -> Tensor:
    (place,) = _sizes([places[0] if places else given.get("dim")])
    place %= len(shape) + 1
    return Tensor((*shape[:place], 1, *shape[place:]))


def _chunked(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    count, at = _sizes([given[0] if given else named.get("chunks"), _place(given, named)])
    at %= len(shape)
    if not 0 < count <= LARGEST:
        raise OpenError
    each = -(-shape[at] // count)
    sizes = [min(each, shape[at] - start) for start in range(0, shape[at], each)]
    return tuple(Tensor((*shape[:at], size, *shape[at + 1 :])) for size in sizes)


def _split(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    (at,) = _sizes([_place(given[-1:] if len(given) > 2 else given, named)])
    at %= len(shape)
    asked = named.get("split_size_or_sections", given[0] if given else None)
    if isinstance(asked, int):
        count = -(-shape[at] // max(asked, 1))
        return _chunked(shape, [count, at], {}) if count <= LARGEST else UNKNOWN
    return tuple(Tensor((*shape[:at], size, *shape[at + 1 :])) for size in _sizes(asked))


def _unbound(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    (at,) = _sizes([given[0] if given else named.get("dim", 0)])
    at %= len(shape)
    if shape[at] > LARGEST:
        raise OpenError
    return tuple(Tensor((*shape[:at], *shape[at + 1 :])) for _ in range(shape[at]))


def _place(given: Sequence[object], named: dict[str, object]) -> object:
    return named.get("dim", given[1] if len(given) > 1 else 0)


def _expanded(shape: tuple[int, ...], sizes: Sequence[object], _: dict[str, object]) -> Tensor:
    wanted = _sizes(sizes)
    ahead = (1,) * (len(wanted) - len(shape)) + shape
    return Tensor(tuple(a if b == -1 else b for a, b in zip(ahead, wanted, strict=True)))


def _repeated(shape: tuple[int, ...], counts: Sequence[object], _: dict[str, object]) -> Tensor:
    times = _sizes(counts)
    ahead = (1,) * (len(times) - len(shape)) + shape
    return Tensor(tuple(a * b for a, b in zip(ahead, times, strict=True)))


def _padded(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    pads = _sizes(given[0] if given else named.get("pad"))
    sizes = list(shape)
    for number in range(len(pads) // 2):
        sizes[-1 - number] += pads[2 * number] + pads[2 * number + 1]
    return Tensor(tuple(sizes))


_RULES: dict[str, Callable[[tuple[int, ...], Sequence[object], dict[str, object]], object]] = {
    **dict.fromkeys(("view", "reshape"), _viewed),
    "permute": _permuted,
    **dict.fromkeys(("transpose", "swapaxes", "transpose_"), _transposed),
    "t": _turned,
    "flatten": _flattened,
    "squeeze": _squeezed,
    "unsqueeze": _unsqueezed,
    "chunk": _chunked,
    "split": _split,
    "unbind": _unbound,
    "expand": _expanded,
    "repeat": _repeated,
    "pad": _padded,
}


def _spread(given: Sequence[object]) -> Sequence[object]:
    """Return sizes given as one tuple like those given one by one."""
    if given and isinstance(given[0], (tuple, list)):
        return [*given[0], *given[1:]]
    return given


def _sizes(value: object) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)):
        raise OpenError
    found = tuple(
        int(part)
        for part in value
        if (isinstance(part, int) and not isinstance(part, bool))
        or (isinstance(part, float) and part.is_integer())
    )
    if len(found) < len(value) or len(found) > LARGEST:
        raise OpenError
    return found
