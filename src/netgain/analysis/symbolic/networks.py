"""The networks that scripts train, with their parameters and the operations of a forward pass."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from netgain.analysis import per_tree
from netgain.analysis.graph import GraphNode, census, unexplained_kinds
from netgain.analysis.script_files import files_of
from netgain.analysis.symbolic.layer_calls import STACKS
from netgain.analysis.symbolic.layers import CONTAINERS, KNOWN
from netgain.analysis.symbolic.machine import Machine
from netgain.analysis.symbolic.plain import ERRORS
from netgain.analysis.symbolic.trace import Trace, without_output_squash
from netgain.analysis.symbolic.values import (
    BATCH,
    UNKNOWN,
    ClassValue,
    ExhaustedError,
    Foreign,
    FunctionValue,
    Instance,
    Layer,
    MismatchError,
    Settings,
    Tensor,
)
from netgain.analysis.syntax import called_in, last_name, modules, nodes_of, place, walk
from netgain.study import CodeTree, Component, Source, SourceFile

MOST_MADE = 300
"""Networks that a script makes among which that of several optimized parts is looked for."""
MOST_PARTS = 5_000
MOST_TRIED = 40
"""Functions without arguments of such a tree that are tried."""
MOST_MAKERS = 6
"""Functions that each make a network, of a tree in which nothing else makes one."""
MOST_SCRIPTS = 16
MOST_STEPS_OF_TREE = 500_000
"""Steps that the scripts of one tree are followed for."""
TRAINING_SCRIPT = re.compile(r"(?:^|[/_])(?:train|main|run|pretrain)\w*\.py$")
FAILURES = (*ERRORS, MismatchError, ExhaustedError, RecursionError)
"""What following code of strangers may end with."""
IMAGE_SIZES = (224, 32, 28, 64, 128, 256, 96, 48, 299, 512, 160, 84)
"""Edges of images that networks are tried with."""
LENGTHS = (128, 1024, 187, 100)
"""Lengths of sequences that networks are tried with."""
VOLUMES = ((16, 112, 112), (32, 32, 32), (64, 64, 64))
"""Clips and volumes that networks are tried with."""
FLAT_IMAGES = ((1, 28), (3, 32), (3, 64))
"""Channels and edges of images that networks flatten first."""
FIRST_LAYERS = 12
"""Layers whose inputs are tried as the network's."""
OPEN = Layer(name="", arguments={}, parameters=math.nan)
"""What is not known of a network."""
OF_INPUT = ("in_channels", "in_features", "input_size", "num_embeddings")
Option = Callable[[tuple[str, ...]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """One network that a script trains."""

    name: str
    """Its class."""
    parameters: float | None
    """Trainable parameters; None where some are not known."""
    operations: tuple[tuple[tuple[int, ...], float], ...]
    """Multiply-accumulates of a forward pass of one sample, by the shape of the sample."""
    left_out: tuple[str, ...]
    """What is not among the operations."""
    source: Source
    """Where it is given to an optimizer, or its class."""
    alone: bool = False
    """Whether nothing in the code makes it, so that it is made with the defaults of its definition."""
    made_of: frozenset[str] | None = None
    """Names of the code's classes of which it holds objects; None where some of its parts are not known."""
    open_kinds: frozenset[str] = frozenset()
    """Kinds of which there may be more blocks than are found."""
    components: tuple[Component, ...] | None = None
    """Building blocks that a forward pass computes, each with the places that make it; None where the pass
    cannot be followed whole."""
    states_input: bool = False
    """Whether the code says how large a sample is, so that no other size was tried."""


def trained_costs(tree: CodeTree, option: Option) -> tuple[NetworkCost, ...] | None:
    """Return the networks that the scripts of a tree train, None where that is not clear.

    Args:
        tree: the code of one arm.
        option: what the arm's runs were configured with, by path of names; unknown for what they do not say.
    """
    if sum(len(file.text) for file in tree.files) > per_tree.MUCH_CODE:
        return None
    if not any("torch" in file.text or "keras" in file.text for file in tree.files):
        return None
    held = {file.path: (file, module) for file, module in modules(tree)}
    files = files_of(tree)

    def find(importer: str, parts: Iterable[str], level: int) -> str | None:
        wanted = list(parts)
        found = files.named(wanted, importer) if wanted else []
        return found[0] if len(found) == 1 else None

    syntax = {path: module for path, (_, module) in held.items()}
    trained: list[tuple[NetworkCost, ...]] = []
    left = MOST_STEPS_OF_TREE
    scripts = sorted(files.scripts, key=lambda path: not TRAINING_SCRIPT.search(path))
    for script in [one for one in scripts if one in held][:MOST_SCRIPTS]:
        machine = Machine(syntax, find, option)
        machine.left = before = min(machine.left, left)
        with suppress(*FAILURES):
            machine.home(script, as_script=True)
        left -= before - max(machine.left, 0)
        costs: dict[object, NetworkCost] = {}
        for owner, path, node in _whole_networks(machine):
            if not isinstance(owner, (Instance, Layer, Foreign)) or path not in held:
                continue
            source = place(held[path][0], node, last_name(node))
            one = (
                _of_keras(owner, source)
                if isinstance(owner, Foreign)
                else cost_of(machine, owner, source)
            )
            costs.setdefault((one.name, *_sizes((one,))), one)
        if costs and machine.lost:
            return None
        if costs:
            trained.append(tuple(costs.values()))
    if not trained:
        alone = _network_alone(Machine(syntax, find, option), tree)
        return None if alone is None else (alone,)
    if any(_sizes(one) != _sizes(trained[0]) for one in trained):
        return None
    return trained[0]


def _whole_networks(machine: Machine) -> list[tuple[object, str, ast.AST]]:
    """Return what optimizers are given; of several parts of one network the network."""
    given = list(dict.fromkeys(machine.optimized))
    owners = {id(one) for one, _, _ in given}
    if len(owners) < 2:
        return given
    for network in machine.made[:MOST_MADE]:
        if id(network) in owners or not network.made_by.member("forward"):
            continue
        if owners <= {id(one) for one in _parts_of(network)}:
            return [(network, *given[0][1:])]
    return given


def _parts_of(network: Instance | Layer) -> Iterable[object]:
    """Yield a network and what it holds, each once, lists and dictionaries looked through."""
    seen: set[int] = set()
    waiting: list[object] = [network]
    while waiting and len(seen) < MOST_PARTS:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, Layer):
            waiting += one.children.values()
        elif isinstance(one, Instance):
            waiting += one.attributes.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()


def _is_known(part: Layer | Tensor) -> bool:
    """Tell whether a part of a network is a layer of torch, and no network of a package."""
    return isinstance(part, Tensor) or (part is not OPEN and part.name in KNOWN | CONTAINERS | {""})


def _classes_of(owner: Instance | Layer) -> frozenset[str]:
    """Return the code's classes of which a network holds objects, and those they inherit from."""
    return frozenset(
        kind.name
        for one in _parts_of(owner)
        if isinstance(one, Instance)
        for kind in one.made_by.line()
    )


def _of_keras(owner: Foreign, source: Source) -> NetworkCost:
    """Count a network that says what it is given."""
    try:
        found = owner.cost()
    except FAILURES:  # shapes that do not fit, as with channels first
        found = None
    shape, parameters, operations = found or ((), math.nan, math.nan)
    known = not math.isnan(operations)
    return NetworkCost(
        name="model",
        parameters=None if math.isnan(parameters) else parameters,
        operations=((shape, operations),) if known else (),
        left_out=() if known else ("layers",),
        source=source,
        states_input=known,
    )


def _network_alone(machine: Machine, tree: CodeTree) -> NetworkCost | None:
    """Count the one network that files define, none of them makes, and defaults suffice to make.

    Of several functions that each make a network, as `resnet34` and `resnet50`, only the kinds of blocks are
    told, where they are the same for all.
    """
    classes: list[tuple[ClassValue, SourceFile]] = []
    makers: list[tuple[FunctionValue, SourceFile]] = []
    used: set[str] = set()
    for file, module in modules(tree):
        used |= called_in(module) | {node.id for node in nodes_of(module, ast.Name)}
        try:
            names = machine.home(file.path).names
        except FAILURES:
            return None
        for value in list(names.values()):
            if isinstance(value, ClassValue) and value.home.path == file.path and value.is_module():
                classes.append((value, file))
            elif isinstance(value, FunctionValue) and _makes_by_itself(value, file):
                makers.append((value, file))
    roots = [
        (kind, file) for kind, file in classes if kind.name not in used and kind.member("forward")
    ]
    if len(roots) > 1:
        return None
    defined: list[tuple[ClassValue | FunctionValue, SourceFile]] = [*roots]
    defined = defined or [(one, file) for one, file in makers if _name(one) not in used]
    made = [(one, file, _made(machine, one)) for one, file in defined[:MOST_TRIED]]
    costs = [
        replace(cost_of(machine, network, place(file, one.node, _name(one))), alone=True)
        for one, file, network in made
        if network is not None
    ]
    whole = len(defined) <= MOST_TRIED and len(costs) <= MOST_MAKERS
    return _of_one_kind(costs) if whole and (len(costs) == len(made) or not roots) else None


def _makes_by_itself(function: FunctionValue, file: SourceFile) -> bool:
    """Tell whether a function of a file needs no argument to return something."""
    node = function.node
    return (
        isinstance(node, ast.FunctionDef)
        and function.home.path == file.path
        and function.instance is None
        and not node.decorator_list
        and len(node.args.args) == len(node.args.defaults)
        and any(one.value is not None for one in nodes_of(node, ast.Return))
    )


def _name(one: ClassValue | FunctionValue) -> str:
    return one.name if isinstance(one, ClassValue) else getattr(one.node, "name", "")


def _made(machine: Machine, one: ClassValue | FunctionValue) -> Instance | None:
    """Return the network that a class or a function makes without arguments."""
    try:
        made = machine.call(one, [], {}, None)
    except FAILURES:
        return None
    return made if isinstance(made, Instance) and made.made_by.is_module() else None


def _of_one_kind(costs: list[NetworkCost]) -> NetworkCost | None:
    """Return one network, or what several have in common."""
    if len(costs) < 2:
        return costs[0] if costs else None
    kinds = [
        None if one.components is None else {(c.kind, c.name) for c in one.components}
        for one in costs
    ]
    first = costs[0]
    return replace(
        first,
        parameters=None,
        operations=(),
        left_out=(f"which of {', '.join(dict.fromkeys(str(one.source.key) for one in costs))}",),
        components=first.components if all(kind == kinds[0] for kind in kinds) else None,
        open_kinds=frozenset().union(*(one.open_kinds for one in costs)),
    )


def _sizes(costs: tuple[NetworkCost, ...]) -> list[object]:
    return [(cost.parameters, cost.operations) for cost in costs]


def cost_of(machine: Machine, owner: Instance | Layer, source: Source) -> NetworkCost:
    """Count the parameters of a network, and the operations at every input that it takes."""
    layers = list(layers_in(owner))
    parameters = 0.0
    for one in layers:
        parameters += _trained_parameters(one)
    counted: dict[tuple[int, ...], float] = {}
    least: list[str] | None = None
    steps = MOST_STEPS_OF_TREE
    for shapes in _inputs(layers):
        for shape in shapes:
            if steps < 0:
                break
            found = _passed(machine, owner, shape)
            steps -= 400_000 - machine.left
            if found is not None:
                counted[shape] = found[0]
                least = found[1] if least is None or len(found[1]) < len(least) else least
        if counted:
            break
    nodes = _nodes(machine, owner, next(iter(counted))) if least == [] else None
    return NetworkCost(
        name=owner.made_by.name if isinstance(owner, Instance) else owner.name,
        parameters=None if math.isnan(parameters) else float(parameters),
        operations=tuple(counted.items()),
        left_out=tuple(dict.fromkeys(least if least is not None else _not_followed(layers))),
        source=source,
        components=None if nodes is None else census(nodes, source=source, strength="configured"),
        open_kinds=frozenset() if nodes is None else unexplained_kinds(nodes),
        made_of=_classes_of(owner) if all(map(_is_known, layers)) else None,
    )


def _nodes(
    machine: Machine, owner: Instance | Layer, shape: tuple[int, ...]
) -> tuple[GraphNode, ...] | None:
    """Return the operations of a pass, None where it cannot be followed whole."""
    start = Tensor((BATCH, *shape))
    machine.trace = trace = Trace(start.serial)
    trace.begin(start)
    try:
        found = _passed(machine, owner, shape, start)
    finally:
        machine.trace = None
    whole = found is not None and not found[1] and not trace.broken
    return without_output_squash(trace.nodes) if whole else None


def _passed(
    machine: Machine, owner: Instance | Layer, shape: tuple[int, ...], start: Tensor | None = None
) -> tuple[float, list[str]] | None:
    """Pass a batch of samples through a network; None where it takes none of this shape."""
    machine.counting, machine.operations, machine.left_out = True, 0.0, []
    machine.left, machine.depth = 400_000, 0
    try:
        machine.call(owner, [start or Tensor((BATCH, *shape))], {}, None)
    except FAILURES:
        return None
    finally:
        machine.counting = False
    return machine.operations / BATCH, machine.left_out


def layers_in(owner: object) -> Iterable[Layer | Tensor]:
    """Yield the layers and parameters of a network, each once, in the order they were made."""
    seen: set[int] = set()
    waiting = [owner]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Layer):
            yield one
            if one.name in STACKS:
                yield _stack(one)
                waiting += [one.children["norm"]] if "norm" in one.children else []
                continue
            if UNKNOWN in one.children.values():
                yield OPEN
            waiting += list(one.children.values())[::-1]
        elif isinstance(one, Instance) and one.made_by.is_module():
            if any(
                value is UNKNOWN and name in _used(one) for name, value in one.attributes.items()
            ):
                yield OPEN
            waiting += list(one.attributes.values())[::-1]
        elif isinstance(one, Tensor) and one.trained:
            yield one


