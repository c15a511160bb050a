"""Habits met in strangers' project folders, each in a small folder of the same form."""

import json
from pathlib import Path

import netgain
from netgain.assemble.runs import RunSet, build_runs
from netgain.assemble.units import same_score
from netgain.readers import read_paths
from netgain.readers.base import RunFacts
from netgain.study import Run


def runs_of(folder: Path, files: dict[str, str]) -> RunSet:
    """Write files and return the runs read from their folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    facts = [fact for fact in read_paths([folder]).facts if isinstance(fact, RunFacts)]
    return build_runs(facts, {})


def one_run(folder: Path, files: dict[str, str]) -> Run:
    """Return the only run of some files."""
    found = runs_of(folder, files).runs
    assert len(found) == 1, [run.id for run in found]
    return found[0]


def spinning_up(seed: int, shift: float) -> dict[str, str]:
    """Return the two files that Spinning Up leaves for one run."""
    config = {"batch_size": 100, "epochs": 6, "pi_lr": 0.001, "q_lr": 0.001, "polyak": 0.995,
              "seed": seed}  # fmt: skip
    rows = ["Epoch\tAverageTestEpRet\tMaxTestEpRet\tTime Steps"]
    rows += [f"{e}\t{e * e + shift}\t{e * e + 9}\t{e * 4000 - 1}" for e in range(1, 7)]
    return {"config.json": json.dumps(config), "progress.txt": "\n".join(rows) + "\n"}


def test_runs_that_share_a_counter_are_all_counted(tmp_path: Path) -> None:
    """Equal step counters and schedules do not make two trainings one."""
    files = {}
    for env, seed in (("Ant", 1), ("Hopper", 2), ("Walker", 3)):
        for name, text in spinning_up(seed, seed / 10).items():
            files[f"{env}/ddpg_s{seed}/{name}"] = text
    found = runs_of(tmp_path, files)
    assert len(found.runs) == 3
    assert not found.excluded


def test_spinning_up_is_understood(tmp_path: Path) -> None:
    """The rate both networks share is the rate; `AverageTestEpRet` is the reward on test episodes."""
    run = one_run(tmp_path, {f"run/{k}": v for k, v in spinning_up(7, 0.0).items()})
    rate = run.config["learning_rate"]
    assert (rate.value, rate.confidence) == (0.001, "likely")
    assert {c.name for c in run.curves if c.split == "test"} == {"reward", "max_reward"}
    assert "ema_decay" not in run.config  # averaging of a target network


def test_rates_that_differ_between_parts_stay_unknown(tmp_path: Path) -> None:
    """Of two rates neither is the rate of the run."""
    config = {"epochs": 3, "batch_size": 8, "pi_lr": 3e-4, "vf_lr": 1e-3}
    files = {"config.json": json.dumps(config), "log.csv": "epoch,reward\n1,2\n2,3\n3,5\n"}
    assert "learning_rate" not in one_run(tmp_path, files).config


def test_long_table_is_split_by_its_column_of_labels(tmp_path: Path) -> None:
    """A column of any name without which epochs would come twice tells the runs apart."""
    rows = ["ablation,run,epoch,val_acc"]
    for at, label in enumerate(("baseline", "no_aug")):
        rows += [f"{label},{run},{e},{0.5 + e / 10 + at / 100 + run / 1000}"
                 for run in (1, 2) for e in range(3)]  # fmt: skip
    found = runs_of(tmp_path, {"ablation_results.csv": "\n".join(rows)}).runs
    assert len(found) == 4
    first = next(run for run in found if run.id.endswith("ablation=baseline,run=1"))
    assert first.budget.epochs is not None and first.budget.epochs.value == 3
    assert first.curves[0].values == (0.501, 0.601, 0.701)


def test_a_column_of_splits_tells_no_runs_apart(tmp_path: Path) -> None:
    """`phase` with train and val rows is one training."""
    rows = ["phase,epoch,loss"] + [f"{p},{e},{e + 1}" for e in range(3) for p in ("train", "val")]
    assert len(runs_of(tmp_path, {"log.csv": "\n".join(rows)}).runs) == 1


def test_trainings_in_a_row_in_one_log(tmp_path: Path) -> None:
    """A loop over seeds prints the same epochs again; its settings stand in the script of its name."""
    log = "".join(
        f"Epoch {e}, Accuracy: {80 + e / 10 + run}%\n" for run in range(3) for e in (20, 40, 60)
    )
    script = (
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--seed', type=int, default=0)\nlr = 1e-2\nbatch_size = 64\nnum_epochs = 60\n"
    )
    files = {
        "baseline.out": log,
        "baseline.py": script,
        "baseline.sh": 'for seed in 1 2 3; do\n  python baseline.py --seed "$seed"\ndone\n',
        "other.py": script.replace("1e-2", "1.0"),
        "other.sh": "python other.py --seed 5\n",
    }
    found = runs_of(tmp_path, files).runs
    assert [run.curves[0].values[-1] for run in found] == [86.0, 87.0, 88.0]
    assert {run.config["learning_rate"].value for run in found} == {0.01}
    assert {run.seed for run in found} == {None}


def test_a_training_appended_to_a_log_keeps_the_files_of_its_folder(tmp_path: Path) -> None:
    """Both trainings have the folder's settings; the scores beside them are the last one's."""
    log = "".join(
        f"Epoch {e}/3\n- Eval metrics : accuracy: 0.{5 + e + at} ; loss: 0.{9 - e}\n"
        for at in (0, 1)
        for e in (1, 2, 3)
    )
    files = {
        "train.log": log,
        "params.json": json.dumps({"learning_rate": 0.1, "batch_size": 128, "num_epochs": 3}),
        "metrics_test.json": json.dumps({"accuracy": 0.91, "loss": 0.3}),
    }
    first, last = runs_of(tmp_path, files).runs
    assert {run.config["batch_size"].value for run in (first, last)} == {128}
    assert not first.finals
    assert last.finals["test/accuracy"].value == 0.91


def test_laps_of_unequal_length_are_one_training(tmp_path: Path) -> None:
    """A training that was begun anew after a crash is no second run."""
    lines = [f"Epoch {e}, Accuracy: {e}.5%" for e in (1, 2)] + [
        f"Epoch {e}, Accuracy: {e}.7%" for e in (1, 2, 3, 4)
    ]
    run = one_run(tmp_path, {"train.log": "\n".join(lines)})
    assert run.curves[0].values == (1.7, 2.7, 3.7, 4.7)


ALLENNLP = "2019-04-19 22:20:25,768 - INFO - allennlp.{} - {}\n"


def test_allennlp_console_log(tmp_path: Path) -> None:
    """Parameters behind a logger's name, and a table with a column for each split after each epoch."""
    text = ALLENNLP.format("common.params", "iterator.batch_size = 32")
    text += ALLENNLP.format("common.params", "trainer.num_epochs = 3")
    text += ALLENNLP.format("common.params", "trainer.optimizer.lr = 0.0001")
    for epoch in range(3):
        text += ALLENNLP.format("training.trainer", f"Epoch {epoch}/2")
        rows = ("           Training |  Validation", f"accuracy  | 0.5{epoch} | 0.4{epoch}",
                "gpu_0_memory_MB | 1226.0 | N/A")  # fmt: skip
        text += "".join(ALLENNLP.format("training.tensorboard_writer", row) for row in rows)
    run = one_run(tmp_path, {"baseline.log": text})
    assert run.budget.batch_size is not None and run.budget.batch_size.value == 32
    assert run.budget.epochs is not None and run.budget.epochs.value == 3
    assert run.config["learning_rate"].value == 0.0001
    curves = {(c.split, c.name): c.values for c in run.curves}
    assert curves["validation", "accuracy"] == (0.4, 0.41, 0.42)


