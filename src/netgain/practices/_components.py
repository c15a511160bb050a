"""The comparison NG301 to NG305 share: one kind of building block in both arms."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netgain.finding import Finding, Readings
from netgain.practices._census import RUN, Census, holds_none, roads
from netgain.practices._compare import disclosure, in_idea, sources_of
from netgain.practices._isolation import with_isolation
from netgain.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What sets two censuses apart."""

    added: tuple[str, ...] = ()
    """Names that count as added to the proposed arm."""
    dropped: tuple[str, ...] = ()
    """Names that only the baseline has."""
    open: str = ""
    """What would have to be known to tell, where the censuses do not decide."""
    same: str = ""
    """Why a difference in counts is none, in words, where there is one."""
    places: tuple[str, ...] = ()
    """Where the added ones stand, where the baseline has others of their kind."""


Compare = Callable[[Census, Census], Difference]
"""Set the baseline's census against the proposed arm's."""


def differing_kinds(first: Census, second: Census) -> Difference:
    """Compare by name: counts that grow or shrink together follow depth, those that cross may be a swap."""
    both = sorted(set(first.counts) & set(second.counts))
    more = [name for name in both if second.counts[name] > first.counts[name]]
    fewer = [name for name in both if second.counts[name] < first.counts[name]]
    return Difference(
        added=tuple(sorted(set(second.counts) - set(first.counts))),
        dropped=tuple(sorted(set(first.counts) - set(second.counts))),
        open=(
            f"whether {', '.join(more)} took the place of {', '.join(fewer)} somewhere: the proposed arm has "
            "more of the former and fewer of the latter"
        )
        if more and fewer
        else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One practice about one kind of block."""

    code: str
    """Practice code."""
    name: str
    """Practice name."""
    kind: str
    """Component kind, e.g. `activation`."""
    settings: tuple[str, ...]
    """Canonical settings that switch the kind, and raw keys the vocabulary does not know."""
    readings: Readings
    """Both readings for a flagged finding."""
    words: str
    """The kind in plain plural words, for messages."""
    compare: Compare = differing_kinds
    """What counts as a difference."""


def component_finding(study: Study, about: Kind) -> Finding:
    """Compare one kind of component between the arms; a disclosed difference that a run isolates is clear."""
    return with_isolation(study, _finding(study, about), about.settings)


def _finding(study: Study, about: Kind) -> Finding:
    """Compare one kind of component between the arms, by the strongest road both arms allow.

    A recorded graph decides alone. Weaker roads decide together: any of them can show a difference, and
    one that hints at a difference without deciding it leaves the whole open.
    """
    clear: Finding | None = None
    needs: list[str] = []
    run_alike = False
    for first, second in roads(study, about.kind, about.settings):
        difference = about.compare(first, second)
        added, dropped = difference.added, difference.dropped
        if first.by == RUN and not added:
            whole = first.complete and second.complete
            run_alike = whole and first.counts == second.counts
            continue
        if first.by == "code" and added and holds_none(study.proposed, second, added):
            needs.append(
                f"what makes use of {', '.join(added)}: the network that is trained holds none"
            )
            continue
        if first.by == "code" and added and run_alike:
            needs.append(
                f"whether {', '.join(added)} is used: no pass of the code as it runs shows it"
            )
            continue
        if (added or dropped) and _is_the_idea(study, about, first, second, difference):
            return _exempt(about, [*added, *dropped], first, second)
        if added and first.complete and not second.undecided:
            return _flagged(study, about, first, second, difference)
        undecided = first.undecided or second.undecided
        if undecided:
            needs.append(f"what the model of each arm is made of at {undecided}")
            continue
        if difference.open or added:
            needs.append(
                difference.open
                or f"whether the baseline has {', '.join(added)} too: its {second.by} does not decide it"
            )
            continue
        if first.by == "config" and (side := _arm_without_code(study)):
            needs.append(f"model code of the {side} arm, as it is given for the other")
            continue
        settled = all(c.complete and c.settles for c in (first, second))
        if settled and clear is None:
            clear = _clear(about, first, second, difference)
            if second.by == "recorded graph":
                return clear
    return clear if clear and not needs else _unknown(study, about, needs)


def _arm_without_code(study: Study) -> str | None:
    """Name the arm whose code is missing where the other's is given; its config alone says too little."""
    if (study.baseline.code is None) == (study.proposed.code is None):
        return None
    return "baseline" if study.baseline.code is None else "proposed"


def _is_the_idea(
    study: Study, about: Kind, first: Census, second: Census, difference: Difference
) -> bool:
    """Tell whether the claim names this kind, these blocks, or the module that holds every added one."""
    if in_idea(study, about.kind, *about.settings, *difference.added, *difference.dropped):
        return True
    identifiers = {
        re.sub(r"[^a-z0-9]", "", entry.rpartition(":")[2].lower())
        for entry in study.claim.idea
        if re.fullmatch(r"[\w./-]+(:[\w.]+)?", entry)
    } - {""}
    places = [*difference.places] or [
        place
        for name in difference.added
        for place in second.places.get(name, ())
        if place not in first.places.get(name, ())
    ]
    return bool(places) and all(identifiers & _segments(place) for place in places)


def _segments(place: str) -> set[str]:
    return {re.sub(r"[^a-z0-9]", "", part.lower()) for part in re.split(r"[.:/\s]", place)}


def _narrowed(first: Census, second: Census) -> str:
    """Say by which settings the code of both arms was narrowed to that of each."""
    if not first.settings and not second.settings:
        return ""
    return (
        f" as it runs with {second.settings or 'any setting'} and {first.settings or 'any setting'}"
    )


def _by_definition(first: Census, second: Census) -> str:
    """Name the networks that nothing in the code of their arm makes."""
    names = dict.fromkeys(name for name in (second.unmade, first.unmade) if name)
    if not names:
        return ""
    return f" Nothing in the files makes {' or '.join(names)}: read with the defaults of the definition."


def _shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} x{count}" for name, count in sorted(counts.items()))


