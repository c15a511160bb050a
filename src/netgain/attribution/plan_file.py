"""The plan of an attribution: two arms, the factors between them, and how to train one setting."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netgain.errors import UsageError

IDEA = "idea"
"""Name of the factor that is the method itself."""
DESIGNS = ("full", "half", "foldover")
"""Names that `design` accepts; left out, the number of factors decides."""
ENGINES = ("local",)
"""Engines that `[run] engine` accepts."""
DEFAULT_SEEDS = 5
DEFAULT_MAX_RUNS = 200

_ABSENT = object()
_KEYS: dict[str, tuple[str, ...]] = {
    "": ("plan", "baseline", "proposed", "factors", "run"),
    "plan": ("command", "callable", "evaluate", "evaluation_only", "metric", "higher_is_better"),
    "run": ("seeds", "target", "max_runs", "engine", "workers", "store", "design", "address"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionPlan:
    """Everything an attribution needs, checked."""

    baseline: dict[str, Any]
    """Settings of the baseline arm, JSON values."""
    proposed: dict[str, Any]
    """Settings of the proposed arm."""
    factors: dict[str, tuple[str, ...]]
    """Settings that switch together, by factor name; `idea` is the method and may be absent."""
    command: str | None = None
    """Command line that trains one setting, with {settings}, {seed} and {out}; run without a
    shell."""
    callable: str | None = None
    """`module:function` that trains one setting in a worker process."""
    evaluate: str | None = None
    """`module:function` that scores what the training returned, for evaluation-only factors."""
    evaluation_only: tuple[str, ...] = ()
    """Factors that need no training of their own: one training serves all their settings."""
    metric: str = "score"
    """Key of the score in what the training returns."""
    higher_is_better: bool = True
    """Direction of the metric; gains are positive when the proposed arm is better."""
    seeds: int | None = DEFAULT_SEEDS
    """Seed blocks; None where `target` decides."""
    target: float | None = None
    """Half-width every interval has to reach, in points."""
    max_runs: int | None = None
    """Most trainings that may be started; None for no limit."""
    engine: str = "local"
    """Where the trainings run."""
    workers: int = 1
    """Trainings at the same time, one thread each."""
    store: Path = Path("attribution.sqlite")
    """Results file, absolute once the plan is read from a file."""
    design: str | None = None
    """One of `DESIGNS`; None lets the number of factors decide."""
    folder: Path = Path()
    """Folder of the plan file: working folder of a command, import path of a callable."""

    def __post_init__(self) -> None:
        """Hold the rules that a plan file and a plan made in Python share."""
        _check_factors(self)
        _check_run(self)

    def configuration(self, on: Mapping[str, bool]) -> dict[str, Any]:
        """Return the settings with the given factors on, as proposed, and the rest as baseline."""
        settings = dict(self.baseline)
        for factor, names in self.factors.items():
            for name in names if on[factor] else ():
                settings.pop(name, None)
                if name in self.proposed:
                    settings[name] = self.proposed[name]
        return settings


def differing_settings(baseline: Mapping[str, Any], proposed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the settings in which two arms differ, in the order they are written in."""
    names = dict.fromkeys([*baseline, *proposed])
    return tuple(n for n in names if baseline.get(n, _ABSENT) != proposed.get(n, _ABSENT))