JOEY = "2022-04-26 13:01:54,573 - INFO - joeynmt.{} - {}\n"


def test_joeynmt_log_counts_its_batch_in_tokens(tmp_path: Path) -> None:
    """A batch of 2,048 tokens is no batch of 2,048 sentences; the test score carries its tokenizer."""
    text = ""
    for key, value in (("random_seed", 42), ("learning_rate", 0.0003), ("batch_size", 2048),
                       ("batch_type", "token"), ("epochs", 2)):  # fmt: skip
        text += JOEY.format("helpers", f"   cfg.training.{key} : {value}")
    for step in (100, 200, 300):
        text += JOEY.format(
            "training", f"Epoch   1, Step:   {step}, Batch Loss:  4.{step}, Lr: 3e-4"
        )
    text += JOEY.format("prediction", "test bleu[13a]:  12.00 [Beam search, beam size = 5]")
    run = one_run(tmp_path, {"baseline.log": text})
    assert run.budget.batch_size is None
    assert run.config["tokens_per_batch"].value == 2048
    assert run.config["learning_rate"].value == 0.0003
    assert run.finals["test/bleu"].value == 12.0


def test_best_and_last_weights_are_one_run(tmp_path: Path) -> None:
    """Two files of scores of one training are told apart by name, not taken for two runs."""
    files = {
        "params.json": json.dumps({"learning_rate": 0.1, "batch_size": 128, "num_epochs": 2}),
        "metrics_val_best_weights.json": json.dumps({"accuracy": 0.94, "loss": 0.2}),
        "metrics_val_last_weights.json": json.dumps({"accuracy": 0.92, "loss": 0.3}),
    }
    run = one_run(tmp_path, files)
    assert run.finals["validation/accuracy"].value == 0.92
    assert run.finals["validation/best_accuracy"].value == 0.94
    assert not run.finals["validation/accuracy"].disagreeing


