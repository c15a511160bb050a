"""MLflow's SQLite store: many runs in one database, read by column name and never written to."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator

from netgain.errors import UnreadableFile
from netgain.readers._documents import typed_text
from netgain.readers._series import series
from netgain.readers.base import Entry, Final, RunFacts, Series, Setting
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

Points = dict[tuple[str, str], list[tuple[int, int, float]]]


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
        source = _place(entry, "params", run_id, key)
        found[run_id].append(Setting(key=key, value=typed_text(str(value)), source=source))
    if not with_tags:
        return found
    for run_id, key, value in connection.execute(
        "SELECT run_uuid, key, value FROM tags ORDER BY run_uuid, key"
    ):
        if key not in SKIPPED_TAGS and value is not None:
            source = _place(entry, "tags", run_id, key)
            found[run_id].append(
                Setting(key=key, value=typed_text(str(value)), source=source, strength="logged")
            )
    return found


def _metrics(
    entry: Entry, connection: sqlite3.Connection, *, with_nan: bool
) -> tuple[dict[str, list[Series]], dict[str, list[Final]]]:
    """Read every metric row in one pass; a metric logged once is a final score."""
    real = " WHERE NOT is_nan" if with_nan else ""
    points: Points = defaultdict(list)
    for run_id, key, value, step, timestamp in connection.execute(
        f"SELECT run_uuid, key, value, step, timestamp FROM metrics{real}"  # noqa: S608  # fixed text
    ):
        points[run_id, key].append((timestamp, step, value))
    curves: dict[str, list[Series]] = defaultdict(list)
    finals: dict[str, list[Final]] = defaultdict(list)
    for (run_id, key), rows in sorted(points.items()):
        rows.sort()
        source = _place(entry, "metrics", run_id, key)
        found = series(
            key,
            unit="step",
            steps=[row[1] for row in rows],
            values=[row[2] for row in rows],
            source=source,
        )
        if found is None:
            continue
        if len(rows) == 1:
            finals[run_id].append(Final(key=key, value=found.values[0], source=source))
        else:
            curves[run_id].append(found)
    return curves, finals
