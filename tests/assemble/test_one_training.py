"""A folder's runs are counted once each: checkpoints, copies, printed records, scripts, names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain
from netgain.assemble.arms import told_apart
from netgain.assemble.names import group_name
from netgain.study import UNSORTED, Study
from tests.conftest import WriteRun

LOSSES = [2.10213, 1.71337, 1.50182, 1.40926, 1.35511, 1.31408]


def runs_of(path: Path) -> dict[str, netgain.study.Run]:
    """Read a folder and return its runs by their ids below it."""
    study = netgain.read(path, unsorted=True)
    return {run.id.removeprefix(f"{path}/"): run for run in study.baseline.runs}


def excluded(study: Study) -> dict[str, str]:
    """Return why each run was not counted, by its last name."""
    return {Path(item.path).name: item.why for item in study.excluded_runs}


def state(path: Path, count: int, *, losses: list[float] = LOSSES) -> None:
    """Write the state of a Hugging Face training after some logged losses."""
    path.mkdir(parents=True)
    history = [
        {"epoch": i + 1.0, "step": 100 * (i + 1), "loss": loss, "learning_rate": 5e-5 / (i + 1)}
        for i, loss in enumerate(losses[:count])
    ]
    document = {"epoch": float(count), "global_step": 100 * count, "log_history": history}
    (path / "trainer_state.json").write_text(json.dumps(document))


def table(path: Path, values: list[float]) -> None:
    """Write a CSV of one loss an epoch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{epoch},{value}" for epoch, value in enumerate(values, start=1)]
    path.write_text("\n".join(["epoch,val_loss", *rows]) + "\n")


def test_checkpoints_of_one_training_are_one_run(tmp_path: Path) -> None:
    """Three states below `out` are the training `out`, with the history of the last."""
    for count in (2, 4, 6):
        state(tmp_path / f"out/checkpoint-{100 * count}", count)
    runs = runs_of(tmp_path)
    assert list(runs) == ["out"]
    assert runs["out"].budget.steps is not None
    assert runs["out"].budget.steps.value == 600
    assert next(c.values for c in runs["out"].curves if c.key == "loss") == tuple(LOSSES)


def test_one_checkpoint_of_a_trainer_is_named_by_its_folder(tmp_path: Path) -> None:
    """`out/checkpoint-600` alone is the training `out`, and the scores beside it are its own."""
    state(tmp_path / "out/checkpoint-600", 6)
    (tmp_path / "out/test_scores.csv").write_text("test_accuracy,test_f1\n0.8657,0.8609\n")
    runs = runs_of(tmp_path)
    assert list(runs) == ["out"]
    assert runs["out"].finals["test/accuracy"].value == 0.8657


def test_states_of_other_names_are_joined_by_their_histories(tmp_path: Path) -> None:
    """`epoch_2`, `epoch_4` and `epoch_6` hold the beginning of one history each."""
    for count in (2, 4, 6):
        table(tmp_path / f"ckpts/epoch_{count}/metrics.csv", LOSSES[:count])
    runs = runs_of(tmp_path)
    assert len(runs) == 1
    assert next(iter(runs.values())).curves[0].values == tuple(LOSSES)


def test_trainings_of_other_histories_below_one_folder_stay_apart(tmp_path: Path) -> None:
    """A sweep over the number of epochs writes `epoch_2` and `epoch_4`, whose losses differ."""
    table(tmp_path / "sweep/epoch_2/metrics.csv", LOSSES[:2])
    table(tmp_path / "sweep/epoch_4/metrics.csv", [2.3, 1.9, 1.6, 1.5])
    assert len(runs_of(tmp_path)) == 2


def test_a_folder_used_twice_by_a_trainer_keeps_both_trainings(tmp_path: Path) -> None:
    """Checkpoints whose histories differ are of two trainings into one folder."""
    state(tmp_path / "out/checkpoint-200", 2)
    state(tmp_path / "out/checkpoint-400", 4, losses=[2.4, 2.2, 2.0, 1.9])
    assert len(runs_of(tmp_path)) == 2


def test_a_whole_history_above_its_checkpoints_is_kept(tmp_path: Path) -> None:
    """The state saved at the end beside two checkpoints is the run; the checkpoints add nothing."""
    state(tmp_path / "out/checkpoint-200", 2)
    state(tmp_path / "out/checkpoint-400", 4)
    (tmp_path / "end").mkdir()
    state(tmp_path / "end/x", 6)
    (tmp_path / "end/x/trainer_state.json").rename(tmp_path / "out/trainer_state.json")
    runs = runs_of(tmp_path)
    assert list(runs) == ["out"]
    assert len(next(c.values for c in runs["out"].curves if c.key == "loss")) == 6


def test_a_copy_of_a_run_is_counted_once(write_run: WriteRun, tmp_path: Path) -> None:
    """`latest-run` beside the run it copies is no second run, and the note says so."""
    columns = {"epoch": range(1, 7), "val_loss": LOSSES}
    for name in ("run-3", "latest-run"):
        write_run(f"log/{name}", config={"lr": 0.1, "seed": 1}, columns=columns)
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["run-3"]
    assert "second place" in excluded(study)["latest-run"]


