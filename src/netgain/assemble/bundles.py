"""Which facts describe one run: folders merged and split, starts and checkpoints of one training joined."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from netgain.assemble.beside_laps import NOTEBOOK
from netgain.assemble.checkpoints import join_checkpoints
from netgain.assemble.evidence import (
    CODE,
    HOUSEKEEPING_FOLDERS,
    has_outcome,
    is_script,
    natural,
    path_of,
)
from netgain.assemble.files_of_epochs import join_files_of_epochs
from netgain.assemble.folder_runs import of_its_name, split_folder
from netgain.assemble.logs_and_folders import join_logs_to_folders
from netgain.assemble.models_of_runs import with_own_models
from netgain.assemble.names import group_name, seed_in_name
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts

OF_A_SPLIT = re.compile(r"train|training|val|valid|validation|test|eval", re.IGNORECASE)
"""Names of folders of event files that hold the curves of one split."""
START_STAMP = re.compile(r"\d{8}_\d{6}")
"""Name of the folder that OpenMMLab makes for each start of a training."""


def bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    """Group facts by the run they describe; keys are run ids in path order.

    Defaults that code states join the runs that lie below or beside the code; alone they are no run.
    """
    facts = join_files_of_epochs(facts)
    defaults = [fact for fact in facts if fact.dialect == CODE]
    grouped = with_own_models(_bundles([fact for fact in facts if fact.dialect != CODE]))
    layout, below = _layout(facts), _by_ancestor(grouped)
    notebooks = {run_id: _notebooks_of(bundle) for run_id, bundle in grouped.items()}
    for fact in defaults:
        home = _run_folder(fact, layout)
        path = path_of(fact)
        everywhere = home in (".", "")
        joined = grouped if everywhere else [*below.get(home.rstrip("/"), ()), home]
        for run_id in joined:
            of_another = path.endswith(NOTEBOOK) and path not in (notebooks.get(run_id) or {path})
            if run_id in grouped and not of_another:
                grouped[run_id].append(fact)
    return grouped


def _notebooks_of(bundle: Iterable[RunFacts]) -> set[str] | None:
    """Return the notebooks that a run was read from; None where it was read from none."""
    found = {path for fact in bundle if (path := path_of(fact)).endswith(NOTEBOOK)}
    return found or None


def _bundles(facts: list[RunFacts]) -> dict[str, list[RunFacts]]:
    layout = _layout(facts)
    located = [(_run_folder(fact, layout), fact) for fact in facts]
    grouped: dict[str, list[RunFacts]] = defaultdict(list)
    for folder, members in _by_folder(located).items():
        for suffix, bundle in split_folder(members).items():
            grouped[f"{folder}{suffix}"] += bundle
    grouped = join_checkpoints(grouped)
    _join_siblings(grouped)
    _join_resumed(grouped)
    join_logs_to_folders(grouped)
    with_outcome = {run_id for run_id, bundle in grouped.items() if any(map(has_outcome, bundle))}
    shared = [run_id for run_id in grouped if run_id not in with_outcome]
    inside = _by_ancestor(with_outcome) if shared else {}
    for run_id in shared:
        below = inside.get(run_id.rstrip("/"), [])
        if below and not grouped[run_id][0].run_id:
            for other in below:
                grouped[other] = grouped[other] + of_its_name(grouped[run_id], grouped[other])
            del grouped[run_id]
    return {run_id: list(grouped[run_id]) for run_id in sorted(grouped, key=natural)}


def _by_ancestor(run_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return, for each folder, the run ids that lie below it, and those of a log or store in it (`#`)."""
    found: dict[str, list[str]] = defaultdict(list)
    for run_id in run_ids:
        for cut in re.finditer(r"[/#]", run_id):
            found[run_id[: cut.start()]].append(run_id)
    return found


def _join_siblings(grouped: dict[str, list[RunFacts]]) -> None:
    """Join `results/history_ours.json` to the run in `results/ours/`: curves here, final scores there."""
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run_id in grouped:
        path = pure_path(run_id)
        named[str(path.parent), path.name.lower()].append(run_id)
    for run_id in list(grouped):
        if any(fact.finals or fact.run_id for fact in grouped[run_id]):
            continue
        path = pure_path(run_id)
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
        if START_STAMP.fullmatch(pure_path(run_id).name):
            by_parent[pure_path(run_id).parent].append(run_id)
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
    apart: frozenset[str]
    """Folders whose logs bear the names of logs of other trainings right above."""


def _layout(facts: list[RunFacts]) -> _Layout:
    locations = {fact.location for fact in facts}
    return _Layout(
        Counter(str(pure_path(location).parent) for location in locations),
        frozenset(fact.location for fact in facts if fact.dialect == "tensorboard"),
        _apart_from_above(facts),
    )


def _apart_from_above(facts: list[RunFacts]) -> frozenset[str]:
    """Return folders with a log that shares name and quantities, and no values, with one right above."""
    written = [
        ((fact.location, pure_path(path).name), fact)
        for fact in facts
        if fact.series and (path := path_of(fact))
    ]
    places = {place for place, _ in written}
    over = {
        place: above
        for place in places
        if (above := (str(pure_path(place[0]).parent), place[1])) in places
    }
    asked = over.keys() | set(over.values())
    logs: dict[tuple[str, str], dict[tuple[str, str], set[tuple[float, ...]]]] = {}
    for place, fact in written:
        if place in asked:
            logged = logs.setdefault(place, defaultdict(set))
            for series in fact.series:
                logged[series.key, series.unit].add(series.values)
    found: set[str] = set()
    for place in over:
        location, logged, beneath = place[0], logs[place], logs[over[place]]
        common = logged.keys() & beneath.keys()
        if common and not any(logged[key] & beneath[key] for key in common):
            found.add(location)
    return frozenset(found)


def _run_folder(fact: RunFacts, layout: _Layout) -> str:
    """Return the folder of the run a fact belongs to, above housekeeping subfolders."""
    folder = pure_path(fact.location)
    above = folder.parent
    if (
        fact.dialect == "tensorboard"
        and OF_A_SPLIT.fullmatch(folder.name)
        and HOUSEKEEPING_FOLDERS.fullmatch(above.name)
        and layout.children.get(str(above), 0) == 1
    ):
        folder = above  # the curves of one split alone: `logs/validation`
    while HOUSEKEEPING_FOLDERS.fullmatch(folder.name):
        parent = folder.parent
        if (
            not parent.name
            or layout.children.get(str(folder), 0) > 1
            or str(folder) in layout.apart
        ):
            break
        folder = parent
    if fact.dialect == "tensorboard" and str(folder.parent) in layout.events:
        folder = folder.parent  # SummaryWriter.add_scalars puts each series in a folder of its own
    return str(folder)


__all__ = [
    "CODE",
    "bundles",
    "group_name",
    "has_outcome",
    "is_script",
    "path_of",
    "seed_in_name",
]
