"""The learning-rate schedule that training code makes: which scheduler it steps, or that it has none.

Names of constructors are those of PyTorch, Hugging Face, timm, Keras and optax. Code that makes several, or
one under a condition, leaves the schedule open. That there is none is said only of code whose optimizer and
loop are both to be seen, and in which nothing is called a schedule, a warm-up or a decay of the rate.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from netgain.analysis.declared_options import chain_of
from netgain.analysis.hand_made_rates import hand_made_rate
from netgain.analysis.idle_code import runs_nowhere
from netgain.analysis.options import default_asked_with, parts_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.rate_changes import may_change_rate
from netgain.analysis.schedule import Family, family_of_name
from netgain.analysis.schedule_makers import MAKERS, OPTIMIZERS, RISING, WARM_UPS, family_made
from netgain.analysis.schedule_uses import (
    handed_back,
    is_conditional,
    is_used,
    stepped_names,
    used_names,
    word_of,
)
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
TRAINERS = frozenset({"transformers", "trl", "sentence_transformers", "peft", "setfit", "adapters"})
"""Libraries that hold them."""
ADVANCING = re.compile(r"epoch|step|iter", re.IGNORECASE)
"""Names by which a loop counts how far a training is."""
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
    call: ast.Call | None = None
    """The call that makes it; None where there is none, or where several do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One scheduler that code makes."""

    name: str
    """Its constructor."""
    family: Family
    """The shape that its name, or its arguments, make."""
    source: Source
    """Where it is made."""
    certain: bool
    """Whether it is surely made, and put to use."""
    conditional: bool
    """Whether a condition decides if it is made."""
    call: ast.Call
    """The call."""


def _without_warm_up(made: list[_Made]) -> list[_Made]:
    """Leave of a warm-up and the schedule behind it the latter, where there is one."""
    wrapped = [one for one in made if one.name in WARM_UPS]
    if not wrapped or not all(one.certain for one in wrapped):
        return made
    inside = [one for one in made if one.name not in WARM_UPS | RISING]
    names = {one.family for one in inside}
    if len(names) != 1 or any(one.name == "ChainedScheduler" for one in wrapped):
        return made
    # what the warm-up is given is put to use with it
    return [replace(one, certain=not one.conditional) for one in inside]


@remembered
def schedule_in(tree: CodeTree) -> CodeSchedule | None:
    """Return the one schedule that a tree makes and uses; None where it is open."""
    made: list[_Made] = []
    stepped = stepped_names(tree)
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
        used = used_names(nodes) if makes else frozenset[str]()
        parents = parents_in(module) if makes else {}
        changed = changed or any(map(CHANGES.search, _names_in(module))) or _sets_rate(module)
        for node in calls:
            name = last_name(node)
            if name in MAKERS and _is_constructor(node, name):
                in_use = is_used(node, parents, used) or handed_back(node, parents, tree, stepped)
                conditional = is_conditional(node, parents)
                one = _Made(
                    name=name,
                    family=family_made(node, MAKERS[name], module),
                    source=place(file, node, name),
                    certain=in_use
                    and not conditional
                    and not runs_nowhere(tree, place(file, node, name)),
                    conditional=conditional,
                    call=node,
                )
                made.append(one)
            elif OPTIMIZERS.fullmatch(name) and _is_optimizer(node):
                optimizer = optimizer or place(file, node, name)
                changed = changed or any(k.arg == "decay" for k in node.keywords)
            elif name == "compile" and _names_optimizer(node):
                optimizer = optimizer or place(file, node, "optimizer")
            looped = looped or name in STEPPERS
    made = _without_warm_up(made)
    families = {one.family for one in made}
    if len(families) == 1 and "other" not in families and all(one.certain for one in made):
        return CodeSchedule(family=made[0].family, source=made[0].source, call=made[0].call)
    if not made and changed and not any(map(CHANGES.search, stepped)):
        by_hand = hand_made_rate(tree)
        return CodeSchedule(family=by_hand.family, source=by_hand.source) if by_hand else None
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
    """Tell whether code sets a rate in place, renews an optimizer in a loop, or leaves it to a trainer."""
    if words_in(module) & BY_DEFAULT & _of_libraries(module):
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
    loops: list[ast.For | ast.While] = [*nodes_of(module, ast.For), *nodes_of(module, ast.While)]
    return any(
        (OPTIMIZERS.fullmatch(last_name(call)) and _is_optimizer(call)) or _restores(call)
        for loop in loops
        if _goes_on(loop)
        for call in nodes_of(loop, ast.Call)
    )


def _goes_on(loop: ast.For | ast.While) -> bool:
    """Tell whether a loop goes over the epochs or steps of one training."""
    head = loop.target if isinstance(loop, ast.For) else loop.test
    return ADVANCING.search(" ".join(map(word_of, walk(head)))) is not None


def _restores(call: ast.Call) -> bool:
    """Tell whether an optimizer takes over a state, which holds a rate."""
    return (
        last_name(call) == "load_state_dict"
        and isinstance(call.func, ast.Attribute)
        and "opt" in last_name(call.func.value).lower()
    )


def _of_libraries(module: ast.Module) -> set[str]:
    """Return the names a file takes from libraries of trainers; its own classes may be called alike."""
    return {
        alias.asname or alias.name
        for source in nodes_of(module, ast.ImportFrom)
        if not source.level and (source.module or "").partition(".")[0] in TRAINERS
        for alias in source.names
    } | {
        name
        for imported in nodes_of(module, ast.Import)
        for alias in imported.names
        if alias.name.partition(".")[0] in TRAINERS
        for name in BY_DEFAULT
    }


def _names_in(module: ast.Module) -> set[str]:
    """Return every name in a file, those of arguments and functions included."""
    names = set(words_in(module))
    names.update(argument.arg for argument in nodes_of(module, ast.arg))
    names.update(keyword.arg for keyword in nodes_of(module, ast.keyword) if keyword.arg)
    names.update(function.name for function in nodes_of(module, ast.FunctionDef))
    return names


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
