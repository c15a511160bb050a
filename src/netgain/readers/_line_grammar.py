"""One line of a plain text log: the numbers it names and where the training stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from netgain.readers._carried_splits import by_line
from netgain.readers._line_front import LONGEST
from netgain.readers._line_parts import Axis, Line, Part, told_apart
from netgain.readers._series import number
from netgain.vocabulary import (
    QUALIFIERS,
    UNSPLIT,
    canonical_metric,
    is_clock,
    is_known_metric,
    lower_is_better,
    x_axis,
)

NUMBER = (
    r"(?<![\[(])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)(?:\.\d+)?"
    r"|[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?|[-+]?(?:nan|inf)\b"
)
"""A number; `12,345,678` counts in thousands, `[1,234` opens a list."""
WORD = r"[A-Za-z][\w@./\-]{0,40}"
PAIR = re.compile(
    rf"(?<![\w@./\-])(?P<key>{WORD}(?: {WORD}){{0,3}})"
    rf"(?P<label>\s?[\[(](?=\d{{0,4}}[A-Za-z%])[\w %\-]{{1,21}}[\])])?"
    rf"(?P<sep>['\"]?\s*+[:=]\s*+|\s++|(?:(?<=epoch)|(?<=iteration)|(?<=iter)|(?<=step))(?=\[))['\"\[(]*+\s*+"
    rf"(?P<value>{NUMBER})(?!\w|\.\d|"
    rf":\d)(?P<percent>\s*%)?(?:\s*(?:/|(?:out )?of\s)\s*"
    rf"(?P<total>\d{{1,3}}(?:,\d{{3}})+|\d+)(?![\d.]))?\]?"
    rf"(?P<average>\s*\(\s*(?P<mean>{NUMBER})\s*\))?(?P<inner>\s*\[\s*(?P<at>\d+)\s*/\s*(?P<outer>\d+)\s*\])?",
    re.IGNORECASE,
)
"""`loss: 0.3`, `lr=1e-3`, `Epoch [3/90]`, `Epoch: [3][ 10/500]`, `Acc@1 71.2 (70.9)`, `val acc 91.2%`."""
PROGRESS = re.compile(r"\s*(?:\|[^|]{0,200}\|\s*)?\d[\d.]*[kKMGT]?i?B?/\d[\d.]*[kKMGT]?i?B?\s*\[")
"""What follows the percentage of a progress bar: `4358/4358 [00:00<00:00]`."""
DEVICES = frozenset(("cuda", "gpu", "mps", "xpu", "npu"))
NEXT_OF_A_LIST = re.compile(r"\s*,\s*[-+.\d]")
UNITS = frozenset(
    (
        "%",
        "s",
        "ms",
        "sec",
        "secs",
        "db",
        "avg",
        "mean",
        "total",
        "running",
        "smoothed",
        "points",
        "pct",
        "percent",
    )
)
"""Labels behind a name that do not make it another quantity."""
LABELLED = re.compile(r"\s+(\d+\.\d+(?:[eE][-+]?\d{1,3})?)(?![\w.])(?!\s+[-+.\d])")
"""A value behind the label of a value: `Prec@1 001 88.057`."""
SPLIT_WORD = re.compile(
    r"(?<![\w/])(train|training|val|valid|validation|validating|eval|evaluation|evaluating|dev|test|testing)(?![\w/])",
    re.IGNORECASE,
)
EVALUATIONS = frozenset(
    (
        "val",
        "valid",
        "validation",
        "validating",
        "eval",
        "evaluation",
        "evaluating",
        "dev",
        "test",
        "testing",
    )
)
"""Splits whose inner counter counts batches of the evaluation, no updates."""
BEST = re.compile(r"\bbest\b", re.IGNORECASE)
BEST_ITSELF = re.compile(r"\bbest\s*[:=]?\s*[-+.]?\d", re.IGNORECASE)
"""`best: 94.4`, `(best 94.4)`: a number beside those of the epoch."""
OF_LENGTHS = frozenset(
    (
        "train",
        "training",
        "total",
        "num",
        "max",
        "n",
        "maximum",
        "number",
        "of",
        "pretrain",
        "pretraining",
    )
)
"""Words in front of `epochs` that make its number the length of a training."""
OF_CLASS = re.compile(
    r"\s*(?P<label>\S{1,60}):\s+precision:\s*[\d.]+%;\s*recall:\s*[\d.]+%;\s*FB1:\s*[\d.]+\s+\d+\s*"
)
"""The row of one class below the summary that conlleval prints."""
COUNTED_SPLIT = re.compile(
    r"\s*\[?(?:train|training|val|valid|validation|test|testing|eval)\]?\s+(\d{1,5})\s*[,:|;]\s*(?=[A-Za-z])",
    re.IGNORECASE,
)
"""`Train 12, loss: 0.31` and `Test 12: acc 0.8`: the epoch stands right behind the split."""
STEP_IN_FRONT = re.compile(r"\s*\[\s{0,9}(\d{3,9})\s{0,3}\]\s*[|:,\-]{0,2}\s*(?=[A-Za-z])")
"""`[  5000] | gnorm 0.13 | loss 5.54`: a bare count of hundreds is one of steps, in whatever it counts."""
EPISODE = re.compile(r"(?:i_)?episodes?(?:_|$)", re.IGNORECASE)
LENGTHS_OF_EPISODES = frozenset(("step", "steps", "timestep", "timesteps", "frames", "iterations"))
"""Names of counts that begin anew with each episode."""
BATCHES = frozenset(("batch", "minibatch", "mini_batch", "batch_idx"))
"""Names that count updates where their end stands behind them: `[Batch 5/400]`."""
VERBS = frozenset(("is", "was", "of", "at", "reached", "improved"))
"""Words between a name and its number."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What the words before a number mean."""

    key: str | None
    """The quantity; None where the words name none."""
    rest: str
    """Words in front of the quantity."""
    role: Axis | Literal["clock", "value"]
    """What its number is."""


