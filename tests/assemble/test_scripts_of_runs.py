"""Which script of several trained a run: what it writes, what the log says, where it lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netgain.analysis.configured_code import TrainingScript
from netgain.assemble.scripts_of_runs import RunNames, scripts_of
from netgain.study import Run
from tests.assemble.folders import runs_of

CURVE = "epoch,loss,val_acc\n" + "".join(f"{i},{1 / i},{0.5 + i / 100}\n" for i in range(1, 6))
LOG = "".join(f"epoch {i}: loss {1 / i:.4f}, val_acc {0.5 + i / 100}\n" for i in range(1, 6))


def _script(batch: int, more: str = "") -> str:
    return (
        f"loader = DataLoader(train_set, batch_size={batch}, shuffle=True)\n"
        f"opt = Adam(net.parameters(), lr=0.1)\nfit()\n{more}\n"
    )


def _batch(run: Run) -> object:
    return run.config["batch_size"].value if "batch_size" in run.config else None


@pytest.mark.parametrize(
    "written",
    [
        "name = '{}_history.csv'.format(kind)",
        "name = f'{kind}_history.csv'",
        "name = 'logs/%s_history.csv' % kind",
        "name = kind + '_history.csv'",
    ],
)
def test_the_script_that_writes_a_name_with_holes_is_the_run_s(
    tmp_path: Path, written: str
) -> None:
    """`conv_history.csv` is written by the one that fills `{}_history.csv`, in any spelling."""
    runs = runs_of(
        tmp_path,
        {"a.py": _script(24), "b.py": _script(16, written), "logs/conv_history.csv": CURVE},
    )
    assert {_batch(run) for run in runs.values()} == {16}


def test_a_suffix_alone_names_no_file(tmp_path: Path) -> None:
    """`{}.csv` can be any table: two scripts that differ stay undecided."""
    runs = runs_of(
        tmp_path,
        {
            "a.py": _script(24),
            "b.py": _script(16, "n = f'{k}.csv'"),
            "logs/conv_history.csv": CURVE,
        },
    )
    assert {_batch(run) for run in runs.values()} == {None}


@pytest.mark.parametrize(
    "line",
    [
        "2025-10-25 06:03:54,779: INFO: running lstm_b.py",
        "$ python3 -u lstm_b.py",
        "[lstm_b.py|INFO]running lstm_b.py",
        "Running script: src/lstm_b.py",
    ],
)
def test_a_log_that_names_its_script_is_that_script_s(tmp_path: Path, line: str) -> None:
    """The first line says which of two scripts ran."""
    runs = runs_of(
        tmp_path,
        {"lstm_a.py": _script(24), "lstm_b.py": _script(16), "logs/x.log": line + "\n" + LOG},
    )
    assert {_batch(run) for run in runs.values()} == {16}


def test_a_log_that_mentions_a_file_in_words_names_no_script(tmp_path: Path) -> None:
    """A warning with a path, and a script that scores."""
    text = "warning in lstm_b.py line 3 of 7\nrunning evaluate.py\n" + LOG
    runs = runs_of(
        tmp_path, {"lstm_a.py": _script(24), "lstm_b.py": _script(16), "logs/x.log": text}
    )
    assert {_batch(run) for run in runs.values()} == {None}


def test_the_only_script_in_a_package_beside_the_logs_is_theirs(tmp_path: Path) -> None:
    """`pygcn/train.py` beside `log/gcn.log`."""
    runs = runs_of(tmp_path, {"pygcn/train.py": _script(64), "log/gcn.log": LOG})
    assert {_batch(run) for run in runs.values()} == {64}


@pytest.mark.parametrize("folder", ["third_party/resnet", "baselines", "examples/mnist"])
def test_a_script_of_somebody_else_is_not(tmp_path: Path, folder: str) -> None:
    """Code of others, of baselines and of examples is not taken for the project's own."""
    runs = runs_of(tmp_path, {f"{folder}/train.py": _script(64), "log/gcn.log": LOG})
    assert {_batch(run) for run in runs.values()} == {None}


def test_one_of_two_packages_is_not_chosen(tmp_path: Path) -> None:
    """Two packages with a script each leave open which trained."""
    runs = runs_of(
        tmp_path, {"one/train.py": _script(64), "two/train.py": _script(32), "log/gcn.log": LOG}
    )
    assert {_batch(run) for run in runs.values()} == {None}


