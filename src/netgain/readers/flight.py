"""netgain's own recordings: `recording.jsonl` with `graph.json` beside it.

Everything counted is `measured`: optimizer steps, samples drawn and unique, passes, learning rates. Settings
the training named are `configured`, scores and losses `logged`. A last line cut short by a kill is left out;
a recording without an `end` line is a run that did not finish.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from netgain.analysis.graph import KINDS, GraphNode, census
from netgain.analysis.graph_branches import fusable_branches
from netgain.analysis.module_costs import module_costs
from netgain.errors import UnreadableFile
from netgain.readers._flight_inputs import input_distances
from netgain.readers._json import loads
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
from netgain.study import Cited, ModelProfile, Scalar, Source, Strength

SCHEMA = "netgain/recording/1"
"""The format this reader knows, the same as `netgain.recorder.schema.SCHEMA`."""
COUNTERS = ("steps", "drawn", "unique", "trained", "evaluated", "passes")
Line = tuple[int, dict[str, Any]]
"""1-based line number and the object on it."""


def sniff(entry: Entry) -> bool:
    """Recognise the log by its first line."""
    return entry.path.suffix == ".jsonl" and b'"netgain/recording/' in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one recording.

    Raises:
        UnreadableFile: damaged before its last line, or of another version.
    """
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for number, row in _lines(entry, limits):
        by_kind[str(row.get("kind"))].append((number, row))
    starts = by_kind["start"]
    if not starts or starts[0][1].get("schema") != SCHEMA:
        found = starts[0][1].get("schema") if starts else None
        raise UnreadableFile(f"recording of format {found!r}; this version reads {SCHEMA!r}")
    ends = by_kind["end"]
    finished = bool(ends) and ends[-1][0] > starts[-1][0]
    said = ends[-1][1].get("status") if finished else None
    scores, finals = _scores(entry, by_kind["score"])
    graph = _graph(entry, limits)
    counted = _totals(by_kind)
    yield RunFacts(
        location=entry.folder,
        dialect="flight",
        settings=tuple(_settings(entry, by_kind, counted, graph)),
        series=(
            *_series(entry, "learning_rate", by_kind["steps"], _rates),
            *_losses(entry, by_kind["loss"]),
            *scores,
        ),
        finals=finals,
        status="running" if not finished else "finished" if said == "finished" else "failed",
        status_source=entry.source(line=ends[-1][0] if finished else None, key="end"),
        model=_profile(entry, by_kind, graph),
        inputs=input_distances(entry),
    )


def _lines(entry: Entry, limits: Limits) -> Iterator[Line]:
    """Yield the objects of the log; only the last line may be damaged, or one before a new start."""
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    damaged: int | None = None
    with open_regular(entry.path) as stream:
        number = 0
        while raw := stream.readline(limits.line_bytes + 1):
            number += 1
            if len(raw) > limits.line_bytes:
                raise UnreadableFile(f"line {number} is longer than {limits.line_bytes:,} bytes")
            if not raw.strip():
                continue
            try:
                row = loads(raw, parse_constant=lambda _: None)
            except (ValueError, RecursionError):
                row = None
            if damaged is not None and not (isinstance(row, dict) and row.get("kind") == "start"):
                raise UnreadableFile(
                    f"line {damaged} is damaged; expected one JSON object a line, ask for the original"
                )
            damaged = None if isinstance(row, dict) else number
            if isinstance(row, dict):
                yield number, row


# --- Counters -------------------------------------------------------------------------------------


def _totals(by_kind: dict[str, list[Line]]) -> dict[str, tuple[float, int]]:
    """Return each counter over all sessions of the file, with the line it was last read on.

    Counters start anew with each session (`start` line), so those of a continued run are added up;
    unique samples are the largest of any session, for the sessions draw from the same set.
    """
    marks = [number for number, _ in by_kind["start"]]
    sessions: list[dict[str, tuple[float, int]]] = [{} for _ in marks]
    for number, row in by_kind["steps"]:
        session = sessions[sum(mark <= number for mark in marks) - 1]
        for name in COUNTERS:
            value = _number(row.get(name))
            if value is None:
                session.pop(name, None)
            else:
                session[name] = (value, number)
    totals: dict[str, tuple[float, int]] = {}
    for name in COUNTERS:
        parts = [session[name] for session in sessions if name in session]
        if parts:
            merge = max if name == "unique" else sum
            totals[name] = (merge(value for value, _ in parts), parts[-1][1])
    return totals


