"""Which runs count: no recipes beside results, and each training once."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import PurePath

from netgain.assemble.beside_laps import values_shown
from netgain.assemble.files_of_one_name import level, name_of_run
from netgain.assemble.units import same_score
from netgain.pure_paths import pure_path
from netgain.study import Curve, Run, Unread
from netgain.vocabulary import UNSPLIT, is_known_metric

RECIPES = frozenset(("configs", "config", "conf", "cfgs", "cfg", "recipes", "hyps"))
"""Folders of settings that runs are started from."""
STAMPED = re.compile(r"\d{6}")
"""A name by which a moment is told, and not a repeat or a variant."""
FEWEST_TOLD = 3
"""Scores of event files that a log states too, by which both are of one training."""
FEWEST_SHARED = 5
"""Different values of a curve that two records of one training share."""


DATA_COLUMNS = frozenset(
    ("label", "labels", "target", "targets", "class", "class_id", "category", "id", "index", "idx",
     "image_id", "sentence_id", "x", "y", "width", "height", "length", "age", "sex")
)  # fmt: skip
"""Columns that samples have and trainings do not log."""
OF_ONE_RUN = re.compile(r"checkpoint|ckpt|epoch|step|iter|version_", re.IGNORECASE)
"""Folders that one training makes below its own."""
SUMMARY = (
    "scores alone, above or beside the folders of runs: a summary of them and no run of its own"
)
"""Why a summary is not counted."""
OF_ITEMS = re.compile(r"(?:^|_)(?:ids?|len|length|label|index|idx)$")
"""Last words of columns that number items, or say how long each is."""
SUMMARY_WORD = re.compile(
    r"[_\-.](?:results?|summary|final|scores?|report|overall|mean|all)$|^(?:results?|summary|final|scores?)[_\-.]",
    re.IGNORECASE,
)
"""Words of a file name by which it sums up the runs of the arm named beside them."""
P_VALUE = re.compile(r"(?:^|[/_\-.\s])p[_\-.]?val(?:ue)?s?(?:$|[/_\-.\s])", re.IGNORECASE)
"""Names of what a test of significance gives."""
NUMBERS = re.compile(r"\[[\d\s.,eE+-]{3,}\]")
"""A list of scores, as a value is shown."""
SCRIPTS = (".sh", ".bash", ".slurm", ".sbatch", ".ps1", ".bat", ".py")
"""Suffixes of files that start trainings."""


def without_recipes(
    runs: list[Run], unfinished: Iterable[Run] = ()
) -> tuple[list[Run], list[Unread]]:
    """Leave out folders of settings without any result, where other runs have results or broke off."""
    ended = [run for run in (*runs, *unfinished) if run.curves or run.finals]
    if not ended:
        return runs, []
    recipes = [
        run
        for run in runs
        if not (run.curves or run.finals or run.model)
        and RECIPES & {part.lower() for part in pure_path(run.id).parts[-2:]}
    ]
    why = "settings without a result, in a folder of configurations; no run"
    return [r for r in runs if r not in recipes], [Unread(path=r.id, why=why) for r in recipes]


def without_launches(runs: list[Run]) -> tuple[list[Run], list[Unread]]:
    """Leave out folders of which a launch script alone is known, where other runs have results."""
    if not any(run.curves or run.finals for run in runs):
        return runs, []
    launches = {
        run.id
        for run in runs
        if not (run.curves or run.finals or run.model) and (run.config or run.other_config)
        if all(
            cited.source.path.endswith(SCRIPTS)
            for cited in (*run.config.values(), *run.other_config.values())
        )
    }
    why = "a script that starts trainings, without a result; no run of its own"
    return (
        [run for run in runs if run.id not in launches],
        [Unread(path=run_id, why=why) for run_id in sorted(launches)],
    )


def without_comparisons(runs: list[Run]) -> tuple[list[Run], list[Unread]]:
    """Leave out tests of significance between runs: rows of a table with p values."""
    tests = [
        run
        for run in runs
        if not (run.curves or run.model) and any(P_VALUE.search(name) for name in run.finals)
    ]
    why = "a test of significance between runs, and no run of its own"
    return [r for r in runs if r not in tests], [Unread(path=r.id, why=why) for r in tests]


def without_few_scores(runs: list[Run]) -> tuple[list[Run], list[Unread]]:
    """Leave out event files with a few scores of a run whose log lies under the same name elsewhere.

    `core/0125182706` beside `beauty/0125182706`: both are named by one moment, and the scores are in the log.
    """
    by_name: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if STAMPED.search(name := pure_path(run.id).name):
            by_name[name].append(run)
    found: dict[str, str] = {}
    for same in by_name.values():
        few = [run for run in same if _holds_few_scores(run)]
        others = [run for run in same if run not in few]
        if len(few) == len(others) == 1:
            own = [value for value in _scores_of(few[0]) if not float(value).is_integer()]
            shown = values_shown(own, set(_scores_of(others[0])))
            if shown >= max(FEWEST_TOLD, len(own) / 2):
                found[few[0].id] = others[0].id
    return (
        [run for run in runs if run.id not in found],
        [
            Unread(path=run_id, why=f"scores that the log of {home} states; counted once")
            for run_id, home in found.items()
        ],
    )


def _holds_few_scores(run: Run) -> bool:
    """Tell whether a run is known from event files alone that hold no course of a training."""
    paths = {curve.source.path for curve in run.curves} | {
        score.source.path for score in run.finals.values()
    }
    return (
        bool(paths)
        and all(".tfevents." in path for path in paths)
        and all(len(curve.values) <= 2 for curve in run.curves)
    )


def _scores_of(run: Run) -> list[float]:
    finals = [score.value for score in run.finals.values()]
    return [
        value
        for value in (*finals, *(value for curve in run.curves for value in curve.values))
        if math.isfinite(value)
    ]


def without_second_predictions(runs: list[Run]) -> tuple[list[Run], list[Unread]]:
    """Leave out files of predictions that a run, named by its folder and itself, holds too.

    `all/seed1_bert_predictions` with the scores of `seed1/bert`.
    """
    homes = {
        level("-".join(pure_path(run.id).parts[-2:])): run
        for run in runs
        if run.finals and "#" not in run.id
    }
    seconds: dict[str, Run] = {}
    for run in runs:
        name = name_of_run(pure_path(run.id).name)
        home = homes.get(level(name))
        alone = name == pure_path(run.id).name or not run.finals or run.curves or run.model
        if home is None or home is run or alone:
            continue
        if all(
            (own := home.finals.get(key)) is not None and same_score(own.value, score.value)
            for key, score in run.finals.items()
        ):
            seconds[run.id] = home
    return (
        [run for run in runs if run.id not in seconds],
        [
            Unread(path=run_id, why=f"predictions of {home.id}, found in a second place")
            for run_id, home in seconds.items()
        ],
    )


def without_data(runs: list[Run]) -> tuple[list[Run], list[Unread]]:
    """Leave out files of data, whose columns are no scores and stand on no axis of a training."""
    data = [run for run in runs if run.curves and _is_data(run)]
    why = "columns of a data file, none of them a score over training; no run"
    return [r for r in runs if r not in data], [Unread(path=r.id, why=why) for r in data]


def _is_data(run: Run) -> bool:
    settings = (*run.config.values(), *run.other_config.values())
    stated_elsewhere = all(
        cited.source.path.endswith(SCRIPTS) or cited.source.key == "file name" for cited in settings
    )
    plain = all(curve.unit == "row" and _is_of_items(curve.name) for curve in run.curves)
    return plain and stated_elsewhere and not (run.finals or run.model)


def _is_of_items(name: str) -> bool:
    """Tell whether a column says of each item of a data set which it is, or how long."""
    return name in DATA_COLUMNS or OF_ITEMS.search(name) is not None


def without_summaries(runs: list[Run]) -> tuple[list[Run], list[Run]]:
    """Return the runs, and apart from them bare scores above their folders or beside them by a name for all.

    `ours/result.json` sums up `ours/seed0` and its like; so does `ours_result.json` beside `ours_s0`.
    """
    folders = [
        folder
        for run in runs
        if (run.curves or run.config)
        and not OF_ONE_RUN.match((folder := pure_path(run.id.partition("#")[0])).name)
    ]
    with_results = [pure_path(run.id) for run in runs if run.curves or run.finals]
    summaries = {
        run.id
        for run in runs
        if "#" not in run.id and _is_bare(run)
        if any(pure_path(run.id) in folder.parents for folder in folders)
        or _sums_up(pure_path(run.id), with_results)
    }
    logged = {run.id for run in runs if run.curves and "#" not in run.id}
    summaries |= {run.id for run in runs if _is_row_of(run, logged)}
    return (
        [run for run in runs if run.id not in summaries],
        [run for run in runs if run.id in summaries],
    )


def _is_row_of(run: Run, logged: set[str]) -> bool:
    """Tell whether a run is the row of a table beside the folder that bears the row's name.

    `results/summary.json#ours` sums up the training logged in `results/ours`.
    """
    table, _, row = run.id.partition("#")
    name = row.rpartition("=")[2]
    return (
        bool(name and run.finals)
        and not run.curves
        and str(pure_path(table).parent / name) in logged
    )


def _is_bare(run: Run) -> bool:
    """Tell whether scores are all that a run's own files say, defaults of code and names apart."""
    settings = (*run.config.values(), *run.other_config.values())
    by_others = all(
        cited.source.path.endswith(SCRIPTS)
        or cited.source.key == "file name"
        or NUMBERS.fullmatch(str(cited.value))
        for cited in settings
    )
    return bool(run.finals) and by_others and not (run.curves or run.model)


