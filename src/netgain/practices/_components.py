"""The comparison NG301 and NG302 share: one kind of building block in both arms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from netgain.analysis.code_components import code_census
from netgain.finding import Finding, Readings
from netgain.practices._compare import disclosure, in_idea, setting, sources_of
from netgain.study import Arm, CodeTree, ModelProfile, Source, Study

OFF_VALUES = frozenset({"none", "false", "off", "no", "0", "identity", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Blocks of one kind in one arm."""

    counts: dict[str, int]
    """Occurrences by canonical name; empty when the kind was looked for and is absent."""
    sources: tuple[Source, ...]
    """What was read."""
    by: str
    """`recorded graph`, `config`, or `code`: only equal roads are compared."""
    complete: bool
    """Whether absence from `counts` means absence from the model."""


def component_finding(
    study: Study,
    *,
    code: str,
    name: str,
    kind: str,
    settings: tuple[str, ...],
    readings: Readings,
    words: str,
) -> Finding:
    """Compare one kind of component between the arms, by the strongest road both arms allow.

    Args:
        study: the evidence.
        code: practice code.
        name: practice name.
        kind: component kind, e.g. `activation`.
        settings: canonical settings that switch the kind.
        readings: both readings for a flagged finding.
        words: the kind in plain plural words, for messages.
    """
    for first, second in _pairs(study, kind, settings):
        added, dropped = _only_in(second, first), _only_in(first, second)
        if in_idea(study, kind, *settings, *added, *dropped) and (added or dropped):
            return _exempt(code, name, words, [*added, *dropped], first, second)
        if added and first.complete:
            return _flagged(study, code, name, kind, readings, words, first, second)
        if not (first.complete and second.complete):
            continue
        if dropped:
            return _baseline_only(code, name, words, first, second)
        shown = _shown(second.counts) or f"no {words}"
        return Finding(
            code=code,
            name=name,
            verdict="clear",
            message=f"Both arms have the same {words} by {first.by}: {shown}.",
            numbers={f"{n} in each arm": float(c) for n, c in second.counts.items()},
            evidence=sources_of(first.sources, second.sources),
        )
    return _unknown(study, code, name, words)


def _pairs(study: Study, kind: str, settings: tuple[str, ...]) -> list[tuple[Census, Census]]:
    """Return (baseline, proposed) censuses by each road open in both arms, strongest first."""
    roads = (
        (_by_graph(study.baseline, kind), _by_graph(study.proposed, kind)),
        (_by_config(study.baseline, settings), _by_config(study.proposed, settings)),
        _by_code(study.baseline.code, study.proposed.code, kind),
    )
    return [(first, second) for first, second in roads if first is not None and second is not None]


def _by_graph(arm: Arm, kind: str) -> Census | None:
    models: list[ModelProfile] = [
        run.model for run in arm.runs if run.model and run.model.observed_kinds
    ]
    seen = [model for model in models if kind in model.observed_kinds]
    if not seen or len(seen) < len(arm.runs):
        return None
    censuses = [
        {c.name: len(c.where) for c in model.components if c.kind == kind} for model in seen
    ]
    if any(census != censuses[0] for census in censuses):
        return None
    sources = tuple(c.source for c in seen[0].components if c.kind == kind)
    if not sources and seen[0].parameters is not None:
        sources = (seen[0].parameters.source,)
    if not sources:
        sources = tuple(c.source for c in seen[0].components[:1])
    if not sources:
        return None
    return Census(counts=censuses[0], sources=sources[:3], by="recorded graph", complete=True)


def _by_config(arm: Arm, settings: tuple[str, ...]) -> Census | None:
    """Read the settings; an arm whose configs do not name the setting is not readable this way."""
    found = [setting(run, *settings) for run in arm.runs]
    if not found or any(cited is None for cited in found):
        return None
    values = {str(cited.value).strip().lower() for cited in found if cited is not None}
    if len(values) != 1:
        return None
    value = next(iter(values))
    sources = tuple(dict.fromkeys(cited.source for cited in found if cited is not None))
    counts = {} if value in OFF_VALUES else {_canonical(value): 1}
    return Census(counts=counts, sources=sources[:3], by="config", complete=True)


