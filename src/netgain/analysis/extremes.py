"""How scripts keep the best of several scores: comparisons, running maxima, extremes of a list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from netgain.analysis.statement_flow import header_nodes, key_of
from netgain.analysis.syntax import last_name, literal, nodes_of

SCORE_WORD = re.compile(
    r"acc|score|f1|metric|auc|map|psnr|ssim|top1|top5|miou|iou|dice|loss|err|rmse|mae|mse|ppl|perf|bleu|prec|"
    r"recall|correct|fid|result",
    re.IGNORECASE,
)
BEST_WORD = re.compile(r"best|highest|lowest|record|max_|min_|_max|_min|^top$", re.IGNORECASE)
LOWER_IS_BETTER = re.compile(
    r"loss|(?:^|[_\W])err|error|rmse|(?:^|[_\W])ma?e(?:[_\W]|$)|mse|nll|ppl|perplex|(?:^|[_\W])fid",
    re.IGNORECASE,
)
REPEAT_WORD = re.compile(
    r"(?:^|[_.])(?:seeds?|runs?|trials?|reps?|repeats?|repetitions?|restarts?|folds?)(?:_|$|\d)",
    re.IGNORECASE,
)
"""Names of what a repeated training is counted by."""
MAXIMA = frozenset({"max", "amax", "nanmax", "argmax", "nanargmax", "idxmax", "nlargest"})
MINIMA = frozenset({"min", "amin", "nanmin", "argmin", "nanargmin", "idxmin", "nsmallest"})
PAIRWISE = {
    "max": "max",
    "maximum": "max",
    "fmax": "max",
    "min": "min",
    "minimum": "min",
    "fmin": "min",
}
"""Calls of two scores that return the better."""
HEAPS = frozenset({"heappush", "heapreplace", "heappushpop"})
"""Functions that keep the best few scores in a heap."""
EXTREMES = MAXIMA | MINIMA | PAIRWISE.keys() | {"sorted", "sort_values"}
"""Calls that find the best of several scores."""
COPYING = frozenset(
    {"array", "asarray", "tensor", "list", "values", "Series", "stack", "as_tensor", "FloatTensor"}
)
DISPLAYS = re.compile(
    r"(?:set_)?[xyz]?lim|axis|ax[hv]line|annotate|text|plot|set_[xy]ticks|range|linspace|arange|scatter|colorbar"
)
"""Calls that use an extreme to draw."""
SAVING = re.compile(r"save\w*|\w*checkpoint\w*|deepcopy|state_dict|dump", re.IGNORECASE)
GREATER = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
NO_SCORE = re.compile(
    r"epoch|steps?$|iter|patience|count|time|norm|len$|size|lr$|grad", re.IGNORECASE
)
Direction = Literal["max", "min"]


def kept_best(
    statement: ast.stmt, then: Sequence[ast.stmt] = ()
) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each score by which a statement keeps a best, with that best, in the forms scripts have.

    `if score > best: best = score`, `if score > best: save(...)`, `is_best = score > best`,
    `best = max(best, score)`, `best = score if score > best else best`; and `if score <= best: return` with
    what comes `then` in its block.
    """
    if isinstance(statement, ast.If):
        body = list(then) if _turns_back(statement) else statement.body
        yield from _better(statement.test, assigned_in(body), saves=saves(body))
        return
    value = getattr(statement, "value", None)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or value is None:
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = {key_of(target) for target in targets} - {""}
    if isinstance(value, ast.IfExp):
        yield from _better(value.test, names, saves=False)
    elif isinstance(value, ast.Call) and last_name(value) in PAIRWISE and len(value.args) == 2:
        first, second = value.args
        for best, score in ((first, second), (second, first)):
            told = SCORE_WORD.search(key_of(best)) or BEST_WORD.search(key_of(best))
            if told and key_of(best) in names:
                yield score, best
    elif any(BEST_WORD.search(name) for name in names) or isinstance(value, ast.Compare):
        for left, right in _compared(value):
            for score, best in ((left, right), (right, left)):
                if BEST_WORD.search(key_of(best)) and not BEST_WORD.search(key_of(score)):
                    yield score, best


