"""Numbers of episodes in a file of settings: the length of a training, or a part of its epochs."""

from __future__ import annotations

import re
from dataclasses import replace

from netgain.readers.base import Fact, RunFacts
from netgain.vocabulary import canonical_setting

HORIZON = re.compile(r"(?:max|n|num)_?(?:time)?steps?$", re.IGNORECASE)
"""Names of steps that are those of one episode where episodes are counted too."""


def in_one_count(fact: Fact) -> Fact:
    """Return a file's facts with its length in one count where it states episodes beside epochs or steps.

    Few-shot training counts the episodes of each epoch. An agent is trained for episodes, and a bare
    `max_steps` beside them ends each of those.
    """
    if not isinstance(fact, RunFacts) or not any("episode" in s.key.lower() for s in fact.settings):
        return fact
    names = [canonical_setting(s.key, fact.dialect, value=s.value) for s in fact.settings]
    told = list(zip(fact.settings, names, strict=True))
    lengths = [s for s, name in told if name == "epochs"]
    of_episodes = [s for s in lengths if "episode" in s.key.lower()]
    if not of_episodes:
        return fact
    if len(of_episodes) < len(lengths):
        left_out = of_episodes
    else:
        left_out = [s for s, name in told if name == "max_steps" and _is_horizon(s.key)]
    return replace(fact, settings=tuple(s for s in fact.settings if s not in left_out))


def _is_horizon(key: str) -> bool:
    return HORIZON.fullmatch(re.split(r"[./]", key)[-1].replace("-", "_")) is not None
