"""Metric logs, result files and tables of any script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import lightning, metric_log, timm
from netgain.readers.base import DocumentFacts, Limits, RunFacts

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


def test_a_plain_csv_gives_curves_over_its_epochs(write: Write, read_run: ReadRun) -> None:
    """The epoch column is the axis, wall time is no metric, and a constant setting is a setting."""
    text = "epoch,time,n_train,train_loss,test_acc\n1,10,4000,2.0,0.5\n2,20,4000,1.0,0.7\n"
    run = read_run(metric_log.READER, write("metrics.csv", text))
    assert [(s.key, s.unit, s.steps, s.values, s.source.line) for s in run.series] == [
        ("train_loss", "epoch", (1.0, 2.0), (2.0, 1.0), 2),
        ("test_acc", "epoch", (1.0, 2.0), (0.5, 0.7), 2),
    ]
    assert [(s.key, s.value) for s in run.settings] == [("n_train", 4000)]


def test_a_logged_learning_rate_stays_a_trace(write: Write, read_run: ReadRun) -> None:
    """A constant learning rate over steps is evidence of a constant schedule, not one setting."""
    run = read_run(metric_log.READER, write("log.csv", "step,lr\n1,0.1\n2,0.1\n3,0.1\n"))
    assert [(s.key, s.values) for s in run.series] == [("lr", (0.1, 0.1, 0.1))]
    assert run.settings == ()


def test_padded_headers_and_empty_cells(write: Write, read_run: ReadRun) -> None:
    """Old Ultralytics pads its header; a cell left empty is left out of its curve."""
    text = "  epoch,  metrics/mAP50(B),  val/box_loss,  train/box_loss\n 0, 0.1, , 3\n 1, 0.2, 1.5, 2\n"
    run = read_run(metric_log.READER, write("results.csv", text))
    curves = {s.key: (s.steps, s.values) for s in run.series}
    assert run.dialect == "ultralytics"
    assert curves["val/box_loss"] == ((1.0,), (1.5,))
    assert curves["metrics/mAP50(B)"] == ((0.0, 1.0), (0.1, 0.2))


def test_one_row_is_the_final_scores(write: Write, read_run: ReadRun) -> None:
    """A single row gives finals for metrics and settings for the rest."""
    run = read_run(metric_log.READER, write("results.csv", "seed,model,test_acc\n3,cnn,0.91\n"))
    assert [(f.key, f.value, f.source.line) for f in run.finals] == [("test_acc", 0.91, 2)]
    assert {s.key: s.value for s in run.settings} == {"seed": 3, "model": "cnn"}


def test_rows_that_differ_in_seed_are_runs(write: Write, read_all: ReadAll) -> None:
    """One table of five seeds is five runs, each with its id, seed and score."""
    text = "seed,test_acc\n" + "".join(f"{seed},{0.9 + seed / 100}\n" for seed in range(5))
    runs = [
        f for f in read_all(metric_log.READER, write("seeds.csv", text)) if isinstance(f, RunFacts)
    ]
    assert [r.run_id for r in runs] == [f"seed={seed}" for seed in range(5)]
    assert [r.finals[0].value for r in runs] == [0.9 + seed / 100 for seed in range(5)]
    assert [r.settings[0].value for r in runs] == list(range(5))


def test_rows_of_a_sweep_are_runs(write: Write, read_all: ReadAll) -> None:
    """A swept learning rate tells trials apart even without a seed."""
    text = "learning_rate,val_acc\n0.001,0.8\n0.01,0.9\n0.1,0.4\n"
    runs = [
        f for f in read_all(metric_log.READER, write("sweep.csv", text)) if isinstance(f, RunFacts)
    ]
    assert [(r.settings[0].value, r.finals[0].value) for r in runs] == [
        (0.001, 0.8),
        (0.01, 0.9),
        (0.1, 0.4),
    ]


@pytest.mark.parametrize("rates", [[0.001, 0.0009, 0.0006, 0.0002], [0.1, 0.1, 0.01, 0.01]])
def test_a_learning_rate_in_a_history_is_a_curve(
    write: Write, read_run: ReadRun, rates: list[float]
) -> None:
    """Arrays of one length are one training, whose learning rate a callback lowered."""
    history = {"loss": [2.0, 1.5, 1.2, 1.1], "val_accuracy": [0.3, 0.4, 0.5, 0.55], "lr": rates}
    run = read_run(metric_log.READER, write("history.json", json.dumps(history)))
    assert {s.key: s.values for s in run.series} == {k: tuple(v) for k, v in history.items()}


def test_a_warmed_up_rate_beside_losses_is_a_curve(write: Write, read_run: ReadRun) -> None:
    """Rows without an epoch whose rate rises once and falls beside a training loss are one training."""
    text = "lr,train_loss,val_acc\n1e-4,2,0.3\n2e-4,1.5,0.4\n1.5e-4,1.2,0.5\n1e-4,1.1,0.5\n"
    run = read_run(metric_log.READER, write("history.csv", text))
    assert [s.key for s in run.series] == ["lr", "train_loss", "val_acc"]


def test_arrays_of_far_rates_with_one_score_are_trials(write: Write, read_all: ReadAll) -> None:
    """A score for each of three rates a decade apart is a search, though it is kept in arrays."""
    found = write("results.json", '{"lr": [0.001, 0.01, 0.1], "val_acc": [0.8, 0.9, 0.4]}')
    runs = [f for f in read_all(metric_log.READER, found) if isinstance(f, RunFacts)]
    assert [r.settings[0].value for r in runs] == [0.001, 0.01, 0.1]


def test_losses_of_scattered_rates_are_trials(write: Write, read_all: ReadAll) -> None:
    """Rates in the order of a random search are trials though each row has a training loss."""
    text = "lr,train_loss\n0.01,1.0\n0.3,3.0\n0.02,1.1\n0.1,2.0\n"
    runs = [
        f for f in read_all(metric_log.READER, write("sweep.csv", text)) if isinstance(f, RunFacts)
    ]
    assert len(runs) == 4


def test_a_log_of_several_seeds_is_split(write: Write, read_all: ReadAll) -> None:
    """Long-form logs with a seed column become one run a seed, each with its own curve."""
    rows = [f"{seed},{epoch},{seed + epoch / 10}" for seed in (0, 1) for epoch in (1, 2)]
    path = write("history.csv", "seed,epoch,val_acc\n" + "\n".join(rows))
    runs = [f for f in read_all(metric_log.READER, path) if isinstance(f, RunFacts)]
    assert [(r.run_id, r.series[0].values) for r in runs] == [
        ("seed=0", (0.1, 0.2)),
        ("seed=1", (1.1, 1.2)),
    ]


def test_a_table_of_named_models_is_published_not_run(write: Write, read_all: ReadAll) -> None:
    """A leaderboard has rows for models, which are not runs of one project; cells stay text."""
    (fact,) = read_all(
        metric_log.READER, write("results.csv", "model,top1\nresnet,80.1\nvit,85.0\n")
    )
    assert isinstance(fact, DocumentFacts)
    assert fact.paper.tables[0].rows == (("resnet", "80.1"), ("vit", "85"))


def test_a_repeated_header_of_a_restart_is_skipped(write: Write, read_run: ReadRun) -> None:
    """A logger that appends writes its header twice; repeated steps replace the lost ones."""
    text = "step,loss\n1,3\n2,2\nstep,loss\n1,7\n2,5\n3,4\n"
    (curve,) = read_run(metric_log.READER, write("log.csv", text)).series
    assert (curve.steps, curve.values) == ((1.0, 2.0, 3.0), (7.0, 5.0, 4.0))


def test_a_step_that_starts_anew_each_epoch_is_no_axis(write: Write, read_run: ReadRun) -> None:
    """Iterations within the epoch go up and down; the epoch column orders the log then."""
    text = "epoch,iter,loss\n1,1,9\n1,2,8\n2,1,7\n2,2,6\n"
    curves = {s.key: s for s in read_run(metric_log.READER, write("log.csv", text)).series}
    assert (curves["loss"].unit, curves["loss"].values) == ("epoch", (9.0, 8.0, 7.0, 6.0))


def test_json_lines_of_several_kinds_merge_by_key(write: Write, read_run: ReadRun) -> None:
    """Train and validation records alternate; nested keys join with a slash."""
    rows: list[dict[str, object]] = [
        {"step": 1, "train": {"loss": 2.0}},
        {"step": 1, "val": {"acc": 0.5}},
        {"step": 2, "train": {"loss": 1.0}},
        {"step": 2, "val": {"acc": 0.6}},
    ]
    path = write("log.jsonl", "\n".join(json.dumps(row) for row in rows) + '\n{"step": 3, "tr')
    curves = {s.key: (s.steps, s.values) for s in read_run(metric_log.READER, path).series}
    assert curves == {"train/loss": ((1.0, 2.0), (2.0, 1.0)), "val/acc": ((1.0, 2.0), (0.5, 0.6))}


def test_a_text_log_of_json_objects_is_recognised(write: Write, read_run: ReadRun) -> None:
    """`log.txt` of the DETR family holds one JSON object an epoch."""
    rows = [
        {"train_loss": 2.0 - e, "test_acc1": 50.0 + e, "epoch": e, "n_parameters": 7}
        for e in range(2)
    ]
    run = read_run(metric_log.READER, write("log.txt", "\n".join(map(json.dumps, rows))))
    assert {s.key: s.values for s in run.series} == {
        "train_loss": (2.0, 1.0),
        "test_acc1": (50.0, 51.0),
    }
    assert [(s.key, s.value) for s in run.settings] == [("n_parameters", 7)]


def test_a_keras_history_is_columns(write: Write, read_run: ReadRun) -> None:
    """A dict of lists of one length is a table; its bare names are the training split."""
    run = read_run(metric_log.READER, write("history.json", '{"loss": [2, 1], "val_loss": [3, 2]}'))
    assert run.dialect == "keras"
    assert [(s.key, s.unit, s.values) for s in run.series] == [
        ("loss", "row", (2.0, 1.0)),
        ("val_loss", "row", (3.0, 2.0)),
    ]


def test_a_result_record_sorts_scores_from_settings(write: Write, read_run: ReadRun) -> None:
    """Nested scores are finals; configuration, counts and evaluation sizes are not."""
    record = {
        "config": {"seed": 3, "optimizer": {"lr": 0.1}, "n_epochs": float("inf")},
        "n_parameters": 832948,
        "best_epoch": 46,
        "eval_batch_size": 32768,
        "metrics": {"val": {"rmse": 0.41}, "test": {"rmse": 0.40}},
    }
    run = read_run(metric_log.READER, write("report.json", json.dumps(record, indent=1)))
    assert [(f.key, f.value) for f in run.finals] == [
        ("metrics/val/rmse", 0.41),
        ("metrics/test/rmse", 0.4),
    ]
    settings = {s.key: s.value for s in run.settings}
    assert settings["config.seed"] == 3
    assert settings["config.n_epochs"] == "Infinity"
    assert settings["eval_batch_size"] == 32768
    assert run.finals[0].source.line == 14


def test_lightning_rows_of_several_kinds_merge(write: Write, read_run: ReadRun) -> None:
    """Sparse rows give one curve a column; the lone row of `test` is a final score."""
    text = (
        "acc_step,acc_epoch,epoch,step,test_acc\n0.5,,0,49,\n0.7,,0,99,\n,0.6,0,99,\n,,1,100,0.65\n"
    )
    run = read_run(lightning.READER, write("version_0/metrics.csv", text))
    curves = {s.key: (s.steps, s.values) for s in run.series}
    assert curves["acc_step"] == ((49.0, 99.0), (0.5, 0.7))
    assert curves["acc_epoch"] == ((99.0,), (0.6,))
    assert "test_acc" not in curves
    assert [(f.key, f.value, f.source.line) for f in run.finals] == [("test_acc", 0.65, 5)]


def test_lightning_hparams_may_be_empty_or_tagged(write: Write, read_run: ReadRun) -> None:
    """`{}` is a run without settings; a Python tag is text, never an object."""
    assert read_run(lightning.READER, write("a/hparams.yaml", "{}\n")).settings == ()
    text = (
        "lr: 1e-3\nnet: !!python/object/apply:os.system ['touch x']\nsize: !!python/tuple [1, 2]\n"
    )
    run = read_run(lightning.READER, write("b/hparams.yaml", text))
    assert {s.key: s.value for s in run.settings} == {
        "lr": 0.001,
        "net": '["touch x"]',
        "size": "[1, 2]",
    }


def test_timm_arguments_and_summary(write: Write, read_run: ReadRun) -> None:
    """args.yaml keeps its lines; a summary may start above epoch 0."""
    arguments = read_run(
        timm.READER, write("args.yaml", "aa: null\naug_repeats: 3\ncrop_pct: null\nopt: lamb\n")
    )
    assert [(s.key, s.value, s.source.line) for s in arguments.settings][1] == ("aug_repeats", 3, 2)
    text = "epoch,train_loss,eval_loss,eval_top1\n300,2.0,1.0,79.0\n301,1.9,0.9,79.5\n"
    summary = read_run(timm.READER, write("summary.csv", text))
    assert next(s for s in summary.series if s.key == "eval_top1").steps == (300.0, 301.0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("metrics.csv", b"", "empty file"),
        ("metrics.csv", b"epoch,acc\n", "without rows"),
        ("metrics.csv", b"1,2\n3,4\n", "numbers alone"),
        ("metrics.csv", b"epoch,acc\n" + b"\0" * 100, "binary content"),
        ("results.json", b'{"acc": ', "damaged JSON at line 1"),
        ("results.json", b"[1, 2, 3]", "bare list"),
        ("results.json", b'{"a":' * 3000 + b"1" + b"}" * 3000, "nested"),
        ("log.jsonl", b'{"step": 1}\nx\ny\nz\n', "no JSON object"),
    ],
)
def test_unfit_files_give_one_line(write: Write, name: str, content: bytes, said: str) -> None:
    """Empty, headless, binary, cut and endlessly nested files are named for what they are."""
    with pytest.raises(UnreadableFile, match=said):
        list(metric_log.read(entry_of(write(name, content)), Limits()))


def test_a_line_over_the_limit_is_refused(write: Write) -> None:
    """A file without line ends cannot fill the memory."""
    path = write("metrics.csv", b"epoch,acc\n" + b"1" * 10_000)
    with pytest.raises(UnreadableFile, match="line 2 is longer"):
        list(metric_log.read(entry_of(path), Limits(line_bytes=1000)))


@pytest.mark.real_data
def test_real_lightning_version_equals_its_mlflow_run(real_data: Path, read_run: ReadRun) -> None:
    """version_3's epoch accuracies are those of MLflow run 00e2ba8f, to all digits."""
    run = read_run(
        lightning.READER, real_data / "mlflow_files/lightning_logs/version_3/metrics.csv"
    )
    ours = next(s.values for s in run.series if s.key == "acc_epoch")
    (folder,) = real_data.glob("mlflow_files/mlruns/0/00e2ba8f*")
    lines = (folder / "metrics/acc_epoch").read_text().splitlines()
    assert ours == tuple(float(line.split()[1]) for line in lines)


