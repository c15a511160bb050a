"""Files that a run wrote itself: they say more of it than a script above its folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from netgain.assemble.evidence import CODE, has_outcome, is_script
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts
from netgain.study import Scalar


def scripts_last(facts: Iterable[RunFacts]) -> list[RunFacts]:
    """Return the facts of a run with shell scripts of a folder above behind what its own folder records.

    A script that lies beside the record of a run started it and keeps its place: its options are later than a
    file of defaults. One further above may have started any other training.
    """
    found = list(facts)
    outcomes = [
        pure_path(fact.location) for fact in found if has_outcome(fact) and not is_script(fact)
    ]
    folders = {folder for outcome in outcomes for folder in (outcome, *outcome.parents)}
    records = [
        place
        for fact in found
        if fact.settings and fact.dialect != CODE and not is_script(fact)
        if (place := pure_path(fact.location)) in folders
    ]
    if not records:
        return found
    over = {folder for record in records for folder in record.parents}
    above = [is_script(fact) and pure_path(fact.location) in over for fact in found]
    return [
        *(fact for fact, later in zip(found, above, strict=True) if not later),
        *(fact for fact, later in zip(found, above, strict=True) if later),
    ]


def agreeing_scripts(facts: Iterable[RunFacts]) -> Iterable[RunFacts]:
    """Yield the facts of a run; of several shell scripts that set an option differently none counts.

    Nothing says which of them started the run. The option was set all the same, so no default counts. A
    command of a script says more than the script does of all its commands.
    """
    found = list(facts)
    if sum(map(is_script, found)) == 0:
        yield from found
        return
    told = {
        (setting.source.path, setting.key)
        for fact in filter(is_script, found)
        for setting in fact.settings
        if setting.value is not None
    }
    values: dict[str, set[Scalar]] = defaultdict(set)
    for fact in filter(is_script, found):
        for setting in fact.settings:
            if setting.value is not None or (setting.source.path, setting.key) not in told:
                values[setting.key].add(_as_typed(setting.value))
    for fact in found:
        if is_script(fact):
            settings = tuple(
                setting if len(values[setting.key]) == 1 else replace(setting, value=None)
                for setting in fact.settings
                if setting.value is not None or (setting.source.path, setting.key) not in told
            )
            yield replace(fact, settings=settings)
        else:
            yield fact


def _as_typed(value: Scalar) -> Scalar:
    """Return the number that a text of a command line is, or the value as it is."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
