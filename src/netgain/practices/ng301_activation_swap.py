"""The activation function differs in one arm only.

## What it does
The proposed model uses another activation (SiLU, GELU, leaky or parametric ReLU) than the baseline, and no
run separates the swap from the idea.

## Why it inflates
Swapping ReLU for Swish alone bought +0.9 points on Mobile NASNet-A and +0.6 on Inception-ResNet-v2
(Ramachandran et al. 2017). The sign depends on the setting.

## What is looked at
Activations of both models, by what computes them and not by class name: the recorded graph of a run, else
the setting in the configs of all runs, else a pass of the networks that both codes train, followed statement
by statement without running any, else the model code of two separate trees. Flagged when the sets of
activations differ. A sigmoid that weighs another value or ends the network is none.

## When it stays clear
One activation under two names (Swish and SiLU, a hand-written `x * sigmoid(x)`); more layers of the same
activation; an activation that is the claim itself; activations inside attention blocks. A difference that the
paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
Activations chosen by a string that is held elsewhere; models taken whole from a package, unless it is a
network of torchvision, timm or Keras that is named in the code, or by an option that the arm sets.
Checkpoints do not show activations without parameters.

## Remedy
The same activation in both arms, or both arms with both.

## Example
```
NG301 activation-swap  flagged (indicated)
The arms differ in their activation functions by recorded graph: proposed silu x3, baseline relu x3.
```

## References
Ramachandran, Zoph, Le 2017, Searching for activation functions. Narang et al. 2021, Do transformer
modifications transfer across implementations and applications?
"""

from __future__ import annotations

from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._components import Kind, component_finding
from netgain.study import Study

CODE, NAME = "NG301", "activation-swap"
READINGS = Readings(
    innocent="the proposed code base uses a newer default activation throughout",
    inflating="the activation buys part of the gain and the idea is credited with it",
)
ABOUT = Kind(
    code=CODE,
    name=NAME,
    kind="activation",
    settings=("activation",),
    readings=READINGS,
    words="activation functions",
)


def check(study: Study) -> Finding:
    """Compare the activation functions of the two models."""
    return component_finding(study, ABOUT)


def stage(plan: Plan) -> Plan:
    """Give the proposed arm SiLU where the baseline has ReLU."""
    return plan.edit("proposed", activation="silu")


def decoy(plan: Plan) -> Plan:
    """Give both arms SiLU."""
    return plan.edit("proposed", activation="silu").edit("baseline", activation="silu")


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.activation",),
)
