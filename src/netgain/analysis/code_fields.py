"""Fields of models that are data classes, as flax's are: what whoever makes one may hand it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping

from netgain.analysis.code_foreign import bound_names
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import last_name, literal, modules, nodes_of
from netgain.study import CodeTree

DEEPEST = 4
"""Names and branches through which a number is followed."""
Given = Mapping[str, tuple[ast.expr | None, ...]]
"""What each field may be, by its name: its defaults, and what calls hand it; None where it has no default."""


@remembered
def fields_of(tree: CodeTree) -> Given:
    """Return the fields of flax's models, of classes of one tree together, with all they may be.

    What is handed on under the same name, as `norm=self.norm`, is left out.
    """
    found: dict[str, list[ast.expr | None]] = defaultdict(list)
    order: dict[str, list[str]] = {}
    parsed = [module for _, module in modules(tree)]
    for module in parsed:
        if not any(full.partition(".")[0] == "flax" for full in bound_names(module).values()):
            continue
        for owner in nodes_of(module, ast.ClassDef):
            if "Module" not in map(last_name, owner.bases):
                continue
            for item in owner.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                    found[item.target.id].append(item.value)
                    order.setdefault(owner.name, []).append(item.target.id)
    if not found:
        return {}
    for module in parsed:
        for call in nodes_of(module, ast.Call):
            given = [(keyword.arg, keyword.value) for keyword in call.keywords]
            given += list(zip(order.get(last_name(call), ()), call.args, strict=False))
            for name, value in given:
                if name in found and not _hands_on(value, name):
                    found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}


def _hands_on(value: ast.expr, name: str) -> bool:
    """Match `act=self.act` and `strides=(self.strides, 1)`."""
    parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    read = [isinstance(part, ast.Attribute) and part.attr == name for part in parts]
    return any(read) and all(r or literal(p) == 1 for r, p in zip(read, parts, strict=True))


def field_asked_for(node: ast.AST, fields: Given) -> str | None:
    """Return the field that a part of an expression reads, as `self.strides` does."""
    for attribute in nodes_of(node, ast.Attribute):
        if attribute.attr in fields and last_name(attribute.value) == "self":
            return attribute.attr
    return None


def numbers_of(values: tuple[ast.expr | None, ...], module: ast.AST) -> list[ast.Constant] | None:
    """Return the whole numbers that some expressions may be, None where one may be another.

    Args:
        values: the expressions; None among them stands for a field without a default.
        module: the file in which names are looked up.
    """
    found: list[ast.Constant] = []
    for value in values:
        numbers = [] if value is None else _numbers(value, module, DEEPEST)
        if numbers is None:
            return None
        found += numbers
    return found or None


def _numbers(node: ast.expr, module: ast.AST, depth: int) -> list[ast.Constant] | None:
    parts: list[ast.expr] = []
    if isinstance(node, ast.Constant) and isinstance(literal(node), int):
        return [node]
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = node.elts
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.Name):
        parts = [
            given.value
            for given in nodes_of(module, ast.Assign)
            if node.id in map(last_name, given.targets)
        ]
    if not parts or not depth:
        return None
    found = [_numbers(part, module, depth - 1) for part in parts]
    known = [numbers for numbers in found if numbers is not None]
    return [one for numbers in known for one in numbers] if len(known) == len(found) else None
