"""The learning-rate schedule that training code makes: which scheduler it steps, or that it has none.

Names of constructors are those of PyTorch, Hugging Face, timm, Keras and optax. Code that makes several, or
one under a condition, leaves the schedule open. That there is none is said only of code whose optimizer and
loop are both to be seen, and in which nothing is called a schedule, a warm-up or a decay of the rate.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.declared_options import chain_of
from netgain.analysis.options import default_asked_with, parts_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.rate_changes import OPTIMIZERS, may_change_rate
from netgain.analysis.schedule import Family, family_of_name
from netgain.analysis.syntax import (
    dotted,
    last_name,
    literal,
    modules,
    nodes_of,
    parents_in,
    place,
    walk,
    words_in,
)
from netgain.study import CodeTree, Source, SourceFile

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
CHANGES = re.compile(
    r"sched|warm_?up|anneal|adjust_l|lr_?decay|decay_lr|learning_rate_decay|param_groups|set_lr|update_lr|"
    r"change_lr|lr_?policy|lr_?lambda|lr_?find|cyclic|one_?cycle|plateau|set_value|milestones",
    re.IGNORECASE,
)
"""Names by which code changes a rate."""
HAND_MADE = re.compile(r"adjust_l|set_lr|update_lr|change_lr|lr_?warm|warm_?up_?lr", re.IGNORECASE)
"""Names by which code changes a rate without a scheduler."""
BY_DEFAULT = frozenset(
    {"Trainer", "Seq2SeqTrainer", "TrainingArguments", "SFTTrainer", "SFTConfig"}
)
"""Trainers that lower the rate when nobody asks for it."""
RATES = frozenset({"lr", "learning_rate"})
NO_SCHEDULE = (None, False, "", "none", "no", "null", "constant")
"""Values that ask for no schedule."""
STEPPERS = frozenset({"fit", "fit_generator", "step"})
MOST_NODES = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSchedule:
    """What code makes of the learning rate."""

    family: Family
    """Shape, by the constructor's name; `constant` where nothing changes the rate."""
    source: Source
    """The constructor, or the optimizer that nothing reschedules."""


@remembered
def schedule_in(tree: CodeTree) -> CodeSchedule | None:
    """Return the one schedule that a tree makes and uses; None where it is open."""
    made: list[tuple[Family, Source, bool]] = []
    optimizer: Source | None = None
    parsed = {file.path for file, _ in modules(tree)}
    changed = len(parsed) < len(tree.files)  # a file that cannot be read may hold anything
    looped = False
    for file, module in modules(tree):
        nodes = walk(module)
        if len(nodes) > MOST_NODES:
            return None
        calls = nodes_of(module, ast.Call)
        makes = any(last_name(call) in MAKERS for call in calls)
        used = _used_names(nodes) if makes else frozenset[str]()
        parents = parents_in(module) if makes else {}
        changed = changed or any(map(CHANGES.search, _names_in(module))) or _sets_rate(module)
        for node in calls:
            name = last_name(node)
            if name in MAKERS and _is_constructor(node, name):
                certain = _is_used(node, parents, used) and not _is_conditional(node, parents)
                made.append((MAKERS[name], place(file, node, name), certain))
            elif OPTIMIZERS.fullmatch(name) and _is_optimizer(node):
                optimizer = optimizer or place(file, node, name)
                changed = changed or any(k.arg == "decay" for k in node.keywords)
            elif name == "compile" and _names_optimizer(node):
                optimizer = optimizer or place(file, node, "optimizer")
            looped = looped or name in STEPPERS
    families = {family for family, *_ in made}
    if len(families) == 1 and "other" not in families and all(sure for *_, sure in made):
        return CodeSchedule(family=made[0][0], source=made[0][1])
    if made or changed or optimizer is None or not looped or _may_be_changed(tree):
        return None
    return CodeSchedule(family="constant", source=optimizer)


def _may_be_changed(tree: CodeTree) -> bool:
    parts = [module for _, module in modules(tree)]
    defined = {f.name for module in parts for f in nodes_of(module, ast.FunctionDef)}
    defined |= {c.name for module in parts for c in nodes_of(module, ast.ClassDef)}
    return any(may_change_rate(module, defined) for module in parts)


def schedule_by_default(tree: CodeTree, key: str, other: CodeTree) -> CodeSchedule | None:
    """Return the schedule of an arm whose configuration file lacks the key that the other arm's has.

    Args:
        tree: the code as this arm runs it.
        key: the key, as the other arm's file spells it.
        other: the code as the other arm runs it, in which a test that asks for the key still stands.
    """
    asked = _asked_with(tree, key) or _asked_with(other, key)
    defaults = [default_asked_with(call) for _, call in asked]
    if not asked:
        return _left_out(tree, other)
    if not all(isinstance(default, ast.Constant) for default in defaults):
        return None
    values = {literal(default) for default in defaults}
    if len(values) > 1:
        return None
    file, call = asked[0]
    value = values.pop()
    if (value.lower() if isinstance(value, str) else value) not in NO_SCHEDULE:
        family = family_of_name(str(value))
        return CodeSchedule(family=family, source=place(file, call, key)) if family else None
    paths = {found.path for found, _ in asked}
    if any(_changes_rate(module) for found, module in modules(tree) if found.path in paths):
        return None
    return CodeSchedule(family="constant", source=place(file, call, key))


