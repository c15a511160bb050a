"""Settings files with a section for each of several methods: a run has that of its own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace

from netgain.assemble.scripts_of_runs import names_of, tells_apart
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts

PARTS_OF_ONE = frozenset(
    {"encoder", "decoder", "generator", "discriminator", "actor", "critic", "teacher", "student", "source",
     "target", "backbone", "head", "neck", "optimizer", "scheduler", "model", "dataset", "loader", "trainer",
     "dataloader", "image", "text", "video", "audio"}
)  # fmt: skip
"""Sections that one training reads beside one another."""
FEWEST = 2
"""Keys that sections share which hold the same for different methods."""


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
