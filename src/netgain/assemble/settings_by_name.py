"""Configurations kept by name, as `{"ant": {"lr": 5e-5}, ...}` or `[{"name": "ant", ...}]`: a run's own."""

from __future__ import annotations

from collections import defaultdict

from netgain.assemble.evidence import CODE
from netgain.assemble.scripts_of_runs import RunNames, is_called, told_by
from netgain.readers.base import RunFacts, Setting
from netgain.study import Cited, Scalar
from netgain.vocabulary import canonical_setting

OF_AGENTS = frozenset({"clip_range", "clip_ratio", "gae_lambda", "ent_coef", "vf_coef"})
"""Entries of agents that learn from rollouts."""
OF_ROLLOUTS = frozenset({"n_epochs", "n_steps", "num_steps", "nsteps"})
"""What such an agent does with one rollout: passes over it, and its length."""
WHOLE_NAME = 100
"""How plainly a configuration names a run that is called like it; `told_by` counts up to here."""


def settings_by_name(bundle: list[RunFacts], names: RunNames) -> dict[str, Cited[Scalar]]:
    """Return by canonical name what is held under a name that is the run's.

    Nothing is given where two of them fit equally well and differ, or where none fits.
    """
    found: dict[str, list[tuple[int, Setting]]] = defaultdict(list)
    for fact in bundle:
        if fact.dialect != CODE or (fact.name and not is_called(fact.name, names)):
            continue
        agents = {
            parents
            for setting in fact.settings
            for parents, _, last in (setting.key.rpartition("."),)
            if last in OF_AGENTS
        }
        for setting in fact.settings:
            parents, _, last = setting.key.rpartition(".")
            if (last in OF_ROLLOUTS and parents in agents) or not (parents or fact.name):
                continue
            name = canonical_setting(setting.key, CODE, value=setting.value)
            if name is not None and setting.value is not None:
                score = WHOLE_NAME if fact.name else told_by(parents.split("."), names)
                found[name].append((score, setting))
    return {name: cited for name, held in found.items() if (cited := _told(held)) is not None}


def _told(held: list[tuple[int, Setting]]) -> Cited[Scalar] | None:
    best = max(score for score, _ in held)
    told = [setting for score, setting in held if score == best]
    if best == 0 or len({repr(setting.value) for setting in told}) > 1:
        return None
    return Cited(value=told[0].value, source=told[0].source, confidence="likely")


def is_of_rollouts(setting: Setting, fact: RunFacts) -> bool:
    """Tell whether a setting is the length of one rollout, or the passes over it, and not of the training."""
    parents, dot, last = setting.key.rpartition(".")
    if last not in OF_ROLLOUTS:
        return False
    beside = {*(one.key for one in fact.settings), *(one.key for one in fact.finals)}
    return any(f"{parents}{dot}{name}" in beside for name in OF_AGENTS)
