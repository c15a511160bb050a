"""From paths to a Study: arms, groups, claim, budgets."""

import json
from pathlib import Path

import pytest

import netgain
from netgain.analysis import syntax
from netgain.errors import UsageError
from netgain.study import UNSORTED
from tests.conftest import WriteRun

STEPS = [0, 500, 1000, 1500, 2000]


def _two_arms(write_run: WriteRun, *, batch: int = 128) -> None:
    for arm, size, score in (("baseline", 128, 0.91), ("ours", batch, 0.93)):
        for seed in range(3):
            write_run(
                f"runs/{arm}_{seed}",
                config={"lr": 0.1, "batch_size": size, "max_iters": 2000, "seed": seed},
                columns={
                    "iter": STEPS,
                    "test_acc": [0.1, 0.5, 0.8, 0.9, score + seed / 1000],
                    "lr": [0.1, 0.085, 0.05, 0.015, 0.0],
                },
            )


def test_one_folder_holding_both_arms_is_split_by_names(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`runs/baseline_0` and `runs/ours_0` fall into two arms without being named."""
    _two_arms(write_run)
    study = netgain.read(tmp_path)
    assert [len(study.baseline.runs), len(study.proposed.runs)] == [3, 3]
    assert [run.seed.value for run in study.proposed.runs if run.seed] == [0, 1, 2]
    assert len({run.group for run in study.proposed.runs}) == 1


def test_two_folders_are_two_arms(write_run: WriteRun, tmp_path: Path) -> None:
    """Folders named on the command line need no telling names."""
    write_run("a/run1", config={"batch_size": 32, "epochs": 3})
    write_run("b/run1", config={"batch_size": 64, "epochs": 3})
    study = netgain.read(baseline=tmp_path / "a", proposed=tmp_path / "b")
    batches = [arm.runs[0].budget.batch_size for arm in (study.baseline, study.proposed)]
    assert [b.value for b in batches if b] == [32, 64]


def test_names_that_tell_nothing_are_an_error_that_says_what_to_do(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """Runs named `a` and `b` cannot be told apart, and the error offers the options."""
    write_run("runs/a", config={"lr": 0.1})
    write_run("runs/b", config={"lr": 0.2})
    with pytest.raises(UsageError, match="--baseline PATH --proposed PATH"):
        netgain.read(tmp_path)


def test_names_that_tell_nothing_can_be_read_as_one_arm(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """Asked for, every run of the folder is shown, and none is set aside."""
    write_run("runs/a", config={"lr": 0.1, "seed": 0})
    write_run("runs/b", config={"lr": 0.2, "seed": 0})
    study = netgain.read(tmp_path, unsorted=True)
    assert [len(study.baseline.runs), len(study.proposed.runs)] == [2, 0]
    assert study.proposed.name == UNSORTED
    assert study.excluded_runs == ()


def test_a_folder_without_runs_is_named_as_such(tmp_path: Path) -> None:
    """No runs is another trouble than names that tell nothing."""
    (tmp_path / "train.py").write_text("import torch\n")
    with pytest.raises(UsageError, match="no runs found"):
        netgain.read(tmp_path)


def test_code_in_folders_named_by_arm_belongs_to_the_arms(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """Of one folder each arm gets its own code and what serves both."""
    _two_arms(write_run)
    for path in ("baseline/model.py", "ours/model.py", "common/data.py"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(f"NAME = {path!r}\n")
    study = netgain.read(tmp_path)
    found = [
        {Path(f.path).relative_to(tmp_path).as_posix() for f in arm.code.files}
        for arm in (study.baseline, study.proposed)
        if arm.code
    ]
    assert found == [{"baseline/model.py", "common/data.py"}, {"ours/model.py", "common/data.py"}]


def test_a_phase_of_no_epochs_is_no_length(write_run: WriteRun, tmp_path: Path) -> None:
    """Of two lengths in one configuration, of which one is 0, the other counts."""
    write_run("baseline", config={"train": {"epochs": 30}, "phase": {"epochs": 0}})
    write_run("ours", config={"train": {"epochs": 30}, "phase": {"epochs": 0}})
    study = netgain.read(tmp_path)
    assert study.baseline.runs[0].budget.epochs is not None
    assert study.baseline.runs[0].budget.epochs.value == 30


def test_a_batch_beside_a_smaller_one_of_a_device_is_that_of_a_step(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`batch_size` 512 beside `device_batch_size` 64 is global; the share of a device is not multiplied."""
    for arm in ("baseline", "ours"):
        write_run(arm, config={"batch_size": 512, "device_batch_size": 64, "max_steps": 10})
    batch = netgain.read(tmp_path).baseline.runs[0].budget.batch_size
    assert batch is not None
    assert (batch.value, batch.source.key) == (512, "batch_size")


def test_runs_of_two_methods_are_no_seeds_of_one(write_run: WriteRun, tmp_path: Path) -> None:
    """`mode` is no key that checks compare, and still tells two configurations of one arm apart."""
    write_run("baseline", config={"lr": 0.1, "mode": "plain", "seed": 0})
    for mode in ("coupled", "loose"):
        write_run(f"ours/{mode}", config={"lr": 0.1, "mode": mode, "seed": 0})
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    assert len(study.proposed.runs) == 1
    assert [item.why.rpartition("differs in ")[2] for item in study.excluded_runs] == ["mode"]


def test_steps_of_a_model_are_no_length_of_training(write_run: WriteRun, tmp_path: Path) -> None:
    """`model.n_steps` of a model that iterates, and a count of steps below that of epochs, say no length."""
    write_run("baseline", config={"model": {"n_steps": 8}, "train": {"epochs": 70}})
    write_run("ours", config={"n_steps": 8, "epochs": 70})
    study = netgain.read(tmp_path)
    for arm in (study.baseline, study.proposed):
        assert arm.runs[0].budget.steps is None
        assert arm.runs[0].budget.epochs is not None


def test_a_result_above_the_folders_of_runs_is_no_run(write_run: WriteRun, tmp_path: Path) -> None:
    """`ours/result.json` beside `ours/seed3` sums up; the seed's own folder is the run."""
    for arm in ("baseline", "ours"):
        write_run(f"{arm}/seed3", config={"lr": 0.1, "epochs": 3, "batch_size": 8, "seed": 3})
        (tmp_path / arm / "result.json").write_text('{"accuracy": 92.9}')
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    assert [run.id for run in study.proposed.runs] == [str(tmp_path / "ours" / "seed3")]
    assert any("summary" in item.why for item in study.excluded_runs)


def test_a_result_above_checkpoints_of_one_training_is_kept(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`checkpoint-500` is a part of the run whose folder holds the result."""
    for arm in ("baseline", "ours"):
        write_run(f"{arm}/checkpoint-500", config={"lr": 0.1, "epochs": 3, "batch_size": 8})
        (tmp_path / arm / "result.json").write_text('{"accuracy": 92.9}')
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    assert not any("summary" in item.why for item in study.excluded_runs)


def test_a_result_without_runs_below_it_is_the_run(tmp_path: Path) -> None:
    """Where nothing else tells of the arm, its result is all there is."""
    for arm, score in (("baseline", 91.2), ("ours", 92.9)):
        (tmp_path / arm).mkdir()
        (tmp_path / arm / "result.json").write_text(f'{{"accuracy": {score}}}')
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    assert [len(study.baseline.runs), len(study.proposed.runs)] == [1, 1]


def test_claim_is_read_from_the_readme_and_recomputed(write_run: WriteRun, tmp_path: Path) -> None:
    """The table's two scores become the claim; the runs give the recomputed gain in its scale."""
    _two_arms(write_run)
    (tmp_path / "README.md").write_text(
        "| Method | Accuracy (%) |\n|---|---|\n| Baseline | 91.1 |\n| Ours | 93.9 |\n"
    )
    study = netgain.read(tmp_path)
    assert study.claim.gain == pytest.approx(2.8)
    recomputed = netgain.audit(study).recomputed
    assert recomputed is not None
    assert recomputed.gain == pytest.approx(2.0)
    assert recomputed.paired and recomputed.n_baseline == 3


def test_toml_claim_wins_over_the_readme(write_run: WriteRun, tmp_path: Path) -> None:
    """What netgain.toml states is kept; the README fills only what is open."""
    _two_arms(write_run)
    (tmp_path / "README.md").write_text("| | Acc |\n|---|---|\n| Baseline | 91 |\n| Ours | 92 |\n")
    (tmp_path / "netgain.toml").write_text(
        '[claim]\nmetric = "accuracy"\nbaseline = 90.0\nproposed = 95.0\n'
        '[baseline]\nruns = ["runs/base*"]\n[proposed]\nruns = ["runs/ours*"]\n'
        '[paper]\nfiles = ["README.md"]\n'
    )
    study = netgain.read(tmp_path / "netgain.toml")
    assert study.claim.gain == pytest.approx(5.0)
    assert study.claim.proposed is not None and study.claim.proposed.source.line == 4


def test_a_toml_inside_the_evidence_is_no_configuration(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """A stranger's netgain.toml cannot allow its own findings."""
    _two_arms(write_run, batch=512)
    (tmp_path / "netgain.toml").write_text('[[allow]]\ncode = "NG101"\nreason = "trust me"\n')
    report = netgain.audit(netgain.read(tmp_path))
    assert report["NG101"].verdict == "flagged"
    assert not report.allowed and report.exit_code == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[cliam]\nmetric = 'x'\n", "did you mean 'claim'"),
        ("[claim]\nmetrics = 'x'\n", "did you mean 'metric'"),
        ("[claim\n", "not valid TOML"),
        ("[baseline]\nruns = ['nowhere*']\n", "matches nothing"),
        ("[[allow]]\ncode = 'NG101'\n", "needs a code and a reason"),
    ],
)
def test_bad_configuration_is_one_clear_error(tmp_path: Path, text: str, words: str) -> None:
    """Each mistake in netgain.toml is named with what is allowed."""
    path = tmp_path / "netgain.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        netgain.read(path)


def test_wrong_path_offers_the_near_one(tmp_path: Path) -> None:
    """A misspelt folder is an error that names its neighbour."""
    (tmp_path / "baseline").mkdir()
    with pytest.raises(UsageError, match=r"did you mean .*baseline"):
        netgain.read(baseline=tmp_path / "baselin", proposed=tmp_path)


def test_taught_key_is_understood(write_run: WriteRun, tmp_path: Path) -> None:
    """A key from [vocabulary] is read as what it was taught to be, and no longer offered."""
    for arm in ("baseline", "ours"):
        write_run(f"{arm}", config={"my_strange_bs_key": 96, "lr": 0.1})
    toml = tmp_path / "netgain.toml"
    toml.write_text('[baseline]\nruns = ["baseline"]\n[proposed]\nruns = ["ours"]\n')
    untaught = netgain.read(toml)
    assert [key.key for key in untaught.unknown_keys] == ["my_strange_bs_key"]
    toml.write_text(toml.read_text() + '[vocabulary]\n"my_strange_bs_key" = "batch_size"\n')
    study = netgain.read(toml)
    batch = study.baseline.runs[0].budget.batch_size
    assert batch is not None and batch.value == 96
    assert not study.unknown_keys


def test_measured_beats_configured_and_the_disagreement_is_kept(tmp_path: Path) -> None:
    """Where a log runs to other epochs than the config asked for, the log wins and both stay."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(json.dumps({"epochs": 30}))
    rows = "\n".join(f"{epoch},{0.5 + epoch / 200}" for epoch in range(1, 46))
    (run / "metrics.csv").write_text(f"epoch,val_acc\n{rows}\n")
    study = netgain.read(baseline=run, proposed=run.parent)
    epochs = study.baseline.runs[0].budget.epochs
    assert epochs is not None
    assert (epochs.value, epochs.strength) == (45, "logged")
    assert [other.value for other in epochs.disagreeing] == [30]


def test_global_batch_multiplies_devices_and_accumulation(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """Per-device batch x devices x accumulation is the global batch."""
    config = {"per_device_train_batch_size": 8, "world_size": 4, "gradient_accumulation_steps": 2}
    write_run("a", config=config)
    study = netgain.read(baseline=tmp_path / "a", proposed=tmp_path / "a" / "config.json")
    batch = study.baseline.runs[0].budget.batch_size
    assert batch is not None and batch.value == 64


def test_bare_batch_beside_several_devices_is_unknown(write_run: WriteRun, tmp_path: Path) -> None:
    """`batch_size` with `world_size` 4 does not say which of the two it is."""
    write_run("a", config={"batch_size": 8, "world_size": 4})
    study = netgain.read(baseline=tmp_path / "a", proposed=tmp_path / "a" / "config.json")
    assert study.baseline.runs[0].budget.batch_size is None


def test_parallel_logs_of_one_folder_are_runs(tmp_path: Path) -> None:
    """`baseline_seed0.csv` and `ours_seed0.csv` in one folder are four runs of two arms."""
    for arm in ("baseline", "ours"):
        for seed in (0, 1):
            path = tmp_path / f"{arm}_seed{seed}.csv"
            path.write_text("epoch,test_acc\n1,0.5\n2,0.6\n3,0.7\n")
    study = netgain.read(tmp_path)
    assert [len(study.baseline.runs), len(study.proposed.runs)] == [2, 2]
    assert [run.seed.value for run in study.baseline.runs if run.seed] == [0, 1]


def test_runs_of_a_sweep_become_trials(write_run: WriteRun, tmp_path: Path) -> None:
    """Runs that differ from the claimed ones in the learning rate alone are a sweep."""
    for rate, score in ((0.01, 0.80), (0.03, 0.88), (0.1, 0.90), (0.3, 0.70)):
        write_run(
            f"base/lr{rate}",
            config={"lr": rate, "batch_size": 64},
            columns={"epoch": [1, 2], "test_acc": [0.5, score]},
        )
    write_run(
        "ours",
        config={"lr": 0.1, "batch_size": 64},
        columns={"epoch": [1, 2], "test_acc": [0.5, 0.91]},
    )
    study = netgain.read(baseline=tmp_path / "base", proposed=tmp_path / "ours")
    (trials,) = study.baseline.trials
    assert trials.parameter == "learning_rate"
    assert trials.values == (0.01, 0.03, 0.1, 0.3)
    assert trials.scores == (0.80, 0.88, 0.90, 0.70)


@pytest.mark.parametrize(
    ("run_id", "group"),
    [
        ("runs/ours_seed3", "runs/ours"),
        ("runs/ours_3", "runs/ours"),
        ("runs/ours/7", "runs/ours"),
        ("exp/seed=12/log", "exp/log"),
        ("2024-10-10_Muon", "2024-10-10_Muon"),
        ("runs/resnet50_lr0.1", "runs/resnet50_lr0.1"),
        ("lightning_logs/version_4", "lightning_logs"),
        ("runs/2022-05-02", "runs/2022-05-02"),
    ],
)
def test_group_is_the_name_without_its_seed(run_id: str, group: str) -> None:
    """Repeat counters are taken out of a run's name; dates, depths and settings stay."""
    from netgain.assemble.names import group_name

    assert group_name(run_id) == group


def test_history_beside_a_result_folder_is_the_same_run(tmp_path: Path) -> None:
    """`results/history_ours.json` and `results/ours/metrics.json` are one run of two records."""
    for arm in ("baseline", "ours"):
        folder = tmp_path / "results" / arm
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({"f1": 0.5, "precision": 0.6}))
        history = [{"epoch": e, "train": {"loss": 1 / e}, "val": {"f1": e / 10}} for e in (1, 2, 3)]
        (tmp_path / "results" / f"history_{arm}.json").write_text(json.dumps(history))
    study = netgain.read(tmp_path)
    (run,) = study.proposed.runs
    assert run.finals["f1"].value == 0.5
    assert run.budget.epochs is not None and run.budget.epochs.value == 3


