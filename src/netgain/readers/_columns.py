"""Tables as columns of numbers and texts: CSV, TSV, columns padded with blanks, records of JSON."""

from __future__ import annotations

import csv
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers._documents import typed_text
from netgain.readers._series import FloatArray, number
from netgain.readers.base import Entry, Limits, open_regular
from netgain.study import Scalar

MOST_ROWS = 20_000_000
MOST_COLUMNS = 20_000
MOST_CELLS = 200_000_000
PADDED = re.compile(r" {2,}")
"""What stands between the columns of a table that is padded with blanks."""
KERAS = frozenset({"val_loss", "val_accuracy", "val_acc"})
"""Columns of a history that Keras kept by epoch."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length."""

    numbers: dict[str, FloatArray]
    """Every column as numbers, NaN where a cell is empty or text."""
    texts: dict[str, list[str]]
    """Columns that hold text, as written."""
    lines: npt.NDArray[np.int64]
    """1-based line of each row."""

    def rows(self, chosen: npt.NDArray[np.bool_]) -> Table:
        """Return the table with some rows alone."""
        kept = np.flatnonzero(chosen)
        return Table(
            {name: column[kept] for name, column in self.numbers.items()},
            {name: [column[i] for i in kept] for name, column in self.texts.items()},
            self.lines[kept],
        )

    def cell(self, name: str, row: int) -> Scalar:
        """Return one cell as a setting's value."""
        if name in self.texts:
            return typed_text(self.texts[name][row])
        value = float(self.numbers[name][row])
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value


def read_delimited(entry: Entry, limits: Limits) -> Table:
    """Read a CSV or TSV file by blocks.

    Raises:
        UnreadableFile: no header, lines over the limit, binary content, or mostly broken rows.
    """
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    if entry.size < 4096 or b"\0" in entry.head:
        entry.text(limits.text_bytes)  # names an empty file, a Git-LFS pointer or binary content
    try:
        with open_regular(entry.path) as stream:
            lines = _lines(stream, limits)
            first = next((line for line in lines if line.strip()), "")
            if not first:
                raise UnreadableFile("empty file; expected a header and rows")
            delimiter = max(",;\t", key=first.count)
            if delimiter not in first and PADDED.search(first.strip()):
                first, delimiter = PADDED.sub("\t", first.strip()), "\t"
                lines = (PADDED.sub("\t", line.strip()) for line in lines)
            header = _header(next(csv.reader([first], delimiter=delimiter)))
            if len(header) > MOST_COLUMNS:
                raise UnreadableFile(
                    f"{len(header):,} columns, more than {MOST_COLUMNS:,}; expected a log or results"
                )
            return _collect(header, csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        raise UnreadableFile(f"damaged table ({error}); expected rows of cells") from error


def table_of_records(records: Sequence[Mapping[str, Any]], lines: Sequence[int]) -> Table:
    """Build a table from JSON rows with nested keys already joined; keys may differ by row.

    Raises:
        UnreadableFile: more keys or cells than a log has.
    """
    names = list(dict.fromkeys(key for row in records for key in row))
    if len(names) > MOST_COLUMNS or len(names) * len(records) > MOST_CELLS:
        raise UnreadableFile(
            f"{len(records):,} records of {len(names):,} different keys; expected a log with few of them"
        )
    numbers: dict[str, FloatArray] = {}
    texts: dict[str, list[str]] = {}
    for name in names:
        column = [row.get(name) for row in records]
        numbers[name] = np.array(
            [
                float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else math.nan
                for v in column
            ]
        )
        if any(isinstance(v, (str, bool)) for v in column):
            texts[name] = ["" if v is None else str(v) for v in column]
    return Table(numbers, texts, np.array(lines, np.int64))


def _lines(stream: Iterable[bytes], limits: Limits) -> Iterator[str]:
    for count, raw in enumerate(iter(lambda: stream.readline(limits.line_bytes + 1), b"")):  # type: ignore[attr-defined]  # BufferedReader
        if len(raw) > limits.line_bytes:
            raise UnreadableFile(f"line {count + 1} is longer than {limits.line_bytes:,} bytes")
        if count >= MOST_ROWS:
            raise UnreadableFile(f"more than {MOST_ROWS:,} lines")
        text = raw.decode("utf-8-sig" if count == 0 else "utf-8", "replace").replace("\0", "")
        if "\r" in text.rstrip("\r\n") and '"' not in text:
            yield from text.split("\r")  # rows ended by carriage returns alone
        else:
            yield text


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lstrip("#").strip() for cell in cells]
    if all(not math.isnan(number(name)) for name in names if name) and any(names):
        raise UnreadableFile("first line holds numbers alone; expected column names")
    if not names[0] and KERAS & set(names):
        names[0] = "epoch"  # the index of a history that pandas wrote
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return unique


def _collect(header: list[str], reader: Any) -> Table:
    columns = [array("d") for _ in header]
    texts: dict[int, list[str]] = {}
    lines = array("q")
    broken = 0
    for cells in reader:
        if not cells or [cell.strip() for cell in cells] == header or cells[0].startswith("#"):
            continue
        row = cells
        if len(cells) != len(header):
            broken += 1
            row = (cells + [""] * len(header))[: len(header)]
        lines.append(reader.line_num + 1)
        for index, cell in enumerate(row):
            value = number(cell) if cell else math.nan
            columns[index].append(value)
            if index in texts:
                texts[index].append(cell.strip())
            elif (
                math.isnan(value)
                and cell.strip()
                and cell.strip().lower() not in ("nan", "none", "null")
            ):
                texts[index] = [written_number(v) for v in columns[index][:-1]] + [cell.strip()]
    if broken > max(1, len(lines) // 2):
        raise UnreadableFile(
            f"{broken} of {len(lines)} rows do not match the header; expected one table"
        )
    return Table(
        {name: np.array(column) for name, column in zip(header, columns, strict=True)},
        {header[index]: column for index, column in texts.items()},
        np.array(lines, np.int64),
    )


def written_number(value: float) -> str:
    """Write a number as the file may have had it, whole ones without decimals; empty where there is none."""
    return "" if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
