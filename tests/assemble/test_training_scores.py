"""Bare scores beside those of an evaluation."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.analysis.scores import recompute
from netgain.assemble.claim import complete_claim
from netgain.assemble.training_scores import with_training_named
from netgain.study import Cited, Claim, Curve, Paper, Run, Source, Statement


def curve(name: str, line: int, *, split: str | None = None, points: int = 4) -> Curve:
    """Return a curve by epoch that begins on a line of one log."""
    steps = tuple(float(at) for at in range(1, points + 1))
    return Curve(
        name=name,
        key=name,
        split=split,  # type: ignore[arg-type]  # one of the splits
        unit="epoch",
        steps=steps,
        values=steps,
        source=Source(path="a.log", line=line, key=name),
    )


def splits(*curves: Curve) -> list[str | None]:
    """Return the splits that the curves have in the end."""
    return [found.split for found in with_training_named(curves)]


def test_a_bare_score_beside_that_of_an_evaluation_is_of_the_training() -> None:
    """Keras prints `dice` and `val_dice` for each epoch."""
    assert splits(curve("dice", 1), curve("dice", 1, split="validation"))[0] == "train"


def test_a_bare_score_beside_both_splits_stays_without_one() -> None:
    """Training and validation are both said: the third is something else."""
    found = splits(
        curve("accuracy", 1),
        curve("accuracy", 1, split="validation"),
        curve("accuracy", 1, split="train"),
    )
    assert found[0] is None


def test_accuracy_on_lines_of_the_learning_rate_is_of_the_training() -> None:
    """A loop prints loss, accuracy and rate of its batches; the evaluation has lines of its own."""
    found = splits(
        curve("loss", 1),
        curve("accuracy", 1),
        curve("learning_rate", 1),
        curve("map", 9, points=2),
    )
    assert found == [None, "train", None, None]


def test_the_only_score_of_a_log_keeps_its_name() -> None:
    """With nothing evaluated apart, the accuracy beside the loss may be that of held-out data."""
    assert splits(curve("loss", 1), curve("accuracy", 1)) == [None, None]


def test_columns_of_one_table_stand_on_one_line() -> None:
    """A table's header is the line of all its columns, so no column stands apart."""
    assert splits(curve("loss", 1), curve("accuracy", 1), curve("f1", 1)) == [None, None, None]


def test_one_final_test_is_no_counterpart_of_each_epoch() -> None:
    """A single test score says nothing of what the loop measured each epoch."""
    assert splits(curve("f1", 1, points=9), curve("f1", 1, split="test", points=1))[0] is None


def run(**finals: float) -> Run:
    """Return a run with final scores, `__` for the slash."""
    cited = {
        name.replace("__", "/"): Cited(value=value, source=Source(path="r.json"))
        for name, value in finals.items()
    }
    return Run(id="r", group="r", finals=cited)


def test_what_an_evaluation_gave_is_claimed_before_any_training_score() -> None:
    """A loss on test data is taken rather than an accuracy on training data."""
    runs = [run(train__accuracy=1.0, test__loss=0.3)]
    assert complete_claim(Claim(), Paper(), runs, runs).metric == "loss"


def test_map_of_a_paper_is_that_of_the_detectors_logs() -> None:
    """A README says `mAP` where the logs say its thresholds."""
    said = tuple(
        Statement(quantity="map", value=value, arm=arm, text="t", source=Source(path="README.md"))  # type: ignore[arg-type]
        for value, arm in ((40.1, "baseline"), (42.0, "proposed"))
    )
    runs = [run(test__map50_95=0.4)]
    claim = complete_claim(Claim(), Paper(statements=said), runs, runs)
    assert (claim.metric, claim.baseline and claim.baseline.value) == ("map50_95", 40.1)


def test_a_reidentification_log_is_compared_by_its_evaluation(tmp_path: Path) -> None:
    """`mAP: 86.9%` and CMC ranks on lines of their own win over the accuracy of batches."""
    for arm, score in (("base", 77), ("ours", 79)):
        lines = []
        for epoch in range(1, 7):
            lines.append(
                f"2020-10-07 10:33:51,162 reid.train INFO: Epoch[{epoch}] Iteration[100/186] "
                f"Loss: {9 - epoch}.6, Acc: 0.9{epoch}, Base Lr: 3.6e-0{epoch}"
            )
            if epoch % 3 == 0:
                lines += [
                    f"2020-10-07 10:34:00,100 reid.train INFO: Validation Results - Epoch: {epoch}",
                    f"2020-10-07 10:34:00,101 reid.train INFO: mAP: {score + epoch}.2%",
                    f"2020-10-07 10:34:00,102 reid.train INFO: CMC curve, Rank-1  :9{epoch}.4%",
                ]
        (tmp_path / arm).mkdir()
        (tmp_path / arm / "train.log").write_text("\n".join(lines) + "\n")
    study = netgain.read(baseline=tmp_path / "base", proposed=tmp_path / "ours")
    found = {(c.split, c.name): (c.unit, len(c.values)) for c in study.proposed.runs[0].curves}
    assert study.claim.metric == "map"
    assert found["train", "accuracy"] == ("epoch", 6)
    assert found[None, "rank_1"] == found[None, "map"] == ("epoch", 2)
    recomputed = recompute(study)
    assert recomputed is not None and abs(recomputed.gain - 2.0) < 1e-9


def test_a_bare_loss_beside_that_of_held_out_data_is_of_the_training() -> None:
    """NanoGPT prints the loss of single batches between `step 500: train loss 1.7, val loss 1.9`."""
    found = splits(
        curve("loss", 1, split="train"), curve("loss", 1, split="validation"), curve("loss", 2)
    )
    assert found == ["train", "validation", "train"]


def test_a_loss_alone_stays_without_a_split() -> None:
    """Nothing else says what it was taken on."""
    assert splits(curve("loss", 1)) == [None]
