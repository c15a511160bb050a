"""MLflow's two stores."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import mlflow_file, sqlite_store
from netgain.readers.base import Limits, RunFacts

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]
META = """run_id: abc
run_name: calm-fox
status: 3
lifecycle_stage: active
start_time: 1000
end_time: 61000
"""


def test_a_run_folder_gives_parameters_metrics_and_state(write: Write, read_run: ReadRun) -> None:
    """Typed parameters, curves in step order, a metric logged once as final, and duration."""
    meta = write("runs/abc/meta.yaml", META)
    write("runs/abc/params/lr", "0.02")
    write("runs/abc/params/foreach", "None")
    write("runs/abc/metrics/val/acc", "1 0.5 0\n2 0.7 1\n3 0.6 2\n")
    write("runs/abc/metrics/test_acc", "9 0.65 0")
    write("runs/abc/tags/mlflow.source.name", "train.py")
    run = read_run(mlflow_file.READER, meta)
    assert {s.key: s.value for s in run.settings} == {
        "lr": 0.02,
        "foreach": None,
        "mlflow.source.name": "train.py",
        "wall_seconds": 60.0,
    }
    assert [(s.key, s.steps, s.values) for s in run.series] == [
        ("val/acc", (0.0, 1.0, 2.0), (0.5, 0.7, 0.6))
    ]
    assert [(f.key, f.value) for f in run.finals] == [("test_acc", 0.65)]
    assert (run.name, run.status) == ("calm-fox", "finished")
    assert run.status_source is not None
    assert run.status_source.line == 3


@pytest.mark.parametrize(
    ("status", "stage", "said"),
    [
        (3, "active", "finished"),
        (4, "active", "failed"),
        (1, "active", "running"),
        (4, "deleted", "deleted"),
    ],
)
def test_state_is_read_from_number_and_life_cycle(
    write: Write, read_run: ReadRun, status: int, stage: str, said: str
) -> None:
    """A deleted run is deleted whatever its status number says."""
    meta = write("r/meta.yaml", f"run_id: abc\nstatus: {status}\nlifecycle_stage: {stage}\n")
    assert read_run(mlflow_file.READER, meta).status == said


def test_all_points_at_one_step_become_rows(write: Write, read_run: ReadRun) -> None:
    """`log_metric` without a step writes 0 each time; the order of the file is the axis then."""
    meta = write("r/meta.yaml", META)
    write("r/metrics/loss", "1 3.0 0\n2 2.0 0\n3 1.0 0\n")
    (curve,) = read_run(mlflow_file.READER, meta).series
    assert (curve.unit, curve.steps, curve.values) == ("row", (0.0, 1.0, 2.0), (3.0, 2.0, 1.0))


def test_a_damaged_metric_file_is_named_with_its_line(write: Write) -> None:
    """Garbage inside a metric file is one clear line, not a traceback."""
    meta = write("r/meta.yaml", META)
    write("r/metrics/loss", "1 3.0 0\nnonsense\n3 1.0 0\n")
    with pytest.raises(UnreadableFile, match=r"metrics/loss is damaged at line 2"):
        list(mlflow_file.READER.read(entry_of(meta), Limits()))


def test_a_cut_last_line_costs_that_line_only(write: Write, read_run: ReadRun) -> None:
    """A run killed while it wrote keeps what it had written."""
    meta = write("r/meta.yaml", META)
    write("r/metrics/loss", "1 3.0 0\n2 2.0 1\n3")
    (curve,) = read_run(mlflow_file.READER, meta).series
    assert curve.values == (3.0, 2.0)


def test_links_beside_the_record_are_not_followed(
    write: Write, read_run: ReadRun, tmp_path: Path
) -> None:
    """A parameter that is a link to a file elsewhere is not read."""
    meta = write("r/meta.yaml", META)
    secret = write("elsewhere/secret", "42")
    (tmp_path / "r" / "params").mkdir()
    (tmp_path / "r" / "params" / "stolen").symlink_to(secret)
    assert [s.key for s in read_run(mlflow_file.READER, meta).settings] == ["wall_seconds"]


def test_the_meta_of_an_experiment_is_not_a_run(write: Write) -> None:
    """`mlruns/0/meta.yaml` describes an experiment and is left alone."""
    path = write("0/meta.yaml", "experiment_id: '0'\nname: Default\nlifecycle_stage: active\n")
    assert not mlflow_file.sniff(entry_of(path))


def _store(
    path: Path, runs: list[tuple[str, str, str]], metrics: list[tuple[str, str, float, int, int]]
) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE runs (run_uuid TEXT, status TEXT, lifecycle_stage TEXT);"
        "CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT);"
        "CREATE TABLE metrics"
        " (run_uuid TEXT, key TEXT, value FLOAT, step BIGINT, timestamp BIGINT, is_nan BOOLEAN);"
    )
    connection.executemany("INSERT INTO runs VALUES (?, ?, ?)", runs)
    connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", metrics)
    connection.execute("INSERT INTO params VALUES ('a', 'lr', '0.1')")
    connection.commit()
    connection.close()
    return path


def test_each_run_of_a_database_is_one_fact(tmp_path: Path, read_all: ReadAll) -> None:
    """Runs keep their id, state, parameters and curves apart; rows come out in time order."""
    path = _store(
        tmp_path / "mlflow.db",
        [("a", "FINISHED", "active"), ("b", "FAILED", "active"), ("c", "FINISHED", "deleted")],
        [("a", "acc", 0.7, 1, 20), ("a", "acc", 0.5, 0, 10), ("b", "acc", 0.1, 0, 5)],
    )
    runs = [f for f in read_all(sqlite_store.READER, path) if isinstance(f, RunFacts)]
    assert [(r.run_id, r.status) for r in runs] == [
        ("a", "finished"),
        ("b", "failed"),
        ("c", "deleted"),
    ]
    assert runs[0].series[0].values == (0.5, 0.7)
    assert runs[0].settings[0].value == 0.1
    assert runs[1].finals[0].value == 0.1


def test_reading_a_database_leaves_its_folder_as_it_was(tmp_path: Path, read_all: ReadAll) -> None:
    """No journal, no lock file and not one changed byte beside the evidence."""
    path = _store(tmp_path / "mlflow.db", [("a", "FINISHED", "active")], [])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_all(sqlite_store.READER, path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_store_without_runs_says_so(tmp_path: Path, read_all: ReadAll) -> None:
    """An empty store is told apart from a broken one."""
    path = _store(tmp_path / "mlflow.db", [], [])
    with pytest.raises(UnreadableFile, match="zero runs"):
        read_all(sqlite_store.READER, path)


def test_another_database_and_a_cut_one_give_one_line(tmp_path: Path, read_all: ReadAll) -> None:
    """SQLite files that are not MLflow's, or are damaged, are named as such."""
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE things (x)")
    connection.commit()
    connection.close()
    with pytest.raises(UnreadableFile, match="expected an MLflow store"):
        read_all(sqlite_store.READER, other)
    cut = tmp_path / "cut.db"
    cut.write_bytes(
        _store(tmp_path / "whole.db", [("a", "FINISHED", "active")], []).read_bytes()[:5000]
    )
    with pytest.raises(UnreadableFile, match="damaged SQLite"):
        read_all(sqlite_store.READER, cut)


