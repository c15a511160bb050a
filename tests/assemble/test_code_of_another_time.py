"""Code that a run contradicts was changed since, or is not what trained it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netgain.study import Run
from tests.assemble.folders import runs_of

FIXED = (
    "lr = 0.01\nmax_epochs = 10\nloader = DataLoader(train, batch_size=64, shuffle=True)\n"
    "optimizer = Adam(net.parameters(), lr=lr)\n"
    "for epoch in range(max_epochs):\n    loss.backward()\n    optimizer.step()\n"
)
OPTIONS = (
    "p.add_argument('--lr', default=0.01)\np.add_argument('--epochs', default=10)\n"
    "p.add_argument('--batch-size', default=64)\nargs = p.parse_args()\n"
    "optimizer = Adam(net.parameters(), lr=args.lr)\n"
    "for epoch in range(args.epochs):\n    loss.backward()\n"
)


def _log(epochs: int, start: float = 0.5, *, lr: float | None = None, axis: bool = True) -> str:
    names = [*(["epoch"] if axis else []), "val_acc", *(["lr"] if lr is not None else [])]
    rows = [
        [*([i] if axis else []), start + i / 1000, *([lr] if lr is not None else [])]
        for i in range(1, epochs + 1)
    ]
    return "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n"


def _value(run: Run, name: str) -> object:
    return run.config[name].value if name in run.config else None


def _three(run: Run) -> tuple[object, ...]:
    return tuple(_value(run, name) for name in ("epochs", "learning_rate", "batch_size"))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (_log(10), (10, 0.01, 64)),
        (_log(7), (10, 0.01, 64)),
        (_log(10, lr=0.01), (10, 0.01, 64)),
        (_log(31), (None, None, None)),
        (_log(10, lr=0.0001), (None, None, None)),
        (_log(31, axis=False), (None, None, None)),
    ],
)
def test_one_contradiction_leaves_out_all_that_a_script_fixes(
    tmp_path: Path, log: str, expected: tuple[object, ...]
) -> None:
    """More epochs or another rate than the constants say: not even the batch of that script counts."""
    run = runs_of(tmp_path, {"main.py": FIXED, "out/a/history.csv": log})["a"]
    assert _three(run) == expected


def test_a_rate_that_a_schedule_lowered_contradicts_nothing(tmp_path: Path) -> None:
    """A logged rate that starts at the constant and falls is that constant's."""
    rows = "".join(f"{i},{0.5 + i / 100},{0.01 * 0.5**i}\n" for i in range(10))
    files = {"main.py": FIXED, "out/a/history.csv": f"epoch,val_acc,lr\n{rows}"}
    assert _three(runs_of(tmp_path, files)["a"]) == (10, 0.01, 64)


def test_a_setting_that_the_run_states_otherwise_contradicts_a_constant(tmp_path: Path) -> None:
    """A run that recorded batch 32 was not trained by the literal 64 of the script as it stands."""
    files = {
        "main.py": FIXED,
        "out/a/history.csv": _log(10),
        "out/a/args.json": '{"batch_size": 32}',
    }
    assert _three(runs_of(tmp_path, files)["a"]) == (None, None, 32)


def test_an_option_that_was_replaced_leaves_the_others(tmp_path: Path) -> None:
    """A log of 31 epochs was started with another `--epochs`; the default rate and batch still may hold."""
    run = runs_of(tmp_path, {"main.py": OPTIONS, "out/a/history.csv": _log(31)})["a"]
    assert _three(run) == (None, 0.01, 64)


def test_defaults_of_options_are_likely(tmp_path: Path) -> None:
    """What an option is by default is never sure to be what a run used."""
    run = runs_of(tmp_path, {"main.py": OPTIONS, "out/a/history.csv": _log(10)})["a"]
    assert {run.config[n].confidence for n in ("epochs", "learning_rate", "batch_size")} == {
        "likely"
    }


def test_rows_without_an_axis_are_no_length(tmp_path: Path) -> None:
    """Seven rows beside `max_epochs = 10` may be an early stop or another unit: no epochs are given."""
    run = runs_of(tmp_path, {"main.py": FIXED, "out/a/history.csv": _log(7, axis=False)})["a"]
    assert _three(run) == (None, 0.01, 64)


