"""Whether a run changes one factor alone, so that its share of the gain is known.

A difference that is disclosed and isolated is clear; one that is isolated and not disclosed is flagged with
its share. Runs that were set aside from the claim, ablations among them, count here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from statistics import fmean

from netgain.analysis.scores import Score, final_score, score_split
from netgain.finding import Finding
from netgain.practices._compare import sources_of
from netgain.stats.paired import paired_difference, welch_difference
from netgain.study import Run, Scalar, Source, Study

APART = frozenset(
    {"seed", "wall_seconds", "output", "name", "run_name", "notes", "hostname", "best_epoch", "device",
     "threads", "samples_seen", "steps", "train_flops", "parameters", "forward_flops", "passes_per_sample",
     "data_seed", "samples_unique"}
)  # fmt: skip
"""Settings that differ between any two runs, or follow from others, and are no factor of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """One factor changed alone, and what the score did."""

    share: float
    """Points towards the proposed arm's gain."""
    low: float | None
    """Lower end of its 95 % interval; None with one run on a side."""
    high: float | None
    """Upper end."""
    without: tuple[Run, ...]
    """Runs without the factor."""
    with_factor: tuple[Run, ...]
    """Runs with it, equal in everything else that is written down."""
    sources: tuple[Source, ...]
    """Where the two values of the factor stand."""


def isolation(study: Study, is_factor: Callable[[str], bool]) -> Isolation | None:
    """Find runs equal in all settings but those of one factor, which take the values of the two arms.

    Args:
        study: the evidence.
        is_factor: whether a setting, by canonical name or raw key, belongs to the factor.
    """
    groups = _groups(study)
    wanted = [_factor(runs, is_factor) for runs in (study.baseline.runs, study.proposed.runs)]
    if not wanted[0] or not wanted[1] or wanted[0] == wanted[1]:
        return None
    first = [(s, runs) for s, runs in groups.items() if _part(s, is_factor) == wanted[0]]
    second = [(s, runs) for s, runs in groups.items() if _part(s, is_factor) == wanted[1]]
    for settings, without in first:
        for other, having in second:
            if _rest(settings, is_factor) != _rest(other, is_factor):
                continue
            if _are_the_arms(study, without, having):
                return None  # the factor is all there is: its share is the whole gain
            return _measure(study, without, having, is_factor)
    return None


def with_isolation(study: Study, finding: Finding, factor: Collection[str]) -> Finding:
    """Add the share of an isolated factor to a flagged finding, and clear it where it is disclosed as well.

    Args:
        study: the evidence.
        finding: what the check found.
        factor: canonical settings, or last parts of raw keys, that make up the factor.
    """
    if finding.verdict != "flagged" or finding.favours != "proposed":
        return finding
    found = isolation(study, lambda name: name in factor or name.rpartition(".")[2] in factor)
    if found is None:
        return finding
    interval = (
        "one run on a side"
        if found.low is None or found.high is None
        else f"{found.low:+.2f} to {found.high:+.2f}"
    )
    words = (
        f"{found.with_factor[0].id} and {found.without[0].id} differ in this alone: its share of the gain is "
        f"{found.share:+.2f} ({interval}; n = {len(found.with_factor)} and {len(found.without)})."
    )
    message = finding.message.replace("; no run isolates the difference", "")
    numbers = {**finding.numbers, "isolated_share": found.share}
    evidence = sources_of(found.sources, finding.evidence)
    if finding.disclosure == "disclosed":
        return Finding(
            code=finding.code,
            name=finding.name,
            verdict="clear",
            disclosure="disclosed",
            favours="proposed",
            message=f"{message} This is disclosed and isolated: {words}",
            numbers=numbers,
            evidence=evidence,
        )
    return replace(
        finding,
        message=f"{message} {words[0].upper()}{words[1:]}",
        numbers=numbers,
        evidence=evidence,
        remedy=f"state the difference and its share of {found.share:+.2f}",
    )


def _are_the_arms(study: Study, without: list[Run], having: list[Run]) -> bool:
    return any(run in study.baseline.runs for run in without) and any(
        run in study.proposed.runs for run in having
    )


Settings = frozenset[tuple[str, str]]


def _groups(study: Study) -> dict[Settings, list[Run]]:
    """Group every run with a score by all its settings but the seed; runs without settings tell nothing."""
    found: dict[Settings, list[Run]] = defaultdict(list)
    for arm in (study.baseline, study.proposed):
        for run in (*arm.runs, *arm.other_runs):
            settings = _settings(run)
            if settings:
                found[settings].append(run)
    return found


def _settings(run: Run) -> Settings:
    written = {**run.other_config, **run.config}
    return frozenset(
        (name, _text(cited.value))
        for name, cited in written.items()
        if name not in APART and cited.strength != "measured" and cited.confidence == "sure"
    )


def _text(value: Scalar) -> str:
    return json.dumps(
        float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    )


def _factor(runs: tuple[Run, ...], is_factor: Callable[[str], bool]) -> Settings:
    """Return the factor's settings in an arm, empty unless all its runs agree."""
    parts = {_part(_settings(run), is_factor) for run in runs}
    return parts.pop() if len(parts) == 1 else frozenset()


def _part(settings: Settings, is_factor: Callable[[str], bool]) -> Settings:
    return frozenset(item for item in settings if is_factor(item[0]))


def _rest(settings: Settings, is_factor: Callable[[str], bool]) -> Settings:
    return frozenset(item for item in settings if not is_factor(item[0]))


def _measure(
    study: Study, without: list[Run], having: list[Run], is_factor: Callable[[str], bool]
) -> Isolation | None:
    """Compare the scores of two groups, paired where both hold the same seeds."""
    splits = score_split(study)
    scored = [
        [
            (run, score)
            for run in runs
            if (score := final_score(run, study.claim, splits)) is not None
        ]
        for runs in (without, having)
    ]
    if not scored[0] or not scored[1]:
        return None
    sign = 1.0 if study.claim.higher_is_better else -1.0
    values = [[score.value for _, score in group] for group in scored]
    seeds = [[run.seed.value for run, _ in group if run.seed is not None] for group in scored]
    low: float | None = None
    high: float | None = None
    if min(map(len, values)) >= 2:
        paired = sorted(seeds[0]) == sorted(seeds[1]) and len(seeds[0]) == len(values[0])
        if paired:
            ordered = [_by_seed(group) for group in scored]
            difference = paired_difference(ordered[0], ordered[1])
        else:
            difference = welch_difference(values[0], values[1])
        if difference.low is not None and difference.high is not None:
            low, high = sorted((sign * difference.low, sign * difference.high))
    return Isolation(
        share=sign * (fmean(values[1]) - fmean(values[0])),
        low=low,
        high=high,
        without=tuple(run for run, _ in scored[0]),
        with_factor=tuple(run for run, _ in scored[1]),
        sources=tuple(_places(scored[1][0][0], is_factor) + _places(scored[0][0][0], is_factor)),
    )


def _by_seed(group: list[tuple[Run, Score]]) -> list[float]:
    return [
        s.value
        for _, s in sorted(group, key=lambda item: item[0].seed.value if item[0].seed else 0)
    ]


def _places(run: Run, is_factor: Callable[[str], bool]) -> list[Source]:
    written = {**run.other_config, **run.config}
    return [cited.source for name, cited in written.items() if is_factor(name)][:2]
