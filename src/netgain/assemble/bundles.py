"""Which facts describe one run: folders merged and split, seeds taken out of names."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePath

from netgain.readers.base import RunFacts

HOUSEKEEPING_FOLDERS = re.compile(
    r"(checkpoints?|ckpts?|weights|tensorboard|tb|tb_logs|logs?|events?|\.hydra|files|artifacts|vis_data|"
    r"metrics|models?|state|output|wandb|flight|recording|code|src|scripts?|pyt_save|tf1?_save|simple_save|"
    r"saved_models?|best_models?)",
    re.IGNORECASE,
)
"""Subfolders that hold a part of a run, not a run of their own."""
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl"})
"""Files that can hold many runs, one a row."""

CODE = "code"
"""Dialect of defaults read from code."""
SEED_TOKEN = re.compile(
    r"(?:^|[_\-=\s])(?:seed|run|rep|repeat|trial|version|fold|s)[_\-=]?\d+(?=$|[_\-\s])"
    r"|(?<=[A-Za-z])[_\-=\s]\d{1,4}$|^\d{1,6}$",
    re.IGNORECASE,
)
"""A part of a folder name that counts repeats: a named number anywhere, or a bare one at the end."""
NAMED_SEED = re.compile(r"(?:^|[_\-./#\s])seed[_\-=]?(\d+)(?=$|[_\-./\s])", re.IGNORECASE)
SPLIT_STEMS = re.compile(r"(train|training|val|valid|validation|test|eval)(_.*)?", re.IGNORECASE)


def bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Group facts by the run they describe; keys are run ids in path order.

    Defaults that code states join the runs that lie below or beside the code; alone they are no run.
    """
    defaults = [fact for fact in facts if fact.dialect == CODE]
    grouped = _bundles([fact for fact in facts if fact.dialect != CODE])
    for fact in defaults:
        home = _run_folder(fact, facts)
        for run_id, bundle in grouped.items():
            if home in (".", "") or run_id == home or run_id.startswith(home.rstrip("/") + "/"):
                bundle.append(fact)
    return grouped


def _bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
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
    return {run_id: list(grouped[run_id]) for run_id in sorted(grouped, key=_natural)}


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
    path = PurePath(path_of(bundle[0]))
    is_table = path.suffix.lower() in TABLE_SUFFIXES and bundle[0].location != str(path)
    return f"/{path.name}#{run_id}" if is_table else f"#{run_id}"


def _sessions(events: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Tell the trainings of one event-file folder apart by writer process.

    A process that goes on where another stopped resumed its run; one whose steps start again over the
    same tags is a run of its own.
    """
    by_process: dict[str, list[RunFacts]] = defaultdict(list)
    for fact in events:
        found = re.search(r"tfevents\.\d+\.(.+?\.\d+)(?:\.\d+)?(?:\.v2)?$", path_of(fact))
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
    kinds = {PurePath(path_of(fact)).suffix for fact in members}
    of_hydra = any(PurePath(fact.location).name == ".hydra" for fact in members)
    return len(kinds) == 1 and not of_hydra and not any(map(_has_outcome, members))


def _stem(fact: RunFacts) -> str:
    path = path_of(fact)
    return re.sub(
        r"(?<=.)\.(csv|tsv|jsonl?|ya?ml|toml|txt|log)$", "", PurePath(path).name, flags=re.I
    )


def path_of(fact: RunFacts) -> str:
    """Return the file a fact was read from, empty where it holds nothing that is cited."""
    for part in (fact.series, fact.finals, fact.settings):
        if part:
            return part[0].source.path
    return ""


def _outcome_keys(fact: RunFacts) -> frozenset[str]:
    """Return what a fact measured; a score recomputed from predictions is no second log of one stated."""
    finals = [f"{f.key} recomputed" if f.strength == "measured" else f.key for f in fact.finals]
    return frozenset([series.key for series in fact.series] + finals)


def _has_outcome(fact: RunFacts) -> bool:
    return bool(fact.series or fact.finals or fact.run_id)


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", text) if p]
