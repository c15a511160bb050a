"""What a run's own folder records, beside scripts that may have started another training."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.study import Run

LOG = "step,val_acc\n100,0.5\n200,0.6\n300,0.7\n"
SCRIPT = "python train.py --batch_size 100 --learning_rate 0.0005 --dropout 0.2\n"


def run_of(root: Path, files: dict[str, str]) -> Run:
    """Return the one run of a folder."""
    for name, text in files.items():
        path = root / "base" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "ours").mkdir()
    (root / "ours" / "log.csv").write_text(LOG)
    study = netgain.read(baseline=root / "base", proposed=root / "ours")
    return study.baseline.runs[0]


def test_a_script_above_fills_what_the_record_of_a_run_leaves_out(tmp_path: Path) -> None:
    """The flags that a run wrote win over a launch script at the root, which still states the dropout."""
    flags = '{"batch_size": 512, "learning_rate": "0.001"}'
    run = run_of(
        tmp_path, {"a.sh": SCRIPT, "out/one/flags.json": flags, "out/one/logs/log.csv": LOG}
    )
    names = ("batch_size", "learning_rate", "dropout")
    assert [run.config[name].value for name in names] == [512, 0.001, 0.2]


def test_a_script_beside_the_settings_of_a_run_has_the_last_word(tmp_path: Path) -> None:
    """A command line in the folder of the run overrides the file of settings that lies there too."""
    run = run_of(tmp_path, {"run.sh": SCRIPT, "config.json": '{"batch_size": 512}', "log.csv": LOG})
    before = run.config["batch_size"]
    assert {before.value, *(other.value for other in before.disagreeing)} == {100, 512}


@pytest.mark.parametrize(
    ("written", "steps"), [('"23438"', 23_438), ('"15000,3000"', 18_000), ("400", 400)]
)
def test_steps_written_as_text_are_numbers(tmp_path: Path, written: str, steps: int) -> None:
    """Steps in quotes count, and those at each of several rates add up."""
    flags = f'{{"how_many_training_steps": {written}}}'
    run = run_of(tmp_path, {"flags.json": flags, "log.csv": LOG})
    assert run.config["max_steps"].value == steps


def test_a_bare_score_joins_the_settings_of_its_folder(tmp_path: Path) -> None:
    """A file of one number beside the flags of a run is that run's score."""
    run = run_of(
        tmp_path,
        {"flags.json": '{"batch_size": 512}', "accuracy_last.txt": "97.5", "logs/log.csv": LOG},
    )
    assert (run.config["batch_size"].value, run.finals["accuracy"].value) == (512, 97.5)
