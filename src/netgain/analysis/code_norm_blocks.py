"""How many normalisation layers each block of a model holds beside how many layers that are learned."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from netgain.analysis.code_regions import model_regions
from netgain.analysis.code_structure import normalizations
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, nodes_of, place
from netgain.study import CodeTree

LAYER = re.compile(
    r"(?:Lazy)?(?:Depthwise|Separable)?Conv(?:Transpose)?\d[dD](?:Transpose)?|(?:Lazy)?Linear|Dense|"
    r"conv(?:_transpose)?\dd|conv\dx\d|linear"
)
"""Calls that make a layer with weights, or use one."""


REPEATS: tuple[type[ast.AST], ...] = (
    ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.Lambda, ast.If, ast.IfExp
)  # fmt: skip
"""Statements and expressions by which a call may make several layers, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One class or function of a model."""

    norms: Mapping[str, tuple[str, ...]]
    """Places of its norms, by kind."""
    layers: int
    """Layers with weights that it makes."""
    counted: bool = False
    """Whether each call that makes a layer or a norm is run once, so that the counts are the model's."""


@remembered
def norm_blocks(tree: CodeTree) -> Mapping[str, Block]:
    """Return the blocks of a tree by name; of two that share a name neither is among them."""
    found: dict[str, Block] = {}
    seen: Counter[str] = Counter()
    for file, region, is_class in model_regions(tree):
        name = getattr(region, "name", "")
        if not name:
            continue
        seen[name] += 1
        norms: dict[str, list[str]] = {}
        for kind, node in normalizations(region, functional=is_class).found:
            norms.setdefault(kind, []).append(str(place(file, node, name)))
        found[name] = Block(
            norms={kind: tuple(places) for kind, places in norms.items()},
            layers=_layers(region),
            counted=not any(nodes_of(region, kind) for kind in REPEATS),
        )
    return {name: block for name, block in found.items() if seen[name] == 1}


def _layers(region: ast.AST) -> int:
    return sum(
        LAYER.fullmatch(last_name(call)) is not None and not isinstance(call.func, ast.Call)
        for call in calls_in(region)
    )


def added_norms(
    baseline: Mapping[str, Block], proposed: Mapping[str, Block]
) -> Mapping[str, tuple[str, ...]]:
    """Return the places of norms that a block has and its counterpart in the baseline lacks, by kind.

    The counterpart of a block is that of its name, else the one block without a namesake that makes as many
    layers. A block that makes more layers than its counterpart may hold more norms.
    """
    ours = {
        name: block for name, block in proposed.items() if name not in baseline and block.layers
    }
    theirs = [block for name, block in baseline.items() if name not in proposed and block.layers]
    pairs = [(baseline[name], block) for name, block in proposed.items() if name in baseline]
    for block in ours.values():
        alike = [other for other in theirs if other.layers == block.layers]
        rivals = [other for other in ours.values() if other.layers == block.layers]
        if len(alike) == 1 == len(rivals):
            pairs.append((alike[0], block))
    found: dict[str, tuple[str, ...]] = {}
    for before, after in pairs:
        for kind, places in after.norms.items():
            more = len(places) - len(before.norms.get(kind, ()))
            fewer = sum(map(len, after.norms.values())) <= sum(map(len, before.norms.values()))
            if more > 0 and not fewer and after.layers <= before.layers:
                found[kind] = (*found.get(kind, ()), *places[-more:])
    return found


def norms_at_shared_layers(
    baseline: Mapping[str, Block], proposed: Mapping[str, Block]
) -> Mapping[str, tuple[str, ...]]:
    """Return norms of one proposed model that cannot all stand behind the layers which only it has, by kind.

    Only where each model is one block that makes every layer once: with n more norms than the baseline and
    fewer than n more layers, some norms stand where the baseline has a layer without one.
    """
    before = [block for block in baseline.values() if block.layers or block.norms]
    after = [block for block in proposed.values() if block.layers or block.norms]
    if len(before) != 1 or len(after) != 1 or not (before[0].counted and after[0].counted):
        return {}
    old, new = before[0], after[0]
    more = sum(map(len, new.norms.values())) - sum(map(len, old.norms.values()))
    surplus = more - max(new.layers - old.layers, 0)
    bare = old.layers - sum(map(len, old.norms.values()))
    if surplus <= 0 or bare <= 0 or old.norms.keys() != new.norms.keys() or len(new.norms) != 1:
        return {}
    return {kind: places[-surplus:] for kind, places in new.norms.items()}


def added_layers(baseline: Mapping[str, Block], proposed: Mapping[str, Block]) -> int:
    """Return how many layers the blocks of the proposed model make more than those of the baseline."""
    return sum(b.layers for b in proposed.values()) - sum(b.layers for b in baseline.values())
