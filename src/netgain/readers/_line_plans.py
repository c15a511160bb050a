"""Lines of a log by their shape: those that differ in digits alone are taken apart once.

A training prints the same few lines many thousand times. The first line of a shape is read by
`_line_grammar`; what it found is kept as places of numbers, and each further line of the shape costs one
look-up and the reading of those numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from netgain.readers._carried_splits import heading_of
from netgain.readers._line_front import LONGEST, message_of
from netgain.readers._line_grammar import NUMBER, PAIR, parts_of, share
from netgain.readers._line_parts import Axis, Part
from netgain.readers._line_settings import one_setting, settings_in
from netgain.readers._log_phases import announces_phase
from netgain.readers._parameter_counts import parameters_in
from netgain.readers._series import number
from netgain.study import Scalar

DIGITS = bytes.maketrans(b"123456789", b"000000000")
NUMERAL = re.compile(rf"(?<![\w@./\-])((?:{NUMBER}))".encode(), re.ASCII)
"""A number by itself, as the grammar takes it for a value."""
EXAMPLE = re.compile(
    r"\s{0,20}(?:raw |tokenized |detokenized )?(?:(?P<own>hypothes[ie]s|references?|translation|"
    r"ground[ _-]truth|decoded|generated(?: text)?|caption)|source|target|src|tgt|trg|input|output|"
    r"question|answer|prompt|response|prediction|predicted|sentence)(?: text| sentence)?"
    r"\s{0,8}:\s{1,20}(?=\S)(?![-+.\d\s]{1,40}$)",
    re.IGNORECASE,
)
"""What stands before a sentence that a log shows; those of `own` hold no setting in one word either."""
LEFT_OVER = re.compile(r"[\s,;|*()%\[\]\-'\"{}.±]+")
WORD_DIGITS = re.compile(rb"\d+")
MOST_SHAPES = 20_000
"""Plans kept at a time; a log of prose has no two lines alike."""
LONGEST_SHAPE = 1000
"""Bytes of a line whose shape is kept."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What every line of one shape says."""

    kind: Literal["nothing", "statement", "table", "record", "heading", "phase"]
    """`statement` states settings and `table` is a row of a ruled table: those are read line by line.
    `heading` names the split of the lines below it, `phase` announces a phase of the training."""
    axes: tuple[tuple[Axis, Span, Span | None], ...] = ()
    """Axis, its number, and the number of its end."""
    values: tuple[tuple[Span, Span | None], ...] = ()
    """Each value, and the whole it is a part of."""
    keys: tuple[str, ...] = ()
    """Names of the values."""
    split: str | None = None
    """Split word that stands by itself."""
    summary: bool = False
    """Whether the line sums up (` * Acc@1 71.2`)."""
    sole: bool = False
    """Whether the line holds names and numbers and nothing else (`Test accuracy: 91.2%`)."""


@dataclass(slots=True)
class _Shape:
    fixed: tuple[Span, ...]
    """Digits that belong to a name (`Acc@5`); a line of the shape with others there is of another plan."""
    plans: dict[tuple[bytes, ...], Plan] = field(default_factory=dict)


class Plans:
    """The plans met so far in one log."""

    def __init__(self) -> None:
        """Start without any."""
        self._by_digits: dict[bytes, _Shape] = {}
        self._kept = 0
        self._by_words: dict[tuple[bytes, ...], tuple[Plan, tuple[Span, ...]]] = {}

    def plan_of(self, raw: bytes) -> Plan:
        """Return what a line says, by its digits' shape, by the words between its numbers, or read anew."""
        if len(raw) > LONGEST_SHAPE:
            return _read(raw)
        digits = raw.translate(DIGITS)
        shape = self._by_digits.get(digits)
        if shape is not None:
            plan = shape.plans.get(tuple([raw[start:end] for start, end in shape.fixed]))
            if plan is not None:
                return plan
        if self._kept >= MOST_SHAPES:
            self._by_digits.clear()
            self._kept, shape = 0, None
        spans = tuple(found.span(1) for found in NUMERAL.finditer(raw))
        plan = self._by_spans(raw, spans)
        if shape is None:
            shape = _Shape(_fixed(raw, spans))
            self._by_digits[digits] = shape
        shape.plans[tuple([raw[start:end] for start, end in shape.fixed])] = plan
        self._kept += 1
        return plan

    def _by_spans(self, raw: bytes, spans: tuple[Span, ...]) -> Plan:
        """Return the plan of a line with the same words, moved to where its numbers stand here."""
        edges = (0, *(edge for span in spans for edge in span), len(raw))
        words = tuple(raw[a:b] for a, b in list(pairwise(edges))[::2])
        known = self._by_words.get(words)
        if known is not None:
            plan, places = known
            return plan if places == spans else _moved(plan, dict(zip(places, spans, strict=True)))
        plan = _read(raw)
        if len(self._by_words) >= MOST_SHAPES:
            self._by_words.clear()
        ends = {e for _, a, b in plan.axes for e in (a, b) if e}
        ends |= {e for pair in plan.values for e in pair if e}
        fixed = set(_fixed(raw, spans))
        if ends <= set(spans) | fixed:
            self._by_words[words] = (plan, spans)
        return plan


