"""Building blocks of models as their code shows them, by pattern and not by class name."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath

from netgain.analysis.code_attention import (
    MIXERS,
    SIGMOIDS,
    attention_pattern,
    gates_multiplied_in,
)
from netgain.analysis.code_skips import skips
from netgain.analysis.code_strides import strides_held
from netgain.analysis.code_structure import (
    RESIDUAL_CLASSES,
    custom_norms,
    is_norm,
    is_resampling,
    normalizations,
    resamplings,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    literal,
    modules,
    nodes_of,
    place,
    walk,
)
from netgain.study import CodeTree, Component, ModelProfile, Source, SourceFile

ACTIVATIONS = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "silu": "silu", "silu_": "silu", "swish": "silu",
    "sigmoidlinearunit": "silu", "memoryefficientswish": "silu", "gelu": "gelu", "quickgelu": "gelu",
    "newgelu": "gelu", "fastgelu": "gelu", "leakyrelu": "leaky_relu", "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu", "prelu": "prelu", "elu": "elu", "selu": "selu", "celu": "celu",
    "mish": "mish", "hardswish": "hardswish", "hard_swish": "hardswish", "softplus": "softplus",
    "tanh": "tanh", "rrelu": "rrelu", "glu": "glu", "geglu": "geglu", "swiglu": "swiglu",
}  # fmt: skip
"""Class and function names, lower case, to canonical activation."""

FOREIGN_MODELS = frozenset({"create_model", "from_pretrained", "resnet18", "resnet34", "resnet50",
                            "resnet101", "get_model", "from_config"})  # fmt: skip
"""Calls whose model is built outside the tree."""


KNOWN_PACKAGES = (
    frozenset({"torch", "torchvision", "tensorflow", "keras", "flax", "jax", "numpy", "pandas", "scipy",
               "sklearn", "matplotlib", "PIL", "cv2", "yaml", "omegaconf", "easydict", "tqdm", "wandb",
               "mlflow", "pytorch_lightning", "lightning", "torchmetrics"})
    | sys.stdlib_module_names
)  # fmt: skip
"""Packages whose classes are known by name, or that hold no layers."""
SHAPING = frozenset({"Rearrange"})
"""Layers of other packages that only change the shape."""


@remembered
def code_census(tree: CodeTree) -> ModelProfile | None:
    """Return the components a code tree builds its models from, None where it defines no model.

    A kind is among `observed_kinds` only when nothing builds that kind by a name held in a variable
    (`getattr(nn, name)`, `act_layer=...`) or takes a whole model from elsewhere.
    """
    regions = model_regions(tree)
    if not regions:
        return None
    found: dict[tuple[str, str], list[Source]] = defaultdict(list)
    undecided: set[str] = set()
    held = strides_held(tree)
    for file, node, is_class in regions:
        gate = attention_pattern(node) if isinstance(node, ast.ClassDef) else None
        if gate is not None:
            found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
        for activation, source in _activations(
            file, node, inside_gate=gate is not None, functional=is_class
        ):
            found[("activation", activation)].append(source)
        for kind, sightings in (
            ("normalization", normalizations(node, functional=is_class)),
            ("resampling", resamplings(node, functional=is_class, held=held.get(file.path, {}))),
            *(("skip", skips(forward)) for forward in _forwards(node)),
        ):
            for name, at in sightings.found:
                found[(kind, name)].append(place(file, at, getattr(node, "name", None)))
            if not sightings.decided:
                undecided.add(kind)
    for file, node, gate in gates_multiplied_in(tree):
        found[("attention", gate)].append(place(file, node, getattr(node, "name", None)))
    for file, module in modules(tree):
        for call in calls_in(module):
            if last_name(call) in ("MultiheadAttention", "scaled_dot_product_attention"):
                found[("attention", "dot-product-attention")].append(place(file, call))
            if last_name(call) in RESIDUAL_CLASSES:
                found[("attention", "dot-product-attention")].append(place(file, call))
                found[("skip", "residual-skip")].append(place(file, call))
    components = tuple(
        Component(
            kind=kind,  # type: ignore[arg-type]  # the keys above are kinds
            name=name,
            where=tuple(str(source) for source in sources),
            source=sources[0],
            strength="configured",
        )
        for (kind, name), sources in sorted(found.items())
    )
    seen = set(_observed(tree)) - undecided - _held_in_variables(tree)
    if _unread_norms(tree, regions):
        seen.discard("normalization")
    return ModelProfile(components=components, observed_kinds=tuple(sorted(seen)))


TESTED = frozenset((ast.Call, ast.ClassDef, ast.AnnAssign, ast.FunctionDef))
"""Nodes that name a class without holding it: a test, a base, an annotation."""
Region = tuple[SourceFile, ast.AST, bool]
"""A file, a part of it that builds or is a model, and whether that part is a model class."""


def model_regions(tree: CodeTree) -> tuple[Region, ...]:
    """Return the model classes in use, the functions in use that build modules, and top-level sequences."""
    return tuple(_regions(tree))


@remembered
def model_places(tree: CodeTree) -> tuple[Source, ...]:
    """Return where the first few of the model regions stand."""
    return tuple(place(file, region) for file, region, _ in model_regions(tree)[:3])


def _regions(tree: CodeTree) -> Iterator[Region]:
    used = _instantiated(tree)
    for file, module in modules(tree):
        for owner in nodes_of(module, ast.ClassDef):
            if _is_model(owner) and (_is_whole_network(owner.name) or owner.name in used):
                yield file, owner, True
        for node in module.body:
            if isinstance(node, ast.ClassDef):
                continue
            if isinstance(node, ast.FunctionDef) and node.name not in used:
                continue
            if _builds_modules(node) and not nodes_of(node, ast.ClassDef):
                yield file, node, False


def _builds_modules(node: ast.AST) -> bool:
    """Tell whether a function or statement makes layers by their classes."""
    return any(
        last_name(call) in MIXERS | {"Sequential", "ModuleList", "ModuleDict"}
        and last_name(call)[:1].isupper()
        for call in calls_in(node)
    )


def _forwards(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a model class that take and return values, or a function that builds a model."""
    if isinstance(node, ast.FunctionDef):
        yield node
    elif isinstance(node, ast.ClassDef):
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and not item.name.startswith("__init__"):
                yield item


