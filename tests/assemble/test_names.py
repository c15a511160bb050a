"""Numbers in names, settings with units, and budgets that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.assemble.names import settings_in_name
from netgain.assemble.runs import build_runs
from netgain.assemble.units import converted, count_of, seconds_of
from netgain.readers import read_paths
from netgain.readers.base import RunFacts
from netgain.study import Run, Scalar


@pytest.fixture
def runs_of(tmp_path: Path) -> Callable[[dict[str, str]], tuple[Run, ...]]:
    """Write files below a folder and build its runs."""

    def call(files: dict[str, str]) -> tuple[Run, ...]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        facts = read_paths([tmp_path]).facts
        return build_runs([fact for fact in facts if isinstance(fact, RunFacts)], {}).runs

    return call


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lr0.1_bs256_seed3", {"learning_rate": 0.1, "batch_size": 256, "seed": 3}),
        ("resnet18_cifar10_s1_e200.log", {"seed": 1, "epochs": 200}),
        ("bs=128,lr=1e-3", {"batch_size": 128, "learning_rate": 0.001}),
        ("adamw-lr3e-4-bs64-ep100", {"learning_rate": 3e-4, "batch_size": 64, "epochs": 100}),
        ("lr_1e-3_wd_0.05", {"learning_rate": 0.001, "weight_decay": 0.05}),
        ("model_epoch12.pt", {}),
        ("s1", {}),
        ("run_2024-01-02", {}),
        ("lr0.1_then_lr0.2", {}),
        ("bs0.5", {}),
        ("net_lr03_bs32", {"batch_size": 32}),
        ("dropout02_wd0", {"weight_decay": 0}),
        ("exp1_v2", {}),
    ],
)
def test_names_state_settings(name: str, found: dict[str, Scalar]) -> None:
    """Words that mean one thing with their number; single letters only together; two numbers say nothing."""
    assert settings_in_name(name) == found


def test_a_name_counts_only_where_no_file_says_otherwise(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """What a folder's name states is `stated` and likely; the config's value stands beside it alone."""
    log = "epoch,val_acc\n1,0.5\n2,0.6\n"
    (run,) = runs_of({"lr0.1_bs256/metrics.csv": log, "lr0.1_bs256/config.json": '{"lr": 0.2}'})
    rate = run.config["learning_rate"]
    assert (rate.value, rate.strength) == (0.2, "configured")
    batch = run.config["batch_size"]
    assert (batch.value, batch.strength, batch.confidence) == (256, "stated", "likely")


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("max_duration", "90ep", ("epochs", 90)),
        ("max_duration", "1000ba", ("max_steps", 1000)),
        ("max_duration", "a while", ("max_duration", "a while")),
        ("wall_hours", 2, ("wall_seconds", 7200.0)),
        ("wall_minutes", 1.5, ("wall_seconds", 90.0)),
        ("wall_seconds", "1:12:28", ("wall_seconds", 4348.0)),
        ("parameters", "25.6M", ("parameters", 25_600_000)),
        ("parameters", "many", ("parameters", "many")),
        ("batch_size", "8k", ("batch_size", "8k")),
    ],
)
def test_units_are_those_of_the_canonical_name(
    name: str, value: Scalar, result: tuple[str, Scalar]
) -> None:
    """Durations, hours and counts with a letter are converted; anything else stays as written."""
    assert converted(name, value) == result


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2 days, 0:01:05", 172_865), ("2h 3m 4s", 7384), ("94 min", 5640), ("1h, 30 min", 5400),
     ("12:30", None), ("soon", None), ("3 apples", None)],
)  # fmt: skip
def test_durations_are_read(text: str, seconds: float | None) -> None:
    """Clocks with seconds and amounts with units; hours and minutes alone could be a time of day."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("1,234,567", 1_234_567), ("60k", 60_000), ("1.5B", 1_500_000_000), ("1,23", None)],
)
def test_counts_are_read(text: str, count: int | None) -> None:
    """Thousands separators and letters; a decimal comma is no count."""
    assert count_of(text) == count


