"""Loops over seeds in training scripts, and what is kept of their results."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, modules, nodes_of, place
from netgain.study import CodeTree, Source, SourceFile

REPEAT = re.compile(
    r"(^|_)(seeds?|runs?|trials?|reps?|repeats?|repetitions?)(_|$|\d)", re.IGNORECASE
)
SEEDING = re.compile(
    r"(?:set_?)?(?:all_?|random_?|global_?|manual_?|fix_?|init_?)*seeds?(?:_everything|_all|_torch)?|"
    r"manual_seed(?:_all)?|seed_everything|same_seeds?",
    re.IGNORECASE,
)
"""Functions that set the seed."""
RESULTS_OF_RUNS = re.compile(
    r"(?:seed|run|trial|rep)s?[_\-]?\*|(?:seed|run|trial)s?/\*", re.IGNORECASE
)
"""Patterns of file names in which the run is open."""
EXTREMES = frozenset({"max", "min", "amax", "amin", "nanmax", "nanmin"})
SORTS = frozenset({"sorted", "sort", "nlargest", "nsmallest"})
MEANS = frozenset({"mean", "fmean", "nanmean", "average", "median", "describe"})
Kept = Literal["best", "mean"]
Comprehension = ast.ListComp | ast.GeneratorExp | ast.DictComp
WRAPPERS = frozenset({"enumerate", "tqdm", "trange", "list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLoop:
    """Several runs of one script that differ in the seed."""

    runs: int | None
    """How many, where the code says it."""
    source: Source
    """The loop."""
    kept: frozenset[Kept]
    """What is computed from their results."""
    best: Source | None
    """Where the best of them is taken."""


@remembered
def seed_loops(tree: CodeTree) -> tuple[SeedLoop, ...]:
    """Find loops and comprehensions over seeds, with what is taken of the results: best, mean or both.

    A loop is one over seeds where its variable says so (`seed`, `run`, `trial`), or is handed to a function
    that sets the seed or to an argument named `seed`. Results are followed through the list or dict they are
    put into, inside one function or file.
    """
    found: list[SeedLoop] = []
    for file, module in modules(tree):
        scopes = [module, *nodes_of(module, ast.FunctionDef)]
        for scope in scopes:
            found.extend(_in_scope(file, scope))
    unique = {(loop.source.path, loop.source.line): loop for loop in found if loop.runs != 1}
    return tuple(unique.values())


def _in_scope(file: SourceFile, scope: ast.AST) -> Iterator[SeedLoop]:
    own = list(_own_statements(scope))
    for statement in own:
        if isinstance(statement, ast.For) and _over_seeds(statement):
            collected, best = _collected(statement)
            yield _loop(file, statement, _kept(own, collected, best), _count(statement.iter, own))
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            comprehension = _comprehension_over_seeds(statement.value)
            if comprehension is not None:
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                )
                names = {dotted(target) for target in targets} - {""}
                reduced = _reduced_at_once(statement.value, comprehension)
                runs = _count(comprehension.generators[0].iter, own)
                yield _loop(file, statement, _kept(own, names, reduced), runs)


def _loop(
    file: SourceFile, at: ast.AST, kept: tuple[set[Kept], ast.AST | None], runs: int | None
) -> SeedLoop:
    uses, best = kept
    return SeedLoop(
        runs=runs,
        source=place(file, at),
        kept=frozenset(uses),
        best=place(file, best) if best is not None else None,
    )


def _kept(
    own: list[ast.stmt], collected: set[str], best: ast.AST | None
) -> tuple[set[Kept], ast.AST | None]:
    """Return what is taken of collected results, and where the best is."""
    kept: set[Kept] = {"best"} if best is not None else set()
    ordered: set[str] = set()
    for statement in own:
        for call in _calls_at(statement):
            use = _use_of(call, collected)
            if use is not None and not _only_orders(call, statement, collected, ordered):
                kept.add(use)
                best = best or (call if use == "best" else None)
        picked = _end_of(statement, ordered)
        if picked is not None:
            kept.add("best")
            best = best or picked
    return kept, best


def _only_orders(
    call: ast.Call, statement: ast.stmt, collected: set[str], ordered: set[str]
) -> bool:
    """Note what a sort puts in order; which end of it is taken shows later."""
    if last_name(call) not in ("sort", "sorted"):
        return False
    if last_name(call) == "sort" and isinstance(call.func, ast.Attribute):
        ordered.add(_holder(call.func.value))
        return True
    if isinstance(statement, ast.Assign) and statement.value is call:
        names = {dotted(target) for target in statement.targets} - {""}
        ordered |= names
        collected |= names
        return True
    return False


def _end_of(statement: ast.stmt, ordered: set[str]) -> ast.AST | None:
    """Return `found[-1]` or `ranking[0]` of a name that was put in order."""
    inner = {id(n) for block in getattr(statement, "body", ()) for n in ast.walk(block)}
    for node in nodes_of(statement, ast.Subscript) if ordered else ():
        if (
            id(node) not in inner
            and dotted(node.value) in ordered
            and literal(node.slice) in (0, -1)
        ):
            return node
    return None


def _own_statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a scope in order, those of blocks included and those of inner functions not."""
    for statement in getattr(scope, "body", ()):
        yield from _with_blocks(statement)


