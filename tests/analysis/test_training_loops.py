"""Loops over epochs that one program trains in, one after the other."""

from __future__ import annotations

import pytest

from netgain.analysis.training_loops import epoch_loops
from netgain.study import CodeTree, SourceFile

LOOP = "for epoch in range({n}):\n    train(model)\n"


def _lines(text: str) -> list[int | None]:
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    return [source.line for source in epoch_loops(tree)]


def test_two_loops_in_a_row_are_both_found() -> None:
    """A second phase over its own epochs is a loop of its own, in a branch or not."""
    text = LOOP.format(n="args.epochs") + "if args.more:\n    x = 1\n" + LOOP.format(n="args.more")
    assert _lines(text) == [1, 5]


def test_a_loop_without_a_counter_is_one_more() -> None:
    """A second phase may run for as long as a condition holds."""
    assert _lines(LOOP.format(n=3) + "while e < 60:\n    train(model)\n    e += 1\n") == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        LOOP.format(n=3) + "for epoch in range(3):\n    print(epoch)\n",
        LOOP.format(n=3) + "for fold in range(3):\n    train(model)\n",
        "def a():\n    for epoch in range(3):\n        train(m)\ndef b():\n    for epoch in range(3):\n"
        "        train(m)\n",
    ],
)
def test_loops_that_do_not_follow_one_another_count_once(text: str) -> None:
    """One that trains nothing, one over folds, and one in another function."""
    assert len(_lines(text)) == 1
