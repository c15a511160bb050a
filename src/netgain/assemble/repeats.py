"""One training found in several places: copied folders, and logs that print what a table holds in full."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from netgain.assemble.checkpoints import begins, curves_of
from netgain.assemble.evidence import CODE, path_of
from netgain.assemble.names import seed_in_name
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Series
from netgain.study import Unread
from netgain.vocabulary import UNSPLIT, canonical_metric, is_known_metric

Bundles = dict[str, list[RunFacts]]
Key = tuple[str, int]
"""Metric and length of a curve."""

STAMPED = re.compile(r"tfevents\.\d+\.|^run-[\w-]{4,40}\.wandb$")
"""Names of files that one process writes once: two files of one such name are copies."""
COPY_NAME = re.compile(
    r"(?:^|[^a-z])(?:latest|last|copy|backup|bak|old|tmp|symlink)(?:$|[^a-z])", re.IGNORECASE
)
"""Words in the name of a place that is no run's own."""
NAME_KEY = re.compile(r"(?:^|[./_])(?:name|run_name|exp_name|save_dir|output_dir|log_dir)$")
FEWEST_VALUES = 5
"""Different values of a curve that no two trainings share by chance."""
PRINTED_SUFFIXES = frozenset((".ipynb", ".log", ".txt", ".out"))
PRINTED_DECIMALS = range(2, 8)
FINEST = 200
"""Steps of the printed precision that a curve spans, from which on one curve alone tells a training."""
COARSEST = 20
"""The same, where two curves tell it together."""
MOST_COMPARED = 50
"""Tables that one printed curve is compared with."""


def without_copies(grouped: Bundles) -> tuple[Bundles, list[Unread]]:
    """Return the runs without second places of one result: copies and links of a run's folder.

    Two places are one result where all that was read agrees, every value of the curves included, and where
    the places cannot be two runs: one process wrote the files of both, both name one and the same run, or
    one is called a copy. Repeats and arms that ended alike stay, since that is evidence itself.
    """
    by_content: dict[int, list[str]] = defaultdict(list)
    for run_id, bundle in grouped.items():
        if any(fact.series for fact in bundle):
            by_content[hash(_content(bundle))].append(run_id)
    dropped: dict[str, str] = {}
    for run_ids in by_content.values():
        ordered = sorted(run_ids, key=lambda run_id: _rank(run_id, grouped[run_id]))
        first = ordered[0]
        for other in ordered[1:]:
            same = _content(grouped[first]) == _content(grouped[other])
            if same and _one_place(first, grouped[first], other, grouped[other]):
                dropped[other] = first
    dropped |= {
        run_id: whole
        for run_id in grouped.keys() - dropped.keys()
        if (whole := _original(run_id, grouped)) is not None
    }
    notes = [
        Unread(
            path=run_id, why=f"the same result as {first}, found in a second place; counted once"
        )
        for run_id, first in dropped.items()
    ]
    return {run_id: b for run_id, b in grouped.items() if run_id not in dropped}, notes


def _original(run_id: str, grouped: Bundles) -> str | None:
    """Return the run beside one named its copy (`log (copy)`, `log`) whose curves begin as the copy's are."""
    path = pure_path(run_id)
    name = COPY_NAME.sub("", path.name).strip(" ()_-.")
    other = str(path.with_name(name)) if name and name != path.name else ""
    if other not in grouped or not _is_copy(run_id):
        return None
    copied, whole = curves_of(grouped[run_id]), curves_of(grouped[other])
    known = [series for key, series in copied.items() if key in whole and _is_scored(series)]
    return other if known and begins(copied, whole) else None


def _content(bundle: list[RunFacts]) -> tuple[object, ...]:
    """Return all that was read of a run, without where."""
    own = [fact for fact in bundle if fact.dialect != CODE]
    return (
        frozenset((s.key, s.value) for fact in own for s in fact.settings),
        frozenset((s.key, s.unit, s.steps, s.values) for fact in own for s in fact.series),
        frozenset((f.key, f.value) for fact in own for f in fact.finals),
    )


def _one_place(first: str, mine: list[RunFacts], second: str, other: list[RunFacts]) -> bool:
    if seed_in_name(first) != seed_in_name(second):
        return False
    if _stamped(mine) & _stamped(other):
        return True
    if not any(_tells(series) for fact in mine for series in fact.series):
        return False
    named = any(
        isinstance(setting.value, str) and _last_word(setting.value) in _folders(first, second)
        for fact in mine
        for setting in fact.settings
        if NAME_KEY.search(setting.key)
    )
    return named or _is_copy(first) != _is_copy(second)


def _is_copy(run_id: str) -> bool:
    return COPY_NAME.search(pure_path(run_id).name) is not None


def _stamped(bundle: list[RunFacts]) -> set[str]:
    return {name for fact in bundle if STAMPED.search(name := pure_path(path_of(fact)).name)}


def _folders(*run_ids: str) -> set[str]:
    return {pure_path(run_id).name for run_id in run_ids}


def _last_word(value: str) -> str:
    return pure_path(value.replace("\\", "/")).name


