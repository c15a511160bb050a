"""Whether a run that its store calls failed, or whose end nobody recorded, was trained to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from netgain.readers.base import RunFacts
from netgain.study import Cited, Run, Scalar

SLACK = 0.5
"""Epochs or steps by which a counter from 0 may stay behind what was asked for."""
LOGGED = ("measured", "logged")


def refusal_of(bundle: list[RunFacts]) -> str | None:
    """Say why a run does not count by its store's record, None where nothing speaks against it."""
    for fact in bundle:
        place = f" ({fact.status_source})" if fact.status_source else ""
        if fact.status in ("failed", "deleted"):
            return f"run is recorded as {fact.status}{place}; it is not counted as evidence"
        if fact.status == "running":
            return (
                f"run has no record of its end{place}; unfinished runs are not counted as evidence"
            )
    return None


def is_deleted(bundle: list[RunFacts]) -> bool:
    """Tell whether the authors threw a run away."""
    return any(fact.status == "deleted" for fact in bundle)


def with_end(run: Run, bundle: list[RunFacts]) -> Run:
    """Return a run with the state in which it ended: finished where it logged all that was planned."""
    failed = any(fact.status == "failed" for fact in bundle)
    state: Literal["finished", "failed", "running"] = "failed" if failed else "running"
    return replace(run, status="finished" if _reached_the_plan(run) else state)


def _reached_the_plan(run: Run) -> bool:
    """Tell whether the last epoch or step that a run logged is the one that it was to end with."""
    pairs = (
        (run.budget.epochs, run.config.get("epochs")),
        (run.budget.steps, run.config.get("max_steps")),
    )
    planned = [(done, most) for done, asked in pairs if (most := _asked(asked)) is not None]
    return bool(planned) and all(_reaches(done, most) for done, most in planned)


def _asked(cited: Cited[Scalar] | None) -> float | None:
    """Return the largest number that a configuration asks for; what a checkpoint counted asks for nothing."""
    readings = [cited, *cited.disagreeing] if cited is not None else []
    return max(
        (
            float(one.value)
            for one in readings
            if one.strength == "configured"
            and isinstance(one.value, (int, float))
            and not isinstance(one.value, bool)
        ),
        default=None,
    )


def _reaches(done: Cited[float] | None, asked: float) -> bool:
    return done is not None and done.strength in LOGGED and done.value >= asked - SLACK > 0
