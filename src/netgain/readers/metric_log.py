"""Metric logs and result files of any script: CSV, TSV, JSON lines and JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._columns import read_delimited, table_of_records
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import (
    Leaf,
    clock_seconds,
    flatten,
    leaves,
    parse_json,
    setting_of,
)
from netgain.readers._json import loads, without_quotes
from netgain.readers._table import facts_of_table, rows_of_results
from netgain.readers.base import (
    Entry,
    Fact,
    Final,
    Limits,
    Reader,
    RunFacts,
    Setting,
    is_folder_beside,
    open_regular,
)
from netgain.study import Strength
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    ends_in_metric,
    is_clock,
    is_housekeeping,
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
OF_A_SPLIT = re.compile(
    r"(?:^|[_\-.\s])(?:test|val(?:id(?:ation)?)?|train(?:ing)?|eval|seeds?|steps?|stats)(?:[_\-.=\s\d]|$)",
    re.IGNORECASE,
)
"""Stems that name data sets as often as logs; the columns decide."""
OF_A_LOG = re.compile(
    r"(?:^|[_\-.\s])(?:logs?|history|metrics?|curves?)(?:[_\-.\s\d]|$)", re.IGNORECASE
)
"""Stems that name no data set, whatever split stands beside: `training_log`."""
OF_EXAMPLES = re.compile(
    r"(?:^|[_\s])(?:predictions?|predicted|pred|target|label|y_true|y_pred|prompt|response|"
    r"question|answer|sentence|text|"
    r"image_?id|filename|rater|annotator|user_?id|item_?id)$",
    re.IGNORECASE,
)
"""Columns of tables with a row for each example."""
OTHERS = re.compile(
    r"predict|prediction|outputs?[_.]|samples?[_.]|wandb-summary|system|rating|confusion",
    re.IGNORECASE,
)
"""Files of single examples, which other readers take."""
NAMED_FOR_SCORES = re.compile(
    r"(?:^|[_\-.\s])(?:metrics?|results?|scores?|final|test|eval)", re.IGNORECASE
)
"""Stems under which an unknown number is a score, not a setting."""
OF_BEST = re.compile(r"(^|[_\-.\s])best(?=$|[_\-.\s])", re.IGNORECASE)
OF_EVALUATION = re.compile(r"^(?:eval|evaluation|val|valid|validation|test)_", re.IGNORECASE)
NO_SCORE = re.compile(
    r"(?:size|batch|seed|workers|samples|runtime|seconds|count|epochs?|images|bytes|vram\w*|"
    r"memory\w*|_mb|_gb|params\w*|"
    r"loss_scale|loss_weights?|round|threshold|elapsed\w*|interval|every|period|freq|num_\w+|n_\w+|steps?|version|trainable|duration\w*)$"
)
"""Last words of numbers that say what was done or spent, not how well."""
SETTING_PARENTS = frozenset(("config", "args", "hparams", "params", "settings", "hyperparameters",
                             "best", "env", "environment", "arguments", "cfg"))  # fmt: skip
RUN_NAME = re.compile(
    r"^(?:seed|run|fold|trial|rep)[_\-= ]?\d+$|^\d{1,6}$|(?:^|[_\-\s])(?:baselines?|ours?|"
    r"proposed|vanilla)(?:[_\-\s]|$)",
    re.IGNORECASE,
)
"""Names under which a document files a run."""
RUN_FOLDER = re.compile(
    r"(?:^|[./])(?:run|exp|experiment|output|out|log|save|result|results|work)_?(?:dir|directory|path|folder)$",
    re.IGNORECASE,
)
"""Keys by which a record names the folder of its run."""
RUN_SIGNS = frozenset(
    ("seed", "learning_rate", "batch_size", "epochs", "max_steps", "steps", "parameters",
     "wall_seconds", "optimizer",
     "weight_decay", "n_train")
)  # fmt: skip
SCORES_OF_CLASSES = frozenset(
    ("precision", "recall", "f1", "iou", "dice", "average_precision", "specificity", "auc")
)
"""Metrics that reports give for each class."""
JSON_RECORDS = re.compile(rb"\s*\[\s*\{\s*\"")
"""Beginning of a list of records, as Chainer writes into a file named `log`."""
MOST_LINES = 5_000_000
MOST_RESULTS = 2_000
"""Finished runs that scripts append to one file."""
MOST_KEYS = 60
NAMED_BY = frozenset(
    ("method", "algorithm", "algo", "variant", "approach", "name", "experiment", "classifier")
)
"""Keys under which a line of results says what was run."""


def sniff(entry: Entry) -> bool:
    """Recognise a log by its name, or a CSV or JSON-lines file by an axis among its first keys."""
    suffix = entry.suffix
    if OTHERS.search(entry.name):
        return False
    stem = entry.path.stem
    if suffix in (".csv", ".tsv"):
        cells = _first_cells(entry.head)
        examples = any(OF_EXAMPLES.search(cell.strip()) for cell in cells)
        return (_has_axis(cells) and not examples) or (
            NAMES.search(stem) is not None
            and (
                OF_A_SPLIT.search(stem) is None
                or (OF_A_LOG.search(stem) is not None and not examples)
                or any(map(_speaks, cells))
            )
        )
    if suffix in (".jsonl", ".ndjson") or (
        suffix in (".txt", ".log", ".json") and _json_lines(entry.head)
    ):
        return _has_axis(_first_keys(entry.head))
    if entry.name == "log" and JSON_RECORDS.match(entry.head):
        return True
    return (
        suffix == ".json"
        and NAMES.search(stem) is not None
        and (entry.head[:1] in b"{[ \n\xef" or entry.head[:2] == b'"{')
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one log or result file.

    Raises:
        UnreadableFile: damaged, empty, or neither a table nor a record of scores.
    """
    suffix = entry.suffix
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


