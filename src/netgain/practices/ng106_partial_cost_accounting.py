"""The heavy part is left out of the efficiency figures.

## What it does
The published parameters or operations of the proposed model cover a part of it, a backbone without its neck
or embeddings, or count multiply-accumulates where the baseline's figure counts operations.

## Why it inflates
Cost indicators that cover different parts order models wrongly (Dehghani et al. 2021); counting parameters
without embeddings changed the exponent of a scaling law from .50 to .73 (Pearce and Song 2024).

## What is looked at
Parameters and forward operations that the paper, the README or a config states for each arm, against what
was counted for the whole model in a recording or checkpoint. Where the proposed figure covers less than 90 %,
the parts of the model whose omission gives the figure within its rounding are searched for. Figures that
are half of the counted operations are multiply-accumulates. Flagged when the proposed figure covers less than
the whole and the baseline's does not, or when one arm states multiply-accumulates and the other operations.

## When it stays clear
Every stated figure of both arms agrees with the count within 5 % or its own rounding; multiply-accumulates
in both arms; the same part left out in both.

## What is not seen
Latency, memory and preprocessing by another network. Figures for another input size than the recorded one.

## Remedy
Profile both whole models, from the raw input to the output, with one tool.

## Example
```
NG106 partial-cost-accounting  flagged (measured)
Proposed is stated to have 2,906 parameters; 4,544 were counted, of which the figure covers 64 %. Leaving out
blocks.0.gates, blocks.1.gates, blocks.2.gates gives the figure. The baseline's figure covers its whole model.
```

## References
Dehghani et al. 2021, The efficiency misnomer. Pearce and Song 2024, Reconciling Kaplan and Chinchilla
scaling laws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netgain.analysis.module_costs import left_out, parameters_by_module, rounding_of
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import lacking, number, sources_of
from netgain.study import Arm, Cited, ModelProfile, Run, Source, Study

CODE, NAME = "NG106", "partial-cost-accounting"
COVERED = 0.9
"""Share of the counted cost below which a figure covers a part of the model."""
AGREES = 0.05
"""Relative difference below which a figure agrees with a count."""
ROUNDING = 0.02
"""Largest relative rounding of a figure that subsets of the model are fitted to."""
UNITS = {
    "parameters": "parameters",
    "forward_flops": "operations",
    "forward_macs": "multiply-accumulates",
}
READINGS = Readings(
    innocent="the figure was taken for the part that the method changes, or from another tool's convention",
    inflating="the proposed model looks cheaper beside the baseline than it is",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One stated cost of one arm, set against the count."""

    quantity: str
    """`parameters`, `forward_flops` or `forward_macs`."""
    stated: float
    """As written."""
    counted: float
    """For the whole model, in the unit of the quantity."""
    source: Source
    """Where it is stated."""
    counted_at: Source
    """Where the count stands."""
    model: ModelProfile
    """The counted model."""

    @property
    def coverage(self) -> float:
        """Return the share of the whole that the figure covers, in the better of both conventions."""
        share = self.stated / self.counted
        return 2 * share if self.halved else share

    @property
    def halved(self) -> bool:
        """Tell whether a figure called FLOPs is half of the operations: it counts multiply-accumulates."""
        return self.quantity == "forward_flops" and self._near(0.5)

    @property
    def whole(self) -> bool:
        """Tell whether the figure agrees with the count."""
        return self._near(1.0) or self.halved

    @property
    def partial(self) -> bool:
        """Tell whether the figure covers clearly less than the whole."""
        return not self.halved and self.stated + rounding_of(self.stated) < COVERED * self.counted

    def _near(self, share: float) -> bool:
        slack = max(AGREES * share * self.counted, rounding_of(self.stated))
        return abs(self.stated - share * self.counted) <= min(slack, 0.25 * share * self.counted)


def check(study: Study) -> Finding:
    """Set every stated cost against the count of the whole model."""
    baseline, proposed = _figures(study, study.baseline), _figures(study, study.proposed)
    for quantity in UNITS:
        ours, theirs = proposed.get(quantity), baseline.get(quantity)
        if ours is None or theirs is None:
            continue
        if ours.partial and theirs.whole:
            return _flagged(ours, _partly(ours) + " The baseline's figure covers its whole model.")
        if ours.halved and theirs.whole and not theirs.halved:
            return _flagged(
                ours,
                f"The {ours.stated:.4g} FLOPs stated for the proposed model are multiply-accumulates: "
                f"{ours.counted:.4g} operations were counted. The baseline's {theirs.stated:.4g} are "
                "operations, so its figure is twice as large for the same work.",
            )
    both = [(baseline[q], proposed[q]) for q in UNITS if q in baseline and q in proposed]
    if both and len(both) == len({*baseline, *proposed}) and all(map(_alike, both)):
        return _clear(both)
    return _unknown(study, baseline, proposed)


def _figures(study: Study, arm: Arm) -> dict[str, Figure]:
    """Return an arm's stated costs by quantity, where the whole model was counted in every run."""
    side = "baseline" if arm is study.baseline else "proposed"
    found: dict[str, Figure] = {}
    counted = _counted(arm)
    if counted is None:
        return found
    for quantity in UNITS:
        whole = counted.parameters if quantity == "parameters" else counted.forward_flops
        if (
            whole is None
            or whole.value <= 0
            or (quantity != "parameters" and counted.uncovered_operators)
        ):
            continue
        stated = _stated(study, arm, side, quantity)
        if stated is None:
            continue
        amount = float(whole.value) / (2 if quantity == "forward_macs" else 1)
        if quantity == "parameters" and counted.fusable_parameters is not None:
            fused = counted.fusable_parameters.value
            if (
                fused
                and abs(stated.value - (amount - fused))
                <= rounding_of(stated.value) + 0.01 * amount
            ):
                continue  # the deployed model, which NG107 is about
        found[quantity] = Figure(
            quantity=quantity,
            stated=stated.value,
            counted=amount,
            source=stated.source,
            counted_at=whole.source,
            model=counted,
        )
    return found