def load_plan(path: Path) -> AttributionPlan:
    """Read and check a plan file.

    Raises:
        UsageError: the file is missing or no TOML, a key is unknown, a value has the wrong type, or
            the factors do not account for every setting that differs.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); write one with `netgain plan`"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file ({error}); expected a plan file") from error
    try:
        return _from_tables(content, path.resolve().parent)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _from_tables(content: dict[str, Any], folder: Path) -> AttributionPlan:
    _only_known(content, "")
    tables = {name: _table(content, name) for name in _KEYS[""]}
    plan, run = tables["plan"], tables["run"]
    _only_known(plan, "plan")
    _only_known(run, "run")
    for arm in ("baseline", "proposed"):
        if arm not in content:
            raise UsageError(f"[{arm}] is missing; expected a table with the settings of that arm")
        for key, value in tables[arm].items():
            _require_json(f"[{arm}] {key}", value)
    if "factors" in content:
        factors = {n: _names(f"[factors] {n}", value) for n, value in tables["factors"].items()}
    else:
        factors = {n: (n,) for n in differing_settings(tables["baseline"], tables["proposed"])}
    target = _number(run, "target")
    seeds = _integer(run, "seeds")
    return AttributionPlan(
        baseline=tables["baseline"],
        proposed=tables["proposed"],
        factors=factors,
        command=_text(plan, "command"),
        callable=_text(plan, "callable"),
        evaluate=_text(plan, "evaluate"),
        evaluation_only=_names("[plan] evaluation_only", plan.get("evaluation_only", [])),
        metric=_text(plan, "metric") or "score",
        higher_is_better=_flag(plan, "higher_is_better", default=True),
        seeds=seeds if seeds is not None or target is not None else DEFAULT_SEEDS,
        target=target,
        max_runs=_integer(run, "max_runs"),
        engine=_text(run, "engine") or "local",
        workers=_integer(run, "workers") or 1,
        store=folder / (_text(run, "store") or "attribution.sqlite"),
        design=_text(run, "design"),
        folder=folder,
    )


def _check_factors(plan: AttributionPlan) -> None:
    """Check that the factors partition the settings that differ."""
    differing = differing_settings(plan.baseline, plan.proposed)
    if not differing:
        raise UsageError("[baseline] and [proposed] are equal; there is no gain to split")
    owner: dict[str, str] = {}
    for factor, names in plan.factors.items():
        if not names and factor != IDEA:
            raise UsageError(f"[factors] {factor} is empty; name its settings, or leave it out")
        for name in names:
            if name in owner:
                raise UsageError(
                    f"[factors] setting {name!r} is in {owner[name]} and in {factor}; each setting "
                    "belongs to one factor"
                )
            if name not in differing:
                known = name in plan.baseline or name in plan.proposed
                why = "is equal in both arms" if known else "is in neither arm"
                raise UsageError(
                    f"[factors] {factor} names {name!r}, which {why}; settings that differ: "
                    f"{', '.join(differing)}"
                )
            owner[name] = factor
    if missing := [name for name in differing if name not in owner]:
        raise UsageError(
            f"[factors] leaves out {', '.join(missing)}, which differ between the arms; add each "
            f"to a "
            "factor, or make it equal in [baseline] and [proposed]"
        )
    for factor in plan.evaluation_only:
        if factor not in plan.factors:
            raise UsageError(
                f"[plan] evaluation_only names {factor!r}; factors are {', '.join(plan.factors)}"
            )


def _check_run(plan: AttributionPlan) -> None:
    """Check the numbers and names of how to run."""
    if plan.command is not None and plan.callable is not None:
        raise UsageError("[plan] has both command and callable; keep the one that trains")
    if plan.command is not None and (
        missing := [p for p in ("{settings}", "{seed}", "{out}") if p not in plan.command]
    ):
        raise UsageError(
            f"[plan] command = {plan.command!r} lacks {', '.join(missing)}; expected {{settings}} "
            f"(path "
            "of a JSON file), {seed} and {out} (path the score is written to)"
        )
    for key in ("callable", "evaluate"):
        value = getattr(plan, key)
        if value is not None and not all(value.partition(":")[::2]):
            raise UsageError(f"[plan] {key} = {value!r}; expected module:function")
    if plan.evaluation_only and plan.evaluate is None:
        raise UsageError('[plan] evaluation_only needs evaluate = "module:function"')
    if plan.evaluate is not None and plan.command is not None:
        raise UsageError(
            "[plan] evaluate goes with callable; a command has no artifact to hand over"
        )
    if plan.seeds is not None and plan.target is not None:
        raise UsageError(
            "[run] has both seeds and target; keep one: a fixed number, or a half-width"
        )
    for key in ("seeds", "max_runs", "workers"):
        value = getattr(plan, key)
        if value is not None and value < 1:
            raise UsageError(f"[run] {key} = {value}; expected a whole number of at least 1")
    if plan.target is not None and plan.target <= 0:
        raise UsageError(f"[run] target = {plan.target}; expected a half-width above 0, in points")
    if plan.engine not in ENGINES:
        raise UsageError(f"[run] engine = {plan.engine!r}; expected one of {', '.join(ENGINES)}")
    if plan.design is not None and plan.design not in DESIGNS:
        raise UsageError(f"design = {plan.design!r}; expected one of {', '.join(DESIGNS)}")


def _only_known(table: dict[str, Any], name: str) -> None:
    for key in table:
        if key not in _KEYS[name]:
            close = difflib.get_close_matches(key, _KEYS[name], n=1)
            hint = f"did you mean {close[0]}?" if close else f"expected {', '.join(_KEYS[name])}"
            place = f"[{name}] has no key" if name else "no such table:"
            raise UsageError(f"{place} {key!r}; {hint}")


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name, {})
    if not isinstance(value, dict):
        raise UsageError(f"{name} = {value!r}; expected a table [{name}]")
    return value


def _names(place: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f'{place} = {value!r}; expected a list of names, e.g. ["batch_size"]')
    return tuple(value)


def _text(table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise UsageError(f"{key} = {value!r}; expected a text in quotes")
    return value


def _integer(table: dict[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise UsageError(f"[run] {key} = {value!r}; expected a whole number of at least 1")
    return value


def _number(table: dict[str, Any], key: str) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"[run] {key} = {value!r}; expected a number")
    return float(value)


def _flag(table: dict[str, Any], key: str, *, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"[plan] {key} = {value!r}; expected true or false")
    return value


def _require_json(place: str, value: object) -> None:
    """Refuse what JSON cannot hold: dates, NaN and infinities."""
    if isinstance(value, dict):
        for key, item in value.items():
            _require_json(f"{place}.{key}", item)
    elif isinstance(value, list):
        for item in value:
            _require_json(place, item)
    elif not isinstance(value, str | int | float) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise UsageError(
            f"{place} = {value}; expected a JSON value: text, finite number, true, false"
        )
