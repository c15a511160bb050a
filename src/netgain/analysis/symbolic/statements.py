"""What statements do in symbolic execution."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netgain.analysis.symbolic.expressions import evaluate, operated, truth
from netgain.analysis.symbolic.imports import import_file, import_names
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    ClassValue,
    Environment,
    ExhaustedError,
    FunctionValue,
    Instance,
    Layer,
    MismatchError,
    Parameters,
    Signal,
    Tensor,
)
from netgain.analysis.syntax import dotted, names_in, walk

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

GROWS = frozenset({"append", "extend", "insert", "add_module"})
TRAINS = frozenset({"train", "do_train", "is_train", "isTrain", "training", "do_training"})
MAY_RETURN = "<may return>"
"""Name that a function sets where it may have returned."""
OPTIMIZERS = re.compile(
    r"(?:.*\.)?(?:SGD|Adam|AdamW|Adamax|NAdam|RAdam|RMSprop|Adagrad|Adadelta|LBFGS|Lion|SAM|Lamb|LARS|"
    r"Adafactor|AdaBelief|Ranger|\w*Optimizer)"
)
SETTERS = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For)


def _assign(machine: Machine, node: ast.Assign, at: Environment) -> Signal:
    value = evaluate(machine, node.value, at)
    for target in node.targets:
        machine.assign(target, value, at)
    return None


def _annotated_assign(machine: Machine, node: ast.AnnAssign, at: Environment) -> Signal:
    if node.value is not None:
        machine.assign(node.target, evaluate(machine, node.value, at), at)
    return None


def _augmented(machine: Machine, node: ast.AugAssign, at: Environment) -> Signal:
    left, right = evaluate(machine, node.target, at), evaluate(machine, node.value, at)
    if isinstance(left, list) and isinstance(node.op, ast.Add) and isinstance(right, (list, tuple)):
        left.extend(right)
        return None
    if machine.trace is not None:
        machine.stand(node, at)
    machine.assign(node.target, operated(machine, type(node.op), left, right), at)
    return None


def _expression(machine: Machine, node: ast.Expr, at: Environment) -> Signal:
    evaluate(machine, node.value, at)
    return None


def _return(machine: Machine, node: ast.Return, at: Environment) -> Signal:
    return "return", None if node.value is None else evaluate(machine, node.value, at)


def _if(machine: Machine, node: ast.If, at: Environment) -> Signal:
    known = truth(evaluate(machine, node.test, at))
    if known is not True and not machine.counting and _asks_for_training(node.test):
        known = True
    if known is None:
        return _either(machine, [node.body, node.orelse], at)
    return machine.block(node.body if known else node.orelse, at)


def _asks_for_training(test: ast.expr) -> bool:
    """Match `if args.train` and `if args.mode == "train"`: of what scripts do, training is looked at."""
    if isinstance(test, ast.Attribute):
        return test.attr in TRAINS
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        word = test.comparators[0]
        return isinstance(word, ast.Constant) and word.value in TRAINS
    return False


def _either(machine: Machine, blocks: list[list[ast.stmt]], at: Environment) -> Signal:
    """Forget what blocks may set of which some do not run; return something unknown where one returns."""
    if not machine.counting:
        _note_optimizers(machine, blocks, at)
    inside = [inner for body in blocks for statement in body for inner in walk(statement)]
    machine.skip(inside_of(blocks))
    for inner in inside:
        if isinstance(inner, SETTERS):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            for target in targets:
                if not (isinstance(inner, ast.Assign) and _passes_on(target, inner.value)):
                    _forget(machine, target, at)
        elif _grows(inner):
            _grow(machine, inner, at)  # type: ignore[arg-type]  # it is a call of a method
    if not any(isinstance(inner, ast.Return) for inner in inside):
        return None
    if machine.counting:
        return "return", UNKNOWN
    at.names[MAY_RETURN] = True
    return None


def inside_of(blocks: list[list[ast.stmt]]) -> list[ast.stmt]:
    """Return the statements of some blocks."""
    return [statement for body in blocks for statement in body]


def _match(machine: Machine, node: ast.Match, at: Environment) -> Signal:
    return _either(machine, [case.body for case in node.cases] + [[]], at)


def _note_optimizers(machine: Machine, blocks: list[list[ast.stmt]], at: Environment) -> None:
    """Note the optimizers that branches make of networks which are there before them."""
    for inner in (inner for one in inside_of(blocks) for inner in walk(one)):
        if isinstance(inner, ast.Call) and OPTIMIZERS.fullmatch(dotted(inner.func)):
            evaluate(machine, inner, at)


def _passes_on(target: ast.AST, value: ast.expr) -> bool:
    """Match `net = net.cuda()` and `net = wrap(net)`."""
    return isinstance(target, ast.Name) and target.id in names_in(value)


def _grows(node: ast.AST) -> bool:
    """Match a call that puts something into a container."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in GROWS
    )


