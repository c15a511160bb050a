"""Lines by which scripts of strangers state settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log
from netgain.readers._line_settings import one_setting

from .conftest import ReadRun

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("[batch_size: 512] ", ("batch_size", 512)),
        ("learning_rate = 5e-4       # CHANGED: baseline was 1e-3", ("learning_rate", 5e-4)),
        ("        seed=0, logdir=/tmp/openai-2018", ("seed", 0)),
        ("Running with seed=20 and test_samples=16", ("seed", 20)),
        (">>   Num Epochs = 20", ("Num Epochs", 20)),
        (
            "  Total train batch size (w. parallel, distributed & accumulation) = 16",
            ("Total train batch size", 16),
        ),
        ("  Instantaneous batch size per device = 8", ("batch_size_per_device", 8)),
        ("[loss: 0.3]", None),
        ("seed 3 epoch 4 loss 0.3", None),
        ("Current learning rate: 0.001", None),
        ("seed: 3, acc: 0.5", None),
    ],
)  # fmt: skip
def test_lines_that_hold_one_setting(line: str, setting: tuple[str, object] | None) -> None:
    """Brackets, comments and markers around it do not hide a setting, and no record is taken for one."""
    assert one_setting(line) == setting


def test_the_current_rate_is_a_curve(write: Write, read_run: ReadRun) -> None:
    """A rate that a script prints in each epoch is traced; the last one is no setting of the run."""
    lines = [f"Current learning rate: 0.00{4 - e}\nEpoch {e} - loss: 0.{e}\n" for e in (1, 2, 3)]
    run = read_run(text_log.READER, write("train.log", "".join(lines)))
    assert not run.settings
    assert {s.key: s.values for s in run.series}["Current_learning_rate"] == (0.003, 0.002, 0.001)


def test_the_seed_of_a_record_leaves_it_one(write: Write, read_run: ReadRun) -> None:
    """`seed 3 epoch 1 loss 0.5` is a line of the log, whatever else it says."""
    lines = [f"seed 3 epoch {e} loss 0.{9 - e}\n" for e in (1, 2, 3)]
    run = read_run(text_log.READER, write("train.log", "".join(lines)))
    assert {s.key: s.values for s in run.series}["loss"] == (0.8, 0.7, 0.6)


def test_the_batch_of_an_evaluation_begins_no_training(write: Write, read_run: ReadRun) -> None:
    """The Trainer of Hugging Face states batch and samples of each evaluation between the epochs."""
    text = (
        "***** Running training *****\n  Num Epochs = 3\n  Instantaneous batch size per device = 4\n"
        "  Total train batch size (w. parallel, distributed & accumulation) = 16\n"
        "  Gradient Accumulation steps = 4\n  Total optimization steps = 36\n"
    )
    for e in (1, 2, 3):
        text += f"{{'loss': 0.{9 - e}, 'learning_rate': {4 - e}e-05, 'epoch': {e}.0}}\n"
        text += "***** Running Evaluation *****\n  Num examples = 50\n  Batch size = 8\n"
        text += f"{{'eval_loss': 0.{7 - e}, 'epoch': {e}.0}}\n"
    run = read_run(text_log.READER, write("train.log", text))
    assert {s.key: s.value for s in run.settings} == {
        "Num_Epochs": 3,
        "batch_size_per_device": 4,
        "Total_train_batch_size": 16,
        "Gradient_Accumulation_steps": 4,
        "Total_optimization_steps": 36,
    }
    assert {s.key: s.values for s in run.series}["loss"] == (0.8, 0.7, 0.6)


def test_sizes_told_before_the_training_do_not_part_it_from_its_settings(
    write: Write, read_run: ReadRun
) -> None:
    """BasicSR counts images and iterations to come, then its parameters, then begins at iteration 0."""
    text = (
        "INFO: Random seed: 10\nINFO: batch_size: 8\n"
        "INFO: Number of train images: 49,400, iters: 6,175\n"
        "INFO: Total epochs needed: 98 for iters 600,000\n"
        "INFO: Network G structure: Net, with parameters: 1,651,494\n"
        "INFO: Start training from epoch: 0, iter: 0\n"
    )
    text += "".join(
        f"INFO: [epoch:  0, iter:{i:8,}, lr:(2.000e-04,)] l_pix: 2.{i}e+05 psnr: 3{i}.1\n"
        for i in (1, 2, 3)
    )
    run = read_run(text_log.READER, write("train.log", text))
    assert {s.key: s.value for s in run.settings} == {
        "Random_seed": 10,
        "batch_size": 8,
        "parameters": 1_651_494,
    }
