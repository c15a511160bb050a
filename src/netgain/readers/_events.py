"""One TensorFlow `Event` record: where its scalars stand, and what the hparams plugin holds."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from netgain.readers._protobuf import BYTES, FIXED32, FIXED64, VARINT, fields, varint
from netgain.study import Scalar

FLOAT_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
"""`tensorflow.DataType` to numpy."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one scalar stands inside a record."""

    tag: str
    """Tag of the scalar."""
    offset: int
    """Its first byte, from the start of the record."""
    dtype: str
    """numpy type."""


@dataclass(frozen=True, slots=True)
class Form:
    """A record taken apart."""

    wall_at: int = 0
    """First byte of the wall time."""
    step_at: int = 0
    """First byte of the step; equal to `step_end` where the record leaves it out, which means 0."""
    step_end: int = 0
    """Byte behind the step."""
    slots: tuple[Slot, ...] = ()
    """Scalars of the record."""
    hparams: bytes | None = None
    """Content of the hparams plugin."""


def form_of(record: bytes) -> Form:
    """Take one `Event` apart: wall_time = 1, step = 2, summary = 5."""
    step_at = step_end = wall_at = 0
    slots: list[Slot] = []
    hparams = None
    for number, kind, start, end in fields(record, 0, len(record)):
        if number == 1 and kind == FIXED64:
            wall_at = start
        elif number == 2 and kind == VARINT:
            step_at, step_end = start, end
        elif number == 5 and kind == BYTES:
            for inner, inner_kind, value_start, value_end in fields(record, start, end):
                if inner == 1 and inner_kind == BYTES:
                    slot, content = _value(record, value_start, value_end)
                    slots += [slot] if slot else []
                    hparams = content or hparams
    return Form(wall_at, step_at, step_end, tuple(slots), hparams)


def _value(record: bytes, start: int, end: int) -> tuple[Slot | None, bytes | None]:
    """Take one `Summary.Value` apart: tag = 1, simple_value = 2, tensor = 8, metadata = 9."""
    tag, slot, plugin, content = "", None, b"", None
    for number, kind, at, value_end in fields(record, start, end):
        if number == 1 and kind == BYTES:
            tag = record[at:value_end].decode("utf-8", "replace")
        elif number == 2 and kind == FIXED32:
            slot = Slot(tag, at, "<f4")
        elif number == 8 and kind == BYTES:
            slot = _tensor(record, at, value_end)
        elif number == 9 and kind == BYTES:
            plugin, content = _plugin(record, at, value_end)
    if plugin not in (b"", b"scalars"):
        slot = None
    hparams = content if plugin == b"hparams" else None
    return (Slot(tag, slot.offset, slot.dtype) if slot else None), hparams


def _plugin(record: bytes, start: int, end: int) -> tuple[bytes, bytes | None]:
    """Read `SummaryMetadata`: plugin_data = 1 {plugin_name = 1, content = 2}."""
    name, content = b"", None
    for number, kind, at, value_end in fields(record, start, end):
        if number == 1 and kind == BYTES:
            for inner, _, inner_at, inner_end in fields(record, at, value_end):
                if inner == 1:
                    name = record[inner_at:inner_end]
                elif inner == 2:
                    content = record[inner_at:inner_end]
    return name, content


def _tensor(record: bytes, start: int, end: int) -> Slot | None:
    """Find the value of a `TensorProto` that holds one number; None for larger tensors."""
    kind_of, found, elements = 0, None, 1
    for number, kind, at, value_end in fields(record, start, end):
        if number == 1 and kind == VARINT:
            kind_of = varint(record, at)[0]
        elif number == 2 and kind == BYTES:
            for inner, _, size_at, size_end in fields(record, at, value_end):
                if inner == 2:  # a dimension: the tensor is no scalar unless its size is 1
                    sizes = [
                        varint(record, a)[0]
                        for n, _, a, _ in fields(record, size_at, size_end)
                        if n == 1
                    ]
                    elements *= sizes[0] if sizes else 1
        elif number in (4, 5, 6) and kind in (BYTES, FIXED32, FIXED64):
            found = (number, at, value_end)
    if found is None or elements != 1:
        return None
    number, at, value_end = found
    dtype = {5: "<f4", 6: "<f8"}.get(number) or FLOAT_TYPES.get(kind_of)
    if dtype is None or value_end - at != np.dtype(dtype).itemsize:
        return None
    return Slot("", at, dtype)


def hparam(content: bytes, start: int, end: int) -> tuple[str, Scalar]:
    """Read a map entry with a `google.protobuf.Value`: number = 2, string = 3, bool = 4."""
    key, value = "", None
    for number, _, at, value_end in fields(content, start, end):
        if number == 1:
            key = content[at:value_end].decode("utf-8", "replace")
        elif number == 2:
            for inner, kind, inner_at, inner_end in fields(content, at, value_end):
                if inner == 2 and kind == FIXED64:
                    number_read = struct.unpack_from("<d", content, inner_at)[0]
                    whole = float(number_read).is_integer() and abs(number_read) < 2**53
                    value = int(number_read) if whole else number_read
                elif inner == 3 and kind == BYTES:
                    value = content[inner_at:inner_end].decode("utf-8", "replace")
                elif inner == 4 and kind == VARINT:
                    value = bool(varint(content, inner_at)[0])
    return key, value
