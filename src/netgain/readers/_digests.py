"""64-bit digests of items, answers and prompts, equal whatever file format they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.uint64]
Values = Sequence[object] | npt.NDArray[Any]
"""A column: Python values, or an array of numbers."""
STARTS = frozenset("-0123456789 \t")
"""What the text of a whole number can begin with."""


def digests(values: Values) -> Digests:
    """Return a digest of each value: whole numbers by SplitMix64, other text by BLAKE2b.

    `7`, `"7"`, `7.0` and `" 7 "` are one value; `"007"` is another. Reference for SplitMix64: Steele, Lea
    and Flood 2014, Fast splittable pseudorandom number generators.
    """
    numbers = _whole_numbers(values)
    if numbers is not None:
        return split_mix(numbers)
    plain = [value if isinstance(value, str) else as_text(value) for value in values]
    distinct = list(dict.fromkeys(plain))
    found = _of_texts(distinct)
    if len(distinct) == len(plain):
        return found
    table = dict(zip(distinct, found.tolist(), strict=True))
    return np.fromiter(map(table.__getitem__, plain), np.uint64, len(plain))


def as_text(value: object) -> str:
    """Return the text of one value as a CSV file would hold it; whole floats without their point."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, sort_keys=True, default=str)
    return str(value)


def split_mix(numbers: npt.NDArray[np.int64]) -> Digests:
    """Return the SplitMix64 finaliser of each number plus the golden gamma."""
    state = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _whole_numbers(values: Values) -> npt.NDArray[np.int64] | None:
    """Return the values as whole numbers if each is one, written plainly."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "iu":
            return values.astype(np.int64)
        if values.dtype.kind != "f":
            return None
        with np.errstate(
            invalid="ignore", over="ignore"
        ):  # signalling NaN, and 2**53 in half precision
            whole = bool(((values == np.trunc(values)) & (np.abs(values) < 2**53)).all())
        return values.astype(np.int64) if whole else None
    try:
        found = [int(value) for value in values]  # type: ignore[call-overload]  # refusals are caught
        if [str(number) for number in found] == list(values) or all(type(v) is int for v in values):
            return np.array(found, np.int64)
    except (ValueError, TypeError, OverflowError):
        pass
    return None


def _of_texts(texts: list[str]) -> Digests:
    packed = b"".join(
        [
            hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).digest()
            for text in texts
        ]
    )
    found = np.frombuffer(packed, "<u8").astype(np.uint64)
    for index, text in enumerate(texts):
        if text[:1] in STARTS and (number := _as_whole(text.strip())) is not None:
            found[index] = split_mix(np.array([number], np.int64))[0]
    return found


def _as_whole(text: str) -> int | None:
    """Return the whole number that a text plainly is: `7`, `-3`, `7.0`; None for `007` and the rest."""
    if not text or len(text) > 20:
        return None
    stem = text.removesuffix(".0")
    if stem.removeprefix("-").isdecimal() and stem.isascii():
        number = int(stem)
        if str(number) == stem and -(2**63) <= number < 2**63:
            return number
    return None
