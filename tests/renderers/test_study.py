"""The Study as a tree of text."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.renderers.study import study_text


@pytest.fixture
def told(tmp_path: Path) -> str:
    """Read four seeds of each arm; one proposed run was on another GPU."""
    for arm, devices in (("baseline", ("A100",) * 4), ("ours", ("A100", "A100", "A100", "V100"))):
        for seed, device in enumerate(devices):
            run = tmp_path / arm / f"seed{seed}"
            run.mkdir(parents=True)
            (run / "config.yaml").write_text(f"seed: {seed}\nlr: 0.25\ngpu_name: {device}\n")
            (run / "metrics.csv").write_text(f"epoch,test_acc\n0,50.{seed}\n1,60.{seed}\n")
    return study_text(netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours"))


def test_what_all_runs_share_is_said_once(told: str) -> None:
    """A rate that four runs have in common stands once an arm, with the place in the first run."""
    lines = [line for line in told.splitlines() if "learning_rate 0.25" in line]
    assert len(lines) == 2
    assert all("seed0/config.yaml:2 lr" in line for line in lines)
    assert told.count("in all 4 runs") == 2


def test_what_differs_is_said_of_each_run(told: str) -> None:
    """One other GPU keeps the device with each run of its arm; seeds and scores stay too."""
    proposed = told[told.index("proposed:") :]
    assert proposed.count("A100") == 3
    assert proposed.count("V100") == 1
    assert [f"setting seed {seed} " in proposed for seed in range(4)] == [True] * 4
    assert proposed.count("curve test/accuracy") == 4