def _fixed(raw: bytes, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    taken = [False] * (len(raw) + 1)
    for start, end in spans:
        taken[start:end] = [True] * (end - start)
    return tuple(f.span() for f in WORD_DIGITS.finditer(raw) if not taken[f.start()])


def _moved(plan: Plan, to: dict[Span, Span]) -> Plan:
    def moved(span: Span) -> Span:
        if span in to:
            return to[span]
        before = [(old, new) for old, new in to.items() if old[1] <= span[0]]
        shift = before[-1][1][1] - before[-1][0][1] if before else 0
        return span[0] + shift, span[1] + shift

    return Plan(
        kind=plan.kind,
        axes=tuple((axis, moved(at), moved(end) if end else None) for axis, at, end in plan.axes),
        values=tuple((moved(at), moved(whole) if whole else None) for at, whole in plan.values),
        keys=plan.keys,
        split=plan.split,
        summary=plan.summary,
        sole=plan.sole,
    )


def _read(raw: bytes) -> Plan:
    whole = raw.decode("utf-8", "replace")
    if is_ruled(whole):
        return Plan("table")
    text = message_of(whole)
    if is_example(text):
        return Plan("nothing")
    if stated(text) is not None:
        return Plan("statement")
    if announces_phase(text):
        return Plan("phase")
    if not any(character.isdigit() for character in text[:LONGEST]):
        heading = heading_of(text)
        return Plan("heading", split=heading) if heading else Plan("nothing")
    parts, split = parts_of(text)
    kept: dict[str, Part] = {part.key: part for part in parts if part.role == "value"}
    axes: dict[Axis, Part] = {part.role: part for part in parts if part.role != "value"}
    totals: dict[Axis, Part] = {
        part.role: part for part in parts if part.role != "value" and part.total
    }
    place = _places(whole)
    return Plan(
        kind="record",
        axes=tuple(
            (axis, place(part.at), place(totals[axis].total) if axis in totals else None)  # type: ignore[misc]  # never None for a span
            for axis, part in axes.items()
        ),
        values=tuple((place(part.at), place(part.total)) for part in kept.values()),  # type: ignore[misc]
        keys=tuple(kept),
        split=split,
        summary=text.lstrip().startswith("*"),
        sole=not LEFT_OVER.sub("", PAIR.sub("", text[:LONGEST])),
    )


def is_example(text: str) -> bool:
    """Tell whether a line shows a sentence that the model read or wrote (`Source: speech and voice`)."""
    found = EXAMPLE.match(text)
    if found is None:
        return False
    said = text[found.end() :]
    return found["own"] is not None or (" " in said and not any(map(str.isdigit, said)))


class _places:  # noqa: N801 - called like the function it stands for
    """Turn places in a text into places in its bytes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._plain = text.isascii()

    def __call__(self, span: Span | None) -> Span | None:
        if span is None or self._plain:
            return span
        start = len(self._text[: span[0]].encode())
        return start, start + len(self._text[slice(*span)].encode())


def is_ruled(text: str) -> bool:
    """Tell whether a line is a row or a rule of a table drawn with bars."""
    word = text.lstrip(" \t")[:1]
    return bool(word) and word in "|│┃║+┏┡├┌└╭╰┗╔╚╠╞╒╘┠┢" and not text.lstrip().startswith("+ ")


SEVERAL = re.compile(r" +\| +")
"""What stands between several settings of a line."""


def stated(text: str) -> list[tuple[str, Scalar]] | None:
    """Return the settings that a line states and nothing else, or None for any other line."""
    counted = parameters_in(text)
    if counted is not None:
        return [counted]
    many = list(settings_in(text))
    if many:
        return many
    if " | " in text:  # `Dataset: mnist  |  Model: mlp`
        parts = [one_setting(part) for part in SEVERAL.split(text.strip(" |"))]
        found = [part for part in parts if part is not None]
        if len(found) == len(parts):
            return found
    one = one_setting(text)
    return [one] if one is not None else None


def numbers_of(
    raw: bytes, plan: Plan
) -> tuple[dict[Axis, float], dict[Axis, float], tuple[float, ...]]:
    """Return axes, their ends, and values of a line of a known shape."""
    axes: dict[Axis, float] = {}
    totals: dict[Axis, float] = {}
    for axis, (start, end), whole in plan.axes:
        axes[axis] = _number(raw[start:end])
        if whole is not None:
            totals[axis] = _number(raw[whole[0] : whole[1]])
    return axes, totals, values_of(raw, plan)


def values_of(raw: bytes, plan: Plan) -> tuple[float, ...]:
    """Return the values of a line of a known shape."""
    try:
        return tuple(
            [
                float(raw[at[0] : at[1]])
                if whole is None
                else share(float(raw[at[0] : at[1]]), _number(raw[whole[0] : whole[1]]))
                for at, whole in plan.values
            ]
        )
    except ValueError:
        return tuple(
            share(_number(raw[at[0] : at[1]]), _number(raw[whole[0] : whole[1]]) if whole else None)
            for at, whole in plan.values
        )


def _number(raw: bytes) -> float:
    try:
        return float(raw)
    except ValueError:
        return number(raw.decode("ascii", "replace"))
