"""Tell a setting that one training traced row by row from one that a search varied."""

from __future__ import annotations

import numpy as np

from netgain.readers._columns import Table
from netgain.readers._series import FloatArray
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric

TRACED = frozenset(
    ("learning_rate", "momentum", "weight_decay", "loss", "ema_decay", "temperature")
)
"""Settings that, as a column of a log, are a trace over training."""
FEWEST_ROWS = 3
FAR_APART = 2.0
"""Ratio of neighbours from which on values are those of a search; a schedule has nearer ones between."""


def follow_a_training(
    table: Table, names: list[str], parts: list[Table], dialect: str, *, of_arrays: bool
) -> bool:
    """Tell whether columns of traced settings are curves of one training in each part of a table.

    Arrays of one length are the history of a training, whatever values they take, unless they hold one score
    for each of a few settings far apart. Rows must show a training (a loss, or scores of a training split)
    and values that rise once at most, as under a warm-up, or that come back, as under warm restarts.
    """
    scores = [canonical_metric(name, dialect) for name in table.numbers if name not in names]
    known = [score for score in scores if is_known_metric(score.name)]
    trained = any(score.name.endswith("loss") or score.split == "train" for score in known)
    if of_arrays and len(parts) == 1:
        one_score = len(known) < 2 and not trained
        return not (one_score and all(_far_apart(table.numbers[name]) for name in names))
    columns = [part.numbers[name] for part in parts for name in names]
    return trained and (all(map(_is_schedule, columns)) or all(map(_returns, columns)))


def traced(names: list[str], dialect: str) -> list[str]:
    """Return the columns named as settings that a training may trace."""
    return [name for name in names if canonical_setting(name, dialect) in TRACED]


def _far_apart(column: FloatArray) -> bool:
    """Tell whether no value is near the one of the row before."""
    before, after = column[:-1], column[1:]
    if not np.isfinite(column).all() or (column <= 0).any():
        return False
    with np.errstate(all="ignore"):  # values at the ends of what a number can be
        return bool((np.maximum(before / after, after / before) >= FAR_APART).all())


def _is_schedule(column: FloatArray) -> bool:
    """Tell whether values go up at first, if at all, and only down from then on."""
    values = column[np.isfinite(column)]
    if len(values) < FEWEST_ROWS:
        return len(values) > 0 and bool((values == values[0]).all())
    before, after = values[:-1], values[1:]
    top = int(np.argmax(values))
    risen = bool((after[:top] >= before[:top]).all())
    fallen = bool((after[top:] <= before[top:]).all())
    return risen and fallen and not _far_apart(values)


def _returns(column: FloatArray) -> bool:
    """Tell whether a value comes back after others: no row is the one trial of its setting."""
    values = column[np.isfinite(column)]
    changes = values[np.flatnonzero(np.diff(values, prepend=np.nan) != 0)]
    return len(np.unique(changes)) < len(changes)
