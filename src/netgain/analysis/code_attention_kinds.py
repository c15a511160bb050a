"""Kinds of attention, told apart by what is pooled, over what, and by what it is mixed."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from netgain.analysis.syntax import calls_in, last_name, literal, nodes_of

MIXERS = frozenset({"Linear", "Conv1d", "Conv2d", "Conv3d", "LazyLinear", "Dense", "linear", "conv2d",
                    "conv1d", "Conv1D", "Conv2D", "Conv3D"})  # fmt: skip
CONVOLUTIONS = frozenset(
    {"Conv1d", "Conv2d", "Conv3d", "conv1d", "conv2d", "conv3d", "Conv1D", "Conv2D", "Conv3D",
     "LazyConv1d", "LazyConv2d"}
)  # fmt: skip
SIGMOIDS = frozenset(
    {"Sigmoid", "sigmoid", "Hardsigmoid", "hardsigmoid", "hard_sigmoid", "sigmoid_", "expit"}
)
BOUNDS = frozenset(
    {"softplus", "Softplus", "tanh", "Tanh", "softsign", "hardtanh", "clamp", "clip", "atan"}
)
"""Functions that bound a gate in the place of a sigmoid; they do so only where values show it."""
SOFTMAXES = frozenset({"softmax", "Softmax", "log_softmax", "softmax_"})
PRODUCTS = frozenset({"matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "dot", "tensordot"})
"""Matrix products written out."""
MEANS = frozenset({"mean", "reduce_mean"})
MAXIMA = frozenset({"max", "amax", "reduce_max"})
NUMERIC = frozenset({"torch", "np", "jnp", "tf", "K"})
"""Modules whose functions take the array as their first argument."""
SELF_ATTENTION = "dot-product-attention"


def gate_kinds(parts: Iterable[ast.AST], *, squeezed: bool = False) -> tuple[str, ...]:
    """Name the kinds of attention that a gate is made of.

    A scale for each channel from a global pool is squeeze-excite, `efficient-channel-attention` where one
    convolution over channels mixes it, and `channel-attention` where a maximum is pooled beside the mean, as
    CBAM does. A map over positions from a pool over channels is `spatial-attention`. A gate pooled to other
    sizes is `pooled-attention`, along rows and columns `coordinate-attention`; weights that a softmax of a
    global pool gives to branches are `branch-attention`; a gate from convolutions alone is an
    `attention-gate`.

    Args:
        parts: the class or function that makes the gate, and the classes of the tree that it is made of.
        squeezed: whether its values are known to be pooled, however that is written.
    """
    calls = [call for part in parts for call in calls_in(part)]
    names = {last_name(call) for call in calls}
    over = {_pooled_over(call) for call in calls} - {""}
    found = []
    if "channels" in over and names & CONVOLUTIONS:
        found.append("spatial-attention")
    elif "channels" in over:
        over.add("positions")  # tokens: the first dimension after the batch counts positions
    if "one side" in over:
        found.append("coordinate-attention")
    elif "some positions" in over:
        found.append("pooled-attention")
    elif {"positions", "positions, maximum"} & over or (squeezed and not found):
        found.append(_channel_gate(calls, names, over))
    return tuple(found) or ("attention-gate",)


def _channel_gate(calls: list[ast.Call], names: set[str], over: set[str]) -> str:
    mixers = [name for name in map(last_name, calls) if name in MIXERS]
    if names & SOFTMAXES and not names & SIGMOIDS:
        return "branch-attention"
    if mixers == ["Conv1d"]:
        return "efficient-channel-attention"
    return "channel-attention" if "positions, maximum" in over else "squeeze-excite"


def _pooled_over(call: ast.Call) -> str:
    """Say what a call pools over: positions, some of them, one side of a map, channels, or nothing."""
    name = last_name(call)
    plain = name.lower().replace("_", "")
    if plain.startswith("adaptive") and "pool" in plain:
        return _adaptive(call, plain)
    if plain.startswith("global") and "pool" in plain:
        return "positions, maximum" if "max" in plain else "positions"
    if plain.startswith(("avgpool", "maxpool")) and name[:1].islower():
        return _as_maximum("positions", plain)  # of the whole map, as its size is asked for
    if name in MEANS | MAXIMA:
        axes = _axes(call)
        if axes in ((1,), (-3,)) or (axes in ((-1,), (3,)) and _is_of(call, "tf", "K")):
            return "channels"
        return _as_maximum("positions", name) if axes and 0 not in axes else ""
    return ""


def _as_maximum(what: str, name: str) -> str:
    return f"{what}, maximum" if "max" in name else what


def _adaptive(call: ast.Call, plain: str) -> str:
    first = 0 if last_name(call)[:1].isupper() else 1
    size = call.args[first] if len(call.args) > first else None
    size = size or next((k.value for k in call.keywords if k.arg == "output_size"), None)
    parts = size.elts if isinstance(size, (ast.Tuple, ast.List)) else [size]
    if any(isinstance(part, ast.Constant) and part.value is None for part in parts):
        return "one side"
    values = [literal(part) for part in parts]
    if any(isinstance(value, int) and value > 1 for value in values):
        return "some positions"
    return _as_maximum("positions", plain)


def _axes(call: ast.Call) -> tuple[int, ...]:
    """Return the dimensions a mean or maximum goes over, empty where they are not written."""
    over = [k.value for k in call.keywords if k.arg in ("dim", "axis")]
    free = isinstance(call.func, ast.Attribute) and last_name(call.func.value) in NUMERIC
    over += call.args[1:2] if free else call.args[:1]
    parts = over[0].elts if over and isinstance(over[0], (ast.Tuple, ast.List)) else over[:1]
    values = [literal(part) for part in parts]
    numbers = [value for value in values if isinstance(value, int)]
    return tuple(numbers) if len(numbers) == len(values) else ()


def _is_of(call: ast.Call, *owners: str) -> bool:
    return isinstance(call.func, ast.Attribute) and last_name(call.func.value) in owners


def attends_by_products(node: ast.AST) -> bool:
    """Tell whether a class or function weighs values by the softmax of a product: two products around one."""
    methods = [node]
    if isinstance(node, ast.ClassDef):
        methods = [
            item
            for item in node.body
            if isinstance(item, ast.FunctionDef) and item.name != "__init__"
        ]
    names = [last_name(call) for call in calls_in(node)]
    if not SOFTMAXES & set(names):
        return False
    products = sum(last_name(c) in PRODUCTS for method in methods for c in calls_in(method))
    products += sum(
        isinstance(operation.op, ast.MatMult)
        for method in methods
        for operation in nodes_of(method, ast.BinOp)
    )
    return products >= 2
