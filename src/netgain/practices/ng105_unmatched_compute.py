"""The proposed arm spends more training compute.

## What it does
The proposed arm costs more to train than the baseline, by width, depth, length or device time, and no
baseline of equal cost is among the runs.

## Why it inflates
Much of what separates published methods is budget and tuning: given the same search budget, most of the
compared generative models reach the same scores (Lucic et al. 2018).

## What is looked at
Floating-point operations of the whole training in every run, counted or stated; else device time (wall-clock
seconds times devices, on one named device); else, at equal settings for the resolution and known samples, the
sizes of the weights in both checkpoints layer by layer; else the samples seen (epochs over one data set),
where the proposed model has as many parameters, or is the same by its code or no smaller by its settings
(`resnet101` is no smaller than `resnet50`); else the published operations of two named networks times the
samples; else the operations of the networks that both codes make, followed statement by statement without
running any, at the input size, of many tried, at which they differ least, times the samples; else the logged
time on devices that nobody names, where it grows as the epochs do.
Flagged when the proposed arm spends more than 1.2 times as much. Sweeps of the baseline's width, depth or
length are searched for a baseline of equal cost, and where there is one the gain over it decides.

## When it stays clear
Costs within 20 %, in every run; a proposed arm that is cheaper; a gain that holds over a baseline of equal
cost.

## What is not seen
Operations outside matrix products and convolutions, and those of the optimizer. Device time is taken as
evidence only where every proposed run is slower than every baseline run.

## Remedy
The baseline scaled to the same cost by width, depth or length, whichever serves it best.

## Example
```
NG105 unmatched-compute  flagged (measured)
Proposed spent 3.8x the training operations (1.58e+10 against 4.12e+09 FLOPs); no baseline of equal cost is
among the runs.
```

## References
Lucic et al. 2018, Are GANs created equal? Dodge et al. 2019, Show your work.
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import (
    Comparison,
    compare,
    disclosure,
    epochs_are_alike,
    lacking,
    near,
    sources_of,
)
from netgain.practices._cost import (
    differs_in_resolution,
    layer_ratios,
    parameters,
    parting_strides,
    same_input,
)
from netgain.practices._counted_networks import counted_networks
from netgain.practices._matched_cost import FACTOR, matched
from netgain.practices._network_sizes import (
    freezes_more,
    no_smaller_by_settings,
    published_operations,
    same_library_networks,
    same_networks,
)
from netgain.study import Cited, Run, Source, Study, Tensor

CODE, NAME = "NG105", "unmatched-compute"
SAME_SIZE = 0.01
"""Share by which two counts of one model's parameters may differ."""
MUCH_LONGER = 1.5
"""Ratio of samples from which on a larger model counts as dearer though its operations are not known."""
EPOCH_ALIKE = 0.15
"""Share by which the time of an epoch may differ where nobody names the devices."""
UNNAMED_DEVICES = frozenset(
    {"cuda", "gpu", "cpu", "mps", "tpu", "xla", "auto", "0", "cuda:0", "true"}
)
"""Device names that do not say which device."""
READINGS = Readings(
    innocent="the method needs the computation, and the claim is about what it reaches, not at what price",
    inflating="the baseline would also have gained from that much computation",
)


def check(study: Study) -> Finding:
    """Compare what the two arms spent on training."""
    flops = compare(study, _train_flops)
    if flops is not None and _counted_alike(flops):
        return _judge(study, flops, "training operations", "FLOPs")
    time = _device_time(study)
    if time is not None:
        return _judge(study, time, "device time", "device-seconds")
    bounded = _by_layers(study) or _by_length(study) or _by_names(study) or _by_counts(study)
    return bounded or _by_time_and_length(study) or _unknown(study)


def _train_flops(run: Run) -> Cited[float] | None:
    return run.budget.train_flops


def _counted_alike(both: Comparison) -> bool:
    """Tell whether both arms' operations are counts, or neither's: conventions differ by factors."""
    arms = (both.baseline, both.proposed)
    return len({all(c.strength == "measured" for c in arm.values) for arm in arms}) == 1


