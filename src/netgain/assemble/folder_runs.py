"""The runs that one folder holds: one of all its files, or one for each log, row or writing process."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from pathlib import PurePath

from netgain.assemble.evidence import (
    CHECKPOINT_WORDS,
    TABLE_SUFFIXES,
    has_outcome,
    is_script,
    natural,
    path_of,
    stem_of,
)
from netgain.assemble.same_training import told_apart
from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, is_known_metric

PARTS_OF_A_CONFIG = frozenset(
    {"hyp", "opt", "opts", "options", "args", "arguments", "config", "configs", "cfg", "params", "hparams",
     "hyperparameters", "overrides", "settings", "model", "data", "dataset", "train", "training", "optimizer",
     "scheduler", "trainer", "logger", "hydra", "flags", "metadata", "env", "run"}
)  # fmt: skip
"""Names of files that each hold a part of one run's settings (YOLOv5's `hyp.yaml` and `opt.yaml`)."""
SPLIT_STEMS = re.compile(r"(train|training|val|valid|validation|test|eval)(_.*)?", re.IGNORECASE)


def split_folder(members: list[RunFacts]) -> dict[str, list[RunFacts]]:
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


def of_its_name(shared: list[RunFacts], bundle: list[RunFacts]) -> list[RunFacts]:
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
        stem = stem_of(fact)
        if has_outcome(fact) and stem and not SPLIT_STEMS.fullmatch(stem):
            logs[_outcome_keys(fact)].add(stem)
    stems = {
        stem
        for same_keys in logs.values()
        if len({CHECKPOINT_WORDS.sub("", stem) for stem in same_keys}) > 1
        for stem in same_keys
    } | _logs_side_by_side(members)
    if not stems:
        configs = {stem_of(fact) for fact in members if not has_outcome(fact) and not fact.model}
        if len(configs) > 1 and _parallel(members):
            stems = {stem for stem in configs if stem}
    if not stems:
        return told_apart({"": members})
    stems |= _other_logs(members, stems)
    split: dict[str, list[RunFacts]] = {}
    shared = [fact for fact in members if stem_of(fact) not in stems]
    for stem in sorted(stems, key=natural):
        own = [fact for fact in members if stem_of(fact) == stem]
        split[f"/{stem}"] = own + of_its_name(shared, own)
    return told_apart(split)


def _other_logs(members: list[RunFacts], stems: set[str]) -> set[str]:
    """Return the stems of further logs of the kind that a folder's runs are logged in: runs of their own."""
    logs = [fact for fact in members if fact.series]
    kinds = {PurePath(path_of(fact)).suffix for fact in logs if stem_of(fact) in stems}
    return {
        stem
        for fact in logs
        if PurePath(path_of(fact)).suffix in kinds
        and (stem := stem_of(fact))
        and not SPLIT_STEMS.fullmatch(stem)
        and CHECKPOINT_WORDS.sub("", stem) == stem
    }


def _logs_side_by_side(members: list[RunFacts]) -> set[str]:
    """Return the stems of logs of one kind that show different values of one quantity over the same steps.

    Logs of trainings differ in what else they hold (one ends with a test score, one was cut off). A log
    that goes on where another stopped, or repeats its values, belongs to the same run.
    """
    found: dict[tuple[str, str, str], dict[str, Series]] = defaultdict(dict)
    for fact in members:
        stem, kind = stem_of(fact), PurePath(path_of(fact)).suffix
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
    if {stem_of(fact).lower() for fact in members} <= PARTS_OF_A_CONFIG:
        return False
    of_hydra = any(PurePath(fact.location).name == ".hydra" for fact in members)
    return len(kinds) == 1 and not of_hydra and not any(map(has_outcome, members))


def _outcome_keys(fact: RunFacts) -> frozenset[str]:
    """Return what a fact measured; a score recomputed from predictions is no second log of one stated."""
    finals = [f"{f.key} recomputed" if f.strength == "measured" else f.key for f in fact.finals]
    return frozenset([series.key for series in fact.series] + finals)
