"""Loops over seeds in training scripts, and what is kept of their results."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Literal

from netgain.analysis.constant_calls import callers_of
from netgain.analysis.extremes import (
    LOWER_IS_BETTER,
    NO_SCORE,
    SCORE_WORD,
    Direction,
    assigned_in,
    is_score,
    kept_best,
    reduced,
)
from netgain.analysis.held_results import (
    MEANS,
    WHOLE,
    derived,
    goes_through,
    hands_over,
    is_of,
    measures,
    mentions,
    named,
    ordered,
    shows,
)
from netgain.analysis.options import declared_defaults
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import COMPREHENSIONS, Program, Scope
from netgain.analysis.seed_variables import (
    Comprehension,
    comprehensions_over_seeds,
    count_of,
    is_over_seeds,
)
from netgain.analysis.split_words import said_by
from netgain.analysis.statement_flow import Flow, Loop, flow_of, header_nodes, key_of
from netgain.analysis.syntax import dotted, last_name, literal, nodes_of
from netgain.study import CodeTree, Scalar, Source

WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}")
UNIT_TEST = re.compile(r"test_.*|.*_test|conftest")
MOST_SCOPES = 24
"""Functions into which results are followed."""
Kept = Literal["best", "mean", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLoop:
    """Several runs of one script that differ in the seed."""

    runs: int | None
    """How many, where the code says it."""
    source: Source
    """The loop."""
    kept: frozenset[Kept]
    """What is made of their results."""
    best: Source | None
    """Where the best of them is taken."""
    words: frozenset[str] = frozenset()
    """Words of its names and texts, by which a script that runs both arms says whose loop it is."""


@remembered
def seed_loops(tree: CodeTree) -> tuple[SeedLoop, ...]:
    """Find loops and comprehensions over seeds, with what is taken of the results: best, mean, all of them.

    Results are followed through the lists, dicts and tables they are put into, out of the function that
    returns them and into those they are handed to. A best that is chosen by a validation score or by a
    training loss is none, nor is one beside the worst, which gives a range.
    """
    program = callers_of(tree).program
    defaults = declared_defaults(tree)
    found: list[SeedLoop] = []
    for path, root in program.roots.items():
        if _is_unit_test(path):
            continue
        for scope in (root, *root.below):
            if not isinstance(scope.node, (ast.Lambda, ast.ClassDef, *COMPREHENSIONS)):
                found.extend(_in_scope(scope, root, program, defaults))
    first: dict[tuple[str, int | None], SeedLoop] = {}
    for loop in found:
        if loop.runs != 1:
            first.setdefault((loop.source.path, loop.source.line), loop)
    return tuple(first.values())


def _is_unit_test(path: str) -> bool:
    file = PurePath(path)
    return file.parent.name == "tests" or UNIT_TEST.fullmatch(file.stem) is not None


def _in_scope(
    scope: Scope, root: Scope, program: Program, defaults: dict[str, Scalar]
) -> Iterator[SeedLoop]:
    if not _may_repeat(scope.node):
        return
    flow = flow_of(scope.node)
    for statement, _ in flow.statements:
        if isinstance(statement, (ast.For, ast.AsyncFor)) and is_over_seeds(statement):
            results = _Results(program=program)
            results.kept_in_loop(statement, flow, scope)
            if _sums(statement, flow):
                results.kept.add("mean")
            held = frozenset(
                name
                for name, writes in flow.writes.items()
                if any(w.fills and statement in w.place.loops for w in writes)
            )
            runs = count_of(statement.iter, root, defaults)
        else:
            over = next(comprehensions_over_seeds(statement), None)
            if over is None:
                continue
            results = _Results(program=program)
            results.reduced_at_once(over, statement, scope)
            held = frozenset(_given_to(statement, over))
            runs = count_of(over.generators[0].iter, root, defaults)
        results.follow(scope, held)
        found = results.loop(Source(path=scope.path, line=statement.lineno), runs)
        yield replace(found, words=words_in(statement))


def _may_repeat(node: ast.AST) -> bool:
    """Tell whether a part of code holds a loop over seeds, or a comprehension that may be one."""
    kinds = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.AsyncFor)
    return any(nodes_of(node, kind) for kind in kinds) or any(
        is_over_seeds(loop) for loop in nodes_of(node, ast.For)
    )


def words_in(node: ast.AST) -> frozenset[str]:
    """Return the words that the names and texts of some code are made of, in lower case."""
    parts = [name.id for name in nodes_of(node, ast.Name)]
    parts += [attribute.attr for attribute in nodes_of(node, ast.Attribute)]
    parts += [c.value for c in nodes_of(node, ast.Constant) if isinstance(c.value, str)]
    return frozenset(word.lower() for part in parts for word in WORD.findall(part[:200]))


def _sums(loop: Loop, flow: Flow) -> bool:
    """Tell whether a loop adds up results that are divided later."""
    summed = {
        name
        for name, writes in flow.writes.items()
        if any(w.adds and not w.fills and loop in w.place.loops for w in writes)
    }
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and key_of(node.left) in summed
        for statement, _ in (flow.statements if summed else ())
        for node in header_nodes(statement)
    )


def _given_to(statement: ast.stmt, over: Comprehension) -> Iterator[str]:
    """Yield the names that get what a comprehension makes, `return` for a function that hands it back."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        whole = not any(over in nodes_of(c, over.__class__) and reduced(c, statement)
                        for c in nodes_of(statement, ast.Call))  # fmt: skip
        for target in targets if whole else ():
            yield key_of(target)
    elif isinstance(statement, ast.Return):
        yield "return"