def read_line(text: str) -> Line:
    """Take one message apart; one that says nothing has no axes and no values."""
    parts, split = parts_of(text)
    axes: dict[Axis, float] = {}
    totals: dict[Axis, float] = {}
    values: dict[str, float] = {}
    for part in parts:
        value = number(text[slice(*part.at)])
        total = number(text[slice(*part.total)]) if part.total else None
        if part.role == "value":
            values[part.key] = share(value, total)
            continue
        axes[part.role] = value
        if total is not None:
            totals[part.role] = total
    return Line(axes=axes, totals=totals, values=values, split=split)


def parts_of(text: str) -> tuple[tuple[Part, ...], str | None]:
    """Return the numbers of a message that mean something, and the split word that stands by itself."""
    parts: list[Part] = []
    split: str | None = None
    cleaned = text[:LONGEST]
    if "@[ IoU=" in cleaned:
        return (
            (),
            None,
        )  # COCO's summary: what it measures stands in its conditions, and a table follows
    of_class = OF_CLASS.match(cleaned) if "FB1:" in cleaned else None
    seen = 0
    inner = False
    best = BEST.search(cleaned) if "best" in cleaned.lower() else None
    beside = best is not None and _is_beside(best, cleaned)
    for match in PAIR.finditer(cleaned):
        name = _name(match["key"], bare=not match["sep"].strip("'\" "))
        between = f"{cleaned[seen : match.start()]} {name.rest} {match['label'] or ''}"
        split = _split_of(between) or split
        of_best = best is not None and (
            not beside or BEST.search(cleaned, seen, match.start("value")) is not None
        )
        seen = match.end()
        at, total = _place_of(match, cleaned)
        if of_best and match["key"].split(" ")[-1].lower() == "best":
            key = _best_of(parts, cleaned, number(cleaned[slice(*at)]))
            if key:
                parts.append(Part(role="value", key=key, at=at, total=total))
                continue
        if name.role == "value" and match["total"] and str(name.key).lower() in BATCHES:
            name = replace(name, role="step", key="step")
        if name.key is None and parts and SPLIT_WORD.fullmatch(match["key"]):
            again = _in_another_split(parts[-1], match, cleaned)
            if again is not None:
                parts.append(again)
                continue
        if name.key is None or name.role == "clock" or _is_no_quantity(match, cleaned):
            continue
        behind = beside and best is not None and best.start() < match.start("value")
        if behind and any(part.role == name.role != "value" for part in parts):
            continue  # `epoch 7 acc 0.81, best acc 0.83 at epoch 5`
        if name.role in ("epoch", "step") and _is_length(name, match):
            continue
        if name.role == "epoch" and "." in match["value"] and any(p.role == "epoch" for p in parts):
            continue  # `Epoch 2 | loss prev epoch 2.1576`
        if match["percent"] and PROGRESS.match(cleaned, match.end()):
            continue
        if name.role == "value":
            key = _with_split(_labelled(name.key, match["label"]), split, best=of_best)
            owner = name.rest.split(" ")[-1]
            parts.append(Part(role="value", key=key, at=at, total=total, owner=owner))
            continue
        parts.append(
            Part(
                role=name.role,
                key=name.key,
                at=match.span("value"),
                total=match.span("total") if match["total"] else None,
            )
        )
        if match["inner"] and name.role == "epoch" and not match["average"]:
            inner = True
            parts.append(
                Part(role="step", key="step", at=match.span("at"), total=match.span("outer"))
            )
    split = _split_of(cleaned[seen:]) or split
    parts = _in_one_count(parts)
    if all(part.role == "value" for part in parts):
        parts += _behind_split(cleaned, parts) or _in_front(cleaned, parts)
    if split in EVALUATIONS and inner:
        parts = [part for part in parts if part.role != "step"]
    if of_class is not None:
        label = of_class["label"]
        return tuple(replace(p, key=f"{label} class {p.key}") for p in parts), split
    return _in_their_split(told_apart(parts)), split


