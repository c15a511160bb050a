"""Blocks that OpenMMLab configs put into a model by type: `plugins=[dict(cfg=dict(type="CBAM"))]`."""

from __future__ import annotations

import re

from netgain.study import Arm, Cited, Run, Scalar, Source

PLUGIN = re.compile(r"(?:^|\.)plugins\.\d+\.(?:cfg\.)?type$")
"""Keys of the blocks that are put behind the layers of a backbone or neck."""
SWITCHED = {
    re.compile(r"(?:^|\.)se_cfg\.\w+$"): "squeeze-excite",
    re.compile(r"(?:^|\.)gcb\.\w+$"): "global-context",
    re.compile(r"(?:^|\.)gen_attention\.\w+$"): "dot-product-attention",
}
"""Keys of arguments that put attention in whatever they hold."""
MODEL = re.compile(r"(?:^|\.)model\.(?:backbone\.|encoder\.)?type$")
"""Keys by which a config describes the whole model."""
ATTENTION_TYPES = {
    "cbam": "cbam", "selayer": "squeeze-excite", "se": "squeeze-excite", "semodule": "squeeze-excite",
    "ecalayer": "efficient-channel-attention", "eca": "efficient-channel-attention",
    "nonlocal1d": "non-local", "nonlocal2d": "non-local", "nonlocal3d": "non-local",
    "contextblock": "global-context", "generalizedattention": "dot-product-attention",
    "coordatt": "coordinate-attention",
}  # fmt: skip
"""Types in lower case, to the names of the field."""
ATTENTION_WORD = re.compile(
    r"att(?:n|ention)|cbam|^bam$|non_?local|squeeze|excit|simam", re.IGNORECASE
)
Places = dict[str, tuple[Source, ...]]


def attention_in_configs(arm: Arm) -> Places | None:
    """Return the attention that the configs of an arm put into its model, with its places.

    None where a run's config does not describe the model by types, or the runs differ. What a library's
    backbone holds by itself is not among it.
    """
    found = [_of_run(run) for run in arm.runs]
    if not found or any(one is None for one in found):
        return None
    known = [one for one in found if one is not None]
    counts = [{name: len(places) for name, places in one.items()} for one in known]
    return known[0] if all(one == counts[0] for one in counts) else None


def _of_run(run: Run) -> Places | None:
    written = [
        (cited.source.key or name, cited)
        for name, cited in {**run.config, **run.other_config}.items()
    ]
    if not any(MODEL.search(key) for key, _ in written):
        return None
    found: dict[str, tuple[Source, ...]] = {}
    switched: set[tuple[str, str]] = set()
    for key, cited in written:
        name = _named(key, cited)
        if name is None:
            continue
        block = (name, key.rpartition(".")[0])
        if block not in switched:
            switched.add(block)
            found[name] = (*found.get(name, ()), cited.source)
    return found


def _named(key: str, cited: Cited[Scalar]) -> str | None:
    if PLUGIN.search(key) and isinstance(cited.value, str):
        kind = cited.value.rpartition(".")[2]
        plain = re.sub(r"[^a-z0-9]", "", kind.lower())
        return ATTENTION_TYPES.get(plain, plain if ATTENTION_WORD.search(kind) else None)
    return next((name for pattern, name in SWITCHED.items() if pattern.search(key)), None)
