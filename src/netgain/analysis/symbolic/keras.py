"""Networks of Keras: layers by the shapes they are called on, sequences and graphs of layers.

Shapes are written channels last. A layer's weights follow from what it is first called on, as in Keras.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netgain.analysis.symbolic.keras_layers import BUILDS, SIGNATURES, built
from netgain.analysis.symbolic.layers import OpenError
from netgain.analysis.symbolic.values import (
    BATCH,
    UNKNOWN,
    Foreign,
    Method,
    MismatchError,
    Tensor,
)

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

PACKAGE = re.compile(r"(?:tensorflow|tf|keras|tf_keras)\.(?:.*\.)?(\w+)")
FUNCTIONS = {
    "add": "Add", "concatenate": "Concatenate", "multiply": "Multiply", "average": "Average",
    "maximum": "Maximum", "subtract": "Subtract",
}  # fmt: skip
"""Functions that call a layer at once."""
MOST_NODES = 5_000


@dataclass(eq=False, slots=True)
class Node:
    """One call of a layer."""

    layer: KerasLayer | None
    parameters: float
    operations: float
    """Multiply-accumulates for one sample; not a number where they are not known."""
    before: tuple[Node, ...]


@dataclass(eq=False, slots=True)
class Symbol(Tensor):
    """A tensor of a graph of layers."""

    node: Node | None = None


@dataclass(eq=False, slots=True)
class KerasLayer(Foreign):
    """A layer of Keras."""

    name: str
    arguments: dict[str, object]
    trainable: bool = True

    def call(
        self, machine: Machine, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        """Return the tensor that comes out of the layer."""
        value = arguments[0] if arguments else keywords.get("inputs", UNKNOWN)
        return applied(self, value)

    def attribute(self, name: str) -> object:
        """Return one of its arguments."""
        return self.arguments.get(name, UNKNOWN)


@dataclass(eq=False, slots=True)
class KerasModel(Foreign):
    """A sequence of layers, or a graph between inputs and outputs."""

    layers: list[object] = field(default_factory=list)
    """Of a sequence, its layers and models."""
    inputs: object = None
    outputs: object = None
    shape: tuple[int, ...] | None = None
    """Of a sequence, the shape of one sample where `build` gave it."""

    def call(
        self, machine: Machine, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        """Return the tensor that comes out of the model."""
        value = arguments[0] if arguments else keywords.get("inputs", UNKNOWN)
        if self.outputs is None:
            return self._passed(value)
        output = self.outputs
        if not isinstance(output, Symbol) or not isinstance(value, Symbol):
            return Symbol(None)
        cost = self.cost()
        operations = math.nan if cost is None else cost[2]
        parameters = math.nan if cost is None else cost[1]
        before = (value.node,) if value.node else ()
        return Symbol(
            output.shape,
            node=Node(layer=None, parameters=parameters, operations=operations, before=before),
        )

    def attribute(self, name: str) -> object:
        """Return its output, its layers or a method."""
        if name == "output":
            return self.outputs if self.outputs is not None else self._output()
        if name == "input":
            return self.inputs if self.inputs is not None else UNKNOWN
        if name == "layers":
            return list(self.layers) if self.outputs is None else UNKNOWN
        return Method(self, name)

    def method(
        self,
        machine: Machine,
        name: str,
        arguments: list[object],
        keywords: dict[str, object],
        place: tuple[str, ast.AST],
    ) -> object:
        """Add a layer, or note that the model is trained."""
        if name == "add" and arguments:
            self.layers.append(arguments[0])
        elif name == "build":
            shape = arguments[0] if arguments else keywords.get("input_shape")
            self.shape = _sample(shape[1:]) if isinstance(shape, (tuple, list)) else None
        elif name in ("compile", "fit"):
            machine.optimized.append((self, *place))
        elif name == "count_params":
            cost = self.cost()
            return UNKNOWN if cost is None or math.isnan(cost[1]) else int(cost[1])
        return None

    def _output(self) -> Symbol:
        shape = self.shape or _first_shape(self.layers)
        start = Symbol(None if shape is None else (BATCH, *shape), node=Node(None, 0.0, 0.0, ()))
        return self._passed(start)

    def _passed(self, value: object) -> Symbol:
        for one in self.layers:
            if isinstance(one, KerasLayer) and one.name == "InputLayer":
                continue
            if isinstance(one, KerasLayer):
                value = applied(one, value)
            elif isinstance(one, KerasModel):
                value = one.call(None, [value], {})  # type: ignore[arg-type]  # needs no machine
            elif not isinstance(one, Symbol):
                value = Symbol(None, node=Node(None, math.nan, math.nan, ()))
        return value if isinstance(value, Symbol) else Symbol(None)

    def cost(self) -> tuple[tuple[int, ...], float, float] | None:
        """Return the shape of a sample, parameters and operations; not a number where they are not known.

        None where the shape of the samples is not known.
        """
        if self.outputs is None:
            shape = self.shape or _first_shape(self.layers)
            ends = [self._output()]
        else:
            inputs = _flat(self.inputs)
            shapes = [one.shape for one in inputs if isinstance(one, Symbol) and one.shape]
            shape = shapes[0][1:] if len(shapes) == len(inputs) and shapes else None
            ends = [one for one in _flat(self.outputs) if isinstance(one, Symbol)]
        if shape is None or not ends:
            return None
        parameters, operations = 0.0, 0.0
        built_once: set[int] = set()
        for node in _nodes(ends):
            if node is None:
                return shape, math.nan, math.nan
            operations += node.operations
            if node.layer is None or id(node.layer) not in built_once:
                parameters += node.parameters
            built_once.add(id(node.layer))
        return shape, parameters, operations


def _nodes(ends: Sequence[Symbol]) -> Iterator[Node | None]:
    """Yield the calls that lead to some tensors, None for a tensor of unknown origin."""
    seen: set[int] = set()
    waiting = [one.node for one in ends]
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if node is not None:
            waiting += node.before


def _flat(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _sample(value: object) -> tuple[int, ...] | None:
    """Return the shape of a sample, None where a size is open."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    sizes = tuple(one for one in parts if isinstance(one, int) and not isinstance(one, bool))
    return sizes if len(sizes) == len(parts) else None


