"""Records that scripts serialised twice, and tables whose rows bear the time that had passed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from netgain.readers import metric_log

from .conftest import ReadAll, ReadRun

Write = Callable[[str, str | bytes], Path]


def test_lines_of_quoted_objects_are_a_log(write: Write, read_run: ReadRun) -> None:
    """A handler that dumps what was dumped already writes a string on each line."""
    rows = [json.dumps(json.dumps({"epoch": e, "val_acc": 0.5 + e / 10})) for e in (1, 2, 3)]
    run = read_run(metric_log.READER, write("metrics.jsonl", "\n".join(rows) + "\n"))
    assert [(s.key, s.steps, s.values) for s in run.series] == [
        ("val_acc", (1.0, 2.0, 3.0), (0.6, 0.7, 0.8))
    ]


def test_a_quoted_record_states_its_scores_and_settings(write: Write, read_run: ReadRun) -> None:
    """The whole document may be one string, and a record may quote its configuration alone."""
    record = {"test_acc": 0.81, "config": json.dumps({"batch_size": 32})}
    run = read_run(metric_log.READER, write("metrics.json", json.dumps(json.dumps(record))))
    assert [(f.key, f.value) for f in run.finals] == [("test_acc", 0.81)]
    run = read_run(metric_log.READER, write("results.json", json.dumps(record)))
    assert [(s.key, s.value) for s in run.settings] == [("config.batch_size", 32)]


def test_rows_that_tell_how_long_it_took_so_far_are_of_one_run(
    write: Write, read_run: ReadRun
) -> None:
    """Rounds of federated learning, with the seconds since the start: one training, not three."""
    text = "round,global_loss,global_accuracy,elapsed_time\n1,4.5,10,123.5\n2,4.1,12,246.1\n3,4.0,15,370\n"
    run = read_run(metric_log.READER, write("training_log.csv", text))
    assert {s.key: s.values for s in run.series}["global_accuracy"] == (10.0, 12.0, 15.0)


def test_rows_of_finished_runs_stay_runs_whatever_time_they_took(
    write: Write, read_all: ReadAll
) -> None:
    """Times that happen to rise count nothing: each row is a training."""
    text = "lr,test_accuracy,train_time\n0.1,0.81,100\n0.2,0.82,110\n0.3,0.80,120\n"
    assert len(read_all(metric_log.READER, write("results.csv", text))) == 3
