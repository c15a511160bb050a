"""Files of single items as columns, a few thousand rows at a time."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

import msgspec

from netgain.errors import UnreadableFile
from netgain.readers._digests import Values
from netgain.readers._documents import parse_json
from netgain.readers._json import loads
from netgain.readers._lines import raw_lines
from netgain.readers.base import Entry, Limits, open_regular

CHUNK = 4_096
"""Rows held as text at a time; a block of this size stays in the processor's cache."""
BLOCK = 2**20
Chunk = tuple[dict[str, Values], int]
"""Columns and their number of rows."""


def delimited(entry: Entry, limits: Limits) -> tuple[list[str], Iterator[list[str]]]:
    """Return the header of a CSV file and its rows."""
    lines = _decoded(entry, limits)
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    names = next(csv.reader([first], delimiter=delimiter), [])
    return names, csv.reader(lines, delimiter=delimiter)


def _decoded(entry: Entry, limits: Limits) -> Iterator[str]:
    """Return the lines of a file, read by blocks that end with a line."""
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    return chain.from_iterable(
        io.StringIO(block.decode("utf-8", "replace").replace("\0", ""), newline="")
        for block in _blocks(entry, limits)
    )


def _blocks(entry: Entry, limits: Limits) -> Iterator[bytes]:
    rest = b""
    with open_regular(entry.path) as stream:
        stream.seek(3 if entry.head.startswith(codecs.BOM_UTF8) else 0)
        while part := stream.read(BLOCK):
            end = part.rfind(b"\n") + 1
            if end:
                yield rest + part[:end]
            rest = part[end:] if end else rest + part
            if len(rest) > limits.line_bytes:
                raise UnreadableFile(f"a line is longer than {limits.line_bytes:,} bytes")
    if rest:
        yield rest


def by_column(
    names: Sequence[str], rows: Iterator[list[str]], wanted: Sequence[str]
) -> Iterator[Chunk]:
    """Yield columns of text; rows of another width are left out, and most of them damage the table."""
    width, broken, seen = len(names), 0, 0
    places = [names.index(name) for name in wanted]
    try:
        while block := list(islice(rows, CHUNK)):
            whole = [row for row in block if len(row) == width]
            broken += sum(1 for row in block if row and len(row) != width)
            seen += len(whole)
            if whole:
                columns = list(zip(*whole, strict=True))
                yield {n: columns[i] for n, i in zip(wanted, places, strict=True)}, len(whole)
    except csv.Error as error:
        raise UnreadableFile(f"damaged table ({error}); expected rows of cells") from error
    if not seen or broken > seen:
        raise UnreadableFile(
            f"{broken:,} of {broken + seen:,} rows have another width than the header; expected a table"
        )


def columns_of_document(entry: Entry, limits: Limits) -> Chunk:
    """Return the columns of one JSON object: lists of one length, or an answer for each id.

    Raises:
        UnreadableFile: damaged, or neither.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    found = document.items() if isinstance(document, dict) else ()
    lists: dict[str, Values] = {key: value for key, value in found if isinstance(value, list)}
    lengths = {len(value) for value in lists.values()}
    if len(lists) > 1 and len(lengths) == 1 and lengths != {0}:
        return lists, lengths.pop()
    answers = {key: value for key, value in found if isinstance(value, (str, int, float))}
    if len(answers) < 2 or len(answers) < len(document):
        raise UnreadableFile(
            "neither lists of one length nor an answer for each id; expected e.g. y_true and y_pred"
        )
    return {"id": list(answers), "prediction": list(answers.values())}, len(answers)


def objects(entry: Entry, limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield the records of JSON lines, or of one JSON list."""
    if entry.head.lstrip()[:1] == b"[":
        document = parse_json(entry.text(limits.text_bytes), limits)
        rows = document if isinstance(document, list) else []
        yield from (row for row in rows if isinstance(row, dict))
        return
    good = bad = 0
    for _, raw in raw_lines(entry, limits):
        if not raw.strip():
            continue
        try:
            row = msgspec.json.decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            row = _lenient(raw)
        if isinstance(row, dict):
            good += 1
            yield row
        else:
            bad += 1
    if bad > good:
        raise UnreadableFile(
            f"{bad:,} of {bad + good:,} lines are no JSON object; expected one a line"
        )


def _lenient(raw: bytes) -> Any:
    """Read a line with NaN in it, as Python writes it."""
    try:
        return loads(raw)
    except (ValueError, RecursionError):
        return None


def by_key(
    first: list[dict[str, Any]], records: Iterator[dict[str, Any]], wanted: Sequence[str]
) -> Iterator[Chunk]:
    """Yield columns of records; a record without a key has None there."""
    block = first
    while block:
        yield {name: [row.get(name) for row in block] for name in wanted}, len(block)
        block = list(islice(records, CHUNK))
