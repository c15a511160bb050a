"""Skip connections are added in one arm only.

## What it does
The proposed model has residual sums or concatenations around layers where the baseline has none, or more of
them at the same depth; no run separates the rewiring from the idea.

## Why it inflates
In the search space of DARTS the hand-made wiring around the cells matters more than the cell that is found
(Yang, Esperança & Carlucci 2020).

## What is looked at
Sums and concatenations in which a value meets one computed from it: in the recorded graph of a run, else the
setting in the configs of all runs, else in a pass of the networks that both codes train, followed statement
by statement without running any, else the forward passes of two separate trees of model code. Flagged when
the proposed arm has a kind of skip that the baseline lacks, or when its graph has more skips than its depth,
counted in activations, explains. A branch that is computed and thrown away is no skip.

## When it stays clear
The same skips in both arms; more skips in a model that is deeper in proportion; sums that feed an attention
gate; skips that are the claim itself. Skips of the baseline only are reported, not flagged. A difference that
the paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
Skips written with operations other than sums and concatenations. Two unnamed branches of one value that are
summed may be parallel branches or a projected skip: by code alone the kind is then left open.

## Remedy
The same wiring in both arms, or the idea set against equally many skips at random places.

## Example
```
NG304 skip-rewiring  flagged (indicated)
The arms differ in their skip connections by recorded graph: proposed concat-skip x2, baseline none; no run
isolates the difference. First at blocks.1.
```

## References
Yang, Esperança, Carlucci 2020, NAS evaluation is frustratingly hard. Huang et al. 2017, Densely connected
convolutional networks.
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._census import Census
from netgain.practices._components import Difference, Kind, component_finding, differing_kinds
from netgain.study import Study

CODE, NAME = "NG304", "skip-rewiring"
SLACK = 1.25
"""How much faster than depth the number of skips may grow: block designs differ in layers per skip."""


def more_at_equal_depth(first: Census, second: Census) -> Difference:
    """Compare by kind, and by number where the depth of both models is known."""
    difference = differing_kinds(first, second)
    grown = sorted(
        name for name, count in second.counts.items() if count > first.counts.get(name, 0) > 0
    )
    if difference.added or not grown:
        return difference
    if first.by == "code":
        return Difference(
            open="a recording of one run of each arm: code shows kinds of skips, not numbers"
        )
    if first.layers is None or second.layers is None:
        return Difference(open="the depth of both models: a recording of one run of each arm")
    deeper = second.layers / first.layers
    allowed = deeper * (SLACK if deeper > 1 else 1.0)
    added = tuple(
        name for name in grown if second.counts[name] > first.counts[name] * max(1.0, allowed)
    )
    if added:
        return Difference(added=added, dropped=difference.dropped)
    return Difference(
        dropped=difference.dropped,
        same=f"the proposed model is {deeper:.1f}x as deep ({second.layers} against {first.layers} layers)",
    )


ABOUT = Kind(
    code=CODE,
    name=NAME,
    kind="skip",
    settings=("skip", "skips"),
    readings=Readings(
        innocent="the proposed code base builds on a backbone with skips",
        inflating="easier optimisation through the skips buys part of the gain and the idea is credited "
        "with it",
    ),
    words="skip connections",
    compare=more_at_equal_depth,
)


def check(study: Study) -> Finding:
    """Compare the skip connections of the two models."""
    return component_finding(study, ABOUT)


def stage(plan: Plan) -> Plan:
    """Wire the proposed arm densely."""
    return plan.edit("proposed", skips="dense")


def decoy(plan: Plan) -> Plan:
    """Give both arms residual skips."""
    return plan.edit("proposed", skips="residual").edit("baseline", skips="residual")


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.skips",),
)
