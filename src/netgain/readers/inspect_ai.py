"""Evaluation logs of inspect_ai: `.eval` (a zip archive) and `.json`, with the verdict on each sample."""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Literal

from netgain.errors import UnreadableFile
from netgain.readers._archive import DAMAGE
from netgain.readers._documents import SECRET, flatten, parse_json, scalar
from netgain.readers._inspect_samples import samples_of
from netgain.readers.base import (
    Entry,
    Fact,
    Final,
    Limits,
    PredictionFacts,
    Reader,
    RunFacts,
    Setting,
    open_regular,
)
from netgain.study import Strength

Status = Literal["finished", "failed", "running", "unknown"]

FIRST_KEYS = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"\w+"\s*,\s*"eval"\s*:')
HEADERS = ("header.json", "_journal/start.json")
"""Members that tell what was evaluated: the whole record, and what a cut-off log has of it."""
STATUS: dict[str, Status] = {
    "success": "finished",
    "error": "failed",
    "cancelled": "failed",
    "started": "running",
}
SPREAD = frozenset(("stderr", "std", "var", "bootstrap_stderr"))
TOLD = {
    "task": ("eval", "task"),
    "model": ("eval", "model"),
    "dataset.name": ("eval", "dataset", "name"),
    "n_available": ("eval", "dataset", "samples"),
    "limit": ("eval", "config", "limit"),
    "evaluation_repeats": ("eval", "config", "epochs"),
    "n_evaluated": ("results", "completed_samples"),
    "git_commit": ("eval", "revision", "commit"),
    "inspect_ai_version": ("eval", "packages", "inspect_ai"),
    "generation.temperature": ("plan", "config", "temperature"),
    "generation.max_tokens": ("plan", "config", "max_tokens"),
}
"""Settings, and where they stand in the log."""


def sniff(entry: Entry) -> bool:
    """Recognise a zip archive named `.eval`, and a JSON document with the log's first three keys."""
    if entry.path.suffix == ".eval":
        return entry.head.startswith(b"PK")
    return entry.path.suffix == ".json" and FIRST_KEYS.match(entry.head) is not None


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one log as one evaluation and its samples.

    Raises:
        UnreadableFile: damaged, packed in a way Python cannot read, or over the limits.
    """
    if entry.path.suffix == ".eval":
        document = _header(entry, limits)
    else:
        document = parse_json(entry.text(limits.text_bytes), limits)
    if not isinstance(document, dict) or not isinstance(document.get("eval"), dict):
        raise UnreadableFile("without an `eval` record; expected a log of inspect_ai")
    state = document.get("status", "started")
    yield RunFacts(
        location=entry.folder,
        run_id=entry.path.stem,
        dialect="inspect_ai",
        name=str(_part(document, "eval", "task") or ""),
        settings=tuple(s for s in _settings(entry, document) if not SECRET.search(s.key)),
        finals=tuple(_finals(entry, document)),
        status=STATUS.get(str(state), "unknown"),
        status_source=entry.source(key="status"),
    )
    for predictions in samples_of(entry, document, limits):
        yield PredictionFacts(location=entry.folder, predictions=predictions)


def _header(entry: Entry, limits: Limits) -> Any:
    try:
        with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            member = next((name for name in HEADERS if name in names), None)
            if member is None:
                raise UnreadableFile("archive without header.json; expected a log of inspect_ai")
            with archive.open(member) as packed:
                content = packed.read(limits.text_bytes + 1)
    except DAMAGE as error:
        raise UnreadableFile(
            f"damaged archive, or packed by another method than deflate ({type(error).__name__}); "
            "expected a whole .eval file"
        ) from error
    if len(content) > limits.text_bytes:
        raise UnreadableFile(f"{member} unpacks to more than {limits.text_bytes:,} bytes")
    return parse_json(content.decode("utf-8", "replace"), limits)


def _part(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _settings(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    for key, path in TOLD.items():
        value = _part(document, *path)
        if value not in (None, "", [], {}):
            yield _told(entry, key, value, ".".join(path))
    for place in (("eval", "task_args"), ("eval", "model_args")):
        arguments = _part(document, *place)
        for key, value in flatten(arguments) if isinstance(arguments, dict) and arguments else ():
            yield _told(entry, f"{place[1]}.{key}", value, f"{'.'.join(place)}.{key}")
    steps = _part(document, "plan", "steps")
    solvers = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    if solvers:
        yield _told(entry, "solvers", json.dumps([s.get("solver") for s in solvers]), "plan.steps")
    for index, step in enumerate(solvers):
        template = _part(step, "params", "template")
        if isinstance(template, str) and template.strip():
            yield _told(entry, "template", template.strip(), f"plan.steps.{index}.params.template")


def _finals(entry: Entry, document: dict[str, Any]) -> Iterator[Final]:
    scores = _part(document, "results", "scores")
    scorers = [s for s in scores if isinstance(s, dict)] if isinstance(scores, list) else []
    for index, scorer in enumerate(scorers):
        metrics = scorer.get("metrics")
        for name, metric in metrics.items() if isinstance(metrics, dict) else ():
            value = _part(metric, "value")
            plain = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not plain or not math.isfinite(value) or name in SPREAD:
                continue
            key = name if len(scorers) == 1 else f"{scorer.get('name')}/{name}"
            source = entry.source(key=f"results.scores.{index}.metrics.{name}")
            yield Final(key=key, value=float(value), source=source)


def _told(entry: Entry, key: str, value: Any, place: str) -> Setting:
    strength: Strength = "logged" if key in ("n_evaluated", "n_available") else "configured"
    return Setting(key=key, value=scalar(value), source=entry.source(key=place), strength=strength)


READER = Reader(name="inspect_ai log", order=24, sniff=sniff, read=read)
