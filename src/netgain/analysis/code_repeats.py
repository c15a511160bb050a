"""Drawn samples that code uses several times: loops inside the loop over batches, loaders and data sets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.code_second_passes import (
    BACKWARD,
    TRAINS,
    double_backward,
    second_calls,
    second_steps,
)
from netgain.analysis.option_values import Evaluation
from netgain.analysis.options import Options, declared_defaults, is_configuration, key_of
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    literal,
    names_in,
    nodes_of,
    walk,
    words_in,
)
from netgain.study import CodeTree

LOADER_WORD = re.compile(
    r"load|batch|data|train|iter|feed|stream|queue|source|indices|sampler|perm|bar$|^(?:dl|ds|it|loop)$",
    re.IGNORECASE,
)
"""Names of what a loop over batches goes through."""
BATCH_WORD = re.compile(
    r"(?:\w*_)?(?:batch\w*|sample|inputs?|images?|imgs?)|xb?|xs|yb?|labels?|targets?|data",
    re.IGNORECASE,
)
"""Names that a loop over batches gives to one."""
REPEAT_WORD = re.compile(
    r"repeat|times|multipl|enlarge|passes|copies|replica|virtual|oversampl", re.IGNORECASE
)
"""Names of numbers of repeats."""
HANDED_BY = re.compile(r"load|batch|train|^dl$", re.IGNORECASE)
"""Names of what certainly hands out batches."""
Loop = ast.For | ast.AsyncFor
DRAWS = re.compile(r"next|.*(?:sample|choice|randperm|randint|get_batch|draw).*", re.IGNORECASE)
"""Calls by which a loop takes data of its own."""
REPEATS = frozenset({"repeat_interleave", "repeat", "tile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One place that uses a drawn sample several times."""

    what: str
    """In words, with a number or expression in the place of `{}`."""
    count: ast.expr | None
    """How often, as written."""
    node: ast.AST
    """Where it is cited."""


@dataclass(eq=False, kw_only=True)
class Counting:
    """Follows numbers of repeats through a tree, to constants, defaults of options and constructor calls."""

    tree: CodeTree
    """The code."""
    _evaluation: Evaluation | None = None

    def of(self, node: ast.expr, path: str, at: ast.AST) -> tuple[int | None, str]:
        """Return the number an expression stands for, and the name of the option it is, empty where none."""
        if self._evaluation is None:
            options = Options(values=declared_defaults(self.tree), others={})
            self._evaluation = Evaluation(program=Program(tree=self.tree), options=options)
        evaluation = self._evaluation
        scope = _scope_around(evaluation.program, path, at)
        found = evaluation.of(node, scope)
        option = next(iter(sorted(found.keys)), "") if found is not None else ""
        if not option:
            option = key_of(node, evaluation.options) or _asked_for(node, scope, evaluation)
        if found is None or not isinstance(found.value, int) or isinstance(found.value, bool):
            return None, option
        return found.value, option


def _asked_for(node: ast.expr, scope: Scope, evaluation: Evaluation) -> str:
    """Return the last part of an option that the code asks for and gives no default: `self.cfg.train.k`."""
    if isinstance(node, ast.Name):
        bound = evaluation.bound(node.id, scope)
        node = bound[0] if bound else node
    if isinstance(node, ast.Attribute) and is_configuration(node.value):
        return node.attr
    if isinstance(node, ast.Subscript) and is_configuration(node.value):
        name = literal(node.slice)
        return name if isinstance(name, str) else ""
    return ""


def repeats_in(module: ast.Module, stepping: frozenset[str]) -> Iterator[Repeat]:
    """Yield the places of one file that use a drawn sample several times.

    Args:
        module: the file.
        stepping: names of functions of the tree that compute gradients and update the weights.
    """
    trains = not words_in(module).isdisjoint(BACKWARD | TRAINS | stepping)
    hands_on = bool(nodes_of(module, ast.Yield) or nodes_of(module, ast.YieldFrom))
    for outer in _loops(module) if trains or hands_on else ():
        if _range(outer) is not None or not _is_over_batches(outer):
            continue
        for inner in (*_loops(outer), *nodes_of(outer, ast.While)) if trains else ():
            if inner is not outer:
                yield from _inner_loop(outer, inner, stepping)
        if hands_on:
            yield from _handed_on(outer)
        for times, call in (*second_calls(outer, stepping), *second_steps(outer)) if trains else ():
            count = ast.Constant(value=times)
            yield Repeat(what="{} steps written out on each batch", count=count, node=call)
    if trains or any(word.endswith("SAM") for word in words_in(module)):
        for call in double_backward(module):
            what = "{} backward passes on each batch, sharpness-aware"
            yield Repeat(what=what, count=ast.Constant(value=2), node=call)
    yield from _chained(module)
    for owner in nodes_of(module, ast.ClassDef):
        yield from _lengthened(owner)


