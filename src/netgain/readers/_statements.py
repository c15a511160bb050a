"""Words of a document to statements: which arm, which quantity, which number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from netgain.study import Scalar, Source, Statement
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric, phrases

Arm = Literal["baseline", "proposed", "both"]
NUMBER = r"[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
SPREAD = re.compile(rf"(?<!\d)({NUMBER})\s*%?\s*(?:±|\+/-|\+-|\\pm)\s*({NUMBER})")
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
NEGATED = re.compile(r"\b(?:no|not|without|neither|never|disabled|off)\b", re.IGNORECASE)
SCORE = re.compile(
    r"([A-Za-z][\w@\-/ ]{1,40}?)\s*(?:of|is|was|=|:|reaches|reached|at|to|→)\s*\**"
    rf"({NUMBER})\s*(%|points?|pts|dB)?(?=[\s,.;)*|]|$)(?!\s*[*×·/+]\s*[\w(])"
)
CLAUSES = re.compile(
    r"([,;]\s+|\s+(?:while|whereas|but|and|versus|vs\.?|against|than|from(?=\s+\d)|over|to that of)\s+)"
)
RESETTING = re.compile(r"while|whereas|versus|vs|against|than|from|over|to that of")
REACHED = re.compile(
    r"\b(?:mean|average|total|cumulative|episodic|episode|final|test|best)\s+(?:\w+\s+)?(?:reward|return)",
    re.IGNORECASE,
)
NO_COUNT = re.compile(
    r"(?:\b(?:not?|never|neither|rather than|instead of|more than|unlike|beyond|within|inside|during|per|"
    r"avoid\w*)\b|n't\b)[^.;:]{0,40}$",
    re.IGNORECASE,
)
"""Words before `a single run` by which it is not what was done, or tells what happens in each run."""
LOOP_QUANTITIES = ("learning_rate", "epoch", "runtime_seconds")
"""Metrics of the vocabulary that are no score."""
NOT_OF_CAPTIONS = frozenset(
    {*LOOP_QUANTITIES, "score", "loss", "latency", "reward", "precision", "recall", "error", "runtime",
     "win_rate", "specificity", "gradient_norm"}
)  # fmt: skip
"""Words that captions use for other things than the one metric of their table."""
UNCLEAR_AT_THE_END = NOT_OF_CAPTIONS - {"error", "recall"}
DIFFERENCES = frozenset(
    {"delta", "δ", "gain", "drop", "diff", "difference", "std", "improvement", "impr", "change", "rel",
     "relative", "gap", "mixed", "half"}
)  # fmt: skip
"""Words by which a column holds a difference or a spread, not a score."""
TABLE_SETTINGS = frozenset(
    {"epochs", "batch_size", "batch_size_per_device", "steps", "max_steps", "learning_rate", "weight_decay",
     "parameters", "forward_flops", "forward_macs", "train_flops", "n_train", "n_test", "n_validation",
     "image_size", "test_image_size", "wall_seconds", "device", "devices", "device_count", "optimizer",
     "schedule", "activation", "pretrained", "ema", "ema_decay", "warmup_steps", "warmup_epochs", "seeds",
     "ensemble", "views", "dropout", "label_smoothing", "augmentation", "samples_seen", "dataset", "model",
     "attention", "normalization", "n_trials", "gradient_accumulation", "precision", "shots", "momentum",
     "test_time_augmentation", "repeats", "seed"}
)  # fmt: skip
"""Settings that stand in columns of published tables; `depth` and the like are there names of data."""
WHOLE_NUMBERS = frozenset({"seed", "seeds", "batch_size", "shots", "n_trials", "device_count"})
"""Quantities that a number with decimals cannot be: the column is a data set of that name."""
PERCENT = r"\s*(?:%|points?|pts|dB)?"
FROM_TO = re.compile(
    r"\b(?:improv|increas|rais|boost|lift|reduc|lower|decreas|cut)\w*\s+(?:the |our |its )?"
    rf"([A-Za-z][\w@\-/. ]{{1,50}}?)\s*(?:\([^)]{{0,40}}\)\s*)?"
    rf"from\s+({NUMBER}){PERCENT}\s+to\s+({NUMBER})(?![\d.]*\s*%?\s*epoch)",
    re.IGNORECASE,
)
VERSUS = re.compile(
    rf"(?<!\d)({NUMBER}){PERCENT}\s*(?:vs\.?|versus|compared (?:to|with)|over|against)\s*({NUMBER}){PERCENT}"
    r"(?:\s*(?:in\s+|on\s+)?([A-Za-z][\w@\- ]{1,30}))?",
    re.IGNORECASE,
)
BETTER = re.compile(
    r"\b(?:outperform|surpass|exceed|beat)(?:s|ed|ing)?\b|\b(?:better|higher|superior|lower error) than\b",
    re.IGNORECASE,
)
BY_POINTS = re.compile(
    rf"\bby\s+(?:up to\s+|about\s+|around\s+|~)?({NUMBER})\s*(?:%|percentage points?|points?|pp\b|pts|dB)",
    re.IGNORECASE,
)
REVERSED = re.compile(
    r"\b(?:not|never|fails? to|cannot|n't|is outperformed|are outperformed|was outperformed"
    r"|would|could|may|might|worse than|lower than)\b",
    re.IGNORECASE,
)


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


MOST_DIGITS = 40
"""Characters of the longest number a document prints."""


def number(text: str) -> int | float | None:
    """Read a number as documents print it: thousands commas, true minus, percent."""
    word = text.strip().rstrip("%").strip().replace("−", "-")
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", word):
        word = word.replace(",", "")
    if len(word) > MOST_DIGITS:
        return None
    if re.fullmatch(r"[-+]?\d+", word):
        return int(word)
    try:
        return float(word) if re.fullmatch(NUMBER, word) else None
    except ValueError:
        return None


def metric_of_caption(caption: str | None) -> str | None:
    """Return the one metric a caption names (`PSNR (dB) of ...`); None where it names none or several."""
    if re.search(r"\bexcept\b|\brespectively\b", caption or ""):
        return None
    words = re.findall(r"[A-Za-z][\w@\-]*", (caption or "")[:600])
    pairs = ["_".join(pair) for pair in pairwise(words)]
    found: dict[str, None] = {}
    for word in (*pairs, *words):
        name = canonical_metric(re.sub(r"ies$", "y", word.replace("-", "_"))).name
        if is_known_metric(name) and name not in NOT_OF_CAPTIONS:
            found[name] = None
    return next(iter(found)) if len(found) == 1 else None


def cell_statements(
    title: str, cell: str, *, arm: Arm | None, text: str, source: Source, label: str
) -> Iterator[Statement]:
    """State one table cell under its column's canonical name, with its spread where it has one."""
    quantity = quantity_of(title)
    place = replace(source, cell=label)
    if quantity is None or cell.strip(" -–—") == "":
        return
    spread = SPREAD.search(cell)
    value: Scalar = number(spread.group(1)) if spread else number(cell)
    if value is None:
        known = canonical_setting(_plain_title(title)) in TABLE_SETTINGS
        if not known or len(cell) > 60:
            return
        value = cell
    if quantity in WHOLE_NUMBERS and isinstance(value, float):
        return
    yield Statement(quantity=quantity, value=value, arm=arm, text=text, source=place)
    if spread:
        half = number(spread.group(2))
        yield Statement(quantity=f"{quantity}_spread", value=half, arm=arm, text=text, source=place)


