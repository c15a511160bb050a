"""Ratings by people: tables in long and wide form, crowd-work exports, and lists of one verdict a line."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from netgain.errors import UnreadableFile
from netgain.readers._votes import TIE, rating_facts, share_of_first
from netgain.readers.base import Entry, Limits, RatingFacts, Reader
from netgain.study import Vote

RATER = re.compile(
    r"(?:rater|annotator|worker|judge|participant|assessor|evaluator|subject|listener|user|reviewer|turker|respondent)"
    r"s?_?(?:id|name|no|number|code)?"
)
RATER_COLUMN = re.compile(
    r"(?:rater|annotator|worker|judge|participant|assessor|evaluator|reviewer|expert|human|ann|coder|person|listener)"
    r"_?(?:[a-z]|\d{1,3})(?:_(?:rating|score|label|vote|choice|verdict|preference))?|[ar]_?\d{1,3}"
)
ITEM = re.compile(
    r"(?:item|sample|example|question|prompt|image|video|clip|audio|utterance|sentence|stimulus|stimuli|case|hit|doc|"
    r"document|text|task|trial|row|feedback|query|id|idx|index)_?(?:id|idx|index|name|no|number)?|qid|unnamed:_0"
)
SYSTEM = re.compile(r"(?:system|model|method|condition|algorithm|approach|arm)_?(?:id|name|label)?")
SCORE = re.compile(
    r"(?:overall_?)?(?:rating|score|likert|mos|grade|stars|opinion_score|cmos|value|response)(?:_value)?"
)
WINNER = re.compile(
    r"winner|preference|preferred(?:_system|_model)?|choice|chosen|vote|verdict|better|selected|answer_choice|pick|"
    r"best(?:_\w+)?"
)
NO_ANSWER = re.compile(
    r"english|native|feedback|comment|click|consent|agree|time|duration|age|gender|country|worst|reason|explain|"
    r"email|browser|check|attention",
    re.IGNORECASE,
)
"""Fields of a crowd form that are no verdict on an item."""
CRITERION = re.compile(r"criterion|criteria|dimension|aspect|attribute|metric|question_type|scale")
SIDE = r"(?:system|model|method|option|left|right|candidate|output)_?"
PAIR = (
    re.compile(SIDE + r"(?:a|1|left|first)|left(?:_system|_model|_method)?|first"),
    re.compile(SIDE + r"(?:b|2|right|second)|right(?:_system|_model|_method)?|second"),
)
SHOWN = re.compile(r"left|right|first|second")
"""Words by which a column says what was shown where; `system_a` only names. The inputs of a crowd form are
placed on its page."""
NAMES = re.compile(
    r"rating|human|annotat|survey|mturk|batch_results|likert|preference|judge?ment|verdict|votes?|mos|user_?study|"
    r"review|questionnaire|raters?|listening",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z][\w .+\-/]{0,39}")
FEWEST_LINES = 5
MOST_SYSTEMS = 12
HIGHEST = 100.0
"""Largest score that is taken for a rating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Which columns of a table of ratings mean what, by position."""

    item: int | None
    """Item id."""
    rater: int | None
    """Rater id."""
    system: int | None
    """System judged."""
    pair: tuple[int, int] | None
    """The two systems of a comparison."""
    winner: int | None
    """The verdict on a pair."""
    criterion: int | None
    """What was asked."""
    scores: tuple[tuple[int, str], ...]
    """Columns of scores, with what was asked or who was judged."""
    raters: tuple[tuple[int, str], ...]
    """In wide form, a column for each rater."""
    asked: str | None
    """What the winner's column asks (`best_fluency`), where the file asks one thing."""
    status: int | None
    """State of a crowd worker's assignment; rejected ones do not count."""


def sniff(entry: Entry) -> bool:
    """Recognise tables with raters, and files named for verdicts whose lines are a few recurring words."""
    suffix = entry.suffix
    lines = entry.head.decode("utf-8-sig", "replace").splitlines()
    if suffix in (".csv", ".tsv") and len(lines) > 1:
        return _shape(_split(lines[0]), named=NAMES.search(entry.path.stem) is not None) is not None
    if suffix == ".txt" and NAMES.search(entry.path.stem):
        whole = lines if entry.size <= len(entry.head) else lines[:-1]
        return _systems([line.strip() for line in whole]) is not None
    return False