def _settings(
    entry: Entry,
    by_kind: dict[str, list[Line]],
    counted: dict[str, tuple[float, int]],
    graph: dict[str, Any] | None,
) -> Iterator[Setting]:
    """Yield everything counted, then what the machine was, then what was configured."""
    for key, (value, line) in _derived(by_kind, counted, graph).items():
        yield _setting(entry, line, key, value, "measured")
    for line, row in by_kind["start"][-1:]:
        for key in ("python", "platform", "netgain"):
            yield _setting(entry, line, key, row.get(key), "measured")
    for line, row in by_kind["environment"][-1:]:
        for key, value in row.items():
            if key not in ("kind", "t", "python"):
                yield _setting(entry, line, key, value, "measured")
    for line, row in by_kind["seed"][-1:]:
        yield _setting(entry, line, "seed", row.get("value"), "logged")
    for line, row in by_kind["loader"][-1:]:
        yield _setting(entry, line, "samples_unique_by", row.get("unique_by"), "measured")
    for line, row in by_kind["inputs"]:
        for key in ("shape", "mean", "deviation", "low", "high"):
            yield _setting(entry, line, f"inputs.{row.get('mode')}.{key}", row.get(key), "measured")
    for line, row in by_kind["model"]:
        for when in ("scalars", "scalars_end"):
            for name, value in _mapping(row.get(when)).items():
                yield _setting(entry, line, f"{when}.{name}", value, "measured")
    for line, row in by_kind["config"]:
        for key, value in _mapping(row.get("settings")).items():
            yield _setting(entry, line, key, value, "configured")


def _derived(
    by_kind: dict[str, list[Line]],
    counted: dict[str, tuple[float, int]],
    graph: dict[str, Any] | None,
) -> dict[str, tuple[float, int]]:
    """Return the budget in canonical names; what cannot be known is left out."""
    found: dict[str, tuple[float, int]] = {}
    steps, trained = counted.get("steps"), counted.get("trained")
    drawn, unique = counted.get("drawn"), counted.get("unique")
    if steps:
        found["steps"] = steps
    if steps and trained and steps[0] and trained[0]:
        devices = [_number(row.get("device_count")) for _, row in by_kind["environment"][-1:]]
        found["batch_size"] = (trained[0] / steps[0] * ((devices or [1])[0] or 1), trained[1])
    if drawn:
        found["samples_seen"] = drawn
        if unique:
            found["samples_unique"] = unique
        if trained and drawn[0]:
            found["passes_per_sample"] = (trained[0] / drawn[0], trained[1])
    sizes = [(_number(row.get("n_train")), line) for line, row in by_kind["loader"][-1:]]
    for size, line in sizes:
        if size:
            found["n_train"] = (size, line)
            if drawn:
                found["epochs"] = (drawn[0] / size, drawn[1])
    flops = _number((graph or {}).get("forward_flops"))
    if flops and trained and not (graph or {}).get("uncovered"):
        found["train_flops"] = (3 * flops * trained[0], trained[1])
    if by_kind["end"]:
        line, row = by_kind["end"][-1]
        seconds = _number(row.get("t"))
        if seconds:
            found["wall_seconds"] = (seconds, line)
    return found


def _setting(entry: Entry, line: int, key: str, value: Any, strength: Strength) -> Setting:
    """Return one setting; lists as their JSON text."""
    plain: Scalar = (
        value if value is None or isinstance(value, str | int | float) else json.dumps(value)
    )
    return Setting(
        key=str(key), value=plain, source=entry.source(line=line, key=str(key)), strength=strength
    )


# --- Curves and scores ----------------------------------------------------------------------------


def _rates(row: dict[str, Any]) -> Iterable[tuple[Any, Any]]:
    """Return the (step, learning rate) points of a `steps` line."""
    points = row.get("rates")
    pairs = points if isinstance(points, list) else []
    return [(p[0], p[1]) for p in pairs if isinstance(p, list) and len(p) == 2]


def _points(row: dict[str, Any]) -> Iterable[tuple[Any, Any]]:
    """Return the (step, value) points of a `loss` line."""
    steps, values = row.get("steps"), row.get("values")
    if isinstance(steps, list) and isinstance(values, list):
        return zip(steps, values, strict=False)
    return []


def _losses(entry: Entry, lines: list[Line]) -> Iterator[Series]:
    """Yield one curve for each loss term."""
    names: dict[str, list[Line]] = defaultdict(list)
    for number, row in lines:
        names[str(row.get("name"))].append((number, row))
    for name, rows in names.items():
        yield from _series(entry, f"train/loss/{name}", rows, _points)