def _device_time(study: Study) -> Comparison | None:
    """Compare wall-clock seconds times devices where every run names one and the same device."""
    devices = {_device(run) for arm in (study.baseline, study.proposed) for run in arm.runs}
    if len(devices) != 1 or None in devices:
        return None
    return compare(study, _device_seconds)


def _device(run: Run) -> str | None:
    cited = run.environment.get("device")
    if cited is None:
        return None
    names = [str(c.value).strip().lower() for c in (cited, *cited.disagreeing)]
    return next((name for name in names if name not in UNNAMED_DEVICES), None)


def _device_seconds(run: Run) -> Cited[float] | None:
    seconds = run.budget.wall_seconds
    count = run.environment.get("device_count") or run.config.get("devices")
    if seconds is None or count is None or not isinstance(count.value, (int, float)):
        return None
    return Cited(
        value=seconds.value * count.value, source=seconds.source, strength=seconds.strength
    )


def _judge(study: Study, spent: Comparison, what: str, unit: str) -> Finding:
    """Decide on one measure of cost."""
    numbers = {
        f"{unit}_baseline": spent.baseline.value,
        f"{unit}_proposed": spent.proposed.value,
        "cost_ratio": spent.ratio,
    }
    figures = f"{spent.proposed.value:.3g} against {spent.baseline.value:.3g} {unit}"
    if spent.ratio > FACTOR:
        lowest = min(c.value for c in spent.proposed.values)
        highest = max(c.value for c in spent.baseline.values)
        if unit == "device-seconds" and lowest <= highest:
            return _unknown(study)
        counted = all(c.strength == "measured" for c in spent.proposed.values)
        return _over(
            study,
            ratio=spent.ratio,
            words=f"Proposed spent {spent.ratio:.1f}x the {what} ({figures})",
            numbers=numbers,
            evidence=spent.sources,
            measured=counted and unit == "FLOPs",
        )
    if not (spent.baseline.complete and spent.proposed.complete):
        return _unknown(study)
    cheaper = spent.ratio < 1 / FACTOR
    words = "the proposed arm is cheaper" if cheaper else "within 20 %"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if cheaper else "neither",
        message=f"The arms spent {figures} of {what}, read for every run: {words}.",
        numbers=numbers,
        evidence=spent.sources,
    )


def _by_layers(study: Study) -> Finding | None:
    """Bound the ratio of costs from below by the weights of both checkpoints, layer by layer."""
    stored = [_tensors(study.baseline.runs), _tensors(study.proposed.runs)]
    samples = compare(study, lambda run: run.budget.samples_seen)
    ratios = layer_ratios(*stored)
    if not ratios or samples is None or not samples.complete:
        return None
    if same_input(study) is False or parting_strides(study) is not None:
        return None
    least = min(ratios) * samples.ratio
    if least <= FACTOR or max(ratios) == min(ratios) == 1.0:
        return None
    return _over(
        study,
        ratio=least,
        words=f"Every weight matrix of the proposed model is at least {min(ratios):.1f}x as large as the "
        f"baseline's, at {samples.ratio:.1f}x the samples: at the same resolution that is at least "
        f"{least:.1f}x the training operations",
        numbers={
            "least_layer_ratio": min(ratios),
            "samples_ratio": samples.ratio,
            "cost_ratio": least,
        },
        evidence=sources_of(_places(study), samples.sources),
        measured=False,
    )


