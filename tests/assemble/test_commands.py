"""Command lines completed by the code they start."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.study import Run

PARSER = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('--epochs', type=int, default=100)
parser.add_argument('--lr', type=float, default=0.1)
parser.add_argument('--batch-size', type=int, default=64)
parser.add_argument('--scheduler', default='step'){more}
args = parser.parse_args()
"""
LOG = "".join(f"epoch {e} val acc: 0.{e}\n" for e in range(1, 6))


def run_of(root: Path, arm: dict[str, str], code: dict[str, str]) -> Run:
    """Return the run of an arm whose code lies apart."""
    for folder, files in (("arm", arm), ("code", code)):
        for name, text in files.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (root / "other").mkdir()
    (root / "other" / "a.log").write_text(LOG)
    study = netgain.read(baseline=root / "arm", proposed=root / "other", code=root / "code")
    return study.baseline.runs[0]


def test_defaults_of_the_program_that_a_log_names(tmp_path: Path) -> None:
    """What the command leaves out is what the parser of that program says."""
    run = run_of(
        tmp_path,
        {"a.log": f"{LOG}Command: python main.py --epochs 5\n"},
        {"main.py": PARSER.format(more="")},
    )
    assert {k: run.config[k].value for k in ("schedule", "batch_size", "epochs")} == {
        "schedule": "step", "batch_size": 64, "epochs": 5,
    }  # fmt: skip


def test_code_apart_says_nothing_of_a_run_that_does_not_name_it(tmp_path: Path) -> None:
    """Without a command, or with that of another program, defaults of shared code do not count."""
    for name, text in (("one", LOG), ("two", f"{LOG}Command: python other.py --epochs 5\n")):
        run = run_of(tmp_path / name, {"a.log": text}, {"main.py": PARSER.format(more="")})
        assert "schedule" not in run.config


def test_an_abbreviated_option_is_the_one_it_begins(tmp_path: Path) -> None:
    """Argparse takes `--epoch` for `--epochs` where no other option begins so."""
    script = "python main.py --epoch 7 --batch 16\n"
    run = run_of(tmp_path, {"run.sh": script}, {"main.py": PARSER.format(more="")})
    assert (run.config["epochs"].value, run.config["batch_size"].value) == (7, 16)


def test_an_option_that_begins_two_names_is_none_of_them(tmp_path: Path) -> None:
    """`--epoch` beside `--epochs` and `--epoch_size` is an error to argparse."""
    more = "\nparser.add_argument('--epoch_size', type=int, default=9)"
    run = run_of(
        tmp_path,
        {"run.sh": "python main.py --epoch 7 --lr 3\n"},
        {"main.py": PARSER.format(more=more)},
    )
    assert run.config["epochs"].value == 100
