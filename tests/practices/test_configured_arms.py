"""Checks of what arms plan, state and end by."""

from __future__ import annotations

from pathlib import Path

import pytest

import netgain
from netgain.practices._compare import disclosure
from netgain.report import Report
from netgain.study import Arm, Claim, Paper, Source, Statement, Study


def audited(root: Path, baseline: dict[str, str], proposed: dict[str, str]) -> Report:
    """Write both arms and audit them."""
    for arm, files in (("one", baseline), ("two", proposed)):
        for name, text in files.items():
            path = root / arm / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return netgain.audit(netgain.read(baseline=root / "one", proposed=root / "two"))


def history(epochs: int, best: int) -> str:
    """Return a history whose validation score rises to one epoch and falls after it."""
    rows = (f"{e},0.{900 - abs(best - e):03d}\n" for e in range(1, epochs + 1))
    return "epoch,val_acc\n" + "".join(rows)


STOP = '{{"epochs": 50, "batch_size": 8, "lr": 0.1, "patience": {patience}{more}}}'


@pytest.mark.parametrize(
    ("baseline", "proposed", "verdict"),
    [
        ((20, 15, 5, ""), (45, 40, 5, ""), "clear"),
        ((20, 15, 5, ""), (50, 49, 5, ""), "clear"),
        ((20, 15, 5, ""), (45, 25, 20, ""), "flagged"),
        ((20, 20, 5, ""), (45, 40, 5, ""), "flagged"),
        ((20, 15, 5, ', "early_stopping": false'), (45, 40, 5, ""), "flagged"),
    ],
)
def test_lengths_that_one_early_stop_made(
    tmp_path: Path,
    baseline: tuple[int, int, int, str],
    proposed: tuple[int, int, int, str],
    verdict: str,
) -> None:
    """One rule in both arms, seen to have ended them, is no difference; a broken-off run is."""
    arms = [
        {"log.csv": history(epochs, best), "config.json": STOP.format(patience=patience, more=more)}
        for epochs, best, patience, more in (baseline, proposed)
    ]
    assert audited(tmp_path, *arms)["NG102"].verdict == verdict


CONFIG = '{{"batch_size": {batch}, "epochs": {epochs}, "lr": 0.1{more}}}'


@pytest.mark.parametrize(
    ("baseline", "proposed", "verdict"),
    [
        ((256, 90, ""), (512, 1000, ""), "flagged"),
        ((256, 90, ""), (512, 180, ""), "flagged"),
        ((256, 90, ""), (512, 90, ""), "unknown"),
        ((256, 90, ', "dataset": "a"'), (512, 1000, ', "dataset": "b"'), "unknown"),
        ((768, 9, ', "devices": 16'), (768, 9, ', "devices": 16'), "clear"),
        ((768, 9, ', "devices": 16'), (768, 9, ', "devices": 8'), "unknown"),
    ],
)
def test_batches_without_steps(
    tmp_path: Path,
    baseline: tuple[int, int, str],
    proposed: tuple[int, int, str],
    verdict: str,
) -> None:
    """Epochs of one data set tell the steps; one batch on equally many devices is one batch."""
    arms = [
        {"config.json": CONFIG.format(batch=batch, epochs=epochs, more=more)}
        for batch, epochs, more in (baseline, proposed)
    ]
    assert audited(tmp_path, *arms)["NG101"].verdict == verdict


LOOP = """\
import torch
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
{made}
for epoch in range(90):
    optimizer.step()
    {stepped}
"""


def test_a_scheduler_in_the_code_of_one_arm(tmp_path: Path) -> None:
    """The arm's own loop tells its schedule where no config does, and says that it is from code."""
    finding = audited(
        tmp_path,
        {"train.py": LOOP.format(made="", stepped="pass")},
        {"train.py": LOOP.format(
            made="s = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 90)", stepped="s.step()"
        )},
    )["NG201"]  # fmt: skip
    assert finding.verdict == "flagged" and "by its code" in finding.message


def test_one_scheduler_in_both_codes_shows_no_end_of_it(tmp_path: Path) -> None:
    """Equal names do not show where in the schedule the arms are compared."""
    made = "s = torch.optim.lr_scheduler.StepLR(optimizer, 30)"
    arms = [
        {"train.py": LOOP.format(made=made, stepped="s.step()") + f"# {name}\n"} for name in "ab"
    ]
    assert audited(tmp_path, *arms)["NG201"].verdict == "unknown"


def study_that_says(*said: tuple[float | bool, str | None]) -> Study:
    """Return a study whose paper states epochs, each of an arm or of none."""
    statements = tuple(
        Statement(
            quantity="epochs", value=value, arm=arm, text="t", source=Source(path="README.md")
        )  # type: ignore[arg-type]
        for value, arm in said
    )
    return Study(
        claim=Claim(),
        baseline=Arm(name="a"),
        proposed=Arm(name="b"),
        paper=Paper(statements=statements),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (((30, "proposed"), (2, None)), "disclosed"),
        (((30, None), (2, None)), "disclosed"),
        (((2, None),), "contradicted"),
        (((20, "proposed"), (30, None)), "contradicted"),
        (((15, "baseline"),), "undisclosed"),
        ((), "unstated"),
    ],
)
def test_what_is_said_of_no_arm_outweighs_nothing_said_of_one(
    said: tuple[tuple[float | bool, str | None], ...], expected: str
) -> None:
    """Text about further experiments does not contradict what is said of this one."""
    assert disclosure(study_that_says(*said), {"epochs": 30.0}) == expected
