"""Results in a file for each epoch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain


def runs_of(
    root: Path, stem: str, numbers: tuple[int, ...]
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return the curves of each run of a folder with a file for each number, by name."""
    folder = root / "reports" / "vit"
    folder.mkdir(parents=True)
    for number in numbers:
        scores = {"val_accuracy": number / 100, "val_loss": 1 / number}
        (folder / f"{stem.format(number)}.json").write_text(json.dumps(scores))
    study = netgain.read(root, unsorted=True)
    return {
        Path(run.id).name: {curve.key: curve.steps for curve in run.curves}
        for run in study.baseline.runs
    }


@pytest.mark.parametrize("stem", ["metrics_epoch_{}", "metrics_epoch{:03d}", "Epoch-{}_metrics"])
def test_a_file_for_each_epoch_is_one_training(tmp_path: Path, stem: str) -> None:
    """Four files of the epochs of one folder are one run with curves over four epochs."""
    (curves,) = runs_of(tmp_path, stem, (1, 2, 3, 10)[:3]).values()
    assert curves["val_accuracy"] == (1, 2, 3)


def test_results_of_trainings_of_several_lengths_stay_apart(tmp_path: Path) -> None:
    """`metrics_epochs_50` is named for the length of its training, not for where one stood."""
    assert len(runs_of(tmp_path, "metrics_epochs_{}", (10, 20, 30))) == 3


def test_files_at_scattered_epochs_stay_apart(tmp_path: Path) -> None:
    """Epochs that do not follow one another evenly may be those at which several trainings ended."""
    assert len(runs_of(tmp_path, "metrics_epoch_{}", (5, 50, 300))) == 3
