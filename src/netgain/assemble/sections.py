"""Settings files with a section for each of several methods: a run has that of its own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace

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
FEWEST = 2
"""Keys that sections share which hold the same for different methods."""
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
    """Return a fact without the sections of other methods: `sac.lr` for a run called `ppo`.

    Sections are those of methods where they share keys, and the run is called like one of them alone.
    """
    tails: dict[str, set[str]] = defaultdict(set)
    for setting in fact.settings:
        section, dot, tail = setting.key.partition(".")
        if dot:
            tails[section].add(tail)
    shared = Counter(tail for found in tails.values() for tail in found)
    if sum(count > 1 for count in shared.values()) < FEWEST:
        return fact
    names = names_of(run_id, bundle)
    words = {
        word
        for name in (*names.files, *(pure_path(folder).name for folder in names.folders[:2]))
        for word in (name, *re.split(r"[\W_]+", name))
    }
    own = [section for section in tails if section.lower() in words and _is_method(section)]
    if len(own) != 1:
        return fact
    others = {
        section
        for section, found in tails.items()
        if section != own[0] and len(found & tails[own[0]]) >= FEWEST and _is_method(section)
    }
    kept = tuple(one for one in fact.settings if one.key.partition(".")[0] not in others)
    return replace(fact, settings=kept) if others else fact


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
