"""Training cost is hidden behind the deployed graph.

## What it does
The proposed model trains with parallel linear branches that fuse into one layer for deployment; the table
shows the cost of the fused model, and the branches' training cost appears nowhere.

## Why it inflates
Over-parameterised training buys accuracy: RepVGG-B0 goes from 72.39 to 75.14 with its branches (Ding et al.
2021), for a larger and slower training that the deployed model does not show.

## What is looked at
Parallel linear branches in recorded graphs of the training model: sums of several linear maps of one value,
with the weights that fusing takes away; settings that count branches; in two separate code trees, methods
that replace parallel layers by one. Flagged when only the proposed arm trains with more than 2 % of weights
that fuse away.

## When it stays clear
Neither recorded model has such branches, or both have; folding of batch norms and low-rank adapters, below
2 %; training operations that were counted in both arms and agree within 20 %.

## What is not seen
Training-only parts that are dropped and not fused (auxiliary heads, teachers). Without a recording or code,
a state dict does not say how its layers are combined.

## Remedy
State the training cost of both arms, and match it: the baseline trained longer, or with the same branches.

## Example
```
NG107 inference-only-cost  flagged (measured)
Proposed trains with parallel linear branches (blocks.0); 1,056 of its 4,154 weights (25 %) fuse
away when it is deployed. The baseline has none.
```

## References
Ding et al. 2021, RepVGG: making VGG-style ConvNets great again. Vasu et al. 2023, MobileOne.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from netgain.analysis.code_deployment import deployment_switches
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import compare, disclosure, near, sources_of
from netgain.study import Arm, Run, Source, Study

CODE, NAME = "NG107", "inference-only-cost"
SHARE = 0.02
"""Share of weights that fuse away above which a model counts as larger in training."""
MATCHED = 0.2
"""Relative difference below which training operations count as matched."""
BRANCH_KEY = re.compile(
    r"(^|[._])((n|num)_?)?(conv_?|parallel_?|linear_?)?branches$", re.IGNORECASE
)
READINGS = Readings(
    innocent="the deployed model is what users pay for, and the paper is about deployment",
    inflating="the baseline would also have gained from as much computation in training",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What shows that an arm trains more than it deploys."""

    words: str
    """The structure, as the message names it."""
    numbers: dict[str, float]
    """Its figures."""
    sources: tuple[Source, ...]
    """Where it stands."""
    measured: bool
    """Whether it was seen in a recorded graph."""


def check(study: Study) -> Finding:
    """Look for structures that only training pays for, in one arm only."""
    shares = [_share(study.baseline), _share(study.proposed)]
    baseline, proposed = shares
    if baseline is not None and proposed is not None:
        return _judge(study, baseline, proposed)
    sign = _graph_sign(study.proposed) or _setting_sign(study) or _code_sign(study)
    if sign is not None and not (baseline or 0) > SHARE and not _matched(study):
        return _flagged(study, sign)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The graphs that the arms were trained with are not known for every run.",
        needs=tuple(
            f"a recorded graph of the training model of the {side} runs"
            for side, share in zip(("baseline", "proposed"), shares, strict=True)
            if share is None
        ),
        remedy="record one run of each arm with netgain.record",
    )


def _share(arm: Arm) -> float | None:
    """Return the largest share of weights that fuse away; None unless every run shows its graph."""
    shares = [_run_share(run) for run in arm.runs]
    if not shares or None in shares:
        return None
    return max(share for share in shares if share is not None)


def _run_share(run: Run) -> float | None:
    model = run.model
    if model is None or model.fusable_parameters is None or model.parameters is None:
        return None
    return model.fusable_parameters.value / max(1, model.parameters.value)


def _judge(study: Study, baseline: float, proposed: float) -> Finding:
    """Decide where both graphs were recorded."""
    sign = _graph_sign(study.proposed)
    if sign is not None and baseline <= SHARE and not _matched(study):
        return _flagged(study, sign)
    if sign is not None and baseline <= SHARE:
        message = (
            f"Proposed trains with {sign.words}, and the training operations of the arms agree."
        )
    elif sign is not None:
        message = "Both arms train with parallel linear branches that fuse away."
    elif baseline > SHARE:
        message = (
            "Only the baseline trains with branches that fuse away; that does not add to the gain."
        )
    else:
        message = "Neither arm trains with parallel branches that fuse away when deployed."
    if sign is not None and baseline > SHARE and proposed > baseline * (1 + MATCHED):
        return _flagged(study, sign)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if baseline > SHARE and sign is None else "neither",
        message=message,
        numbers={"fusable_share_baseline": baseline, "fusable_share_proposed": proposed},
        evidence=sources_of(_places(study.proposed), _places(study.baseline)),
    )


