"""Equal parameters hide unequal operations.

## What it does
The two models have about the same number of parameters, and that is what the comparison rests on; the
proposed one reduces the resolution less, so that the same weights are applied at more positions and its
operations multiply.

## Why it inflates
The same ResNet-50 parameters give 77.1 when trained at 128 pixels and 79.8 at 224 (Touvron et al. 2019):
the weights are equal and the operations three times as many.

## What is looked at
Trainable parameters of both models (recording, checkpoint or stated), and the cost of a forward pass
(counted from a recorded graph, else stated). Flagged when parameters agree within 10 % and the proposed
forward pass costs more than 1.2 times the baseline's; where the recorded graphs show it, the layer at which
the strides part is named. Without a count of operations, a setting by which the proposed arm reduces its
resolution less is taken as the sign, and last a statement of the two model codes that is the same but for
smaller strides: with parameters that agree, or, as a stride changes none, with the widths around unchanged.
Where code makes both networks whole, their parameters and operations are counted by following it, statement
by statement, without running any.

## When it stays clear
Operations within 20 %; parameters that differ by more than 10 %, which is no parity; a baseline that costs
more; another input size that is declared, with the operations of both arms in a published table.

## What is not seen
Equal operations that run at unequal speed. Without recordings, strides in code whose numbers cannot be
followed, and strides of two networks that are written differently.

## Remedy
A baseline of equal operations: the same strides, or its width scaled until the operations agree.

## Example
```
NG104 parameter-only-parity  flagged (measured)
Parameters are within 0.0 % (2,906 against 2,906), and a forward pass of the proposed model costs 1.3x the
FLOPs (54,720 against 41,920). The strides part at blocks.2.convolutions.0.
```

## References
Touvron et al. 2019, Fixing the train-test resolution discrepancy. Dehghani et al. 2021, The efficiency
misnomer.
"""

from __future__ import annotations

import re

from netgain.analysis.code_parting import parting
from netgain.finding import Disclosure, Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import Comparison, compare, lacking, near, sources_of
from netgain.practices._cost import (
    Cost,
    forward_cost,
    parameters,
    parting_strides,
    reports_cost,
    same_input,
)
from netgain.practices._counted_networks import counted_networks
from netgain.study import Arm, Source, Study

CODE, NAME = "NG104", "parameter-only-parity"
PARITY = 0.10
"""Relative difference below which parameters count as equal."""
FACTOR = 1.2
"""Ratio of operations above which they count as unequal."""
SIZE_KEY = re.compile(
    r"width|channels?|planes|filters|hidden|(^|_)dims?(_|$)|depth|n?_?layers|blocks|expansion|multiplier|growth",
    re.IGNORECASE,
)
"""Last part of a key that names how large a model is."""
READINGS = Readings(
    innocent="parameters are the customary measure in this field, and nobody counted operations",
    inflating="the same weights applied at more positions are more computation, credited to the idea",
)


def check(study: Study) -> Finding:
    """Set the operations of the two models beside their parameters."""
    count = compare(study, parameters)
    if count is None:
        if forward_cost(study) is not None:
            return _unknown(study, "parameters")
        return _by_code(study, None) or _by_counts(study) or _unknown(study, "parameters")
    if not near(count.ratio, 1, PARITY):
        if not count.complete:
            return _unknown(study, "parameters")
        return _clear(
            count,
            None,
            f"The models differ in parameters ({count.proposed.value:,.0f} against "
            f"{count.baseline.value:,.0f}), so no parity of parameters stands for a parity of cost.",
        )
    cost = forward_cost(study)
    if cost is None:
        by_code = _by_strides(study, count) or _by_code(study, count) or _by_counts(study)
        return by_code or _unknown(study, "operations")
    ratio = cost.both.ratio
    if ratio > FACTOR and cost.same_coverage:
        table = reports_cost(study)
        if same_input(study) is False and table is not None and _complete(count, cost):
            return _clear(
                count,
                cost,
                f"The forward pass costs {ratio:.1f}x at another input size, and a published table states "
                "the operations of both arms.",
                (table,),
            )
        return _flagged(study, count, cost)
    if cost.uncovered or not _complete(count, cost):
        return _unknown(study, "operations", cost.uncovered)
    if ratio < 1 / FACTOR:
        words = "the baseline costs more, which does not add to the gain"
    else:
        words = "the operations agree as well"
    return _clear(
        count,
        cost,
        f"Parameters are {count.proposed.value:,.0f} against {count.baseline.value:,.0f} and {cost.unit} of "
        f"a forward pass {cost.both.proposed.value:,.0f} against {cost.both.baseline.value:,.0f}: {words}.",
    )


