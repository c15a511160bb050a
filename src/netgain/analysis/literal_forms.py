"""Expressions that set how a model is trained, by form: scales, loss terms, mixtures, clips, rates.

Each form is given a piece of code and `number_of`, which tells what number an expression stands for, and
yields the expressions whose numbers count. Which literals stand behind them, and which are plain, is decided
elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from netgain.analysis.literal_sinks import (
    AVERAGED,
    LABELS,
    LOSS_WORD,
    NOT_TRAINED,
    PIXELS,
    RESHAPING,
    SCALING_CALLS,
    SMOOTHED,
)
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, names_in, walk

NumberOf = Callable[[ast.AST], "float | None"]
"""What number an expression stands for, None where it stands for none."""
LIBRARIES = frozenset({"torch", "np", "numpy", "jnp", "tf", "math", "K"})
CLASSIFYING = re.compile(
    r"linear|fc\d*|.*head.*|.*classifier.*|.*proto.*|.*cos.*|normalize|matmul|mm|einsum|.*logit.*|.*similarity.*",
    re.IGNORECASE,
)
"""Names in an expression that makes logits."""
WHOLE = re.compile(r"(net\d*|model|classifier|network|head|former|cnn)$", re.IGNORECASE)
"""Names of classes that are a whole network, or its last part."""
BOUNDED = re.compile(r"relu6|hardtanh|clamp_?|clip|tanh|sigmoid|softmax", re.IGNORECASE)
"""Calls whose outcome a factor brings to a range."""
DEEPEST = 12
"""Factors looked through one after another."""

LONG_MEMORY = 0.98
"""Share of itself from which on a value mixed into itself is a running average."""
MOSTLY = 0.7
"""Share from which on a label counts as smoothed and not as mixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An expression at a place that sets how a model is trained."""

    node: ast.AST
    """The expression whose literals count."""
    sink: str
    """Kind of place."""
    what: str
    """What it sets."""


def summands(value: ast.AST) -> list[ast.AST]:
    """Return what a sum or difference is made of, left to right."""
    found: list[ast.AST] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            waiting += [node.right, node.left]
        else:
            found.append(node)
    return found


def scalings(value: ast.AST, number_of: NumberOf) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield (number, what it scales) for the outermost factors and divisors of an expression.

    Products, quotients and the methods and functions for them count alike. A sum divided by the number of its
    terms is a mean, and 255 and its half bring pixels to a range.
    """
    node = value
    for _ in range(DEEPEST):
        number, scaled = _outermost_factor(node, number_of)
        if scaled is None:
            return
        if number is not None and not _is_range_or_mean(number, scaled, number_of):
            yield number, scaled
        node = scaled


def _outermost_factor(node: ast.AST, number_of: NumberOf) -> tuple[ast.AST | None, ast.AST | None]:
    """Return the constant that scales an expression, if any, and what lies behind it."""
    if isinstance(node, ast.UnaryOp) and number_of(node) is None:
        return None, node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        if number_of(node.right) is not None and number_of(node.left) is None:
            return node.right, node.left
        if isinstance(node.op, ast.Mult) and number_of(node.left) is not None:
            return node.left, node.right
        return None, None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if name in SCALING_CALLS and node.args:
            of_library = dotted(node.func.value) in LIBRARIES
            scaled = node.args[0] if of_library else node.func.value
            if number_of(node.args[-1]) is not None and scaled is not node.args[-1]:
                return node.args[-1], scaled
        elif name in RESHAPING:
            return None, node.func.value
    return None, None


def _is_range_or_mean(number: ast.AST, scaled: ast.AST, number_of: NumberOf) -> bool:
    value = number_of(number)
    terms = len(summands(scaled))
    return value in PIXELS or (terms > 1 and value in (terms, 1 / terms))


def makes_logits(node: ast.AST) -> bool:
    """Tell whether an expression reads as the output of a classifier."""
    named = any(CLASSIFYING.fullmatch(name) for name in names_in(node))
    return named or any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult) for n in walk(node)
    )


def output_scales(forward: ast.AST, owner: str, number_of: NumberOf) -> Iterator[Held]:
    """Find the factors of the logits that a forward pass returns, themselves or by the name they were given.

    Args:
        forward: the method.
        owner: name of its class; what a class that reads as a whole network returns counts as logits.
        number_of: what a number is.
    """
    assigned: dict[str, list[ast.AST]] = {}
    returned: list[ast.AST] = []
    for node in walk(forward):
        if isinstance(node, ast.Return) and node.value is not None:
            returned += _parts(node.value)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            assigned.setdefault(dotted(node.targets[0]), []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Mult, ast.Div)):
            product = ast.BinOp(left=node.target, op=node.op, right=node.value)
            assigned.setdefault(dotted(node.target), []).append(product)
    for value in list(returned):
        if isinstance(value, ast.Name):
            returned += assigned.get(value.id, [])
    for value in returned:
        for number, scaled in scalings(value, number_of):
            bounded = any(BOUNDED.fullmatch(last_name(call)) for call in calls_in(scaled))
            if not bounded and (makes_logits(scaled) or WHOLE.search(owner)):
                yield Held(node=number, sink="temperature", what="scale of logits")


