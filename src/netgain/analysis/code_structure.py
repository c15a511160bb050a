"""Normalisation and resampling as model code shows them, by pattern.

Each pattern is given one region of code: a model class, or a function that builds modules. What a pattern
cannot decide it says so, and the kind is then not among those whose absence means something.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from netgain.analysis.code_strides import (
    CONVOLUTION,
    CONVOLUTION_FUNCTIONS,
    NOTHING_HELD,
    is_flax_convolution,
    literal_strides,
    spreads_arguments,
    stride_argument,
)
from netgain.analysis.constants import Values
from netgain.analysis.syntax import calls_in, last_name, literal, nodes_of, walk

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
REARRANGEMENTS = frozenset({"rearrange", "unfold", "fold", "reduce", "patchmerging", "patchembed"})
"""Calls that may move positions into channels, or hide a stride."""
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
    for node in walk(region):
        if isinstance(node, ast.Call):
            name = "" if isinstance(node.func, ast.Call) else last_name(node)
            kind = _norm_kind(name) or (NORM_FUNCTIONS.get(name) if functional else None)
            if kind:
                found.append((kind, node))
            elif name in RESIDUAL_CLASSES:
                found.append(("layer-norm", node))
        elif functional and isinstance(node, ast.BinOp) and (written := _written_norm(node)):
            found.append((written, node))
    return Sightings(found=tuple(found))


def is_norm(name: str) -> bool:
    """Tell whether a name is that of a normalisation class."""
    return _norm_kind(name) is not None


def is_resampling(name: str) -> bool:
    """Tell whether a name is that of a class that pools, shuffles or interpolates."""
    plain = _plain(name)
    return name[:1].isupper() and (
        plain in POOLINGS or plain in SHUFFLES or plain in INTERPOLATIONS
    )


def _plain(name: str) -> str:
    """Return a class or function name without its number of dimensions."""
    return re.sub(r"\dd$|_|1d|2d|3d", "", name.lower())


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
            and any("mean" in name or name in ("mu", "avg") for name in _computed(top.right))
        )
        scaled = any(
            re.fullmatch(r"std|sqrt|sigma|var|.*_std|std_.*|deviation", name)
            for name in _computed(node.right)
        )
        return "layer-norm" if centred and scaled else None
    if isinstance(node.op, ast.Mult):
        for side in (node.left, node.right):
            if any(
                last_name(call) == "rsqrt" and "mean" in _computed(call) for call in calls_in(side)
            ):
                return "rms-norm"
    return None


def _computed(node: ast.AST) -> set[str]:
    """Return the local names and the calls of an expression; attributes of the model are constants."""
    names = {child.id for child in nodes_of(node, ast.Name)}
    return names | {last_name(call) for call in calls_in(node)}


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


def resamplings(
    region: ast.AST,
    *,
    functional: bool,
    held: Mapping[tuple[int, int], Values] = NOTHING_HELD,
    own: Collection[str] = (),
) -> Sightings:
    """Find layers that change the resolution: strides, pools, interpolation, shuffles; not global pools.

    Args:
        region: class or function.
        functional: whether plain functions count, as they do inside a model class only.
        held: what is known of strides held in variables, see `strides_held`; one of which not every value
            is known leaves the kind undecided.
        own: names of the classes of the tree, each of which is looked into by itself.
    """
    found: list[Sighting] = []
    decided = True
    if functional and any(map(_skips_positions, walk(region))):
        found.append(("subsampling", region))
    for call in calls_in(region):
        name = last_name(call)
        applied = isinstance(call.func, ast.Call)  # `Layer(...)(x)`: the inner call makes the layer
        if applied or (not functional and not name[:1].isupper()):
            continue
        plain = _plain(name)
        decided = decided and plain not in REARRANGEMENTS
        if "adaptive" in plain:
            decided = decided and _is_global(call)
            continue
        if (
            CONVOLUTION.fullmatch(name)
            or name in CONVOLUTION_FUNCTIONS
            or is_flax_convolution(call)
        ):
            strides, known = _largest_stride(call, held)
            decided = decided and known
            turned = "transpose" in name.lower()
            if strides > 1 or (turned and not known and stride_argument(call) is not None):
                found.append(("transposed-convolution" if turned else "strided-convolution", call))
        elif plain in POOLINGS:
            if not _keeps_size(call):
                found.append((POOLINGS[plain], call))
        elif plain in SHUFFLES:
            found.append((SHUFFLES[plain], call))
        elif plain in INTERPOLATIONS:
            found.append(("interpolation", call))
        elif name not in own and any(
            k.arg == "strides" and literal(k.value) != 1 for k in call.keywords
        ):
            decided = False  # a layer under a name of its own, as `conv = partial(nn.Conv)`
    return Sightings(found=tuple(found), decided=decided)


def _largest_stride(call: ast.Call, held: Mapping[tuple[int, int], Values]) -> tuple[float, bool]:
    """Return the largest stride a convolution may have, and whether no other is possible."""
    argument = stride_argument(call)
    if argument is None:
        return 1.0, not spreads_arguments(call)
    written = literal_strides(argument)
    if written is not None:
        return max(written), True
    values = held.get((call.lineno, call.col_offset))
    if values is None:
        return 1.0, False
    return max([1.0, *(origin.value for origin in values.origins)]), values.complete


def _skips_positions(node: ast.AST) -> bool:
    """Match a slice that takes every other position, `x[..., ::2]`."""
    step = literal(node.step) if isinstance(node, ast.Slice) else None
    return isinstance(step, int) and step > 1


def _is_global(call: ast.Call) -> bool:
    """Tell whether an adaptive pool leaves one value for each channel."""
    first = 0 if last_name(call)[:1].isupper() else 1
    size = call.args[first] if len(call.args) > first else None
    size = size or next((k.value for k in call.keywords if k.arg == "output_size"), None)
    parts = size.elts if isinstance(size, (ast.Tuple, ast.List)) else [size]
    return all(literal(part) == 1 for part in parts)


def _keeps_size(call: ast.Call) -> bool:
    """Tell whether a pool moves by one position, as beside the convolutions of an inception block."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    first = 0 if last_name(call)[:1].isupper() else 1
    kernel = call.args[first] if len(call.args) > first else named.get("kernel_size")
    stride = call.args[first + 1] if len(call.args) > first + 1 else named.get("stride")
    return literal(stride) == 1 or (stride is None and literal(kernel) == 1)
