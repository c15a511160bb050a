"""A bigger batch at the same number of optimizer steps sees more samples.

## What it does
Both arms run for the same number of optimizer steps, and the proposed arm uses a larger global batch
(per device x devices x gradient accumulation). "Same iterations" then means several times the data.

## Why it inflates
At equal steps the gain of a larger batch is the gain of more epochs. Shallue et al. (2019) trace most
disagreements about batch size to unequal budgets; Hoffer et al. (2017) show the gap closing once updates
are matched.

## What is looked at
Optimizer steps and global batch of every run: counted by the recorder or a checkpoint where there is
one, else logged, else configured. Flagged when the proposed batch is more than 5 % larger and its steps
are not fewer, so that it drew more than 5 % more samples. Where steps are unknown, epochs stand for them: of
one data set, the larger batch takes no fewer steps when its epochs have grown at least as much.

## When it stays clear
Equal batches; a larger batch with proportionally fewer steps; gradient accumulation that restores the same
global batch. A smaller batch at equal steps helps the baseline and is reported, not flagged. A difference
that the paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
A bare `batch_size` beside several devices does not say whether it is per device; the batch is then
unknown. Batch-size schedules are read at their median. Planned steps of a run whose own curves end before
them are no steps done: the verdict is then `unknown`.

## Remedy
Run both arms at equal samples seen, at either arm's figure, with the learning rate re-tuned for the
batch; report both comparisons.

## Example
```
NG101 unmatched-batch-size  flagged (indicated)
Proposed drew 4.0x the samples (491,520 against 122,880) in the same 960 steps: batch 512 against 128.
```

## References
Shallue et al. 2019, Measuring the effects of data parallelism on neural network training. Hoffer et al.
2017, Train longer, generalize better.
"""

from __future__ import annotations

from dataclasses import replace

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._broken_off import BrokenOff, broken_off
from netgain.practices._compare import (
    Comparison,
    batch_of_both,
    compare,
    disclosure,
    lacking,
    near,
    sources_of,
)
from netgain.practices._isolation import with_isolation
from netgain.study import Run, Study

CODE, NAME = "NG101", "unmatched-batch-size"
FACTOR = ("batch_size", "global_batch_size", "per_device_batch_size", "gradient_accumulation_steps")
"""Settings that make up the factor, for runs that isolate it."""
READINGS = Readings(
    innocent="the batch was raised for throughput and the step count kept by habit",
    inflating="the proposed arm trains on more data, and the gain of more data is credited to the idea",
)


def check(study: Study) -> Finding:
    """Compare global batch and steps of the two arms.

    A disclosed difference that a run of its own isolates is clear.
    """
    return with_isolation(study, _judge_batches(study), FACTOR)


def _judge_batches(study: Study) -> Finding:
    batch = batch_of_both(study)
    steps = compare(study, lambda run: run.budget.steps)
    samples = compare(study, lambda run: run.budget.samples_seen)
    if batch is None:
        return _unknown(study)
    if batch.ratio > 1 and not batch.equal:
        short = broken_off(study)
        if short is not None and steps is not None and not _same_samples(samples):
            return _broken_off(study, short)
        if steps is not None and steps.ratio > 0.95 and not _same_samples(samples):
            return _flagged(study, batch, steps, samples)
        epochs = compare(study, lambda run: run.budget.epochs)
        bare = steps is None and samples is None and not _data_differ(study)
        if bare and epochs is not None and _takes_more(batch, epochs):
            return _flagged_by_epochs(study, batch, epochs)
        return _larger_batch_compensated(study, batch, steps, samples)
    if not batch.complete:
        return _unknown(study)
    numbers = {
        "batch_size_baseline": batch.baseline.value,
        "batch_size_proposed": batch.proposed.value,
    }
    if batch.equal:
        each = study.proposed.runs[0].budget.batch_size is None
        return Finding(
            code=CODE,
            name=NAME,
            verdict="clear",
            message=f"Batch is {batch.proposed.value:,.0f} in both arms, on equally many devices "
            f"({batch.known_as} for every run)."
            if each
            else f"Global batch is {batch.proposed.value:,.0f} in the proposed arm and "
            f"{batch.baseline.value:,.0f} in the baseline ({batch.known_as} for every run).",
            numbers=numbers,
            evidence=batch.sources,
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline",
        message=f"The proposed batch is smaller ({batch.proposed.value:,.0f} against "
        f"{batch.baseline.value:,.0f}); that does not add to the gain.",
        numbers=numbers,
        evidence=batch.sources,
    )


