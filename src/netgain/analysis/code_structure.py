"""Normalisation, resampling and skip connections as model code shows them, by pattern.

Each pattern is given one region of code: a model class, or a function that builds modules. What a pattern
cannot decide it says so, and the kind is then not among those whose absence means something.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.syntax import calls_in, dotted, last_name, literal, names_in

Sighting = tuple[str, ast.AST]
"""Canonical name of a block, and the node that makes it."""

NORM_CLASS = re.compile(
    r"(?:Lazy|Sync|Frozen)?(Batch|Layer|Group|Instance|RMS|LocalResponse)_?Norm(?:alization)?(?:\dd)?"
)
NORM_FUNCTIONS = {
    "batch_norm": "batch-norm",
    "layer_norm": "layer-norm",
    "group_norm": "group-norm",
    "instance_norm": "instance-norm",
    "rms_norm": "rms-norm",
    "local_response_norm": "local-response-norm",
    "weight_norm": "weight-norm",
    "spectral_norm": "spectral-norm",
}
NORM_NAMES = {"RMS": "rms-norm", "LocalResponse": "local-response-norm"}
NO_NORM = re.compile(
    r"clip_grad.*|norm|vector_norm|matrix_norm|normal_?|normalize|Normal|Normalize|.*_normal_?|"
    r"normalvariate|log_normal|LogNormal|denormalize|unnormalize|grad_norm|normalized",
    re.IGNORECASE,
)
"""Calls with `norm` in their name that normalise no layer."""

CONVOLUTION = re.compile(r"(?:Lazy)?(?:Depthwise|Separable)?Conv(?:Transpose)?\d[dD](?:Transpose)?")
CONVOLUTION_FUNCTIONS = frozenset(
    {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
)
POOLINGS = {
    **dict.fromkeys(("maxpool", "fractionalmaxpool"), "max-pool"),
    **dict.fromkeys(("avgpool", "averagepooling", "lppool"), "average-pool"),
    "maxpooling": "max-pool",
    "maxblurpool": "max-pool",
    "blurpool": "blur-pool",
}
INTERPOLATIONS = frozenset(
    {
        "interpolate",
        "upsample",
        "upsamplingnearest",
        "upsamplingbilinear",
        "upsampling",
        "gridsample",
    }
)
SHUFFLES = {"pixelshuffle": "pixel-shuffle", "pixelunshuffle": "pixel-unshuffle"}
STRIDE_POSITION = 3
"""0-based place of `stride` in torch's convolutions, classes and functions alike."""

ADDITIONS = frozenset({"add", "add_", "Add"})
JOINS = frozenset({"cat", "concat", "concatenate", "Concatenate"})
BYPASS_NAME = re.compile(r"shortcut|skip|residual|downsample|identity|bypass|proj", re.IGNORECASE)
RESIDUAL_CLASSES = frozenset(
    {"TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder", "Transformer"}
)
"""Classes of torch that hold residual sums and layer norms of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Blocks of one kind in one region."""

    found: tuple[Sighting, ...]
    """What is there."""
    decided: bool = True
    """Whether nothing of the kind can be there beside what was found."""


def normalizations(region: ast.AST, *, functional: bool) -> Sightings:
    """Find normalisation layers, their functional forms and mean-and-deviation written out.

    Args:
        region: class or function.
        functional: whether plain functions count, as they do inside a model class only.
    """
    found: list[Sighting] = []
    decided = True
    callees = {id(call.func) for call in calls_in(region)}
    for node in ast.walk(region):
        if isinstance(node, ast.Call):
            name = last_name(node)
            kind = _norm_kind(name) or (NORM_FUNCTIONS.get(name) if functional else None)
            if kind:
                found.append((kind, node))
            elif name in RESIDUAL_CLASSES:
                found.append(("layer-norm", node))
        elif isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in callees:
            decided = decided and not _norm_kind(dotted(node).rpartition(".")[2])
        elif functional and isinstance(node, ast.BinOp) and (written := _written_norm(node)):
            found.append((written, node))
    return Sightings(found=tuple(found), decided=decided)