def _by_length(study: Study) -> Finding | None:
    """Bound the ratio of costs from below by the samples seen, where the proposed model is no smaller."""
    found = _length(study)
    if found is None or found[0].ratio <= FACTOR:
        return None
    length, unit = found
    sizes = compare(study, parameters)
    if sizes is not None and sizes.complete and sizes.baseline.value > 0:
        least = MUCH_LONGER if sizes.ratio > 1 + SAME_SIZE else FACTOR
        if sizes.ratio < 1 - SAME_SIZE or length.ratio <= least:
            return None
        words = f"with {sizes.ratio:.2g}x the parameters"
        places = sizes.sources
    elif (same := same_networks(study)) is not None:
        words, places = "with the same network by its code", same
    elif (library := same_library_networks(study)) is not None and not freezes_more(study):
        words, places = f"with the same {library[2]} of a package by its code", library[:2]
    elif (named := no_smaller_by_settings(study)) is not None:
        words, places = "with a model that its settings make no smaller", named
    else:
        return None
    return _over(
        study,
        ratio=length.ratio,
        words=f"Proposed trained on {length.ratio:.1f}x the {unit} ({length.proposed.value:,.0f} against "
        f"{length.baseline.value:,.0f}) {words}: at the same resolution that is about "
        f"{length.ratio:.1f}x the training operations or more",
        numbers={f"{unit}_ratio": length.ratio, "cost_ratio": length.ratio},
        evidence=sources_of(length.sources, places),
        measured=False,
    )


def _by_names(study: Study) -> Finding | None:
    """Multiply the ratio of the published operations of two named networks by that of the samples seen."""
    found, named = _length(study), published_operations(study)
    if found is None or named is None or freezes_more(study):
        return None
    (length, unit), (first, second, ratio) = found, named
    if ratio < 1 or ratio * length.ratio <= FACTOR:
        return None
    return _over(
        study,
        ratio=ratio * length.ratio,
        words=f"Proposed trains {second.value}, whose published operations are {ratio:.1f}x those of "
        f"{first.value}, on {length.ratio:.1f}x the {unit}: at the same resolution that is about "
        f"{ratio * length.ratio:.1f}x the training operations",
        numbers={
            "published_operations_ratio": ratio,
            f"{unit}_ratio": length.ratio,
            "cost_ratio": ratio * length.ratio,
        },
        evidence=sources_of([second.source, first.source], length.sources),
        measured=False,
    )


def _by_counts(study: Study) -> Finding | None:
    """Multiply the ratio of operations, counted from both networks' code, by that of the samples seen."""
    found = _length(study)
    if found is None or freezes_more(study):
        return None
    length, unit = found
    counted = counted_networks(study)
    if counted is None or counted.ratio * length.ratio <= FACTOR:
        return None
    first, second = counted.operations
    least = "at least " if not counted.whole else ""
    return _over(
        study,
        ratio=counted.ratio * length.ratio,
        words=f"By its code the proposed network {counted.proposed.name} takes {least}{counted.ratio:.2g}x "
        f"the operations of the baseline's {counted.baseline.name} in a forward pass ({second:,.0f} against "
        f"{first:,.0f} multiply-accumulates of a sample of {_times(counted.shape)}, the input tried at which "
        f"they differ least), on {length.ratio:.2g}x the {unit}: that is {least or 'about '}"
        f"{counted.ratio * length.ratio:.2g}x the training operations",
        numbers={
            "multiply_accumulates_baseline": first,
            "multiply_accumulates_proposed": second,
            f"{unit}_ratio": length.ratio,
            "cost_ratio": counted.ratio * length.ratio,
        },
        evidence=sources_of([counted.proposed.source, counted.baseline.source], length.sources),
        measured=False,
    )


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _by_time_and_length(study: Study) -> Finding | None:
    """Take the time on devices that nobody names where an epoch takes as long in both arms.

    A slower device would have to make up for a smaller network to the same share.
    """
    time = compare(study, lambda run: run.budget.wall_seconds)
    length = compare(study, lambda run: run.budget.epochs)
    if time is None or length is None or not (time.complete and length.complete):
        return None
    logged = all(c.strength in ("measured", "logged") for c in time.proposed.values)
    logged = logged and all(c.strength in ("measured", "logged") for c in time.baseline.values)
    devices = [
        {
            str(run.environment["device"].value).lower()
            for run in arm.runs
            if "device" in run.environment
        }
        for arm in (study.baseline, study.proposed)
    ]
    if not logged or devices[0] != devices[1] or not epochs_are_alike(study):
        return None
    if min(time.ratio, length.ratio) <= FACTOR:
        return None
    if not near(time.ratio, length.ratio, EPOCH_ALIKE):
        return None
    return _over(
        study,
        ratio=time.ratio,
        words=f"Proposed trained for {time.ratio:.1f}x the time ({time.proposed.value:,.0f} against "
        f"{time.baseline.value:,.0f} s) and {length.ratio:.1f}x the epochs, each as long in both arms, on "
        "devices that are not named",
        numbers={
            "seconds_ratio": time.ratio,
            "epochs_ratio": length.ratio,
            "cost_ratio": time.ratio,
        },
        evidence=sources_of(time.sources, length.sources),
        measured=False,
    )


