"""Best-so-far kept by a score on test data, as training scripts write it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from netgain.analysis.code_idioms import Idiom
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    literal,
    modules,
    nodes_of,
    place,
    walk,
)
from netgain.study import CodeTree, SourceFile

TEST_WORD = re.compile(
    r"(^|[_\W])(test|tst|testing|holdout)([_\W\d]|$)|^test|Test(set|Set|Data|Loader)?$"
)
VALIDATION_WORD = re.compile(r"(^|[_\W])(val|valid|validation|dev)([_\W\d]|$)|^val", re.IGNORECASE)
SCORE_WORD = re.compile(
    r"acc|score|f1|metric|auc|map|psnr|top1|miou|dice|loss|err|rmse|ppl", re.IGNORECASE
)
BEST_WORD = re.compile(r"best|highest|lowest|record", re.IGNORECASE)
REPEAT_WORD = re.compile(r"(^|_)(seeds?|runs?|trials?|reps?|repeats?|folds?|rounds?)(_|$|\d)")
MONITORS = frozenset(
    {"monitor", "metric_for_best_model", "save_best", "key_indicator", "early_stop_metric"}
)
"""Arguments that name the score by which a library keeps the best checkpoint."""
SPLITTERS = frozenset(
    {"random_split", "train_test_split", "Subset", "split_dataset", "StratifiedShuffleSplit"}
)
REDUCTIONS = frozenset(
    {"max", "min", "amax", "amin", "nanmax", "nanmin", "argmax", "argmin", "sorted"}
)
"""Calls that take one of many."""
TRAINING_CALLS = frozenset({"backward", "zero_grad", "step"})
Names = set[str]


@remembered
def selection_on_test(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find a best-so-far that is kept by a score computed on test data.

    Names are followed through assignments inside each file: a data set built with `train=False` or a
    name that says test, a loader built from it, a function that evaluates on it, a score from either, a list
    of such scores.
    """
    found: list[Idiom] = []
    given = _test_parts_returned(tree)
    for file, module in modules(tree):
        found.extend(_monitored(file, module))
        tainted = _test_names(module, given)
        if not tainted:
            continue
        for node in walk(module):
            name = _kept_best(node)
            if name is not None and name in tainted:
                found.append(_idiom(file, node, name))
        found.extend(_flags(file, module, tainted))
        found.extend(_maxima(file, module, tainted))
    unique = {(i.source.path, i.source.line): i for i in found}
    return tuple(unique.values())


def _idiom(file: SourceFile, node: ast.AST, name: str) -> Idiom:
    return Idiom(what=f"best so far kept by {name!r}, a test score", source=place(file, node))


def _monitored(file: SourceFile, module: ast.Module) -> Iterator[Idiom]:
    """Yield checkpoints and early stops that a library keeps by a test score."""
    for call in calls_in(module):
        for keyword in call.keywords:
            named = literal(keyword.value)
            if keyword.arg in MONITORS and isinstance(named, str) and TEST_WORD.search(named):
                yield Idiom(what=f"best checkpoint by {named!r}", source=place(file, keyword.value))


