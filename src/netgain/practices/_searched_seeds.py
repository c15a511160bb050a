"""Seeds that the search of one arm draws among its settings, beside a baseline of one seed."""

from __future__ import annotations

import json

from netgain.analysis.scores import recompute
from netgain.finding import Finding, Readings
from netgain.practices._compare import sources_of
from netgain.practices._defined_searches import SEED
from netgain.study import Arm, Cited, Run, Study

DRAWING = ("random", "bayes", "bayesian", "tpe", "bohb", "optuna")
"""Searches that draw each trial anew; a grid runs each setting under each seed, as a repetition does."""


def with_searched_seeds(study: Study, finding: Finding) -> Finding:
    """Report a search that draws the seed with each trial, beside a baseline of one seed, where all is open.

    A search over seeds alone repeats one training, and is none.
    """
    if finding.verdict != "unknown" or study.claim.states_noise or study.claim.seeds_stated:
        return finding
    if recompute(study) is not None:
        return finding  # the scores themselves were judged
    drawn = [_drawn(run) for run in study.proposed.runs]
    ours = [cited for cited in drawn if cited is not None]
    theirs = _one_seed(study.baseline)
    if not ours or len(ours) < len(drawn) or theirs is None:
        return finding
    return Finding(
        code=finding.code,
        name=finding.name,
        verdict="flagged",
        grade="indicated",
        favours="proposed",
        message="The proposed arm's search draws the seed together with its other settings "
        f"({ours[0].source}), and the baseline states seed {theirs.value}: the best trial is the best of "
        "its seeds too, and its luck is not told from its settings.",
        numbers={"seed_baseline": float(theirs.value)},
        evidence=sources_of([ours[0].source, theirs.source]),
        needs=finding.needs,
        readings=Readings(
            innocent="the chosen settings were run again over fresh seeds, which are not among the files",
            inflating="the distance between the best draw and the mean is luck, and is claimed as gain",
        ),
        remedy="the chosen settings over several fresh seeds in both arms, with the interval of the gain",
        settle="netgain attribute plan.toml",
    )


def _drawn(run: Run) -> Cited[str] | None:
    """Return the settings that the search of a run draws anew each time, seed and others among them."""
    cited, method = run.config.get("tuned_settings"), run.config.get("tuner")
    if cited is None or method is None or not isinstance(cited.value, str):
        return None
    if str(method.value).lower() not in DRAWING:
        return None
    try:
        names = json.loads(cited.value)
    except ValueError:
        return None
    seeds = [name for name in names if SEED.search(str(name))] if isinstance(names, list) else []
    if not seeds or len(seeds) == len(names):
        return None
    return Cited(value=str(seeds[0]), source=cited.source, strength=cited.strength)


def _one_seed(arm: Arm) -> Cited[int] | None:
    """Return the seed that every run of an arm states, where it is one and nothing searches it."""
    seeds = [run.seed for run in arm.runs if run.seed is not None]
    if not seeds or len(seeds) < len(arm.runs) or len({seed.value for seed in seeds}) > 1:
        return None
    if arm.other_runs or any({"tuner", "tuned_settings"} & set(run.config) for run in arm.runs):
        return None
    return seeds[0]
