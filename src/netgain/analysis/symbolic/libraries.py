"""What packages make and do: layers of torch, options of command lines, optimizers, methods."""

from __future__ import annotations

import ast
import copy
import math
import re
from typing import TYPE_CHECKING

from netgain.analysis.declared_options import declared_option
from netgain.analysis.symbolic.expressions import evaluate
from netgain.analysis.symbolic.functions import tensor_function
from netgain.analysis.symbolic.keras import call_keras
from netgain.analysis.symbolic.layers import (
    CONTAINERS,
    KNOWN,
    OpenError,
    applied,
    named_arguments,
    parameter_count,
)
from netgain.analysis.symbolic.plain import ERRORS, method
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    ClassValue,
    Environment,
    Foreign,
    Instance,
    Layer,
    Library,
    Method,
    Parameters,
    Partial,
    Settings,
    Super,
    Tensor,
)

if TYPE_CHECKING:
    from netgain.analysis.symbolic.machine import Machine

TORCH = re.compile(
    r"(?:torch|nn|F|timm|torchvision\.ops|einops|fairscale|pytorch_lightning|lightning)(?:\.|$)"
)
OPTIMIZERS = re.compile(
    r"(?:.*\.)?(?:SGD|Adam|AdamW|Adamax|NAdam|RAdam|RMSprop|Adagrad|Adadelta|LBFGS|Lion|SAM|Lamb|LARS|"
    r"Adafactor|AdaBelief|Ranger|\w*Optimizer)"
)
WRAPPERS = frozenset(
    {"DataParallel", "DistributedDataParallel", "DDP", "compile", "spectral_norm", "weight_norm",
     "convert_sync_batchnorm", "script"}
)  # fmt: skip
"""Calls that return the network, or layer, that they are given first."""
SAME_NETWORK = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "train",
        "eval",
        "float",
        "half",
        "double",
        "apply",
        "requires_grad_",
        "type",
        "module",
    }
)
"""Methods that return the network they are asked of."""
CONFIGURATIONS = frozenset(
    {
        "safe_load",
        "full_load",
        "load",
        "parse_args",
        "parse_known_args",
        "Namespace",
        "OmegaConf.load",
        "EasyDict",
        "from_file",
        "AttrDict",
        "edict",
        "Munch",
        "SimpleNamespace",
        "fromfile",
        "DictConfig",
        "ConfigDict",
    }
)
OF_PYTHON = frozenset({"getattr", "hasattr", "setattr", "isinstance", "vars", "filter"})
OF_CONTAINERS = frozenset({"append", "extend", "insert", "children", "items", "values", "keys"})


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
    if layer.name in ("TransformerEncoder", "TransformerDecoder"):
        inner = layer.children.get("layer")
        for _ in range(_count(layer.arguments.get("num_layers"))):
            value = machine.call(inner, [value], {}, None)
        return value
    if not isinstance(value, Tensor):
        machine.leave_out(layer.name)
        return Tensor(None)
    try:
        shape, operations = applied(layer, value.shape)
    except OpenError:
        machine.leave_out(layer.name)
        shape, operations = None, 0.0
    if layer.name == "MultiheadAttention" and len(arguments) > 1 and arguments[1] is not value:
        machine.leave_out("attention between two sequences")
    machine.count(operations)
    tensor = Tensor(shape)
    if layer.name in ("LSTM", "GRU", "RNN"):
        return tensor, (Tensor(None), Tensor(None)) if layer.name == "LSTM" else Tensor(None)
    return (tensor, Tensor(None)) if layer.name == "MultiheadAttention" else tensor


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 500 else 0


def layer_attribute(of: Layer, name: str) -> object:
    """Return an attribute of a layer: one of its arguments, a child, a method."""
    if name in of.children:
        return of.children[name]
    if name in of.arguments:
        return of.arguments[name]
    if name == "module":
        return of
    if name in ("weight", "bias"):
        return Tensor(_weight(of) if name == "weight" else None)
    return Method(of, name)


def _weight(of: Layer) -> tuple[int, ...] | None:
    if of.name == "Linear":
        sizes = of.arguments.get("out_features"), of.arguments.get("in_features")
        return sizes if all(isinstance(size, int) for size in sizes) else None  # type: ignore[return-value]
    return None


