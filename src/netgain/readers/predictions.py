"""Predictions of single items: CSV, TSV, JSON lines, JSON and Parquet tables of target and output."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from netgain.errors import UnreadableFile
from netgain.readers import _parquet
from netgain.readers._digests import Values, as_text
from netgain.readers._item_roles import Roles, roles_of
from netgain.readers._item_tables import (
    CHUNK,
    by_column,
    by_key,
    columns_of_document,
    delimited,
    objects,
)
from netgain.readers._items import Gathered, Split, gather, is_verdict, predictions_of
from netgain.readers.base import (
    Entry,
    Fact,
    Final,
    Limits,
    PredictionFacts,
    Reader,
    RunFacts,
    Setting,
)
from netgain.study import Predictions

NAMED = re.compile(
    r"(?:^|[_\-.\s])(?:pred(?:iction)?s?|outputs?|answers|logits|generations)(?:[_\-.\s\d]|$)",
    re.IGNORECASE,
)
"""Stems of files of predictions."""
ANSWERS = re.compile(
    rb'\s*\{\s*"[^"\\]{1,100}"\s*:\s*(?:"(?:[^"\\]|\\.){0,2000}"|-?\d[\d.]*)\s*,\s*"'
)
JSON_LINES = re.compile(rb"\s*\{[^\n]*\}\s*\n\s*\{")
"""One object a line, whatever the suffix."""
LISTED = re.compile(rb'"([^"\\]{1,60})"\s*:\s*\[')
MOST_GROUPS = 2_000
MOST_COLUMNS = 20_000
FINALS = ("accuracy", "exact_match", "rmse", "mae")
"""Recomputed metrics that are given as scores of the run."""
SPLITS: tuple[tuple[Split, str], ...] = (
    ("test", r"(?:^|[_\-.\s])(?:test|testing|tst)(?:[_\-.\s\d]|$)"),
    ("validation", r"(?:^|[_\-.\s])(?:val|valid|validation|dev|eval)(?:[_\-.\s\d]|$)"),
    ("train", r"(?:^|[_\-.\s])(?:train|training|trn)(?:[_\-.\s\d]|$)"),
)


def sniff(entry: Entry) -> bool:
    """Recognise a table by its columns: target or id beside output, verdict or probabilities; no axis."""
    suffix = entry.suffix
    if suffix in (".parquet", ".pq"):
        return entry.head.startswith(b"PAR1")
    if suffix in (".csv", ".tsv"):
        rows = list(_cells(_head_lines(entry)))
        return len(rows) > 1 and _described(rows[0], rows[1:])
    if suffix in (".jsonl", ".ndjson") or (suffix == ".json" and JSON_LINES.match(entry.head)):
        records = [row for row in map(_record, _head_lines(entry)) if row is not None]
        records = records or _first_keys(entry.head)
        return bool(records) and _described(
            list(records[0]), [[as_text(v) for v in row.values()] for row in records]
        )
    if suffix != ".json":
        return False
    first = entry.head.lstrip()[:1]
    if first == b"[":
        return _first_described(entry.head)
    return first == b"{" and (
        _lists_described(entry.head)
        or (NAMED.search(entry.path.stem) is not None and ANSWERS.match(entry.head) is not None)
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file; several models, seeds, splits or tasks in it are told apart by their columns.

    Raises:
        UnreadableFile: damaged, over the limits, or without the columns it seemed to have.
    """
    suffix = entry.suffix
    if suffix in (".parquet", ".pq"):
        if not _parquet.available() and not NAMED.search(entry.path.stem):
            return  # most likely a shard of a data set
        names = _parquet.columns(entry)
        if roles_of(names) is None:
            return  # a table of inputs or of anything else; nothing says predictions
        yield from facts(entry, names, lambda wanted: _parquet.chunks(entry, wanted, limits))
        return
    if suffix in (".csv", ".tsv"):
        names, rows = delimited(entry, limits)
        yield from facts(entry, names, lambda wanted: by_column(names, rows, wanted))
        return
    lines = JSON_LINES.match(entry.head) is not None
    if suffix == ".json" and entry.head.lstrip()[:1] == b"{" and not lines:
        columns, count = columns_of_document(entry, limits)
        yield from facts(entry, list(columns), lambda wanted: iter([(columns, count)]))
        return
    records = objects(entry, limits)
    first = list(islice(records, CHUNK))
    names = list(dict.fromkeys(key for row in first[:100] for key in row))
    yield from facts(entry, names, lambda wanted: by_key(first, records, wanted))


def facts(entry: Entry, names: Sequence[str], chunks: Any) -> Iterator[Fact]:
    """Gather the columns that have a role and yield predictions and what they recompute.

    Args:
        entry: the file.
        names: its columns.
        chunks: gives the wanted columns, some thousand rows at a time.

    Raises:
        UnreadableFile: no role fits, or more groups than the limit.
    """
    roles = roles_of(names)
    if roles is None:
        raise UnreadableFile(
            "columns name no output beside a target or an item; expected e.g. id, target, prediction"
        )
    groups: dict[tuple[str, ...], Gathered] = {}
    for chunk, count in chunks(wanted(roles)):
        for key, part, size in _grouped(roles, chunk, count):
            if key not in groups and len(groups) >= MOST_GROUPS:
                raise UnreadableFile(f"more than {MOST_GROUPS:,} groups of rows; name an extract")
            gather(groups.setdefault(key, Gathered()), roles, part, size)
    kinds = [kind for kind, _ in roles.groups]
    for key, found in groups.items():
        told = dict(zip(kinds, key, strict=True))
        apart = [told[kind] for kind in ("model", "seed") if told.get(kind)]
        many = len({tuple(k) for k in groups}) > 1
        for predictions in predictions_of(
            entry,
            found,
            roles,
            split=split_in(told.get("split", "")) or split_in(entry.path.stem),
            task=told.get("task") or None,
            name=" ".join((entry.path.stem, *(apart if many else ()))),
        ):
            yield PredictionFacts(location=entry.folder, predictions=predictions)
            yield from _recomputed(entry, predictions, " ".join(apart) if many else "", told, many)


