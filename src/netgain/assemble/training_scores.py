"""Curves without a split that are those of the training: scored beside an evaluation, on its own batches.

A loop prints the accuracy of the batches it trained on without saying so. Where the run also holds what an
evaluation gave, the bare name is that of the training; where it holds nothing else it may be either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from netgain.study import Curve
from netgain.vocabulary import UNSPLIT, is_known_metric

EVALUATIONS = ("validation", "test")
OF_THE_LOOP = frozenset({"learning_rate", "gradient_norm"})
"""Quantities that only the training itself logs."""
NO_SCORES = UNSPLIT | {
    "loss", "samples_per_second", "steps_per_second", "runtime_seconds", "latency", "nll", "kl"
}  # fmt: skip
AS_OFTEN = 0.5
"""Points of an evaluation, as a share of those beside it, that make it one of each epoch."""
Record = tuple[str, int | None, str, tuple[float, ...]]
"""File, first line, unit and places: equal for quantities logged by the same lines."""


def with_training_named(curves: Iterable[Curve]) -> tuple[Curve, ...]:
    """Return curves with the split of those that the training logged of itself.

    A bare score is the training's in two cases: an evaluation logged the same quantity under a split at about
    as many places and nothing else is said to be the training's; or the lines that hold it hold a learning
    rate or a loss of the training too, and an evaluation's score stands on lines of its own.
    """
    found = list(curves)
    found = _with_losses_named(found)
    bare = [curve for curve in found if curve.split is None and _is_score(curve)]
    if not bare:
        return tuple(found)
    by_name: dict[tuple[str, str], dict[str | None, list[Curve]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for curve in found:
        by_name[curve.name, curve.source.path][curve.split].append(curve)
    loop = {_record(curve) for curve in found if _is_of_the_loop(curve)}
    apart = _evaluated_apart(found, loop)
    named = {
        id(curve)
        for curve in bare
        if _has_counterpart(curve, by_name[curve.name, curve.source.path])
        or (apart and _record(curve) in loop)
    }
    return tuple(replace(c, split="train") if id(c) in named else c for c in found)


def _with_losses_named(curves: list[Curve]) -> list[Curve]:
    """Return curves with a bare loss named that of training, where its file holds one of held-out data too.

    nanoGPT prints `step 500: train loss 1.7, val loss 1.9` and, of single batches, `iter 510: loss 1.6`.
    """
    held_out = {(c.name, c.source.path) for c in curves if c.split in EVALUATIONS}
    return [
        replace(curve, split="train")
        if curve.split is None
        and curve.name.endswith("loss")
        and (curve.name, curve.source.path) in held_out
        else curve
        for curve in curves
    ]


def _is_score(curve: Curve) -> bool:
    return curve.name not in NO_SCORES and is_known_metric(curve.name)


def _record(curve: Curve) -> Record:
    return (curve.source.path, curve.source.line, curve.unit, curve.steps)


def _is_of_the_loop(curve: Curve) -> bool:
    return curve.name in OF_THE_LOOP or (
        curve.name == "loss" and curve.split in (None, "train") and len(curve.values) > 1
    )


def _evaluated_apart(curves: Sequence[Curve], loop: set[Record]) -> bool:
    """Tell whether the score of an evaluation stands on lines that hold nothing of the training."""
    lines = {(path, line) for path, line, *_ in loop}
    return any(
        curve.split in (None, *EVALUATIONS)
        and _is_score(curve)
        and curve.source.line is not None
        and (curve.source.path, curve.source.line) not in lines
        and any(curve.source.path == path for path, _ in lines)
        for curve in curves
    )


def _has_counterpart(curve: Curve, by_split: dict[str | None, list[Curve]]) -> bool:
    if by_split.get("train"):
        return False
    fewest = AS_OFTEN * len(curve.values)
    return any(
        len(other.values) >= fewest and other.unit == curve.unit
        for split in EVALUATIONS
        for other in by_split.get(split, ())
    )
