"""Facts of many files to runs: which files are one run, and what its settings and scores are called."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePath

from netgain.assemble.budget import budget_of
from netgain.assemble.bundles import (
    CODE,
    bundles,
    group_name,
    has_outcome,
    is_script,
    path_of,
    seed_in_name,
)
from netgain.assemble.counted import (
    SUMMARY,
    without_launches,
    without_recipes,
    without_second_records,
    without_summaries,
)
from netgain.assemble.names import settings_in_name
from netgain.assemble.stages import agreed
from netgain.assemble.units import BATCH_NAMES, converted, in_samples, same_score
from netgain.readers.base import RunFacts, Series, Setting
from netgain.study import (
    STRENGTHS,
    Cited,
    Component,
    Curve,
    ModelProfile,
    Run,
    Scalar,
    Source,
    Unread,
)
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    is_housekeeping,
)

ENVIRONMENT_KEYS = frozenset(
    {"device", "device_count", "hostname", "torch", "cuda", "python", "platform", "cpu", "gpu",
     "threads", "numpy"}
)  # fmt: skip
"""Canonical settings that describe where a run ran, not what it did."""
SAME_THING = {
    "batch_size": frozenset((*BATCH_NAMES, "tokens_per_batch")),
    "learning_rate": frozenset(("learning_rate",)),
}
"""Settings beside which the parts of a run need not be asked."""
COUNTED_BY_READERS = re.compile(r"^(?:onnx|gguf|checkpoint)\.| at 0x[0-9a-fA-F]{6}")
"""Keys that a reader itself made of a model file, and names of objects in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSet:
    """The runs of some paths, with what did not become one."""

    runs: tuple[Run, ...]
    """Runs in path order."""
    excluded: tuple[Unread, ...]
    """Runs left out, each with its reason."""
    unknown: tuple[Setting, ...]
    """Settings whose key no vocabulary knows."""
    summaries: tuple[Run, ...] = ()
    """Scores that files above the folders of runs report of them."""


def build_runs(facts: Iterable[RunFacts], taught: Mapping[str, str]) -> RunSet:
    """Merge facts into runs.

    Args:
        facts: what the readers found under one arm's paths.
        taught: raw key to canonical name, from `[vocabulary]` in netgain.toml.
    """
    runs: list[Run] = []
    excluded: list[Unread] = []
    unknown: list[Setting] = []
    defaults = _CodeDefaults(taught)
    for run_id, bundle in bundles(list(facts)).items():
        refusal = _refusal(bundle) or _nothing_in(bundle)
        if refusal:
            excluded.append(Unread(path=run_id, why=refusal))
            continue
        run, not_known = _build_run(run_id, bundle, taught, defaults)
        runs.append(run)
        unknown.extend(not_known)
    trained, recipes = without_recipes(runs)
    trained, summaries = without_summaries(trained)
    trained, launches = without_launches(trained)
    kept, duplicates = without_second_records(trained)
    return RunSet(
        runs=kept,
        excluded=(
            *excluded,
            *recipes,
            *(Unread(path=summary.id, why=SUMMARY) for summary in summaries),
            *launches,
            *duplicates,
        ),
        unknown=tuple(unknown),
        summaries=tuple(summaries),
    )


def _refusal(bundle: list[RunFacts]) -> str | None:
    for fact in bundle:
        place = f" ({fact.status_source})" if fact.status_source else ""
        if fact.status in ("failed", "deleted"):
            return f"run is recorded as {fact.status}{place}; it is not counted as evidence"
        if fact.status == "running":
            return (
                f"run has no record of its end{place}; unfinished runs are not counted as evidence"
            )
    return None


def _nothing_in(bundle: list[RunFacts]) -> str | None:
    if any(f.settings or f.series or f.finals or f.model for f in bundle):
        return None
    return "run folder holds neither settings nor metrics; nothing to count"


