"""Tables to which several trainings were appended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import metric_log
from netgain.readers.base import RunFacts

from .conftest import ReadAll

Write = Callable[[str, str | bytes], Path]
HEADER = "epoch,train_loss,val_acc\n"
FIRST = ["1,3.2,0.2", "2,2.5,0.3", "3,2.0,0.4", "4,1.6,0.5"]
SECOND = ["1,3.7,0.1", "2,3.1,0.2", "3,2.7,0.3", "4,2.3,0.4"]


def _lengths(facts: list[object]) -> dict[str, list[int]]:
    found = [fact for fact in facts if isinstance(fact, RunFacts)]
    return {fact.run_id: [len(series.values) for series in fact.series] for fact in found}


def _log(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def test_a_second_training_in_one_table_is_a_run(write: Write, read_all: ReadAll) -> None:
    """Epochs 1 to 4 twice, the losses high again: two trainings, none dropped."""
    facts = read_all(metric_log.READER, write("train_log.csv", _log(*FIRST, *SECOND)))
    assert _lengths(list(facts)) == {"train_log 1": [4, 4], "train_log 2": [4, 4]}


def test_the_last_training_may_have_broken_off(write: Write, read_all: ReadAll) -> None:
    """Epochs 1 to 4, then 1 to 2."""
    facts = read_all(metric_log.READER, write("train_log.csv", _log(*FIRST, *SECOND[:2])))
    assert _lengths(list(facts)) == {"train_log 1": [4, 4], "train_log 2": [2, 2]}


def test_a_training_begun_again_after_it_broke_off_is_one(write: Write, read_all: ReadAll) -> None:
    """Epochs 1 to 3, then 1 to 4: the first start was thrown away."""
    facts = read_all(metric_log.READER, write("train_log.csv", _log(*FIRST[:3], *SECOND)))
    assert _lengths(list(facts)) == {"": [4, 4]}


def test_parts_of_one_training_are_counted_on(write: Write, read_all: ReadAll) -> None:
    """Epochs 1 to 4 twice, the losses going on where they were left: eight epochs of one training."""
    later = ["1,1.5,0.52", "2,1.4,0.53", "3,1.3,0.54", "4,1.2,0.55"]
    (fact,) = read_all(metric_log.READER, write("train_log.csv", _log(*FIRST, *later)))
    assert isinstance(fact, RunFacts)
    assert [series.steps[-1] for series in fact.series] == [8.0, 8.0]


@pytest.mark.parametrize("words", [("train", "val")])
def test_rows_of_two_splits_are_no_trainings(
    write: Write, read_all: ReadAll, words: tuple[str, str]
) -> None:
    """A column that says `train` above and `val` below tells the two apart."""
    rows = [
        f"{n},{word},{2 / n + 0.1 * at:.3f}" for at, word in enumerate(words) for n in (1, 2, 3, 4)
    ]
    text = "epoch,phase,loss\n" + "".join(f"{row}\n" for row in rows)
    found = _lengths(list(read_all(metric_log.READER, write("train_log.csv", text))))
    assert not any(name.startswith("train_log ") for name in found)
