"""Settings that only code states, given to the runs that the code trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain
from netgain.study import Run
from tests.assemble.folders import runs_of

CURVE = "epoch,val_acc\n" + "".join(f"{i},{0.5 + i / 100}\n" for i in range(1, 6))
TRAINER = """
class Trainer:
    def __init__(self, model, path="best.npy", batch_size=16, lr=0.001, max_epochs=5):
        self.loader = DataLoader(trainset, batch_size=batch_size, shuffle=True)
        self.opt = AdamW(model.parameters(), lr=lr)
"""
TWO = """
from trainer import Trainer
def train_resnet18():
    Trainer(ResNet18(), path="acc/resnet18.npy", batch_size=256).fit()
def train_resnet50():
    Trainer(ResNet50(), path="acc/resnet50.npy", batch_size=128).fit()
train_resnet18()
train_resnet50()
"""
ONE = (
    "torch.manual_seed(3)\nl = DataLoader(train, batch_size=64)\n"
    "opt = Adam(net.parameters(), lr=0.1)\nf()\n"
)


def _value(run: Run, name: str) -> object:
    return run.config[name].value if name in run.config else None


def test_a_call_belongs_to_the_run_that_it_names(tmp_path: Path) -> None:
    """Of two calls each log gets the batch of the function and file named like it, and the shared default."""
    logs = {f"log/{n}.csv": CURVE.replace("0.5", n[-2:]) for n in ("resnet18", "resnet50")}
    runs = runs_of(tmp_path, {"trainer.py": TRAINER, "main.py": TWO, **logs})
    batches = {name: run.config["batch_size"] for name, run in runs.items()}
    assert {name: cited.value for name, cited in batches.items()} == {
        "resnet18": 256,
        "resnet50": 128,
    }
    assert batches["resnet18"].source.line == 4
    assert {_value(run, "learning_rate") for run in runs.values()} == {0.001}


def test_calls_that_name_no_run_give_nothing(tmp_path: Path) -> None:
    """Where two calls differ and the log is called otherwise, only the rate that they share counts."""
    run = runs_of(tmp_path, {"trainer.py": TRAINER, "main.py": TWO, "out/a/history.csv": CURVE})[
        "a"
    ]
    assert (_value(run, "batch_size"), _value(run, "learning_rate")) == (None, 0.001)


def test_values_from_code_are_cited_and_never_sure(tmp_path: Path) -> None:
    """A value read off a call is `configured`, `likely`, and cited by file and line."""
    run = runs_of(tmp_path, {"main.py": ONE, "out/a/history.csv": CURVE})["a"]
    cited = run.config["batch_size"]
    assert (cited.value, cited.strength, cited.confidence) == (64, "configured", "likely")
    assert (Path(cited.source.path).name, cited.source.line) == ("main.py", 2)


def test_a_runs_own_files_win(tmp_path: Path) -> None:
    """What a run recorded is not replaced by the code beside it, nor set against it."""
    files = {"main.py": ONE, "out/a/history.csv": CURVE, "out/a/config.json": '{"batch_size": 8}'}
    run = runs_of(tmp_path, files)["a"]
    assert run.config["batch_size"].value == 8
    assert run.config["batch_size"].disagreeing == ()


@pytest.mark.parametrize(("second", "batch"), [("64", 64), ("32", None)])
def test_two_scripts_count_where_they_agree(tmp_path: Path, second: str, batch: int | None) -> None:
    """Two scripts that could each have trained a run say only what both say."""
    files = {"main.py": ONE, "other.py": ONE.replace("64", second), "out/a/history.csv": CURVE}
    assert _value(runs_of(tmp_path, files)["a"], "batch_size") == batch


def test_a_script_that_writes_the_run_is_the_one(tmp_path: Path) -> None:
    """Of two scripts the one that says the run's name in a string is the run's."""
    other = ONE.replace("64", "32") + "torch.save(net, 'out/vgg_long/model.pt')\n"
    files = {"main.py": ONE, "other.py": other, "out/vgg_long/history.csv": CURVE}
    assert _value(runs_of(tmp_path, files)["vgg_long"], "batch_size") == 32


@pytest.mark.parametrize(
    ("program", "batch"),
    [
        ("other.py", 32),
        ("tune.py", None),
        ("helpers/pydev/pydevconsole.py other.py", 32),
        ("site-packages/torch/distributed/launch.py --nproc 2 other.py", 32),
    ],
)
def test_the_program_a_run_recorded_decides(
    tmp_path: Path, program: str, batch: int | None
) -> None:
    """The recorded script counts alone; where it is not there, no other stands in for it."""
    meta = json.dumps({"script": f"/home/u/{program}", "note": 1})
    files = {"main.py": ONE, "other.py": ONE.replace("64", "32"), "out/a/history.csv": CURVE}
    runs = runs_of(tmp_path, {**files, "out/a/config.json": meta})
    assert _value(runs["a"], "batch_size") == batch


def test_repeats_get_no_seed_from_a_literal(tmp_path: Path) -> None:
    """Runs that differ in a counter alone were not all started with the one seed that the code shows now."""
    files = {f"out/run_{i}/history.csv": CURVE.replace("0.5", f"0.{i}5") for i in (1, 2)}
    runs = runs_of(tmp_path, {"main.py": ONE, **files})
    assert {run.seed for run in runs.values()} == {None}
    assert {_value(run, "batch_size") for run in runs.values()} == {64}


def test_code_that_trains_for_less_than_the_log_shows_was_changed(tmp_path: Path) -> None:
    """A loop over 2 epochs beside a log of 5 says nothing of that run, not even the batch."""
    code = ONE + "for epoch in range(2):\n    train_one(net)\n"
    run = runs_of(
        tmp_path, {"main.py": code.replace("train_one", "train"), "out/a/history.csv": CURVE}
    )
    assert _value(run["a"], "batch_size") is None


def test_a_default_that_a_configuration_file_replaces_is_not_given(tmp_path: Path) -> None:
    """A default of the code does not count where a file of settings beside it sets another value."""
    code = (
        "cfg = {'seed': 1, 'lr': 0.1}\ntorch.manual_seed(cfg['seed'])\n"
        "opt = Adam(net.parameters(), lr=cfg['lr'])\nf()\n"
    )
    files = {
        "main.py": code,
        "out/a/history.csv": CURVE,
        "configs/b.yaml": "seed: 7\nlr: 0.1\nbatch_size: 8\nepochs: 5\n",
    }
    run = runs_of(tmp_path, files)["a"]
    assert (_value(run, "seed"), _value(run, "learning_rate")) == (None, 0.1)


def test_configurations_kept_by_name_are_told_by_the_runs_name(tmp_path: Path) -> None:
    """A log named after an entry of a dictionary gets that entry's rate; one named otherwise gets none."""
    code = (
        'CONFIGS = {\n    "Ant-v2": {"actor_stepsize": 5e-5, "actor_batch_size": 256},\n'
        '    "Hopper-v2": {"actor_stepsize": 1e-4, "actor_batch_size": 256},\n}\n'
    )
    logs = {
        f"logs/{n}_ppo.csv": CURVE.replace("0.5", f"0.{k}5") for k, n in enumerate(("ant", "swim"))
    }
    runs = runs_of(tmp_path, {"env_configs.py": code, **logs})
    assert {n: _value(r, "learning_rate") for n, r in runs.items()} == {
        "ant_ppo": 5e-5,
        "swim_ppo": None,
    }
    assert {_value(run, "batch_size") for run in runs.values()} == {256}


