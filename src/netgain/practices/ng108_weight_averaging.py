"""Averaged weights, an ensemble or several test passes are scored in one arm only.

## What it does
The proposed arm is evaluated with an exponential moving average of its weights, stochastic weight
averaging, a model soup, several models or several passes over each test sample; the baseline is evaluated
once, with its live weights.

## Why it inflates
Averaging is a free lunch that fits any method: it generalises better and replaces part of the annealing
(Morales-Brotons et al. 2024). An ensemble of born-again networks takes 15.5 % error to 14.9 % (Furlanello
et al. 2018).

## What is looked at
Which weights were scored, as the recorder saw it; averaging settings in the configs of all runs; averaged
copies in checkpoints; averaging classes and hand-written moving averages in the code of two separate trees,
or in what each arm's settings let run of one tree; and test-time augmentation that the row of the proposed
score names and that of the baseline's does not. Flagged when the proposed arm averages and the baseline
does not.

## When it stays clear
Both arms average, or both were recorded with live weights, or both configs switch averaging off. A
difference that the paper states and that a further run isolates, by changing it alone; its share is shown.

## What is not seen
A checkpoint that holds one set of weights does not say how they came to be; absence of a setting is not
absence of averaging, and leaves the verdict `unknown`.
The target network of reinforcement learning, or of methods that compare two views (BYOL, MoCo), is an average
too; where it is called in training and nowhere evaluated, saved, returned or copied back, it is not what is
scored, and is not counted. One that is saved beside the live weights leaves the verdict `unknown`.

## Remedy
Evaluate live single weights in both arms, or apply the same averaging to both; averaging the baseline's
stored checkpoints needs no training.

## Example
```
NG108 weight-averaging  flagged (indicated)
Proposed is scored with averaged weights (ema_decay 0.999), the baseline without.
```

## References
Morales-Brotons, Vogels, Hendrikx 2024, Exponential moving average of weights in deep learning. Furlanello
et al. 2018, Born again neural networks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from netgain.analysis.code_idioms import test_time_passes, unscored_averages, weight_averaging
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import disclosure, in_idea, missing_runs, sources_of
from netgain.practices._isolation import with_isolation
from netgain.study import Arm, Cited, Run, Scalar, Source, Study

CODE, NAME = "NG108", "weight-averaging"
ASKED = re.compile(r"""['"]augment['"]""")
"""A script that asks its configuration for `augment`."""
PASSES = re.compile(r"\bTTA\b|\btest[- ]time[- ]aug|\bmulti[- ]crop|\b10[- ]crop", re.IGNORECASE)
"""Words of a row of results for several passes over one test image."""
NAMED_PASSES = re.compile(
    rf"(?<!no )(?<!w/o )(?<!without )(?<!- )(?<!before )(?:{PASSES.pattern})"
    r"(?!\s*[:=]?\s*(?:no|off|none|x)\b)",
    re.IGNORECASE,
)
"""Words of a row that has them."""
SETTINGS = ("ema_decay", "ema", "swa", "ensemble", "test_time_augmentation")
READINGS = Readings(
    innocent="the proposed recipe comes from a code base that averages by default",
    inflating="averaging would have lifted the baseline as well, and its share is credited to the idea",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What one run or tree shows of averaging."""

    averaged: bool
    """True for averaged, False for positively not averaged."""
    what: str
    """In words."""
    source: Source


def check(study: Study) -> Finding:
    """Compare which weights the two arms are scored with; what a run isolates and the paper says is clear."""
    return with_isolation(study, _compare(study), SETTINGS)


def _compare(study: Study) -> Finding:
    baseline, proposed = _arm_signs(study.baseline), _arm_signs(study.proposed)
    proposed = (*proposed, *_stated_signs(study))
    code = _code_signs(study)
    if code is not None:
        baseline = (*baseline, *code[0])
        proposed = (*proposed, *code[1])
    using = [sign for sign in proposed if sign.averaged]
    base_using = [sign for sign in baseline if sign.averaged]
    if using and not base_using and _readable(study.baseline):
        if in_idea(study, "ema", "averag", "ensemble", "swa"):
            return Finding(
                code=CODE,
                name=NAME,
                verdict="flagged",
                grade="indicated",
                disclosure="disclosed",
                favours="proposed",
                message=f"Proposed is scored with {using[0].what}, the baseline without; the claim names "
                "averaging as its idea, which does not exempt it from chapter 1.",
                evidence=sources_of([sign.source for sign in using])[:5],
                readings=READINGS,
                remedy="evaluate live weights in both arms, or average both",
                settle="netgain attribute plan.toml",
            )
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="indicated",
            disclosure=disclosure(study, {"ema_decay": float("nan"), "ema": float("nan")}),
            favours="proposed",
            message=f"Proposed is scored with {using[0].what}; nothing of the kind is seen in the baseline.",
            numbers={"signs_proposed": float(len(using)), "signs_baseline": 0.0},
            evidence=sources_of([sign.source for sign in using])[:5],
            readings=READINGS,
            remedy="evaluate live weights in both arms, or average both",
            settle="netgain attribute plan.toml",
        )
    every = _every_run_decided(study.baseline) and _every_run_decided(study.proposed)
    if using and base_using and every:
        message = f"Both arms are scored with averaged predictions or weights ({using[0].what})."
    elif base_using and every:
        message = (
            f"Only the baseline averages ({base_using[0].what}); that does not add to the gain."
        )
    elif every and baseline and proposed:
        message = f"Neither arm averages: {proposed[0].what} in every run of both arms."
    else:
        return _unknown(study)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if base_using and not using else "neither",
        message=message,
        evidence=sources_of([s.source for s in (*proposed, *baseline)])[:6],
    )


def _stated_signs(study: Study) -> tuple[Sign, ...]:
    """Return the test passes that the row of the proposed score names and that of the baseline's does not."""
    first, second = study.claim.baseline, study.claim.proposed
    if first is None or second is None or not first.source.cell or not second.source.cell:
        return ()
    rows = [cited.source.cell or "" for cited in (first, second)]
    if not NAMED_PASSES.search(rows[1]) or PASSES.search(rows[0]):
        return ()
    shown = rows[1].rpartition(" / ")[0] or rows[1]
    what = f"several test passes, as the row of its score says ({shown[:80]})"
    return (Sign(averaged=True, what=what, source=second.source),)


def _arm_signs(arm: Arm) -> tuple[Sign, ...]:
    asked = arm.code is not None and any(ASKED.search(file.text) for file in arm.code.files)
    return tuple(
        sign
        for run in arm.runs
        for sign in _signs(run)
        if not (asked and _is_for_the_script(sign.source))
    )


def _is_for_the_script(source: Source) -> bool:
    """Tell whether a setting is called `augment` in a file that a script of the arm reads in its own way.

    Ultralytics' own record means several test passes by it; a script may mean its training images.
    """
    name = PurePath(source.path).name
    return (source.key or "").rpartition(".")[2] == "augment" and name not in (
        "args.yaml",
        "opt.yaml",
    )


def _signs(run: Run) -> list[Sign]:
    """Return what a run shows; a recorded evaluation overrules its configuration."""
    recorded = run.model.evaluated_weights if run.model else None
    if recorded is not None:
        live = recorded.value == "live"
        what = "live weights were scored" if live else f"{recorded.value} weights"
        return [Sign(averaged=not live, what=what, source=recorded.source)]
    found = [
        Sign(averaged=_is_on(name, cited), what=_words(name, cited), source=cited.source)
        for name in SETTINGS
        if (cited := run.config.get(name)) is not None
    ]
    stored = run.model.averaged_weights if run.model else None
    if stored is not None:
        what = f"averaged weights in its checkpoint ({stored.value})"
        found.append(Sign(averaged=True, what=what, source=stored.source))
    return found


def _is_on(name: str, cited: Cited[Scalar]) -> bool:
    value = cited.value
    if isinstance(value, str):
        return value.strip().lower() not in ("none", "false", "off", "no", "", "0")
    if value is None:
        return False
    return float(value) > 1 if name == "ensemble" else bool(value)


def _words(name: str, cited: Cited[Scalar]) -> str:
    if not _is_on(name, cited):
        return f"{name} is {cited.value}"
    kind = {"ensemble": "an ensemble", "test_time_augmentation": "several test passes"}
    return f"{kind.get(name, 'averaged weights')} ({name} {cited.value})"


def _every_run_decided(arm: Arm) -> bool:
    """Tell whether each run says by itself which weights it scores.

    A recorded evaluation says so, and so does a setting for the moving average, on or off; a setting for
    ensembles or test passes alone says nothing of the weights.
    """
    return bool(arm.runs) and all(
        (run.model is not None and run.model.evaluated_weights is not None)
        or any(name in run.config for name in ("ema_decay", "ema"))
        or any(sign.averaged for sign in _signs(run))
        for run in arm.runs
    )


def _readable(arm: Arm) -> bool:
    """Tell whether an arm left anything in which averaging would have shown."""
    return arm.code is not None or any(run.config or run.model for run in arm.runs)


def _code_signs(study: Study) -> tuple[list[Sign], list[Sign]] | None:
    """Search two separate trees, or what each arm runs of one; one tree unchanged for both tells nothing.

    Code beside runs that all switch averaging on or off says no more than they do, and code in which a
    setting that differs between the arms still chooses says nothing of the proposed arm.
    """
    arms = (study.baseline, study.proposed)
    first, second = study.baseline.code, study.proposed.code
    if first is None or second is None or first == second or second.undecided:
        return None
    found = [
        [
            Sign(averaged=True, what=f"{idiom.what} in its code", source=idiom.source)
            for idiom in (*weight_averaging(tree), *test_time_passes(tree))
            if not _all_switched(arm)
        ]
        for arm, tree in zip(arms, (first, second), strict=True)
    ]
    return found[0], found[1]


def _all_switched(arm: Arm) -> bool:
    """Tell whether every run of an arm states by a setting whether weights are averaged."""
    return bool(arm.runs) and all(
        any(name in run.config for name in ("ema_decay", "ema", "swa")) for run in arm.runs
    )


def _unknown(study: Study) -> Finding:
    needs = list(missing_runs(study))
    for side, arm in (("baseline", study.baseline), ("proposed", study.proposed)):
        open_runs = [run.id for run in arm.runs if not _signs(run)]
        if open_runs:
            needs.append(
                f"which weights were evaluated in the {side} runs (live, averaged, ensemble): "
                f"{', '.join(open_runs[:3])}"
            )
    targets = [
        (side, idiom)
        for side, arm in (("proposed", study.proposed), ("baseline", study.baseline))
        if arm.code
        for idiom in unscored_averages(arm.code)
    ]
    seen = f" The {targets[0][0]} code averages {targets[0][1].what}." if targets else ""
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"Nothing says which weights were scored in every run of both arms.{seen}",
        evidence=sources_of([idiom.source for _, idiom in targets])[:4],
        needs=tuple(needs) or ("which weights were evaluated in each arm",),
        remedy="record the runs with netgain.record, or publish the evaluation settings",
    )


def stage(plan: Plan) -> Plan:
    """Score an exponential moving average of the proposed arm's weights."""
    return plan.edit("proposed", ema_decay=0.99)


def decoy(plan: Plan) -> Plan:
    """Score moving averages in both arms."""
    return plan.edit("proposed", ema_decay=0.99).edit("baseline", ema_decay=0.99)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=("proposed.ema_decay", "proposed.ensemble"),
)