def test_a_quantity_that_one_run_contradicts_is_given_to_none_of_its_script(tmp_path: Path) -> None:
    """Beside a run at rate 0.0001 another of the same script gets no rate, but the untouched batch."""
    files = {
        "main.py": FIXED,
        "out/slow/history.csv": _log(7, 0.5, lr=0.0001),
        "out/other/history.csv": _log(7, 0.6),
    }
    assert _three(runs_of(tmp_path, files)["other"]) == (10, None, 64)


def test_a_script_contradicted_in_two_quantities_counts_where_a_run_confirms_it(
    tmp_path: Path,
) -> None:
    """One run at another rate, one of more epochs: the rest gets nothing, save one of exactly ten."""
    files = {
        "main.py": FIXED,
        "out/slow/history.csv": _log(7, 0.5, lr=0.0001),
        "out/long/history.csv": _log(31, 0.6),
        "out/other/history.csv": _log(7, 0.7),
        "out/whole/history.csv": _log(10, 0.8),
    }
    runs = runs_of(tmp_path, files)
    assert _three(runs["other"]) == (None, None, None)
    assert _three(runs["whole"]) == (10, 0.01, 64)


def test_another_phase_of_the_script_is_no_contradiction(tmp_path: Path) -> None:
    """A fine-tuning loop of 3 epochs beside the loop of 10 does not deny a log of 10."""
    tune = "for epoch in range(3):\n    loss.backward()\n"
    run = runs_of(tmp_path, {"main.py": FIXED + tune, "out/a/history.csv": _log(10)})["a"]
    assert _three(run)[1:] == (0.01, 64)


@pytest.mark.parametrize("batch", [16, None])
def test_a_script_that_trains_nothing_gives_nothing(tmp_path: Path, batch: int | None) -> None:
    """Defaults of a script that only draws pictures are no training's; one that optimises is read."""
    code = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--seed', default=0)\n"
        "p.add_argument('--batch-size', default=16)\np.add_argument('--image-size', default=32)\n"
        "args = p.parse_args()\nshow(args)\n"
    )
    working = "optimizer = make(args)\n" if batch else ""
    files = {"pictures_of_both.py": code + working, "out/a/history.csv": _log(10)}
    assert _value(runs_of(tmp_path, files)["a"], "batch_size") == batch


@pytest.mark.parametrize(
    ("model", "batch"),
    [("logistic-regression", None), ("xgboost", None), ("XGBClassifier", 1024), ("resnet18", 1024)],
)
def test_a_model_fitted_at_once_uses_no_trainer(
    tmp_path: Path, model: str, batch: int | None
) -> None:
    """The batch and epochs of a shared trainer section are no settings of a logistic regression."""
    config = {"model": model, "data": {"batch_size": 1024}, "trainer": {"max_epochs": 100}}
    files = {"a/config.json": json.dumps(config), "a/results.json": '{"test_accuracy": 0.81}'}
    run = runs_of(tmp_path, files)["a"]
    assert _value(run, "batch_size") == batch
    assert (_value(run, "epochs") is None) == (batch is None)


def test_a_model_that_logged_epochs_keeps_its_trainer(tmp_path: Path) -> None:
    """A logistic regression trained by gradient descent shows epochs, and so its batch counts."""
    config = {"model": "logistic-regression", "data": {"batch_size": 1024}}
    files = {"a/config.json": json.dumps(config), "a/history.csv": _log(10)}
    assert _value(runs_of(tmp_path, files)["a"], "batch_size") == 1024


@pytest.mark.parametrize(("second", "decay"), [("0.1", 0.1), ("0.2", None), (None, None)])
def test_a_default_of_one_of_two_scripts_is_no_runs(
    tmp_path: Path, second: str | None, decay: float | None
) -> None:
    """Of two scripts that may have trained a run, a default counts where both say it."""
    option = "p.add_argument('--weight-decay', default=0.1)\n"
    other = option.replace("0.1", second) if second else ""
    files = {
        "first.py": option + OPTIONS,
        "second.py": other + OPTIONS,
        "out/a/history.csv": _log(10),
    }
    assert _value(runs_of(tmp_path, files)["a"], "weight_decay") == decay
