"""One line of a plain text log: the numbers it names, where the training stands, settings it states."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from netgain.readers._documents import SECRET, flatten, typed_text
from netgain.readers._series import number
from netgain.study import Scalar
from netgain.vocabulary import (
    QUALIFIERS,
    canonical_metric,
    canonical_setting,
    is_clock,
    is_known_metric,
    lower_is_better,
    x_axis,
)

Axis = Literal["step", "epoch", "sample"]

LONGEST = 4000
"""Characters of a line that are looked at."""
NUMBER = (
    r"(?<![\[(])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])(?:\.\d+)?"
    r"|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?|[-+]?(?:nan|inf)\b"
)
"""A number; `12,345,678` counts in thousands, `[1,234` opens a list."""
WORD = r"[A-Za-z][\w@./\-]{0,40}"
PAIR = re.compile(
    rf"(?<![\w@./\-])(?P<key>{WORD}(?: {WORD}){{0,3}})"
    rf"(?P<label>\s?[\[(](?=\d{{0,4}}[A-Za-z%])[\w %\-]{{1,21}}[\])])?"
    rf"(?P<sep>['\"]?\s*+[:=]\s*+|\s++)['\"\[(]*+\s*+"
    rf"(?P<value>{NUMBER})(?!\w|\.\d|"
    rf":\d)(?P<percent>\s*%)?(?:\s*(?:/|(?:out )?of\s)\s*"
    rf"(?P<total>\d{{1,3}}(?:,\d{{3}})+|\d+)(?![\d.]))?\]?"
    rf"(?P<average>\s*\(\s*(?P<mean>{NUMBER})\s*\))?(?P<inner>\s*\[\s*(?P<at>\d+)\s*/\s*(?P<outer>\d+)\s*\])?",
    re.IGNORECASE,
)
"""`loss: 0.3`, `lr=1e-3`, `Epoch [3/90]`, `Epoch: [3][ 10/500]`, `Acc@1 71.2 (70.9)`, `val acc 91.2%`."""
CLOCKS = re.compile(
    r"\[?\b\d\d/\d\d \d\d:\d\d:\d\d\b|"
    r"\[?\d{4}[-/]\d\d[-/]\d\d[ T_]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?Z?\]?|\[?\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\]?"
)
"""Time stamps and durations, which are blanked before a line is read."""
LEVEL = re.compile(
    r"\b(?:INFO|WARNING|WARN|DEBUG|ERROR|CRITICAL)\b\]?(?::\w{1,60}:|\s*[-:|>\]]|\s)\s*"
)
"""Level that a logging framework puts in front of a message, after the logger's name."""
LEVEL_WITHIN = 160
"""Characters of a line within which a level can stand."""
LOGGER = re.compile(r"\s*(?:[A-Za-z_]\w{0,60}(?:\.\w{1,60}){1,8}|root|__main__)\s{1,4}[-|]\s")
"""Dotted name of a logger behind the level: `joeynmt.training - `."""
PROGRESS = re.compile(r"\s*(?:\|[^|]{0,200}\|\s*)?\d[\d.]*[kKMGT]?i?B?/\d[\d.]*[kKMGT]?i?B?\s*\[")
"""What follows the percentage of a progress bar: `4358/4358 [00:00<00:00]`."""
PERCENT_DONE = re.compile(rf"\d{{1,3}}%{PROGRESS.pattern}")
COUNT = re.compile(r"(?<![\w.])\d|=")
"""What no logger's name holds."""
PLACE = re.compile(
    r""
    r"\s*(?:\[?rank[ :=]?\d{1,6}\]?:?\s*)?(?:[IWEF]\d{4}\s+(?:\d+\s+)?)?[\[(]?(?:[\w/]{1,80}\.)?\w{1,60}"
    r"\.(?:py|cc|cpp):\d{1,6}[\])]?\s*[-:|]?\s*"
    r"|\s*\[?rank[ :=]?\d{1,6}\]?:?\s*",
    re.IGNORECASE,
)
"""Rank and place in the code in front of a message: `[rank0]:`, `trainer.py:88 -`, absl's prefix."""
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
    r"(?<![\w/])(train|training|val|valid|validation|eval|evaluation|dev|test|testing)(?![\w/])",
    re.IGNORECASE,
)
EVALUATIONS = frozenset(
    ("val", "valid", "validation", "eval", "evaluation", "dev", "test", "testing")
)
"""Splits whose inner counter counts batches of the evaluation, no updates."""
BEST = re.compile(r"\bbest\b", re.IGNORECASE)
BEST_ITSELF = re.compile(r"\bbest\s*[:=]?\s*[-+.]?\d", re.IGNORECASE)
"""`best: 94.4`, `(best 94.4)`: a number beside those of the epoch."""
ONE_SETTING = re.compile(
    r"\s*+[-*|>]?\s*+(?P<quote>['\"]?)"
    r"(?P<key>[A-Za-z_][\w.\-/]{0,60}(?: [A-Za-z][\w\-]{0,30}){0,3})(?P=quote)"
    r"\s*+[:=]\s*+(?P<value>\S.{0,200}?)\s*+,?\s*+"
)
DUMP = re.compile(
    r"\b(?:Namespace|\w{0,40}Args|\w{0,40}Arguments|\w{0,40}Config|HParams|AttrDict|EasyDict)\("
)
DUMPED = re.compile(
    r"(\w+)=('[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|<[^>]*>|[^,()\[\]{}]*)"
)
COMMAND = re.compile(r"\S+\.py\b|\btorchrun\b|\baccelerate launch\b|\bpython3?\b")
FLAG = re.compile(r"(?:^|\s)--([A-Za-z][\w.\-]{0,60})(?:[ =]([^\s-]\S{0,200}|-?\.?\d\S{0,30}))?")
DUMPED_AT_LEAST = 8
"""Values of a printed dict that is no row of a log."""
SINGLE_SETTING = re.compile(
    r"\b(?:random[ _])?seed\s*(?:[:= #]|\bis\b|\bset to\b|\bto\b)\s*(\d{1,10})\b", re.IGNORECASE
)
IS_SETTING = re.compile(
    r"\s*(?:the )?(?P<key>[A-Za-z]\w{1,30}(?: [A-Za-z]\w{1,30}){0,2}) (?:is|was|set to) "
    r"(?P<value>-?[\d.][\d.e\-]{0,20})\s*",
    re.IGNORECASE,
)
"""`Batch size is 64`."""
CODE = re.compile(
    r"(?:import |from \S+ import |def |class |@\w|#|'{3}|\"{3})"
    r"|(?:if|for|while|with|elif|try|else|except)\b.*:\s*(?:#.*)?$"
    r"|\s+(?:\S.*[(\[{=:,)\]}]|return\b|raise\b|pass\b|break\b|continue\b|\#)"
    r"|[\w., ]+\s[-+*/]?=\s.*(?:[(\[{]|[A-Za-z_]\.[A-Za-z_])|[\w.]+\(.*|[)\]}]+[,:]?\s*$"
)
"""Lines of Python source, once it has begun."""
CODE_START = re.compile(
    r"(?:import \w[\w., ]*(?: as \w+)?|from \S+ import .*|def \w+\(.*|class \w+.*:|@[\w.]+(?:\(.*)?|"
    r"(?:for \w.* in|while|with) .*:)\s*(?:#.*)?$"
)
"""Lines at the margin that no log prints."""
CALL = re.compile(r"[A-Za-z_]\w*\(|^(?:self|args|cfg|config|opt)\.|[(\[{]\s*$|^[^(\[{]*[)\]}]")
"""Values that are source code."""
VERBS = frozenset(("is", "was", "of", "at", "reached"))
"""Words between a name and its number."""


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