def test_scores_by_class_are_no_curve(tmp_path: Path) -> None:
    """Lists of precision and recall without a loss or an axis hold a number for each class."""
    scores = {"Precision": [0.5, 0.8, 0.6], "Recall": [0.7, 0.9, 0.8], "F1 Score": [0.6, 0.8, 0.7]}
    assert not any(
        run.curves for run in runs_of(tmp_path, {"metrics.json": json.dumps(scores)}).runs
    )


def test_progress_bar_is_no_score(tmp_path: Path) -> None:
    """`Map: 100% 4358/4358` of a data library is not a mean average precision."""
    lines = [f"Map: 100% {n}/{n} [00:00<00:00, 4863.07 examples/s]" for n in (10, 20, 30)]
    lines += [f"epoch {e} loss {1 / e:.3f}" for e in (1, 2, 3)]
    run = one_run(tmp_path, {"train.log": "\n".join(lines)})
    assert {curve.name for curve in run.curves} == {"loss"}


def test_prose_is_no_report_of_scores(tmp_path: Path) -> None:
    """The text of a paper holds a line or two that look like scores."""
    prose = "We show that outliers can be rescaled without loss of anything.\n" * 400
    text = prose + "final loss 0.006\n" + prose + "accuracy 0.73\n"
    assert not runs_of(tmp_path, {"text_content.txt": text}).runs


def test_recipes_are_no_runs(tmp_path: Path) -> None:
    """A folder of configurations beside runs with results is left out by name."""
    recipe = "training:\n  batch_size: 32\n  learning_rate: 0.1\n  epochs: 5\n"
    found = runs_of(
        tmp_path, {"conf/config.yaml": recipe, "runs/a/log.csv": "epoch,loss\n1,2\n2,1\n3,0.5\n"}
    )
    assert [Path(run.id).name for run in found.runs] == ["a"]
    assert "no run" in found.excluded[0].why