@pytest.mark.real_data
def test_real_versions_5_to_15_have_settings_and_no_log(real_data: Path, read_run: ReadRun) -> None:
    """Eleven started runs left hparams.yaml alone."""
    folder = real_data / "mlflow_files/lightning_logs"
    for version in range(5, 16):
        assert read_run(lightning.READER, folder / f"version_{version}/hparams.yaml").settings == ()
        assert not (folder / f"version_{version}/metrics.csv").exists()


@pytest.mark.real_data
def test_real_test_row_is_a_final(real_data: Path, read_run: ReadRun) -> None:
    """version_18 tested once, after training, at .9637."""
    run = read_run(
        lightning.READER, real_data / "mlflow_files/lightning_logs/version_18/metrics.csv"
    )
    assert {f.key: f.value for f in run.finals}["test_acc"] == 0.9636666774749756


@pytest.mark.real_data
def test_real_leaderboard_is_not_taken_for_runs(real_data: Path, read_all: ReadAll) -> None:
    """Timm's table of 1,556 models is one published table."""
    facts = read_all(metric_log.READER, real_data / "timm/results-imagenet.csv")
    assert [type(fact) for fact in facts] == [DocumentFacts]


@pytest.mark.real_data
def test_real_reports_give_test_errors_of_fifteen_seeds(real_data: Path, read_run: ReadRun) -> None:
    """TabR's fifteen seeds average .4030 RMSE on California housing."""
    folder = real_data / "tabr/exp/tabr/california/0-evaluation"
    runs = [read_run(metric_log.READER, path) for path in folder.glob("*/report.json")]
    scores = [next(f.value for f in run.finals if f.key == "metrics/test/rmse") for run in runs]
    seeds = {next(s.value for s in run.settings if s.key == "config.seed") for run in runs}
    assert len(seeds) == 15
    assert sum(scores) / 15 == pytest.approx(0.4030, abs=5e-4)


