"""Folders of checkpoints that hold the state of one training: `out/checkpoint-500`, `out/checkpoint-1000`."""

from __future__ import annotations

import re
from collections import defaultdict

from netgain.assemble.evidence import HOUSEKEEPING_FOLDERS
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Series

FOLDER = re.compile(
    r"(?P<saved>(?:checkpoint|ckpt|global_?step)(?:[-_](?:epoch|step|iter))?|epoch|step|iter(?:ation)?)"
    r"[-_=]?(?P<number>\d{1,12})",
    re.IGNORECASE,
)
"""A folder that a training makes of its state on the way."""
OF_A_TRAINER = re.compile(r"checkpoint-\d{1,12}")
"""The Hugging Face Trainer's name, which means a checkpoint even where it stands alone."""

Curves = dict[tuple[str, str], Series]
Bundles = dict[str, list[RunFacts]]


def join_checkpoints(grouped: Bundles) -> Bundles:
    """Return the runs with the checkpoints of one training as one run, named by the folder they lie in.

    The state saved last holds the whole history; those before it hold the beginning of the same history.
    Where two histories differ, they are of two trainings and all stay apart.
    """
    by_parent: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for run_id in grouped:
        found = FOLDER.fullmatch(pure_path(run_id).name) if "#" not in run_id else None
        home = _home(run_id)
        if found is not None and pure_path(home).name:
            by_parent[home].append((int(found["number"]), run_id))
    if not by_parent:
        return grouped
    joined = dict(grouped)
    for home, numbered in by_parent.items():
        run_ids = [run_id for _, run_id in sorted(numbered)]
        bundle = _one_training(
            {run_id: grouped[run_id] for run_id in run_ids}, grouped.get(home, [])
        )
        if bundle is None:
            continue
        for run_id in run_ids:
            del joined[run_id]
        joined[home] = bundle
    return joined


def _home(run_id: str) -> str:
    folder = pure_path(run_id).parent
    while HOUSEKEEPING_FOLDERS.fullmatch(folder.name) and folder.parent.name:
        folder = folder.parent
    return str(folder)


def _one_training(checkpoints: Bundles, own: list[RunFacts]) -> list[RunFacts] | None:
    """Return what is known of the training that checkpoints were saved of; None where they are of several.

    Args:
        checkpoints: their facts, by run id, the earliest first.
        own: facts of the folder they lie in.
    """
    histories = {run_id: curves_of(bundle) for run_id, bundle in checkpoints.items()}
    with_history = [run_id for run_id, curves in histories.items() if curves]
    if not with_history:
        return None
    last = with_history[-1]
    alone = len(checkpoints) == 1
    if alone and not OF_A_TRAINER.fullmatch(pure_path(last).name):
        return None
    for run_id, curves in histories.items():
        bare = any(fact.finals for fact in checkpoints[run_id]) and not curves
        if run_id != last and (bare or not begins(curves, histories[last])):
            return None
    whole = curves_of(own)
    if whole and begins(histories[last], whole) and set(histories[last]) <= set(whole):
        models = [fact for fact in checkpoints[last] if fact.model and not fact.series]
        return [*own, *(models if not any(fact.model for fact in own) else ())]
    if not begins(histories[last], whole) and not begins(whole, histories[last]):
        return None
    return [*own, *checkpoints[last]]


def curves_of(bundle: list[RunFacts]) -> Curves:
    """Return the curves of a run by key and axis."""
    return {(s.key, s.unit): s for fact in bundle for s in fact.series}


def begins(first: Curves, second: Curves) -> bool:
    """Tell whether every curve that both hold begins in the second as the first has it."""
    return all(
        second[key].steps[: len(curve.steps)] == curve.steps
        and second[key].values[: len(curve.values)] == curve.values
        for key, curve in first.items()
        if key in second
    )
