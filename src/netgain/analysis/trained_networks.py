"""The one network of a package that a tree trains, by the call that makes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from netgain.analysis.code_foreign import bound_names, own_definitions
from netgain.analysis.library_calls import full_name, words_bound
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import dotted, last_name, literal, modules, nodes_of, parents_in, place
from netgain.study import CodeTree, Source

OF_NO_SIZE = re.compile(
    r"gpu|use_gpu|device\w*|pretrained(?:_model|_backbone)?|weights?|progress|checkpoint(?:_path)?|dtype|"
    r"torch_dtype|use_bfloat16|cache_dir|token|trust_remote_code|verbose|encoder_weights|name"
)
"""Arguments that say where a network lies and starts, and not how large it is."""
OF_ENDS = re.compile(r"(?:n_|num_)?(?:classes|labels)|in_(?:channels|chans)|input_shape")
"""Arguments for the first and the last layer, of which the cost hardly depends."""
WRAPPERS = frozenset(
    {"DataParallel", "DistributedDataParallel", "DDP", "compile", "nn.DataParallel"}
)
METHODS = frozenset({"to", "cuda", "cpu", "train", "float", "half"})
"""Methods that return the network they are asked of."""
LONGEST = 8
"""Names through which a network is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The network of a package that a tree trains."""

    name: str
    """Full name of what makes it, e.g. `segmentation_models_pytorch.Unet`."""
    arguments: tuple[tuple[str, object], ...]
    """Its arguments that may decide the size, by name or place."""
    source: Source
    """Where it is made."""


@remembered
def trained_network(tree: CodeTree) -> Trained | None:
    """Return the network of a package that every optimizer and trainer of a tree is given, else None.

    None also where an argument of it is no literal, unless it only says where the network lies, what it
    starts from, or how many classes there are.
    """
    found: list[Trained] = []
    own = own_definitions(tree)
    for file, module in modules(tree):
        calls = nodes_of(module, ast.Call)
        held = [node for call in calls for node in (*_optimized(call), *_fitted(call))]
        if not held:
            continue
        parents = parents_in(module)
        bound = {
            name: full
            for name, full in bound_names(module).items()
            if full.partition(".")[0] not in own.modules
        }
        for node in held:
            call = _maker(node, _given(_home(node, parents), module))
            one = None if call is None else _trained(call, bound, words_bound(module))
            if one is None or call is None:
                return None
            source = place(file, call, last_name(call))
            found.append(Trained(name=one[0], arguments=one[1], source=source))
            if (found[0].name, found[0].arguments) != one:
                return None
    return found[0] if found else None


def _optimized(call: ast.Call) -> list[ast.expr]:
    """Return what a call that makes an optimizer takes the parameters of."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "params")]
    named = {keyword.arg for keyword in call.keywords} & {
        "lr",
        "learning_rate",
        "momentum",
        "weight_decay",
    }
    if not given or not (named or len(call.args) > 1) or not last_name(call)[:1].isupper():
        return []
    return [
        inner.func.value
        for inner in nodes_of(given[0], ast.Call)
        if isinstance(inner.func, ast.Attribute) and inner.func.attr == "parameters"
    ]


def _fitted(call: ast.Call) -> list[ast.expr]:
    """Return what a trainer of a package is given, or what is told to train itself for some epochs."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if (
        last_name(call).endswith("Trainer")
        and "model" in named
        and not isinstance(call.func, ast.Call)
    ):
        return [named["model"]]
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("train", "fit")
        and "epochs" in named
    ):
        return [call.func.value]
    return []


def _home(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """Return the function that uses a name, the class for `self.net`, or the file."""
    homes: tuple[type[ast.AST], ...] = (ast.FunctionDef, ast.AsyncFunctionDef)
    if isinstance(node, ast.Attribute) and dotted(node).startswith("self."):
        homes = (ast.ClassDef,)
    while node in parents and not isinstance(node, homes):
        node = parents[node]
    return node


def _given(home: ast.AST, module: ast.Module) -> dict[str, ast.expr | None]:
    """Return what each name of a function or file is given, None where it is given more than one thing."""
    found: dict[str, ast.expr | None] = {}
    margin = [node for node in module.body if isinstance(node, ast.Assign) and home is not module]
    for node in (*nodes_of(home, ast.Assign), *margin):
        for target in node.targets:
            name = dotted(target) if isinstance(target, (ast.Name, ast.Attribute)) else ""
            if not name or _passes_on(node.value, name):
                continue
            found[name] = None if name in found else node.value
    found.update((argument.arg, None) for argument in nodes_of(home, ast.arg))
    return found


def _passes_on(value: ast.expr, name: str) -> bool:
    """Match `net = net.cuda()` and `net = DataParallel(net)`."""
    inner = _unwrapped(value)
    return inner is not value and dotted(inner) == name


def _unwrapped(node: ast.expr) -> ast.expr:
    for _ in range(LONGEST):
        if not isinstance(node, ast.Call):
            break
        function = node.func
        if last_name(function) in WRAPPERS and node.args:
            node = node.args[0]
        elif isinstance(function, ast.Attribute) and function.attr in METHODS:
            node = function.value
        else:
            break
    return node


def _maker(node: ast.expr, given: Mapping[str, ast.expr | None]) -> ast.Call | None:
    """Follow a name, and attributes of it, to the call that makes what it stands for."""
    for _ in range(LONGEST):
        node = _unwrapped(node)
        if isinstance(node, ast.Call):
            return node
        value = given.get(dotted(node))
        if value is None and isinstance(node, ast.Attribute) and dotted(node) not in given:
            value = node.value  # `model.net`, a part of what the package made
        if value is None:
            return None
        node = value
    return None


def _trained(
    call: ast.Call, bound: Mapping[str, str], words: Mapping[str, str]
) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    """Return the full name of what a call makes, and the arguments that may decide its size."""
    name = full_name(call.func, bound)
    if not name or isinstance(call.func, ast.Call):
        return None
    given = [(str(place), value) for place, value in enumerate(call.args)]
    given += [(keyword.arg or "**", keyword.value) for keyword in call.keywords]
    arguments: list[tuple[str, object]] = []
    for key, value in given:
        if OF_NO_SIZE.fullmatch(key) or OF_ENDS.fullmatch(key):
            continue
        word = words.get(value.id) if isinstance(value, ast.Name) else literal(value)
        if word is None and not isinstance(value, ast.Constant):
            return None
        arguments.append((key, word))
    return name, tuple(sorted(arguments, key=lambda pair: pair[0]))
