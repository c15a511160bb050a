"""What the calls of a function give for its arguments, where they all give the same."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from netgain.analysis.constant_calls import default_of
from netgain.analysis.displays import display_of, item_of
from netgain.analysis.known_values import Value
from netgain.analysis.options import is_configuration
from netgain.analysis.scopes import FUNCTIONS, Scope
from netgain.analysis.syntax import last_name, literal

if TYPE_CHECKING:
    from netgain.analysis.option_values import Evaluation

PLAIN_DECORATORS = frozenset(
    {"no_grad", "inference_mode", "staticmethod", "classmethod", "property", "dataclass", "wraps", "setter",
     "abstractmethod", "script", "compile", "autocast", "lru_cache", "cache", "cached_property", "jit",
     "record", "override", "torch_script", "torchscript", "main", "fp16_autocast", "typechecked"}
)  # fmt: skip
"""Decorators that hand a function to nobody."""


def passed(
    evaluation: Evaluation, scope: Scope, name: str, depth: int
) -> Value | Literal["several"] | None:
    """Return what every call of a function gives for an argument; `several` where calls differ."""
    function = scope.node
    if not isinstance(function, FUNCTIONS) or not _is_plain(function):
        return None
    called, skipped = function.name, 0
    if scope.parent is not None and isinstance(scope.parent.node, ast.ClassDef):
        static = any(last_name(d) == "staticmethod" for d in function.decorator_list)
        skipped = 0 if static else 1
        if function.name == "__init__":
            called = scope.parent.node.name
            if called in evaluation.program.subclassed or _is_registered(scope.parent.node):
                return None
        elif function.name.startswith("__"):
            return None
    defined = evaluation.program.definitions.get(called, [])
    if evaluation.program.passed_on[called]:
        return None
    calls = evaluation.program.calls.get(called, [])
    if skipped and called == function.name:  # a method: others of its name take other arguments
        calls = [one for one in calls if could_call(one[0], function, skipped)]
    rivals = [d.node for d in defined if d.node is not function and called == function.name]
    if (rivals and not skipped) or (len(defined) != 1 and called != function.name):
        return None
    if any(_may_be_of(one[0], rival) for rival in rivals for one in calls):
        return None
    values: list[Value | None] = []
    for call, path in calls:
        where = evaluation.program.scope_of(call, path)
        values.append(_argument(evaluation, call, where, scope, name, skipped, depth + 1))
    known = {(type(v.value), repr(v.value)) for v in values if v is not None}
    if len(known) > 1:
        return "several"
    joined = [v for v in values if v is not None]
    if not values or len(joined) < len(values):
        return None
    return Value(
        value=joined[0].value,
        keys=frozenset().union(*(v.keys for v in joined)),
        spelled_in_code=all(v.spelled_in_code or not v.keys for v in joined),
    )


def could_call(
    call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef, skipped: int
) -> bool:
    """Tell whether a function takes the arguments of a call: all it needs, and none it does not know."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return True
    arguments = function.args
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)][skipped:]
    named = {k.arg for k in call.keywords}
    known = {*positional, *(a.arg for a in arguments.kwonlyargs)}
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    if named - known and arguments.kwarg is None:
        return False
    needed = positional[: len(positional) - len(arguments.defaults)]
    return set(needed[len(call.args) :]) <= named


def _may_be_of(
    call: ast.Call, rival: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> bool:
    """Tell whether a call may be of another definition of the same name, as a method or as a function."""
    if isinstance(rival, ast.ClassDef):
        return True
    return could_call(call, rival, 0) or could_call(call, rival, 1)


def _argument(  # noqa: PLR0917 - one call, one argument, and where both stand
    evaluation: Evaluation,
    call: ast.Call,
    where: Scope,
    callee: Scope,
    name: str,
    skipped: int,
    depth: int,
) -> Value | None:
    """Return what one call gives for an argument."""
    arguments = callee.node.args  # type: ignore[attr-defined]  # a function has them
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)][skipped:]
    for keyword in call.keywords:
        if keyword.arg == name:
            return evaluation.of(keyword.value, where, depth)
    if name in positional:
        index = positional.index(name)
        if any(isinstance(item, ast.Starred) for item in call.args[: index + 1]):
            return None
        if index < len(call.args):
            return evaluation.of(call.args[index], where, depth)
    for keyword in call.keywords:
        if keyword.arg is None:
            return _spread(evaluation, keyword.value, where, name, depth)
    default = default_of(callee.node, name)  # type: ignore[arg-type]  # a function, as above
    outside = callee.parent or callee
    return evaluation.of(default, outside, depth) if default is not None else None


def _spread(
    evaluation: Evaluation, node: ast.expr, scope: Scope, name: str, depth: int
) -> Value | None:
    """Return what `**node` gives for an argument: an entry of a display, or the option of its name."""
    found = display_of(evaluation, node, scope, depth)
    display, where = found or (None, scope)
    if isinstance(display, ast.Dict):
        for key, value in zip(display.keys, display.values, strict=True):
            if literal(key) == name:
                held = evaluation.of(value, where, depth)
                return held and Value(
                    value=held.value, keys=held.keys | _chosen(evaluation, node, scope)
                )
        return None
    option = evaluation.options.named(name)
    if option is None or option not in evaluation.options.values or not is_configuration(node):
        return None
    if option in evaluation.reassigned():
        return None
    return Value(value=evaluation.options.values[option], keys=frozenset((option,)))


def _chosen(evaluation: Evaluation, node: ast.expr, scope: Scope) -> frozenset[str]:
    if isinstance(node, ast.Name):
        bound = evaluation.bound(node.id, scope)
        return _chosen(evaluation, *bound) if bound and bound[0] is not node else frozenset()
    picked = item_of(evaluation, node, scope)
    return picked[2] if picked else frozenset()


def _is_registered(owner: ast.ClassDef) -> bool:
    """Tell whether a decorator keeps a class under a name, by which a configuration may make it."""
    return any(
        isinstance(one, ast.Call) and last_name(one) not in PLAIN_DECORATORS
        for one in owner.decorator_list
    )


def _is_plain(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(last_name(d) in PLAIN_DECORATORS for d in function.decorator_list)
