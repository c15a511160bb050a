"""Blocks of one kind in one arm, by each road on which the evidence shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netgain.analysis.code_activations import ACTIVATIONS
from netgain.analysis.code_components import code_census
from netgain.analysis.code_norm_blocks import Block, norm_blocks
from netgain.analysis.code_variants import decides_one_model, unmade_network
from netgain.analysis.named_networks import with_named_networks
from netgain.analysis.option_readings import ignores_option
from netgain.analysis.syntax import modules, nodes_of
from netgain.practices._config_components import attention_in_configs
from netgain.practices._counted_networks import networks_of
from netgain.study import Arm, Cited, CodeTree, ModelProfile, Run, Scalar, Source, Study, Tensor
from netgain.vocabulary import without_section

RUN = "code as it runs"
"""The road of networks that are followed statement by statement."""
OFF_VALUES = frozenset({"none", "false", "off", "no", "0", "identity", "", "null"})
ALIASES: dict[str, dict[str, str]] = {
    "activation": ACTIVATIONS,
    "attention": {"se": "squeeze-excite", "squeezeexcite": "squeeze-excite", "eca": "efficient-channel",
                  "efficientchannel": "efficient-channel"},
    "normalization": {
        **dict.fromkeys(("batch", "bn", "batchnorm", "syncbn", "syncbatchnorm", "sync"), "batch-norm"),
        **dict.fromkeys(("layer", "ln", "layernorm"), "layer-norm"),
        **dict.fromkeys(("group", "gn", "groupnorm"), "group-norm"),
        **dict.fromkeys(("instance", "in", "instancenorm"), "instance-norm"),
        **dict.fromkeys(("rms", "rmsnorm"), "rms-norm"),
        **dict.fromkeys(("weight", "wn", "weightnorm"), "weight-norm"),
        **dict.fromkeys(("spectral", "sn", "spectralnorm"), "spectral-norm"),
    },
    "resampling": {
        **dict.fromkeys(("max", "maxpool", "maxpooling"), "max-pool"),
        **dict.fromkeys(("avg", "average", "mean", "avgpool", "averagepool", "averagepooling"),
                        "average-pool"),
        **dict.fromkeys(("blur", "blurpool"), "blur-pool"),
        **dict.fromkeys(("strided", "stride", "conv", "convolution", "stridedconv",
                         "stridedconvolution"), "strided-convolution"),
        **dict.fromkeys(("deconv", "transposed", "transpose", "convtranspose", "transposedconv",
                         "transposedconvolution"), "transposed-convolution"),
        **dict.fromkeys(("pixelshuffle", "subpixel"), "pixel-shuffle"),
        **dict.fromkeys(("bilinear", "nearest", "bicubic", "linear", "trilinear", "interpolate",
                         "interpolation"), "interpolation"),
        **dict.fromkeys(("attention", "attentionpool", "attn"), "attention-pool"),
        "gem": "generalised-mean-pool",
    },
    "skip": {
        **dict.fromkeys(("residual", "res", "add", "sum", "shortcut", "additive"), "residual-skip"),
        **dict.fromkeys(("dense", "concat", "cat", "concatenate", "unet"), "concat-skip"),
    },
}  # fmt: skip
"""Values of a setting, lower case without separators, to canonical names of blocks."""
SWITCHED_ON = {
    "attention": "squeeze-excite",
    "normalization": "batch-norm",
    "skip": "residual-skip",
}
"""What a setting that is only on or off puts in."""
NORM_NAME = re.compile(r"(^|[._])(\w*norm\w*|ln|gn|bn)_?\d*$", re.IGNORECASE)
OTHER_NORM = "norm without running statistics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Blocks of one kind in one arm."""

    counts: dict[str, int]
    """Occurrences by canonical name; empty when the kind was looked for and is absent."""
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Where each stands: module path, tensor, or file and line."""
    sources: tuple[Source, ...]
    """What was read."""
    by: str
    """`recorded graph`, `config`, `checkpoint` or `code`: only equal roads are compared."""
    complete: bool
    """Whether absence from `counts` means absence from the model."""
    settles: bool = True
    """Whether equal counts in both arms settle that the arms are alike."""
    layers: int | None = None
    """Activations, else norms, of the same model: a measure of its depth; graphs only."""
    settings: str = ""
    """What narrowed the code of both arms to that of this arm; empty elsewhere."""
    undecided: str = ""
    """Places in the code that choose by a setting in which the arms differ, and that it did not decide."""
    blocks: Mapping[str, Block] = field(default_factory=dict)
    """Norms and layers of each block of the model code, by its name; norms read from code only."""
    unmade: str = ""
    """The network that is read by its definition alone, as nothing in the code makes it; code only."""


def roads(study: Study, kind: str, settings: tuple[str, ...]) -> list[tuple[Census, Census]]:
    """Return (baseline, proposed) censuses by each road open in both arms, strongest first."""
    pairs = (
        (_by_graph(study.baseline, kind), _by_graph(study.proposed, kind)),
        (_by_config(study.baseline, kind, settings), _by_config(study.proposed, kind, settings)),
        (_by_checkpoint(study.baseline, kind), _by_checkpoint(study.proposed, kind)),
        _by_execution(study.baseline, study.proposed, kind),
        _by_code(with_named_networks(study.baseline), with_named_networks(study.proposed), kind),
    )
    return [(first, second) for first, second in pairs if first is not None and second is not None]


def _by_graph(arm: Arm, kind: str) -> Census | None:
    models: list[ModelProfile] = [
        run.model for run in arm.runs if run.model and run.model.observed_kinds
    ]
    seen = [model for model in models if kind in model.observed_kinds]
    if not seen or len(seen) < len(arm.runs):
        return None
    censuses = [_counts(model, kind) for model in seen]
    if any(census != censuses[0] for census in censuses):
        return None
    model = seen[0]
    sources = tuple(c.source for c in model.components if c.kind == kind)
    if not sources and model.parameters is not None:
        sources = (model.parameters.source,)
    sources = sources or tuple(c.source for c in model.components[:1])
    if not sources:
        return None
    layers = [sum(_counts(model, name).values()) for name in ("activation", "normalization")]
    return Census(
        counts=censuses[0],
        places={c.name: c.where for c in model.components if c.kind == kind},
        sources=tuple(dict.fromkeys(sources))[:3],
        by="recorded graph",
        complete=True,
        layers=next((n for n in layers if n), None),
    )


def _counts(model: ModelProfile, kind: str) -> dict[str, int]:
    return {c.name: len(c.where) for c in model.components if c.kind == kind}


def _by_config(arm: Arm, kind: str, settings: tuple[str, ...]) -> Census | None:
    """Read the settings; an arm whose configs do not name the setting is not readable this way.

    A bare on or off says what is switched and not what else there is, so it settles nothing. A setting that
    the arm's own code does not ask for says nothing of the model.
    """
    found = [_setting(run, settings) for run in arm.runs]
    if arm.code is not None and any(
        ignores_option(arm.code, *settings, (cited.source.key or "").rpartition(".")[2])
        for cited in found
        if cited is not None
    ):
        return None
    if kind == "attention" and not any(found):
        return _by_plugins(arm)
    if not found or any(cited is None for cited in found):
        return None
    known = [cited for cited in found if cited is not None]
    if len({str(cited.value).strip().lower() for cited in known}) != 1:
        return None
    raw = known[0].value
    text = str(raw).strip().lower()
    plain = re.sub(r"[^a-z0-9]|\dd$", "", text.rpartition(".")[2])
    table = ALIASES.get(kind, {})
    switch = isinstance(raw, (bool, int, float)) or raw is None
    name: str | None
    if text in OFF_VALUES or (switch and not raw):
        name = None
    elif switch:
        name = SWITCHED_ON.get(kind)
    else:
        name = table.get(text, table.get(plain, text))
    if switch and raw and name is None:
        return None
    return Census(
        counts={} if name is None else {name: 1},
        sources=tuple(dict.fromkeys(cited.source for cited in known))[:3],
        by="config",
        complete=name is None or name in table.values() or kind in ("activation", "attention"),
        settles=not switch,
    )


def _by_plugins(arm: Arm) -> Census | None:
    """Read the blocks that a config puts into its model; what a backbone holds by itself it does not say."""
    found = attention_in_configs(arm)
    if found is None:
        return None
    described = [
        c.source for name, c in arm.runs[0].config.items() if name in ("model", "backbone")
    ]
    sources = tuple(source for places in found.values() for source in places) or tuple(described)
    return Census(
        counts={name: len(places) for name, places in found.items()},
        places={name: tuple(map(str, places)) for name, places in found.items()},
        sources=sources[:3],
        by="config",
        complete=True,
        settles=False,
    )


def _setting(run: Run, names: tuple[str, ...]) -> Cited[Scalar] | None:
    by_name = {without_section(key): cited for key, cited in run.other_config.items()}
    return next(
        (found[name] for name in names for found in (run.config, by_name) if name in found), None
    )


def _by_checkpoint(arm: Arm, kind: str) -> Census | None:
    """Read normalisation off the names and shapes of stored tensors.

    Norms without parameters leave no tensor, and norms folded into the layer before are gone: equal
    checkpoints settle nothing, and one without any norm does not show that the model had none.
    """
    if kind != "normalization" or not arm.runs:
        return None
    stored = [run.model.tensors if run.model else () for run in arm.runs]
    if not all(stored):
        return None
    found = [_stored_norms(tensors) for tensors in stored]
    if any(
        {n: len(p) for n, p in one.items()} != {n: len(p) for n, p in found[0].items()}
        for one in found
    ):
        return None
    model = arm.runs[0].model
    assert model is not None  # it holds tensors
    path = _checkpoint_path(model) or arm.runs[0].id
    first = next((places[0] for places in found[0].values()), stored[0][0].name)
    return Census(
        counts={name: len(places) for name, places in found[0].items()},
        places=found[0],
        sources=(Source(path=path, tensor=first),),
        by="checkpoint",
        complete=bool(found[0]),
        settles=False,
    )


def _checkpoint_path(model: ModelProfile) -> str | None:
    cited = [c.source for c in model.components if c.source.tensor]
    cited += [model.parameters.source] if model.parameters else []
    return cited[0].path if cited else None


def _stored_norms(tensors: tuple[Tensor, ...]) -> dict[str, tuple[str, ...]]:
    """Return norms by kind: those with running statistics, and other pairs of scale and shift."""
    shapes = {tensor.name: tensor.shape for tensor in tensors}
    running = [
        name.removesuffix(".running_mean") for name in shapes if name.endswith("running_mean")
    ]
    others = []
    for name, shape in shapes.items():
        layer = name.removesuffix(".weight")
        if layer == name or len(shape) != 1 or layer in running:
            continue
        shifted = shapes.get(f"{layer}.bias") == shape
        if shifted or NORM_NAME.search(layer):
            others.append(layer)
    found = {"batch-norm": tuple(running), OTHER_NORM: tuple(others)}
    return {name: places for name, places in found.items() if places}


def _by_execution(baseline: Arm, proposed: Arm, kind: str) -> tuple[Census | None, Census | None]:
    """Census the networks that both arms' code trains, where each can be followed whole.

    What a constructor makes and no pass uses is no part of a model. Equal networks settle nothing: options
    that the runs do not state are taken by their defaults.
    """
    return _executed(baseline, kind), _executed(proposed, kind)


def _executed(arm: Arm, kind: str) -> Census | None:
    networks = networks_of(arm)
    if not networks or arm.code is None or any(one.components is None for one in networks):
        return None
    components = [c for one in networks for c in one.components or ()]
    places: dict[str, tuple[str, ...]] = {}
    layers: dict[str, int] = {}
    for component in components:
        layers[component.kind] = layers.get(component.kind, 0) + len(component.where)
        if component.kind == kind:
            places[component.name] = places.get(component.name, ()) + component.where
    named = [place for found in places.values() for place in found[:2]] or [str(networks[0].source)]
    return Census(
        counts={name: len(found) for name, found in places.items()},
        places=places,
        sources=tuple(dict.fromkeys(map(_source, named)))[:5],
        by=RUN,
        complete=not any(kind in one.open_kinds for one in networks),
        settles=False,
        settings=arm.code.settings,
        undecided=arm.code.undecided,
        layers=layers.get("activation") or layers.get("normalization"),
        unmade=networks[0].name if networks[0].alone else "",
    )


def holds_none(arm: Arm, census: Census, names: Iterable[str]) -> bool:
    """Tell whether blocks stand in classes alone of which the network that an arm trains holds no object.

    False where the network, or some part of it, is not known.
    """
    networks = networks_of(arm) or ()
    parts = [one.made_of for one in networks if not one.alone and one.made_of is not None]
    if not networks or len(parts) < len(networks) or arm.code is None:
        return False
    defined = {one.name for _, tree in modules(arm.code) for one in nodes_of(tree, ast.ClassDef)}
    held = frozenset().union(*parts)
    owners = [_source(place).key or "" for name in names for place in census.places.get(name, ())]
    return bool(owners) and all(owner in defined - held for owner in owners)


def _source(place: str) -> Source:
    """Return a place written as `file:line Class` as a source."""
    found = re.fullmatch(r"(.+?):(\d+)(?: (.+))?", place)
    if found is None:
        return Source(path=place)
    return Source(path=found[1], line=int(found[2]), key=found[3])


def _by_code(
    baseline: CodeTree | None, proposed: CodeTree | None, kind: str
) -> tuple[Census | None, Census | None]:
    """Census two separate trees, or what each arm runs of one; one tree unchanged for both tells nothing.

    Trees that hold several models settle nothing by holding the same blocks, and neither does a tree in which
    a setting that differs between the arms still chooses.
    """
    if baseline is None or proposed is None or baseline == proposed:
        return None, None
    found = []
    for tree in (baseline, proposed):
        model = code_census(tree)
        if model is None:
            return None, None
        components = [c for c in model.components if c.kind == kind]
        sources = tuple(c.source for c in components) or (Source(path=tree.files[0].path),)
        found.append(
            Census(
                counts={c.name: len(c.where) for c in components},
                places={c.name: c.where for c in components},
                sources=sources[:5],
                by="code",
                complete=kind in model.observed_kinds,
                settles=decides_one_model(tree) and not tree.undecided,
                settings=tree.settings,
                undecided=tree.undecided,
                blocks=norm_blocks(tree) if kind == "normalization" else {},
                unmade=unmade_network(tree),
            )
        )
    return found[0], found[1]
