"""Calls and comparisons that set how a model is trained: clamps, draws, chances, thresholds, steps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.literal_forms import (
    Held,
    NumberOf,
    loss_weights,
    makes_logits,
    rates,
    scalings,
)
from netgain.analysis.literal_sinks import (
    COMPARISONS,
    CONFIDENCE,
    DRAWS,
    GRADIENT,
    LOSS_WORD,
    NORMS,
    RATE_WORD,
    SCHEDULE_WORD,
    SCHEDULERS,
    STARTED,
)
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, names_in, nodes_of, walk

MIXING = re.compile(r"\w*(mixup|mix_up|cutmix|cut_mix|mix_data)\w*")
MIXING_SETTINGS = re.compile(r"(\w*_)?(alpha|beta|prob|p|lam|ratio)")
BOUNDING = frozenset({"min", "minimum", "clamp", "clamp_", "clip", "clip_"})
CLAMPS = frozenset({"clamp", "clamp_", "clip", "clip_", "clip_by_value", "hardtanh_"})


def logits_of(call: ast.Call) -> ast.AST:
    """Return what a softmax or a loss is given, as a function or as a method of it."""
    method = isinstance(call.func, ast.Attribute)
    if isinstance(call.func, ast.Attribute) and (
        not call.args or isinstance(literal(call.args[0]), int)
    ):
        return call.func.value
    if call.args:
        return call.args[0]
    named = next((k.value for k in call.keywords if k.arg in ("input", "logits", "x")), None)
    return named or (call.func if not method else call)


def calls_held(call: ast.Call, number_of: NumberOf) -> Iterator[Held]:
    """Find the numbers of calls that are no layer, optimizer or schedule of a library."""
    name = last_name(call)
    if name == "exp":
        yield from _exponent(call, number_of)
    elif name in CLAMPS:
        yield from _clamped_gradient(call)
    elif name in ("scatter", "scatter_") and len(call.args) > 2:
        value = number_of(call.args[-1])
        if value is not None and 0.5 < value < 1:
            yield Held(node=call.args[-1], sink="loss", what="label smoothing")
    elif name in ("fill_", "full", "full_like") and call.args:
        spread = call.args[-1 if name == "fill_" else min(1, len(call.args) - 1)]
        if isinstance(spread, ast.BinOp) and isinstance(spread.op, ast.Div):
            value = number_of(spread.left)
            if value is not None and 0 < value < 0.5 and number_of(spread.right) is None:
                yield Held(node=spread.left, sink="loss", what="label smoothing")
    elif name in ("Beta", "betavariate") or (name == "beta" and "random" in dotted(call.func)):
        for argument in call.args[:2]:
            yield Held(node=argument, sink="augmentation", what="mixing of samples")
    elif MIXING.fullmatch(name):
        yield from _mixed(call, name)
    elif name == "append" and isinstance(call.func, ast.Attribute) and call.args:
        held_by = names_in(call.func.value)
        shown = any(last_name(inner) == "item" for inner in calls_in(call.args[0]))
        if not shown and any(LOSS_WORD.search(word.lower()) for word in held_by):
            yield from loss_weights(call.args[0], number_of, sure=True)
    elif name in ("backward", "manual_backward"):
        yield from _descended(call, number_of)
    if SCHEDULERS.fullmatch(name):
        for argument in (*call.args, *(k.value for k in call.keywords)):
            for formula in nodes_of(argument, ast.Lambda):
                for number in rates(formula.body, number_of):
                    yield Held(node=number, sink="schedule", what="formula of the learning rate")


def _exponent(call: ast.Call, number_of: NumberOf) -> Iterator[Held]:
    """Find the scale of similarities that are exponentiated, as in a contrastive loss."""
    value = logits_of(call)
    for number, scaled in scalings(value, number_of):
        if makes_logits(scaled) or any(word.startswith("sim") for word in names_in(scaled)):
            yield Held(node=number, sink="temperature", what="scale of logits")


def _clamped_gradient(call: ast.Call) -> Iterator[Held]:
    """Find the bound of a clamp of gradients, whatever holds them."""
    is_method = isinstance(call.func, ast.Attribute) and not re.fullmatch(
        r"torch|np|numpy|jnp|tf", dotted(call.func.value)
    )
    clamped = call.func.value if is_method and isinstance(call.func, ast.Attribute) else None
    bounds = list(call.args)
    if clamped is None:
        clamped, bounds = (call.args[0], call.args[1:]) if call.args else (None, [])
    if clamped is None or not any(GRADIENT.fullmatch(part) for part in dotted(clamped).split(".")):
        return
    named = [k.value for k in call.keywords if k.arg in ("max", "a_max", "max_norm")]
    if named or bounds:
        yield Held(node=(named or bounds)[-1], sink="clipping", what="bound of gradients")


def _mixed(call: ast.Call, name: str) -> Iterator[Held]:
    """Find the strength of a mixing of samples that the code wrote itself."""
    if call.args and isinstance(literal(call.args[-1]), float):
        yield Held(node=call.args[-1], sink="augmentation", what="mixing of samples")
    for keyword in call.keywords:
        if keyword.arg and MIXING_SETTINGS.fullmatch(keyword.arg):
            yield Held(node=keyword.value, sink="augmentation", what=f"{name} {keyword.arg}")


def _descended(call: ast.Call, number_of: NumberOf) -> Iterator[Held]:
    """Find the weights in an expression that is descended as it is written."""
    value: ast.AST | None = call.args[0] if call.args else None
    if value is None and isinstance(call.func, ast.Attribute):
        value = call.func.value
    if isinstance(value, ast.Call) and last_name(value) == "scale" and value.args:
        value = value.args[0]
    if isinstance(value, ast.BinOp):
        yield from loss_weights(value, number_of, sure=True)


def chances(compare: ast.Compare, number_of: NumberOf) -> Iterator[Held]:
    """Find the number a random draw is compared with."""
    if len(compare.comparators) != 1:
        return
    for side, other in (
        (compare.left, compare.comparators[0]),
        (compare.comparators[0], compare.left),
    ):
        drawn = isinstance(other, ast.Call) and last_name(other) in DRAWS
        if drawn and number_of(side) is not None:
            yield Held(node=side, sink="augmentation", what="chance of a random step")


def thresholds(value: ast.AST, number_of: NumberOf) -> Iterator[Held]:
    """Find the confidence from which samples are selected."""
    for node in walk(value):
        pairs: list[tuple[ast.AST, ast.AST]] = []
        if isinstance(node, ast.Compare) and len(node.comparators) == 1:
            right = node.comparators[0]
            pairs = [(node.left, right), (right, node.left)]
        elif isinstance(node, ast.Call) and last_name(node) in COMPARISONS and node.args:
            of = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
            pairs = [(node.args[-1], of if len(node.args) == 1 else node.args[0])]
        for side, other in pairs:
            named = any(CONFIDENCE.search(name) for name in names_in(other))
            if named and number_of(side) is not None and number_of(other) is None:
                yield Held(node=side, sink="threshold", what="threshold of a selection")


def starts(branch: ast.If, number_of: NumberOf) -> Iterator[Held]:
    """Find the epochs or steps at which a schedule begins or a rate drops: `if epoch >= 9: scheduler.step()`.

    A branch that asks for every n-th one sets how often, and is not among them.
    """
    if not isinstance(branch.test, (ast.Compare, ast.BoolOp)) or not _schedules(branch.body):
        return
    for compare in nodes_of(branch.test, ast.Compare):
        if len(compare.comparators) != 1:
            continue
        for side, other in (
            (compare.left, compare.comparators[0]),
            (compare.comparators[0], compare.left),
        ):
            counts = isinstance(other, (ast.Name, ast.Attribute)) and STARTED.search(
                last_name(other)
            )
            listed = isinstance(side, (ast.List, ast.Tuple))
            if counts and (listed or number_of(side) is not None):
                yield Held(
                    node=side, sink="schedule", what="epoch or step that a schedule waits for"
                )


def _schedules(body: list[ast.stmt]) -> bool:
    """Tell whether statements step a schedule, or set a learning rate."""
    for statement in body:
        for call in calls_in(statement):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
            named = dotted(owner)
            if SCHEDULE_WORD.search(named) and last_name(call) in ("step", last_name(owner)):
                return True
        targets = [target for a in nodes_of(statement, ast.Assign) for target in a.targets]
        targets += [changed.target for changed in nodes_of(statement, ast.AugAssign)]
        for target in targets:
            key = literal(target.slice) if isinstance(target, ast.Subscript) else dotted(target)
            if isinstance(key, str) and RATE_WORD.search(key):
                return True
    return False


def gradient_scales(node: ast.BinOp, within: ast.AST, number_of: NumberOf) -> Iterator[Held]:
    """Find the length to which code of its own shortens gradients: `bound / norm`, where the norm is bounded.

    Args:
        node: a quotient.
        within: the function it stands in.
        number_of: what a number is.
    """
    bound = number_of(node.left)
    lengths = {name for name in names_in(node.right) if NORMS.fullmatch(name)}
    if bound is None or not lengths or not any("grad" in n.lower() for n in names_in(within)):
        return
    compared = any(
        number_of(side) in (bound, 1.0)
        for test in nodes_of(within, ast.Compare)
        for side in (test.left, *test.comparators)
    )
    bounded = any(
        last_name(call) in BOUNDING and any(inner is node for inner in walk(call))
        for call in calls_in(within)
    )
    if compared or bounded:
        yield Held(node=node.left, sink="clipping", what="bound of the gradient norm")