@dataclass(frozen=True, slots=True)
class _Name:
    """What the words before a number mean."""

    key: str | None
    """The quantity; None where the words name none."""
    rest: str
    """Words in front of the quantity."""
    role: Axis | Literal["clock", "value"]
    """What its number is."""


def message_of(text: str) -> str:
    """Return a line with blanks for its time stamps and for what a logging framework put in front.

    Every character that is left stands where it stood.
    """
    cleaned = text[: 64 * LONGEST]
    if ":" in cleaned[:LONGEST]:
        cleaned = CLOCKS.sub(_blanks, cleaned[:LONGEST]) + cleaned[LONGEST:]
    cleaned = _without_front(cleaned, PLACE.match(cleaned, 0, LEVEL_WITHIN))
    found = LEVEL.search(cleaned, 0, LEVEL_WITHIN)
    if found is None or COUNT.search(cleaned, 0, found.start()):
        return cleaned
    cleaned = _without_front(cleaned, found)
    cleaned = _without_front(cleaned, LOGGER.match(cleaned, found.end(), 2 * LEVEL_WITHIN))
    return _without_front(cleaned, PLACE.match(cleaned, 0, LEVEL_WITHIN))


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _without_front(text: str, found: re.Match[str] | None) -> str:
    return text if found is None else " " * found.end() + text[found.end() :]


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
        if name.key is None or name.role == "clock":
            continue
        behind = beside and best is not None and best.start() < match.start("value")
        if behind and any(part.role == name.role != "value" for part in parts):
            continue  # `epoch 7 acc 0.81, best acc 0.83 at epoch 5`
        if name.role == "epoch" and "." in match["value"] and any(p.role == "epoch" for p in parts):
            continue  # `Epoch 2 | loss prev epoch 2.1576`
        if match["percent"] and PROGRESS.match(cleaned, match.end()):
            continue
        if name.role == "value":
            key = _with_split(_labelled(name.key, match["label"]), split, best=of_best)
            parts.append(Part(role="value", key=key, at=at, total=total))
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
    if split in EVALUATIONS and inner:
        parts = [part for part in parts if part.role != "step"]
    return tuple(parts), split


