"""Best-so-far kept by a score on test data, as training scripts write it."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from netgain.analysis.constant_calls import callers_of
from netgain.analysis.data_splits import Splits
from netgain.analysis.extremes import (
    EXTREMES,
    LOWER_IS_BETTER,
    REPEAT_WORD,
    SAVING,
    SCORE_WORD,
    assigned_in,
    compares,
    is_score,
    kept_best,
    reduced,
    saves,
)
from netgain.analysis.library_selection import (
    Selection,
    by_place,
    chosen_by_library,
    history_of_fit,
    monitored,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import COMPREHENSIONS, Scope
from netgain.analysis.split_words import NONE, TEST_WORD, Marks, is_test
from netgain.analysis.statement_flow import Loop, Place, Write, header_nodes, key_of
from netgain.analysis.syntax import called_in, dotted, last_name, nodes_of, words_in
from netgain.study import CodeTree, Source

OTHER_REPEAT = re.compile(r"(?:^|[_.])(?:datasets?|tasks?|domains?|splits?|clients?)(?:_|$|\d)")
STOPPERS = re.compile(r"(?:.*[._])?(?:early_?stop\w*|stopper)", re.IGNORECASE)
STOPPING = frozenset({"step", "update", "check"})
"""Methods by which an object that stops early is told a score."""
ATTACKED = re.compile(
    r"delta|perturb|adversar|(?:^|[._])adv(?:[._]|$)|attack|trigger", re.IGNORECASE
)
"""Names of changed inputs, of which an attack keeps the best."""
HISTORIES = re.compile(r"hist|log|curve|metric|record|stat", re.IGNORECASE)
"""Names of what holds the scores of one training."""
VALIDATION_KEY = re.compile(r"^['\"]?val(?:id(?:ation)?)?_", re.IGNORECASE)
"""Keys under which Keras notes scores on what it was given for validation."""
EVALUATING = re.compile(r"eval|valid|test", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A comparison that keeps the better of two scores."""

    line: int
    score: str
    marks: Marks
    saves: bool


@remembered
def selection_on_test(tree: CodeTree) -> tuple[Selection, ...]:
    """Find where the best so far, the best of a curve or a checkpoint is chosen by a score on test data.

    Scores are followed to the data they were computed on through names, loops over loaders, arguments and
    functions of the tree. The best over seeds, folds or data sets is not among them, nor is a best test
    score that is only noted beside a choice by validation data.
    """
    callers = callers_of(tree)
    program = callers.program
    splits = Splits(program=program, callers=callers)
    found: list[Selection] = []
    found.extend(chosen_by_library(splits))
    for root in program.roots.values():
        found.extend(monitored(root))
        stops = any("stop" in word.lower() for word in words_in(root.node))
        for scope in (root, *root.below):
            if not isinstance(scope.node, (ast.Lambda, ast.ClassDef, *COMPREHENSIONS)):
                found.extend(_in_scope(scope, splits, stops=stops))
    first: dict[tuple[str, int | None], Selection] = {}
    for selection in found:
        first.setdefault((selection.source.path, selection.source.line), selection)
    return tuple(first.values())


def _in_scope(scope: Scope, splits: Splits, *, stops: bool) -> Iterator[Selection]:
    extremes = _extreme_lines(scope.node)
    if not (stops or extremes or any(map(compares, nodes_of(scope.node, ast.Compare)))):
        return
    kept: list[_Kept] = []
    for statement, at in splits.flow(scope).statements:
        then = splits.flow(scope).after(at) if isinstance(statement, ast.If) else []
        scores = list(kept_best(statement, then))
        elsewhere = bool(scores and at.loops) and (
            _is_repeat(at.loops[-1]) or _over_items(at.loops[-1], scope, at, splits)
        )
        if isinstance(statement, ast.If) and any(
            map(ATTACKED.search, assigned_in([*statement.body, *then]))
        ):
            continue  # the strongest change of an input is searched, and no epoch chosen
        for score, _ in () if elsewhere else scores:
            if not is_score(score):
                continue
            saving = isinstance(statement, ast.If) and saves([*statement.body, *then])
            saving = saving or _decides_a_save(statement, scope)
            marks = splits.of(score, scope, at)
            kept.append(
                _Kept(line=statement.lineno, score=_shown(score), marks=marks, saves=saving)
            )
        for call in header_nodes(statement) if stops or _spans(statement, extremes) else ():
            if isinstance(call, ast.Call):
                yield from _extreme(call, statement, scope, splits)
                if stops:
                    yield from _stopped(call, scope, at, splits)
    by_validation = any(
        one.saves and any(mark.split == "validation" for mark in one.marks) for one in kept
    )
    for one in kept:
        if is_test(one.marks) and (one.saves or not by_validation):
            found = _selection(f"best so far kept by {one.score!r}", one.line, scope, one.marks)
            yield replace(found, saves=one.saves)


def _extreme_lines(node: ast.AST) -> list[int]:
    """Return the lines at which something takes an extreme, in order."""
    if called_in(node).isdisjoint(EXTREMES):
        return []
    return sorted(c.lineno for c in nodes_of(node, ast.Call) if last_name(c) in EXTREMES)


def _spans(statement: ast.stmt, lines: list[int]) -> bool:
    """Tell whether one of some lines belongs to a statement."""
    first = bisect_left(lines, statement.lineno)
    return first < len(lines) and lines[first] <= (statement.end_lineno or lines[first])


