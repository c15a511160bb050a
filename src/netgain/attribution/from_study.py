"""A first plan file from an audit: the settings that differ, grouped by practice."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from netgain.attribution.plan_writer import write_plan
from netgain.errors import UsageError
from netgain.study import Arm, Scalar, Study

GROUPS: dict[str, tuple[str, ...]] = {
    "NG101": ("batch_size", "batch_size_per_device", "devices", "gradient_accumulation"),
    "NG102": ("epochs", "max_steps"),
    "NG103": ("repeats", "views"),
    "NG108": ("ema_decay", "ema", "swa", "ensemble", "test_time_augmentation"),
    "NG201": ("schedule", "warmup_steps", "warmup_epochs", "warmup_ratio"),
    "NG202": ("learning_rate", "weight_decay", "momentum", "optimizer"),
    "NG301": ("activation",),
    "NG302": ("attention",),
    "NG305": ("normalization",),
}
"""Canonical settings by the practice they belong to."""

NOT_FACTORS = frozenset(
    {"seed", "data_seed", "dataset", "wall_seconds", "n_test", "selection", "precision"}
)
"""Settings that are no part of what was done differently."""


def plan_text(study: Study) -> str:
    """Return a plan file in which each differing setting stands under its practice.

    Settings nobody's practice claims go to the idea. The command is a placeholder that the user replaces.

    Raises:
        UsageError: no setting is known in both arms, or none differs.
    """
    first, second = settings_of(study.baseline), settings_of(study.proposed)
    if not first or not second:
        raise UsageError(
            "no plan can be written: neither config nor command line of both arms was found; "
            "`netgain read` shows what was"
        )
    names = [
        name
        for name in sorted(first.keys() | second.keys())
        if name not in NOT_FACTORS and first.get(name) != second.get(name)
    ]
    if not names:
        raise UsageError("no plan can be written: the settings of both arms are equal")
    factors: dict[str, list[str]] = defaultdict(list)
    for name in names:
        code = next((code for code, settings in GROUPS.items() if name in settings), "idea")
        factors[code].append(name)
    return write_plan(
        baseline={name: first.get(name) for name in names},
        proposed={name: second.get(name) for name in names},
        factors={code: tuple(settings) for code, settings in factors.items()},
    )


def settings_of(arm: Arm) -> dict[str, Scalar]:
    """Return the configured settings all runs of an arm agree on, by canonical name."""
    agreed: dict[str, Any] = {}
    for name in {name for run in arm.runs for name in run.config}:
        values = [run.config[name].value for run in arm.runs if name in run.config]
        measured = any(
            run.config[name].strength == "measured" for run in arm.runs if name in run.config
        )
        if not measured and len(set(map(repr, values))) == 1:
            agreed[name] = values[0]
    return agreed