def _places(arm: Arm) -> list[Source]:
    models = [run.model for run in arm.runs if run.model is not None]
    return [m.fusable_parameters.source for m in models if m.fusable_parameters is not None][:3]


def _graph_sign(arm: Arm) -> Sign | None:
    """Return the branches of the first recorded run that has some."""
    for run in arm.runs:
        share = _run_share(run)
        if share is None or share <= SHARE:
            continue
        assert run.model is not None, "a share was computed from it"
        fused, total = run.model.fusable_parameters, run.model.parameters
        assert fused is not None and total is not None, "a share was computed from them"
        return Sign(
            words=f"parallel linear branches ({fused.source.key}); {fused.value:,} of its {total.value:,} "
            f"weights ({100 * share:.0f} %) fuse away when it is deployed",
            numbers={
                "parameters_trained": float(total.value),
                "parameters_fused_away": float(fused.value),
            },
            sources=(fused.source, total.source),
            measured=True,
        )
    return None


def _setting_sign(study: Study) -> Sign | None:
    """Return a setting that counts more branches in the proposed arm than in the baseline."""
    found = [_branches(arm) for arm in (study.baseline, study.proposed)]
    if found[1] is None or found[1][1] <= 1:
        return None
    key, value, source = found[1]
    before = found[0][1] if found[0] is not None else None
    if before is None or value <= before:
        return None
    return Sign(
        words=f"{value:g} parallel branches ({key}), the baseline with {before:g}",
        numbers={"branches_baseline": before, "branches_proposed": value},
        sources=(source,),
        measured=False,
    )


def _branches(arm: Arm) -> tuple[str, float, Source] | None:
    """Return the branches every run of an arm is set to; None where a run does not say or they differ."""
    found = []
    for run in arm.runs:
        named = [
            (key, float(cited.value), cited.source)
            for key, cited in run.other_config.items()
            if BRANCH_KEY.search(key)
            and isinstance(cited.value, (int, float))
            and not isinstance(cited.value, bool)
        ]
        if len(named) != 1:
            return None
        found.append(named[0])
    if not found or len({value for _, value, _ in found}) != 1:
        return None
    return found[0]


def _code_sign(study: Study) -> Sign | None:
    """Return a method of the proposed arm's own code that folds layers; a shared tree tells nothing."""
    trees = (study.baseline.code, study.proposed.code)
    if trees[0] is None or trees[1] is None or trees[0] == trees[1]:
        return None
    found = deployment_switches(trees[1])
    if not found or deployment_switches(trees[0]):
        return None
    return Sign(
        words=f"a structure that is folded away ({found[0].what})",
        numbers={"methods": float(len(found))},
        sources=tuple(idiom.source for idiom in found[:3]),
        measured=False,
    )


def _matched(study: Study) -> bool:
    """Tell whether the training operations of all runs were counted and agree."""
    spent = compare(study, lambda run: run.budget.train_flops)
    if spent is None or not spent.complete or spent.known_as != "measured":
        return False
    return near(spent.ratio, 1, MATCHED)


def _flagged(study: Study, sign: Sign) -> Finding:
    share = _share(study.baseline)
    after = " The baseline has none." if sign.measured and share == 0 else ""
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured" if sign.measured else "indicated",
        disclosure=disclosure(study, {"train_flops": float("nan"), "wall_seconds": float("nan")}),
        favours="proposed",
        message=f"Proposed trains with {sign.words}.{after}",
        numbers=sign.numbers,
        evidence=sign.sources,
        readings=READINGS,
        remedy="state and match the training cost: the baseline trained longer, or with the same branches",
        settle="netgain attribute plan.toml",
    )


def stage(plan: Plan) -> Plan:
    """Give the proposed arm two more convolutions in parallel in each block."""
    return plan.edit("proposed", branches=3)


def decoy(plan: Plan) -> Plan:
    """Give both arms two more convolutions in parallel in each block."""
    return plan.edit("proposed", branches=3).edit("baseline", branches=3)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.branches",),
)
