"""Both arms' networks as their code makes them, with parameters and operations of a forward pass."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import lru_cache

from netgain.analysis.idle_code import BESIDE
from netgain.analysis.symbolic.networks import NetworkCost, configured, trained_costs
from netgain.analysis.syntax import last_name, modules, nodes_of
from netgain.practices._cost import same_input
from netgain.study import Arm, CodeTree, Scalar, Study

LONGEST_LIST = 400
SMALLEST_SIZE = 8
"""A smaller number is an interpolation or a margin."""
RESIZES = re.compile(r"[Rr]esize|(?:\w+_)?resize|\w*Crop|\w*_crop|imresize|thumbnail")
"""Calls that decide on the size of samples."""
OF_SAMPLES = re.compile(
    r"resiz\w*|(?:img|image|input|crop|patch|window|target)_?(?:size|shape|height|width|len(?:gth)?)|"
    r"(?:max_)?seq_?len(?:gth)?|downsampl\w*|sample_?rate|segment_length|half_size|input_shape"
)
"""Arguments that say how large samples are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedNetworks:
    """One network of each arm, counted from its code."""

    baseline: NetworkCost
    """The baseline's, of which nothing is left out."""
    proposed: NetworkCost
    """The proposed arm's, of which something may be left out."""
    ratio: float
    """Proposed over baseline operations, at the input where it is smallest; at least that where something of
    the proposed network is left out."""
    largest: float
    """The same at the input where it is largest."""
    shape: tuple[int, ...]
    """Shape of a sample at which the ratio is smallest."""

    @property
    def operations(self) -> tuple[float, float]:
        """Return multiply-accumulates of a forward pass of one sample of that shape, baseline first."""
        if self.baseline.states_input and self.proposed.states_input:
            return self.baseline.operations[0][1], self.proposed.operations[0][1]
        mine, theirs = dict(self.baseline.operations), dict(self.proposed.operations)
        return mine[self.shape], theirs[self.shape]

    @property
    def whole(self) -> bool:
        """Tell whether nothing of the proposed network is left out."""
        return not self.proposed.left_out


def counted_networks(study: Study) -> CountedNetworks | None:
    """Count the networks that both arms' code trains, None where it leaves them or their inputs open."""
    arms = (study.baseline, study.proposed)
    if same_input(study) is False or any(arm.code is None for arm in arms):
        return None
    costs = [networks_of(arm) for arm in arms]
    if not costs[0] or not costs[1] or len(costs[0]) > 1 or len(costs[1]) > 1:
        return None
    first, second = costs[0][0], costs[1][0]
    if first.left_out:
        return None
    if first.states_input and second.states_input:
        return _at_own_inputs(first, second)
    if len({_sizes_asked_for(arm.code) for arm in arms if arm.code is not None}) > 1:
        return None
    mine, theirs = dict(first.operations), dict(second.operations)
    ratios = {
        shape: theirs[shape] / mine[shape]
        for shape in mine.keys() & theirs.keys()
        if mine[shape] > 0
    }
    if not ratios:
        return None
    shape = min(ratios, key=lambda one: (ratios[one], one))
    return CountedNetworks(
        baseline=first,
        proposed=second,
        ratio=ratios[shape],
        largest=max(ratios.values()),
        shape=shape,
    )


def _at_own_inputs(first: NetworkCost, second: NetworkCost) -> CountedNetworks | None:
    """Compare two networks each of which says what it is given."""
    mine, theirs = first.operations[0][1], second.operations[0][1]
    if mine <= 0:
        return None
    return CountedNetworks(
        baseline=first,
        proposed=second,
        ratio=theirs / mine,
        largest=theirs / mine,
        shape=second.operations[0][0],
    )


def _sizes_asked_for(tree: CodeTree) -> frozenset[tuple[str, str]]:
    """Return what code says of the size of samples: calls that resize or crop, arguments of such names."""
    found: set[tuple[str, str]] = set()
    for _, module in modules(tree):
        for call in nodes_of(module, ast.Call):
            name = last_name(call)
            if RESIZES.fullmatch(name) and not _pads(call):
                found |= {("size", text) for one in call.args[:2] for text in _numbers(one)}
            found |= {
                (keyword.arg, ast.unparse(keyword.value)[:LONGEST_LIST])
                for keyword in call.keywords
                if keyword.arg and OF_SAMPLES.fullmatch(keyword.arg)
            }
    return frozenset(found)


def _pads(call: ast.Call) -> bool:
    """Tell whether a crop pads first, as one that moves an image by some positions and keeps its size."""
    return len(call.args) > 1 or any(keyword.arg == "padding" for keyword in call.keywords)


def _numbers(node: ast.expr) -> set[str]:
    return {
        str(one.value)
        for one in nodes_of(node, ast.Constant)
        if type(one.value) is int and one.value >= SMALLEST_SIZE
    }


def networks_of(arm: Arm) -> tuple[NetworkCost, ...] | None:
    """Return the networks that an arm's code trains under the arm's settings, None where that is open.

    A discriminator, critic or teacher beside the model is left behind with the training, and none of them.
    """
    if arm.code is None:
        return None
    found = _followed(arm.code, json.dumps(_stated(arm), sort_keys=True))
    kept = tuple(one for one in found or () if not BESIDE.search(one.name))
    return kept or found


@lru_cache(maxsize=4)
def _followed(tree: CodeTree, settings: str) -> tuple[NetworkCost, ...] | None:
    return trained_costs(tree, configured(json.loads(settings)))


def _stated(arm: Arm) -> dict[str, object]:
    """Return the settings on which all runs of an arm agree, by key as their files spell it."""
    each = [
        {
            cited.source.key or name: cited.value
            for name, cited in {**run.other_config, **run.config}.items()
        }
        for run in arm.runs
    ]
    if not each:
        return {}
    return {
        key: _whole(value)
        for key, value in each[0].items()
        if value is not None and all(key in other and other[key] == value for other in each[1:])
    }


def _whole(value: Scalar) -> object:
    """Return a list that stands in a setting as text as a list."""
    if isinstance(value, str) and value.startswith("[") and len(value) < LONGEST_LIST:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
