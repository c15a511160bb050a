"""The Study as a tree in plain text: every value with its source, and what was not understood."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from netgain.study import UNSORTED, Arm, Budget, Cited, Curve, History, Predictions, Run, Study
from netgain.vocabulary.resemblance import resembled

SHOWN_KEYS = 20
"""Unknown keys shown; the rest is counted."""
FOLDED_FROM = 3
"""Runs of a group from which on what they share is shown once."""


def study_text(study: Study) -> str:
    """Return the study as an indented tree, one line for each value."""
    lines = [*_claim(study)]
    arms = [("baseline", study.baseline), ("proposed", study.proposed)]
    if study.proposed.name == UNSORTED:
        arms = [("not sorted into arms", study.baseline)]
    for side, arm in arms:
        lines += ["", *_arm(side, arm)]
    lines += _ratings(study)
    lines += _excluded(study)
    lines += _unknown_keys(study)
    lines += _unread(study)
    return "\n".join(lines) + "\n"


def _claim(study: Study) -> Iterator[str]:
    claim = study.claim
    yield "claim"
    yield f"  metric    {claim.metric or 'not found'}{'' if claim.higher_is_better else ' (lower is better)'}"
    if claim.dataset:
        yield f"  data set  {claim.dataset}"
    for name in ("baseline", "proposed", "states_noise", "seeds_stated"):
        cited = getattr(claim, name)
        if cited is not None:
            yield f"  {name:<9} {_value(cited)}"
    if claim.idea:
        yield f"  idea      {', '.join(claim.idea)}"


def _arm(side: str, arm: Arm) -> Iterator[str]:
    planned = arm.runs and all(run.status == "planned" for run in arm.runs)
    count = "no run; settings by code" if planned else f"{len(arm.runs)} runs"
    yield f"{side}: {_printable(arm.name)}, {count}"
    for group in dict.fromkeys(run.group for run in arm.runs):
        members = [run for run in arm.runs if run.group == group]
        seeds = ", ".join(str(run.seed.value) if run.seed else "?" for run in members)
        yield f"  group {_printable(group)} (seeds {seeds})"
        shared = _shared(members)
        if shared:
            yield f"    in all {len(members)} runs, by the first one's files"
            yield from (f"      {line}" for line in shared.values())
        for run in members:
            yield from (f"    {line}" for line in _run(run, frozenset(shared)))
    for trials in arm.trials:
        yield (
            f"  sweep of {trials.parameter}: {len(trials.values)} trials, "
            f"{min(trials.values):g} to {max(trials.values):g}  [{trials.source}]"
        )
    if arm.code:
        narrowed = f", as they run with {arm.code.settings}" if arm.code.settings else ""
        yield f"  code {arm.code.root}: {len(arm.code.files)} Python files{narrowed}"
        if arm.code.undecided:
            yield f"    still chosen by a setting in which the arms differ: {arm.code.undecided}"
    for samples in arm.samples:
        yield f"  {samples.split} samples: {samples.n:,}  [{samples.source}]"
    for predictions in arm.predictions:
        yield f"  {_predictions(predictions)}"
    for history in arm.histories:
        yield f"  {_history(history)}"


def _predictions(found: Predictions) -> str:
    """Say in one line what a file of predictions holds."""
    held = [word for word in ("targets", "outputs", "prompts") if getattr(found, word)]
    scores = [f"{name} {cited.value:,.6g}" for name, cited in sorted(found.scores.items())]
    name = _printable(" ".join(filter(None, (found.task or found.name, found.split))))
    parts = [f"{found.n:,} items by {found.item_kind}", *held, *scores]
    return f"predictions {name or 'without a name'}: {', '.join(parts)}  [{found.source}]"


def _history(found: History) -> str:
    """Say in one line what a git history remembers."""
    since = f"{found.first.value} to " if found.first else "to "
    gone = sum(file.change == "removed" for file in found.former)
    rewritten = len(found.former) - gone
    return (
        f"history of {_printable(found.location)}: {found.commits.value:,} commits, "
        f"{since}{found.last.value}, {gone} result files gone, {rewritten} rewritten"
        f"{'' if found.complete else ' (not compared to the end)'}  [{found.commits.source}]"
    )


def _ratings(study: Study) -> Iterator[str]:
    if study.ratings:
        yield ""
    for found in study.ratings:
        judge = {"human": "people", "model": "a model"}.get(found.judge or "", "who is not said")
        unusable = f", {found.unusable} without a verdict" if found.unusable else ""
        yield (
            f"ratings: {len(found.votes):,} verdicts by {judge} on {len(found.systems)} systems"
            f"{unusable}  [{found.source}]"
        )


def _shared(members: list[Run]) -> dict[tuple[str, str], str]:
    """Return the line of each setting that all runs of a group have with one value, by label and name."""
    if len(members) < FOLDED_FROM:
        return {}
    tables = [
        {(label, name): cited for label, name, cited in _values(run) if label != "score"}
        for run in members
    ]
    return {
        key: _line(*key, cited)
        for key, cited in tables[0].items()
        if all(key in t and t[key].value == cited.value and not t[key].disagreeing for t in tables)
    }


def _run(run: Run, shared: frozenset[tuple[str, str]]) -> Iterator[str]:
    kind = "planned run" if run.status == "planned" else "run"
    yield f"{kind} {_printable(run.id)}"
    for label, name, cited in _values(run):
        if (label, name) not in shared:
            yield f"  {_line(label, name, cited)}"
    for curve in run.curves:
        yield f"  curve {_curve(curve)}"
    if run.model:
        parts = [f"{c.name} x{len(c.where)}" for c in run.model.components]
        size = f"{run.model.parameters.value:,} parameters" if run.model.parameters else ""
        described = ", ".join(filter(None, [size, *parts]))
        if described:
            yield f"  model {described}"


def _values(run: Run) -> Iterator[tuple[str, str, Cited[Any]]]:
    """Yield every single value of a run with its label (empty for seed and budget) and name."""
    if run.seed:
        yield "", "seed", run.seed
    for item in fields(Budget):
        cited = getattr(run.budget, item.name)
        if cited is not None:
            yield "", item.name, cited
    labelled: tuple[tuple[str, Mapping[str, Cited[Any]]], ...] = (
        ("setting", run.config),
        ("score", run.finals),
        ("on", run.environment),
    )
    for label, mapping in labelled:
        yield from ((label, name, cited) for name, cited in sorted(mapping.items()))


def _line(label: str, name: str, cited: Cited[Any]) -> str:
    return " ".join(filter(None, (label, _printable(name), _value(cited))))


def _curve(curve: Curve) -> str:
    split = f"{curve.split}/" if curve.split else ""
    return (
        f"{split}{_printable(curve.name)}: {len(curve.values):,} points by {curve.unit}, "
        f"{curve.values[0]:g} to {curve.values[-1]:g}{_divergence(curve)}  [{curve.source}]"
    )


def _divergence(curve: Curve) -> str:
    if curve.diverged_at is None:
        return ""
    return f", then nan or inf from {curve.unit} {curve.diverged_at:g} on"


def _value(cited: Cited[Any]) -> str:
    value = cited.value
    shown = f"{value:,.6g}" if isinstance(value, float) else _printable(str(value))
    others = "".join(
        f"; {other.strength} {_printable(str(other.value))} in {other.source}"
        for other in cited.disagreeing
    )
    sure = "" if cited.confidence == "sure" else f", {cited.confidence}"
    return f"{shown}  ({cited.strength}{sure}) [{cited.source}]{others}"


def _excluded(study: Study) -> Iterator[str]:
    if study.excluded_runs:
        yield ""
        yield "runs not counted"
        unfinished = {run.id: run for run in study.unfinished_runs}
        for item in study.excluded_runs:
            yield f"  {_printable(item.path)}: {item.why}"
            if item.path in unfinished:
                run = unfinished[item.path]
                yield from (f"  {line}" for line in [*_run(run, frozenset())][1:])


def _unknown_keys(study: Study) -> Iterator[str]:
    if not study.unknown_keys:
        return
    yield ""
    yield "keys not understood (teach one in netgain.toml)"
    for key in study.unknown_keys[:SHOWN_KEYS]:
        example = _printable(str(key.example))[:40]
        yield f"  {_printable(key.key)} = {example}  ({key.count} runs) [{key.source}]"
    rest = len(study.unknown_keys) - SHOWN_KEYS
    if rest > 0:
        yield f"  and {rest} more"
    meant = next(
        (
            (key.key, name)
            for key in study.unknown_keys
            if not isinstance(key.example, bool) and (name := resembled(key.key)) is not None
        ),
        None,
    )
    yield "  for example:"
    yield "    [vocabulary]"
    if meant is None:
        yield f'    {json.dumps(study.unknown_keys[0].key)} = ""  # its canonical name'
    else:
        yield f"    {json.dumps(meant[0])} = {json.dumps(meant[1])}"


def _unread(study: Study) -> Iterator[str]:
    if study.unread:
        yield ""
        yield "files not read"
        for item in study.unread:
            yield f"  {_printable(item.path)}: {item.why}"


def _printable(text: str) -> str:
    """Replace control characters, which a stranger's file name may hold."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
