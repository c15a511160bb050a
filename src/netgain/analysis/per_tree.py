"""What was found in a tree of code, remembered while an audit lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TypeVar

from netgain.side_process import worked_off
from netgain.study import CodeTree

Answer = TypeVar("Answer")
MOST = 64
"""Answers remembered at a time; the oldest goes first."""
MUCH_CODE = 500_000
"""Characters of code in each of two trees above which a second process looks into one of them."""
Looks = Callable[[CodeTree], Mapping[str, object]]
"""A function that returns the answers of several looks by their names."""
_answers: dict[tuple[str, CodeTree], object] = {}


def remembered(look: Callable[[CodeTree], Answer]) -> Callable[[CodeTree], Answer]:
    """Let a function of a tree answer a second time from memory."""
    name = name_of(look)

    @wraps(look)
    def answer(tree: CodeTree) -> Answer:
        key = (name, tree)
        if key not in _answers:
            _keep(key, look(tree))
        return _answers[key]  # type: ignore[return-value]  # what `look` returned

    return answer


def name_of(look: Callable[[CodeTree], object]) -> str:
    """Return under which name the answers of a function are remembered."""
    return f"{look.__module__}.{look.__qualname__}"


def remember(tree: CodeTree, answers: Mapping[str, object]) -> None:
    """Take over answers that another process found, by name of the function."""
    for name, found in answers.items():
        _keep((name, tree), found)


def look_ahead(trees: Sequence[CodeTree | None], looks: Looks) -> None:
    """Remember what several looks find in two large trees, shared with a second process.

    Args:
        trees: the trees of both arms; nothing is done where one is missing, small, or the other's equal.
        looks: a function of a module, which returns answers by `name_of` each look.
    """
    both = [tree for tree in trees if tree is not None]
    if len(both) < 2 or both[0] == both[1]:
        return
    if min(sum(len(file.text) for file in tree.files) for tree in both) < MUCH_CODE:
        return
    answers = worked_off(both, looks, aside=True, weight=lambda tree: len(tree.files))
    for tree, found in zip(both, answers, strict=True):
        remember(tree, found)


def forget() -> None:
    """Let go of every answer."""
    _answers.clear()


def _keep(key: tuple[str, CodeTree], found: object) -> None:
    while len(_answers) >= MOST:
        del _answers[next(iter(_answers))]
    _answers[key] = found
