"""Hyperparameter searches: Optuna storages, Ray Tune trials, reports that count trials."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import optuna, ray_tune, read_paths, sqlite_store, tuning_report
from netgain.readers._optuna import external
from netgain.readers.base import Limits, RunFacts
from netgain.vocabulary import canonical_setting

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]

UNIFORM = json.dumps(
    {
        "name": "FloatDistribution",
        "attributes": {"low": 0.0, "high": 1.0, "log": False, "step": None},
    }
)
INTEGER = json.dumps(
    {"name": "IntDistribution", "attributes": {"low": 1, "high": 9, "log": False, "step": 1}}
)
CHOICE = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adam"]}})


def param(name: str, value: float, distribution: str) -> dict[str, object]:
    """Return the operation that suggests a setting to the first trial."""
    return {
        "op_code": 5,
        "worker_id": "w",
        "trial_id": 0,
        "param_name": name,
        "param_value_internal": value,
        "distribution": distribution,
    }


JOURNAL: list[dict[str, object]] = [
    {"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [2]},
    {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "t"},
    param("lr", 0.25, UNIFORM),
    param("depth", 3.0, INTEGER),
    param("optimizer", 1, CHOICE),
    {"op_code": 7, "worker_id": "w", "trial_id": 0, "step": 0, "intermediate_value": 0.5},
    {"op_code": 7, "worker_id": "w", "trial_id": 0, "step": 1, "intermediate_value": 0.75},
    {"op_code": 8, "worker_id": "w", "trial_id": 0, "user_attr": {"test_acc": 0.7, "git_commit": "abc"}},
    {"op_code": 6, "worker_id": "w", "trial_id": 0, "state": 1, "values": [0.75], "datetime_complete": "t"},
    {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "t"},
    {"op_code": 6, "worker_id": "w", "trial_id": 1, "state": 2, "values": [0.5], "datetime_complete": "t"},
    {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "t"},
    {"op_code": 3, "worker_id": "w", "study_id": 0, "system_attr": {"study:metric_names": ["val_acc"]}},
]  # fmt: skip


def journal(*, separators: tuple[str, str] = (",", ":")) -> str:
    """Write the journal as Optuna does, one compact object a line."""
    return "".join(json.dumps(op, separators=separators) + "\n" for op in JOURNAL)


def database(path: Path, *, studies: int = 1) -> Path:
    """Write a database with the tables and columns of Optuna's schema 12."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE studies (study_id, study_name);"
        "CREATE TABLE study_system_attributes (study_id, key, value_json);"
        "CREATE TABLE trials (trial_id, number, study_id, state, datetime_start, datetime_complete);"
        "CREATE TABLE trial_params (trial_id, param_name, param_value, distribution_json);"
        "CREATE TABLE trial_values (trial_id, objective, value, value_type);"
        "CREATE TABLE trial_intermediate_values (trial_id, step, intermediate_value);"
        "CREATE TABLE trial_user_attributes (trial_id, key, value_json);"
    )
    for study in range(studies):
        connection.execute("INSERT INTO studies VALUES (?, ?)", (study, f"s{study}"))
        for number, state in enumerate(("COMPLETE", "FAIL")):
            trial = 10 * study + number
            connection.execute(
                "INSERT INTO trials VALUES (?, ?, ?, ?, '', '')", (trial, number, study, state)
            )
            connection.execute(
                "INSERT INTO trial_params VALUES (?, 'lr', 0.25, ?)", (trial, UNIFORM)
            )
            connection.execute(
                "INSERT INTO trial_params VALUES (?, 'optimizer', 1.0, ?)", (trial, CHOICE)
            )
        connection.execute("INSERT INTO trial_values VALUES (?, 0, 0.75, 'FINITE')", (10 * study,))
        connection.execute("INSERT INTO trial_values VALUES (?, 1, NULL, 'INF_POS')", (10 * study,))
    connection.commit()
    connection.close()
    return path


def test_each_trial_of_a_journal_is_a_run(write: Write, read_all: ReadAll) -> None:
    """Settings in their own units, value under the study's name for it, what was noted, trial count."""
    runs = [
        f
        for f in read_all(optuna.READER, write("journal.log", journal()))
        if isinstance(f, RunFacts)
    ]
    assert [(r.run_id, r.status) for r in runs] == [
        ("trial 0", "finished"), ("trial 1", "failed"), ("trial 2", "running"),
    ]  # fmt: skip
    first = runs[0]
    assert {s.key: s.value for s in first.settings} == {
        "lr": 0.25, "depth": 3, "optimizer": "adam", "n_trials": 3, "git_commit": "abc",
    }  # fmt: skip
    assert {f.key: f.value for f in first.finals} == {"val_acc": 0.75, "test_acc": 0.7}
    assert (first.series[0].unit, first.series[0].values) == ("row", (0.5, 0.75))
    assert first.status_source is not None
    assert first.status_source.line == 9
    assert runs[1].finals == ()


