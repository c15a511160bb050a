"""Building blocks of models as their code shows them, by pattern and not by class name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from netgain.analysis.code_activations import ACTIVATIONS, activations
from netgain.analysis.code_attention import attention_pattern, classes_of, gates_multiplied_in
from netgain.analysis.code_attention_kinds import MIXERS, SELF_ATTENTION
from netgain.analysis.code_foreign import brings_models, holds_foreign_layers
from netgain.analysis.code_losses import is_loss, only_wraps
from netgain.analysis.code_skip_calls import all_skips
from netgain.analysis.code_strides import CONVOLUTION, strides_held
from netgain.analysis.code_structure import (
    RESIDUAL_CLASSES,
    custom_norms,
    is_norm,
    is_resampling,
    normalizations,
    resamplings,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    calls_in,
    last_name,
    modules,
    nodes_of,
    place,
    walk,
)
from netgain.study import CodeTree, Component, ModelProfile, Source, SourceFile

ATTENTION_NAME = re.compile(
    r"att(?:n|ention)|excit|cbam|non_?local|^SE_?(?:Layer|Block|Module|Unit)", re.IGNORECASE
)
"""Names of classes that say they are attention."""
LIBRARY_ATTENTION = (
    frozenset({"MultiheadAttention", "scaled_dot_product_attention"}) | RESIDUAL_CLASSES
)
"""Layers and functions of torch that attend."""


@remembered
def code_census(tree: CodeTree) -> ModelProfile | None:
    """Return the components a code tree builds its models from, None where it defines no model.

    A kind is among `observed_kinds` only when nothing builds that kind by a name held in a variable
    (`getattr(nn, name)`, `act_layer=...`) or takes a whole model from elsewhere.
    """
    regions = model_regions(tree)
    if not regions:
        return None
    found: dict[tuple[str, str], list[Source]] = defaultdict(list)
    undecided: set[str] = set()
    held, classes = strides_held(tree), classes_of(tree)
    for file, node, is_class in regions:
        gates = attention_pattern(node, classes) if isinstance(node, ast.ClassDef) else ()
        for gate in gates:
            found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
        for activation, source in activations(
            file, node, inside_gate=bool(gates), functional=is_class
        ):
            found[("activation", activation)].append(source)
        for kind, sightings in (
            ("normalization", normalizations(node, functional=is_class)),
            ("resampling", resamplings(node, functional=is_class, held=held.get(file.path, {}))),
        ):
            for name, at in sightings.found:
                found[(kind, name)].append(place(file, at, getattr(node, "name", None)))
            if not sightings.decided:
                undecided.add(kind)
    files = {id(node): file for file, node, _ in regions}
    for node, sightings in all_skips((n, f) for _, n, _ in regions for f in _forwards(n)):
        for name, at in sightings.found:
            found[("skip", name)].append(place(files[id(node)], at, getattr(node, "name", None)))
        if not sightings.decided:
            undecided.add("skip")
    for file, node, gate in gates_multiplied_in(tree):
        found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
    for file, module in modules(tree):
        for call in calls_in(module):
            if last_name(call) in LIBRARY_ATTENTION:
                found[("attention", SELF_ATTENTION)].append(place(file, call))
            if last_name(call) in RESIDUAL_CLASSES:
                found[("skip", "residual-skip")].append(place(file, call))
    if not found and all(only_wraps(node) for _, node, _ in regions):
        return None  # the model itself is not among the files
    if _unread_attention(regions, classes, found):
        undecided.add("attention")
    components = tuple(
        Component(
            kind=kind,  # type: ignore[arg-type]  # the keys above are kinds
            name=name,
            where=tuple(str(source) for source in sources),
            source=sources[0],
            strength="configured",
        )
        for (kind, name), sources in sorted(found.items())
    )
    seen = set(_observed(tree)) - undecided - _held_in_variables(tree)
    if _unread_norms(tree, regions):
        seen.discard("normalization")
    return ModelProfile(components=components, observed_kinds=tuple(sorted(seen)))


CONTAINERS = MIXERS | {"Sequential", "ModuleList", "ModuleDict", "Activation"}
"""Classes that make layers, or hold them."""
TESTED = frozenset((ast.Call, ast.ClassDef, ast.AnnAssign, ast.FunctionDef))
"""Nodes that name a class without holding it: a test, a base, an annotation."""
Region = tuple[SourceFile, ast.AST, bool]
"""A file, a part of it that builds or is a model, and whether that part is a model class."""


def model_regions(tree: CodeTree) -> tuple[Region, ...]:
    """Return the model classes in use, the functions in use that build modules, and top-level sequences."""
    return tuple(_regions(tree))


@remembered
def model_places(tree: CodeTree) -> tuple[Source, ...]:
    """Return where the first few of the model regions stand."""
    return tuple(place(file, region) for file, region, _ in model_regions(tree)[:3])


def network_texts(tree: CodeTree) -> tuple[str, ...]:
    """Return the model regions of a tree without their places, for a comparison by text."""
    return tuple(sorted(ast.dump(region) for _, region, _ in model_regions(tree)))


def _regions(tree: CodeTree) -> Iterator[Region]:
    used = _instantiated(tree)
    for file, module in modules(tree):
        replaced = _replaced(module)
        for owner in nodes_of(module, ast.ClassDef):
            if owner in replaced:
                continue
            if is_model(owner) and (_is_whole_network(owner.name) or owner.name in used):
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
        name[:1].isupper() and (name in CONTAINERS or CONVOLUTION.fullmatch(name) or _kind_of(name))
        for name in map(last_name, calls_in(node))
    )


def _forwards(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a model class that take and return values, or a function that builds a model."""
    if isinstance(node, ast.FunctionDef):
        yield node
    elif isinstance(node, ast.ClassDef):
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and not item.name.startswith("__init__"):
                yield item


