"""Layers that the models of a tree take from packages whose inside is not known."""

from __future__ import annotations

import ast
import re
import sys
from itertools import chain

from netgain.analysis.code_foreign import Own, own_definitions
from netgain.analysis.syntax import calls_in, dotted, last_name, modules, nodes_of
from netgain.study import CodeTree, SourceFile

KNOWN_PACKAGES = (
    frozenset({"torch", "torchvision", "tensorflow", "keras", "flax", "jax", "numpy", "pandas", "scipy",
               "sklearn", "matplotlib", "PIL", "cv2", "yaml", "omegaconf", "easydict", "tqdm", "wandb",
               "mlflow", "pytorch_lightning", "lightning", "torchmetrics"})
    | sys.stdlib_module_names
)  # fmt: skip
"""Packages whose classes are known by name, or that hold no layers."""
SHAPING = frozenset({"Rearrange", "DropPath", "StochasticDepth"})
"""Layers of other packages that only change the shape, or drop what passes."""
BARE_BASES = re.compile(
    r"Module|BaseModule|LightningModule|MessagePassing|Layer|\w*Mixin|ABC|Generic|Protocol"
)
"""Base classes of packages that hold no layers of their own."""
Region = tuple[SourceFile, ast.AST, bool]
"""A file, a part of it that builds or is a model, and whether that part is a model class."""


def holds_foreign_layers(tree: CodeTree, regions: tuple[Region, ...]) -> bool:
    """Tell whether a model makes layers of a foreign class, or derives from one, that is not known."""
    own = own_definitions(tree)
    names = {file.path: _imported(module, own) for file, module in modules(tree)}
    if not any(names.values()):
        return False
    made = (
        (file.path, call.func)
        for file, region, _ in regions
        for call in calls_in(region)
        if last_name(call) not in SHAPING
    )
    bases = (
        (file.path, base)
        for file, region, _ in regions
        if isinstance(region, ast.ClassDef)
        for base in region.bases
        if not BARE_BASES.fullmatch(last_name(base))
    )
    return any(
        last_name(layer)[:1].isupper()
        and last_name(layer) not in own.names
        and dotted(layer).partition(".")[0] in names[path]
        for path, layer in chain(made, bases)
    )


def _imported(module: ast.Module, own: Own) -> frozenset[str]:
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
