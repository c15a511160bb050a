"""Columns of a log to series: which column is the axis, what a restart leaves behind."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from netgain.readers.base import Series
from netgain.study import Source
from netgain.vocabulary import Axis, x_axis

Unit = Literal["step", "epoch", "sample", "row"]
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
"""A number written with separators, as `{:,}` prints it."""
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
    if (x[1:] >= x[:-1]).all():
        return np.ones(len(x), dtype=bool)
    starts = np.flatnonzero(np.concatenate(([True], x[1:] != x[:-1])))
    level = x[starts]
    lowest_later = np.append(np.minimum.accumulate(level[::-1])[::-1][1:], np.inf)
    lengths = np.diff(np.append(starts, len(x)))
    return np.repeat(level < lowest_later, lengths)


def unrolled(x: FloatArray, total: float | None) -> tuple[FloatArray, Unit] | None:
    """Lay the laps of a step counter that starts anew one after the other; None where it does not.

    Laps are known by their equal positions. Their length is the total that the log states beside the
    counter; without one the order of the log is the axis, since the steps between two laps are not known.
    """
    starts = np.flatnonzero(np.concatenate(([True], x[1:] < x[:-1])))
    laps = np.split(x, starts[1:])
    if len(laps) < 2 or len(laps[0]) < 2:
        return None
    first = laps[0]
    whole = all(len(lap) == len(first) and (lap == first).all() for lap in laps[:-1])
    last = laps[-1]
    if not whole or len(last) > len(first) or not (last == first[: len(last)]).all():
        return None
    end = float(first[-1])
    spacing = end - float(first[-2])
    reached = total is not None and end + max(spacing, 1.0) >= total
    if total is not None and reached:
        return x + np.repeat(np.arange(len(laps)), [len(lap) for lap in laps]) * total, "step"
    return (np.arange(len(x), dtype=float), "row") if len(laps) > 2 else None


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
        stands = len(usable) > 1 and len(x) > 1 and x[0] == x[-1]
        if (x[1:] >= x[:-1]).all() and not stands:
            return item
    return usable[0] if usable else None


def number(text: str) -> float:
    """Read a cell as a number; NaN where it is empty or no number. A trailing % is dropped."""
    try:
        return float(text)
    except ValueError:
        pass
    word = text.strip().rstrip("%").strip()
    if THOUSANDS.fullmatch(word):
        return float(word.replace(",", ""))
    if word.startswith("tensor(") and word.endswith(")"):
        word = word[7:-1].split(",")[0]
    try:
        return float(word)
    except ValueError:
        return math.nan
