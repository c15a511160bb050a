"""Building blocks of models as their code shows them, by pattern and not by class name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from netgain.analysis.code_activations import activations
from netgain.analysis.code_attention import attention_pattern, classes_of, gates_multiplied_in
from netgain.analysis.code_attention_blocks import attention_blocks, takes_the_input
from netgain.analysis.code_attention_kinds import SELF_ATTENTION
from netgain.analysis.code_losses import is_aside, only_wraps
from netgain.analysis.code_open_kinds import observed_kinds
from netgain.analysis.code_regions import Region, model_regions
from netgain.analysis.code_skip_calls import all_skips
from netgain.analysis.code_skips import INPUTS
from netgain.analysis.code_strides import strides_held
from netgain.analysis.code_structure import (
    RESIDUAL_CLASSES,
    custom_norms,
    normalizations,
    resamplings,
)
from netgain.analysis.code_variants import leaves_choice
from netgain.analysis.library_models import library_network
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
OTHER_ATTENTION = frozenset(
    {"MultiHeadAttention", "MultiHeadDotProductAttention", "SelfAttention", "Attention", "AdditiveAttention",
     "GroupQueryAttention", "dot_product_attention", "flash_attn_func", "flash_attn_qkvpacked_func",
     "memory_efficient_attention"}
)  # fmt: skip
"""Those of other packages, where the tree defines none of that name."""


@remembered
def code_census(tree: CodeTree) -> ModelProfile | None:
    """Return the components a code tree builds its models from, None where it defines no model.

    A kind is among `observed_kinds` only when nothing builds that kind by a name held in a variable
    (`getattr(nn, name)`, `act_layer=...`) or takes a whole model from elsewhere.
    """
    regions = model_regions(tree)
    if (not regions and library_network(tree) is None) or leaves_choice(tree):
        return None
    found: dict[tuple[str, str], list[Source]] = defaultdict(list)
    undecided: set[str] = set()
    held, classes = strides_held(tree), classes_of(tree)
    blocks = attention_blocks(regions, classes)
    for file, node, is_class in regions:
        gates = attention_pattern(node, classes) if isinstance(node, ast.ClassDef) else ()
        for gate in gates:
            found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
        if id(node) in blocks:
            continue  # what an attention block computes its gate with belongs to it
        for activation, source in activations(
            file, node, inside_gate=bool(gates), functional=is_class
        ):
            found[("activation", activation)].append(source)
        for kind, sightings in (
            ("normalization", normalizations(node, functional=is_class)),
            (
                "resampling",
                resamplings(
                    node, functional=is_class, held=held.get(file.path, {}), own=classes.keys()
                ),
            ),
        ):
            for name, at in sightings.found:
                found[(kind, name)].append(place(file, at, getattr(node, "name", None)))
            if not sightings.decided:
                undecided.add(kind)
    files = {id(node): file for file, node, _ in regions}
    margins = list(_margins(tree))
    files |= {id(function): file for file, function in margins}
    forwards = [(n, f) for _, n, _ in regions for f in _forwards(n)]
    forwards += [(function, function) for _, function in margins]
    for node, sightings in all_skips(forwards):
        in_gate = id(node) in blocks
        for name, at in sightings.found:
            if not in_gate or takes_the_input(at, node):
                found[("skip", name)].append(
                    place(files[id(node)], at, getattr(node, "name", None))
                )
        if not sightings.decided and not in_gate:
            undecided.add("skip")
    for file, node, gate in gates_multiplied_in(tree):
        found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
    own = classes.keys() | {
        function.name
        for _, module in modules(tree)
        for function in nodes_of(module, ast.FunctionDef)
    }
    for file, module in modules(tree):
        for call in calls_in(module):
            if last_name(call) in LIBRARY_ATTENTION or (
                last_name(call) in OTHER_ATTENTION and last_name(call) not in own
            ):
                found[("attention", SELF_ATTENTION)].append(place(file, call))
            if last_name(call) in RESIDUAL_CLASSES:
                found[("skip", "residual-skip")].append(place(file, call))
    brought = library_network(tree)
    if brought is not None:
        for kind, names in brought[0].items():
            for name in names:
                found[(kind, name)].append(brought[1])
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
    seen = observed_kinds(tree) - undecided
    if _unread_norms(tree, regions):
        seen.discard("normalization")
    return ModelProfile(components=components, observed_kinds=tuple(sorted(seen)))


@remembered
def model_places(tree: CodeTree) -> tuple[Source, ...]:
    """Return where the first few of the model regions stand."""
    return tuple(place(file, region) for file, region, _ in model_regions(tree)[:3])


def network_texts(tree: CodeTree) -> tuple[str, ...]:
    """Return the model regions of a tree without their places, for a comparison by text."""
    return tuple(sorted(ast.dump(region) for _, region, _ in model_regions(tree)))


def _margins(tree: CodeTree) -> Iterator[tuple[SourceFile, ast.FunctionDef]]:
    """Yield what stands at the margin of each script that builds a functional model there, as a function."""
    for file, module in modules(tree):
        statements = [
            node
            for node in module.body
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        begins = any(last_name(c) in INPUTS for node in statements for c in calls_in(node))
        if begins:
            nothing = ast.arguments(
                posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]
            )
            yield (
                file,
                ast.FunctionDef(
                    name="<margin>",
                    args=nothing,
                    body=statements,
                    decorator_list=[],
                    lineno=statements[0].lineno,
                    col_offset=0,
                ),
            )


def _forwards(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a model class that take and return values, or a function that builds a model."""
    if isinstance(node, ast.FunctionDef):
        yield node
    elif isinstance(node, ast.ClassDef):
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and not is_aside(item):
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
