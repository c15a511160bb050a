"""The graph of operations of one symbolic pass, in the form that a recording of a real pass has.

What finds building blocks in recorded graphs then finds them in code: what is computed counts, and not what
classes are called or what a constructor makes and `forward` never uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from netgain.analysis.graph_nodes import GraphNode
from netgain.analysis.symbolic.layers import weight_shape
from netgain.analysis.symbolic.values import Layer, Tensor

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

OF_LAYERS = {
    "ReLU": "relu", "ReLU6": "relu6", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "RReLU": "leaky_relu",
    "ELU": "elu", "SELU": "selu", "CELU": "celu", "GELU": "gelu", "SiLU": "silu", "Mish": "mish",
    "Softplus": "softplus", "Hardswish": "hardswish", "Hardtanh": "hardtanh", "Sigmoid": "sigmoid",
    "Hardsigmoid": "hardsigmoid", "Tanh": "tanh", "Softmax": "_softmax", "Softmax2d": "_softmax",
    "LayerNorm": "native_layer_norm", "GroupNorm": "native_group_norm", "RMSNorm": "rms_norm",
    "SyncBatchNorm": "native_batch_norm", "LocalResponseNorm": "local_response_norm", "Linear": "linear",
    "PixelShuffle": "pixel_shuffle", "PixelUnshuffle": "pixel_unshuffle", "Upsample": "upsample_nearest2d",
    "UpsamplingNearest2d": "upsample_nearest2d", "UpsamplingBilinear2d": "upsample_bilinear2d",
    "Embedding": "embedding", "MultiheadAttention": "scaled_dot_product_attention",
    "Identity": "alias", "Flatten": "view", "Unflatten": "view", "DropPath": "alias",
}  # fmt: skip
"""Operation that a layer of torch is in a recorded graph."""
BY_DIMENSION = (
    (re.compile(r"Conv(?:Transpose)?\dd"), "convolution"),
    (re.compile(r"BatchNorm\dd"), "native_batch_norm"),
    (re.compile(r"InstanceNorm\dd"), "instance_norm"),
    (re.compile(r"(?:Alpha|FeatureAlpha)?Dropout\d?d?|DropBlock\dD|StochasticDepth"), "alias"),
    (re.compile(r"MaxPool\dd"), "max_pool2d"),
    (re.compile(r"AvgPool\dd"), "avg_pool2d"),
    (re.compile(r"AdaptiveAvgPool\dd"), "_adaptive_avg_pool2d"),
    (re.compile(r"AdaptiveMaxPool\dd"), "amax"),
    (re.compile(r"\w*Pad\dd"), "constant_pad_nd"),
)
OF_FUNCTIONS = {
    "softmax": "_softmax", "matmul": "bmm", "bmm": "bmm", "mm": "bmm", "einsum": "bmm", "interpolate":
    "upsample_nearest2d", "upsample": "upsample_nearest2d", "layer_norm": "native_layer_norm",
    "batch_norm": "native_batch_norm", "group_norm": "native_group_norm", "concat": "cat",
    "concatenate": "cat", "max_pool1d": "max_pool2d", "max_pool2d": "max_pool2d",
    "max_pool3d": "max_pool2d", "adaptive_avg_pool1d": "_adaptive_avg_pool2d",
    "adaptive_avg_pool2d": "_adaptive_avg_pool2d", "adaptive_avg_pool3d": "_adaptive_avg_pool2d",
    "adaptive_max_pool1d": "amax", "adaptive_max_pool2d": "amax", "dropout": "alias", "dropout2d": "alias",
    "dropout1d": "alias", "dropout3d": "alias", "alpha_dropout": "alias", "drop_path": "alias",
    "chunk": "slice", "split": "slice", "unbind": "select", "to": "alias", "float": "alias", "half": "alias",
    "type": "alias", "type_as": "alias", "cuda": "alias", "cpu": "alias", "double": "alias", "data": "alias",
    "swapaxes": "transpose", "rearrange": "view", "multiply": "mul", "subtract": "sub", "divide": "div",
    "max": "amax", "min": "amin", "requires_grad_": "alias", "checkpoint": "alias", "long": "alias",
    "conv1d": "convolution", "conv2d": "convolution", "conv3d": "convolution",
}  # fmt: skip
"""Operation that a function of torch is in a recorded graph, where it is not called the same."""
OF_OPERATORS = {
    "Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "Pow": "pow", "MatMult": "bmm",
}  # fmt: skip
SQUASHES = frozenset({"sigmoid", "tanh", "_softmax", "log_softmax", "hardsigmoid", "softplus"})
WEIGHS = frozenset({"convolution", "linear", "bmm", "scaled_dot_product_attention", "mul"})
"""Operations that a network goes on with."""
COMPLETING = frozenset({"mul", "bmm", "scaled_dot_product_attention"})
"""Operations that complete an attention block."""
LIKE_ANOTHER = frozenset({"expand_as", "view_as", "reshape_as"})
"""Functions that ask a second tensor for its shape alone."""
COMPOSED = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer"})


class Trace:
    """Operations of a pass, as they are followed."""

    def __init__(self, start: int) -> None:
        """Begin a trace.

        Args:
            start: serial number from which on tensors are made by the pass itself.
        """
        self.start = start
        self.nodes: list[GraphNode] = []
        self.broken = False
        """Whether a value was used of which nothing tells how it was made."""
        self._names: dict[int, str] = {}
        self._kept: list[Tensor] = []

    def begin(self, tensor: Tensor) -> None:
        """Note the input of the network."""
        self.add("input", (), (tensor,), "")

    def add(
        self,
        op: str,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        where: str,
        weights: object = None,
    ) -> None:
        """Note one operation."""
        names = [self._name(one) for one in inputs]
        if isinstance(weights, tuple):
            name = f"p:{len(self.nodes)}"
            self.nodes.append(GraphNode(op="parameter", outputs=(name,), shapes=(weights,)))
            names.append(name)
        made = []
        for one in outputs:
            if id(one) not in self._names:
                self._names[id(one)] = f"v{len(self._names)}"
                self._kept.append(one)
            made.append(self._names[id(one)])
        self.nodes.append(
            GraphNode(
                op=op if op in ("input", "parameter") else f"aten.{op}",
                module=where,
                inputs=tuple(names),
                outputs=tuple(name for name in made if name not in names),
                shapes=tuple(one.shape or () for one in outputs),
            )
        )

    def _name(self, tensor: Tensor) -> str:
        found = self._names.get(id(tensor))
        if found is not None:
            return found
        if tensor.serial >= self.start and not tensor.trained:
            self.broken = True
        name = f"{'p' if tensor.trained else 'b'}:{len(self._names)}"
        self._names[id(tensor)] = name
        self._kept.append(tensor)
        op = "parameter" if tensor.trained else "constant"
        self.nodes.append(GraphNode(op=op, outputs=(name,), shapes=(tensor.shape or (),)))
        return name

    def layer(
        self, layer: Layer, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], where: str
    ) -> None:
        """Note what a layer of torch did."""
        if layer.name in COMPOSED:
            self._transformer(layer, inputs, outputs, where)
            return
        op = OF_LAYERS.get(layer.name)
        if op is None:
            op = next(
                (name for form, name in BY_DIMENSION if form.fullmatch(layer.name)), layer.name
            )
        self.add(op, inputs, outputs, where, weight_shape(layer))

    def _transformer(
        self, layer: Layer, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], where: str
    ) -> None:
        """Note attention, two sums, two norms and an activation, as a layer of torch holds them."""
        value = inputs[0]
        shape = value.shape
        steps = [
            "scaled_dot_product_attention", "add", "native_layer_norm", "linear",
            "gelu" if layer.arguments.get("activation") == "gelu" else "relu", "linear", "add",
        ]  # fmt: skip
        start = value
        for step in steps:
            made = Tensor(shape)
            self.add(step, (value, start) if step == "add" else (value,), (made,), where)
            if step == "native_layer_norm":
                start = made
            value = made
        self.add("native_layer_norm", (value, *inputs[1:]), outputs[:1], where)


def without_output_squash(nodes: list[GraphNode]) -> tuple[GraphNode, ...]:
    """Return operations in which what squashes the outputs alone passes them on.

    Whether a network ends in a sigmoid or its loss begins with one makes no other network.
    """
    needed: set[str] = set()
    kept: list[GraphNode] = []
    for node in reversed(nodes):
        weighs = node.name in WEIGHS or any(name in needed for name in node.outputs)
        if weighs:
            needed.update(node.inputs)
        squashes = node.name in SQUASHES and not any(name in needed for name in node.outputs)
        kept.append(replace(node, op="aten.alias") if squashes else node)
    return tuple(kept[::-1])


def tensors_in(value: object) -> Iterator[Tensor]:
    """Yield the tensors of a value, those inside lists included."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value[:64]:
            yield from tensors_in(one)
    elif isinstance(value, dict):
        for one in list(value.values())[:64]:
            yield from tensors_in(one)


