"""Normalisation layers differ in one arm only.

## What it does
The proposed model normalises its layers otherwise than the baseline: batch norm where the baseline has
group norm or none, layer norm on an embedding, a root-mean-square norm; no run separates the swap from the
idea.

## Why it inflates
Group norm against batch norm moves ResNet-50 by 10.6 points at two samples per device and by almost nothing
at the usual batch (Wu & He 2018): the same swap can be worth everything or nothing.

## What is looked at
Normalisation layers of both models, by what computes them: the recorded graph of a run, else the setting in
the configs of all runs, else running statistics and scale-and-shift pairs in the checkpoints, else a pass of
the networks that both codes train, followed statement by statement without running any, else the model code
of two separate trees, a mean and a deviation written out included. Flagged when the proposed arm has a
kind of norm that the baseline lacks, when a block of its code has norms that its counterpart in the
baseline's code, with as many layers, has not, or when a model of one block has more norms than layers were
added to it.

## When it stays clear
The same kinds in both arms, and no more of them than layers were added, as in a deeper model; synchronised
batch norm against batch norm; a norm that is the claim itself. A norm of the baseline only is reported, not
flagged. A difference that the paper states and that a further run isolates, by changing it alone; its share
is shown.

## What is not seen
Whether a norm ran in training or evaluation mode. Norms without parameters leave no trace in a checkpoint,
and norms folded into the layer before are gone from it: checkpoints alone never clear.

## Remedy
The same normalisation in both arms, at the same batch per device, or both arms with both.

## Example
```
NG305 normalization-swap  flagged (indicated)
The arms differ in their normalisation layers by recorded graph: proposed batch-norm x3, baseline group-norm
x3; no run isolates the difference. First at blocks.0.norms.0.
```

## References
Wu, He 2018, Group normalization. Narang et al. 2021, Do transformer modifications transfer across
implementations and applications?
"""

from __future__ import annotations

from netgain.analysis.code_norm_blocks import added_layers, added_norms, norms_at_shared_layers
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._census import Census
from netgain.practices._components import Difference, Kind, component_finding, differing_kinds
from netgain.study import Study

CODE, NAME = "NG305", "normalization-swap"
MORE = "whether the norms that only the proposed model has stand behind layers that only it has"
INSIDE = "how many norms the baseline has: they are all inside a network of a package"


def more_at_equal_depth(first: Census, second: Census) -> Difference:
    """Compare by kind, and by number where the proposed model has no more layers to normalise."""
    difference = differing_kinds(first, second)
    if difference.added or not first.counts:
        return difference
    grown = [name for name, n in sorted(second.counts.items()) if n > first.counts.get(name, 0)]
    if first.by == "code":
        added = added_norms(first.blocks, second.blocks)
        if added and first.settles and second.settles:
            places = tuple(place for found in added.values() for place in found)
            return Difference(added=tuple(added), dropped=difference.dropped, places=places)
        if grown and not any(block.norms for block in first.blocks.values()):
            return Difference(open=INSIDE)
        more = sum(second.counts.values()) - sum(first.counts.values())
        shared = norms_at_shared_layers(first.blocks, second.blocks)
        if grown and shared and first.settles and second.settles:
            places = tuple(place for found in shared.values() for place in found)
            return Difference(added=tuple(shared), dropped=difference.dropped, places=places)
        if added or (grown and more > added_layers(first.blocks, second.blocks)):
            return Difference(open=MORE)
    elif grown and first.layers is not None and first.layers == second.layers:
        return Difference(open=MORE)
    return difference


ABOUT = Kind(
    code=CODE,
    name=NAME,
    kind="normalization",
    settings=("normalization",),
    readings=Readings(
        innocent="the proposed code base normalises this way throughout, or its batch is too small for "
        "batch statistics",
        inflating="the norm buys part of the gain and the idea is credited with it",
    ),
    words="normalisation layers",
    compare=more_at_equal_depth,
)


def check(study: Study) -> Finding:
    """Compare the normalisation layers of the two models."""
    return component_finding(study, ABOUT)


def stage(plan: Plan) -> Plan:
    """Leave batch norm to the proposed arm and give the baseline group norm."""
    return plan.edit("baseline", normalization="group")


def decoy(plan: Plan) -> Plan:
    """Give both arms group norm."""
    return plan.edit("baseline", normalization="group").edit("proposed", normalization="group")


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("baseline.normalization",),
)