def _unread_norms(tree: CodeTree, regions: tuple[Region, ...]) -> bool:
    """Tell whether a region calls something named a norm whose inside shows none that is known."""
    called = {name for _, node, _ in regions for name in custom_norms(node)}
    if not called:
        return False
    known = {
        node.name
        for _, module in modules(tree)
        for node in walk(module)
        if isinstance(node, ast.ClassDef)  # what a plain function normalises is not counted
        and node.name in called
        and normalizations(node, functional=True).found
    }
    return bool(called - known)


def _is_model(node: ast.ClassDef) -> bool:
    bases = {last_name(base) for base in node.bases}
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return bool(bases & {"Module", "Layer", "Model", "LightningModule"}) or bool(
        {"forward", "__call__", "call"} & methods and node.bases
    )


def _is_whole_network(name: str) -> bool:
    """Count a class that reads as a whole network even where no script of the tree builds it."""
    return name.lower().endswith(("net", "model", "network", "classifier", "former", "cnn", "mlp"))


HOLDING = (ast.Name, ast.Attribute, ast.Dict, ast.List, ast.Tuple, ast.IfExp)
"""Expressions that hold a class without calling it: `block = Bottleneck`."""


def _held(module: ast.Module) -> set[str]:
    """Return the names that are assigned, returned or given as a default without being called."""
    values: list[ast.expr | None] = [node.value for node in nodes_of(module, ast.Assign)]
    values += [node.value for node in nodes_of(module, ast.Return)]
    for arguments in nodes_of(module, ast.arguments):
        values += [*arguments.defaults, *arguments.kw_defaults]
    return {
        child.id
        for value in values
        if isinstance(value, HOLDING)
        for child in walk(value)
        if isinstance(child, ast.Name)
    }


@remembered
def _instantiated(tree: CodeTree) -> set[str]:
    """Return the names that are called, given to calls, or held to be called later."""
    used = set()
    for _, module in modules(tree):
        used |= _held(module)
        covered: set[int] = set()
        for call in calls_in(module):
            used.add(last_name(call))
            if id(call) in covered:  # inside an argument of a call before it
                continue
            for argument in [*call.args, *[k.value for k in call.keywords]]:
                if isinstance(argument, ast.Constant):
                    continue
                for child in walk(argument):
                    if isinstance(child, ast.Name):
                        used.add(child.id)
                    elif isinstance(child, ast.Attribute):
                        used.add(child.attr)
                    elif isinstance(child, ast.Call):
                        covered.add(id(child))
    return used


def _activations(
    file: SourceFile, node: ast.AST, *, inside_gate: bool, functional: bool
) -> list[tuple[str, Source]]:
    found = []
    for child in walk(node):
        if isinstance(child, ast.Call):
            applied = isinstance(child.func, ast.Call)
            if applied or (not functional and not last_name(child)[:1].isupper()):
                continue
            name = ACTIVATIONS.get(last_name(child).lower())
            is_class_or_function = name and dotted(child.func) != name
            if name and (is_class_or_function or isinstance(child.func, ast.Name)):
                found.append((name, place(file, child)))
            for keyword in child.keywords:
                value = literal(keyword.value)
                if keyword.arg in ("activation", "act") and isinstance(value, str):
                    found.append((ACTIVATIONS.get(value.lower(), value), place(file, child)))
        elif isinstance(child, ast.BinOp) and functional and not inside_gate and _is_swish(child):
            found.append(("silu", place(file, child)))
    return found


