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


NESTED = (
    "train:\n  epochs: 5\nalgos:\n"
    "  reinforce:\n    lr: 0.1\n    batch_size: 64\n"
    "  reinforce_tuned:\n    lr: 0.2\n    batch_size: 1\n"
)


def test_the_longer_name_of_a_nested_method_is_the_run_s(tmp_path: Path) -> None:
    """`algos.reinforce` is not that of a run called `reinforce_tuned`."""
    runs = _runs(tmp_path, NESTED, ("reinforce", "reinforce_tuned"))
    told = {name: run.config["learning_rate"].value for name, run in runs.items()}
    assert told == {"reinforce": 0.1, "reinforce_tuned": 0.2}


def test_a_run_states_its_method(tmp_path: Path) -> None:
    """`algo: reinforce_tuned` in a run's own file chooses the section, whatever its folder is called."""
    for name, algo in (("x", "reinforce"), ("y", "reinforce_tuned")):
        path = tmp_path / f"results/{name}/run.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(f"algo: {algo}\nseed: 3\nlr_scheduler: none\n")
    (tmp_path / "config.yaml").write_text(NESTED)
    for shift, name in enumerate("xy"):
        (tmp_path / f"results/{name}/train.log").write_text(LOG.replace("0.5", f"0.{5 + shift}"))
    study = netgain.read(tmp_path, unsorted=True)
    runs = {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}
    told = {name: run.config["batch_size"].value for name, run in runs.items()}
    assert told == {"x": 64, "y": 1}


def test_a_run_of_no_listed_method_has_none_of_their_settings(tmp_path: Path) -> None:
    """Of a list of methods in which a run's is not named, no section is taken; the rest of the file is."""
    runs = _runs(tmp_path, NESTED, ("a", "b"))
    assert all("learning_rate" not in run.config for run in runs.values())
    assert {run.config["epochs"].value for run in runs.values()} == {5}
