"""Lengths that a configuration gives phase by phase are those of one training."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.assemble.budget import budget_of as derive_budget
from netgain.study import Budget, Cited, Scalar, Source


def budget_of(folder: Path, text: str) -> Budget:
    """Return what is read as the budget of an arm that holds one configuration."""
    arms = [folder / "base", folder / "ours"]
    for arm in arms:
        arm.mkdir()
        (arm / "config.yaml").write_text(text + "lr: 0.1\nbatch_size: 8\n")
    return netgain.read(baseline=arms[0], proposed=arms[1]).baseline.runs[0].budget


@pytest.mark.parametrize(
    "text",
    [
        "phase1:\n  epochs: 30\nphase2:\n  epochs: 80\n",
        "train:\n  stage_1: {epochs: 30}\n  stage_2: {epochs: 80}\n",
    ],
)
def test_phases_follow_one_another(tmp_path: Path, text: str) -> None:
    """The epochs of numbered phases are added up."""
    found = budget_of(tmp_path, text).epochs
    assert found is not None
    assert found.value == 110


def test_equal_phases_are_added_as_well(tmp_path: Path) -> None:
    """Two phases of 30 epochs make 60, though they say the same number."""
    found = budget_of(tmp_path, "phase1:\n  epochs: 30\nphase2:\n  epochs: 30\n").epochs
    assert found is not None
    assert found.value == 60
    assert found.source.key == "phase1.epochs + phase2.epochs"


def test_one_phase_is_the_whole(tmp_path: Path) -> None:
    """A single numbered section is no sum."""
    found = budget_of(tmp_path, "phase1:\n  epochs: 30\n").epochs
    assert found is not None
    assert found.value == 30


def test_sections_without_numbers_are_not_added(tmp_path: Path) -> None:
    """Two sections that are no phases of one training stay two readings that disagree."""
    found = budget_of(tmp_path, "teacher:\n  epochs: 30\nstudent:\n  epochs: 80\n").epochs
    assert found is not None
    assert found.value in (30, 80)


def test_a_length_known_from_its_key_alone_is_likely() -> None:
    """The budget says how sure its numbers are, as the settings that they stand on do."""
    said: dict[str, Cited[Scalar]] = {
        name: Cited(
            value=value,
            source=Source(path="record.json"),
            strength="configured",
            confidence=confidence,
        )
        for name, value, confidence in (("epochs", 30, "likely"), ("n_train", 500, "sure"))
    }
    found = derive_budget(said, ())
    assert found.epochs is not None
    assert found.epochs.confidence == "likely"
    assert found.samples_seen is not None
    assert (found.samples_seen.value, found.samples_seen.confidence) == (15_000, "likely")