def _length(study: Study) -> tuple[Comparison, str] | None:
    """Compare the samples seen, else epochs over one data set, where every run says them and starts anew."""
    length, unit = compare(study, lambda run: run.budget.samples_seen), "samples"
    if length is None or not length.complete:
        length, unit = compare(study, lambda run: run.budget.epochs), "epochs"
        if length is None or not epochs_are_alike(study):
            return None
    warm = any(run.budget.resumed_from for run in study.baseline.runs)
    if not length.complete or warm or differs_in_resolution(study):
        return None
    return length, unit


def _tensors(runs: tuple[Run, ...]) -> tuple[Tensor, ...]:
    return next((run.model.tensors for run in runs if run.model and run.model.tensors), ())


def _places(study: Study) -> list[Source]:
    """Return the checkpoints, proposed first."""
    return [
        run.model.parameters.source
        for arm in (study.proposed, study.baseline)
        for run in arm.runs[:1]
        if run.model and run.model.parameters
    ]


def _over(
    study: Study,
    *,
    ratio: float,
    words: str,
    numbers: dict[str, float],
    evidence: tuple[Source, ...],
    measured: bool,
) -> Finding:
    """Report an arm that spends more, and the gain over a baseline of equal cost where there is one."""
    found = matched(study, ratio)
    sign = 1.0 if study.claim.higher_is_better else -1.0
    if found is not None:
        gain = sign * (found.proposed - found.score)
        numbers = {**numbers, "score_matched_baseline": found.score, "gain_at_equal_cost": gain}
        evidence = sources_of([found.source], evidence)
        words += (
            f"; the baseline at {found.parameter} {found.value:g} costs as much and scores "
            f"{found.score:.2f}, which leaves a gain of {gain:+.2f}"
        )
        if gain > 0:
            return Finding(
                code=CODE,
                name=NAME,
                verdict="clear",
                message=words + ".",
                numbers=numbers,
                evidence=evidence,
            )
    else:
        words += "; no baseline of equal cost is among the runs"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured" if measured else "indicated",
        disclosure=disclosure(study, {"train_flops": float("nan"), "wall_seconds": float("nan")}),
        favours="proposed",
        message=words + ".",
        numbers=numbers,
        evidence=evidence,
        readings=READINGS,
        remedy=f"the baseline at {ratio:.1f}x its cost by width, depth or length, the best of the three",
        settle="netgain attribute plan.toml",
    )


def _unknown(study: Study) -> Finding:
    needs = lacking(
        study,
        _train_flops,
        "training operations (a recording), or wall-clock time with the name and number of devices,",
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="What the training of both arms cost is not known for every run.",
        needs=needs or ("one cost of training for all runs of an arm",),
        remedy="record the runs with netgain.record, or publish device, device count and training time",
    )


def stage(plan: Plan) -> Plan:
    """Give the proposed arm twice the width."""
    return plan.edit("proposed", width=plan.baseline.width * 2)


def decoy(plan: Plan) -> Plan:
    """Give both arms twice the width."""
    width = plan.baseline.width * 2
    return plan.edit("proposed", width=width).edit("baseline", width=width)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.width",),
)
