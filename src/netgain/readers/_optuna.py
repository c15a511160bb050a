"""What Optuna's storages have in common: trials, values as stored, and the facts they become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from netgain.readers._documents import scalar
from netgain.readers._json import loads
from netgain.readers._series import series
from netgain.readers.base import Entry, Final, RunFacts, Series, Setting
from netgain.study import Scalar, Source

Status = Literal["finished", "failed", "running", "unknown"]

MOST_TRIALS = 200_000
STATES: dict[object, Status] = {
    "COMPLETE": "finished", "PRUNED": "failed", "FAIL": "failed", "RUNNING": "running", "WAITING": "running",
    0: "running", 1: "finished", 2: "failed", 3: "failed", 4: "running",
}  # fmt: skip
"""`optuna.trial.TrialState` by name and by number; a pruned trial was stopped and has no final value."""
METRIC_NAMES = "study:metric_names"
"""Attribute of a study that names its objectives."""


@dataclass(slots=True)
class Trial:
    """One trial, filled operation by operation."""

    number: int
    """Number within its study."""
    state: object = "RUNNING"
    """State as the storage writes it."""
    line: int | None = None
    """Line of a journal that sets the state."""
    params: dict[str, Scalar] = field(default_factory=dict)
    """Suggested settings in their own units."""
    values: dict[int, float] = field(default_factory=dict)
    """Value of each objective."""
    steps: list[tuple[float, float]] = field(default_factory=list)
    """Reported values with their steps."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """What the script noted of the trial."""


@dataclass(slots=True)
class Search:
    """One study."""

    name: str
    """Name of the study."""
    metrics: tuple[str, ...] = ()
    """Names of the objectives where the script gave them."""
    trials: list[Trial] = field(default_factory=list)
    """Trials by number."""


def external(value: Any, distribution: Any) -> Scalar:
    """Turn the number a storage keeps into the setting it stands for.

    Args:
        value: number as stored; for a choice, its position.
        distribution: JSON text with the name and the attributes of the distribution.
    """
    described = parsed(distribution)
    name = described.get("name") if isinstance(described, dict) else None
    attributes = described.get("attributes") if isinstance(described, dict) else None
    if not isinstance(value, (int, float)) or not -1e300 < value < 1e300:
        return None
    if name == "CategoricalDistribution":
        choices = attributes.get("choices") if isinstance(attributes, dict) else None
        if not isinstance(choices, list) or not 0 <= int(value) < len(choices):
            return None
        return scalar(choices[int(value)])
    return int(value) if str(name).startswith("Int") and float(value).is_integer() else float(value)


def parsed(text: Any) -> Any:
    """Return the value of a JSON text; None where it is damaged."""
    try:
        return loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return None


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names of the objectives, empty where there is no list of them."""
    return tuple(str(name) for name in value) if isinstance(value, list) else ()


def facts_of(entry: Entry, studies: list[Search], *, place: str) -> Iterator[RunFacts]:
    """Yield each trial as a run.

    Args:
        entry: the storage.
        studies: its studies with their trials.
        place: table, or `journal`, that the trials are cited by.
    """
    several = sum(bool(study.trials) for study in studies) > 1
    for study in studies:
        for trial in sorted(study.trials, key=lambda t: t.number):
            run_id = f"trial {trial.number}"
            row = f"{study.name} {run_id}"
            cite = _Cite(entry, place, row, trial.line)
            yield RunFacts(
                location=entry.display,
                run_id=f"{study.name}/{run_id}" if several else run_id,
                dialect="generic",
                name=study.name,
                settings=(
                    *(Setting(key=k, value=v, source=cite(k)) for k, v in trial.params.items()),
                    Setting(
                        key="n_trials",
                        value=len(study.trials),
                        source=cite("n_trials"),
                        strength="logged",
                    ),
                    *_noted(trial, cite),
                ),
                series=tuple(curve for curve in [_curve(study, trial, cite)] if curve is not None),
                finals=tuple(_finals(study, trial, cite)),
                status=STATES.get(trial.state, "unknown"),
                status_source=cite("state"),
            )


@dataclass(frozen=True, slots=True)
class _Cite:
    """Where a value of one trial stands."""

    entry: Entry
    place: str
    row: str
    line: int | None

    def __call__(self, key: str) -> Source:
        cell = f"{self.place} {self.row} / {key}" if self.line is None else None
        return Source(path=self.entry.display, line=self.line, key=key, cell=cell)


def _noted(trial: Trial, cite: _Cite) -> Iterator[Setting]:
    for key, value in trial.attributes.items():
        if not isinstance(value, float):
            yield Setting(key=key, value=scalar(value), source=cite(key), strength="logged")


def _finals(study: Search, trial: Trial, cite: _Cite) -> Iterator[Final]:
    """Yield the objectives of a finished trial and the fractional numbers it noted."""
    for index, value in sorted(trial.values.items()):
        if STATES.get(trial.state) == "finished" and np.isfinite(value):
            yield Final(key=_metric(study, index), value=value, source=cite(_metric(study, index)))
    for key, value in trial.attributes.items():
        if isinstance(value, float) and np.isfinite(value):
            yield Final(key=key, value=value, source=cite(key))


def _metric(study: Search, index: int) -> str:
    if 0 <= index < len(study.metrics):
        return study.metrics[index]
    return "objective" if index == 0 else f"objective_{index}"


def _curve(study: Search, trial: Trial, cite: _Cite) -> Series | None:
    """Return the values reported on the way; what their step counts is the script's secret."""
    points = sorted(trial.steps)
    return series(
        _metric(study, 0),
        unit="row",
        steps=[step for step, _ in points],
        values=[value for _, value in points],
        source=cite("intermediate values"),
    )
