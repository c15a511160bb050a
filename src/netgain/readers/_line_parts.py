"""What one line of a log says: its numbers with their names, told apart where a name recurs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from netgain.vocabulary import canonical_metric, is_known_metric

Axis = Literal["step", "epoch", "sample"]
OWNER = re.compile(
    r"(?!(?:train|training|val|valid|validation|test|testing|eval|dev)$)[A-Za-z]\w{0,19}",
    re.IGNORECASE,
)
"""Words in front of a name that say whose it is; a split is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One number of a line: what it is and where its digits stand."""

    role: Axis | Literal["value"]
    """Axis of the training, or a value."""
    key: str
    """Name, the split in front where a word of the line says it."""
    at: tuple[int, int]
    """Where the number stands in the line."""
    total: tuple[int, int] | None = None
    """Where the number behind a slash stands: the end of an axis, or the whole a value is a part of."""
    owner: str = ""
    """Word in front of the name, which tells values of one name apart: `[D loss: 0.9] [G loss: 1.2]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line of a log says of the training."""

    axes: dict[Axis, float]
    """Where the training stands, by what is counted."""
    totals: dict[Axis, float]
    """Where it will end, as `3/90` states it."""
    values: dict[str, float]
    """Numbers by name, the split in front where a word of the line says it."""
    split: str | None
    """Split word that stands by itself in the line."""


def told_apart(parts: list[Part]) -> list[Part]:
    """Return parts in which values of one name bear the words in front of it, where those differ."""
    owners: dict[str, list[str]] = {}
    for part in parts:
        if part.role == "value":
            owners.setdefault(part.key, []).append(part.owner)
    several = {
        key
        for key, words in owners.items()
        if 1 < len(words) == len(set(words)) and all(OWNER.fullmatch(word) for word in words)
    }
    told = [
        replace(part, key=_owned(part)) if part.role == "value" and part.key in several else part
        for part in parts
    ]
    return _behind_their_splits(told)


def _behind_their_splits(parts: list[Part]) -> list[Part]:
    """Give a name stated several times the splits named before each: `Val AUC 0.9, Acc 0.8, Test AUC`."""
    counts = Counter(part.key for part in parts if part.role == "value")
    if len(counts) == sum(counts.values()):
        return parts
    split: str | None = None
    found: dict[str, list[str | None]] = {}
    before: list[str | None] = []
    for part in parts:
        if part.role == "value":
            split = canonical_metric(part.key).split or split
            found.setdefault(part.key, []).append(split)
        before.append(split)
    apart = {
        key
        for key, splits in found.items()
        if counts[key] > 1
        and None not in splits
        and len(set(splits)) == len(splits)
        and canonical_metric(key).split is None
        and is_known_metric(canonical_metric(key).name)
    }
    return [
        replace(part, key=f"{own}/{part.key}")
        if part.role == "value" and part.key in apart
        else part
        for part, own in zip(parts, before, strict=True)
    ]


def _owned(part: Part) -> str:
    split, slash, name = part.key.rpartition("/")
    return f"{split}{slash}{part.owner}_{name}"