def _unread_norms(tree: CodeTree, regions: tuple[Region, ...]) -> bool:
    """Tell whether a region calls something named a norm whose inside shows none that is known."""
    called = {name for _, node, _ in regions for name in custom_norms(node)}
    if not called:
        return False
    known = {
        node.name
        for _, module in modules(tree)
        for node in walk(module)
        if isinstance(node, ast.ClassDef)  # what a plain function normalises is not counted
        and node.name in called
        and normalizations(node, functional=True).found
    }
    return bool(called - known)


def _unread_attention(
    regions: tuple[Region, ...],
    classes: Mapping[str, ast.ClassDef],
    found: Mapping[tuple[str, str], list[Source]],
) -> bool:
    """Tell whether a class that is named as attention shows no pattern of one, nor a class it is made of."""
    known = {
        source.key
        for (kind, _), sources in found.items()
        if kind == "attention"
        for source in sources
    }
    for _, node, _ in regions:
        if not isinstance(node, ast.ClassDef) or not ATTENTION_NAME.search(node.name):
            continue
        made = {last_name(call) for call in calls_in(node)}
        inner = {last_name(c) for name in made & classes.keys() for c in calls_in(classes[name])}
        if not ({node.name} | made | inner) & (known | LIBRARY_ATTENTION):
            return True
    return False


def is_model(node: ast.ClassDef) -> bool:
    """Tell whether a class is a network or a layer, by its bases and methods."""
    bases = {last_name(base) for base in node.bases}
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    if is_loss(node):
        return False
    return bool(bases & {"Module", "Layer", "Model", "LightningModule"}) or bool(
        {"forward", "__call__", "call"} & methods and node.bases
    )


def _is_whole_network(name: str) -> bool:
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
def _instantiated(tree: CodeTree) -> set[str]:
    """Return the names that are called, given to calls, or held to be called later."""
    used = set()
    for _, module in modules(tree):
        used |= _held(module)
        covered: set[int] = set()
        used |= {node.name for node in nodes_of(module, ast.ClassDef) if _is_registered(node)}
        for call in calls_in(module):
            used.add(last_name(call))
            if last_name(call) in NAMING:
                continue
            if id(call) in covered:  # inside an argument of a call before it
                continue
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


def _observed(tree: CodeTree) -> tuple[str, ...]:
    kinds = {"activation", "attention", "normalization", "resampling", "skip"}
    if holds_foreign_layers(tree, model_regions(tree)) or brings_models(tree):
        return ()
    for _, module in modules(tree):
        for call in calls_in(module):
            name = last_name(call)
            if (
                name == "getattr"
                and call.args
                and last_name(call.args[0]) in ("nn", "F", "functional")
            ):
                kinds -= {"activation", "normalization", "resampling"}
        for argument in nodes_of(module, ast.arg):
            if argument.arg in (
                "act_layer", "activation", "act", "nonlinearity", "act_fn", "activation_fn"
            ):  # fmt: skip
                kinds.discard("activation")
            if argument.arg in (
                "norm_layer", "norm", "normalization", "norm_cls", "norm_fn", "norm_type", "use_bn"
            ):  # fmt: skip
                kinds.discard("normalization")
    return tuple(sorted(kinds))


def _held_in_variables(tree: CodeTree) -> set[str]:
    """Return the kinds of which a class is stored or passed on and not called: which one runs is open."""
    kinds: set[str] = set()
    for _, module in modules(tree):
        named = {id(call.func) for call in calls_in(module)}
        for node in walk(module):
            if node.__class__ not in TESTED:
                continue
            tested: list[ast.expr] = []
            if isinstance(node, ast.Call) and last_name(node) in ("isinstance", "issubclass"):
                tested = node.args
            elif isinstance(node, ast.ClassDef):
                tested = node.bases
            elif isinstance(node, ast.AnnAssign):
                tested = [node.annotation]
            elif isinstance(node, ast.FunctionDef):
                hints = [node.returns, *(a.annotation for a in node.args.args)]
                tested = [hint for hint in hints if hint is not None]
            named.update(id(inner) for item in tested for inner in walk(item))
        held = {node.id for node in nodes_of(module, ast.Name) if id(node) not in named}
        held |= {node.attr for node in nodes_of(module, ast.Attribute) if id(node) not in named}
        kinds.update(map(_kind_of, held))
        for node in nodes_of(module, ast.ImportFrom):
            kinds.update(_kind_of(a.name) for a in node.names if a.asname not in (None, a.name))
    return kinds - {""}


def _kind_of(name: str) -> str:
    """Return the kind of block a class name stands for, empty for any other name."""
    if is_norm(name):
        return "normalization"
    if is_resampling(name):
        return "resampling"
    return "activation" if name[:1].isupper() and name.lower() in ACTIVATIONS else ""
