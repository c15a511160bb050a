"""What `model.evaluate(x_test, y_test)` gave in a notebook: the list it showed, or the bar it printed.

Keras shows `[0.0988, 0.8693]` without names: the loss, then what `compile` was told to measure, in its order.
Which data were scored stands in the names of the call's arguments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from netgain.analysis.syntax import walk
from netgain.errors import UnreadableFile
from netgain.readers._notebook_file import Cell, python_lines
from netgain.readers._python_literals import parse
from netgain.readers.base import Entry, Final

Split = Literal["train", "validation", "test"]
SPLIT_WORDS: dict[str, Split] = {
    "test": "test", "tst": "test", "testing": "test", "holdout": "test",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "train": "train", "training": "train",
}  # fmt: skip
SHOWN = re.compile(r"\s*(?:\[(?P<several>[^\[\]]{3,400})\]|(?P<one>-?\d+\.\d+(?:e-?\d+)?))\s*")
"""A list of numbers, or one with decimals, alone on a line."""
BAR = re.compile(r"\d+/\d+ \[=*>?\.*\]|\bsteps?\b.{0,20} - loss: |\d+/\d+ .{0,40} - loss: ")
"""What Keras prints while it evaluates."""
MOST_METRICS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluation:
    """One cell that scores a model."""

    split: Split
    names: tuple[str, ...]
    """What it measures, the loss first."""
    shows: bool
    """Whether the last line of the cell is the call itself, so that its value is shown."""


def evaluations_in(cells: Sequence[Cell]) -> dict[int, _Evaluation]:
    """Return the cells, by number, that score a model on one split of the data and train nothing."""
    found: dict[int, _Evaluation] = {}
    names: tuple[str, ...] = ("loss",)
    for cell in cells:
        tree = _tree(cell)
        if tree is None:
            continue
        calls = [node for node in walk(tree) if isinstance(node, ast.Call)]
        for call in calls:
            names = _measured_by(call) or names
        scoring = [call for call in calls if _called(call) == "evaluate"]
        splits = {_split_of(call) for call in scoring}
        split = splits.pop() if len(splits) == 1 else None
        if split is None or any(_called(call) in ("fit", "fit_generator") for call in calls):
            continue
        last = tree.body[-1]
        shows = isinstance(last, ast.Expr) and last.value in scoring
        found[cell.number] = _Evaluation(split=split, names=names, shows=shows)
    return found


def finals_shown(entry: Entry, cells: Sequence[Cell]) -> tuple[Final, ...]:
    """Return the scores that evaluations showed after the notebook's training, each stated once.

    Nothing is returned of a quantity that several of them scored differently.
    """
    trained = [cell.number for cell in cells if _trains(cell)]
    scored = evaluations_in(cells)
    if not trained or not scored:
        return ()
    found: dict[str, list[Final]] = {}
    for cell in cells:
        evaluation = scored.get(cell.number)
        if evaluation is None or not evaluation.shows or cell.number < max(trained):
            continue
        for final in _finals(entry, cell, evaluation):
            found.setdefault(final.key, []).append(final)
    return tuple(same[0] for same in found.values() if len({f.value for f in same}) == 1)


def with_split(cell: Cell, evaluation: _Evaluation | None) -> Iterator[tuple[int, str]]:
    """Yield what a cell printed; the bars of an evaluation begin with the split it scored."""
    for line, text in cell.printed:
        bar = evaluation is not None and BAR.search(text) is not None
        yield line, f"{evaluation.split} {text}" if bar and evaluation else text


def _finals(entry: Entry, cell: Cell, evaluation: _Evaluation) -> Iterator[Final]:
    shown = [(line, found) for line, text in cell.printed if (found := SHOWN.fullmatch(text))]
    if not shown:
        return
    line, found = shown[-1]
    try:
        values = [float(part) for part in (found["several"] or found["one"]).split(",")]
    except ValueError:
        return
    if len(values) != len(evaluation.names):
        return
    for name, value in zip(evaluation.names, values, strict=True):
        key = f"{evaluation.split}_{name}"
        yield Final(key=key, value=value, source=entry.source(line=line, key=key))


def _trains(cell: Cell) -> bool:
    return any(re.search(r"\.fit(?:_generator)?\s*\(", text) for _, text in cell.source)


def _tree(cell: Cell) -> ast.Module | None:
    text = "\n".join(line for _, line in python_lines(cell))
    if "evaluate" not in text and "compile" not in text:
        return None
    try:
        tree = parse(text)
    except UnreadableFile:
        return None
    return tree if tree.body else None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _measured_by(call: ast.Call) -> tuple[str, ...] | None:
    """Return the loss and the metrics that `model.compile` names; None for other calls."""
    if _called(call) != "compile" or not call.keywords:
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    metrics = given.get("metrics")
    if metrics is None:
        return ("loss",) if "loss" in given or "optimizer" in given else None
    listed = metrics.elts if isinstance(metrics, (ast.List, ast.Tuple)) else [metrics]
    names = [_name_of(metric) for metric in listed[:MOST_METRICS]]
    return ("loss", *(name or "?" for name in names))


def _name_of(metric: ast.expr) -> str | None:
    if isinstance(metric, ast.Constant) and isinstance(metric.value, str):
        return metric.value
    if isinstance(metric, ast.Call):
        named = [k.value for k in metric.keywords if k.arg == "name"]
        if named and isinstance(named[0], ast.Constant):
            return str(named[0].value)
        return _name_of(metric.func)
    word = getattr(metric, "attr", getattr(metric, "id", None))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower() if isinstance(word, str) else None


def _split_of(call: ast.Call) -> Split | None:
    """Return the one split that the words of a call's arguments name."""
    words = [
        str(part)
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        for node in walk(argument)
        for part in (
            getattr(node, "id", ""),
            getattr(node, "attr", ""),
            getattr(node, "value", "") if isinstance(node, ast.Constant) else "",
        )
    ]
    found = {
        SPLIT_WORDS[part]
        for word in words
        for part in re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower())
        if part in SPLIT_WORDS
    }
    return found.pop() if len(found) == 1 else None
