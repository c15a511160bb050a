"""Facts of many files to runs: which files are one run, and what its settings and scores are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from netgain.assemble.budget import budget_of
from netgain.assemble.bundles import bundles
from netgain.assemble.code_settings import CodeOfRuns
from netgain.assemble.commands import with_code_started
from netgain.assemble.counted import (
    SUMMARY,
    without_comparisons,
    without_data,
    without_few_scores,
    without_launches,
    without_recipes,
    without_second_predictions,
    without_second_records,
    without_summaries,
)
from netgain.assemble.defaults_in_code import CodeDefaults
from netgain.assemble.ended import is_deleted, refusal_of, with_end
from netgain.assemble.evidence import CODE, is_script, path_of
from netgain.assemble.measured import curves_of, finals_of, merge_models
from netgain.assemble.models_of_runs import with_written_size
from netgain.assemble.models_without_loop import unused_settings
from netgain.assemble.names import group_name, seed_in_name, settings_in_name
from netgain.assemble.own_records import agreeing_scripts, scripts_last
from netgain.assemble.phases import over_phases
from netgain.assemble.planned import is_plan, planned_facts
from netgain.assemble.planned_epochs import with_planned_epochs
from netgain.assemble.readings import CONSTANT, is_no_dataset, meant, strongest
from netgain.assemble.repeats import join_printed, without_copies
from netgain.assemble.sections import of_its_section, training_first
from netgain.assemble.settings_by_name import is_of_rollouts
from netgain.assemble.stages import agreed
from netgain.assemble.units import BATCH_NAMES, converted, in_samples
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Setting
from netgain.study import (
    Cited,
    CodeTree,
    Run,
    Scalar,
    Source,
    Unread,
)
from netgain.vocabulary import (
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
    unfinished: tuple[Run, ...] = ()
    """Those of the excluded that broke off or failed, with what they hold."""


def build_runs(
    facts: Iterable[RunFacts],
    taught: Mapping[str, str],
    code: CodeTree | None = None,
    given: CodeTree | None = None,
    *,
    planned_as: str = "",
    given_defaults: Iterable[RunFacts] = (),
) -> RunSet:
    """Merge facts into runs.

    Args:
        facts: what the readers found under one arm's paths.
        taught: raw key to canonical name, from `[vocabulary]` in netgain.toml.
        code: the code under the same paths, for what the runs do not state themselves.
        given: code that serves the arm and lies apart from its runs.
        planned_as: id of the run that the arm's code describes where the arm holds none; without it none is
            made.
        given_defaults: what the code that lies apart states by default.
    """
    runs: list[Run] = []
    excluded: list[Unread] = []
    unfinished: list[Run] = []
    unknown: list[Setting] = []
    defaults = CodeDefaults(taught)
    facts = list(facts)
    recorded = [fact for fact in facts if fact.status != "planned"]
    grouped, copies = without_copies(bundles(recorded))
    grouped, printed = join_printed(grouped)
    plan = planned_facts(facts, code) if planned_as and not grouped else []
    if isinstance(plan, str):
        excluded.append(Unread(path=planned_as, why=plan))
    elif plan:
        grouped = {planned_as: plan}
    grouped = with_code_started(grouped, code, given, given_defaults)
    scripts = CodeOfRuns(code, facts, grouped, given)
    for run_id, bundle in grouped.items():
        refusal = refusal_of(bundle)
        nothing = None if plan else _nothing_in(bundle)
        if nothing or is_deleted(bundle):
            excluded.append(Unread(path=run_id, why=nothing or refusal or ""))
            continue
        run, not_known = _build_run(run_id, bundle, taught, defaults, scripts)
        run = run if refusal is None else with_end(run, bundle)
        if refusal is not None and run.status != "finished":
            excluded.append(Unread(path=run_id, why=refusal))
            unfinished.append(run)
            continue
        runs.append(run)
        unknown.extend(not_known)
    trained, data = without_data(runs)
    trained, tests = without_comparisons(trained)
    trained, seconds = without_second_predictions(trained)
    trained, few = without_few_scores(trained)
    trained, recipes = without_recipes(trained, unfinished)
    trained, summaries = without_summaries(trained)
    trained, launches = without_launches(trained)
    kept, duplicates = without_second_records(trained)
    return RunSet(
        runs=kept,
        excluded=(
            *excluded,
            *data,
            *tests,
            *seconds,
            *few,
            *recipes,
            *(Unread(path=summary.id, why=SUMMARY) for summary in summaries),
            *launches,
            *duplicates,
            *copies,
            *printed,
        ),
        unknown=tuple(unknown),
        summaries=tuple(summaries),
        unfinished=tuple(unfinished),
    )


def _nothing_in(bundle: list[RunFacts]) -> str | None:
    if any(f.settings or f.series or f.finals or f.model for f in bundle):
        return None
    return "run folder holds neither settings nor metrics; nothing to count"


def _build_run(
    run_id: str,
    bundle: list[RunFacts],
    taught: Mapping[str, str],
    defaults: CodeDefaults,
    scripts: CodeOfRuns,
) -> tuple[Run, list[Setting]]:
    readings: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    other: dict[str, Cited[Scalar]] = {}
    unknown: list[Setting] = []
    left_empty: list[Cited[Scalar]] = []
    own = [fact for fact in bundle if fact.dialect != CODE]
    stated = (*own, *scripts.configured(run_id, bundle))
    placed = scripts_last(of_its_section(fact, run_id, bundle) for fact in stated)
    for fact in map(with_planned_epochs, agreeing_scripts(placed)):
        for setting in fact.settings:
            name = canonical_setting(setting.key, fact.dialect, taught, value=setting.value)
            name = None if is_of_rollouts(setting, fact) else name
            value = meant(name, setting.value, setting.key, fact.dialect)
            if name == "dataset" and is_no_dataset(value):
                other.setdefault(setting.key, Cited(value=value, source=setting.source))
                continue
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
            elif name == "schedule" and value is None and not is_script(fact):
                left_empty.append(cited)
            elif cited.value is not None or name not in readings:
                readings[name].append(cited)
    readings["seed"] = _seeds_of_the_run(readings["seed"], seed_in_name(run_id))
    if "schedule" not in readings and left_empty:
        readings["schedule"] = [replace(left_empty[0], value=CONSTANT, confidence="likely")]
    merged = {
        name: strongest([reading for reading in found if reading.value is not None] or found)
        for name, found in (
            (name, training_first(name, over_phases(name, all_))) for name, all_ in readings.items()
        )
        if found
    }
    named = _from_names(run_id, bundle)
    agreeing = {k: v for k, v in agreed(unknown).items() if not SAME_THING[k] & set(merged)}
    by_default = scripts.of(run_id, bundle, (*named, *agreeing, *merged), defaults.of(bundle))
    merged = in_samples({**by_default, **named, **agreeing, **merged})
    curves, finals = curves_of(bundle), finals_of(bundle)
    unused = unused_settings(merged, curves)
    other |= {merged[name].source.key or name: merged[name] for name in sorted(unused)}
    config = {k: v for k, v in merged.items() if k not in ENVIRONMENT_KEYS and k not in unused}
    timm_like = any(fact.dialect == "timm" for fact in bundle)
    run = Run(
        id=run_id,
        group=group_name(run_id),
        seed=_seed(config, run_id, bundle),
        status=_status(bundle),
        config=config,
        other_config=other,
        budget=budget_of(config, curves, finals, plain_batch_is_per_device=timm_like),
        curves=curves,
        finals=finals,
        model=with_written_size(
            merge_models([fact.model for fact in bundle if fact.model]), config.get("parameters")
        ),
        inputs=tuple(distance for fact in bundle for distance in fact.inputs),
        environment={k: v for k, v in merged.items() if k in ENVIRONMENT_KEYS},
    )
    return run, unknown


def _status(bundle: list[RunFacts]) -> Literal["finished", "planned", "unknown"]:
    if is_plan(bundle):
        return "planned"
    return "finished" if any(fact.status == "finished" for fact in bundle) else "unknown"


def _seeds_of_the_run(readings: list[Cited[Scalar]], named: int | None) -> list[Cited[Scalar]]:
    """Return the readings of a run's own seed: `seeds` lists or counts those of all runs beside it."""
    plural = [r for r in readings if re.split(r"[./]", r.source.key or "")[-1].lower() == "seeds"]
    own = [reading for reading in readings if reading not in plural]
    alone = not own and named is None and all(isinstance(r.value, int) for r in plural)
    return plural if alone else own


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
    parts = pure_path(run_id.partition("#")[0]).parts[-2:]
    files = [
        pure_path(path_of(fact)).name for fact in bundle if path_of(fact) and fact.dialect != CODE
    ]
    stems = [file for file in files if len(set(files)) == 1 or pure_path(file).stem in parts]
    found: dict[str, Scalar] = {}
    for part in dict.fromkeys((*parts, *stems)):
        found |= settings_in_name(part)
    return {
        name: Cited(value=value, source=source, strength="stated", confidence="likely")
        for name, value in found.items()
    }


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
                value=int(value),
                source=stated.source,
                strength=stated.strength,
                confidence=stated.confidence,
                disagreeing=others,
            )
    named = seed_in_name(run_id)
    if named is None:
        return None
    path = path_of(bundle[0]) or run_id
    return Cited(value=named, source=Source(path=path, key="file name"), strength="stated")
