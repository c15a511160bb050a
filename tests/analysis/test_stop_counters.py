"""Numbers after which a counter of evaluations without a better score ends a training."""

from __future__ import annotations

import pytest

from netgain.analysis.literals import PATIENCE, buried_numbers
from netgain.study import CodeTree, SourceFile

LOOP = """\
import torch
def train(args):
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    bad, best = 0, 1e9
    for epoch in range(args.epochs):
        score = run_epoch(model, optimizer)
{body}
"""


def patience(body: str) -> list[float]:
    """Return what a loop buries as patience, its body given at two levels of indent."""
    indented = "\n".join("        " + line for line in body.splitlines())
    file = SourceFile(path="train.py", text=LOOP.format(body=indented))
    tree = CodeTree(root=".", files=(file,))
    return [number.value for number in buried_numbers(tree) if number.what == PATIENCE]


@pytest.mark.parametrize(
    "body",
    [
        "if score < best:\n    best = score\n    bad = 0\nelse:\n    bad += 1\nif bad > 15:\n    break",
        "if seen and score < np.min(seen):\n    bad = 0\nelse:\n    bad = bad + 1\nif bad > 15:\n    break",
        "bad += 1\nif score <= best - 1e-4:\n    bad = 0\nif bad == 15:\n    print('stop')\n    return model",
        "if improved:\n    bad = 0\nelse:\n    bad += 1\n    if bad >= 15:\n        early_stop = True",
        "if is_best:\n    best, bad = score, 0\nelse:\n    bad += 1\nif epoch > 9 and bad >= 15:\n    break",
    ],
)
def test_a_counter_that_a_better_score_sets_back_ends_the_training(body: str) -> None:
    """Each way of writing it holds the same 15."""
    assert patience(body) == [15.0]


@pytest.mark.parametrize(
    "body",
    [
        "bad += 1\nif bad > 15:\n    break",
        "bad = 0\nfor batch in loader:\n    bad += 1\n    if bad > 15:\n        break",
        "if score < best:\n    bad = 0\nelse:\n    bad += 1\nif bad > args.patience:\n    break",
        "if score < best:\n    bad = 0\nelse:\n    bad += 1\nif bad > 15:\n    print('no progress')",
        "if place != last:\n    bad = 0\nelse:\n    bad += 1\nif bad > 15:\n    break",
        "if score < best:\n    bad = 0\nif epoch > 15:\n    break",
        "if score < best:\n    bad = 0\nelse:\n    bad += 1\nif bad > 15:  # as published\n    break",
    ],
)
def test_a_limit_that_no_score_sets_back_is_no_patience(body: str) -> None:
    """Limits of steps, exposed patiences, messages, positions and explained numbers are none."""
    assert patience(body) == []


def test_a_counter_of_another_function_is_not_the_one_compared() -> None:
    """The name is set back in one function and limits another one's steps."""
    text = (
        "import torch\ndef look(seen):\n"
        "    if seen[-1] < seen[0]:\n        bad = 0\n    else:\n        bad += 1\n"
        "def train(args):\n    optimizer = torch.optim.Adam(p, lr=args.lr)\n    bad = 0\n"
        "    for batch in loader:\n        bad += 1\n        if bad > 15:\n            break\n"
    )
    tree = CodeTree(root=".", files=(SourceFile(path="train.py", text=text),))
    assert not [number for number in buried_numbers(tree) if number.what == PATIENCE]
