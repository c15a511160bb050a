"""The conformance suite: what every practice must hold, whoever wrote it.

Each check is a function of a practice and its cases that raises `AssertionError` with one sentence. Run them
all with `for check in CHECKS: check(practice, load_cases(folder))`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any
from unittest import mock

from netgain.finding import Finding
from netgain.plan import Plan, Settings
from netgain.practice import HEADINGS, Practice
from netgain.study import Study
from netgain.testing.cases import Case

STRUCTURAL = frozenset(
    {"components", "observed_kinds", "tensors", "steps", "values", "scores", "digests"}
)
"""Tuples that are one value together; leaving out a part would make them say something false."""

SUBJECT = frozenset(
    {"paper", "allowances", "unread", "unknown_keys", "excluded_runs", "unfinished_runs", "idea",
     "interval"}
)  # fmt: skip
"""What is under audit, or is no evidence; knocking it out asks another question."""


def clean_plan() -> Plan:
    """Return an honest plan whose arms differ in the idea alone."""
    recipe = Settings()
    return Plan(recipe=recipe, baseline=recipe, proposed=replace(recipe, idea="channel-shuffle"))


def page_has_all_headings(practice: Practice, cases: Sequence[Case]) -> None:
    """Hold the page to a one-line summary and the fixed headings, in order."""
    del cases
    found = [line[3:].strip() for line in practice.doc.splitlines() if line.startswith("## ")]
    assert found == list(HEADINGS), (
        f"{practice.code}: headings are {found}, expected {list(HEADINGS)}"
    )
    assert practice.summary.endswith("."), f"{practice.code}: the summary is one sentence"
    assert f"{practice.code} {practice.name}" in practice.doc, (
        f"{practice.code}: the example names it"
    )


def cases_cover_every_verdict(practice: Practice, cases: Sequence[Case]) -> None:
    """Demand a flagged, a clear and an unknown case, and a near miss that is not flagged."""
    verdicts = {case.verdict for case in cases}
    missing = {"flagged", "clear", "unknown"} - verdicts
    assert not missing, f"{practice.code}: no case for {sorted(missing)}"
    near_misses = [case for case in cases if case.near_miss]
    assert near_misses, f"{practice.code}: no near miss"
    assert all(case.verdict != "flagged" for case in near_misses), practice.code


def cases_get_their_verdicts(practice: Practice, cases: Sequence[Case]) -> None:
    """Run every case and compare verdict, grade, favoured arm, numbers and words."""
    for case in cases:
        finding = practice.check(case.study)
        label = f"{practice.code}/{case.name}: {finding.message}"
        assert finding.code == practice.code and finding.name == practice.name, label
        assert finding.verdict == case.verdict, (
            f"{finding.verdict}, expected {case.verdict}: {label}"
        )
        assert case.grade is None or finding.grade == case.grade, f"grade {finding.grade}: {label}"
        assert case.favours is None or finding.favours == case.favours, (
            f"{finding.favours}: {label}"
        )
        assert case.message is None or case.message in finding.message, label
        for name, value in case.numbers.items():
            assert name in finding.numbers, f"no number {name!r} in {finding.numbers}: {label}"
            assert abs(finding.numbers[name] - value) < 1e-6, (
                f"{name}={finding.numbers[name]}: {label}"
            )


def check_is_pure(practice: Practice, cases: Sequence[Case]) -> None:
    """Demand the same finding twice, with files and the clock out of reach."""

    def refused(*args: object, **kwargs: object) -> Any:
        raise AssertionError(f"{practice.code}: a check opens no file and asks no clock")

    for case in cases:
        first = practice.check(case.study)
        with mock.patch.object(builtins, "open", refused), mock.patch("time.time", refused):
            second = practice.check(case.study)
        assert first == second, f"{practice.code}/{case.name}: two runs differ"


def silence_never_clears(practice: Practice, cases: Sequence[Case]) -> None:
    """Remove each value in turn: a flagged or unknown verdict never becomes clear."""
    for case in cases:
        before = practice.check(case.study).verdict
        if before not in ("flagged", "unknown"):
            continue
        for label, study in knock_outs(case.study):
            after = practice.check(study)
            assert after.verdict != "clear", (
                f"{practice.code}/{case.name}: {before} turns clear without {label}: {after.message}"
            )


def empty_study_is_unknown(practice: Practice, cases: Sequence[Case]) -> None:
    """Demand `unknown` with needs where nothing at all was given."""
    from netgain.testing.cases import build_study

    del cases
    finding: Finding = practice.check(build_study({}))
    assert finding.verdict in ("unknown", "not-applicable"), f"{practice.code}: {finding.verdict}"
    assert finding.needs or finding.verdict == "not-applicable", practice.code


def reset_undoes_stage(practice: Practice, cases: Sequence[Case]) -> None:
    """Demand that staging changes the plan and that resetting its knobs gives the clean plan back."""
    del cases
    if practice.stage is None:
        return
    plan = clean_plan()
    staged = practice.stage(plan)
    assert staged != plan, f"{practice.code}: staging changes nothing"
    assert staged.reset(practice.knobs) == plan, f"{practice.code}: reset does not undo stage"
    assert staged.reset(tuple(reversed(practice.knobs))) == plan, f"{practice.code}: resets commute"
    assert staged.reset(practice.knobs).reset(practice.knobs) == plan, (
        f"{practice.code}: idempotent"
    )


def decoy_keeps_the_idea(practice: Practice, cases: Sequence[Case]) -> None:
    """Demand that a decoy edits settings and leaves the idea alone."""
    del cases
    if practice.decoy is None:
        return
    plan = clean_plan()
    decoyed = practice.decoy(plan)
    assert decoyed != plan, f"{practice.code}: the decoy changes nothing"
    assert decoyed.proposed.idea == plan.proposed.idea, (
        f"{practice.code}: the decoy changes the idea"
    )


CHECKS: tuple[Callable[[Practice, Sequence[Case]], None], ...] = (
    page_has_all_headings,
    cases_cover_every_verdict,
    cases_get_their_verdicts,
    check_is_pure,
    silence_never_clears,
    empty_study_is_unknown,
    reset_undoes_stage,
    decoy_keeps_the_idea,
)
"""Every demand, in the order in which failures are most telling."""


def knock_outs(study: Study) -> Iterator[tuple[str, Study]]:
    """Yield the study once for each evidence value, without that value.

    Optional fields become None, entries of mappings and of lists of curves, sweeps and sample sets are left
    out one by one. Whole runs stay, and so does what the authors say.
    """
    yield from _knock(study, "study")


def _knock(value: Any, label: str) -> Iterator[tuple[str, Any]]:
    for item in fields(value):
        name = item.name
        if name in SUBJECT or name in STRUCTURAL:
            continue
        current = getattr(value, name)
        place = f"{label}.{name}"
        if isinstance(current, dict):
            for key in current:
                rest = {k: v for k, v in current.items() if k != key}
                yield f"{place}[{key}]", replace(value, **{name: rest})
        elif isinstance(current, tuple):
            for index, element in enumerate(current):
                if name != "runs":
                    rest_items = current[:index] + current[index + 1 :]
                    yield f"{place}[{index}]", replace(value, **{name: rest_items})
                if is_dataclass(element) and name == "runs":
                    for inner_label, inner in _knock(element, f"{place}[{index}]"):
                        changed = (*current[:index], inner, *current[index + 1 :])
                        yield inner_label, replace(value, **{name: changed})
        elif current is not None and item.default is None:
            yield place, replace(value, **{name: None})
        elif is_dataclass(current) and not isinstance(current, type):
            for inner_label, inner in _knock(current, place):
                yield inner_label, replace(value, **{name: inner})
