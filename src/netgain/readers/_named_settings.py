"""Lists of configurations that each say their name, as `[{"name": "dqn", "learning_rate": 0.023}, ...]`.

Each holds for the run of its name alone, so its facts carry the name and count as what code keeps by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from netgain.readers._documents import SECRET, check_depth, flatten
from netgain.readers.base import Entry, Limits, RunFacts, Setting
from netgain.study import Scalar
from netgain.vocabulary import canonical_metric, is_known_metric

NAME_KEYS = (
    "name", "run_name", "exp_name", "experiment_name", "experiment", "run", "run_id", "exp", "id", "tag",
    "label", "title", "model_name",
)  # fmt: skip
"""Keys under which a configuration says what it is called, the plainest first."""
ASIDE = re.compile(
    r"settings|configs?|conf|cfgs?|params|hparams|options|experiments?|recipes|json|presets",
    re.IGNORECASE,
)
"""Folders of configurations, whose runs lie beside them."""
MOST = 2_000
"""Configurations of one list, and values of one configuration."""
MISSED_LINES = 50
"""Keys whose line is not found before no line is looked for."""
LONGEST = 120
"""Characters of a name."""


def names_in(items: list[dict[Any, Any]]) -> tuple[str, list[str]] | None:
    """Return the key by which configurations are told apart and their names; None where none does."""
    if not 2 <= len(items) <= MOST:
        return None
    for key in NAME_KEYS:
        found = [item.get(key) for item in items]
        names = [name for name in found if isinstance(name, str) and 0 < len(name) <= LONGEST]
        if len(names) == len(items) == len(set(names)):
            return key, names
    return None


def facts_of_named(entry: Entry, document: Any, text: str, limits: Limits) -> Iterator[RunFacts]:
    """Yield the facts of each configuration of a list; nothing where the list is of something else."""
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        return
    told = names_in(document)
    if told is None:
        return
    check_depth(document, limits.depth)
    if any(_is_score(key, value) for item in document for key, value in flatten(item)):
        return
    key, names = told
    position, line, missed = 0, 1, 0
    for name, item in zip(names, document, strict=True):
        settings: list[Setting] = []
        for inner, value in flatten(item):
            last = inner.rpartition(".")[2]
            pattern = re.compile(rf'"{re.escape(last)}"\s*:')
            found = pattern.search(text, position) if missed < MISSED_LINES else None
            if found is None:
                missed += 1
            else:
                line += text.count("\n", position, found.start())
                position = found.start() + 1
            if inner != key and not SECRET.search(inner) and len(settings) < MOST:
                place = entry.source(
                    line=line if found is not None else None, key=f"{name}.{inner}"
                )
                settings.append(Setting(key=inner, value=value, source=place))
        if settings:
            yield named_facts(entry, name, tuple(settings))


def _is_score(key: str, value: Scalar) -> bool:
    """Tell whether an entry is a result: a list of results is read as what it is."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    name = canonical_metric(key).name if number else ""
    return is_known_metric(name) and name not in ("learning_rate", "epoch")


def named_facts(entry: Entry, name: str, settings: tuple[Setting, ...]) -> RunFacts:
    """Return what a configuration of a name says."""
    folder = PurePath(entry.folder)
    beside = ASIDE.fullmatch(folder.name) and folder.parent.name
    location = str(folder.parent) if beside else entry.folder
    return RunFacts(location=location, dialect="code", name=name, settings=settings)