def _complete(count: Comparison, cost: Cost) -> bool:
    return count.complete and cost.both.complete


def _numbers(count: Comparison, cost: Cost | None) -> dict[str, float]:
    numbers = {
        "parameters_baseline": count.baseline.value,
        "parameters_proposed": count.proposed.value,
    }
    if cost is not None:
        numbers |= {
            "forward_cost_baseline": cost.both.baseline.value,
            "forward_cost_proposed": cost.both.proposed.value,
            "forward_cost_ratio": cost.both.ratio,
        }
    return numbers


def _flagged(study: Study, count: Comparison, cost: Cost) -> Finding:
    apart = abs(count.ratio - 1) * 100
    counted = all(c.strength == "measured" for c in cost.both.proposed.values)
    parting = _parting_layer(study)
    where = f" The strides part at {parting}." if parting else ""
    if same_input(study) is False:
        where += " The input sizes of the arms differ."
    disclosed: Disclosure = "disclosed" if reports_cost(study) else "undisclosed"
    if not study.paper.statements and not study.paper.tables:
        disclosed = "unstated"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured" if counted else "indicated",
        disclosure=disclosed,
        favours="proposed",
        message=f"Parameters are within {apart:.1f} % ({count.proposed.value:,.0f} against "
        f"{count.baseline.value:,.0f}), and a forward pass of the proposed model costs "
        f"{cost.both.ratio:.1f}x the {cost.unit} ({cost.both.proposed.value:,.0f} against "
        f"{cost.both.baseline.value:,.0f}).{where}",
        numbers=_numbers(count, cost),
        evidence=sources_of(cost.both.sources, count.sources),
        readings=READINGS,
        remedy="a baseline of equal operations: the same strides, or its width scaled",
        settle="netgain attribute plan.toml",
    )


def _parting_layer(study: Study) -> str | None:
    """Return the first layer that changes the resolution in the baseline and not in the proposed arm."""
    places = [_resampling_places(arm) for arm in (study.baseline, study.proposed)]
    if not all(places):
        return None
    return next((place for place in places[0] if place not in places[1]), None)


def _resampling_places(arm: Arm) -> list[str]:
    model = arm.runs[0].model if arm.runs else None
    if model is None or "resampling" not in model.observed_kinds:
        return []
    return [place for c in model.components if c.kind == "resampling" for place in c.where]


def _by_strides(study: Study, count: Comparison) -> Finding | None:
    """Read the sign in the settings where nobody counted operations."""
    found = parting_strides(study)
    if found is None:
        return None
    key, first, second = found
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        favours="proposed",
        message=f"Parameters agree ({count.proposed.value:,.0f} against {count.baseline.value:,.0f}), and "
        f"the proposed arm reduces its resolution less ({key} {second.value} against {first.value}): the "
        "same weights are applied at more positions. The operations were not counted.",
        numbers=_numbers(count, None),
        evidence=sources_of([second.source, first.source], count.sources),
        readings=READINGS,
        remedy="count the operations of both models, and give the baseline the same strides",
        settle="netgain attribute plan.toml",
    )


def _by_code(study: Study, count: Comparison | None) -> Finding | None:
    """Read the sign in the model code of two arms, where neither operations nor settings show it."""
    first, second = study.baseline.code, study.proposed.code
    if first is None or second is None or first == second or same_input(study) is False:
        return None
    parted = parting(first, second)
    if parted is None:
        return None
    if count is None and not (parted.same_widths and _same_sizes(study)):
        return None
    at, against = parted.sources
    parity = (
        f"Parameters agree ({count.proposed.value:,.0f} against {count.baseline.value:,.0f})"
        if count
        else "The widths around are the same, and a stride changes no parameter"
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="disclosed" if reports_cost(study) else "unstated",
        favours="proposed",
        message=f"By its code the proposed network reduces its resolution {parted.ratio:g}x less: "
        f"{_listed(parted.proposed.values)} ({at}) against {_listed(parted.baseline.values)} ({against}) in "
        f"a statement that is otherwise the same. {parity}: the same weights are applied at more positions. "
        "The operations were not counted.",
        numbers={
            **(_numbers(count, None) if count else {}),
            "stride_product_ratio": parted.ratio,
        },
        evidence=sources_of([at, against], count.sources if count else ()),
        readings=READINGS,
        remedy="count the operations of both models, and give the baseline the same strides",
        settle="netgain attribute plan.toml",
    )