def _speaks(name: str) -> bool:
    """Tell whether a column is named as a known metric or setting."""
    known = is_known_metric(canonical_metric(name).name)
    return known or canonical_setting(name) in ("seed", "learning_rate", "batch_size", "epochs")


def _first_keys(head: bytes) -> list[str]:
    return re.findall(r'"([^"]{1,60})"\s*:', head.decode("utf-8", "replace").replace(r"\"", '"'))


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
                row = loads(raw)
            except (ValueError, RecursionError):
                row = None
            if b'"{' in raw:
                row = without_quotes(row)
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


def facts_of_lines(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read JSON lines, whatever the file is called.

    Raises:
        UnreadableFile: damaged, or most lines are no JSON object.
    """
    yield from _records(entry, *json_rows(entry, limits))


def facts_of_document(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read a JSON document, whatever the file is called.

    Raises:
        UnreadableFile: damaged, or neither rows, columns nor a record of scores.
    """
    yield from _document(entry, limits)


def facts_of_leaves(entry: Entry, found: list[Leaf], *, strength: Strength) -> Iterator[RunFacts]:
    """Sort the values of a document into final scores and settings.

    Args:
        entry: the file.
        found: its values.
        strength: what its settings are: `configured` for a document without scores, else `logged`.
    """
    for fact in _scores(entry, found, strict=True):
        kept = (
            fact.settings
            if fact.finals
            else tuple(replace(s, strength=strength) for s in fact.settings)
        )
        yield replace(fact, settings=kept)


def are_rows_of_results(entry: Entry) -> bool:
    """Tell whether a file of JSON lines holds a finished run on each: a name, settings and a score."""
    if not _json_lines(entry.head):
        return False
    rows = []
    for raw in entry.head.split(b"\n")[:-1] or [entry.head]:
        try:
            row = loads(raw)
        except (ValueError, RecursionError):
            return False
        if not isinstance(row, dict):
            return False
        rows.append(row)
    return _are_results(rows)


def _are_results(rows: list[dict[str, Any]]) -> bool:
    """Tell whether every record has a score and a name or method, alike keys, and no axis or example."""
    keys = set(rows[0])
    if not 2 <= len(keys) <= MOST_KEYS or any(set(row) != keys for row in rows[1:]):
        return False
    if any(x_axis(key) or OF_EXAMPLES.search(key) for key in keys):
        return False
    scores = [
        key
        for key in keys
        if is_known_metric(canonical_metric(key).name)
        and all(
            isinstance(row[key], (int, float)) and not isinstance(row[key], bool) for row in rows
        )
    ]
    named = [
        key for key in keys if canonical_setting(key) in ("model", "dataset") or key in NAMED_BY
    ]
    texts = [key for key in named if all(isinstance(row[key], str) for row in rows)]
    return bool(scores and texts)


def _of_folders(entry: Entry, records: list[dict[str, Any]]) -> list[str]:
    """Return the folders beside a file that its records name as those of their runs; none where one fails."""
    keys = [key for key in records[0] if RUN_FOLDER.search(key)]
    for key in keys[:1]:
        named = [re.split(r"[/\\]", str(row.get(key) or "").rstrip("/\\"))[-1] for row in records]
        if len(set(named)) == len(named) and all(
            name not in ("", ".", "..") and is_folder_beside(entry, name) for name in named
        ):
            return [str(PurePath(entry.folder) / name) for name in named]
    return []


def _records(
    entry: Entry, records: list[dict[str, Any]], lines: list[int], *, of_arrays: bool = False
) -> Iterator[Fact]:
    folders = _of_folders(entry, records) if 0 < len(records) <= MOST_RESULTS else []
    for folder, row in zip(folders, records, strict=False):
        found = [Leaf(key=key, value=value, line=None) for key, value in row.items()]
        for fact in _scores(entry, found):
            yield replace(fact, location=folder)
    if folders:
        return
    table = table_of_records(records, lines)
    if 1 < len(records) <= MOST_RESULTS and _are_results(records):
        yield from rows_of_results(entry, table, dialect_of(table.numbers))
        return
    yield from facts_of_table(entry, table, dialect_of(table.numbers), of_arrays=of_arrays)


def _document(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read a JSON file: rows, equally long columns (a Keras history), or one record of scores."""
    document = parse_json(entry.text(limits.text_bytes), limits)
    named = _named_runs(document) if isinstance(document, dict) else {}
    for name, part in named.items():
        text = json.dumps(part)
        found = [Leaf(key=key, value=value, line=None) for key, value in flatten(loads(text))]
        for fact in _scores(entry, found):
            yield replace(fact, run_id=name, name=name)
    if named:
        return
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
    tables = list(_tables(document))
    for columns in tables:
        names = list(columns)
        length = len(columns[names[0]])
        yield from _records(
            entry,
            [{n: columns[n][i] for n in names} for i in range(length)],
            [1] * length,
            of_arrays=True,
        )
    shown = {name.rpartition("/")[2] for columns in tables for name in columns}
    taken = {*shown, *(f"eval_{name}" for name in shown)}
    found = [
        leaf
        for leaf in leaves(entry, limits)
        if leaf.key.split(".")[-1] not in taken or not str(leaf.value).startswith("[")
    ]
    facts = list(_scores(entry, found))
    if not facts and not tables:
        raise UnreadableFile("holds no score and no setting; expected a record of results")
    yield from facts


def _row_list(document: dict[str, Any]) -> list[Any] | None:
    """Return the list of rows that a result file keeps: under a usual key, or rows that share a metric."""
    usual = ("history", "log", "metrics", "epochs", "results", "rows", "curves")
    for key, value in document.items():
        if not isinstance(value, list) or not value or not all(isinstance(r, dict) for r in value):
            continue
        if key in usual or (len(value) > 1 and _shared_metrics(value)):
            return value
    return None


def _shared_metrics(rows: list[dict[str, Any]]) -> set[str]:
    """Return the keys of known metrics that every row holds."""
    shared = set.intersection(*({key for key, _ in _flat(row)} for row in rows[:1000]))
    return {key for key in shared if is_known_metric(canonical_metric(key).name)}


def _named_runs(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the runs of a document that files each under its name: seeds, arms, or records with settings.

    Classes (`cat`, `macro avg`) and splits hold the same metrics too and are no runs, so a name that is
    neither a seed nor an arm needs a setting of a training beside its scores.
    """
    parts = {key: value for key, value in document.items() if isinstance(value, dict)}
    if len(parts) < 2 or not _shared_metrics(list(parts.values())):
        return {}
    named = all(RUN_NAME.search(key) for key in parts)
    with_settings = all(
        any(canonical_setting(k, value=v) in RUN_SIGNS for k, v in _flat(part))
        for part in parts.values()
    )
    return parts if named or with_settings else {}


def _tables(document: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
    """Yield the curves of a document: those at its top, or one level below under names of splits.

    `{"train": {"loss": [...]}, "val": {"loss": [...]}}` holds one table, its columns named after their split.
    """
    first = _columns(document)
    inner = {key: part for key, part in document.items() if isinstance(part, dict)}
    split_of = {key: _split_said(key) for key in inner}
    if any(not isinstance(document.get(name), list) for name in first):  # from one level below
        parts = {key: found for key, part in inner.items() if (found := _columns({key: part}))}
        if len(parts) > 1 and all(split_of[key] for key in parts):
            by_length: dict[int, dict[str, list[Any]]] = {}
            for key, columns in parts.items():
                table = by_length.setdefault(len(next(iter(columns.values()))), {})
                for name, values in columns.items():
                    plain = x_axis(name) or canonical_metric(name).split
                    table.setdefault(name if plain else f"{split_of[key]}/{name}", values)
            yield from by_length.values()
            return
    if first:
        yield first


def _split_said(key: str) -> str | None:
    """Return the split that the name of a part says alone: `train` of `history_train`."""
    words = re.split(r"[_\-.\s]+", key.lower())
    said = {canonical_metric(f"{word}_loss").split for word in words} - {None}
    return said.pop() if len(said) == 1 else None


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
        if lists and len(lengths) == 1 and curves and not _by_class(lists):
            return lists
        evaluated = _evaluations(lists) if len(lengths) > 1 else {}
        if evaluated:
            return evaluated
    return {}


def _evaluations(lists: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the lists that stand on an axis of their own among lists of other lengths.

    `{"loss": [...], "eval_step": [100, 200], "eval_return": [3, 9]}`: the axis rises and a known metric has
    its length; where several axes do so, nothing tells which is meant.
    """
    found: list[dict[str, list[Any]]] = []
    for key, positions in lists.items():
        own = OF_EVALUATION.sub("", key)
        axis = x_axis(key) or x_axis(own)
        if axis is None or any(b is None or a is None or b <= a for a, b in pairwise(positions)):
            continue
        beside = {
            name: value
            for name, value in lists.items()
            if name != key and len(value) == len(positions) and x_axis(name) is None
        }
        if any(is_known_metric(canonical_metric(name).name) for name in beside):
            found.append({key if x_axis(key) else own: positions, **beside})
    return found[0] if len(found) == 1 else {}


def _by_class(lists: Mapping[str, list[Any]]) -> bool:
    """Tell whether lists hold a number for each class: scores of classes, without axis, loss or split."""
    metrics = [canonical_metric(key) for key in lists]
    scored = sum(metric.name in SCORES_OF_CLASSES for metric in metrics)
    over_training = any(metric.split or metric.name.endswith("loss") for metric in metrics)
    return scored > 1 and not over_training and not any(x_axis(key) for key in lists)


def _scores(entry: Entry, found: list[Leaf], *, strict: bool = False) -> Iterator[RunFacts]:
    """Sort the values of one record into finals and settings.

    Args:
        entry: the file.
        found: its values.
        strict: whether a number is a score only where the vocabulary knows its name.
    """
    dialect = dialect_of(leaf.key for leaf in found)
    finals = []
    settings = []
    for leaf in found:
        if _is_score(entry, leaf, dialect, strict=strict):
            assert isinstance(leaf.value, (int, float))
            key = _of_best(entry, _of_split(entry, leaf.key.replace(".", "/")))
            source = entry.source(line=leaf.line, key=leaf.key)
            finals.append(Final(key=key, value=float(leaf.value), source=source))
        elif leaf.value is not None or canonical_setting(leaf.key, dialect) == "schedule":
            settings.append(_setting(entry, leaf))  # a schedule of null is a constant one
    if finals or settings:
        yield RunFacts(
            location=entry.folder, dialect=dialect, settings=tuple(settings), finals=tuple(finals)
        )


def _of_split(entry: Entry, key: str) -> str:
    """Say of a score the split that the name of its file says alone (`metrics_val_best.json`)."""
    said = {
        canonical_metric(f"{word}_loss").split
        for word in re.split(r"[_\-.\s]+", entry.path.stem.lower())
    } - {None}
    if len(said) != 1 or canonical_metric(key).split is not None:
        return key
    return f"{said.pop()}/{key}"


def _of_best(entry: Entry, key: str) -> str:
    """Say of a score that it is of the best weights, where a file of the last ones lies beside."""
    if not OF_BEST.search(entry.path.stem) or canonical_metric(key).name.startswith("best_"):
        return key
    others = (OF_BEST.sub(rf"\g<1>{word}", entry.name) for word in ("last", "latest", "final"))
    beside = any(entry.path.with_name(name).is_file() for name in others)
    return f"best/{key}" if beside else key


def _setting(entry: Entry, leaf: Leaf) -> Setting:
    """Turn a value into a setting; a duration on top of the record is that of the run."""
    setting = setting_of(entry, leaf, strength="logged")
    seconds = clock_seconds(leaf.value) if is_clock(leaf.key) else None
    return setting if seconds is None else replace(setting, key="wall_seconds", value=seconds)


def _is_score(entry: Entry, leaf: Leaf, dialect: str, *, strict: bool) -> bool:
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
    if NO_SCORE.search(parts[-1]) or is_housekeeping(parts[-1]):
        return False
    if strict:
        return ends_in_metric(metric.name)
    return metric.split is not None or NAMED_FOR_SCORES.search(entry.path.stem) is not None


READER = Reader(name="metric log", order=70, sniff=sniff, read=read)
