"""Files of one folder that share a name before the word for what each holds: `bert_metrics`, `bert_args`."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

from netgain.assemble.evidence import stem_of
from netgain.readers.base import Final, RunFacts
from netgain.study import Scalar

KIND = re.compile(
    r"(?<=.)[_\-.](?:training|train|test|eval|evaluation|val)?[_\-.]?(?:meta(?:data)?|metrics?|pred(?:s|ictions?)?|"
    r"(?:classification_)?reports?|history|hist|logs?|scores?|stats|args|configs?|hparams|params|settings|"
    r"curves?|outputs?|confusion_matrix|info)$",
    re.IGNORECASE,
)
"""Last words of a stem that say what a file of a run holds."""
FEWEST_EQUAL = 1
"""Values by which a row of a table is known to tell of a run."""
FEWEST_COMMON, ROUNDED = 2, 1e-4
"""Quantities that two tables must both name to tell the same, and by what share one may round."""
MOST_FILES = 12
"""Files of one name that are compared with one another."""


def name_of_run(stem: str) -> str:
    """Return a stem without the last words that say what the file holds: `bert` of `bert_training_meta`."""
    return KIND.sub("", stem)


def names_in_common(stems: Iterable[str], members: Iterable[RunFacts]) -> dict[str, str]:
    """Return the name of the run that each stem belongs to: its own, or one it shares with others.

    Stems share a name where a folder holds several such names, and no two of the files show other values of
    one quantity.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for stem in stems:
        by_name[name_of_run(stem)].append(stem)
    names = {stem: stem for group in by_name.values() for stem in group}
    if len(by_name) < 2:
        return names
    facts: dict[str, list[RunFacts]] = defaultdict(list)
    for fact in members:
        facts[stem_of(fact)].append(fact)
    for name, group in by_name.items():
        if 1 < len(group) <= MOST_FILES and not any(
            _contradict(facts[one], facts[two]) for one, two in combinations(group, 2)
        ):
            names |= dict.fromkeys(group, name)
    return names


def _contradict(first: Iterable[RunFacts], second: Iterable[RunFacts]) -> bool:
    logged = {(s.key, s.unit): s.values for fact in first for s in fact.series}
    return any(
        logged.get((s.key, s.unit), s.values) != s.values for fact in second for s in fact.series
    )


def of_the_run(shared: Iterable[RunFacts], name: str, names: Iterable[str]) -> list[RunFacts]:
    """Return the shared facts of a folder without scores that they state under the name of another run.

    Those under the run's own name are its scores.
    """
    levelled = {level(other): other for other in names}
    found: list[RunFacts] = []
    for fact in shared:
        kept: list[Final] = []
        for final in fact.finals:
            owner, rest = _owner(final.key, levelled)
            if owner is None or owner == name:
                kept.append(replace(final, key=rest))
        changed = [final.key for final in kept] != [final.key for final in fact.finals]
        found.append(replace(fact, finals=tuple(kept)) if changed else fact)
    return found


def _owner(key: str, levelled: Mapping[str, str]) -> tuple[str | None, str]:
    for cut in re.finditer(r"[./]", key):
        owner = levelled.get(level(key[: cut.start()]))
        if owner is not None:
            return owner, key[cut.end() :]
    return None, key


def with_their_rows(split: Mapping[str, list[RunFacts]]) -> dict[str, list[RunFacts]]:
    """Join rows of tables, as `/all.json#bert`, to the run of the folder that bears the row's name.

    A row counts as the run's where one of its numbers is one of the run's own.
    """
    runs = {
        level(suffix): suffix for suffix in split if suffix.startswith("/") and "#" not in suffix
    }
    found = {suffix: list(bundle) for suffix, bundle in split.items()}
    for suffix, bundle in split.items():
        table, _, row = suffix.partition("#")
        home = runs.get(level(row.rpartition("=")[2])) if table else None
        if home is not None and len(_numbers(bundle) & _numbers(split[home])) >= FEWEST_EQUAL:
            found[home] += [replace(fact, run_id="") for fact in bundle]
            del found[suffix]
    return found


def tables_told_once(split: Mapping[str, list[RunFacts]]) -> dict[str, list[RunFacts]]:
    """Join the rows of two tables of one name that tell the same, as `trials.csv` and `trials.json`.

    Each row of one states what the row of the same number in the other does, wherever both name a quantity.
    """
    tables: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for suffix in split:
        table, cut, _ = suffix.partition("#")
        if cut and "." in table:
            tables[table.rpartition(".")[0]][table].append(suffix)
    found = {suffix: list(bundle) for suffix, bundle in split.items()}
    for files in tables.values():
        first, *others = sorted(files.values(), key=lambda rows: len("".join(rows)))
        for rows in others:
            pairs = list(zip(first, rows, strict=False))
            if len(first) == len(rows) and all(_equal(split[a], split[b]) for a, b in pairs):
                for kept, again in pairs:
                    found[kept] += [
                        replace(fact, run_id=split[kept][0].run_id) for fact in split[again]
                    ]
                    del found[again]
    return found


def _equal(first: Iterable[RunFacts], second: Iterable[RunFacts]) -> bool:
    """Tell whether rows agree in all that both name, a score or a setting of several digits among it."""
    one, two = _stated(first), _stated(second)
    common = one.keys() & two.keys()
    telling = [v for key in common if isinstance(v := one[key], float) and not v.is_integer()]
    return (
        bool(telling)
        and len(common) >= FEWEST_COMMON
        and all(
            one[key] == two[key]
            or (
                isinstance(a := one[key], (int, float))
                and isinstance(b := two[key], (int, float))
                and math.isclose(a, b, rel_tol=ROUNDED)
            )
            for key in common
        )
    )


def _stated(bundle: Iterable[RunFacts]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for fact in bundle:
        found |= {setting.key: setting.value for setting in fact.settings}
        found |= {final.key: final.value for final in fact.finals}
    return found


def _numbers(bundle: Iterable[RunFacts]) -> set[float]:
    """Return the scores of facts, to six digits, whole numbers left out."""
    values = [
        value
        for fact in bundle
        for value in (*(f.value for f in fact.finals), *(v for s in fact.series for v in s.values))
    ]
    return {float(f"{v:.6g}") for v in values if math.isfinite(v) and not float(v).is_integer()}


def level(name: str) -> str:
    """Return a name with capitals and separators levelled."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")
