"""Shapes of tensors that functions reshape, cut, repeat and pad."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from netgain.analysis.symbolic.layer_shapes import flattened
from netgain.analysis.symbolic.layers import OpenError
from netgain.analysis.symbolic.values import UNKNOWN, MismatchError, Tensor

LARGEST = 64
"""Most dimensions, or tensors at a time."""


def _viewed(shape: tuple[int, ...], sizes: Sequence[object], _: dict[str, object]) -> Tensor:
    wanted = list(sizes_given(sizes))
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
    order = [place % len(shape) for place in sizes_given(places)]
    if sorted(order) != list(range(len(shape))):
        raise MismatchError
    return Tensor(tuple(shape[place] for place in order))


def _transposed(
    shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]
) -> Tensor:
    first, second = sizes_given(places or [given.get("dim0"), given.get("dim1")])
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
    (place,) = sizes_given([at])
    place %= len(shape)
    return Tensor(shape if shape[place] != 1 else (*shape[:place], *shape[place + 1 :]))


def _unsqueezed(
    shape: tuple[int, ...], places: Sequence[object], given: dict[str, object]
) -> Tensor:
    (place,) = sizes_given([places[0] if places else given.get("dim")])
    place %= len(shape) + 1
    return Tensor((*shape[:place], 1, *shape[place:]))


def _chunked(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    count, at = sizes_given([given[0] if given else named.get("chunks"), _place(given, named)])
    at %= len(shape)
    if not 0 < count <= LARGEST:
        raise OpenError
    each = -(-shape[at] // count)
    sizes = [min(each, shape[at] - start) for start in range(0, shape[at], each)]
    return tuple(Tensor((*shape[:at], size, *shape[at + 1 :])) for size in sizes)


def _split(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    (at,) = sizes_given([_place(given, named)])
    at %= len(shape)
    asked = named.get("split_size_or_sections", given[0] if given else None)
    if isinstance(asked, int):
        count = -(-shape[at] // max(asked, 1))
        return _chunked(shape, [count, at], {}) if count <= LARGEST else UNKNOWN
    return tuple(Tensor((*shape[:at], size, *shape[at + 1 :])) for size in sizes_given(asked))


def _unbound(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    (at,) = sizes_given([given[0] if given else named.get("dim", 0)])
    at %= len(shape)
    if shape[at] > LARGEST:
        raise OpenError
    return tuple(Tensor((*shape[:at], *shape[at + 1 :])) for _ in range(shape[at]))


def _place(given: Sequence[object], named: dict[str, object]) -> object:
    return named.get("dim", given[1] if len(given) > 1 else 0)


def _expanded(shape: tuple[int, ...], sizes: Sequence[object], _: dict[str, object]) -> Tensor:
    wanted = sizes_given(sizes)
    ahead = (1,) * (len(wanted) - len(shape)) + shape
    return Tensor(tuple(a if b == -1 else b for a, b in zip(ahead, wanted, strict=True)))


def _repeated(shape: tuple[int, ...], counts: Sequence[object], _: dict[str, object]) -> Tensor:
    times = sizes_given(counts)
    ahead = (1,) * (len(times) - len(shape)) + shape
    return Tensor(tuple(a * b for a, b in zip(ahead, times, strict=True)))


def _padded(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    pads = sizes_given(given[0] if given else named.get("pad"))
    sizes = list(shape)
    for number in range(len(pads) // 2):
        sizes[-1 - number] += pads[2 * number] + pads[2 * number + 1]
    return Tensor(tuple(sizes))


def _unflattened(
    shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]
) -> Tensor:
    (at,) = sizes_given([given[0] if given else named.get("dim")])
    at %= len(shape)
    inner = _viewed((shape[at],), given[1] if len(given) > 1 else named.get("sizes"), {})  # type: ignore[arg-type]  # what is no list raises
    return Tensor((*shape[:at], *(inner.shape or ()), *shape[at + 1 :]))


def _cut(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    """Return what `narrow(dim, start, length)` leaves."""
    order = [
        named.get(key, value) for key, value in zip(("dim", "start", "length"), given, strict=False)
    ]
    at, _, length = sizes_given(order + [named.get("length")] * (3 - len(order)))
    at %= len(shape)
    return Tensor((*shape[:at], length, *shape[at + 1 :]))


def _highest(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> object:
    count, at = sizes_given(
        [
            given[0] if given else named.get("k"),
            named.get("dim", given[1] if len(given) > 1 else -1),
        ]
    )
    at %= len(shape)
    tensor = Tensor((*shape[:at], count, *shape[at + 1 :]))
    return tensor, tensor


def _moved(shape: tuple[int, ...], places: Sequence[object], _: dict[str, object]) -> Tensor:
    first, second = sizes_given(places)
    order = list(range(len(shape)))
    order.insert(second % len(shape), order.pop(first % len(shape)))
    return Tensor(tuple(shape[place] for place in order))


def _repeated_each(
    shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]
) -> Tensor:
    count, at = sizes_given(
        [given[0] if given else named.get("repeats"), named.get("dim", (*given, None, None)[1])]
    )
    at %= len(shape)
    return Tensor((*shape[:at], shape[at] * count, *shape[at + 1 :]))


def _gathered(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    index = given[1] if len(given) > 1 else named.get("index")
    if not isinstance(index, Tensor) or index.shape is None or len(index.shape) != len(shape):
        raise OpenError
    return Tensor(index.shape)


def _halved(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    (at,) = sizes_given([given[0] if given else named.get("dim", -1)])
    at %= len(shape)
    if shape[at] % 2:
        raise MismatchError
    return Tensor((*shape[:at], shape[at] // 2, *shape[at + 1 :]))


def _patches(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    at, width, step = sizes_given(given)
    at %= len(shape)
    if named or shape[at] < width or step < 1:
        raise MismatchError
    return Tensor((*shape[:at], (shape[at] - width) // step + 1, *shape[at + 1 :], width))


def _one_hot(shape: tuple[int, ...], given: Sequence[object], named: dict[str, object]) -> Tensor:
    (count,) = sizes_given([given[0] if given else named.get("num_classes")])
    return Tensor((*shape, count))


def _last_turned(shape: tuple[int, ...], _: Sequence[object], __: dict[str, object]) -> Tensor:
    return Tensor((*shape[:-2], *shape[:-3:-1]))


def _number(shape: tuple[int, ...], _: Sequence[object], __: dict[str, object]) -> object:
    return math.prod(shape)


RESHAPING: dict[str, Callable[[tuple[int, ...], Sequence[object], dict[str, object]], object]] = {
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
    "unflatten": _unflattened,
    "narrow": _cut,
    "topk": _highest,
    "movedim": _moved,
    "repeat_interleave": _repeated_each,
    "gather": _gathered,
    "glu": _halved,
    "unfold": _patches,
    "one_hot": _one_hot,
    "adjoint": _last_turned,
    "swapdims": _transposed,
    "broadcast_to": _expanded,
    "tile": _repeated,
    "numel": _number,
    "nelement": _number,
}


def sizes_given(value: object) -> tuple[int, ...]:
    """Return the whole numbers of a list.

    Raises:
        OpenError: one is not known.
    """
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
