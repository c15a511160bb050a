"""Batches that one turn of the loop over a loader trains on twice, with no loop around the second time."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from netgain.analysis.syntax import calls_in, last_name, names_in, nodes_of

LEAVES = (ast.Return, ast.Continue, ast.Break, ast.Raise)
BACKWARD = frozenset({"backward", "manual_backward"})
STEPS = frozenset({"step", "optimizer_step"})
TRAINS = frozenset({"train_on_batch"})
"""Calls of libraries that take one optimizer step on the batch they are given."""
LOOPS = (ast.For, ast.AsyncFor, ast.While)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *LOOPS)
TWO_STEPS = ("first_step", "second_step")
"""The halves of one step of sharpness-aware minimisation, each after a backward pass of its own."""


def second_calls(
    outer: ast.For | ast.AsyncFor, stepping: frozenset[str]
) -> Iterator[tuple[int, ast.Call]]:
    """Yield how often, and where last, the loop trains by equal calls on one batch.

    Two calls of which only one can be reached, and calls with other arguments, as those for the two sides of
    a GAN and those for another batch, are no second pass.

    Args:
        outer: a loop over batches.
        stepping: names of functions that compute gradients and update the weights.
    """
    drawn = _drawn(outer)
    equal: dict[str, list[ast.Call]] = defaultdict(list)
    for statement in _one_way(outer.body, stepping | TRAINS):
        for name in _renewed(statement, drawn):
            # what is drawn anew under an old name makes the calls after it others
            for text in [t for t, calls in equal.items() if name in names_in(calls[0])]:
                del equal[text]
        for call in _calls_of(statement):
            if last_name(call) in stepping | TRAINS and _arguments(call) & drawn:
                equal[ast.dump(call)].append(call)
    for calls in equal.values():
        if len(calls) > 1:
            yield len(calls), _most_telling(outer, calls)


def second_steps(outer: ast.For | ast.AsyncFor) -> Iterator[tuple[int, ast.Call]]:
    """Yield how often, and where last, the loop runs one model on one batch and steps one optimizer."""
    drawn = _drawn(outer)
    passes: dict[str, list[_Pass]] = defaultdict(list)
    current = _Pass()
    for statement in _one_way(outer.body, STEPS):
        if _renewed(statement, drawn):
            passes.clear()
        for call in _calls_of(statement):
            name = last_name(call)
            if name in BACKWARD:
                current.backward += 1
            elif name in STEPS:
                if current.backward:
                    current.at = call
                    passes[ast.dump(call)].append(current)
                    current = _Pass()
            elif _arguments(call) & drawn and not names_in(call.func) & drawn:
                current.calls.add(ast.dump(call))
    for found in passes.values():
        again = [one for one in found[1:] if one.calls & found[0].calls]
        if again and again[-1].at is not None:
            yield len(again) + 1, again[-1].at


def double_backward(module: ast.Module) -> Iterator[ast.Call]:
    """Yield where each step takes two backward passes of one batch, as in sharpness-aware minimisation."""
    for function in (*nodes_of(module, ast.FunctionDef), module):
        called = {last_name(call): call for call in calls_in(function)}
        if all(half in called for half in TWO_STEPS) and called.keys() & BACKWARD:
            yield called["second_step"]
            return
    for call in calls_in(module):
        name = last_name(call)
        weights = {last_name(inner) for a in call.args for inner in calls_in(a)}
        keywords = {keyword.arg for keyword in call.keywords}
        if name.endswith("SAM") and ("parameters" in weights or "base_optimizer" in keywords):
            yield call
            return


def _most_telling(outer: ast.For | ast.AsyncFor, calls: list[ast.Call]) -> ast.Call:
    """Return the last of equal calls that stands under a condition, the last of all where none does."""
    asked = nodes_of(outer, ast.If)
    under = [
        call
        for call in calls
        if any(branch.lineno < call.lineno <= (branch.end_lineno or 0) for branch in asked)
    ]
    return (under or calls)[-1]


@dataclass(slots=True)
class _Pass:
    """What happens up to one step of an optimizer."""

    backward: int = 0
    calls: set[str] = field(default_factory=set)
    at: ast.Call | None = None


def _drawn(outer: ast.For | ast.AsyncFor) -> set[str]:
    """Return the names of the batch, and of its parts where the first statements unpack it."""
    drawn = names_in(outer.target)
    if isinstance(outer.iter, ast.Call) and last_name(outer.iter) == "enumerate":
        target = outer.target
        if isinstance(target, ast.Tuple) and len(target.elts) == 2:
            drawn = names_in(target.elts[1])
    for statement in outer.body:
        if isinstance(statement, ast.Assign) and names_in(statement.value) & drawn:
            called = {last_name(call) for call in calls_in(statement.value)}
            if called <= {"to", "cuda", "cpu", "float", "long", "view", "reshape", "device"}:
                drawn |= {n for t in statement.targets for n in names_in(t)} - {"self"}
    return drawn


def _renewed(statement: ast.stmt, drawn: set[str]) -> set[str]:
    """Return the names of the batch that a statement binds to what does not come from the batch."""
    if not isinstance(statement, ast.Assign) or names_in(statement.value) & drawn:
        return set()
    bound = {n for t in statement.targets for n in names_in(t)}
    return bound & drawn


def _one_way(block: list[ast.stmt], wanted: frozenset[str]) -> list[ast.stmt]:
    """Return the statements of one way through a block, the one with the most of the wanted calls.

    Loops, and what follows only an error, are left out.
    """
    way: list[ast.stmt] = []
    for statement in block:
        if isinstance(statement, INNER):
            continue
        if isinstance(statement, ast.If):
            ways = [_one_way(side, wanted) for side in (statement.body, statement.orelse)]
            through = [w for w in ways if not (w and isinstance(w[-1], LEAVES))]
            ended = [w for w in ways if w and isinstance(w[-1], LEAVES)]
            if not through:
                return way + max(ended, key=lambda w: _count(w, wanted))
            way += max(through, key=lambda w: _count(w, wanted))
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            way += _one_way(statement.body, wanted)
        elif isinstance(statement, ast.Try):
            way += _one_way([*statement.body, *statement.orelse], wanted)
        else:
            way.append(statement)
        if way and isinstance(way[-1], LEAVES):
            return way
    return way


def _count(way: Iterable[ast.stmt], wanted: frozenset[str]) -> int:
    return sum(last_name(call) in wanted for statement in way for call in calls_in(statement))


def _calls_of(statement: ast.stmt) -> list[ast.Call]:
    """Return the calls of a statement as they run: those inside an argument first."""
    return sorted(
        nodes_of(statement, ast.Call),
        key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0),
    )


def _arguments(call: ast.Call) -> set[str]:
    """Return the names among the arguments of a call."""
    given = [*call.args, *[keyword.value for keyword in call.keywords]]
    return {name for value in given for name in names_in(value)}