def _apart(root: Path, code: dict[str, str], runs: dict[str, str]) -> dict[str, Run]:
    for name, text in {**code, **runs}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    study = netgain.read(
        baseline=root / "runs/base", proposed=root / "runs/ours", code=root / "code"
    )
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}


APART = {
    f"runs/{n}/history.csv": CURVE.replace("0.5", f"0.{k}") for k, n in ((5, "base"), (6, "ours"))
}


def test_code_named_apart_counts_for_both_arms(tmp_path: Path) -> None:
    """The one training script under `--code` is that of both arms where it fixes a value."""
    runs = _apart(tmp_path, {"code/main.py": ONE}, APART)
    assert {_value(run, "batch_size") for run in runs.values()} == {64}


def test_code_named_apart_is_told_by_name(tmp_path: Path) -> None:
    """Of two scripts under `--code` each arm gets what the one called like it fixes."""
    code = {"code/base.py": ONE, "code/ours.py": ONE.replace("64", "32")}
    runs = _apart(tmp_path, code, APART)
    assert {name: _value(run, "batch_size") for name, run in runs.items()} == {
        "base": 64,
        "ours": 32,
    }


@pytest.mark.parametrize(
    "code",
    [
        {"code/one.py": ONE, "code/two.py": ONE.replace("64", "32")},
        {"code/main.py": "p.add_argument('--b', default=64)\nargs = p.parse_args()\n"
                         "l = DataLoader(train, batch_size=args.b, shuffle=True)\nf()\n"},
    ],
)  # fmt: skip
def test_code_named_apart_that_leaves_a_choice_gives_nothing(
    tmp_path: Path, code: dict[str, str]
) -> None:
    """Two scripts that differ, or an option that each arm may have set, say nothing of either."""
    runs = _apart(tmp_path, code, APART)
    assert {_value(run, "batch_size") for run in runs.values()} == {None}