def _by_counts(study: Study) -> Finding | None:
    """Count parameters and operations of both networks from their code, where nothing else states them."""
    counted = counted_networks(study)
    if counted is None or not counted.whole or counted.ratio <= FACTOR:
        return None
    sizes = counted.baseline.parameters, counted.proposed.parameters
    if not sizes[0] or not sizes[1] or not near(sizes[1] / sizes[0], 1, PARITY):
        return None
    first, second = counted.operations
    shape = " x ".join(map(str, counted.shape))
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="disclosed" if reports_cost(study) else "unstated",
        favours="proposed",
        message=f"By their code the parameters of {counted.proposed.name} and {counted.baseline.name} are "
        f"within {100 * abs(sizes[1] / sizes[0] - 1):.1f} % ({sizes[1]:,.0f} against {sizes[0]:,.0f}), and a "
        f"forward pass of the proposed network takes {counted.ratio:.1f}x the multiply-accumulates "
        f"({second:,.0f} against {first:,.0f} for a sample of {shape}, the input tried at which they differ "
        "least).",
        numbers={
            "parameters_baseline": sizes[0],
            "parameters_proposed": sizes[1],
            "multiply_accumulates_baseline": first,
            "multiply_accumulates_proposed": second,
            "forward_cost_ratio": counted.ratio,
        },
        evidence=sources_of([counted.proposed.source, counted.baseline.source]),
        readings=READINGS,
        remedy="a baseline of equal operations: the same strides, or its width scaled",
        settle="netgain attribute plan.toml",
    )


def _listed(strides: tuple[float, ...]) -> str:
    plural = "strides" if len(strides) > 1 else "stride"
    return f"{plural} {', '.join(f'{stride:g}' for stride in strides)}"


def _same_sizes(study: Study) -> bool:
    """Tell whether the settings name no size of the model that differs between the arms."""
    named: list[dict[str, set[str]]] = []
    for arm in (study.baseline, study.proposed):
        found: dict[str, set[str]] = {}
        for run in arm.runs:
            for key, cited in {**run.config, **run.other_config}.items():
                if SIZE_KEY.search(key.rpartition(".")[2]):
                    found.setdefault(key, set()).add(str(cited.value))
        named.append(found)
    return all(named[0][key] == named[1][key] for key in set(named[0]) & set(named[1]))


def _clear(
    count: Comparison, cost: Cost | None, message: str, more: tuple[Source, ...] = ()
) -> Finding:
    cheaper = cost is not None and cost.both.ratio < 1 / FACTOR
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if cheaper else "neither",
        message=message,
        numbers=_numbers(count, cost),
        evidence=sources_of(more, cost.both.sources if cost else (), count.sources),
    )


def _unknown(study: Study, what: str, uncovered: tuple[str, ...] = ()) -> Finding:
    def known(run: object) -> object:
        model = getattr(run, "model", None)
        return model.forward_flops if model else None

    needs = lacking(study, parameters, "trainable parameters") + lacking(
        study, known, "operations of a forward pass at the training input size"
    )
    if uncovered:
        needs = (f"the cost of {', '.join(uncovered[:4])}, which could not be counted", *needs)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"The {what} of both models are not known for every run.",
        needs=needs or ("one model for all runs of an arm",),
        remedy="record one run of each arm with netgain.record",
    )


def stage(plan: Plan) -> Plan:
    """Let one block fewer of the proposed arm halve the resolution."""
    return plan.edit("proposed", strided_blocks=max(0, plan.baseline.strided_blocks - 1))


def decoy(plan: Plan) -> Plan:
    """Let one block fewer of both arms halve the resolution."""
    fewer = plan.baseline.strided_blocks - 1
    return plan.edit("proposed", strided_blocks=fewer).edit("baseline", strided_blocks=fewer)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.strided_blocks",),
)