def _grow(machine: Machine, node: ast.Call, at: Environment) -> None:
    """Let a container hold something unknown, too, or parameters where it is given some."""
    of = evaluate(machine, node.func.value, at)  # type: ignore[attr-defined]  # it is a method's
    if isinstance(of, list):
        given = evaluate(machine, node.args[0], at) if node.args else UNKNOWN
        of.append(given if isinstance(given, Parameters) else UNKNOWN)
    elif isinstance(of, Layer):
        of.children[f"open {len(of.children)}"] = UNKNOWN


def _forget(machine: Machine, target: ast.AST, at: Environment) -> None:
    if isinstance(target, (ast.Tuple, ast.List)):
        for one in target.elts:
            _forget(machine, one, at)
    elif isinstance(target, (ast.Name, ast.Attribute)):
        held = evaluate(machine, target, at)
        machine.assign(target, Tensor(None) if isinstance(held, Tensor) else UNKNOWN, at)


def _for(machine: Machine, node: ast.For, at: Environment) -> Signal:
    over = evaluate(machine, node.iter, at)
    if isinstance(over, Parameters):
        trained, sets = _trains_them(machine, node, at)
        if sets:
            if not machine.optimized:
                freeze(over.of, trained)
            return None
    items = machine.iterate(over)
    if items is None:
        machine.leave_out("a loop of unknown length")
        items = [UNKNOWN]
    for one in items[: machine.rounds()]:
        machine.assign(node.target, one, at)
        signal = machine.block(node.body, at)
        if signal is not None and signal[0] == "break":
            return None
        if signal is not None and signal[0] != "continue":
            return signal
    return machine.block(node.orelse, at)


def _trains_them(machine: Machine, node: ast.For, at: Environment) -> tuple[bool | None, bool]:
    """Match `for p in net.parameters(): p.requires_grad = False`.

    Returns:
        What is set, None where that is open or only some are chosen, and whether the loop sets it.
    """
    inside = [inner for statement in node.body for inner in walk(statement)]
    values = [
        inner.value
        for inner in inside
        if isinstance(inner, ast.Assign)
        and isinstance(inner.targets[0], ast.Attribute)
        and inner.targets[0].attr == "requires_grad"
    ]
    if len(values) != 1 or any(isinstance(inner, (ast.If, ast.IfExp)) for inner in inside):
        return None, bool(values)
    return truth(evaluate(machine, values[0], at)), True


def freeze(of: object, trained: bool | None) -> None:
    """Set whether the parameters of a network are trained, None where that is open."""
    waiting, seen = [of], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Layer):
            one.trained = trained
            waiting += list(one.children.values())
        elif isinstance(one, Instance):
            waiting += list(one.attributes.values())
        elif isinstance(one, Tensor):
            one.frozen = None if trained is None else not trained


def _while(machine: Machine, node: ast.While, at: Environment) -> Signal:
    for _ in range(machine.rounds()):
        known = truth(evaluate(machine, node.test, at))
        if known is False:
            return None
        signal = machine.block(node.body, at)
        if known is None:
            machine.leave_out("a loop of unknown length")
            return signal if signal is not None and signal[0] == "return" else None
        if signal is not None and signal[0] == "break":
            return None
        if signal is not None and signal[0] != "continue":
            return signal
    if machine.counting:
        raise ExhaustedError
    return None


def _with(machine: Machine, node: ast.With, at: Environment) -> Signal:
    for one in node.items:
        value = evaluate(machine, one.context_expr, at)
        if one.optional_vars is not None:
            machine.assign(one.optional_vars, value, at)
    return machine.block(node.body, at)


def _try(machine: Machine, node: ast.Try, at: Environment) -> Signal:
    signal = machine.block([*node.body, *node.orelse], at)
    return machine.block(node.finalbody, at) or signal


def _define(machine: Machine, node: ast.FunctionDef, at: Environment) -> Signal:
    at.names[node.name] = machine.function(node, at)
    return None


def _define_class(machine: Machine, node: ast.ClassDef, at: Environment) -> Signal:
    inner = Environment(path=at.path, outer=at)
    bases = tuple(evaluate(machine, base, at) for base in node.bases)
    machine.block(node.body, inner)
    kind = ClassValue(name=node.name, node=node, home=at, bases=bases, members=inner.names)
    for member in inner.names.values():
        if isinstance(member, FunctionValue) and member.home is inner:
            member.home = at
    at.names[node.name] = kind
    return None


def _assert(machine: Machine, node: ast.Assert, at: Environment) -> Signal:
    if machine.counting and truth(evaluate(machine, node.test, at)) is False:
        raise MismatchError
    return None


STATEMENTS: dict[type, Callable[[Machine, Any, Environment], Signal]] = {
    ast.Assign: _assign, ast.AnnAssign: _annotated_assign, ast.AugAssign: _augmented, ast.Expr: _expression,
    ast.Return: _return, ast.Match: _match, ast.If: _if,
    ast.For: _for, ast.While: _while, ast.With: _with, ast.Try: _try,
    ast.FunctionDef: _define, ast.AsyncFunctionDef: _define, ast.ClassDef: _define_class,
    ast.Import: import_file, ast.ImportFrom: import_names, ast.Assert: _assert,
    ast.Break: lambda *_: ("break", None), ast.Continue: lambda *_: ("continue", None),
    ast.Raise: lambda *_: ("raise", None),
}  # fmt: skip
