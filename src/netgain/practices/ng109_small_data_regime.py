"""The gain lives only where data is scarce.

## What it does
Both arms train on a small part of a data set that is public and large; what helps there, above all whatever
regularises, need not help on the whole.

## Why it inflates
Of eight methods made for little data, a plain cross-entropy with tuned learning rate, weight decay and batch
size beats all but one over six data sets (Brigato et al. 2021).

## What is looked at
Training samples of every run against the known size of the data set, and the gain at several sizes where
both arms ran at three or more. Flagged when the runs use less than a tenth of the data, or when the gain
falls with data: the 95 % interval of its slope over the logarithm of the size lies below 0.

## When it stays clear
Three quarters of the data or more; benchmarks whose protocol fixes the few samples (shots, a subset named by
the data set itself). Between a tenth and three quarters the verdict is `unknown`.

## What is not seen
Whether a gain holds where one arm trains on less than the other: that is `unknown`. Data sets that are not in
the catalogue. Small data that is all there is: nothing is left out there.

## Remedy
Both arms at three sizes or more up to the whole, and the gain on the whole.

## Example
```
NG109 small-data-regime  flagged (indicated)
Both arms train on 256 of 4,000 samples (6.4%) of mnist1d; no run shows the gain on more.
```

## References
Brigato et al. 2021, Tune it or don't use it: benchmarking data-efficient image classification.
"""

from __future__ import annotations

import re

from netgain.analysis.data_ladder import Ladder, gain_ladder
from netgain.catalogue import known_train_size
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import Comparison, compare, disclosure, lacking, sources_of
from netgain.study import Arm, Cited, Run, Source, Study

CODE, NAME = "NG109", "small-data-regime"
SMALL, WHOLE = 0.10, 0.75
"""Shares of a data set below which its use is far from the whole, and from which it counts as the whole."""
PROTOCOL = re.compile(
    r"few|shot|low[-_ ]?(data|resource)|semi|label(s|ed)|\d\s*%|1percent", re.IGNORECASE
)
"""Words of a data set's name that say its protocol fixes a subset."""
READINGS = Readings(
    innocent="the subset keeps the experiments affordable, or scarce data is the setting of interest",
    inflating="a gain of regularisation under scarce data is claimed as one of the method",
)


def check(study: Study) -> Finding:
    """Set the training samples against the data set's size, and the gain against the samples."""
    used = compare(study, lambda run: run.budget.n_train)
    name = _dataset(study)
    known = known_train_size(name)
    ladder = _ladder(study)
    if ladder is not None and ladder.slope_high < 0 and len(ladder.sizes) > 2:
        return _falling(study, ladder, known, name)
    if used is None or known is None or name is None:
        return _unknown(study, used, name)
    least, share = (
        choose(used.baseline.value, used.proposed.value) / known for choose in (min, max)
    )
    if _protocol(study, name) and used.complete and used.equal:
        return _clear(used, known, f"The protocol of {name} fixes the subset.")
    if share < SMALL:
        return _small(study, used, known, name, share)
    if least >= WHOLE and used.complete:
        part = f"{share:.0%}" if share < 1 else "the whole"
        return _clear(used, known, f"Both arms train on {part} of {name}.")
    return _unknown(study, used, name, least)


def _dataset(study: Study) -> str | None:
    """Return the data set's name: the claim's, else the one all runs state."""
    if study.claim.dataset:
        return study.claim.dataset.split("/")[0]
    runs = [*study.baseline.runs, *study.proposed.runs]
    named = {str(run.config["dataset"].value) if "dataset" in run.config else None for run in runs}
    return named.pop() if len(named) == 1 else None


def _protocol(study: Study, name: str) -> bool:
    """Tell whether few samples are the task itself."""
    runs = [*study.baseline.runs, *study.proposed.runs]
    shots = [run.config.get("shots") for run in runs]
    asked = bool(shots) and all(_positive(cited) for cited in shots)
    return asked or bool(PROTOCOL.search(study.claim.dataset or name))


def _positive(cited: Cited[int | float | str | bool | None] | None) -> bool:
    return cited is not None and isinstance(cited.value, int) and cited.value > 0


def _ladder(study: Study) -> Ladder | None:
    return gain_ladder(
        _points(study.baseline),
        _points(study.proposed),
        higher_is_better=study.claim.higher_is_better,
    )


def _points(arm: Arm) -> list[tuple[float, float]]:
    return [
        pair
        for sweep in arm.trials
        if sweep.parameter == "n_train"
        for pair in zip(sweep.values, sweep.scores, strict=True)
    ]


