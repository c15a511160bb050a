"""Each drawn sample is used for several forward-backward passes in one arm.

## What it does
Both arms report the same epochs, but the proposed arm draws every sample several times within one
"epoch": repeated augmentation, a repeating sampler, a data set concatenated with itself, or an inner loop
or a second call that takes several optimizer steps on each batch. Sharpness-aware minimisation counts: it
makes two forward-backward passes on each batch for one step.

## Why it inflates
Several augmentations of one image raise accuracy even at equal updates (Fort et al. 2021), and an inner
loop multiplies the updates as well; "same epochs" hides both.

## What is looked at
Passes for each drawn sample: counted by the recorder; else optimizer steps against epochs x steps of one
pass over the training set; else the ratio of steps x batch / epochs between the arms; else the settings
for repeats; else what repeats samples in the code, a training file copied or linked several times under
numbered names included. Flagged when the proposed arm makes more than 5 % more passes.

## When it stays clear
Equal passes in both arms, two-view methods in both arms included; a loop of 1. A partial last batch is
allowed for. A difference that the paper states and that a further run isolates, by changing it alone; its
share is shown.

## What is not seen
Data sets whose length was multiplied outside the files read, and loops that draw a part of a batch in each
turn. Passes that are derived from planned epochs and come out below one say that the training ended early,
and are not compared. Balanced over-sampling looks the same and is named in the innocent reading.

## Remedy
One pass in both arms, or the same number in both; or the baseline for as many more epochs.

## Example
```
NG103 repeated-samples  flagged (indicated)
Proposed makes 3.0 passes over each drawn sample, the baseline 1.0.
```

## References
Fort et al. 2021, Drawing multiple augmentation samples per image during training efficiently decreases
test error. Hoffer et al. 2020, Augment your batch.
"""

from __future__ import annotations

from dataclasses import replace

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._broken_off import DONE
from netgain.practices._compare import (
    Comparison,
    Quantity,
    compare,
    disclosure,
    lacking,
    near,
    number,
    quantity,
    sources_of,
)
from netgain.practices._isolation import with_isolation
from netgain.practices._repeats import repeats_of_proposed
from netgain.study import Cited, Run, Study

CODE, NAME = "NG103", "repeated-samples"
FACTOR = ("repeats",)
"""Settings that make up the factor, for runs that isolate it."""
LEAST = 0.95
"""Passes below which a number that nobody counted is no number of passes."""
READINGS = Readings(
    innocent="the repeats belong to the augmentation or balance rare classes, and epochs were counted "
    "by the loop",
    inflating="the proposed arm makes several times the updates on the same data under one epoch count",
)


def check(study: Study) -> Finding:
    """Compare forward-backward passes for each drawn sample.

    A disclosed difference that a run of its own isolates is clear.
    """
    return with_isolation(study, _judge_passes(study), FACTOR)


def _judge_passes(study: Study) -> Finding:
    passes = compare(study, _passes)
    if passes is None:
        passes = _relative_passes(study)
    if passes is None:
        return _from_setting(study) or _from_code(study) or _unknown(study)
    if passes.ratio > 1 and not passes.equal:
        return _flagged(study, passes)
    if not passes.complete:
        return _unknown(study)
    suffix = "" if passes.equal else "; more passes in the baseline do not add to the gain"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="neither" if passes.equal else "baseline",
        message=f"Passes for each drawn sample: {passes.proposed.value:.2f} in the proposed arm, "
        f"{passes.baseline.value:.2f} in the baseline ({passes.known_as} for every run){suffix}.",
        numbers={
            "passes_per_sample_baseline": passes.baseline.value,
            "passes_per_sample_proposed": passes.proposed.value,
        },
        evidence=passes.sources,
    )


def _passes(run: Run) -> Cited[float] | None:
    """Return passes for each sample, with views of one sample counted as passes.

    A derived number clearly below one is that of a training that ended before its planned epochs.
    """
    passes = run.budget.passes_per_sample
    if passes is not None and passes.strength != "measured" and passes.value < LEAST:
        return None
    if passes is not None:
        return passes
    return number(run, "repeats", "views")


