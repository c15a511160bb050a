"""The baseline's own sweeps, searched for a run that costs as much as the proposed arm."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from netgain.analysis.scores import arm_scores
from netgain.study import Source, Study, Trials

FACTOR = 1.2
"""Ratio of training cost above which the arms count as unmatched."""
LADDERS = frozenset({"width", "depth", "epochs", "max_steps", "steps"})
"""Settings whose sweep scales the cost of a model at least in proportion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A run of the baseline's own sweep that costs at least as much as the proposed arm."""

    parameter: str
    value: float
    score: float
    proposed: float
    """Mean score of the proposed runs."""
    source: Source


def matched(study: Study, ratio: float) -> Matched | None:
    """Return the best trial of the baseline's sweeps that costs at least as much as the proposed arm."""
    scored = arm_scores(study, study.proposed)
    if not scored:
        return None
    sign = 1.0 if study.claim.higher_is_better else -1.0
    reached = [
        (value, score, sweep)
        for sweep in study.baseline.trials
        if sweep.parameter in LADDERS
        for value, score in zip(sweep.values, sweep.scores, strict=True)
        if _dearer(study, sweep, value, ratio)
    ]
    if not reached:
        return None
    value, score, sweep = max(reached, key=lambda item: sign * item[1])
    return Matched(
        parameter=sweep.parameter,
        value=value,
        score=score,
        proposed=fmean(s.value for _, s in scored),
        source=sweep.source,
    )


def _dearer(study: Study, sweep: Trials, value: float, ratio: float) -> bool:
    """Tell whether a trial scales the claimed baseline's own setting far enough to cost as much."""
    own = [run.config.get(sweep.parameter) for run in study.baseline.runs]
    known = [c.value for c in own if c is not None and isinstance(c.value, (int, float))]
    return bool(known) and len(known) == len(own) and value * FACTOR >= ratio * max(known)
