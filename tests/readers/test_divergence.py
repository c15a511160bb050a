"""A loss that became nan is shown as diverged; its last finite value is no final score."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.renderers.study import study_text

LOG = "".join(
    f"Epoch {e}: train_loss={1 - e / 10:.2f} val_loss={1.1 - e / 10:.2f}\n" for e in (1, 2, 3)
)
NAN = "Epoch 4: train_loss=nan val_loss=nan\nEpoch 5: train_loss=nan val_loss=nan\n"


def arms(folder: Path, own: str) -> netgain.Study:
    """Read a baseline that trained well and a proposed arm with this log."""
    for arm, text in (("base", LOG), ("ours", own)):
        (folder / arm).mkdir()
        (folder / arm / "train.log").write_text(text)
    return netgain.read(baseline=folder / "base", proposed=folder / "ours")


def test_the_place_of_the_divergence_is_shown(tmp_path: Path) -> None:
    """The text says from which epoch on the log holds nan."""
    study = arms(tmp_path, LOG + NAN)
    curve = next(c for c in study.proposed.runs[0].curves if c.split == "validation")
    assert (curve.values[-1], curve.diverged_at) == (0.8, 4.0)
    assert "then nan or inf from epoch 4 on" in study_text(study)


def test_a_diverged_run_has_no_score(tmp_path: Path) -> None:
    """No gain is computed from the last finite value of a run that diverged."""
    assert netgain.audit(arms(tmp_path, LOG + NAN)).recomputed is None


def test_a_gap_is_no_divergence(tmp_path: Path) -> None:
    """A nan that finite values follow leaves the last of them as the score."""
    study = arms(tmp_path, LOG + NAN + "Epoch 6: train_loss=0.40 val_loss=0.50\n")
    assert all(curve.diverged_at is None for curve in study.proposed.runs[0].curves)
    found = netgain.audit(study).recomputed
    assert found is not None
    assert found.proposed == 0.5
