"""The proposed arm trains longer than the baseline.

## What it does
The proposed arm runs for more epochs or more steps, says nothing of it, says it in another unit than the
baseline (epochs here, iterations there), or continues from a checkpoint whose steps are not counted.

## Why it inflates
Training length alone moves accuracy by points: one ResNet-50 recipe family spans 78.1 to 80.4 with
length (Wightman et al. 2021).

## What is looked at
Epochs and samples drawn of every run, counted, logged or configured, and the lengths that README or
paper state, converted to samples with batch size and training-set size. Flagged when the proposed length
is more than 5 % above the baseline's, or when a stated length contradicts the logged one by more than
5 %. What a text says of a baseline contradicts nothing where the proposed run alone bears that name and is as
long as said.

## When it stays clear
Different units that convert to the same length. A longer baseline is reported, not flagged. A larger batch
at equal steps is judged by NG101, several passes over each drawn batch by NG103; where the proposed code
alone makes several, or is missing beside the baseline's, equal epochs are no equal training and the verdict
is `unknown`. Two runs of one limit that the same early stop ended at different epochs: each trained until it
no longer improved. A difference that the
paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
Equal epochs over training data that the arms name differently, of unknown size, are `unknown`. Steps of a
parent run are unknown where a run was resumed: the verdict is then `unknown`, never `clear`. So it is where
only the planned length is known and a run's own curves end before it, or one log of two holds fewer rows.

## Remedy
Re-run the shorter arm at the longer length with its schedule stretched to fit, or the longer arm at the
shorter length.

## Example
```
NG102 unequal-training-length  flagged (indicated)
Proposed trained 2.0x as long: 60.0 against 30.0 epochs.
```

## References
Wightman, Touvron, Jegou 2021, ResNet strikes back. Hägele et al. 2024, Scaling laws and compute-optimal
training beyond fixed training durations.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath

from netgain.analysis.training_loops import epoch_loops, loops_left_by_epoch
from netgain.analysis.warm_starts import stored_weights
from netgain.finding import Disclosure, Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._broken_off import broken_off
from netgain.practices._compare import (
    Comparison,
    batch_of_both,
    compare,
    disclosure,
    epochs_are_alike,
    lacking,
    near,
    number,
    sources_of,
    statements,
)
from netgain.practices._early_stops import stopping_rule, was_ended_by
from netgain.practices._isolation import with_isolation
from netgain.practices._repeats import possible_repeats
from netgain.practices._training_data import other_training_data
from netgain.study import Arm, Run, Source, Statement, Study

CODE, NAME = "NG102", "unequal-training-length"
BASELINE = re.compile(r"(?:^|[\W_])base_?line(?:[\W_]|$)", re.IGNORECASE)
LONGEST_NAME = 80
"""Characters of a setting that may name a run."""
SEVERAL = 2
"""Loops over epochs from which on one length does not tell the whole."""
FACTOR = ("epochs", "max_steps", "steps", "max_epochs")
"""Settings that make up the factor, for runs that isolate it."""
READINGS = Readings(
    innocent="the proposed method converges more slowly and was trained until it stopped improving",
    inflating="the baseline would also have gained from the longer training",
)


def check(study: Study) -> Finding:
    """Compare training length of the two arms, and stated with logged length.

    A disclosed difference that a run of its own isolates is clear.
    """
    found = _judge_length(study)
    if found.disclosure != "contradicted" and found.verdict != "unknown":
        found = _broken_off(study) or found
    if found.verdict == "clear":
        found = _warm_start(study) or _several_loops(study) or _left_by_epoch(study) or found
    if found.verdict == "clear":
        found = _other_data(study) or found
    return with_isolation(study, found, FACTOR)


def _broken_off(study: Study) -> Finding | None:
    """Return what stays open where a run's own record ends before the length that is known of it."""
    short = broken_off(study)
    if short is None:
        return None
    return replace(
        _unknown(study),
        message=f"The planned length is not what was done, or may not be: {short.words}.",
        evidence=(short.source,),
        needs=(f"the step or epoch at which the training of {short.run} ended",),
    )


def _warm_start(study: Study) -> Finding | None:
    """Return what stays open where the proposed arm's code loads weights that the baseline's does not."""
    first, second = (
        stored_weights(arm.code) if arm.code is not None else {}
        for arm in (study.baseline, study.proposed)
    )
    only = tuple(source for text, source in second.items() if text not in first)
    if not only:
        return None
    return replace(
        _unknown(study),
        message="The proposed arm's code loads stored weights where the baseline's does not; if it trains on "
        "from them, how long they were trained adds to its length.",
        evidence=only[:4],
        needs=(
            f"whether the training starts from what is loaded at {only[0]}, and how long that was trained",
        ),
    )


