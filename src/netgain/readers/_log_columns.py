"""The records of one run in a text log to curves and final scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from netgain.readers._carried_splits import by_log
from netgain.readers._dialect import dialect_of
from netgain.readers._line_grammar import qualified
from netgain.readers._line_parts import Axis
from netgain.readers._log_runs import Found, Group
from netgain.readers._series import choose_axis, series, unrolled
from netgain.readers.base import Entry, Final, RunFacts, Series, Setting
from netgain.vocabulary import canonical_metric, is_known_metric

FEWEST = 3
"""Records of an unknown quantity beside a known one that make it a curve."""
MOSTLY = 0.8
"""Share of the records of a quantity that must stand on an axis for the others to be left out."""
AXES: tuple[Axis, ...] = ("step", "epoch", "sample")


@lru_cache(maxsize=20_000)
def is_metric(key: str) -> bool:
    return is_known_metric(canonical_metric(key).name)


def is_of_training(key: str) -> bool:
    """Tell whether a name is a known metric or some loss (`D_loss`, `Loss_G`), as trainings print."""
    return is_metric(key) or "loss" in canonical_metric(key).name.split("_")


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of a run, in the order of the log."""

    lines: npt.NDArray[np.int64]
    """1-based line of each value."""
    places: npt.NDArray[np.float64]
    """Step, epoch and sample of each value; NaN where unsaid."""
    values: npt.NDArray[np.float64]
    """The values."""


def _columns(groups: list[Group]) -> dict[str, Column]:
    """Return the quantities that are known, and those that came at least three times beside a known one.

    Where lines sum a quantity up, the lines on the way to it are left out.
    """
    known = {key for group in groups for key in group.keys if is_of_training(key)}
    often: Counter[str] = Counter()
    for group in groups:
        if known & set(group.keys):
            often.update(dict.fromkeys(group.keys, len(group.lines)))
    summed = {key for group in groups if group.summary for key in group.keys}
    found: dict[str, Column] = {}
    for name in (key for key, count in often.items() if key in known or count >= FEWEST):
        parts = [
            (group, group.keys.index(name))
            for group in groups
            if name in group.keys and (name not in summed or group.summary)
        ]
        lines = np.concatenate([np.array(group.lines, np.int64) for group, _ in parts])
        order = np.argsort(lines, kind="stable")
        found[name] = Column(
            lines=lines[order],
            places=np.concatenate([np.array(g.places).reshape(-1, 3) for g, _ in parts])[order],
            values=np.concatenate(
                [np.array(g.values).reshape(len(g.lines), -1)[:, at] for g, at in parts]
            )[order],
        )
    return found


def facts_of(entry: Entry, run: Found, run_id: str) -> RunFacts:
    """Return what one run of a log says: a quantity stated once or closing the log is a final score."""
    groups = by_log(run.groups.values())
    columns = _columns(groups)
    dialect = dialect_of(columns)
    if dialect == "generic":
        dialect = dialect_of(
            [*run.settings, "train_"]
        )  # a config has no history, which is Keras's only sign
    last_record = max((max(g.lines) for g in groups if _moves(g)), default=0)
    curves: list[Series] = []
    finals: list[Final] = []
    for number, phase in enumerate(run.earlier, start=1):
        curves += _curves_of_phase(entry, phase, number)
    for name, column in columns.items():
        last, value = int(column.lines[-1]), float(column.values[-1])
        single = len(column.values) == 1
        closing = qualified(name) and (single or int(column.lines[0]) > last_record)
        if (single or closing) and is_metric(name) and np.isfinite(value):
            source = entry.source(line=last, key=name)
            finals.append(Final(key=name, value=value, source=source))
            continue
        curve = _curve(entry, name, column, run.step_total)
        if curve is not None:
            curves.append(curve)
    counter = _epochs_passed(entry, groups) if any(c.unit == "step" for c in curves) else None
    if counter is not None and not any(c.unit == "epoch" or c.key == "epoch" for c in curves):
        curves.append(counter)
    settings = tuple(
        Setting(key=key, value=value, source=entry.source(line=line, key=key))
        for key, (value, line) in run.settings.items()
    )
    return RunFacts(
        location=entry.folder,
        run_id=run_id,
        dialect=dialect,
        settings=settings,
        series=tuple(curves),
        finals=tuple(finals),
    )


def _epochs_passed(entry: Entry, groups: list[Group]) -> Series | None:
    """Return the epochs or episodes of a log over its steps: how far the training came, and not its plan."""
    lines = np.concatenate([np.array(group.lines, np.int64) for group in groups])
    order = np.argsort(lines, kind="stable")
    places = np.concatenate([np.array(group.places).reshape(-1, 3) for group in groups])[order]
    both = np.isfinite(places[:, :2]).all(axis=1)
    steps, epochs = places[both, 0], places[both, 1]
    if len(steps) < FEWEST or (np.diff(epochs) < 0).any() or (np.diff(steps) < 0).any():
        return None
    edges = np.flatnonzero(np.append(np.diff(epochs) != 0, True))  # the last place of each epoch
    source = entry.source(line=int(lines[order][both][edges[-1]]), key="epoch")
    return series("epoch", unit="step", steps=steps[edges], values=epochs[edges], source=source)


def _curves_of_phase(entry: Entry, phase: Found, number: int) -> Iterator[Series]:
    """Yield the curves of an earlier phase under names of their own: no score of it is one of the run."""
    for name, column in _columns(by_log(phase.groups.values())).items():
        curve = _curve(entry, f"phase {number}/{name}", column, phase.step_total)
        if curve is not None:
            yield curve


def _moves(group: Group) -> bool:
    """Tell whether the records of a group follow the training: several, and not all of them of a best."""
    return len(group.lines) >= FEWEST and not all(map(qualified, group.keys))


def _stands(places: npt.NDArray[np.float64]) -> bool:
    return bool((places == places[0]).all())


def _curve(entry: Entry, name: str, column: Column, step_total: float | None) -> Series | None:
    lines, places, values = column.lines, column.places, column.values
    positioned = np.isfinite(places).any(axis=1)
    if positioned.sum() >= MOSTLY * len(values):
        lines, places, values = lines[positioned], places[positioned], values[positioned]
    found = {axis: places[:, at] for at, axis in enumerate(AXES)}
    axes = {axis: column for axis, column in found.items() if np.isfinite(column).all()}
    if "step" in axes and "epoch" in axes and _stands(axes["step"]) and not _stands(axes["epoch"]):
        del axes["step"]  # one line an epoch: `Epoch[7] Iteration[100/186]`
    chosen = choose_axis({str(axis): column for axis, column in axes.items()})
    x = axes[chosen[1]] if chosen else np.arange(len(values), dtype=float)
    unit = chosen[1] if chosen else "row"
    if unit == "step":
        flat = unrolled(x, step_total)
        x, unit = (x, unit) if flat is None else flat
    source = entry.source(line=int(lines[0]), key=name)
    found_series = series(name, unit=unit, steps=x, values=values, source=source)
    finite = np.flatnonzero(np.isfinite(values))
    if found_series is None or finite[-1] == len(values) - 1:
        return found_series
    return replace(found_series, diverged_at=float(x[finite[-1] + 1]))