def _is_swish(node: ast.BinOp) -> bool:
    """Match `x * sigmoid(x)` and `x * x.sigmoid()`, with a constant inside or not."""
    if not isinstance(node.op, ast.Mult):
        return False
    for value, call in ((node.left, node.right), (node.right, node.left)):
        if isinstance(call, ast.Call) and last_name(call) in SIGMOIDS and dotted(value):
            operand = call.args[0] if call.args else getattr(call.func, "value", None)
            if operand is not None and dotted(value) in {dotted(n) for n in walk(operand)}:
                return True
    return False


def _observed(tree: CodeTree) -> tuple[str, ...]:
    kinds = {"activation", "attention", "normalization", "resampling", "skip"}
    if _foreign_layers(tree):
        return ()
    for _, module in modules(tree):
        for call in calls_in(module):
            name = last_name(call)
            if name in FOREIGN_MODELS:
                return ()
            if (
                name == "getattr"
                and call.args
                and last_name(call.args[0]) in ("nn", "F", "functional")
            ):
                kinds -= {"activation", "normalization", "resampling"}
        for argument in nodes_of(module, ast.arg):
            if argument.arg in (
                "act_layer", "activation", "act", "nonlinearity", "act_fn", "activation_fn"
            ):  # fmt: skip
                kinds.discard("activation")
            if argument.arg in (
                "norm_layer", "norm", "normalization", "norm_cls", "norm_fn", "norm_type", "use_bn"
            ):  # fmt: skip
                kinds.discard("normalization")
        if any(_brings_models(node.module or "") for node in nodes_of(module, ast.ImportFrom)):
            return ()
    return tuple(sorted(kinds))


def _foreign_layers(tree: CodeTree) -> bool:
    """Tell whether a model makes layers of a class that another package holds, whose inside is not known."""
    defined = {
        owner.name for _, module in modules(tree) for owner in nodes_of(module, ast.ClassDef)
    }
    own = {part for file in tree.files for part in PurePath(file.path).with_suffix("").parts}
    names = {file.path: _imported(module, own, defined) for file, module in modules(tree)}
    if not any(names.values()):
        return False
    return any(
        last_name(call)[:1].isupper()
        and last_name(call) not in defined | SHAPING
        and dotted(call.func).partition(".")[0] in names[file.path]
        for file, region, _ in model_regions(tree)
        for call in calls_in(region)
    )


def _imported(module: ast.Module, own: set[str], defined: set[str]) -> frozenset[str]:
    """Return what a file imports from packages whose layers are not known: classes, and packages themselves.

    Args:
        module: the file.
        own: names of the tree's folders and files.
        defined: names of the tree's classes.
    """
    found = set()
    for node in nodes_of(module, ast.ImportFrom):
        package = (node.module or "").partition(".")[0]
        if package in KNOWN_PACKAGES:
            continue
        foreign = not node.level and package not in own
        for alias in node.names:
            is_class = alias.name[:1].isupper() and alias.name not in defined
            if is_class or (foreign and not alias.name[:1].isupper()):
                found.add(alias.asname or alias.name)
    for statement in nodes_of(module, ast.Import):
        for alias in statement.names:
            package = alias.name.partition(".")[0]
            if package not in KNOWN_PACKAGES and package not in own:
                found.add(alias.asname or package)
    return frozenset(found)


def _held_in_variables(tree: CodeTree) -> set[str]:
    """Return the kinds of which a class is stored or passed on and not called: which one runs is open."""
    kinds: set[str] = set()
    for _, module in modules(tree):
        named = {id(call.func) for call in calls_in(module)}
        for node in walk(module):
            if node.__class__ not in TESTED:
                continue
            tested: list[ast.expr] = []
            if isinstance(node, ast.Call) and last_name(node) in ("isinstance", "issubclass"):
                tested = node.args
            elif isinstance(node, ast.ClassDef):
                tested = node.bases
            elif isinstance(node, ast.AnnAssign):
                tested = [node.annotation]
            elif isinstance(node, ast.FunctionDef):
                hints = [node.returns, *(a.annotation for a in node.args.args)]
                tested = [hint for hint in hints if hint is not None]
            named.update(id(inner) for item in tested for inner in walk(item))
        held = {node.id for node in nodes_of(module, ast.Name) if id(node) not in named}
        held |= {node.attr for node in nodes_of(module, ast.Attribute) if id(node) not in named}
        kinds.update(map(_kind_of, held))
        for node in nodes_of(module, ast.ImportFrom):
            kinds.update(_kind_of(a.name) for a in node.names if a.asname not in (None, a.name))
    return kinds - {""}


def _kind_of(name: str) -> str:
    """Return the kind of block a class name stands for, empty for any other name."""
    if is_norm(name):
        return "normalization"
    if is_resampling(name):
        return "resampling"
    return "activation" if name[:1].isupper() and name.lower() in ACTIVATIONS else ""


def _brings_models(module: str) -> bool:
    """Tell whether an imported module hands out whole models built elsewhere."""
    package = module.split(".", maxsplit=1)[0]
    if package in ("timm", "transformers", "segmentation_models_pytorch"):
        return True
    return package == "torchvision" and "models" in module
