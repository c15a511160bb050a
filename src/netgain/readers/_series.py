"""Columns of a log to series: which column is the axis, what a restart leaves behind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from netgain.readers.base import Series
from netgain.study import Source
from netgain.vocabulary import Axis, x_axis

Unit = Literal["step", "epoch", "sample", "row"]
FloatArray = npt.NDArray[np.float64]


def series(
    key: str, *, unit: Unit, steps: Iterable[float], values: Iterable[float], source: Source
) -> Series | None:
    """Build one series from points in the order they were logged; None where no value is finite.

    A step below its predecessor is a restart: the points it overtakes belong to work that was
    thrown away and are left out. Many points all at one step were logged without a step: the order
    of the log is their axis.
    """
    x = np.asarray(steps if isinstance(steps, (np.ndarray, Sequence)) else list(steps), float)
    y = np.asarray(values if isinstance(values, (np.ndarray, Sequence)) else list(values), float)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if not len(y):
        return None
    if len(x) > 1 and (x == x[0]).all():
        unit, x = "row", np.arange(len(x), dtype=float)
    kept = surviving(x)
    return Series(
        key=key,
        unit=unit,
        steps=tuple(x[kept].tolist()),
        values=tuple(y[kept].tolist()),
        source=source,
    )


def surviving(x: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark the points that no later restart overtakes; equal steps side by side are all kept."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(x) != 0)))
    level = x[starts]
    lowest_later = np.append(np.minimum.accumulate(level[::-1])[::-1][1:], np.inf)
    lengths = np.diff(np.append(starts, len(x)))
    return np.repeat(level < lowest_later, lengths)


def choose_axis(columns: dict[str, FloatArray]) -> tuple[str, Axis] | None:
    """Return the best axis column: a step that never falls, else an epoch, else a sample count.

    A step counter that starts anew each epoch is passed over where the epoch column is monotone.
    """
    found = [(name, axis) for name in columns if (axis := x_axis(name)) is not None]
    ranked = sorted(found, key=lambda item: ("step", "epoch", "sample").index(item[1]))
    usable = [item for item in ranked if np.isfinite(columns[item[0]]).any()]
    for item in usable:
        x = columns[item[0]]
        x = x[np.isfinite(x)]
        if (np.diff(x) >= 0).all():
            return item
    return usable[0] if usable else None


def number(text: str) -> float:
    """Read a cell as a number; NaN where it is empty or no number. A trailing % is dropped."""
    try:
        return float(text)
    except ValueError:
        pass
    word = text.strip().rstrip("%").strip()
    if word.startswith("tensor(") and word.endswith(")"):
        word = word[7:-1].split(",")[0]
    try:
        return float(word)
    except ValueError:
        return math.nan
