"""Plain tables of an SQLite file read off its pages with numpy, many times faster than row by row.

Only what a table of short rows needs is understood: interior and leaf pages of a rowid table, records without
overflow, texts below 8,000 bytes, numbers of any width. Whatever else is met, the reading is given up and the
caller asks SQLite itself. Format: https://www.sqlite.org/fileformat2.html, sections 1.3 to 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
INTERIOR, LEAF = 5, 13
WIDTHS = np.array([0, 1, 2, 3, 4, 6, 8, 8, 0, 0, -1, -1], np.int64)
"""Bytes of a value by its serial type; -1: reserved."""
INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
FLOAT, ZERO, ONE, FIRST_BLOB = 7, 8, 9, 12
BLOCK = 2**20
"""Bytes of leaf pages taken apart together."""
MOST_WORDS = 16 * 2**20
"""Most 8-byte words of text compared at once; honest rows have some six each."""


class NotPlain(Exception):
    """Raised where a file holds something that only SQLite itself should read."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records of one length of header, column by column."""

    data: Bytes
    """The file."""
    types: npt.NDArray[np.int64]
    """Serial type of each value, rows by columns."""
    starts: npt.NDArray[np.int64]
    """First byte of each value, rows by columns."""

    def numbers(self, column: int) -> npt.NDArray[np.float64]:
        """Return a column of numbers.

        Raises:
            NotPlain: a cell holds none.
        """
        kinds, at = self.types[:, column], self.starts[:, column]
        found = np.full(len(kinds), np.nan)
        for kind in np.unique(kinds).tolist():
            chosen = kinds == kind
            if kind in INTEGERS:
                found[chosen] = _integers(self.data, at[chosen], INTEGERS[kind])
            elif kind == FLOAT:
                found[chosen] = _everywhere(self.data, ">f8")[at[chosen]]
            elif kind in (ZERO, ONE):
                found[chosen] = float(kind == ONE)
            else:
                raise NotPlain
        return found

    def words(self, columns: Sequence[int]) -> tuple[Places, list[tuple[bytes, ...]]]:
        """Return the number of each row's group of texts, and the texts of each group.

        Raises:
            NotPlain: a cell holds no text.
        """
        kinds = self.types[:, columns]
        if ((kinds <= FIRST_BLOB) | (kinds % 2 == 0)).any():
            raise NotPlain
        lengths = (kinds - 13) // 2
        group = np.zeros(len(kinds), np.int64)
        names: list[tuple[bytes, ...]] = []
        radix = lengths[:, 0] * 2**20 + lengths[:, 1:].sum(axis=1)
        for shape in np.unique(radix).tolist():
            chosen = np.flatnonzero(radix == shape)
            sizes = lengths[chosen[0]].tolist()
            starts = [self.starts[chosen, column] for column in columns]
            first, which = _equal_texts(self.data, starts, sizes)
            group[chosen] = which + len(names)
            for row in first.tolist():
                cells = zip(starts, sizes, strict=True)
                names.append(tuple(self.data[at[row] : at[row] + n].tobytes() for at, n in cells))
        return group, names


