"""Which run a model file belongs to: one whose name or record ties it, or the only training beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from netgain.assemble.evidence import CODE, path_of
from netgain.assemble.names import group_name
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.study import Cited, ModelProfile, Scalar

PLAIN = frozenset(
    {"log", "logs", "model", "models", "net", "network", "weight", "weights", "ckpt", "checkpoint",
     "checkpoints", "best", "last", "latest", "final", "history", "hist", "result", "results", "metric",
     "metrics", "state", "dict", "statedict", "params", "train", "training", "trained", "output", "out",
     "config", "args", "acc", "loss", "scores", "score", "report", "save", "saved", "run", "full"}
)  # fmt: skip
"""Words of a file name that say what a file of a run holds, not which run."""
COUNTER = re.compile(r"(?:e|ep|epoch|step|iter)\d*", re.IGNORECASE)
BEGUN_WITH = re.compile(r"resum|pretrain|init|teacher|load|start|from|backbone", re.IGNORECASE)
"""Keys of a file that a training began with and did not write."""
SUFFIXES = re.compile(r"\.(?:log|txt|out|csv|tsv|jsonl?|ya?ml|toml|err)$", re.IGNORECASE)
SAME_SIZE = 0.01
"""Share by which two counts of one model may differ: rounding, buffers."""


def with_own_models(grouped: dict[str, list[RunFacts]]) -> dict[str, list[RunFacts]]:
    """Leave a model file that several trainings share to those that it is tied to.

    Repeats of one configuration share its model. Of other trainings only those count that are called like
    the file or name it in their own record; where there is none, the file is no run's.
    """
    sharing: dict[int, list[str]] = defaultdict(list)
    for run_id, bundle in grouped.items():
        for fact in bundle:
            if _is_model_file(fact):
                sharing[id(fact)].append(run_id)
    disputed = {
        key: run_ids for key, run_ids in sharing.items() if len(set(map(group_name, run_ids))) > 1
    }
    if not disputed:
        return grouped
    files = {id(fact): fact for bundle in grouped.values() for fact in bundle}
    tied = {
        key: _tied(model_path(files[key]), {run_id: grouped[run_id] for run_id in run_ids})
        for key, run_ids in disputed.items()
    }
    return {
        run_id: [f for f in bundle if id(f) not in disputed or run_id in tied[id(f)]]
        for run_id, bundle in grouped.items()
    }


def model_path(fact: RunFacts) -> str:
    """Return the file that a model was read from, empty where nothing of it is cited."""
    model = fact.model
    if model is not None:
        cited = (model.parameters, model.averaged_weights, *model.components)
        found = next((one.source.path for one in cited if one is not None), "")
        if found:
            return found
    return path_of(fact)


def with_written_size(
    model: ModelProfile | None, written: Cited[Scalar] | None
) -> ModelProfile | None:
    """Return a model by the size that its run printed, where a file beside the run holds another.

    The file's count stays as disagreeing.
    """
    if model is None or model.parameters is None or written is None:
        return model
    value = written.value
    counted = model.parameters
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        return model
    if any(
        isinstance(size, (int, float)) and abs(size - counted.value) <= SAME_SIZE * counted.value
        for size in (value, *(other.value for other in written.disagreeing))
    ):
        return model
    return replace(
        model,
        parameters=Cited(
            value=round(value),
            source=written.source,
            strength=written.strength,
            confidence=written.confidence,
            disagreeing=(counted,),
        ),
    )


def _is_model_file(fact: RunFacts) -> bool:
    return fact.model is not None and not (fact.series or fact.finals or fact.run_id)


def _tied(path: str, bundles: dict[str, list[RunFacts]]) -> frozenset[str]:
    """Return the runs that a model file is tied to by name, else by what they recorded."""
    words = _words(path)
    alike = {
        run_id for run_id, bundle in bundles.items() if words and words in _names(run_id, bundle)
    }
    if alike:
        return frozenset(alike)
    naming = {
        run_id for run_id, bundle in bundles.items() if _names_file(bundle, pure_path(path).name)
    }
    return frozenset(naming) if len(set(map(group_name, naming))) == 1 else frozenset()


def _names(run_id: str, bundle: list[RunFacts]) -> set[tuple[str, ...]]:
    logs = {
        path_of(fact) for fact in bundle if fact.dialect != CODE and (fact.series or fact.finals)
    }
    return {_words(name) for name in (run_id.rpartition("#")[2], *logs)}


@lru_cache(maxsize=8192)
def _words(path: str) -> tuple[str, ...]:
    """Return the words of a file's name that tell its run."""
    name = pure_path(path).name
    stem = SUFFIXES.sub("", name)
    if (
        stem == name
        and pure_path(path).suffix[1:].isalnum()
        and not pure_path(path).suffix[1:2].isdigit()
    ):
        stem = pure_path(path).stem
    parts = re.findall(r"[^\W_]+", stem.lower())
    return tuple(part for part in parts if part not in PLAIN and not COUNTER.fullmatch(part))


def _names_file(bundle: Iterable[RunFacts], name: str) -> bool:
    """Tell whether a run's own settings name a file that it wrote."""
    return bool(name) and any(
        isinstance(setting.value, str)
        and re.split(r"[/\\]", setting.value.strip())[-1] == name
        and not BEGUN_WITH.search(setting.key)
        for fact in bundle
        if fact.dialect != CODE
        for setting in fact.settings
    )
