"""The run that an arm's code or configuration describes, where the arm was named and holds no run.

Such a run has settings and no results. It is there only where the arm's files state one set of settings: of
two scripts that disagree nothing says which one was started.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from netgain.analysis.configured_code import TrainingScript, idle_scripts, training_scripts
from netgain.assemble.evidence import CODE, path_of
from netgain.assemble.readings import meant, same_value
from netgain.readers.base import RunFacts
from netgain.study import CodeTree, Scalar, Source
from netgain.vocabulary import canonical_setting

TELLING = frozenset(
    {"epochs", "max_steps", "learning_rate", "batch_size", "batch_size_per_device", "optimizer",
     "schedule"}
)  # fmt: skip
"""Settings in which two descriptions of one training agree."""
LENGTHS = TELLING - {"schedule"}
"""Settings of which a training's description states one at least."""


def planned_facts(facts: Sequence[RunFacts], code: CodeTree | None) -> list[RunFacts] | str:
    """Return the facts of the one training that an arm's own files describe, or why there is none.

    Args:
        facts: what the readers found under the arm's paths, none of it a run.
        code: the code under the same paths.

    Returns:
        Facts of code alone, empty where nothing describes a training; a sentence where two files disagree.
    """
    configured = [f for f in facts if f.status == "planned" and f.dialect == "mmengine"]
    if configured:
        return configured if len(configured) == 1 else _several(configured)
    idle = idle_scripts(code) if code is not None else frozenset[str]()
    stated = [
        fact
        for fact in facts
        if fact.dialect == CODE and not fact.name and path_of(fact) not in idle
    ]
    scripts = started(training_scripts(code), idle) if code is not None else []
    found: dict[str, list[tuple[Scalar, Source]]] = defaultdict(list)
    for fact in stated:
        for setting in fact.settings:
            name = canonical_setting(setting.key, CODE, value=setting.value)
            if name in TELLING and setting.value is not None:
                found[name].append((meant(name, setting.value, setting.key, CODE), setting.source))
    for script in scripts:
        for name, given in script.quantities.items():
            fixed = [one for one in given if one is not None and not one.default]
            if name in TELLING and len(fixed) == len(given) == 1:
                source = Source(path=fixed[0].path, line=fixed[0].line, key=name)
                found[name].append((fixed[0].value, source))
    if not LENGTHS & set(found):
        return []
    for name, values in sorted(found.items()):
        first, place = values[0]
        for other, elsewhere in values[1:]:
            if elsewhere.path != place.path and not same_value(first, other):
                return (
                    f"no run, and the settings that code states disagree: {name} {first} in {place}, "
                    f"{other} in {elsewhere}; name the file that was run"
                )
    if stated or code is None:
        return stated
    return [RunFacts(location=code.root, dialect=CODE)]


def _several(configured: Sequence[RunFacts]) -> str:
    places = ", ".join(path_of(fact) for fact in configured[:4])
    return (
        f"no run, and {len(configured)} configurations that none derives from: {places}; name the one "
        "that was run"
    )


def is_plan(bundle: Sequence[RunFacts]) -> bool:
    """Tell whether all that is known of a run is what its code or configuration plans."""
    return all(fact.dialect == CODE or fact.status == "planned" for fact in bundle)


def started(scripts: Iterable[TrainingScript], idle: frozenset[str]) -> list[TrainingScript]:
    """Return the scripts that one starts: none that another imports, or that trains nothing itself."""
    found = [script for script in scripts if script.path not in idle]
    imported = {path for script in found for path in script.files if path != script.path}
    return [script for script in found if script.path not in imported] or found
