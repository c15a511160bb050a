"""What written values mean."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.assemble.readings import meant
from netgain.study import Scalar


@pytest.mark.parametrize(
    ("key", "value", "dialect", "expected"),
    [
        ("train.scheduler.name", "none", "generic", "constant"),
        ("lr_scheduler_type", "None", "generic", "constant"),
        ("scheduler", False, "generic", "constant"),
        ("lr_scheduler", "cosine", "generic", "cosine"),
        ("cos_lr", False, "generic", False),
        ("cos_lr", False, "ultralytics", "linear"),
        ("cos_lr", True, "ultralytics", "cosine"),
        ("scheduler", True, "generic", True),
        ("scheduler", "null_space", "generic", "null_space"),
    ],
)
def test_a_schedule_of_none_is_constant(
    key: str, value: Scalar, dialect: str, expected: Scalar
) -> None:
    """A switch that names one family leaves another in force when it is off."""
    assert meant("schedule", value, key, dialect) == expected


def test_none_of_another_setting_is_no_value() -> None:
    """Only a schedule of none says something."""
    assert meant("pretrained", "none", "pretrained", "generic") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("scheduler: null", "constant"),
        ("scheduler: {name: none}", "constant"),
        ("scheduler: cosine", "cosine"),
        ("other: null", None),
    ],
)
def test_schedules_of_yaml(tmp_path: Path, line: str, expected: str | None) -> None:
    """`null` and `none` both switch the schedule off; silence says nothing."""
    (tmp_path / "config.yaml").write_text(f"lr: 0.1\nepochs: 3\nbatch_size: 2\n{line}\n")
    run = netgain.read(tmp_path, unsorted=True).baseline.runs[0]
    found = run.config.get("schedule")
    assert (None if found is None else found.value) == expected


def test_a_schedule_left_to_a_variable_is_unknown(tmp_path: Path) -> None:
    """`--scheduler $S` was set, to what the script does not say."""
    (tmp_path / "run.sh").write_text("python t.py --lr 0.1 --epochs 3 --scheduler $S\n")
    run = netgain.read(tmp_path, unsorted=True).baseline.runs[0]
    found = run.config.get("schedule")
    assert found is None or found.value is None
