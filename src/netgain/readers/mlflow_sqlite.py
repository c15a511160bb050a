"""MLflow's SQLite store: many runs in one database, read by column name and never written to."""

from __future__ import annotations

import math
import mmap
import sqlite3
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers._documents import typed_text
from netgain.readers._series import FloatArray, series
from netgain.readers._sqlite_pages import NotPlain, rows_of
from netgain.readers.base import Entry, Final, RunFacts, Series, Setting, open_regular
from netgain.study import Source

STATUS = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "failed",
}
SKIPPED_TAGS = ("mlflow.log-model.history", "mlflow.user", "mlflow.loggedArtifacts")
NEEDED = {
    "runs": ("run_uuid", "status", "lifecycle_stage"),
    "params": ("run_uuid", "key", "value"),
    "metrics": ("run_uuid", "key", "value", "step", "timestamp"),
}
"""Tables and columns that every schema version since 2019 has."""

TIME, STEP, VALUE = 0, 1, 2
"""Columns of a metric's rows."""
NUMBERS = frozenset((int, float))
CHUNK = 50_000
"""Rows fetched at a time."""


def runs_of(
    entry: Entry, connection: sqlite3.Connection, columns: dict[str, set[str]]
) -> Iterator[RunFacts]:
    """Yield every run of the store.

    Args:
        entry: the database file.
        connection: open connection to it.
        columns: its tables with their columns.

    Raises:
        UnreadableFile: the database is not MLflow's, or holds no run.
    """
    for table, needed in NEEDED.items():
        missing = set(needed) - columns.get(table, set())
        if missing:
            raise UnreadableFile(
                f"SQLite database without {table}.{min(missing)}; expected an MLflow store"
            )
    optional = [c for c in ("name", "start_time", "end_time") if c in columns["runs"]]
    runs = connection.execute(
        f"SELECT {', '.join((*NEEDED['runs'], *optional))} FROM runs ORDER BY run_uuid"  # noqa: S608  # fixed names
    ).fetchall()
    if not runs:
        raise UnreadableFile(
            "MLflow store with zero runs; expected at least one, ask for the store they logged to"
        )
    settings = _settings(
        entry, connection, with_tags={"key", "value"} <= columns.get("tags", set())
    )
    curves, finals = _metrics(entry, connection, with_nan="is_nan" in columns["metrics"])
    for row in runs:
        run_id, state, lifecycle = (str(value or "") for value in row[:3])
        extra = dict(zip(optional, row[3:], strict=True))
        deleted = lifecycle == "deleted"
        yield RunFacts(
            location=entry.display,
            run_id=run_id,
            dialect="mlflow",
            name=str(extra.get("name") or ""),
            settings=(*settings[run_id], *_duration(entry, run_id, extra)),
            series=tuple(curves[run_id]),
            finals=tuple(finals[run_id]),
            status="deleted" if deleted else STATUS.get(state, "unknown"),  # type: ignore[arg-type]  # values of STATUS
            status_source=_place(entry, "runs", run_id, "lifecycle_stage" if deleted else "status"),
        )


def _place(entry: Entry, table: str, run_id: str, key: str) -> Source:
    return Source(path=entry.display, key=key, cell=f"{table} {run_id} / {key}")


def _duration(entry: Entry, run_id: str, row: dict[str, object]) -> Iterator[Setting]:
    start, end = row.get("start_time"), row.get("end_time")
    if isinstance(start, int) and isinstance(end, int) and end > start:
        source = _place(entry, "runs", run_id, "end_time")
        seconds = (end - start) / 1000  # both are milliseconds since 1970
        yield Setting(key="wall_seconds", value=seconds, source=source, strength="logged")


def _settings(
    entry: Entry, connection: sqlite3.Connection, *, with_tags: bool
) -> dict[str, list[Setting]]:
    found: dict[str, list[Setting]] = defaultdict(list)
    for run_id, key, value in connection.execute(
        "SELECT run_uuid, key, value FROM params ORDER BY run_uuid, key"
    ):
        source = _place(entry, "params", str(run_id), str(key))
        found[str(run_id)].append(
            Setting(key=str(key), value=typed_text(str(value)), source=source)
        )
    if not with_tags:
        return found
    for run_id, key, value in connection.execute(
        "SELECT run_uuid, key, value FROM tags ORDER BY run_uuid, key"
    ):
        if key not in SKIPPED_TAGS and value is not None:
            source = _place(entry, "tags", str(run_id), str(key))
            found[str(run_id)].append(
                Setting(
                    key=str(key), value=typed_text(str(value)), source=source, strength="logged"
                )
            )
    return found


def _metrics(
    entry: Entry, connection: sqlite3.Connection, *, with_nan: bool
) -> tuple[dict[str, list[Series]], dict[str, list[Final]]]:
    """Read every metric row in one pass; a metric logged once is a final score."""
    curves: dict[str, list[Series]] = defaultdict(list)
    finals: dict[str, list[Final]] = defaultdict(list)
    for (run_id, key), rows in sorted(_points(entry, connection, with_nan=with_nan).items()):
        source = _place(entry, "metrics", run_id, key)
        found = series(key, unit="step", steps=rows[:, STEP], values=rows[:, VALUE], source=source)
        if found is None:
            continue
        if len(rows) == 1:
            finals[run_id].append(Final(key=key, value=found.values[0], source=source))
        else:
            curves[run_id].append(found)
    return curves, finals


