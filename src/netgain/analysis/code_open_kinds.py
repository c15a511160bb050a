"""Kinds of blocks of which a tree may hold more than its model code shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from netgain.analysis.code_fields import fields_of
from netgain.analysis.code_foreign import bound_names, brought_models
from netgain.analysis.code_foreign_layers import holds_foreign_layers
from netgain.analysis.code_hints import hint_nodes
from netgain.analysis.code_losses import is_loss
from netgain.analysis.code_regions import is_model, kind_of, model_regions
from netgain.analysis.code_strides import CONVOLUTION, FLAX
from netgain.analysis.library_models import library_network, names_in_use
from netgain.analysis.library_networks import networks_of
from netgain.analysis.script_files import files_of
from netgain.analysis.syntax import calls_in, dotted, last_name, modules, names_in, nodes_of, walk
from netgain.study import CodeTree

GRAPHS_OF_FUNCTIONS = re.compile(
    r"(?:tf\.(?:compat\.v1\.)?)?(?:layers\.(?:conv\dd|batch_norm|dense|max_pool|dropout|flatten|separable|average)|"
    r"nn\.(?:conv\dd$|bias_add|max_pool|fused_batch_norm))|slim\.|tf\.contrib\.|tflearn\."
)
"""Functions by which older code builds a graph without any layer that has a class; not read here."""
KINDS_OF_ARGUMENTS = {
    **dict.fromkeys(
        ("act_layer", "activation", "act", "nonlinearity", "act_fn", "activation_fn"), "activation"
    ),
    **dict.fromkeys(
        ("norm_layer", "norm", "normalization", "norm_cls", "norm_fn", "norm_type"), "normalization"
    ),
}
"""Names of arguments and fields by which a model is handed layers of a kind."""


def observed_kinds(tree: CodeTree) -> set[str]:
    """Return the kinds of blocks that the models of a tree hold only where its code shows them."""
    return _settled(tree) - _held_in_variables(tree)


def _settled(tree: CodeTree) -> set[str]:
    kinds = {"activation", "attention", "normalization", "resampling", "skip"}
    if holds_foreign_layers(tree, model_regions(tree)):
        return set()
    if not files_of(tree).started and _holds_more_networks(tree):
        return set()
    brought = brought_models(tree, names_in_use(tree))
    if brought and library_network(tree) is None:
        known = networks_of(brought)
        if known is None:
            return set()
        kinds -= set().union(
            *known.values()
        )  # which of them is the model, or a part of it, is open
    kinds -= {
        KINDS_OF_ARGUMENTS[name] for name in KINDS_OF_ARGUMENTS.keys() & fields_of(tree).keys()
    }
    for _, module in modules(tree):
        packages = bound_names(module)
        for call in calls_in(module):
            name = last_name(call)
            if _evaluates(call) or _adds_to_a_graph(call, packages):
                return set()
            if (
                name == "getattr"
                and call.args
                and last_name(call.args[0]) in ("nn", "F", "functional")
            ):
                kinds -= {"activation", "normalization", "resampling"}
        arguments = {argument.arg for argument in nodes_of(module, ast.arg)}
        kinds -= {KINDS_OF_ARGUMENTS[name] for name in KINDS_OF_ARGUMENTS.keys() & arguments}
        if any("use_bn" in names_in(node.test) for node in _tests(module)):
            kinds.discard("normalization")
        kinds -= _built_aside(module)
    return kinds


def _adds_to_a_graph(call: ast.Call, packages: Mapping[str, str]) -> bool:
    """Tell whether a call builds a graph as older code does; `nn.max_pool` of flax is none."""
    name = dotted(call.func)
    own = packages.get(name.partition(".")[0], "tensorflow").startswith("flax")
    return not own and GRAPHS_OF_FUNCTIONS.match(name) is not None


def _evaluates(call: ast.Call) -> bool:
    """Match `eval(f"models.{name}")`, by which anything may be made."""
    plain = isinstance(call.func, ast.Name) and call.func.id == "eval" and bool(call.args)
    return plain and isinstance(call.args[0], (ast.JoinedStr, ast.BinOp))


def _holds_more_networks(tree: CodeTree) -> bool:
    """Tell whether a tree defines networks beside those counted, of which none is known to be idle."""
    counted = {id(node) for _, node, _ in model_regions(tree)}
    return any(
        is_model(owner) and id(owner) not in counted
        for _, module in modules(tree)
        for owner in nodes_of(module, ast.ClassDef)
    )


def _built_aside(module: ast.Module) -> set[str]:
    """Return the kinds of layers that classes make which are no networks, as builders of models do."""
    kinds: set[str] = set()
    for owner in nodes_of(module, ast.ClassDef):
        if is_model(owner) or is_loss(owner):
            continue
        made = {name for name in map(last_name, calls_in(owner)) if name[:1].isupper()}
        kinds |= {kind_of(name) for name in made}
        if any(map(CONVOLUTION.fullmatch, made)):
            kinds.add("resampling")
    return kinds


def _holds_convolutions(module: ast.Module, named: set[int]) -> bool:
    """Tell whether a class of convolutions is kept under a name: its strides stand where that is called."""
    for call in calls_in(module):
        if last_name(call) == "partial" and any(map(_is_convolution, call.args[:1])):
            return True
    values: list[ast.expr | None] = [node.value for node in nodes_of(module, ast.Assign)]
    for arguments in nodes_of(module, ast.arguments):
        values += [*arguments.defaults, *arguments.kw_defaults]
    return any(v is not None and id(v) not in named and _is_convolution(v) for v in values)


def _is_convolution(node: ast.expr) -> bool:
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    name = last_name(node)
    flax = isinstance(node, ast.Attribute) and last_name(node.value) in FLAX
    return bool(CONVOLUTION.fullmatch(name)) or (flax and name in ("Conv", "ConvTranspose"))


def _tests(module: ast.Module) -> list[ast.If | ast.IfExp]:
    """Return what is left of a file's conditions."""
    return [*nodes_of(module, ast.If), *nodes_of(module, ast.IfExp)]


def _held_in_variables(tree: CodeTree) -> set[str]:
    """Return the kinds of which a class is stored or passed on and not called: which one runs is open."""
    kinds: set[str] = set()
    for _, module in modules(tree):
        named = {id(call.func) for call in calls_in(module)}
        named |= hint_nodes(module)
        for owner in nodes_of(module, ast.ClassDef):
            named.update(id(inner) for base in owner.bases for inner in walk(base))
        held = {node.id for node in nodes_of(module, ast.Name) if id(node) not in named}
        held |= {node.attr for node in nodes_of(module, ast.Attribute) if id(node) not in named}
        kinds.update(map(kind_of, held))
        if _holds_convolutions(module, named):
            kinds.add("resampling")
        for node in nodes_of(module, ast.ImportFrom):
            kinds.update(kind_of(a.name) for a in node.names if a.asname not in (None, a.name))
    return kinds - {""}