def split_in(name: str) -> Split | None:
    """Return the split that a file name or a cell says."""
    return next((s for s, pattern in SPLITS if re.search(pattern, name, re.IGNORECASE)), None)


def _recomputed(
    entry: Entry, predictions: Predictions, run_id: str, told: Mapping[str, str], many: bool
) -> Iterator[RunFacts]:
    """Yield the recomputed scores as those of the run the file belongs to."""
    several = many and "task" in told
    prefix = "/".join(p for p in (predictions.split, told.get("task") if several else None) if p)
    head = predictions.name.removeprefix(" ".join((entry.path.stem, run_id)).strip()).strip()
    finals = tuple(
        Final(key=f"{prefix}/{name}" if prefix else name, value=cited.value, source=cited.source,
              strength="measured")
        for name, cited in predictions.scores.items()
        if name in FINALS
    )  # fmt: skip
    seed = told.get("seed", "")
    settings: tuple[Setting, ...] = ()
    if many and seed.isdecimal() and len(seed) < 16:
        source = entry.source(key="seed")
        settings = (Setting(key="seed", value=int(seed), source=source, strength="logged"),)
    if finals:
        yield RunFacts(
            location=entry.folder,
            run_id=" ".join(part for part in (run_id, head) if part),
            dialect="generic",
            settings=settings,
            finals=finals,
        )


def wanted(roles: Roles) -> tuple[str, ...]:
    """Return the columns that have a role, each once."""
    heads = [column for head in roles.heads for column in (head.output, head.verdict)]
    named = (*roles.probabilities, *roles.metrics, *roles.groups)
    single = (roles.item, roles.content, roles.target, roles.listed, *heads)
    return tuple(dict.fromkeys([c for c in single if c is not None] + [c for _, c in named]))


def _grouped(
    roles: Roles, chunk: dict[str, Values], count: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Values], int]]:
    """Split a chunk by the values of its group columns."""
    if not roles.groups:
        yield (), chunk, count
        return
    keys = list(zip(*(map(as_text, chunk[column]) for _, column in roles.groups), strict=True))
    places: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(keys):
        places.setdefault(key, []).append(index)
    for key, rows in places.items():
        if len(rows) == count:
            yield key, chunk, count
        else:
            yield key, {c: [values[i] for i in rows] for c, values in chunk.items()}, len(rows)


def _described(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether columns describe predictions and the first verdicts read as verdicts."""
    if len(names) > MOST_COLUMNS or len(set(names)) < len(names):
        return False
    roles = roles_of(names)
    if roles is None:
        return False
    verdicts = [names.index(head.verdict) for head in roles.heads if head.verdict]
    return all(is_verdict(row[i]) for row in rows for i in verdicts if i < len(row))


def _head_lines(entry: Entry) -> list[str]:
    """Return the whole lines among the first bytes."""
    text = entry.head.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    return lines if entry.size <= len(entry.head) or len(lines) < 2 else lines[:-1]


def _cells(lines: Iterable[str]) -> Iterator[list[str]]:
    lines = iter(lines)
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader([first, *lines], delimiter=delimiter)
    except csv.Error:
        return


def _record(line: str) -> dict[str, Any] | None:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _first_keys(head: bytes) -> list[dict[str, Any]]:
    """Return the keys of a first record longer than the first bytes, without their values."""
    if not head.lstrip().startswith(b"{"):
        return []
    found = re.findall(rb'[{,]\s*"([^"\\]{1,60})"\s*:', head)
    return [dict.fromkeys((key.decode("utf-8", "replace") for key in found), None)]


def _first_described(head: bytes) -> bool:
    """Tell whether the first object of a JSON list has the keys of a prediction."""
    found = re.match(rb"\s*\[\s*(\{[^{}]*\})", head)
    record = _record(found[1].decode("utf-8", "replace")) if found else None
    return record is not None and _described(
        list(record), [[as_text(value) for value in record.values()]]
    )


def _lists_described(head: bytes) -> bool:
    """Tell whether the first keys are columns of predictions, each a list (`{"y_true": [...], ...}`)."""
    names = []
    depth = at = 0
    for found in LISTED.finditer(head):
        depth += head.count(b"{", at, found.start()) - head.count(b"}", at, found.start())
        at = found.start()
        if depth == 1:  # lists further down are of parts, as those of a graph's nodes
            names.append(found[1].decode("utf-8", "replace"))
    return len(names) > 1 and roles_of(names) is not None


READER = Reader(name="predictions", order=26, sniff=sniff, read=read)
