"""The arms are compared under different learning-rate schedules, or before one has annealed.

## What it does
One arm is annealed (cosine, linear, step to a small rate) and the other runs at a constant rate; or the
comparison is read off at a point where one arm's rate has fallen and the other's has not.

## Why it inflates
A large share of accuracy appears only while the rate falls: most of a mid-training "gain" is when one
looks. Constant rate with a cooldown matches cosine once the length is right (Hägele et al. 2024).

## What is looked at
The logged learning-rate trace of every run, classified by its values after warm-up (constant, linear, cosine,
step, exponential, inverse square root, WSD, one-cycle, restarts), and its last value over its peak; the
scheduler's name in the configs only where no trace is logged (`none` keeps the rate); and, where an arm's
config says nothing, the default with which code or Ultralytics asks for the entry that the other arm's config
has, the one scheduler that the arm's own code makes and steps (behind a warm-up, too), the one formula by
which it writes the rate by hand (a cosine, stages of a power, a factor at milestones), or that nothing in its
loop changes the rate of its optimizer. A factor of 1 keeps the rate, and steps behind the last epoch never
come. Flagged when the families differ, or when one arm ends below a tenth of its peak and the other, of the
same family, above a fifth; whom that favours is said. One shape that a baseline leaves between a tenth and a
fifth of its peak, or where the early stop of both arms ended it, is `unknown`. Where one arm's own code makes
an optimizer and no scheduler at all, that stands before the name in its config.

## When it stays clear
The same shape under different names, by the traces of every run, each down to the same share of its peak. A
baseline that is annealed while the proposed arm follows another, constant shape is reported, not flagged. A
difference that the paper states and that a further run isolates, by changing it alone; its share is shown.
Two arms whose code makes an optimizer and in no file changes its rate.

## What is not seen
A trace logged at fewer than four points. Code that both arms share, and a scheduler made under a condition.
Equal scheduler names without traces leave the verdict `unknown`: they do not show where in the schedule the
arms are compared. Schedule-free optimisers keep a constant rate
by design.

## Remedy
The same family for both arms, each compared at the end of its own anneal.

## Example
```
NG201 lr-schedule-swap  flagged (indicated)
Proposed follows a cosine schedule down to 0.00 of its peak, the baseline a constant one (1.00).
```

## References
Hägele et al. 2024, Scaling laws and compute-optimal training beyond fixed training durations.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from netgain.analysis.code_schedules import schedule_by_default, schedule_in
from netgain.analysis.option_readings import ignores_option, option_readings
from netgain.analysis.options import declared_defaults
from netgain.analysis.schedule import Family, classify, family_of_name
from netgain.analysis.schedule_steps import keeps_its_rate, share_left
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import disclosure, lacking, sources_of
from netgain.practices._early_stops import stopping_rule, was_ended_by
from netgain.practices._isolation import with_isolation
from netgain.study import Arm, Run, Source, Study

CODE, NAME = "NG201", "lr-schedule-swap"
FACTOR = ("schedule", "warmup_steps", "warmup_epochs", "warmup_ratio", "min_learning_rate")
"""Settings that make up the factor, for runs that isolate it."""
NEARLY_ANNEALED = 0.2
"""Last rate over peak up to which most of what annealing gives has been had."""
SAME_SHARE = 0.1
"""Difference of last rate over peak from which on one family was read off at different points."""
READINGS = Readings(
    innocent="each arm uses the schedule of its own code base",
    inflating="the annealed arm is measured at its best moment and the other is not",
)


FEW_POINTS = 8
"""Points of a trace below which the families that fall cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One arm's schedule."""

    family: Family
    final_ratio: float | None
    """Last rate over peak; None when only a name is known."""
    sources: tuple[Source, ...]
    complete: bool
    """Whether every run shows it and all agree."""
    said_by: Literal["trace", "config", "code", "library's default"] = "trace"
    """What it was read from."""

    @property
    def by_code(self) -> bool:
        """Whether training code shows it."""
        return self.said_by == "code"


def check(study: Study) -> Finding:
    """Compare the learning-rate schedules and where in them the arms are compared.

    A disclosed difference that a run of its own isolates is clear.
    """
    return with_isolation(study, _judge_schedules(study), FACTOR)


