"""What becomes of a moving average of weights: scored, or only the target that training looks at.

BYOL, MoCo and their like pull a second network behind the first, compare the two in the loss, and score the
first. An average counts as such a target where code calls it or hands it to a loss, and nowhere evaluates,
saves, returns, copies back or renames it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netgain.analysis.split_words import said_by
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    modules,
    names_in,
    nodes_of,
    parents_in,
    words_in,
)
from netgain.study import CodeTree

Role = Literal["scored", "target", "open"]
"""`open`: it is saved beside the live weights, and which of them are scored is not said."""
Use = Literal["evaluated", "saved", "saved beside others", "kept", "trained with"]
EVALUATING = re.compile(
    r"eval|valid|infer|predict|knn|probe|sampl|generat|extract|embed|test(?!_?net)|accura|metric|"
    r"bench|(?:^|_)(?:val|score)(?:_|$)|Val[A-Z]",
)
"""Functions and classes that score what they are given, or make something with it."""
TRAINING = re.compile(
    r"loss|crit|distil|consist|contrast|compare|objective|train|step|update|momentum|learner",
    re.IGNORECASE,
)
"""Functions and classes that train with what they are given; any other may score it."""
SAVING = re.compile(r"save|dump|checkpoint", re.IGNORECASE)
RESUMING = re.compile(r"load|resume|restore|restart", re.IGNORECASE)
NEUTRAL_METHODS = frozenset(
    {"parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children",
     "to", "cuda", "cpu", "half", "float", "train", "eval", "requires_grad_", "load_state_dict", "apply",
     "zero_grad", "update", "device", "training", "named_children"}
)  # fmt: skip
"""Methods and attributes of a network that neither score nor hand it on."""
NEUTRAL_CALLS = frozenset(
    {"deepcopy", "zip", "isinstance", "len", "print", "DataParallel", "DistributedDataParallel", "DDP",
     "convert_sync_batchnorm", "has_batchnorms", "next", "id", "hasattr", "summary", "count_parameters",
     "set_requires_grad", "freeze", "prepare"}
)  # fmt: skip
TRAINED = re.compile(r"optim|sched|scaler|epoch|logger", re.IGNORECASE)
"""What else a checkpoint holds the state of."""
APPLYING = re.compile(r"forward|encode|project|predict|get_|call|infer|embed|features?")
"""Methods that run a network."""
MOST_NAMES = 6
MOST_USES = 400
"""Uses of one name that are looked at."""


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Another name that is given to a network."""

    name: str


Parents = dict[ast.AST, ast.AST]


def owner_of(
    loop: ast.For, averaged: ast.AST, node: ast.AST, bound: dict[str, ast.expr]
) -> ast.expr | None:
    """Return what holds the averaged weights that a loop goes through, None where that cannot be told.

    Args:
        loop: `for p, q in zip(live.parameters(), averaged.parameters())`.
        averaged: the averaged value, as its arithmetic shows it.
        node: the arithmetic; where it is assigned, what it is assigned to is the average.
        bound: what names of the scope are bound to.
    """
    for assign in nodes_of(loop, ast.Assign):
        if any(inner is node for inner in ast.walk(assign.value)):
            averaged = assign.targets[0]
    name = _first_name(averaged)
    targets = loop.target.elts if isinstance(loop.target, (ast.Tuple, ast.List)) else [loop.target]
    iterated = loop.iter
    sources: list[ast.expr] = [iterated]
    if isinstance(iterated, ast.Call) and last_name(iterated) == "zip":
        sources = iterated.args
    if len(sources) != len(targets):
        return None
    for target, source in zip(targets, sources, strict=True):
        inside = [target] if isinstance(target, ast.Name) else nodes_of(target, ast.Name)
        if any(isinstance(part, ast.Name) and part.id == name for part in inside):
            return _network(bound.get(source.id) if isinstance(source, ast.Name) else source)
    return None


def _network(source: ast.expr | None) -> ast.expr | None:
    """Return `net` of `net.state_dict().values()`."""
    called = isinstance(source, ast.Call)
    while isinstance(source, ast.Call):
        source = source.func.value if isinstance(source.func, ast.Attribute) else None
    return source if called and isinstance(source, (ast.Name, ast.Attribute)) else None


