"""GGUF files (llama.cpp): what the header says of the model and its tensors; no weight is read."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from netgain.errors import UnreadableFile
from netgain.readers.base import Entry, Limits, Reader, RunFacts, Setting, open_regular
from netgain.study import Cited, ModelProfile, Scalar, Tensor

MAGIC = b"GGUF"
NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""Value types of fixed size; 8 is text and 9 an array."""
TEXT, ARRAY = 8, 9
TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
    17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
    23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
"""`ggml_type`; how the numbers of a tensor are stored."""
MOST_KEYS = 10_000
MOST_TENSORS = 200_000
LONGEST_ARRAY = 5_000_000
LONGEST_TEXT = 16 * 2**20
SHOWN_TEXT = 500
"""Longest text that is kept as a setting; chat templates are longer and are not."""
CONSTANTS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")
"""Tensors that come from a formula."""


class Header:
    """The bytes of the header, read in order and never past the end of the file."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.left = size

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            UnreadableFile: the file ends before.
        """
        content = self.stream.read(count) if 0 <= count <= self.left else b""
        if len(content) < count or count < 0:
            raise UnreadableFile(
                "GGUF header is cut off or lies about its lengths; ask for the file"
            )
        self.left -= count
        return content

    def number(self, form: str) -> int | float | bool:
        """Return one number by its struct form."""
        value: int | float | bool = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def whole(self, form: str) -> int:
        """Return one unsigned number by its struct form."""
        return int(self.number(form))

    def text(self) -> str:
        """Return a text with its length in front.

        Raises:
            UnreadableFile: longer than any name or template is.
        """
        length = self.whole("<Q")
        if length > LONGEST_TEXT:
            raise UnreadableFile(f"GGUF header holds a text of {length:,} bytes; expected a name")
        return self.take(length).decode("utf-8", "replace")


def sniff(entry: Entry) -> bool:
    """Recognise a GGUF file by its first four bytes."""
    return entry.head.startswith(MAGIC)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read the header of one file.

    Raises:
        UnreadableFile: cut off, of an unknown version, or with counts that no model has.
    """
    with open_regular(entry.path) as stream:
        header = Header(stream, entry.size)
        header.take(4)
        version = header.whole("<I")
        if version not in (2, 3):
            raise UnreadableFile(f"GGUF version {version}; expected 2 or 3, little-endian")
        tensor_count, key_count = header.whole("<Q"), header.whole("<Q")
        if tensor_count > MOST_TENSORS or key_count > MOST_KEYS:
            raise UnreadableFile(
                f"GGUF header names {tensor_count:,} tensors and {key_count:,} keys; expected a model"
            )
        told = dict(_pair(header) for _ in range(key_count))
        tensors = tuple(_tensor(header) for _ in range(tensor_count))
    yield RunFacts(
        location=entry.folder,
        dialect="generic",
        name=str(told.get("general.name") or ""),
        settings=tuple(_settings(entry, told, tensors)),
        model=_profile(entry, told, tensors),
    )


def _pair(header: Header) -> tuple[str, Scalar]:
    key = header.text()
    return key, _value(header, header.whole("<I"))


def _value(header: Header, kind: int) -> Scalar:
    """Return a value; of an array its length, as `N values`."""
    if kind == TEXT:
        return header.text()
    if kind in NUMBERS:
        return header.number(NUMBERS[kind])
    if kind != ARRAY:
        raise UnreadableFile(f"GGUF value of unknown type {kind}; expected types 0 to 12")
    inner, length = header.whole("<I"), header.whole("<Q")
    if length > LONGEST_ARRAY:
        raise UnreadableFile(f"GGUF array of {length:,} values; expected a vocabulary")
    if inner in NUMBERS:
        header.take(length * struct.calcsize(NUMBERS[inner]))
    elif inner == TEXT:
        for _ in range(length):
            header.take(header.whole("<Q"))
    else:
        raise UnreadableFile("GGUF array of arrays; expected numbers or texts")
    return f"{length} values"


def _tensor(header: Header) -> Tensor:
    """Return one tensor; sizes stand in the file from the fastest dimension to the slowest."""
    name = header.text()
    rank = header.whole("<I")
    if rank > 8:
        raise UnreadableFile(f"GGUF tensor of {rank:,} dimensions; expected at most 4")
    sizes = tuple(header.whole("<Q") for _ in range(rank))
    if any(size >= 2**40 for size in sizes):
        raise UnreadableFile(f"GGUF tensor {name[:80]!r} of an impossible size; expected a model")
    kind = header.whole("<I")
    header.take(8)
    return Tensor(name=name, shape=sizes[::-1], dtype=TYPES.get(kind, f"type {kind}"))


def _settings(
    entry: Entry, told: dict[str, Scalar], tensors: tuple[Tensor, ...]
) -> Iterator[Setting]:
    """Yield what the file says of the model, under its own keys; vocabulary and templates left out."""
    for key, value in told.items():
        short = not isinstance(value, str) or len(value) <= SHOWN_TEXT
        if short and not key.startswith("tokenizer.ggml.token"):
            source = entry.source(key=key)
            yield Setting(key=f"gguf.{key}", value=value, source=source, strength="stated")
    kinds = Counter(tensor.dtype for tensor in tensors)
    source = entry.source(key="tensor types")
    yield Setting(
        key="gguf.quantization",
        value=json.dumps(dict(kinds.most_common())),
        source=source,
        strength="measured",
    )


def _profile(entry: Entry, told: dict[str, Scalar], tensors: tuple[Tensor, ...]) -> ModelProfile:
    count = 0
    for tensor in tensors:
        size = 1
        for length in tensor.shape:
            size *= length
        count += 0 if tensor.name in CONSTANTS else size
    parts = told.get("split.count")
    whole = not (isinstance(parts, int) and parts > 1)
    return ModelProfile(
        parameters=Cited(value=count, source=entry.source(), strength="measured")
        if count and whole
        else None,
        tensors=tensors,
    )


READER = Reader(name="GGUF model", order=19, sniff=sniff, read=read)