def _several_loops(study: Study) -> Finding | None:
    """Return what stays open where the proposed arm's code trains in more loops over epochs in a row."""
    first, second = (
        epoch_loops(arm.code) if arm.code is not None else ()
        for arm in (study.baseline, study.proposed)
    )
    lengths = [run.budget.epochs for run in study.proposed.runs]
    measured = lengths and all(one and one.strength in ("logged", "measured") for one in lengths)
    if measured or len(second) < SEVERAL or len(second) <= len(first):
        return None
    return replace(
        _unknown(study),
        message=f"The proposed arm's code trains in {len(second)} loops over epochs in a row, the baseline's "
        f"in {len(first)}: the length of one of them is not that of the training.",
        evidence=second[:4],
        needs=("the epochs of each loop of the proposed arm, or a log of its whole training",),
    )


def _left_by_epoch(study: Study) -> Finding | None:
    """Return what stays open where an arm's code leaves its loop over epochs at an epoch of its own."""
    places = [
        source
        for arm in (study.baseline, study.proposed)
        if arm.code is not None
        and not all(
            run.budget.epochs is not None and run.budget.epochs.strength in ("logged", "measured")
            for run in arm.runs
        )
        for source in loops_left_by_epoch(arm.code)
    ]
    if not places:
        return None
    return replace(
        _unknown(study),
        message=f"The code leaves its loop over epochs at an epoch ({places[0]}): the planned length is not "
        "what was done, or may not be.",
        evidence=tuple(places[:4]),
        needs=("the epoch at which the training of each arm ended",),
    )


def _other_data(study: Study) -> Finding | None:
    """Return what stays open where the arms name other training data and nobody says how much it is."""
    data = other_training_data(study)
    if data is None:
        return None
    return replace(
        _unknown(study),
        message=f"The arms may train on different data ({data.words}): equal epochs over sets of other "
        "sizes are no equal training.",
        evidence=data.sources,
        needs=(f"the number of training samples of both arms: {data.words}",),
    )


def _judge_length(study: Study) -> Finding:
    contradiction = _contradiction(study)
    if contradiction is not None:
        return contradiction
    epochs = compare(study, lambda run: run.budget.epochs)
    samples = compare(study, lambda run: run.budget.samples_seen)
    steps = compare(study, lambda run: run.budget.steps)
    batch = batch_of_both(study)
    length, unit = _length(epochs, samples, steps, batch)
    if unit == "epochs" and not epochs_are_alike(study):
        # An epoch of one arm is longer than one of the other, or may be.
        length, unit = samples, "samples"
    if length is None:
        return _unknown(study)
    by_batch = steps is not None and batch is not None and near(steps.ratio, 1) and not batch.equal
    if length.ratio > 1 and not length.equal:
        if not by_batch:
            return _stopped_alike(study, length, unit) or _flagged(study, length, unit)
        if steps is not None and steps.complete and batch is not None and batch.complete:
            return _clear(
                length,
                unit,
                f"Both arms took {steps.baseline.value:,.0f} steps; the difference in samples comes from "
                "the batch and is judged by NG101.",
                sources_of(steps.sources, batch.sources),
            )
        return _unknown(study)
    resumed = [
        run
        for arm in (study.baseline, study.proposed)
        for run in arm.runs
        if run.budget.resumed_from
    ]
    if not length.complete or resumed:
        return _unknown(study, resumed)
    open_updates = _open_updates(study, length, unit)
    if open_updates is not None:
        return open_updates
    if length.equal:
        return _clear(
            length,
            unit,
            f"Both arms trained for {length.proposed.value:,.1f} {unit} ({length.known_as} for every run).",
            length.sources,
        )
    return _clear(
        length,
        unit,
        f"The baseline trained longer: {length.baseline.value:,.1f} against "
        f"{length.proposed.value:,.1f} {unit}; that does not add to the gain.",
        length.sources,
        favours_baseline=True,
    )