def _broken_off(study: Study, short: BrokenOff) -> Finding:
    """Return what stays open where a run's own record ends before the steps that are known of it."""
    return replace(
        _unknown(study),
        message=f"The planned steps are not what was done, or may not be: {short.words}.",
        evidence=(short.source,),
        needs=(f"the steps that {short.run} took",),
    )


def _same_samples(samples: Comparison | None) -> bool:
    """Tell whether drawn samples were measured as equal, which overrules configured batches."""
    return samples is not None and samples.equal and samples.complete


def _flagged(
    study: Study, batch: Comparison, steps: Comparison, samples: Comparison | None
) -> Finding:
    ratio = batch.ratio * steps.ratio if samples is None else samples.ratio
    drawn = (
        (batch.baseline.value * steps.baseline.value, batch.proposed.value * steps.proposed.value)
        if samples is None
        else (samples.baseline.value, samples.proposed.value)
    )
    same = (
        f"in the same {steps.baseline.value:,.0f} steps"
        if near(steps.ratio, 1)
        else f"in {steps.proposed.value:,.0f} steps against {steps.baseline.value:,.0f}"
    )
    contradicted = "".join(
        f" ({weak.source} says {weak.value:,.0f}.)" for _, weak in batch.proposed.disagreeing[:1]
    )
    stated = disclosure(study, {"batch_size": batch.proposed.value})
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="contradicted" if contradicted else stated,
        favours="proposed",
        message=f"Proposed drew {ratio:.1f}x the samples ({drawn[1]:,.0f} against {drawn[0]:,.0f}) {same}: "
        f"batch {batch.proposed.value:,.0f} against {batch.baseline.value:,.0f}.{contradicted}",
        numbers={
            "batch_size_baseline": batch.baseline.value,
            "batch_size_proposed": batch.proposed.value,
            "steps_baseline": steps.baseline.value,
            "steps_proposed": steps.proposed.value,
            "samples_seen_baseline": drawn[0],
            "samples_seen_proposed": drawn[1],
            "samples_ratio": ratio,
        },
        evidence=sources_of(batch.sources, steps.sources),
        readings=READINGS,
        remedy=f"re-run the proposed arm at {drawn[0]:,.0f} samples, or the baseline at {drawn[1]:,.0f}",
        settle="netgain attribute plan.toml",
    )


def _takes_more(batch: Comparison, epochs: Comparison) -> bool:
    """Tell whether the epochs of the larger batch outnumber it, so that one data set gives no fewer steps."""
    return epochs.complete and batch.complete and epochs.ratio / batch.ratio > 0.95


def _data_differ(study: Study) -> bool:
    """Tell whether the runs name different data sets, or training sets whose size one arm alone states."""
    runs = [*study.baseline.runs, *study.proposed.runs]
    names = {str(run.config["dataset"].value) for run in runs if "dataset" in run.config}
    return len(names) > 1 or any(run.budget.n_train is not None for run in runs)


