"""Transform pipelines of training and test data, read from code as programs."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import called_in, calls_in, last_name, modules, parents_in, place
from netgain.study import CodeTree, Source

COMPOSERS = frozenset({"Compose", "Sequential", "AugmentationSequential", "ImageSequential"})
FLIPS = frozenset(
    {"RandomHorizontalFlip", "RandomVerticalFlip", "HorizontalFlip", "VerticalFlip", "RandomFlip"}
)
"""Operations that move values without changing them; they commute with what works on values alone."""
POINTWISE = frozenset(
    {"ToTensor", "ToImage", "PILToTensor", "ConvertImageDtype", "ToDtype", "ToTensorV2", "Normalize",
     "ColorJitter", "RandomGrayscale", "Grayscale", "RandomSolarize", "RandomPosterize", "RandomInvert"}
)  # fmt: skip
"""Operations on each value or pixel by itself."""
TRAINING = re.compile(r"train|augment|strong|weak", re.IGNORECASE)
TESTING = re.compile(r"test|eval|val|infer|predict", re.IGNORECASE)
PREPARATION = re.compile(
    r"^(To\w+|Normalize|ConvertImageDtype|Resize|CenterCrop|Compose|Lambda|Identity|PILToTensor)$"
)

FAMILIES: dict[str, str] = {
    "noise": r"noise|speckle|salt",
    "blur": r"blur|defocus|gaussianfilter|smooth",
    "shift": r"shift|translat|roll|affine",
    "rotation": r"rotat|affine",
    "scale": r"scale|zoom|resizedcrop|multiscale",
    "colour": r"colou?r|bright|contrast|saturat|hue|gamma|gr[ae]yscale|solari",
    "compression": r"jpeg|compress|pixelat",
    "occlusion": r"cutout|erasing|erase|occlu|mask|dropout",
    "weather": r"snow|frost|fog|rain|weather",
}
"""Kinds of change that an augmentation and a shift of the test set can share, by words in their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One list of transforms."""

    training: bool | None
    """Whether it is for training data; None where its name does not say."""
    steps: tuple[str, ...]
    """Calls as written, flips moved ahead of the pointwise operations they commute with."""
    source: Source
    """File and line."""

    @property
    def changes(self) -> frozenset[str]:
        """Return the names of operations that change content, not only its form."""
        names = (step.partition("(")[0].rpartition(".")[2] for step in self.steps)
        return frozenset(name for name in names if not PREPARATION.match(name))


def families(text: str) -> frozenset[str]:
    """Return the kinds of change that a name or value speaks of."""
    return frozenset(
        family for family, words in FAMILIES.items() if re.search(words, text, re.IGNORECASE)
    )


@remembered
def pipelines(tree: CodeTree) -> tuple[Pipeline, ...]:
    """Return the transform lists of a tree of code.

    Whether one is for training is told by the name it is bound to, by the function it stands in, or by the
    branch of a conditional expression on `train`.
    """
    found: list[Pipeline] = []
    for file, module in modules(tree):
        if called_in(module).isdisjoint(COMPOSERS):
            continue
        composed = [c for c in calls_in(module) if last_name(c) in COMPOSERS and c.args]
        parents = _parents_around(composed, module)
        for call in composed:
            listed = call.args[0] if isinstance(call.args[0], (ast.List, ast.Tuple)) else None
            calls = [e for e in (listed.elts if listed else call.args) if isinstance(e, ast.Call)]
            if not calls or not any(_is_transform(last_name(c)) for c in calls):
                continue
            found.append(
                Pipeline(
                    training=_for_training(call, parents),
                    steps=_canonical([ast.unparse(c) for c in calls]),
                    source=place(file, call),
                )
            )
    return tuple(found)


def _parents_around(calls: list[ast.Call], module: ast.Module) -> dict[ast.AST, ast.AST]:
    """Return the parents of all nodes in the top-level statements that hold some calls."""
    lines = [call.lineno for call in calls]
    found: dict[ast.AST, ast.AST] = {}
    for statement in module.body:
        end = statement.end_lineno or statement.lineno
        if any(_first_line(statement) <= line <= end for line in lines):
            found |= parents_in(statement)
    return found


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_transform(name: str) -> bool:
    return name in FLIPS | POINTWISE or bool(
        re.match(
            r"(Random|Resize|CenterCrop|Gaussian|Auto|Trivial|Rand|Aug|Color|Pad|Cutout|CoarseDropout)",
            name,
        )
    )


def _for_training(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool | None:
    """Read what a pipeline is for from the names around it, innermost first."""
    child: ast.AST = node
    while (parent := parents.get(child)) is not None:
        names: list[str] = []
        if isinstance(parent, ast.Assign):
            names = [ast.unparse(target) for target in parent.targets]
        elif isinstance(parent, ast.AnnAssign):
            names = [ast.unparse(parent.target)]
        elif isinstance(parent, ast.keyword) and parent.arg:
            names = [parent.arg]
        elif isinstance(parent, ast.Dict):
            names = [
                ast.unparse(key)
                for key, value in zip(parent.keys, parent.values, strict=True)
                if value is child and key is not None
            ]
        elif isinstance(parent, (ast.FunctionDef, ast.ClassDef)):
            names = [parent.name]
        elif isinstance(parent, (ast.If, ast.IfExp)) and re.search(
            r"train", ast.unparse(parent.test)
        ):
            negated = isinstance(parent.test, ast.UnaryOp) and isinstance(parent.test.op, ast.Not)
            body = parent.body if isinstance(parent.body, list) else [parent.body]
            return (child in body) != negated
        text = " ".join(names)
        if TESTING.search(text) and not TRAINING.search(text):
            return False
        if TRAINING.search(text) and not TESTING.search(text):
            return True
        child = parent
    return None


def _canonical(steps: list[str]) -> tuple[str, ...]:
    """Move flips ahead of the pointwise operations before them, and sort neighbouring flips."""
    ordered = list(steps)
    moved = True
    while moved:
        moved = False
        for i in range(len(ordered) - 1):
            before, after = (s.partition("(")[0].rpartition(".")[2] for s in ordered[i : i + 2])
            swap = after in FLIPS and (
                before in POINTWISE or (before in FLIPS and ordered[i] > ordered[i + 1])
            )
            if swap:
                ordered[i], ordered[i + 1] = ordered[i + 1], ordered[i]
                moved = True
    return tuple(ordered)
