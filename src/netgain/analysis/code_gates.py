"""Gates that start at zero: a parameter that begins at 0 and multiplies a branch of the model."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.code_regions import model_regions
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, nodes_of, place
from netgain.study import CodeTree, Source, SourceFile

ZEROS = frozenset({"zeros", "zeros_like", "new_zeros", "zeros_"})
ONES = frozenset({"ones", "ones_like", "new_ones"})
VALUES = frozenset({"tensor", "FloatTensor", "Tensor", "as_tensor", "full", "full_like"})
SETS_ZERO = frozenset({"zeros_", "zero_"})
SETS_VALUE = frozenset({"constant_", "fill_"})
PRODUCTS = frozenset({"mul", "mul_", "multiply", "addcmul", "addcmul_"})
SEEN_THROUGH = frozenset(
    {
        "view",
        "reshape",
        "unsqueeze",
        "expand",
        "expand_as",
        "tanh",
        "abs",
        "to",
        "type_as",
        "float",
        "clamp",
    }
)
"""Calls that leave zero at zero."""
SMALLEST = 1e-3
"""Starting value up to which a branch is all but switched off at the start (LayerScale)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One parameter that starts at or near zero and multiplies something."""

    name: str
    """Class and attribute, `Block.gamma`."""
    start: float
    """Value it starts at."""
    source: Source
    """Where it gets that value."""


@remembered
def zero_gates(tree: CodeTree) -> tuple[Gate, ...]:
    """Find gates in the model classes that are in use.

    A parameter counts that is made of zeros or set to zero (or to at most 0.001), and that stands as a factor
    in the class's own methods. One that is added (a bias, a position), that enters as `1 + g`, or that a
    matrix product uses (a projection that starts at zero) is none.
    """
    return tuple(
        gate
        for file, region, _ in model_regions(tree)
        if isinstance(region, ast.ClassDef)
        for gate in _of_class(file, region)
    )


def _of_class(file: SourceFile, owner: ast.ClassDef) -> Iterator[Gate]:
    starts = _starting_values(owner)
    if not starts:
        return
    factors = _factors(owner)
    for name, (value, node) in starts.items():
        if name in factors and abs(value) <= SMALLEST:
            yield Gate(
                name=f"{owner.name}.{name.removeprefix('self.')}",
                start=value,
                source=place(file, node),
            )


def _starting_values(owner: ast.ClassDef) -> dict[str, tuple[float, ast.AST]]:
    """Return the value each parameter of a class starts at, by attribute, with the node that says it."""
    defaults = _literal_defaults(owner)
    found: dict[str, tuple[float, ast.AST]] = {}
    made: set[str] = set()
    for node in nodes_of(owner, ast.Assign):
        name = dotted(node.targets[0])
        call = _parameter(node.value)
        if call is None or not name.startswith("self."):
            continue
        made.add(name)
        value = _value(call.args[0], defaults) if call.args else None
        if value is not None:
            found[name] = (value, node)
    for call in calls_in(owner):
        name, value = _set_in_place(call)
        if name in made and value is not None:
            found[name] = (value, call)
    return found


def _parameter(node: ast.expr) -> ast.Call | None:
    """Return the call that makes a parameter, moved to a device or not."""
    for call in calls_in(node):
        if last_name(call) == "Parameter":
            return call
    return None


def _literal_defaults(owner: ast.ClassDef) -> dict[str, float]:
    """Return the numeric defaults of the constructor's arguments."""
    for function in nodes_of(owner, ast.FunctionDef):
        if function.name == "__init__":
            arguments = (
                function.args.args[-len(function.args.defaults) :] if function.args.defaults else []
            )
            pairs = zip(arguments, function.args.defaults, strict=True)
            values = {argument.arg: literal(default) for argument, default in pairs}
            return {
                name: float(value)
                for name, value in values.items()
                if isinstance(value, (int, float)) and not isinstance(value, bool)
            }
    return {}


def _value(node: ast.expr, defaults: dict[str, float]) -> float | None:
    """Return the one number a tensor is made of, None where it is random, empty or not known."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for scale, other in ((node.left, node.right), (node.right, node.left)):
            if _number(scale, defaults) is not None and _value(other, defaults) is not None:
                return (_number(scale, defaults) or 0.0) * (_value(other, defaults) or 0.0)
        return None
    if not isinstance(node, ast.Call):
        return None
    name = last_name(node)
    if name in ZEROS:
        return 0.0
    if name in ONES:
        return 1.0
    if name in VALUES and node.args:
        last = node.args[-1] if name.startswith("full") else node.args[0]
        while isinstance(last, (ast.List, ast.Tuple)) and len(last.elts) == 1:
            last = last.elts[0]
        return _number(last, defaults)
    if isinstance(node.func, ast.Attribute) and name in (*SEEN_THROUGH, "cuda", "requires_grad_"):
        return _value(node.func.value, defaults)
    return None


def _number(node: ast.expr, defaults: dict[str, float]) -> float | None:
    value = literal(node)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return defaults.get(node.id) if isinstance(node, ast.Name) else None


def _set_in_place(call: ast.Call) -> tuple[str, float | None]:
    """Return the attribute that `nn.init.zeros_(self.g)` or `self.g.data.fill_(0)` sets, and its value."""
    name = last_name(call)
    if name not in SETS_ZERO | SETS_VALUE:
        return "", None
    owned = dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    by_method = owned.startswith("self.")
    target = owned.removesuffix(".data") if by_method else dotted(call.args[0]) if call.args else ""
    if name in SETS_ZERO:
        return target, 0.0
    values = call.args if by_method else call.args[1:]
    return target, _number(values[0], {}) if values else None


def _factors(owner: ast.ClassDef) -> set[str]:
    """Return the attributes that stand as a factor by themselves in the methods of a class."""
    found: set[str] = set()
    for function in nodes_of(owner, ast.FunctionDef):
        if function.name == "__init__":
            continue
        named = {
            dotted(node.targets[0]): node.value
            for node in nodes_of(function, ast.Assign)
            if isinstance(node.targets[0], ast.Name)
        }
        for product in nodes_of(function, ast.BinOp):
            if isinstance(product.op, ast.Mult):
                found |= {_attribute(side, named) for side in (product.left, product.right)}
        for scaled in nodes_of(function, ast.AugAssign):
            if isinstance(scaled.op, ast.Mult):
                found.add(_attribute(scaled.value, named))
        for call in calls_in(function):
            if last_name(call) in PRODUCTS:
                owned = [call.func.value] if isinstance(call.func, ast.Attribute) else []
                found |= {_attribute(part, named) for part in (*call.args, *owned)}
    return found - {""}


def _attribute(node: ast.expr, named: dict[str, ast.expr]) -> str:
    """Return `self.g` for the attribute itself, reshaped or not, and for a local name that holds it."""
    for _ in range(6):
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and last_name(node) in SEEN_THROUGH:
            inner = node.func.value if isinstance(node.func, ast.Attribute) else None
            by_function = isinstance(inner, ast.Name) and inner.id in ("torch", "F", "nn")
            if (by_function or inner is None) and node.args:
                node = node.args[0]
            elif inner is not None:
                node = inner
            else:
                break
        elif isinstance(node, ast.Name) and node.id in named:
            node = named[node.id]
        else:
            break
    name = dotted(node) if isinstance(node, ast.Attribute) else ""
    return name if name.startswith("self.") else ""