def _length(
    epochs: Comparison | None,
    samples: Comparison | None,
    steps: Comparison | None,
    batch: Comparison | None,
) -> tuple[Comparison | None, str]:
    """Choose the quantity that says how long an arm trained, and its unit.

    Counted samples first; then epochs the loop itself reports; then samples by multiplication; then
    configured epochs; bare steps only at equal batch.
    """
    if samples is not None and _strengths(samples) <= {"measured"}:
        return samples, "samples"
    if epochs is not None and _strengths(epochs) <= {"measured", "logged"}:
        return epochs, "epochs"
    if samples is not None and not (epochs is not None and samples.equal):
        return samples, "samples"
    if epochs is not None:
        return epochs, "epochs"
    if steps is not None and batch is not None and batch.equal and batch.complete:
        return steps, "steps"
    return None, ""


def _strengths(comparison: Comparison) -> set[str]:
    return {c.strength for c in (*comparison.baseline.values, *comparison.proposed.values)}


def _contradiction(study: Study) -> Finding | None:
    """Set stated lengths against logged ones, and two stated lengths against each other."""
    for side, arm in (("proposed", study.proposed), ("baseline", study.baseline)):
        for statement in _length_statements(study, side):
            seen = _observed(arm, statement.quantity)
            if seen is None or not isinstance(statement.value, (int, float)):
                continue
            value, source = seen
            if near(value, float(statement.value)) or _tells_the_other(study, statement):
                continue
            favours = (value > statement.value) == (side == "proposed")
            return Finding(
                code=CODE,
                name=NAME,
                verdict="flagged",
                grade="proved",
                disclosure="contradicted",
                favours="proposed" if favours else "baseline",
                message=f"The text states {float(statement.value):,.0f} {statement.quantity} for the "
                f"{side} arm; its record shows {value:,.0f}.",
                numbers={
                    f"{statement.quantity}_stated_{side}": float(statement.value),
                    f"{statement.quantity}_observed_{side}": value,
                },
                evidence=(statement.source, source),
                readings=Readings(
                    innocent="the text describes an earlier configuration",
                    inflating="the arm was trained for another length than the comparison says",
                ),
                remedy="state the logged length, and re-run the other arm at it",
                settle="netgain attribute plan.toml",
            )
    return None


def _tells_the_other(study: Study, statement: Statement) -> bool:
    """Tell whether a length stated of a baseline is that of the proposed arm, which calls itself so.

    What a repository calls its baseline may be the better arm of another comparison.
    """
    if statement.arm != "baseline" or not isinstance(statement.value, (int, float)):
        return False
    seen = _observed(study.proposed, statement.quantity)
    if seen is None or not near(seen[0], float(statement.value)):
        return False
    return _is_named_baseline(study.proposed) and not _is_named_baseline(study.baseline)


def _is_named_baseline(arm: Arm) -> bool:
    """Tell whether every run of an arm has a name or short setting that says `baseline`."""

    def names(run: Run) -> list[str]:
        settings = (*run.config.values(), *run.other_config.values())
        texts = [str(cited.value) for cited in settings if isinstance(cited.value, str)]
        return [run.id, run.group, *(text for text in texts if len(text) < LONGEST_NAME)]

    def says_so(run: Run) -> bool:
        parts = (PurePath(text).name for text in names(run))
        return any(BASELINE.search(part) for part in parts)

    return bool(arm.runs) and all(map(says_so, arm.runs))


def _length_statements(study: Study, side: str) -> tuple[Statement, ...]:
    return tuple(s for s in statements(study, "epochs", "steps") if s.arm == side)


def _observed(arm: Arm, name: str) -> tuple[float, Source] | None:
    """Return the length all runs of an arm agree on, where the runs themselves logged it."""
    readings = [getattr(run.budget, name) for run in arm.runs]
    known = [r for r in readings if r is not None and r.strength in ("measured", "logged")]
    if not known or len(known) < len(readings):
        return None
    if not all(near(r.value, known[0].value) for r in known):
        return None
    return known[0].value, known[0].source


def _stated(study: Study, observed: dict[str, float]) -> Disclosure:
    return disclosure(study, observed)


def _flagged(study: Study, length: Comparison, unit: str) -> Finding:
    key = unit if unit in ("epochs", "steps") else "epochs"
    observed = {key: length.proposed.value if key == unit else float("nan")}
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=_stated(study, observed),
        favours="proposed",
        message=f"Proposed trained {length.ratio:.1f}x as long: {length.proposed.value:,.1f} against "
        f"{length.baseline.value:,.1f} {unit}.",
        numbers={
            f"{unit}_baseline": length.baseline.value,
            f"{unit}_proposed": length.proposed.value,
            f"{unit}_ratio": length.ratio,
        },
        evidence=length.sources,
        readings=READINGS,
        remedy=f"re-run the baseline at {length.proposed.value:,.1f} {unit}, schedule stretched to fit",
        settle="netgain attribute plan.toml",
    )