def quantity_of(title: str) -> str | None:
    """Return the canonical quantity of a column title; None where the vocabulary knows none.

    Of titles that stand above one another, joined by ` / `, one alone may name a quantity.
    """
    if " / " in title:
        found = {name for part in title.split(" / ") if (name := quantity_of(part)) is not None}
        return found.pop() if len(found) == 1 and not found & {"seed", "model", "dataset"} else None
    plain = _plain_title(title)
    if plain in ("seeds", "n_seeds", "runs", "n_runs", "n"):
        return "seeds"
    metric = canonical_metric(plain)
    if is_known_metric(metric.name) and metric.name != "epoch":
        return metric.name
    setting = canonical_setting(plain)
    if setting is not None:
        return setting if setting in TABLE_SETTINGS else None
    return metric.name if metric.split else _metric_at_the_end(plain.split("_"))


def _metric_at_the_end(words: list[str]) -> str | None:
    """Return the metric behind the name of a data set (`CIFAR-10 acc`); differences are none."""
    if len(words) > 6 or DIFFERENCES & set(words):
        return None
    for start in range(1, len(words)):
        name = canonical_metric("_".join(words[start:])).name
        if is_known_metric(name) and name not in UNCLEAR_AT_THE_END:
            return name
    return None


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
    compared = tuple(_comparisons(sentence))
    yield from compared
    if any(said.quantity != "gain" for said in compared):
        return
    for clause, who in _clauses(text, arm):
        yield from _clause_statements(clause, who, sentence)


