"""Text logs that hold pretraining and fine-tuning, stages, restarts or repeats in a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log
from netgain.readers._log_phases import announces_phase
from netgain.readers.base import RunFacts

from .conftest import ReadAll, ReadRun

Write = Callable[[str, str | bytes], Path]


def phase(epochs: int, *, first: int = 1, total: int | None = None, score: int = 50) -> str:
    """Return the lines of a few epochs whose accuracy is the score plus the epoch."""
    end = f"/{total}" if total else ""
    return "".join(
        f"Epoch [{e}{end}] Loss: {1 / (e + 1):.3f} Acc: {score + e}.5\n"
        for e in range(first, first + epochs)
    )


def steps(run: RunFacts, key: str) -> tuple[float, ...]:
    """Return the positions of one curve."""
    return next(s.steps for s in run.series if s.key == key)


def test_a_phase_of_another_length_is_counted_on_from_the_first(
    write: Write, read_run: ReadRun
) -> None:
    """Six epochs of pretraining and three of fine-tuning are nine; the score is that of the last phase."""
    text = phase(6, total=6) + phase(3, total=3, score=80)
    run = read_run(text_log.READER, write("train.log", text))
    assert steps(run, "Acc") == (7, 8, 9)
    assert steps(run, "phase 1/Acc") == (1, 2, 3, 4, 5, 6)
    assert {s.key: s.value for s in run.settings}["epochs"] == 9


def test_an_announced_phase_is_kept_apart(write: Write, read_run: ReadRun) -> None:
    """Without stated lengths, `Stage 2` says that the epochs that begin anew are a second phase."""
    text = "Stage 1: head only\n" + phase(6, first=0) + "=== Stage 2 ===\n" + phase(3, score=80)
    run = read_run(text_log.READER, write("train.log", text))
    assert next(s.values for s in run.series if s.key == "Acc") == (81.5, 82.5, 83.5)
    assert steps(run, "Acc") == (7, 8, 9)


def test_a_restart_from_scratch_is_no_phase(write: Write, read_run: ReadRun) -> None:
    """A training stopped at epoch 4 of 10 and begun anew has 10 epochs, those of the second start."""
    text = phase(4, total=10) + phase(10, total=10, score=60)
    run = read_run(text_log.READER, write("train.log", text))
    assert steps(run, "Acc") == tuple(range(1, 11))
    assert next(s.values for s in run.series if s.key == "Acc")[0] == 61.5


def test_a_resumed_training_is_no_phase(write: Write, read_run: ReadRun) -> None:
    """A line that says `Fine-tuning` does not cut a training that goes on at epoch 3."""
    text = phase(5, total=8) + "Fine-tuning\n" + phase(6, first=3, total=8, score=60)
    run = read_run(text_log.READER, write("train.log", text))
    assert steps(run, "Acc") == tuple(range(1, 9))


def test_repeats_of_one_length_stay_trainings_of_their_own(write: Write, read_all: ReadAll) -> None:
    """Three times five epochs of five are three runs."""
    text = phase(5, total=5) + phase(5, total=5, score=52) + phase(5, total=5, score=51)
    assert len(read_all(text_log.READER, write("train.log", text))) == 3


@pytest.mark.parametrize(
    ("line", "announces"),
    [
        ("=== Fine-tuning ===", True),
        ("Start pretraining on the large set", True),
        ("Stage 2: whole network", True),
        ("finetune = True", False),
        ("fine-tuning lr 0.001", False),
        ("Loading pretrained weights", False),
        ("stage2 loss 0.31", False),
    ],
)
def test_lines_that_announce_a_phase(line: str, announces: bool) -> None:
    """A heading of a phase holds no numbers but its own."""
    assert announces_phase(line) is announces