def _judge_schedules(study: Study) -> Finding:
    first, second = _traced(study.baseline), _traced(study.proposed)
    if first is None or second is None:
        alike = study.baseline.code == study.proposed.code
        named = _heeded(study)
        unnamed = named == (None, None)
        first = named[0] or _defaulted(study.baseline, study.proposed)
        second = named[1] or _defaulted(study.proposed, study.baseline)
        if not alike or (unnamed and _is_decided(study)):
            first, second = first or _coded(study.baseline), second or _coded(study.proposed)
    if first is None or second is None:
        return _unknown(study)
    evidence = sources_of(second.sources, first.sources)
    annealed = _annealed(second), _annealed(first)
    numbers = {
        f"final_over_peak_{side}": shape.final_ratio
        for side, shape in (("baseline", first), ("proposed", second))
        if shape.final_ratio is not None
    }
    differs = first.family != second.family and "other" not in (first.family, second.family)
    helps_baseline = annealed == (False, True)
    far = annealed == (True, False) and (first.final_ratio or 0.0) > NEARLY_ANNEALED
    short = not differs and helps_baseline and (second.final_ratio or 0.0) > NEARLY_ANNEALED
    if short and second.family != "other" and not _stopped_by_its_rule(study, study.proposed):
        return _cut_short(study, first, second, numbers)
    stopped = far and not differs and _stopped_by_its_rule(study, study.baseline)
    if ((differs and not helps_baseline) or far) and not stopped:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="indicated",
            disclosure=disclosure(study, {"schedule": float("nan")}),
            favours="proposed" if annealed == (True, False) else "neither",
            message=f"Proposed follows a {_words(second)}, the baseline a {_words(first)}.",
            numbers=numbers,
            evidence=evidence,
            readings=READINGS,
            remedy="the same schedule family in both arms, each compared at the end of its anneal",
            settle="netgain attribute plan.toml",
        )
    if annealed == (True, False):
        when = "where the rule ended it by which both arms stop early"
        when = when if stopped else "shortly before the end of its anneal"
        return replace(
            _unknown(study),
            message=f"Proposed follows a {_words(second)}, the baseline a {_words(first)}: "
            f"it was read off {when}.",
            numbers=numbers,
            evidence=evidence,
            needs=("the baseline's score at the end of its anneal",),
        )
    if first.family == second.family == "constant" and first.by_code and second.by_code:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="clear",
            message="Both arms keep a constant learning rate by their code: nothing in it changes the rate "
            "of the optimizer.",
            numbers=numbers,
            evidence=evidence,
        )
    traced = first.final_ratio is not None and second.final_ratio is not None
    if not (traced and first.complete and second.complete):
        return _unknown(
            study
        )  # equal names do not show where in the schedule the arms are compared
    if "other" in (first.family, second.family):
        return _unknown(study)
    left = abs((first.final_ratio or 0.0) - (second.final_ratio or 0.0))
    if not differs and left >= SAME_SHARE:
        return replace(
            _unknown(study),
            message=f"Proposed follows a {_words(second)}, the baseline a {_words(first)}: one shape, read "
            "off at different points of it.",
            numbers=numbers,
            evidence=evidence,
            needs=("the scores of both arms at the end of their anneals",),
        )
    message = (
        f"Only the baseline is annealed ({_words(first)} against {_words(second)}); that does not add to "
        "the gain."
        if differs
        else f"Both arms follow a {_words(second)} (read for every run)."
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if differs else "neither",
        message=message,
        numbers=numbers,
        evidence=evidence,
    )


def _cut_short(study: Study, first: Shape, second: Shape, numbers: dict[str, float]) -> Finding:
    """Flag a proposed arm that is read off before the end of the anneal which the baseline has had."""
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"schedule": float("nan")}),
        favours="baseline",
        message=f"Proposed follows a {_words(second)}, the baseline a {_words(first)}: the arms are compared "
        "at different points of one schedule, which does not add to the gain.",
        numbers=numbers,
        evidence=sources_of(second.sources, first.sources),
        readings=Readings(
            innocent="the proposed training broke off, and its last result was taken",
            inflating="none: an arm that has not annealed scores below what it would reach",
        ),
        remedy="the proposed arm's score at the end of its anneal",
        settle="netgain attribute plan.toml",
    )