def _clear(
    length: Comparison,
    unit: str,
    message: str,
    evidence: tuple[Source, ...],
    *,
    favours_baseline: bool = False,
) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if favours_baseline else "neither",
        message=message,
        numbers={
            f"{unit}_baseline": length.baseline.value,
            f"{unit}_proposed": length.proposed.value,
        },
        evidence=evidence,
    )


def _unknown(study: Study, resumed: list[Run] | None = None) -> Finding:
    def known(run: Run) -> object:
        return run.budget.epochs or run.budget.samples_seen

    parents = tuple(
        f"steps of {run.budget.resumed_from.value}, which {run.id} continued from"
        for run in resumed or ()
        if run.budget.resumed_from
    )
    needs = parents + lacking(study, known, "epochs, or steps with global batch size,")
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The training length is not known for every run of both arms.",
        needs=needs or ("one training length for all runs of an arm, in epochs or samples",),
        remedy="record the runs with netgain.record, or publish configs and logs",
    )


def _stopped_alike(study: Study, length: Comparison, unit: str) -> Finding | None:
    """Clear two trainings of one limit that the same rule ended early, each when it no longer improved."""
    if unit != "epochs" or _strengths(length) - {"logged", "measured"} or not length.complete:
        return None
    limits = compare(study, lambda run: number(run, "epochs"))
    first, second = stopping_rule(study.baseline), stopping_rule(study.proposed)
    if limits is None or first is None or second is None or first[:2] != second[:2]:
        return None
    limit = limits.proposed.value
    same = limits.complete and limits.proposed.value == limits.baseline.value
    if not same or length.proposed.value > limit:
        return None
    if not all(
        was_ended_by(run, first[0], limit)
        for a in (study.baseline, study.proposed)
        for run in a.runs
    ):
        return None
    return _clear(
        length,
        unit,
        f"Both arms end after {first[0]:,.0f} epochs without improvement, at the latest after {limit:,.0f}: "
        f"proposed ran {length.proposed.value:,.0f}, the baseline {length.baseline.value:,.0f}.",
        sources_of(length.sources, first[2], second[2]),
    )


def _open_updates(study: Study, length: Comparison, unit: str) -> Finding | None:
    """Say that equal lengths are no equal training where the proposed code may repeat each batch."""
    passes = compare(study, lambda run: run.budget.passes_per_sample)
    if _strengths(length) == {"measured"} or (passes and passes.complete and passes.equal):
        return None
    repeats = possible_repeats(study)
    if repeats:
        why = (
            f"the proposed code uses each sample several times ({repeats[0].what}, {repeats[0].source}), "
            f"which {unit} do not count, and nothing shows that the baseline does the same."
        )
        needs = "the number of optimizer updates of every run, as the loop counted them"
    elif study.proposed.code is None and study.baseline.code is not None:
        why = f"how often its loop uses each sample, which {unit} do not count, is not among the files."
        needs = "training code of the proposed arm, as it is given for the baseline"
    else:
        return None
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"Proposed trained for {length.proposed.value:,.1f} {unit}, the baseline for "
        f"{length.baseline.value:,.1f}; {why}",
        numbers={
            f"{unit}_baseline": length.baseline.value,
            f"{unit}_proposed": length.proposed.value,
        },
        evidence=sources_of(length.sources, [repeat.source for repeat in repeats[:1]]),
        needs=(needs,),
        remedy="record the runs with netgain.record, or log the updates; NG103 judges the repeats",
    )


def stage(plan: Plan) -> Plan:
    """Train the proposed arm for twice the epochs, steps included where they end the training."""
    steps = plan.proposed.steps
    return plan.edit(
        "proposed", epochs=plan.baseline.epochs * 2, steps=None if steps is None else steps * 2
    )


def decoy(plan: Plan) -> Plan:
    """State the proposed arm's length in steps that equal the baseline's epochs."""
    baseline = plan.baseline
    steps = round(baseline.epochs * -(-baseline.n_train // baseline.batch_size) * baseline.repeats)
    return plan.edit("proposed", steps=steps)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.epochs", "proposed.steps"),
)
