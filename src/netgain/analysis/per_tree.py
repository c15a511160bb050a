"""What was found in a tree of code, remembered while an audit lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TypeVar

from netgain.study import CodeTree

Answer = TypeVar("Answer")
MOST = 64
"""Answers remembered at a time; the oldest goes first."""
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


def forget() -> None:
    """Let go of every answer."""
    _answers.clear()


def _keep(key: tuple[str, CodeTree], found: object) -> None:
    while len(_answers) >= MOST:
        del _answers[next(iter(_answers))]
    _answers[key] = found
