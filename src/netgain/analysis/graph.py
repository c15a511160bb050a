"""Find building blocks in a recorded graph of operations, by what they do and not by their names.

Squeeze-excite, for one, is any value multiplied by a sigmoid of two linear maps of its own spatial mean,
whatever its class is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

from netgain.analysis.graph_nodes import (
    ACTIVATIONS,
    LINEAR,
    NORMALIZATIONS,
    POOLS,
    REDUCTIONS,
    SCALINGS,
    SQUASH,
    VIEWS,
    Graph,
    GraphNode,
)
from netgain.study import Component, Source, Strength

__all__ = ["KINDS", "GraphNode", "census"]

KINDS = ("activation", "attention", "normalization", "resampling", "skip", "gate")
"""The kinds a full graph decides; `other` is for the kinds only code can show."""

CURVES = frozenset(
    {"erf", "erfc", "exp", "expm1", "log", "log1p", "pow", "square", "sin", "cos", "tan", "atan", "where",
     "clamp", "clamp_min", "clamp_max", "maximum", "minimum", "sign", "abs", "reciprocal", "logsigmoid",
     "log_sigmoid", "softsign", "hardshrink", "softshrink", "threshold", "heaviside", "masked_fill", "floor",
     "round", "clip"}
)  # fmt: skip
"""Elementwise operations that bend their input, and so may be part of an activation."""
SPREADS = frozenset({"sqrt", "rsqrt", "var", "std", "var_mean", "std_mean", "normalize", "norm"})
"""Operations that may be part of a norm."""
Found = tuple[str, str, str]
"""Kind, canonical name, place."""


def census(
    nodes: Iterable[GraphNode], *, source: Source, strength: Strength = "measured"
) -> tuple[Component, ...]:
    """Return the building blocks of a graph, one component for each name with all its places.

    A place is the module path of the operation that completes the block. What is not seen: blocks that
    an operator of its own computes whole (a fused kernel under a name that is not in the tables).
    """
    graph = Graph(tuple(nodes))
    found = _matched(graph)
    found += _plain(graph)
    found += _resampling(graph)
    found += _skips(graph)
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, name, place in found:
        places[kind, name].append(place)
    return tuple(
        Component(
            kind=cast(Any, kind), name=name, where=tuple(at), source=source, strength=strength
        )
        for (kind, name), at in places.items()
    )


def _matched(graph: Graph) -> list[Found]:
    """Find the blocks of several operations, and mark those as part of a block."""
    return [
        found
        for pattern in (_attention, _disguised_activations, _written_norms, _gates)
        for found in pattern(graph)
    ]


def unexplained_kinds(nodes: Iterable[GraphNode]) -> frozenset[str]:
    """Return the kinds of block of which operations that belong to no known one may be another.

    A product of two computed values may be a gate, a curve an activation, a square root a norm.
    """
    graph = Graph(tuple(nodes))
    _matched(graph)
    found: set[str] = set()
    for node in graph.nodes:
        inputs = graph.data(node)
        if not inputs or graph.taken(node):
            continue
        if node.name in CURVES:
            found.add("activation")
        if node.name in SPREADS:
            found.add("normalization")
        if node.name in SQUASH or (node.name == "mul" and len(inputs) > 1):
            found |= {"attention", "activation"}
    return frozenset(found)


def _attention(graph: Graph) -> list[Found]:
    """Find channel and spatial attention (value times squashed function of itself) and dot-product."""
    found: list[Found] = []
    for node in graph.nodes:
        if node.name == "mul" and len(node.inputs) == 2:
            for value, weight in (node.inputs, node.inputs[::-1]):
                name = _gate_of(graph, value, weight)
                if name:
                    graph.take(node)
                    found.append(("attention", name, node.module))
                    break
        elif node.name in ("bmm", "baddbmm", "mm") and node.inputs:
            squash = graph.node(node.inputs[0])
            if squash and squash.name in ("_softmax", "softmax", "_safe_softmax"):
                scores = _through(graph, squash, SCALINGS | {"masked_fill", "where"})
                if scores and scores.name in ("bmm", "baddbmm", "mm"):
                    graph.take(node, squash)
                    found.append(("attention", "scaled-dot-product", node.module))
        elif node.name.startswith(
            ("_scaled_dot_product", "scaled_dot_product", "_flash_attention")
        ):
            found.append(("attention", "scaled-dot-product", node.module))
    return found


def _gate_of(graph: Graph, value: str, weight: str) -> str | None:
    """Name the attention if `weight` is a squashed function of pooled `value`; None otherwise."""
    squash = graph.node(weight)
    if squash is None or squash.name not in SQUASH or not graph.data(squash):
        return None
    path: list[GraphNode] = [squash]
    current = graph.node(graph.data(squash)[0])
    while current and current.name not in REDUCTIONS and len(path) < 12:
        if current.name == "cat":
            break
        inputs = graph.data(current)
        if not inputs or not (
            current.name in LINEAR
            or current.name in ACTIVATIONS
            or current.name in NORMALIZATIONS
            or current.name in SCALINGS
        ):
            return None
        path.append(current)
        current = graph.node(inputs[-1] if current.name == "addmm" else inputs[0])
    if current is None or not graph.data(current):
        return None
    pooled = graph.root(graph.data(current)[0])
    if current.name == "cat":
        makers = [graph.node(v) for v in graph.data(current)]
        if not all(m and m.name in REDUCTIONS for m in makers):
            return None
        pooled = graph.root(graph.data(cast("GraphNode", makers[0]))[0])
    target = graph.root(value)
    if pooled != target and not graph.below(target, pooled):
        return None
    linear = [n for n in path if n.name in LINEAR]
    if not linear:
        return None
    graph.take(*path)
    if current.name == "cat" or not _pools_space(graph, current):
        return "spatial-attention"
    if len(linear) >= 2:
        return "squeeze-excite"
    weights = graph.shape.get(linear[0].inputs[1], ()) if len(linear[0].inputs) > 1 else ()
    over_channels = linear[0].name.endswith("convolution") and weights[:2] == (1, 1)
    return "efficient-channel" if over_channels else "channel-gate"


def _pools_space(graph: Graph, node: GraphNode) -> bool:
    """Tell whether a reduction keeps the channels (dimension 1) and pools the rest."""
    before = graph.shape.get(graph.data(node)[0], ())
    after = node.shapes[0] if node.shapes else ()
    return len(after) >= 2 and len(before) >= 2 and after[1] == before[1]


def _through(graph: Graph, node: GraphNode, passing: frozenset[str]) -> GraphNode | None:
    """Walk from a node's input upwards over elementwise steps to the operation that made it."""
    current: GraphNode | None = node
    for _ in range(8):
        inputs = graph.data(current) if current else []
        if not inputs:
            return None
        current = graph.node(inputs[0])
        if current is None or current.name not in passing:
            return current
    return None