def _with_blocks(statement: ast.stmt) -> Iterator[ast.stmt]:
    yield statement
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for name in ("body", "orelse", "finalbody"):
        for inner in getattr(statement, name, ()):
            yield from _with_blocks(inner)


def _calls_at(statement: ast.stmt) -> list[ast.Call]:
    """Return the calls in a statement itself, without those of its block."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    blocks = [*getattr(statement, "body", ()), *getattr(statement, "orelse", ())]
    inner = {id(call) for block in blocks for call in calls_in(block)}
    return [call for call in calls_in(statement) if id(call) not in inner]


def _over_seeds(loop: ast.For) -> bool:
    """Tell whether a loop goes over seeds: by its variable, or by what its variable is handed to."""
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    if any(REPEAT.search(name) for name in names):
        return _has_no_epochs_of_its_own(loop)
    if any(REPEAT.search(part) for part in _words(loop.iter)) and not _is_data(loop.iter):
        return _has_no_epochs_of_its_own(loop)
    if _over_results(loop.iter):
        return True
    for call in calls_in(loop):
        if SEEDING.fullmatch(last_name(call)) and any(names & _names(a) for a in call.args):
            return True
        if any(k.arg == "seed" and names & _names(k.value) for k in call.keywords):
            return True
    return False


def _over_results(node: ast.expr) -> bool:
    """Tell whether a loop goes over the result files of several runs: `glob("runs/seed*/result.json")`."""
    for call in calls_in(node):
        if last_name(call) in ("glob", "iglob", "rglob"):
            texts = [literal(argument) for argument in call.args]
            if any(isinstance(t, str) and RESULTS_OF_RUNS.search(t) for t in texts):
                return True
    return False


def _has_no_epochs_of_its_own(loop: ast.For) -> bool:
    """Tell whether a loop starts trainings, as opposed to reading results of `runs`: it calls something."""
    return bool(calls_in(loop))


def _is_data(node: ast.expr) -> bool:
    return any(re.search(r"loader|dataset|batch", word, re.IGNORECASE) for word in _words(node))


def _words(node: ast.expr) -> list[str]:
    words = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return words + [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _collected(loop: ast.For) -> tuple[set[str], ast.AST | None]:
    """Return the lists and dicts a loop fills, and where it keeps the best at once."""
    collected: set[str] = set()
    best: ast.AST | None = None
    for statement in loop.body:
        for inner in _with_blocks(statement):
            if isinstance(inner, (ast.For, ast.While)):
                continue
            for call in _calls_at(inner):
                if last_name(call) in ("append", "extend", "add") and isinstance(
                    call.func, ast.Attribute
                ):
                    collected.add(_holder(call.func.value))
            if isinstance(inner, ast.Assign):
                for target in inner.targets:
                    if isinstance(target, ast.Subscript):
                        collected.add(_holder(target.value))
                best = best or _running_best(inner)
            elif isinstance(inner, ast.If):
                best = best or _kept_if_better(inner)
            elif isinstance(inner, ast.AugAssign) and isinstance(inner.op, ast.Add):
                collected.add(dotted(inner.target))
    return collected - {""}, best


def _holder(node: ast.AST) -> str:
    """Return the name of what is filled: `accs`, `results["acc"]` by its dict."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _running_best(node: ast.Assign) -> ast.AST | None:
    """Match `top = max(top, run(seed))`."""
    value = node.value
    if not (
        isinstance(value, ast.Call) and dotted(value.func) in EXTREMES and len(value.args) == 2
    ):
        return None
    target = dotted(node.targets[0])
    return node if target and target in map(dotted, value.args) else None