def test_a_journal_may_be_cut_in_its_last_line(write: Write, read_all: ReadAll) -> None:
    """A writer that was stopped leaves half an operation, which is dropped."""
    path = write("journal.log", journal()[:-40])
    assert len(read_all(optuna.READER, path)) == 3


def test_operations_on_trials_that_do_not_exist_are_refused(write: Write) -> None:
    """A journal whose start is missing holds no trial to write to."""
    tail = '{"op_code":6,"worker_id":"w","trial_id":4,"state":1,"values":[1]}\n' * 3
    with pytest.raises(UnreadableFile, match="3 damaged operations and 0 trials"):
        list(optuna.read(entry_of(write("journal.log", tail)), Limits()))


def test_each_trial_of_a_database_is_a_run(tmp_path: Path, read_all: ReadAll) -> None:
    """The same through SQLite; an infinite second objective is left out, a nameless one is `objective`."""
    runs = [
        f
        for f in read_all(sqlite_store.READER, database(tmp_path / "study.db"))
        if isinstance(f, RunFacts)
    ]
    assert [(r.run_id, r.status, r.name) for r in runs] == [
        ("trial 0", "finished", "s0"), ("trial 1", "failed", "s0"),
    ]  # fmt: skip
    assert {s.key: s.value for s in runs[0].settings} == {
        "lr": 0.25,
        "optimizer": "adam",
        "n_trials": 2,
    }
    assert [(f.key, f.value) for f in runs[0].finals] == [("objective", 0.75)]
    assert runs[0].settings[0].source.cell == "trials s0 trial 0 / lr"


def test_trials_of_several_studies_stay_apart(tmp_path: Path, read_all: ReadAll) -> None:
    """Two studies in one database have their names in the run ids, and their own trial counts."""
    facts = read_all(sqlite_store.READER, database(tmp_path / "study.db", studies=2))
    ids = [fact.run_id for fact in facts if isinstance(fact, RunFacts)]
    assert ids == ["s0/trial 0", "s0/trial 1", "s1/trial 0", "s1/trial 1"]


def test_an_empty_optuna_database_is_named_so(tmp_path: Path) -> None:
    """A storage without a trial is not mistaken for MLflow's."""
    path = database(tmp_path / "study.db", studies=0)
    with pytest.raises(UnreadableFile, match="Optuna storage without a trial"):
        list(sqlite_store.read(entry_of(path), Limits()))


def test_a_choice_out_of_range_is_unknown() -> None:
    """A position behind the last choice, or a value that is no number, has no setting."""
    assert external(5, CHOICE) is None
    assert external("x", UNIFORM) is None
    assert external(2.0, "damaged") == 2.0


ROWS = [
    {"loss": 1 / i, "val": {"acc": 0.8 + i / 100}, "done": i == 3, "training_iteration": i, "trial_id": "a_0",
     "time_total_s": 2.0 * i, "time_this_iter_s": 2.0, "pid": 3, "hostname": "h", "timestamp": 1, "date": "d",
     "config": {"lr": 0.1, "knob": 3}}
    for i in (1, 2, 4, 3)
]  # fmt: skip


def test_a_ray_trial_is_a_run(write: Write, read_run: ReadRun) -> None:
    """What the script reported as curves, its config as settings, none of Tune's own columns."""
    run = read_run(
        ray_tune.READER, write("trial_a/result.json", "".join(json.dumps(r) + "\n" for r in ROWS))
    )
    assert {s.key: s.values for s in run.series} == {
        "loss": (1.0, 0.5, 0.25, 1 / 3), "val/acc": tuple(0.8 + i / 100 for i in (1, 2, 4, 3)),
    }  # fmt: skip
    assert {s.key: s.value for s in run.settings} == {
        "lr": 0.1,
        "knob": 3,
        "wall_seconds": 6.0,
        "hostname": "h",
    }
    assert (run.status, {s.unit for s in run.series}) == ("finished", {"row"})