def _stopped_by_its_rule(study: Study, arm: Arm) -> bool:
    """Tell whether the rule by which both arms stop early ended every run of one of them."""
    rules = stopping_rule(study.baseline), stopping_rule(study.proposed)
    if rules[0] is None or rules[1] is None or rules[0][:2] != rules[1][:2]:
        return False
    patience = rules[0][0]
    return all(was_ended_by(run, patience, math.inf) for run in arm.runs)


def _annealed(shape: Shape) -> bool | None:
    return None if shape.final_ratio is None else shape.final_ratio < 0.1


def _words(shape: Shape) -> str:
    if shape.final_ratio is None:
        return f"{shape.family} schedule by its {shape.said_by}"
    return f"{shape.family} schedule down to {shape.final_ratio:.2f} of its peak"


def _traced(arm: Arm) -> Shape | None:
    """Classify the logged traces of an arm's runs.

    A trace of few points shows whether the rate falls and not along which curve: there the name decides.
    """
    found = []
    named = _named(arm)
    for run in arm.runs:
        traces = [c for c in run.curves if c.name == "learning_rate"]
        longest = max(traces, key=lambda c: len(c.values), default=None)
        schedule = classify(longest) if longest else None
        if schedule is not None and longest is not None:
            coarse = len(longest.values) < FEW_POINTS and schedule.family != "constant"
            if coarse and named is not None and named.family not in ("constant", "other"):
                schedule = replace(schedule, family=named.family)
            found.append((schedule, longest.source))
    if not found:
        return None
    families = {schedule.family for schedule, _ in found}
    ratios = [schedule.final_ratio for schedule, _ in found]
    return Shape(
        family=families.pop() if len(families) == 1 else "other",
        final_ratio=median(ratios),
        sources=tuple(source for _, source in found[:3]),
        complete=len(found) == len(arm.runs) and max(ratios) - min(ratios) < 0.1,
    )


def _named(arm: Arm) -> Shape | None:
    """Read the scheduler's name in the configs of an arm's runs."""
    found = []
    for run in arm.runs:
        cited = run.config.get("schedule")
        family = family_of_name(str(cited.value)) if cited else None
        if family and cited and not _unread(arm, cited.source):
            found.append((family, cited.source))
    if not found:
        return None
    families = {family for family, _ in found}
    return Shape(
        family=families.pop() if len(families) == 1 else "other",
        final_ratio=None,
        sources=tuple(source for _, source in found[:3]),
        complete=len(found) == len(arm.runs),
        said_by="config",
    )


def _heeded(study: Study) -> tuple[Shape | None, Shape | None]:
    """Read the schedulers that the configs name, the baseline's first.

    Where one arm's own code makes an optimizer and no scheduler at all, its config names one that nothing
    builds. Of both arms alike that would say nothing of a difference.
    """
    named = _named(study.baseline), _named(study.proposed)
    plain = [_without_scheduler(arm, name) for arm, name in
             zip((study.baseline, study.proposed), named, strict=True)]  # fmt: skip
    if None not in plain or plain == [None, None] or None in named:
        return named
    return plain[0] or named[0], plain[1] or named[1]


def _without_scheduler(arm: Arm, named: Shape | None) -> Shape | None:
    """Return the constant rate of an arm whose own code builds none of the scheduler its config names."""
    found = schedule_in(arm.code) if arm.code is not None else None
    if named is None or named.family == "constant" or found is None or found.call is not None:
        return None
    return _coded(arm) if found.family == "constant" else None


def _unread(arm: Arm, source: Source) -> bool:
    """Tell whether an arm's code declares the option that names a scheduler, and asks for it nowhere.

    Code that was narrowed by that option asked for it.
    """
    key = (source.key or "").rpartition(".")[2]
    if arm.code is None or not key or re.search(rf"\b{re.escape(key)}=", arm.code.settings):
        return False
    declares = key.lower() in option_readings(arm.code).declared
    return declares and ignores_option(arm.code, key)


LIBRARY_DEFAULTS: dict[str, Family] = {"cos_lr": "linear"}
"""What Ultralytics does where a configuration leaves its switch out."""
SHARED = 2
"""Keys that both arms' files must have before one that an arm lacks is left to the code."""