def _better(test: ast.expr, kept: set[str], *, saves: bool) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the score of `score > best`: best is what is kept, or is called so where something is saved."""
    for left, right in _compared(test):
        for score, best in ((left, right), (right, left)):
            name, other = key_of(best), key_of(score)
            whole = isinstance(best, ast.Call) and last_name(best) in MAXIMA | MINIMA
            if whole and len(getattr(best, "args", ())) == 1 and (saves or kept):
                yield score, best  # `if acc > max(accs)`
                break
            if not name or name == other or BEST_WORD.search(other):
                continue
            called = BEST_WORD.search(name) is not None
            scored = SCORE_WORD.search(name) or SCORE_WORD.search(other) or called
            if (name in kept and scored) or (called and saves):
                yield score, best
                break


def _compared(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    for compare in filter(compares, nodes_of(node, ast.Compare)):
        yield compare.left, compare.comparators[0]


def compares(node: ast.Compare) -> bool:
    """Tell whether a comparison asks which of two values is greater."""
    return len(node.ops) == 1 and isinstance(node.ops[0], GREATER)


def assigned_in(body: list[ast.stmt]) -> set[str]:
    """Return what the statements of a block assign, tuples taken apart."""
    found: set[str] = set()
    for statement in body:
        for node in nodes_of(statement, ast.Assign):
            for target in node.targets:
                items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                found.update(map(key_of, items))
        for call in nodes_of(statement, ast.Call):
            if last_name(call) in HEAPS and call.args and key_of(call.args[0]):
                found.add(f"{key_of(call.args[0])}[0]")  # the least of the best few
    return found - {""}


def _turns_back(statement: ast.If) -> bool:
    """Tell whether a branch only leaves: `return` or `continue`, unless the score is better."""
    return all(isinstance(inner, (ast.Return, ast.Continue)) for inner in statement.body)


def saves(body: Sequence[ast.stmt]) -> bool:
    """Tell whether statements keep weights or write a file, as opposed to noting a number."""
    return any(
        SAVING.fullmatch(last_name(call)) for inner in body for call in nodes_of(inner, ast.Call)
    )


def is_score(node: ast.expr) -> bool:
    """Tell whether an expression can be a score: no constant, no length, no number of an epoch."""
    name = key_of(node)
    other = NO_SCORE.search(name) is not None and not SCORE_WORD.search(name)
    return bool(name or isinstance(node, ast.Call)) and not other


def reduced(call: ast.Call, statement: ast.stmt) -> tuple[ast.expr, Direction] | None:
    """Return what `max(x)`, `np.max(x)`, `x.max()` and `sorted(x)[-1]` reduce and to which end, else None."""
    name = last_name(call)
    if name in ("sorted", "sort_values"):
        return _end_of_sorted(call, statement)
    if name not in MAXIMA | MINIMA:
        return None
    direction: Direction = "max" if name in MAXIMA else "min"
    if _drawn(call, statement):
        return None
    if call.args and (len(call.args) == 1 or name in ("nlargest", "nsmallest")):
        return _copied(call.args[-1 if len(call.args) > 1 else 0]), direction
    if not call.args and isinstance(call.func, ast.Attribute):
        return _copied(call.func.value), direction
    return None


def _copied(node: ast.expr) -> ast.expr:
    """Return what `np.array(x)`, `list(d.values())` and `*x` were made of."""
    while True:
        if isinstance(node, ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and last_name(node) in COPYING:
            if node.args:
                node = node.args[0]
            elif isinstance(node.func, ast.Attribute):
                node = node.func.value
            else:
                return node
        else:
            return node


def _end_of_sorted(call: ast.Call, statement: ast.stmt) -> tuple[ast.expr, Direction] | None:
    """Match `sorted(x)[-1]`, `sorted(x, reverse=True)[:3]` and `df.sort_values("acc").iloc[-1]`."""
    if last_name(call) == "sorted":
        of = call.args[0] if call.args else None
    else:
        of = call.func.value if isinstance(call.func, ast.Attribute) else None
    backwards = any(
        (k.arg == "reverse" and literal(k.value) is True)
        or (k.arg == "ascending" and literal(k.value) is False)
        for k in call.keywords
    )
    for node in header_nodes(statement):
        if not isinstance(node, ast.Subscript) or of is None:
            continue
        inner = node.value
        if isinstance(inner, ast.Attribute) and inner.attr == "iloc":
            inner = inner.value
        if inner is call:
            place = node.slice.lower if isinstance(node.slice, ast.Slice) else node.slice
            number = literal(place)
            last = isinstance(number, int) and number < 0
            if number in (None, 0) or last:
                return _copied(of), "max" if last != backwards else "min"
    return None


def _drawn(call: ast.Call, statement: ast.stmt) -> bool:
    """Tell whether an extreme stands in a call that draws or counts."""
    return any(
        isinstance(outer, ast.Call)
        and outer is not call
        and DISPLAYS.fullmatch(last_name(outer))
        and any(inner is call for inner in nodes_of(outer, ast.Call))
        for outer in header_nodes(statement)
    )
