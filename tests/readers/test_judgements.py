"""Judgements of outputs by people and by models."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.assemble import read as read_study
from netgain.errors import UnreadableFile
from netgain.readers import pairwise_judgements, ratings
from netgain.readers.base import Limits, RatingFacts, Reader, RunFacts
from netgain.study import Ratings

from .conftest import ReadAll, entry_of
from .test_damage import _damaged

Write = Callable[[str, str | bytes], Path]
Rated = Callable[[Reader, Path], Ratings]


@pytest.fixture
def rated(read_all: ReadAll) -> Rated:
    """Read the one set of ratings of a file."""

    def call(reader: Reader, path: Path) -> Ratings:
        (fact,) = read_all(reader, path)
        assert isinstance(fact, RatingFacts)
        return fact.ratings

    return call


GAME = {
    "question_id": 81,
    "model_1": "alpaca",
    "model_2": "vicuna",
    "judge": ["gpt-4", "pair-v2"],
    "turn": 1,
}


def lines(*rows: dict[str, object]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_two_games_of_mt_bench_are_two_orders(write: Write, rated: Rated) -> None:
    """Vicuna wins shown second, loses shown first: a judge that favours one place; an error is no verdict."""
    path = write(
        "gpt-4_pair.jsonl",
        lines(
            {**GAME, "g1_winner": "model_2", "g2_winner": "model_1"},
            {**GAME, "question_id": 82, "g1_winner": "tie", "g2_winner": "error"},
        ),
    )
    found = rated(pairwise_judgements.READER, path)
    assert (found.form, found.judge, found.order_known, found.unusable) == (
        "pairs",
        "model",
        True,
        1,
    )
    assert [(v.item, v.first, v.second, v.value) for v in found.votes] == [
        ("81", "alpaca", "vicuna", 0.0),
        ("81", "vicuna", "alpaca", 0.0),
        ("82", "alpaca", "vicuna", 0.5),
    ]
    assert found.raters == ("gpt-4-pair-v2",)


def test_arena_battles_by_people(write: Write, rated: Rated) -> None:
    """`tie (bothbad)` is a tie, and the left model is the first."""
    row = {"question_id": "q", "model_a": "x", "model_b": "y", "turn": 1}
    path = write(
        "battles.json",
        json.dumps(
            [
                {**row, "winner": "model_b", "judge": "expert_1"},
                {**row, "winner": "tie (bothbad)", "judge": "expert_2"},
            ]
        ),
    )
    found = rated(pairwise_judgements.READER, path)
    assert (found.judge, found.order_known, found.systems) == ("human", True, ("x", "y"))
    assert [vote.value for vote in found.votes] == [0.0, 0.5]


def test_alpaca_eval_preferences_are_shares(write: Write, rated: Rated) -> None:
    """1.25 is three quarters for the first output, 0 was a tie, null no verdict; order is not told."""
    row = {"instruction": "?", "output_1": "a", "generator_1": "ref", "output_2": "b",
           "generator_2": "ours", "annotator": "weighted_alpaca_eval_gpt4_turbo"}  # fmt: skip
    rows = [{**row, "instruction": str(i), "preference": p} for i, p in enumerate((1.25, 0, None))]
    found = rated(pairwise_judgements.READER, write("annotations.json", json.dumps(rows)))
    assert [vote.value for vote in found.votes] == [0.75, 0.5]
    assert (found.order_known, found.unusable, found.judge) == (False, 1, "model")


def test_single_grading_gives_scores(write: Write, rated: Rated) -> None:
    """A score of -1 is the judge's failure and no score."""
    row = {"question_id": 81, "model": "llama", "judge": ["gpt-4", "single-v1"], "turn": 2}
    path = write("gpt-4_single.jsonl", lines({**row, "score": 9.5}, {**row, "score": -1}))
    found = rated(pairwise_judgements.READER, path)
    assert (found.form, found.unusable) == ("scores", 1)
    assert [(v.first, v.value, v.criterion) for v in found.votes] == [("llama", 9.5, "turn 2")]


def test_a_leaderboard_is_a_run_for_each_model(write: Write, read_all: ReadAll) -> None:
    """Win rates stay in percent as written."""
    text = ",win_rate,standard_error,n_total\nours,55.5,1.2,805\nbase,50.0,0.0,805\n"
    runs = read_all(pairwise_judgements.READER, write("leaderboard.csv", text))
    assert [(r.run_id, r.finals[0].value) for r in runs if isinstance(r, RunFacts)] == [
        ("ours", 55.5),
        ("base", 50.0),
    ]


def test_a_long_table_of_scores(write: Write, rated: Rated) -> None:
    """One row a verdict: item, rater, system, rating; a worded scale keeps its number."""
    text = "item,rater,system,rating\n1,r1,ours,5\n1,r1,base,4 - good\n1,r2,ours,\n"
    found = rated(ratings.READER, write("scores.csv", text))
    assert [(v.item, v.rater, v.first, v.value) for v in found.votes] == [
        ("1", "r1", "ours", 5.0),
        ("1", "r1", "base", 4.0),
    ]
    assert (found.judge, found.unusable) == ("human", 1)


def test_a_wide_table_has_a_column_for_each_rater(write: Write, rated: Rated) -> None:
    """Two items, three raters, one cell empty: five scores."""
    text = "feedback_id,annotator_1,annotator_2,annotator_3\n1,4,5,5\n2,2,3,\n"
    found = rated(ratings.READER, write("agreement.csv", text))
    assert (found.form, len(found.votes), found.items) == ("scores", 5, ("1", "2"))
    assert found.raters == ("annotator_1", "annotator_2", "annotator_3")


