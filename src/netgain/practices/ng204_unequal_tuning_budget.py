"""One arm gets more trials or more knobs.

## What it does
The proposed arm is the best of many tuning trials and the baseline the best of few, or of none.

## Why it inflates
The best of 40 trials beats the best of 4 without being any better: of two equal methods whose trials scatter
with standard deviation s, it is expected 1.1 s ahead. Rankings of optimisers turn with the search space they
are given (Choi et al. 2019).

## What is looked at
Trials of each arm, as sweeps among its files or as the number its configs ask for, and the settings that
were searched. Flagged when the proposed arm has more than twice the baseline's trials and the gain at equal
numbers, by the expected best of n (Dodge et al. 2019), cannot be told from none or cannot be computed; or
when it alone was searched. A search that is only defined (the settings of a sweep file with their values)
counts where the baseline's config states the same settings once and its code searches nothing. Sweeps count
where they vary a setting of the training, such as the learning rate; one over model size, data or the
method's own knob alone is taken as an ablation.

## When it stays clear
As many trials for the baseline, or more; a gain whose interval at equal numbers of trials lies above 0.

## What is not seen
Trials that were run and not kept. How wide each search was. One arm's sweep alone says nothing of one made
elsewhere, which is why it is graded as a sign.

## Remedy
The same number of trials in both arms over spaces of equal size, selected on validation data; or the gain at
equal numbers from the curves.

## Example
```
NG204 unequal-tuning-budget  flagged (measured)
The proposed arm had 10.0x the trials (40 against 4). At 4 trials each the expected best differs by +0.12
(95 % interval -0.41 to +0.66).
```

## References
Dodge et al. 2019, Show your work. Dodge et al. 2021, Expected validation performance and estimation of a
random variable's maximum. Choi et al. 2019, On empirical comparisons of optimizers for deep learning.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean

from netgain.analysis.tuning import EqualTrials, gain_at_equal_trials
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import disclosure, number, quantity, sources_of
from netgain.practices._defined_searches import (
    TUNED,
    DefinedSearch,
    search_beside_plain_settings,
)
from netgain.study import Arm, Source, Study, Trials

CODE, NAME = "NG204", "unequal-tuning-budget"
EQUAL, UNEQUAL = 1.05, 2.0
"""Ratios of trials up to which two budgets count as equal, and above which as unequal."""
SEVERAL = 2
"""Trials from which on a file holds a search."""
FEWEST = 3
"""Trials below which one arm's search alone is no sign."""
READINGS = Readings(
    innocent="the baseline's settings were taken from its paper, where they had been tuned",
    inflating="the best of more draws is higher by luck, and the difference is credited to the idea",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The tuning of one arm."""

    trials: float
    """Number of trials."""
    scores: tuple[float, ...]
    """Score of each trial; empty unless all are known."""
    metric: str
    """What the trials were ranked by; empty where no scores are known."""
    parameters: tuple[str, ...]
    """Settings that were searched, where the trials show them."""
    sources: tuple[Source, ...]


def check(study: Study) -> Finding:
    """Compare the trials of the two arms, and the gain at equally many."""
    baseline, proposed = _search(study.baseline), _search(study.proposed)
    if proposed is None:
        defined = search_beside_plain_settings(study) if baseline is None else None
        if defined is not None:
            return _defined(study, defined)
        return _unknown(study, baseline)
    if baseline is None:
        return _one_sided(study, proposed) if proposed.trials >= FEWEST else _unknown(study)
    ratio = proposed.trials / baseline.trials
    if ratio <= EQUAL:
        return _clear(study, baseline, proposed, None)
    equal = _equal(study, baseline, proposed)
    if equal is not None and equal.low > 0:
        return _clear(study, baseline, proposed, equal)
    if ratio > UNEQUAL:
        return _flagged(study, baseline, proposed, equal)
    return _unknown(study, baseline, proposed)


def _search(arm: Arm) -> Search | None:
    """Return an arm's search: the larger of what its files hold and what its configs ask for."""
    seen = _seen(arm)
    asked = quantity(arm, lambda run: number(run, "n_trials", "trials"))
    if asked is None or not asked.complete or not asked.uniform or asked.value < 1:
        return seen
    if seen is not None and asked.value <= seen.trials * EQUAL:
        return seen
    return Search(
        trials=asked.value,
        scores=(),
        metric="",
        parameters=seen.parameters if seen else (),
        sources=sources_of(asked.sources, seen.sources if seen else ()),
    )


def _seen(arm: Arm) -> Search | None:
    """Join the sweeps among an arm's files; those of one file over several settings are the same trials.

    One trial is a training, and no search.
    """
    files: dict[str, list[Trials]] = defaultdict(list)
    for sweep in arm.trials:
        if len(sweep.values) > 0:
            files[sweep.source.path].append(sweep)
    files = {
        path: sweeps
        for path, sweeps in files.items()
        if any(sweep.parameter in TUNED for sweep in sweeps)
    }
    if not files:
        return None
    found = [sweep for sweeps in files.values() for sweep in sweeps]
    if all(len(sweep.values) < SEVERAL for sweep in found):
        return None
    scores = [score for sweeps in files.values() for score in _trial_scores(sweeps)]
    metrics = {sweep.metric for sweep in found}
    return Search(
        trials=float(len(scores)),
        scores=tuple(scores) if len(metrics) == 1 and all(map(math.isfinite, scores)) else (),
        metric=metrics.pop() if len(metrics) == 1 else "",
        parameters=tuple(sorted({sweep.parameter for sweep in found})),
        sources=tuple(dict.fromkeys(sweep.source for sweep in found))[:3],
    )


def _trial_scores(sweeps: list[Trials]) -> list[float]:
    """Return one score for each trial of a file; where one setting varies, seeds of a value are one trial."""
    longest = max(sweeps, key=lambda sweep: len(sweep.values))
    if len({sweep.parameter for sweep in sweeps}) > 1:
        return list(longest.scores)
    by_value: dict[float, list[float]] = defaultdict(list)
    for value, score in zip(longest.values, longest.scores, strict=True):
        by_value[value].append(score)
    return [fmean(scores) for scores in by_value.values()]


def _equal(study: Study, baseline: Search, proposed: Search) -> EqualTrials | None:
    if not baseline.scores or not proposed.scores or baseline.metric != proposed.metric:
        return None
    return gain_at_equal_trials(
        baseline.scores, proposed.scores, higher_is_better=study.claim.higher_is_better
    )


def _numbers(baseline: Search, proposed: Search, equal: EqualTrials | None) -> dict[str, float]:
    numbers = {"trials_baseline": baseline.trials, "trials_proposed": proposed.trials}
    if baseline.parameters and proposed.parameters:
        numbers["settings_searched_baseline"] = float(len(baseline.parameters))
        numbers["settings_searched_proposed"] = float(len(proposed.parameters))
    if equal is not None:
        numbers |= {
            "equal_trials": float(equal.n),
            "gain_at_equal_trials": equal.gain,
            "gain_at_equal_trials_low": equal.low,
            "gain_at_equal_trials_high": equal.high,
        }
    return numbers


def _words(equal: EqualTrials) -> str:
    return (
        f"At {equal.n} trials each the expected best differs by {equal.gain:+.2f} (95 % interval "
        f"{equal.low:+.2f} to {equal.high:+.2f})."
    )


def _flagged(
    study: Study, baseline: Search, proposed: Search, equal: EqualTrials | None
) -> Finding:
    ratio = proposed.trials / baseline.trials
    at_equal = (
        _words(equal)
        if equal
        else "The scores of the trials are not all given, so the gain at equal numbers is open."
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured" if equal else "indicated",
        disclosure=disclosure(study, {"n_trials": float("nan")}),
        favours="proposed",
        message=f"The proposed arm had {ratio:.1f}x the trials ({proposed.trials:.0f} against "
        f"{baseline.trials:.0f}). {at_equal}",
        numbers=_numbers(baseline, proposed, equal),
        evidence=sources_of(proposed.sources, baseline.sources),
        readings=READINGS,
        remedy=f"{proposed.trials:.0f} trials for the baseline over a space of equal size",
        settle="netgain attribute plan.toml",
    )


def _one_sided(study: Study, proposed: Search) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"n_trials": float("nan")}),
        favours="proposed",
        message=f"A search of {proposed.trials:.0f} trials is among the proposed arm's files and none among "
        "the baseline's.",
        numbers={"trials_proposed": proposed.trials},
        evidence=proposed.sources,
        readings=READINGS,
        remedy="the baseline's search, or as many trials for it",
        settle="netgain attribute plan.toml",
    )