@dataclass(eq=False, kw_only=True)
class _Results:
    """What becomes of the results of one loop."""

    program: Program
    kept: set[Kept] = field(default_factory=set)
    ends: list[tuple[Direction, Source]] = field(default_factory=list)
    """Extremes of unnamed quantities: a maximum alone is a best, both are a range."""
    best: Source | None = None
    _seen: set[tuple[int, frozenset[str]]] = field(default_factory=set)

    def loop(self, source: Source, runs: int | None) -> SeedLoop:
        """Return the loop with what was found."""
        directions = {direction for direction, _ in self.ends}
        best = self.best
        if directions == {"max"}:
            best = best or self.ends[0][1]
        kept = set(self.kept)
        if best is not None:
            kept.add("best")
        elif len(directions) == 2:
            kept.add("all")
        return SeedLoop(runs=runs, source=source, kept=frozenset(kept), best=best)

    def kept_in_loop(self, loop: Loop, flow: Flow, scope: Scope) -> None:
        """Look for a best that outlives the runs: kept in the loop, and not begun anew in each run."""
        for statement, at in flow.statements:
            if loop not in at.loops:
                continue
            for score, best in kept_best(statement):
                own = assigned_in([statement]) | {key_of(best)}
                begun = any(
                    loop in write.place.loops and not write.adds and write.place.line < at.line
                    for name in own & {key_of(best)}
                    for write in flow.writes.get(name, [])
                )
                if not begun and _counts(score, best):
                    self.best = self.best or Source(path=scope.path, line=statement.lineno)

    def reduced_at_once(self, over: Comprehension, statement: ast.stmt, scope: Scope) -> None:
        """Look for `max(run(seed) for seed in seeds)`."""
        for call in nodes_of(statement, ast.Call):
            if not any(inner is over for a in call.args for inner in nodes_of(a, over.__class__)):
                continue
            found = reduced(call, statement)
            if found is not None and any(a is over for a in call.args):
                self._note(found[1], _element_name(over), Source(path=scope.path, line=call.lineno))
            elif last_name(call) in MEANS:
                self.kept.add("mean")

    def follow(self, scope: Scope, held: frozenset[str]) -> None:
        """Look at what a scope, its callers and the functions it calls do with names that hold results."""
        waiting = [(scope, held)]
        for where, names in waiting:  # the list grows as results are handed on
            if len(self._seen) >= MOST_SCOPES or not names:
                return
            key = (id(where), names)
            if key in self._seen:
                continue
            self._seen.add(key)
            flow = flow_of(where.node)
            every = derived(flow, names)
            in_order = ordered(flow, every)
            for statement, _ in flow.statements:
                self._uses(statement, where, every)
                self._end_of(statement, where, in_order)
            waiting += list(self._handed_on(where, flow, every))

    def _end_of(self, statement: ast.stmt, scope: Scope, in_order: dict[str, bool]) -> None:
        """Look for `accs[-1]` or `ranking[0]` of results that were put in order before."""
        for node in header_nodes(statement) if in_order else ():
            if not isinstance(node, ast.Subscript):
                continue
            name, place = key_of(node.value), literal(node.slice)
            if name in in_order and place in (0, -1):
                direction: Direction = "max" if (place == -1) != in_order[name] else "min"
                # which end is the good one is not known of pairs and rows; one end alone is taken for it
                pairs = direction == "min" and not LOWER_IS_BETTER.search(name)
                self._note(
                    "max" if pairs else direction, name, Source(path=scope.path, line=node.lineno)
                )

    def _uses(self, statement: ast.stmt, scope: Scope, held: frozenset[str]) -> None:
        if goes_through(statement, held):
            self._best_among(statement, scope)
        for node in header_nodes(statement):
            if not isinstance(node, ast.Call):
                continue
            place = Source(path=scope.path, line=node.lineno)
            found = reduced(node, statement)
            if found is not None and mentions(found[0], held) and not measures(found[0]):
                self._note(found[1], named(found[0], held), place)
            elif last_name(node) in MEANS and is_of(node, held):
                self.kept.add("mean")
            elif last_name(node) in ("agg", "aggregate") and is_of(node, held):
                words = {c.value for c in nodes_of(node, ast.Constant)} | {
                    k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)
                }
                if words & MEANS:
                    self.kept.add("mean")
                elif "max" in words:
                    self._note("max", "", place)
            elif last_name(node) in WHOLE and shows(node, held):
                self.kept.add("all")

    def _best_among(self, loop: ast.stmt, scope: Scope) -> None:
        """Look for the best kept in `for seed, acc in scores.items()`."""
        assert isinstance(loop, ast.For)
        items = {name.id for name in nodes_of(loop.target, ast.Name)}
        for inner in nodes_of(loop, ast.If):
            for score, best in kept_best(inner):
                if key_of(score).partition("[")[0] in items and _counts(score, best):
                    self.best = self.best or Source(path=scope.path, line=inner.lineno)

    def _note(self, direction: Direction, name: str, place: Source) -> None:
        """Note an extreme of results under a name: the good end is a best, the bad end none."""
        if said_by(name) == "validation" or _is_training_loss(name):
            return
        if NO_SCORE.search(name) and not SCORE_WORD.search(name):
            return
        if LOWER_IS_BETTER.search(name):
            if direction == "min":
                self.best = self.best or place
            return
        self.ends.append((direction, place))

    def _handed_on(
        self, scope: Scope, flow: Flow, held: frozenset[str]
    ) -> Iterator[tuple[Scope, frozenset[str]]]:
        """Yield the scopes results get into: callers of what returns them, functions that are given them."""
        name = getattr(scope.node, "name", "")
        returns = "return" in held or any(
            isinstance(statement, ast.Return)
            and statement.value is not None
            and hands_over(statement.value, held)
            for statement, _ in flow.statements
        )
        for call, path in self.program.calls.get(name, [])[:4] if returns and name else ():
            caller = self.program.scope_of(call, path)
            got = frozenset(
                key
                for key, writes in flow_of(caller.node).writes.items()
                if any(write.value is call for write in writes)
            )
            yield caller, got | {dotted(call.func)}
        for statement, _ in flow.statements:
            for node in header_nodes(statement):
                if isinstance(node, ast.Call):
                    yield from self._given(node, held)

    def _given(
        self, call: ast.Call, held: frozenset[str]
    ) -> Iterator[tuple[Scope, frozenset[str]]]:
        places = [i for i, argument in enumerate(call.args) if key_of(argument) in held]
        defined = self.program.definitions.get(last_name(call), []) if places else []
        for definition in defined if len(defined) == 1 else ():
            arguments = getattr(definition.node, "args", None)
            if isinstance(arguments, ast.arguments):
                names = [a.arg for a in arguments.args]
                yield definition.scope, frozenset(names[i] for i in places if i < len(names))


def _counts(score: ast.expr, best: ast.expr) -> bool:
    """Tell whether a best between runs is one of reported scores: not by validation data or training loss."""
    name = key_of(score)
    if said_by(name) == "validation" or said_by(key_of(best)) == "validation":
        return False
    return is_score(score) and not _is_training_loss(name)


def _is_training_loss(name: str) -> bool:
    """Tell whether a name is that of a loss that nobody calls a test loss."""
    return said_by(name) == "train" or (
        re.search(r"loss|nll|energy|objective|cost|inertia|stress", name, re.IGNORECASE) is not None
        and said_by(name) != "test"
    )


def _element_name(over: Comprehension) -> str:
    return key_of(over.value if isinstance(over, ast.DictComp) else over.elt)
