"""Sections of a settings file for several methods."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.study import Run

LOG = "".join(f"epoch {i}: loss {1 / i:.4f}, val_acc {0.5 + i / 100}\n" for i in range(1, 6))
METHODS = (
    "ppo:\n  learning_rate: 0.1\n  batch_size: 64\nsac:\n  learning_rate: 0.2\n  batch_size: 256\n"
)


def _runs(root: Path, config: str, names: tuple[str, str]) -> dict[str, Run]:
    (root / "config.yaml").write_text(config)
    for shift, name in enumerate(names):
        path = root / f"results/{name}/train.log"
        path.parent.mkdir(parents=True)
        path.write_text(LOG.replace("0.5", f"0.{5 + shift}"))
    study = netgain.read(root, unsorted=True)
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}


def test_each_run_has_the_section_of_its_method(tmp_path: Path) -> None:
    """`ppo` and `sac` beside one file with a section for each."""
    runs = _runs(tmp_path, METHODS, ("ppo", "sac"))
    told = {
        name: (run.config["learning_rate"].value, run.config["batch_size"].value)
        for name, run in runs.items()
    }
    assert told == {"ppo": (0.1, 64), "sac": (0.2, 256)}
    assert runs["ppo"].config["learning_rate"].disagreeing == ()


def test_parts_of_one_training_are_kept(tmp_path: Path) -> None:
    """`encoder` and `decoder` are no methods, whatever a run is called."""
    config = METHODS.replace("ppo", "encoder").replace("sac", "decoder")
    runs = _runs(tmp_path, config, ("encoder", "wide"))
    assert all(len(run.config["learning_rate"].disagreeing) == 1 for run in runs.values())


def test_the_section_of_the_training_states_its_batch(tmp_path: Path) -> None:
    """`training.batch_size` wins over that of a section above it, whatever that section is for."""
    config = (
        "active_learning:\n  batch_size: 256\n  epochs: 2\ntraining:\n  batch_size: 4096\n"
        "  epochs: 20\n"
    )
    runs = _runs(tmp_path, config, ("a", "b"))
    told = [(run.config["batch_size"].value, run.config["epochs"].value) for run in runs.values()]
    assert told == [(4096, 20)] * 2


def test_a_batch_outside_of_sections_keeps_its_place(tmp_path: Path) -> None:
    """A flat setting is no other section, so that of `trainer` does not pass it."""
    runs = _runs(tmp_path, "batch_size: 32\ntrainer:\n  batch_size: 64\n", ("a", "b"))
    assert [run.config["batch_size"].value for run in runs.values()] == [32, 32]