def _sums_up(summary: PurePath, runs: list[PurePath]) -> bool:
    """Tell whether a file is named as the result of several runs with results in its folder."""
    arm = SUMMARY_WORD.sub("", summary.name)
    if not arm or arm == summary.name:
        return False
    of_the_arm = re.compile(
        rf"{re.escape(arm)}[_\-.]?(?:s|seed|run|trial|rep)?[_\-.]?\d+", re.IGNORECASE
    )
    return any(
        run.parent == summary.parent and of_the_arm.fullmatch(run.name) is not None for run in runs
    )


def without_second_records(runs: list[Run]) -> tuple[tuple[Run, ...], tuple[Unread, ...]]:
    """Keep one of two records of the same training made by different tools.

    Two tools that logged one training share whole curves to the last digit; two trainings that ended
    alike in the same tool are both kept, since that is itself evidence (one seed repeated). A curve that two
    runs were given from one file, as the record of their folder, says nothing of either.
    """
    kept: list[Run] = []
    dropped: list[Unread] = []
    by_curve: dict[tuple[float, ...], tuple[Run, str]] = {}
    for run in sorted(runs, key=_least_said):
        long_curves = [c for c in run.curves if _tells_trainings_apart(c)]
        twin = next(
            (
                by_curve[c.values][0]
                for c in long_curves
                if c.values in by_curve and by_curve[c.values][1] != c.source.path
            ),
            None,
        )
        if twin is not None and _store(twin) != _store(run) and not _differ(twin, run):
            why = f"second record of the training in {twin.id} (identical curves); counted once"
            dropped.append(Unread(path=run.id, why=why))
            continue
        kept.append(run)
        for curve in long_curves:
            by_curve.setdefault(curve.values, (run, curve.source.path))
    order = {run.id: index for index, run in enumerate(runs)}
    return tuple(sorted(kept, key=lambda r: order[r.id])), tuple(dropped)


def _differ(first: Run, second: Run) -> bool:
    """Tell whether two runs logged another course under one key, point by point."""
    logged = {(c.key, c.unit, len(c.values)): c.values for c in first.curves}
    return any(
        logged.get((c.key, c.unit, len(c.values)), c.values) != c.values
        for c in second.curves
        if _tells_trainings_apart(c)
    )


def _least_said(run: Run) -> tuple[bool, int]:
    """Order records by what they say: a row of a table names its arm, a printed log may not."""
    return "=" not in run.id.partition("#")[2], -(len(run.config) + len(run.curves))


def _tells_trainings_apart(curve: Curve) -> bool:
    """Tell whether two trainings cannot share a curve by design, as they do schedules and counters."""
    scored = is_known_metric(curve.name) and curve.name not in UNSPLIT
    if not scored or len(set(curve.values)) < FEWEST_SHARED:
        return False
    steps = (round(b - a, 6) for a, b in pairwise(curve.values))
    first = next(steps)
    return any(step != first for step in steps)


def _store(run: Run) -> str:
    """Return the store a run lies in: the folder above a run folder, or the database file."""
    return run.id.split("#")[0] if "#" in run.id else str(pure_path(run.id).parent)
