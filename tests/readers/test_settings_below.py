"""Settings that a script prints below all that its training logged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import text_log

from .conftest import ReadRun

Write = Callable[[str, str | bytes], Path]
EPOCHS = "epoch 1 loss 4.1\nepoch 2 loss 3.1\nepoch 3 loss 2.5\n"


@pytest.mark.parametrize(
    "below",
    [
        "batch size: 64\nlearning rate: 0.001\nseed: 3\n",
        "Namespace(batch_size=64, learning_rate=0.001, seed=3)\n",
        "Test accuracy: 81.2%\n{'learning_rate': 0.001, 'batch_size': 64, 'seed': 3}\n",
        "The best score on DEV 3 :14.037%\nbatch_size=64\nlearning_rate=0.001\nseed=3\n",
    ],
)
def test_settings_below_the_log_of_one_training_are_its_own(
    write: Write, read_run: ReadRun, below: str
) -> None:
    """A script that prints its configuration last says as much as one that prints it first."""
    run = read_run(text_log.READER, write("train.log", EPOCHS + below))
    told = {s.key.replace(" ", "_"): s.value for s in run.settings}
    assert told == {"batch_size": 64, "learning_rate": 0.001, "seed": 3}


@pytest.mark.parametrize(
    "below",
    [
        "Namespace(batch_size=32, lr=0.2, seed=4)\n",  # a second training that broke off
        "batch size: 1\n",  # of an evaluation
        "final lr: 0.0001\nTraining time: 3\n",
    ],
)
def test_settings_below_that_may_be_of_another_training_are_left_out(
    write: Write, read_run: ReadRun, below: str
) -> None:
    """A configuration stated anew at the end, and a lone setting, describe no training logged above."""
    above = "Namespace(batch_size=64, lr=0.1, seed=3)\n"
    run = read_run(text_log.READER, write("train.log", above + EPOCHS + below))
    assert {s.key: s.value for s in run.settings} == {"batch_size": 64, "lr": 0.1, "seed": 3}