def test_a_wide_table_of_preferences(write: Write, rated: Rated) -> None:
    """Cells that name one of two systems or a tie are verdicts on the pair."""
    rows = "\n".join(["1,ours,ours", "2,base,tie", "3,ours,base"])
    found = rated(ratings.READER, write("user_study.csv", f"item,rater_1,rater_2\n{rows}\n"))
    assert found.form == "pairs"
    assert [vote.value for vote in found.votes] == [1.0, 1.0, 0.0, 0.5, 1.0, 0.0]


def test_shown_sides_are_an_order(write: Write, rated: Rated) -> None:
    """`left` and `right` say what was shown where; A and B as answers mean the sides."""
    text = "question,left,right,annotator,choice\n1,ours,base,a1,left\n2,base,ours,a1,B\n3,base,ours,a2,tie\n"
    found = rated(ratings.READER, write("ab.csv", text))
    assert (found.order_known, [(v.first, v.value) for v in found.votes]) == (
        True,
        [("ours", 1.0), ("base", 0.0), ("base", 0.5)],
    )


def test_a_crowd_export_leaves_out_what_is_no_verdict(write: Write, rated: Rated) -> None:
    """The best of two shown summaries is the verdict; a rejected assignment and feedback are none."""
    text = (
        "HITId,WorkerId,AssignmentStatus,Input.system1,Input.system2,Answer.best_fluency,"
        "Answer.english,Answer.worst_fluency\n"
        "h1,w1,Approved,ours,base,A,1.0,B\nh1,w2,Rejected,ours,base,B,1.0,A\n"
    )
    found = rated(ratings.READER, write("Batch_1_batch_results.csv", text))
    assert [(v.rater, v.first, v.value, v.criterion) for v in found.votes] == [
        ("w1", "ours", 1.0, "fluency")
    ]
    assert (found.order_known, found.unusable) == (True, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.csv", "method,score\nours,91.2\nbase,90.1\n"),
        ("metrics.csv", "step,loss\n1,2.0\n2,1.5\n"),
        ("labels.txt", "cat\ndog\ncat\ndog\ncat\n"),
        ("review.txt", "This paper is well written.\nIt has, however, a weakness.\n" * 5),
        ("params.csv", "id,user,lr\n1,me,0.1\n"),
    ],
)
def test_other_files_hold_no_ratings(write: Write, name: str, text: str) -> None:
    """Result tables, logs, class lists and prose are left to others."""
    assert not ratings.sniff(entry_of(write(name, text)))


def test_answers_of_one_model_are_no_judgement(write: Write) -> None:
    """MT-Bench's answers name a model and a question, and no verdict."""
    path = write("answers.jsonl", lines({"question_id": 1, "model_id": "m", "text": "hi"}))
    assert not pairwise_judgements.sniff(entry_of(path))


def test_ratings_belong_to_the_comparison(tmp_path: Path, write: Write) -> None:
    """A file that both arms' folders share is there once."""
    write("base/metrics.csv", "epoch,acc\n1,0.5\n2,0.6\n")
    write("ours/metrics.csv", "epoch,acc\n1,0.6\n2,0.7\n")
    path = write("study/ab.csv", "question,left,right,annotator,choice\n1,ours,base,a1,left\n")
    study = read_study(baseline=[tmp_path / "base", path], proposed=[tmp_path / "ours", path])
    assert [len(found.votes) for found in study.ratings] == [1]


@pytest.mark.parametrize("seed", range(60))
def test_damage_gives_one_line(write: Write, seed: int) -> None:
    """Cut, overwritten and stuffed files are read or refused, and never raise anything else."""
    rng = random.Random(seed)
    pair = lines({**GAME, "g1_winner": "model_2", "g2_winner": "tie"}).encode() * 3
    table = b"item,rater,system,rating\n1,r1,ours,5\n1,r1,base,4\n"
    for reader, name, content in (
        (pairwise_judgements.READER, "pair.jsonl", pair),
        (pairwise_judgements.READER, "leaderboard.csv", b",win_rate,n_total\nours,5.5,80\n"),
        (ratings.READER, "ratings.csv", table),
        (ratings.READER, "human_review.txt", b"OURS\nBASE\nTIE\nOURS\nOURS\n"),
    ):
        entry = entry_of(write(name, _damaged(content, rng)))
        try:
            list(reader.read(entry, Limits()))
        except UnreadableFile as error:
            assert "\n" not in str(error)


@pytest.mark.real_data
def test_real_verdicts_of_people(real_data: Path, rated: Rated) -> None:
    """80 verdicts between two models: 41 for ChatGPT, 25 for Vicuna, 14 ties."""
    path = real_data / "ratings/faireval/review/review_gpt35_vicuna-13b_human.txt"
    found = rated(ratings.READER, path)
    assert (found.systems, found.judge, found.order_known) == (
        ("CHATGPT", "VICUNA13B"),
        "human",
        False,
    )
    counts = Counter(
        "tie" if v.value == 0.5 else v.first if v.value == 1 else v.second for v in found.votes
    )
    assert counts == {"CHATGPT": 41, "VICUNA13B": 25, "tie": 14}
    assert len(found.items) == 80