def _first_shape(layers: list[object]) -> tuple[int, ...] | None:
    """Return the shape that the first layer of a sequence says that it is given."""
    first = layers[0] if layers else None
    if isinstance(first, Symbol):
        return None if first.shape is None else first.shape[1:]
    if isinstance(first, KerasModel):
        cost = first.cost()
        return None if cost is None else cost[0]
    if not isinstance(first, KerasLayer):
        return None
    given = first.arguments
    if "input_dim" in given and "input_shape" not in given and first.name != "Embedding":
        return _sample([given["input_dim"]])
    if "input_length" in given:
        return _sample([given["input_length"]])
    if "batch_input_shape" in given or "batch_shape" in given:
        whole = given.get("batch_input_shape", given.get("batch_shape"))
        return _sample(whole[1:]) if isinstance(whole, (list, tuple)) else None
    wanted = given.get("input_shape", given.get("shape"))
    return None if wanted is None else _sample(wanted)


def applied(layer: KerasLayer, value: object) -> Symbol:
    """Return what a layer makes of a tensor, or of a list of them."""
    tensors = [one for one in _flat(value) if isinstance(one, Tensor)]
    before = tuple(one.node for one in tensors if isinstance(one, Symbol) and one.node is not None)
    shapes = [one.shape for one in tensors]
    known = len(tensors) == len(_flat(value)) == len(before) and None not in shapes
    shape: tuple[int, ...] | None = None
    parameters = operations = math.nan
    if known:
        try:
            shape, parameters, operations = built(layer.name, layer.arguments, shapes)  # type: ignore[arg-type]
        except OpenError:
            pass
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            raise MismatchError from error
    node = Node(layer=layer, parameters=parameters, operations=operations / BATCH, before=before)
    return Symbol(shape, node=node)


def call_keras(full: str, arguments: list[object], keywords: dict[str, object]) -> object:
    """Return what a call of something of Keras returns, None where it makes no part of a network."""
    found = PACKAGE.fullmatch(full)
    name = found[1] if found else ""
    if name == "Input":
        wanted = keywords.get("shape", arguments[0] if arguments else keywords.get("input_shape"))
        shape = None if wanted is None else _sample(wanted)
        return Symbol(None if shape is None else (BATCH, *shape), node=Node(None, 0.0, 0.0, ()))
    if name == "Sequential":
        first = arguments[0] if arguments else keywords.get("layers")
        return KerasModel(layers=list(first) if isinstance(first, (list, tuple)) else [])
    if name == "Model" and (len(arguments) > 1 or "outputs" in keywords or "output" in keywords):
        inputs = keywords.get("inputs", keywords.get("input", arguments[0] if arguments else None))
        outputs = keywords.get("outputs", keywords.get("output"))
        return KerasModel(inputs=inputs, outputs=arguments[1] if outputs is None else outputs)
    if name in FUNCTIONS and arguments:
        return applied(KerasLayer(name=FUNCTIONS[name], arguments=dict(keywords)), arguments[0])
    if name in BUILDS:
        given = {**dict(zip(SIGNATURES.get(name, ()), arguments, strict=False)), **keywords}
        return KerasLayer(name=name, arguments=given)
    if name[:1].isupper() and any(isinstance(one, Symbol) for one in arguments):
        return Symbol(None, node=Node(None, math.nan, math.nan, ()))
    return None
