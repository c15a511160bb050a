"""The phases of one training that a log holds in a row: pretraining and fine-tuning, stage 1 and stage 2."""

from __future__ import annotations

import re
from array import array
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from netgain.readers._log_runs import Found, lap

HEADING = re.compile(
    r"[^A-Za-z0-9]{0,40}(?:(?:now|start|starting|begin|beginning|entering)\s{1,4}){0,2}"
    r"(?:fine[-_ ]?tun(?:e|ing)|pre[-_ ]?train(?:ing)?|linear[-_ ]prob(?:e|ing)|re[-_ ]?train(?:ing)?|"
    r"(?:training |train )?(?:stage|phase)[ #:]{0,2}(?:\d|I{1,3}|one|two|three)|"
    r"(?:first|second|third) (?:stage|phase))(?!\w)[^\d=]{0,80}[=\-#*~ ]{0,40}",
    re.IGNORECASE,
)
"""A line that announces a phase: `=== Fine-tuning ===`, `Stage 2: whole network`."""
LONGEST_HEADING = 120
MOST_PHASES = 10
FEWEST_EPOCHS = 2
EPOCH = 1
"""Column of the epoch among the places of a record."""


def announces_phase(text: str) -> bool:
    """Tell whether a message announces a phase of the training and says nothing else."""
    return 5 <= len(text) <= LONGEST_HEADING and HEADING.fullmatch(text) is not None


def last_phase(run: Found) -> Found:
    """Return the last phase of a run, with the others as what came before it, or the run as it is.

    A phase begins where the epochs begin anew under another stated length, or below a line that announces a
    phase. Epochs of the later phase are counted on from the end of the earlier one.
    """
    if not 0 < len(run.restarts) < MOST_PHASES:
        return run
    totals = [*run.totals_before, run.epoch_total]
    starts = [0, *run.restarts]
    for at, (start, end) in enumerate(pairwise(starts)):
        another_length = np.isfinite(totals[at : at + 2]).all() and totals[at] != totals[at + 1]
        announced = any(start <= line <= end for line in run.phase_lines)
        if not (another_length or announced):
            return run
    bounds = np.array(starts, np.int64)
    phases = [lap(run, bounds, at) for at in range(len(starts))]
    epochs = [_epochs_of(phase) for phase in phases]
    if any(len(found) < FEWEST_EPOCHS or found[0] > epochs[0][0] + 1 for found in epochs):
        return run
    reached = [float(found[-1]) + (found[0] == 0) for found in epochs]
    settings = dict(run.settings)
    if "epochs" in settings:
        settings["epochs"] = (int(sum(reached)), settings["epochs"][1])
    earlier = [_counted_on(phase, sum(reached[:at])) for at, phase in enumerate(phases[:-1])]
    last = _counted_on(phases[-1], sum(reached[:-1]))
    return replace(last, settings=settings, earlier=earlier)


def _epochs_of(phase: Found) -> npt.NDArray[np.float64]:
    found = [np.array(group.places).reshape(-1, 3)[:, EPOCH] for group in phase.groups.values()]
    epochs = np.unique(np.concatenate(found)) if found else np.zeros(0)
    return epochs[np.isfinite(epochs)]


def _counted_on(phase: Found, before: float) -> Found:
    """Return a phase whose epochs go on from those before it, and which stands on no other axis."""
    groups = {}
    for key, group in phase.groups.items():
        places = np.full((len(group.lines), 3), np.nan)
        places[:, EPOCH] = np.array(group.places).reshape(-1, 3)[:, EPOCH] + before
        groups[key] = replace(group, places=array("d", places.ravel().tolist()))
    return replace(phase, groups=groups)
