"""The protobuf wire format, as far as event files and ONNX models need it."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap

from netgain.errors import UnreadableFile

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(data: bytes | mmap, at: int) -> tuple[int, int]:
    """Return the number at a position and the position behind it.

    Raises:
        UnreadableFile: it runs past the end or past ten bytes.
    """
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise UnreadableFile("protobuf record ends inside a number")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise UnreadableFile("protobuf number longer than ten bytes")


def fields(data: bytes | mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield field number, wire type, and start and end of each value between two positions.

    Raises:
        UnreadableFile: a value leaves its message, or the wire type does not exist.
    """
    at = start
    while at < end:
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value_end = varint(data, at)[1]
        elif kind == FIXED64:
            value_end = at + 8
        elif kind == FIXED32:
            value_end = at + 4
        elif kind == BYTES:
            length, at = varint(data, at)
            value_end = at + length
        else:
            raise UnreadableFile(f"protobuf wire type {kind} does not exist")
        if value_end > end:
            raise UnreadableFile("protobuf value runs past its record")
        yield tag >> 3, kind, at, value_end
        at = value_end