@pytest.mark.real_data
def test_real_yolo_log_has_fifty_epochs(real_data: Path, read_run: ReadRun) -> None:
    """The run with batch 16 ends at mAP50-95 .5476, as its README says."""
    run = read_run(metric_log.READER, real_data / "ultralytics/train_batchsize_large/results.csv")
    curve = next(s for s in run.series if s.key == "metrics/mAP50-95(B)")
    assert (run.dialect, len(curve.values)) == ("ultralytics", 50)
    assert curve.values[-1] == pytest.approx(0.5476, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("total/epochs", "epoch"), ("TotalEnvInteracts", "step"), ("misc/nupdates", "step"),
     ("my_training_steps_so_far", "step")],
)  # fmt: skip
def test_a_rising_counter_is_the_axis(
    write: Write, read_run: ReadRun, name: str, unit: str
) -> None:
    """A column named like a counter that rises from row to row tells no runs apart."""
    run = read_run(metric_log.READER, write("progress.csv", f"{name},loss\n5,3\n10,2\n15,1\n"))
    assert [(s.unit, s.steps) for s in run.series if s.key == "loss"] == [(unit, (5.0, 10.0, 15.0))]


def test_a_setting_that_rises_over_few_rows_tells_runs_apart(
    write: Write, read_all: ReadAll
) -> None:
    """Three batch sizes with a score each are three runs."""
    path = write("results.csv", "batch_size,test_acc\n16,0.5\n32,0.6\n48,0.7\n")
    assert len(read_all(metric_log.READER, path)) == 3


