"""Quantities without a split of their own that belong to the split named before them on the line.

`Val Loss: 0.41, Acc: 92.1%` states the accuracy on validation data, though `Acc` alone does not say so. What
one line cannot decide (`train_loss 0.5, acc 0.9` ends many an epoch in which accuracy is measured on test
data) is decided by the other lines of the log, or stays without a split.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from netgain.readers._log_runs import Group
from netgain.vocabulary import UNSPLIT, canonical_metric, is_known_metric

FROM_LOSS = frozenset(
    {"perplexity", "negative_log_likelihood", "elbo", "bits_per_byte", "bits_per_character",
     "bits_per_dimension", "word_perplexity", "byte_perplexity"}
)  # fmt: skip
NO_SCORES = frozenset({"latency", "samples_per_second", "steps_per_second", "runtime_seconds"})
"""Speeds, which a line states of whatever ran."""
SHARE_OF_LINES = 0.5
"""Lines of an evaluation, as a share of those of the training, that make it one of each epoch."""


HEADING = re.compile(
    r"[^A-Za-z]{0,100}(?:(?:start|starting|begin|beginning|running|run|performing|evaluating|evaluation|"
    r"evaluate|decoding|translating|predicting|inferring|scoring|results?|metrics|scores?|performance)[\s:]{1,4})?(?:(?:on|of|for|the|model|in)\s{1,4}){0,3}"
    r"(?P<split>training|train|validation|validating|valid|val|dev|testing|test|held-out test)"
    r"(?:[ _-]{0,3}(?:set|data|dataset|split|results?|metrics|scores?|performance|error|errors|phase|"
    r"stage|loop|epoch|summary|classification|report|stats|statistics|mode)){0,3}[^A-Za-z]{0,80}",
    re.IGNORECASE,
)
"""A line that names a split and nothing else: `Test Error:`, `==> Validation`, `Evaluating on test set`."""
LONGEST_HEADING = 160
BELOW_HEADING, BELOW_REPORT = 8, 60
"""Lines below a heading that it can speak of; a report has a row for each class before its means."""
HEADED = {"valid": "validation", "val": "validation", "dev": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class _Said:
    """What one name on a line says."""

    metric: str
    split: str | None


def heading_of(text: str) -> str | None:
    """Return the split that a line of words alone announces for the lines below it, else None."""
    found = HEADING.fullmatch(text) if 3 <= len(text) <= LONGEST_HEADING else None
    if found is None:
        return None
    word = found["split"].lower().rpartition(" ")[2]
    return next((split for start, split in HEADED.items() if word.startswith(start)), "train")


class Below:
    """The heading that stands above a line of a log.

    It speaks of each quantity once, and of none behind a blank line, a place of the training or eight lines.
    """

    def __init__(self) -> None:
        """Begin without one."""
        self._split, self._since, self._reach = "", 0, BELOW_HEADING
        self._named: set[str] = set()

    def announce(self, split: str, number: int, *, report: bool = False) -> None:
        """Begin what stands below the heading of a split, or of a report on one."""
        self._split, self._since = split, number
        self._reach = BELOW_REPORT if report else BELOW_HEADING
        self._named.clear()

    def end(self) -> None:
        """Leave what stood below it."""
        self._split = ""

    def blank(self) -> None:
        """Pass a blank line, which ends what stands below once anything stood there."""
        if self._named and self._reach == BELOW_HEADING:
            self._split = ""

    def names(self, names: Sequence[str], number: int) -> tuple[str, ...]:
        """Return the names of a line with the split of the heading of an evaluation above it.

        A line that names a split itself needs none, and neither does one of the training: its loop measures
        what it likes.
        """
        if not self._split or self._split == "train" or not names:
            return tuple(names)
        said = [_said(name) for name in names]
        told = _splits_of(one for one in said if one)
        known = [name for name, one in zip(names, said, strict=True) if one]
        if self._split == "test" and all(name.lower().startswith("eval") for name in known):
            told = set()  # a trainer's `evaluate` on test data still says `eval_`
        if told or number - self._since > self._reach or self._named & set(names):
            self._split = ""
            return tuple(names)
        self._named.update(names)
        return tuple(
            f"{self._split}/{name}" if one else name for name, one in zip(names, said, strict=True)
        )


def by_line(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of one line, in order, with the splits that the line alone decides.

    A line about one evaluation gives its split to what follows, loss excepted, which a loop prints of the
    training as well (`val acc 0.9, loss 0.3`). Of several splits, each must state the quantity once.
    """
    return _by_line(tuple(names))


