"""The networks that scripts train, with their parameters and the operations of a forward pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from netgain.analysis import per_tree
from netgain.analysis.script_files import files_of
from netgain.analysis.symbolic.machine import Machine
from netgain.analysis.symbolic.values import (
    BATCH,
    UNKNOWN,
    ClassValue,
    ExhaustedError,
    Foreign,
    Instance,
    Layer,
    MismatchError,
    Settings,
    Tensor,
)
from netgain.analysis.syntax import called_in, last_name, modules, place
from netgain.study import CodeTree, Source, SourceFile

MOST_SCRIPTS = 6
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
        found = files._named(list(parts), importer) if list(parts) else []
        return found[0] if len(found) == 1 else None

    syntax = {path: module for path, (_, module) in held.items()}
    trained: list[tuple[NetworkCost, ...]] = []
    for script in files.scripts[:MOST_SCRIPTS]:
        if script not in held:
            continue
        machine = Machine(syntax, find, option)
        try:
            machine.home(script, as_script=True)
        except MismatchError:
            pass
        except (ExhaustedError, RecursionError):
            continue
        costs: dict[object, NetworkCost] = {}
        for owner, path, node in dict.fromkeys(machine.optimized):
            if not isinstance(owner, (Instance, Layer, Foreign)) or path not in held:
                continue
            source = place(held[path][0], node, last_name(node))
            one = (
                _of_keras(owner, source)
                if isinstance(owner, Foreign)
                else cost_of(machine, owner, source)
            )
            costs.setdefault((one.name, *_sizes((one,))), one)
        if costs:
            trained.append(tuple(costs.values()))
    if not trained:
        alone = _network_alone(Machine(syntax, find, option), tree)
        return None if alone is None else (alone,)
    if any(_sizes(one) != _sizes(trained[0]) for one in trained):
        return None
    return trained[0]


def _of_keras(owner: Foreign, source: Source) -> NetworkCost:
    """Count a network that says what it is given."""
    found = owner.cost()
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
    """Count the one network that files define, none of them makes, and defaults suffice to make."""
    found: list[tuple[ClassValue, SourceFile]] = []
    called: set[str] = set()
    for file, module in modules(tree):
        called |= called_in(module)
        try:
            names = machine.home(file.path).names
        except (ExhaustedError, MismatchError, RecursionError):
            return None
        found += [
            (kind, file)
            for kind in names.values()
            if isinstance(kind, ClassValue) and kind.home.path == file.path and kind.is_module()
        ]
    roots = [
        (kind, file) for kind, file in found if kind.name not in called and kind.member("forward")
    ]
    if len(roots) != 1:
        return None
    kind, file = roots[0]
    made = machine.call(kind, [], {}, None)
    return (
        cost_of(machine, made, place(file, kind.node, kind.name))
        if isinstance(made, Instance)
        else None
    )


def _sizes(costs: tuple[NetworkCost, ...]) -> list[object]:
    return [(cost.parameters, cost.operations) for cost in costs]


def cost_of(machine: Machine, owner: Instance | Layer, source: Source) -> NetworkCost:
    """Count the parameters of a network, and the operations at every input that it takes."""
    layers = list(layers_in(owner))
    parameters = sum(one.parameters for one in layers if isinstance(one, Layer))
    for one in layers:
        if isinstance(one, Tensor):
            parameters += math.prod(one.shape) if one.shape is not None else math.nan
    counted: dict[tuple[int, ...], float] = {}
    least: list[str] | None = None
    for shapes in _inputs(layers):
        for shape in shapes:
            found = _passed(machine, owner, shape)
            if found is not None:
                counted[shape] = found[0]
                least = found[1] if least is None or len(found[1]) < len(least) else least
        if counted:
            break
    return NetworkCost(
        name=owner.made_by.name if isinstance(owner, Instance) else owner.name,
        parameters=None if math.isnan(parameters) else float(parameters),
        operations=tuple(counted.items()),
        left_out=tuple(dict.fromkeys(least if least is not None else ["forward"])),
        source=source,
    )


def _passed(
    machine: Machine, owner: Instance | Layer, shape: tuple[int, ...]
) -> tuple[float, list[str]] | None:
    """Pass a batch of samples through a network; None where it takes none of this shape."""
    machine.counting, machine.operations, machine.left_out = True, 0.0, []
    machine.left, machine.depth = 400_000, 0
    try:
        machine.call(owner, [Tensor((BATCH, *shape))], {}, None)
    except (MismatchError, ExhaustedError, RecursionError):
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
            if one.name == "TransformerEncoder":
                inner = one.children.get("layer")
                count = one.arguments.get("num_layers")
                if isinstance(inner, Layer) and isinstance(count, int):
                    yield Layer(name="", arguments={}, parameters=inner.parameters * count)
                continue
            waiting += list(one.children.values())[::-1]
        elif isinstance(one, Instance):
            waiting += list(one.attributes.values())[::-1]
        elif isinstance(one, Tensor) and one.trained:
            yield one


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
        if not isinstance(size, int) or isinstance(size, bool):
            continue
        if layer.name == "Conv2d":
            yield [(size, edge, edge) for edge in IMAGE_SIZES]
        elif layer.name == "Conv1d":
            yield [(size, length) for length in LENGTHS]
        elif layer.name == "Conv3d":
            yield [(size, *volume) for volume in VOLUMES]
        elif layer.name == "Embedding":
            yield [(length,) for length in LENGTHS]
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
