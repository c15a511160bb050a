"""Runs whose own record ends before the length they were planned for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netgain.practices._compare import near
from netgain.study import Arm, Cited, Run, Source, Study

SPARE = 2.0
"""Distances between points that may lie between the last one and the end of a training."""
DONE = ("measured", "logged")
"""Ways of knowing a length that say what was done, not what was asked for."""
ROWS = 8
"""Rows of a log below which their number says little of the length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenOff:
    """A planned length that the record of a run does not bear out."""

    words: str
    """What the record shows, for a message."""
    source: Source
    """The curve that ends early."""
    run: str
    """Id of the run."""


def broken_off(study: Study) -> BrokenOff | None:
    """Return the first run that is known by its planned length alone and whose own curves end before it.

    Logs without a count of steps are set against each other: where two runs of one planned length log the
    same quantity, one of them over fewer rows, what was done is not known to be equal. Nor is it where one
    has a log and another none; where no run has one, the plan is all there is.
    """
    for arm in (study.baseline, study.proposed):
        for run in arm.runs:
            found = _ends_early(run, "step", run.budget.steps) or _ends_early(
                run, "epoch", run.budget.epochs
            )
            if found is not None:
                return found
    return _fewer_rows(study) or _without_a_log(study)


def _ends_early(
    run: Run, unit: Literal["step", "epoch"], planned: Cited[float] | None
) -> BrokenOff | None:
    """Find a run whose every curve over steps or epochs ends clearly before the planned number."""
    if planned is None or planned.strength in DONE or run.budget.resumed_from is not None:
        return None
    curves = [curve for curve in run.curves if curve.unit == unit and len(curve.steps) > 1]
    if not curves:
        return None
    last = max(curves, key=lambda curve: curve.steps[-1])
    apart = max(later - sooner for sooner, later in zip(last.steps, last.steps[1:], strict=False))
    reached = last.steps[-1] + SPARE * apart
    if reached >= planned.value or near(last.steps[-1], planned.value):
        return None
    return BrokenOff(
        words=f"{last.key} of {run.id} ends at {unit} {last.steps[-1]:,.0f} of {planned.value:,.0f} planned",
        source=last.source,
        run=run.id,
    )


def _fewer_rows(study: Study) -> BrokenOff | None:
    longest: dict[tuple[str, str | None], tuple[float, int, str]] = {}
    for run, length in _planned(study):
        for key, rows, _ in _rows(run):
            best = longest.get(key)
            if best is None or rows > best[1]:
                longest[key] = length, rows, run.id
    for run, length in _planned(study):
        for key, rows, source in _rows(run):
            of_length, most, other = longest[key]
            fewer = most >= ROWS and rows + SPARE < most and not near(rows, most)
            if fewer and near(length, of_length):
                return BrokenOff(
                    words=f"the log of {run.id} holds {rows:,} rows of {key[0]} and that of {other} {most:,}",
                    source=source,
                    run=run.id,
                )
    return None


def _without_a_log(study: Study) -> BrokenOff | None:
    """Find a run of planned length without a log beside one whose log shows how far it came."""
    runs = [run for run, _ in _planned(study)]
    logged = next((run for run in runs if run.curves), None)
    silent = next((run for run in runs if not run.curves), None)
    if logged is None or silent is None:
        return None
    return BrokenOff(
        words=f"no log shows how far {silent.id} came, as one does of {logged.id}",
        source=logged.curves[0].source,
        run=silent.id,
    )


def _planned(study: Study) -> Iterator[tuple[Run, float]]:
    """Yield the runs of both arms whose length is a planned one, with it."""
    arms: tuple[Arm, ...] = (study.baseline, study.proposed)
    for run in (run for arm in arms for run in arm.runs):
        known = [cited for cited in (run.budget.steps, run.budget.epochs) if cited is not None]
        if known and all(cited.strength not in DONE for cited in known):
            yield run, known[0].value


def _rows(run: Run) -> Iterator[tuple[tuple[str, str | None], int, Source]]:
    """Yield name, number of rows and place of the curves of a log that counts neither steps nor epochs."""
    for curve in run.curves:
        if curve.unit == "row":
            yield (curve.key, curve.split), len(curve.values), curve.source
