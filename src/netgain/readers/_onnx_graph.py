"""ONNX operators as the operations that building blocks are found by."""

from __future__ import annotations

import math
from typing import NamedTuple

from netgain.analysis.graph import GraphNode
from netgain.readers._onnx_file import OnnxModel, OnnxNode

NAMES = {
    "Conv": "convolution", "ConvInteger": "convolution", "QLinearConv": "convolution",
    "ConvTranspose": "convolution", "com.microsoft.FusedConv": "convolution", "Gemm": "linear",
    "MatMul": "mm", "MatMulInteger": "mm", "QLinearMatMul": "mm", "com.microsoft.FusedMatMul": "mm",
    "Relu": "relu", "LeakyRelu": "leaky_relu", "PRelu": "prelu", "Elu": "elu", "Selu": "selu",
    "Celu": "celu", "Mish": "mish", "Softplus": "softplus", "HardSwish": "hardswish", "Gelu": "gelu",
    "com.microsoft.Gelu": "gelu", "com.microsoft.FastGelu": "gelu", "com.microsoft.BiasGelu": "gelu",
    "com.microsoft.QuickGelu": "silu", "Swish": "silu", "Sigmoid": "sigmoid", "HardSigmoid": "hardsigmoid",
    "Tanh": "tanh", "Softmax": "_softmax", "Erf": "erf", "Exp": "exp", "Sqrt": "sqrt", "Pow": "pow",
    "Add": "add", "Sum": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Neg": "neg", "Concat": "cat",
    "BatchNormalization": "native_batch_norm", "LayerNormalization": "native_layer_norm",
    "com.microsoft.SkipLayerNormalization": "native_layer_norm", "RMSNormalization": "rms_norm",
    "SimplifiedLayerNormalization": "rms_norm", "com.microsoft.SkipSimplifiedLayerNormalization": "rms_norm",
    "GroupNormalization": "native_group_norm", "MaxPool": "max_pool2d", "AveragePool": "avg_pool2d",
    "GlobalAveragePool": "mean", "ReduceMean": "mean", "GlobalMaxPool": "amax", "ReduceMax": "amax",
    "ReduceSum": "sum", "Resize": "upsample_nearest2d", "Upsample": "upsample_nearest2d",
    "DepthToSpace": "pixel_shuffle", "SpaceToDepth": "pixel_unshuffle", "GridSample": "grid_sampler_2d",
    "com.microsoft.Attention": "scaled_dot_product_attention", "Attention": "scaled_dot_product_attention",
    "com.microsoft.MultiHeadAttention": "scaled_dot_product_attention",
    "com.microsoft.GroupQueryAttention": "scaled_dot_product_attention", "Where": "where",
}  # fmt: skip
VIEWS = {
    "Reshape": "view", "Flatten": "flatten", "Transpose": "permute", "Unsqueeze": "unsqueeze",
    "Squeeze": "squeeze", "Expand": "expand", "Identity": "alias", "Cast": "_to_copy", "Slice": "slice",
    "Dropout": "clone", "QuantizeLinear": "clone", "DequantizeLinear": "clone",
    "DynamicQuantizeLinear": "clone", "Pad": "clone", "Split": "slice",
}  # fmt: skip
"""Operators that pass values on; quantization is looked through."""
SAME_SHAPE = frozenset({"relu", "leaky_relu", "prelu", "elu", "selu", "celu", "mish", "softplus", "hardswish",
                        "gelu", "sigmoid", "hardsigmoid", "tanh", "silu", "_softmax", "erf", "exp", "sqrt",
                        "pow", "neg", "clone", "alias", "_to_copy", "native_batch_norm",
                        "native_layer_norm", "native_group_norm", "rms_norm", "hardtanh"})  # fmt: skip
FIRST_ONLY = frozenset({
    "Clip", "Resize", "Upsample", "Pad", "Slice", "Reshape", "Expand", "Unsqueeze", "Squeeze", "Split",
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ReduceMean", "ReduceSum",
    "ReduceMax", "Dropout",
})  # fmt: skip
"""Operators whose other inputs say how, not what."""
NOMINAL = 1024
"""Stands for a size of the input that varies."""
MOST_FOR_PATTERNS = 20_000
"""Operations beyond which no building blocks are looked for."""