def test_an_early_copy_of_a_log_is_no_run(tmp_path: Path) -> None:
    """`log (copy).csv` holds the first epochs of `log.csv`; `log_old.csv` of another course is a run."""
    table(tmp_path / "out/log.csv", LOSSES)
    table(tmp_path / "out/log (copy).csv", LOSSES[:3])
    table(tmp_path / "out/log_old.csv", [2.4, 2.2, 2.1])
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["log", "log_old"]
    assert "second place" in excluded(study)["log (copy)"]


def test_folders_that_name_one_run_are_one_result(write_run: WriteRun, tmp_path: Path) -> None:
    """Three copies of `train3`, whose settings all say `name: train3`, are the run `train3`."""
    columns = {"epoch": range(1, 7), "val_loss": LOSSES}
    for name in ("train3", "train4", "train5"):
        write_run(f"detect/{name}", config={"name": "train3", "lr": 0.1}, columns=columns)
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["train3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("seed0", "seed1"), ("baseline", "ours"), ("run_1", "run_2"), ("lr0.1", "lr0.01")],
)
def test_runs_that_ended_alike_are_evidence(
    write_run: WriteRun, tmp_path: Path, first: str, second: str
) -> None:
    """Equal curves under two seeds, arms, repeats or settings stay two runs."""
    for name in (first, second):
        write_run(
            f"out/{name}", config={"lr": 0.1}, columns={"epoch": range(1, 7), "val_loss": LOSSES}
        )
    study = netgain.read(tmp_path, unsorted=True)
    assert len(study.baseline.runs) + len(study.proposed.runs) == 2


def test_two_process_logs_of_one_name_are_copies(tmp_path: Path) -> None:
    """A `.wandb` log of one id in two folders is one run, whatever the folders are called."""
    from tests.readers.test_wandb import exit_record, history, log, run_record

    rows = [history(loss=loss) for loss in LOSSES]
    content = log(run_record(lr=0.1), *rows, exit_record(0))
    for folder in ("run-20240101_101010-abcd1234", "best"):
        path = tmp_path / "wandb" / folder / "run-abcd1234.wandb"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert len(runs_of(tmp_path)) == 1


def notebook(path: Path, printed: list[str]) -> None:
    """Write a notebook whose one cell printed these lines."""
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": ["train()\n"],
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": [f"{p}\n" for p in printed]}
        ],
    }
    document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document, indent=1))


def test_a_notebook_that_prints_the_training_of_a_table_is_no_second_run(tmp_path: Path) -> None:
    """Losses printed to three digits are those of the table; what else was printed joins it."""
    table(tmp_path / "history/vgg.csv", LOSSES)
    lines = [
        f"epoch {e} val_loss {v:.3f} val_acc 0.{50 + e}" for e, v in enumerate(LOSSES, start=1)
    ]
    notebook(tmp_path / "train.ipynb", lines)
    study = netgain.read(tmp_path, unsorted=True)
    (run,) = study.baseline.runs
    assert {c.key: c.source.path.rpartition("/")[2] for c in run.curves} == {
        "val_loss": "vgg.csv",
        "val_acc": "train.ipynb",
    }
    assert any("read as one run with it" in item.why for item in study.excluded_runs)


def test_a_notebook_that_prints_another_training_is_a_run(tmp_path: Path) -> None:
    """One loss that rounds otherwise makes the printed training another one."""
    table(tmp_path / "history/vgg.csv", LOSSES)
    other = [*LOSSES[:-1], LOSSES[-1] + 0.002]
    lines = [f"epoch {e} val_loss {v:.3f} val_acc 0.{50 + e}" for e, v in enumerate(other, start=1)]
    notebook(tmp_path / "train.ipynb", lines)
    assert len(runs_of(tmp_path)) == 2


def test_coarse_scores_do_not_make_two_trainings_one(tmp_path: Path) -> None:
    """Accuracies printed to two digits are shared by many trainings and join none."""
    exact = [0.8123, 0.8341, 0.8429, 0.8511, 0.8634, 0.8622]
    table(tmp_path / "history/vgg.csv", exact)
    notebook(
        tmp_path / "train.ipynb",
        [f"epoch {e} val_loss {v:.2f}" for e, v in enumerate(exact, start=1)],
    )
    assert len(runs_of(tmp_path)) == 2


def test_a_script_whose_options_are_unknown_is_no_run(write_run: WriteRun, tmp_path: Path) -> None:
    """Launch scripts beside runs with results are set aside, whatever their options mean."""
    write_run("out/a", config={"lr": 0.1}, columns={"epoch": range(1, 7), "val_loss": LOSSES})
    for name in ("resnet", "vgg"):
        (tmp_path / f"{name}.sh").write_text(f"python main.py --cfg configs/{name}.yaml\n")
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["a"]
    assert "without a result" in excluded(study)["vgg.sh"]


