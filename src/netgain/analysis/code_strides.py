"""Strides of convolutions, written at the call or held in a variable."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType

from netgain.analysis.code_fields import Given, field_asked_for, fields_of, numbers_of
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.constants import UNKNOWN, Constants, Origin, Values
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, literal, modules
from netgain.study import CodeTree

CONVOLUTION = re.compile(r"(?:Lazy)?(?:Depthwise|Separable)?Conv(?:Transpose)?\d[dD](?:Transpose)?")
CONVOLUTION_FUNCTIONS = frozenset(
    {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
)
STRIDE_POSITION = 3
"""0-based place of `stride` in torch's convolutions, classes and functions alike; Keras has it at 2."""
FLAX = frozenset({"nn", "linen", "fnn", "nnx", "flax"})
"""What flax's layers are called by."""
NOTHING_HELD: Mapping[tuple[int, int], Values] = MappingProxyType({})
"""What is known of strides where nothing was followed."""


def is_convolution(call: ast.Call) -> bool:
    """Tell whether a call is a convolution of a library, as a layer or as a function."""
    name = last_name(call)
    made = not isinstance(call.func, ast.Call)
    known = CONVOLUTION.fullmatch(name) or name in CONVOLUTION_FUNCTIONS
    return made and bool(known or is_flax_convolution(call))


def is_flax_convolution(call: ast.Call) -> bool:
    """Match `nn.Conv(64, (3, 3), strides=(2, 2))` of flax, whose layers do not count dimensions."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in ("Conv", "ConvTranspose", "ConvLocal")
        and last_name(function.value) in FLAX
    )


def spreads_arguments(call: ast.Call) -> bool:
    """Tell whether a call takes arguments from a list or a dictionary."""
    return any(k.arg is None for k in call.keywords) or any(
        isinstance(argument, ast.Starred) for argument in call.args
    )


def stride_argument(call: ast.Call) -> ast.expr | None:
    """Return what a convolution is given as its stride, None where it is given none that can be seen."""
    named = next((k.value for k in call.keywords if k.arg in ("stride", "strides")), None)
    if named is not None:
        return named
    early = last_name(call).endswith(("D", "DTranspose")) or is_flax_convolution(call)
    position = STRIDE_POSITION - early
    before = call.args[: position + 1]
    if len(before) <= position or any(isinstance(argument, ast.Starred) for argument in before):
        return None
    return before[position]


def literal_strides(node: ast.expr) -> tuple[float, ...] | None:
    """Return the numbers a stride is written as, None where one of them is no literal."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    values = [literal(part) for part in parts]
    numbers = tuple(float(value) for value in values if isinstance(value, (int, float)))
    return numbers if numbers and len(numbers) == len(values) else None


@remembered
def strides_held(tree: CodeTree) -> Mapping[str, Mapping[tuple[int, int], Values]]:
    """Return, by file and by line and column of the call, what may be the stride of a convolution.

    Only convolutions whose stride is held in a variable are among them.
    """
    if not any(_held_in_variables(module) for _, module in modules(tree)):
        return {}
    program = callers_of(tree).program
    constants = Constants(program=program)
    fields = fields_of(tree)
    return {
        path: {
            (call.lineno, call.col_offset): _of_field(argument, fields, root.node, path)
            or constants.of(argument, program.scope_of(call, path))
            for call, argument in _held_in_variables(root.node)
        }
        for path, root in program.roots.items()
    }


def _of_field(argument: ast.expr, fields: Given, module: ast.AST, path: str) -> Values | None:
    """Return what a stride may be that is a field of a model, None where it is none."""
    name = field_asked_for(argument, fields)
    if name is None:
        return None
    numbers = numbers_of(fields[name], module)
    if numbers is None:
        return UNKNOWN
    return Values(
        origins=tuple(Origin(value=float(n.value), node=n, path=path) for n in numbers)  # type: ignore[arg-type]  # whole numbers
    )


def _held_in_variables(module: ast.AST) -> list[tuple[ast.Call, ast.expr]]:
    """Return the convolutions of a file whose stride is no literal, with what it is."""
    return [
        (call, argument)
        for call in calls_in(module)
        if is_convolution(call)
        and (argument := stride_argument(call)) is not None
        and literal_strides(argument) is None
    ]
