"""A bare `epoch` among settings is how long a training is to be; beside scores it is how far it was."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.study import Run

LOG = "Namespace(batch_size=16, epoch={planned}, lr=0.1)\n" + "".join(
    f"Epoch {e}: loss=0.{9 - e}1 acc=0.{4 + e}0\n" for e in range(1, 5)
)


def run_of(folder: Path, name: str, text: str) -> Run:
    """Return the one run of two equal arms that hold one file."""
    for arm in ("base", "ours"):
        (folder / arm).mkdir(parents=True)
        (folder / arm / name).write_text(text)
    (run,) = netgain.read(baseline=folder / "base", proposed=folder / "ours").baseline.runs
    return run


def test_a_settings_file_means_their_number(tmp_path: Path) -> None:
    """`epoch: 100` of a configuration is the planned length, cited by its own key."""
    run = run_of(tmp_path, "config.yaml", "batch_size: 16\nlr: 0.1\nepoch: 100\n")
    assert run.budget.epochs is not None
    assert (run.budget.epochs.value, run.budget.epochs.source.key) == (100, "epoch")


def test_another_key_of_the_length_wins(tmp_path: Path) -> None:
    """Beside `epochs`, a bare `epoch` says something else."""
    run = run_of(tmp_path, "config.yaml", "epochs: 90\nlr: 0.1\nbatch_size: 16\nepoch: 12\n")
    assert run.budget.epochs is not None
    assert run.budget.epochs.value == 90
    assert not run.budget.epochs.disagreeing


def test_arguments_above_a_log_are_a_plan(tmp_path: Path) -> None:
    """Of a log that prints its arguments, the curve counts what was done, the argument what was planned."""
    run = run_of(tmp_path, "train.log", LOG.format(planned=40))
    assert run.config["epochs"].value == 40
    assert run.budget.epochs is not None
    assert run.budget.epochs.value == 4


def test_a_number_below_the_log_s_own_is_none(tmp_path: Path) -> None:
    """`epoch=3` above a log of four epochs is where the training started."""
    run = run_of(tmp_path, "train.log", LOG.format(planned=3))
    assert "epochs" not in run.config


def test_epochs_of_a_falling_rate_are_added(tmp_path: Path) -> None:
    """pix2pix trains `n_epochs` at a constant rate and `n_epochs_decay` more at a falling one."""
    text = "batch_size: 1\nlr: 0.0002\nn_epochs: 100\nn_epochs_decay: 50\n"
    run = run_of(tmp_path, "config.yaml", text)
    assert run.budget.epochs is not None
    assert run.budget.epochs.value == 150


def test_a_small_niter_counts_epochs(tmp_path: Path) -> None:
    """DCGAN's `niter: 25` are epochs; 200,000 are steps."""
    small = run_of(tmp_path / "a", "config.yaml", "batchSize: 64\nlr: 0.0002\nniter: 25\n")
    large = run_of(tmp_path / "b", "config.yaml", "batchSize: 64\nlr: 0.0002\nniter: 200000\n")
    assert small.budget.epochs is not None
    assert small.budget.epochs.value == 25
    assert large.budget.epochs is None