def test_a_ray_table_counts_only_alone(write: Write, read_all: ReadAll) -> None:
    """progress.csv holds the same as result.json and is read where that is missing."""
    text = "loss,training_iteration,trial_id,done,time_total_s,config/lr\n"
    text += "0.5,1,a,False,2,0.1\n0.25,2,a,True,4,0.1\n"
    path = write("trial_a/progress.csv", text)
    (run,) = read_all(ray_tune.READER, path)
    assert isinstance(run, RunFacts)
    assert ([s.key for s in run.series], {s.key: s.value for s in run.settings}, run.status) == (
        ["loss"], {"lr": 0.1, "wall_seconds": 4.0}, "finished",
    )  # fmt: skip
    write("trial_a/result.json", "{}")
    assert read_all(ray_tune.READER, path) == []


REPORT = {
    "config": {
        "n_trials": 50, "seed": 0,
        "space": {"lr": ["_tune_", "loguniform", 1e-5, 1e-3], "betas": [0.9, 0.99],
                  "model": {"depth": ["_tune_", "int", 1, 6], "width": 64}},
    },
    "best": {"config": {"lr": 1e-4}, "metrics": {"test": {"acc": 0.9}}},
    "n_completed_trials": 48, "time": "1:00:30", "gpus": ["A100"],
}  # fmt: skip


def test_a_report_of_a_search_is_its_effort_alone(write: Write, read_run: ReadRun) -> None:
    """Trials done and asked for, settings varied and time spent; the best trial's score is no run's."""
    run = read_run(tuning_report.READER, write("tuning/report.json", json.dumps(REPORT, indent=1)))
    assert {s.key: (s.value, s.strength) for s in run.settings} == {
        "n_completed_trials": (48, "logged"), "n_trials": (50, "configured"),
        "tuned_settings": ('["lr", "model.depth"]', "configured"), "tuning_seconds": (3630.0, "logged"),
        "gpus": ('["A100"]', "logged"),
    }  # fmt: skip
    assert (run.finals, run.series) == ((), ())
    assert {canonical_setting(s.key) for s in run.settings[:2]} == {"n_trials"}


def test_a_plain_record_that_counts_trials_is_read_as_before(
    write: Write, read_run: ReadRun
) -> None:
    """A run's results may say how many trials its settings took; its score stays a score."""
    run = read_run(tuning_report.READER, write("results.json", '{"n_trials": 9, "test_acc": 0.5}'))
    assert {f.key: f.value for f in run.finals} == {"test_acc": 0.5}


@pytest.mark.real_data
def test_real_searches_took_100_and_200_trials(real_data: Path) -> None:
    """XGBoost and LightGBM were tuned with 200 trials, TabR and the MLPs with 100; none is a score."""
    found: dict[str, set[object]] = {}
    for path in real_data.glob("tabr/exp/*/california/*-tuning/report.json"):
        (fact,) = read_paths([path]).facts
        assert isinstance(fact, RunFacts)
        assert fact.finals == ()
        counts = {s.value for s in fact.settings if canonical_setting(s.key) == "n_trials"}
        found.setdefault(path.parts[-4], set()).update(counts)
    assert found == {"xgboost_": {200}, "lightgbm_": {200}, "mlp": {100}, "tabr": {100}}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "mean", "seeds"),
    [("xgboost_/california/default2-evaluation", 0.4707, 15),
     ("xgboost_/california/2-evaluation", 0.4327, 15),
     ("tabr/california/0-evaluation", 0.4030, 15), ("tabr/california/2-plr-lite-ensemble-5/0", 0.3902, 1),
     ("xgboost_/california/2-ensemble-5/0", 0.4308, 1)],
)  # fmt: skip
def test_real_scores_stay_beside_the_searches(
    real_data: Path, folder: str, mean: float, seeds: int
) -> None:
    """Mean test RMSE of default and tuned models over 15 seeds, and of the first ensemble of five."""
    facts = read_paths([real_data / "tabr/exp" / folder]).facts
    scores = [
        f.value
        for r in facts
        if isinstance(r, RunFacts)
        for f in r.finals
        if f.key == "metrics/test/rmse"
    ]
    assert len(scores) == seeds
    assert sum(scores) / seeds == pytest.approx(mean, abs=6e-5)


@pytest.mark.real_data
def test_real_duration_of_a_run_is_read_in_seconds(real_data: Path) -> None:
    """`0:01:17` on top of a report is 77 seconds of that run."""
    (fact,) = read_paths([real_data / "tabr/exp/tabr/california/0-evaluation/3"]).facts
    assert isinstance(fact, RunFacts)
    assert {s.key: s.value for s in fact.settings}["wall_seconds"] == 77.0
