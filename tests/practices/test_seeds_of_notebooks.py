"""NG205 where each arm is one notebook that fixes its seed in a cell, from files on disk."""

from __future__ import annotations

import json
from pathlib import Path

import netgain


def _notebook(*seeds: str, name: str = "loss", epochs: int = 3) -> str:
    printed = [
        f"Epoch {epoch}/{epochs}\n10/10 - 3s - {name}: {1 / epoch:.4f} - val_{name}: {1.1 / epoch:.4f}\n"
        for epoch in range(1, epochs + 1)
    ]
    training = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 9,
        "source": [
            "model.compile(optimizer='adam', loss='mse')\n",
            "model.fit(x, y, epochs=EPOCHS)",
        ],
        "outputs": [{"output_type": "stream", "name": "stdout", "text": printed}],
    }
    settings = [
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": index,
            "source": [f"{line}\n", f"EPOCHS = {epochs}\n"],
            "outputs": [],
        }
        for index, line in enumerate(seeds)
    ]
    cells = [*settings, training]
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": cells}, indent=1
    )


def verdict(root: Path, base: str, ours: str) -> str:
    """Return the verdict of NG205 on two notebooks whose claim names no metric."""
    return found(root, base, ours).verdict


def found(root: Path, base: str, ours: str) -> netgain.Finding:
    """Return NG205 on two notebooks."""
    for arm, text in (("base", base), ("ours", ours)):
        (root / arm).mkdir()
        (root / arm / "train.ipynb").write_text(text)
    study = netgain.read(baseline=[str(root / "base")], proposed=[str(root / "ours")])
    return netgain.audit(study)["NG205"]


def test_two_notebooks_under_seeds_of_their_own_are_flagged(tmp_path: Path) -> None:
    """One training each, under seed 0 and seed 21, which log no score in common."""
    assert verdict(tmp_path, _notebook("SEED = 0"), _notebook("SEED = 21", name="auc")) == "flagged"


def test_seeds_that_a_call_fixes_are_named_with_their_places(tmp_path: Path) -> None:
    """`tf.random.set_seed` holds the seed itself; both are shown, the proposed arm's first."""
    finding = found(
        tmp_path, _notebook("tf.random.set_seed(3)"), _notebook("tf.random.set_seed(4)", name="auc")
    )
    assert "proposed under seed 4 and the baseline under seed 3" in finding.message
    assert [Path(source.path).parent.name for source in finding.evidence] == ["ours", "base"]


def test_one_seed_in_both_notebooks_is_not_flagged(tmp_path: Path) -> None:
    """Seed 7 in both is no seed of one arm's own."""
    assert verdict(tmp_path, _notebook("SEED = 7"), _notebook("SEED = 7", name="auc")) == "unknown"


def test_a_notebook_that_fixes_two_seeds_is_not_flagged(tmp_path: Path) -> None:
    """Seed 0 and then seed 1: the notebook trains under several."""
    two = _notebook("SEED = 0", "SEED = 1")
    assert verdict(tmp_path, two, _notebook("SEED = 21", name="auc")) == "unknown"


def test_scores_of_both_notebooks_are_judged_as_scores(tmp_path: Path) -> None:
    """Both log one loss, and the proposed notebook ends no lower: nothing is claimed of luck."""
    assert verdict(tmp_path, _notebook("SEED = 0"), _notebook("SEED = 21")) != "clear"
    assert netgain.audit(
        netgain.read(baseline=[str(tmp_path / "base")], proposed=[str(tmp_path / "ours")])
    )["NG205"].message.startswith("The proposed run does not score above")