def _first_name(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def role_of(tree: CodeTree, owner: ast.expr, scope: ast.AST) -> Role:
    """Tell what code does with an averaged network.

    Args:
        tree: the code.
        owner: what holds the averaged weights, as a name or an attribute.
        scope: the function or file in which they are pulled.
    """
    names = [name for name in sorted(_names_outside(tree, owner, scope)) if name]
    uses: set[Use] = set()
    for name in names:  # grows as other names are given to the network
        for use in _uses(tree, name, scope):
            if isinstance(use, _Renamed):
                if use.name not in names and len(names) < MOST_NAMES:
                    names.append(use.name)
            else:
                uses.add(use)
    if uses & {"evaluated", "kept", "saved"} or "trained with" not in uses:
        return "scored"
    return "open" if "saved beside others" in uses else "target"


def _names_outside(tree: CodeTree, owner: ast.expr, scope: ast.AST) -> set[str]:
    """Return the last names of the network: the owner's, or what calls pass where it is an argument."""
    name = owner.attr if isinstance(owner, ast.Attribute) else last_name(owner)
    if isinstance(owner, ast.Attribute) and owner.attr == "module":  # of a parallel wrapper
        name = last_name(owner.value)
        owner = owner.value
    if not isinstance(owner, ast.Name) or not isinstance(scope, ast.FunctionDef):
        return {name}
    arguments = [a.arg for a in scope.args.args]
    if name not in arguments:
        return {name}
    method = arguments[:1] == ["self"]
    place = arguments.index(name) - method
    found = set()
    for _, module in modules(tree):
        if scope.name not in words_in(module):
            continue
        for call in calls_in(module):
            if last_name(call) != scope.name:
                continue
            named = [k.value for k in call.keywords if k.arg == name]
            given = named or call.args[place : place + 1]
            found |= {last_name(argument) for argument in given}
    return found or {name}


def _uses(tree: CodeTree, name: str, scope: ast.AST) -> Iterator[Use | _Renamed]:
    left = MOST_USES
    for _, module in modules(tree):
        if name not in words_in(module):
            continue
        parents = parents_in(module)
        nodes: list[ast.expr] = [n for n in nodes_of(module, ast.Name) if n.id == name]
        nodes += [n for n in nodes_of(module, ast.Attribute) if n.attr == name]
        for node in nodes[:left]:
            use = _use(node, name, parents, scope)
            if use is not None:
                yield use
        left -= min(left, len(nodes))


def _use(node: ast.expr, name: str, parents: Parents, scope: ast.AST) -> Use | _Renamed | None:
    up = parents.get(node)
    if isinstance(up, ast.Attribute):
        if up.attr == "module":  # of a parallel wrapper
            return _use(up, name, parents, scope)
        if up.attr == "state_dict":
            return _stored(up, parents)
        if up.attr in NEUTRAL_METHODS or up.attr.endswith("_"):
            return None
        call = parents.get(up)
        if isinstance(call, ast.Call) and call.func is up and APPLYING.match(up.attr):
            return _applied(up, parents)
        return None if isinstance(up.ctx, ast.Store) else "kept"
    if isinstance(up, ast.keyword):
        up = parents.get(up)
    if isinstance(up, ast.Call):
        if up.func is node:
            return _applied(node, parents)
        called = last_name(up)
        if EVALUATING.search(called):
            return "evaluated"
        if SAVING.search(called):
            return "saved"
        if (
            called in NEUTRAL_CALLS
            or RESUMING.search(called)
            or called == getattr(scope, "name", "")
        ):
            return None
        return "trained with" if TRAINING.search(called) else "kept"
    if isinstance(up, (ast.Tuple, ast.List)) and isinstance(getattr(up, "ctx", None), ast.Store):
        return None
    while isinstance(up, (ast.Tuple, ast.List, ast.Dict, ast.IfExp, ast.Starred)):
        up = parents.get(up)
    if isinstance(up, ast.Return):
        return None if _only_builds(up, parents) else "kept"
    if isinstance(up, (ast.Assign, ast.AnnAssign)):
        return _assigned(up, node, name)
    return None


def _assigned(
    assign: ast.Assign | ast.AnnAssign, node: ast.expr, name: str
) -> Use | _Renamed | None:
    targets = assign.targets if isinstance(assign, ast.Assign) else [assign.target]
    if any(target is node or last_name(target) == name for target in targets):
        return None
    if assign.value is node and len(targets) == 1 and last_name(targets[0]):
        return _Renamed(name=last_name(targets[0]))
    return "kept"


def _applied(function: ast.AST, parents: Parents) -> Use:
    """Tell whether a network is called in an evaluation, or on held-out data, or in training."""
    up = parents.get(function)
    if isinstance(up, ast.Call) and any(map(_is_held_out, up.args)):
        return "evaluated"
    while up is not None:
        if isinstance(up, (ast.FunctionDef, ast.ClassDef)) and EVALUATING.search(up.name):
            return "evaluated"
        if isinstance(up, ast.For) and _is_held_out(up.iter):
            return "evaluated"
        up = parents.get(up)
    return "trained with"


def _is_held_out(data: ast.expr) -> bool:
    return any(said_by(name) in ("test", "validation") for name in names_in(data))


def _stored(state: ast.Attribute, parents: Parents) -> Use | None:
    """Tell what is done with `network.state_dict()`."""
    up: ast.AST | None = state
    statement: ast.AST | None = None
    saves = in_table = False
    while up is not None and statement is None:
        if isinstance(up, ast.Call) and last_name(up) == "load_state_dict":
            return "kept"  # copied into another network
        saves = saves or (isinstance(up, ast.Call) and SAVING.search(last_name(up)) is not None)
        in_table = in_table or isinstance(up, ast.Dict)
        statement = up if isinstance(up, ast.stmt) else None
        up = parents.get(up)
    filled = isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Subscript) for target in statement.targets
    )
    if statement is None or not (saves or in_table or filled):
        return None
    owned = {
        dotted(call.func.value)
        for call in calls_in(statement)
        if last_name(call) == "state_dict" and isinstance(call.func, ast.Attribute)
    } - {dotted(state.value)}
    others = any(not TRAINED.search(name) for name in owned)
    return "saved beside others" if others or filled else "saved"


def _only_builds(returned: ast.Return, parents: Parents) -> bool:
    """Tell whether what returns a network is a short function that makes it, and trains nothing."""
    up = parents.get(returned)
    while up is not None and not isinstance(up, ast.FunctionDef):
        up = parents.get(up)
    return up is not None and not nodes_of(up, ast.For) and not nodes_of(up, ast.While)
