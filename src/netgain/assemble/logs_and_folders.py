"""Text logs in one folder and folders of results elsewhere: the halves of each run, joined by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from netgain.assemble.evidence import CODE, path_of
from netgain.assemble.files_of_one_name import level
from netgain.assemble.same_training import compared
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts

LOGS = (".log", ".txt", ".out", ".err")
AROUND = re.compile(
    r"^(?:log|logs|train|training|out|output|stdout|run|console)[_\-.]"
    r"|[_\-.](?:log|train|training|out|output|stdout|console)$",
    re.IGNORECASE,
)
"""Words of a log's name that say it is one."""
FEWEST = 2
"""Pairs of a log and a folder of one name by which the layout is known."""


def join_logs_to_folders(grouped: dict[str, list[RunFacts]]) -> None:
    """Join `logs/log_ours.txt` to the run in `results/ours/`, where several logs and folders pair up so.

    A pair whose files show other values of one quantity is two trainings and stays apart.
    """
    pairs = _pairs(grouped)
    if len(pairs) < FEWEST:
        return
    for log, folder in pairs.items():
        grouped[folder] = grouped[folder] + grouped.pop(log)


def _pairs(grouped: Mapping[str, list[RunFacts]]) -> dict[str, str]:
    """Return the run of each log with that of the one folder of its name."""
    folders: dict[str, list[str]] = defaultdict(list)
    logs: dict[str, list[str]] = defaultdict(list)
    for run_id, bundle in grouped.items():
        if "#" in run_id:
            continue
        paths = {
            pure_path(path) for fact in bundle if fact.dialect != CODE and (path := path_of(fact))
        }
        name = pure_path(run_id).name
        if len(paths) == 1 and (only := next(iter(paths))).suffix.lower() in LOGS:
            if only.stem == name and any(fact.series for fact in bundle):
                logs[level(AROUND.sub("", name))].append(run_id)
        elif paths and all(path.parent.name == name for path in paths):
            folders[level(name)].append(run_id)
    return {
        logs[name][0]: folders[name][0]
        for name in logs.keys() & folders.keys()
        if len(logs[name]) == len(folders[name]) == 1
        if not _are_two(grouped[logs[name][0]], grouped[folders[name][0]])
    }


def _are_two(log: list[RunFacts], folder: list[RunFacts]) -> bool:
    logged = {(s.key, s.unit): s for fact in log for s in fact.series}
    differing = any(
        (other := logged.get((s.key, s.unit))) is not None and other.values != s.values
        for fact in folder
        for s in fact.series
    )
    verdicts = {compared(one, two) for one in log for two in folder}
    return "other" in verdicts or (differing and "same" not in verdicts)