def rows_of(data: Bytes, root: int, columns: int) -> Iterator[Rows]:
    """Yield the records of a table.

    Args:
        data: the whole file.
        root: number of the table's first page, from `sqlite_master`.
        columns: columns of the table; a record with fewer is not plain.

    Raises:
        NotPlain: the file holds anything beyond what is described above, or is damaged.
    """
    try:
        size = int.from_bytes(data[16:18].tobytes(), "big")
        size = 65_536 if size == 1 else size
        usable = size - int(data[20])
        leaves = _leaves(data, root, size)
        together = max(1, BLOCK // size)
        for start in range(0, len(leaves), together):
            yield _records(data, leaves[start : start + together], usable, columns)
    except (IndexError, ValueError) as error:
        raise NotPlain from error


def _leaves(data: Bytes, root: int, size: int) -> Places:
    """Return the first byte of each leaf page below a root, in the order of rows."""
    found: list[int] = []
    pending, seen = [root], 0
    while pending:
        page = pending.pop()
        at = (page - 1) * size
        seen += 1
        if page < 2 or at + size > len(data) or seen * size > len(data):
            raise NotPlain  # the first page holds the schema, and a page met twice is a loop
        if data[at] == LEAF:
            found.append(at)
        elif data[at] == INTERIOR:
            count = int(data[at + 3]) << 8 | int(data[at + 4])
            cells = at + _pairs(data, at + 12 + 2 * np.arange(count))
            children = _integers(data, cells, 4).astype(np.int64).tolist()
            last = int(_integers(data, np.array([at + 8]), 4)[0])
            pending += [last, *reversed(children)]
        else:
            raise NotPlain
    return np.array(found, np.int64)


def _records(data: Bytes, pages: Places, usable: int, columns: int) -> Rows:
    """Take the cells of leaf pages apart: payload length, row number, header length, types, values."""
    counts = _pairs(data, pages + 3)
    if (counts > usable // 2).any():
        raise NotPlain
    owner = np.repeat(pages, counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = owner + _pairs(data, owner + 8 + 2 * place)
    payload, at = _short_numbers(data, at)
    if (payload > usable - 35).any():
        raise NotPlain  # part of it lies on overflow pages
    record = _behind_number(data, at)
    at = record + 1
    types = np.empty((len(at), columns), np.int64)
    for column in range(columns):
        types[:, column], at = _short_numbers(data, at)
    widths = np.where(types < FIRST_BLOB, WIDTHS[np.minimum(types, 11)], (types - FIRST_BLOB) // 2)
    ends = at[:, None] + np.cumsum(widths, axis=1)
    whole = (at == record + data[record]) & (ends[:, -1] == record + payload)
    if (widths < 0).any() or not whole.all():
        raise NotPlain
    return Rows(data, types, ends - widths)


def _everywhere(data: Bytes, dtype: str) -> npt.NDArray[Any]:
    """Return the file as numbers of several bytes that begin at each byte of it."""
    kind = np.dtype(dtype)
    return np.ndarray((len(data) - kind.itemsize + 1,), kind, buffer=data, strides=(1,))


def _short_numbers(data: Bytes, at: Places) -> tuple[Places, Places]:
    """Return the numbers of one or two bytes at some places, and the places behind them."""
    both = _everywhere(data, ">u2")[at].astype(np.int64)
    longer = both >= 0x8000
    if not longer.any():
        return both >> 8, at + 1
    if (both[longer] & 0x80).any():
        raise NotPlain
    return np.where(longer, (both & 0x7F00) >> 1 | both & 0x7F, both >> 8), at + 1 + longer


def _behind_number(data: Bytes, at: Places) -> Places:
    """Return the places behind numbers of up to nine bytes."""
    going_on = data[at] >= 128
    behind = at + 1
    for byte in range(1, 9):
        if not going_on.any():
            break
        behind = behind + going_on
        going_on = going_on & (data[at + byte] >= 128)
    return behind


def _pairs(data: Bytes, at: Places) -> Places:
    return _everywhere(data, ">u2")[at].astype(np.int64)


def _integers(data: Bytes, at: Places, width: int) -> npt.NDArray[np.float64]:
    """Return big-endian signed integers as floats; none stands in the first eight bytes of a file."""
    ending_there = _everywhere(data, ">i8")[at - 8 + width].astype(np.int64)
    shift = 64 - 8 * width
    return (ending_there << shift >> shift).astype(np.float64)


def _equal_texts(data: Bytes, starts: list[Places], sizes: list[int]) -> tuple[Places, Places]:
    """Return the first row of each group of rows with equal texts, and the group of each row."""
    if sum(size // 8 + 1 for size in sizes) * len(starts[0]) > MOST_WORDS:
        raise NotPlain
    words = []
    for at, size in zip(starts, sizes, strict=True):
        kind = ">u8" if size >= 8 else ">u1"
        step = np.dtype(kind).itemsize
        view = _everywhere(data, kind)
        places = [*range(0, size - step + 1, step), *([size - step] if size % step else [])]
        words += [view[at + place].astype(np.uint64) for place in places]
    mixed = np.zeros(len(starts[0]), np.uint64)
    for word in words:
        mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    leader = first[which]
    if not all((word == word[leader]).all() for word in words):
        raise NotPlain  # two texts share a number
    return first.astype(np.int64), which.astype(np.int64)
