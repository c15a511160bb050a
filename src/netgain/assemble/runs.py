"""Facts of many files to runs: which files are one run, and what its settings and scores are called."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from netgain.assemble.budget import budget_of
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
from netgain.vocabulary import canonical_metric, canonical_setting

HOUSEKEEPING_FOLDERS = re.compile(
    r"(checkpoints?|ckpts?|weights|tensorboard|tb|tb_logs|logs?|events?|\.hydra|files|artifacts|vis_data|"
    r"metrics|models?|state|output|wandb|flight|recording|code|src|scripts?)",
    re.IGNORECASE,
)
"""Subfolders that hold a part of a run, not a run of their own."""

ENVIRONMENT_KEYS = frozenset(
    {"device", "device_count", "hostname", "torch", "cuda", "python", "platform", "cpu", "gpu",
     "threads", "numpy"}
)  # fmt: skip
"""Canonical settings that describe where a run ran, not what it did."""

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl"})
"""Files that can hold many runs, one a row."""

SEED_TOKEN = re.compile(
    r"(?:^|[_\-=\s])(?:seed|run|rep|repeat|trial|version|fold|s)[_\-=]?\d+(?=$|[_\-\s])"
    r"|(?<=[A-Za-z])[_\-=\s]\d{1,4}$|^\d{1,6}$",
    re.IGNORECASE,
)
"""A part of a folder name that counts repeats: a named number anywhere, or a bare one at the end."""
NAMED_SEED = re.compile(r"(?:^|[_\-./\s])seed[_\-=]?(\d+)(?=$|[_\-./\s])", re.IGNORECASE)
SPLIT_STEMS = re.compile(r"(train|training|val|valid|validation|test|eval)(_.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSet:
    """The runs of some paths, with what did not become one."""

    runs: tuple[Run, ...]
    """Runs in path order."""
    excluded: tuple[Unread, ...]
    """Runs left out, each with its reason."""
    unknown: tuple[Setting, ...]
    """Settings whose key no vocabulary knows."""


def build_runs(facts: Iterable[RunFacts], taught: Mapping[str, str]) -> RunSet:
    """Merge facts into runs.

    Args:
        facts: what the readers found under one arm's paths.
        taught: raw key to canonical name, from `[vocabulary]` in netgain.toml.
    """
    runs: list[Run] = []
    excluded: list[Unread] = []
    unknown: list[Setting] = []
    for run_id, bundle in bundles(list(facts)).items():
        refusal = _refusal(bundle) or _nothing_in(bundle)
        if refusal:
            excluded.append(Unread(path=run_id, why=refusal))
            continue
        run, not_known = _build_run(run_id, bundle, taught)
        runs.append(run)
        unknown.extend(not_known)
    kept, duplicates = _drop_second_records(runs)
    return RunSet(runs=kept, excluded=tuple(excluded) + duplicates, unknown=tuple(unknown))


def bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Group facts by the run they describe; keys are run ids in path order."""
    located = [(_run_folder(fact, facts), fact) for fact in facts]
    grouped: dict[str, list[RunFacts]] = defaultdict(list)
    for folder, members in _by_folder(located).items():
        for suffix, bundle in _split_folder(members).items():
            grouped[f"{folder}{suffix}"] += bundle
    _join_siblings(grouped)
    with_outcome = {run_id for run_id, bundle in grouped.items() if any(map(_has_outcome, bundle))}
    shared = [run_id for run_id in grouped if run_id not in with_outcome]
    for run_id in shared:
        below = [other for other in with_outcome if other.startswith(run_id.rstrip("/") + "/")]
        if below and not grouped[run_id][0].run_id:
            for other in below:
                grouped[other] = grouped[other] + grouped[run_id]
            del grouped[run_id]
    return {run_id: grouped[run_id] for run_id in sorted(grouped, key=_natural)}


def _join_siblings(grouped: dict[str, list[RunFacts]]) -> None:
    """Join `results/history_ours.json` to the run in `results/ours/`: curves here, final scores there."""
    for run_id in list(grouped):
        path = PurePath(run_id)
        if any(fact.finals or fact.run_id for fact in grouped[run_id]):
            continue
        words = set(re.split(r"[_\-.\s]+", path.name.lower()))
        homes = [
            other
            for other in grouped
            if other != run_id
            and PurePath(other).parent == path.parent
            and PurePath(other).name.lower() in words
            and not any(fact.series for fact in grouped[other])
            and any(fact.finals for fact in grouped[other])
        ]
        if len(homes) == 1:
            grouped[homes[0]] = grouped[homes[0]] + grouped.pop(run_id)


