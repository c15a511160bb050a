"""The published training script: it runs, and holds numbers only where a plan buries them."""

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from netgain.analysis.literals import buried_numbers
from netgain.lab.publish import spelled, spelling_of
from netgain.lab.script import training_script
from netgain.plan import Settings
from netgain.practices.ng203_magic_numbers import PRACTICE
from netgain.study import CodeTree, SourceFile
from netgain.testing.conformance import clean_plan

HIDDEN = ("label_smoothing", "auxiliary_weight")


def _buried(settings: Settings, hidden: tuple[str, ...]) -> list[float]:
    text = training_script(settings, hidden)
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    return sorted(number.value for number in buried_numbers(tree))


def test_honest_script_holds_no_number_of_its_own() -> None:
    """Every hyperparameter comes from the config."""
    assert _buried(Settings(), ()) == []


def test_buried_settings_stand_in_the_script_with_their_values() -> None:
    """What the stage trains with is what the script of the proposed arm says."""
    assert PRACTICE.stage is not None
    plan = PRACTICE.stage(clean_plan())
    assert _buried(plan.proposed, plan.disclosure.buried) == [3e-4, 0.07]


def test_buried_settings_are_in_no_config() -> None:
    """The config keeps every other setting."""
    shown = spelled(replace(Settings(), label_smoothing=0.07), 0, 0, HIDDEN)
    keys = {spelling_of(name, 0) for name in asdict(Settings())}
    assert keys - set(shown) == {*HIDDEN, "max_steps"}


@pytest.mark.torch
@pytest.mark.parametrize("spelling", range(4))
def test_script_runs(tmp_path: Path, spelling: int) -> None:
    """One epoch over 32 samples ends without an error, from the config it is published with."""
    hidden = HIDDEN if spelling % 2 else ()
    settings = Settings(epochs=1, batch_size=16, width=4, auxiliary_loss="logit-penalty")
    (tmp_path / "train.py").write_text(
        training_script(settings, hidden, lambda name: spelling_of(name, spelling))
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(spelled(settings, 0, spelling, hidden)))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 1, 40)).astype(np.float32)
    np.savez(tmp_path / "data.npz", train_x=x, train_y=rng.integers(0, 10, 32))
    done = subprocess.run(
        [sys.executable, "train.py", "config.yaml", "data.npz"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
