"""Whether a tree of model code builds one model, or several among which a setting chooses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.code_regions import Region, model_regions, unmade_networks
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, literal, modules, names_in, nodes_of, walk
from netgain.study import CodeTree

SHAPE_WORD = re.compile(
    r"strides?|\w*planes?|\w*channels?|\w*dims?|width|size|shape|inp|oup|depth|i|idx|index|len|"
    r"expan(d|sion)\w*|ratio|num_\w+|n|k|kernel\w*|self|in_\w+|out_\w+|c1|c2",
    re.IGNORECASE,
)
"""Names by which a condition asks for sizes and not for a choice."""


@remembered
def decides_one_model(tree: CodeTree) -> bool:
    """Tell whether the tree holds one network without switches between kinds of layers.

    A zoo of networks, or a constructor that picks a layer by a flag or a name, holds blocks that the model in
    use may not have: equal lists of blocks in two such trees do not mean equal models. Conditions on sizes
    (`if stride != 1`) are part of one network.
    """
    regions = model_regions(tree)
    if _same_name_twice(regions):
        return False
    classes = {node.name: node for _, node, _ in regions if isinstance(node, ast.ClassDef)}
    inner: set[str] = set()
    for _, module in modules(tree):
        for call in calls_in(module):
            if last_name(call) in classes:
                passed = [*call.args, *(k.value for k in call.keywords)]
                inner |= {name for item in passed for name in names_in(item)}
    for name, node in classes.items():
        inner |= names_in(node) - {name}
    roots = set(classes) - inner
    return len(roots) <= 1 and not any(_switches(node) for _, node, _ in regions)


@remembered
def unmade_network(tree: CodeTree) -> str:
    """Name the one network of a tree that nothing makes and that its defaults settle; empty where none is."""
    unmade = unmade_networks(tree)
    return "" if len(unmade) != 1 or leaves_choice(tree) else unmade[0].name


@remembered
def leaves_choice(tree: CodeTree) -> bool:
    """Tell whether nothing makes the networks of a tree, and who makes one would choose what it is made of.

    Several networks are a choice, and so are layers that come as arguments or stand under a condition.
    """
    unmade = unmade_networks(tree)
    if not unmade:
        return False
    parts = [node for _, node, _ in model_regions(tree)]
    return len(unmade) > 1 or any(takes_layers(node) or _switches(node) for node in parts)


def takes_layers(region: ast.AST) -> bool:
    """Tell whether a region calls one of its own arguments that has no default, as `block(64, 64)` does."""
    for function in nodes_of(region, ast.FunctionDef):
        given = function.args
        plain = [*given.posonlyargs, *given.args]
        bare = {argument.arg for argument in plain[: len(plain) - len(given.defaults)]}
        bare |= {
            a.arg for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is None
        }
        if any(isinstance(c.func, ast.Name) and c.func.id in bare for c in calls_in(function)):
            return True
    return False


def _same_name_twice(regions: tuple[Region, ...]) -> bool:
    """Tell whether two files define different networks or layers of one name: which is meant is open."""
    found: dict[str, str] = {}
    for _, node, _ in regions:
        if isinstance(node, ast.ClassDef) and found.setdefault(
            node.name, ast.dump(node)
        ) != ast.dump(node):
            return True
    return False


def _switches(region: ast.AST) -> bool:
    """Tell whether a region makes layers under a condition that asks for more than sizes."""
    for test, parts in _conditions(region):
        makes = any(last_name(call)[:1].isupper() for part in parts for call in calls_in(part))
        if makes and not isinstance(test, ast.Constant) and not _asks_for_sizes(test):
            return True
    return False


def _conditions(region: ast.AST) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    for node in walk(region):
        if isinstance(node, ast.If):
            yield node.test, [*node.body, *node.orelse]
        elif isinstance(node, ast.IfExp):
            yield node.test, [node.body, node.orelse]


def _asks_for_sizes(test: ast.expr) -> bool:
    if any(isinstance(literal(node), str) for node in walk(test)):
        return False
    compares = nodes_of(test, ast.Compare)
    return bool(compares) and all(SHAPE_WORD.fullmatch(name) for name in names_in(test))
