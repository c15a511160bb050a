"""Files with a finished run on each line, and logs of searches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import netgain
from netgain.readers import generic_record, metric_log, text_log
from netgain.readers.base import RunFacts

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]

ROWS = [
    {"model": "logistic-regression", "n_labeled": 1000, "score": 0.76},
    {"model": "logistic-regression", "n_labeled": 0.1, "score": 0.81},
    {"model": "xgboost", "n_labeled": 1000, "score": 0.82},
    {"model": "xgboost", "n_labeled": 1000, "score": 0.83},
]


def lines(rows: list[dict[str, object]]) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_line_for_each_finished_run_is_a_run(write: Write, read_all: ReadAll) -> None:
    """Model and data tell the runs apart; one done twice is two runs."""
    path = write("blog-baselines.txt", lines(ROWS))
    facts = [f for f in read_all(text_log.READER, path) if isinstance(f, RunFacts)]
    assert [fact.run_id for fact in facts] == [
        "blog-baselines: model=logistic-regression,n_labeled=1000",
        "blog-baselines: model=logistic-regression,n_labeled=0.1",
        "blog-baselines: model=xgboost,n_labeled=1000",
        "blog-baselines: model=xgboost,n_labeled=1000 2",
    ]
    assert [final.value for fact in facts for final in fact.finals] == [0.76, 0.81, 0.82, 0.83]
    assert not any(fact.series for fact in facts)


@pytest.mark.parametrize(
    "rows",
    [
        [{"epoch": e, "model": "a", "loss": 0.5} for e in range(3)],
        [{"model": "a", "loss": 0.5}, {"model": "a", "acc": 0.5}],
        [{"name": "x", "text": "good", "score": 0.5}, {"name": "y", "text": "bad", "score": 0.1}],
        [{"a": "x", "score": 0.5}, {"a": "y", "score": 0.1}],
        [{"model": "a", "time": 3}, {"model": "b", "time": 4}],
    ],
)
def test_other_lines_are_no_results(write: Write, rows: list[dict[str, object]]) -> None:
    """Curves, events, examples and rows without name or score are read as what they are."""
    assert not metric_log.are_rows_of_results(entry_of(write("a.txt", lines(rows))))


def search(rows: int) -> str:
    """Return the log of a search over layers, size and rate, each setting tried twice."""
    text = "Number of layers,Size of dense layer,Learning rate,Validation accuracy\n"
    tried = [
        (n, size, lr)
        for n in (0, 1, 2)
        for size in (64, 128, 256, 512, 1024)
        for lr in (1, 2, 3, 4)
    ]
    return text + "".join(
        f"{tried[i // 2][0]},{tried[i // 2][1]},0.0{tried[i // 2][2]},0.{100 + i}\n"
        for i in range(rows)
    )


def test_a_search_is_a_trial_a_row(write: Write, read_all: ReadAll) -> None:
    """Each row has all its settings and its score, and no size becomes a curve."""
    path = write("automatic_search_log.csv", search(120))
    facts = [f for f in read_all(generic_record.READER, path) if isinstance(f, RunFacts)]
    assert len(facts) == 120
    assert not any(fact.series for fact in facts)
    assert {setting.key for setting in facts[0].settings} == {
        "Number of layers", "Size of dense layer", "Learning rate",
    }  # fmt: skip


def test_a_folder_shows_a_search_as_one_thing(tmp_path: Path) -> None:
    """Its rows are no runs of the folder; the runs beside it are."""
    (tmp_path / "search_log.csv").write_text(search(120))
    (tmp_path / "net").mkdir()
    curve = "epoch,val_acc\n" + "".join(f"{e},0.{e}\n" for e in range(1, 6))
    (tmp_path / "net" / "log.csv").write_text(curve)
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["net"]
    assert any("120 rows" in one.why for one in study.excluded_runs)


def test_a_short_table_of_runs_stays_runs(tmp_path: Path) -> None:
    """Twenty rows that differ in their settings are what a person ran."""
    (tmp_path / "results.csv").write_text(search(20))
    assert len(netgain.read(tmp_path, unsorted=True).baseline.runs) > 1
