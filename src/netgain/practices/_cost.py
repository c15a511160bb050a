"""What NG104 and NG105 ask of both arms: parameters, cost of a forward pass, strides, layer shapes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from netgain.analysis.code_components import model_places, network_texts
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
SIZE_KEY = re.compile(
    r"(?:^|[._])(?:model|net|network|arch\w*|backbone|encoder|decoder|neck|head)[._]|"
    r"dim|hidden|layer|depth|width|channel|heads|block|stage|filter|units|image_size|sequence_length|backbone",
    re.IGNORECASE,
)
"""Keys that say how large a model is, or what it is made of."""
STARTING_WEIGHTS = re.compile(
    r"pretrain|weights|checkpoint|init_cfg|ckpt|frozen|dropout", re.IGNORECASE
)
"""Keys of models that leave the size alone."""
OF_THE_TRAINING = frozenset(
    {"epochs", "max_epochs", "max_steps", "steps", "batch_size", "learning_rate", "seed", "weight_decay",
     "momentum", "dropout", "label_smoothing", "warmup_steps", "warmup_epochs", "samples_seen",
     "wall_seconds", "train_flops", "global_batch_size", "batch_size_per_device", "min_learning_rate",
     "samples_unique", "best_epoch", "threads", "devices", "gradient_accumulation_steps"}
)  # fmt: skip
"""Canonical settings that do not change the size of a model."""
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
    written = number(run, "parameters")
    return written if written is not None and written.value > 0 else None


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


def same_networks(study: Study) -> tuple[Source, Source] | None:
    """Return where both arms' networks stand that are the same by code and by every number set, else None.

    Code that leaves open what an arm runs, and settings of unknown meaning that differ, may hide a network of
    another size.
    """
    trees = (study.baseline.code, study.proposed.code)
    if trees[0] is None or trees[1] is None or trees[0].undecided or trees[1].undecided:
        return None
    texts = [network_texts(tree) for tree in trees if tree is not None]
    if not texts[0] or texts[0] != texts[1] or _sized_apart(study):
        return None
    return model_places(trees[0])[0], model_places(trees[1])[0]


def no_smaller_by_settings(study: Study) -> tuple[Source, Source] | None:
    """Return where both arms name one model that no setting makes smaller in the proposed arm, else None.

    A part of the model that the arms name differently leaves its size open.
    """
    named = [
        [run.config.get("model") for run in arm.runs] for arm in (study.baseline, study.proposed)
    ]
    known = [[one for one in names if one is not None] for names in named]
    if [len(names) for names in known] != [len(names) for names in named] or not all(known):
        return None
    if len({str(one.value) for names in known for one in names}) != 1:
        return None
    first, second = (_sizes_stated(arm) for arm in (study.baseline, study.proposed))
    for key in first.keys() | second.keys():
        mine, theirs = first.get(key), second.get(key)
        if mine == theirs:
            continue
        if (
            not isinstance(mine, (int, float))
            or not isinstance(theirs, (int, float))
            or theirs < mine
        ):
            return None
    return known[0][0].source, known[1][0].source


def _sizes_stated(arm: Arm) -> dict[str, Scalar]:
    """Return what the first run of an arm states of its model; repeats of a configuration state the same."""
    run = arm.runs[0]
    return {
        key: cited.value
        for key, cited in {**run.other_config, **run.config}.items()
        if SIZE_KEY.search(key)
        and key not in OF_THE_TRAINING | {"model"}
        and not NOT_OF_THE_MODEL.search(key)
        and not STARTING_WEIGHTS.search(key)
    }


def _sized_apart(study: Study) -> bool:
    """Tell whether the arms differ in a setting that may be the size of a model."""
    stated = [
        {
            key: {cited.value}
            for run in arm.runs
            for key, cited in {**run.other_config, **run.config}.items()
            if key not in OF_THE_TRAINING and not isinstance(cited.value, str)
        }
        for arm in (study.baseline, study.proposed)
    ]
    names = [
        {run.config["model"].value for run in arm.runs if "model" in run.config}
        for arm in (study.baseline, study.proposed)
    ]
    return names[0] != names[1] or any(
        stated[0][key] != stated[1][key] for key in stated[0].keys() & stated[1].keys()
    )


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