def traces_layer(call: Callable[..., object]) -> Callable[..., object]:
    """Let a call of a layer be noted in the machine's trace."""

    @wraps(call)
    def traced(
        machine: Machine, layer: Layer, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        found = call(machine, layer, arguments, keywords)
        trace = machine.trace
        if trace is not None and layer.name not in (
            "Sequential",
            "TransformerEncoder",
            "TransformerDecoder",
        ):
            inputs = tuple(tensors_in([*arguments, *keywords.values()]))
            trace.layer(layer, inputs, tuple(tensors_in(found)), layer.place or machine.where)
        return found

    return traced


def traces_function(call: Callable[..., object]) -> Callable[..., object]:
    """Let a call of a function of torch, or of a method of a tensor, be noted in the machine's trace."""

    @wraps(call)
    def traced(
        machine: Machine, name: str, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        found = call(machine, name, arguments, keywords)
        trace = machine.trace
        if trace is None:
            return found
        plain = name.rstrip("_")
        op = OF_FUNCTIONS.get(plain, plain)
        inputs = tuple(tensors_in([*arguments, *keywords.values()]))
        if plain == "einsum" and _sums_nothing(arguments):
            op = "mul"
        if plain in LIKE_ANOTHER:
            op, inputs = "expand", inputs[:1]
        outputs = tuple(tensors_in(found))
        if op in ("slice", "select"):
            for one in outputs:
                trace.add(op, inputs, (one,), machine.where)
        elif outputs:
            trace.add(op, inputs, outputs, _place(machine, op))
        return found

    return traced


def _place(machine: Machine, op: str) -> str:
    """Return the place to cite: the class for what completes a block of several operations."""
    return machine.block_at if op in COMPLETING else machine.where


def _sums_nothing(arguments: list[object]) -> bool:
    """Tell whether `einsum` multiplies position by position, as in `"bchw,bc->bchw"`."""
    text = arguments[0] if arguments else None
    if not isinstance(text, str) or "->" not in text:
        return False
    inputs, out = text.replace(" ", "").split("->", 1)
    return "," in inputs and set(inputs) - {",", "."} <= set(out)


def traces_operator(call: Callable[..., object]) -> Callable[..., object]:
    """Let an operator between tensors be noted in the machine's trace."""

    @wraps(call)
    def traced(machine: Machine, kind: type, left: object, right: object) -> object:
        found = call(machine, kind, left, right)
        trace = machine.trace
        if trace is not None and isinstance(found, Tensor):
            op = OF_OPERATORS.get(kind.__name__, kind.__name__)
            trace.add(op, tuple(tensors_in([left, right])), (found,), _place(machine, op))
        return found

    return traced


def traces_view(op: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function that makes tensors of its second argument be noted in the machine's trace."""

    def mark(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def traced(machine: Machine, of: object, *others: object) -> Any:
            found = call(machine, of, *others)
            trace = machine.trace
            if trace is not None and isinstance(of, Tensor):
                for one in tensors_in(found):
                    if one is not of:
                        trace.add(op, (of,), (one,), machine.where)
            return found

        return traced

    return mark