def _decides_a_save(statement: ast.stmt, scope: Scope) -> bool:
    """Match `is_best = acc > best` where a later call or branch saves by `is_best`."""
    if not isinstance(statement, ast.Assign) or not nodes_of(statement.value, ast.Compare):
        return False
    names = {key_of(target) for target in statement.targets} - {""}
    given = (
        key_of(argument)
        for call in nodes_of(scope.node, ast.Call)
        if SAVING.fullmatch(last_name(call))
        for argument in (*call.args, *(k.value for k in call.keywords))
    )
    return not names.isdisjoint(given) or any(
        not names.isdisjoint(map(dotted, nodes_of(branch.test, ast.Name))) and saves(branch.body)
        for branch in nodes_of(scope.node, ast.If)
    )


def _selection(what: str, line: int, scope: Scope, marks: Marks) -> Selection:
    place = Source(path=scope.path, line=line)
    renamed = sorted((mark for mark in marks if mark.renamed), key=by_place)
    if renamed:
        first = renamed[0]
        return Selection(what=what, source=place, renamed=first.renamed, data=first.source)
    return Selection(what=f"{what}, a test score", source=place)


def _shown(node: ast.expr) -> str:
    return key_of(node) or ast.unparse(node)[:60]


def _is_repeat(loop: Loop) -> bool:
    """Tell whether a loop goes over seeds, folds or data sets."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)):
        return False
    names = [
        dotted(node)
        for part in (loop.target, loop.iter)
        for node in (*nodes_of(part, ast.Name), *nodes_of(part, ast.Attribute))
    ]
    return any(REPEAT_WORD.search(name) or OTHER_REPEAT.search(name) for name in names)


def _over_items(loop: Loop, scope: Scope, at: Place, splits: Splits) -> bool:
    """Tell whether a loop goes over the items of a test set: what is best among them chooses no epoch."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)) or isinstance(
        loop.iter, (ast.List, ast.Tuple)
    ):
        return False
    return is_test(splits.of(loop.iter, scope, replace(at, loops=at.loops[:-1])))


def _stopped(call: ast.Call, scope: Scope, at: Place, splits: Splits) -> Iterator[Selection]:
    """Yield `early_stopping(test_loss, model)`."""
    named = STOPPERS.fullmatch(dotted(call.func)) or (
        last_name(call) in STOPPING
        and isinstance(call.func, ast.Attribute)
        and STOPPERS.fullmatch(dotted(call.func.value))
    )
    if not named or not call.args or not SCORE_WORD.search(key_of(call.args[0])):
        return
    marks = splits.of(call.args[0], scope, at)
    if is_test(marks):
        what = f"stopped early by {_shown(call.args[0])!r}"
        yield _selection(what, call.lineno, scope, marks)


def _extreme(
    call: ast.Call, statement: ast.stmt, scope: Scope, splits: Splits
) -> Iterator[Selection]:
    """Yield the maximum (of losses the minimum) of a list of test scores that one training filled."""
    found = reduced(call, statement)
    if found is None or not (name := key_of(found[0])):
        return
    lower = LOWER_IS_BETTER.search(name) is not None
    if lower != (found[1] == "min"):
        return
    fillings = _fillings(name, scope, splits)
    base, _, key = name.partition("[")
    if fillings:
        along = [(w, where) for w, where in fillings if _along_training(w, where, splits)]
        named = SCORE_WORD.search(name) or any(_scores(write) for write, _ in along)
        marks = frozenset(
            mark for write, where in along for mark in splits.of(write.value, where, write.place)
        )
        counts = bool(along and named)
    else:
        counts = bool(TEST_WORD.search(key) and SCORE_WORD.search(key) and HISTORIES.search(base))
        marks = splits.of(found[0], scope, Place(line=statement.lineno))
        kept = history_of_fit(base, scope, splits) if VALIDATION_KEY.search(key) else NONE
        counts, marks = counts or bool(kept), kept or marks
    if counts and is_test(marks):
        yield _selection(f"best of {name!r} over one training", call.lineno, scope, marks)


def _scores(write: Write) -> bool:
    """Tell whether what is put into a list is a score."""
    shown = _shown(write.value)
    return SCORE_WORD.search(shown) is not None or EVALUATING.search(shown) is not None


def _fillings(name: str, scope: Scope, splits: Splits) -> list[tuple[Write, Scope]]:
    """Return what adds to a list: in its scope, or for an attribute in all methods of the class."""
    writes = splits.flow(scope).writes.get(name, [])
    own = [(write, scope) for write in writes if write.fills]
    if not own and not name.startswith("self."):
        return [filling for write in writes for filling in _filled_by_call(write, scope, splits)]
    if own or scope.owner is None:
        return own
    return [
        (write, method)
        for method in scope.owner.below
        if not isinstance(method.node, (ast.Lambda, *COMPREHENSIONS))
        for write in splits.flow(method).writes.get(name, [])
        if write.fills
    ]


def _filled_by_call(write: Write, scope: Scope, splits: Splits) -> list[tuple[Write, Scope]]:
    """Return what adds to the list that a function of the tree returns."""
    found: list[tuple[Write, Scope]] = []
    functions = splits.called(write.value, scope) if isinstance(write.value, ast.Call) else []
    for function in functions:
        flow = splits.flow(function)
        for statement, _ in flow.statements:
            value = statement.value if isinstance(statement, ast.Return) else None
            if write.index is not None and isinstance(value, ast.Tuple):
                value = value.elts[write.index[0]] if len(value.elts) == write.index[1] else None
            writes = flow.writes.get(key_of(value), []) if value is not None else []
            found += [(one, function) for one in writes if one.fills]
    return found


def _along_training(write: Write, scope: Scope, splits: Splits) -> bool:
    """Tell whether a list is filled once an epoch: in a loop that goes neither over seeds nor over data.

    A method that fills an attribute without a loop around it is called once an epoch.
    """
    if not write.place.loops:
        return scope.owner is not None
    loop = write.place.loops[-1]
    if _is_repeat(loop):
        return False
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        return not splits.of(loop.iter, scope, replace(write.place, loops=()))
    return True
