"""Runs whose store calls them failed or unfinished, and states of a training on its way."""

from __future__ import annotations

import pytest

from netgain.assemble.runs import RunSet, build_runs
from netgain.readers.base import RunFacts, Series, Setting
from netgain.renderers.study import study_text
from netgain.study import Arm, Claim, Source, Study


def built(status: str, *, epochs: int = 10, logged: int = 10, counted: int | None = None) -> RunSet:
    """Build a run that asked for some epochs and logged some, with what a checkpoint counted."""
    facts = [
        RunFacts(
            location="r",
            dialect="generic",
            status=status,  # type: ignore[arg-type]  # one of the states
            settings=(Setting(key="epochs", value=epochs, source=Source(path="r/config.yaml")),),
            series=(
                Series(
                    key="val_acc",
                    unit="epoch",
                    steps=tuple(float(e) for e in range(1, logged + 1)),
                    values=(0.5,) * logged,
                    source=Source(path="r/log.csv"),
                ),
            ),
        )
    ]
    if counted is not None:
        setting = Setting(
            key="epochs", value=counted, source=Source(path="r/best.ckpt"), strength="measured"
        )
        facts.append(RunFacts(location="r", dialect="generic", settings=(setting,)))
    return build_runs(facts, {})


@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_run_that_logged_its_last_epoch_is_finished(status: str) -> None:
    """A crash after the last planned epoch took nothing from the training."""
    (run,) = built(status).runs
    assert run.status == "finished"


@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_run_that_broke_off_is_shown_and_does_not_count(status: str) -> None:
    """Its values stay to be looked at, apart from the evidence."""
    found = built(status, logged=7)
    assert found.runs == ()
    (run,) = found.unfinished
    assert (run.status, run.budget.epochs and run.budget.epochs.value) == (status, 7)
    arm = Arm(name="a")
    study = Study(
        claim=Claim(), baseline=arm, proposed=arm,
        excluded_runs=found.excluded, unfinished_runs=found.unfinished,
    )  # fmt: skip
    assert "curve validation/accuracy: 7 points" in study_text(study)


def test_what_a_checkpoint_counted_is_no_plan() -> None:
    """The state saved at epoch 7 does not make 7 the length that was asked for."""
    assert built("failed", logged=7, counted=7).runs == ()


def test_a_run_thrown_away_stays_away() -> None:
    """Deleted runs are not shown."""
    found = built("deleted")
    assert found.runs == () and found.unfinished == ()


def test_the_best_checkpoint_does_not_end_the_training() -> None:
    """A log that goes on behind the saved state says how long was trained."""
    (run,) = built("finished", epochs=20, logged=10, counted=6).runs
    assert run.budget.epochs is not None
    assert (run.budget.epochs.value, run.budget.epochs.strength) == (10, "logged")


def test_a_checkpoint_of_the_end_is_believed() -> None:
    """One that counted as far as the log, or further, is the stronger reading."""
    (run,) = built("finished", epochs=20, logged=10, counted=12).runs
    assert run.budget.epochs is not None and run.budget.epochs.value == 12