def test_a_rate_that_comes_back_is_one_training_with_restarts(
    write: Write, read_all: ReadAll
) -> None:
    """Rows of one log under warm restarts are no trials of the rates that they name."""
    rows = "lr,train_loss,val_accuracy\n0.1,.9,.5\n0.05,.8,.6\n0.1,.7,.7\n0.05,.6,.7\n"
    (run,) = read_all(metric_log.READER, write("log.csv", rows))
    assert {series.key: len(series.values) for series in run.series}["val_accuracy"] == 4


def test_items_of_a_data_set_are_no_run(write: Write, read_all: ReadAll) -> None:
    """A JSON list whose numbers are neither scores nor settings says nothing of a training."""
    path = write("test30.json", json.dumps([{"task_id": i, "length": 9 - i} for i in range(5)]))
    assert read_all(metric_log.READER, path) == []


def test_one_row_says_which_epoch_it_reached_of_how_many(write: Write, read_run: ReadRun) -> None:
    """A column `epoch` beside `epochs` is where the run stood; its scores are final all the same."""
    run = read_run(metric_log.READER, write("metrics.csv", "epoch,epochs,val_acc\n1,5,0.4\n"))
    assert [(s.key, s.unit, s.steps) for s in run.series] == [("val_acc", "epoch", (1.0,))]
    assert [(f.key, f.value) for f in run.finals] == [("val_acc", 0.4)]
    assert [(s.key, s.value) for s in run.settings] == [("epochs", 5)]