def test_hydra_settings_reach_the_runs_below(tmp_path: Path) -> None:
    """`.hydra/config.yaml` above run folders gives its settings to each of them and is no run."""
    hydra = tmp_path / "ours" / ".hydra"
    hydra.mkdir(parents=True)
    (hydra / "config.yaml").write_text("lr: 0.3\nbatch_size: 32\n")
    (hydra / "overrides.yaml").write_text("- lr=0.3\n")
    for name in ("a", "b"):
        folder = tmp_path / "ours" / f"run_{name}"
        folder.mkdir()
        (folder / "metrics.csv").write_text("epoch,test_acc\n1,0.5\n2,0.6\n")
    study = netgain.read(baseline=tmp_path / "ours" / "run_a", proposed=tmp_path / "ours")
    assert len(study.proposed.runs) == 2
    assert {run.config["learning_rate"].value for run in study.proposed.runs} == {0.3}


def test_a_result_beside_the_folders_of_its_runs_is_no_run(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`ours_result.json` beside `ours_s0` and `ours_s1` sums them up, lists of scores and code or not."""
    _two_arms(write_run)
    (tmp_path / "train.py").write_text("parser.add_argument('--weight-decay', default=5e-4)\n")
    for arm in ("baseline", "ours"):
        summary = tmp_path / "runs" / f"{arm}_result.json"
        summary.write_text('{"mean": 91.1, "accs": [91.0, 91.1, 91.2]}')
    study = netgain.read(tmp_path)
    assert [len(study.baseline.runs), len(study.proposed.runs)] == [3, 3]
    assert not study.proposed.other_runs


def test_a_result_beside_settings_alone_is_their_outcome(tmp_path: Path) -> None:
    """Where the folders beside it hold no scores, a result is no summary of them."""
    for arm in ("baseline", "ours"):
        (tmp_path / f"{arm}_1").mkdir()
        (tmp_path / f"{arm}_1" / "config.json").write_text('{"lr": 0.1}')
        (tmp_path / f"{arm}_result.json").write_text('{"accuracy": 91.0}')
    study = netgain.read(tmp_path)
    assert any(run.finals for run in (*study.proposed.runs, *study.proposed.other_runs))


def test_the_seeds_of_all_runs_are_not_the_seed_of_one(write_run: WriteRun, tmp_path: Path) -> None:
    """A count or a list under `seeds` stands beside the run's own seed, in its settings or its name."""
    for arm in ("baseline", "ours"):
        write_run(f"{arm}/a", config={"lr": 0.1, "seeds": 5, "seed": 3})
        write_run(f"{arm}/seed4", config={"lr": 0.1, "seeds": [3, 4]})
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    seeds = {run.seed.value for run in study.proposed.runs if run.seed is not None}
    assert seeds == {3, 4}


def test_what_a_result_reports_of_its_runs_is_the_claim_where_no_text_is(
    write_run: WriteRun, tmp_path: Path
) -> None:
    """`ours/result.json` above the seeds states the arm's score; a README's claim goes before it."""
    for arm, score in (("baseline", 0.90), ("ours", 0.92)):
        for seed in range(2):
            write_run(
                f"{arm}/seed{seed}",
                config={"lr": 0.1, "seed": seed},
                columns={"epoch": [0, 1], "test_acc": [0.5, score + seed / 100]},
            )
    (tmp_path / "ours" / "result.json").write_text('{"acc": 0.93}')
    arms = {"baseline": tmp_path / "baseline", "proposed": tmp_path / "ours"}
    claim = netgain.read(**arms).claim
    assert (claim.baseline, claim.proposed and claim.proposed.value) == (None, 0.93)
    paper = tmp_path / "README.md"
    paper.write_text("| method | accuracy |\n|---|---|\n| baseline | 90.5 |\n| ours | 92.5 |\n")
    claim = netgain.read(**arms, paper=paper).claim
    assert (claim.baseline and claim.baseline.value, claim.proposed and claim.proposed.value) == (
        90.5,
        92.5,
    )


def test_syntax_trees_are_let_go_after_reading(tmp_path: Path) -> None:
    """A program that reads many studies holds the code of none of them."""
    for arm in ("baseline", "proposed"):
        (tmp_path / arm).mkdir()
        (tmp_path / arm / "train.py").write_text("BATCH_SIZE = 8\nEPOCHS = 2\nLR = 0.1\n")
    netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "proposed")
    assert syntax._kept.trees == {}


@pytest.mark.parametrize(("column", "samples"), [("episode_reward", None), ("train_loss", 320)])
def test_steps_of_an_agent_are_no_batches(
    tmp_path: Path, column: str, samples: float | None
) -> None:
    """Steps times batch are the samples of a supervised training; those of an agent are actions."""
    run = tmp_path / "baseline" / "run0"
    run.mkdir(parents=True)
    (run / "config.json").write_text('{"batch_size": 32, "lr": 0.1, "seed": 1}')
    rows = "".join(f"{step},{step / 10}\n" for step in range(1, 11))
    (run / "metrics.csv").write_text(f"step,{column}\n{rows}")
    study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "baseline" / "run0")
    found = study.baseline.runs[0].budget.samples_seen
    assert (found.value if found else None) == samples
