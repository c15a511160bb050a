"""Real evidence nobody here wrote, through the whole road, with what is known to be true of it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import netgain
from netgain.assemble.runs import build_runs
from netgain.readers import read_paths
from netgain.readers.base import DocumentFacts, RunFacts

pytestmark = pytest.mark.real_data


def test_one_seed_repeated_three_times_is_found(real_data: Path) -> None:
    """Three Lightning versions end at one accuracy to 16 digits: flagged as one result, not three seeds."""
    logs = real_data / "mlflow_files" / "lightning_logs"
    study = netgain.read(
        baseline=logs / "version_4", proposed=[logs / f"version_{n}" for n in (16, 17, 18)]
    )
    finding = netgain.audit(study)["NG205"]
    assert (finding.verdict, finding.grade) == ("flagged", "proved")
    assert finding.numbers["runs_proposed"] == 3
    assert finding.numbers["distinct_results_proposed"] == 1
    assert len(finding.evidence) == 3


def test_failed_deleted_and_second_records_are_not_evidence(real_data: Path) -> None:
    """Status 4 and deleted MLflow runs do not count, nor does Lightning's record of an MLflow run."""
    folder = real_data / "mlflow_files"
    facts = [f for f in read_paths([folder]).facts if isinstance(f, RunFacts)]
    runs = build_runs(facts, {})
    reasons = {Path(item.path).name: item.why for item in runs.excluded}
    assert "deleted" in reasons["65eb6298578946d3b207b3c9bc8608c3"]
    assert "deleted" in reasons["24005fa4a9124421b61899b4a82e6510"]
    assert "second record" in reasons["version_3"] and "00e2ba8f" in reasons["version_3"]
    kept = {Path(run.id).name for run in runs.runs}
    assert "00e2ba8f3b404a6abced114ac6b51ff8" in kept and "version_3" not in kept
    assert not {f"version_{n}" for n in range(5, 16)} & {r for r in kept if r in reasons}


def test_the_slow_run_keeps_its_rate_and_score(real_data: Path) -> None:
    """Run 24d6bfc3 has learning rate .02 and ends at .469 accuracy."""
    folder = real_data / "mlflow_files" / "mlruns" / "0" / "24d6bfc37e5c4d97a05d93d77591ad11"
    study = netgain.read(baseline=folder, proposed=folder.parent)
    (run,) = study.baseline.runs
    assert run.config["learning_rate"].value == pytest.approx(0.02)
    ends = [c.values[-1] for c in run.curves if c.name == "accuracy"]
    ends += [c.value for name, c in run.finals.items() if name.endswith("accuracy")]
    assert any(value == pytest.approx(0.469, abs=5e-4) for value in ends)


def test_lfs_pointer_is_named(real_data: Path) -> None:
    """A Git-LFS pointer in place of training_args.bin is unread, and called what it is."""
    folder = real_data / "hf" / "t5_summarization"
    study = netgain.read(baseline=folder, proposed=real_data / "hf" / "edgeai")
    (why,) = [item.why for item in study.unread if item.path.endswith("training_args.bin")]
    assert "Git-LFS pointer" in why
    (run,) = study.baseline.runs
    assert run.budget.steps is not None and run.budget.steps.value == 215337
    assert run.finals["validation/rouge2"].value == pytest.approx(19.1949)


def test_store_with_zero_runs_is_named_beside_the_full_one(real_data: Path) -> None:
    """Of two MLflow databases of different schema versions one has no runs and says so."""
    study = netgain.read(baseline=real_data / "mlflow_sqlite", proposed=real_data / "hf" / "edgeai")
    assert study.baseline.runs
    assert any("zero runs" in item.why for item in study.unread)


