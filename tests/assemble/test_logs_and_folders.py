"""Logs in one folder and results in others are the halves of the runs they name."""

from __future__ import annotations

import json
from pathlib import Path

import netgain


def _ids(root: Path, files: dict[str, str]) -> set[str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    study = netgain.read(root, unsorted=True)
    runs = (*study.baseline.runs, *study.proposed.runs)
    return {run.id.removeprefix(str(root)).strip("/") for run in runs}


def _log(shift: float) -> str:
    return "".join(f"epoch {n}: train_loss {1 / n + shift:.4f}\n" for n in range(1, 7))


def _scores(shift: float) -> str:
    return json.dumps({"test_accuracy": 0.9 - shift, "test_loss": 0.3 + shift})


def test_each_log_joins_the_folder_of_its_name(tmp_path: Path) -> None:
    """`logs/log_ours.txt` and `results/ours/` are one run, and so are those of the plain model."""
    files = {
        "logs/log_ours.txt": _log(0.1),
        "logs/log_plain.txt": _log(0.2),
        "results/ours/metrics.json": _scores(0.1),
        "results/plain/metrics.json": _scores(0.2),
    }
    assert _ids(tmp_path, files) == {"results/ours", "results/plain"}


def test_one_pair_alone_joins_nothing(tmp_path: Path) -> None:
    """A single pair of names is no layout."""
    files = {
        "logs/log_ours.txt": _log(0.1),
        "logs/log_plain.txt": _log(0.2),
        "results/ours/metrics.json": _scores(0.1),
        "results/other/metrics.json": _scores(0.2),
    }
    assert len(_ids(tmp_path, files)) == 4


def test_a_log_of_other_values_than_its_folder_stays_apart(tmp_path: Path) -> None:
    """`results/ours` holds another course of the loss than `logs/ours.log`: two trainings."""
    table = "epoch,train_loss\n" + "".join(f"{n},{1 / n + 0.7:.4f}\n" for n in range(1, 7))
    files = {
        "logs/ours.log": _log(0.1),
        "logs/plain.log": _log(0.2),
        "logs/wide.log": _log(0.3),
        "results/ours/history.csv": table,
        "results/plain/metrics.json": _scores(0.2),
        "results/wide/metrics.json": _scores(0.3),
    }
    assert {"ours", "results/ours", "results/plain", "results/wide"} == _ids(tmp_path, files)
