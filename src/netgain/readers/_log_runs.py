"""What the lines of one run in a text log add up to, and the trainings that one log holds in a row."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from netgain.study import Scalar
from netgain.vocabulary import UNSPLIT, Axis, canonical_metric, is_known_metric

FEWEST_EPOCHS = 2
"""Different epochs that a training must show to be told from a counter of something else."""
MOST_LAPS = 1_000
NEAR = 0.3
"""Share of the way from the first score of all within which a lap goes on from the end of the one before."""
MOSTLY = 0.65
"""Share of the laps that must show it: a step of the learning rate moves some scores far."""


@dataclass(slots=True)
class Group:
    """The records of one run that hold the same names."""

    keys: tuple[str, ...]
    """Names of the values."""
    summary: bool
    """Whether the lines sum up (` * Acc@1 71.2`) what others showed on the way."""
    lines: array[int] = field(default_factory=lambda: array("q"))
    """1-based line of each record."""
    places: array[float] = field(default_factory=lambda: array("d"))
    """Step, epoch and sample of each record, one after the other; NaN where unsaid."""
    values: array[float] = field(default_factory=lambda: array("d"))
    """Values of each record, one after the other."""


@dataclass(slots=True)
class Found:
    """What the lines of one run add up to; filled line by line."""

    settings: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    """Settings and the line each was last stated in."""
    groups: dict[tuple[tuple[str, ...], bool], Group] = field(default_factory=dict)
    """Records by the names they hold."""
    count: int = 0
    """Records in all."""
    position: dict[Axis, float] = field(default_factory=dict)
    """Where the training stood last."""
    split: str | None = None
    """Split of the latest line that named one."""
    sole: int = 0
    """Records on lines that hold names and numbers alone."""
    step_total: float | None = None
    """End of an inner step counter (`[ 10/500]`), where the log states one."""
    from_zero: bool = False
    """Whether an epoch 0 was met."""
    counted_at: int = 0
    """Line whose counter (`Epoch 3/90`) alone told how many epochs there are."""
    first_epoch: float | None = None
    """Epoch that was named first."""
    last_step: tuple[float, float] | None = None
    """Epoch and step of the latest line that held both."""
    carried_on: int = 0
    """Epochs that began with a step beyond the last one of the epoch before; -1 once one did not."""
    restarts: array[int] = field(default_factory=lambda: array("q"))
    """1-based lines on which the epoch fell back."""
    epoch_total: float = math.nan
    """Last epoch of what runs now, as the log states it (`Epoch 3/90`)."""
    totals_before: array[float] = field(default_factory=lambda: array("d"))
    """The same before each restart; NaN where unsaid."""
    phase_lines: array[int] = field(default_factory=lambda: array("q"))
    """1-based lines that announce a phase of the training (`Fine-tuning`, `Stage 2`)."""
    earlier: list[Found] = field(default_factory=list)
    """Phases of the training before this one."""


def laps(run: Found) -> list[Found]:
    """Return the trainings of a run whose epochs began anew each time the same ones were over.

    A loop over seeds, folds or settings prints such a log. One training in equal parts, whose scores go on
    where the part before left them, is counted on. Laps of unequal length are restarts of one
    training, or cannot be told from them, and are left to whoever joins the points.
    """
    if not 0 < len(run.restarts) < MOST_LAPS or run.earlier:
        return [run]
    starts = np.array([0, *run.restarts], np.int64)
    shown = [_epochs_by_lap(group, starts) for group in run.groups.values()]
    epochs = [frozenset().union(*(by_lap[at] for by_lap in shown)) for at in range(len(starts))]
    whole, last = epochs[:-1], epochs[-1]
    early = frozenset(sorted(epochs[0])[: len(last)])
    if len(epochs[0]) < FEWEST_EPOCHS or len(set(whole)) > 1 or last != early:
        return [run]
    asked = _telling(run)
    if asked and all(_goes_on(group, starts, asked) for group in run.groups.values()):
        return [_counted_on(run, starts, len(epochs[0]))]
    return [lap(run, starts, at) for at in range(len(starts))]


def _telling(run: Found) -> frozenset[str]:
    """Return the scores that show whether a training goes on: those of training data where there are any."""
    keys = {key for group in run.groups.values() for key in group.keys}
    metrics = {key: canonical_metric(key) for key in keys}
    scores = {k for k, m in metrics.items() if is_known_metric(m.name) and m.name not in UNSPLIT}
    return frozenset({key for key in scores if metrics[key].split == "train"} or scores)


def _goes_on(group: Group, starts: npt.NDArray[np.int64], asked: frozenset[str]) -> bool:
    """Tell whether laps begin with scores near the last ones of the lap before, not near the first of all."""
    if not asked & set(group.keys):
        return True
    values = np.array(group.values).reshape(len(group.lines), -1)
    at = np.searchsorted(starts, np.array(group.lines, np.int64), side="right") - 1
    firsts = np.searchsorted(at, np.arange(len(starts)), side="left")
    if len(np.unique(at)) < len(starts):
        return False
    for column, key in enumerate(group.keys):
        scores = values[:, column]
        begun, left = scores[firsts[1:]], scores[firsts[1:] - 1]
        near = np.abs(begun - left) < NEAR * np.abs(begun - scores[0])
        if key in asked and near.mean() < MOSTLY:
            return False
    return True


def _counted_on(run: Found, starts: npt.NDArray[np.int64], length: int) -> Found:
    """Return a run whose epochs go on through its laps, each of one length."""
    groups = {}
    for key, group in run.groups.items():
        at = np.searchsorted(starts, np.array(group.lines, np.int64), side="right") - 1
        places = np.full((len(group.lines), 3), np.nan)
        places[:, 1] = np.array(group.places).reshape(-1, 3)[:, 1] + at * length
        groups[key] = replace(group, places=array("d", places.ravel().tolist()))
    return replace(run, groups=groups, restarts=array("q"))


def _epochs_by_lap(group: Group, starts: npt.NDArray[np.int64]) -> list[frozenset[float]]:
    places = np.array(group.places).reshape(-1, 3)[:, 1]
    at = np.searchsorted(starts, np.array(group.lines, np.int64), side="right") - 1
    finite = np.isfinite(places)
    return [frozenset(places[finite & (at == lap)].tolist()) for lap in range(len(starts))]


def lap(run: Found, starts: npt.NDArray[np.int64], at: int) -> Found:
    """Return what stands between two falls of the epoch; all laps share the settings."""
    part = Found(settings=run.settings, step_total=run.step_total)
    end = starts[at + 1] if at + 1 < len(starts) else np.iinfo(np.int64).max
    for key, group in run.groups.items():
        lines = np.array(group.lines, np.int64)
        kept = np.flatnonzero((lines >= starts[at]) & (lines < end))
        if not len(kept):
            continue
        values = np.array(group.values).reshape(len(lines), -1)[kept]
        places = np.array(group.places).reshape(-1, 3)[kept]
        part.groups[key] = Group(
            group.keys,
            group.summary,
            array("q", lines[kept].tolist()),
            array("d", places.ravel().tolist()),
            array("d", values.ravel().tolist()),
        )
        part.count += len(kept)
    part.sole = run.sole if part.count == run.count else 0
    return part
