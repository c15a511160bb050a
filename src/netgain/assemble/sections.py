"""Settings files with a section for each of several methods: a run has that of its own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from netgain.assemble.files_of_one_name import level
from netgain.assemble.scripts_of_runs import names_of, tells_apart
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.study import Cited, Scalar

PARTS_OF_ONE = frozenset(
    {"encoder", "decoder", "generator", "discriminator", "actor", "critic", "teacher", "student", "source",
     "target", "backbone", "head", "neck", "optimizer", "scheduler", "model", "dataset", "loader", "trainer",
     "dataloader", "image", "text", "video", "audio"}
)  # fmt: skip
"""Sections that one training reads beside one another."""
LISTS_OF_METHODS = frozenset(
    {"algos", "algorithms", "algorithm", "algo", "methods", "agents", "models", "networks", "architectures",
     "experiments", "variants", "presets", "baselines", "configs", "runs", "optimizers"}
)  # fmt: skip
"""Keys that hold a section for each of several methods, of which one is trained at a time."""
DEEPEST = 3
"""How deep in a file sections of methods are looked for."""
FEWEST = 2
"""Keys that sections share which hold the same for different methods."""
Parent = tuple[str, ...]
"""Keys above a section, from the outermost."""
TRAINING = frozenset(
    {"train", "training", "trainer", "train_cfg", "train_config", "training_args", "fit"}
)
"""Sections of a file that set the training itself."""
WHOLE = frozenset({"cfg", "config", "args", "hparams", "hyperparameters", "params", "settings", ""})
"""Names of a file's settings as a whole."""
OF_TRAINING = frozenset(
    {"batch_size", "batch_size_per_device", "tokens_per_batch", "learning_rate", "epochs", "max_steps",
     "gradient_accumulation"}
)  # fmt: skip
"""Settings that a section of the training states for it, whatever other sections call theirs."""


def of_its_section(fact: RunFacts, run_id: str, bundle: list[RunFacts]) -> RunFacts:
    """Return a fact without the sections of other methods: `sac.lr`, `algos.sac.lr` for a run called `ppo`.

    Sections are those of methods where they share keys, and the run states the name of one of them alone, or
    is called like it. Of a list of methods of which the run names none, only what all of them state is left.
    """
    for parent, sections in _families(fact).items():
        own = _named_by(fact, parent, sections, bundle) or _called_like(sections, run_id, bundle)
        if own is not None:
            dropped = {
                section
                for section, found in sections.items()
                if section != own and len(found.keys() & sections[own].keys()) >= FEWEST
            }
            fact = _without(fact, parent, dropped)
        elif parent and parent[-1].lower() in LISTS_OF_METHODS:
            fact = _without_differing(fact, parent, sections)
    return fact


def _families(fact: RunFacts) -> dict[Parent, dict[str, dict[str, Scalar]]]:
    """Return the sections of methods below each key that holds several which share keys."""
    dotted = [setting for setting in fact.settings if "." in setting.key]
    if len(dotted) < 2 * FEWEST:
        return {}
    found: dict[Parent, dict[str, dict[str, Scalar]]] = defaultdict(lambda: defaultdict(dict))
    for setting in dotted:
        parts = setting.key.split(".")
        for depth in range(min(len(parts) - 1, DEEPEST)):
            tail = ".".join(parts[depth + 1 :])
            found[tuple(parts[:depth])][parts[depth]][tail] = setting.value
    families: dict[Parent, dict[str, dict[str, Scalar]]] = {}
    for parent, sections in found.items():
        shared = Counter(tail for tails in sections.values() for tail in tails)
        if sum(count > 1 for count in shared.values()) >= FEWEST:
            methods = {name: tails for name, tails in sections.items() if _is_method(name)}
            if methods:
                families[parent] = methods
    return families


def _named_by(
    fact: RunFacts, parent: Parent, sections: Iterable[str], bundle: Iterable[RunFacts]
) -> str | None:
    """Return the one section that a setting of the run is set to (`algo: ppo_tuned`)."""
    inside = "".join(f"{part}." for part in parent)
    held = {section.lower(): section for section in sections}
    stated = [one for other in bundle if other is not fact for one in other.settings]
    stated += [one for one in fact.settings if not parent or not one.key.startswith(inside)]
    named = {
        held[one.value.lower()]
        for one in stated
        if isinstance(one.value, str) and one.value.lower() in held
    }
    return named.pop() if len(named) == 1 else None


def _called_like(sections: Iterable[str], run_id: str, bundle: list[RunFacts]) -> str | None:
    """Return the one section whose name is a part of a run's: the longer where one is part of another."""
    names = names_of(run_id, bundle)
    spelled = [
        f"-{level(name)}-"
        for name in (*names.files, *(pure_path(folder).name for folder in names.folders[:2]))
    ]
    found = [one for one in sections if any(f"-{level(one)}-" in name for name in spelled)]
    longest = max(found, key=len, default=None)
    whole = f"-{level(longest)}-" if longest is not None else ""
    alone = longest is not None and all(f"-{level(one)}-" in whole for one in found)
    return longest if alone else None


def _without(fact: RunFacts, parent: Parent, dropped: set[str]) -> RunFacts:
    depth = len(parent)
    kept = tuple(
        one
        for one in fact.settings
        if (parts := tuple(one.key.split(".")))[:depth] != parent
        or len(parts) <= depth + 1
        or parts[depth] not in dropped
    )
    return replace(fact, settings=kept) if dropped else fact


def _without_differing(
    fact: RunFacts, parent: Parent, sections: Mapping[str, Mapping[str, Scalar]]
) -> RunFacts:
    """Leave out what the methods of a list state differently, or not all of them."""
    first, *others = sections.values()
    same = {
        tail
        for tail, value in first.items()
        if all(tail in other and other[tail] == value for other in others)
    }
    start = len(parent)
    kept = tuple(
        one
        for one in fact.settings
        if (parts := tuple(one.key.split(".")))[:start] != parent
        or len(parts) <= start + 1
        or parts[start] not in sections
        or ".".join(parts[start + 1 :]) in same
    )
    return replace(fact, settings=kept)


def _is_method(section: str) -> bool:
    return tells_apart(section) and section.lower() not in PARTS_OF_ONE


def training_first(name: str, readings: list[Cited[Scalar]]) -> list[Cited[Scalar]]:
    """Return readings with those of a section of the training before those of other sections of its file.

    `training.batch_size` is the batch of the training though `active_learning.batch_size` stands above it.
    """
    if name not in OF_TRAINING or len(readings) < 2:
        return readings
    stating = {one.source.path for one in readings if _is_of_training(one)}
    others = [
        one.source.path in stating and _section_of(one) != () and not _is_of_training(one)
        for one in readings
    ]
    return [
        *(one for one, later in zip(readings, others, strict=True) if not later),
        *(one for one, later in zip(readings, others, strict=True) if later),
    ]


def _section_of(reading: Cited[Scalar]) -> tuple[str, ...]:
    parts = re.split(r"[./]", (reading.source.key or "").lower())
    return tuple(part for part in parts[:-1] if part not in WHOLE)


def _is_of_training(reading: Cited[Scalar]) -> bool:
    return bool(TRAINING & set(_section_of(reading)))
