"""Metric logs and result files of any script: CSV, TSV, JSON lines and JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import (
    Leaf,
    clock_seconds,
    flatten,
    leaves,
    parse_json,
    setting_of,
)
from netgain.readers._table import facts_of_table, read_delimited, table_of_records
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts, Setting, open_regular
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    is_clock,
    is_known_metric,
    x_axis,
)

NAMES = re.compile(
    r"(?:^|[_\-.\s])(?:metrics?|logs?|results?|res|history|progress|scalars?|scores?|summary|report|"
    r"eval(?:uation)?|train(?:ing)?(?:_?log)?|test|val(?:id(?:ation)?)?|curves?|losses|stats|epochs?|"
    r"steps?|final|performance|sweep|trials|seeds?)(?:[_\-.=\s\d]|$)",
    re.IGNORECASE,
)
"""Stems of files that hold what a training measured."""
OTHERS = re.compile(
    r"predict|prediction|outputs?[_.]|samples?[_.]|wandb-summary|system|rating|confusion",
    re.IGNORECASE,
)
"""Files of single examples, which other readers take."""
NAMED_FOR_SCORES = re.compile(
    r"(?:^|[_\-.\s])(?:metrics?|results?|scores?|final|test|eval)", re.IGNORECASE
)
"""Stems under which an unknown number is a score, not a setting."""
SETTING_PARENTS = frozenset(("config", "args", "hparams", "params", "settings", "hyperparameters",
                             "best", "env", "environment", "arguments", "cfg"))  # fmt: skip
MOST_LINES = 5_000_000


def sniff(entry: Entry) -> bool:
    """Recognise a log by its name, or a CSV or JSON-lines file by an axis among its first keys."""
    suffix = entry.path.suffix.lower()
    if OTHERS.search(entry.name):
        return False
    stem = entry.path.stem
    if suffix in (".csv", ".tsv"):
        return NAMES.search(stem) is not None or _has_axis(_first_cells(entry.head))
    if suffix in (".jsonl", ".ndjson") or (
        suffix in (".txt", ".log", ".json") and _json_lines(entry.head)
    ):
        return _has_axis(_first_keys(entry.head))
    return suffix == ".json" and NAMES.search(stem) is not None and entry.head[:1] in b"{[ \n\xef"


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one log or result file.

    Raises:
        UnreadableFile: damaged, empty, or neither a table nor a record of scores.
    """
    suffix = entry.path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        yield from read_table(entry, limits)
    elif suffix in (".jsonl", ".ndjson", ".txt", ".log") or _json_lines(entry.head):
        yield from _records(entry, *json_rows(entry, limits))
    else:
        yield from _document(entry, limits)