def _in_one_count(parts: list[Part]) -> list[Part]:
    """Leave out an episode beside an epoch, and the length of an episode (`Episode 7 | steps: 200`)."""
    episodes = [part for part in parts if part.role == "epoch" and EPISODE.match(part.key)]
    if not episodes:
        return parts
    if any(part.role == "epoch" and part not in episodes for part in parts):
        return [part for part in parts if part not in episodes]
    first = episodes[0].at[0]
    return [
        part
        for part in parts
        if part.role != "step" or part.at[0] < first or part.key.lower() not in LENGTHS_OF_EPISODES
    ]


def _in_another_split(last: Part, match: re.Match[str], text: str) -> Part | None:
    """Return the second number of `LOSS train 1.65 valid 1.53`: the quantity before, in its own split."""
    split, slash, name = last.key.rpartition("/")
    words = [*([split] if slash else []), *name.split("_")]
    plain = "_".join(word for word in words if not SPLIT_WORD.fullmatch(word))
    apart = text[last.at[1] : match.start()].strip(" \t,;|/-%")
    whole = "." not in match["value"] and not match["percent"]
    if last.role != "value" or apart or whole or not plain:
        return None
    own = canonical_metric(f"{match['key']}_{plain}")
    before = canonical_metric(last.key)
    if before.split in (None, own.split) or own.name != before.name or not _is_score(plain):
        return None
    return Part(role="value", key=f"{match['key'].lower()}/{plain}", at=match.span("value"))


def _is_length(name: _Name, match: re.Match[str]) -> bool:
    """Tell whether `train epochs: 200` states how many there will be, not where the training stands."""
    if match["total"] or match["inner"] or not str(name.key).lower().endswith("s"):
        return False
    return name.rest.split(" ")[-1].lower() in OF_LENGTHS


def _behind_split(text: str, parts: list[Part]) -> list[Part]:
    """Return the epoch of `Train 12, loss: 0.31`: a whole number between a split and a named score."""
    found = COUNTED_SPLIT.match(text)
    if found is None or not any(
        part.at[0] >= found.end() and _is_score(part.key) for part in parts
    ):
        return []
    return [Part(role="epoch", key="epoch", at=found.span(1))]


def _in_front(text: str, parts: list[Part]) -> list[Part]:
    """Return the step of `[5000] loss 5.54`: a count in brackets that a line with a score begins with."""
    found = STEP_IN_FRONT.match(text)
    if found is None or not any(_is_score(part.key) for part in parts):
        return []
    return [Part(role="step", key="step", at=found.span(1))]


def _is_no_quantity(match: re.Match[str], text: str) -> bool:
    """Tell whether a number is that of a device (`cuda:0`), or the first of a printed list."""
    if match["key"].lower() in DEVICES:
        return True
    listed = "[" in text[match.start("sep") : match.start("value")]
    return listed and NEXT_OF_A_LIST.match(text, match.end("value")) is not None


def _in_their_split(parts: list[Part]) -> tuple[Part, ...]:
    """Name the values of a line with the split that stands before them, where the line decides it."""
    keys = iter(by_line([part.key for part in parts if part.role == "value"]))
    return tuple(replace(part, key=next(keys)) if part.role == "value" else part for part in parts)


