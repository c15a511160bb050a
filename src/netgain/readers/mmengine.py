"""OpenMMLab runs (MMEngine, MMCV 1.x): the config as Python, the scalars as JSON lines, the text log.

A config is read by its syntax tree alone. `_base_` files are followed where they lie under the same project;
what only running the config would tell is left out.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers import text_log
from netgain.readers._mmengine_config import settings_of
from netgain.readers._mmengine_family import is_config, is_only_derived
from netgain.readers._python_literals import UNKNOWN, Names, parse, value_of
from netgain.readers._series import series
from netgain.readers.base import (
    Entry,
    Fact,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
    open_regular,
)
from netgain.readers.metric_log import json_rows
from netgain.vocabulary import is_clock

STAMP = re.compile(r"\d{8}_\d{6}")
GPU = re.compile(rb"^ *GPU 0[\d, ]*: ([^\r\n]{1,120})", re.MULTILINE)
MOST_BASES = 50
OF_THE_LOOP = frozenset(("lr", "base_lr", "grad_norm"))
"""Quantities that belong to no split."""
NOT_CURVES = frozenset(("mode", "epoch", "iter", "step", "memory", "time", "data_time", "eta"))


def sniff(entry: Entry) -> bool:
    """Recognise a config by three of its top names, a JSON log by its first keys, a text log by its name."""
    if entry.path.suffix == ".py":
        if not is_config(entry.head) or entry.name.startswith("__"):
            return False
        return _is_named(entry) or _of_a_run(entry.path) or is_only_derived(entry.path)
    if entry.path.suffix == ".json":
        if entry.name.endswith(".log.json"):
            return b'"mode"' in entry.head or b'"env_info"' in entry.head
        return entry.path.parent.name == "vis_data" and entry.head[:1] == b"{"
    return entry.path.suffix == ".log" and STAMP.fullmatch(entry.path.stem) is not None


def _is_named(entry: Entry) -> bool:
    """Tell whether the user named this very file."""
    return entry.root is None


def _of_a_run(path: Path) -> bool:
    """Tell a config that a training left beside its log from one of a library of configs."""
    folder = path.parent
    if folder.name in ("vis_data", "_base_") or "_base_" in folder.parts:
        return folder.name == "vis_data"
    configs = 0
    for child in folder.iterdir():
        if (
            child.suffix in (".pth", ".log")
            or child.name.endswith(".log.json")
            or STAMP.fullmatch(child.name)
        ):
            return True
        configs += child.suffix == ".py"
    return configs <= 1


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of a run.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.path.suffix == ".py":
        found = tuple(_config(entry, limits))
        owned = _is_named(entry) or _of_a_run(entry.path)
        yield RunFacts(
            location=entry.folder,
            dialect="mmengine",
            settings=found,
            status="unknown" if owned else "planned",
        )
    elif entry.path.suffix == ".json":
        twin = entry.path.with_name("scalars.json")
        if entry.path.parent.name != "vis_data" or entry.path == twin or not twin.exists():
            yield _scalars(entry, limits)
    else:
        yield from _log(entry, limits)


def _config(entry: Entry, limits: Limits) -> Iterator[Setting]:
    """Yield the settings of a config with those of its bases, each with the line of its top name."""
    root = next((p for p in entry.path.parents if (p / "configs").is_dir()), entry.path.parent)
    names, lines = _names(entry.path, entry.text(limits.text_bytes), root, [0])
    for top, key, value in settings_of(names):
        source = entry.source(line=lines.get(top), key=key)
        yield Setting(key=key, value=value, source=source)


def _names(path: Path, text: str, root: Path, count: list[int]) -> tuple[Names, dict[str, int]]:
    """Return the top names of a config over those of its bases, and their lines in the config itself."""
    names: Names = {}
    lines: dict[str, int] = {}
    tree = parse(text)
    for node in tree.body:
        if _target(node) == "_base_":
            bases = value_of(node.value, {})  # type: ignore[attr-defined]  # an assignment, as `_target` says
            for base in bases if isinstance(bases, list) else [bases]:
                names = _merged(names, _base(path, base, root, count))
    inherited = dict(names)
    for node in tree.body:
        name = _target(node)
        if name is None or name == "_base_":
            continue
        value = value_of(node.value, {**inherited, **names, "_base_": inherited})  # type: ignore[attr-defined]
        old = names.get(name)
        names[name] = (
            _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
        lines[name] = node.lineno
    return names, lines


def _target(node: ast.stmt) -> str | None:
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
    ):
        return node.targets[0].id
    return None


def _base(path: Path, base: Any, root: Path, count: list[int]) -> Names:
    """Return the names of a base config; one that leads out of the project or is missing says nothing."""
    count[0] += 1
    if not isinstance(base, str) or "::" in base or count[0] > MOST_BASES:
        return {}
    try:
        found = (path.parent / base).resolve()
    except (OSError, ValueError, RuntimeError):
        return {}  # a name no system has
    if not found.is_relative_to(root.resolve()) or found.suffix != ".py":
        return {}
    try:
        with open_regular(found) as stream:
            text = stream.read(2**21).decode("utf-8", "replace")
        return _names(found, text, root, count)[0]
    except (OSError, UnreadableFile):
        return {}


def _merged(old: Any, new: Any, depth: int = 40) -> Any:
    """Lay one config over another as MMEngine does: dicts are joined, `_delete_` begins anew."""
    if not isinstance(old, dict) or not isinstance(new, dict) or depth <= 0 or new.get("_delete_"):
        if isinstance(new, dict):
            return {key: value for key, value in new.items() if key != "_delete_"}
        return old if new is UNKNOWN else new
    joined = dict(old)
    for key, value in new.items():
        joined[key] = _merged(joined.get(key), value, depth - 1)
    return joined


def _scalars(entry: Entry, limits: Limits) -> RunFacts:
    """Read `scalars.json` or an old `.log.json`: rows of training, rows of validation."""
    records, numbers = json_rows(entry, limits)
    rows = list(zip(records, numbers, strict=True))
    training = [row for row in rows if _is_training(row[0])]
    testing = [row for row in rows if not _is_training(row[0]) and "env_info" not in row[0]]
    settings = []
    for record, line in rows[:1]:
        for key in ("seed", "exp_name"):
            if isinstance(record.get(key), (int, str)) and not isinstance(record.get(key), bool):
                source = entry.source(line=line, key=key)
                settings.append(
                    Setting(key=key, value=record[key], source=source, strength="logged")
                )
    epochs = [r["epoch"] for r, _ in training if isinstance(r.get("epoch"), (int, float))]
    return RunFacts(
        location=entry.folder,
        dialect="mmengine",
        settings=tuple(settings),
        series=(
            *_series(entry, training, "train", _training_axis([r for r, _ in training])),
            *_series(entry, testing, "val", _testing_axis([r for r, _ in testing], epochs)),
        ),
    )


def _is_training(row: dict[str, Any]) -> bool:
    return (
        row["mode"] == "train"
        if "mode" in row
        else "lr" in row or "loss" in row or "base_lr" in row
    )


def _training_axis(rows: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the axis of training rows: the update counter unless it starts anew each epoch."""
    for name in ("step", "iter"):
        at = [row[name] for row in rows if isinstance(row.get(name), (int, float))]
        if len(at) == len(rows) and all(a <= b for a, b in pairwise(at)):
            return name, "step"
    return "epoch", "epoch"


