"""Models and layers that a tree of code takes from packages which are not among its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from netgain.analysis.code_hints import hint_nodes, names_at_work
from netgain.analysis.library_calls import ASKING, asked_by_name, listing_nodes
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, dotted, last_name, modules, nodes_of, words_in
from netgain.study import CodeTree

MODEL_MAKERS = frozenset({"create_model", "from_pretrained", "resnet18", "resnet34", "resnet50",
                          "resnet101", "get_model", "from_config"})  # fmt: skip
"""Functions of packages that hand out whole models."""
METHODS = frozenset({"from_pretrained", "from_config"})
"""Those among them that are methods of the class they make."""
MODEL_PACKAGES = frozenset({"timm", "transformers", "segmentation_models_pytorch"})
MODEL_MODULES = ("torchvision.models", "keras.applications", "tensorflow.keras.applications",
                 "torch.hub.load")  # fmt: skip
"""Modules of packages that hand out whole models, and a function that does."""
PARTS_OF_NAMES = frozenset({"models", "applications", "hub"})
"""Attributes by which those are reached from the package."""
NO_MODELS = (
    "torchvision.models.utils",
    "torchvision.models._utils",
    "torchvision.models._api",
    "torchvision.models.feature_extraction",
)
"""Modules below them that hold none."""
NO_NETWORK = re.compile(
    r"\w*(?:Tokenizer(?:Fast)?|Processor|Feature_?Extractor|Config|Collator\w*|collator|Arguments|Callback|"
    r"Vectors?|Vocab)|"
    r"(?:\w+\.)*(?:Embedding|EmbeddingBag|AdamW|Adafactor|Trainer|set_seed|logging|to_[1-4n]?_?tuple)|"
    r"get_\w*schedule\w*|get_scheduler|trunc_normal_|DropPath|drop_path|register_model|\w*Loss|CrossEntropy|"
    r"\w*SoftTargetCrossEntropy|LabelSmoothing\w*|Mixup|ModelEma\w*|\w*Scaler\w*|create_(?:transform|dataset|"
    r"loader|optimizer\w*|scheduler\w*)|accuracy|AverageMeter"
)
"""Names that packages of models give to what is no network, a table of vectors of words included."""
MODULES_OF_NO_NETWORK = re.compile(
    r"timm\.(?:data|scheduler|optim|loss|utils)(?:\..*)?|"
    r"transformers\.(?:optimization|tokenization\w*|trainer\w*|data|utils|training_args)(?:\..*)?"
)
"""Modules of those packages that hold none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a tree defines by itself."""

    modules: frozenset[str]
    """Names of its folders and files."""
    names: frozenset[str]
    """Names of its functions and classes."""


def brings_models(tree: CodeTree, used: Collection[str] | None = None) -> bool:
    """Tell whether a tree takes whole models from elsewhere.

    A function that the tree defines is its own, whatever its name: an author's `resnet18` in the tree's
    `models/` is not torchvision's. One that is imported from another package is not, though the tree has
    another of that name.

    Args:
        tree: an arm's code.
        used: names that the tree calls or hands on; classes and functions of files by other names bring
            nothing. All count where it is not given.
    """
    return bool(brought_models(tree, used))


def brought_models(tree: CodeTree, used: Collection[str] | None = None) -> frozenset[str]:
    """Return the full names under which a tree takes models from elsewhere, see `brings_models`.

    A name that is not followed to a package stands as it is written; a module of models that is handed on as
    a whole, or asked for a member by a name held in a variable, stands with a star.
    """
    own = own_definitions(tree)
    found = (_brought_by(module, used, own) for _, module in modules(tree))
    return frozenset().union(*found)


def _brought_by(module: ast.Module, used: Collection[str] | None, own: Own) -> set[str]:
    """Return the full names under which one file takes models from elsewhere."""
    found: set[str] = set()
    if not _may_bring(module):
        return found
    idle = _idle(module, used)
    alive = [node for node in module.body if node not in idle] if idle else [module]
    words = frozenset().union(*map(names_at_work, alive))
    bound = bound_names(module)
    asked = [
        one
        for one in asked_by_name(module, bound)
        if _lies_in(alive, one.call) and not _is_registered(one.name, own)
    ]
    named = {one.name for one in asked}
    settled = listing_nodes(module).union(*(one.through for one in asked))
    imported = set(filter(_hands_out_models, _imported_modules(module, words)))
    imported -= _settled_names(alive, bound, settled)
    if imported or not words.isdisjoint(MODEL_MAKERS | PARTS_OF_NAMES):
        hints = settled.union(*map(hint_nodes, alive))
        whole = {
            full
            for part in alive
            for node in nodes_of(part, ast.Attribute)
            if id(node) not in hints and _hands_out_models(full := _whole(node, bound))
        }
        found |= {name for name in whole if name not in MODEL_MODULES}
        found |= {
            bound.get(dotted(call.func).partition(".")[0]) or dotted(call.func)
            for part in alive
            for call in calls_in(part)
            if last_name(call) in MODEL_MAKERS and _is_foreign(call, bound, own)
            if id(call.func) not in settled and _whole(call.func, bound) not in whole
        }
        imported |= whole & set(MODEL_MODULES)
    found |= named
    handed = _handed_on(alive, bound, settled)
    for name in imported:
        deeper = any(other.startswith(f"{name}.") for other in found)
        found.add(
            name if not (deeper or name in handed) else f"{name}.*" if name in handed else name
        )
        if deeper and name not in handed:
            found.discard(name)
    return found


def _may_bring(module: ast.Module) -> bool:
    """Tell by the words of a file whether it can take a model from elsewhere, which few do."""
    words = words_in(module)
    if not words.isdisjoint(ASKING | MODEL_MAKERS | PARTS_OF_NAMES):
        return True
    return any(map(_hands_out_models, _imported_modules(module, words)))


def _lies_in(parts: Sequence[ast.stmt] | list[ast.Module], call: ast.Call) -> bool:
    """Tell whether a call is among those of some parts of a file."""
    return isinstance(parts[0] if parts else None, ast.Module) or any(
        part.lineno <= call.lineno <= (part.end_lineno or part.lineno)
        for part in parts
        if isinstance(part, ast.stmt)
    )


def _is_registered(name: str, own: Own) -> bool:
    """Tell whether a tree may have put a network of its own under a name that timm is asked for."""
    return name.startswith("timm.") and name.rpartition(".")[2] in own.names


def _settled_names(
    parts: list[ast.Module] | list[ast.stmt], bound: dict[str, str], settled: frozenset[int]
) -> set[str]:
    """Return the full names of imported functions that are used only where it is known what they make."""
    used = [node for part in parts for node in nodes_of(part, ast.Name)]
    known = {bound.get(node.id, "") for node in used if id(node) in settled}
    return known - {bound.get(node.id, "") for node in used if id(node) not in settled} - {"timm"}


def _handed_on(
    parts: list[ast.Module] | list[ast.stmt], bound: dict[str, str], settled: frozenset[int]
) -> set[str]:
    """Return the full names of imported modules that code names without asking them for a member.

    Args:
        parts: the code.
        bound: full names of what is imported.
        settled: ids of nodes where it is known which member they are asked for.
    """
    found: set[str] = set()
    for part in parts:
        asked = {id(node.value) for node in nodes_of(part, ast.Attribute)} | settled
        found |= {
            bound[node.id]
            for node in nodes_of(part, ast.Name)
            if id(node) not in asked and bound.get(node.id) in MODEL_MODULES
        }
    return found


def _idle(module: ast.Module, used: Collection[str] | None) -> set[ast.AST]:
    """Return the classes and functions of a file that nothing in the tree names."""
    if used is None:
        return set()
    return {
        node
        for node in module.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name not in used
    }


@remembered
def own_definitions(tree: CodeTree) -> Own:
    """Return what a tree defines by itself."""
    parts = {part for file in tree.files for part in PurePath(file.path).with_suffix("").parts}
    names: set[str] = set()
    for _, module in modules(tree):
        names |= {function.name for function in nodes_of(module, ast.FunctionDef)}
        names |= {owner.name for owner in nodes_of(module, ast.ClassDef)}
    return Own(modules=frozenset(parts), names=frozenset(names))


def _is_foreign(call: ast.Call, bound: dict[str, str], own: Own) -> bool:
    """Tell whether a call that reads as one for a whole model leaves the tree.

    Args:
        call: the call.
        bound: full names of what the file imports, empty where the import is relative.
        own: what the tree defines.
    """
    root = dotted(call.func).partition(".")[0]
    asked = call.func.value if isinstance(call.func, ast.Attribute) else None
    if last_name(call) in METHODS and asked is not None and NO_NETWORK.fullmatch(last_name(asked)):
        return False
    package = bound.get(root, "")
    if package and package.partition(".")[0] not in own.modules:
        return True
    return last_name(call) not in own.names and (
        last_name(call) not in METHODS or root not in own.names
    )


def _whole(node: ast.expr, bound: dict[str, str]) -> str:
    """Return the full name of `tv.models.vgg16` where `tv` is what a file calls torchvision."""
    root, _, rest = dotted(node).partition(".")
    return f"{bound[root]}.{rest}" if rest and bound.get(root) else ""


def bound_names(module: ast.Module) -> dict[str, str]:
    """Return the full name of what a file imports, by the name it has there; empty for relative imports."""
    found: dict[str, str] = {}
    for imported in nodes_of(module, ast.ImportFrom):
        for alias in imported.names:
            package = "" if imported.level else imported.module or ""
            found[alias.asname or alias.name] = package and f"{package}.{alias.name}"
    for statement in nodes_of(module, ast.Import):
        for alias in statement.names:
            found[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
    return found


def _imported_modules(module: ast.Module, words: frozenset[str]) -> Iterable[str]:
    """Yield the modules a file imports by their whole names, a package's part imported by name included.

    Args:
        module: the file.
        words: names it uses; what is imported and never named again brings nothing.
    """
    for imported in nodes_of(module, ast.ImportFrom):
        if not imported.level and imported.module:
            for alias in imported.names:
                if (alias.asname or alias.name) in words or alias.name == "*":
                    yield f"{imported.module}.{alias.name}"
    for statement in nodes_of(module, ast.Import):
        for alias in statement.names:
            if (alias.asname or alias.name.partition(".")[0]) in words:
                yield alias.name


def _hands_out_models(module: str) -> bool:
    """Tell whether an imported module hands out whole models built elsewhere."""
    if module.partition(".")[0] in MODEL_PACKAGES:
        named = any(map(NO_NETWORK.fullmatch, module.split(".")[1:]))
        return not (named or MODULES_OF_NO_NETWORK.fullmatch(module))
    return _is_below(module, MODEL_MODULES) and not _is_below(module, NO_MODELS)


def _is_below(module: str, tops: tuple[str, ...]) -> bool:
    return any(module == top or module.startswith(f"{top}.") for top in tops)
