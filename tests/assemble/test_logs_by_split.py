"""Files named after a split are parts of one run, or each the log of a training."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.assemble.logs_by_split import variant_of
from netgain.study import Run


def runs_of(path: Path) -> dict[str, Run]:
    """Read a folder and return its runs by their ids below it."""
    study = netgain.read(path, unsorted=True)
    runs = (*study.baseline.runs, *study.proposed.runs)
    return {run.id.removeprefix(str(path)).strip("/"): run for run in runs}


def log(path: Path, shift: float = 0.0, *, start: int = 1) -> None:
    """Write the log of a training of five epochs, its values moved by `shift`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            f"Epoch {start + n}: train_loss: {2.0 / (n + 1) + shift:.4f} "
            f"val_loss: {2.5 / (n + 1) + shift:.4f} val_acc: {0.5 + n / 50 + shift / 10:.4f}\n"
            for n in range(5)
        )
    )


def column(path: Path, name: str, values: list[float]) -> None:
    """Write a CSV of one quantity an epoch."""
    path.write_text(
        f"epoch,{name}\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values, start=1))
    )


def test_logs_named_after_training_and_model_are_runs(tmp_path: Path) -> None:
    """`train_gcn.log` and `train_knn.log` with other values over the same epochs."""
    log(tmp_path / "train_gcn.log")
    log(tmp_path / "train_knn.log", 0.1)
    assert set(runs_of(tmp_path)) == {"train_gcn", "train_knn"}


def test_a_plain_log_beside_a_named_one_is_a_run(tmp_path: Path) -> None:
    """`train.log` and `train_new.log`."""
    log(tmp_path / "train.log")
    log(tmp_path / "train_new.log", 0.1)
    assert set(runs_of(tmp_path)) == {"train", "train_new"}


def test_a_test_file_goes_to_the_training_it_is_named_after(tmp_path: Path) -> None:
    """`test_knn.json` beside `train_gcn.log` and `train_knn.log`."""
    log(tmp_path / "train_gcn.log")
    log(tmp_path / "train_knn.log", 0.1)
    (tmp_path / "test_knn.json").write_text('{"test_accuracy": 0.71}')
    finals = {name: set(run.finals) for name, run in runs_of(tmp_path).items()}
    assert finals == {"train_gcn": set(), "train_knn": {"test/accuracy"}}


def test_columns_of_one_training_in_files_of_their_own_are_one_run(tmp_path: Path) -> None:
    """`train_loss.csv`, `train_acc.csv` and `val_loss.csv`."""
    column(tmp_path / "train_loss.csv", "loss", [2.0, 1.0, 0.5, 0.4])
    column(tmp_path / "train_acc.csv", "acc", [0.1, 0.2, 0.3, 0.4])
    column(tmp_path / "val_loss.csv", "loss", [2.1, 1.2, 0.6, 0.5])
    assert len(runs_of(tmp_path)) == 1


def test_logs_of_ranks_are_one_run(tmp_path: Path) -> None:
    """`train_0.log` and `train_1.log` with one course, and `train_rank0.log` with `train_rank1.log`."""
    for folder, name in (("a", "train_"), ("b", "train_rank")):
        for rank in (0, 1):
            log(tmp_path / folder / f"{name}{rank}.log")
    assert len(runs_of(tmp_path)) == 2


def test_logs_of_splits_are_one_run(tmp_path: Path) -> None:
    """`train.log` and `val.log`; `train_log.txt` and `test_log.txt`."""
    for folder, names in (
        ("a", ("train.log", "val.log")),
        ("b", ("train_log.txt", "test_log.txt")),
    ):
        (tmp_path / folder).mkdir()
        for shift, name in enumerate(names):
            rows = [f"epoch {n}: loss {2 / n + shift}, acc {n / 9}\n" for n in range(1, 6)]
            (tmp_path / folder / name).write_text("".join(rows))
    assert set(runs_of(tmp_path)) == {"a", "b"}


def test_a_log_that_goes_on_where_another_stopped_is_its_run(tmp_path: Path) -> None:
    """`train_first.log` ends at epoch 5 and `train_resumed.log` starts at 6."""
    log(tmp_path / "train_first.log")
    log(tmp_path / "train_resumed.log", 0.1, start=6)
    assert len(runs_of(tmp_path)) == 1


def test_a_name_of_parts_tells_no_training() -> None:
    """Metrics, ranks and words for logs are parts; models, data sets and versions are not."""
    parts = (
        "train_loss",
        "train_epoch_loss",
        "train_0",
        "train_rank1",
        "val_history",
        "train_batch",
    )
    wholes = ("train_resnet50", "training_2gcncat", "train_v2", "train_cifar10_log")
    assert [variant_of(stem) for stem in parts] == [""] * 6
    assert all(variant_of(stem) for stem in wholes)


def test_logs_of_one_name_in_a_folder_and_above_are_two_runs(tmp_path: Path) -> None:
    """`train.log` and `log/train.log` with other values."""
    log(tmp_path / "run/train.log")
    log(tmp_path / "run/log/train.log", 0.1)
    assert set(runs_of(tmp_path)) == {"run", "run/log"}


def test_a_log_beside_one_of_two_trainings_is_a_run_of_its_own(tmp_path: Path) -> None:
    """`a.log` holds two trainings, `b.log` one: three runs."""
    log(tmp_path / "b.log", 0.1)
    log(tmp_path / "a.log")
    first = (tmp_path / "a.log").read_text()
    log(tmp_path / "a.log", 0.2)
    (tmp_path / "a.log").write_text(first + (tmp_path / "a.log").read_text())
    assert len(runs_of(tmp_path)) == 3


def test_a_table_beside_two_runs_that_shows_neither_is_a_run_of_its_own(tmp_path: Path) -> None:
    """`all_epochs.csv` with other values than `wide.txt` and `deep.txt` is no curve of theirs."""
    log(tmp_path / "wide.txt")
    log(tmp_path / "deep.txt", 0.1)
    rows = "".join(f"{n},{0.3 / n:.4f},{0.4 / n:.4f}\n" for n in range(1, 9))
    (tmp_path / "all_epochs.csv").write_text("epoch,train_loss,val_loss\n" + rows)
    runs = runs_of(tmp_path)
    assert set(runs) == {"wide", "deep", "all_epochs"}
    assert runs["wide"].budget.epochs is not None
    assert runs["wide"].budget.epochs.value == 5


def test_logs_of_jobs_are_runs(tmp_path: Path) -> None:
    """`training_error_17200.err` and `training_error_17306.err` are of two jobs."""
    for job, shift in (("17200", 0.0), ("17306", 0.2)):
        log(tmp_path / f"training_error_{job}.err", shift)
        (tmp_path / f"training_log_{job}.out").write_text("Job Started at Wed Dec 17\n")
    assert set(runs_of(tmp_path)) == {"training_error_17200", "training_error_17306"}


def test_the_name_of_a_job_is_its_number() -> None:
    """The words for the kind of file are no part of it."""
    names = ("training_error_17200", "training_log_17200", "train_1", "train_resnet_2")
    assert [variant_of(name) for name in names] == ["17200", "17200", "", "resnet_2"]
