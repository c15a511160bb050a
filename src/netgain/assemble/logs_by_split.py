"""Files named after a split of the data: parts of one run, or each the whole log of a training."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from netgain.assemble.evidence import has_outcome, path_of, stem_of
from netgain.assemble.same_training import compared
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, is_known_metric

SPLIT_STEMS = re.compile(
    r"(train|training|val|valid|validation|test|eval)(?:_(.*))?", re.IGNORECASE
)
PART = re.compile(
    r"\d{1,3}|[a-z]|(?:rank|gpu|worker|node|proc|process|device|cuda|local)s?\d*|log(?:s|file|ger)?|"
    r"hist(?:ory)?|results?|stats?|scores?|metrics?|curves?|reports?|summary|outputs?|out|stdout|stderr|"
    r"std|err(?:ors?)?|data|set|dataset|loss(?:es)?|acc(?:uracy|uracies|s)?|lrs?|learning|rate|times?|"
    r"runtime|perf(?:ormance)?|progress|info|record(?:s|er)?|values?|epochs?|batch(?:es)?|steps?|"
    r"iter(?:s|ations?)?|per|by|avg|average|mean|sum|raw|smooth(?:ed)?|best|last|latest|"
    r"final|gen(?:erator)?|disc(?:riminator)?|critic|actor|encoder|decoder|source|target|src|tgt|"
    r"main|console|debug|csv|json|txt|and|val|valid|validation|test|eval|train(?:ing)?|args?|config|"
    r"params?|settings|opts?|pred(?:s|ictions?)?|seed|fold|run|part|phase|stage|split",
    re.IGNORECASE,
)
"""A word that says which part of one run a file holds, or counts the files of a run.

Longer numbers are those of jobs and dates, which tell trainings apart.
"""
TRAINING = frozenset(("train", "training"))
FEWEST_SHARED = 2
"""Quantities in which two logs must differ: a file of one quantity is a part."""
FEWEST_POINTS = 3
"""Values a quantity must have."""

MOST_COMPARED = 60
"""Logs that each log is compared with."""

Quantities = dict[tuple[str, str | None, str], Series]


def variant_of(stem: str) -> str:
    """Return what a name of a split tells a training by: `resnet` of `train_resnet`, empty for a part.

    Words for the kind of file are left out: `training_error_17200` and `training_log_17200` are of one job.
    """
    found = SPLIT_STEMS.fullmatch(stem)
    rest = (found[2] or "") if found else ""
    words = [word for word in re.split(r"[_\-.\s]+", rest) if word]
    if all(PART.fullmatch(word) for word in words) or _is_metric(rest):
        return ""
    return "_".join(w.lower() for w in words if w.isdecimal() or not PART.fullmatch(w))


def parts_of_runs(members: Iterable[RunFacts]) -> frozenset[str]:
    """Return the stems in one folder that name a split, and so a part of what lies beside them.

    No part is the log of a training that is told by its name (`train_gcn.log`), where another of its kind
    (`train_knn.log`, `train.log`) shows other values of several quantities over the same steps; nor is that
    other one.
    """
    facts = list(members)
    split = {stem for fact in facts if SPLIT_STEMS.fullmatch(stem := stem_of(fact))}
    trainings = {
        stem: found for stem, found in _logged(facts, split).items() if _is_of_training(stem)
    }
    kinds = {stem_of(fact): _kind(fact) for fact in facts if stem_of(fact) in trainings}
    wholes = {
        stem
        for told in filter(variant_of, trainings)
        for other, found in islice(trainings.items(), MOST_COMPARED)
        if other != told and kinds[other] == kinds[told] and _apart(trainings[told], found)
        for stem in (told, other)
    }
    if not wholes:
        return frozenset(split)
    of_wholes = {kinds[whole] for whole in wholes}
    wholes |= {
        stem
        for fact in facts
        if fact.series and _kind(fact) in of_wholes
        if _is_of_training(stem := stem_of(fact)) and variant_of(stem)
    }
    return frozenset(split - (wholes - _told_elsewhere(facts, wholes)))


def logs_of_none(members: Iterable[RunFacts], stems: set[str]) -> set[str]:
    """Return the stems of logs that lie beside the runs of a folder and show the values of none of them.

    A table of one training that two others lie beside is a run of its own, and no curve of theirs.
    """
    facts = [fact for fact in members if fact.series and stem_of(fact)]
    others = {stem_of(fact) for fact in facts} - stems
    others = {stem for stem in others if not SPLIT_STEMS.fullmatch(stem)}
    if not others:
        return set()
    logged = _logged(facts, stems | others)
    found: set[str] = set()
    for stem in others & logged.keys():
        verdicts = [
            logged[stem][key].values == logged[own][key].values
            for own in islice(sorted(stems & logged.keys()), MOST_COMPARED)
            for key in (logged[stem].keys() & logged[own].keys())
        ]
        same = any(
            compared(one, two) == "same"
            for one in facts
            if stem_of(one) == stem
            for two in islice((f for f in facts if stem_of(f) in stems), MOST_COMPARED)
        )
        if len(verdicts) >= FEWEST_SHARED and not any(verdicts) and not same:
            found.add(stem)
    return found


def _told_elsewhere(facts: list[RunFacts], wholes: set[str]) -> set[str]:
    """Return the logs that print what a file beside them, of another name and kind, holds too."""
    logs = [fact for fact in facts if fact.series and stem_of(fact) in wholes]
    others = [fact for fact in facts if fact.series and not SPLIT_STEMS.fullmatch(stem_of(fact))]
    return {
        stem_of(log)
        for log in logs
        for other in others[:MOST_COMPARED]
        if _kind(log) != _kind(other) and compared(log, other) == "same"
    }


def _logged(facts: Iterable[RunFacts], stems: set[str]) -> dict[str, Quantities]:
    found: dict[str, Quantities] = defaultdict(dict)
    for fact in facts:
        if stem_of(fact) not in stems or not has_outcome(fact):
            continue
        for series in fact.series:
            metric = canonical_metric(series.key, fact.dialect)
            enough = series.unit != "row" and len(series.values) >= FEWEST_POINTS
            if enough and is_known_metric(metric.name) and metric.name != "learning_rate":
                found[stem_of(fact)].setdefault((metric.name, metric.split, series.unit), series)
    return found


def _apart(first: Quantities, second: Quantities) -> bool:
    """Tell whether two logs show other values of several quantities over the same steps."""
    apart = [
        key
        for key in first.keys() & second.keys()
        if first[key].values != second[key].values
        and first[key].steps[0] <= second[key].steps[-1]
        and second[key].steps[0] <= first[key].steps[-1]
    ]
    return len(apart) >= FEWEST_SHARED


def _is_of_training(stem: str) -> bool:
    found = SPLIT_STEMS.fullmatch(stem)
    return found is not None and found[1].lower() in TRAINING


def _kind(fact: RunFacts) -> str:
    return pure_path(path_of(fact)).suffix.lower()


def _is_metric(words: str) -> bool:
    return bool(words) and is_known_metric(canonical_metric(words).name)