def _disguised_activations(graph: Graph) -> list[Found]:
    """Find SiLU written as x * sigmoid(x) or by tanh, Mish, and GELU written by tanh or erf."""
    found: list[Found] = []
    for node in graph.nodes:
        if node.name != "mul" or len(graph.data(node)) != 2 or graph.taken(node):
            continue
        for value, weight in (node.inputs, node.inputs[::-1]):
            steps = _elementwise_path(graph, weight, stop=_unscaled(graph, value))
            curves = [n for n in steps if n.name in ("sigmoid", "tanh", "erf", "hardsigmoid")]
            if len(curves) != 1 or graph.taken(curves[0]):
                continue
            cubic = any(n.name in ("pow", "mul") and len(graph.data(n)) != 1 for n in steps) or any(
                n.name == "pow" for n in steps
            )
            name = {"sigmoid": "silu", "hardsigmoid": "hardswish", "erf": "gelu"}.get(
                curves[0].name
            )
            if curves[0].name == "tanh" and any(n.name == "softplus" for n in steps):
                name = "mish"
            name = name or ("gelu" if cubic else "silu")
            graph.take(node, *steps)
            found.append(("activation", name, node.module))
            break
    return found


def _unscaled(graph: Graph, value: str) -> str:
    """Return the value that another is a multiple of, as `0.5 * x` of x."""
    value = graph.root(value)
    for _ in range(4):
        node = graph.maker.get(value)
        if node is None or node.name not in ("mul", "div") or len(graph.data(node)) != 1:
            break
        value = graph.root(graph.data(node)[0])
    return value


