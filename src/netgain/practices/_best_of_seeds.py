"""The best over a loop of seeds in the code of the arms: added to what their runs say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath

from netgain.analysis.code_seeds import WORD, SeedLoop, seed_loops
from netgain.analysis.literals import trains
from netgain.finding import Disclosure, Finding, Readings
from netgain.practices._compare import sources_of
from netgain.stats.best_of_n import expected_maximum
from netgain.study import Arm, Source, Study

LONGEST_LABEL = 40
"""Characters of a setting that can label an arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Best:
    """A loop over seeds of which the best is taken and no mean."""

    loop: SeedLoop
    place: Source


def with_code(study: Study, finding: Finding, disclosure: Disclosure) -> Finding:
    """Add that the proposed code keeps the best of its seeds, and the baseline's not, or of fewer.

    A clear finding stands: there the claim was set against the runs themselves. Code that shows all results
    beside the best is not flagged by itself, nor is a best in both arms over equally many seeds, which lifts
    both alike; that is said.

    Args:
        study: both arms.
        finding: what the runs say.
        disclosure: whether the authors speak of the best, where the code alone is flagged.
    """
    ours, theirs = _best_of_each(study)
    if ours is None or finding.verdict == "clear":
        return finding
    if study.baseline.code is None or not trains(study.baseline.code):
        return finding
    if theirs is not None and not _of_fewer(theirs, ours):
        return replace(
            finding,
            message=f"{finding.message} The code of both arms keeps the best of its seeds ({ours.place}, "
            f"{theirs.place}), which lifts both.",
        )
    one_tree = study.proposed.code == study.baseline.code
    whose = "For the proposed arm the code" if one_tree else "The proposed code"
    said = f"{whose} {_keeps(ours)}; {_other(theirs)}"
    numbers = {**finding.numbers, **_numbers(ours, theirs)}
    places = [ours.place, *([theirs.place] if theirs else [])]
    if finding.verdict == "flagged":
        return replace(
            finding,
            message=f"{finding.message} {said}",
            numbers=numbers,
            evidence=sources_of(places, finding.evidence)[:7],
        )
    if "all" in ours.loop.kept:
        return replace(
            finding, message=f"{finding.message} {said} It shows the results of all seeds too."
        )
    return Finding(
        code=finding.code,
        name=finding.name,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure,
        favours="proposed",
        message=f"{said}{_luck(ours, theirs)}",
        numbers=numbers,
        evidence=sources_of(places, [ours.loop.source], finding.evidence)[:6],
        readings=Readings(
            innocent="the maximum is printed for orientation and the mean is reported",
            inflating="the distance between the best run and the mean is luck, and is claimed as gain",
        ),
        remedy="report the mean over all seeds with its interval, in both arms",
        settle="netgain attribute plan.toml",
    )


def _best_of_each(study: Study) -> tuple[_Best | None, _Best | None]:
    """Return the loop of each arm that keeps the best, of the most seeds, proposed first.

    Of a loop that both have, for one script runs both, the words it is written in can say whose it is.
    """
    found = {side: _best_loops(arm) for side, arm in (("p", study.proposed), ("b", study.baseline))}
    shared = {best.place for best in found["p"]} & {best.place for best in found["b"]}
    labels = _labels(study) if shared else {}
    for side, other in (("p", "b"), ("b", "p")):
        found[side] = [
            best
            for best in found[side]
            if best.place not in shared
            or best.loop.words & labels[side]
            or not best.loop.words & labels[other]
        ]
    largest = {
        side: max(each, key=lambda best: best.loop.runs or 0, default=None)
        for side, each in found.items()
    }
    return largest["p"], largest["b"]


def _best_loops(arm: Arm) -> list[_Best]:
    loops = seed_loops(arm.code) if arm.code else ()
    return [
        _Best(loop=loop, place=loop.best)
        for loop in loops
        if loop.best is not None and "mean" not in loop.kept
    ]


def _labels(study: Study) -> dict[str, frozenset[str]]:
    """Return by arm the words that its runs are named and set by, and those of the other are not."""
    words = {}
    for side, arm in (("p", study.proposed), ("b", study.baseline)):
        texts = [PurePath(run.group).name for run in arm.runs]
        texts += [
            str(cited.value)
            for run in arm.runs
            for cited in (*run.config.values(), *run.other_config.values())
            if isinstance(cited.value, str) and len(cited.value) < LONGEST_LABEL
        ]
        words[side] = {word.lower() for text in texts for word in WORD.findall(text)}
    return {
        "p": frozenset(words["p"] - words["b"] | {"ours", "proposed"}),
        "b": frozenset(words["b"] - words["p"] | {"baseline"}),
    }


def _of_fewer(theirs: _Best, ours: _Best) -> bool:
    """Tell whether the baseline's best is known to be one of fewer seeds."""
    return theirs.loop.runs is not None and theirs.loop.runs < (ours.loop.runs or 0)


def _keeps(best: _Best) -> str:
    runs = f"{best.loop.runs} seeds" if best.loop.runs else "several seeds"
    return f"runs {runs} and keeps the best result ({best.place})"


def _other(theirs: _Best | None) -> str:
    if theirs is None:
        return "the baseline's does not."
    return f"the baseline's the best of {theirs.loop.runs} ({theirs.place})."


def _luck(ours: _Best, theirs: _Best | None) -> str:
    """Say what the best of so many equal runs is expected to gain."""
    n = ours.loop.runs
    if not n:
        return ""
    above = expected_maximum(n)
    if theirs is None or not theirs.loop.runs:
        return f" The best of {n} equal runs lies {above:.2f} standard deviations above their mean."
    below = expected_maximum(theirs.loop.runs) if theirs.loop.runs > 1 else 0.0
    return (
        f" The best of {n} equal runs lies {above - below:.2f} standard deviations above the best of "
        f"{theirs.loop.runs}."
    )


def _numbers(ours: _Best, theirs: _Best | None) -> dict[str, float]:
    counted = {
        "seeds_in_proposed_code": ours.loop.runs,
        "seeds_in_baseline_code": theirs.loop.runs if theirs else None,
    }
    return {name: float(runs) for name, runs in counted.items() if runs}
