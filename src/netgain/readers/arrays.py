"""Arrays (npy, npz, idx): a fingerprint of each sample, for duplicate search, and stored predictions."""

from __future__ import annotations

import gzip
import hashlib
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, Literal

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers import predictions
from netgain.readers._archive import DAMAGE
from netgain.readers._item_roles import roles_of
from netgain.readers.base import Entry, Fact, Limits, Reader, SampleFacts, open_regular
from netgain.study import SampleSet

AnyArray = npt.NDArray[np.generic]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[tuple[Split, str], ...] = (
    ("train", r"train(?:ing)?"),
    ("validation", r"val(?:id(?:ation)?)?|dev"),
    ("test", r"test(?:ing)?|t10k"),
)
SAMPLES = r"x|xs|images?|imgs?|data|inputs?|features?|samples?|waveforms?|signals?|idx3"
LABELS = re.compile(
    r"(?:^|[_\-.\s/])(?:y|ys|labels?|targets?|idx1|probs?|logits?|pred\w*|outputs?|loss\w*|acc\w*|"
    r"hist\w*)(?:[_\-.\s]|$)",
    re.IGNORECASE,
)
MOST_MEMBERS = 10_000
BLOCK = 4096
"""Samples hashed at a time."""
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""Type byte of the IDX format (LeCun's MNIST page)."""


def sniff(entry: Entry) -> bool:
    """Recognise numpy files by their magic, idx files by name and magic."""
    if entry.head.startswith(b"\x93NUMPY"):
        return _split_of(entry.path.stem) is not None
    if entry.name.lower().endswith(".npz"):
        # A recorder's few inputs of each split are no data set.
        recorded = entry.name == "inputs.npz" and entry.path.with_name("recording.jsonl").exists()
        return entry.head.startswith(b"PK") and not recorded
    return (
        re.search(r"(idx[1-4]|ubyte)", entry.name) is not None and _split_of(entry.name) is not None
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Fingerprint every array whose name says split and samples; labels and scores are left out.

    Targets and outputs of one archive (`y_true` beside `y_pred` or `logits`) are read as predictions.

    Raises:
        UnreadableFile: damaged, over the limit once unpacked, or holding Python objects.
    """
    try:
        if entry.name.lower().endswith(".npz"):
            yield from _archive(entry, limits)
            yield from _predictions(entry, limits)
        elif entry.head.startswith(b"\x93NUMPY"):
            with open_regular(entry.path) as stream:
                yield from _samples(entry, entry.path.stem, _numpy_array(stream, limits), "")
        else:
            yield from _samples(entry, entry.name, _idx(entry, limits), "")
    except DAMAGE as error:
        raise UnreadableFile(f"damaged array file ({error}); expected a whole one") from error


def _split_of(name: str) -> Split | None:
    """Return the split a name says, where it names samples too or nothing else."""
    if LABELS.search(name):
        return None
    start, end = r"(?:^|[_\-.\s/])", r"(?:[_\-.\s\d]|$)"
    for split, word in SPLITS:
        first = rf"{start}(?:{word})(?:[_\-.\s/]?(?:{SAMPLES}))?{end}"
        last = rf"{start}(?:{SAMPLES})[_\-.\s/]?(?:{word}){end}"
        if re.search(f"{first}|{last}", name, re.IGNORECASE):
            return split
    return None


def _archive(entry: Entry, limits: Limits) -> Iterator[SampleFacts]:
    with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            said = f"{entry.path.stem}_{name}" if _split_of(name) is None else name
            if LABELS.search(name) or _split_of(said) is None:
                continue
            if member.file_size > limits.unpacked_bytes:
                raise UnreadableFile(
                    f"{name} unpacks to {member.file_size:,} bytes, over the limit"
                )
            with archive.open(member) as content:
                yield from _samples(entry, said, _numpy_array(content, limits), name)


def _predictions(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read arrays of one length, one number or one row of class scores for each item."""
    with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
        names = [m.filename.removesuffix(".npy") for m in archive.infolist()[:MOST_MEMBERS]]
        roles = roles_of(names) if len(set(names)) == len(names) else None
        if roles is None or roles.target is None:
            return
        columns: dict[str, AnyArray] = {}
        for name in predictions.wanted(roles):
            with archive.open(f"{name}.npy") as content:
                columns[name] = _numpy_array(content, limits)
    rows = len(columns[roles.target]) if columns[roles.target].ndim else 0
    heads = [head.output for head in roles.heads if head.output is not None]
    for name, array in columns.items():
        if array.ndim == 2 and array.shape[1] == 1:
            columns[name] = array[:, 0]
        elif array.ndim == 2 and name in heads:
            columns[name] = array.argmax(axis=1)
    flat = all(
        len(c) == rows and c.ndim == (2 if n == roles.listed else 1) for n, c in columns.items()
    )
    if not rows or not flat:
        return  # masks, boxes or arrays of several sets: no table of items
    yield from predictions.facts(entry, names, lambda wanted: iter([(columns, rows)]))


def _numpy_array(stream: IO[bytes], limits: Limits) -> AnyArray:
    """Read one .npy stream; Python objects are refused, never unpickled."""
    from numpy.lib import format as npy

    try:
        version = npy.read_magic(stream)
        reading = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = reading(stream)
    except (ValueError, SyntaxError, TypeError) as error:
        raise UnreadableFile("damaged numpy header; expected a .npy array") from error
    if dtype.hasobject:
        raise UnreadableFile("array of Python objects; expected numbers (it would need unpickling)")
    size = (
        int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
        if shape
        else dtype.itemsize
    )
    if not 0 <= size <= limits.unpacked_bytes:
        raise UnreadableFile(f"array of {size:,} bytes, more than {limits.unpacked_bytes:,}")
    content = stream.read(size)
    if len(content) < size:
        raise UnreadableFile(f"cut off: {len(content):,} of {size:,} bytes; ask for the whole file")
    array: AnyArray = np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")
    return array


def _idx(entry: Entry, limits: Limits) -> AnyArray:
    """Read an IDX file, gzip or plain: two zeros, type, dimensions, sizes as big-endian u32."""
    with open_regular(entry.path) as raw:
        packed = entry.head.startswith(b"\x1f\x8b")
        most = limits.unpacked_bytes + 1
        content = gzip.GzipFile(fileobj=raw).read(most) if packed else raw.read(most)
    if len(content) > limits.unpacked_bytes:
        raise UnreadableFile(f"unpacks to more than {limits.unpacked_bytes:,} bytes")
    kind = IDX_TYPES.get(content[2]) if len(content) > 4 and content[:2] == b"\0\0" else None
    if kind is None:
        raise UnreadableFile("no IDX header; expected two zero bytes, a type and sizes")
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    size = int(np.prod(shape, dtype=object)) * np.dtype(kind).itemsize
    if len(content) - start < size:
        raise UnreadableFile(f"cut off: {len(content) - start:,} of {size:,} bytes")
    array: AnyArray = np.frombuffer(
        content, kind, offset=start, count=size // np.dtype(kind).itemsize
    )
    return array.reshape(shape)


def _samples(entry: Entry, name: str, array: AnyArray, key: str) -> Iterator[SampleFacts]:
    split = _split_of(name)
    if split is None or array.ndim < 2 or not len(array):
        return
    samples = SampleSet(
        split=split,
        n=len(array),
        digests=tuple(_digests(array)),
        source=entry.source(key=key or None),
    )
    yield SampleFacts(location=entry.folder, samples=samples)


def _digests(array: AnyArray) -> Iterator[int]:
    """Yield a 64-bit BLAKE2b of each sample's bytes, in C order and little-endian."""
    for start in range(0, len(array), BLOCK):
        block = np.ascontiguousarray(array[start : start + BLOCK])
        block = block.astype(block.dtype.newbyteorder("<"), copy=False)
        flat = block.reshape(len(block), -1).view(np.uint8)
        for row in flat:
            yield int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")


READER = Reader(name="array of samples", order=30, sniff=sniff, read=read)
