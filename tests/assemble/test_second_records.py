"""Which records show one training twice."""

from __future__ import annotations

from netgain.assemble.counted import without_few_scores, without_second_records
from netgain.study import Cited, Curve, Run, Source

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


def _scored(name: str, file: str, *scores: float) -> Run:
    finals = {
        f"score_{at}": Cited(value=score, source=Source(path=f"{name}/{file}"), strength="logged")
        for at, score in enumerate(scores)
    }
    return Run(id=name, group=name, finals=finals)


def test_event_files_with_the_scores_of_a_log_are_no_second_run() -> None:
    """One time stamp names a log and event files whose scores it prints rounded."""
    log = _scored("beauty/0125182706", "log.txt", 0.1714, 0.0181, 0.0127)
    events = _scored("core/0125182706", "events.out.tfevents.1.a", 0.171396, 0.018139, 0.012667)
    other = _scored("core/0125190134", "events.out.tfevents.1.b", 0.169950, 0.018595, 0.013405)
    kept, dropped = without_few_scores([log, events, other])
    assert [run.id for run in kept] == ["beauty/0125182706", "core/0125190134"]
    assert "beauty/0125182706" in dropped[0].why


def test_event_files_of_other_scores_are_a_run() -> None:
    """Two arms that were started at one moment end with other scores."""
    log = _scored("baseline/0125182706", "log.txt", 0.1714, 0.0181, 0.0127)
    events = _scored("ours/0125182706", "events.out.tfevents.1.a", 0.2714, 0.0281, 0.0227)
    assert len(without_few_scores([log, events])[0]) == 2
