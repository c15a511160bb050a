"""Which facts describe one run: folders merged and split, seeds taken out of names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, is_known_metric

HOUSEKEEPING_FOLDERS = re.compile(
    r"(checkpoints?|ckpts?|weights|tensorboard|tb|tb_logs|logs?|events?|\.hydra|files|artifacts|vis_data|"
    r"metrics|models?|state|output|wandb|flight|recording|code|src|scripts?|pyt_save|tf1?_save|simple_save|"
    r"saved_models?|best_models?)",
    re.IGNORECASE,
)
"""Subfolders that hold a part of a run, not a run of their own."""
SCRIPT_SUFFIXES = frozenset({".sh", ".bash", ".slurm", ".sbatch"})
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
LONGEST_SEED = 40
"""Digits of the longest seed a name holds."""
START_STAMP = re.compile(r"\d{8}_\d{6}")
"""Name of the folder that OpenMMLab makes for each start of a training."""
CHECKPOINT_WORDS = re.compile(
    r"[_\-. ]?(?:best|last|latest|final|weights?|checkpoint|ckpt|model|epoch)(?=$|[_\-. ])",
    re.IGNORECASE,
)
"""Words of a file name that say which weights of one run were scored."""
SPLIT_STEMS = re.compile(r"(train|training|val|valid|validation|test|eval)(_.*)?", re.IGNORECASE)


def bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Group facts by the run they describe; keys are run ids in path order.

    Defaults that code states join the runs that lie below or beside the code; alone they are no run.
    """
    defaults = [fact for fact in facts if fact.dialect == CODE]
    grouped = _bundles([fact for fact in facts if fact.dialect != CODE])
    layout, below = _layout(facts), _by_ancestor(grouped)
    for fact in defaults:
        home = _run_folder(fact, layout)
        everywhere = home in (".", "")
        joined = grouped if everywhere else [*below.get(home.rstrip("/"), ()), home]
        for run_id in joined:
            if run_id in grouped:
                grouped[run_id].append(fact)
    return grouped


def _bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    layout = _layout(facts)
    located = [(_run_folder(fact, layout), fact) for fact in facts]
    grouped: dict[str, list[RunFacts]] = defaultdict(list)
    for folder, members in _by_folder(located).items():
        for suffix, bundle in _split_folder(members).items():
            grouped[f"{folder}{suffix}"] += bundle
    _join_siblings(grouped)
    _join_resumed(grouped)
    with_outcome = {run_id for run_id, bundle in grouped.items() if any(map(has_outcome, bundle))}
    shared = [run_id for run_id in grouped if run_id not in with_outcome]
    inside = _by_ancestor(with_outcome) if shared else {}
    for run_id in shared:
        below = inside.get(run_id.rstrip("/"), [])
        if below and not grouped[run_id][0].run_id:
            for other in below:
                grouped[other] = grouped[other] + _of_its_name(grouped[run_id], grouped[other])
            del grouped[run_id]
    return {run_id: list(grouped[run_id]) for run_id in sorted(grouped, key=_natural)}