def _trained_parameters(of: Layer | Tensor) -> float:
    """Return the trained parameters of one layer, or of one tensor of them."""
    if isinstance(of, Layer):
        return (
            of.parameters
            if of.trained
            else 0.0
            if of.trained is False
            else of.parameters and math.nan
        )
    if of.frozen:
        return 0.0
    return math.nan if of.shape is None or of.frozen is None else math.prod(of.shape)


def _stack(of: Layer) -> Layer:
    """Return the copies of a layer that a stack holds as one layer."""
    inner, count = of.children.get("layer"), of.arguments.get("num_layers")
    parts = layers_in(inner) if isinstance(inner, (Layer, Instance)) else [OPEN]
    each = sum(_trained_parameters(one) for one in parts)
    return Layer(
        name="", arguments={}, parameters=each * count if isinstance(count, int) else math.nan
    )


def _not_followed(layers: list[Layer | Tensor]) -> list[str]:
    """Return the networks of packages in a network that took no input, else its forward pass."""
    names = [one.name for one in layers if isinstance(one, Layer) and one.name not in KNOWN]
    return [name for name in names if name and not name.endswith("Loss")] or ["forward"]


def _used(of: Instance) -> frozenset[str]:
    """Return the attributes that a class calls, takes entries of or goes through, as those of layers are."""
    found: set[str] = set()
    for kind in of.made_by.line():
        if kind.used is None:
            kind.used = frozenset(_called_attributes(kind.node))
        found |= kind.used
    return frozenset(found)


