"""Whether code asks for an option that a configuration sets."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from netgain.analysis.code_regions import model_regions
from netgain.analysis.declared_options import CONFIGURATION_CLASS, declared_option
from netgain.analysis.options import declared_names, is_configuration
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, literal, modules, nodes_of, walk
from netgain.study import CodeTree

ENTRANCES = frozenset({"main", "train", "run", "cli", "fit", "experiment"})
"""Functions that command lines are made of by their arguments."""
HANDED_WHOLE = frozenset({"instantiate", "build_from_cfg", "setattr", "from_config"})
"""Calls that take a configuration apart by names that stand elsewhere."""
LOADED = frozenset({"load", "safe_load", "full_load", "loads", "to_container", "asdict", "vars"})
"""Calls that return a whole configuration as a dictionary."""
LOGGERS = frozenset(
    {"init", "dict", "print", "log_params", "log_hyperparams", "Namespace", "SimpleNamespace", "info",
     "update", "format", "log"}
)  # fmt: skip
"""Calls that take a configuration whole and build nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a tree asks its configuration for."""

    asked: frozenset[str]
    """Last parts of the names it asks for, in lower case."""
    whole: bool
    """Whether it hands a configuration on whole, so that names it does not spell are asked for as well."""
    declared: frozenset[str]
    """Options it declares, in lower case."""
    has_model: bool
    """Whether it defines a network of its own."""


def ignores_option(tree: CodeTree, *names: str) -> bool:
    """Tell whether code leaves an option aside, under each of the names it may have.

    Code that declares the option and never asks for it does, and so does code that defines its own networks
    and names the option nowhere; code that takes a network from a package may hand it a whole file.
    """
    readings = option_readings(tree)
    plain = {name.replace("-", "_").lower() for name in names}
    if readings.whole or plain & readings.asked:
        return False
    return bool(plain & readings.declared) or readings.has_model


@remembered
def option_readings(tree: CodeTree) -> Readings:
    """Return what a tree asks its configuration for, in any spelling: `cfg.x`, `cfg["x"]`, `get("x")`."""
    asked: set[str] = set()
    whole = False
    for _, module in modules(tree):
        called = {id(call.func) for call in calls_in(module)}
        asked |= {
            node.attr.lower()
            for node in nodes_of(module, ast.Attribute)
            if isinstance(node.ctx, ast.Load) and id(node) not in called and not _is_own(node)
        }
        for entry in nodes_of(module, ast.Subscript):
            word = literal(entry.slice)
            if isinstance(entry.ctx, ast.Load) and isinstance(word, str):
                asked.add(_last(word))
        for call in calls_in(module):
            if declared_option(call) is None:
                words = [literal(argument) for argument in call.args]
                asked |= {_last(word) for word in words if isinstance(word, str)}
            whole = whole or _hands_on(call)
        for compared in nodes_of(module, ast.Compare):
            word = literal(compared.left)
            if isinstance(word, str):
                asked.add(_last(word))
        asked |= _entered(module) | _asked_of_itself(module)
    declared = frozenset(path[-1] for path in declared_names(tree) if path)
    return Readings(
        asked=frozenset(asked),
        whole=whole,
        declared=declared,
        has_model=bool(model_regions(tree)),
    )


def _is_own(node: ast.Attribute) -> bool:
    """Tell whether an attribute is one of an object's own, which need not be the option of that name."""
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def _asked_of_itself(module: ast.Module) -> set[str]:
    """Return the fields that a class declares in its body and that its own methods ask for.

    A class of settings builds what they name as well: `self.schedule` of a dataclass with that field.
    """
    found: set[str] = set()
    for owner in nodes_of(module, ast.ClassDef):
        fields = {
            item.target.id
            for item in owner.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        if fields:
            found |= {
                node.attr.lower()
                for node in walk(owner)
                if isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Load)
                and _is_own(node)
                and node.attr in fields
            }
    return found


def _last(word: str) -> str:
    return word.rpartition(".")[2].lower().replace("-", "_")


def _hands_on(call: ast.Call) -> bool:
    """Tell whether a call builds something of a whole configuration."""
    name = last_name(call)
    if name == "update" and isinstance(call.func, ast.Attribute):
        return last_name(call.func.value) == "__dict__"
    if name in LOGGERS:
        return False
    if name in HANDED_WHOLE and any(literal(argument) is None for argument in call.args[:2]):
        return name != "setattr" or (len(call.args) == 3 and literal(call.args[1]) is None)
    if CONFIGURATION_CLASS.search(name):
        return False  # another configuration, which code asks as it would ask the first
    return any(
        keyword.arg is None
        and (is_configuration(keyword.value) or last_name(keyword.value) in LOADED)
        for keyword in call.keywords
    )


def _entered(module: ast.Module) -> set[str]:
    """Return the arguments of functions that a command line or a file of bindings calls by name."""
    found: set[str] = set()
    owners: list[ast.FunctionDef | ast.ClassDef] = [*nodes_of(module, ast.FunctionDef)]
    owners += nodes_of(module, ast.ClassDef)
    for owner in owners:
        marked = {last_name(mark) for mark in owner.decorator_list} & {
            "command", "main", "automain", "capture", "configurable", "configurables", "option", "cli",
        }  # fmt: skip
        functions = (
            [owner]
            if isinstance(owner, ast.FunctionDef)
            else [item for item in owner.body if isinstance(item, ast.FunctionDef)]
        )
        for function in functions:
            entrance = owner in module.body and function.name in ENTRANCES
            if marked or entrance:
                arguments = (*function.args.args, *function.args.kwonlyargs)
                found |= {argument.arg.lower() for argument in arguments}
    return found