def read(entry: Entry, limits: Limits) -> Iterator[RatingFacts]:
    """Read one file of ratings.

    Raises:
        UnreadableFile: damaged, over the limits, or without a verdict.
    """
    lines = entry.text(limits.text_bytes).splitlines()
    if entry.suffix == ".txt":
        yield _verdict_lines(entry, lines)
        return
    names = _split(lines[0])
    shape = _shape(names, named=True)
    if shape is None:
        raise UnreadableFile(
            "columns name no rater with a score or a winner; expected e.g. item, rater, score"
        )
    delimiter = max(",;\t", key=lines[0].count)
    try:
        rows = [
            row for row in islice(csv.reader(lines[1:], delimiter=delimiter), 3_000_000) if any(row)
        ]
    except csv.Error as error:
        raise UnreadableFile(f"damaged table ({error}); expected rows of cells") from error
    whole = [row for row in rows if len(row) == len(names) and not _rejected(row, shape)]
    form: Literal["pairs", "scores"] = (
        "pairs" if shape.winner is not None or _words_in(shape, whole) else "scores"
    )
    votes, unusable = _pairs(shape, whole) if form == "pairs" else _scores(shape, whole)
    shown = shape.pair is not None and all(
        SHOWN.search(_plain(names[column])) or names[column].startswith("Input.")
        for column in shape.pair
    )
    yield rating_facts(
        entry,
        votes,
        form=form,
        order_known=shown,
        unusable=unusable + len(rows) - len(whole),
        judge="human" if _of_people(names, shape) else None,
    )


def _rejected(row: list[str], shape: Shape) -> bool:
    return shape.status is not None and row[shape.status].strip().lower() == "rejected"


def _of_people(names: Sequence[str], shape: Shape) -> bool:
    """Tell whether the rater columns speak of people: a judge or an evaluator may be a model."""
    columns = [column for column, _ in shape.raters] + (
        [shape.rater] if shape.rater is not None else []
    )
    return any(
        re.match(r"rater|annotator|worker|participant|subject|listener|turker|respondent|human|expert|assessor",
                 _plain(names[column]))
        for column in columns
    )  # fmt: skip


def _split(line: str) -> list[str]:
    delimiter = max(",;\t", key=line.count)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _plain(name: str) -> str:
    spaced = re.sub(
        r"(?<=[a-z])(?=[A-Z])", "_", name.strip().removeprefix("Input.").removeprefix("Answer.")
    )
    return re.sub(r"[\s\-./]+", "_", spaced).lower().strip("_") or "unnamed:_0"


def _shape(names: list[str], *, named: bool) -> Shape | None:
    """Assign columns, or return None where the table is none of ratings.

    A rater must be named by a column, or have a column of their own; a file named for ratings may leave
    the raters out.
    """
    if len(set(names)) < len(names) or len(names) > 2_000:
        return None
    plain = [_plain(name) for name in names]
    taken: set[int] = set()

    def find(pattern: re.Pattern[str]) -> int | None:
        found = next(
            (i for i, n in enumerate(plain) if i not in taken and pattern.fullmatch(n)), None
        )
        if found is not None:
            taken.add(found)
        return found

    rater = find(RATER)
    raters = tuple(
        (i, names[i]) for i, n in enumerate(plain) if i not in taken and RATER_COLUMN.fullmatch(n)
    )
    raters = raters if len(raters) > 1 and rater is None else ()
    taken.update(i for i, _ in raters)
    firsts, seconds = find(PAIR[0]), find(PAIR[1])
    pair = (firsts, seconds) if firsts is not None and seconds is not None else None
    winner = find(WINNER)
    system = find(SYSTEM)
    criterion = find(CRITERION)
    item = find(ITEM)
    scores = tuple((i, "") for i, n in enumerate(plain) if i not in taken and SCORE.fullmatch(n))[
        :1
    ]
    answers = tuple(
        (i, name.removeprefix("Answer."))
        for i, name in enumerate(names)
        if i not in taken and name.startswith("Answer.") and not NO_ANSWER.search(name)
    )
    if answers and not scores and winner is None:
        scores = answers
    judged = rater is not None or raters
    pairwise = winner is not None and (pair is not None or judged)
    scored = bool(scores) and (system is not None or (judged and item is not None))
    if not (raters and item is not None) and not pairwise and not scored:
        return None
    if not judged and not named:
        return None
    return Shape(
        item=item,
        rater=rater,
        system=system,
        pair=pair,
        winner=winner,
        criterion=criterion,
        scores=scores,
        raters=raters,
        asked=plain[winner].removeprefix("best_")
        if winner is not None and plain[winner].startswith("best_")
        else None,
        status=next((i for i, n in enumerate(plain) if n == "assignment_status"), None),
    )