def test_code_beside_the_runs_goes_before_code_named_apart(tmp_path: Path) -> None:
    """A training script in the arm's own folder counts, and the one under `--code` does not."""
    files = {**APART, "runs/ours/train.py": ONE.replace("64", "8")}
    runs = _apart(tmp_path, {"code/main.py": ONE}, files)
    assert {name: _value(run, "batch_size") for name, run in runs.items()} == {
        "base": 64,
        "ours": 8,
    }


def test_settings_split_over_files_come_together(tmp_path: Path) -> None:
    """One constant in each of two files reaches the run by the calls that use them."""
    files = {
        "config.py": "BATCH_SIZE = 32\n",
        "main.py": "from config import BATCH_SIZE\nlr = 0.001\nd = DataLoader(train, batch_size=BATCH_SIZE)\n"
                   "optimizer = Adam(net.parameters(), lr=lr)\nf()\n",
        "out/a/history.csv": CURVE,
    }  # fmt: skip
    run = runs_of(tmp_path, files)["a"]
    assert (_value(run, "batch_size"), _value(run, "learning_rate")) == (32, 0.001)


def test_a_constant_that_no_optimizer_takes_is_not_its_rate(tmp_path: Path) -> None:
    """`INITIAL_LEARNING_RATE` serves one branch; what both calls of SGD are given counts."""
    code = (
        "INITIAL_LEARNING_RATE = 0.0125\nBATCH = 64\nEPOCHS = 5\n"
        "def decay(epoch):\n    return INITIAL_LEARNING_RATE * exp(-epoch)\n"
        "a = SGD(lr=0.01, momentum=0.9)\nb = SGD(lr=0.01)\nfit(a, b, epochs=EPOCHS, batch_size=BATCH)\n"
    )
    run = runs_of(tmp_path, {"main.py": code, "out/a/history.csv": CURVE})["a"]
    assert _value(run, "learning_rate") == 0.01


def test_a_notebook_is_tied_to_the_file_that_it_writes(tmp_path: Path) -> None:
    """Two notebooks in one folder: each result belongs to the notebook that names its file."""

    def notebook(batch: int, name: str) -> str:
        source = [
            f"a = TrainingArguments('o', num_train_epochs=3, per_device_train_batch_size={batch})\n",
            f"Trainer(m, a).train()\nr.to_csv('{name}.csv')\n",
        ]
        cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
        return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=1)

    files = {f"{n}.ipynb": notebook(b, f"{n}_scores") for n, b in (("bert", 8), ("gpt2", 16))}
    scores = {f"out_{n}/{n}_scores.csv": f"test_loss,test_accuracy\n0.{k},0.8{k}\n"
              for k, n in enumerate(("bert", "gpt2"), 1)}  # fmt: skip
    runs = runs_of(tmp_path, {**files, **scores})
    assert {n: _value(r, "batch_size_per_device") for n, r in runs.items()} == {
        "out_bert": 8,
        "out_gpt2": 16,
    }
