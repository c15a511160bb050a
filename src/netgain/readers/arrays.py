"""Arrays (npy, npz, idx): a fingerprint of each sample, for duplicate search, and stored predictions."""

from __future__ import annotations

import ast
import gzip
import hashlib
import math
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Literal, cast

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
MOST_SAMPLES = 10_000_000
"""Samples of one array; each costs a microsecond and 40 bytes of memory."""
HEADER_BYTES = 10_000
"""Longest header of one array, as NumPy holds it."""
OLD_INTEGER = re.compile(r"(\d)L(?=[,)])")
"""How Python 2 wrote a size."""
COLUMN_BYTES = 512 * 2**20
"""Largest array of targets or outputs."""
PIECE_BYTES = 16 * 2**20
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
                layout = _numpy_layout(stream, limits)
                yield from _samples(entry, entry.path.stem, stream, layout, "")
        else:
            yield from _idx(entry, limits)
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
                yield from _samples(entry, said, content, _numpy_layout(content, limits), name)


def _predictions(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read arrays of one length, one number or one row of class scores for each item."""
    with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
        members = {
            m.filename.removesuffix(".npy"): m for m in archive.infolist()[: MOST_MEMBERS + 1]
        }
        names = list(members)
        roles = roles_of(names) if len(names) == len(archive.infolist()) else None
        if roles is None or roles.target is None:
            return
        columns: dict[str, AnyArray] = {}
        for name in predictions.wanted(roles):
            with archive.open(members[name]) as content:
                columns[name] = _numpy_array(content, limits)
    rows = len(columns[roles.target]) if columns[roles.target].ndim else 0
    heads = [head.output for head in roles.heads if head.output is not None]
    for name, array in columns.items():
        if array.ndim == 2 and array.shape[1] == 1:
            columns[name] = array[:, 0]
        elif array.ndim == 2 and name in heads and array.size:
            columns[name] = array.argmax(axis=1)
    flat = all(
        c.ndim == (2 if n == roles.listed else 1) and len(c) == rows for n, c in columns.items()
    )
    if not rows or not flat:
        return  # masks, boxes or arrays of several sets: no table of items
    yield from predictions.facts(entry, names, lambda wanted: iter([(columns, rows)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How the bytes of one array lie."""

    shape: tuple[int, ...]
    """Sizes, the samples first."""
    dtype: np.dtype[np.generic]
    """Type of one number."""
    fortran: bool = False
    """Whether the samples vary fastest."""

    @property
    def n_bytes(self) -> int:
        """Return the bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


def _numpy_layout(stream: IO[bytes], limits: Limits) -> _Layout:
    """Read the header of one .npy stream; Python objects are refused, never unpickled."""
    from numpy.lib import format as npy

    start = _taken(stream, 8)
    (length,) = struct.unpack(
        *(("<H", _taken(stream, 2)) if start[6] == 1 else ("<I", _taken(stream, 4)))
    )
    if start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3) or length > HEADER_BYTES:
        raise UnreadableFile("no numpy header, or one too long; expected a .npy array")
    text = _taken(stream, length).decode("utf-8" if start[6] == 3 else "latin-1", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a hostile header's own spellings
            header = ast.literal_eval(OLD_INTEGER.sub(r"\1", text).strip())
            shape, fortran, descr = header["shape"], header["fortran_order"], header["descr"]
            dtype = npy.descr_to_dtype(descr)
        if not all(type(size) is int for size in shape):
            raise TypeError
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError) as error:
        raise UnreadableFile("damaged numpy header; expected a .npy array") from error
    if dtype.hasobject:
        raise UnreadableFile("array of Python objects; expected numbers (it would need unpickling)")
    if dtype.itemsize == 0 or dtype.subdtype is not None or any(n < 0 for n in shape):
        raise UnreadableFile(f"array of {dtype} and shape {shape}; expected numbers")
    layout = _Layout(shape=tuple(shape), dtype=dtype, fortran=bool(fortran))
    if layout.n_bytes > limits.unpacked_bytes:
        raise UnreadableFile(
            f"array of {layout.n_bytes:,} bytes, more than {limits.unpacked_bytes:,}"
        )
    return layout


def _numpy_array(stream: IO[bytes], limits: Limits) -> AnyArray:
    """Read one .npy stream as a whole."""
    layout = _numpy_layout(stream, limits)
    if layout.n_bytes > COLUMN_BYTES:
        raise UnreadableFile(f"a column of {layout.n_bytes:,} bytes, more than {COLUMN_BYTES:,}")
    return _shaped(layout, _taken(stream, layout.n_bytes))


def _shaped(layout: _Layout, content: bytes) -> AnyArray:
    try:
        array: AnyArray = np.frombuffer(content, layout.dtype)
        return array.reshape(layout.shape, order="F" if layout.fortran else "C")
    except ValueError as error:
        raise UnreadableFile(
            f"array of shape {layout.shape[:8]}; expected few dimensions"
        ) from error


def _taken(stream: IO[bytes], size: int) -> bytes:
    """Return exactly so many bytes, taken piece by piece: no memory is set aside on a header's word.

    Raises:
        UnreadableFile: there are fewer.
    """
    content = bytearray()
    while len(content) < size:
        piece = stream.read(min(size - len(content), PIECE_BYTES))
        if not piece:
            raise UnreadableFile(
                f"cut off: {len(content):,} of {size:,} bytes; ask for the whole file"
            )
        content += piece
    return bytes(content)


def _idx(entry: Entry, limits: Limits) -> Iterator[SampleFacts]:
    """Read an IDX file, gzip or plain: two zeros, type, dimensions, sizes as big-endian u32."""
    with open_regular(entry.path) as raw:
        packed = entry.head.startswith(b"\x1f\x8b")
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if packed else raw)
        header = stream.read(4)
        kind = IDX_TYPES.get(header[2]) if len(header) == 4 and header[:2] == b"\0\0" else None
        if kind is None:
            raise UnreadableFile("no IDX header; expected two zero bytes, a type and sizes")
        shape = struct.unpack(f">{header[3]}I", _taken(stream, 4 * header[3]))
        layout = _Layout(shape=shape, dtype=np.dtype(kind))
        if layout.n_bytes > limits.unpacked_bytes:
            raise UnreadableFile(f"unpacks to more than {limits.unpacked_bytes:,} bytes")
        yield from _samples(entry, entry.name, stream, layout, "")


def _samples(
    entry: Entry, name: str, stream: IO[bytes], layout: _Layout, key: str
) -> Iterator[SampleFacts]:
    split = _split_of(name)
    if split is None or len(layout.shape) < 2 or not layout.n_bytes:
        return
    n = layout.shape[0]
    if n > MOST_SAMPLES:
        raise UnreadableFile(f"{n:,} samples, more than {MOST_SAMPLES:,}; name an extract")
    if layout.fortran and layout.n_bytes > COLUMN_BYTES:
        raise UnreadableFile(
            f"{layout.n_bytes:,} bytes with the samples varying fastest; save it in C order"
        )
    samples = SampleSet(
        split=split,
        n=n,
        digests=tuple(_digests(stream, layout)),
        source=entry.source(key=key or None),
    )
    yield SampleFacts(location=entry.folder, samples=samples)


def _digests(stream: IO[bytes], layout: _Layout) -> Iterator[int]:
    """Yield a 64-bit BLAKE2b of each sample's bytes, in C order and little-endian, some at a time."""
    n = layout.shape[0]
    width = layout.n_bytes // n
    block = n if layout.fortran else max(min(BLOCK, PIECE_BYTES // width), 1)
    for start in range(0, n, block):
        part = replace(layout, shape=(min(block, n - start), *layout.shape[1:]))
        array = np.ascontiguousarray(_shaped(part, _taken(stream, part.n_bytes)))
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        flat = array.reshape(len(array), -1).view(np.uint8)
        for row in flat:
            yield int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")


READER = Reader(name="array of samples", order=30, sniff=sniff, read=read)
