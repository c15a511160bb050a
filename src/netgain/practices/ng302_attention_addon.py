"""Attention blocks are added in one arm only.

## What it does
The proposed model carries squeeze-excite, efficient channel attention or another gate that pools, mixes
and multiplies, and the baseline does not; no run separates it from the idea.

## Why it inflates
Squeeze-excite with the ResNet-D stem is worth +1.2 points on a tuned ResNet (82.2 to 83.4, Bello et al.
2021), whatever else is proposed.

## What is looked at
Patterns under any class name, in the recorded graph, else the setting or the `plugins` in the configs of all
runs, else a pass of the networks that both codes train, followed statement by statement without running any,
else the model code of two separate trees, or what each arm's settings let run of one tree. By code the kinds
are told apart: a scale for each channel from a global pool (squeeze-excite, efficient channel attention,
channel attention with a maximum beside the mean), a map over positions from a pool over channels (spatial
attention; CBAM has both), pools of other sizes (pooled, coordinate attention), the sigmoid of convolutions
multiplied with what they were given (attention gate), the softmax of a product, and a sum over time weighed
by the softmax of its own scores (attention pooling). Of one network of torchvision that the code takes whole
it is known what it holds. Flagged when the proposed arm has a kind of attention that the baseline lacks.

## When it stays clear
The same attention in both arms; attention that is the claim itself. Attention in the baseline only is
reported, not flagged. A difference that the paper states and that a further run isolates, by changing it
alone; its share is shown.

## What is not seen
Other models taken whole from a package, and what a backbone named in a config holds by itself; attention
without a pool, convolution or softmax, when only code is given. A class named as attention that shows no
pattern leaves the verdict `unknown`.

## Remedy
Remove the blocks, give them to the baseline, or give the baseline a 1x1 control of equal parameters.

## Example
```
NG302 attention-addon  flagged (indicated)
The arms differ in their attention blocks by recorded graph: proposed squeeze-excite x3, baseline none.
```

## References
Hu, Shen, Sun 2018, Squeeze-and-excitation networks. Bello et al. 2021, Revisiting ResNets.
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._components import Kind, component_finding
from netgain.study import Study

CODE, NAME = "NG302", "attention-addon"
READINGS = Readings(
    innocent="the proposed code base ships attention blocks in its backbone",
    inflating="the attention buys part of the gain and the idea is credited with it",
)
ABOUT = Kind(
    code=CODE,
    name=NAME,
    kind="attention",
    settings=("attention",),
    readings=READINGS,
    words="attention blocks",
)


def check(study: Study) -> Finding:
    """Compare the attention blocks of the two models."""
    return component_finding(study, ABOUT)


def stage(plan: Plan) -> Plan:
    """Put a squeeze-excite block into each stage of the proposed arm."""
    return plan.edit("proposed", attention="squeeze-excite")


def decoy(plan: Plan) -> Plan:
    """Put squeeze-excite into both arms."""
    return plan.edit("proposed", attention="squeeze-excite").edit(
        "baseline", attention="squeeze-excite"
    )


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.attention",),
)
