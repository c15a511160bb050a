"""Run folders of HELM: what was asked (`run_spec.json`), scores (`stats.json`), and each instance."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json, scalar
from netgain.readers._samples import Samples, Split, predictions_of
from netgain.readers.base import (
    Entry,
    Fact,
    Final,
    Limits,
    PredictionFacts,
    Reader,
    RunFacts,
    Setting,
)
from netgain.vocabulary import canonical_metric, is_known_metric

NAMES = ("run_spec.json", "stats.json", "per_instance_stats.json", "scenario_state.json")
SPEC = re.compile(rb'"(?:scenario_spec|adapter_spec)"\s*:')
STATS = re.compile(rb'"name"\s*:\s*\{\s*"name"\s*:|"instance_id"\s*:')
TOLD = {
    "model": ("adapter_spec", "model"),
    "num_fewshot": ("adapter_spec", "max_train_instances"),
    "limit": ("adapter_spec", "max_eval_instances"),
    "description": ("adapter_spec", "instructions"),
    "method": ("adapter_spec", "method"),
    "generation.temperature": ("adapter_spec", "temperature"),
    "num_train_trials": ("adapter_spec", "num_train_trials"),
    "task": ("scenario_spec", "class_name"),
}
"""Settings by the names lm-evaluation-harness has for them, and where they stand."""
SCORES = re.compile(
    r"(?:quasi_)?(?:prefix_)?exact_match(?:@\d+)?|f1_score|f1_set_match|rouge_\w+|bleu_\w+|\w*accuracy|pass@?\d*|"
    r"math_equiv(?:_chain_of_thought)?|ndcg@\d+|rr@\d+|.+_accuracy"
)
"""Statistics that are scores; HELM counts tokens, seconds and the like beside them."""
SPLITS: dict[str, Split] = {"test": "test", "valid": "validation", "train": "train"}


def sniff(entry: Entry) -> bool:
    """Recognise the four files of a run by name and first keys."""
    if entry.name not in NAMES:
        return False
    if entry.name in ("run_spec.json", "scenario_state.json"):
        return SPEC.search(entry.head) is not None
    return STATS.search(entry.head) is not None


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of a run folder.

    Raises:
        UnreadableFile: damaged, or of another form.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    if entry.name == "run_spec.json":
        yield from _spec(entry, document)
    elif entry.name == "stats.json":
        yield from _stats(entry, document)
    elif entry.name == "per_instance_stats.json":
        yield from _instances(entry, document)
    else:
        yield from _states(entry, document)


def _part(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _spec(entry: Entry, document: Any) -> Iterator[RunFacts]:
    settings = [
        Setting(key=key, value=scalar(value), source=entry.source(key=".".join(path)))
        for key, path in TOLD.items()
        if (value := _part(document, *path)) not in (None, "", [], {})
    ]
    arguments = _part(document, "scenario_spec", "args")
    if isinstance(arguments, dict) and arguments:
        source = entry.source(key="scenario_spec.args")
        settings.append(Setting(key="scenario_args", value=json.dumps(arguments), source=source))
    if not settings:
        raise UnreadableFile("without adapter or scenario; expected a run_spec.json of HELM")
    name = str(_part(document, "name") or "")
    yield RunFacts(
        location=entry.folder, dialect="lm_eval", name=name[:300], settings=tuple(settings)
    )


def _plain(stat: Any) -> tuple[str, Split | None] | None:
    """Return name and split of a score; None for a statistic of perturbed inputs or of something else."""
    name = _part(stat, "name")
    metric = _part(name, "name")
    if not isinstance(metric, str) or _part(name, "perturbation") is not None:
        return None
    if not (SCORES.fullmatch(metric) or is_known_metric(canonical_metric(metric).name)):
        return None
    return metric, SPLITS.get(str(_part(name, "split")))


def _mean(stat: Any) -> float | None:
    mean, total, count = (stat.get(key) for key in ("mean", "sum", "count"))
    if mean is None and isinstance(total, (int, float)) and isinstance(count, int) and count > 0:
        mean = total / count
    plain = isinstance(mean, (int, float)) and not isinstance(mean, bool) and math.isfinite(mean)
    return float(mean) if plain else None


def _stats(entry: Entry, document: Any) -> Iterator[RunFacts]:
    finals = []
    for index, stat in enumerate(document if isinstance(document, list) else ()):
        found = _plain(stat)
        value = _mean(stat) if found else None
        if found and value is not None:
            key = "/".join(part for part in (found[1], found[0]) if part)
            source = entry.source(key=f"{index}.{found[0]}")
            finals.append(Final(key=key, value=value, source=source))
    if not finals:
        raise UnreadableFile("holds no score; expected a stats.json of HELM")
    yield RunFacts(
        location=entry.folder,
        dialect="lm_eval",
        finals=tuple(finals),
        status="finished",
        status_source=entry.source(),
    )


def _instances(entry: Entry, document: Any) -> Iterator[PredictionFacts]:
    """Read scores of single instances; trials of other shots and perturbed copies are left out."""
    groups: dict[Split | None, Samples] = {}
    for row in document if isinstance(document, list) else ():
        first = not _part(row, "train_trial_index") and _part(row, "perturbation") is None
        item, stats = _part(row, "instance_id"), _part(row, "stats")
        if not first or item is None or not isinstance(stats, list):
            continue
        named = [(found, _mean(stat)) for stat in stats if (found := _plain(stat))]
        scored = [(metric, split, value) for (metric, split), value in named if value is not None]
        if not scored:
            continue
        samples = groups.setdefault(scored[0][1], Samples())
        samples.add(item, target=None, output=None, prompt=None, digest=None)
        for metric, _, value in scored:
            samples.score(metric, value)
    yield from _predictions(entry, groups)


def _states(entry: Entry, document: Any) -> Iterator[PredictionFacts]:
    """Read what was asked and answered; scores stand in the file of instances."""
    groups: dict[Split | None, Samples] = {}
    states = _part(document, "request_states")
    seen: set[tuple[str, str]] = set()
    for state in states if isinstance(states, list) else ():
        item = _part(state, "instance", "id")
        split = str(_part(state, "instance", "split"))
        again = (str(item), split) in seen
        if (
            item is None
            or _part(state, "train_trial_index")
            or again
            or _part(state, "instance", "perturbation")
        ):
            continue
        seen.add((str(item), split))
        completions = _part(state, "result", "completions")
        first = completions[0] if isinstance(completions, list) and completions else None
        answer, prompt = _part(first, "text"), _part(state, "request", "prompt")
        samples = groups.setdefault(SPLITS.get(split), Samples())
        samples.add(
            item,
            target=_reference(_part(state, "instance", "references")),
            output=answer.strip() if isinstance(answer, str) else None,
            prompt=prompt if isinstance(prompt, str) else None,
            digest=None,
        )
    yield from _predictions(entry, groups)


def _predictions(entry: Entry, groups: dict[Split | None, Samples]) -> Iterator[PredictionFacts]:
    if not groups:
        raise UnreadableFile("holds no instance that could be read; expected a run folder of HELM")
    for split, samples in groups.items():
        predictions = predictions_of(
            entry,
            samples,
            name=entry.path.parent.name,
            task=entry.path.parent.name.partition(",model=")[0] or None,
            split=split,
            dialect="lm_eval",
            kind="id",
        )
        yield PredictionFacts(location=entry.folder, predictions=predictions)


def _reference(references: Any) -> str | None:
    for reference in references if isinstance(references, list) else ():
        tags = _part(reference, "tags")
        if isinstance(tags, list) and "correct" in tags:
            text = _part(reference, "output", "text") or _part(reference, "output")
            return text.strip() if isinstance(text, str) else None
    return None


READER = Reader(name="HELM run", order=23, sniff=sniff, read=read)
