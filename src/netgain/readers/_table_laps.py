"""Tables to which several trainings were appended: the epoch begins anew where the next one starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from netgain.readers._columns import Table
from netgain.readers._log_runs import MOST_LAPS, MOSTLY, NEAR
from netgain.readers._series import FloatArray
from netgain.vocabulary import UNSPLIT, Axis, canonical_metric, is_known_metric

FEWEST_EPOCHS = 3
"""Different epochs that the first training of a table must show."""


def trainings_in(table: Table, axis: tuple[str, Axis] | None, dialect: str) -> list[Table]:
    """Return the trainings that rows of a table tell of one after the other; the table where it is one.

    Each shows the epochs that the first one does, the last perhaps not all of them: laps of other lengths are
    restarts of one training, or cannot be told from them. A training in equal parts, whose scores go on where
    the part before left them, is counted on. Laps that a column of labels tells apart are no trainings.
    """
    if axis is None or axis[1] != "epoch" or len(table.lines) < 2 * FEWEST_EPOCHS:
        return [table]
    x = table.numbers[axis[0]]
    if not np.isfinite(x).all():
        return [table]
    starts = np.flatnonzero(np.append(True, x[1:] < x[:-1]))
    if not 1 < len(starts) <= MOST_LAPS:
        return [table]
    epochs = [frozenset(lap.tolist()) for lap in np.split(x, starts[1:])]
    whole, last = epochs[:-1], epochs[-1]
    early = frozenset(sorted(epochs[0])[: len(last)])
    if len(epochs[0]) < FEWEST_EPOCHS or len(set(whole)) > 1 or last != early:
        return [table]
    at = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(x))))
    if _labelled(table, at, len(starts)):
        return [table]
    if _goes_on(table, starts, dialect):
        counted: FloatArray = x + at * float(len(epochs[0]))
        return [replace(table, numbers={**table.numbers, axis[0]: counted})]
    return [table.rows(at == lap) for lap in range(len(starts))]


def _labelled(table: Table, at: npt.NDArray[np.int64], count: int) -> bool:
    """Tell whether a column of text says the same in each lap and another thing in each."""
    for cells in table.texts.values():
        said: list[set[str]] = [set() for _ in range(count)]
        for lap, cell in zip(at.tolist(), cells, strict=True):
            said[lap].add(cell)
        if all(len(words) == 1 for words in said) and len(set(map(frozenset, said))) > 1:
            return True
    return False


def _goes_on(table: Table, starts: npt.NDArray[np.int64], dialect: str) -> bool:
    """Tell whether laps begin with scores near the last ones of the lap before, not near the first of all."""
    metrics = {
        name: metric
        for name in table.numbers
        if name not in table.texts
        if is_known_metric((metric := canonical_metric(name, dialect)).name)
        and metric.name not in UNSPLIT
    }
    telling = [name for name, metric in metrics.items() if metric.split == "train"] or [*metrics]
    if not telling:
        return False
    for name in telling:
        scores = table.numbers[name]
        begun, left = scores[starts[1:]], scores[starts[1:] - 1]
        near = np.abs(begun - left) < NEAR * np.abs(begun - scores[0])
        if near.mean() < MOSTLY:
            return False
    return True
