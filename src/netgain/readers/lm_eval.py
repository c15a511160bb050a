"""Results of lm-evaluation-harness (0.3 and 0.4): scores of each task, shots, limit, seeds, prompts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers import metric_log
from netgain.readers._documents import SECRET, flatten, parse_json, scalar, typed_text
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts, Setting
from netgain.study import Scalar, Strength

FIRST_KEY = re.compile(rb'\s*\{\s*"results"\s*:\s*\{')
CONFIG = {
    "limit": "limit",
    "random_seed": "random_seed",
    "fewshot_seed": "fewshot_seed",
    "device": "device",
    "model": "backend",
    "model_num_parameters": "model_num_parameters",
    "model_dtype": "dtype",
    "model_sha": "model_sha",
    "batch_size": "eval.batch_size",
    "num_fewshot": "num_fewshot",
}
"""Keys of `config`, and what they are told as: the batch there is that of the evaluation."""
TOP = ("git_hash", "chat_template", "system_instruction", "transformers_version", "lm_eval_version")
"""Keys beside the results that say how it was run."""
MACHINE = {
    "torch": re.compile(r"^PyTorch version: (\S+)", re.MULTILINE),
    "python": re.compile(r"^Python version: (\S+)", re.MULTILINE),
    "device": re.compile(r"^GPU 0: (.+?)\s*$", re.MULTILINE),
    "cpu": re.compile(r"^Model name:\s*(.+?)\s*$", re.MULTILINE),
}
"""What `pretty_env_info` says of the machine."""
SPREAD = re.compile(r"(?:^|_)(?:stderr|std|var)$")
COUNTED = frozenset(("n_evaluated", "n_available", "model_num_parameters"))
"""What the harness counted rather than was told."""
MOST_TASKS = 5_000


def sniff(entry: Entry) -> bool:
    """Recognise a JSON document whose first key is `results`, with an object below."""
    return entry.suffix == ".json" and FIRST_KEY.match(entry.head) is not None


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file as one evaluation; other documents that begin alike go to the metric log.

    Raises:
        UnreadableFile: damaged.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    if not _is_harness(document):
        yield from metric_log.read(entry, limits)
        return
    results: dict[str, dict[str, Any]] = {
        task: scores for task, scores in document["results"].items() if isinstance(scores, dict)
    }
    if len(results) > MOST_TASKS:
        raise UnreadableFile(f"more than {MOST_TASKS:,} tasks in one file")
    top = _top_tasks(document, results)
    settings = (*_settings(entry, document), *_task_settings(entry, document, top))
    yield RunFacts(
        location=entry.folder,
        dialect="lm_eval",
        name=str(document.get("model_name") or ""),
        settings=tuple(s for s in settings if s.value is not None and not SECRET.search(s.key)),
        finals=tuple(_finals(entry, document, results, top)),
        status="finished",
        status_source=entry.source(key="results"),
    )


def _is_harness(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        return False
    return isinstance(document.get("config"), dict) and (
        isinstance(document.get("versions"), dict) or "n-shot" in document
    )


def _part(document: Mapping[str, Any], *keys: str) -> Any:
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _top_tasks(document: dict[str, Any], results: dict[str, Any]) -> tuple[str, ...]:
    """Return the tasks that belong to no group of other tasks."""
    groups = _part(document, "group_subtasks")
    members = {
        name
        for group, names in (groups.items() if isinstance(groups, dict) else ())
        if isinstance(names, list) and group in results
        for name in names
        if isinstance(name, str)
    }
    return tuple(task for task in results if task not in members)


def _finals(
    entry: Entry, document: dict[str, Any], results: dict[str, dict[str, Any]], top: tuple[str, ...]
) -> Iterator[Final]:
    """Yield the score of each task; the only task's go by the metric's name alone."""
    for task, scores in results.items():
        split = _split(document, task)
        filters = {key.partition(",")[2] for key in scores} - {"", "none"}
        for key, value in scores.items():
            metric, _, chosen = key.partition(",")
            plain = isinstance(value, (int, float)) and not isinstance(value, bool)
            if (
                not plain
                or not math.isfinite(value)
                or SPREAD.search(metric)
                or "sample_len" in metric
            ):
                continue
            parts = [split, None if top == (task,) else task, metric]
            parts.append(chosen if len(filters) > 1 and chosen != "none" else None)
            yield Final(
                key="/".join(part for part in parts if part),
                value=float(value),
                source=entry.source(key=f"results.{task}.{key}"),
            )


def _split(document: dict[str, Any], task: str) -> str | None:
    """Return the split that was scored: the test split where the task names one."""
    for split in ("test", "validation"):
        if _part(document, "configs", task, f"{split}_split"):
            return split
    return None


def _settings(entry: Entry, document: dict[str, Any]) -> Iterator[Setting]:
    config = document["config"]
    for key, name in CONFIG.items():
        if config.get(key) not in (None, ""):
            yield _told(entry, name, config[key], f"config.{key}")
    for key in TOP:
        if document.get(key):
            yield _told(entry, key, document[key], key)
    for key, value in _model_arguments(config.get("model_args")):
        yield _told(entry, f"model_args.{key}", value, f"config.model_args.{key}")
    described = document.get("pretty_env_info")
    for name, pattern in MACHINE.items() if isinstance(described, str) else ():
        found = pattern.search(str(described))
        if found and not (name == "device" and config.get("device") == "cpu"):
            yield _told(entry, name, found[1], "pretty_env_info")


def _model_arguments(arguments: Any) -> Iterator[tuple[str, Scalar]]:
    if isinstance(arguments, dict):
        yield from flatten(arguments)
    elif isinstance(arguments, str):
        for part in arguments.split(","):
            key, equals, value = part.partition("=")
            if equals:
                yield key.strip(), typed_text(value)


def _task_settings(
    entry: Entry, document: dict[str, Any], top: tuple[str, ...]
) -> Iterator[Setting]:
    """Yield what the tasks were asked with; what differs from task to task is told task by task."""
    yield _told(entry, "task", top[0] if len(top) == 1 else json.dumps(top), "results")
    asked = {
        "num_fewshot": ("n-shot",),
        "task_hash": ("task_hashes",),
        "n_evaluated": ("n-samples", "effective"),
        "n_available": ("n-samples", "original"),
        "doc_to_text": ("configs", "doc_to_text"),
        "description": ("configs", "description"),
    }
    tasks = _leaf_tasks(document) or top
    for name, path in asked.items():
        found = {task: _part(document, path[0], task, *path[1:]) for task in tasks}
        told = {task: value for task, value in found.items() if value not in (None, "")}
        same = len({json.dumps(value, default=str) for value in told.values()}) == 1
        if told and same and (len(told) == len(found) or name == "num_fewshot"):
            yield _told(
                entry, name, next(iter(told.values())), ".".join((path[0], next(iter(told))))
            )
        elif told:
            yield _told(entry, name, json.dumps(told, sort_keys=True), path[0])


def _leaf_tasks(document: dict[str, Any]) -> tuple[str, ...]:
    configs = _part(document, "configs")
    return tuple(configs) if isinstance(configs, dict) else ()


def _told(entry: Entry, key: str, value: Any, place: str) -> Setting:
    strength: Strength = "logged" if key in COUNTED else "configured"
    return Setting(key=key, value=scalar(value), source=entry.source(key=place), strength=strength)


READER = Reader(name="lm-evaluation-harness results", order=22, sniff=sniff, read=read)
