"""The rule by which the runs of an arm end early, and whether it is what ended one."""

from __future__ import annotations

import re

from netgain.analysis.early_stops import early_stop_in
from netgain.practices._compare import number, quantity
from netgain.study import Arm, Run, Source
from netgain.vocabulary import lower_is_better

SWITCH = re.compile(r"early_?stop\w*(?:[./_](?:enabled?|use|on|active))?$", re.IGNORECASE)
"""Keys that switch an early stop on."""


def was_ended_by(run: Run, patience: float, limit: float) -> bool:
    """Tell whether a run reached its limit, or did not improve on held-out data for as long as it may.

    A training that broke off elsewhere was ended by something else.
    """
    if run.budget.epochs is not None and run.budget.epochs.value >= limit:
        return True
    for curve in run.curves:
        lower = lower_is_better(curve.name)
        if curve.split != "validation" or lower is None or len(curve.values) <= patience > 0:
            continue
        best = (min if lower else max)(curve.values)
        since = len(curve.values) - 1 - curve.values.index(best)
        if patience > 0 and abs(since - patience) <= 1:
            return True
    return False


def _is_switched_off(run: Run) -> bool:
    """Tell whether a run says that it does not end early, whatever its patience."""
    return any(
        cited.value is False and SWITCH.search(key) is not None
        for key, cited in run.other_config.items()
    )


def stopping_rule(arm: Arm) -> tuple[float, str, tuple[Source, ...]] | None:
    """Return patience, quantity watched and place of the one rule by which all runs of an arm end early."""
    if any(map(_is_switched_off, arm.runs)):
        return None
    said = quantity(arm, lambda run: number(run, "patience"))
    if said is not None:
        same = said.complete and len({cited.value for cited in said.values}) == 1
        return (said.value, "", said.sources) if same else None
    found = early_stop_in(arm.code) if arm.code is not None else None
    return (found.patience, found.monitor, (found.source,)) if found is not None else None