@pytest.mark.parametrize(
    ("config", "batch"),
    [
        ('{"per_device_batch_size": 8, "devices": 4, "gradient_accumulation_steps": 2}', 64),
        ('{"per_device_batch_size": 8, "devices": 4, "num_nodes": 2}', 64),
        ('{"per_device_batch_size": 8, "world_size": 4, "num_nodes": 2}', 32),
        ('{"per_device_batch_size": 8, "launcher": "pytorch"}', None),
        ('{"per_device_batch_size": 8, "distributed": true}', None),
        ('{"per_device_batch_size": 8, "launcher": "none"}', 8),
        ('{"effective_batch_size": 512, "per_device_batch_size": 8, "devices": 4}', 512),
        ('{"batch_size": 8, "devices": 4}', None),
    ],
)
def test_the_global_batch_is_known_or_left_unknown(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]], config: str, batch: float | None
) -> None:
    """Devices, machines and accumulation multiply; several devices of unsaid number leave it unknown."""
    (run,) = runs_of({"a/config.json": config, "a/metrics.csv": "step,loss\n1,2.0\n2,1.0\n"})
    found = run.budget.batch_size
    assert (None if found is None else found.value) == batch


def test_tokens_and_sequence_length_give_samples(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """A length stated in tokens is a number of sequences where their length is known."""
    config = '{"tokens_seen": 4096000, "seq_len": 1024}'
    (run,) = runs_of({"a/config.json": config, "a/metrics.csv": "row,loss\n1,2.0\n2,1.0\n"})
    assert run.budget.samples_seen is not None
    assert run.budget.samples_seen.value == 4000


def test_files_of_any_name_are_read_for_what_they_hold(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """Settings, a curve and final scores under names nobody expects; all of it marked as likely."""
    (run,) = runs_of(
        {
            "x/alpha.yaml": "lr: 0.1\nbatch_size: 32\na:\n  weight_decay: 0.01\neval:\n  threshold: 0.5\n",
            "x/beta.csv": "epoch,val_accuracy\n1,0.5\n2,0.6\n",
            "x/gamma.json": '{"test_accuracy": 0.61, "test_f1": 0.55, "seed": 4, "vram_bytes": 9}',
            "x/delta.json": '{"name": "a", "version": 3}',
        }
    )
    assert {k: c.value for k, c in run.config.items()} == {
        "learning_rate": 0.1, "batch_size": 32, "weight_decay": 0.01, "seed": 4,
    }  # fmt: skip
    assert {k: c.value for k, c in run.finals.items()} == {"test/accuracy": 0.61, "test/f1": 0.55}
    assert [c.name for c in run.curves] == ["accuracy"]
    assert run.config["learning_rate"].confidence == "likely"
    assert run.finals["test/f1"].confidence == "likely"


def test_a_table_of_examples_under_any_name_is_no_log(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """Rows with a prediction and a target are single examples."""
    assert runs_of({"x/rows.csv": "step,prediction,target,loss\n1,a,b,0.5\n2,a,a,0.1\n"}) == ()


def test_a_file_that_files_runs_by_seed_holds_a_run_each(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """Seeds as keys, or a list of experiments that share a metric; classes of a report are no runs."""
    runs = runs_of({"a/all.json": '{"seed_1": {"test_acc": 0.5}, "seed_2": {"test_acc": 0.7}}'})
    assert [(r.seed and r.seed.value, r.finals["test/accuracy"].value) for r in runs] == [
        (1, 0.5),
        (2, 0.7),
    ]


def test_classes_of_a_report_are_no_runs(
    runs_of: Callable[[dict[str, str]], tuple[Run, ...]],
) -> None:
    """Precision and recall of each class belong to one run."""
    report = '{"a": {"precision": 0.5, "recall": 0.4}, "b": {"precision": 0.6, "recall": 1}'
    report += ', "accuracy": 0.6}'
    (run,) = runs_of({"a/report.json": report})
    assert run.finals["accuracy"].value == 0.6


@pytest.mark.parametrize(
    ("name", "value", "key", "result"),
    [
        ("forward_macs", 6.8, "infer_gmacs", 6.8e9),
        ("forward_flops", 310, "model.MFLOPs", 310e6),
        ("train_flops", 2, "total_pflops", 2e15),
        ("forward_flops", 6.8e9, "flops", 6.8e9),
        ("parameters", 25.56, "param_count", 25_560_000),
        ("parameters", 25, "params", 25),
    ],
)
def test_prefixes_and_broken_counts_give_the_unit(
    name: str, value: float, key: str, result: float
) -> None:
    """A letter before FLOPs in the key is a factor; a broken number of parameters counts millions."""
    assert converted(name, value, key) == (name, result)