def test_resumed_search_is_one_run_with_joined_curves(real_data: Path) -> None:
    """A second writer process goes on at epoch 50: one run, each curve in one piece of 100 points."""
    folder = real_data / "tensorboard" / "asquaredm" / "search-darts-201-0-darts-sam"
    facts = [f for f in read_paths([folder]).facts if isinstance(f, RunFacts)]
    (run,) = build_runs(facts, {}).runs
    trained = [c for c in run.curves if c.key == "accuracy/train"]
    assert [len(c.values) for c in trained] == [100]
    assert (trained[0].steps[0], trained[0].steps[-1]) == (0, 99)


def test_test_curves_logged_during_the_search_are_seen(real_data: Path) -> None:
    """The search logged test scores at each epoch; they are read as scores on test."""
    folder = real_data / "tensorboard" / "asquaredm" / "search-darts-201-0"
    facts = [f for f in read_paths([folder]).facts if isinstance(f, RunFacts)]
    runs = build_runs(facts, {}).runs
    assert any("test/" in name for run in runs for name in run.finals) or any(
        curve.split == "test" for run in runs for curve in run.curves
    )


def test_default_against_tuned_boosting_has_identical_seeds(real_data: Path) -> None:
    """Fifteen XGBoost evaluations at default settings are one result; TabR's fifteen are not."""
    tabr = real_data / "tabr" / "exp"
    study = netgain.read(
        baseline=tabr / "xgboost_" / "california" / "default2-evaluation",
        proposed=tabr / "tabr" / "california" / "0-evaluation",
    )
    report = netgain.audit(study)
    assert report.recomputed is not None
    assert report.recomputed.baseline == pytest.approx(0.4707, abs=5e-5)
    assert report.recomputed.proposed == pytest.approx(0.4030, abs=5e-5)
    assert report["NG205"].numbers["distinct_results_baseline"] == 1


def test_single_seed_detectors_are_flagged(real_data: Path) -> None:
    """Two detector trainings of one seed each cannot be told from luck; their lengths are equal."""
    folder = real_data / "ultralytics"
    study = netgain.read(
        baseline=folder / "train",
        proposed=folder / "train_batchsize_large",
        paper=folder / "README.md",
    )
    report = netgain.audit(study)
    assert report["NG205"].verdict == "flagged"
    assert report["NG102"].verdict == "clear"
    batches = [arm.runs[0].budget.batch_size for arm in (study.baseline, study.proposed)]
    assert [b.value for b in batches if b] == [4, 16]


def test_tuned_against_tuned_is_not_flagged_for_its_trials(real_data: Path) -> None:
    """XGBoost's 200 trials against TabR's 100: the counts reach the arms and raise nothing."""
    tabr = real_data / "tabr" / "exp"
    study = netgain.read(
        baseline=[tabr / "xgboost_" / "california" / name for name in ("2-evaluation", "2-tuning")],
        proposed=[tabr / "tabr" / "california" / name for name in ("0-evaluation", "0-tuning")],
    )
    finding = netgain.audit(study)["NG204"]
    assert finding.verdict == "clear"
    assert "100 trials" in finding.message and "200" in finding.message


def test_hydra_folders_above_failed_runs_are_no_runs(real_data: Path) -> None:
    """Config and overrides above W&B runs belong to those runs; one unfinished run has one record."""
    folder = real_data / "wandb" / "wrn_sparse"
    facts = [f for f in read_paths([folder]).facts if isinstance(f, RunFacts)]
    found = build_runs(facts, {})
    names = [run.id for run in found.runs] + [item.path for item in found.excluded]
    assert not [name for name in names if name.endswith(("/overrides", "/config", ".wandb"))]
    unfinished = [item for item in found.excluded if "no record of its end" in item.why]
    assert len(unfinished) == 2


def test_models_trained_on_two_kinds_of_accelerator_are_told_apart(real_data: Path) -> None:
    """The plain MLP's fifteen runs took 40 GB devices, TabR's 80 GB ones."""
    tabr = real_data / "tabr" / "exp"
    study = netgain.read(
        baseline=tabr / "mlp" / "california" / "0-evaluation",
        proposed=tabr / "tabr" / "california" / "0-evaluation",
    )
    devices = [
        {str(run.environment["device"].value) for run in arm.runs}
        for arm in (study.baseline, study.proposed)
    ]
    assert [len(arm.runs) for arm in (study.baseline, study.proposed)] == [15, 15]
    assert "A100-SXM4-40GB" in devices[0].pop()
    assert "A100-SXM-80GB" in devices[1].pop()


