"""The runs that one folder holds: one of all its files, or one for each log, row or writing process."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain, pairwise

from netgain.assemble.beside_laps import (
    result_files,
    told_by_both,
    trainings_beside,
    with_results,
)
from netgain.assemble.evidence import (
    CHECKPOINT_WORDS,
    TABLE_SUFFIXES,
    has_outcome,
    is_script,
    natural,
    path_of,
    stem_of,
)
from netgain.assemble.files_of_one_name import (
    names_in_common,
    of_the_run,
    tables_told_once,
    with_their_rows,
)
from netgain.assemble.logs_by_split import logs_of_none, parts_of_runs, variant_of
from netgain.assemble.same_training import told_apart
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, is_known_metric

PARTS_OF_A_CONFIG = frozenset(
    {"hyp", "opt", "opts", "options", "args", "arguments", "config", "configs", "cfg", "params", "hparams",
     "hyperparameters", "overrides", "settings", "model", "data", "dataset", "train", "training", "optimizer",
     "scheduler", "trainer", "logger", "hydra", "flags", "metadata", "env", "run"}
)  # fmt: skip
"""Names of files that each hold a part of one run's settings (YOLOv5's `hyp.yaml` and `opt.yaml`)."""


def split_folder(members: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Split the facts of one folder where it holds many runs: by store id, or by file stem."""
    by_id: dict[str, list[RunFacts]] = defaultdict(list)
    for fact in members:
        by_id[fact.run_id].append(fact)
    named = {run_id: bundle for run_id, bundle in by_id.items() if run_id}
    loose = by_id.get("", [])
    if named:
        own: dict[str, list[RunFacts]] = {}
        results: list[RunFacts] = []
        if _laps_of_one_log(named):
            results = result_files(loose)
            own = trainings_beside(named, loose)
            placed = {id(fact) for fact in (*results, *chain.from_iterable(own.values()))}
            loose = [fact for fact in loose if id(fact) not in placed]
            beside = _logs_beside_laps(named, loose)
            aside = set(map(id, beside))
            named, own = told_by_both(named, own)
            shared = [fact for fact in loose if id(fact) not in aside]
            named = _with_their_folder(named, shared) if named else {}
            loose = beside if named else [*shared, *beside]
        split = {_store_suffix(run_id, bundle): bundle for run_id, bundle in named.items()}
        split = with_results(split | own, results)
        scripts = [fact for fact in loose if is_script(fact)]
        rest = [fact for fact in loose if not is_script(fact)]
        if rest:
            of_one = (
                bool(named)
                and _laps_of_one_log(named)
                and len({stem_of(fact) for fact in rest}) == 1
            )
            split |= {f"/{stem_of(rest[0])}": rest} if of_one else _split_by_stem(rest)
        if scripts:
            split[""] = split.get("", []) + scripts
        return with_their_rows(tables_told_once(split))
    return _split_by_stem(loose)


def of_its_name(shared: list[RunFacts], bundle: list[RunFacts]) -> list[RunFacts]:
    """Return the shared facts that concern a run.

    Of several files of one kind (`baseline.sh`, `ours.sh`) those named like the run's log are its own.
    """
    stems = {pure_path(path_of(fact)).stem for fact in bundle}
    files = [pure_path(path_of(fact)) for fact in shared]
    own_kinds = {file.suffix for file in files if file.stem in stems}
    return [
        fact
        for fact, file in zip(shared, files, strict=True)
        if file.suffix not in own_kinds or file.stem in stems
    ]


def _laps_of_one_log(named: dict[str, list[RunFacts]]) -> bool:
    """Tell whether the runs of a folder are what one log or table holds one after another."""
    paths = {pure_path(path_of(bundle[0])) for bundle in named.values()}
    stems = {path.stem for path in paths}
    cut = [run_id.rpartition(" ") for run_id in named]
    return len(paths) == 1 and all(stem in stems and at.isdecimal() for stem, _, at in cut)


def _with_their_folder(
    named: dict[str, list[RunFacts]], loose: list[RunFacts]
) -> dict[str, list[RunFacts]]:
    """Give the trainings that one log holds what else lies in their folder.

    The settings are those of all; scores and checkpoints were written over by the last training.
    """
    settings = [fact for fact in loose if not has_outcome(fact) and not fact.model]
    written_over = [fact for fact in loose if has_outcome(fact) or fact.model]
    last = list(named)[-1]
    return {
        run_id: [*bundle, *settings, *(written_over if run_id == last else ())]
        for run_id, bundle in named.items()
    }