def test_a_row_named_like_a_folder_beside_its_table_sums_that_run_up(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`summary.json` with a row for each folder of a run adds no runs; a row of no folder is one."""
    for name in ("dense", "gated"):
        write_run(f"out/{name}", columns={"epoch": range(1, 7), "val_loss": LOSSES})
    rows = {
        name: {"ckpt": f"{name}.pt", "lr": 0.1, "test_acc": 0.9}
        for name in ("dense", "gated", "other")
    }
    (tmp_path / "out/summary.json").write_text(json.dumps(rows, indent=1))
    study = netgain.read(tmp_path, unsorted=True)
    names = [run.id.removeprefix(f"{tmp_path}/out/") for run in study.baseline.runs]
    assert names == ["dense", "gated", "summary.json#other"]


def test_parts_of_one_configuration_are_no_runs(tmp_path: Path) -> None:
    """`hyp.yaml` and `opt.yaml` of a folder are one run; `resnet.yaml` and `vgg.yaml` are two."""
    for folder, names in (("exp", ("hyp", "opt")), ("nets", ("resnet", "vgg"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.yaml").write_text(f"lr0: 0.1\nbatch_size: {len(name)}\n")
    assert [Path(run_id).name for run_id in runs_of(tmp_path)] == ["exp", "resnet", "vgg"]


def test_a_file_of_labelled_samples_is_no_run(write_run: WriteRun, tmp_path: Path) -> None:
    """Numbers under `label` are data; numbers under a name of the project's own may be scores."""
    write_run("out/a", columns={"epoch": range(1, 7), "val_loss": LOSSES})
    write_run("out/b", columns={"fluency": [3.5, 3.1, 3.3, 3.7]})
    (tmp_path / "data").mkdir()
    rows = [{"text": f"sentence {n}", "label": n * n % 7} for n in range(30)]
    (tmp_path / "data/train.json").write_text(json.dumps(rows, indent=1))
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["a", "b"]
    assert "data file" in excluded(study)["data"]


def test_numbers_of_items_are_no_run(write_run: WriteRun, tmp_path: Path) -> None:
    """A list that gives each clip its task and length is data, whatever the columns' first words are."""
    write_run("out/a", columns={"epoch": range(1, 7), "val_loss": LOSSES})
    (tmp_path / "data").mkdir()
    rows = [{"feature": f"v{n % 9}", "task_id": n * n % 7, "instruction_len": 0} for n in range(30)]
    (tmp_path / "data/test.json").write_text(json.dumps(rows, indent=1))
    study = netgain.read(tmp_path, unsorted=True)
    assert [Path(run.id).name for run in study.baseline.runs] == ["a"]


def test_a_few_telling_names_do_not_hide_the_other_runs(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """Of ten experiments, `base_model` and `new_data` make no arms when the folder is only looked at."""
    names = ["base_model", "new_data", *(f"heads_{n}" for n in "abcdefgh")]
    for index, name in enumerate(names):
        write_run(f"logs/{name}", config={"lr": 0.1 + index})
    study = netgain.read(tmp_path, unsorted=True)
    assert (len(study.baseline.runs), study.proposed.name) == (10, UNSORTED)
    assert not study.excluded_runs


def test_names_that_sort_nearly_all_runs_make_arms() -> None:
    """Of twenty runs one without a telling name does not keep the others from being two arms."""
    names = tuple(f"r/{arm}_{seed}" for arm in ("baseline", "ours") for seed in range(10))
    assert told_apart((*names, "r/extra"), "r") == {
        name: "baseline" if "baseline" in name else "proposed" for name in names
    }
    assert told_apart((*names, "r/x", "r/y", "r/z"), "r") is None


@pytest.mark.parametrize(
    ("key", "value", "known"),
    [
        ("task", "val", False),
        ("task", "detect", False),
        ("task", "cola", True),
        ("dataset", "test", False),
    ],
)
def test_a_mode_is_no_data_set(
    write_run: WriteRun, tmp_path: Path, key: str, value: str, known: bool
) -> None:
    """`task: val` says what a program does; `task: cola` names its data."""
    write_run("out/a", config={key: value, "lr": 0.1})
    (run,) = runs_of(tmp_path).values()
    assert ("dataset" in run.config) is known


def test_a_time_stamp_counts_no_repeats() -> None:
    """The date of a W&B run folder is no seed that its group's name would lose."""
    name = "wandb/run-20251020_204649-d1cdy879"
    assert group_name(name) == name


def test_a_word_in_front_of_printed_scores_does_not_make_another_training(tmp_path: Path) -> None:
    """`a2c train: ... loss=0.7312` is the training of a table whose column is `loss`."""
    values = [0.73124, 0.61231, 0.55312, 0.50123, 0.48761, 0.47012]
    folder = tmp_path / "history"
    folder.mkdir()
    rows = "".join(f"{e},{v}\n" for e, v in enumerate(values, start=1))
    (folder / "vgg.csv").write_text(f"epoch,loss\n{rows}")
    (tmp_path / "a2c.log").write_text(
        "".join(f"a2c train: epoch {e} loss={v:.3f}\n" for e, v in enumerate(values, start=1))
    )
    assert len(runs_of(tmp_path)) == 1