def test_a_number_called_task_is_no_data_set(write: Write, read_run: ReadRun) -> None:
    """`loss_task` changes from row to row without making each row the run of a data set."""
    text = "val_acc,train/loss_task\n0.4,1.9\n0.5,1.7\n0.6,1.5\n"
    run = read_run(metric_log.READER, write("metrics.csv", text))
    assert [s.values for s in run.series if s.key == "val_acc"] == [(0.4, 0.5, 0.6)]


def test_an_index_of_runs_gives_each_row_to_its_folder(write: Write, read_all: ReadAll) -> None:
    """Rows that name the folder of their run, which lies beside the index, are no further runs."""
    write("round_00/a.txt", "x")
    write("round_01/a.txt", "x")
    rows = [
        {"round": n, "run_dir": f"/home/me/runs/round_0{n}", "final": {"val/acc": 0.5 + n / 10}}
        for n in (0, 1)
    ]
    path = write("index_metrics.json", json.dumps(rows))
    facts = [f for f in read_all(metric_log.READER, path) if isinstance(f, RunFacts)]
    assert [Path(f.location).name for f in facts] == ["round_00", "round_01"]
    assert [f.finals[0].value for f in facts] == [0.5, 0.6]


def test_an_index_of_folders_that_are_not_there_stays_a_table(
    write: Write, read_all: ReadAll
) -> None:
    """Rows whose folders were not kept are runs of their own."""
    rows = [{"run_dir": f"runs/{n}", "seed": n, "val_acc": 0.5 + n / 10} for n in (0, 1)]
    path = write("index_metrics.json", json.dumps(rows))
    facts = [f for f in read_all(metric_log.READER, path) if isinstance(f, RunFacts)]
    assert {Path(f.location).name for f in facts} == {path.parent.name}


