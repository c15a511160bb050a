"""Trainings that go on from weights of an earlier one, as code writes them before its loop."""

from __future__ import annotations

import ast
import re

from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import COMPREHENSIONS, Scope
from netgain.analysis.syntax import calls_in, last_name, modules, nodes_of, place
from netgain.study import CodeTree, Source

LOADS = frozenset({"load_state_dict", "load_weights", "load_checkpoint", "restore_checkpoint"})
"""Calls that put stored weights into a model."""
NO_MODEL = re.compile(
    r"optim|sched|scaler|ema|teacher|pretrain|backbone|criterion|loss", re.IGNORECASE
)
"""Names of what is loaded that is no trained model: states of optimizers, weights that are named as given."""
TRAINS = re.compile(r"backward|step|fit|train\w*|(?:\w+_)?epoch|train_step", re.IGNORECASE)
"""Calls in a loop that make it the loop of a training."""
BRANCHES = (ast.If, ast.Try, ast.For, ast.AsyncFor, ast.While, ast.Match)


@remembered
def warm_starts(tree: CodeTree) -> tuple[Source, ...]:
    """Return where a tree loads stored weights on every way to the loop of a training.

    What is loaded under a condition, as a resumed run or a command to test is, does not count, nor does what
    is loaded behind the loop.
    """
    found: list[Source] = []
    for file, module in modules(tree):
        root = Scope(node=module, path=file.path)
        for scope in (root, *root.below):
            if isinstance(scope.node, (ast.Lambda, ast.ClassDef, *COMPREHENSIONS)):
                continue
            body = getattr(scope.node, "body", [])
            end = max((s.lineno for s in body if _trains(s)), default=0)
            for statement in body:
                if isinstance(statement, (*BRANCHES, ast.FunctionDef, ast.ClassDef)):
                    continue
                if statement.lineno < end:
                    found += [
                        place(file, call) for call in calls_in(statement) if _loads_model(call)
                    ]
    return tuple(found)


def _loads_model(call: ast.Call) -> bool:
    if last_name(call) not in LOADS or not isinstance(call.func, ast.Attribute):
        return False
    return not NO_MODEL.search(ast.unparse(call))


def _trains(statement: ast.stmt) -> bool:
    """Tell whether a statement of a function is, or holds, a loop that trains, or a call of `fit`."""
    if any(last_name(call) == "fit" for call in calls_in(statement)):
        return True
    loops = [
        *nodes_of(statement, ast.For),
        *nodes_of(statement, ast.AsyncFor),
        *nodes_of(statement, ast.While),
    ]
    return any(TRAINS.fullmatch(last_name(call)) for loop in loops for call in calls_in(loop))
