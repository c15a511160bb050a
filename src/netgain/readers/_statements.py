"""Words of a document to statements: which arm, which quantity, which number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from netgain.study import Scalar, Source, Statement
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric, phrases

Arm = Literal["baseline", "proposed", "both"]
NUMBER = r"[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
SPREAD = re.compile(rf"({NUMBER})\s*%?\s*(?:±|\+/-|\+-|\\pm)\s*({NUMBER})")
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
NEGATED = re.compile(r"\b(?:no|not|without|neither|never|disabled|off)\b", re.IGNORECASE)
SCORE = re.compile(
    r"([A-Za-z][\w@\-/ ]{1,40}?)\s*(?:of|is|was|=|:|reaches|reached|at|to|→)\s*\**"
    rf"({NUMBER})\s*(%|points?|pts|dB)?(?=[\s,.;)*|]|$)"
)
CLAUSES = re.compile(r"[,;]\s+|\s+(?:while|whereas|but|and|versus|vs\.?|against|than|from)\s+")
LOOP_QUANTITIES = ("learning_rate", "epoch", "runtime_seconds")
"""Metrics of the vocabulary that are no score."""


@cache
def _patterns(table: str) -> dict[str, tuple[re.Pattern[str], ...]]:
    return {
        name: tuple(re.compile(p.replace("{N}", NUMBER), re.IGNORECASE) for p in patterns)
        for name, patterns in phrases()[table].items()
    }


def _search(table: str, name: str, text: str) -> re.Match[str] | None:
    return next((m for p in _patterns(table)[name] if (m := p.search(text))), None)


def arm_of(text: str) -> Arm | None:
    """Tell which arm words name; None where they name neither, or one besides the other."""
    if _search("arms", "both", text):
        return "both"
    baseline, proposed = _search("arms", "baseline", text), _search("arms", "proposed", text)
    if bool(baseline) == bool(proposed):
        return None
    return "baseline" if baseline else "proposed"


def number(text: str) -> int | float | None:
    """Read a number as documents print it: thousands commas, true minus, percent."""
    word = text.strip().rstrip("%").strip().replace("−", "-")
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", word):
        word = word.replace(",", "")
    if re.fullmatch(r"[-+]?\d+", word):
        return int(word)
    try:
        return float(word) if re.fullmatch(NUMBER, word) else None
    except ValueError:
        return None


def cell_statements(
    title: str, cell: str, *, arm: Arm | None, text: str, source: Source, label: str
) -> Iterator[Statement]:
    """State one table cell under its column's canonical name, with its spread where it has one."""
    quantity = quantity_of(title)
    place = replace(source, cell=label)
    if quantity is None or not cell:
        return
    spread = SPREAD.search(cell)
    value: Scalar = number(spread.group(1)) if spread else number(cell)
    if value is None:
        known = canonical_setting(_plain_title(title)) is not None
        if not known or len(cell) > 60:
            return
        value = cell
    yield Statement(quantity=quantity, value=value, arm=arm, text=text, source=place)
    if spread:
        half = number(spread.group(2))
        yield Statement(quantity=f"{quantity}_spread", value=half, arm=arm, text=text, source=place)


def quantity_of(title: str) -> str | None:
    """Return the canonical quantity of a column title; None where the vocabulary knows none."""
    plain = _plain_title(title)
    if plain in ("seeds", "n_seeds", "runs", "n_runs", "n"):
        return "seeds"
    metric = canonical_metric(plain)
    if is_known_metric(metric.name) and metric.name != "epoch":
        return metric.name
    return canonical_setting(plain) or (metric.name if metric.split else None)


