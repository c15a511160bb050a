"""A recorded graph of operations and the look-ups that patterns over it need.

A graph is the list of operations of one forward pass in execution order, as `netgain.recorder` writes it
to `graph.json`. Values are named by the operation that makes them; parameters are `p:NAME`, buffers
`b:NAME`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

VIEWS = frozenset(
    {
      "view", "_unsafe_view", "reshape", "_reshape_alias", "unsqueeze", "squeeze", "expand", "t",
      "transpose", "permute", "slice", "select", "clone", "contiguous", "detach", "alias",
      "as_strided", "flatten", "unflatten", "_to_copy", "narrow", "movedim", "copy",
    }
)  # fmt: skip
"""Operations that pass values on without computing."""
LINEAR = frozenset({"convolution", "_convolution", "addmm", "mm", "bmm", "baddbmm", "linear"})
SQUASH = frozenset({"sigmoid", "hardsigmoid", "softmax", "_softmax"})
ACTIVATIONS = {
    "relu": "relu",
    "silu": "silu",
    "gelu": "gelu",
    "leaky_relu": "leaky_relu",
    "prelu": "prelu",
    "_prelu_kernel": "prelu",
    "elu": "elu",
    "selu": "selu",
    "celu": "celu",
    "mish": "mish",
    "softplus": "softplus",
    "hardswish": "hardswish",
    "hardtanh": "hardtanh",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "hardsigmoid": "hardsigmoid",
    "tanh": "tanh",
}
NORMALIZATIONS = {
    "native_batch_norm": "batch-norm",
    "_native_batch_norm_legit": "batch-norm",
    "_native_batch_norm_legit_no_training": "batch-norm",
    "_batch_norm_with_update": "batch-norm",
    "_batch_norm_no_update": "batch-norm",
    "cudnn_batch_norm": "batch-norm",
    "miopen_batch_norm": "batch-norm",
    "native_layer_norm": "layer-norm",
    "native_group_norm": "group-norm",
    "_fused_rms_norm": "rms-norm",
    "rms_norm": "rms-norm",
    "instance_norm": "instance-norm",
    "local_response_norm": "local-response-norm",
    "_weight_norm": "weight-norm",
    "_weight_norm_interface": "weight-norm",
}
POOLS = {
    "max_pool1d_with_indices": "max-pool",
    "max_pool2d_with_indices": "max-pool",
    "max_pool3d_with_indices": "max-pool",
    "max_pool2d": "max-pool",
    "avg_pool1d": "average-pool",
    "avg_pool2d": "average-pool",
    "avg_pool3d": "average-pool",
    "pixel_shuffle": "pixel-shuffle",
    "pixel_unshuffle": "pixel-unshuffle",
}
REDUCTIONS = frozenset(
    {"mean", "sum", "amax", "max", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d"}
)
"""Operations that pool a map to one value for each channel."""
SCALINGS = frozenset({"mul", "div", "neg", "add", "sub", "rsub"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """One operation of a recorded forward pass."""

    op: str
    """`aten.relu` and so on, without overload and in-place mark; `input` and `parameter` for sources."""
    module: str = ""
    """Path of the innermost module that ran it."""
    inputs: tuple[str, ...] = ()
    """Value names of its tensor arguments, in order."""
    outputs: tuple[str, ...] = ()
    """Value names it made."""
    shapes: tuple[tuple[int, ...], ...] = ()
    """Sizes of its outputs, batch first."""
    scalars: tuple[float, ...] = ()
    """Its bare numeric arguments, in order."""
    flops: float = 0.0
    """Operations for one sample, multiply and add apart; 0 where its cost is left out by convention."""

    @property
    def name(self) -> str:
        """Return the operation without its name space."""
        return self.op.rpartition(".")[2]


class Graph:
    """Nodes with the look-ups that the patterns need."""

    def __init__(self, nodes: Sequence[GraphNode]) -> None:
        self.nodes = nodes
        self.maker = {value: node for node in nodes for value in node.outputs}
        self.shape = {
            value: shape for n in nodes for value, shape in zip(n.outputs, n.shapes, strict=False)
        }
        self.used: set[str] = set()
        """Ids of values whose operation is already part of a larger pattern."""

    @cached_property
    def users(self) -> dict[str, list[GraphNode]]:
        """Operations that read each value."""
        users: dict[str, list[GraphNode]] = defaultdict(list)
        for node in self.nodes:
            for value in node.inputs:
                users[value].append(node)
        return users

    @cached_property
    def ancestors(self) -> dict[str, int]:
        """Values that each value is computed from, itself included, as a bit set over `bit`."""
        found: dict[str, int] = {}
        for node in self.nodes:
            before = 0
            for value in node.inputs:
                before |= found.get(value, 0)
            for value in node.outputs:
                found[value] = before | (1 << self.bit[value])
        return found

    @cached_property
    def bit(self) -> dict[str, int]:
        """Position of each value in the bit sets."""
        return {value: i for i, value in enumerate(v for n in self.nodes for v in n.outputs)}

    @cached_property
    def computed(self) -> frozenset[str]:
        """Values that depend on the model's input."""
        found: set[str] = set()
        for node in self.nodes:
            if node.op == "input" or any(value in found for value in node.inputs):
                found.update(node.outputs)
        return frozenset(found)

    def root(self, value: str) -> str:
        """Return the value that `value` is a view of."""
        while (node := self.maker.get(value)) and node.name in VIEWS and node.inputs:
            value = node.inputs[0]
        return value

    def node(self, value: str) -> GraphNode | None:
        """Return the operation behind `value`, views looked through."""
        return self.maker.get(self.root(value))

    def data(self, node: GraphNode) -> list[str]:
        """Return the inputs of a node that depend on the model's input."""
        return [value for value in node.inputs if value in self.computed]

    def below(self, value: str, other: str) -> bool:
        """Tell whether `value` is computed from `other`."""
        return (
            bool(self.ancestors.get(value, 0) >> self.bit[other] & 1)
            if other in self.bit
            else False
        )

    def take(self, *nodes: GraphNode) -> None:
        """Mark operations as part of a pattern, so that they are not reported alone."""
        for node in nodes:
            self.used.update(node.outputs)

    def taken(self, node: GraphNode) -> bool:
        """Tell whether an operation is already part of a pattern."""
        return any(value in self.used for value in node.outputs)
