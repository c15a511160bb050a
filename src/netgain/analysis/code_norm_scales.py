"""Scales of normalization layers that start at zero, and with them the residual branch they close."""

from __future__ import annotations

import ast
import re

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    literal,
    modules,
    nodes_of,
    place,
    walk,
)
from netgain.study import CodeTree, Source

NORM_WORD = re.compile(
    r"(?:^|[._])(?:\w*norm\w*|bn\d*|ln\d*|gn\d*|\w+_(?:bn|ln|gn))\d*(?:\[|$)", re.IGNORECASE
)
"""Attributes that hold a normalization layer."""
ZEROING = frozenset({"zeros_", "zero_", "constant_", "fill_", "zeros", "zeros_like"})
ZERO_STARTS = re.compile(
    r"scale_init|gamma_initializer|scale_initializer|weight_init|gamma_init|init_scale|zero_init\w*|init_zero|"
    r"zero_gamma|bn_zero_init|zero_last\w*|last_gamma|init_values?|layer_scale\w*",
    re.IGNORECASE,
)
"""Arguments that say how the scale of a layer or of a branch starts."""
SWITCHES = re.compile(
    r"zero_init\w*|init_zero|zero_gamma|bn_zero_init|zero_last\w*|last_gamma", re.IGNORECASE
)
"""Those of them that switch a start at zero on."""
SMALLEST = 1e-3


@remembered
def zeroed_scales(tree: CodeTree) -> tuple[Source, ...]:
    """Return where code starts the scale of a normalization layer at zero, in place or by an argument."""
    found: list[Source] = []
    for file, module in modules(tree):
        switched = _under_a_switch(module)
        nodes = (*calls_in(module), *nodes_of(module, ast.Assign), *_defaults(module))
        found += [place(file, n) for n in nodes if id(n) not in switched and _zeroes(n)]
    return tuple(dict.fromkeys(found))


def _under_a_switch(module: ast.Module) -> set[int]:
    """Return what stands under `if zero_init_residual:`, which counts where the switch itself is on."""
    return {
        id(child)
        for branch in nodes_of(module, ast.If)
        if isinstance(branch.test, (ast.Name, ast.Attribute))
        and SWITCHES.fullmatch(last_name(branch.test))
        for statement in branch.body
        for child in walk(statement)
    }


def _defaults(module: ast.Module) -> list[ast.keyword]:
    """Return the defaults of arguments as if they were passed by keyword."""
    found: list[ast.keyword] = []
    for function in nodes_of(module, ast.FunctionDef):
        given = function.args
        positional = [*given.posonlyargs, *given.args]
        pairs = list(zip(reversed(positional), reversed(given.defaults), strict=False))
        pairs += [(a, d) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d]
        found += [
            ast.keyword(arg=argument.arg, value=default, lineno=function.lineno, col_offset=0)
            for argument, default in pairs
        ]
    return found


def _zeroes(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return _starts_at_zero(node)
    if isinstance(node, ast.Assign):  # `self.bn2.weight.data = torch.zeros(8)`
        made = isinstance(node.value, ast.Call) and last_name(node.value) in ZEROING
        return made and any(map(_is_scale, node.targets))
    if not isinstance(node, ast.Call):
        return False
    if last_name(node) in ZEROING:
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        by_method = owner is not None and _is_scale(owner)
        target = owner if by_method else node.args[0] if node.args else None
        values = [*node.args[0 if by_method else 1 :], *(k.value for k in node.keywords)]
        zero = last_name(node).startswith("zero") or any(literal(value) == 0 for value in values)
        return zero and target is not None and _is_scale(target)
    return any(map(_starts_at_zero, node.keywords))


def _is_scale(node: ast.expr) -> bool:
    """Match `self.bn2.weight`, `m.norm3.weight.data` and `blocks[-1].weight` of something named a norm."""
    name = _written(node)
    for end in (".data", ".weight", ".gamma", ".scale"):
        name = name.removesuffix(end)
    ends = _written(node).removesuffix(".data").endswith((".weight", ".gamma", ".scale"))
    return ends and bool(NORM_WORD.search(name))


def _written(node: ast.expr) -> str:
    """Return a chain of attributes with indices left out."""
    parts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        node = node.value
    return ".".join([dotted(node), *reversed(parts)])


def _starts_at_zero(keyword: ast.keyword) -> bool:
    """Match `scale_init=nn.initializers.zeros`, `gamma_initializer='zeros'`, `zero_init_residual=True`."""
    name, value = keyword.arg or "", literal(keyword.value)
    if not ZERO_STARTS.fullmatch(name):
        return False
    if SWITCHES.fullmatch(name) and isinstance(keyword.value, (ast.Name, ast.Attribute)):
        return dotted(keyword.value).removeprefix("self.") != name  # a setting decides
    if isinstance(value, bool):
        return value and SWITCHES.fullmatch(name) is not None
    if isinstance(value, (int, float)):
        return abs(value) <= SMALLEST and not SWITCHES.fullmatch(name)
    words = (
        [value]
        if isinstance(value, str)
        else [
            last_name(child)
            for child in walk(keyword.value)
            if isinstance(child, (ast.Name, ast.Attribute))
        ]
    )
    return any(word.lower() in ("zeros", "zero", "zeros_", "zeros_init") for word in words)
