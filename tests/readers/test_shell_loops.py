"""Loops of shell scripts start one training for each of their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from netgain.readers._shell_loops import MOST_COMMANDS, unrolled
from tests.assemble.folders import runs_of


def written_out(text: str) -> list[str]:
    """Return the commands of a script that start `t.py`, loops written out."""
    lines = [(at, line.strip()) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [command for _, command in unrolled(lines) if command.startswith("t.py")]


@pytest.mark.parametrize(
    "text",
    [
        "for s in 1 2; do t.py $s; done",
        "for s in 1 2\ndo\n  t.py ${s}\ndone\nwait",
        "for s in {1..2}; do\n  t.py $s\ndone",
        "for s in $(seq 2); do t.py $s; done",
        "for s in `seq 1 2`; do t.py $s; done",
        "for ((s=1; s<=2; s++)); do t.py $s; done",
        'SEEDS=(1 2)\nfor s in "${SEEDS[@]}"; do\nt.py $s\ndone',
        'SEEDS="1 2"\nfor s in $SEEDS; do t.py $s; done',
    ],
)
def test_a_loop_is_one_command_for_each_word(text: str) -> None:
    """Words, ranges, sequences, counters and arrays are what shells are looped over."""
    assert written_out(text) == ["t.py 1", "t.py 2"]


def test_loops_within_loops() -> None:
    """The inner loop runs through for each word of the outer one, on one line or several."""
    text = "t.py $m $s"
    expected = ["t.py a 1", "t.py a 2", "t.py b 1", "t.py b 2"]
    assert written_out(f"for m in a b; do\nfor s in 1 2; do\n{text}\ndone\ndone\nt2.py") == expected
    assert written_out(f"for m in a b; do for s in 1 2; do {text}; done; done") == expected


@pytest.mark.parametrize(
    "text",
    [
        "for s in $@; do t.py $s; done",
        "for s in *.yaml; do\nt.py $s\ndone",
        "while read s; do\nt.py $s\ndone",
        "for s in $(ls); do t.py $s; done",
    ],
)
def test_a_loop_over_what_the_script_does_not_state_stays(text: str) -> None:
    """Arguments, files and other programs' output are not known: the variable stays."""
    assert written_out(text) == ["t.py $s"]


def test_loops_without_end_are_bounded() -> None:
    """Thousands of trainings of one script, and loops that never end, are no plan anyone reads."""
    deep = "".join(f"for a{i} in {{1..100}}; do\n" for i in range(5)) + "t.py\n" + "done\n" * 5
    assert len(written_out(deep)) <= MOST_COMMANDS
    assert written_out("for s in 1 2; do\nt.py $s\n") == ["t.py $s"]


def test_each_run_of_a_loop_has_the_options_it_was_started_with(tmp_path: Path) -> None:
    """`--seed $s --out runs/s$s` gives each folder its seed; the rate is that of the loop, not a default."""
    script = "for s in 4 5; do\n  python train.py --seed $s --lr 0.05 --out runs/s$s\ndone\n"
    log = "".join(f"epoch {e} loss {3 - e}.5 val_acc 0.{e}1\n" for e in (1, 2, 3))
    files = {
        "run.sh": script,
        "runs/s4/train.log": log,
        "runs/s5/train.log": log.replace("0.", "0.2"),
    }
    runs = runs_of(tmp_path, files)
    told = {
        name: (run.seed.value if run.seed else None, run.config["learning_rate"].value)
        for name, run in runs.items()
    }
    assert told == {"s4": (4, 0.05), "s5": (5, 0.05)}