def _is_beside(word: re.Match[str], text: str) -> bool:
    """Tell whether `best` speaks of what is near it alone: behind an axis, or before a number of its own."""
    if BEST_ITSELF.search(text):
        return True
    before = PAIR.finditer(text, 0, word.start())
    return any(
        _name(found["key"], bare=not found["sep"].strip("'\" ")).role in ("epoch", "step", "sample")
        for found in before
    )


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


def settings_in(text: str) -> Iterator[tuple[str, Scalar]]:
    """Yield settings of lines made to hold many: dumps of arguments and command lines."""
    cut = text[: 64 * LONGEST]
    dump = DUMP.search(cut) if "(" in cut and "=" in cut else None
    if dump is not None:
        for key, word in DUMPED.findall(cut[dump.end() :].rpartition(")")[0]):
            if not SECRET.search(key):
                single = re.fullmatch(r"\[([^,\[\]]+)\]", word.strip())
                yield key, typed_text((single[1] if single else word).strip().strip("'\""))
    elif "': " in cut and cut.count("': ") >= DUMPED_AT_LEAST and "{'" in cut:
        yield from _dumped_dict(cut)
    elif " --" in text and COMMAND.search(text[:LONGEST]):
        for key, word in FLAG.findall(text[:LONGEST]):
            if not SECRET.search(key):
                yield key, typed_text(word.strip("'\"") or "true")


def _dumped_dict(text: str) -> Iterator[tuple[str, Scalar]]:
    """Yield the values of a Python dict that holds no score and no position (fairseq's config)."""
    start, end = text.find("{'"), text.rfind("}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the log's own escapes
            found = ast.literal_eval(text[start : end + 1])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return
    if not isinstance(found, dict):
        return
    try:
        flat = list(flatten(found))
    except RecursionError:
        return
    numbers = [key for key, value in flat if "." not in key and not isinstance(value, str)]
    if any(x_axis(key) is not None or _is_score(key) for key in numbers):
        return
    for key, value in flat:
        if not SECRET.search(key):
            single = re.fullmatch(r"\[([^,\[\]]+)\]", value) if isinstance(value, str) else None
            yield key, typed_text(single[1]) if single else value


def _is_score(key: str) -> bool:
    metric = canonical_metric(key)
    return is_known_metric(metric.name) and (
        metric.name != "learning_rate" or metric.split is not None
    )


def one_setting(text: str) -> tuple[str, Scalar] | None:
    """Return the setting that is all a line holds (`batch size: 128`, `"lr": 0.1,`), else None.

    A line that says where the training stands, or holds a score, is none.
    """
    match = ONE_SETTING.fullmatch(text) if len(text) < LONGEST else None
    if match is None:
        said = IS_SETTING.fullmatch(text[:200])
        if said is not None:
            key, value = said["key"].replace(" ", "_"), typed_text(said["value"])
            return (key, value) if is_known_setting(key, value) else None
        seed = SINGLE_SETTING.search(text[:200])
        return ("seed", int(seed[1])) if seed else None
    key, word = match["key"].strip(), match["value"].strip().strip("'\"")
    value = typed_text(word)
    if SECRET.search(key) or CALL.search(word) or PERCENT_DONE.match(word):
        return None
    if re.fullmatch(NUMBER, word, re.IGNORECASE):
        metric = canonical_metric(key)
        scored = is_known_metric(metric.name) and (metric.name != "learning_rate" or metric.split)
        counts = x_axis(key) is not None and not is_known_setting(key, value)
        return None if scored or counts or is_clock(key) else (key, value)
    line = read_line(text)
    return None if line.axes or line.values else (key, value)


def is_known_setting(key: str, value: Scalar) -> bool:
    """Tell whether the vocabulary knows a key as a setting and not as a score."""
    metric = canonical_metric(key).name
    scored = (
        is_known_metric(metric) and metric != "learning_rate" and isinstance(value, (int, float))
    )
    return canonical_setting(key, value=value) is not None and not scored


def qualified(key: str) -> bool:
    """Tell whether a name says how a value was chosen among many (`best`, `max`)."""
    return bool({"best", "max", "min"} & set(canonical_metric(key).name.split("_")) & QUALIFIERS)