def _kept_if_better(node: ast.If) -> ast.AST | None:
    """Match `if acc > best: best = acc` between the runs of a loop."""
    compare = node.test
    if not (isinstance(compare, ast.Compare) and len(compare.ops) == 1):
        return None
    if not isinstance(compare.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
        return None
    sides = {dotted(compare.left), dotted(compare.comparators[0])} - {""}
    kept = {
        dotted(target)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    }
    return node if len(sides) == 2 and sides & kept else None


def _comprehension_over_seeds(value: ast.expr) -> Comprehension | None:
    found: list[Comprehension] = [
        *nodes_of(value, ast.ListComp),
        *nodes_of(value, ast.GeneratorExp),
        *nodes_of(value, ast.DictComp),
    ]
    for node in found:
        target, over = node.generators[0].target, node.generators[0].iter
        named = any(REPEAT.search(name) for name in (*_names(target), *_words(over)))
        element = node.value if isinstance(node, ast.DictComp) else node.elt
        if not named or not calls_in(element) or _is_data(over) or _reads_files(element):
            continue
        if _names(target) & _names(element):
            return node
    return None


def _reads_files(node: ast.AST) -> bool:
    """Tell whether an expression reads a result that was there already."""
    return any(
        last_name(call) in ("load", "loads", "open", "read_csv", "glob") for call in calls_in(node)
    )


def _reduced_at_once(value: ast.expr, inner: ast.AST) -> ast.AST | None:
    """Match `best = max(run(seed) for seed in seeds)`."""
    for call in calls_in(value):
        if last_name(call) in EXTREMES and any(
            part is inner for a in call.args for part in ast.walk(a)
        ):
            return call
    return None


def _use_of(call: ast.Call, collected: set[str]) -> Kept | None:
    """Return what a call takes of the collected results."""
    name = last_name(call)
    held = {_holder(argument) for argument in call.args} | {
        _holder(part)
        for argument in call.args
        for part in ast.walk(argument)
        if isinstance(part, (ast.Name, ast.Attribute))
    }
    if isinstance(call.func, ast.Attribute):
        held.add(_holder(call.func.value))
        held |= {_holder(inner) for inner in _receiver(call.func.value)}
    if not held & collected:
        return None
    if name in EXTREMES or name in SORTS:
        return "best"
    return "mean" if name in MEANS or name == "sum" else None


def _receiver(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a chain like `np.array(accs).max()` begins with."""
    while isinstance(node, ast.Call):
        yield from node.args
        if not isinstance(node.func, ast.Attribute):
            return
        node = node.func.value


def _count(node: ast.expr, own: list[ast.stmt]) -> int | None:
    """Return how many turns `range(20)`, `[0, 1, 2]`, `enumerate(range(5))` or a name of one make."""
    if isinstance(node, ast.Name):
        given = [
            statement.value
            for statement in own
            if isinstance(statement, ast.Assign) and dotted(statement.targets[0]) == node.id
        ]
        return _count(given[0], []) if len(given) == 1 else None
    if isinstance(node, (ast.List, ast.Tuple)):
        return None if any(isinstance(item, ast.Starred) for item in node.elts) else len(node.elts)
    if isinstance(node, ast.Call) and last_name(node) in WRAPPERS and node.args:
        inner = literal(node.args[0])
        return inner if isinstance(inner, int) else _count(node.args[0], own)
    if isinstance(node, ast.Call) and last_name(node) == "range":
        ends = [literal(argument) for argument in node.args]
        numbers = [end for end in ends if isinstance(end, int)]
        if len(numbers) == len(ends) and 1 <= len(ends) <= 2:
            return numbers[-1] - (numbers[0] if len(numbers) == 2 else 0)
    return None