def _testing_axis(rows: list[dict[str, Any]], epochs: list[float]) -> tuple[str, str]:
    """Return the axis of validation rows, whose step is an epoch where training counts epochs."""
    if all("epoch" in row for row in rows):
        return "epoch", "epoch"
    steps = [row["step"] for row in rows if isinstance(row.get("step"), (int, float))]
    by_epoch = bool(epochs) and bool(steps) and max(steps) <= max(epochs)
    return ("step", "epoch") if by_epoch else ("step", "step")


def _series(
    entry: Entry, rows: list[tuple[dict[str, Any], int]], split: str, axis: tuple[str, str]
) -> Iterator[Series]:
    points: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for index, (row, line) in enumerate(rows):
        at = row.get(axis[0], index)
        x = float(at) if isinstance(at, (int, float)) else float(index)
        for key, value in row.items():
            counted = isinstance(value, (int, float)) and not isinstance(value, bool)
            beside = split == "val" and key in OF_THE_LOOP
            if counted and key not in NOT_CURVES and not beside and not is_clock(key):
                points[key].append((x, float(value), line))
    for key, found in points.items():
        name = key if key in OF_THE_LOOP else f"{split}/{key}"
        curve = series(
            name,
            unit=axis[1],  # type: ignore[arg-type]  # one of the units
            steps=[x for x, _, _ in found],
            values=[value for _, value, _ in found],
            source=entry.source(line=found[0][2], key=key),
        )
        if curve is not None:
            yield curve


def _log(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read the text log; where the scalars lie beside it, its settings alone."""
    beside = (
        any((entry.path.parent / "vis_data").glob("*.json")) or Path(f"{entry.path}.json").exists()
    )
    for fact in text_log.read(entry, limits):
        if isinstance(fact, RunFacts):
            kept = () if beside else fact.series
            finals = () if beside else fact.finals
            settings = (*fact.settings, *_gpu(entry))
            yield RunFacts(
                location=entry.folder,
                dialect="mmengine",
                settings=settings,
                series=kept,
                finals=finals,
            )


def _gpu(entry: Entry) -> Iterator[Setting]:
    found = GPU.search(entry.head)
    if found is not None:
        line = entry.head.count(b"\n", 0, found.start()) + 1
        name = found[1].decode("utf-8", "replace").strip()
        source = entry.source(line=line, key="GPU 0")
        yield Setting(key="gpu_name", value=name, source=source, strength="logged")


READER = Reader(name="OpenMMLab run", order=20, sniff=sniff, read=read)