def _flagged_by_epochs(study: Study, batch: Comparison, epochs: Comparison) -> Finding:
    """Flag a larger batch at no fewer steps, where epochs of one data set say how many there are."""
    ratio = epochs.ratio / batch.ratio
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"batch_size": batch.proposed.value}),
        favours="proposed",
        message=f"Proposed uses batch {batch.proposed.value:,.0f} against {batch.baseline.value:,.0f} in "
        f"{epochs.proposed.value:,.0f} epochs against {epochs.baseline.value:,.0f} ({epochs.known_as}): "
        f"of one data set, {epochs.ratio:.1f}x the samples in {ratio:.1f}x the steps.",
        numbers={
            "batch_size_baseline": batch.baseline.value,
            "batch_size_proposed": batch.proposed.value,
            "epochs_baseline": epochs.baseline.value,
            "epochs_proposed": epochs.proposed.value,
            "samples_ratio": epochs.ratio,
            "steps_ratio": ratio,
        },
        evidence=sources_of(batch.sources, epochs.sources),
        readings=READINGS,
        remedy=f"re-run the baseline for {epochs.proposed.value:,.0f} epochs, or the proposed arm for "
        f"{epochs.baseline.value:,.0f}",
        settle="netgain attribute plan.toml",
    )


def _larger_batch_compensated(
    study: Study, batch: Comparison, steps: Comparison | None, samples: Comparison | None
) -> Finding:
    """Judge a larger batch whose steps are fewer or whose samples are known by another road."""
    epochs = compare(study, lambda run: run.budget.epochs)
    by_epochs = samples is None and epochs is not None and epochs.equal and _same_data(study)
    if by_epochs and epochs is not None and epochs.complete and batch.complete:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="clear",
            message=f"Batch {batch.proposed.value:,.0f} against {batch.baseline.value:,.0f} comes with the "
            f"same {epochs.proposed.value:,.1f} epochs of the same data, so the same samples in fewer steps.",
            numbers={
                "batch_size_baseline": batch.baseline.value,
                "batch_size_proposed": batch.proposed.value,
                "epochs": epochs.proposed.value,
            },
            evidence=sources_of(batch.sources, epochs.sources),
        )
    if not batch.complete or samples is None or not samples.complete:
        return _unknown(study)
    if steps is None and not samples.equal:
        return _unknown(study)
    if steps is not None and not steps.complete:
        return _unknown(study)
    what = "equal" if samples.equal else "judged by NG102, since the step counts differ"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"Batch {batch.proposed.value:,.0f} against {batch.baseline.value:,.0f} comes with "
        f"{samples.proposed.value:,.0f} against {samples.baseline.value:,.0f} samples drawn: {what}.",
        numbers={
            "batch_size_baseline": batch.baseline.value,
            "batch_size_proposed": batch.proposed.value,
            "samples_seen_baseline": samples.baseline.value,
            "samples_seen_proposed": samples.proposed.value,
        },
        evidence=sources_of(batch.sources, samples.sources),
    )


def _same_data(study: Study) -> bool:
    """Tell whether every run of both arms names the same data set."""
    runs = [*study.baseline.runs, *study.proposed.runs]
    names = {str(run.config["dataset"].value) if "dataset" in run.config else None for run in runs}
    return len(names) == 1 and None not in names


def _unknown(study: Study) -> Finding:
    def batch(run: Run) -> object:
        return run.budget.batch_size

    def steps(run: Run) -> object:
        return run.budget.steps

    needs = dict.fromkeys(
        lacking(study, batch, "global batch size (per device x devices x accumulation)")
        + lacking(study, steps, "optimizer steps")
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Batch size and steps are not known for every run of both arms.",
        needs=tuple(needs) or ("one batch size and step count for all runs of an arm",),
        remedy="record the runs with netgain.record, or publish their configs",
    )


def stage(plan: Plan) -> Plan:
    """Give the proposed arm four times the batch at the baseline's number of steps."""
    baseline = plan.baseline
    steps = baseline.steps or round(
        baseline.epochs * -(-baseline.n_train // baseline.batch_size) * baseline.repeats
    )
    return plan.edit("proposed", batch_size=baseline.batch_size * 4, steps=steps)


def decoy(plan: Plan) -> Plan:
    """Give the proposed arm twice the batch and half the steps: equal samples."""
    return plan.edit("proposed", batch_size=plan.baseline.batch_size * 2)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.batch_size", "proposed.steps"),
)
