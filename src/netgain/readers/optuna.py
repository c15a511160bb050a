"""Optuna's journal files: each trial a run with its settings and value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._json import loads
from netgain.readers._lines import raw_lines
from netgain.readers._optuna import (
    METRIC_NAMES,
    MOST_TRIALS,
    Search,
    Trial,
    external,
    facts_of,
    names_of,
)
from netgain.readers.base import Entry, Limits, Reader, RunFacts

CREATE_STUDY, STUDY_ATTRIBUTE, CREATE_TRIAL, SET_PARAM, SET_STATE, SET_STEP = 0, 3, 4, 5, 6, 7
TRIAL_ATTRIBUTE = 8
"""Operation codes of a journal."""


def sniff(entry: Entry) -> bool:
    """Recognise a journal by the keys of its first operation."""
    return entry.head.startswith(b'{"op_code":') and b'"worker_id":' in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read every trial of a journal file; a cut last line is dropped.

    Raises:
        UnreadableFile: damaged, or without a trial.
    """
    studies: list[Search] = []
    trials: list[Trial] = []
    bad = 0
    for line, raw in raw_lines(entry, limits):
        try:
            operation = loads(raw)
            _apply(studies, trials, operation, line)
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            bad += 1
        if len(trials) > MOST_TRIALS:
            raise UnreadableFile(f"more than {MOST_TRIALS:,} trials")
    if not trials or bad > 1 + len(trials):
        raise UnreadableFile(
            f"{bad} damaged operations and {len(trials)} trials; expected a journal"
        )
    yield from facts_of(entry, studies, place="journal")


def _apply(
    studies: list[Search], trials: list[Trial], operation: dict[str, Any], line: int
) -> None:
    """Apply one journal operation; ids count up from 0 in the order of creation."""
    code = operation["op_code"]
    if code == CREATE_STUDY:
        studies.append(Search(name=str(operation["study_name"])))
    elif code == STUDY_ATTRIBUTE:
        names = operation.get("system_attr", {}).get(METRIC_NAMES)
        if names is not None:
            studies[operation["study_id"]].metrics = names_of(names)
    elif code == CREATE_TRIAL:
        study = studies[operation["study_id"]]
        trials.append(Trial(number=len(study.trials), line=line))
        study.trials.append(trials[-1])
        if operation.get("state") is not None:
            _close(trials[-1], operation, line)
    elif code == SET_PARAM:
        value = external(operation["param_value_internal"], operation["distribution"])
        trials[operation["trial_id"]].params[str(operation["param_name"])] = value
    elif code == SET_STATE:
        _close(trials[operation["trial_id"]], operation, line)
    elif code == SET_STEP:
        point = (float(operation["step"]), float(operation["intermediate_value"]))
        trials[operation["trial_id"]].steps.append(point)
    elif code == TRIAL_ATTRIBUTE:
        trials[operation["trial_id"]].attributes.update(operation["user_attr"])


def _close(trial: Trial, operation: dict[str, Any], line: int) -> None:
    state = operation["state"]
    trial.state, trial.line = state if isinstance(state, (int, str)) else str(state), line
    values = operation.get("values")
    if isinstance(values, list):
        trial.values = {index: float(value) for index, value in enumerate(values)}


READER = Reader(name="Optuna journal", order=44, sniff=sniff, read=read)
