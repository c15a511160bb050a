"""Files that a run wrote itself: they say more of it than a script above its folder."""

from __future__ import annotations

from collections.abc import Iterable

from netgain.assemble.evidence import CODE, has_outcome, is_script
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts


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
