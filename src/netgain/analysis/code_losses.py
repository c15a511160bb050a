"""Modules that are written like models and are none: losses, and wrappers of a model made elsewhere."""

from __future__ import annotations

import ast
import re

from netgain.analysis.syntax import calls_in, last_name, literal, nodes_of

LOSS_NAME = re.compile(r"loss|criteri(?:on|a)", re.IGNORECASE)
NETWORK_NAME = re.compile(r"(?:net|network|model)$", re.IGNORECASE)
"""Names of networks, one that predicts losses among them."""
TRUTH = re.compile(r"(?:y_)?(?:targets?|labels?|true|truth|gts?|ground_truth)", re.IGNORECASE)
"""Arguments by which a loss is given what is right."""
WRAPPED = re.compile(r"(?:\w*_)?(?:model|net|network|module|backbone|encoder)")
"""Arguments by which a wrapper is given the model."""
ASIDE_NAME = re.compile(
    r"(?:^|_)(?:loss(?:es)?|nms|iou|giou|bbox(?:es)?|box(?:es)?|anchors?|proposals?|metrics?|accuracy)(?:_|$)",
    re.IGNORECASE,
)
"""Names of methods by which a network computes its loss, its scores, or what it detects."""
LEARNED = re.compile(
    r"\w*(?:Conv|Linear|Dense|Embedding|LSTM|GRU|RNN|Attention|Norm)\w*|Parameter|Sequential|ModuleList"
)
"""Calls that make layers."""


def is_loss(owner: ast.ClassDef) -> bool:
    """Tell whether a class of modules is a loss, by its name, its base, or what it is given.

    A class without layers whose forward pass takes targets is one whatever it is called.
    """
    if NETWORK_NAME.search(owner.name):
        return False
    if any(LOSS_NAME.search(name) for name in (owner.name, *map(last_name, owner.bases))):
        return True
    forward = next(
        (
            item
            for item in owner.body
            if isinstance(item, ast.FunctionDef) and item.name in ("forward", "call", "__call__")
        ),
        None,
    )
    if forward is None:
        return False
    arguments = [a.arg for a in forward.args.args]
    takes_truth = len(arguments) > 2 and any(map(TRUTH.fullmatch, arguments))
    return takes_truth and not _makes_layers(owner)


def only_wraps(node: ast.AST) -> bool:
    """Tell whether a class is given a model and makes no layers of its own."""
    if not isinstance(node, ast.ClassDef) or _makes_layers(node):
        return False
    return any(
        WRAPPED.fullmatch(argument.arg)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and item.name == "__init__"
        for argument in item.args.args
    )


def is_aside(method: ast.FunctionDef) -> bool:
    """Tell whether a method of a network is no part of its forward pass: it sets up, scores, moves boxes."""
    if method.name in ("forward", "call", "__call__"):
        return False
    if method.name.startswith("__init__") or ASIDE_NAME.search(method.name):
        return True
    return len({2, 3} & _columns(method)) == 2 and not _makes_layers(method)


def _columns(method: ast.FunctionDef) -> set[int]:
    """Return the columns that a method takes out of its values: `boxes[:, 2]` and `boxes[..., 2]`."""
    found: set[int] = set()
    for node in nodes_of(method, ast.Subscript):
        if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) > 1:
            column = literal(node.slice.elts[-1])
            if isinstance(column, int):
                found.add(column)
    return found


def _makes_layers(node: ast.AST) -> bool:
    return any(LEARNED.fullmatch(last_name(call)) for call in calls_in(node))