def test_a_notebook_gets_no_settings_of_another(tmp_path: Path) -> None:
    """Of two notebooks the one without a batch size of its own has none."""
    cell = "model.fit(x, y, epochs=6)\n"
    output = "".join(f"Epoch {n}/6\n - loss: 0.5{n} - val_loss: 0.8{n}\n" for n in range(1, 7))
    runs = runs_of(
        tmp_path,
        {
            "a.ipynb": _notebook(_script(24) + cell, output),
            "b.ipynb": _notebook("net = load()\nnet.summary()\n", output.replace("0.5", "0.4")),
        },
    )
    assert {name: _batch(run) for name, run in runs.items()} == {"a.ipynb": 24, "b.ipynb": None}


def _notebook(source: str, output: str) -> str:
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": output}],
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_script_that_draws_figures_trains_nothing_beside_another(tmp_path: Path) -> None:
    """`make_figures.py` that builds the loader again does not make the batch of `train.py` doubtful."""
    runs = runs_of(
        tmp_path, {"train.py": _script(64), "make_figures.py": _script(1), "log/gcn.log": LOG}
    )
    assert {_batch(run) for run in runs.values()} == {64}


AGENT = (
    "from stable_baselines3 import {agent}\n"
    "model = {agent}('MlpPolicy', env, learning_rate={rate}, batch_size={batch}, n_steps=1024)\n"
    "model.learn(total_timesteps={steps})\n"
)
REWARDS = "time/total_timesteps,rollout/ep_rew_mean\n100,1.0\n200,2.0\n300,{}.0\n"


def test_a_script_called_like_the_folder_trained_what_lies_in_it(tmp_path: Path) -> None:
    """`training/dqn_training.py` trained `logs/dqn`, though another script writes a file of that name."""
    other = (
        "optimizer = Adam(net.parameters(), lr=0.1)\nframe.to_csv('logs/reinforce/progress.csv')\n"
    )
    runs = runs_of(
        tmp_path,
        {
            "training/dqn_training.py": AGENT.format(agent="DQN", rate=5e-4, batch=64, steps=50000),
            "training/dqn_experiments.py": AGENT.format(agent="DQN", rate=0.3, batch=8, steps=7),
            "training/reinforce_training.py": other,
            "logs/dqn/progress.csv": REWARDS.format(5),
            "logs/reinforce/progress.csv": REWARDS.format(6),
        },
    )
    config = runs["dqn"].config
    assert [config[n].value for n in ("batch_size", "learning_rate", "max_steps")] == [
        64, 0.0005, 50000,
    ]  # fmt: skip


def test_the_length_of_a_rollout_plans_no_training(tmp_path: Path) -> None:
    """`n_steps` beside `clip_range` says nothing of how long an agent trained; without it, it does."""
    settings = {"n_steps": 1024, "clip_range": 0.2, "batch_size": 64}
    plain = {"n_steps": 1024, "batch_size": 64}
    runs = runs_of(
        tmp_path,
        {
            "ppo/config.json": json.dumps(settings), "ppo/progress.csv": REWARDS.format(5),
            "net/config.json": json.dumps(plain), "net/log.csv": CURVE,
        },
    )  # fmt: skip
    assert "max_steps" not in runs["ppo"].config
    assert runs["net"].config["max_steps"].value == 1024


@pytest.mark.parametrize(("folder", "trained_by"), [("ppo", "ppo_training"), ("other", "show")])
def test_a_notebook_that_shows_a_run_gives_way_to_its_script(folder: str, trained_by: str) -> None:
    """A notebook that prints a run from elsewhere trained it where no script is called like its folder."""
    scripts = [
        TrainingScript(path=path, quantities={}, words=frozenset(), files=frozenset({path}))
        for path in ("notebooks/show.ipynb", "training/ppo_training.py")
    ]
    names = RunNames(
        files=("progress", "show"),
        folders=(folder, "logs"),
        paths=(f"logs/{folder}", "notebooks"),
        programs=(),
        logs=(f"logs/{folder}/progress.csv", "notebooks/show.ipynb"),
    )
    found, _ = scripts_of(scripts, names)
    assert [Path(script.path).stem for script in found] == [trained_by]


def test_scripts_in_a_folder_of_another_name_are_asked_too(tmp_path: Path) -> None:
    """`autodl/` beside `notebooks/` and `results/`: neither is nearer, and they disagree."""
    runs = runs_of(
        tmp_path,
        {
            "scripts/compare.py": _script(64),
            "autodl/run_all.py": _script(16),
            "results/ema/log.csv": CURVE,
        },
    )
    assert {_batch(run) for run in runs.values()} == {None}
