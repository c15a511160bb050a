"""Commands of scripts and READMEs, given to the runs whose folder or log they name."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from netgain.assemble.scripts_of_runs import RunNames, tells_apart
from netgain.pure_paths import pure_path
from netgain.readers.base import RunFacts


class NamedCommands:
    """The commands beside the runs of one arm that say where their results go."""

    def __init__(self, facts: Iterable[RunFacts]) -> None:
        """Keep the commands by the last part of the place they name."""
        self._by_last: dict[str, list[tuple[str, RunFacts]]] = defaultdict(list)
        for fact in facts:
            if is_command(fact):
                place = posixpath.normpath(fact.name.replace("\\", "/")).removeprefix("~/")
                several = "/" in place.strip("/")
                if several or tells_apart(pure_path(place).stem):
                    self._by_last[pure_path(place).name].append((place, fact))

    def of(self, run_id: str, names: RunNames) -> list[RunFacts]:
        """Return the options of the commands that name a run, as far as they agree, as likely ones."""
        own = {run_id.partition("#")[0], *names.logs}
        own |= {str(pure_path(path).with_suffix("")) for path in names.logs}
        named = [
            fact
            for target in own
            for place, fact in self._by_last.get(pure_path(target).name, ())
            if target == place or target.endswith("/" + place.strip("/"))
        ]
        values: dict[str, set[str]] = defaultdict(set)
        for fact in named:
            for setting in fact.settings:
                values[setting.key].add(repr(setting.value))
        return [
            replace(
                fact,
                name="",
                status="unknown",
                settings=tuple(
                    replace(one, confidence="likely")
                    for one in fact.settings
                    if len(values[one.key]) == 1
                ),
            )
            for fact in named[:1]
        ]


def is_command(fact: RunFacts) -> bool:
    """Tell whether a fact is a command that names where its results go."""
    return fact.status == "planned" and bool(fact.name)