def _defined(study: Study, found: DefinedSearch) -> Finding:
    """Flag a search whose definition the proposed arm has beside a baseline of settings written once."""
    settings = ", ".join(found.settings[:6])
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"n_trials": float("nan")}),
        favours="proposed",
        message=f"By its files the proposed arm's settings are searched ({found.method}: {settings}, each "
        "over several values); the baseline's are written once, and no search of its is among the files.",
        numbers={"settings_searched_proposed": float(len(found.settings))},
        evidence=found.sources,
        readings=READINGS,
        remedy="the baseline's search, or one of as many trials for it",
        settle="netgain attribute plan.toml",
    )


def _clear(study: Study, baseline: Search, proposed: Search, equal: EqualTrials | None) -> Finding:
    del study
    fewer = proposed.trials * EQUAL < baseline.trials
    searched = [len(baseline.parameters), len(proposed.parameters)]
    more = (
        f" The proposed arm searched {searched[1]} settings, the baseline {searched[0]}."
        if 0 < searched[0] < searched[1]
        else ""
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if fewer else "neither",
        message=f"The files show {proposed.trials:.0f} trials of the proposed arm and "
        f"{baseline.trials:.0f} of the baseline.{' ' + _words(equal) if equal else ''}{more}",
        numbers=_numbers(baseline, proposed, equal),
        evidence=sources_of(proposed.sources, baseline.sources),
    )


def _unknown(
    study: Study, baseline: Search | None = None, proposed: Search | None = None
) -> Finding:
    if baseline is not None and proposed is not None:
        needs: tuple[str, ...] = (
            f"the scores of {proposed.trials - baseline.trials:.0f} further trials of the baseline, or of "
            "all trials of both arms under one metric",
        )
        message = (
            f"The proposed arm had {proposed.trials:.0f} trials and the baseline {baseline.trials:.0f}; "
            "whether its gain holds at equal numbers is open."
        )
    else:
        needs = tuple(
            f"the hyperparameter trials of the {side} arm: settings and validation score of each, or their "
            "number"
            for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
            if _search(arm) is None
        ) or ("how many trials the settings of both arms come from",)
        message = (
            f"The files show {baseline.trials:.0f} trials of the baseline; how many the proposed arm had is "
            "not among them."
            if baseline is not None
            else "How many tuning trials each arm had is not among the files."
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=message,
        needs=needs,
        remedy="search both arms with equally many trials",
    )


def stage(plan: Plan) -> Plan:
    """Search learning rates for the proposed arm and none for the baseline."""
    return replace(plan, protocol=replace(plan.protocol, searched="proposed"))


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    knobs=("protocol.searched",),
)