@lru_cache(maxsize=20_000)
def _by_line(names: tuple[str, ...]) -> tuple[str, ...]:
    said = [_said(name) for name in names]
    owners = _owners(said)
    if not owners:
        return names
    named = {(one.metric, one.split) for one in said if one and one.split}
    splits = {split for _, split in named}
    if len(splits) == 1:
        owners = {
            at: split
            for at, split in owners.items()
            if split != "train" and not _is_of_the_loop(_metric(said, at), split, named)
        }
    else:
        stated = Counter((one.metric, one.split) for one in said if one and one.split)
        stated.update((_metric(said, at), split) for at, split in owners.items())
        owners = {
            at: split
            for at, split in owners.items()
            if all(stated[_metric(said, at), other] == 1 for other in splits)
        }
    return tuple(f"{owners[at]}/{name}" if at in owners else name for at, name in enumerate(names))


def by_log(groups: Iterable[Group]) -> list[Group]:
    """Return the records of a log with the splits that its lines decide together.

    `Train Loss: 0.5, Acc: 90` tells the accuracy of the training where the log also holds the same line of an
    evaluation, or states the accuracy of an evaluation about as often.
    """
    found = list(groups)
    lines: Counter[tuple[str, str | None]] = Counter()
    shapes: set[tuple[tuple[str, ...], str]] = set()
    for group in found:
        said = [one for name in group.keys if (one := _said(name)) is not None]
        for told in {(one.metric, one.split) for one in said}:
            lines[told] += len(group.lines)
        shapes.update((tuple(s.metric for s in said), split) for split in _splits_of(said))
    return [_decided(group, lines, shapes) for group in found]


def _is_of_the_loop(metric: str, split: str, named: set[tuple[str, str]]) -> bool:
    """Tell whether a quantity behind one of an evaluation can be that of the training all the same.

    A loss can; what is computed from a loss belongs to the loss that stands before it.
    """
    return metric == "loss" or (metric in FROM_LOSS and ("loss", split) not in named)


def _decided(
    group: Group,
    lines: Counter[tuple[str, str | None]],
    shapes: set[tuple[tuple[str, ...], str]],
) -> Group:
    said = [_said(name) for name in group.keys]
    owners = _owners(said)
    splits = set(owners.values())
    if len(splits) != 1 or _splits_of([one for one in said if one]) != splits:
        return group
    split = splits.pop()
    shape = tuple(one.metric for one in said if one)
    same_line = any(
        (shape, other) in shapes for other in ("train", "validation", "test") if other != split
    )
    keys = tuple(
        f"{split}/{name}"
        if at in owners and (same_line or _measured_besides(_metric(said, at), split, group, lines))
        else name
        for at, name in enumerate(group.keys)
    )
    return Group(keys, group.summary, group.lines, group.places, group.values)


def _measured_besides(
    metric: str, split: str, group: Group, lines: Counter[tuple[str, str | None]]
) -> bool:
    """Tell whether each epoch also states a quantity of the training on data of an evaluation."""
    if split != "train" or metric == "loss":
        return False
    besides = max(lines[metric, "validation"], lines[metric, "test"])
    return besides >= SHARE_OF_LINES * len(group.lines)


def _owners(said: Sequence[_Said | None]) -> dict[int, str]:
    """Return, by place, the split named last before each quantity without one.

    There are none where a quantity stands before the first split, or without a split beside itself with that
    one: in `val_loss 0.4 loss 0.5` the bare name is that of the training.
    """
    split: str | None = None
    owners: dict[int, str] = {}
    for at, one in enumerate(said):
        if one is None:
            continue
        if one.split is not None:
            split = one.split
        elif split is None:
            return {}
        else:
            owners[at] = split
    own = {(one.metric, one.split) for one in said if one and one.split}
    if any((_metric(said, at), split) in own for at, split in owners.items()):
        return {}
    return owners


def _splits_of(said: Iterable[_Said]) -> set[str]:
    return {one.split for one in said if one.split is not None}


def _metric(said: Sequence[_Said | None], at: int) -> str:
    one = said[at]
    return one.metric if one is not None else ""


@lru_cache(maxsize=20_000)
def _said(name: str) -> _Said | None:
    """Return metric and split of a name; None where it is no score, or the best of many."""
    metric = canonical_metric(name)
    of_many = metric.name.startswith(("best_", "max_", "min_"))
    if not is_known_metric(metric.name) or metric.name in UNSPLIT | NO_SCORES or of_many:
        return None
    return _Said(metric.name, metric.split)