def stepping_functions(modules: list[ast.Module]) -> frozenset[str]:
    """Return the names of functions that hold both `backward()` and `step()`, loops over data apart."""
    found = set()
    for module in modules:
        for function in nodes_of(module, ast.FunctionDef):
            if not _loops(function) and {"backward", "step"} <= _called(function):
                found.add(function.name)
    return frozenset(found)


def _loops(node: ast.AST) -> list[Loop]:
    return [*nodes_of(node, ast.For), *nodes_of(node, ast.AsyncFor)]


def _inner_loop(outer: Loop, inner: Loop | ast.While, stepping: frozenset[str]) -> Iterator[Repeat]:
    """Match `for batch in loader: for _ in range(k): ... backward() ... step()`, and `while left:`.

    A loop that draws on its own, that takes another part of the batch in each turn, or that holds the loop
    over the batches, repeats nothing.
    """
    if isinstance(inner, ast.While):
        count, turn = _counted_down(outer, inner), names_in(inner.test)
    else:
        count = _range(inner) or _repeated(inner.iter, names_in(outer.target))
        turn = names_in(inner.target) if _range(inner) is not None else set()
    if count is None:
        return
    if any(names_in(part.slice) & turn for part in nodes_of(inner, ast.Subscript)):
        return
    called = _called(inner)
    if not ({"backward", "step"} <= called or called & stepping) or any(
        map(DRAWS.fullmatch, called)
    ):
        return
    deeper = [loop for loop in _loops(inner) if loop is not inner]
    if any(_range(loop) is None and "backward" in _called(loop) for loop in deeper):
        return
    yield Repeat(what="inner loop of {} steps on each batch", count=count, node=inner)


def _counted_down(outer: Loop, inner: ast.While) -> ast.expr | None:
    """Return k of `left = k; while left: ...; left -= 1` and of `i = 0; while i < k: ...; i += 1`."""
    test = inner.test
    sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else [test]
    changes = {
        node.target.id: node.op
        for node in nodes_of(inner, ast.AugAssign)
        if isinstance(node.target, ast.Name) and literal(node.value) == 1
    }
    starts = {
        node.targets[0].id: node.value
        for node in nodes_of(outer, ast.Assign)
        if isinstance(node.targets[0], ast.Name) and node.lineno < inner.lineno
    }
    for side, other in zip(sides, sides[::-1], strict=True):
        name = side.id if isinstance(side, ast.Name) else ""
        if name not in changes or name not in starts:
            continue
        if isinstance(changes[name], ast.Sub):
            down_to = 0 if other is side else literal(other)
            return starts[name] if down_to in (0, 1) else None
        if other is not side and isinstance(changes[name], ast.Add):
            return other if literal(starts[name]) in (0, 1) else None
    return None


def _chained(module: ast.Module) -> Iterator[Repeat]:
    """Match `from_iterable(repeat(b, k) for b in loader)` and `(b for b in loader for _ in range(k))`."""
    for call in calls_in(module):
        if last_name(call) == "from_iterable" and call.args:
            made = call.args[0]
            if isinstance(made, (ast.GeneratorExp, ast.ListComp)) and len(made.generators) == 1:
                count = _repeated(made.elt, names_in(made.generators[0].target))
                if count is not None and _goes_through_batches(made.generators[0]):
                    yield Repeat(what="each batch handed out {} times", count=count, node=made.elt)
    for kind in (ast.GeneratorExp, ast.ListComp):
        for made in nodes_of(module, kind):
            first, *rest = made.generators  # type: ignore[attr-defined]  # both have them
            drawn, given = names_in(first.target), names_in(made.elt)  # type: ignore[attr-defined]
            if len(rest) != 1 or not _goes_through_batches(first) or first.ifs:
                continue
            turn = names_in(rest[0].target)
            count = _turns(rest[0].iter)
            if count is not None and given & drawn and not given & turn:
                yield Repeat(what="each batch handed out {} times", count=count, node=made)
            elif dotted(made.elt) in turn:  # type: ignore[attr-defined]
                count = _repeated(rest[0].iter, drawn)
                if count is not None:
                    yield Repeat(what="each batch handed out {} times", count=count, node=made)


def _goes_through_batches(part: ast.comprehension) -> bool:
    """Tell whether a comprehension goes through a loader; a data set taken whole is often one for a test."""
    return any(HANDED_BY.search(name) for name in names_in(part.iter))


def _handed_on(outer: Loop) -> Iterator[Repeat]:
    """Match `for batch in loader: for _ in range(k): yield batch` and `yield from repeat(batch, k)`."""
    drawn = names_in(outer.target)
    for statement in outer.body:
        for node in walk(statement):
            if isinstance(node, (ast.For, ast.AsyncFor)):
                count = _range(node)
                turn = names_in(node.target)
                given = [n.value for n in walk(node) if isinstance(n, ast.Yield) and n.value]
                if count is not None and any(
                    names_in(value) & drawn and not names_in(value) & turn for value in given
                ):
                    yield Repeat(what="each batch handed out {} times", count=count, node=node)
            elif isinstance(node, ast.YieldFrom):
                count = _repeated(node.value, drawn)
                if count is not None:
                    yield Repeat(what="each batch handed out {} times", count=count, node=node)
    yields = [
        s.value for s in outer.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield)
    ]
    same = [y for y in yields if y.value is not None and dotted(y.value) in drawn]
    if len(same) > 1 and len({dotted(y.value) for y in same if y.value}) == 1:
        yield Repeat(
            what="each batch handed out {} times",
            count=ast.Constant(value=len(same)),
            node=same[1],
        )


