"""Layers of torch as code makes them, asks them for parts, changes and applies them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from netgain.analysis.symbolic.layer_shapes import applied
from netgain.analysis.symbolic.layers import (
    CONTAINERS,
    OpenError,
    named_arguments,
    parameter_count,
    weight_shape,
)
from netgain.analysis.symbolic.trace import traces_layer
from netgain.analysis.symbolic.values import UNKNOWN, Instance, Layer, Method, Tensor

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

STACKS = frozenset({"TransformerEncoder", "TransformerDecoder"})
RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
DEEPEST_STACK = 500


@traces_layer
def call_layer(
    machine: Machine, layer: Layer, arguments: list[object], keywords: dict[str, object]
) -> object:
    """Return what a layer makes of its input, and count its operations."""
    if not machine.counting:
        return UNKNOWN
    value = arguments[0] if arguments else next(iter(keywords.values()), UNKNOWN)
    if layer.name == "Sequential":
        for one in layer.children.values():
            value = machine.call(one, [value], {}, None)
        return value
    if layer.name in STACKS:
        return _stacked(machine, layer, value, arguments)
    if not isinstance(value, Tensor):
        machine.leave_out(layer.name)
        return Tensor(None)
    if _changed(layer) or (layer.name in RECURRENT and layer.arguments.get("proj_size")):
        machine.leave_out(layer.name)
        return Tensor(None)
    if layer.name in ("MultiheadAttention", "TransformerDecoderLayer"):
        others = [
            *arguments[1:3],
            *(keywords[k] for k in ("key", "value", "memory") if k in keywords),
        ]
        if layer.name == "TransformerDecoderLayer" or any(one is not value for one in others):
            return _crossed(machine, layer, value, others)
    try:
        shape, operations = applied(layer, value.shape)
    except OpenError:
        machine.leave_out(layer.name)
        shape, operations = None, 0.0
    machine.count(operations)
    if layer.name in RECURRENT:
        return Tensor(shape), _states(layer, value.shape, shape)
    if layer.name == "MultiheadAttention":
        return Tensor(shape), Tensor(None)
    return Tensor(shape)


def _changed(layer: Layer) -> bool:
    """Tell whether code replaced a weight by one of another shape."""
    weight = layer.children.get("weight")
    return isinstance(weight, Tensor) and weight.shape != weight_shape(layer)


def _stacked(machine: Machine, layer: Layer, value: object, arguments: list[object]) -> object:
    inner, count = layer.children.get("layer"), layer.arguments.get("num_layers")
    if not isinstance(count, int) or not 0 <= count <= DEEPEST_STACK:
        machine.leave_out(layer.name)
        return Tensor(None)
    for _ in range(count):
        value = machine.call(inner, [value, *arguments[1:2]], {}, None)
    return value


def _crossed(machine: Machine, layer: Layer, value: Tensor, others: list[object]) -> object:
    """Count attention of one sequence on another, in a layer of its own or in a decoder's."""
    size = layer.arguments.get("d_model", layer.arguments.get("embed_dim"))
    keys = others[0] if others else UNKNOWN
    shapes = [value.shape, keys.shape if isinstance(keys, Tensor) else None]
    alone = layer.name == "MultiheadAttention"
    if any(shape is None or len(shape) != 3 or shape[-1] != size for shape in shapes) or (
        alone and len(others) > 1 and getattr(others[1], "shape", None) != shapes[1]
    ):
        machine.leave_out("attention between two sequences")
        return (Tensor(None), Tensor(None)) if alone else Tensor(value.shape)
    first, second = (shape for shape in shapes if shape is not None)
    at = 1 if layer.arguments.get("batch_first") is True else 0
    batch, length, other, width = first[1 - at], first[at], second[at], first[-1]
    cost = 2 * (length + other) * width**2 + 2 * length * other * width
    if not alone:
        inner = layer.arguments.get("dim_feedforward", 2048)
        if not isinstance(inner, int):
            machine.leave_out(layer.name)
            return Tensor(value.shape)
        cost += 4 * length * width**2 + 2 * length**2 * width + 2 * length * width * inner
    machine.count(float(batch * cost))
    return (Tensor(first), Tensor(None)) if alone else Tensor(first)


