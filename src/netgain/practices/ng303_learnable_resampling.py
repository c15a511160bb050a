"""Pooling or interpolation is replaced by learned layers in one arm only.

## What it does
Where the baseline pools or interpolates, the proposed model has strided or transposed convolutions, pixel
shuffle or attention pooling; no run separates the replacement from the idea.

## Why it inflates
The ResNet-D stem and shortcuts, which change nothing but how resolution is reduced, are part of the gain of
every recipe that carries them: with the training tricks of He et al. (2019) ResNet-50-D reaches 77.16.

## What is looked at
Layers that change the resolution, global pooling apart: the recorded graph of a run, else the setting in the
configs of all runs, else a pass of the networks that both codes train, followed statement by statement
without running any, else the model code of two separate trees. Flagged when the proposed arm has a learned
kind that the baseline lacks, or has more of one where a pool or an interpolation of the baseline is gone.

## When it stays clear
The same kinds in both arms, however many; one pool exchanged for another; pooling in the proposed arm where
the baseline learns; a resampling that is the claim itself; a baseline that changes no resolution. A
difference that the paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
Strides in code whose numbers cannot be followed to literals. Whether a learned layer was started at the
kernel of the pool it replaces. Different strides of equal layers are judged by NG104.

## Remedy
The same resampling in both arms, or the baseline with as many parameters elsewhere.

## Example
```
NG303 learnable-resampling  flagged (indicated)
The arms differ in their resampling layers by recorded graph: proposed strided-convolution x3, baseline
average-pool x3; no run isolates the difference. First at blocks.0.convolutions.0.
```

## References
He et al. 2019, Bag of tricks for image classification with convolutional neural networks. Musgrave,
Belongie, Lim 2020, A metric learning reality check.
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._census import Census
from netgain.practices._components import Difference, Kind, component_finding
from netgain.study import Study

CODE, NAME = "NG303", "learnable-resampling"
LEARNED = frozenset(
    {"strided-convolution", "transposed-convolution", "pixel-shuffle", "pixel-unshuffle",
     "attention-pool", "generalised-mean-pool"}
)  # fmt: skip
"""Ways to change the resolution that have parameters, or stand before layers that have."""


def learned_in_place_of_fixed(first: Census, second: Census) -> Difference:
    """Compare learned resampling; more of a learned kind counts only where a fixed one is gone."""
    gone = sorted(set(first.counts) - set(second.counts))
    new = sorted(set(second.counts) - set(first.counts))
    added = [name for name in new if name in LEARNED]
    if any(name not in LEARNED for name in gone):
        added += [
            name
            for name, count in sorted(second.counts.items())
            if name in LEARNED and count > first.counts.get(name, 0) > 0
        ]
    if added and not first.counts:
        return Difference(same="the baseline has nothing that could have been replaced")
    if added:
        return Difference(added=tuple(added), dropped=tuple(gone))
    dropped = tuple(name for name in gone if name in LEARNED)
    same = "no learned kind takes the place of a fixed one" if new or gone else ""
    return Difference(dropped=dropped, same=same)


ABOUT = Kind(
    code=CODE,
    name=NAME,
    kind="resampling",
    settings=("resampling",),
    readings=Readings(
        innocent="strided layers run faster on the hardware at hand, or the code base has no pools",
        inflating="the added parameters buy part of the gain and the idea is credited with it",
    ),
    words="resampling layers",
    compare=learned_in_place_of_fixed,
)


def check(study: Study) -> Finding:
    """Compare how the two models change the resolution."""
    return component_finding(study, ABOUT)


def stage(plan: Plan) -> Plan:
    """Give the baseline average pooling where the proposed arm has strided convolutions."""
    return plan.edit("baseline", resampling="average-pool")


def decoy(plan: Plan) -> Plan:
    """Give both arms average pooling."""
    return plan.edit("baseline", resampling="average-pool").edit(
        "proposed", resampling="average-pool"
    )


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("baseline.resampling",),
)