def _numbers(first: Census, second: Census) -> dict[str, float]:
    numbers = {f"{n} in baseline": float(c) for n, c in first.counts.items()}
    return numbers | {f"{n} in proposed": float(c) for n, c in second.counts.items()}


def _flagged(
    study: Study, about: Kind, first: Census, second: Census, difference: Difference
) -> Finding:
    places = [*difference.places] or [
        place for name in difference.added for place in second.places.get(name, ())
    ]
    at = f" First at {places[0]}." if places and places[0] else ""
    return Finding(
        code=about.code,
        name=about.name,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, dict.fromkeys((about.kind, *about.settings), float("nan"))),
        favours="proposed",
        message=f"The arms differ in their {about.words} by {second.by}{_narrowed(first, second)}: proposed "
        f"{_shown(second.counts) or 'none'}, baseline {_shown(first.counts) or 'none'}; no run isolates "
        f"the difference.{at}{_by_definition(first, second)}",
        numbers=_numbers(first, second),
        evidence=sources_of(second.sources, first.sources),
        readings=about.readings,
        remedy=f"the same {about.words} in both arms, or a run of each arm with the other's",
        settle="netgain attribute plan.toml",
    )


def _clear(about: Kind, first: Census, second: Census, difference: Difference) -> Finding:
    if difference.dropped:
        message = (
            f"Only the baseline has {', '.join(difference.dropped)} among its {about.words} by {first.by} "
            f"({_shown(first.counts)}; proposed {_shown(second.counts) or 'none'}); that does not add to "
            "the gain."
        )
    elif difference.same:
        message = (
            f"The {about.words} of the arms by {first.by} are {_shown(second.counts) or 'none'} (proposed) "
            f"and {_shown(first.counts) or 'none'} (baseline): {difference.same}."
        )
    else:
        shown = _shown(second.counts) or f"no {about.words}"
        message = f"Both arms have the same {about.words} by {first.by}: {shown}."
        if first.counts != second.counts:
            message = (
                f"Both arms have the same kinds of {about.words} by {first.by}: proposed {shown}, "
                f"baseline {_shown(first.counts)}."
            )
    return Finding(
        code=about.code,
        name=about.name,
        verdict="clear",
        favours="baseline" if difference.dropped else "neither",
        message=message + _by_definition(first, second),
        numbers=_numbers(first, second),
        evidence=sources_of(first.sources, second.sources),
    )


def _exempt(about: Kind, named: list[str], first: Census, second: Census) -> Finding:
    return Finding(
        code=about.code,
        name=about.name,
        verdict="not-applicable",
        message=f"The difference in {about.words} ({', '.join(named)}) is what the claim is about.",
        evidence=sources_of(first.sources, second.sources),
    )


def _unknown(study: Study, about: Kind, needs: list[str]) -> Finding:
    recordings = [
        f"model code of the {side} arm, or a recording of one of its runs (netgain.record)"
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
        if not any(run.model and run.model.observed_kinds for run in arm.runs)
    ]
    return Finding(
        code=about.code,
        name=about.name,
        verdict="unknown",
        message=f"The {about.words} of both models cannot be read from what was given.",
        needs=tuple(dict.fromkeys([*needs, *recordings]))
        or (f"one model for all runs of an arm, with its {about.words}",),
        remedy="record one run of each arm with netgain.record",
    )
