"""Runs written in the habits of different projects: the auditor's readers find the same facts in each."""

from pathlib import Path

import pytest

import netgain
from netgain.lab.habits import HABITS, Record, Row

CONFIG = {
    "learning_rate": 0.04,
    "batch_size": 128,
    "epochs": 3,
    "seed": 7,
    "n_train": 4096,
    "skips": "none",
}


def _record(*, tested: bool) -> Record:
    rows = [
        Row(
            epoch=str(epoch),
            step=str(32 * epoch),
            lr=f"{0.04 / epoch:.6g}",
            train_loss=f"{1 / epoch:.5f}",
            val_accuracy=f"{60 + 10 * epoch:.2f}",
            test_accuracy=f"{59 + 10 * epoch:.2f}" if tested or epoch == 3 else "",
        )
        for epoch in (1, 2, 3)
    ]
    return Record(config=CONFIG, epochs="3", rows=tuple(rows))


@pytest.fixture(params=HABITS)
def habit(request: pytest.FixtureRequest) -> str:
    """Return each habit's name."""
    return str(request.param)


def _read(habit: str, folder: Path, *, tested: bool) -> netgain.Study:
    for arm in ("baseline", "proposed"):
        run = folder / arm / "run0"
        run.mkdir(parents=True)
        HABITS[habit](_record(tested=tested), run)
    return netgain.read(baseline=folder / "baseline", proposed=folder / "proposed")


def test_settings_budget_and_score_are_read(habit: str, tmp_path: Path) -> None:
    """One run with its batch, epochs, steps, seed, learning rate and test score, all of it read."""
    study = _read(habit, tmp_path, tested=False)
    (run,) = study.baseline.runs
    assert run.config["learning_rate"].value == pytest.approx(0.04)
    assert run.seed is not None
    assert run.seed.value == 7
    assert run.budget.batch_size is not None
    assert run.budget.batch_size.value == 128
    assert run.budget.epochs is not None
    assert run.budget.epochs.value == 3
    assert run.budget.steps is not None
    assert run.budget.steps.value == pytest.approx(96)
    score = next(value for name, value in _scores(run) if name == "test/accuracy")
    assert score in (pytest.approx(89), pytest.approx(0.89))
    assert study.unread == ()


def test_a_test_score_of_every_epoch_is_a_curve(habit: str, tmp_path: Path) -> None:
    """Three test scores: as a curve of them all, or of two with the last as the final one."""
    (run,) = _read(habit, tmp_path, tested=True).baseline.runs
    values = [c.values for c in run.curves if (c.name, c.split) == ("accuracy", "test")]
    (curve,) = values
    scale = 100 if max(curve) <= 1 else 1
    assert [scale * value for value in curve][:2] == pytest.approx([69, 79])
    assert scale * curve[-1] == pytest.approx(89) or "test/accuracy" in run.finals


def _scores(run: netgain.study.Run) -> list[tuple[str, float]]:
    found = [(name, cited.value) for name, cited in run.finals.items()]
    found += [(f"{c.split}/{c.name}", c.values[-1]) for c in run.curves if c.values]
    return found