def _is_beside(word: re.Match[str], text: str) -> bool:
    """Tell whether `best` speaks of what is near it alone: behind an axis or score, or before a number."""
    if BEST_ITSELF.search(text):
        return True
    before = (
        _name(found["key"], bare=not found["sep"].strip("'\" "))
        for found in PAIR.finditer(text, 0, word.start())
    )
    return any(
        name.role in ("epoch", "step", "sample")
        or (name.key is not None and name.role == "value" and _is_score(name.key))
        for name in before
    )


def _is_score(key: str) -> bool:
    name = canonical_metric(key).name
    return is_known_metric(name) and name not in UNSPLIT


def _best_of(parts: list[Part], text: str, value: float) -> str | None:
    """Return what `best: 94.4` behind another value is the best of, if the values allow it."""
    last = parts[-1] if parts and parts[-1].role == "value" else None
    metric = canonical_metric(last.key) if last else None
    if last is None or metric is None or not is_known_metric(metric.name):
        return None
    lower = lower_is_better(metric.name)
    now = number(text[slice(*last.at)])
    if lower is None or (value > now if lower else value < now):
        return None
    split, _, name = last.key.rpartition("/")
    return f"{split}/best_{name}" if split else f"best_{name}"


def _place_of(match: re.Match[str], text: str) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Return where the value stands: the running mean in brackets, or what follows a bare label."""
    if match["total"]:
        return match.span("value"), None if match["average"] else match.span("total")
    if match["mean"]:
        return match.span("mean"), None
    if match["value"].isdigit() and not match["percent"] and not match["sep"].strip():
        behind = LABELLED.match(text, match.end("value"))
        if behind is not None:
            return behind.span(1), None
    return match.span("value"), None


def share(value: float, total: float | None) -> float:
    """Return `9890/10000` as the share it is; other numbers as they are."""
    return value / total if total is not None and total >= value > 0 else value


@lru_cache(maxsize=20_000)
def _labelled(key: str, label: str | None) -> str:
    """Put a label in brackets (`Acc (top-5)`, `Acc (EMA)`) into the name unless it is a unit or a split."""
    if label is None:
        return key
    word = label.strip(" ()[]")
    if word.lower() in UNITS or SPLIT_WORD.fullmatch(word):
        return key
    joined = re.sub(r"[\s\-]+", "_", f"{key}_{word}")
    turned = re.sub(r"[\s\-]+", "", word)
    return turned if is_known_metric(canonical_metric(turned).name) else joined


@lru_cache(maxsize=20_000)
def _name(words: str, *, bare: bool) -> _Name:
    """Return the name that the last words before a number make.

    A name followed by blanks alone counts only where the vocabulary knows it.
    """
    parts = words.split(" ")
    if [part.lower() for part in parts[-2:]] == ["so", "far"]:
        parts = parts[:-2]
    if len(parts) > 1 and parts[-1].lower() in VERBS:
        parts, bare = parts[:-1], True
    for count in range(len(parts)):
        name = " ".join(parts[count:])
        plain, rest = name.replace(" ", "_"), " ".join(parts[:count])
        axis = x_axis(plain)
        metric = canonical_metric(plain).name
        if axis is not None:
            return _Name(plain, rest, axis)
        if is_clock(plain):
            return _Name(plain, rest, "clock")
        if is_known_metric(metric) and metric != "epoch":
            return _Name(plain, rest, "value")
        if SPLIT_WORD.fullmatch(name):
            return _Name(None, words, "value")
    if bare:
        return _Name(None, words, "value")
    kept = parts if len(parts) <= 2 else parts[-1:]
    return _Name("_".join(kept), " ".join(parts[: len(parts) - len(kept)]), "value")


@lru_cache(maxsize=20_000)
def _split_of(text: str) -> str | None:
    found = SPLIT_WORD.findall(text)
    return found[-1].lower() if found else None


@lru_cache(maxsize=20_000)
def _with_split(key: str, split: str | None, *, best: bool) -> str:
    metric = canonical_metric(key)
    if not is_known_metric(metric.name):
        return key
    if best and not metric.name.startswith("best_"):
        key = f"best_{key}"
    said = metric.split is not None or metric.name in ("learning_rate", "gradient_norm", "epoch")
    return f"{split}/{key}" if split and not said else key


def qualified(key: str) -> bool:
    """Tell whether a name says how a value was chosen among many (`best`, `max`)."""
    return bool({"best", "max", "min"} & set(canonical_metric(key).name.split("_")) & QUALIFIERS)
