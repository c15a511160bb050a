"""What packages make and do: layers of torch, options of command lines, optimizers, methods."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from netgain.analysis.declared_options import declared_option
from netgain.analysis.idle_code import BESIDE
from netgain.analysis.symbolic.expressions import evaluate, truth
from netgain.analysis.symbolic.functions import tensor_function
from netgain.analysis.symbolic.keras import call_keras
from netgain.analysis.symbolic.layer_calls import (
    make_layer,
    of_container,
    opaque_layer,
    parameters_held,
)
from netgain.analysis.symbolic.layers import (
    CONTAINERS,
    KNOWN,
    OpenError,
)
from netgain.analysis.symbolic.plain import method
from netgain.analysis.symbolic.products import PRODUCTS
from netgain.analysis.symbolic.python_calls import copied, of_python, ordered
from netgain.analysis.symbolic.statements import OPTIMIZERS, freeze
from netgain.analysis.symbolic.trace import traces_function
from netgain.analysis.symbolic.values import (
    UNKNOWN,
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
OPAQUE = re.compile(
    r"(?:torch\.)?nn\.(?!Parameter|Module$|init\b)[A-Z]\w+$|(?:torchvision\.)?models\.(?:\w+\.)*\w+$|"
    r"(?:timm\.)?create_model$|.*\.from_pretrained$|torch\.hub\.load$|smp\.\w+$|"
    r"segmentation_models_pytorch\.\w+$|monai\.networks\.nets\.\w+$|torch_geometric\.nn\.[A-Z]\w+$|"
    r"torchvision\.ops\.[A-Z]\w+$"
)
"""What makes a layer or a network that is not followed."""
LONGEST_NAME = 60
OF_PYTHON = frozenset({"getattr", "hasattr", "setattr", "isinstance", "vars", "filter"})
OF_CONTAINERS = frozenset({"append", "extend", "insert", "children", "items", "values", "keys"})


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
        return copied(found) if last == "deepcopy" else found
    if last == "partial" and arguments:
        return Partial(arguments[0], tuple(arguments[1:]), keywords)
    if last in ("ParameterList", "ParameterDict"):
        return parameters_held(last, arguments)
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
        return of_python(machine, last, arguments)
    if last == "OrderedDict":
        return ordered(arguments)
    if not machine.counting and note_training(machine, full, arguments, keywords, node, at):
        return UNKNOWN
    if last == "chain":
        return [inner for one in arguments for inner in machine.iterate(one) or [UNKNOWN]]
    if OPAQUE.match(full) and not machine.counting:
        return opaque_layer(_opaque_name(last, arguments))
    if any(isinstance(one, Tensor) for one in flat(arguments)) or TORCH.match(full):
        return _function(machine, last, arguments, keywords)
    return UNKNOWN


def flat(values: list[object]) -> list[object]:
    """Return values with those in lists one by one."""
    return [inner for one in values for inner in (one if isinstance(one, (list, tuple)) else [one])]


@traces_function
def _function(
    machine: Machine, name: str, arguments: list[object], keywords: dict[str, object]
) -> object:
    tensors = any(isinstance(one, Tensor) for one in flat([*arguments, *keywords.values()]))
    try:
        value, operations = tensor_function(name, arguments, keywords)
    except OpenError:
        if tensors or name in PRODUCTS:
            machine.leave_out(name)
            return Tensor(None)
        return UNKNOWN
    except (TypeError, ValueError, IndexError, KeyError, ArithmeticError, AttributeError):
        machine.leave_out(name)
        return Tensor(None)
    machine.count(operations)
    return value


def _opaque_name(last: str, arguments: list[object]) -> str:
    """Return the name of a network of a package: the word that asks for it where it is asked for by one."""
    named = last.startswith(("create_model", "from_pretrained", "load")) or last == "get_model"
    word = next((one for one in arguments if isinstance(one, str)), last)
    return word if named and len(word) < LONGEST_NAME else last


def note_training(  # noqa: PLR0917 - the parts of one call
    machine: Machine,
    full: str,
    arguments: list[object],
    keywords: dict[str, object],
    node: ast.Call | None,
    at: Environment | None,
) -> bool:
    """Note what an optimizer or a trainer is given; tell whether the call is of one."""
    last = full.rpartition(".")[2]
    path, where = at.path if at else "", node or ast.Pass()
    given = parameters_in([*arguments[:1], keywords.get("params")])
    if given and last != "parameters" and (OPTIMIZERS.fullmatch(full) or "lr" in keywords):
        machine.optimized += [(one.of, path, where) for one in given]
        return True
    network = keywords.get("model", arguments[0] if arguments and last == "fit" else None)
    if not isinstance(network, (Instance, Layer)) or not last.endswith(("Trainer", "fit")):
        asked = bool(OPTIMIZERS.fullmatch(full))
        given_anything = bool(arguments or "params" in keywords)
        machine.lost = machine.lost or (asked and given_anything and not _is_beside(node))
        return asked
    before = len(machine.optimized)
    if isinstance(network, Instance) and network.made_by.member("configure_optimizers"):
        machine.call(machine.attribute(network, "configure_optimizers"), [], {}, None)
    if len(machine.optimized) == before:
        machine.optimized.append((network, path, where))
    return True


def _is_beside(node: ast.Call | None) -> bool:
    """Tell whether an optimizer is of a discriminator, critic or teacher by the name of what it is given."""
    asked = node.args[:1] if node is not None else []
    return any(BESIDE.search(ast.unparse(one)) for one in asked)


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
        return _of_network(machine, of, name, arguments, keywords, at)
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


def _keep_settings(of: Instance, arguments: list[object], at: Environment | None) -> None:
    """Keep what a module was made with as its settings."""
    given = {} if at is None else {k: v for k, v in at.names.items() if v is not of}
    first = arguments[0] if arguments else None
    of.attributes["hparams"] = first if isinstance(first, Settings) else Settings(values=given)


def _of_network(  # noqa: PLR0917 - the parts of one call
    machine: Machine,
    of: Instance | Layer,
    name: str,
    arguments: list[object],
    keywords: dict[str, object],
    at: Environment | None,
) -> object:
    if name in ("parameters", "named_parameters", "trainable_parameters"):
        return Parameters(of, named=name == "named_parameters")
    if name == "requires_grad_":
        if not machine.optimized:
            freeze(of, truth(arguments[0]) if arguments else True)
        return of
    if name == "save_hyperparameters" and isinstance(of, Instance):
        _keep_settings(of, arguments, at)
        return None
    if name in SAME_NETWORK:
        return of
    if name == "forward":
        return machine.call(of, arguments, keywords, None)
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
        return of_container(holder, name, arguments)
    return UNKNOWN


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