def _repeated(node: ast.expr, drawn: set[str]) -> ast.expr | None:
    """Return k of `repeat(batch, k)` and `[batch] * k`."""
    if isinstance(node, ast.Call) and last_name(node) == "repeat" and len(node.args) == 2:
        return node.args[1] if names_in(node.args[0]) & drawn else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for display, count in ((node.left, node.right), (node.right, node.left)):
            if isinstance(display, (ast.List, ast.Tuple)) and names_in(display) & drawn:
                return count
    return None


def _lengthened(owner: ast.ClassDef) -> Iterator[Repeat]:
    """Match a data set whose length is a multiple of its data's and whose index wraps around."""
    methods = {m.name: m for m in owner.body if isinstance(m, ast.FunctionDef)}
    length, item = methods.get("__len__"), methods.get("__getitem__")
    if length is not None and item is not None and len(item.args.args) >= 2:
        index = item.args.args[1].arg
        wraps = any(
            isinstance(n, (ast.BinOp, ast.AugAssign))
            and isinstance(n.op, ast.Mod)
            and index in names_in(n.left if isinstance(n, ast.BinOp) else n.target)
            for n in walk(item)
        )
        for node in walk(length) if wraps else ():
            if isinstance(node, ast.Return) and node.value is not None:
                for count in _factors(node.value):
                    yield Repeat(
                        what="data set as long as {} passes over its data", count=count, node=node
                    )
    drawing = methods.get("__iter__")
    for outer in _loops(drawing) if drawing is not None else ():
        turns = _range(outer)
        within = [loop for loop in _loops(outer) if loop is not outer and _range(loop) is None]
        if turns is not None and REPEAT_WORD.search(last_name(turns)) and any(map(_yields, within)):
            yield Repeat(what="all batches handed out {} times", count=turns, node=outer)
    if drawing is not None and "ampler" in owner.name + "".join(map(last_name, owner.bases)):
        for call in calls_in(drawing):
            if last_name(call) in REPEATS and call.args:
                named = [k.value for k in call.keywords if k.arg in ("repeats", "times")]
                count = named[0] if named else call.args[-1]
                yield Repeat(what="sampler that draws each item {} times", count=count, node=call)


def _yields(loop: Loop) -> bool:
    return bool(nodes_of(loop, ast.Yield) or nodes_of(loop, ast.YieldFrom))


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """Yield k of `len(data) * k` and of `self.n * k`, the side that is no length."""
    if isinstance(node, ast.Call) and last_name(node) == "int" and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            is_length = isinstance(side, ast.Call) and last_name(side) in ("len", "__len__")
            if is_length and "len" not in names_in(other):
                yield other
                return
        for side in (node.left, node.right):
            if REPEAT_WORD.search(last_name(side)):
                yield side
                return


def _range(loop: Loop) -> ast.expr | None:
    """Return k of `for _ in range(k)` and `repeat(None, k)`; a range in strides counts parts."""
    return _turns(loop.iter)


def _turns(call: ast.expr) -> ast.expr | None:
    if isinstance(call, ast.Call) and last_name(call) in ("tqdm", "trange") and call.args:
        call = call.args[0] if last_name(call) == "tqdm" else call
    if not isinstance(call, ast.Call):
        return None
    if dotted(call.func) in ("range", "trange") and call.args:
        return call.args[min(1, len(call.args) - 1)] if len(call.args) < 3 else None
    if last_name(call) == "repeat" and len(call.args) == 2:
        return call.args[1]
    return None


def _is_over_batches(loop: Loop) -> bool:
    if isinstance(loop.iter, (ast.List, ast.Tuple, ast.Dict, ast.Set)):
        return False
    if any(LOADER_WORD.search(name) for name in names_in(loop.iter)):
        return True
    return any(BATCH_WORD.fullmatch(name) for name in names_in(loop.target))


def _called(node: ast.AST) -> set[str]:
    return {last_name(call) for call in calls_in(node)}


def _scope_around(program: Program, path: str, at: ast.AST) -> Scope:
    """Return the innermost scope of a file that a node stands in, by its lines."""
    line = getattr(at, "lineno", 0)
    best = program.roots[path]
    for node, scope in program.scopes.items():
        if scope.path != path or not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        if node.lineno <= line <= (node.end_lineno or node.lineno) and node.lineno > getattr(
            best.node, "lineno", 0
        ):
            best = scope
    return best