def seed_in_name(name: str) -> int | None:
    """Return the seed a path names by itself (`ours_seed3`, `seed=3/`), else None."""
    found = NAMED_SEED.findall(name)
    return int(found[-1]) if found else None


def group_name(run_id: str) -> str:
    """Return the run id without its seed: runs of one group differ in the seed alone."""
    stripped = NAMED_SEED.sub("", run_id)
    if stripped == run_id:
        last = PurePath(run_id)
        stem = SEED_TOKEN.sub("", last.name)
        stripped = str(last.with_name(stem)) if stem.strip("_-. ") else str(last.parent)
    return stripped.rstrip("/_-. ") or run_id


def _by_folder(located: list[tuple[str, RunFacts]]) -> dict[str, list[RunFacts]]:
    folders: dict[str, list[RunFacts]] = defaultdict(list)
    for folder, fact in located:
        folders[folder].append(fact)
    return folders


def _run_folder(fact: RunFacts, facts: list[RunFacts]) -> str:
    """Return the folder of the run a fact belongs to, above housekeeping subfolders."""
    locations = {other.location for other in facts}
    folder = PurePath(fact.location)
    while HOUSEKEEPING_FOLDERS.fullmatch(folder.name):
        parent = folder.parent
        siblings = [loc for loc in locations if PurePath(loc).parent == folder]
        if not parent.name or len(siblings) > 1:
            break
        folder = parent
    parent_events = str(folder.parent)
    if fact.dialect == "tensorboard" and any(
        other.location == parent_events and other.dialect == "tensorboard" for other in facts
    ):
        folder = folder.parent  # SummaryWriter.add_scalars puts each series in a folder of its own
    return str(folder)


def _split_folder(members: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Split the facts of one folder where it holds many runs: by store id, or by file stem."""
    by_id: dict[str, list[RunFacts]] = defaultdict(list)
    for fact in members:
        by_id[fact.run_id].append(fact)
    named = {run_id: bundle for run_id, bundle in by_id.items() if run_id}
    loose = by_id.get("", [])
    if named:
        split = {_store_suffix(run_id, bundle): bundle for run_id, bundle in named.items()}
        if loose:
            split |= _split_by_stem(loose)
        return split
    return _split_by_stem(loose)


def _store_suffix(run_id: str, bundle: list[RunFacts]) -> str:
    """Return what follows the folder in a run's id; rows of a table carry the table's name."""
    path = PurePath(_path_of(bundle[0]))
    is_table = path.suffix.lower() in TABLE_SUFFIXES and bundle[0].location != str(path)
    return f"/{path.name}#{run_id}" if is_table else f"#{run_id}"


def _sessions(events: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Tell the trainings of one event-file folder apart by writer process.

    A process that goes on where another stopped resumed its run; one whose steps start again over the
    same tags is a run of its own.
    """
    by_process: dict[str, list[RunFacts]] = defaultdict(list)
    for fact in events:
        found = re.search(r"tfevents\.\d+\.(.+?\.\d+)(?:\.\d+)?(?:\.v2)?$", _path_of(fact))
        by_process[found.group(1) if found else ""].append(fact)
    if len(by_process) < 2:
        return {"": events}
    reach: dict[str, float] = {}
    for bundle in by_process.values():
        for series in (series for fact in bundle for series in fact.series):
            if series.key in reach and series.steps and series.steps[0] <= reach[series.key]:
                return {f"/{process}": facts for process, facts in by_process.items()}
        for series in (series for fact in bundle for series in fact.series if series.steps):
            reach[series.key] = max(reach.get(series.key, -1.0), series.steps[-1])
    return {"": events}


def _split_by_stem(members: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Split one folder's facts where its logs are parallel: equal columns under different names."""
    events = [fact for fact in members if fact.dialect == "tensorboard"]
    if events:
        rest = [fact for fact in members if fact.dialect != "tensorboard"]
        sessions = _sessions(events)
        if len(sessions) > 1 and not any(map(_has_outcome, rest)):
            return {suffix: [*bundle, *rest] for suffix, bundle in sessions.items()}
        return {"": members}
    logs: dict[frozenset[str], set[str]] = defaultdict(set)
    for fact in members:
        stem = _stem(fact)
        if _has_outcome(fact) and stem and not SPLIT_STEMS.fullmatch(stem):
            logs[_outcome_keys(fact)].add(stem)
    stems = {stem for same_keys in logs.values() if len(same_keys) > 1 for stem in same_keys}
    if not stems:
        configs = {_stem(fact) for fact in members if not _has_outcome(fact) and not fact.model}
        if len(configs) > 1 and _parallel(members):
            stems = {stem for stem in configs if stem}
    if not stems:
        return {"": members}
    split: dict[str, list[RunFacts]] = {}
    shared = [fact for fact in members if _stem(fact) not in stems]
    for stem in sorted(stems, key=_natural):
        split[f"/{stem}"] = [fact for fact in members if _stem(fact) == stem] + shared
    return split


def _parallel(members: list[RunFacts]) -> bool:
    """Tell whether the configs of a folder describe a run each: one kind of file, nothing logged beside.

    Hydra's config and overrides, and a tool's own record beside its config, are parts of one run.
    """
    kinds = {PurePath(_path_of(fact)).suffix for fact in members}
    of_hydra = any(PurePath(fact.location).name == ".hydra" for fact in members)
    return len(kinds) == 1 and not of_hydra and not any(map(_has_outcome, members))


def _stem(fact: RunFacts) -> str:
    path = _path_of(fact)
    return re.sub(
        r"(?<=.)\.(csv|tsv|jsonl?|ya?ml|toml|txt|log)$", "", PurePath(path).name, flags=re.I
    )


def _path_of(fact: RunFacts) -> str:
    for part in (fact.series, fact.finals, fact.settings):
        if part:
            return part[0].source.path
    return ""


def _outcome_keys(fact: RunFacts) -> frozenset[str]:
    return frozenset([s.key for s in fact.series] + [f.key for f in fact.finals])


def _has_outcome(fact: RunFacts) -> bool:
    return bool(fact.series or fact.finals or fact.run_id)


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", text) if p]


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
    run_id: str, bundle: list[RunFacts], taught: Mapping[str, str]
) -> tuple[Run, list[Setting]]:
    readings: dict[str, list[Cited[Scalar]]] = defaultdict(list)
    other: dict[str, Cited[Scalar]] = {}
    unknown: list[Setting] = []
    for fact in bundle:
        for setting in fact.settings:
            name = canonical_setting(setting.key, fact.dialect, taught, value=setting.value)
            cited = Cited(
                value=_typed(setting.value), source=setting.source, strength=setting.strength
            )
            if name is None:
                other.setdefault(setting.key, cited)
                unknown.append(setting)
            elif cited.value is not None or name not in readings:
                readings[name].append(cited)
    merged = {name: strongest(found) for name, found in readings.items()}
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
        environment={k: v for k, v in merged.items() if k in ENVIRONMENT_KEYS},
    )
    return run, unknown