def _states(layer: Layer, shape: tuple[int, ...] | None, out: tuple[int, ...] | None) -> object:
    """Return the last states of a recurrent layer."""
    given = layer.arguments
    ways, count = 2 if given.get("bidirectional") is True else 1, given.get("num_layers", 1)
    held = None
    if shape is not None and out is not None and isinstance(count, int):
        batch = shape[0] if given.get("batch_first") is True else shape[1]
        held = (count * ways, batch, out[-1] // ways)
    return (Tensor(held), Tensor(held)) if layer.name == "LSTM" else Tensor(held)


def layer_attribute(of: Layer, name: str) -> object:
    """Return an attribute of a layer: one of its arguments, a child, a method."""
    if name in of.children:
        return of.children[name]
    if name in of.arguments and name != "bias":
        return of.arguments[name]
    if name == "module":
        return of
    if name == "training":
        return True
    if name == "weight":
        return Tensor(weight_shape(of))
    if name == "bias":
        return None if of.arguments.get("bias") is False else Tensor(None)
    return Method(of, name)


def set_in_layer(of: Layer, name: str, value: object) -> None:
    """Set an attribute of a layer: another layer in it, a weight that it shares or that replaces its own."""
    if isinstance(value, (Layer, Instance)):
        of.children[name] = value
        return
    if name == "weight" and name not in of.children:
        shape = weight_shape(of)
        of.parameters -= math.nan if shape is None else math.prod(shape)
        of.children[name] = value
    elif name == "bias" and name not in of.children:
        of.parameters = math.nan
    elif value is UNKNOWN and name in of.children:
        of.children[name] = value


def make_layer(name: str, arguments: list[object], keywords: dict[str, object]) -> Layer:
    """Return a layer of torch."""
    if name in CONTAINERS:
        return Layer(name=name, arguments={}, children=_children(arguments or [*keywords.values()]))
    given = named_arguments(name, arguments, keywords)
    if name in RECURRENT:
        given["kind"] = name
    children: dict[str, object] = {}
    if name in STACKS:
        given["layer"] = given.get("layer", given.get("encoder_layer", given.get("decoder_layer")))
        children = {"layer": given["layer"]}
        if isinstance(given.get("norm"), Layer):
            children["norm"] = given["norm"]
    try:
        parameters = parameter_count(name, given)
    except OpenError:
        parameters = math.nan
    return Layer(name=name, arguments=given, parameters=parameters, children=children)


def parameters_held(name: str, arguments: list[object]) -> Layer:
    """Return a list or dictionary of parameters; plain tensors become parameters in it."""
    held = make_layer("ModuleDict" if name.endswith("Dict") else "ModuleList", arguments, {})
    if arguments and not isinstance(arguments[0], (list, tuple, dict)):
        return opaque_layer(name)
    for one in held.children.values():
        if isinstance(one, Tensor):
            one.trained = True
    return held


def opaque_layer(name: str) -> Layer:
    """Return a layer or a network of a package, of which the name alone is known."""
    known = name.endswith("Loss")
    return Layer(name=name, arguments={}, parameters=0.0 if known else math.nan)


def _children(arguments: list[object]) -> dict[str, object]:
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return {str(key): value for key, value in arguments[0].items()}
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        arguments = list(arguments[0])
    elif (
        len(arguments) == 1 and isinstance(arguments[0], Layer) and arguments[0].name in CONTAINERS
    ):
        arguments = list(arguments[0].children.values())
    return {str(number): one for number, one in enumerate(arguments)}


def of_container(of: Layer, name: str, arguments: list[object]) -> object:
    """Return what a method of a container of layers returns; it may change the container."""
    if name == "append":
        of.children[str(len(of.children))] = arguments[0]
    elif name == "extend":
        items = arguments[0]
        items = list(items.children.values()) if isinstance(items, Layer) else items
        for one in items if isinstance(items, (list, tuple)) else [UNKNOWN]:
            of.children[str(len(of.children))] = one
    elif name == "insert":
        of.children[f"open {len(of.children)}"] = UNKNOWN
    elif name == "items":
        return list(of.children.items())
    elif name == "keys":
        return list(of.children)
    else:
        return list(of.children.values())
    return of
