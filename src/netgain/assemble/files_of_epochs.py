"""Results that a training wrote into a file for each of its epochs: one run with curves over them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from netgain.assemble.evidence import CODE, is_script, path_of
from netgain.pure_paths import pure_path
from netgain.readers.base import Final, RunFacts, Series

OF_EPOCH = re.compile(
    r"(?P<name>.{0,200}?)[_\-. ]?(?<![A-Za-z])epoch[_\-.= ]?(?P<number>\d{1,6})"
    r"(?P<rest>(?:[_\-.][A-Za-z]+)*)",
    re.IGNORECASE,
)
"""`metrics_epoch_12`; `epochs_50` is the length of a training."""
FEWEST = 3
"""Files of different epochs, the same number of epochs apart, that are no trainings of different lengths."""


def join_files_of_epochs(facts: list[RunFacts]) -> list[RunFacts]:
    """Return facts with those of `metrics_epoch_1.json`, `metrics_epoch_2.json` and so on as one.

    What each file scores becomes a curve over the epochs; of its settings those count that all files share.
    """
    written: dict[tuple[str, str, str], dict[int, RunFacts]] = defaultdict(dict)
    twice: set[tuple[str, str, str]] = set()
    for fact in facts:
        path = pure_path(path_of(fact))
        named = OF_EPOCH.fullmatch(path.stem)
        if named is None or fact.run_id or fact.series or fact.model or fact.dialect == CODE:
            continue
        if not is_script(fact) and (fact.finals or fact.settings):
            key = (fact.location, f"{named['name']}*{named['rest']}", path.suffix)
            number = int(named["number"])
            if number in written[key]:
                twice.add(key)
            written[key][number] = fact
    joined = {
        key: by_epoch
        for key, by_epoch in written.items()
        if key not in twice and _follow_one_another(sorted(by_epoch))
    }
    if not joined:
        return facts
    aside = {id(fact) for by_epoch in joined.values() for fact in by_epoch.values()}
    ones = [_one(dict(sorted(by_epoch.items()))) for by_epoch in joined.values()]
    told = [one for one in ones if one.series or one.settings]
    return [*(fact for fact in facts if id(fact) not in aside), *told]


def _follow_one_another(epochs: list[int]) -> bool:
    apart = {later - earlier for earlier, later in pairwise(epochs)}
    return len(epochs) >= FEWEST and len(apart) == 1


def _one(by_epoch: dict[int, RunFacts]) -> RunFacts:
    """Return the facts of files in order of their epochs as one fact."""
    points: dict[str, list[tuple[int, Final]]] = defaultdict(list)
    for epoch, fact in by_epoch.items():
        for final in fact.finals:
            points[final.key].append((epoch, final))
    series = tuple(
        Series(
            key=key,
            unit="epoch",
            steps=tuple(float(epoch) for epoch, _ in found),
            values=tuple(final.value for _, final in found),
            source=found[0][1].source,
        )
        for key, found in points.items()
        if len({epoch for epoch, _ in found}) == len(found)
    )
    first, *others = by_epoch.values()
    held = [{(setting.key, repr(setting.value)) for setting in fact.settings} for fact in others]
    shared = tuple(
        setting
        for setting in first.settings
        if all((setting.key, repr(setting.value)) in other for other in held)
    )
    return replace(first, series=series, finals=(), settings=shared)