def _elementwise_path(graph: Graph, value: str, *, stop: str) -> list[GraphNode]:
    """Return the elementwise operations that make `value` from `stop` alone; empty if others take part."""
    allowed = SCALINGS | {"sigmoid", "hardsigmoid", "tanh", "erf", "pow", "softplus"}
    steps: list[GraphNode] = []
    open_values = [graph.root(value)]
    while open_values:
        current = open_values.pop()
        if current == stop:
            continue
        node = graph.maker.get(current)
        if node is None or node.name not in allowed or len(steps) > 12:
            return []
        steps.append(node)
        open_values += [graph.root(v) for v in graph.data(node)]
    return steps


def _written_norms(graph: Graph) -> list[Found]:
    """Find layer and root-mean-square norms written out as mean, square and (r)sqrt."""
    found: list[Found] = []
    for node in graph.nodes:
        if node.name not in ("rsqrt", "sqrt") or graph.taken(node):
            continue
        spread = _through(graph, node, frozenset({"add", "clamp_min", "clamp"}))
        if spread is None or spread.name not in ("var", "mean"):
            continue
        uses = [n for n in _uses(graph, node) if n.name in ("mul", "div")]
        if not uses:
            continue
        centred = spread.name == "var"
        if spread.name == "mean":
            square = graph.node(graph.data(spread)[0])
            if square is None or square.name not in ("pow", "mul", "square"):
                continue
            base = graph.node(graph.data(square)[0])
            centred = base is not None and base.name == "sub"
        graph.take(node, *uses)
        for use in uses:
            graph.take(*[n for n in _uses(graph, use) if n.name in ("mul", "add")])
        found.append(("normalization", "layer-norm" if centred else "rms-norm", node.module))
    return found


def _uses(graph: Graph, node: GraphNode) -> list[GraphNode]:
    """Return the operations that read a node's outputs, views looked through."""
    result: list[GraphNode] = []
    pending = list(node.outputs)
    while pending:
        for user in graph.users.get(pending.pop(), ()):
            if user.name in VIEWS:
                pending += user.outputs
            else:
                result.append(user)
    return result


def _gates(graph: Graph) -> list[Found]:
    """Find scalar or per-channel parameters that multiply a branch which is then added."""
    found: list[Found] = []
    for node in graph.nodes:
        if node.name != "mul" or len(node.inputs) != 2 or graph.taken(node):
            continue
        for value, weight in (node.inputs, node.inputs[::-1]):
            name = _parameter_behind(graph, weight)
            if name is None or value not in graph.computed:
                continue
            sizes = graph.shape.get(name, ())
            elements = 1
            for size in sizes:
                elements *= size
            channels = graph.shape.get(value, ())
            if elements != 1 and elements not in (channels[1:2] + channels[-1:]):
                continue
            if any(n.name == "add" and len(graph.data(n)) == 2 for n in _uses(graph, node)):
                graph.take(node)
                kind = "scalar-gate" if elements == 1 else "channel-gate"
                found.append(("gate", kind, name.removeprefix("p:")))
                break
    return found


def _parameter_behind(graph: Graph, value: str) -> str | None:
    """Return the parameter that `value` is, itself or squashed; None if it depends on the input."""
    for _ in range(6):
        value = graph.root(value)
        if value.startswith("p:"):
            return value
        node = graph.maker.get(value)
        if node is None or value in graph.computed or len(node.inputs) != 1:
            return None
        if node.name not in {"sigmoid", "tanh", "exp", "softplus", "relu", "clamp"} | SCALINGS:
            return None
        value = node.inputs[0]
    return None