def _norm_kind(name: str) -> str | None:
    match = NORM_CLASS.match(name)
    if match is None:
        return "weight-norm" if name in ("weight_norm", "WeightNorm") else None
    return NORM_NAMES.get(match[1], f"{match[1].lower()}-norm")


def _written_norm(node: ast.BinOp) -> str | None:
    """Match `(x - mean) / deviation` and `x * rsqrt(mean of squares)`, both over the value itself."""
    if isinstance(node.op, ast.Div):
        top = node.left
        centred = (
            isinstance(top, ast.BinOp)
            and isinstance(top.op, ast.Sub)
            and any("mean" in name or name in ("mu", "avg") for name in names_in(top.right))
        )
        scaled = any(
            re.fullmatch(r"std|sqrt|sigma|var|.*_std|std_.*|deviation", name)
            for name in names_in(node.right)
        )
        return "layer-norm" if centred and scaled else None
    if isinstance(node.op, ast.Mult):
        for side in (node.left, node.right):
            if any(
                last_name(call) == "rsqrt" and "mean" in names_in(call) for call in calls_in(side)
            ):
                return "rms-norm"
    return None


def custom_norms(region: ast.AST) -> set[str]:
    """Return names that are called, read as a norm and are none that is known."""
    return {
        name
        for call in calls_in(region)
        if "norm" in (name := last_name(call)).lower()
        and not NO_NORM.fullmatch(name)
        and _norm_kind(name) is None
        and name not in NORM_FUNCTIONS
    }


def resamplings(region: ast.AST, *, functional: bool) -> Sightings:
    """Find layers that change the resolution: strides, pools, interpolation, shuffles; not global pools.

    A stride held in a variable leaves the kind undecided.
    """
    found: list[Sighting] = []
    decided = True
    for call in calls_in(region):
        name = last_name(call)
        if not functional and not name[:1].isupper():
            continue
        plain = re.sub(r"\dd$|_|1d|2d|3d", "", name.lower())
        if "adaptive" in plain or plain.startswith("global"):
            continue
        if CONVOLUTION.fullmatch(name) or name in CONVOLUTION_FUNCTIONS:
            strides = _stride(call)
            decided = decided and strides is not None
            if strides and strides > 1:
                turned = "transpose" in name.lower()
                found.append(("transposed-convolution" if turned else "strided-convolution", call))
        elif plain in POOLINGS:
            found.append((POOLINGS[plain], call))
        elif plain in SHUFFLES:
            found.append((SHUFFLES[plain], call))
        elif plain in INTERPOLATIONS:
            found.append(("interpolation", call))
    return Sightings(found=tuple(found), decided=decided)


def _stride(call: ast.Call) -> float | None:
    """Return the largest stride of a convolution, None where it is held in a variable."""
    node: ast.AST | None = next(
        (k.value for k in call.keywords if k.arg in ("stride", "strides")), None
    )
    if any(k.arg is None for k in call.keywords) or any(
        isinstance(a, ast.Starred) for a in call.args
    ):
        return None
    if node is None and len(call.args) > STRIDE_POSITION:
        node = call.args[STRIDE_POSITION]
    if node is None:
        return 1.0
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    values = [literal(part) for part in parts]
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return max(numbers) if len(numbers) == len(values) and numbers else None


def skips(forward: ast.FunctionDef) -> Sightings:
    """Find sums and concatenations in which an earlier value meets one computed from it.

    Two different calls of one value that are added count as a skip where one of them reads as a shortcut;
    else they are parallel branches or a skip with a projection, and the kind stays undecided.
    """
    flow = _Flow()
    for argument in forward.args.args:
        if argument.arg != "self":
            flow.values[argument.arg] = frozenset({argument.arg})
    for statement in _in_order(forward.body):
        flow.read(statement)
    return Sightings(found=tuple(flow.found), decided=flow.decided)