def _comparisons(sentence: Sentence) -> Iterator[Statement]:
    """State both sides of `improves accuracy from 76.2 to 78.9` and of `outperforms X (97.6 vs 95.1)`.

    Nothing is stated where the sentence is negated or conditional, or does not say which side is which.
    """
    text = sentence.text
    if REVERSED.search(text):
        return
    change = FROM_TO.search(text)
    name = _metric_named(change.group(1)) if change else None
    if change and name and name != "loss":
        yield sentence.says(name, number(change.group(2)), "baseline")
        yield sentence.says(name, number(change.group(3)), "proposed")
        return
    verb = BETTER.search(text)
    if verb is None or arm_of(text[: verb.start()]) == "baseline":
        return
    against = VERSUS.search(text, verb.end())
    if against:
        before = text[max(verb.end(), against.start() - 40) : against.start()]
        name = _metric_in(against.group(3) or "") or _metric_in(before)
        if name:
            yield sentence.says(name, number(against.group(1)), "proposed")
            yield sentence.says(name, number(against.group(2)), "baseline")
            return
    by = BY_POINTS.search(text, verb.end())
    if by:
        yield sentence.says("gain", number(by.group(1)), "proposed")


def _metric_in(words: str) -> str | None:
    """Return the metric that some words in a row name, the longest name first."""
    parts = re.findall(r"[\w@\-]+", words)
    for end in range(len(parts), 0, -1):
        name = _metric_named(" ".join(parts[max(0, end - 3) : end]))
        if name:
            return name
    return None


def _clauses(text: str, arm: Arm | None) -> Iterator[tuple[str, Arm | None]]:
    """Split a sentence that names an arm into clauses, each with the arm it or the one before it names.

    What is compared with (`than`, `against`, `from`) does not go on about the arm named before it.
    """
    verb = BETTER.search(text)
    if verb and not REVERSED.search(text) and arm_of(text[verb.end() :]) == "baseline":
        before = text[: verb.start()]
        yield before, arm_of(before) or "proposed"
        yield text[verb.end() :], "baseline"
        return
    if not any(_search("arms", name, text) for name in ("baseline", "proposed", "both")):
        yield text, arm
        return
    who: Arm | None = None
    pieces = CLAUSES.split(text)
    for clause, joint in zip(pieces[::2], ["", *pieces[1::2]], strict=True):
        if RESETTING.search(joint):
            who = None
        if any(_search("arms", name, clause) for name in ("baseline", "proposed", "both")):
            who = arm_of(clause)
        yield clause, who


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
    for quantity in _patterns("names"):
        match = _search("names", quantity, clause)
        if match:
            before = clause[max(0, match.start() - 25) : match.start()]
            absent = NEGATED.search(before) is not None
            yield sentence.says(quantity, False if absent else match.group().lower(), arm)
    spread = SPREAD.search(clause)
    for match in SCORE.finditer(clause):
        name = _metric_named(match.group(1))
        value = number(match.group(2))
        overlapping = any(start < match.end(2) and match.start(2) < end for start, end in taken)
        if (
            name is None
            or overlapping
            or value is None
            or _of_the_task(name, clause, match.start())
        ):
            continue
        yield sentence.says(name, value, arm)
        if spread and spread.start(1) == match.start(2):
            yield sentence.says(f"{name}_spread", number(spread.group(2)), arm)


def _of_the_task(name: str, clause: str, start: int) -> bool:
    """Tell whether a reward is one that the task hands out, not one that was reached."""
    reached = REACHED.search(clause[max(0, start - 20) : start + 40])
    return name == "reward" and reached is None


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
    single = _search("seeds", "single", text) if count is None else None
    return 1 if single and NO_COUNT.search(text[: single.start()]) is None else count


def _count(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < MOST_DIGITS else WORDS.get(word.lower())
