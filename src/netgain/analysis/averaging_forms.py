"""The arithmetic of a moving average: one value pulled towards another, in each form code gives it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.syntax import last_name, literal, modules, names_in, nodes_of, walk
from netgain.study import CodeTree

NO_WEIGHTS = re.compile(
    r"grad|exp_avg|moment(?!um(?:$|_(?:enc|net|model|teach|back|proj|pred)))|(?:^|_)vel(?:_|ocity|$)|running_|fisher|loss|metric|score|reward|^d_p$|^(?:\w+_)?buf(?:fer)?$|^delta|"
    r"^updates?$|^(?:norm|mean|std|var|item|abs|sum|pow|square|sqrt|max|min|numel)$",
    re.IGNORECASE,
)
"""Names of gradients, of optimizers' buffers, of running statistics and of what is taken of weights."""
SEEN_THROUGH = frozenset(
    {"data", "detach", "to", "float", "half", "double", "clone", "cpu", "cuda", "type", "type_as", "value"}
)  # fmt: skip
"""Attributes and methods that leave a value what it is."""
MOST_STATEMENTS = 8
"""Statements beyond which a function is more than the arithmetic of an average."""
Bound = dict[str, ast.expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One value pulled towards another."""

    node: ast.AST
    """Where it is cited."""
    averaged: ast.AST
    """What is kept, or both where their sides are not told apart."""
    live: ast.AST
    """What it is pulled towards."""


def pulls_in(node: ast.AST, bound: Bound, functions: frozenset[str]) -> Iterator[Pull]:
    """Yield the moving averages inside a node.

    Args:
        node: a loop, a comprehension or a lambda.
        bound: what names of the scope are bound to, for factors and differences kept in a name.
        functions: names of functions that return the moving average of two arguments.
    """
    for child in walk(node):
        if isinstance(child, ast.Call):
            yield from _called(child, bound, functions)
        elif isinstance(child, ast.AugAssign) and isinstance(child.op, (ast.Add, ast.Sub)):
            adds = isinstance(child.op, ast.Add)
            yield from _moved(child, child.target, child.value, None, adds=adds, bound=bound)
        elif isinstance(child, ast.BinOp):
            yield from _written_out(child, bound)
    yield from _in_two_statements(node, bound)


def plain_text(node: ast.AST) -> str:
    """Return an expression as text without `.data`, `.detach()` and their like."""
    while True:
        inner = node.func if isinstance(node, ast.Call) else node
        if not isinstance(inner, ast.Attribute) or inner.attr not in SEEN_THROUGH:
            return _text(node)
        node = inner.value


def _text(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:  # nested beyond what the interpreter follows
        return f"expression {id(node)}"


def are_complements(kept: ast.expr, factor: ast.expr, bound: Bound) -> bool:
    """Tell whether two factors add up to one: d and `1 - d`, or two numbers."""
    sides = [_known(side, bound) for side in (kept, factor)]
    for one, other in (sides, sides[::-1]):
        rest = _rest_of_one(one)
        if rest is not None and _text(rest) == _text(other):
            return True
    numbers = [literal(side) for side in sides]
    if all(isinstance(n, (int, float)) for n in numbers):
        return abs(sum(map(float, numbers)) - 1) < 1e-9  # type: ignore[arg-type]  # tested above
    return any(
        rest is not None and _text(rest) == _text(other)
        for rest, other in ((_rest_of_one(sides[0]), factor), (_rest_of_one(sides[1]), kept))
    )


def multiplied(call: ast.Call, bound: Bound) -> tuple[ast.expr | None, ast.expr | None]:
    """Return w and k of `x.add_(w, alpha=k)`, `x.add_(k * w)` and `_foreach_add_(x, w, alpha=k)`."""
    arguments = call.args[1:] if last_name(call).startswith("_foreach_") else call.args
    if len(arguments) == 2:  # the old order, `add_(k, w)`
        return arguments[1], arguments[0]
    if not arguments:
        return None, None
    value = _known(arguments[0], bound)
    factor = next((k.value for k in call.keywords if k.arg in ("alpha", "value")), None)
    return value, factor


def averaging_functions(tree: CodeTree) -> frozenset[str]:
    """Return the names of functions and lambdas that return the moving average of two of their arguments."""
    found = set()
    for file, module in modules(tree):
        if "1" not in file.text:
            continue
        for function in nodes_of(module, ast.FunctionDef):
            arguments = {a.arg for a in function.args.args} - {"self"}
            if len(function.body) <= MOST_STATEMENTS and len(arguments) >= 2:
                returned = [r.value for r in nodes_of(function, ast.Return) if r.value is not None]
                if any(_averages(value, arguments) for value in returned):
                    found.add(function.name)
        named = [(k.arg or "", k.value) for k in nodes_of(module, ast.keyword)]
        named += [(last_name(a.targets[0]), a.value) for a in nodes_of(module, ast.Assign)]
        for name, value in named:
            arguments = {a.arg for a in value.args.args} if isinstance(value, ast.Lambda) else set()
            if isinstance(value, ast.Lambda) and _averages(value.body, arguments):
                found.add(name)
    return frozenset(found - {""})


def _averages(value: ast.expr, arguments: set[str]) -> bool:
    for pull in pulls_in(value, {}, frozenset()):
        used = names_in(pull.averaged) | names_in(pull.live)
        if len(used & arguments) >= 2 and not any(map(NO_WEIGHTS.search, used)):
            return True
    return False


def _called(call: ast.Call, bound: Bound, functions: frozenset[str]) -> Iterator[Pull]:
    name = last_name(call)
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name in ("lerp_", "lerp") and call.args:
        of_module = isinstance(owner, ast.Name) and owner.id in ("torch", "np", "tf")
        averaged = call.args[0] if of_module or owner is None else owner
        live = call.args[1] if averaged is call.args[0] and len(call.args) > 1 else call.args[0]
        yield Pull(node=call, averaged=averaged, live=live)
    elif name in ("add_", "sub_") and owner is not None:
        value, factor = multiplied(call, bound)
        if isinstance(owner, ast.Call) and last_name(owner) == "mul_" and name == "add_":
            if isinstance(owner.func, ast.Attribute) and value is not None:
                yield Pull(node=call, averaged=owner.func.value, live=value)
        elif value is not None:
            yield from _moved(call, owner, value, factor, adds=name == "add_", bound=bound)
    elif name in functions and len(call.args) >= 2:
        yield Pull(node=call, averaged=call.args[0], live=call.args[1])


def _moved(
    node: ast.AST,
    target: ast.expr,
    value: ast.expr,
    factor: ast.expr | None,
    *,
    adds: bool,
    bound: Bound,
) -> Iterator[Pull]:
    """Match t += (b - t) * k, t -= (t - b) * k, and a product or difference kept in a name."""
    if literal(target) is not None or isinstance(factor, ast.UnaryOp):
        return
    value = _known(value, bound)
    parts: list[ast.expr] = [value] if factor is not None else []
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        parts = [value.left, value.right]
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        parts = [value.left]
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and not adds:
        # `t.sub_(difference)`, the difference multiplied in place before
        parts = [value]
    for part in (_known(item, bound) for item in parts):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            kept, live = (part.right, part.left) if adds else (part.left, part.right)
            if plain_text(kept) == plain_text(target):
                yield Pull(node=node, averaged=target, live=live)
                return


def _written_out(node: ast.BinOp, bound: Bound) -> Iterator[Pull]:
    """Match d * e + (1 - d) * p, e + (p - e) * k, e - (e - p) * k and (e * n + p) / (n + 1)."""
    if isinstance(node.op, ast.Add):
        first, second = (_known(side, bound) for side in (node.left, node.right))
        for kept, one in _factored(first):
            for factor, other in _factored(second):
                if are_complements(kept, factor, bound):
                    yield Pull(node=node, averaged=one, live=other)
                    return
    if isinstance(node.op, (ast.Add, ast.Sub)):
        adds = isinstance(node.op, ast.Add)
        yield from _moved(node, node.left, node.right, None, adds=adds, bound={})
    elif isinstance(node.op, ast.Div):
        total, count = node.left, node.right
        if not (isinstance(total, ast.BinOp) and isinstance(total.op, ast.Add)):
            return
        if not (isinstance(count, ast.BinOp) and isinstance(count.op, ast.Add)):
            return
        turns = {_text(s) for s in (count.left, count.right)} - {"1", "1.0"}
        for side, other in ((total.left, total.right), (total.right, total.left)):
            for factor, averaged in _factored(side):
                if turns == {_text(factor)}:
                    yield Pull(node=node, averaged=averaged, live=other)
                    return


def _in_two_statements(node: ast.AST, bound: Bound) -> Iterator[Pull]:
    """Match `v *= d` before `v += (1 - d) * w`, and `v.mul_(d)` before `v.add_(w, alpha=1 - d)`."""
    for block in _blocks(node):
        shrunk: dict[str, ast.expr] = {}
        for statement in block:
            kind, target, live, factor = _step(statement, bound)
            text = plain_text(target) if target is not None else ""
            if target is None or factor is None:
                continue
            if kind == "shrink":
                shrunk[text] = factor
            elif text in shrunk and live is not None:
                pairs = [(live, factor)] if factor is not live else _swapped(live)
                for value, share in pairs:
                    if are_complements(shrunk[text], share, bound):
                        yield Pull(node=statement, averaged=target, live=value)
                        break


Step = tuple[str, ast.expr | None, ast.expr | None, ast.expr | None]


def _step(statement: ast.stmt, bound: Bound) -> Step:
    """Return whether a statement shrinks or adds, to what, what it adds, and the factor."""
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.op, ast.Mult):
            return "shrink", statement.target, None, statement.value
        if isinstance(statement.op, ast.Add):
            value = _known(statement.value, bound)
            return "add", statement.target, value, value
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
        if call.func.attr == "mul_":
            return "shrink", call.func.value, None, call.args[0]
        if call.func.attr == "add_":
            added, factor = multiplied(call, bound)
            return "add", call.func.value, added, factor or added
    return "", None, None, None


def _swapped(product: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    return [(value, factor) for factor, value in _factored(product)]


def _factored(node: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Return the two ways to read a product as a factor and a value; `x.mul(k)` is one of them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [(node.left, node.right), (node.right, node.left)]
    if isinstance(node, ast.Call) and last_name(node) in ("mul", "multiply") and node.args:
        if len(node.args) == 2:
            return [(node.args[0], node.args[1]), (node.args[1], node.args[0])]
        if isinstance(node.func, ast.Attribute):
            return [(node.args[0], node.func.value)]
    return []


def _rest_of_one(node: ast.expr) -> ast.expr | None:
    """Return d of `1 - d`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and literal(node.left) == 1:
        return node.right
    return None


def _known(node: ast.expr, bound: Bound) -> ast.expr:
    """Return what a name stands for where that is arithmetic, the node itself otherwise."""
    value = bound.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(value, ast.BinOp) or (
        isinstance(value, ast.Call) and last_name(value).startswith("_foreach_")
    ):
        return value
    return node


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for child in walk(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(child, name, None)
            if isinstance(block, list):
                yield block
