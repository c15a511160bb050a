"""Judgements of model outputs: MT-Bench pairs and scores, Chatbot Arena battles, AlpacaEval annotations."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._digests import as_text
from netgain.readers._documents import parse_json
from netgain.readers._json import loads
from netgain.readers._lines import raw_lines
from netgain.readers._votes import ERRORS, rating_facts, share_of_first
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts
from netgain.study import Vote

PAIRS = (("model_a", "model_b"), ("model_1", "model_2"), ("generator_1", "generator_2"),
         ("system_a", "system_b"), ("model1", "model2"), ("model_left", "model_right"))  # fmt: skip
"""Keys that name the two systems."""
WINNERS = ("winner", "preference", "label", "verdict", "choice", "judgement", "judgment", "human_winner",
           "annotation", "vote", "better")  # fmt: skip
ITEMS = ("question_id", "prompt_id", "instruction_id", "item_id", "id", "uid", "idx", "instruction",
         "question", "prompt", "conversation_id")  # fmt: skip
JUDGES = (
    "judge",
    "annotator",
    "rater",
    "judge_user",
    "evaluator",
    "judge_model",
    "annotator_id",
    "user",
)
ONE_WINNER = re.compile(rb'"(?:model_[ab12]|generator_[12]|system_[ab]|model[12])"\s*:')
VERDICT = re.compile(
    rb'"(?:g[12]_winner|winner|preference|verdict|label|choice|judge?ment|vote|human_winner)"\s*:'
)
SCORED = re.compile(rb'"question_id"\s*:.*"judge"\s*:|"judge"\s*:.*"question_id"\s*:', re.DOTALL)
LEADERBOARD = re.compile(rb'"?(?:\w*)"?,.*\bwin_rate\b.*\bn_total\b')
GAMES = (("g1_winner", False), ("g2_winner", True))
"""MT-Bench asks twice, the second time with the answers swapped; both winners are given by their key."""
ANNOTATION_NAME = re.compile(
    r"annotation|judge?ment|battle|pair|arena|preference|vote|mt_?bench", re.I
)


def sniff(entry: Entry) -> bool:
    """Recognise rows by two systems and a winner; texts between them can push a key out of sight."""
    suffix = entry.suffix
    if suffix == ".csv":
        return LEADERBOARD.match(entry.head.split(b"\n", 1)[0]) is not None
    if suffix not in (".jsonl", ".json", ".ndjson") or entry.head.lstrip()[:1] not in b"[{":
        return False
    head = entry.head
    if ONE_WINNER.search(head) and VERDICT.search(head):
        return True
    named = ANNOTATION_NAME.search(entry.path.stem) is not None
    if named and (ONE_WINNER.search(head) or b'"output_1"' in head):
        return True
    return SCORED.search(head) is not None and (
        b'"score"' in head or named or "_single" in entry.name
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of judgements.

    Raises:
        UnreadableFile: damaged, over the limits, or without a verdict.
    """
    if entry.suffix == ".csv":
        yield from _leaderboard(entry, limits)
        return
    pairs: list[Vote] = []
    scores: list[Vote] = []
    unusable, swapped = 0, False
    for number, row in enumerate(_rows(entry, limits), start=1):
        found = list(_pair_votes(row, number))
        single = _score_vote(row, number) if not found else None
        swapped = swapped or "g2_winner" in row
        pairs += [vote for vote in found if vote is not None]
        scores += [single] if single is not None else []
        unusable += sum(vote is None for vote in found) + (not found and single is None)
    if pairs:
        known = (
            swapped or entry.head.find(b'"model_a"') >= 0 or entry.head.find(b'"model_left"') >= 0
        )
        yield rating_facts(entry, pairs, form="pairs", order_known=known, unusable=unusable)
    if scores:
        yield rating_facts(entry, scores, form="scores", order_known=False, unusable=unusable)
    if not pairs and not scores:
        raise UnreadableFile(
            "holds no verdict that could be read; expected two systems and a winner"
        )


