"""How long a training ran, where it stopped before what was set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netgain
from netgain.study import Run


def _run(path: Path) -> Run:
    (run,) = netgain.read(path, unsorted=True).baseline.runs
    return run


def _record(path: Path, settings: dict[str, object], epochs: int) -> Run:
    history = {
        "train_loss": [2.0 / (n + 1) for n in range(epochs)],
        "val_loss": [2.5 / (n + 2) for n in range(epochs)],
    }
    (path / "training_meta.json").write_text(
        json.dumps({"hyperparams": settings, "history": history})
    )
    return _run(path)


def test_curves_of_an_early_stop_count_the_epochs(tmp_path: Path) -> None:
    """Nineteen values of training and validation under `num_epochs: 200` and a patience: nineteen epochs."""
    run = _record(tmp_path, {"num_epochs": 200, "batch_size": 16, "early_stop_patience": 12}, 19)
    assert run.budget.epochs is not None
    assert (run.budget.epochs.value, run.budget.epochs.strength) == (19, "logged")
    assert run.config["epochs"].value == 200


def test_a_setting_beside_shorter_curves_is_not_logged(tmp_path: Path) -> None:
    """Ten values under 200 epochs without a patience may be each twentieth: the setting stays a setting."""
    run = _record(tmp_path, {"num_epochs": 200, "batch_size": 16, "lr": 0.1}, 10)
    assert run.budget.epochs is not None
    assert (run.budget.epochs.value, run.budget.epochs.strength) == (200, "configured")


@pytest.mark.parametrize(
    "bar",
    [
        " 84/397 [=====>........................] - ETA: 58s - loss: 0.4903 - accuracy: 0.8722",
        "\x1b[1m 84/397\x1b[0m \x1b[32m━━━━\x1b[0m\x1b[37m━━━━\x1b[0m 58s 188ms/step - loss: 0.4903",
    ],
)
def test_an_epoch_that_keras_was_still_in_is_not_done(tmp_path: Path, bar: str) -> None:
    """A training that was interrupted in its seventh epoch did six."""
    done = "397/397 [==============================] - 79s 198ms/step - loss: 0.5{} - val_loss: 0.7{}\n"
    lines = "".join(f"Epoch {n}/100\n" + done.format(n, n) for n in range(1, 7))
    (tmp_path / "train.log").write_text(f"{lines}Epoch 7/100\n{bar}\n")
    epochs = _run(tmp_path).budget.epochs
    assert epochs is not None
    assert epochs.value == 6


def test_the_bar_of_a_whole_epoch_counts(tmp_path: Path) -> None:
    """`397/397` is no unfinished epoch."""
    done = "397/397 [==============================] - ETA: 0s - loss: 0.5{}"
    rewritten = "\b" * 40
    lines = "".join(
        f"Epoch {n}/6\n{done.format(n)}{rewritten}397/397 [======] - 79s 1s/step - loss: 0.5{n}\n"
        for n in range(1, 7)
    )
    (tmp_path / "train.log").write_text(lines)
    epochs = _run(tmp_path).budget.epochs
    assert epochs is not None
    assert epochs.value == 6


def test_a_callback_that_counts_from_zero_adds_no_epoch(tmp_path: Path) -> None:
    """`Epoch 00005: val_acc improved` behind `Epoch 6/6`: six epochs were planned."""
    lines = "".join(
        f"Epoch {n}/6\nEpoch {n - 1:05d}: val_acc improved\n9s - loss: 0.5{n} - val_loss: 0.7{n}\n"
        for n in range(1, 7)
    )
    (tmp_path / "train.log").write_text(lines)
    assert _run(tmp_path).config["epochs"].value == 6


def test_episodes_played_are_not_those_planned(tmp_path: Path) -> None:
    """A log that ends at episode 4 of a configured 10: four were played."""
    (tmp_path / "run.log").write_text(
        "num_episodes: 10\nbatch_size: 32\nlr: 0.1\n"
        + "".join(f"episode={n} return=1.{n} global_step={n * 10}\n" for n in range(1, 5))
    )
    run = _run(tmp_path)
    assert run.budget.epochs is not None
    assert (run.budget.epochs.value, run.budget.epochs.strength) == (4, "logged")
    assert run.config["epochs"].value == 10


@pytest.mark.parametrize(("critic", "found"), [(0.001, 0.001), (0.01, None)])
def test_rates_of_all_parts_named_behind_are_the_run_s(
    tmp_path: Path, critic: float, found: float | None
) -> None:
    """`lr_actor` and `lr_critic` alike are the learning rate; `lr_decay` is none of them."""
    run = _record(tmp_path, {"lr_actor": 0.001, "lr_critic": critic, "batch_size": 8}, 4)
    rate = run.config.get("learning_rate")
    assert (rate.value if rate else None) == found