def _logs_beside_laps(named: dict[str, list[RunFacts]], loose: list[RunFacts]) -> list[RunFacts]:
    """Return the logs of other trainings beside one that holds several.

    They are of the same kind and show other values of what both logged over the same steps.
    """
    laps = [fact for bundle in named.values() for fact in bundle]
    kind = pure_path(path_of(laps[0])).suffix
    logged: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in (series for fact in laps for series in fact.series):
        if series.unit != "row" and is_known_metric(canonical_metric(series.key).name):
            logged[series.key, series.unit].append(series)
    return [
        fact
        for fact in loose
        if pure_path(path_of(fact)).suffix == kind
        and (common := [s for s in fact.series if (s.key, s.unit) in logged])
        and all(_is_elsewhere(s, logged[s.key, s.unit]) for s in common)
    ]


def _is_elsewhere(series: Series, others: list[Series]) -> bool:
    """Tell whether a quantity takes other values than each of several over steps they share."""
    return all(
        series.steps[0] <= other.steps[-1]
        and other.steps[0] <= series.steps[-1]
        and not set(series.values) >= set(other.values)
        and not set(series.values) <= set(other.values)
        for other in others
    )


def _store_suffix(run_id: str, bundle: list[RunFacts]) -> str:
    """Return what follows the folder in a run's id; rows of a table carry the table's name."""
    path = pure_path(path_of(bundle[0]))
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
    parts = parts_of_runs(members)
    logs: dict[frozenset[str], set[str]] = defaultdict(set)
    for fact in members:
        stem = stem_of(fact)
        if has_outcome(fact) and stem and stem not in parts:
            logs[_outcome_keys(fact)].add(stem)
    stems = {
        stem
        for same_keys in logs.values()
        if len({CHECKPOINT_WORDS.sub("", stem) for stem in same_keys}) > 1
        for stem in same_keys
    } | _logs_side_by_side(members, parts)
    if not stems:
        configs = {stem_of(fact) for fact in members if not has_outcome(fact) and not fact.model}
        if len(configs) > 1 and _parallel(members):
            stems = {stem for stem in configs if stem}
    if not stems:
        return told_apart({"": members})
    stems |= _other_logs(members, stems, parts)
    stems |= logs_of_none(members, stems)
    split: dict[str, list[RunFacts]] = {}
    shared = [fact for fact in members if stem_of(fact) not in stems]
    names = names_in_common(stems, members)
    for name in sorted(set(names.values()), key=natural):
        own = [fact for fact in members if names.get(stem_of(fact)) == name]
        beside = of_the_run(_of_its_variant(shared, name, stems), name, names.values())
        split[f"/{name}"] = own + of_its_name(beside, own)
    return told_apart(split)


def _of_its_variant(shared: list[RunFacts], stem: str, stems: set[str]) -> list[RunFacts]:
    """Leave out what bears the name of another training: `test_knn.log` beside `train_knn.log`."""
    others = {variant for other in stems if other != stem and (variant := variant_of(other))}
    others.discard(variant_of(stem))
    return [fact for fact in shared if variant_of(stem_of(fact)) not in others]


def _other_logs(members: list[RunFacts], stems: set[str], parts: frozenset[str]) -> set[str]:
    """Return the stems of further logs of the kind that a folder's runs are logged in: runs of their own."""
    logs = [fact for fact in members if fact.series]
    kinds = {pure_path(path_of(fact)).suffix for fact in logs if stem_of(fact) in stems}
    return {
        stem
        for fact in logs
        if pure_path(path_of(fact)).suffix in kinds
        and (stem := stem_of(fact))
        and stem not in parts
        and CHECKPOINT_WORDS.sub("", stem) == stem
    }


def _logs_side_by_side(members: list[RunFacts], parts: frozenset[str]) -> set[str]:
    """Return the stems of logs of one kind that show different values of one quantity over the same steps.

    Logs of trainings differ in what else they hold (one ends with a test score, one was cut off). A log
    that goes on where another stopped, or repeats its values, belongs to the same run.
    """
    found: dict[tuple[str, str, str], dict[str, Series]] = defaultdict(dict)
    for fact in members:
        stem, kind = stem_of(fact), pure_path(path_of(fact)).suffix
        plain = CHECKPOINT_WORDS.sub("", stem)
        if not plain or stem in parts:
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
    kinds = {pure_path(path_of(fact)).suffix for fact in members}
    if {stem_of(fact).lower() for fact in members} <= PARTS_OF_A_CONFIG:
        return False
    of_hydra = any(pure_path(fact.location).name == ".hydra" for fact in members)
    return len(kinds) == 1 and not of_hydra and not any(map(has_outcome, members))


def _outcome_keys(fact: RunFacts) -> frozenset[str]:
    """Return what a fact measured; a score recomputed from predictions is no second log of one stated."""
    finals = [f"{f.key} recomputed" if f.strength == "measured" else f.key for f in fact.finals]
    return frozenset([series.key for series in fact.series] + finals)
