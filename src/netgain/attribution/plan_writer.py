"""Write a first plan file, for the user to complete."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from netgain.attribution.plan_file import differing_settings

COMMAND = "python train.py --config {settings} --seed {seed} --out {out}"
"""The command written where nobody knows how the project trains."""


def write_plan(
    baseline: Mapping[str, Any],
    proposed: Mapping[str, Any],
    factors: Mapping[str, Sequence[str]],
    *,
    command: str = COMMAND,
    metric: str = "score",
    higher_is_better: bool = True,
) -> str:
    """Return the text of a plan file for two arms.

    Args:
        baseline: Settings of the baseline arm. A None is written as a comment: TOML has no null.
        proposed: Settings of the proposed arm.
        factors: Settings by factor, `idea` included; differing settings that no factor names become
            factors of their own, so that the file is valid as written.
        command: How one setting is trained.
        metric: Key of the score in what the training writes.
        higher_is_better: Direction of the metric.
    """
    named = {name for names in factors.values() for name in names}
    complete = {factor: list(names) for factor, names in factors.items()}
    complete.setdefault("idea", [])
    kept = [{k: v for k, v in arm.items() if v is not None} for arm in (baseline, proposed)]
    for name in differing_settings(*kept):
        if name not in named:
            complete[name] = [name]
    lines = [
        "# Splits the gain between the practices and the idea: netgain attribute plan.toml",
        "[plan]",
        "# {settings}: path of a JSON file with the settings; the command writes",
        f"# {{{json.dumps(metric)}: 91.3}} as JSON to the path {{out}}.",
        f"command = {toml_value(command)}",
        f"metric = {toml_value(metric)}",
        f"higher_is_better = {toml_value(higher_is_better)}",
        "",
        "[baseline]",
        *_assignments(baseline),
        "",
        "[proposed]",
        *_assignments(proposed),
        "",
        "[factors]  # settings that switch together; idea is the method itself",
        *(f"{_key(factor)} = {toml_value(names)}" for factor, names in complete.items()),
        "",
        "[run]",
        "seeds = 5",
        "workers = 1",
        'store = "attribution.sqlite"',
    ]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """Return a JSON value as TOML.

    Raises:
        TypeError: the value is none that TOML can hold.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return re.sub(r"[\x7f-\x9f\ud800-\udfff]", lambda m: _escaped(m.group()), text)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        items = (f"{_key(str(k))} = {toml_value(v)}" for k, v in value.items() if v is not None)
        return "{" + ", ".join(items) + "}"
    raise TypeError(f"{value!r} cannot be written as TOML")


def _assignments(settings: Mapping[str, Any]) -> list[str]:
    return [
        f"# {_key(name)}: null" if value is None else f"{_key(name)} = {toml_value(value)}"
        for name, value in settings.items()
    ]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def _escaped(character: str) -> str:
    code = ord(character)
    return "\\uFFFD" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04X}"