def _series(entry: Entry, key: str, lines: list[Line], points: Any) -> Iterator[Series]:
    """Join the points of many lines into one curve over steps, if there are any."""
    kept: list[tuple[float, float]] = []
    first: int | None = None
    for number, row in lines:
        for step, value in points(row):
            at, y = _number(step), _number(value)
            if at is None or y is None or (kept and at < kept[-1][0]):
                continue
            first = number if first is None else first
            kept.append((at, y))
    if kept:
        yield Series(
            key=key,
            unit="step",
            steps=tuple(at for at, _ in kept),
            values=tuple(y for _, y in kept),
            source=entry.source(line=first, key=key),
        )


def _scores(entry: Entry, lines: list[Line]) -> tuple[tuple[Series, ...], tuple[Final, ...]]:
    """Return a curve for each metric scored at epochs, and the last value of every metric."""
    curves: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    last: dict[str, tuple[float, int]] = {}
    for number, row in lines:
        for metric, value in _mapping(row.get("metrics")).items():
            y, epoch = _number(value), _number(row.get("epoch"))
            if y is None:
                continue
            key = f"{row.get('split')}/{metric}"
            last[key] = (y, number)
            if epoch is not None and (not curves[key] or epoch > curves[key][-1][0]):
                curves[key].append((epoch, y, number))
    series = tuple(
        Series(
            key=key,
            unit="epoch",
            steps=tuple(at for at, _, _ in points),
            values=tuple(y for _, y, _ in points),
            source=entry.source(line=points[0][2], key=key),
        )
        for key, points in curves.items()
        if points
    )
    finals = tuple(
        Final(key=key, value=value, source=entry.source(line=number, key=key))
        for key, (value, number) in last.items()
    )
    return series, finals


# --- Model ----------------------------------------------------------------------------------------


def _graph(entry: Entry, limits: Limits) -> dict[str, Any] | None:
    """Return the content of `graph.json` beside the log, None where there is none that can be read."""
    path = entry.path.with_name("graph.json")
    if path.is_symlink() or not path.is_file() or path.stat().st_size > limits.text_bytes:
        return None
    try:
        with open_regular(path) as stream:
            content = loads(stream.read(limits.text_bytes))
    except (ValueError, RecursionError, OSError, UnreadableFile):
        return None
    return content if isinstance(content, dict) and "nodes" in content else None


def _profile(
    entry: Entry, by_kind: dict[str, list[Line]], graph: dict[str, Any] | None
) -> ModelProfile | None:
    """Return what the recording shows of the model."""
    models = by_kind["model"]
    weights = [(n, row["weights"]) for n, row in by_kind["score"] if row.get("weights")]
    if not models and not weights and graph is None:
        return None
    parameters = _number(models[0][1].get("parameters")) if models else None
    place = Source(path=str(PurePath(entry.display).with_name("graph.json")))
    flops = _number((graph or {}).get("forward_flops"))
    return ModelProfile(
        parameters=None
        if parameters is None
        else Cited(
            value=int(parameters),
            source=entry.source(line=models[0][0], key="parameters"),
            strength="measured",
        ),
        forward_flops=None
        if flops is None
        else Cited(
            value=flops, source=Source(path=place.path, key="forward_flops"), strength="measured"
        ),
        uncovered_operators=tuple(str(name) for name in (graph or {}).get("uncovered") or ()),
        module_costs=module_costs(graph_nodes(graph)) if graph else (),
        fusable_parameters=_fusable(graph, place) if graph else None,
        components=census(graph_nodes(graph), source=place) if graph else (),
        observed_kinds=KINDS if graph else (),
        evaluated_weights=Cited(
            value=str(weights[-1][1]),
            source=entry.source(line=weights[-1][0], key="weights"),
            strength="measured",
        )
        if weights
        else None,
    )


def _fusable(graph: dict[str, Any], place: Source) -> Cited[int]:
    """Count the weights of parallel linear branches; cited is the first module that sums some."""
    found = fusable_branches(graph_nodes(graph))
    where = found.where[0] if found.where else "nodes"
    return Cited(
        value=found.parameters, source=Source(path=place.path, key=where), strength="measured"
    )


def graph_nodes(graph: dict[str, Any]) -> list[GraphNode]:
    """Return the operations of a graph document.

    Raises:
        UnreadableFile: a node has another form.
    """
    try:
        return [
            GraphNode(
                op=str(node["op"]),
                module=str(node["module"]),
                inputs=tuple(map(str, node["inputs"])),
                outputs=tuple(map(str, node["outputs"])),
                shapes=tuple(tuple(int(n) for n in shape) for shape in node["shapes"]),
                scalars=tuple(float(x) for x in node.get("scalars", ())),
                flops=float(node.get("flops", 0.0)),
            )
            for node in graph["nodes"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(
            f"graph.json has a damaged node ({error}); record the run again"
        ) from error


def _mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    """Return a finite number, None in place of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


READER = Reader(name="netgain recording", order=5, sniff=sniff, read=read)