def read_table(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read a delimited table, whatever the file is called.

    Raises:
        UnreadableFile: damaged, or no table.
    """
    table = read_delimited(entry, limits)
    yield from facts_of_table(entry, table, dialect_of(table.numbers))


def _first_cells(head: bytes) -> list[str]:
    line = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:1]
    return re.split(r"[,;\t]", line[0]) if line else []


def _first_keys(head: bytes) -> list[str]:
    return re.findall(r'"([^"]{1,60})"\s*:', head.decode("utf-8", "replace"))


def _has_axis(names: list[str]) -> bool:
    return len(names) > 1 and any(x_axis(name) for name in names)


def _json_lines(head: bytes) -> bool:
    """Tell whether the first line is one whole JSON object and another follows."""
    first, _, rest = head.strip().partition(b"\n")
    return first[:1] == b"{" and first.strip()[-1:] == b"}" and rest.lstrip()[:1] == b"{"


def json_rows(entry: Entry, limits: Limits) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the records of a JSON-lines file with nested keys joined by a slash, and their lines.

    Raises:
        UnreadableFile: over the limits, or most lines are no JSON object.
    """
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    bad = 0
    with open_regular(entry.path) as stream:
        for count in range(1, MOST_LINES):
            raw = stream.readline(limits.line_bytes + 1)
            if not raw:
                break
            if len(raw) > limits.line_bytes:
                raise UnreadableFile(f"line {count} is longer than {limits.line_bytes:,} bytes")
            if not raw.strip():
                continue
            try:
                row = json.loads(raw)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                records.append(dict(_flat(row)))
                lines.append(count)
            else:
                bad += 1
    if not records or bad > len(records):
        raise UnreadableFile(
            f"{bad} of {bad + len(records)} lines are no JSON object; expected one a line"
        )
    return records, lines


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    try:
        yield from ((key.replace(".", "/"), value) for key, value in flatten(row))
    except RecursionError as error:
        raise UnreadableFile("JSON nested too deep; expected a plain record") from error


def _records(entry: Entry, records: list[dict[str, Any]], lines: list[int]) -> Iterator[Fact]:
    table = table_of_records(records, lines)
    yield from facts_of_table(entry, table, dialect_of(table.numbers))


def _document(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read a JSON file: rows, equally long columns (a Keras history), or one record of scores."""
    document = parse_json(entry.text(limits.text_bytes), limits)
    rows = _row_list(document) if isinstance(document, dict) else document
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        yield from _records(entry, [dict(_flat(row)) for row in rows], [1] * len(rows))
        if isinstance(document, dict):
            yield from _scores(
                entry, [x for x in leaves(entry, limits) if not re.search(r"\.\d+(\.|$)", x.key)]
            )
        return
    if not isinstance(document, dict):
        raise UnreadableFile("holds a bare list; expected named scores or rows with names")
    columns = _columns(document)
    if columns:
        names = list(columns)
        length = len(columns[names[0]])
        yield from _records(
            entry, [{n: columns[n][i] for n in names} for i in range(length)], [1] * length
        )
    found = [leaf for leaf in leaves(entry, limits) if leaf.key.split(".")[-1] not in columns]
    facts = list(_scores(entry, found))
    if not facts and not columns:
        raise UnreadableFile("holds no score and no setting; expected a record of results")
    yield from facts


def _row_list(document: dict[str, Any]) -> list[Any] | None:
    """Return the list of rows that a result file keeps under a usual key."""
    for key in ("history", "log", "metrics", "epochs", "results", "rows", "curves"):
        value = document.get(key)
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return value
    return None


def _columns(document: dict[str, Any]) -> dict[str, list[Any]]:
    """Return lists of numbers of one length, at the top or one level below."""
    for level in (document, *(v for v in document.values() if isinstance(v, dict))):
        lists = {
            key: value
            for key, value in level.items()
            if isinstance(value, list) and len(value) > 1
            and all(isinstance(v, (int, float)) or v is None for v in value)
        }  # fmt: skip
        lengths = {len(value) for value in lists.values()}
        curves = any(is_known_metric(canonical_metric(key).name) or x_axis(key) for key in lists)
        if lists and len(lengths) == 1 and curves:
            return lists
    return {}


def _scores(entry: Entry, found: list[Leaf]) -> Iterator[RunFacts]:
    """Sort the values of one record into finals and settings."""
    dialect = dialect_of(leaf.key for leaf in found)
    finals = []
    settings = []
    for leaf in found:
        if _is_score(entry, leaf, dialect):
            assert isinstance(leaf.value, (int, float))
            key = leaf.key.replace(".", "/")
            source = entry.source(line=leaf.line, key=leaf.key)
            finals.append(Final(key=key, value=float(leaf.value), source=source))
        elif leaf.value is not None:
            settings.append(_setting(entry, leaf))
    if finals or settings:
        yield RunFacts(
            location=entry.folder, dialect=dialect, settings=tuple(settings), finals=tuple(finals)
        )


def _setting(entry: Entry, leaf: Leaf) -> Setting:
    """Turn a value into a setting; a duration on top of the record is that of the run."""
    setting = setting_of(entry, leaf, strength="logged")
    seconds = clock_seconds(leaf.value) if is_clock(leaf.key) else None
    return setting if seconds is None else replace(setting, key="wall_seconds", value=seconds)


def _is_score(entry: Entry, leaf: Leaf, dialect: str) -> bool:
    if not isinstance(leaf.value, (int, float)) or isinstance(leaf.value, bool):
        return False
    parts = leaf.key.lower().split(".")
    if not math.isfinite(leaf.value) or SETTING_PARENTS & set(parts[:-1]):
        return False
    if is_clock(parts[-1]) or x_axis(parts[-1]):
        return False
    metric = canonical_metric(leaf.key.replace(".", "/"), dialect)
    if is_known_metric(metric.name):
        return metric.name not in ("learning_rate", "epoch", "gradient_norm")
    if canonical_setting(leaf.key, dialect, value=leaf.value) is not None:
        return False
    evaluation_setting = re.search(
        r"(size|batch|seed|workers|samples|runtime|seconds|count|epoch)$", parts[-1]
    )
    if evaluation_setting:
        return False
    return metric.split is not None or NAMED_FOR_SCORES.search(entry.path.stem) is not None


READER = Reader(name="metric log", order=70, sniff=sniff, read=read)