def _plain(graph: Graph) -> list[Found]:
    """Report activations and norms that are operations of their own."""
    found: list[Found] = []
    for node in graph.nodes:
        if graph.taken(node) or not graph.data(node):
            continue
        if node.name in ACTIVATIONS and not _only_scales(graph, node):
            found.append(("activation", ACTIVATIONS[node.name], node.module))
        elif node.name in NORMALIZATIONS:
            shape = graph.shape.get(node.inputs[0], ())
            inputs = (n.shapes[0] for n in graph.nodes if n.op == "input" and n.shapes)
            batch = next((shape_in[0] for shape_in in inputs if shape_in), 0)
            folded = NORMALIZATIONS[node.name] == "batch-norm" and shape[:1] == (1,) and batch > 1
            name = "instance-norm" if folded else NORMALIZATIONS[node.name]
            found.append(("normalization", name, node.module))
        elif node.name == "clamp_min" and node.scalars == (0.0,):
            found.append(("activation", "relu", node.module))
    return found


def _only_scales(graph: Graph, node: GraphNode) -> bool:
    """Tell whether no layer is given a sigmoid: it weighs another value, or ends the network."""
    layers = LINEAR | set(NORMALIZATIONS) | set(POOLS)
    return node.name in SQUASH and not any(use.name in layers for use in _uses(graph, node))


def _resampling(graph: Graph) -> list[Found]:
    """Report operations that change the resolution, global pooling apart."""
    found: list[Found] = []
    for node in graph.nodes:
        if not node.inputs or not node.shapes:
            continue
        before, after = graph.shape.get(node.inputs[0], ()), node.shapes[0]
        if node.name in POOLS:
            found.append(("resampling", POOLS[node.name], node.module))
        elif node.name.startswith(("upsample_", "_upsample_")) or node.name == "grid_sampler_2d":
            found.append(("resampling", "interpolation", node.module))
        elif node.name.startswith("_adaptive_avg_pool") and any(n > 1 for n in after[2:]):
            found.append(("resampling", "average-pool", node.module))
        elif node.name.endswith("convolution") and len(before) == len(after) > 2:
            pairs = list(zip(before[2:], after[2:], strict=True))
            if any(b >= 1.5 * a for b, a in pairs):
                found.append(("resampling", "strided-convolution", node.module))
            elif any(a >= 1.5 * b for b, a in pairs):
                found.append(("resampling", "transposed-convolution", node.module))
    return found


def _skips(graph: Graph) -> list[Found]:
    """Report sums and concatenations in which an earlier value bypasses part of the model."""
    found: list[Found] = []
    for node in graph.nodes:
        if node.name not in ("add", "cat") or graph.taken(node):
            continue
        values = [graph.root(v) for v in graph.data(node)]
        pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :] if a != b]
        if any(_bypasses(graph, a, b) or _bypasses(graph, b, a) for a, b in pairs):
            name = "residual-skip" if node.name == "add" else "concat-skip"
            found.append(("skip", name, node.module))
    return found


def _bypasses(graph: Graph, early: str, late: str) -> bool:
    """Tell whether `early`, or a linear projection of what it was made from, lies before `late`."""
    if graph.below(late, early):
        return True
    node, allowed = graph.maker.get(early), LINEAR | set(NORMALIZATIONS) | set(POOLS)
    for _ in range(4):
        if node is None or node.name not in allowed or not graph.data(node):
            return False
        source = graph.root(graph.data(node)[0])
        if graph.below(late, source) and _nonlinear_between(graph, source, late):
            return True
        node = graph.maker.get(source)
    return False


def _nonlinear_between(graph: Graph, early: str, late: str) -> bool:
    """Tell whether an activation lies on a path from `early` to `late`."""
    return any(
        node.name in ACTIVATIONS and graph.below(late, out) and graph.below(out, early)
        for node in graph.nodes
        for out in node.outputs
        if out != early
    )