def _in_order(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield simple statements in the order they are written, loops and branches entered once."""
    for statement in body:
        inner = [
            part
            for name in ("body", "orelse", "finalbody")
            for part in getattr(statement, name, [])
            if isinstance(part, ast.stmt)
        ]
        if inner:
            yield from _in_order(inner)
        else:
            yield statement


class _Flow:
    """What each name of a forward pass was computed from, followed statement by statement."""

    def __init__(self) -> None:
        self.values: dict[str, frozenset[str]] = {}
        """Every value a name was computed from, itself included; values are numbered as they are made."""
        self.found: list[Sighting] = []
        self.decided = True
        self._made = 0

    def read(self, statement: ast.stmt) -> None:
        """Follow one statement."""
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            value = self.of(statement.value)
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                for name in _targets(target):
                    self.values[name] = value
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            left, right = self.of(statement.target), self.of(statement.value)
            if isinstance(statement.op, ast.Add):
                self._meet(
                    statement, [(statement.target, left), (statement.value, right)], "residual-skip"
                )
            self.values[statement.target.id] = self._new(left | right)
        elif isinstance(statement, (ast.Return, ast.Expr)) and statement.value is not None:
            self.of(statement.value)

    def of(self, node: ast.expr) -> frozenset[str]:
        """Return the values an expression was computed from, the newest being its own."""
        if isinstance(node, ast.Name):
            return self.values.get(node.id, frozenset())
        if isinstance(node, ast.BinOp):
            left, right = self.of(node.left), self.of(node.right)
            if isinstance(node.op, ast.Add):
                self._meet(node, [(node.left, left), (node.right, right)], "residual-skip")
            return self._new(left | right)
        if isinstance(node, ast.Call):
            return self._call(node)
        parts = [
            self.of(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        ]
        return frozenset().union(*parts)

    def _call(self, node: ast.Call) -> frozenset[str]:
        name = last_name(node)
        arguments = [*node.args, *[k.value for k in node.keywords]]
        if name in JOINS and arguments:
            first = arguments[0]
            if isinstance(first, (ast.List, ast.Tuple)):
                parts = [(part, self.of(part)) for part in first.elts]
                self._meet(node, parts, "concat-skip")
                return self._new(frozenset().union(*(value for _, value in parts)))
            self.decided = self.decided and not self.of(first)
        values = [self.of(argument) for argument in arguments]
        if isinstance(node.func, ast.Attribute):
            values.append(self.of(node.func.value))
        if name in ADDITIONS and len([value for value in values if value]) >= 2:
            operands = [*arguments[:2]] if len(arguments) > 1 else [arguments[0]]
            if len(operands) == 1 and isinstance(node.func, ast.Attribute):
                operands.append(node.func.value)
            self._meet(node, [(part, self.of(part)) for part in operands], "residual-skip")
        return self._new(frozenset().union(*values))

    def _new(self, parents: frozenset[str]) -> frozenset[str]:
        """Return a new value made from others; nothing made from nothing stays nothing."""
        if not parents:
            return parents
        self._made += 1
        return parents | {f"#{self._made}"}

    def _meet(self, node: ast.AST, parts: list[tuple[ast.expr, frozenset[str]]], name: str) -> None:
        """Note a skip where one part was computed from another."""
        pairs = [(a, b) for i, a in enumerate(parts) for b in parts[i + 1 :]]
        for (left, first), (right, second) in pairs:
            if not first or not second or first == second:
                continue
            if first < second or second < first:
                self.found.append((name, node))
                return
            if name == "residual-skip" and first & second:
                calls = [last_name(part) for part in (left, right) if isinstance(part, ast.Call)]
                named = [*calls, *(dotted(p) for p in (left, right) if isinstance(p, ast.Name))]
                if any(BYPASS_NAME.search(word) for word in named):
                    self.found.append((name, node))
                    return
                self.decided = False


def _targets(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, (ast.Tuple, ast.List)):
        return [name for part in node.elts for name in _targets(part)]
    return []
