"""Text logs that hold pretraining and fine-tuning, stages, restarts or repeats in a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log
from netgain.readers._log_lines import runs_of
from netgain.readers._log_phases import announces_phase
from netgain.readers._printed_code import PrintedCode
from netgain.readers.base import Limits, RunFacts

from .conftest import ReadAll, ReadRun, entry_of

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


EXAMPLES = "\tSource:     {}\n\tReference:  eine {}\n\tHypothesis: ein\n"


def epoch_of_steps(epoch: int, *, shown: str) -> str:
    """Return three lines of steps, an example sentence and the line that sums an epoch up."""
    lines = [
        f"Epoch {epoch}, Step: {100 * (3 * epoch + at)}, Batch Loss: {1 / (3 * epoch + at):.4f}\n"
        for at in range(-2, 1)
    ]
    return "".join(lines) + shown + f"Epoch {epoch}: total training loss {90 / epoch:.2f}\n"


def test_example_sentences_begin_no_training(write: Write, read_run: ReadRun) -> None:
    """Sentences that a translation log shows between its steps and the line of an epoch cut nothing."""
    shown = EXAMPLES.format("speech and voice training", "Sprache")
    text = "".join(epoch_of_steps(epoch, shown=shown) for epoch in (1, 2, 3))
    run = read_run(text_log.READER, write("train.log", text))
    assert len(steps(run, "Loss")) == 9
    assert not {setting.key for setting in run.settings} & {"Source", "Reference", "Hypothesis"}


def test_settings_amid_an_epoch_of_steps_begin_no_training(write: Write, read_run: ReadRun) -> None:
    """The line of an epoch below its steps sums it up, though settings stand between."""
    shown = "Total params: 19302144\nbatch size: 64\n"
    text = "".join(epoch_of_steps(epoch, shown=shown) for epoch in (1, 2, 3))
    assert len(steps(read_run(text_log.READER, write("train.log", text)), "Loss")) == 9


def test_steps_that_begin_anew_below_settings_are_a_second_training(
    write: Write, read_all: ReadAll
) -> None:
    """Two trainings of one epoch each, told apart by steps that fall back below new settings."""
    one = "batch size: 64\nlr: 0.1\n" + epoch_of_steps(1, shown="")
    runs = [
        f for f in read_all(text_log.READER, write("train.log", one * 2)) if isinstance(f, RunFacts)
    ]
    assert [len(steps(run, "Loss")) for run in runs] == [3, 3]


def test_the_metrics_behind_a_training_are_no_second_one(write: Write, read_run: ReadRun) -> None:
    """What a trainer prints at its end states settings and the epoch that it had come to."""
    text = "batch_size: 64\nlr: 0.1\n" + "".join(
        f"{{'loss': {1 / e:.4f}, 'learning_rate': 0.01, 'epoch': {e}.0}}\n" for e in range(1, 6)
    )
    text += (
        "***** train metrics *****\n  total_flos = 204323347GF\n  train_samples = 230039\n"
        "  epoch                    =         5.0\n  train_loss               =      0.0073\n"
    )
    assert len(steps(read_run(text_log.READER, write("train.log", text)), "loss")) == 5


def test_trainings_of_one_epoch_each_are_told_apart(write: Write) -> None:
    """New settings before the only epoch that there is begin another training."""
    text = "".join(
        f"batch_size: {size}\nlr: 0.1\nEpoch 1: loss {size / 100} acc 0.5\n"
        for size in (32, 64, 96)
    )
    entry = entry_of(write("train.log", text))
    assert [run.count for run in runs_of(entry, Limits(), PrintedCode())] == [1, 1, 1]