def test_a_view_in_place_of_a_table_is_not_evaluated(tmp_path: Path, read_all: ReadAll) -> None:
    """A view named `metrics` could compute for ever; it does not count as the table."""
    path = tmp_path / "mlflow.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE runs (run_uuid, status, lifecycle_stage);"
        "CREATE TABLE params (run_uuid, key, value);"
        "CREATE VIEW metrics AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        " SELECT 'a' AS run_uuid, 'k' AS key, x AS value, x AS step, x AS timestamp FROM n;"
    )
    connection.close()
    with pytest.raises(UnreadableFile, match=r"without metrics\."):
        read_all(sqlite_store.READER, path)


@pytest.fixture
def real_runs(real_data: Path, read_run: ReadRun) -> dict[str, RunFacts]:
    """Return the six runs of the real file store by the first eight digits of their id."""
    metas = sorted(real_data.glob("mlflow_files/mlruns/0/*/meta.yaml"))
    return {meta.parent.name[:8]: read_run(mlflow_file.READER, meta) for meta in metas}


@pytest.mark.real_data
def test_real_store_three_runs_end_on_one_accuracy(real_runs: dict[str, RunFacts]) -> None:
    """Three runs share their last accuracy to all digits; two of them were deleted after failing."""
    last = {
        name: next(s.values[-1] for s in run.series if s.key == "acc")
        for name, run in real_runs.items()
    }
    repeated = [name for name, value in last.items() if value == 0.9691666960716248]
    assert repeated == ["24005fa4", "65eb6298", "c89566f2"]
    assert [real_runs[name].status for name in repeated] == ["deleted", "deleted", "finished"]
    learning_rate = next(s.value for s in real_runs["24d6bfc3"].settings if s.key == "lr")
    assert (learning_rate, last["24d6bfc3"]) == (0.02, 0.46875)


@pytest.mark.real_data
def test_real_store_equals_its_metric_files(
    real_data: Path, real_runs: dict[str, RunFacts]
) -> None:
    """Every metric of every run equals the file's own numbers, line by line."""
    for folder in sorted(real_data.glob("mlflow_files/mlruns/0/*/metrics")):
        run = real_runs[folder.parent.name[:8]]
        ours = {s.key: s.values for s in run.series} | {f.key: (f.value,) for f in run.finals}
        theirs = {
            path.name: tuple(float(line.split()[1]) for line in path.read_text().splitlines())
            for path in folder.iterdir()
        }
        assert ours == theirs


@pytest.mark.real_data
def test_real_databases_of_two_schema_versions(real_data: Path, read_all: ReadAll) -> None:
    """One database holds two finished runs of batch 16, the other none."""
    runs = read_all(sqlite_store.READER, real_data / "mlflow_sqlite" / "mlflow.db")
    found = [
        (
            r.status,
            {s.key: s.value for s in r.settings}["batch_size"],
            {f.key: f.value for f in r.finals}["accuracy"],
        )
        for r in runs
        if isinstance(r, RunFacts)
    ]
    assert found == [("finished", 16, 0.5), ("finished", 16, 0.5)]
    with pytest.raises(UnreadableFile, match="zero runs"):
        read_all(sqlite_store.READER, real_data / "mlflow_sqlite" / "mlflow_test.db")