def _relative_passes(study: Study) -> Comparison | None:
    """Compare steps x batch for each epoch, where the training-set size is the same but unknown."""

    def updates_per_epoch(run: Run) -> Cited[float] | None:
        budget = run.budget
        if not (budget.steps and budget.batch_size and budget.epochs):
            return None
        if budget.steps.strength not in DONE or budget.epochs.strength not in DONE:
            return (
                None  # a training that broke off took the steps of fewer epochs than were planned
            )
        value = budget.steps.value * budget.batch_size.value / budget.epochs.value
        return Cited(value=value, source=budget.steps.source, strength=budget.steps.strength)

    found = compare(study, updates_per_epoch)
    names = {str(run.config[k].value) for a in (study.baseline, study.proposed) for run in a.runs
             for k in ("dataset",) if k in run.config}  # fmt: skip
    if found is None or len(names) > 1:
        return None
    smaller = min(found.baseline.value, found.proposed.value)
    batches = max(
        run.budget.batch_size.value / smaller
        for arm in (study.baseline, study.proposed)
        for run in arm.runs
        if run.budget.batch_size
    )
    rounding_allows = found.ratio <= 1 + batches + 0.05
    if found.ratio > 1.05 and not rounding_allows:
        return _in_units_of(found, smaller)
    return _in_units_of(found, smaller) if near(found.ratio, 1) else None


def _in_units_of(found: Comparison, unit: float) -> Comparison:
    """Divide both arms' samples an epoch by the smaller: passes, if that arm makes one."""

    def divided(arm: Quantity) -> Quantity:
        values = tuple(replace(cited, value=cited.value / unit) for cited in arm.values)
        return replace(arm, values=values)

    return Comparison(baseline=divided(found.baseline), proposed=divided(found.proposed))


def _flagged(study: Study, passes: Comparison) -> Finding:
    relative = passes.baseline.value > 50 and compare(study, _passes) is None
    message = (
        f"Proposed takes {passes.ratio:.1f}x the samples of one baseline epoch through each of its own "
        f"epochs ({passes.proposed.value:,.0f} against {passes.baseline.value:,.0f})."
        if relative
        else f"Proposed makes {passes.proposed.value:.1f} passes over each drawn sample, the baseline "
        f"{passes.baseline.value:.1f}."
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"repeats": passes.proposed.value}),
        favours="proposed",
        message=message,
        numbers={
            "passes_per_sample_baseline": passes.baseline.value,
            "passes_per_sample_proposed": passes.proposed.value,
            "passes_ratio": passes.ratio,
        },
        evidence=passes.sources,
        readings=READINGS,
        remedy="one pass over each sample in both arms, or the same number in both",
        settle="netgain attribute plan.toml",
    )


def _from_setting(study: Study) -> Finding | None:
    """Find repeats switched on in the proposed arm where the baseline's configs do not name them."""
    found = quantity(study.proposed, lambda run: number(run, "repeats"))
    readable = all(run.config for run in study.baseline.runs) and bool(study.baseline.runs)
    if found is None or found.value <= 1 or not readable or quantity(study.baseline, _passes):
        return None
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"repeats": found.value}),
        favours="proposed",
        message=f"The proposed configs use each sample {found.value:g} times; the baseline's do not name "
        "repeats.",
        numbers={"repeats_proposed": found.value},
        evidence=found.sources,
        readings=READINGS,
        remedy="one pass over each sample in both arms, or the same number in both",
        settle="netgain attribute plan.toml",
    )


def _from_code(study: Study) -> Finding | None:
    """Look for what repeats samples in the proposed code and not, or less often, in the baseline's."""
    only, theirs = repeats_of_proposed(study)
    if not only or (study.proposed.code is not None and study.proposed.code.undecided):
        return None
    against = f"the baseline's: {theirs[0].what}" if theirs else "the baseline's code does not"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"repeats": float("nan")}),
        favours="proposed",
        message=f"The proposed code repeats samples ({only[0].what}); {against}.",
        numbers={"places": float(len(only))},
        evidence=sources_of([idiom.source for idiom in only])[:5],
        readings=READINGS,
        remedy="one pass over each sample in both arms, or the same number in both",
        settle="netgain attribute plan.toml",
    )


def _unknown(study: Study) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="How often each drawn sample is used is not known for every run of both arms.",
        needs=lacking(
            study,
            _passes,
            "optimizer steps, epochs, batch size and training-set size together, or a recording,",
        )
        or ("one number of passes for all runs of an arm",),
        remedy="record the runs with netgain.record",
    )


def stage(plan: Plan) -> Plan:
    """Use every drawn batch three times in the proposed arm."""
    return plan.edit("proposed", repeats=plan.baseline.repeats * 3)


def decoy(plan: Plan) -> Plan:
    """Use every drawn batch twice in both arms."""
    return plan.edit("proposed", repeats=2).edit("baseline", repeats=2)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.repeats",),
)