def call_library(  # noqa: PLR0917 - the parts of one call
    machine: Machine,
    full: str,
    arguments: list[object],
    keywords: dict[str, object],
    node: ast.Call | None,
    at: Environment | None,
) -> object:
    """Return what a call of something of a package returns."""
    last = full.rpartition(".")[2]
    other = call_keras(full, arguments, keywords)
    if other is not None:
        return other
    if last in CONTAINERS or (last in KNOWN and (TORCH.match(full) or last == full)):
        return make_layer(last, arguments, keywords)
    if last in WRAPPERS or last == "deepcopy":
        found = arguments[0] if arguments else UNKNOWN
        return _copied(found) if last == "deepcopy" else found
    if last == "partial" and arguments:
        return Partial(arguments[0], tuple(arguments[1:]), keywords)
    if last == "Parameter" and arguments:
        shape = arguments[0].shape if isinstance(arguments[0], Tensor) else None
        return Tensor(shape, trained=True)
    if last == "ArgumentParser" or last in CONFIGURATIONS:
        found = next((one for one in arguments if isinstance(one, (Settings, Instance))), None)
        return found or Settings(values=dict(keywords))
    if last in (
        "getattr",
        "hasattr",
        "setattr",
        "isinstance",
        "vars",
        "filter",
        "map",
        "print",
        "type",
        "next",
        "iter",
    ):
        return _of_python(machine, last, arguments)
    if last == "OrderedDict":
        return _ordered(arguments)
    if OPTIMIZERS.fullmatch(full) and (arguments or keywords):
        for one in parameters_in([*arguments[:1], keywords.get("params")]):
            machine.optimized.append((one.of, at.path if at else "", node or ast.Pass()))
        return UNKNOWN
    if last.endswith("Trainer") and isinstance(keywords.get("model"), (Instance, Layer)):
        machine.optimized.append((keywords["model"], at.path if at else "", node or ast.Pass()))
        return UNKNOWN
    if any(isinstance(one, Tensor) for one in _flat(arguments)) or TORCH.match(full):
        return _function(machine, last, arguments, keywords)
    return UNKNOWN


def make_layer(name: str, arguments: list[object], keywords: dict[str, object]) -> Layer:
    """Return a layer of torch."""
    if name in CONTAINERS:
        return Layer(name=name, arguments={}, children=_children(arguments))
    given = named_arguments(name, arguments, keywords)
    if name in ("LSTM", "GRU", "RNN"):
        given["kind"] = name
    try:
        parameters = parameter_count(name, given)
    except OpenError:
        parameters = math.nan
    children: dict[str, object] = {}
    if name == "TransformerEncoder" and isinstance(
        given.get("layer", given.get("encoder_layer")), Layer
    ):
        children["layer"] = given.get("layer", given.get("encoder_layer"))
    return Layer(name=name, arguments=given, parameters=parameters, children=children)


def _children(arguments: list[object]) -> dict[str, object]:
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return {str(key): value for key, value in arguments[0].items()}
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        arguments = list(arguments[0])
    if len(arguments) == 1 and isinstance(arguments[0], Layer) and arguments[0].name in CONTAINERS:
        arguments = list(arguments[0].children.values())
    return {str(number): one for number, one in enumerate(arguments)}


def _ordered(arguments: list[object]) -> object:
    if not arguments:
        return {}
    pairs = arguments[0]
    if isinstance(pairs, dict):
        return dict(pairs)
    try:
        return dict(pairs)  # type: ignore[call-overload]  # tried
    except ERRORS:
        return UNKNOWN


def _copied(value: object) -> object:
    """Return another network of the same layers."""
    if isinstance(value, Layer):
        return Layer(
            name=value.name, arguments=value.arguments, parameters=value.parameters,
            children={key: _copied(one) for key, one in value.children.items()},
        )  # fmt: skip
    if isinstance(value, Instance):
        attributes = {key: _copied(one) for key, one in value.attributes.items()}
        return Instance(made_by=value.made_by, attributes=attributes)
    return copy.copy(value) if isinstance(value, (list, dict, Tensor)) else value


def _of_python(machine: Machine, name: str, arguments: list[object]) -> object:
    first = arguments[0] if arguments else UNKNOWN
    if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], str):
        found = machine.attribute(first, arguments[1])
        return arguments[2] if isinstance(found, Method) and len(arguments) > 2 else found
    if name == "setattr" and len(arguments) == 3 and isinstance(arguments[1], str):
        machine.set_attribute(first, arguments[1], arguments[2])
        return None
    if name == "hasattr" and isinstance(first, Instance) and isinstance(arguments[1], str):
        return not isinstance(machine.attribute(first, arguments[1]), Method)
    if name == "isinstance" and len(arguments) == 2:
        return _is_one(first, arguments[1])
    if name == "vars":
        return first
    if name == "filter" and len(arguments) == 2:
        return arguments[1]
    return UNKNOWN


def _is_one(value: object, kind: object) -> object:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, Instance) and all(isinstance(one, ClassValue) for one in kinds):
        return any(one in value.made_by.line() for one in kinds)
    names = {one.last for one in kinds if isinstance(one, Library)}
    if isinstance(value, Layer) and len(names) == len(kinds):
        return value.name in names
    plain = {
        "int": int,
        "float": float,
        "str": str,
        "list": list,
        "tuple": tuple,
        "dict": dict,
        "bool": bool,
    }
    if isinstance(value, tuple(plain.values())) and names and names <= set(plain):
        return isinstance(value, tuple(plain[name] for name in names))
    return UNKNOWN


def _flat(values: list[object]) -> list[object]:
    return [inner for one in values for inner in (one if isinstance(one, (list, tuple)) else [one])]


