"""Which records show one training twice."""

from __future__ import annotations

from netgain.assemble.counted import without_second_records
from netgain.study import Curve, Run, Source

VALUES = (0.1, 0.5, 0.4, 0.8, 0.7, 0.9)


def _run(name: str, file: str) -> Run:
    curve = Curve(
        name="accuracy",
        key="acc",
        split="test",
        unit="epoch",
        steps=tuple(range(len(VALUES))),
        values=VALUES,
        source=Source(path=file, line=1),
    )
    return Run(id=name, group=name, curves=(curve,))


def test_a_curve_that_a_folder_shares_makes_no_second_record() -> None:
    """Two runs that one file gave a curve are both kept; two files with one curve are one training."""
    shared, _ = without_second_records(
        [_run("logs/a", "logs/train.log"), _run("logs#b", "logs/train.log")]
    )
    assert [run.id for run in shared] == ["logs/a", "logs#b"]
    twice, dropped = without_second_records(
        [_run("runs/a", "runs/a.json"), _run("store#b", "store.sqlite")]
    )
    assert len(twice) == len(dropped) == 1
