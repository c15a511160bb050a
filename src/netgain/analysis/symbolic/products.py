"""Products of tensors: their shapes, and the multiply-accumulates they take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netgain.analysis.symbolic.layer_shapes import applied
from netgain.analysis.symbolic.layers import OpenError, named_arguments
from netgain.analysis.symbolic.values import Layer, MismatchError, Tensor

Answered = tuple[object, float]
"""What a function returns, and its multiply-accumulates."""
PRODUCTS = frozenset(
    {"linear", "matmul", "bmm", "mm", "mv", "dot", "addmm", "baddbmm", "einsum", "outer", "cdist",
     "scaled_dot_product_attention", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
     "conv_transpose3d", "multi_head_attention_forward", "tensordot", "kron", "bilinear"}
)  # fmt: skip
"""Functions that multiply and add."""


def product(name: str, arguments: Sequence[object], keywords: dict[str, object]) -> Answered:
    """Return what a function that multiplies and adds makes of tensors.

    Raises:
        OpenError: the function is not followed, or shapes are not known.
        MismatchError: it cannot be given these shapes.
    """
    if name == "einsum":
        return _summed(arguments)
    tensor = arguments[0] if arguments else keywords.get("input", keywords.get("query"))
    rest = list(arguments[1:])
    if not isinstance(tensor, Tensor):
        raise OpenError
    if name == "scaled_dot_product_attention":
        named = [keywords[key] for key in ("key", "value") if key in keywords]
        return _attention(tensor, [*rest, *named])
    if name.startswith("conv"):
        return _convolved(name, tensor, rest, keywords)
    other = rest[0] if rest else keywords.get("weight", keywords.get("other", keywords.get("mat2")))
    if not isinstance(other, Tensor):
        raise OpenError
    if name == "linear" and other.shape is not None and len(other.shape) == 2:
        return multiplied(tensor, Tensor(other.shape[::-1]))
    if name in {"matmul", "bmm", "mm"}:
        return multiplied(tensor, other)
    if name in {"addmm", "baddbmm"} and len(rest) > 1 and isinstance(rest[1], Tensor):
        return multiplied(other, rest[1])
    raise OpenError


def _convolved(
    name: str, tensor: Tensor, rest: list[object], keywords: dict[str, object]
) -> Answered:
    """Convolve with weights that are given as a tensor."""
    weight = rest[0] if rest else keywords.get("weight")
    if not isinstance(weight, Tensor) or weight.shape is None or tensor.shape is None:
        raise OpenError
    dims = int(name[-2])
    if len(weight.shape) != dims + 2:
        raise MismatchError
    turned = "transpose" in name
    order = ("bias", "stride", "padding", "output_padding", "groups", "dilation")
    plain = ("bias", "stride", "padding", "dilation", "groups")
    given = {**dict(zip(order if turned else plain, rest[1:], strict=False)), **keywords}
    groups = given.get("groups", 1)
    if not isinstance(groups, int):
        raise OpenError
    first, second, *kernel = weight.shape
    given |= {"kernel_size": tuple(kernel), "in_channels": first if turned else second * groups}
    given["out_channels"] = second * groups if turned else first
    kind = f"ConvTranspose{dims}d" if turned else f"Conv{dims}d"
    shape, cost = applied(
        Layer(name=kind, arguments=named_arguments(kind, [], given)), tensor.shape
    )
    return Tensor(shape), cost


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