def _plain_title(title: str) -> str:
    inside = re.sub(r"[\(\[][^)\]]*[\)\]]", " ", title)
    return re.sub(r"[^\w@/.]+", "_", re.sub(r"[%↑↓]", " ", inside)).strip("_").lower()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with its place."""

    text: str
    """The words."""
    source: Source
    """Where they stand."""

    def says(self, quantity: str, value: Scalar, arm: Arm | None) -> Statement:
        """State something of an arm in the words of this sentence."""
        return Statement(
            quantity=quantity, value=value, arm=arm, text=self.text, source=self.source
        )


def sentence_statements(text: str, *, section: Arm | None, source: Source) -> Iterator[Statement]:
    """State everything one sentence says of budgets, scores, seeds and spread.

    Args:
        text: the sentence without markup.
        section: arm that the heading above names; used where the sentence names none.
        source: where it stands.
    """
    if not text or len(text) > 2000:
        return
    sentence = Sentence(text, source)
    named = any(_search("arms", name, text) for name in ("baseline", "proposed", "both"))
    arm = arm_of(text) if named else section
    seeds = _seeds_said(text)
    if seeds is not None:
        yield sentence.says("seeds", seeds, arm)
    best = _search("seeds", "best", text)
    if best:
        yield sentence.says("best_of_seeds", _count(best.group(1)), arm)
    interval = _search("spread", "interval", text)
    if interval:
        low, high = (number(group) for group in interval.groups() if group is not None)
        yield sentence.says("interval", f"{low} to {high}", arm)
    noise = _search("spread", "noise", text)
    if noise:
        yield sentence.says("noise", noise.group(0), arm)
    for clause, who in _clauses(text, arm):
        yield from _clause_statements(clause, who, sentence)


def _clauses(text: str, arm: Arm | None) -> Iterator[tuple[str, Arm | None]]:
    """Split a sentence that names both arms into one clause for each."""
    if _search("arms", "baseline", text) and _search("arms", "proposed", text):
        who: Arm | None = None
        for clause in CLAUSES.split(text):
            named = _search("arms", "baseline", clause) or _search("arms", "proposed", clause)
            who = arm_of(clause) if named else who
            yield clause, who
    else:
        yield text, arm


def _clause_statements(clause: str, arm: Arm | None, sentence: Sentence) -> Iterator[Statement]:
    taken: list[tuple[int, int]] = []
    for quantity in _patterns("quantities"):
        match = _search("quantities", quantity, clause)
        value = _factored([g for g in match.groups() if g]) if match else None
        if match and value is not None:
            yield sentence.says(quantity, value, arm)
            taken.append(match.span())
    for quantity in _patterns("flags"):
        match = _search("flags", quantity, clause)
        if match:
            before = clause[max(0, match.start() - 25) : match.start()]
            yield sentence.says(quantity, NEGATED.search(before) is None, arm)
    spread = SPREAD.search(clause)
    for match in SCORE.finditer(clause):
        name = _metric_named(match.group(1))
        value = number(match.group(2))
        overlapping = any(start < match.end(2) and match.start(2) < end for start, end in taken)
        if name is None or overlapping or value is None:
            continue
        yield sentence.says(name, value, arm)
        if spread and spread.start(1) == match.start(2):
            yield sentence.says(f"{name}_spread", number(spread.group(2)), arm)


def _metric_named(words: str) -> str | None:
    """Return the metric that the last one to three words name."""
    parts = words.split()
    for count in (3, 2, 1):
        name = canonical_metric("_".join(parts[-count:])).name
        if is_known_metric(name) and name not in LOOP_QUANTITIES:
            return name
    return None


def _factored(groups: list[str]) -> int | float | None:
    value = number(groups[0]) if groups else None
    if value is None or len(groups) < 2:
        return value
    return value * {"k": 1_000, "m": 1_000_000}.get(groups[1].lower(), 1)


def _seeds_said(text: str) -> int | None:
    match = _search("seeds", "count", text)
    count = _count(match.group(1)) if match else None
    return 1 if count is None and _search("seeds", "single", text) else count


def _count(word: str) -> int | None:
    return int(word) if word.isdigit() else WORDS.get(word.lower())
