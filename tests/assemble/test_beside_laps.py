"""A notebook that holds several trainings, and the logs, notebooks and result files beside it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.assemble.folders import runs_of


def _printed(shift: float) -> str:
    """Return what a training of five epochs prints, its values moved."""
    return "".join(
        f"Epoch {n}: train_loss: {2.0 / n + shift:.4f} val_loss: {2.5 / n + shift:.4f}\n"
        for n in range(1, 6)
    )


def _notebook(*printed: str) -> str:
    """Return a notebook with a cell for each training."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "source": "train()\n",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
        }
        for text in printed
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_logs_beside_a_notebook_are_runs_and_its_copies_join_them(tmp_path: Path) -> None:
    """Two logs of which the notebook prints one: two runs by name and the notebook's other training."""
    runs = runs_of(
        tmp_path,
        {
            "all.ipynb": _notebook(_printed(0.0), _printed(0.5)),
            "logs/small.log": _printed(0.0),
            "logs/wide.log": _printed(0.9),
        },
    )
    ends = {
        name: {c.values[-1] for c in run.curves if c.split == "validation"}
        for name, run in runs.items()
    }
    (own,) = [name for name in ends if name.endswith("all 2")]
    assert ends == {"small": {0.5}, "wide": {1.4}, own: {1.0}}


def test_another_notebook_is_a_run_of_its_own(tmp_path: Path) -> None:
    """What a second notebook trained is no curve of the first one's last training."""
    runs = runs_of(
        tmp_path,
        {
            "all.ipynb": _notebook(_printed(0.0), _printed(0.5)),
            "other.ipynb": _notebook("".join(f"Epoch {n}, Loss: 0.{n}\n" for n in range(1, 6))),
        },
    )
    assert len(runs) == 3
    assert all(len(run.curves) <= 2 for run in runs.values())


def _result(model: str, validation: float, test: float) -> str:
    return json.dumps({"model": model, "val_accuracy": validation, "test_accuracy": test})


def test_a_result_file_goes_to_the_training_that_printed_its_scores(tmp_path: Path) -> None:
    """Of two result files one holds what the second training printed, rounded, the other what nobody did."""
    ended = "Val accuracy: 0.8455\nTest accuracy: 0.7641\n"
    runs = runs_of(
        tmp_path,
        {
            "all.ipynb": _notebook(_printed(0.0), _printed(0.5) + ended),
            "node_results.json": _result("saint", 0.84552, 0.76408),
            "gcn_results.json": _result("gcn", 0.86355, 0.7668),
        },
    )
    models = {
        name: run.config["model"].value for name, run in runs.items() if "model" in run.config
    }
    (second,) = [name for name in runs if name.endswith("all 2")]
    assert models == {second: "saint", "gcn_results": "gcn"}


def test_results_of_one_model_are_no_runs(tmp_path: Path) -> None:
    """`val_results.json` and `test_results.json` of one model stay with the trainings."""
    runs = runs_of(
        tmp_path,
        {
            "all.ipynb": _notebook(_printed(0.0), _printed(0.5)),
            "wide_a.json": _result("gcn", 0.84552, 0.76408),
            "wide_b.json": _result("gcn", 0.86355, 0.7668),
        },
    )
    assert len(runs) == 2
