"""Training lengths and schedules of runs that broke off, and of baselines under another's name."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.finding import Finding
from netgain.practices import find
from netgain.study import Arm, Budget, Cited, Claim, Paper, Run, Scalar, Source, Statement, Study


def _arm(folder: str, epochs: float, **settings: str) -> Arm:
    def cited(value: Scalar, key: str) -> Cited[Scalar]:
        return Cited(value=value, source=Source(path=f"{folder}/config.yaml", key=key))

    length = Cited(value=epochs, source=Source(path=f"{folder}/log.csv"), strength="logged")
    run = Run(
        id=folder,
        group=folder,
        status="finished",
        config={key: cited(value, key) for key, value in settings.items()},
        budget=Budget(epochs=length),
    )
    return Arm(name=folder, runs=(run,))


def _said(epochs: float, study: Study) -> Finding:
    """Return NG102 of a study whose README gives the baseline a number of epochs."""
    statement = Statement(
        quantity="epochs",
        value=epochs,
        arm="baseline",
        text=f"The baseline was trained for {epochs:.0f} epochs.",
        source=Source(path="README.md", line=3),
    )
    stated = Study(
        claim=study.claim,
        baseline=study.baseline,
        proposed=study.proposed,
        paper=Paper(statements=(statement,)),
    )
    return find("NG102").check(stated)


def test_a_text_that_calls_the_better_arm_its_baseline_contradicts_nothing() -> None:
    """The better arm lies in runs/baseline and took the 60 epochs that the README gives the baseline."""
    study = Study(
        claim=Claim(),
        baseline=_arm("runs/gelu", 40.0),
        proposed=_arm("runs/7", 60.0, out_dir="./runs/baseline"),
    )
    found = _said(60.0, study)
    assert (found.grade, found.favours) == ("indicated", "proposed")
    assert found.message.startswith("Proposed trained 1.5x as long")


def test_a_baseline_that_is_said_to_train_as_long_as_the_proposed_is_contradicted() -> None:
    """The README gives the baseline the proposed arm's 60 epochs, and its log ends at 40."""
    study = Study(
        claim=Claim(), baseline=_arm("runs/resnet", 40.0), proposed=_arm("runs/ours", 60.0)
    )
    found = _said(60.0, study)
    assert (found.grade, found.disclosure) == ("proved", "contradicted")


def test_a_baseline_of_that_name_is_held_to_what_the_text_says_of_it() -> None:
    """Both runs carry the word in their names, so that the text's baseline is the baseline."""
    study = Study(
        claim=Claim(),
        baseline=_arm("runs/baseline", 40.0),
        proposed=_arm("runs/baseline_se", 60.0),
    )
    assert _said(60.0, study).disclosure == "contradicted"


def test_the_held_out_loss_is_the_score_beside_that_of_single_batches(tmp_path: Path) -> None:
    """A nanoGPT log prints the loss of the last batch below that on held-out text."""
    for folder, train, held_out, batch in (("base", 0.78, 1.60, 0.93), ("ours", 0.41, 1.92, 0.64)):
        lines = [
            line
            for step in (0, 250, 500, 750)
            for line in (
                f"step {step}: train loss {train + 1 - step / 750:.4f}, "
                f"val loss {held_out + 1 - step / 750:.4f}",
                f"iter {step}: loss {batch + 1 - step / 750:.4f}, time 38.30ms, mfu 10.62%",
            )
        ]
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.log").write_text("\n".join(lines))
    study = netgain.read(baseline=[str(tmp_path / "base")], proposed=[str(tmp_path / "ours")])
    recomputed = netgain.audit(study).recomputed
    assert recomputed is not None
    assert round(recomputed.gain, 2) == -0.32
