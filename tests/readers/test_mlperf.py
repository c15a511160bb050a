"""MLPerf result files and system descriptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import mlperf, mlperf_reference
from netgain.readers.base import DocumentFacts, Limits, RunFacts
from netgain.vocabulary import canonical_setting

from .conftest import ReadAll, ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


def mllog(key: str, value: object, *, time: int = 0, **metadata: object) -> str:
    """Write one line of the benchmark's logger."""
    return ":::MLLOG " + json.dumps(
        {"time_ms": time, "key": key, "value": value, "metadata": metadata}
    )


LINES = [
    "+ export SEED=7",
    mllog("seed", 7),
    mllog("global_batch_size", 1600),
    mllog("gradient_accumulation_steps", 4),
    mllog("opt_base_learning_rate", 7.4),
    mllog("opt_learning_rate_warmup_epochs", 2),
    mllog("train_samples", 1_281_167),
    mllog("weights_initialization", None, tensor="x"),
    mllog("run_start", None, time=1_000),
    mllog("eval_accuracy", 0.3, epoch_num=3),
    "noise 3 4 5",
    mllog("eval_accuracy", 0.7, epoch_num=7),
    mllog("run_stop", None, time=61_500, status="success"),
]


def test_one_result_file_is_one_run(write: Write, read_run: ReadRun) -> None:
    """Settings under the benchmark's names, accuracy over epochs, seconds between start and stop."""
    run = read_run(mlperf.READER, write("resnet/result_0.txt", "\n".join(LINES)))
    assert (run.run_id, run.status, run.status_source and run.status_source.line) == (
        "result_0", "finished", 13,
    )  # fmt: skip
    named = {canonical_setting(s.key, run.dialect): (s.value, s.source.line) for s in run.settings}
    assert named == {
        "seed": (7, 2), "batch_size": (1600, 3), "learning_rate": (7.4, 5), "warmup_epochs": (2, 6),
        "n_train": (1_281_167, 7), "wall_seconds": (60.5, 13),
    }  # fmt: skip
    (curve,) = run.series
    assert (curve.key, curve.unit, curve.steps, curve.values) == (
        "eval_accuracy", "epoch", (3.0, 7.0), (0.3, 0.7),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("end", "status"), [([], "running"), ([mllog("run_stop", None, status="aborted")], "failed")]
)
def test_a_run_without_success_does_not_count(
    write: Write, read_run: ReadRun, end: list[str], status: str
) -> None:
    """No stop record means unfinished, any other status word failed."""
    assert (
        read_run(mlperf.READER, write("result_1.txt", "\n".join(LINES[:-1] + end))).status == status
    )


def test_samples_can_be_the_axis(write: Write, read_run: ReadRun) -> None:
    """Language benchmarks report after so many samples instead of epochs."""
    lines = [mllog("eval_accuracy", 0.1 * n, samples_count=1000 * n) for n in (1, 2, 3)]
    (curve,) = read_run(mlperf.READER, write("result_2.txt", "\n".join(lines))).series
    assert (curve.unit, curve.steps) == ("sample", (1000.0, 2000.0, 3000.0))


def test_a_system_is_placed_at_its_results(write: Write, read_all: ReadAll) -> None:
    """Devices over all nodes at ../results/<name>; a system without results there is no run."""
    system = {
        "system_name": "S", "number_of_nodes": "2", "accelerators_per_node": "8",
        "accelerator_model_name": "H100", "host_processor_model_name": "",
        "other_software_stack": [{"cuda_version": "12.2"}],
    }  # fmt: skip
    path = write("systems/S.json", json.dumps(system))
    assert read_all(mlperf.READER, path) == []
    write("results/S/resnet/result_0.txt", "x")
    (run,) = read_all(mlperf.READER, path)
    assert isinstance(run, RunFacts)
    assert run.location == str(path.parent.parent / "results/S")
    assert {s.key: s.value for s in run.settings} == {
        "device": "H100", "cuda_version": "12.2", "device_count": 16,
    }  # fmt: skip


def test_a_strangers_result_file_is_read_as_text(write: Write, read_run: ReadRun) -> None:
    """`result_0.txt` without a single record of the benchmark is a plain text log."""
    text = "".join(f"epoch {i} loss {1 / i}\n" for i in range(1, 5))
    assert len(read_run(mlperf.READER, write("result_0.txt", text)).series[0].values) == 4


@pytest.mark.real_data
def test_real_results_are_five_seeds_of_three_systems(real_data: Path) -> None:
    """Three systems with five seeds each; one run of the largest was aborted at epoch 36."""
    status = {}
    for system in ("R760xax4L40S", "XE8640x4H100-SXM-80GB", "XE9680x8H100-SXM-80GB"):
        paths = sorted(real_data.glob(f"mlperf/Dell/results/{system}/resnet/result_*.txt"))
        facts = [next(iter(mlperf.read(entry_of(path), Limits()))) for path in paths]
        runs = [fact for fact in facts if isinstance(fact, RunFacts)]
        assert len({next(s.value for s in run.settings if s.key == "seed") for run in runs}) == 5
        status[system] = [run.status for run in runs].count("finished")
    assert status == {"R760xax4L40S": 5, "XE8640x4H100-SXM-80GB": 5, "XE9680x8H100-SXM-80GB": 4}


@pytest.mark.real_data
def test_real_runs_train_imagenet_to_the_target(real_data: Path, read_run: ReadRun) -> None:
    """Batch 1600 on 1,281,167 images, 35 epochs to .7608, above the target of .759."""
    path = real_data / "mlperf/Dell/results/R760xax4L40S/resnet/result_0.txt"
    run = read_run(mlperf.READER, path)
    named = {canonical_setting(s.key, run.dialect): s.value for s in run.settings}
    assert (named["batch_size"], named["n_train"], named["seed"]) == (1600, 1_281_167, 4732)
    assert (named["optimizer"], named["learning_rate"], named["weight_decay"]) == (
        "lars",
        7.4,
        5e-05,
    )
    (curve,) = run.series
    assert (curve.steps[-1], curve.values[-1]) == (35.0, 0.7608)


@pytest.mark.real_data
def test_real_reference_points_are_a_table_and_no_runs(real_data: Path, read_all: ReadAll) -> None:
    """At batch 1632 the reference took 33 to 37 epochs in 17 runs; no run of either arm comes of it."""
    path = real_data / "mlperf/rcps/rcps_resnet_4.0.0.json"
    (facts,) = read_all(mlperf_reference.READER, path)
    assert isinstance(facts, DocumentFacts)
    (table,) = facts.paper.tables
    row = next(row for row in table.rows if row[0] == "resnet_ref_1632")
    epochs = [int(n) for n in row[table.header.index("epochs to converge")].split(", ")]
    assert (row[1], len(epochs), min(epochs), max(epochs)) == ("1632", 17, 33, 37)


def test_a_reference_file_without_epochs_is_refused(write: Write) -> None:
    """One line says what was expected."""
    path = write("rcps_x.json", '{"a": {"Epochs to converge": "many", "BS": 8}}')
    with pytest.raises(UnreadableFile, match="no reference with a batch size"):
        list(mlperf_reference.READER.read(entry_of(path), Limits()))