def _ladder_sources(study: Study) -> tuple[Source, ...]:
    return tuple(
        sweep.source
        for arm in (study.proposed, study.baseline)
        for sweep in arm.trials
        if sweep.parameter == "n_train"
    )


def _falling(study: Study, ladder: Ladder, known: int | None, name: str | None) -> Finding:
    numbers = {
        "slope_per_tenfold": ladder.slope,
        "slope_low": ladder.slope_low,
        "slope_high": ladder.slope_high,
        "sizes": float(len(ladder.sizes)),
        "largest_size": ladder.sizes[-1],
        "gain_at_largest_size": ladder.gains[-1],
    }
    beyond = ""
    if known is not None and known > ladder.sizes[-1]:
        numbers["gain_on_the_whole_by_the_line"] = ladder.at(known)
        beyond = f" The line gives {ladder.at(known):+.2f} on the {known:,} samples of {name}."
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured",
        disclosure=disclosure(study, {"n_train": float("nan")}),
        favours="proposed",
        message=f"The gain falls with data: {ladder.gains[0]:+.2f} at {ladder.sizes[0]:,.0f} samples, "
        f"{ladder.gains[-1]:+.2f} at {ladder.sizes[-1]:,.0f}; {ladder.slope:+.2f} for each tenfold (95 % "
        f"interval {ladder.slope_low:+.2f} to {ladder.slope_high:+.2f}, {len(ladder.sizes)} sizes).{beyond}",
        numbers=numbers,
        evidence=_ladder_sources(study),
        readings=READINGS,
        remedy="the gain on the whole data set",
        settle="netgain attribute plan.toml",
    )


def _small(study: Study, used: Comparison, known: int, name: str, share: float) -> Finding:
    counts = {used.baseline.value, used.proposed.value}
    samples = " and ".join(f"{n:,.0f}" for n in sorted(counts))
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"n_train": used.proposed.value}),
        favours="proposed",
        message=f"Both arms train on {samples} of {known:,} samples ({share:.1%}) of {name}; no run shows "
        "the gain on more.",
        numbers={
            "n_train_baseline": used.baseline.value,
            "n_train_proposed": used.proposed.value,
            "n_train_known": float(known),
            "share": share,
        },
        evidence=used.sources,
        readings=READINGS,
        remedy=f"both arms at three sizes up to {known:,} samples",
        settle="netgain attribute plan.toml",
    )


def _clear(used: Comparison, known: int, message: str) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"{message} They hold {used.proposed.value:,.0f} and {used.baseline.value:,.0f} training "
        f"samples (read for every run) of {known:,} known.",
        numbers={
            "n_train_baseline": used.baseline.value,
            "n_train_proposed": used.proposed.value,
            "n_train_known": float(known),
        },
        evidence=sources_of(used.sources),
    )


def _larger(used: Comparison) -> float:
    return max(used.baseline.value, used.proposed.value)


def _smaller(used: Comparison) -> float:
    return min(used.baseline.value, used.proposed.value)


def _unknown(
    study: Study, used: Comparison | None, name: str | None, share: float | None = None
) -> Finding:
    def samples(run: Run) -> object:
        return run.budget.n_train

    needs = list(lacking(study, samples, "number of training samples"))
    if name is None:
        needs.append("the name of the data set")
    elif share is None:
        needs.append(f"the full training size of {name}, and the gain at two further sizes")
    else:
        needs.append(f"both arms on the whole of {name}, or at two further sizes")
    part = f"The runs use {share:.0%} of {name}" if share is not None and used else ""
    if part and used is not None and not used.equal:
        part = f"An arm uses {share:.0%} of {name} and the other {_larger(used) / _smaller(used):.1f}x that"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"{part}; whether the gain holds on the whole is open."
        if part
        else "How much of the data set the runs use is not known.",
        needs=tuple(dict.fromkeys(needs)),
        remedy="both arms at three training sizes or more",
    )


def stage(plan: Plan) -> Plan:
    """Train both arms on a sixteenth of the recipe's samples."""
    few = plan.recipe.n_train // 16
    return plan.edit("baseline", n_train=few).edit("proposed", n_train=few)


def decoy(plan: Plan) -> Plan:
    """Train both arms on nine tenths of the recipe's samples."""
    most = plan.recipe.n_train * 9 // 10
    return plan.edit("baseline", n_train=most).edit("proposed", n_train=most)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("baseline.n_train", "proposed.n_train"),
)
