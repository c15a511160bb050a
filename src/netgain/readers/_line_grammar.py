"""One line of a plain text log: the numbers it names, where the training stands, settings it states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from netgain.readers._documents import SECRET, typed_text
from netgain.readers._series import number
from netgain.study import Scalar
from netgain.vocabulary import (
    QUALIFIERS,
    canonical_metric,
    canonical_setting,
    is_clock,
    is_known_metric,
    x_axis,
)

Axis = Literal["step", "epoch", "sample"]

LONGEST = 4000
"""Characters of a line that are looked at."""
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?|[-+]?(?:nan|inf)\b"
WORD = r"[A-Za-z][\w@./\-]{0,40}"
PAIR = re.compile(
    rf"(?<![\w@./\-])(?P<key>{WORD}(?: {WORD}){{0,3}})(?P<sep>['\"]?\s*[:=]\s*|\s+)['\"\[(]*\s*"
    rf"(?P<value>{NUMBER})(?!\w|\.\d|:\d)(?P<percent>\s*%)?(?:\s*/\s*(?P<total>\d+)(?![\d.]))?\]?"
    rf"(?P<average>\s*\(\s*(?P<mean>{NUMBER})\s*\))?(?P<inner>\s*\[\s*(?P<at>\d+)\s*/\s*\d+\s*\])?",
    re.IGNORECASE,
)
"""`loss: 0.3`, `lr=1e-3`, `Epoch [3/90]`, `Epoch: [3][ 10/500]`, `Acc@1 71.2 (70.9)`, `val acc 91.2%`."""
CLOCKS = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[ T_]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?Z?\]?|\[?\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\]?"
)
"""Time stamps and durations, which are blanked before a line is read."""
LEVEL = re.compile(
    r"\b(?:INFO|WARNING|WARN|DEBUG|ERROR|CRITICAL)\b\]?(?::\w{1,60}:|\s*[-:|>\]]|\s)\s*"
)
"""Level that a logging framework puts in front of a message, after the logger's name."""
LEVEL_WITHIN = 160
"""Characters of a line within which a level can stand."""
COUNT = re.compile(r"(?<![\w.])\d|=")
"""What no logger's name holds."""
SPLIT_WORD = re.compile(
    r"(?<![\w/])(train|training|val|valid|validation|eval|evaluation|dev|test|testing)(?![\w/])",
    re.IGNORECASE,
)
BEST = re.compile(r"\bbest\b", re.IGNORECASE)
ONE_SETTING = re.compile(
    r"\s*[-*|>]?\s*(?P<quote>['\"]?)(?P<key>[A-Za-z_][\w.\-/]{0,60}(?: [A-Za-z][\w\-]{0,30}){0,3})(?P=quote)"
    r"\s*[:=]\s*(?P<value>\S.{0,200}?)\s*,?\s*"
)
DUMP = re.compile(
    r"\b(?:Namespace|\w{0,40}Args|\w{0,40}Arguments|\w{0,40}Config|HParams|AttrDict|EasyDict)\("
)
DUMPED = re.compile(
    r"(\w+)=('[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|<[^>]*>|[^,()\[\]{}]*)"
)
COMMAND = re.compile(r"\S+\.py\b|\btorchrun\b|\baccelerate launch\b|\bpython3?\b")
FLAG = re.compile(r"(?:^|\s)--([A-Za-z][\w.\-]{0,60})(?:[ =]([^\s-]\S{0,200}|-?\.?\d\S{0,30}))?")
SINGLE_SETTING = re.compile(r"\b(?:random[ _])?seed\s*[:= #]\s*(\d{1,10})\b", re.IGNORECASE)
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
    """Return a line without its time stamps and without what a logging framework put in front."""
    cleaned = text[: 64 * LONGEST]
    if ":" in cleaned[:LONGEST]:
        cleaned = CLOCKS.sub(" ", cleaned[:LONGEST]) + cleaned[LONGEST:]
    found = LEVEL.search(cleaned, 0, LEVEL_WITHIN)
    if found is None or COUNT.search(cleaned, 0, found.start()):
        return cleaned
    return cleaned[found.end() :]


def read_line(text: str) -> Line:
    """Take one message apart; one that says nothing has no axes and no values."""
    axes: dict[Axis, float] = {}
    totals: dict[Axis, float] = {}
    values: dict[str, float] = {}
    split: str | None = None
    cleaned = text[:LONGEST]
    seen = 0
    best = "best" in cleaned.lower() and BEST.search(cleaned) is not None
    for match in PAIR.finditer(cleaned):
        name = _name(match["key"], bare=not match["sep"].strip("'\" "))
        split = _split_of(cleaned[seen : match.start()] + " " + name.rest) or split
        seen = match.end()
        if name.key is None or name.role == "clock":
            continue
        value = number(match["value"])
        if name.role == "value":
            key = _with_split(name.key, split, best=best)
            values[key] = _value_of(match, value)
            continue
        axes[name.role] = value
        if match["total"]:
            totals[name.role] = float(match["total"])
        if match["inner"] and name.role == "epoch" and not match["average"]:
            axes.setdefault("step", float(match["at"]))
    split = _split_of(cleaned[seen:]) or split
    return Line(axes=axes, totals=totals, values=values, split=split)


def _value_of(match: re.Match[str], value: float) -> float:
    """Return a running mean in brackets where there is one, and `9890/10000` as the share it is."""
    if match["total"] and not match["average"]:
        total = float(match["total"])
        return value / total if total >= value > 0 else value
    return number(match["mean"]) if match["mean"] and not match["total"] else value


@lru_cache(maxsize=20_000)
def _name(words: str, *, bare: bool) -> _Name:
    """Return the name that the last words before a number make.

    A name followed by blanks alone counts only where the vocabulary knows it.
    """
    parts = words.split(" ")
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
    elif " --" in text and COMMAND.search(text[:LONGEST]):
        for key, word in FLAG.findall(text[:LONGEST]):
            if not SECRET.search(key):
                yield key, typed_text(word.strip("'\"") or "true")


def one_setting(text: str) -> tuple[str, Scalar] | None:
    """Return the setting that is all a line holds (`batch size: 128`, `"lr": 0.1,`), else None.

    A line that says where the training stands, or holds a score, is none.
    """
    match = ONE_SETTING.fullmatch(text) if len(text) < LONGEST else None
    if match is None:
        seed = SINGLE_SETTING.search(text[:200])
        return ("seed", int(seed[1])) if seed else None
    key, word = match["key"].strip(), match["value"].strip().strip("'\"")
    value = typed_text(word)
    if SECRET.search(key) or CALL.search(word):
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
