"""MLPerf training logs (`:::MLLOG` lines, one run a file) and descriptions of the systems they ran on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal

from netgain.errors import UnreadableFile
from netgain.readers import text_log
from netgain.readers._documents import leaves, scalar, typed_text
from netgain.readers._json import loads
from netgain.readers._lines import raw_lines
from netgain.readers._series import series
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts, Series, Setting
from netgain.vocabulary import canonical_metric, is_known_metric

MARKS = (b":::MLLOG", b":::MLPv")
RECORD = re.compile(rb":::ML(?:LOG|Pv\S*).*?(\{.*\})")
RESULT_NAME = re.compile(r"result_\d+\.(txt|log|out)")
NOT_SETTINGS = re.compile(
    r"weights_initialization|cache_clear|tracked_stats|.*_(start|stop)|submission_(org|division|status|poc.*)|"
    r"gradient_accumulation_steps"
)
"""Events of the harness; the accumulation is in `global_batch_size` already."""
SYSTEM = {"accelerator_model_name": "device", "operating_system": "platform", "framework": "framework",
          "host_processor_model_name": "cpu"}  # fmt: skip
"""Fields of a system description, and keys of the vocabulary."""


@dataclass(slots=True)
class Log:
    """What one result file says, line by line."""

    values: dict[str, tuple[Any, int]] = field(default_factory=dict)
    """Last value of each key, with its line."""
    points: dict[str, list[tuple[float, float, int]]] = field(default_factory=dict)
    """Axis position, value and line of what was logged with an epoch or sample count."""
    units: dict[str, Literal["epoch", "sample"]] = field(default_factory=dict)
    """What the axis of each of `points` counts."""
    started: float | None = None
    """Time of `run_start` in milliseconds."""
    stopped: float | None = None
    """Time of `run_stop`."""
    outcome: tuple[str, int] | None = None
    """Status word and line of `run_stop`."""
    records: int = 0
    """Lines of the benchmark's own logger."""


def sniff(entry: Entry) -> bool:
    """Recognise a log by its line mark or its fixed name, a system by two fields it must have."""
    if entry.suffix == ".json":
        return b'"accelerators_per_node"' in entry.head and b'"system_name"' in entry.head
    return (
        any(mark in entry.head for mark in MARKS) or RESULT_NAME.fullmatch(entry.name) is not None
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one result file as one run, or one system description as the machine of its results.

    Raises:
        UnreadableFile: damaged, or without a single record.
    """
    if entry.suffix == ".json":
        yield from _system(entry, limits)
        return
    log = _log(entry, limits)
    if not log.records:
        yield from text_log.read(entry, limits)
        return
    curves = list(_curves(entry, log))
    status: Literal["finished", "failed", "running"] = "running"
    if log.outcome is not None:
        status = "finished" if log.outcome[0] == "success" else "failed"
    yield RunFacts(
        location=entry.folder,
        run_id=entry.path.stem,
        dialect="mlperf",
        settings=tuple(_settings(entry, log)),
        series=tuple(curve for curve in curves if len(curve.values) > 1),
        finals=tuple(
            Final(key=c.key, value=c.values[0], source=c.source)
            for c in curves
            if len(c.values) == 1
        ),
        status=status,
        status_source=entry.source(line=log.outcome[1] if log.outcome else None, key="run_stop"),
    )


def _log(entry: Entry, limits: Limits) -> Log:
    log = Log()
    for line, raw in raw_lines(entry, limits):
        found = RECORD.search(raw) if b":::ML" in raw else None
        if found is None:
            continue
        try:
            record = loads(found[1])
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("key"), str):
            log.records += 1
            _take(log, record, line)
    return log


def _take(log: Log, record: dict[str, Any], line: int) -> None:
    key, value = record["key"], record.get("value")
    metadata = record.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    time = record.get("time_ms")
    if key == "run_start" and isinstance(time, (int, float)):
        log.started = float(time)
    elif key == "run_stop":
        log.stopped = float(time) if isinstance(time, (int, float)) else None
        log.outcome = (str(about.get("status", "unknown")), line)
    elif value is not None and not NOT_SETTINGS.fullmatch(key):
        for name, unit in (("epoch_num", "epoch"), ("samples_count", "sample")):
            position = about.get(name)
            if isinstance(position, (int, float)) and isinstance(value, (int, float)):
                log.points.setdefault(key, []).append((float(position), float(value), line))
                log.units.setdefault(key, unit)  # type: ignore[arg-type]  # the two words of the pair
                return
        log.values[key] = (value, line)


def _settings(entry: Entry, log: Log) -> Iterator[Setting]:
    for key, (value, line) in log.values.items():
        if not is_known_metric(canonical_metric(key).name) or "learning_rate" in key:
            source = entry.source(line=line, key=key)
            yield Setting(key=key, value=scalar(value), source=source, strength="logged")
    if log.started is not None and log.stopped is not None and log.stopped > log.started:
        source = entry.source(line=log.outcome[1] if log.outcome else None, key="run_stop time_ms")
        seconds = (log.stopped - log.started) / 1000
        yield Setting(key="wall_seconds", value=seconds, source=source, strength="logged")


def _curves(entry: Entry, log: Log) -> Iterator[Series]:
    for key, points in log.points.items():
        curve = series(
            key,
            unit=log.units[key],
            steps=[point[0] for point in points],
            values=[point[1] for point in points],
            source=entry.source(line=points[0][2], key=key),
        )
        if curve is not None:
            yield curve


def _system(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Place a machine at the folder of its results, `../results/<name>`, where that exists."""
    results = entry.path.parent.parent / "results" / entry.path.stem
    if not results.is_dir():
        return
    found = {leaf.key: leaf for leaf in leaves(entry, limits)}
    settings = []
    for key, leaf in found.items():
        name = SYSTEM.get(key) or (key.split(".")[-1] if key.endswith("cuda_version") else None)
        if name is not None and leaf.value not in (None, "", "N/A"):
            source = entry.source(line=leaf.line, key=key)
            settings.append(Setting(key=name, value=leaf.value, source=source))
    counts = [
        typed_text(str(found[key].value)) if key in found else None
        for key in ("accelerators_per_node", "number_of_nodes")
    ]
    if isinstance(counts[0], int) and isinstance(counts[1], int):
        source = entry.source(line=found["accelerators_per_node"].line, key="accelerators_per_node")
        settings.append(Setting(key="device_count", value=counts[0] * counts[1], source=source))
    if not settings:
        raise UnreadableFile("system description without a machine in it")
    folder = PurePath(entry.folder).parent / "results" / Path(entry.name).stem
    yield RunFacts(location=str(folder), dialect="mlperf", settings=tuple(settings))


READER = Reader(name="MLPerf log", order=20, sniff=sniff, read=read)