def _rank(run_id: str, bundle: list[RunFacts]) -> tuple[bool, bool, int]:
    """Order places of one result: the folder that the settings name comes first, one named a copy last."""
    name = pure_path(run_id).name
    own = any(
        isinstance(setting.value, str) and _last_word(setting.value) == name
        for fact in bundle
        for setting in fact.settings
        if NAME_KEY.search(setting.key)
    )
    return _is_copy(run_id), not own, len(pure_path(run_id).parts)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One curve as a file shows it."""

    run_id: str
    split: str | None
    values: npt.NDArray[np.float64]
    decimals: int


def join_printed(grouped: Bundles) -> tuple[Bundles, list[Unread]]:
    """Join a printed training to the table of the same training: what it adds stays, its rounded curves go.

    A printed curve is the table's where each value is the table's, rounded to the digits that are shown.
    """
    printed = {
        run_id: list(_shown(run_id, bundle, None))
        for run_id, bundle in grouped.items()
        if _is_printed(bundle)
    }
    wanted = frozenset(key for shown in printed.values() for key, _ in shown)
    if not wanted:
        return grouped, []
    tables: dict[Key, list[_Shown]] = defaultdict(list)
    for run_id, bundle in grouped.items():
        for key, found in () if run_id in printed else _shown(run_id, bundle, wanted):
            tables[key].append(found)
    joined, notes = dict(grouped), []
    for run_id, shown in printed.items():
        home = _table_of(shown, tables)
        if home is None:
            continue
        joined[home] = [*joined[home], *additions(joined[home], joined.pop(run_id))]
        notes.append(
            Unread(
                path=run_id,
                why=f"prints the training in {home} (the same curves, rounded); read as one run with it",
            )
        )
    return joined, notes


def _is_printed(bundle: list[RunFacts]) -> bool:
    """Tell whether all curves of a run were printed: in a notebook or a text log."""
    suffixes = {pure_path(path_of(fact)).suffix.lower() for fact in bundle if fact.series}
    return bool(suffixes) and suffixes <= PRINTED_SUFFIXES


def _shown(
    run_id: str, bundle: list[RunFacts], wanted: frozenset[Key] | None
) -> Iterator[tuple[Key, _Shown]]:
    """Yield the telling curves of a run, of those that are wanted."""
    for fact in bundle:
        for series in fact.series:
            metric = canonical_metric(series.key, fact.dialect)
            key = (metric.name, len(series.values))
            if (wanted is None or key in wanted) and _tells(series):
                values = np.array(series.values)
                yield key, _Shown(run_id, metric.split, values, _decimals(series.values))


def _table_of(shown: list[tuple[Key, _Shown]], tables: dict[Key, list[_Shown]]) -> str | None:
    """Return the one run whose table holds every curve that was printed, splits alike where it can be."""
    alike = any(other.split == mine.split for key, mine in shown for other in tables.get(key, ()))
    homes: list[set[str]] = []
    spans: list[float] = []
    for key, mine in shown:
        unit = 10.0**-mine.decimals
        tabled = [
            other
            for other in tables.get(key, ())
            if other.split == mine.split or (not alike and _one_split(mine.split, other.split))
        ]
        if mine.decimals not in PRINTED_DECIMALS or not tabled:
            continue
        homes.append(
            {
                other.run_id
                for other in tabled[:MOST_COMPARED]
                if other.decimals > mine.decimals
                and np.allclose(other.values, mine.values, rtol=0, atol=unit * 0.5001)
            }
        )
        spans.append(float(np.ptp(mine.values)) / unit)
    if not homes:
        return None
    common = set.intersection(*homes)
    widest = sorted(spans, reverse=True)
    enough = widest[0] >= FINEST or (len(widest) > 1 and widest[1] >= COARSEST)
    return common.pop() if len(common) == 1 and enough else None


def _one_split(first: str | None, second: str | None) -> bool:
    """Tell whether two curves can be of one split: a word of a printed line may say what a table does not."""
    return first == second or None in (first, second)


def additions(home: list[RunFacts], printed: list[RunFacts]) -> Iterator[RunFacts]:
    """Yield what a printed log says beyond the table: settings, scores, and curves of other names."""
    held = {
        (metric.name, metric.split)
        for fact in home
        for series in fact.series
        for metric in (canonical_metric(series.key, fact.dialect),)
    }
    known = set(map(id, home))
    for fact in printed:
        if id(fact) in known:
            continue
        kept = []
        for series in fact.series:
            metric = canonical_metric(series.key, fact.dialect)
            of_training = {None, "train"} if metric.split in (None, "train") else {metric.split}
            if not any((metric.name, split) in held for split in of_training):
                kept.append(series)
        yield replace(fact, series=tuple(kept))


def _tells(series: Series) -> bool:
    """Tell whether no two trainings share a curve by chance, as they share schedules and counters."""
    if not _is_scored(series) or len(set(series.values)) < FEWEST_VALUES:
        return False
    steps = (round(b - a, 6) for a, b in pairwise(series.values))
    first = next(steps)
    return any(step != first for step in steps)


def _is_scored(series: Series) -> bool:
    name = canonical_metric(series.key).name
    return is_known_metric(name) and name not in UNSPLIT


def _decimals(values: tuple[float, ...]) -> int:
    """Return the decimals that the finest of some values is written with."""
    exponents = (Decimal(repr(value)).as_tuple().exponent for value in values[:200])
    return max((-e for e in exponents if isinstance(e, int)), default=0)
