"""Cost by module, and which parts of a model a published figure leaves out."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from netgain.analysis.graph_nodes import GraphNode
from netgain.study import ModuleCost, Tensor

PARTS = 16
"""Most parts of a model that subsets are searched over."""
LEFT_OUT = 3
"""Most parts that a subset leaves out."""
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def module_costs(nodes: Iterable[GraphNode]) -> tuple[ModuleCost, ...]:
    """Return parameters and operations of one sample for each module that has some, in execution order."""
    parameters: dict[str, int] = defaultdict(int)
    flops: dict[str, float] = defaultdict(float)
    for node in nodes:
        if node.op == "parameter" and node.outputs and node.outputs[0].startswith("p:"):
            module = node.outputs[0][2:].rpartition(".")[0]
            parameters[module] += math.prod(node.shapes[0]) if node.shapes else 0
        elif node.flops:
            flops[node.module] += node.flops
    return tuple(
        ModuleCost(module=name, parameters=parameters.get(name, 0), flops=flops.get(name, 0.0))
        for name in dict.fromkeys((*parameters, *flops))
    )


def parameters_by_module(tensors: Iterable[Tensor]) -> dict[str, float]:
    """Return the elements of each module's trainable tensors, from a checkpoint's names and shapes."""
    found: dict[str, float] = defaultdict(float)
    for tensor in tensors:
        module, _, last = tensor.name.rpartition(".")
        if last not in BUFFERS:
            found[module] += math.prod(tensor.shape)
    return dict(found)


def left_out(costs: Mapping[str, float], figure: float, tolerance: float) -> tuple[str, ...] | None:
    """Return the parts whose omission gives a published figure.

    Parts are the model's modules by the first segments of their paths, coarsest division first. The smallest
    set of parts that fits is taken; sets of equal size that fit as well make the answer None, since any of
    them could be meant.

    Args:
        costs: cost of each module by dotted path.
        figure: published cost, in the same unit.
        tolerance: largest difference that rounding of the figure allows.
    """
    total = sum(costs.values())
    for depth in range(1, 5):
        parts: dict[str, float] = defaultdict(float)
        for module, cost in costs.items():
            parts[".".join(module.split(".")[:depth])] += cost
        named = {name: cost for name, cost in parts.items() if cost > 0}
        if not 2 <= len(named) <= PARTS:
            continue
        for size in range(1, min(LEFT_OUT, len(named) - 1) + 1):
            fitting = [
                chosen
                for chosen in itertools.combinations(named, size)
                if abs(total - sum(named[name] for name in chosen) - figure) <= tolerance
            ]
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
    return None


def rounding_of(figure: float) -> float:
    """Return half a unit in the last significant digit a figure is written with, e.g. 50,000 for 5.3 M.

    Trailing zeros of a whole number count as unwritten: 5,300,000 may be 5.3 M.
    """
    exponent = Decimal(repr(figure)).normalize().as_tuple().exponent
    return 0.5 * 10.0 ** (exponent if isinstance(exponent, int) else 0)
