"""What NG104 and NG105 ask of both arms: parameters, cost of a forward pass, strides, layer shapes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from netgain.practices._compare import Comparison, compare, number
from netgain.study import Arm, Cited, Run, Scalar, Source, Study, Tensor

STRIDE_KEY = re.compile(
    r"(output_stride|total_stride|strided_(blocks|layers|stages)|(n|num)_downsamples?|strides?|"
    r"downsampl(e|ing)_(factor|ratio|blocks|layers)|patch_size)",
    re.IGNORECASE,
)
"""Last part of a raw key that says how much the resolution is reduced; larger means more."""
NOT_OF_THE_MODEL = re.compile(
    r"(^|[._])(data|dataset|window|eval|evaluation|test|val|sampler|tokenizer|log)([._]|$)"
)
PARAMETER_COUNT = re.compile(
    r"(?:(?:model|final|total|trainable|num|n|all)_)*(?:params?|parameters)(?:_count|_total)?",
    re.IGNORECASE,
)
"""Names of results that count parameters themselves, not millions of them."""
FEWEST_PARAMETERS = 1000
"""A smaller number under such a name counts something else, or in millions."""
COST_COLUMN = re.compile(r"flops|macs|mult-?adds|madds", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of one forward pass of one sample in both arms, in one unit."""

    unit: str
    """`FLOPs` or `multiply-accumulates`."""
    both: Comparison
    """The figures."""
    uncovered: tuple[str, ...]
    """Operators whose cost is in neither figure."""
    same_coverage: bool
    """Whether the same operators are left out in both arms."""


def parameters(run: Run) -> Cited[float] | None:
    """Return a run's trainable parameters: counted in its model, else written down."""
    counted = run.model.parameters if run.model else None
    if counted is not None:
        return Cited(value=float(counted.value), source=counted.source, strength=counted.strength)
    written = number(run, "parameters") or _summed_up(run)
    return written if written is not None and written.value > 0 else None


def _summed_up(run: Run) -> Cited[float] | None:
    """Return the parameters that a run wrote among its results, as a summary does: `"params": 11228838`."""
    written: list[tuple[str, Cited[float] | Cited[Scalar]]] = [*run.finals.items()]
    written += run.other_config.items()
    found = [
        Cited(value=float(cited.value), source=cited.source, strength=cited.strength)
        for name, cited in written
        if PARAMETER_COUNT.fullmatch(name.rpartition(".")[2])
        and isinstance(cited.value, (int, float))
        and cited.value >= FEWEST_PARAMETERS
    ]
    return found[0] if len({cited.value for cited in found}) == 1 else None


def forward_cost(study: Study) -> Cost | None:
    """Compare the cost of a forward pass, counted in both arms or stated in both under one name.

    A count and a statement are not set against each other: authors write FLOPs and mean multiply-accumulates.
    """
    uncovered = [_uncovered(arm) for arm in (study.baseline, study.proposed)]
    both = compare(study, _counted_flops)
    if both is not None and both.baseline.value > 0:
        return Cost(
            unit="FLOPs",
            both=both,
            uncovered=tuple(sorted(uncovered[0] | uncovered[1])),
            same_coverage=uncovered[0] == uncovered[1],
        )
    for unit, name in (("FLOPs", "forward_flops"), ("multiply-accumulates", "forward_macs")):
        both = compare(study, lambda run, name=name: number(run, name))  # type: ignore[misc]  # bound now
        if both is not None and both.baseline.value > 0:
            return Cost(unit=unit, both=both, uncovered=(), same_coverage=True)
    return None


def _counted_flops(run: Run) -> Cited[float] | None:
    return run.model.forward_flops if run.model else None


def _uncovered(arm: Arm) -> set[str]:
    return {name for run in arm.runs if run.model for name in run.model.uncovered_operators}


def input_size(arm: Arm) -> Cited[Scalar] | None:
    """Return the input size that all runs of an arm name, None where they do not or differ."""
    found = [
        run.config.get("image_size") or run.other_config.get("inputs.train.shape")
        for run in arm.runs
    ]
    known = [cited for cited in found if cited is not None]
    if not known or len(known) < len(found) or len({_sizes(c.value) for c in known}) != 1:
        return None
    return known[0]


def _sizes(value: Scalar) -> str:
    """Return the sizes of a recorded shape without its batch, any other value as text."""
    if isinstance(value, str) and value.startswith("["):
        try:
            shape = json.loads(value)
        except ValueError:
            return value
        return json.dumps(shape[1:]) if isinstance(shape, list) else value
    return str(value)


def same_input(study: Study) -> bool | None:
    """Tell whether both arms name the same input size; None where one does not say."""
    first, second = input_size(study.baseline), input_size(study.proposed)
    if first is None or second is None:
        return None
    return _sizes(first.value) == _sizes(second.value)


def reports_cost(study: Study) -> Source | None:
    """Return a published table that states FLOPs or multiply-accumulates, if there is one."""
    return next(
        (
            table.source
            for table in study.paper.tables
            if any(COST_COLUMN.search(title) for title in table.header) and len(table.rows) >= 2
        ),
        None,
    )


def parting_strides(study: Study) -> tuple[str, Cited[Scalar], Cited[Scalar]] | None:
    """Return a setting by which the proposed arm reduces its resolution less: key, baseline, proposed."""
    first, second = _stride_settings(study.baseline), _stride_settings(study.proposed)
    for key in sorted(set(first) & set(second)):
        mine, theirs = _amount(first[key].value), _amount(second[key].value)
        if mine is not None and theirs is not None and theirs < mine:
            return key, first[key], second[key]
    return None


def differs_in_resolution(study: Study) -> bool:
    """Tell whether a stride or an input size is known to differ between the arms."""
    first, second = _stride_settings(study.baseline), _stride_settings(study.proposed)
    strides = any(first[key].value != second[key].value for key in first.keys() & second.keys())
    return strides or same_input(study) is False


def _stride_settings(arm: Arm) -> dict[str, Cited[Scalar]]:
    """Return the stride settings on which all runs of an arm agree, by raw or canonical key."""
    found = [
        {
            key: cited
            for key, cited in {**run.config, **run.other_config}.items()
            if STRIDE_KEY.fullmatch(key.rpartition(".")[2]) and not NOT_OF_THE_MODEL.search(key)
        }
        for run in arm.runs
    ]
    if not found:
        return {}
    return {
        key: cited
        for key, cited in found[0].items()
        if all(key in one and one[key].value == cited.value for one in found)
    }


def _amount(value: Scalar) -> float | None:
    """Return a stride as a number, a list as its product."""
    if isinstance(value, str) and value.startswith("["):
        try:
            parts = json.loads(value)
        except ValueError:
            return None
        numeric = isinstance(parts, list) and all(isinstance(p, (int, float)) for p in parts)
        return float(math.prod(parts)) if numeric and parts else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def layer_ratios(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> tuple[float, ...]:
    """Return proposed over baseline size of each weight matrix or kernel; empty unless all pair by name.

    A layer's operations at one position are as many as its weights, so where two models apply the same
    layers at the same positions the ratio of their costs lies between the smallest and the largest ratio.
    """
    sizes = [
        {t.name: math.prod(t.shape) for t in tensors if len(t.shape) >= 2}
        for tensors in (first, second)
    ]
    if not sizes[0] or set(sizes[0]) != set(sizes[1]) or 0 in sizes[0].values():
        return ()
    return tuple(sizes[1][name] / sizes[0][name] for name in sizes[0])