def _points(
    entry: Entry, connection: sqlite3.Connection, *, with_nan: bool
) -> dict[tuple[str, str], FloatArray]:
    """Return the rows of each metric of each run as columns timestamp, step and value, in time's order.

    Rows that hold no number where one belongs are left out.
    """
    try:
        numbers, owner, table = _rows_off_pages(entry, connection)
    except NotPlain:
        numbers, owner, table = _rows_by_query(connection, with_nan=with_nan)
    if not len(owner):
        return {}
    table = table[_in_time(owner, table)]
    bounds = np.cumsum(np.bincount(owner, minlength=len(numbers)))[:-1]
    parts = np.split(table, bounds)
    named = {
        (_word(run), _word(key)): part for (run, key), part in zip(numbers, parts, strict=True)
    }
    return {name: part for name, part in named.items() if len(part)}


def _in_time(owner: npt.NDArray[np.int64], table: FloatArray) -> npt.NDArray[np.int64]:
    """Return the order of rows by metric, then time, step and value; most stores hold them so already."""
    few = owner.astype(np.uint16) if owner.max() < 2**16 else owner
    order = np.argsort(few, kind="stable")
    before, after = table[order[:-1]], table[order[1:]]
    right = after[:, VALUE] >= before[:, VALUE]
    for column in (STEP, TIME):  # the last one decides first
        equal = after[:, column] == before[:, column]
        right = (after[:, column] > before[:, column]) | (equal & right)
    right |= owner[order[1:]] > owner[order[:-1]]
    if right.all():
        return order
    return np.lexsort((table[:, VALUE], table[:, STEP], table[:, TIME], owner))


Found = tuple[dict[tuple[object, object], int], npt.NDArray[np.int64], FloatArray]
"""Run and metric with a number for each; that number for each row; timestamp, step and value of each row."""


def _rows_off_pages(entry: Entry, connection: sqlite3.Connection) -> Found:
    """Read the table of metrics without SQLite.

    Raises:
        NotPlain: the file is not as simple as MLflow writes it, or SQLite counts other rows.
    """
    columns = [row[1] for row in connection.execute("PRAGMA table_info(metrics)")]
    root, encoding = (
        connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'metrics'").fetchone()[
            0
        ],
        connection.execute("PRAGMA encoding").fetchone()[0],
    )
    if encoding != "UTF-8":
        raise NotPlain
    places = {
        name: columns.index(name) for name in ("run_uuid", "key", "timestamp", "step", "value")
    }
    numbers: dict[tuple[object, object], int] = {}
    owners: list[npt.NDArray[np.int64]] = []
    blocks: list[FloatArray] = []
    with open_regular(entry.path) as stream:
        # Never closed by hand: an error on the way still holds arrays that look into it.
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    for rows in rows_of(np.frombuffer(data, np.uint8), root, len(columns)):
        group, names = rows.words((places["run_uuid"], places["key"]))
        known = np.array(
            [numbers.setdefault((run, key), len(numbers)) for run, key in names], np.int64
        )
        table = [rows.numbers(places[name]) for name in ("timestamp", "step", "value")]
        real = np.ones(len(group), bool)
        if "is_nan" in columns:
            real = rows.numbers(columns.index("is_nan")) == 0
        owners.append(known[group][real])
        blocks.append(np.stack(table, axis=1)[real])
    if not owners:
        raise NotPlain
    owner, rest = np.concatenate(owners), np.concatenate(blocks)
    real_rows = " WHERE NOT is_nan" if "is_nan" in columns else ""
    count, steps = connection.execute(
        f"SELECT count(*), total(step) FROM metrics{real_rows}"  # noqa: S608  # fixed text
    ).fetchone()
    if count != len(owner) or not math.isclose(steps, rest[:, STEP].sum(), rel_tol=1e-9):
        raise NotPlain
    return numbers, owner, rest


def _rows_by_query(connection: sqlite3.Connection, *, with_nan: bool) -> Found:
    """Read the table of metrics row by row."""
    real = " WHERE NOT is_nan" if with_nan else ""
    numbers: dict[tuple[object, object], int] = {}
    owners = [np.empty(0, np.int64)]
    blocks = [np.empty((0, 3))]
    as_text, connection.text_factory = (
        connection.text_factory,
        bytes,
    )  # decoded once a metric, above
    try:
        rows = connection.execute(
            f"SELECT run_uuid, key, timestamp, step, value FROM metrics{real}"  # noqa: S608  # fixed text
        )
        while chunk := rows.fetchmany(CHUNK):
            whole = chunk
            if not all(
                {*map(type, column)} <= NUMBERS for column in [*zip(*chunk, strict=True)][2:]
            ):
                whole = [row for row in chunk if {*map(type, row[2:])} <= NUMBERS]
            runs, keys, *columns = zip(*whole, strict=True) if whole else ((),) * 5
            pairs = zip(runs, keys, strict=True)
            owned = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
            owners.append(np.array(owned, np.int64))
            blocks.append(np.array(columns, np.float64).reshape(3, -1).T)
    finally:
        connection.text_factory = as_text
    return numbers, np.concatenate(owners), np.concatenate(blocks)


def _word(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
