"""What the words and numbers of verdicts mean, shared by the readers of judgements and ratings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from netgain.errors import UnreadableFile
from netgain.readers.base import Entry, RatingFacts
from netgain.study import Ratings, Vote

TIE = re.compile(
    r"ties?|tied|draw|equal|same|neither|both|no[_\s]?preference|cannot[_\s]?(?:tell|say)|tie\s*\(.*\)|both\s?bad|"
    r"bothbad|similar|=|tie_both_bad|equally_good|equally_bad|c",
    re.IGNORECASE,
)
FIRST = re.compile(
    r"(?:model|system|output|response|answer|option|assistant|candidate|side|method|image|video|text)?[_\s]?"
    r"(?:a|1|left|first|one)(?:\s*(?:wins?|is better|better))?|\[\[a\]\]|a\s*>+\s*b",
    re.IGNORECASE,
)
SECOND = re.compile(
    r"(?:model|system|output|response|answer|option|assistant|candidate|side|method|image|video|text)?[_\s]?"
    r"(?:b|2|right|second|two)(?:\s*(?:wins?|is better|better))?|\[\[b\]\]|b\s*>+\s*a",
    re.IGNORECASE,
)
ERRORS = frozenset(("", "error", "none", "null", "nan", "n/a", "na", "invalid", "skip", "skipped"))
MODEL_JUDGE = re.compile(
    r"gpt|claude|gemini|llm|llama|judge|auto|chatgpt|prometheus|alpaca_eval|pair|single", re.I
)
HUMAN_JUDGE = re.compile(
    r"human|expert|author|annotator|crowd|mturk|turk|worker|rater|participant|user|volunteer|survey|manual",
    re.I,
)
MOST_VOTES = 2_000_000


def share_of_first(verdict: object, first: str, second: str) -> float | None:
    """Return 1 where the first system of a pair won, 0 where the second did, .5 for a tie, else None.

    Args:
        verdict: the system's name, or a word for a place (`A`, `model_b`, `left`, `tie (bothbad)`).
        first: name of the first system.
        second: name of the second.
    """
    text = str(verdict).strip() if verdict is not None else ""
    plain = text.lower()
    if plain in ERRORS:
        return None
    if plain == first.lower() != second.lower():
        return 1.0
    if plain == second.lower() != first.lower():
        return 0.0
    if len(text) > 40:
        return None
    if TIE.fullmatch(text):
        return 0.5
    if FIRST.fullmatch(text):
        return 1.0
    return 0.0 if SECOND.fullmatch(text) else None


def judge_of(raters: Iterable[str], file: str) -> Literal["human", "model"] | None:
    """Return who judged: by the raters' names where they say it of one kind alone, else by the file's.

    In a file name a word for people counts more than a model's, which may be that of a system judged.
    """
    kinds = {kind for name in raters if (kind := _kind(name)) is not None}
    if kinds:
        return kinds.pop() if len(kinds) == 1 else None
    return _kind(file)


def _kind(name: str) -> Literal["human", "model"] | None:
    if HUMAN_JUDGE.search(name):
        return "human"
    return "model" if MODEL_JUDGE.search(name) else None


def rating_facts(
    entry: Entry,
    votes: list[Vote],
    *,
    form: Literal["pairs", "scores"],
    order_known: bool,
    unusable: int = 0,
    judge: Literal["human", "model"] | None = None,
) -> RatingFacts:
    """Wrap votes of one file.

    Raises:
        UnreadableFile: no vote at all, or more than the limit.
    """
    if not votes:
        raise UnreadableFile("holds no verdict that could be read; expected winners or scores")
    if len(votes) > MOST_VOTES:
        raise UnreadableFile(f"more than {MOST_VOTES:,} verdicts in one file; name an extract")
    named = judge or judge_of({vote.rater for vote in votes if vote.rater}, entry.path.stem)
    return RatingFacts(
        location=entry.folder,
        ratings=Ratings(
            location=entry.folder,
            form=form,
            judge=named,
            order_known=order_known,
            votes=tuple(votes),
            unusable=unusable,
            source=entry.source(),
        ),
    )
