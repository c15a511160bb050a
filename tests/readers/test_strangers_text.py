"""Plain text that strangers' scripts leave: settings, episodes, bare tuples, printed histories."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import code_defaults, config_file, metric_log, notebook, text_log
from netgain.readers._line_grammar import read_line
from netgain.readers._one_count import in_one_count
from netgain.readers._text_settings import text_leaves
from netgain.readers.base import Fact, Limits, RunFacts, Series

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    "text",
    [
        "batch_size,128\nlr,0.001\n",
        "batch_size    128\nlr    0.001\n",
        "batch_size: 128\nlr: 0.001\n",
        "batch_size = 128\nlr = 0.001\n",
        "--batch_size 128\n--lr 0.001\n",
        "Namespace(batch_size=128, lr=0.001)\n",
        "{'batch_size': 128, 'lr': 0.001}\n",
        "{'batch_size': 128,\n 'lr': 0.001}\n",
        "---- Options ----\n  batch_size: 128 \t[default: 1]\n  lr: 0.001\n---- End ----\n",
    ],
)
def test_settings_in_plain_text_are_read_however_they_are_cut(
    write: Write, read_run: ReadRun, text: str
) -> None:
    """The same two settings in nine habits of writing them are the same two settings."""
    run = read_run(config_file.READER, write("args.txt", text))
    assert {s.key: s.value for s in run.settings} == {"batch_size": 128, "lr": 0.001}


@pytest.mark.parametrize(
    "text",
    [
        "epoch: 1\nlr: 0.1\nepoch: 2\nlr: 0.1\n",
        "batch_size: 128\nlr: 0.1\naccuracy: 0.91\n",
        "We trained with a batch size of 128.\nlr: 0.1\nThe rest is in the paper we wrote.\n",
        "seed: 1\n",
    ],
)
def test_text_that_is_no_file_of_settings_is_left(text: str) -> None:
    """A log, a report of scores, prose and a single setting are none."""
    assert text_leaves(text) == ()


@pytest.mark.parametrize(
    ("line", "axes"),
    [
        ("Episode   11 | reward: -771.52 | buffer: 400", {"epoch": 11}),
        ("Episode: 7 | Steps: 200 | Reward: 3.5", {"epoch": 7}),
        ("Epoch 3 Episode 5 reward 2.0", {"epoch": 3}),
        ("step 1000 episode 4 reward 5", {"step": 1000, "epoch": 4}),
        ("episode_reward: 5.0", {}),
    ],
)
def test_an_episode_is_a_place_of_the_training(line: str, axes: dict[str, float]) -> None:
    """Episodes count like epochs; the length of one is no step, and beside an epoch one is a part."""
    assert read_line(line).axes == axes


def test_a_second_split_behind_a_score_is_that_score_again() -> None:
    """`LOSS train 1.65 valid 1.53` states two losses; a count of samples behind a split is none."""
    assert read_line("LOSS train 1.65 valid 1.53").values == {
        "LOSS_train": 1.65,
        "valid/LOSS": 1.53,
    }
    assert read_line("train_loss 0.5 val 100").values == {"train_loss": 0.5}


def test_evaluations_stand_on_their_own_axis_among_longer_lists(
    write: Write, read_all: ReadAll
) -> None:
    """Rewards at each tenth episode are read at these, beside a loss of every update."""
    document = {
        "critic_loss": [0.1] * 50,
        "eval_episode": [10, 20, 30],
        "eval_reward_mean": [1, 2, 4],
    }
    (curve,) = _curves(read_all(metric_log.READER, write("log.json", json.dumps(document))))
    assert (curve.key, curve.unit) == ("eval_reward_mean", "epoch")
    assert list(curve.steps) == [10, 20, 30]


def _curves(facts: Sequence[Fact]) -> list[Series]:
    return [curve for fact in facts if isinstance(fact, RunFacts) for curve in fact.series]


def _settings(path: Path) -> dict[str, object]:
    entry = entry_of(path)
    facts = [in_one_count(fact) for fact in code_defaults.READER.read(entry, Limits())]
    return {s.key: s.value for f in facts if isinstance(f, RunFacts) for s in f.settings}


def test_the_steps_of_an_episode_are_no_length_of_a_training(write: Write) -> None:
    """Beside episodes a bare `max_steps` ends each of them; beside epochs the episodes are a part."""
    agent = "lr = 0.1\nbatch_size = 64\nepisodes = 200\nmax_steps = 500\n"
    few_shot = "lr = 0.1\nbatch_size = 64\nepisodes = 100\nepochs = 30\n"
    assert set(_settings(write("agent.py", agent))) == {"lr", "batch_size", "episodes"}
    assert set(_settings(write("few_shot.py", few_shot))) == {"lr", "batch_size", "epochs"}


def test_a_trainer_says_how_long_it_trains(write: Write) -> None:
    """`Trainer(max_epochs=20)` states a length where batch and rate stand in the same code."""
    code = "batch_size = 32\nlr = 0.1\ntrainer = Trainer(max_epochs=20, max_steps=-1)\n"
    assert _settings(write("train.py", code)) == {"batch_size": 32, "lr": 0.1, "max_epochs": 20}


def test_tuples_below_a_header_have_its_names(write: Write, read_run: ReadRun) -> None:
    """Scores in brackets are named by the brackets above them."""
    text = "epoch (val_ndcg, val_hr) (test_ndcg, test_hr)\n20 (0.5, 0.8) (0.4, 0.7)\n40 (0.6, 1) (0.5, 0.8)\n"
    run = read_run(text_log.READER, write("log.txt", text))
    assert {c.key: list(c.values) for c in run.series}["test_hr"] == [0.7, 0.8]


def test_sasrec_tuples_need_its_options_beside(write: Write, read_run: ReadRun) -> None:
    """Bare tuples are named where SASRec's options lie beside them, else the file says what it lacks."""
    path = write("log.txt", "(0.5, 0.8) (0.4, 0.7)\n(0.6, 0.9) (0.5, 0.8)\n")
    with pytest.raises(UnreadableFile, match="without names"):
        list(text_log.READER.read(entry_of(path), Limits()))
    write("args.txt", "hidden_units,50\nl2_emb,0.0\nmaxlen,200\nnum_blocks,2\n")
    found = {curve.key: list(curve.values) for curve in read_run(text_log.READER, path).series}
    assert found["test/hr@10"] == [0.7, 0.8]


