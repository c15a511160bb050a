"""Tables that tell the same trainings in two formats, and what a sweep asked of its runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netgain import read

ROWS = [
    {"name": "a", "learning_rate": 0.1, "batch_size": 32, "test_accuracy": 0.8125, "memory": 3.5},
    {"name": "b", "learning_rate": 0.01, "batch_size": 64, "test_accuracy": 0.8250, "memory": 3.75},
]


def run_ids(folder: Path) -> list[str]:
    """Return the ids of the runs of a folder, relative to it."""
    study = read(folder, unsorted=True)
    runs = (*study.baseline.runs, *study.proposed.runs)
    return [run.id.removeprefix(str(folder)) for run in runs]


def write_tables(folder: Path, rows: list[dict[str, object]]) -> None:
    """Write the rows of the search as CSV, and others as JSON under the same name."""
    lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]
    (folder / "search.csv").write_text("\n".join(lines) + "\n")
    (folder / "search.json").write_text(json.dumps(rows))


def test_a_search_told_in_csv_and_json_is_counted_once(tmp_path: Path) -> None:
    """Two formats of one table hold two runs, not four."""
    write_tables(tmp_path, [dict(row) for row in ROWS])
    assert len(run_ids(tmp_path)) == 2


@pytest.mark.parametrize("change", [{"test_accuracy": 0.9}, {"batch_size": 16}])
def test_tables_of_one_name_that_differ_are_of_different_runs(
    tmp_path: Path, change: dict[str, object]
) -> None:
    """A row with another score or setting is another training."""
    write_tables(tmp_path, [dict(ROWS[0]), {**ROWS[1], **change}])
    assert len(run_ids(tmp_path)) == 4


def test_what_a_sweep_asked_for_is_no_run_of_its_own(tmp_path: Path) -> None:
    """`sweep-x/config-y.yaml` repeats the settings of the run y that lies beside it."""
    settings = "wandb_version: 1\n\nlr:\n  value: 0.01\nbatch_size:\n  value: 32\n"
    for name in ("run-1-y/files/config.yaml", "sweep-x/config-y.yaml", "sweep-x/config-z.yaml"):
        path = tmp_path / "wandb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings)
    (tmp_path / "wandb/run-1-y/files/wandb-summary.json").write_text('{"val_acc": 0.81}')
    assert run_ids(tmp_path) == ["/wandb/run-1-y"]
