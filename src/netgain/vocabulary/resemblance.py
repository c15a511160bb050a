"""Which canonical setting a key that no vocabulary knows may mean, for the advice to teach it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from netgain.vocabulary import OTHER_CONTEXTS, setting_names

LIKENESS = 0.86
"""Similarity of two spellings from which on one can be a slip of the other."""
SHORTEST = 5
"""Letters of a name that is told by its likeness alone."""


def resembled(key: str) -> str | None:
    """Return the canonical setting whose name a key ends with or nearly spells; None where there is none.

    `labeled_batch_size` may be the batch size; that of another split is not the training's.
    """
    words = re.findall(
        r"[a-z]+|\d+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.split(r"[./]", key)[-1]).lower()
    )
    if not words or OTHER_CONTEXTS & set(words):
        return None
    names = _names()
    for start in range(1, len(words)):
        ending = "_".join(words[start:])
        if ending in names and "_" in ending:
            return ending
    joined = "_".join(words)
    near = get_close_matches(joined, names, 1, LIKENESS) if len(joined) >= SHORTEST else []
    return near[0] if near else None


@cache
def _names() -> tuple[str, ...]:
    return tuple(setting_names())
