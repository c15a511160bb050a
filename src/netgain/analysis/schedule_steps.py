"""How far a schedule of steps lowers the rate by the end of a training: what its arguments come to."""

from __future__ import annotations

import ast
from collections.abc import Callable

from netgain.analysis.declared_options import chain_of
from netgain.analysis.syntax import (
    last_name,
    literal,
    modules,
    nodes_of,
    parents_in,
    walk,
)
from netgain.study import CodeTree

FACTORS = {"StepLR": 2, "MultiStepLR": 2, "ExponentialLR": 1}
"""0-based places of `gamma`."""
USUAL_FACTOR = 0.1
Setting = Callable[[str], float | None]
"""Return what all runs of an arm were set to under a name."""


def keeps_its_rate(call: ast.Call, setting: Setting) -> bool:
    """Tell whether a schedule multiplies the rate by 1 at each of its steps."""
    place = FACTORS.get(last_name(call))
    return place is not None and _number(_argument(call, place, "gamma"), setting) == 1.0


def share_left(
    call: ast.Call, tree: CodeTree, epochs: float | None, setting: Setting
) -> float | None:
    """Return last rate over first of a `StepLR` that is stepped once an epoch; None where that is not known.

    Args:
        call: the call that makes the schedule.
        tree: the code it stands in.
        epochs: how long the arm's runs were set to train.
        setting: the arm's settings.
    """
    if last_name(call) != "StepLR" or epochs is None or not _steps_by_epoch(tree):
        return None
    every = _number(_argument(call, 1, "step_size"), setting)
    given = _argument(call, FACTORS["StepLR"], "gamma")
    factor = USUAL_FACTOR if given is None else _number(given, setting)
    if every is None or every < 1 or factor is None or not 0 < factor <= 1:
        return None
    return float(factor ** ((epochs - 1) // every))


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((k.value for k in call.keywords if k.arg == name), None)
    return named or (call.args[place] if len(call.args) > place else None)


def _number(node: ast.expr | None, setting: Setting) -> float | None:
    """Return the number an argument is, written or asked of a configuration."""
    if node is None:
        return None
    value = literal(node)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    chain, from_call = chain_of(node)
    return setting(chain[-1]) if len(chain) > 1 or (from_call and chain) else None


def _steps_by_epoch(tree: CodeTree) -> bool:
    """Tell whether schedules are stepped in a loop over epochs alone, or by Lightning, once an epoch."""
    found = False
    for _, module in modules(tree):
        for function in nodes_of(module, ast.FunctionDef):
            if function.name == "configure_optimizers":
                if any(literal(n) == "interval" for n in walk(function)):
                    return False
                found = True
        calls = [
            call
            for call in nodes_of(module, ast.Call)
            if isinstance(call.func, ast.Attribute)
            and call.func.attr == "step"
            and "sched" in last_name(call.func.value).lower()
        ]
        parents = parents_in(module) if calls else {}
        for call in calls:
            loops = []
            at: ast.AST | None = call
            while at is not None and not isinstance(at, ast.FunctionDef):
                loops += [at] if isinstance(at, (ast.For, ast.While)) else []
                at = parents.get(at)
            names = " ".join(n.id for loop in loops for n in nodes_of(loop, ast.Name)[:1])
            if len(loops) != 1 or "epoch" not in names.lower():
                return False
            found = True
    return found
