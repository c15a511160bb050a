"""Files that hold one number and are called like the score it is: `accuracy_last.txt`, `test_f1.txt`."""

from __future__ import annotations

import re
from itertools import combinations

from netgain.readers.base import Entry, Final
from netgain.vocabulary import UNSPLIT, canonical_metric, is_known_metric

NUMBER = re.compile(
    r"\s*([-+]?\d{1,12}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?)\s*%?\s*(?:on set_size \d{1,9}\s*)?"
)
LONGEST = 200
"""Bytes of such a file."""
OF_WEIGHTS = frozenset(
    {"last", "final", "score", "scores", "result", "results", "value", "mean", "best"}
)
"""Words beside those of the score."""


def bare_score(entry: Entry) -> Final | None:
    """Return the score that a whole file is, None where it holds more or its name says more."""
    if entry.size > LONGEST:
        return None
    found = NUMBER.fullmatch(entry.head.decode("utf-8", "replace"))
    key = _score_named(entry.path.stem) if found else None
    if found is None or key is None:
        return None
    return Final(key=key, value=float(found[1]), source=entry.source(line=1, key=key))


def _score_named(stem: str) -> str | None:
    """Return the score that a name consists of, with `best` where it says so."""
    words = [word for word in re.split(r"[_\-.\s]+", stem.lower()) if word]
    for first, end in combinations(range(len(words) + 1), 2):
        key = "_".join(words[first:end])
        metric = canonical_metric(key).name
        if not is_known_metric(metric) or metric in UNSPLIT:
            continue
        rest = {*words[:first], *words[end:]}
        if rest <= OF_WEIGHTS and canonical_metric(key).name != "epoch":
            return f"best_{key}" if "best" in rest else key
    return None
