"""What expressions stand for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from netgain.analysis.symbolic.functions import indexed
from netgain.analysis.symbolic.keras_layers import OF_KERAS
from netgain.analysis.symbolic.layers import OpenError
from netgain.analysis.symbolic.plain import (
    ERRORS,
    FUNCTIONS,
    LONGEST,
    PLAIN,
    combined,
    compared,
)
from netgain.analysis.symbolic.products import broadcast, multiplied
from netgain.analysis.symbolic.trace import traces_operator, traces_view
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    Builtin,
    ClassValue,
    Environment,
    FunctionValue,
    Instance,
    Layer,
    Library,
    Parameters,
    Partial,
    Tensor,
)

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

PARAMETERS = "<parameters>"
"""Key for all parameters of a network, whose names are not known."""


def evaluate(machine: Machine, node: ast.AST | None, at: Environment) -> object:
    """Return what an expression stands for, unknown where it is of a kind that is not followed.

    Raises:
        MismatchError: a tensor is given to what cannot take it.
        ExhaustedError: the bound on steps is reached.
    """
    machine.step()
    rule = _RULES.get(type(node))
    return rule(machine, node, at) if rule is not None else UNKNOWN


def truth(value: object) -> bool | None:
    """Return whether a value counts as true, None where that is open."""
    if isinstance(value, PLAIN):
        return bool(value)
    if isinstance(value, Layer):
        return (
            bool(value.children)
            if value.name in ("Sequential", "ModuleList", "ModuleDict")
            else True
        )
    if isinstance(value, (Instance, FunctionValue, Library, Partial, ClassValue, Builtin)):
        return True
    return None


def _constant(_: Machine, node: ast.Constant, __: Environment) -> object:
    return node.value


def _name(machine: Machine, node: ast.Name, at: Environment) -> object:
    try:
        return at.find(node.id)
    except KeyError:
        function = FUNCTIONS.get(node.id)
        if function is not None:
            return Builtin(function)
        package = machine.starred.get(at.path)
        return Library(f"{package}.{node.id}" if package and node.id in OF_KERAS else node.id)


def _attribute(machine: Machine, node: ast.Attribute, at: Environment) -> object:
    return machine.attribute(evaluate(machine, node.value, at), node.attr)


def _call(machine: Machine, node: ast.Call, at: Environment) -> object:
    return machine.call_node(node, at)


def _tuple(machine: Machine, node: ast.Tuple, at: Environment) -> object:
    items = _items(machine, node.elts, at)
    return UNKNOWN if items is None else tuple(items)


def _list(machine: Machine, node: ast.List, at: Environment) -> object:
    items = _items(machine, node.elts, at)
    return UNKNOWN if items is None else items


def _items(machine: Machine, nodes: Iterable[ast.expr], at: Environment) -> list[object] | None:
    found: list[object] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            inner = machine.iterate(evaluate(machine, node.value, at))
            if inner is None:
                return None
            found += inner
        else:
            found.append(evaluate(machine, node, at))
    return found


def _dict(machine: Machine, node: ast.Dict, at: Environment) -> object:
    found: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        held = evaluate(machine, value, at)
        if key is None:
            if not isinstance(held, dict):
                return UNKNOWN
            found.update(held)
            continue
        name = evaluate(machine, key, at)
        if not isinstance(name, (str, int, float, bool, tuple)):
            return UNKNOWN
        found[name] = held
    return found


def _binary(machine: Machine, node: ast.BinOp, at: Environment) -> object:
    left, right = evaluate(machine, node.left, at), evaluate(machine, node.right, at)
    if machine.trace is not None:
        machine.stand(node, at)
    return operated(machine, type(node.op), left, right)


@traces_operator
def operated(machine: Machine, kind: type[ast.operator], left: object, right: object) -> object:
    """Return what an operator makes of two values."""
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        tensors = [one for one in (left, right) if isinstance(one, Tensor)]
        if kind is ast.MatMult:
            if len(tensors) < 2:
                machine.leave_out("matmul")
                return Tensor(None)
            try:
                found, cost = multiplied(*tensors)
            except OpenError:
                machine.leave_out("matmul")
                return Tensor(None)
            machine.count(cost)
            return found
        if len(tensors) == 2:
            return broadcast(*tensors)
        other = right if left is tensors[0] else left
        return Tensor(tensors[0].shape if isinstance(other, (int, float)) else None)
    if kind is ast.MatMult:
        machine.leave_out("matmul")
    return combined(kind, left, right)


def _unary(machine: Machine, node: ast.UnaryOp, at: Environment) -> object:
    value = evaluate(machine, node.operand, at)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        return UNKNOWN if known is None else not known
    if isinstance(value, Tensor):
        return operated(machine, ast.Mult, value, -1)
    if isinstance(value, (int, float)):
        return (
            -value
            if isinstance(node.op, ast.USub)
            else value
            if isinstance(node.op, ast.UAdd)
            else UNKNOWN
        )
    return UNKNOWN


def _boolean(machine: Machine, node: ast.BoolOp, at: Environment) -> object:
    stops_at = isinstance(node.op, ast.Or)
    value: object = UNKNOWN
    for part in node.values:
        value = evaluate(machine, part, at)
        known = truth(value)
        if known is None:
            machine.skip(node.values)
            return UNKNOWN
        if known is stops_at:
            return value
    return value


def _compare(machine: Machine, node: ast.Compare, at: Environment) -> object:
    left = evaluate(machine, node.left, at)
    for operator, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(machine, right_node, at)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return _compared(left, right, operator)
        found = compared(type(operator), left, right)
        if found is UNKNOWN or not found:
            return found
        left = right
    return True


def _compared(left: object, right: object, operator: ast.cmpop) -> object:
    """Compare tensors position by position; one is never `None`."""
    if isinstance(operator, (ast.Is, ast.IsNot)) and (left is None or right is None):
        return isinstance(operator, ast.IsNot)
    tensors = [one for one in (left, right) if isinstance(one, Tensor)]
    plain = isinstance(left, (int, float)) or isinstance(right, (int, float))
    if len(tensors) == 2:
        return broadcast(*tensors)
    return Tensor(tensors[0].shape if plain else None)


def _conditional(machine: Machine, node: ast.IfExp, at: Environment) -> object:
    known = truth(evaluate(machine, node.test, at))
    if known is None:
        machine.skip([node.body, node.orelse])
        return UNKNOWN
    return evaluate(machine, node.body if known else node.orelse, at)


def _subscript(machine: Machine, node: ast.Subscript, at: Environment) -> object:
    return item(machine, evaluate(machine, node.value, at), evaluate(machine, node.slice, at))


@traces_view("slice")
def item(machine: Machine, of: object, index: object) -> object:
    """Return an item of a value."""
    if isinstance(of, Tensor):
        if of.shape is None:
            return Tensor(None)
        try:
            return Tensor(indexed(of.shape, index))
        except OpenError:
            return Tensor(None)
    if isinstance(of, Layer):
        inner = list(of.children.values())
        if isinstance(index, str):
            return of.children.get(index, UNKNOWN)
        if isinstance(index, int) and -len(inner) <= index < len(inner):
            return inner[index]
        if isinstance(index, slice) and all(
            isinstance(one, Layer | Instance) for one in inner[index]
        ):
            return Layer(name=of.name, arguments={}, children=dict(enumerate_named(inner[index])))
        return UNKNOWN
    if isinstance(of, (list, tuple, dict, str, range)):
        try:
            return of[index]  # type: ignore[index, call-overload]  # tried
        except ERRORS:
            return UNKNOWN
    return machine.entry(of, index)


def enumerate_named(items: Iterable[object]) -> Iterator[tuple[str, object]]:
    """Yield items under the names containers give them."""
    return ((str(number), one) for number, one in enumerate(items))


def _slice(machine: Machine, node: ast.Slice, at: Environment) -> object:
    parts = [
        None if part is None else evaluate(machine, part, at)
        for part in (node.lower, node.upper, node.step)
    ]
    if any(part is not None and not isinstance(part, int) for part in parts) or parts[2] == 0:
        return UNKNOWN
    return slice(*parts)


def _formatted(machine: Machine, node: ast.JoinedStr, at: Environment) -> object:
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue) and part.format_spec is None:
            value = evaluate(machine, part.value, at)
            if not isinstance(value, (str, int, float, bool)):
                return UNKNOWN
            text += str(value)
        else:
            return UNKNOWN
    return text if len(text) <= LONGEST else UNKNOWN


def _lambda(machine: Machine, node: ast.Lambda, at: Environment) -> object:
    return machine.function(node, at)


def _comprehension(
    machine: Machine, node: ast.ListComp | ast.GeneratorExp, at: Environment
) -> object:
    found: list[object] = []
    for inner in rounds(machine, node.generators, at):
        if inner is None:
            return UNKNOWN
        found.append(evaluate(machine, node.elt, inner))
        if len(found) > LONGEST:
            return UNKNOWN
    return found


def _dict_comprehension(machine: Machine, node: ast.DictComp, at: Environment) -> object:
    found: dict[object, object] = {}
    for inner in rounds(machine, node.generators, at):
        key = UNKNOWN if inner is None else evaluate(machine, node.key, inner)
        value = UNKNOWN if inner is None else evaluate(machine, node.value, inner)
        if isinstance(value, Parameters) and key is UNKNOWN:
            key = PARAMETERS
        if not isinstance(key, (str, int, float, bool)):
            return UNKNOWN
        found[key] = value
    return found


def rounds(
    machine: Machine, generators: list[ast.comprehension], at: Environment
) -> Iterator[Environment | None]:
    """Yield the names of each round of a comprehension, None once where one is open."""
    first, rest = generators[0], generators[1:]
    items = machine.iterate(evaluate(machine, first.iter, at))
    if items is None:
        machine.leave_out("a loop of unknown length")
        yield None
        return
    for one in items:
        inner = Environment(path=at.path, outer=at, instance=at.instance, owner=at.owner)
        machine.assign(first.target, one, inner)
        tests = [truth(evaluate(machine, test, inner)) for test in first.ifs]
        if None in tests and not _of_parameters(one):
            machine.leave_out("a loop of unknown length")
            yield None
            return
        if False in tests:
            continue
        if rest:
            yield from rounds(machine, rest, inner)
        else:
            yield inner


def _of_parameters(value: object) -> bool:
    """Tell whether a value is parameters of a network, alone or with their name."""
    return isinstance(value, Parameters) or (
        isinstance(value, tuple) and any(isinstance(one, Parameters) for one in value)
    )


def _yield(machine: Machine, node: ast.Yield, at: Environment) -> object:
    machine.hand_out([evaluate(machine, node.value, at)], at)
    return UNKNOWN


def _yield_from(machine: Machine, node: ast.YieldFrom, at: Environment) -> object:
    items = machine.iterate(evaluate(machine, node.value, at))
    machine.hand_out([UNKNOWN] if items is None else items, at)
    return UNKNOWN


def _set(machine: Machine, node: ast.Set, at: Environment) -> object:
    items = _items(machine, node.elts, at)
    if items is None or not all(isinstance(one, (str, int, float)) for one in items):
        return UNKNOWN
    return set(items)


def _starred(machine: Machine, node: ast.Starred, at: Environment) -> object:
    return evaluate(machine, node.value, at)


def _named(machine: Machine, node: ast.NamedExpr, at: Environment) -> object:
    value = evaluate(machine, node.value, at)
    machine.assign(node.target, value, at)
    return value


_RULES: dict[type, Callable[[Machine, Any, Environment], object]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.Call: _call, ast.Tuple: _tuple,
    ast.List: _list, ast.Dict: _dict, ast.BinOp: _binary, ast.UnaryOp: _unary, ast.BoolOp: _boolean,
    ast.Compare: _compare, ast.IfExp: _conditional, ast.Subscript: _subscript, ast.Slice: _slice,
    ast.JoinedStr: _formatted, ast.Lambda: _lambda, ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension, ast.DictComp: _dict_comprehension, ast.NamedExpr: _named,
    ast.Yield: _yield, ast.YieldFrom: _yield_from, ast.Set: _set, ast.Starred: _starred,
}  # fmt: skip
