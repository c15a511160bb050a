"""What each training script of a tree sets: batch, length, rate and seed, by value and place."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from netgain.analysis.configuration_entries import entries_of
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.constants import Origin
from netgain.analysis.followed_values import Answer, Follower
from netgain.analysis.per_tree import name_of, remembered
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.script_files import files_of
from netgain.analysis.syntax import literal, nodes_of
from netgain.analysis.training_sinks import Side, Sink, Targets, side_of, sinks_of, targets_of
from netgain.study import CodeTree

HINT = re.compile(
    r"DataLoader|IMS_PER_BATCH|BASE_LR|MAX_ITER|\.learn\(|batch|epoch|learning_rate|\blr\b|seed|max_(?:steps|iter)|Adam|SGD|\.backward\(|\.fit\(",
    re.IGNORECASE,
)
"""What a file that holds a sink says somewhere."""
MOST_SCRIPTS = 300
"""Scripts of one tree that are followed."""
MOST_WORDS = 400
"""Strings of one script or function by which a run can be told."""
LONGEST_WORD = 200
TRAINED = frozenset(
    {"epochs", "max_steps", "learning_rate", "batch_size", "per_device_train_batch_size"}
)
"""Quantities by which a script is one that trains."""
OF_LOADERS = frozenset({"batch_size", "seed"})
"""Quantities of what tries out a data set or scores a model, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value that a script may set a quantity to."""

    value: float
    """The value."""
    path: str
    """The file it is written in."""
    line: int | None
    """Its line."""
    words: tuple[str, ...]
    """Names, keys and strings of the calls it came through, by which its training may be told."""
    default: bool
    """Whether an option or a configuration file can replace it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingScript:
    """What one script sets its trainings to."""

    path: str
    """The script."""
    quantities: dict[str, tuple[Given | None, ...]]
    """Values by quantity; None among them where some are known to a run alone."""
    words: frozenset[str]
    """Strings in the script: names of files and folders it may write."""
    files: frozenset[str]
    """The script and the files it imports."""


@remembered
def training_scripts(tree: CodeTree) -> tuple[TrainingScript, ...]:
    """Return what the training scripts of a tree set, each followed into the files that it imports."""
    kept = tuple(file for file in tree.files if HINT.search(file.text))
    if not kept:
        return ()
    program = callers_of(tree).program
    sinks = {f.path: sinks_of(program, f.path) for f in kept if f.path in program.roots}
    sinks = {path: found for path, found in sinks.items() if found}
    if not sinks:
        return ()
    files = files_of(tree)
    idle = idle_scripts(tree)
    cells = {file.path: tuple(line for _, line in file.cells) for file in tree.files if file.cells}
    found = []
    for script in files.scripts[:MOST_SCRIPTS]:
        reached = files.reached(script)
        own = [sink for path in reached & set(sinks) for sink in sinks[path]]
        if own:
            asleep = {path: files.guarded(path) for path in reached if path != script}
            one = _script(tree, script, own, cells=cells, reached=reached, asleep=asleep)
            aside = script in idle and script in files.imported
            if one is not None and not (aside and set(one.quantities) <= OF_LOADERS):
                found.append(one)
    return tuple(found)


def scripts_into(tree: CodeTree) -> dict[str, object]:
    """Return what the reading of runs looks for in a tree, by the name of each look."""
    return {name_of(look): look(tree) for look in (training_scripts, idle_scripts)}


@remembered
def idle_scripts(tree: CodeTree) -> frozenset[str]:
    """Return the scripts of a tree that train nothing: what they set by default is no training's."""
    return files_of(tree).idle({file.path: file.text for file in tree.files})


def _script(
    tree: CodeTree,
    script: str,
    sinks: list[Sink],
    *,
    reached: frozenset[str],
    cells: dict[str, tuple[int, ...]],
    asleep: dict[str, tuple[range, ...]],
) -> TrainingScript | None:
    callers = callers_of(tree)
    follower = Follower(
        program=callers.program,
        files=reached,
        entries=entries_of(callers.program, sorted(reached)),
        asleep=asleep,
    )
    living = [
        sink
        for sink in sinks
        if follower.runs(sink.call, sink.scope.path)
        and is_reached(callers.program, sink.scope, reached)
        and not _seeds_one_object(sink)
    ]
    quantities: dict[str, list[Given | None]] = {}
    places = _Places(callers.program, cells)
    by_name: dict[str, list[Sink]] = {}
    for sink in living:
        by_name.setdefault(sink.name, []).append(sink)
    for name, group in by_name.items():
        chosen = _of_lowest_rank(group)
        answers = [(sink, one) for sink in chosen for one in _values(follower, sink)]
        if name == "batch_size":
            answers = _of_training(answers, places)
        quantities[name] = [
            places.given(one, sink) if one is not None else None for sink, one in answers
        ]
    if not TRAINED & set(quantities):
        return None
    return TrainingScript(
        path=script,
        quantities={
            name: tuple(dict.fromkeys(found)) for name, found in quantities.items() if found
        },
        words=places.strings(script),
        files=reached,
    )


def _seeds_one_object(sink: Sink) -> bool:
    """Tell whether a method seeds numpy or `random` alone, as data sets do for their own order."""
    return sink.rank > 0 and sink.scope.owner is not None