def _function(
    machine: Machine, name: str, arguments: list[object], keywords: dict[str, object]
) -> object:
    tensors = any(isinstance(one, Tensor) for one in _flat([*arguments, *keywords.values()]))
    try:
        value, operations = tensor_function(name, arguments, keywords)
    except OpenError:
        if tensors:
            machine.leave_out(name)
            return Tensor(None)
        return UNKNOWN
    except (TypeError, ValueError, IndexError, KeyError, ArithmeticError, AttributeError):
        machine.leave_out(name)
        return Tensor(None)
    machine.count(operations)
    return value


def parameters_in(values: object) -> list[Parameters]:
    """Return the parameters in what an optimizer is given: lists, groups, chains."""
    if isinstance(values, Parameters):
        return [values]
    if isinstance(values, (list, tuple)):
        return [one for value in values[:50] for one in parameters_in(value)]
    if isinstance(values, dict):
        return parameters_in(values.get("params"))
    return []


def call_method(  # noqa: PLR0917 - the parts of one call
    machine: Machine,
    function: Method,
    arguments: list[object],
    keywords: dict[str, object],
    node: ast.Call | None,
    at: Environment | None,
) -> object:
    """Return what a method of a value returns that is no function of the code."""
    of, name = function.of, function.name
    if isinstance(of, Tensor):
        if name in ("size", "dim"):
            return _size(of, name, arguments)
        return _function(machine, name, [of, *arguments], keywords)
    if isinstance(of, Foreign):
        place = at.path if at else "", node or ast.Pass()
        return of.method(machine, name, arguments, keywords, place)
    if isinstance(of, Super):
        return _super(of, name, arguments, keywords)
    if isinstance(of, (Instance, Layer)):
        return _of_network(machine, of, name, arguments)
    if isinstance(of, Settings):
        return _of_settings(machine, of, name, arguments, node, at)
    return method(of, name, arguments, keywords)


def _size(of: Tensor, name: str, arguments: list[object]) -> object:
    if of.shape is None:
        return UNKNOWN
    if name == "dim":
        return len(of.shape)
    if not arguments:
        return of.shape
    at = arguments[0]
    return of.shape[at] if isinstance(at, int) and -len(of.shape) <= at < len(of.shape) else UNKNOWN


def _super(of: Super, name: str, arguments: list[object], keywords: dict[str, object]) -> object:
    """Make the layer that a class of the code inherits from, as in `class Block(nn.Sequential)`."""
    if name != "__init__" or not isinstance(of.instance, Instance):
        if name == "forward" and isinstance(of.instance, Instance):
            return UNKNOWN
        return UNKNOWN
    bases = [b for one in of.instance.made_by.line() for b in one.bases if isinstance(b, Library)]
    base = next((b.last for b in bases if b.last in KNOWN), None)
    if base is not None and "__layer__" not in of.instance.attributes:
        of.instance.attributes["__layer__"] = make_layer(base, arguments, keywords)
    return None


def _of_network(
    machine: Machine, of: Instance | Layer, name: str, arguments: list[object]
) -> object:
    if name in ("parameters", "named_parameters", "trainable_parameters"):
        return Parameters(of)
    if name in SAME_NETWORK:
        return of
    if name == "forward":
        return machine.call(of, arguments, {}, None)
    holder = of.attributes.get("__layer__") if isinstance(of, Instance) else of
    if name in ("add_module", "register_module") and len(arguments) == 2:
        if isinstance(of, Instance):
            of.attributes[str(arguments[0])] = arguments[1]
        if isinstance(holder, Layer):
            holder.children[str(arguments[0])] = arguments[1]
        return None
    if name in ("register_buffer", "register_parameter") and len(arguments) >= 2:
        machine.set_attribute(of, str(arguments[0]), arguments[1])
        return None
    if isinstance(holder, Layer) and name in (
        "append",
        "extend",
        "insert",
        "children",
        "items",
        "values",
        "keys",
    ):
        return _of_container(holder, name, arguments)
    return UNKNOWN


def _of_container(of: Layer, name: str, arguments: list[object]) -> object:
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


def _of_settings(  # noqa: PLR0917 - the parts of one call
    machine: Machine,
    of: Settings,
    name: str,
    arguments: list[object],
    node: ast.Call | None,
    at: Environment | None,
) -> object:
    """Declare an option, parse a command line, or ask a configuration for an entry."""
    if name in ("parse_args", "parse_known_args"):
        return (of, []) if name == "parse_known_args" else of
    if name in ("add_argument_group", "add_mutually_exclusive_group"):
        return of
    if name == "get" and arguments and isinstance(arguments[0], str):
        found = machine.setting(of, arguments[0])
        return (
            (arguments[1] if len(arguments) > 1 else None) if isinstance(found, Method) else found
        )
    declared = declared_option(node) if node is not None else None
    if declared is not None and at is not None:
        default = None if declared.default is None else evaluate(machine, declared.default, at)
        of.values[declared.name] = (
            default if declared.default is not None or declared.absent else UNKNOWN
        )
        return None
    return UNKNOWN
