"""Idioms of training scripts that a syntax tree shows: repeats, averaging, selection on test data."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from netgain.analysis.code_averages import Average, moving_averages
from netgain.analysis.code_file_copies import copied_files
from netgain.analysis.code_repeats import Counting, Repeat, repeats_in, stepping_functions
from netgain.analysis.idle_code import runs_nowhere
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    called_in,
    calls_in,
    dotted,
    last_name,
    literal,
    modules,
    names_in,
    nodes_of,
    place,
)
from netgain.study import CodeTree, Source, SourceFile

REPEATING_SAMPLERS = frozenset(
    {"RASampler", "RepeatAugSampler", "RepeatedAugSampler", "RepeatSampler"}
)
REPEAT_ARGUMENTS = frozenset({"num_repeats", "aug_repeats", "num_aug_repeats", "repeated_aug"})
AVERAGING_CLASSES = re.compile(
    r"AveragedModel|(?:Model)?E[Mm][Aa](?:V2|V3|Model|Callback|Hook)?|ExponentialMovingAverage|"
    r"WeightAveraging|StochasticWeightAveraging|SWA|Lookahead"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idiom:
    """One place where a script does something telling."""

    what: str
    """The idiom in a few words, equal for equal idioms in two trees."""
    source: Source
    """File and line."""
    times: int | None = None
    """Of a repeat: how often, where the code says it."""
    option: str = ""
    """Of a repeat: the option that says how often; `times` is then its default."""
    conditional: bool = False
    """Of a repeat: whether it stands under a condition."""


@remembered
def repeated_passes(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find samplers, arguments, loaders, data sets and inner loops that use a drawn sample several times.

    A repeat whose number is an option that is 1 by default is among them, for a run may have set it.
    """
    found: list[Idiom] = []
    counting = Counting(tree=tree)
    stepping = stepping_functions([m for file, m in modules(tree) if "backward" in file.text])
    for file, module in modules(tree):
        for call in calls_in(module):
            name = last_name(call)
            if name in REPEATING_SAMPLERS:
                found.append(Idiom(what=f"sampler {name}", source=place(file, call)))
            for keyword in call.keywords:
                value = literal(keyword.value)
                if keyword.arg in REPEAT_ARGUMENTS and isinstance(value, int) and value > 1:
                    found.append(Idiom(what=f"{keyword.arg}={value}", source=place(file, call)))
            if name == "ConcatDataset" and call.args and _repeats_one_item(call.args[0]):
                found.append(
                    Idiom(what="data set concatenated with itself", source=place(file, call))
                )
        for repeat in (*repeats_in(module, stepping), *copied_files(module)):
            idiom = _counted(file, module, repeat, counting)
            if idiom is not None:
                found.append(idiom)
    return tuple(found)


@remembered
def weight_averaging(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find averaged weights: library classes, and moving averages written by hand over parameters."""
    found: list[Idiom] = []
    for file, module in modules(tree):
        if not any(map(AVERAGING_CLASSES.fullmatch, called_in(module))):
            continue
        for call in calls_in(module):
            name = last_name(call)
            if AVERAGING_CLASSES.fullmatch(name):
                found.append(Idiom(what=f"averaged weights by {name}", source=place(file, call)))
    found += [
        Idiom(what="moving average over parameters", source=place(average.file, average.node))
        for average in _averages(tree)
        if average.role == "scored"
    ]
    return tuple(idiom for idiom in found if not runs_nowhere(tree, idiom.source))


@remembered
def _averages(tree: CodeTree) -> tuple[Average, ...]:
    return tuple(moving_averages(tree))


@remembered
def unscored_averages(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find moving averages that nothing evaluates: target networks, and those saved beside live weights."""
    words = {
        "target": "a network that training compares with, which nothing evaluates, saves or returns",
        "open": "a network that training compares with and that is saved beside the live weights",
    }
    return tuple(
        Idiom(what=words[average.role], source=place(average.file, average.node))
        for average in _averages(tree)
        if average.role != "scored"
    )


@remembered
def test_time_passes(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find predictions added up over several passes of one batch, flipped or otherwise changed."""
    found = []
    for file, module in modules(tree):
        for node in nodes_of(module, ast.BinOp):
            if not isinstance(node.op, ast.Add):
                continue
            sides = [side for side in (node.left, node.right) if isinstance(side, ast.Call)]
            if len(sides) == 2 and dotted(sides[0].func) == dotted(sides[1].func) != "":
                flipped = [s for s in sides if any("flip" in n for n in names_in(s))]
                if len(flipped) == 1:
                    found.append(Idiom(what="flipped second pass", source=place(file, node)))
    return tuple(found)


def _repeats_one_item(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return isinstance(node.left, ast.List) or isinstance(node.right, ast.List)
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) > 1:
        texts = [ast.dump(item) for item in node.elts]
        return len(set(texts)) == 1
    return False


def _counted(
    file: SourceFile, module: ast.Module, repeat: Repeat, counting: Counting
) -> Idiom | None:
    """Return a repeat with its number, None where that is 1 for good."""
    times, option = (None, "")
    if repeat.count is not None:
        times, option = counting.of(repeat.count, file.path, repeat.node)
    if times is not None and times <= 1 and not option:
        return None
    shown = "several" if repeat.count is None else " ".join(ast.unparse(repeat.count).split())[:40]
    return Idiom(
        what=repeat.what.format(shown if times is None else times),
        source=place(file, repeat.node),
        times=times,
        option=option,
        conditional=_is_conditional(module, repeat.node),
    )


def _is_conditional(module: ast.Module, node: ast.AST) -> bool:
    """Tell whether a node stands in an `if` that asks for anything but how the file was started."""
    line = getattr(node, "lineno", 0)
    return any(
        branch.lineno < line <= (branch.end_lineno or 0)
        and not isinstance(branch.test, ast.Constant)
        and "__name__" not in names_in(branch.test)
        for branch in nodes_of(module, ast.If)
    )