def test_a_log_of_numbers_without_names_says_so(write: Write) -> None:
    """Rows that count up and name nothing are refused with what is missing."""
    path = write("train.log", "0, 44.7, 50.9\n1, 44.0, 50.1\n2, 44.1, 49.9\n3, 43.9, 50.2\n")
    with pytest.raises(UnreadableFile, match="without names"):
        list(text_log.READER.read(entry_of(path), Limits()))


def _notebook(*outputs: str) -> str:
    cells = [
        {
            "cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["print(shown)\n"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}],
        }
        for text in outputs
    ]  # fmt: skip
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(document, indent=1)


def test_a_history_printed_whole_is_a_curve_by_epoch(write: Write, read_all: ReadAll) -> None:
    """The dict of a Keras history is read where the notebook printed no line for each epoch."""
    text = _notebook("{'loss': [1.2, 0.9, 0.8],\n 'val_accuracy': [0.5, 0.6, 0.7]}\n")
    curves = _curves(read_all(notebook.READER, write("a.ipynb", text)))
    (curve,) = [curve for curve in curves if curve.key == "val_accuracy"]
    assert (curve.unit, list(curve.steps), list(curve.values)) == (
        "epoch",
        [1, 2, 3],
        [0.5, 0.6, 0.7],
    )


def test_a_parameter_count_holds_wherever_it_stands(write: Write, read_run: ReadRun) -> None:
    """A count printed behind the first record of the one training is kept."""
    lines = "".join(f"epoch {at} loss 0.{9 - at}\n" for at in range(1, 5))
    text = lines + "Model has 71.61M parameters\n" + "Min Eval loss:  1.16\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert {s.key: s.value for s in run.settings} == {"parameters": 71_610_000}