def _words_in(shape: Shape, rows: list[list[str]]) -> bool:
    """Tell whether rater columns hold words for sides or systems, not numbers."""
    cells = [row[i].strip() for row in rows[:200] for i, _ in shape.raters if row[i].strip()]
    return (
        bool(cells) and all(_number(cell) is None for cell in cells) and _systems(cells) is not None
    )


def _pairs(shape: Shape, rows: list[list[str]]) -> tuple[list[Vote], int]:
    columns = list(shape.raters) or [(shape.winner or 0, "")]
    cells = [row[i] for row in rows for i, _ in columns]
    known = _systems([cell.strip() for cell in cells]) if shape.pair is None else None
    votes: list[Vote] = []
    unusable = 0
    for number, row in enumerate(rows, start=1):
        first, second = (row[i] for i in shape.pair) if shape.pair else known or ("A", "B")
        for column, rater in columns:
            share = share_of_first(row[column], first, second)
            if share is None:
                unusable += 1
                continue
            votes.append(
                Vote(
                    item=_cell(row, shape.item) or str(number),
                    rater=rater or _cell(row, shape.rater),
                    first=first,
                    second=second,
                    value=share,
                    criterion=_cell(row, shape.criterion) or shape.asked,
                )
            )
    return votes, unusable


def _scores(shape: Shape, rows: list[list[str]]) -> tuple[list[Vote], int]:
    columns = shape.raters or shape.scores
    votes: list[Vote] = []
    unusable = 0
    for number, row in enumerate(rows, start=1):
        for column, name in columns:
            value = _number(row[column])
            if value is None:
                unusable += 1
                continue
            votes.append(
                Vote(
                    item=_cell(row, shape.item) or str(number),
                    rater=name if shape.raters else _cell(row, shape.rater),
                    first=_cell(row, shape.system) or "",
                    value=value,
                    criterion=_cell(row, shape.criterion)
                    or (name if not shape.raters else None)
                    or None,
                )
            )
    return votes, unusable


def _cell(row: list[str], column: int | None) -> str | None:
    text = row[column].strip() if column is not None else ""
    return text[:200] or None


def _number(text: str) -> float | None:
    """Return a rating: `4`, `4.5`, `4 - good`; None for words and for what no scale holds."""
    found = re.match(r"\s*(-?\d{1,3}(?:\.\d{1,6})?)\s*(?:$|[-:(/])", text[:60])
    value = float(found[1]) if found else math.nan
    return value if abs(value) <= HIGHEST else None


def _systems(words: Sequence[str]) -> tuple[str, str] | None:
    """Return the two systems that a list of verdicts names, ties aside; None where it is no such list."""
    counts = Counter(word for word in words if word)
    systems = [word for word in counts if not TIE.fullmatch(word)]
    plain = all(WORD.fullmatch(word) for word in counts)
    if not plain or len(systems) != 2 or sum(counts.values()) < FEWEST_LINES:
        return None
    return (systems[0], systems[1])


def _verdict_lines(entry: Entry, lines: list[str]) -> RatingFacts:
    """Read one verdict a line: a system's name or a word for a tie; the line number is the item."""
    words = [line.strip() for line in lines]
    systems = _systems(words)
    if systems is None:
        raise UnreadableFile("lines are not verdicts between two systems; expected one name a line")
    found = [(n, share_of_first(word, *systems)) for n, word in enumerate(words, start=1) if word]
    votes = [
        Vote(item=str(n), rater=None, first=systems[0], second=systems[1], value=share)
        for n, share in found
        if share is not None
    ]
    unusable = sum(share is None for _, share in found)
    return rating_facts(entry, votes, form="pairs", order_known=False, unusable=unusable)


READER = Reader(name="ratings", order=27, sniff=sniff, read=read)