def test_leaderboard_keeps_every_model_and_both_accelerators(real_data: Path) -> None:
    """1,556 models with top-1, parameters and image size; the fastest one's rate on two accelerators."""
    tables = [
        table
        for fact in read_paths([real_data / "timm"]).facts
        if isinstance(fact, DocumentFacts)
        for table in fact.paper.tables
    ]
    (results,) = (t for t in tables if "top1" in t.header)
    assert len(results.rows) == 1556
    best = dict(zip(results.header, results.rows[0], strict=True))
    assert (best["top1"], best["param_count"], best["img_size"]) == ("90.056", "305.08", "448")
    rates = {
        Path(t.source.path).stem[-7:]: dict(zip(t.header, t.rows[0], strict=True))[
            "infer_samples_per_sec"
        ]
        for t in tables
        if "infer_gmacs" in t.header
    }
    assert rates["rtx3090"] == "109337.21"
    assert float(rates["rtx4090"]) > float(rates["rtx3090"])


def _mutated(source: Path, target: Path, key: str, change: Callable[[int], int]) -> Path:
    """Copy a system's results with one logged value changed in every run."""
    shutil.copytree(source, target)
    for path in target.rglob("result_*.txt"):
        text = re.sub(
            rf'("key": "{key}", "value": )(\d+)',
            lambda match: f"{match[1]}{change(int(match[2]))}",
            path.read_text(),
        )
        path.write_text(text)
    return target


def _flags(baseline: Path, proposed: Path) -> set[str]:
    report = netgain.audit(netgain.read(baseline=baseline, proposed=proposed))
    return {finding.code for finding in report.findings if finding.verdict == "flagged"}


@pytest.mark.parametrize(
    ("key", "change", "flagged"),
    [
        ("nothing", int, set()),
        ("train_samples", lambda n: 2 * n, {"NG102", "NG105"}),
        ("seed", lambda _: 7, {"NG205"}),
        ("global_batch_size", lambda n: 2 * n, set()),
    ],
    ids=["compliant", "samples", "seed", "batch at equal samples"],
)
def test_compliant_systems_are_flagged_only_when_mutated(
    real_data: Path, tmp_path: Path, key: str, change: Callable[[int], int], flagged: set[str]
) -> None:
    """Two systems of one benchmark; twice the samples (and so the cost), or one seed five times, are seen.

    Twice the batch over as many epochs is half the steps and the same samples, which is no practice.
    """
    results = real_data / "mlperf" / "Dell" / "results"
    changed = _mutated(results / "XE8640x4H100-SXM-80GB", tmp_path / "system", key, change)
    assert _flags(results / "R760xax4L40S", changed) == flagged


def test_models_of_equal_size_and_unequal_operations_are_flagged(
    real_data: Path, tmp_path: Path
) -> None:
    """ResNet-50 and VoVNet-39b: 25.6 and 24.6 million parameters, 6.8 and 11.7 billion multiply-adds."""
    path = real_data / "timm" / "benchmark-infer-amp-nchw-pt240-cu124-rtx4090.csv"
    header, *rows = path.read_text().splitlines()
    for arm, model in (("baseline", "resnet50,288,"), ("ours", "ese_vovnet39b,288,")):
        (tmp_path / arm).mkdir()
        row = next(row for row in rows if row.startswith(model))
        (tmp_path / arm / "benchmark.csv").write_text(f"{header}\n{row}\n")
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    finding = netgain.audit(study)["NG104"]
    assert finding.verdict == "flagged"
    assert finding.numbers["parameters_baseline"] == 25_560_000
    assert finding.numbers["forward_cost_proposed"] == 11.71e9
