"""Reports of a hyperparameter search: how many trials, over which settings; its best trial is no run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers import config_file, metric_log
from netgain.readers._documents import clock_seconds, leaves, parse_json, scalar
from netgain.readers._optuna import parsed
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting
from netgain.study import Strength

COUNTS: dict[str, Strength] = {
    "n_trials": "configured",
    "num_trials": "configured",
    "max_trials": "configured",
    "n_completed_trials": "logged",
    "completed_trials": "logged",
}
"""Keys that count trials: those asked for and those done."""
SWEEP = re.compile(rb"^method:\s*['\"]?(?:grid|random|bayes)", re.MULTILINE)
MENTION = re.compile(rb'"(?:' + "|".join(COUNTS).encode() + rb')"\s*:')
BESTS = ("best", "best_params", "best_trial", "best_config", "best_value")
SPACES = ("space", "search_space", "param_space", "param_distributions", "distributions")
RANGE_KEYS = frozenset(
    ("low", "high", "min", "max", "values", "choices", "distribution", "lower", "upper")
)


def sniff(entry: Entry) -> bool:
    """Recognise a JSON document that counts trials near its top, and the definition of a W&B sweep."""
    if entry.suffix in (".yaml", ".yml"):
        return SWEEP.search(entry.head) is not None and b"parameters:" in entry.head
    return entry.suffix == ".json" and MENTION.search(entry.head) is not None


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read a report as what is known of the search; other documents go to the generic readers.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.suffix in (".yaml", ".yml"):
        yield from _sweep(entry, limits)
        return
    document = parse_json(entry.text(limits.text_bytes), limits)
    if not isinstance(document, dict) or not any(key in document for key in BESTS):
        yield from _elsewhere(entry, limits)
        return
    found = list(_settings(entry, document))
    if not found:
        raise UnreadableFile("counts no trials; expected a report of a hyperparameter search")
    yield RunFacts(location=entry.folder, dialect="generic", settings=tuple(found))


def _sweep(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read how a sweep was defined: its method, the settings it varies, its largest number of runs.

    A grid has as many runs as its values have combinations; a random or Bayesian search without a cap has no
    number that the file tells.
    """
    found = leaves(entry, limits)
    settings: list[Setting] = []
    choices: dict[str, int | None] = {}
    for leaf in found:
        source = entry.source(line=leaf.line, key=leaf.key)
        if leaf.key == "method":
            settings.append(Setting(key="tuner", value=leaf.value, source=source))
        elif leaf.key == "run_cap" and isinstance(leaf.value, int):
            settings.append(Setting(key="n_trials", value=leaf.value, source=source))
        elif leaf.key.startswith("parameters."):
            name, _, kind = leaf.key.removeprefix("parameters.").rpartition(".")
            values = parsed(leaf.value) if kind == "values" else None
            if isinstance(values, list) and len(values) > 1:
                choices[name] = len(values)
            elif kind in ("min", "max", "mu", "sigma"):
                choices.setdefault(name, None)
    if choices:
        source = entry.source(key="parameters")
        settings.append(
            Setting(key="tuned_settings", value=json.dumps(sorted(choices)), source=source)
        )
    counts = [count for count in choices.values() if count is not None]
    grid = any(s.key == "tuner" and s.value == "grid" for s in settings)
    if grid and len(counts) == len(choices) and not any(s.key == "n_trials" for s in settings):
        source = entry.source(key="parameters")
        settings.append(Setting(key="n_trials", value=math.prod(counts), source=source))
    yield RunFacts(location=entry.folder, dialect="generic", settings=tuple(settings))


def _elsewhere(entry: Entry, limits: Limits) -> Iterator[Fact]:
    for reader in (config_file.READER, metric_log.READER):
        if reader.sniff(entry):
            yield from reader.read(entry, limits)
            return


def _settings(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    config = document.get("config")
    parts = [("", document), *([("config.", config)] if isinstance(config, dict) else [])]
    for prefix, part in parts:
        for key, strength in COUNTS.items():
            value = part.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                source = entry.source(key=f"{prefix}{key}")
                yield Setting(key=key, value=value, source=source, strength=strength)
        for key in SPACES:
            names = sorted(_tuned(part.get(key), "", marked="_tune_" in json.dumps(part.get(key))))
            if names:
                source = entry.source(key=f"{prefix}{key}")
                yield Setting(key="tuned_settings", value=json.dumps(names), source=source)
    time = document.get("time")
    seconds = clock_seconds(time) if isinstance(time, str) else None
    if seconds:
        source = entry.source(key="time")
        yield Setting(key="tuning_seconds", value=seconds, source=source, strength="logged")
    if isinstance(document.get("gpus"), list) and document["gpus"]:
        source = entry.source(key="gpus")
        yield Setting(key="gpus", value=scalar(document["gpus"]), source=source, strength="logged")


def _tuned(space: Any, prefix: str, *, marked: bool) -> Iterator[str]:
    """Yield the settings of a search space that are a range or a choice, not one value.

    Where a space marks its ranges (`_tune_`), its other lists are values.
    """
    for key, value in space.items() if isinstance(space, dict) else ():
        name = f"{prefix}{key}"
        if isinstance(value, list):
            if len(value) > 1 and (value[0] == "_tune_" or not marked):
                yield name
        elif isinstance(value, dict) and RANGE_KEYS & set(value) and not marked:
            yield name
        else:
            yield from _tuned(value, f"{name}.", marked=marked)


READER = Reader(name="tuning report", order=56, sniff=sniff, read=read)
