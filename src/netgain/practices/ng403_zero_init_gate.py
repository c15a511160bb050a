"""A branch is added through a gate that starts at zero: it can never hurt, and may do nothing.

## What it does
The new component enters as `x + g * f(x)` with a learned g that starts at 0, as a scalar or one value for
each channel.

## Why it inflates
The network begins as the baseline and keeps what training is glad of, so that the component cannot lower
the score; and the gate by itself helps: 32 % faster convergence of a ResNet-56 with gates on its own
residual branches (Bachlechner et al. 2021). The gain is credited to the component.

## What is looked at
Model code of both arms: parameters that are made of zeros, or set to zero or to at most 0.001, and that
multiply something in the methods of their class. Flagged when the proposed arm has such gates and the
baseline has none, and the claim is not about them.

## When it stays clear
Model code of both arms without such a gate, or with gates in the baseline alone or in both.

## What is not seen
The size a gate reaches in training: a gate that carries weight and one that stays at zero look alike in
code. The scale of a normalization layer that starts at zero is a standard initialisation and no gate; where
the proposed arm alone has it, the verdict is `unknown`.
Gates of libraries. Losses are no model: where they are all that the code holds, the verdict is `unknown`.

## Remedy
A run with the gate held at 0, and one of the baseline with a gate on its own branches, with intervals.

## Example
```
NG403 zero-init-gate  flagged (indicated)
The proposed model multiplies branches by 1 parameter that starts at 0 and the baseline by none: Block.gamma
(ours/model.py:26). The value it reaches in training is not known.
```

## References
Bachlechner et al. 2021, ReZero is all you need. De and Smith 2020, Batch normalization biases residual blocks
towards the identity function in deep networks. Touvron et al. 2021, Going deeper with image transformers.
"""

from __future__ import annotations

import re

from netgain.analysis.code_components import code_census, model_places
from netgain.analysis.code_gates import Gate, zero_gates
from netgain.analysis.code_norm_scales import zeroed_scales
from netgain.analysis.library_models import leaves_networks_open
from netgain.finding import Finding, Readings
from netgain.practice import Practice
from netgain.practices._compare import in_idea, sources_of
from netgain.study import Arm, Source, Study

CODE, NAME = "NG403", "zero-init-gate"
SET_IN_PLACE = re.compile(
    r"register_parameter|\.data\b[^\n=]{0,40}(?:\*=|\.mul_\()|init\.uniform_\([^\n]*, *0\b"
)
"""Ways to start a parameter at a value that are not followed."""
READINGS = Readings(
    innocent="the gate is there for stable training, and the branch carries weight once trained",
    inflating="the branch may stay switched off, and what the gate or luck buys is credited to it",
)


def check(study: Study) -> Finding:
    """Compare the gates that start at zero in the model code of both arms."""
    ours, theirs = _gates(study.proposed), _gates(study.baseline)
    if ours and not theirs and _readable(study.baseline):
        return _flagged(study, ours)
    if (
        ours is None
        or theirs is None
        or not (_decided(study.proposed) and _decided(study.baseline))
    ):
        return _unknown(study)
    if ours and not theirs:
        return _unknown(study)
    if _scales(study.proposed) and not (theirs or _scales(study.baseline)):
        return _norm_scales(_scales(study.proposed))
    shown = f"{len(ours)} in the proposed arm, {len(theirs)} in the baseline"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if theirs and not ours else "neither",
        message=f"Parameters that start at 0 and multiply a branch, by the model code of both arms: {shown}.",
        numbers=_numbers(ours, theirs),
        evidence=sources_of(
            [gate.source for gate in (*ours, *theirs)],
            _models(study.proposed),
            _models(study.baseline),
        )[:6],
    )


def _scales(arm: Arm) -> tuple[Source, ...]:
    """Return where an arm's code starts the scale of a normalization layer at zero."""
    return zeroed_scales(arm.code) if arm.code else ()


def _norm_scales(places: tuple[Source, ...]) -> Finding:
    shown = ", ".join(map(str, places[:4]))
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="By its code the proposed model starts scales of normalization layers, or of branches, at or "
        f"near zero, and the baseline does not: {shown}.",
        evidence=places[:8],
        needs=(
            "a run of the baseline with the same start, or of the proposed model with the usual one",
        ),
        remedy="start the scales of both arms alike",
    )


def _models(arm: Arm) -> tuple[Source, ...]:
    """Return where the model classes of an arm's code stand."""
    return model_places(arm.code) if arm.code else ()


def _gates(arm: Arm) -> tuple[Gate, ...] | None:
    """Return the gates of an arm's code, None where no code was given."""
    return zero_gates(arm.code) if arm.code else None


def _readable(arm: Arm) -> bool:
    """Tell whether an arm's code holds a model."""
    return arm.code is not None and code_census(arm.code) is not None


def _decided(arm: Arm) -> bool:
    """Tell whether an arm's model is all in its code, and no setting is left open that may choose another."""
    census = code_census(arm.code) if arm.code else None
    whole = census is not None and "attention" in census.observed_kinds
    if not whole or arm.code is None or arm.code.undecided or leaves_networks_open(arm.code):
        return False
    return not any(SET_IN_PLACE.search(file.text) for file in arm.code.files)


def _flagged(study: Study, gates: tuple[Gate, ...]) -> Finding:
    evidence = sources_of([gate.source for gate in gates])[:8]
    if in_idea(study, "gate", *[gate.name.partition(".")[0] for gate in gates]):
        return Finding(
            code=CODE,
            name=NAME,
            verdict="not-applicable",
            message="The gates that start at zero are part of what the claim is about.",
            evidence=evidence,
        )
    shown = ", ".join(f"{gate.name} ({gate.source})" for gate in gates[:4])
    more = f" and {len(gates) - 4} more" if len(gates) > 4 else ""
    parameters = (
        "1 parameter that starts" if len(gates) == 1 else f"{len(gates)} parameters that start"
    )
    near = "0" if all(gate.start == 0 for gate in gates) else "or near 0"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="unstated",
        favours="proposed",
        message=f"The proposed model multiplies branches by {parameters} at {near} and the baseline by none: "
        f"{shown}{more}. The value reached in training is not known.",
        numbers=_numbers(gates, ()),
        evidence=evidence,
        readings=READINGS,
        remedy="a run with the gate held at 0, and a baseline with a gate on its own branches",
        settle="netgain attribute plan.toml",
    )


def _numbers(ours: tuple[Gate, ...], theirs: tuple[Gate, ...]) -> dict[str, float]:
    return {"gates_proposed": float(len(ours)), "gates_baseline": float(len(theirs))}


def _unknown(study: Study) -> Finding:
    needs = [
        f"the model code of the {side} arm"
        + (f", with {arm.code.undecided} decided" if arm.code and arm.code.undecided else "")
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
        if not _decided(arm)
    ]
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Whether a branch enters through a gate that starts at zero is not known for both arms.",
        needs=tuple(needs) or ("one model for each arm",),
        remedy="give the model code of each arm",
    )


PRACTICE = Practice(code=CODE, name=NAME, doc=__doc__, check=check)
