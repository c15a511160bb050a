"""The gain recomputed from runs: when its spread is that over seeds."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.report import Recomputed

SCORES = {"base": (0.700, 0.712, 0.705), "ours": (0.750, 0.748, 0.761)}


def recomputed(folder: Path, seeds: tuple[int, ...]) -> Recomputed:
    """Return the gain of three runs an arm, whose proposed runs state these seeds."""
    for arm, own in (("base", (1, 2, 3)), ("ours", seeds)):
        for number, (seed, score) in enumerate(zip(own, SCORES[arm], strict=True)):
            run = folder / arm / f"run{number}"
            run.mkdir(parents=True)
            (run / "config.yaml").write_text(f"seed: {seed}\nlr: 0.1\nn_qubits: {number}\n")
            rows = "".join(f"{e},{score - 0.01 * (4 - e)}\n" for e in range(5))
            (run / "metrics.csv").write_text("epoch,test_accuracy\n" + rows)
    found = netgain.audit(netgain.read(baseline=folder / "base", proposed=folder / "ours"))
    assert found.recomputed is not None
    return found.recomputed


def test_runs_of_several_seeds_have_an_interval(tmp_path: Path) -> None:
    """Three seeds an arm give an interval around the difference of the means."""
    found = recomputed(tmp_path, (1, 2, 3))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.gain < found.high


def test_runs_of_one_seed_have_none(tmp_path: Path) -> None:
    """Three runs that all state seed 42 differ in something else; their spread says nothing of seeds."""
    found = recomputed(tmp_path, (42, 42, 42))
    assert (found.low, found.high) == (None, None)
    assert abs(found.gain - 0.0473333) < 1e-6
