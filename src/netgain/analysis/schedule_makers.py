"""Names by which code makes learning-rate schedules and optimizers."""

from __future__ import annotations

import ast
import re

from netgain.analysis.schedule import Family, family_of_name
from netgain.analysis.syntax import calls_in, last_name, literal, names_in, nodes_of

MAKERS: dict[str, Family] = {
    "StepLR": "step", "MultiStepLR": "step", "CosineAnnealingLR": "cosine",
    "ExponentialLR": "exponential", "CosineAnnealingWarmRestarts": "restarts", "OneCycleLR": "one-cycle",
    "ReduceLROnPlateau": "plateau", "PolynomialLR": "other", "ConstantLR": "step",
    "LinearLR": "linear", "get_cosine_schedule_with_warmup": "cosine",
    "get_linear_schedule_with_warmup": "linear", "get_constant_schedule": "constant",
    "get_constant_schedule_with_warmup": "constant",
    "get_polynomial_decay_schedule_with_warmup": "other",
    "get_cosine_with_hard_restarts_schedule_with_warmup": "restarts",
    "get_inverse_sqrt_schedule": "inverse-sqrt", "CosineLRScheduler": "cosine", "StepLRScheduler": "step",
    "MultiStepLRScheduler": "step", "PlateauLRScheduler": "plateau", "CosineDecay": "cosine",
    "CosineDecayRestarts": "restarts", "ExponentialDecay": "exponential", "PiecewiseConstantDecay": "step",
    "PolynomialDecay": "other", "cosine_decay_schedule": "cosine",
    "warmup_cosine_decay_schedule": "cosine", "exponential_decay": "exponential",
    "piecewise_constant_schedule": "step", "linear_schedule": "linear", "constant_schedule": "constant",
    "cosine_onecycle_schedule": "one-cycle", "LinearWarmupCosineAnnealingLR": "cosine",
    "GradualWarmupScheduler": "other", "LambdaLR": "other", "MultiplicativeLR": "other", "CyclicLR": "other",
    "SequentialLR": "other", "ChainedScheduler": "other", "LearningRateScheduler": "other",
    "get_scheduler": "other", "create_scheduler": "other", "create_scheduler_v2": "other",
    "InverseTimeDecay": "other", "join_schedules": "other",
}  # fmt: skip
"""Family by constructor; `other` where its arguments decide the shape."""
OPTIMIZERS = re.compile(
    r"SGD|Adam\w*|RMSprop|Adagrad|Adadelta|NAdam|RAdam|LAMB|Lamb|LARS|Lion|Rprop|ASGD|adamw?|sgd|rmsprop|lion"
)
"""Constructors of optimizers."""
WARM_UPS = frozenset(
    {"GradualWarmupScheduler", "SequentialLR", "ChainedScheduler", "join_schedules"}
)
"""Constructors that put a warm-up before another schedule, or one after another."""
RISING = frozenset({"LinearLR", "ConstantLR", "linear_schedule"})
"""Schedules that are a warm-up where another follows them."""


def family_made(call: ast.Call, family: Family, module: ast.Module) -> Family:
    """Return the shape that a constructor makes of its arguments, where its name leaves that open.

    Args:
        call: the call.
        family: the shape by its name.
        module: the file, in which a function of the rate may be defined.
    """
    name = last_name(call)
    if name == "get_scheduler":
        named = [k.value for k in call.keywords if k.arg == "name"] or call.args[:1]
        word = literal(named[0]) if named else None
        return (family_of_name(word) if isinstance(word, str) else None) or family
    if name in ("LambdaLR", "LearningRateScheduler"):
        place = 1 if name == "LambdaLR" else 0
        given = [k.value for k in call.keywords if k.arg in ("lr_lambda", "schedule")]
        given = given or call.args[place : place + 1]
        return (_shape_of(given[0], module) if given else None) or family
    return family


def _shape_of(node: ast.expr, module: ast.Module) -> Family | None:
    """Tell a cosine, a power and a falling line from the formula of a rate; None for anything else."""
    body: ast.AST | None = node.body if isinstance(node, ast.Lambda) else None
    arguments = {a.arg for a in node.args.args} if isinstance(node, ast.Lambda) else set()
    if isinstance(node, ast.Name):
        defined = [f for f in nodes_of(module, ast.FunctionDef) if f.name == node.id]
        if len(defined) != 1:
            return None
        body, arguments = defined[0], {a.arg for a in defined[0].args.args}
    if body is None:
        return None
    if any(last_name(call) == "cos" for call in calls_in(body)):
        return "cosine"
    if not isinstance(node, ast.Lambda):
        return None
    if isinstance(literal(body), (int, float)):
        return "constant" if literal(body) == 1 else None
    operations = nodes_of(body, ast.BinOp)
    powers = [o for o in operations if isinstance(o.op, ast.Pow)]
    if powers:
        plain = len(powers) == 1 and isinstance(powers[0].right, ast.Name)
        rising = literal(powers[0].left)
        falls = isinstance(rising, (int, float)) and 0 < rising < 1
        return "exponential" if plain and falls and names_in(powers[0].right) <= arguments else None
    falling = [o for o in operations if isinstance(o.op, ast.Sub) and literal(o.left) == 1]
    lines = [
        o for o in falling if isinstance(o.right, ast.BinOp) and isinstance(o.right.op, ast.Div)
    ]
    return "linear" if lines and not calls_in(body) else None
