"""Which parts of a tree are models, or build them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netgain.analysis.code_activations import ACTIVATIONS
from netgain.analysis.code_attention_kinds import MIXERS
from netgain.analysis.code_hints import names_at_work
from netgain.analysis.code_losses import is_loss
from netgain.analysis.code_strides import CONVOLUTION
from netgain.analysis.code_structure import is_norm, is_resampling
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    called_in,
    calls_in,
    last_name,
    modules,
    names_in,
    nodes_of,
    walk,
)
from netgain.study import CodeTree, SourceFile

CONTAINERS = MIXERS | {"Sequential", "ModuleList", "ModuleDict", "Activation"}
"""Classes that make layers, or hold them."""
Region = tuple[SourceFile, ast.AST, bool]
"""A file, a part of it that builds or is a model, and whether that part is a model class."""


@remembered
def model_regions(tree: CodeTree) -> tuple[Region, ...]:
    """Return the model classes in use, the functions in use that build modules, and top-level sequences."""
    return tuple(_regions(tree))


def _regions(tree: CodeTree) -> Iterator[Region]:
    used = instantiated(tree)
    unmade = unmade_networks(tree)
    alone = unmade if len(unmade) == 1 else ()
    for file, module in modules(tree):
        replaced = _replaced(module)
        for owner in nodes_of(module, ast.ClassDef):
            if owner in replaced:
                continue
            counts = is_whole_network(owner.name) or owner.name in used or owner in alone
            if counts and is_model(owner):
                yield file, owner, True
        for node in module.body:
            if isinstance(node, ast.ClassDef) or node in replaced:
                continue
            if isinstance(node, ast.FunctionDef) and node.name not in used:
                continue
            if builds_modules(node) and not nodes_of(node, ast.ClassDef):
                yield file, node, False


def _replaced(module: ast.Module) -> set[ast.AST]:
    """Return the classes and functions that the file defines again further down, as cells of notebooks do."""
    defined = [n for n in module.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))]
    last: dict[str, ast.AST] = {node.name: node for node in defined}
    return {node for node in defined if last[node.name] is not node}


def builds_modules(node: ast.AST) -> bool:
    """Tell whether a function or statement makes layers by their classes."""
    return any(
        name[:1].isupper() and (name in CONTAINERS or CONVOLUTION.fullmatch(name) or kind_of(name))
        for name in map(last_name, calls_in(node))
    )


def is_model(node: ast.ClassDef) -> bool:
    """Tell whether a class is a network or a layer, by its bases and methods."""
    bases = {last_name(base) for base in node.bases}
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    if is_loss(node):
        return False
    return bool(bases & {"Module", "Layer", "Model", "LightningModule"}) or bool(
        {"forward", "__call__", "call"} & methods
        and bases - {"object", "ABC", "Protocol", "Generic"}
    )


@remembered
def unmade_networks(tree: CodeTree) -> tuple[ast.ClassDef, ...]:
    """Return the networks that nothing in a tree makes, nor holds as a part, where it makes none at all.

    Two folders that each define a network, and no script that trains it, are read by these. Blocks that
    nothing holds are none where a class is named as a network.
    """
    owners: list[ast.ClassDef] = []
    for _, module in modules(tree):
        replaced = _replaced(module)
        owners += [
            node
            for node in module.body
            if isinstance(node, ast.ClassDef) and node not in replaced and is_model(node)
        ]
    names = {owner.name for owner in owners}
    if not names or any(_makes_one(module, names) for _, module in modules(tree)):
        return ()
    inside = {name for owner in owners for name in names_at_work(owner) if name != owner.name}
    roots = [owner for owner in owners if owner.name not in inside and _has_forward(owner)]
    return tuple([r for r in roots if is_whole_network(r.name)] or roots)


def _makes_one(module: ast.Module, names: set[str]) -> bool:
    """Tell whether a file names one of some networks outside them, by its name or in a string."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and is_model(node):
            if _is_registered(node):
                return True
        elif not _exports(node) and not isinstance(node, (ast.Import, ast.ImportFrom)):
            if not names.isdisjoint(_words_in(node)):
                return True
            if not names.isdisjoint(names_in(node)) and not names.isdisjoint(names_at_work(node)):
                return True
    return False


def _exports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and "__all__" in map(last_name, node.targets)


def _words_in(node: ast.stmt) -> set[str]:
    """Return the strings of a statement that can be names of classes."""
    words = (constant.value for constant in nodes_of(node, ast.Constant))
    return {word for word in words if isinstance(word, str) and word.isidentifier()}


def _has_forward(owner: ast.ClassDef) -> bool:
    methods = {item.name for item in owner.body if isinstance(item, ast.FunctionDef)}
    return bool(methods & {"forward", "call", "__call__"})


def is_whole_network(name: str) -> bool:
    """Count a class that reads as a whole network even where no script of the tree builds it."""
    return name.lower().endswith(("net", "model", "network", "classifier", "former", "cnn", "mlp"))


NAMING = frozenset({"super", "isinstance", "issubclass"})
"""Calls that name a class without making or keeping one."""
HOLDING = (ast.Name, ast.Attribute, ast.Dict, ast.List, ast.Tuple, ast.IfExp)
"""Expressions that hold a class without calling it: `block = Bottleneck`."""


def _held(module: ast.Module) -> set[str]:
    """Return the names that are assigned, returned or given as a default without being called."""
    values: list[ast.expr | None] = [node.value for node in nodes_of(module, ast.Assign)]
    values += [node.value for node in nodes_of(module, ast.Return)]
    for arguments in nodes_of(module, ast.arguments):
        values += [*arguments.defaults, *arguments.kw_defaults]
    return {
        child.id
        for value in values
        if isinstance(value, HOLDING)
        for child in walk(value)
        if isinstance(child, ast.Name)
    }


def _is_registered(node: ast.ClassDef) -> bool:
    """Tell whether a decorator keeps a class under a name, by which it may be made."""
    return any(isinstance(child, ast.Call | ast.Attribute) for child in node.decorator_list)


@remembered
def instantiated(tree: CodeTree) -> set[str]:
    """Return the names that are called, given to calls, or held to be called later."""
    used = set()
    for _, module in modules(tree):
        used |= _held(module)
        covered: set[int] = set()
        used |= {node.name for node in nodes_of(module, ast.ClassDef) if _is_registered(node)}
        used |= called_in(module)
        for call in calls_in(module):
            if id(call) in covered or last_name(call) in NAMING:
                continue  # what is inside an argument of a call before it was looked at there
            for argument in [*call.args, *[k.value for k in call.keywords]]:
                if isinstance(argument, ast.Constant):
                    continue
                for child in walk(argument):
                    if isinstance(child, ast.Name):
                        used.add(child.id)
                    elif isinstance(child, ast.Attribute):
                        used.add(child.attr)
                    elif isinstance(child, ast.Call):
                        covered.add(id(child))
    return used


def kind_of(name: str) -> str:
    """Return the kind of block a class name stands for, empty for any other name."""
    if is_norm(name):
        return "normalization"
    if is_resampling(name):
        return "resampling"
    return "activation" if name[:1].isupper() and name.lower() in ACTIVATIONS else ""
