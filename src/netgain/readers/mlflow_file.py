"""MLflow's file store: one folder for each run, one file for each metric, parameter and tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from netgain.errors import UnreadableFile
from netgain.readers._documents import leaves, typed_text
from netgain.readers._series import series
from netgain.readers.base import (
    Entry,
    Final,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
    open_regular,
)
from netgain.study import Scalar, Source

STATUS = {1: "running", 2: "running", 3: "finished", 4: "failed", 5: "failed"}
"""`mlflow.entities.RunStatus`: RUNNING, SCHEDULED, FINISHED, FAILED, KILLED."""
VALUE_BYTES = 64 * 1024
"""Largest parameter or tag read; MLflow itself stops at 8,000 characters."""
SKIPPED_TAGS = ("mlflow.log-model.history", "mlflow.user", "mlflow.loggedArtifacts")
METRIC_BYTES = 512 * 2**20


def sniff(entry: Entry) -> bool:
    """Recognise a run's `meta.yaml`; that of an experiment or a registered model has no run id."""
    return entry.name == "meta.yaml" and (b"run_id:" in entry.head or b"run_uuid:" in entry.head)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one run: state, parameters, tags and metrics.

    Raises:
        UnreadableFile: `meta.yaml` is damaged or no MLflow record.
    """
    meta = {leaf.key: leaf for leaf in leaves(entry, limits)}
    if "run_id" not in meta and "run_uuid" not in meta:
        raise UnreadableFile("no run id in it; expected the meta.yaml of an MLflow run")
    state = meta.get("status")
    deleted = meta.get("lifecycle_stage")
    told = deleted if deleted is not None and deleted.value == "deleted" else state
    status = "unknown"
    if told is not None:
        code = told.value if isinstance(told.value, int) else None
        status = "deleted" if told is deleted else STATUS.get(code or 0, "unknown")
    tags = dict(_values(entry, "tags", limits))
    curves, finals = _metrics(entry, limits)
    name = meta.get("run_name") or meta.get("name")
    yield RunFacts(
        location=entry.folder,
        dialect="mlflow",
        name=str(name.value) if name and name.value else str(tags.get("mlflow.runName", ("",))[0]),
        settings=(
            *(
                Setting(key=key, value=value, source=source)
                for key, (value, source) in _values(entry, "params", limits)
            ),
            *(
                Setting(key=key, value=value, source=source, strength="logged")
                for key, (value, source) in tags.items()
                if key not in SKIPPED_TAGS
            ),
            *_duration(entry, meta.get("start_time"), meta.get("end_time")),
        ),
        series=tuple(curves),
        finals=tuple(finals),
        status=status,  # type: ignore[arg-type]  # values of STATUS, "deleted" or "unknown"
        status_source=entry.source(line=told.line, key=told.key) if told else None,
    )


def _duration(entry: Entry, start: object, end: object) -> Iterator[Setting]:
    first, last = getattr(start, "value", None), getattr(end, "value", None)
    if isinstance(first, int) and isinstance(last, int) and last > first:
        source = entry.source(line=getattr(end, "line", None), key="end_time")
        seconds = (last - first) / 1000  # both are milliseconds since 1970
        yield Setting(key="wall_seconds", value=seconds, source=source, strength="logged")


def _values(
    entry: Entry, folder: str, limits: Limits
) -> Iterator[tuple[str, tuple[Scalar, Source]]]:
    for key, path, display in _files(entry, folder, limits):
        text = _content(path, VALUE_BYTES).decode("utf-8", "replace")
        yield key, (typed_text(text), Source(path=display, key=key))


def _metrics(entry: Entry, limits: Limits) -> tuple[list[Series], list[Final]]:
    """Read `timestamp value step` lines; a metric logged once is a final score."""
    curves: list[Series] = []
    finals: list[Final] = []
    for key, path, display in _files(entry, "metrics", limits):
        points = _points(_content(path, min(limits.log_bytes, METRIC_BYTES)), display)
        source = Source(path=display, line=1, key=key)
        found = series(key, unit="step", steps=points[:, 1], values=points[:, 0], source=source)
        if found is None:
            continue
        if len(points) == 1:
            finals.append(Final(key=key, value=found.values[0], source=source))
        else:
            curves.append(found)
    return curves, finals


def _points(content: bytes, display: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return value and step of each line, shape (lines, 2); a cut last line is dropped."""
    rows = [line.split() for line in content.splitlines()]
    kept = []
    for index, row in enumerate(rows):
        try:
            kept.append((float(row[1]), float(row[2]) if len(row) > 2 else 0.0))
        except (IndexError, ValueError):
            if index < len(rows) - 1:
                raise UnreadableFile(
                    f"metric file {display} is damaged at line {index + 1}; "
                    "expected `timestamp value step`"
                ) from None
    return np.array(kept, float).reshape(-1, 2)


def _files(entry: Entry, folder: str, limits: Limits) -> Iterator[tuple[str, Path, str]]:
    """Yield key, path and display path of each file of a run's folder; links are not followed."""
    top = entry.path.parent / folder
    if top.is_symlink() or not top.is_dir():
        return
    for count, path in enumerate(sorted(_walk(top, limits.depth))):
        if count >= limits.files:
            raise UnreadableFile(f"more than {limits.files:,} files in {folder}/")
        key = path.relative_to(top).as_posix()
        yield key, path, f"{entry.folder}/{folder}/{key}"


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        if path.is_dir() and depth > 0:
            yield from _walk(path, depth - 1)
        elif path.is_file():
            yield path


def _content(path: Path, limit: int) -> bytes:
    try:
        with open_regular(path) as stream:
            content: bytes = stream.read(limit + 1)
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be opened ({error.strerror})") from error
    if len(content) > limit:
        raise UnreadableFile(f"{path.name} is larger than {limit:,} bytes")
    return content


READER = Reader(
    name="MLflow file store",
    order=10,
    sniff=sniff,
    read=read,
    owns=("metrics", "params", "tags"),
)