def _left_out(tree: CodeTree, other: CodeTree) -> CodeSchedule | None:
    """Return `constant` where one arm's view of a file makes a scheduler and this arm's view makes none."""
    mine = {file.path: (file, module) for file, module in modules(tree)}
    makers = [file.path for file, module in modules(other) if _makers(module)]
    without = [mine[path] for path in makers if path in mine and not _makers(mine[path][1])]
    if not without or any(_changes_rate(module) for _, module in without):
        return None
    for file, module in without:
        for call in nodes_of(module, ast.Call):
            if OPTIMIZERS.fullmatch(last_name(call)) and _is_optimizer(call):
                return CodeSchedule(family="constant", source=place(file, call, last_name(call)))
    return None


def _makers(module: ast.Module) -> bool:
    """Tell whether a file makes a scheduler."""
    return any(
        last_name(call) in MAKERS and _is_constructor(call, last_name(call))
        for call in nodes_of(module, ast.Call)
    )


def _asked_with(tree: CodeTree, key: str) -> list[tuple[SourceFile, ast.Call]]:
    """Return the calls that ask for an entry with a default, or with none."""
    last = parts_of(key)[-1]
    return [
        (file, call)
        for file, module in modules(tree)
        if last in file.text.lower().replace("-", "_")
        for call in nodes_of(module, ast.Call)
        if default_asked_with(call) is not None
        and (chain := chain_of(call)[0])
        and parts_of(chain[-1])[-1:] == (last,)
    ]


def _changes_rate(module: ast.Module) -> bool:
    by_hand = any(map(HAND_MADE.search, _names_in(module)))
    return _makers(module) or by_hand or _sets_rate(module)


def _sets_rate(module: ast.Module) -> bool:
    """Tell whether code sets a rate in place, makes an optimizer in a loop, or leaves it to a trainer."""
    if words_in(module) & BY_DEFAULT:
        return True
    for node in nodes_of(module, ast.Attribute):
        of_optimizer = node.attr in RATES and "optim" in last_name(node.value).lower()
        if of_optimizer and not isinstance(node.ctx, ast.Load):
            return True
    for entry in nodes_of(module, ast.Subscript):
        if literal(entry.slice) in RATES and not isinstance(entry.ctx, ast.Load):
            return True
    for call in nodes_of(module, ast.Call):
        base = call.func.value if isinstance(call.func, ast.Attribute) else None
        if base is not None and last_name(call) == "assign" and last_name(base) in RATES:
            return True
    return any(
        OPTIMIZERS.fullmatch(last_name(call)) and _is_optimizer(call)
        for loop in nodes_of(module, ast.For)
        if "epoch" in " ".join(map(_word, walk(loop.target))).lower()
        for call in nodes_of(loop, ast.Call)
    )


def _names_in(module: ast.Module) -> set[str]:
    """Return every name in a file, those of arguments and functions included."""
    names = set(words_in(module))
    names.update(argument.arg for argument in nodes_of(module, ast.arg))
    names.update(keyword.arg for keyword in nodes_of(module, ast.keyword) if keyword.arg)
    names.update(function.name for function in nodes_of(module, ast.FunctionDef))
    return names


def _word(node: ast.AST) -> str:
    for name in ("id", "attr", "arg", "name"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            return value
    return ""


def _is_constructor(node: ast.Call, name: str) -> bool:
    """Tell a scheduler from a function of the same plain name, which takes no optimizer and no rate."""
    return bool(node.args or node.keywords) or name == "ReduceLROnPlateau"


def _is_optimizer(node: ast.Call) -> bool:
    """Tell an optimizer by what it is given: parameters, or a rate, or Keras's nothing."""
    path = dotted(node.func)
    return bool(node.args or node.keywords) or "optim" in path.lower()


def _names_optimizer(node: ast.Call) -> bool:
    return any(
        keyword.arg == "optimizer" and isinstance(keyword.value, ast.Constant)
        for keyword in node.keywords
    )


def _used_names(nodes: list[ast.AST]) -> frozenset[str]:
    """Return the names that code steps, gives to an optimizer, or lists among the callbacks of a fit."""
    return frozenset(_uses(nodes))


def _uses(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = last_name(node)
            if called in ("step", "step_update") and isinstance(node.func, ast.Attribute):
                yield dotted(node.func.value)
            given = [
                k.value for k in node.keywords if k.arg in ("callbacks", "learning_rate", "lr")
            ]
            if OPTIMIZERS.fullmatch(called):
                given += node.args
            for part in given:
                yield from (
                    dotted(one) for one in walk(part) if isinstance(one, (ast.Name, ast.Attribute))
                )
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple)):
            listed = any("callback" in _word(target).lower() for target in node.targets)
            items = node.value.elts if listed else []
            yield from (dotted(e) for e in items if isinstance(e, (ast.Name, ast.Attribute)))


def _is_used(node: ast.Call, parents: dict[ast.AST, ast.AST], used: frozenset[str]) -> bool:
    """Tell whether what a call makes is stepped, returned to a trainer or listed among callbacks."""
    at: ast.AST | None = node
    for _ in range(12):
        if at is None or isinstance(at, ast.stmt):
            break
        if isinstance(at, ast.keyword) and at.arg in ("callbacks", "learning_rate", "lr"):
            return True
        at = parents.get(at)
    if isinstance(at, ast.Assign) and any(
        dotted(target) in used or "callback" in _word(target).lower() for target in at.targets
    ):
        return True
    while at is not None:
        if isinstance(at, ast.FunctionDef):
            return at.name == "configure_optimizers"
        at = parents.get(at)
    return False


def _is_conditional(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a call stands under a condition other than that its file is the one started."""
    at = parents.get(node)
    while at is not None:
        if isinstance(at, (ast.If, ast.IfExp, ast.Try, ast.Match)) and not _starts(at):
            return True
        if isinstance(at, ast.Lambda):
            return True
        at = parents.get(at)
    return False


def _starts(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in walk(node.test)
    )