def _build_run(
    run_id: str, bundle: list[RunFacts], taught: Mapping[str, str], defaults: _CodeDefaults
) -> tuple[Run, list[Setting]]:
    readings: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    other: dict[str, Cited[Scalar]] = {}
    unknown: list[Setting] = []
    for fact in _agreeing_scripts(fact for fact in bundle if fact.dialect != CODE):
        for setting in fact.settings:
            name = canonical_setting(setting.key, fact.dialect, taught, value=setting.value)
            value = _typed(setting.value)
            if name is not None:
                name, value = converted(name, value, setting.key)
            cited = Cited(
                value=value,
                source=setting.source,
                strength=setting.strength,
                confidence=setting.confidence,
            )
            if name is None:
                other.setdefault(setting.key, cited)
                if value is not None and not _is_known_otherwise(setting, fact.dialect):
                    unknown.append(setting)
            elif cited.value is not None or name not in readings:
                readings[name].append(cited)
    readings["seed"] = _seeds_of_the_run(readings["seed"], seed_in_name(run_id))
    merged = {
        name: strongest([reading for reading in found if reading.value is not None] or found)
        for name, found in readings.items()
        if found
    }
    named = _from_names(run_id, bundle)
    agreeing = {k: v for k, v in agreed(unknown).items() if not SAME_THING[k] & set(merged)}
    merged = in_samples({**named, **defaults.of(bundle), **agreeing, **merged})
    curves = tuple(_curves(bundle))
    config = {k: v for k, v in merged.items() if k not in ENVIRONMENT_KEYS}
    timm_like = any(fact.dialect == "timm" for fact in bundle)
    run = Run(
        id=run_id,
        group=group_name(run_id),
        seed=_seed(config, run_id, bundle),
        status="finished" if any(f.status == "finished" for f in bundle) else "unknown",
        config=config,
        other_config=other,
        budget=budget_of(config, curves, plain_batch_is_per_device=timm_like),
        curves=curves,
        finals=_finals(bundle),
        model=merge_models([fact.model for fact in bundle if fact.model]),
        inputs=tuple(distance for fact in bundle for distance in fact.inputs),
        environment={k: v for k, v in merged.items() if k in ENVIRONMENT_KEYS},
    )
    return run, unknown


def _seeds_of_the_run(readings: list[Cited[Scalar]], named: int | None) -> list[Cited[Scalar]]:
    """Return the readings of a run's own seed: `seeds` lists or counts those of all runs beside it."""
    plural = [r for r in readings if re.split(r"[./]", r.source.key or "")[-1].lower() == "seeds"]
    own = [reading for reading in readings if reading not in plural]
    alone = not own and named is None and all(isinstance(r.value, int) for r in plural)
    return plural if alone else own


def _agreeing_scripts(facts: Iterable[RunFacts]) -> Iterable[RunFacts]:
    """Yield the facts of a run; of several shell scripts that set an option differently none counts.

    Nothing says which of them started the run. The option was set all the same, so no default counts.
    """
    found = list(facts)
    values: dict[str, set[Scalar]] = defaultdict(set)
    for fact in filter(is_script, found):
        for setting in fact.settings:
            values[setting.key].add(setting.value)
    for fact in found:
        if is_script(fact):
            settings = tuple(
                setting if len(values[setting.key]) == 1 else replace(setting, value=None)
                for setting in fact.settings
            )
            yield replace(fact, settings=settings)
        else:
            yield fact


def _is_known_otherwise(setting: Setting, dialect: str) -> bool:
    """Tell whether a key without a canonical name needs no teaching.

    What netgain's own recorder counted is known by its raw key, and so is what concerns files and printing.
    """
    recorded = dialect == "flight" and setting.strength == "measured"
    of_a_file = COUNTED_BY_READERS.search(setting.key) is not None
    return recorded or of_a_file or is_housekeeping(setting.key)