def _flags(file: SourceFile, module: ast.Module, tainted: Names) -> Iterator[Idiom]:
    """Yield `is_best = score > best`, whatever is done with it."""
    for node in nodes_of(module, ast.Assign):
        compare = node.value
        if not (isinstance(compare, ast.Compare) and len(compare.ops) == 1):
            continue
        if not isinstance(compare.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
            continue
        sides = dotted(compare.left), dotted(compare.comparators[0])
        for score, best in (sides, sides[::-1]):
            if score in tainted and best and BEST_WORD.search(best) and not BEST_WORD.search(score):
                yield _idiom(file, node, score)


def _maxima(file: SourceFile, module: ast.Module, tainted: Names) -> Iterator[Idiom]:
    """Yield the maximum (or minimum) of a list of test scores that one training filled."""
    lists = _lists_of_scores(module, tainted)
    for call in calls_in(module) if lists else ():
        name = _reduced(call)
        if name in lists:
            yield Idiom(
                what=f"best of {name!r}, test scores of one training", source=place(file, call)
            )


def _reduced(call: ast.Call) -> str:
    """Return what is reduced in `max(x)`, `np.max(x)`, `x.max()` and `sorted(x)[-1]`, empty otherwise."""
    if (
        last_name(call) in ("max", "min", "amax", "amin", "nanmax", "sorted")
        and len(call.args) == 1
    ):
        return _scores_of(call.args[0])
    if last_name(call) in ("max", "min") and not call.args and isinstance(call.func, ast.Attribute):
        return _scores_of(call.func.value)
    return ""


def _scores_of(node: ast.AST) -> str:
    """Return the name of a list of scores: `curve`, `history["test_acc"]`, `np.array(curve)`."""
    if isinstance(node, ast.Subscript) and isinstance(literal(node.slice), str):
        return f"{dotted(node.value)}[{literal(node.slice)}]"
    if (
        isinstance(node, ast.Call)
        and last_name(node) in ("array", "asarray", "tensor")
        and node.args
    ):
        return dotted(node.args[0])
    return dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _lists_of_scores(module: ast.Module, tainted: Names) -> Names:
    """Return lists to which a training appends its test scores; a loop over seeds fills none of them."""
    found: Names = set()
    for loop in (*nodes_of(module, ast.For), *nodes_of(module, ast.While)):
        over = ast.unparse(loop.target) if isinstance(loop, ast.For) else ""
        if REPEAT_WORD.search(over):
            continue
        for call in calls_in(loop):
            if last_name(call) != "append" or len(call.args) != 1:
                continue
            if not isinstance(call.func, ast.Attribute):
                continue
            if _is_test_score(call.args[0], tainted) and not _inside_repeat(loop, call):
                found.add(_scores_of(call.func.value))
    return found - {""}


def _inside_repeat(loop: ast.AST, call: ast.Call) -> bool:
    """Tell whether a loop over seeds or folds stands between another loop and a call in it."""
    return any(
        inner is not loop
        and REPEAT_WORD.search(ast.unparse(inner.target)) is not None
        and any(one is call for one in calls_in(inner))
        for inner in nodes_of(loop, ast.For)
    )


def _is_test_score(node: ast.AST, tainted: Names) -> bool:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return dotted(node) in tainted
    if isinstance(node, ast.Call) and last_name(node) in ("item", "float", "round"):
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        return any(_is_test_score(part, tainted) for part in (*node.args, inner) if part)
    if isinstance(node, ast.Call):
        return dotted(node.func) in tainted or any(
            dotted(argument) in tainted for argument in node.args
        )
    return False


def _test_parts_returned(tree: CodeTree) -> dict[str, frozenset[int]]:
    """Return, by name of a function that builds loaders, which of the values it returns are test data."""
    found: dict[str, list[frozenset[int]]] = defaultdict(list)
    for _, module in modules(tree):
        tainted: Names | None = None
        for function in nodes_of(module, ast.FunctionDef):
            returned = [
                n.value for n in nodes_of(function, ast.Return) if isinstance(n.value, ast.Tuple)
            ]
            if not returned or not any(last_name(c).endswith("oader") for c in calls_in(function)):
                continue
            tainted = _test_names(module, {}) if tainted is None else tainted
            found[function.name].append(
                frozenset(i for i, part in enumerate(returned[-1].elts) if dotted(part) in tainted)
            )
    return {name: each[0] for name, each in found.items() if len(each) == 1 and each[0]}


def _test_names(module: ast.Module, given: Mapping[str, frozenset[int]]) -> Names:
    """Return names that hold test data, a score computed on it, or a function that computes one."""
    tainted: Names = set()
    assignments = [
        pair
        for node in walk(module)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None
        for pair in _assigned(node, node.value)
    ]
    read = {id(value): _names_or_test(value) for _, value in assignments}
    for node in nodes_of(module, ast.Assign):
        if isinstance(node.value, ast.Call) and isinstance(node.targets[0], (ast.Tuple, ast.List)):
            parts = given.get(last_name(node.value), frozenset())
            tainted |= {dotted(t) for i, t in enumerate(node.targets[0].elts) if i in parts} - {""}
    evaluators = _evaluators(module)
    for _ in range(5):  # a data set, its loader, a function over it, the score, a copy of the score
        before = len(tainted)
        for target, value in assignments:
            names = read[id(value)]
            if _is_split_for_validation(target, value):
                continue
            if names is None or not names.isdisjoint(tainted) or TEST_WORD.search(target):
                tainted.add(target)
        for name, used in evaluators.items():
            if not used.isdisjoint(tainted):
                tainted |= {name, f"self.{name}"}
        if len(tainted) == before:
            break
    return tainted


def _is_split_for_validation(target: str, value: ast.AST) -> bool:
    """Tell whether a name for validation data gets a part that was split off."""
    return VALIDATION_WORD.search(target) is not None and any(
        last_name(call) in SPLITTERS for call in calls_in(value)
    )


def _evaluators(module: ast.Module) -> dict[str, Names]:
    """Return, by name, the names used in functions that return something, train nothing and build no loader.

    A name that several functions bear, and what is handed in as an argument, says nothing of the data.
    """
    found: dict[str, list[Names]] = defaultdict(list)
    for function in nodes_of(module, ast.FunctionDef):
        returns = any(node.value is not None for node in nodes_of(function, ast.Return))
        called = {last_name(call) for call in calls_in(function)}
        trains = called & TRAINING_CALLS or any(
            re.match(r"train|fit|run_epoch", name) for name in called
        )
        builds = any(name.endswith(("Loader", "loader", "Dataset")) for name in called)
        if not returns or trains or builds:
            found[function.name].append(set())
            continue
        given = {argument.arg for argument in function.args.args}
        found[function.name].append(
            {
                dotted(node)
                for node in walk(function)
                if isinstance(node, (ast.Name, ast.Attribute)) and dotted(node) not in given
            }
        )
    return {name: used[0] for name, used in found.items() if len(used) == 1}


def _assigned(
    node: ast.Assign | ast.AnnAssign | ast.NamedExpr, value: ast.expr
) -> list[tuple[str, ast.expr]]:
    """Return each name with what it is given; `a, b = x, y` gives x to a and y to b."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    first = targets[0]
    if (
        len(targets) == 1
        and isinstance(first, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(first.elts) == len(value.elts)
        and not any(isinstance(item, ast.Starred) for item in (*first.elts, *value.elts))
    ):
        pairs = zip(first.elts, value.elts, strict=True)
        return [(dotted(target), given) for target, given in pairs if dotted(target)]
    return [(target, value) for target in _targets(node)]


def _targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = []
    for target in targets:
        items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        names += [dotted(item) for item in items if dotted(item)]
    return names


def _names_or_test(value: ast.AST) -> frozenset[str] | None:
    """Return the names an expression uses, or None where it is test data by its own words."""
    names: Names = set()
    for child in walk(value):
        if isinstance(child, ast.keyword):
            if child.arg == "train" and literal(child.value) is False:
                return None
            if child.arg in ("split", "partition") and literal(child.value) == "test":
                return None
        elif isinstance(child, (ast.Name, ast.Attribute)):
            names.add(dotted(child))
        elif isinstance(child, ast.Call) and re.match(r"(run_|do_)?test(_|$)", last_name(child)):
            return None
    return None if any(map(TEST_WORD.search, names)) else frozenset(names)


def _kept_best(node: ast.AST) -> str | None:
    """Return the score's name in `if score > best: best = score` or `best = max(best, score)`."""
    if isinstance(node, ast.If):
        for compare in walk(node.test):
            if not (isinstance(compare, ast.Compare) and len(compare.ops) == 1):
                continue
            if not isinstance(compare.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
                continue
            left, right = dotted(compare.left), dotted(compare.comparators[0])
            kept = {t for n in node.body for a in walk(n) if isinstance(a, ast.Assign)
                    for t in _targets(a)}  # fmt: skip
            for score, best in ((left, right), (right, left)):
                if score and best in kept and (SCORE_WORD.search(score) or SCORE_WORD.search(best)):
                    return score
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return None
    if dotted(node.value.func) in ("max", "min") and len(node.value.args) == 2:
        targets = _targets(node)
        arguments = [dotted(argument) for argument in node.value.args]
        for best, score in (arguments, arguments[::-1]):
            if best in targets and score:
                return score
    return None