def _counted(arm: Arm) -> ModelProfile | None:
    """Return the model of an arm whose runs all count the same."""
    models = [run.model for run in arm.runs]
    if not models or any(m is None or m.parameters is None for m in models):
        return None
    known = [m for m in models if m is not None and m.parameters is not None]
    same = len({m.parameters.value for m in known if m.parameters}) == 1
    return known[0] if same else None


def _stated(study: Study, arm: Arm, side: str, quantity: str) -> Cited[float] | None:
    """Return the one figure that is stated for an arm; None where there is none or they differ."""
    said = [
        Cited(value=float(s.value), source=s.source, strength="stated")
        for s in study.paper.statements
        if s.quantity == quantity
        and s.arm == side
        and isinstance(s.value, (int, float))
        and not isinstance(s.value, bool)
        and s.value > 0
    ]
    said += [cited for run in arm.runs if (cited := _configured(run, quantity)) is not None]
    if len({cited.value for cited in said}) != 1:
        return None
    return said[0]


def _configured(run: Run, quantity: str) -> Cited[float] | None:
    cited = number(run, quantity)
    return cited if cited is not None and cited.value > 0 and cited.strength != "measured" else None


def _alike(pair: tuple[Figure, Figure]) -> bool:
    """Tell whether both arms' figures cover the whole, or the same share of it."""
    first, second = pair
    if first.whole and second.whole:
        return first.halved == second.halved
    return abs(first.coverage / second.coverage - 1) <= AGREES and first.partial == second.partial


def _partly(figure: Figure) -> str:
    """Say what a figure covers, and which parts it may leave out."""
    unit = UNITS[figure.quantity]
    text = (
        f"Proposed is stated to have {figure.stated:,.0f} {unit}; {figure.counted:,.0f} were counted, of "
        f"which the figure covers {100 * figure.coverage:.0f} %."
    )
    parts = _parts(figure)
    return f"{text} Leaving out {', '.join(parts)} gives the figure." if parts else text


def _parts(figure: Figure) -> tuple[str, ...] | None:
    """Search the parts of the model that the figure leaves out, unless it is rounded too coarsely."""
    rounding = rounding_of(figure.stated)
    if rounding > ROUNDING * figure.stated:
        return None
    model = figure.model
    if figure.quantity == "parameters":
        costs = {c.module: float(c.parameters) for c in model.module_costs}
        costs = costs or parameters_by_module(model.tensors)
    else:
        unit = 2 if figure.quantity == "forward_macs" else 1
        costs = {c.module: c.flops / unit for c in model.module_costs}
    if not costs or abs(sum(costs.values()) / figure.counted - 1) > 0.001:
        return None
    return left_out(costs, figure.stated, rounding)


def _numbers(figure: Figure, side: str) -> dict[str, float]:
    return {
        f"{figure.quantity}_stated_{side}": figure.stated,
        f"{figure.quantity}_counted_{side}": figure.counted,
        f"coverage_{side}": figure.coverage,
    }


def _flagged(figure: Figure, message: str) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured",
        favours="proposed",
        message=message,
        numbers=_numbers(figure, "proposed"),
        evidence=sources_of([figure.source, figure.counted_at]),
        readings=READINGS,
        remedy="profile both whole models with one tool, from the raw input to the output",
        settle="the authors' cost table beside a profile of both whole models",
    )


def _clear(both: list[tuple[Figure, Figure]]) -> Finding:
    first, second = both[0]
    if first.whole:
        words = "agree with what was counted for the whole models"
    else:
        words = f"cover the same share of both models ({100 * first.coverage:.0f} %)"
    if any(figure.halved for pair in both for figure in pair):
        words += ", as multiply-accumulates in both arms"
    names = " and ".join(UNITS[baseline.quantity] for baseline, _ in both)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"The stated {names} of both arms {words}.",
        numbers=_numbers(first, "baseline") | _numbers(second, "proposed"),
        evidence=sources_of(
            [f.source for pair in both for f in pair], [f.counted_at for pair in both for f in pair]
        )[:6],
    )


def _unknown(study: Study, baseline: dict[str, Figure], proposed: dict[str, Figure]) -> Finding:
    needs = list(
        lacking(study, lambda run: run.model, "a recording or checkpoint of the whole model")
    )
    for side, figures in (("baseline", baseline), ("proposed", proposed)):
        if not figures:
            needs.append(
                f"the parameters and operations the paper states for the {side} model, if any"
            )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="Stated costs of both models beside counts of the whole models are not known.",
        needs=tuple(needs) or ("one figure of each arm in the same unit, and the part it covers",),
        remedy="record one run of each arm with netgain.record, and name the paper with --paper",
    )


def stage(plan: Plan) -> Plan:
    """Add a branch to every block of the proposed arm and leave the branches out of the stated size."""
    staged = plan.edit("proposed", gates=plan.baseline.depth)
    return replace(staged, disclosure=replace(staged.disclosure, parameters="without-gates"))


def decoy(plan: Plan) -> Plan:
    """Add the branches to both arms and state the sizes of the whole models."""
    gates = plan.baseline.depth
    staged = plan.edit("proposed", gates=gates).edit("baseline", gates=gates)
    return replace(staged, disclosure=replace(staged.disclosure, parameters="whole"))


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.gates", "disclosure.parameters"),
)
