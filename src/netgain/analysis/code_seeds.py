"""Loops over seeds in training scripts, and what is kept of their results."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from netgain.analysis.data_splits import said_by
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
from netgain.analysis.options import declared_defaults
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import COMPREHENSIONS, Program, Scope
from netgain.analysis.seed_variables import (
    Comprehension,
    comprehensions_over_seeds,
    count_of,
    is_over_seeds,
)
from netgain.analysis.statement_flow import Flow, Loop, flow_of, header_nodes, key_of
from netgain.analysis.syntax import dotted, last_name, literal, nodes_of
from netgain.study import CodeTree, Scalar, Source

MEANS = frozenset(
    {"mean", "fmean", "nanmean", "average", "median", "nanmedian", "describe", "sum", "std", "stdev",
     "nanstd", "sem", "std_mean", "bootstrap", "t_interval"}
)  # fmt: skip
"""Calls that sum up results; a spread is reported with what it is the spread of."""
WHOLE = frozenset(
    {"print", "dump", "dumps", "save", "savez", "savetxt", "to_csv", "write", "write_text", "info",
     "writerow", "writerows", "to_json", "to_pickle"}
)  # fmt: skip
"""Calls that show or store what they are given."""
COPYING = re.compile(
    r"array|tensor|frame|series|concat|stack|list|values|groupby|pivot|sorted|tuple|copy|zip",
    re.IGNORECASE,
)
"""Calls that give what they get another form."""
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


@remembered
def seed_loops(tree: CodeTree) -> tuple[SeedLoop, ...]:
    """Find loops and comprehensions over seeds, with what is taken of the results: best, mean, all of them.

    Results are followed through the lists, dicts and tables they are put into, out of the function that
    returns them and into those they are handed to. A best that is chosen by a validation score or by a
    training loss is none, nor is one beside the worst, which gives a range.
    """
    program = Program(tree=tree)
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
        yield results.loop(Source(path=scope.path, line=statement.lineno), runs)


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
            every = _derived(flow, names)
            ordered = _ordered(flow, every)
            for statement, _ in flow.statements:
                self._uses(statement, where, every)
                self._end_of(statement, where, ordered)
            waiting += list(self._handed_on(where, flow, every))

    def _end_of(self, statement: ast.stmt, scope: Scope, ordered: dict[str, bool]) -> None:
        """Look for `accs[-1]` or `ranking[0]` of results that were put in order before."""
        for node in header_nodes(statement) if ordered else ():
            if not isinstance(node, ast.Subscript):
                continue
            name, place = key_of(node.value), literal(node.slice)
            if name in ordered and place in (0, -1):
                direction: Direction = "max" if (place == -1) != ordered[name] else "min"
                # which end is the good one is not known of pairs and rows; one end alone is taken for it
                pairs = direction == "min" and not LOWER_IS_BETTER.search(name)
                self._note(
                    "max" if pairs else direction, name, Source(path=scope.path, line=node.lineno)
                )

    def _uses(self, statement: ast.stmt, scope: Scope, held: frozenset[str]) -> None:
        if _goes_through(statement, held):
            self._best_among(statement, scope)
        for node in header_nodes(statement):
            if not isinstance(node, ast.Call):
                continue
            place = Source(path=scope.path, line=node.lineno)
            found = reduced(node, statement)
            if found is not None and _mentions(found[0], held) and not _measures(found[0]):
                self._note(found[1], _named(found[0], held), place)
            elif last_name(node) in MEANS and _is_of(node, held):
                self.kept.add("mean")
            elif last_name(node) in ("agg", "aggregate") and _is_of(node, held):
                words = {c.value for c in nodes_of(node, ast.Constant)} | {
                    k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)
                }
                if words & MEANS:
                    self.kept.add("mean")
                elif "max" in words:
                    self._note("max", "", place)
            elif last_name(node) in WHOLE and _shows(node, held):
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
            and _hands_over(statement.value, held)
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


def _measures(node: ast.expr) -> bool:
    """Tell whether an extreme is one of lengths."""
    return any(last_name(call) == "len" for call in nodes_of(node, ast.Call))


def _is_training_loss(name: str) -> bool:
    """Tell whether a name is that of a loss that nobody calls a test loss."""
    return said_by(name) == "train" or (
        re.search(r"loss|nll|energy|objective|cost|inertia|stress", name, re.IGNORECASE) is not None
        and said_by(name) != "test"
    )


def _element_name(over: Comprehension) -> str:
    return key_of(over.value if isinstance(over, ast.DictComp) else over.elt)


def _ordered(flow: Flow, held: frozenset[str]) -> dict[str, bool]:
    """Return the names of results that were sorted, and whether backwards: `accs.sort()`."""
    found: dict[str, bool] = {}
    for statement, _ in flow.statements:
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Call) or last_name(value) not in ("sort", "sorted"):
            continue
        backwards = any(k.arg == "reverse" and literal(k.value) is True for k in value.keywords)
        if last_name(value) == "sort" and isinstance(value.func, ast.Attribute):
            if key_of(value.func.value) in held:
                found[key_of(value.func.value)] = backwards
        elif isinstance(statement, ast.Assign) and any(_mentions(a, held) for a in value.args):
            found |= {key_of(target): backwards for target in statement.targets}
    return found


def _derived(flow: Flow, held: frozenset[str]) -> frozenset[str]:
    """Add names that get what others hold, as a whole or item by item: arrays, tables, lists of one key."""
    found = set(held)
    for _ in range(4):
        before = len(found)
        now = frozenset(found)
        for name, writes in flow.writes.items():
            if name in found:
                continue
            for write in writes:
                looped = any(_goes_through(loop, now) for loop in write.place.loops)
                if (write.fills and looped) or _is_copy(write.value, now):
                    found.add(name)
        if len(found) == before:
            break
    return frozenset(found)


def _is_copy(value: ast.expr, held: frozenset[str]) -> bool:
    """Tell whether a value is what some names hold in another form, and no figure computed from it."""
    if isinstance(value, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
        return any(_mentions(generator.iter, held) for generator in value.generators)
    if isinstance(value, ast.Subscript):
        return key_of(value.value) in held and not isinstance(value.slice, ast.UnaryOp)
    if isinstance(value, ast.Call):
        made = COPYING.search(last_name(value))
        inner = nodes_of(value, ast.Call)
        plain = not any(last_name(call) in MEANS | {"max", "min", "len", "agg"} for call in inner)
        return made is not None and plain and _mentions(value, held)
    return key_of(value) in held


def _goes_through(statement: ast.stmt, held: frozenset[str]) -> bool:
    return isinstance(statement, ast.For) and _mentions(statement.iter, held)


def _mentions(node: ast.AST, held: frozenset[str]) -> bool:
    """Tell whether an expression reads one of some names, or a part of what it holds."""
    return _named(node, held) != "" or key_of(node) in held


def _named(node: ast.AST, held: frozenset[str]) -> str:
    """Return how an expression names the results it reads, its keys and attributes included."""
    parts = [
        *nodes_of(node, ast.Name),
        *nodes_of(node, ast.Attribute),
        *nodes_of(node, ast.Subscript),
    ]
    keys = [key_of(part) for part in parts if isinstance(part, ast.expr)]
    bases = {name.partition("[")[0] for name in held}
    if not any(
        key in held or key.partition("[")[0] in bases & held or key in bases for key in keys
    ):
        return ""
    words = [c.value for c in nodes_of(node, ast.Constant) if isinstance(c.value, str)]
    return max(
        [key for key in keys if key.partition("[")[0] in bases], key=len, default=""
    ) + "".join(f" {word}" for word in words)


def _is_of(call: ast.Call, held: frozenset[str]) -> bool:
    """Tell whether a call works on held results: `np.mean(accs)`, `accs.mean()`."""
    if any(_mentions(argument, held) for argument in call.args):
        return True
    return isinstance(call.func, ast.Attribute) and _mentions(call.func.value, held)


def _shows(call: ast.Call, held: frozenset[str]) -> bool:
    """Tell whether a call shows or stores results as they are: `print(accs)`, `json.dump(accs, f)`."""
    shown: list[ast.expr] = [*call.args, *(k.value for k in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        shown.append(call.func.value)
    for item in list(shown):
        if isinstance(item, ast.Dict):
            shown += item.values
        elif isinstance(item, ast.JoinedStr):
            shown += [v.value for v in item.values if isinstance(v, ast.FormattedValue)]
        elif isinstance(item, ast.Call) and last_name(item) in ("dumps", "str", "dict"):
            shown += item.args
    return any(not isinstance(item, ast.Call) and key_of(item) in held for item in shown)


def _hands_over(value: ast.expr, held: frozenset[str]) -> bool:
    items = value.elts if isinstance(value, ast.Tuple) else [value]
    return any(key_of(item) in held or _is_copy(item, held) for item in items)
