"""A log or notebook with several trainings, and what lies beside it: logs, notebooks and result files."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from netgain.assemble.evidence import CHECKPOINT_WORDS, has_outcome, path_of, stem_of
from netgain.assemble.files_of_one_name import name_of_run, names_in_common
from netgain.assemble.repeats import additions
from netgain.assemble.same_training import compared, differs
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric

NOTEBOOK = ".ipynb"
RESULTS = frozenset((".json", ".yaml", ".yml", ".toml"))
"""Suffixes of files that a training writes its final scores to."""
NO_NAME = re.compile(
    r"(?:^|(?<=[_\-.\s]))(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev|results?|metrics?|"
    r"scores?|summary|report|final|best|last|all|overall|recap|stats|history|config|run|seed|\d{1,3})"
    r"(?=$|[_\-.\s])",
    re.IGNORECASE,
)
"""Words of a file name that say what it holds, and not of which training."""
FEWEST_SHARED = 2
"""Scores that result files of several trainings all state."""
FEWEST_EQUAL = 2
"""Scores of a result file that a training shows too, by which it is the training's."""
FEWEST_DIGITS = 3
"""Digits behind the point from which on two equal scores are of one training."""
MOST_FILES = 60
"""Result files that are compared with one another, and runs that each is looked for in."""

Bundles = dict[str, list[RunFacts]]


def result_files(members: Iterable[RunFacts]) -> list[RunFacts]:
    """Return the result files of one folder that are of a training each, as `gcn_results.json`.

    Each has a name beyond words for what it holds; they share scores, take other values in them, and where
    they name a model it is another one in each.
    """
    found = [fact for fact in members if _is_result(fact)]
    if not 1 < len(found) <= MOST_FILES:
        return []
    names = {id(fact): NO_NAME.sub("", CHECKPOINT_WORDS.sub("", stem_of(fact))) for fact in found}
    named = [fact for fact in found if names[id(fact)].strip("_-. ")]
    models = {id(fact): _model_of(fact) for fact in named}
    own = [fact for fact in named if models[id(fact)]]
    if len({models[id(fact)] for fact in own}) < FEWEST_SHARED:
        return []
    shared = set.intersection(*(_known_scores(fact) for fact in own))
    if len(shared) < FEWEST_SHARED:
        return []
    values = {frozenset(f.value for f in fact.finals if f.key in shared) for fact in own}
    return own if len(values) >= FEWEST_SHARED else []


def _is_result(fact: RunFacts) -> bool:
    kind = pure_path(path_of(fact)).suffix.lower()
    return bool(fact.finals) and not fact.series and not fact.run_id and kind in RESULTS


def _model_of(fact: RunFacts) -> str:
    for setting in fact.settings:
        value = setting.value
        if not isinstance(value, str) or not value.strip():
            continue
        if canonical_setting(setting.key, fact.dialect, value=value) == "model":
            return value.strip().lower()
    return ""


def _known_scores(fact: RunFacts) -> set[str]:
    return {f.key for f in fact.finals if is_known_metric(canonical_metric(f.key).name)}


def trainings_beside(laps: Mapping[str, Sequence[RunFacts]], loose: Iterable[RunFacts]) -> Bundles:
    """Return the runs that logs and notebooks beside one with several trainings are.

    Another notebook is a run of its own. So is a log of any kind that shows the values of one of the
    trainings, or other values than each of them; a part of what they share is none.
    """
    of_notebook = any(_is_notebook(fact) for bundle in laps.values() for fact in bundle)
    beside = list(loose)
    notebooks = {path_of(f) for f in beside if of_notebook and _is_notebook(f) and has_outcome(f)}
    own: list[RunFacts] = []
    for fact in beside:
        if path_of(fact) in notebooks:
            own.append(fact)
            continue
        shown = list(islice(laps.values(), MOST_FILES))
        if any(compared(fact, lap) == "same" for bundle in shown for lap in bundle) or all(
            any(differs(fact, lap) for lap in bundle) for bundle in shown
        ):
            own.append(fact)
    names = names_in_common({stem_of(fact) for fact in own}, own)
    found: Bundles = defaultdict(list)
    for fact in own:
        found[f"/{names[stem_of(fact)]}"].append(fact)
    return dict(found)


def _is_notebook(fact: RunFacts) -> bool:
    return path_of(fact).lower().endswith(NOTEBOOK)


def told_by_both(laps: Mapping[str, list[RunFacts]], beside: Bundles) -> tuple[Bundles, Bundles]:
    """Return laps and the runs beside them, with each lap joined to the run whose values it shows."""
    left: Bundles = {}
    found = {name: list(bundle) for name, bundle in beside.items()}
    for lap_id, lap in laps.items():
        home = next(
            (
                name
                for name, bundle in islice(beside.items(), MOST_FILES)
                if any(compared(one, two) == "same" for one in lap for two in bundle)
            ),
            None,
        )
        if home is None:
            left[lap_id] = lap
        else:
            found[home] += additions(found[home], lap)
    return left, found


def with_results(split: Mapping[str, list[RunFacts]], results: Iterable[RunFacts]) -> Bundles:
    """Join result files to the run that printed their scores; one that no run printed is a run of its own."""
    found = {name: list(bundle) for name, bundle in split.items()}
    shown = {name: _shown(bundle) for name, bundle in islice(split.items(), MOST_FILES)}
    for fact in results:
        values = [f.value for f in fact.finals if f.key in _known_scores(fact)]
        counts = {name: values_shown(values, numbers) for name, numbers in shown.items()}
        most = max(counts.values(), default=0)
        homes = [name for name, count in counts.items() if count == most >= FEWEST_EQUAL]
        if len(homes) == 1:
            found[homes[0]].append(fact)
        else:
            found.setdefault(f"/{name_of_run(stem_of(fact))}", []).append(fact)
    return found


def _shown(bundle: Iterable[RunFacts]) -> set[float]:
    """Return the scores that a run ended with."""
    return {
        value
        for fact in bundle
        for value in (*(f.value for f in fact.finals), *(s.values[-1] for s in fact.series))
        if math.isfinite(value) and round(value, FEWEST_DIGITS - 1) != value
    }


def values_shown(values: Iterable[float], shown: set[float]) -> int:
    """Count the values that are shown as they are, or rounded to three digits or more."""
    return sum(
        value in shown or any(round(value, digits) in shown for digits in range(FEWEST_DIGITS, 7))
        for value in {v for v in values if math.isfinite(v)}
    )