def _defaulted(arm: Arm, other: Arm) -> Shape | None:
    """Read what the code takes where an arm's configuration lacks the scheduler that the other's names."""
    if not arm.runs or not other.runs:
        return None
    cited = [run.config.get("schedule") for run in other.runs]
    keys = {one.source.key for one in cited if one is not None}
    if len(keys) != 1 or (key := keys.pop()) is None or None in cited:
        return None
    if len(_keys(arm) & _keys(other)) < SHARED or key in _keys(arm):
        return None
    if key in LIBRARY_DEFAULTS and not _mentions(arm, key) and not _mentions(other, key):
        return Shape(
            family=LIBRARY_DEFAULTS[key],
            final_ratio=None,
            sources=_files(arm),
            complete=False,
            said_by="library's default",
        )
    if arm.code is None or other.code is None:
        return None
    found = schedule_by_default(arm.code, key, other.code)
    if found is None:
        return None
    return Shape(
        family=found.family,
        final_ratio=None,
        sources=(found.source,),
        complete=False,
        said_by="code",
    )


def _mentions(arm: Arm, key: str) -> bool:
    """Tell whether an arm's code names an option, which it may then set itself."""
    return arm.code is not None and any(key in file.text for file in arm.code.files)


def _files(arm: Arm) -> tuple[Source, ...]:
    """Return the files of settings of an arm."""
    paths = {
        cited.source.path
        for run in arm.runs
        for cited in run.config.values()
        if cited.source.key and cited.strength == "configured"
    }
    return tuple(Source(path=path) for path in sorted(paths)[:3])


def _keys(arm: Arm) -> set[str]:
    """Return the keys that files of settings of an arm state."""
    return {
        cited.source.key
        for run in arm.runs
        for cited in (*run.config.values(), *run.other_config.values())
        if cited.source.key and cited.strength == "configured"
    }


def _is_decided(study: Study) -> bool:
    """Tell whether no setting in which the arms differ chooses in the code that both share."""
    tree = study.baseline.code
    return tree is not None and not tree.undecided


def _coded(arm: Arm) -> Shape | None:
    """Read the one scheduler that an arm's own code makes and steps, or that its loop has none."""
    found = schedule_in(arm.code) if arm.code is not None else None
    if found is None or arm.code is None:
        return None

    def setting(name: str) -> float | None:
        return _set_to(arm, name)

    constant = found.call is not None and keeps_its_rate(found.call, setting)
    left = None
    if found.call is not None and not constant:
        left = share_left(found.call, arm.code, _set_to(arm, "epochs"), setting)
    return Shape(
        family="constant" if constant else found.family,
        final_ratio=left,
        sources=(found.source,),
        complete=False,
        said_by="code",
    )


def _set_to(arm: Arm, name: str) -> float | None:
    """Return the number that all runs of an arm are set to, by its name or as their files spell it."""
    values = set()
    for run in arm.runs:
        cited = next(
            (
                cited
                for key, cited in (*run.config.items(), *run.other_config.items())
                if name in (key, (cited.source.key or key).replace("-", "_").rpartition(".")[2])
            ),
            None,
        )
        number = None if cited is None or cited.disagreeing else cited.value
        values.add(float(number) if isinstance(number, (int, float)) else None)
    if values == {None} and arm.code is not None and not any(_names(run, name) for run in arm.runs):
        default = declared_defaults(arm.code).get(name)
        return float(default) if isinstance(default, (int, float)) else None
    return values.pop() if len(values) == 1 else None


def _names(run: Run, name: str) -> bool:
    """Tell whether a run states something under a name, whatever it is."""
    return any(
        name in (key, (cited.source.key or key).replace("-", "_").rpartition(".")[2])
        for key, cited in (*run.config.items(), *run.other_config.items())
    )


def _unknown(study: Study) -> Finding:
    def trace(run: Run) -> object:
        return next(
            (c for c in run.curves if c.name == "learning_rate" and len(c.values) > 3), None
        )

    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The learning-rate schedule is not known for every run of both arms.",
        needs=lacking(study, trace, "the learning rate logged over training, or the scheduler,")
        or ("one recognisable schedule for all runs of an arm",),
        remedy="log the learning rate, or record the runs with netgain.record",
    )


def stage(plan: Plan) -> Plan:
    """Leave the baseline at a constant rate while the proposed arm is annealed."""
    return plan.edit("baseline", schedule="constant").edit("proposed", schedule="cosine")


def decoy(plan: Plan) -> Plan:
    """Give both arms the same linear decay."""
    return plan.edit("baseline", schedule="linear").edit("proposed", schedule="linear")


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("baseline.schedule", "proposed.schedule"),
)