class Operations(NamedTuple):
    """The operations of a model, and what they leave open."""

    nodes: tuple[GraphNode, ...]
    """In order of execution; empty where there are too many."""
    whole: bool
    """Whether every operation has a counterpart."""
    sized: bool
    """Whether the resolution before and after every convolution is known."""


def operations(model: OnnxModel, parameters: set[str]) -> Operations:
    """Return the operations with their sizes, which are worked out where the file leaves them out.

    A size that varies is taken as `NOMINAL`, which is right for ratios; one that nobody says is 0.
    """
    if len(model.nodes) > MOST_FOR_PATTERNS:
        return Operations((), False, False)
    shapes = dict(model.shapes) | {name: tensor.shape for name, tensor in model.tensors.items()}
    values = {name: f"p:{name}" for name in parameters}
    nodes = []
    for name, stated in model.inputs.items():
        shapes[name] = tuple(size or (NOMINAL if axis else 0) for axis, size in enumerate(stated))
        nodes.append(GraphNode(op="input", outputs=(name,), shapes=(shapes[name],)))
    nodes += [
        GraphNode(op="parameter", outputs=(values[name],), shapes=(shapes[name],))
        for name in model.tensors
        if name in parameters
    ]
    whole = sized = True
    norms = WrittenNorms(model)
    masked = {value for node in model.nodes if node.op == "Softmax" for value in node.inputs}
    tested = {value for node in model.nodes if node.op == "IsNaN" for value in node.outputs}
    for node in model.nodes:
        if node.op in ("Constant", "ConstantOfShape", "Shape"):
            continue
        guard = node.op == "Where" and len(node.inputs) == 3 and node.inputs[0] in tested
        named = "alias" if guard else _name(node)
        if node.op == "Add" and masked & set(node.outputs):
            named = "masked_fill"  # a mask on attention scores, no skip
        part = norms.part(node)
        whole = whole and (named is not None or "." not in node.op)
        name = part or named or node.op
        inputs = node.inputs[2:] if guard else _inputs(node, name)
        if part == "clone":
            inputs = tuple(value for value in inputs if value not in norms.constant)
        shape = shapes.get(node.outputs[0]) if node.outputs else None
        if not shape or not all(shape[1:]):
            shape = _shape(node, name, [shapes.get(value, ()) for value in inputs])
        for output in node.outputs[:1]:
            shapes[output] = shape
        if name == "convolution":
            sized = sized and len(shape) > 2 and all(shape[2:])
        nodes.append(
            GraphNode(
                op=f"aten.{name}",
                module=node.name or (node.outputs[0] if node.outputs else ""),
                inputs=tuple(values.get(value, value) for value in inputs),
                outputs=tuple(output for output in node.outputs if output),
                shapes=(shape,),
            )
        )
    return Operations(tuple(nodes), whole, sized)


class WrittenNorms:
    """Batch norms that an exporter wrote out: a convolution's output minus, times and plus constants."""

    def __init__(self, model: OnnxModel) -> None:
        self.constant = set(model.tensors)
        """Values that do not depend on the input."""
        self.linear: set[str] = set()
        """Outputs of convolutions, with their bias, views looked through."""
        self.normed: set[str] = set()
        """Values inside a norm, after its mean was taken off."""

    def part(self, node: OnnxNode) -> str | None:
        """Return what an operation is in a written norm: the norm, or a step to look through."""
        given = [value for value in node.inputs if value]
        if given and all(value in self.constant for value in given):
            self.constant.update(node.outputs)
            return None
        data = [value for value in given if value not in self.constant]
        alone = len(data) == 1 and len(given) > 1
        if node.op in ("Conv", "ConvTranspose"):
            self.linear.update(node.outputs)
        elif node.op in VIEWS and data:
            for kind in (self.linear, self.normed):
                kind.update(node.outputs if data[0] in kind else ())
        elif node.op == "Add" and alone and data[0] in self.linear:
            self.linear.update(node.outputs)
            return "clone"
        elif node.op == "Sub" and alone and data[0] in self.linear and given[0] == data[0]:
            self.normed.update(node.outputs)
            return "native_batch_norm"
        elif node.op in ("Mul", "Add", "Div") and alone and data[0] in self.normed:
            self.normed.update(node.outputs)
            return "clone"
        return None


