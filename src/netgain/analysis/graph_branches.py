"""Find parallel linear branches in a recorded graph: sums of linear maps of one value, which fuse into one.

Ding et al. 2021 (RepVGG) train with such branches and deploy the fused convolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from netgain.analysis.graph_nodes import LINEAR, NORMALIZATIONS, Graph, GraphNode


@dataclass(frozen=True, slots=True, kw_only=True)
class FusableBranches:
    """Parallel linear branches of one model."""

    where: tuple[str, ...]
    """Modules in which branches are summed, in order."""
    parameters: int
    """Weights that fusing takes away: all branches of a sum but the largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Linear:
    """A value as a chain of linear maps of another value."""

    origin: str
    """The value it is a linear map of."""
    maps: int
    """Convolutions, matrix products and batch norms in the chain."""
    weights: int
    """Elements of their weight tensors."""


def fusable_branches(nodes: Iterable[GraphNode]) -> FusableBranches:
    """Return the parallel linear branches of a graph recorded in evaluation mode.

    A batch norm counts as linear, other norms do not: their statistics depend on the sample. A sum with the
    untouched value itself is a skip connection, not a branch.
    """
    graph = Graph(tuple(nodes))
    where: dict[str, None] = {}
    spared = 0
    for node in graph.nodes:
        if node.name != "add" or not node.outputs:
            continue
        if any(_is_sum(graph, user) for out in node.outputs for user in graph.users.get(out, ())):
            continue  # part of a larger sum
        branches = [_linear(graph, value) for value in _summands(graph, node)]
        if len(branches) < 2 or any(branch.maps == 0 for branch in branches):
            continue
        if len({branch.origin for branch in branches}) != 1:
            continue
        where[node.module] = None
        spared += sum(branch.weights for branch in branches) - max(b.weights for b in branches)
    return FusableBranches(where=tuple(where), parameters=spared)


def _is_sum(graph: Graph, node: GraphNode) -> bool:
    return node.name == "add" and len(graph.data(node)) == 2


def _summands(graph: Graph, node: GraphNode) -> list[str]:
    """Return what a tree of sums adds up, left to right."""
    found: list[str] = []
    pending = list(reversed(graph.data(node)))
    while pending and len(found) < 64:
        value = graph.root(pending.pop())
        maker = graph.maker.get(value)
        if maker is not None and _is_sum(graph, maker):
            pending += reversed(graph.data(maker))
        else:
            found.append(value)
    return found


def _linear(graph: Graph, value: str) -> _Linear:
    """Follow linear maps upwards from a value to the value they start from."""
    maps = weights = 0
    value = graph.root(value)
    for _ in range(16):
        node = graph.maker.get(value)
        if node is None or not graph.data(node):
            break
        norm = NORMALIZATIONS.get(node.name)
        if node.name not in LINEAR and norm != "batch-norm":
            break
        if len(graph.data(node)) != 1:
            break
        maps += 1
        weights += sum(
            math.prod(graph.shape[name])
            for name in map(graph.root, node.inputs)
            if name.startswith("p:") and len(graph.shape.get(name, ())) >= 2
        )
        value = graph.root(graph.data(node)[0])
    return _Linear(origin=value, maps=maps, weights=weights)