def test_logs_side_by_side_are_a_run_each(tmp_path: Path) -> None:
    """Logs of one folder that differ in what else they hold are not poured into one another."""
    lines = {"baseline": 0.0, "ours": 0.1}
    files = {
        f"{name}.log": "".join(
            f"INFO:__main__:Training epoch {e} out of 4\nINFO:__main__:Test accuracy {0.5 + e / 10 + up}\n"
            for e in range(4)
        )
        for name, up in lines.items()
    }
    files["ours.log"] = (
        "INFO:__main__:Seed is 77\n" + files["ours.log"] + "INFO:__main__:F-score: 0.8\n"
    )
    found = {Path(run.id).name: run for run in runs_of(tmp_path, files).runs}
    assert {name: len(run.curves) for name, run in found.items()} == {"baseline": 1, "ours": 1}
    assert found["baseline"].seed is None
    assert found["ours"].seed is not None and found["ours"].seed.value == 77


def test_resumed_openmmlab_folder_is_one_run(tmp_path: Path) -> None:
    """A second time-stamped folder that goes on where the first stopped is the same training."""

    def scalars(steps: range) -> str:
        return "".join(
            json.dumps({"lr": 0.01, "loss": 1 / step, "epoch": 1, "step": step}) + "\n"
            for step in steps
        )

    config = (
        "train_dataloader = dict(batch_size=2)\nmodel = dict()\ntrain_cfg = dict(max_epochs=2)\n"
    )
    files = {
        "exp/exp.py": config,
        "exp/20240101_000000/vis_data/scalars.json": scalars(range(1, 5)),
        "exp/20240102_000000/vis_data/scalars.json": scalars(range(5, 9)),
        "exp/20240103_000000/vis_data/scalars.json": scalars(range(1, 5)),
    }
    found = runs_of(tmp_path, files).runs
    lengths = [max(len(c.values) for c in run.curves if c.name == "loss") for run in found]
    assert lengths == [8, 4]


def test_share_and_rounded_percentage_are_one_score() -> None:
    """0.9118 and 91.2 say the same; 0.9118 and 91.3 do not, nor do numbers of one digit."""
    assert same_score(0.9118, 91.2)
    assert same_score(0.912, 91.2)
    assert not same_score(0.9118, 91.3)
    assert not same_score(0.5, 0.51)
    assert not same_score(90, 91)


def test_a_recipe_named_by_itself_is_read(tmp_path: Path) -> None:
    """Of a folder full of recipes the one that is named is meant; as part of the folder none is a run."""
    home = tmp_path / "configs" / "cifar"
    home.mkdir(parents=True)
    for name in ("r18", "r50"):
        (home / f"{name}_e90.yaml").write_text("TRAIN:\n  MAX_EPOCH: 90\nOPTIMIZER:\n  LR: 0.05\n")
    facts = read_paths([tmp_path]).facts
    assert [f.status for f in facts if isinstance(f, RunFacts)] == ["planned", "planned"]
    assert netgain.read(tmp_path, unsorted=True).baseline.runs == ()
    (fact,) = read_paths([home / "r18_e90.yaml"]).facts
    assert isinstance(fact, RunFacts)
    assert fact.status == "unknown"
    assert {s.key: s.value for s in fact.settings} == {"TRAIN.MAX_EPOCH": 90, "OPTIMIZER.LR": 0.05}


def test_the_unnamed_index_of_a_keras_history_is_the_epoch(tmp_path: Path) -> None:
    """Pandas writes the index of `history.history` without a name."""
    (tmp_path / "net_history.csv").write_text(",loss,val_loss\n0,1.5,1.6\n1,0.5,0.7\n")
    (fact,) = read_paths([tmp_path]).facts
    assert isinstance(fact, RunFacts)
    assert {(s.key, s.unit, s.steps) for s in fact.series} == {
        ("loss", "epoch", (0.0, 1.0)), ("val_loss", "epoch", (0.0, 1.0)),
    }  # fmt: skip