def test_curves_of_two_splits_one_level_below_are_both_read(
    write: Write, read_all: ReadAll
) -> None:
    """`history_train` and `history_val` beside scores of the same names: curves by split, and the scores."""
    text = (
        '{"accuracy": 0.98, "history_train": {"accuracy": [0.8, 0.9, 0.95]}, '
        '"history_val": {"val_accuracy": [0.7, 0.8, 0.85]}}'
    )
    facts = read_all(metric_log.READER, write("results.json", text))
    runs = [fact for fact in facts if isinstance(fact, RunFacts)]
    curves = {series.key: series.values for run in runs for series in run.series}
    assert curves == {"train/accuracy": (0.8, 0.9, 0.95), "val_accuracy": (0.7, 0.8, 0.85)}
    assert [(final.key, final.value) for run in runs for final in run.finals] == [
        ("accuracy", 0.98)
    ]


def test_splits_of_other_lengths_are_tables_of_their_own(write: Write, read_all: ReadAll) -> None:
    """`train` each epoch and `val` each second one."""
    text = '{"train": {"loss": [4.0, 3.0, 2.0, 1.0]}, "val": {"loss": [3.5, 1.5]}}'
    facts = read_all(metric_log.READER, write("history.json", text))
    curves = {s.key: s.values for f in facts if isinstance(f, RunFacts) for s in f.series}
    assert curves == {"train/loss": (4.0, 3.0, 2.0, 1.0), "validation/loss": (3.5, 1.5)}