def strongest(readings: list[Cited[Scalar]]) -> Cited[Scalar]:
    """Return the strongest reading and keep those that say something else.

    Ties go to the earlier reading: a run's own files come before those of a folder above it.
    """
    ordered = sorted(readings, key=lambda reading: STRENGTHS.index(reading.strength))
    best = ordered[0]
    others = tuple(r for r in ordered[1:] if not same_value(r.value, best.value))
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
        if float(value).is_integer():
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
    path = _path_of(bundle[0]) or run_id
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
                Cited(value=final.value, source=final.source, strength=final.strength)
            )
    return {name: strongest(found) for name, found in finals.items()}  # type: ignore[misc]  # float is a Scalar


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
        components=tuple(components),
        observed_kinds=tuple(sorted(observed)),
        averaged_weights=first("averaged_weights"),  # type: ignore[arg-type]
        evaluated_weights=first("evaluated_weights"),  # type: ignore[arg-type]
        tensors=first("tensors") or (),  # type: ignore[arg-type]
    )


def _drop_second_records(runs: list[Run]) -> tuple[tuple[Run, ...], tuple[Unread, ...]]:
    """Keep one of two records of the same training made by different tools.

    Two tools that logged one training share whole curves to the last digit; two trainings that ended
    alike in the same tool are both kept, since that is itself evidence (one seed repeated).
    """
    kept: list[Run] = []
    dropped: list[Unread] = []
    by_curve: dict[tuple[float, ...], Run] = {}
    for run in sorted(runs, key=lambda r: -(len(r.config) + len(r.curves))):
        long_curves = [
            c.values for c in run.curves if len(c.values) >= 5 and len(set(c.values)) >= 5
        ]
        twin = next((by_curve[v] for v in long_curves if v in by_curve), None)
        if twin is not None and _store(twin) != _store(run):
            why = f"second record of the training in {twin.id} (identical curves); counted once"
            dropped.append(Unread(path=run.id, why=why))
            continue
        kept.append(run)
        for values in long_curves:
            by_curve.setdefault(values, run)
    order = {run.id: index for index, run in enumerate(runs)}
    return tuple(sorted(kept, key=lambda r: order[r.id])), tuple(dropped)


def _store(run: Run) -> str:
    """Return the store a run lies in: the folder above a run folder, or the database file."""
    return run.id.split("#")[0] if "#" in run.id else str(PurePath(run.id).parent)
