"""History rows of a W&B run to curves: which column is the axis, what a value of several numbers holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from netgain.readers._documents import flatten
from netgain.readers._series import FloatArray, Unit, number, series
from netgain.readers._wandb_log import Contents, json_value
from netgain.readers.base import Entry, Series
from netgain.vocabulary import Axis, is_clock, x_axis

MOST_PARTS = 1_000
"""Most numbers read from inside the values of one metric."""
Column = tuple[npt.NDArray[np.int64], FloatArray]
"""Rows that hold a metric, and its values there."""


def curves_of(entry: Entry, found: Contents) -> Iterator[Series]:
    """Turn history rows into curves over the best axis that stands in the same rows.

    A count of epochs or episodes that is no curve's axis is a curve: it says how far the training came.
    """
    columns = dict(_columns(found))
    axes = {
        name: (axis, set(columns[name][0].tolist()))
        for name in columns
        if name != "_step" and (axis := x_axis(name))
    }
    log_step = _full(columns.get("_step"), found.rows)
    counter = _is_call_counter(log_step)
    counts = {name for name, (axis, _) in axes.items() if axis == "epoch"}
    used: set[str | None] = set()
    for name, (rows, values) in columns.items():
        if name.startswith("_") or name in axes or is_clock(name):
            continue
        chosen = _axis(rows, axes, columns, found.rows)
        unit: Unit = axes[chosen][0] if chosen else "row" if counter else "step"
        steps = _full(columns[chosen], found.rows)[rows] if chosen else log_step[rows]
        if not np.isfinite(steps).all():
            unit, steps = "row", rows.astype(float)
        curve = series(name, unit=unit, steps=steps, values=values, source=entry.source(key=name))
        used.add(chosen)
        if curve is not None:
            yield curve
    for name in counts - used if len(used) > len(counts & used) else ():
        rows, values = columns[name]
        others = {other: axes[other] for other in axes if axes[other][0] == "step"}
        chosen = _axis(rows, others, columns, found.rows)
        if chosen is not None:
            steps = _full(columns[chosen], found.rows)[rows]
            curve = series(
                name, unit="step", steps=steps, values=values, source=entry.source(key=name)
            )
            if curve is not None:
                yield curve


def _columns(found: Contents) -> Iterator[tuple[str, Column]]:
    """Yield rows and numbers of each metric; a value of several numbers makes several metrics."""
    for raw, (rows, texts) in found.columns.items():
        key = raw.decode("utf-8", "replace")
        try:
            yield key, (np.array(rows), np.array(texts).astype(np.float64))
            continue
        except (ValueError, UnicodeError):
            pass
        parts: dict[str, tuple[list[int], list[float]]] = {}
        for row, text in zip(rows, texts, strict=True):
            for name, value in numbers_in(key, text):
                if name not in parts and len(parts) >= MOST_PARTS:
                    continue
                own = parts.setdefault(name, ([], []))
                own[0].append(row)
                own[1].append(value)
        for name, (own_rows, values) in parts.items():
            yield name, (np.array(own_rows), np.array(values))


def numbers_in(key: str, text: bytes) -> Iterator[tuple[str, float]]:
    """Yield the numbers of one history value; nested values join their keys with a slash."""
    try:
        yield key, float(text)
        return
    except ValueError:
        pass
    value = json_value(text)
    if isinstance(value, dict) and "_type" not in value:
        for inner, child in list(flatten(value))[:1000]:
            if isinstance(child, (int, float)) and not isinstance(child, bool):
                yield f"{key}/{inner.replace('.', '/')}", float(child)
    elif isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        yield key, number(value)


def _full(column: Column | None, count: int) -> FloatArray:
    full = np.full(count, np.nan)
    if column is not None:
        full[column[0]] = column[1]
    return full


def _axis(
    rows: npt.NDArray[np.int64],
    axes: dict[str, tuple[Axis, set[int]]],
    columns: dict[str, Column],
    count: int,
) -> str | None:
    """Return the logged step or epoch column that stands in every row of a metric and never falls."""
    wanted = set(rows.tolist()) if axes else set()
    for kind in ("step", "epoch", "sample"):
        for name, (axis, held) in axes.items():
            held_everywhere = axis == kind and wanted <= held
            if not held_everywhere:
                continue
            x = _full(columns[name], count)[rows]
            if (x[1:] >= x[:-1]).all():
                return name
    return None


def _is_call_counter(steps: FloatArray) -> bool:
    """Tell whether `_step` goes up by one a row: it then counts calls of `log`, whatever they were."""
    finite = steps[np.isfinite(steps)]
    return len(finite) == len(steps) and bool((finite[1:] == finite[:-1] + 1).all())