def _parts(value: ast.AST) -> list[ast.AST]:
    """Return what a returned expression hands out: members of tuples and dictionaries, sides of a choice."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return [part for item in value.elts for part in _parts(item)]
    if isinstance(value, ast.Dict):
        return [part for item in value.values for part in _parts(item)]
    if isinstance(value, ast.IfExp):
        return [*_parts(value.body), *_parts(value.orelse)]
    return [value]


def loss_weights(value: ast.AST, number_of: NumberOf, *, sure: bool) -> Iterator[Held]:
    """Find numbers that multiply a term of a loss.

    Args:
        value: the expression.
        number_of: what a number is.
        sure: whether the expression is known to be a loss, so that its terms count whatever they are named.
    """
    for node in walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            for side, other in ((node.left, node.right), (node.right, node.left)):
                found = sorted(names_in(other)) if number_of(side) is not None else []
                term = next((n for n in found if LOSS_WORD.search(n.lower())), None)
                if term:
                    yield Held(node=side, sink="loss", what=f"weight of {term}")
        elif (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and _is_complement(node.left)
        ):
            yield Held(node=node.right, sink="loss", what="focal exponent")
    terms = summands(value)
    if not sure:
        named = any(LOSS_WORD.search(n.lower()) for term in terms for n in names_in(term))
        if len(terms) < 2 or not named:
            return
    for part in terms:
        for number, weighed in scalings(part, number_of):
            names = names_in(weighed)
            if (
                names
                and not any(LOSS_WORD.search(name.lower()) for name in names)
                and "log10" not in names
            ):
                yield Held(node=number, sink="loss", what=f"weight of {_shown(weighed)}")


def _shown(node: ast.AST) -> str:
    try:
        return " ".join(ast.unparse(node).split())[:40]
    except RecursionError:  # an expression nested beyond what the interpreter follows
        return "a term"


def _is_complement(node: ast.AST) -> bool:
    """Match `1 - x`."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and literal(node.left) == 1


def is_running_mean(targets: set[str], value: ast.AST) -> bool:
    """Tell whether a value is kept for display: a mean over the past of what was measured."""
    if any(NOT_TRAINED.search(name) for name in targets):
        return True
    if any(SMOOTHED.search(name) for name in targets & {n.lower() for n in names_in(value)}):
        return True
    return any(
        last_name(call) == "item" or dotted(call.func) == "float" for call in calls_in(value)
    )


def mixtures(value: ast.AST, targets: set[str], number_of: NumberOf) -> Iterator[Held]:
    """Find two terms mixed with weights that add to one: smoothed labels, averaged weights."""
    while (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and (value.func.attr in RESHAPING)
    ):
        value = value.func.value
    terms = summands(value)
    if len(terms) != 2:
        return
    weights = [_weight(term, number_of) for term in terms]
    known = [w for w in weights if w is not None]
    if len(known) != 2 or abs(sum(abs(number_of(w) or 0.0) for w in known) - 1) > 1e-9:
        return
    small = min(known, key=lambda w: abs(number_of(w) or 0.0))
    large = max(abs(number_of(w) or 0.0) for w in known)
    own = {name.lower() for name in names_in(value)}
    names = own | targets
    spread = any(not _is_weighed(term, number_of) for term in terms)
    if is_running_mean(targets, value):
        return
    kept = bool(own & targets - {"self"}) and large >= LONG_MEMORY
    if kept or (large >= 0.9 and any(AVERAGED.search(name) for name in names)):
        yield Held(node=small, sink="averaging", what="rate of a running average")
    elif spread or (large >= MOSTLY and any(LABELS.search(name) for name in names)):
        yield Held(node=small, sink="loss", what="label smoothing")


def _weight(term: ast.AST, number_of: NumberOf) -> ast.AST | None:
    """Return the one constant factor of a term, divisors left out."""
    factors = _factors(term)
    constants = [factor for factor in factors if number_of(factor) is not None]
    return constants[0] if len(constants) == 1 else None


def _is_weighed(term: ast.AST, number_of: NumberOf) -> bool:
    """Tell whether a term holds more than its weight and what it is divided by."""
    return any(number_of(f) is None and not _is_complement(f) for f in _factors(term))


def _factors(term: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    waiting = [term]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            waiting += [node.right, node.left]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            waiting.append(node.left)
        elif isinstance(node, ast.UnaryOp):
            waiting.append(node.operand)
        else:
            found.append(node)
    return found


def rates(value: ast.AST, number_of: NumberOf) -> Iterator[ast.AST]:
    """Find the numbers of a formula for a learning rate: factors, bases, exponents, steps between drops."""
    if any("suggest" in last_name(c) or "random" in dotted(c.func) for c in calls_in(value)):
        return
    for node in walk(value):
        if not isinstance(node, ast.BinOp):
            continue
        if isinstance(node.op, (ast.Mult, ast.Div, ast.Pow)):
            yield from (side for side in (node.left, node.right) if number_of(side) is not None)
        elif isinstance(node.op, ast.FloorDiv) and number_of(node.right) is not None:
            yield node.right