def _name(node: OnnxNode) -> str | None:
    if node.op in VIEWS:
        return VIEWS[node.op]
    if node.op == "Clip":
        bounds = (*node.numbers.get("min", ()), *node.numbers.get("max", ()))
        return "hardtanh" if bounds in ((0.0, 6.0), ()) else "clamp"
    return NAMES.get(node.op)


def _inputs(node: OnnxNode, name: str) -> tuple[str, ...]:
    """Return the inputs that carry values, without scales, zero points and left-out ones."""
    if node.op in ("QLinearConv", "QLinearMatMul"):
        places: tuple[int, ...] = (0, 3)
    elif node.op in FIRST_ONLY:
        places = (0,)
    elif node.op in ("ConvInteger", "MatMulInteger"):
        places = (0, 1)
    elif name == "pow":
        places = (0,)
    else:
        return tuple(value for value in node.inputs if value)
    return tuple(node.inputs[i] for i in places if i < len(node.inputs) and node.inputs[i])


def _shape(node: OnnxNode, name: str, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    first = shapes[0] if shapes else ()
    weight = shapes[1] if len(shapes) > 1 else ()
    if name == "convolution" and weight:
        groups = int(node.numbers.get("group", (1.0,))[0])
        channels = weight[1] * groups if node.op == "ConvTranspose" else weight[0]
        return (first[0] if first else 0, channels, *_spatial(node, first, weight))
    if name in ("linear", "mm") and first and weight:
        wide = weight[0] if node.numbers.get("transB", (0.0,))[0] else weight[-1]
        return (*first[:-1], wide)
    if node.op in ("GlobalAveragePool", "GlobalMaxPool"):
        return (*first[:2], *(1 for _ in first[2:]))
    if node.op in ("MaxPool", "AveragePool") and first:
        return (*first[:2], *_spatial(node, first, ()))
    if name in ("mean", "amax", "sum") and first:
        axes = {int(a) % len(first) for a in node.numbers.get("axes", ())} or set(
            range(2, len(first))
        )
        keep = node.numbers.get("keepdims", (1.0,))[0]
        return tuple(1 if i in axes else n for i, n in enumerate(first) if keep or i not in axes)
    if name in SAME_SHAPE:
        return first
    if node.op == "Transpose":
        order = [int(n) for n in node.numbers.get("perm", ())] or list(range(len(first)))[::-1]
        return tuple(first[i] for i in order) if sorted(order) == list(range(len(first))) else ()
    if name in ("add", "sub", "mul", "div", "where"):
        return max(shapes, key=lambda s: (len(s), math.prod(s)), default=())
    return ()


def _spatial(node: OnnxNode, first: tuple[int, ...], weight: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes of a convolution's or a pool's output; 0 where its input's are not known."""
    rank = max(len(first), len(weight)) - 2
    if rank <= 0:
        return ()
    kernel = [int(n) for n in node.numbers.get("kernel_shape", ())] or [*weight[2:]] or [1] * rank
    strides = [int(n) for n in node.numbers.get("strides", ())] or [1] * rank
    dilations = [int(n) for n in node.numbers.get("dilations", ())] or [1] * rank
    pads = [int(n) for n in node.numbers.get("pads", ())] or [0] * (2 * rank)
    same = node.texts.get("auto_pad", "").startswith("SAME")
    found = []
    for axis in range(rank):
        size = first[axis + 2] if axis + 2 < len(first) else 0
        step = max(1, strides[axis] if axis < len(strides) else 1)
        if not size or axis >= len(kernel):
            found.append(0)
        elif node.op == "ConvTranspose":
            found.append(size * step)
        elif same:
            found.append(-(-size // step))
        else:
            padded = size + sum(pads[axis::rank]) if len(pads) == 2 * rank else size
            spread = dilations[axis] if axis < len(dilations) else 1
            reach = spread * (kernel[axis] - 1) + 1
            found.append(max(0, (padded - reach) // step + 1))
    return tuple(found)
