"""Logs of one folder that are told apart by the values they show."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.study import Run

LOSSES = [4.2, 3.1, 2.6, 2.2, 2.0]
OTHERS = [9.4, 7.3, 6.1, 5.5, 5.2]


def runs_of(path: Path) -> dict[str, Run]:
    """Read a folder and return its runs by their ids below it."""
    study = netgain.read(path, unsorted=True)
    return {run.id.removeprefix(str(path)).strip("/"): run for run in study.baseline.runs}


def table(path: Path, losses: list[float]) -> None:
    """Write a CSV of a validation loss for each step."""
    rows = [f"{100 * n},{loss + 0.5},{loss}" for n, loss in enumerate(losses)]
    path.write_text("\n".join(["iter,train_loss,val_loss", *rows]) + "\n")


def log(path: Path, losses: list[float]) -> None:
    """Write the console of a training with the same losses and how it ended."""
    lines = [
        f"step {100 * n}: train_loss {loss + 0.5}, val_loss {loss}" for n, loss in enumerate(losses)
    ]
    path.write_text("\n".join([*lines, f"best val loss: {min(losses)}"]) + "\n")


def finals(run: Run) -> set[float]:
    """Return the values of a run's final scores."""
    return {score.value for score in run.finals.values()}


def test_each_log_goes_to_the_table_of_its_values(tmp_path: Path) -> None:
    """Two tables and two consoles under other names are two runs."""
    table(tmp_path / "log.csv", LOSSES)
    table(tmp_path / "log_v1.csv", OTHERS)
    log(tmp_path / "train_small.log", OTHERS)
    log(tmp_path / "train_mix.log", LOSSES)
    runs = runs_of(tmp_path)
    assert {name: finals(run) for name, run in runs.items()} == {"log": {2.0}, "log_v1": {5.2}}


def test_a_log_of_the_same_stem_and_other_values_is_a_run_of_its_own(tmp_path: Path) -> None:
    """`training_log.csv` and `training_log.txt` of two trainings."""
    table(tmp_path / "training_log.csv", LOSSES)
    log(tmp_path / "training_log.txt", OTHERS)
    assert len(runs_of(tmp_path)) == 2


def test_a_console_of_the_table_s_values_is_the_same_run(tmp_path: Path) -> None:
    """Rounded in print, they are still one training."""
    table(tmp_path / "metrics.csv", LOSSES)
    log(tmp_path / "console.log", [loss + 0.0004 for loss in LOSSES])
    assert len(runs_of(tmp_path)) == 1


def test_means_beside_last_values_of_the_training_are_one_run(tmp_path: Path) -> None:
    """A training loss that differs, with no held-out score to compare, tells no trainings apart."""
    (tmp_path / "metrics.csv").write_text(
        "epoch,train_loss,lr\n" + "".join(f"{n},{loss},0.1\n" for n, loss in enumerate(LOSSES))
    )
    (tmp_path / "console.log").write_text(
        "".join(f"epoch {n}: train_loss {loss * 1.3}\n" for n, loss in enumerate(LOSSES))
    )
    assert len(runs_of(tmp_path)) == 1