def _canonical(value: str) -> str:
    from netgain.analysis.code_components import ACTIVATIONS

    aliases = {"se": "squeeze-excite", "true": "squeeze-excite", "squeeze_excite": "squeeze-excite"}
    return ACTIVATIONS.get(value, aliases.get(value, value))


def _by_code(
    baseline: CodeTree | None, proposed: CodeTree | None, kind: str
) -> tuple[Census | None, Census | None]:
    """Census two separate trees; one tree that serves both arms cannot tell them apart."""
    if baseline is None or proposed is None or baseline == proposed:
        return None, None
    found = []
    for tree in (baseline, proposed):
        model = code_census(tree)
        if model is None:
            return None, None
        components = [c for c in model.components if c.kind == kind]
        sources = tuple(c.source for c in components) or (Source(path=tree.files[0].path),)
        found.append(
            Census(
                counts={c.name: len(c.where) for c in components},
                sources=sources[:5],
                by="code",
                complete=kind in model.observed_kinds,
            )
        )
    return found[0], found[1]


def _only_in(census: Census, other: Census) -> list[str]:
    """Return the kinds of block one arm has and the other lacks; counts follow depth and are no swap."""
    return sorted(set(census.counts) - set(other.counts))


def _shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} x{count}" for name, count in sorted(Counter(counts).items()))


def _flagged(  # noqa: PLR0917 - one private call site
    study: Study,
    code: str,
    name: str,
    kind: str,
    readings: Readings,
    words: str,
    first: Census,
    second: Census,
) -> Finding:
    numbers = {f"{n} in baseline": float(c) for n, c in first.counts.items()}
    numbers |= {f"{n} in proposed": float(c) for n, c in second.counts.items()}
    return Finding(
        code=code,
        name=name,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {kind: float("nan")}),
        favours="proposed",
        message=f"The arms differ in their {words} by {second.by}: proposed "
        f"{_shown(second.counts) or 'none'}, baseline {_shown(first.counts) or 'none'}; no run isolates "
        "the difference.",
        numbers=numbers,
        evidence=sources_of(second.sources, first.sources),
        readings=readings,
        remedy=f"the same {words} in both arms, or a run of each arm with the other's",
        settle="netgain attribute plan.toml",
    )


def _baseline_only(code: str, name: str, words: str, first: Census, second: Census) -> Finding:
    return Finding(
        code=code,
        name=name,
        verdict="clear",
        favours="baseline",
        message=f"Only the baseline has {words} of this kind by {first.by} ({_shown(first.counts)}); that "
        "does not add to the gain.",
        numbers={f"{n} in baseline": float(c) for n, c in first.counts.items()},
        evidence=sources_of(first.sources, second.sources),
    )


def _exempt(  # noqa: PLR0917 - one private call site
    code: str, name: str, words: str, named: list[str], first: Census, second: Census
) -> Finding:
    return Finding(
        code=code,
        name=name,
        verdict="not-applicable",
        message=f"The difference in {words} ({', '.join(named)}) is what the claim is about.",
        evidence=sources_of(first.sources, second.sources),
    )


def _unknown(study: Study, code: str, name: str, words: str) -> Finding:
    needs = [
        f"model code of the {side} arm, or a recording of one of its runs (netgain.record)"
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
        if not any(run.model and run.model.observed_kinds for run in arm.runs)
    ]
    return Finding(
        code=code,
        name=name,
        verdict="unknown",
        message=f"The {words} of both models cannot be read from what was given.",
        needs=tuple(needs) or (f"one model for all runs of an arm, with its {words}",),
        remedy="record one run of each arm with netgain.record",
    )
