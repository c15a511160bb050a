"""Models and layers that a tree of code takes from packages which are not among its files."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from netgain.analysis.syntax import calls_in, dotted, last_name, modules, nodes_of, words_in
from netgain.study import CodeTree, SourceFile

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
NO_MODELS = ("torchvision.models.utils", "torchvision.models._utils", "torchvision.models._api")
"""Modules below them that hold none."""
KNOWN_PACKAGES = (
    frozenset({"torch", "torchvision", "tensorflow", "keras", "flax", "jax", "numpy", "pandas", "scipy",
               "sklearn", "matplotlib", "PIL", "cv2", "yaml", "omegaconf", "easydict", "tqdm", "wandb",
               "mlflow", "pytorch_lightning", "lightning", "torchmetrics"})
    | sys.stdlib_module_names
)  # fmt: skip
"""Packages whose classes are known by name, or that hold no layers."""
SHAPING = frozenset({"Rearrange"})
"""Layers of other packages that only change the shape."""
Region = tuple[SourceFile, ast.AST, bool]
"""A file, a part of it that builds or is a model, and whether that part is a model class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What a tree defines by itself."""

    modules: frozenset[str]
    """Names of its folders and files."""
    names: frozenset[str]
    """Names of its functions and classes."""


def brings_models(tree: CodeTree) -> bool:
    """Tell whether a tree takes whole models from elsewhere.

    A function that the tree defines is its own, whatever its name: an author's `resnet18` in the tree's
    `models/` is not torchvision's. One that is imported from another package is not, though the tree has
    another of that name.
    """
    own = _own(tree)
    for _, module in modules(tree):
        if any(map(_hands_out_models, _imported_modules(module))):
            return True
        words = words_in(module)
        if words.isdisjoint(MODEL_MAKERS | PARTS_OF_NAMES):
            continue
        bound = _bound(module)
        if any(_hands_out_models(_whole(node, bound)) for node in nodes_of(module, ast.Attribute)):
            return True
        if any(
            last_name(call) in MODEL_MAKERS and _is_foreign(call, bound, own)
            for call in calls_in(module)
        ):
            return True
    return False


def _own(tree: CodeTree) -> _Own:
    parts = {part for file in tree.files for part in PurePath(file.path).with_suffix("").parts}
    names: set[str] = set()
    for _, module in modules(tree):
        names |= {function.name for function in nodes_of(module, ast.FunctionDef)}
        names |= {owner.name for owner in nodes_of(module, ast.ClassDef)}
    return _Own(modules=frozenset(parts), names=frozenset(names))


def _is_foreign(call: ast.Call, bound: dict[str, str], own: _Own) -> bool:
    """Tell whether a call that reads as one for a whole model leaves the tree.

    Args:
        call: the call.
        bound: full names of what the file imports, empty where the import is relative.
        own: what the tree defines.
    """
    root = dotted(call.func).partition(".")[0]
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


def _bound(module: ast.Module) -> dict[str, str]:
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


def _imported_modules(module: ast.Module) -> Iterable[str]:
    """Yield the modules a file imports by their whole names, a package's part imported by name included."""
    for imported in nodes_of(module, ast.ImportFrom):
        if not imported.level and imported.module:
            yield imported.module
            # what is imported and never named again brings nothing
            words = words_in(module)
            for alias in imported.names:
                if (alias.asname or alias.name) in words:
                    yield f"{imported.module}.{alias.name}"
    for statement in nodes_of(module, ast.Import):
        for alias in statement.names:
            if alias.asname is None or alias.asname in words_in(module):
                yield alias.name


def _hands_out_models(module: str) -> bool:
    """Tell whether an imported module hands out whole models built elsewhere."""
    if module.partition(".")[0] in MODEL_PACKAGES:
        return True
    return _is_below(module, MODEL_MODULES) and not _is_below(module, NO_MODELS)


def _is_below(module: str, tops: tuple[str, ...]) -> bool:
    return any(module == top or module.startswith(f"{top}.") for top in tops)


def holds_foreign_layers(tree: CodeTree, regions: tuple[Region, ...]) -> bool:
    """Tell whether a model makes layers of a class that another package holds, whose inside is not known."""
    own = _own(tree)
    names = {file.path: _imported(module, own) for file, module in modules(tree)}
    if not any(names.values()):
        return False
    return any(
        last_name(call)[:1].isupper()
        and last_name(call) not in own.names | SHAPING
        and dotted(call.func).partition(".")[0] in names[file.path]
        for file, region, _ in regions
        for call in calls_in(region)
    )


def _imported(module: ast.Module, own: _Own) -> frozenset[str]:
    """Return what a file imports from packages of unknown layers: classes, and packages themselves."""
    found = set()
    for node in nodes_of(module, ast.ImportFrom):
        package = (node.module or "").partition(".")[0]
        if package in KNOWN_PACKAGES:
            continue
        foreign = not node.level and package not in own.modules
        for alias in node.names:
            is_class = alias.name[:1].isupper() and alias.name not in own.names
            if is_class or (foreign and not alias.name[:1].isupper()):
                found.add(alias.asname or alias.name)
    for statement in nodes_of(module, ast.Import):
        for alias in statement.names:
            package = alias.name.partition(".")[0]
            if package not in KNOWN_PACKAGES and package not in own.modules:
                found.add(alias.asname or package)
    return frozenset(found)