def _of_lowest_rank(sinks: list[Sink]) -> list[Sink]:
    """Return the sinks that seed a framework, where there are any beside those of numpy and `random`."""
    lowest = min(sink.rank for sink in sinks)
    return [sink for sink in sinks if sink.rank == lowest]


def _values(follower: Follower, sink: Sink) -> Answer:
    """Return the values of a sink; of a loop how often it runs."""
    found = follower.numbers(sink.value, sink.scope)
    if sink.less is None:
        return found
    start = literal(sink.less)
    if start is None:
        begun = follower.numbers(sink.less, sink.scope)
        known = [one.value for one in begun if one is not None]
        start = known[0] if len(set(known)) == 1 and len(known) == len(begun) else None
    if not isinstance(start, (int, float)):
        plain = not isinstance(sink.value, ast.BinOp)
        return found if plain else [None]
    if start == 0:
        return found
    return [one and replace(one, value=one.value - start) for one in found]


def _of_training(
    answers: list[tuple[Sink, Origin | None]], places: _Places
) -> list[tuple[Sink, Origin | None]]:
    """Return the batch sizes of what is trained on; those of unnamed data where none is."""
    sides = []
    for sink, one in answers:
        side = sink.side
        if side == "open" and one is not None:
            told = [places.side(call, path) for call, path in one.trail]
            side = next((found for found in told if found != "open"), side)
        sides.append(side)
    wanted = "train" if "train" in sides else "open"
    return [answer for answer, side in zip(answers, sides, strict=True) if side == wanted]


def is_reached(program: Program, scope: Scope, files: frozenset[str]) -> bool:
    """Tell whether code of some files calls, inherits or hands on what a scope stands in."""
    at: Scope | None = scope
    while at is not None:
        node = at.node
        if isinstance(node, FUNCTIONS) and at.parent is not None:
            method = isinstance(at.parent.node, ast.ClassDef)
            if not method and not _is_used(program, node.name, files) and not node.decorator_list:
                return False
        elif isinstance(node, ast.ClassDef):
            used = _is_used(program, node.name, files) or node.name in program.subclassed
            if not used and not node.decorator_list:
                return False
        at = at.parent
    return True


def _is_used(program: Program, name: str, files: frozenset[str]) -> bool:
    called = any(path in files for _, path in program.calls.get(name, ()))
    return called or program.passed_on[name] > 0


class _Places:
    """Words of the places that values came through."""

    def __init__(self, program: Program, cells: dict[str, tuple[int, ...]]) -> None:
        self.program = program
        self.cells = cells
        self._strings: dict[tuple[str, int], tuple[str, ...]] = {}
        self._targets: dict[str, Targets] = {}

    def side(self, call: ast.Call, path: str) -> Side:
        """Tell whose batches a call makes that hands on a size."""
        if path not in self._targets:
            self._targets[path] = targets_of(self.program, path)
        return side_of(call, self._targets[path])

    def given(self, found: Origin, sink: Sink) -> Given:
        """Return a value with the words of its way."""
        words: list[str] = list(found.words)
        for call, path in found.trail:
            words += self._around(call, path)
        if not found.trail:
            words += self._around(sink.call, sink.scope.path)
        return Given(
            value=found.value,
            path=found.path,
            line=found.line,
            words=tuple(dict.fromkeys(words)),
            default=found.default,
        )

    def strings(self, path: str) -> frozenset[str]:
        """Return the strings of a file."""
        return frozenset(self._of(self.program.roots[path].node, path))

    def _around(self, call: ast.AST, path: str) -> tuple[str, ...]:
        """Return the strings of a call, and of the function or the cell of a notebook around it."""
        scope = self.program.scope_of(call, path) if isinstance(call, ast.Call) else None
        while scope is not None and not isinstance(scope.node, (ast.Module, *FUNCTIONS)):
            scope = scope.parent
        if scope is not None and isinstance(scope.node, FUNCTIONS):
            return (scope.node.name, *self._of(scope.node, path), *self._of(call, path))
        if path in self.cells:
            return self._of_cell(call, path)
        return self._of(call, path)

    def _of_cell(self, call: ast.AST, path: str) -> tuple[str, ...]:
        line = getattr(call, "lineno", 0)
        begin = max((start for start in self.cells[path] if start <= line), default=0)
        end = min((start for start in self.cells[path] if start > line), default=10**9)
        key = (path, begin)
        if key not in self._strings:
            module = self.program.roots[path].node
            inside = [
                node.value[:LONGEST_WORD]
                for node in nodes_of(module, ast.Constant)
                if isinstance(node.value, str) and begin <= node.lineno < end
            ]
            self._strings[key] = tuple(inside[:MOST_WORDS])
        return self._strings[key]

    def _of(self, node: ast.AST, path: str) -> tuple[str, ...]:
        key = (path, id(node))
        if key not in self._strings:
            found = [
                one.value[:LONGEST_WORD]
                for one in nodes_of(node, ast.Constant)
                if isinstance(one.value, str)
            ]
            self._strings[key] = tuple(found[:MOST_WORDS])
        return self._strings[key]
