"""Networks of packages that code asks for by a name, as `timm.create_model("resnet50")` does."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from netgain.analysis.syntax import dotted, last_name, literal, nodes_of

BY_NAME = {
    "timm.create_model": "timm.",
    "timm.models.create_model": "timm.",
    "timm.models.factory.create_model": "timm.",
    "torchvision.models.get_model": "torchvision.models.",
}
"""Functions that are given the name of a network, with what its full name begins with."""
HUB = "torch.hub.load"
ON_HUB = {"pytorch/vision": "torchvision.models."}
"""Repositories of the hub that hold the networks of a package."""
TOP = "torchvision.models"
"""The module whose members are asked for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call that makes a network of a package by a name that is known."""

    call: ast.Call
    """The call."""
    name: str
    """The full name, e.g. `torchvision.models.resnet18`."""
    through: frozenset[int]
    """Ids of the nodes by which the package is named there."""


def asked_by_name(module: ast.Module, bound: Mapping[str, str]) -> tuple[Asked, ...]:
    """Return the calls of a file that ask a package for a network by a name.

    Args:
        module: the file.
        bound: full names of what it imports.
    """
    words: Mapping[str, str] | None = None
    found = []
    for call, top, key in names_asked_for(module, bound):
        words = words_bound(module) if words is None else words
        name = (_word(key, words) or "").partition(".")[0]
        if name:
            through = frozenset(id(node) for node in ast.walk(call.func))
            found.append(Asked(call=call, name=f"{top}{name}", through=through))
    return tuple(found)


def names_asked_for(
    module: ast.Module, bound: Mapping[str, str]
) -> list[tuple[ast.Call, str, ast.expr]]:
    """Return the calls of a file that ask a package for a network, with the package and what names it."""
    calls = [call for call in nodes_of(module, ast.Call) if _may_ask(call)]
    found = [(call, _asked(call, bound)) for call in calls]
    return [(call, *asked) for call, asked in found if asked is not None]


def listing_nodes(module: ast.Module) -> frozenset[int]:
    """Return the ids of nodes of `sorted(name for name in models.__dict__ if ...)`, which makes nothing."""
    listed: list[ast.expr] = []
    for kind in (ast.GeneratorExp, ast.ListComp):
        for node in nodes_of(module, kind):
            source = node.generators[0].iter  # type: ignore[attr-defined]  # both have generators
            while isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
                source = source.func.value  # `models.__dict__.keys()`
            if isinstance(source, ast.Attribute) and source.attr == "__dict__":
                listed.append(node)
    return frozenset(id(inner) for node in listed for inner in ast.walk(node))


ASKED = frozenset({"create_model", "get_model", "load"})
ASKING = ASKED | {"getattr", "__dict__"}
"""Words without which a file asks no package for a network by name."""


def _may_ask(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Call):
        return last_name(function) == "getattr" and len(function.args) > 1
    if isinstance(function, ast.Subscript):
        return isinstance(function.value, ast.Attribute) and function.value.attr == "__dict__"
    return last_name(function) in ASKED


def _asked(call: ast.Call, bound: Mapping[str, str]) -> tuple[str, ast.expr] | None:
    """Return the package that a call asks for a network, and the expression that names it."""
    function = call.func
    if isinstance(function, ast.Call):
        base, key = function.args[0], function.args[1]
    elif isinstance(function, ast.Subscript):
        assert isinstance(function.value, ast.Attribute)  # as asked before
        base, key = function.value.value, function.slice
    else:
        return _by_function(call, full_name(function, bound))
    return (f"{TOP}.", key) if full_name(base, bound) == TOP else None


def _by_function(call: ast.Call, called: str) -> tuple[str, ast.expr] | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if called == HUB:
        place = literal(call.args[0] if call.args else given.get("repo_or_dir"))
        top = ON_HUB.get(place.partition(":")[0]) if isinstance(place, str) else None
        key = call.args[1] if len(call.args) > 1 else given.get("model")
    else:
        top = BY_NAME.get(called)
        key = call.args[0] if call.args else given.get("model_name", given.get("name"))
    return (top, key) if top and key is not None else None


def full_name(node: ast.expr, bound: Mapping[str, str]) -> str:
    """Return the full name of `tv.models` where `tv` is what a file calls torchvision, empty for its own."""
    root, dot, rest = dotted(node).partition(".")
    return f"{bound[root]}{dot}{rest}" if bound.get(root) else ""


def _word(node: ast.expr | None, words: Mapping[str, str]) -> str | None:
    value = words.get(node.id) if isinstance(node, ast.Name) else literal(node)
    return value if isinstance(value, str) else None


def words_bound(module: ast.Module) -> dict[str, str]:
    """Return the names that a file binds once, and to a string."""
    times = Counter(
        node.id for node in nodes_of(module, ast.Name) if not isinstance(node.ctx, ast.Load)
    )
    times.update(argument.arg for argument in nodes_of(module, ast.arg))
    times.update(a.asname or a.name for a in nodes_of(module, ast.alias))
    return {
        target.id: value
        for node in nodes_of(module, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
        and times[target.id] == 1
        and isinstance(value := literal(node.value), str)
    }