def _from_names(run_id: str, bundle: list[RunFacts]) -> dict[str, Cited[Scalar]]:
    """Return what the names of a run's folder and files state, where nothing else says it."""
    path = path_of(bundle[0]) or run_id
    source = Source(path=path, key="file name")
    parts = PurePath(run_id.partition("#")[0]).parts[-2:]
    files = [
        PurePath(path_of(fact)).name for fact in bundle if path_of(fact) and fact.dialect != CODE
    ]
    stems = [file for file in files if len(set(files)) == 1 or PurePath(file).stem in parts]
    found: dict[str, Scalar] = {}
    for part in dict.fromkeys((*parts, *stems)):
        found |= settings_in_name(part)
    return {
        name: Cited(value=value, source=source, strength="stated", confidence="likely")
        for name, value in found.items()
    }


class _CodeDefaults:
    """What code states by default for the runs of one arm; many runs share the same code."""

    def __init__(self, taught: Mapping[str, str]) -> None:
        self.taught = taught
        self._stated: dict[tuple[int, ...], dict[str, Cited[Scalar]]] = {}
        """By identity of the facts, which live as long as the arm is built."""

    def of(self, bundle: list[RunFacts]) -> dict[str, Cited[Scalar]]:
        """Return the settings that code states by default; where two files differ, neither counts.

        Code that bears the name of a run's log (`baseline.py` beside `baseline.out`) is the code of that run.
        """
        code = [fact for fact in bundle if fact.dialect == CODE]
        if not code:
            return {}
        logs = {
            _stem(path_of(fact)) for fact in bundle if fact.dialect != CODE and has_outcome(fact)
        }
        chosen = [fact for fact in code if _stem(path_of(fact)) in logs] or code
        key = tuple(map(id, chosen))
        if key not in self._stated:
            self._stated[key] = _stated_by(chosen, self.taught)
        return self._stated[key]


@lru_cache(maxsize=8192)
def _stem(path: str) -> str:
    return PurePath(path).stem


def _stated_by(code: list[RunFacts], taught: Mapping[str, str]) -> dict[str, Cited[Scalar]]:
    found: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    for fact in code:
        for setting in fact.settings:
            name = canonical_setting(setting.key, CODE, taught, value=setting.value)
            blank = setting.value in (None, "", "[]", "{}") or "?" in str(setting.value)
            unset = isinstance(setting.value, (int, float)) and setting.value < 0
            if name is not None and not blank and not unset:
                name, value = converted(name, _typed(setting.value), setting.key)
                found[name].append(Cited(value=value, source=setting.source))
    return {
        name: cited[0]
        for name, cited in found.items()
        if all(same_value(other.value, cited[0].value) for other in cited[1:])
    }


def strongest(
    readings: list[Cited[Scalar]], same: Callable[[Scalar, Scalar], bool] | None = None
) -> Cited[Scalar]:
    """Return the strongest reading and keep those that say something else, by `same_value` if left out.

    Ties go to the earlier reading: a run's own files come before those of a folder above it.
    """
    ordered = sorted(readings, key=lambda r: (STRENGTHS.index(r.strength), r.confidence != "sure"))
    best = ordered[0]
    alike = same or same_value
    others = tuple(r for r in ordered[1:] if not alike(r.value, best.value))
    return replace(best, disagreeing=others)


def same_value(first: Scalar, second: Scalar) -> bool:
    """Tell whether two written values mean the same: numbers within 1e-9, text without case."""
    numbers = (int, float)
    if isinstance(first, numbers) and isinstance(second, numbers):
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-15)
    return str(first).strip().lower() == str(second).strip().lower()


def _typed(value: Scalar) -> Scalar:
    """Read numbers and booleans that a store kept as text."""
    if not isinstance(value, str) or len(value) > 40:
        return value
    text = value.strip()
    if text.lower() in ("none", "null", "nan", "~", ""):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?\d{1,15}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text):
        return float(text)
    return value