def _by_ancestor(run_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return, for each folder, the run ids that lie below it, and those of a log or store in it (`#`)."""
    found: dict[str, list[str]] = defaultdict(list)
    for run_id in run_ids:
        for cut in re.finditer(r"[/#]", run_id):
            found[run_id[: cut.start()]].append(run_id)
    return found


def _of_its_name(shared: list[RunFacts], bundle: list[RunFacts]) -> list[RunFacts]:
    """Return the shared facts that concern a run.

    Of several files of one kind (`baseline.sh`, `ours.sh`) those named like the run's log are its own.
    """
    stems = {PurePath(path_of(fact)).stem for fact in bundle}
    files = [PurePath(path_of(fact)) for fact in shared]
    own_kinds = {file.suffix for file in files if file.stem in stems}
    return [
        fact
        for fact, file in zip(shared, files, strict=True)
        if file.suffix not in own_kinds or file.stem in stems
    ]


def _join_siblings(grouped: dict[str, list[RunFacts]]) -> None:
    """Join `results/history_ours.json` to the run in `results/ours/`: curves here, final scores there."""
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run_id in grouped:
        path = PurePath(run_id)
        named[str(path.parent), path.name.lower()].append(run_id)
    for run_id in list(grouped):
        if any(fact.finals or fact.run_id for fact in grouped[run_id]):
            continue
        path = PurePath(run_id)
        words = set(re.split(r"[_\-.\s]+", path.name.lower()))
        homes = [
            other
            for word in words
            for other in named.get((str(path.parent), word), ())
            if other != run_id
            and other in grouped
            and not any(fact.series for fact in grouped[other])
            and any(fact.finals for fact in grouped[other])
        ]
        if len(homes) == 1:
            grouped[homes[0]] = grouped[homes[0]] + grouped.pop(run_id)


def _join_resumed(grouped: dict[str, list[RunFacts]]) -> None:
    """Join time-stamped folders of one experiment whose curves go on where the folder before stopped.

    OpenMMLab makes a new folder for each start; one whose steps begin anew is a run of its own.
    """
    by_parent: dict[PurePath, list[str]] = defaultdict(list)
    for run_id in sorted(grouped):
        if START_STAMP.fullmatch(PurePath(run_id).name):
            by_parent[PurePath(run_id).parent].append(run_id)
    for run_ids in by_parent.values():
        first = run_ids[0]
        for later in run_ids[1:]:
            if _goes_on(grouped[first], grouped[later]):
                grouped[first] = grouped[first] + grouped.pop(later)
            else:
                first = later


def _goes_on(earlier: list[RunFacts], later: list[RunFacts]) -> bool:
    """Tell whether every quantity that both logged on one axis starts behind its earlier end."""
    reached = {(s.key, s.unit): s.steps[-1] for fact in earlier for s in fact.series if s.steps}
    begun = {(s.key, s.unit): s.steps[0] for fact in later for s in fact.series if s.steps}
    common = [key for key in begun if key in reached and key[1] != "row"]
    return bool(common) and all(begun[key] > reached[key] for key in common)


def seed_in_name(name: str) -> int | None:
    """Return the seed a path names by itself (`ours_seed3`, `seed=3/`), else None."""
    found = NAMED_SEED.findall(name)
    return int(found[-1]) if found and len(found[-1]) < LONGEST_SEED else None


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


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the facts lie."""

    children: dict[str, int]
    """How many places with facts lie right below each folder."""
    events: frozenset[str]
    """Places with event files."""


def _layout(facts: list[RunFacts]) -> _Layout:
    locations = {fact.location for fact in facts}
    return _Layout(
        Counter(str(PurePath(location).parent) for location in locations),
        frozenset(fact.location for fact in facts if fact.dialect == "tensorboard"),
    )


def _run_folder(fact: RunFacts, layout: _Layout) -> str:
    """Return the folder of the run a fact belongs to, above housekeeping subfolders."""
    folder = PurePath(fact.location)
    while HOUSEKEEPING_FOLDERS.fullmatch(folder.name):
        parent = folder.parent
        if not parent.name or layout.children.get(str(folder), 0) > 1:
            break
        folder = parent
    if fact.dialect == "tensorboard" and str(folder.parent) in layout.events:
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
        named = _with_their_folder(named, loose)
        loose = [] if _laps_of_one_log(named) else loose
        split = {_store_suffix(run_id, bundle): bundle for run_id, bundle in named.items()}
        scripts = [fact for fact in loose if is_script(fact)]
        rest = [fact for fact in loose if not is_script(fact)]
        if rest:
            split |= _split_by_stem(rest)
        if scripts:
            split[""] = split.get("", []) + scripts
        return split
    return _split_by_stem(loose)


def _laps_of_one_log(named: dict[str, list[RunFacts]]) -> bool:
    """Tell whether the runs of a folder are what one text log holds one after another."""
    paths = {PurePath(path_of(bundle[0])) for bundle in named.values()}
    stems = {path.stem for path in paths if path.suffix.lower() not in TABLE_SUFFIXES}
    return len(paths) == 1 and all(run_id.rpartition(" ")[0] in stems for run_id in named)


def _with_their_folder(
    named: dict[str, list[RunFacts]], loose: list[RunFacts]
) -> dict[str, list[RunFacts]]:
    """Give the trainings that one log holds what else lies in their folder.

    The settings are those of all; scores and checkpoints were written over by the last training.
    """
    if not _laps_of_one_log(named):
        return named
    settings = [fact for fact in loose if not has_outcome(fact) and not fact.model]
    written_over = [fact for fact in loose if has_outcome(fact) or fact.model]
    last = list(named)[-1]
    return {
        run_id: [*bundle, *settings, *(written_over if run_id == last else ())]
        for run_id, bundle in named.items()
    }


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
        if len(sessions) > 1 and not any(map(has_outcome, rest)):
            return {suffix: [*bundle, *rest] for suffix, bundle in sessions.items()}
        return {"": members}
    logs: dict[frozenset[str], set[str]] = defaultdict(set)
    for fact in members:
        stem = _stem(fact)
        if has_outcome(fact) and stem and not SPLIT_STEMS.fullmatch(stem):
            logs[_outcome_keys(fact)].add(stem)
    stems = {
        stem
        for same_keys in logs.values()
        if len({CHECKPOINT_WORDS.sub("", stem) for stem in same_keys}) > 1
        for stem in same_keys
    } | _logs_side_by_side(members)
    if not stems:
        configs = {_stem(fact) for fact in members if not has_outcome(fact) and not fact.model}
        if len(configs) > 1 and _parallel(members):
            stems = {stem for stem in configs if stem}
    if not stems:
        return {"": members}
    split: dict[str, list[RunFacts]] = {}
    shared = [fact for fact in members if _stem(fact) not in stems]
    for stem in sorted(stems, key=_natural):
        own = [fact for fact in members if _stem(fact) == stem]
        split[f"/{stem}"] = own + _of_its_name(shared, own)
    return split


def _logs_side_by_side(members: list[RunFacts]) -> set[str]:
    """Return the stems of logs of one kind that show different values of one quantity over the same steps.

    Logs of trainings differ in what else they hold (one ends with a test score, one was cut off). A log
    that goes on where another stopped, or repeats its values, belongs to the same run.
    """
    found: dict[tuple[str, str, str], dict[str, Series]] = defaultdict(dict)
    for fact in members:
        stem, kind = _stem(fact), PurePath(path_of(fact)).suffix
        plain = CHECKPOINT_WORDS.sub("", stem)
        if not plain or SPLIT_STEMS.fullmatch(stem):
            continue
        for series in fact.series:
            if series.unit != "row" and is_known_metric(canonical_metric(series.key).name):
                found[kind, series.key, series.unit].setdefault(stem, series)
    stems: set[str] = set()
    for by_stem in found.values():
        ordered = sorted(by_stem.items(), key=lambda item: item[1].steps[0])
        for (first, earlier), (second, later) in pairwise(ordered):
            overlaps = later.steps[0] <= earlier.steps[-1] and later.values != earlier.values
            if overlaps and CHECKPOINT_WORDS.sub("", first) != CHECKPOINT_WORDS.sub("", second):
                stems |= {first, second}
    return stems


def _parallel(members: list[RunFacts]) -> bool:
    """Tell whether the configs of a folder describe a run each: one kind of file, nothing logged beside.

    Hydra's config and overrides, and a tool's own record beside its config, are parts of one run.
    """
    kinds = {PurePath(path_of(fact)).suffix for fact in members}
    of_hydra = any(PurePath(fact.location).name == ".hydra" for fact in members)
    return len(kinds) == 1 and not of_hydra and not any(map(has_outcome, members))


def _stem(fact: RunFacts) -> str:
    path = path_of(fact)
    return re.sub(
        r"(?<=.)\.(csv|tsv|jsonl?|ya?ml|toml|txt|log)$", "", PurePath(path).name, flags=re.I
    )


def is_script(fact: RunFacts) -> bool:
    """Tell whether a fact was read from a shell script, which can start any number of trainings."""
    return PurePath(path_of(fact)).suffix in SCRIPT_SUFFIXES


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


def has_outcome(fact: RunFacts) -> bool:
    """Tell whether a fact says what a training led to, or comes from a store of runs."""
    return bool(fact.series or fact.finals or fact.run_id)


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return what names are ordered by: numbers by length and digits, so that none is too long."""
    parts = (part for part in re.split(r"(\d+)", text) if part)
    return [
        (0, len(bare := part.lstrip("0")), bare) if part.isdecimal() else (1, 0, part)
        for part in parts
    ]