def _called_attributes(node: ast.ClassDef) -> Iterable[str]:
    for inner in walk(node):
        part: ast.AST | None = None
        if isinstance(inner, ast.Call):
            part = inner.func
        elif isinstance(inner, (ast.For, ast.comprehension)):
            part = inner.iter
        while isinstance(part, (ast.Attribute, ast.Subscript, ast.Call)):
            below: ast.AST = part.func if isinstance(part, ast.Call) else part.value
            if (
                isinstance(part, ast.Attribute)
                and isinstance(below, ast.Name)
                and below.id == "self"
            ):
                yield part.attr
            part = below


def _inputs(layers: list[Layer | Tensor]) -> Iterable[list[tuple[int, ...]]]:
    """Yield shapes of samples that a network may take, by each of its first layers."""
    tried: set[tuple[str, object]] = set()
    for layer in [one for one in layers if isinstance(one, Layer)][:FIRST_LAYERS]:
        given = layer.arguments
        size = next((given[name] for name in OF_INPUT if name in given), None)
        if (layer.name, size) in tried:
            continue
        tried.add((layer.name, size))
        if size is UNKNOWN and layer.name == "Conv2d":
            size = 3
        if layer.name == "Embedding":
            yield [(length,) for length in LENGTHS]
            continue
        if not isinstance(size, int) or isinstance(size, bool):
            continue
        if layer.name == "Conv2d":
            yield [(size, edge, edge) for edge in IMAGE_SIZES]
        elif layer.name == "Conv1d":
            yield [(size, length) for length in LENGTHS]
        elif layer.name == "Conv3d":
            yield [(size, *volume) for volume in VOLUMES]
        elif layer.name in ("LSTM", "GRU", "RNN"):
            yield [(length, size) for length in LENGTHS]
        elif layer.name == "Linear":
            images = [(c, edge, edge) for c, edge in FLAT_IMAGES if c * edge * edge == size]
            yield [(size,), *images, *((length, size) for length in LENGTHS[:2])]


def configured(values: Mapping[str, object]) -> Option:
    """Return a function that looks a path of names up in a configuration of dotted keys."""
    plain = {key.replace("-", "_").lower(): value for key, value in values.items()}

    def option(path: tuple[str, ...]) -> object:
        wanted = ".".join(path).replace("-", "_").lower()
        if wanted in plain:
            return plain[wanted]
        ends = [key for key in plain if key.endswith(f".{wanted}")]
        if len(ends) == 1:
            return plain[ends[0]]
        if any(key.startswith(f"{wanted}.") or f".{wanted}." in key for key in plain):
            return Settings(path=path)
        return UNKNOWN

    return option