def _rows(entry: Entry, limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON list, a JSON object of lists, or JSON lines."""
    if entry.head.lstrip()[:1] == b"[":
        document = parse_json(entry.text(limits.text_bytes), limits)
        yield from (row for row in document if isinstance(row, dict))
        return
    bad = good = 0
    for _, raw in raw_lines(entry, limits):
        try:
            row = loads(raw) if raw.strip() else None
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            good += 1
            yield row
        elif raw.strip():
            bad += 1
    if bad > good:
        raise UnreadableFile(
            f"{bad:,} of {bad + good:,} lines are no JSON object; expected one a line"
        )


def _pair_votes(row: Mapping[str, Any], number: int) -> Iterator[Vote | None]:
    """Yield the verdicts of one row, None for each that is an error of the judge."""
    keys = next(((a, b) for a, b in PAIRS if a in row and b in row), None)
    if keys is None:
        return
    first, second = as_text(row[keys[0]]), as_text(row[keys[1]])
    for key, swapped in GAMES:
        if key in row:
            share = _by_key(row[key], keys, first, second)
            yield _vote(row, number, (second, first) if swapped else (first, second),
                        None if share is None else 1 - share if swapped else share)  # fmt: skip
    if GAMES[0][0] in row:
        return
    winner = next((key for key in WINNERS if key in row), None)
    value = row.get(winner) if winner else None
    share = _preference(value) if winner == "preference" else None
    if share is None:
        share = _by_key(value, keys, first, second)
    yield _vote(row, number, (first, second), share)


def _by_key(value: object, keys: tuple[str, str], first: str, second: str) -> float | None:
    """Return the share of the first system, where the winner is named by its key or by its name."""
    if value == keys[0]:
        return 1.0
    if value == keys[1]:
        return 0.0
    return share_of_first(value, first, second)


def _preference(value: object) -> float | None:
    """Return AlpacaEval's preference, 1 for the first output to 2 for the second; 0 was its old tie."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    if value == 0:
        return 0.5
    return 2 - float(value) if 1 <= value <= 2 else None


def _vote(
    row: Mapping[str, Any], number: int, systems: tuple[str, str], share: float | None
) -> Vote | None:
    if share is None:
        return None
    return Vote(
        item=_item(row, number),
        rater=_judge(row),
        first=systems[0],
        second=systems[1],
        value=share,
        criterion=_turn(row),
    )


def _score_vote(row: Mapping[str, Any], number: int) -> Vote | None:
    """Return MT-Bench's single grading; a score of -1 is the judge's failure."""
    model, score = row.get("model"), row.get("score")
    if not isinstance(model, str) or isinstance(score, bool) or not isinstance(score, (int, float)):
        return None
    if not math.isfinite(score) or score < 0:
        return None
    return Vote(
        item=_item(row, number),
        rater=_judge(row),
        first=model,
        value=float(score),
        criterion=_turn(row),
    )


def _item(row: Mapping[str, Any], number: int) -> str:
    found = next((row[key] for key in ITEMS if row.get(key) is not None), number)
    return as_text(found)[:200]


def _judge(row: Mapping[str, Any]) -> str | None:
    found = next((row[key] for key in JUDGES if row.get(key)), None)
    if isinstance(found, list):
        found = "-".join(as_text(part) for part in found[:2])
    return None if found is None or as_text(found).lower() in ERRORS else as_text(found)[:100]


def _turn(row: Mapping[str, Any]) -> str | None:
    turn = row.get("turn")
    return None if turn is None or isinstance(turn, (list, dict)) else f"turn {turn}"


def _leaderboard(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read AlpacaEval's leaderboard: a run for each model, its win rates in percent as written."""
    lines = entry.text(limits.text_bytes).splitlines()
    try:
        rows = list(islice(csv.reader(lines), 5_000))
    except csv.Error as error:
        raise UnreadableFile(f"damaged table ({error}); expected rows of cells") from error
    if not rows:
        raise UnreadableFile("no rows; expected a leaderboard")
    header = rows[0]
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(header[1:], row[1:], strict=False))
        finals = tuple(
            Final(key=key, value=float(cells[key]), source=entry.source(line=number, key=key))
            for key in ("win_rate", "length_controlled_winrate")
            if re.fullmatch(r"-?\d{1,20}(\.\d+)?(e-?\d{1,2})?", cells.get(key, ""), re.ASCII)
        )
        if row and finals:
            yield RunFacts(
                location=entry.folder, run_id=row[0], dialect="generic", name=row[0], finals=finals
            )


READER = Reader(name="judgements", order=25, sniff=sniff, read=read)