def _seed(
    config: dict[str, Cited[Scalar]], run_id: str, bundle: list[RunFacts]
) -> Cited[int] | None:
    stated = config.get("seed")
    if stated is not None and isinstance(stated.value, (int, float)):
        value = stated.value
        if isinstance(value, int) or value.is_integer():
            others = tuple(
                Cited(value=int(o.value), source=o.source, strength=o.strength)
                for o in stated.disagreeing
                if isinstance(o.value, int)
            )
            return Cited(
                value=int(value), source=stated.source, strength=stated.strength, disagreeing=others
            )
    named = seed_in_name(run_id)
    if named is None:
        return None
    path = path_of(bundle[0]) or run_id
    return Cited(value=named, source=Source(path=path, key="file name"), strength="stated")


def _curves(bundle: list[RunFacts]) -> Iterable[Curve]:
    """Yield each logged quantity once; pieces a resumed training left in several files are joined."""
    pieces: dict[tuple[str, str], list[tuple[Series, str]]] = defaultdict(list)
    for fact in bundle:
        for series in fact.series:
            if series.values:
                pieces[series.key, series.unit].append((series, fact.dialect))
    for found in pieces.values():
        for series, dialect in _joined(found):
            metric = canonical_metric(series.key, dialect)
            yield Curve(
                name=metric.name,
                key=series.key,
                split=metric.split,
                unit=series.unit,
                steps=series.steps,
                values=series.values,
                source=series.source,
            )


def _joined(pieces: list[tuple[Series, str]]) -> list[tuple[Series, str]]:
    """Join pieces that follow one another; drop repeats; leave overlapping ones apart."""
    joined: list[tuple[Series, str]] = []
    for series, dialect in sorted(pieces, key=lambda piece: piece[0].steps[0]):
        last = joined[-1][0] if joined else None
        if last is not None and last.values == series.values:
            continue
        if last is not None and series.steps[0] > last.steps[-1]:
            whole = replace(
                last, steps=last.steps + series.steps, values=last.values + series.values
            )
            joined[-1] = (whole, dialect)
        else:
            joined.append((series, dialect))
    return joined


def _finals(bundle: list[RunFacts]) -> dict[str, Cited[float]]:
    finals: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    for fact in bundle:
        for final in fact.finals:
            metric = canonical_metric(final.key, fact.dialect)
            name = f"{metric.split}/{metric.name}" if metric.split else metric.name
            finals[name].append(
                Cited(
                    value=final.value,
                    source=final.source,
                    strength=final.strength,
                    confidence=final.confidence,
                )
            )
    return {name: strongest(found, same_score) for name, found in finals.items()}  # type: ignore[misc]  # float is a Scalar


def merge_models(models: list[ModelProfile]) -> ModelProfile | None:
    """Join what several files say of one model; recorded structure wins over stored tensors."""
    if not models:
        return None
    ordered = sorted(models, key=lambda m: -len(m.observed_kinds))
    components: list[Component] = list(ordered[0].components)
    observed = set(ordered[0].observed_kinds)
    for model in ordered[1:]:
        for component in model.components:
            if component.kind not in observed:
                components.append(component)
        observed |= set(model.observed_kinds)

    def first(name: str) -> object:
        return next((v for m in ordered if (v := getattr(m, name))), None)

    return ModelProfile(
        parameters=first("parameters"),  # type: ignore[arg-type]  # field types are those of the field
        forward_flops=first("forward_flops"),  # type: ignore[arg-type]
        uncovered_operators=first("uncovered_operators") or (),  # type: ignore[arg-type]
        module_costs=first("module_costs") or (),  # type: ignore[arg-type]
        fusable_parameters=first("fusable_parameters"),  # type: ignore[arg-type]
        components=tuple(components),
        observed_kinds=tuple(sorted(observed)),
        averaged_weights=first("averaged_weights"),  # type: ignore[arg-type]
        evaluated_weights=first("evaluated_weights"),  # type: ignore[arg-type]
        tensors=first("tensors") or (),  # type: ignore[arg-type]
    )
