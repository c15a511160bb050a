"""Logs that lie in one folder and show by their values whether they tell of one training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from netgain.assemble.evidence import path_of, stem_of
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, is_known_metric

FEWEST = 3
"""Steps that both logs hold, by which they are compared."""
ROUNDING = 2e-3
"""Share by which the printed values of one quantity may differ."""
APART = 0.02
"""Share from which on they are those of another training."""
MOSTLY = 0.8
"""Steps, as a share, at which held-out values differ where the trainings do."""
MOST_LOGS = 60
"""Logs of one folder that are compared with one another."""

Quantity = tuple[str, str, str]
"""Metric, split and what its steps count."""


def compared(first: RunFacts, second: RunFacts) -> Literal["same", "other"] | None:
    """Tell whether two logs show one training, or two; None where they share too little.

    Another training shows in a held-out quantity: of the training's own one file may hold means and the other
    the last values.
    """
    one, two = _quantities(first), _quantities(second)
    agreed, apart = 0, 0
    for quantity in one.keys() & two.keys():
        later = dict(zip(two[quantity].steps, two[quantity].values, strict=True))
        pairs = [
            (value, later[step])
            for step, value in zip(one[quantity].steps, one[quantity].values, strict=True)
            if step in later
        ]
        if len(pairs) < FEWEST:
            continue
        if all(math.isclose(a, b, rel_tol=ROUNDING, abs_tol=1e-9) for a, b in pairs):
            agreed += len({a for a, _ in pairs}) > 1
        elif quantity[1] in ("validation", "test"):
            different = sum(not math.isclose(a, b, rel_tol=APART, abs_tol=1e-9) for a, b in pairs)
            apart += different >= MOSTLY * len(pairs)
    if agreed and not apart:
        return "same"
    return "other" if apart and not agreed else None


def differs(first: RunFacts, second: RunFacts) -> bool:
    """Tell whether two logs of one kind of training show other values of a held-out quantity at most steps.

    This says less than `compared`: files that took the same values at other moments differ too.
    """
    one, two = _quantities(first), _quantities(second)
    for quantity in one.keys() & two.keys():
        if quantity[1] not in ("validation", "test"):
            continue
        later = dict(zip(two[quantity].steps, two[quantity].values, strict=True))
        pairs = [
            (value, later[step])
            for step, value in zip(one[quantity].steps, one[quantity].values, strict=True)
            if step in later
        ]
        apart = sum(not math.isclose(a, b, rel_tol=ROUNDING, abs_tol=1e-9) for a, b in pairs)
        if len(pairs) >= FEWEST and apart >= MOSTLY * len(pairs):
            return True
    return False


def _quantities(fact: RunFacts) -> dict[Quantity, Series]:
    found: dict[Quantity, Series] = {}
    for series in fact.series:
        metric = canonical_metric(series.key, fact.dialect)
        named = is_known_metric(metric.name) and metric.name != "learning_rate"
        if named and metric.split and series.unit != "row":
            found.setdefault((metric.name, metric.split, series.unit), series)
    return found


def told_apart(split: Mapping[str, list[RunFacts]]) -> dict[str, list[RunFacts]]:
    """Return the runs of a folder with logs moved to the run whose values they show.

    A log that shows the values of one run's own log belongs to that run alone, and one that shows other
    values than a run's is none of that run's. One that is of none of them becomes a run of its own.

    Args:
        split: what each run of the folder holds; a log that lies in several of them was given to all.
    """
    logs = {id(fact): fact for bundle in split.values() for fact in bundle if _quantities(fact)}
    if not 1 < len(logs) <= MOST_LOGS:
        return dict(split)
    groups = _groups(list(logs.values()))
    if len(groups) < 2:
        return dict(split)
    of_group = {id(fact): at for at, group in enumerate(groups) for fact in group}
    found: dict[str, list[RunFacts]] = {}
    placed: set[int] = set()
    for name, bundle in split.items():
        own = next((f for f in bundle if id(f) in of_group and stem_of(f) == name[1:]), None)
        own = own or next((f for f in bundle if id(f) in of_group), None)
        group = of_group.get(id(own))
        found[name] = [f for f in bundle if of_group.get(id(f), group) == group]
        placed.update(id(f) for f in found[name] if id(f) in of_group)
    shared = [f for f in next(iter(split.values())) if id(f) not in of_group]
    for group_facts in groups:
        left = [fact for fact in group_facts if id(fact) not in placed]
        if left:
            found[_name_of(left[0], found)] = [*left, *shared]
    return found


def _groups(facts: Sequence[RunFacts]) -> list[list[RunFacts]]:
    """Group logs of one training; none where no two of them are known to be of two.

    A log that can be compared with no other stays with the first group that does not contradict it.
    """
    groups: list[list[RunFacts]] = []
    waiting: list[RunFacts] = []
    for fact in facts:
        verdicts = [{compared(fact, other) for other in group} for group in groups]
        same = next((at for at, seen in enumerate(verdicts) if "same" in seen), None)
        if same is not None:
            groups[same].append(fact)
        elif all("other" in seen for seen in verdicts):
            groups.append([fact])
        else:
            waiting.append(fact)
    return groups if not waiting else []


def _name_of(fact: RunFacts, taken: Mapping[str, object]) -> str:
    path = pure_path(path_of(fact))
    name = f"/{path.stem}"
    return name if name not in taken and path.stem else f"/{path.name}"
