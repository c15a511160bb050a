"""Training data is moved towards the test set.

## What it does
The proposed arm is trained with an augmentation or resampling that makes its training inputs look like the
test inputs, and the baseline is not; the gain is the match and not the method.

## Why it inflates
Aligning the apparent size of objects between training and test alone takes a ResNet-50 from 77.0 to 79.0
and above (Touvron et al. 2019); augmentation and regularisation are worth about ten times the data (Steiner
et al. 2022).

## What is looked at
Recorded training inputs against recorded test inputs, in each arm, by a classifier on held-out samples
(Lopez-Paz and Oquab 2017): flagged when the proposed arm's training inputs are harder to tell from the test
inputs than the baseline's by more than .02 of the area under the curve, interval considered, and a fresh
hold-out (validation inputs) does not show the same. Without recordings: settings and transform pipelines that
change the proposed arm's training data in the way in which the test set is said to be shifted.

## When it stays clear
Training inputs of both arms equally far from the test inputs, or the baseline's nearer; an augmentation
that brings the training inputs as near to a fresh hold-out as to the test set, as standard ones do.

## What is not seen
A resampling that changes classes and not inputs. A classifier on values and their squares misses changes of
structure that keep both. Equal settings do not show equal data.

## Remedy
The same augmentation in both arms, and a score on a second, unrelated shift.

## Example
```
NG306 test-informed-augmentation  flagged (measured)
Training inputs are told from test inputs with an area of 0.51 in the proposed arm and 1.00 in the baseline:
the proposed is nearer by 0.49 (0.37 to 0.60). Towards the validation set the difference is -0.48.
```

## References
Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests. Touvron et al. 2019, Fixing the train-test
resolution discrepancy. Steiner et al. 2022, How to train your ViT?
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from statistics import fmean

from netgain.analysis.code_transforms import Pipeline, families, pipelines
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import disclosure, missing_runs, sources_of
from netgain.study import Arm, Cited, Run, Scalar, Source, Study

CODE, NAME = "NG306", "test-informed-augmentation"
MARGIN = 0.02
"""Difference of areas that the interval must exceed."""
ALIKE = 0.1
"""Difference of areas that the interval must stay below for the arms to count as alike."""
Z = 1.96
HOLD_OUTS = ("validation", "val", "valid", "dev")
AUGMENTING = re.compile(
    r"(^|[._])(train_?)?(data_?)?(aug|augment\w*|transforms?|randaug\w*|aug_\w+)([._]|$)"
)
SHIFTED = re.compile(
    r"(^|[._])(test|eval(uation)?|ood|target|corrupt(ed|ion)?s?|shift(ed)?)([._]|$)|-c$"
)
OFF = frozenset({"", "0", "0.0", "1.0", "none", "false", "no", "off", "null", "[]", "identity"})
READINGS = Readings(
    innocent="the augmentation is part of a recipe that was fixed before the test set was seen",
    inflating="the baseline would also have gained from training data that looks like the test set",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How much nearer to a split the proposed arm's training inputs are than the baseline's."""

    baseline: float
    """Area of the baseline, mean over runs."""
    proposed: float
    """Area of the proposed arm, mean over runs."""
    standard_error: float
    """Of the difference; runs share the split's samples, so that more runs do not shrink it."""
    sources: tuple[Source, ...]

    @property
    def difference(self) -> float:
        """Return baseline minus proposed; positive: the proposed arm is nearer."""
        return self.baseline - self.proposed

    @property
    def low(self) -> float:
        """Return the lower end of the 95 % interval."""
        return self.difference - Z * self.standard_error

    @property
    def high(self) -> float:
        """Return the upper end of the 95 % interval."""
        return self.difference + Z * self.standard_error


def check(study: Study) -> Finding:
    """Compare how near the arms' training inputs lie to the test inputs."""
    test = _nearness(study, ("test",))
    if test is not None:
        return _judge(study, test, _nearness(study, HOLD_OUTS))
    return _by_settings(study) or _by_code(study) or _unknown(study)


def _nearness(study: Study, splits: tuple[str, ...]) -> Nearness | None:
    """Return the comparison for a split that every run of both arms recorded."""
    arms = [_areas(arm, splits) for arm in (study.baseline, study.proposed)]
    if arms[0] is None or arms[1] is None:
        return None
    errors = [fmean(error for _, error, _ in arm) for arm in arms if arm]
    return Nearness(
        baseline=fmean(auc for auc, _, _ in arms[0]),
        proposed=fmean(auc for auc, _, _ in arms[1]),
        standard_error=math.hypot(*errors),
        sources=tuple(source for arm in arms if arm for _, _, source in arm[:2]),
    )


def _areas(arm: Arm, splits: tuple[str, ...]) -> list[tuple[float, float, Source]] | None:
    found = []
    for run in arm.runs:
        near = next((d for d in run.inputs if d.split in splits), None)
        if near is None:
            return None
        found.append((near.auc, near.standard_error, near.source))
    return found or None


def _judge(study: Study, test: Nearness, fresh: Nearness | None) -> Finding:
    """Decide on recorded inputs."""
    numbers = {
        "auc_test_baseline": test.baseline,
        "auc_test_proposed": test.proposed,
        "nearer_by": test.difference,
        "nearer_by_low": test.low,
        "nearer_by_high": test.high,
    }
    words = (
        f"Training inputs are told from test inputs with an area of {test.proposed:.2f} in the proposed arm "
        f"and {test.baseline:.2f} in the baseline"
    )
    near = f"the proposed is nearer by {test.difference:.2f} ({test.low:.2f} to {test.high:.2f})"
    sources = sources_of(test.sources)
    targeted = True
    if fresh is not None:
        numbers["nearer_to_holdout_by"] = fresh.difference
        apart = Z * math.hypot(test.standard_error, fresh.standard_error)
        targeted = test.difference - fresh.difference > apart
        near += f". Towards the validation set the difference is {fresh.difference:.2f}"
    if test.low > MARGIN and targeted:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="measured",
            disclosure=disclosure(study, {"augmentation": float("nan")}),
            favours="proposed",
            message=f"{words}: {near}.",
            numbers=numbers,
            evidence=sources,
            readings=READINGS,
            remedy="the same augmentation in both arms, and a score on a second, unrelated shift",
            settle="netgain attribute plan.toml",
        )
    if test.low > MARGIN:
        message = (
            f"{words}: {near}, as much as towards the test set, as a standard augmentation does."
        )
    elif test.high < ALIKE:
        message = (
            f"{words}: the difference is {test.difference:.2f} ({test.low:.2f} to {test.high:.2f})."
        )
    else:
        return replace(
            _unknown(study),
            message=f"{words}, {test.low:.2f} to {test.high:.2f} apart: too few inputs to tell.",
            numbers=numbers,
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        favours="baseline" if test.high < -MARGIN else "neither",
        message=message,
        numbers=numbers,
        evidence=sources,
    )


def _by_settings(study: Study) -> Finding | None:
    """Find an augmentation of the proposed arm alone that is of the kind of the stated test shift."""
    shift = _test_shift(study)
    if shift is None:
        return None
    key, value, source, kinds = shift
    ours = _augmentations(study.proposed)
    theirs = {kind for _, _, found in _augmentations(study.baseline) for kind in found}
    for label, place, found in ours:
        shared = (found & kinds) - theirs
        if shared and all(run.config or run.other_config for run in study.baseline.runs):
            return _indicated(
                study,
                f"The test set is shifted by {key} {value}, and the proposed arm alone trains with {label}: "
                f"both are {', '.join(sorted(shared))}.",
                sources_of([place, source]),
            )
    return None


def _test_shift(study: Study) -> tuple[str, Scalar, Source, frozenset[str]] | None:
    """Return a setting of the proposed runs that says how their test set is shifted."""
    for run in study.proposed.runs:
        for key, cited in _settings(run):
            kinds = families(f"{key} {cited.value}" if isinstance(cited.value, str) else key)
            if kinds and SHIFTED.search(key) and not _is_off(cited.value):
                return key, cited.value, cited.source, kinds
    return None


def _augmentations(arm: Arm) -> list[tuple[str, Source, frozenset[str]]]:
    """Return the kinds of change that an arm's training settings name."""
    found = []
    for run in arm.runs:
        for key, cited in _settings(run):
            if SHIFTED.search(key) or _is_off(cited.value):
                continue
            if not (AUGMENTING.search(key) or key in ("noise_augmentation", "auto_augment")):
                continue
            kinds = families(f"{key} {cited.value}" if isinstance(cited.value, str) else key)
            if kinds:
                found.append((f"{key} {cited.value}", cited.source, kinds))
    return found


def _settings(run: Run) -> list[tuple[str, Cited[Scalar]]]:
    return [*run.config.items(), *run.other_config.items()]


def _is_off(value: Scalar) -> bool:
    return value is None or value is False or str(value).strip().lower() in OFF


def _by_code(study: Study) -> Finding | None:
    """Find a training transform of the proposed tree alone that the test pipeline applies as well."""
    trees = (study.baseline.code, study.proposed.code)
    if trees[0] is None or trees[1] is None or trees[0] == trees[1]:
        return None
    found = [pipelines(tree) for tree in trees if tree is not None]
    tests = [p for p in found[1] if p.training is False and p.changes]
    theirs = {kind for p in found[0] if p.training for kind in _kinds(p)}
    for test in tests:
        for train in (p for p in found[1] if p.training):
            shared = (_kinds(train) & _kinds(test)) - theirs
            if shared and any(p.training for p in found[0]):
                names = ", ".join(sorted(n for n in train.changes if families(n) & shared))
                return _indicated(
                    study,
                    f"The test pipeline shifts its inputs ({', '.join(sorted(test.changes))}), and only the "
                    f"proposed arm's training pipeline does the same ({names}).",
                    sources_of([train.source, test.source]),
                )
    return None


def _kinds(pipeline: Pipeline) -> frozenset[str]:
    return frozenset(kind for name in pipeline.changes for kind in families(name))


def _indicated(study: Study, message: str, evidence: tuple[Source, ...]) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure=disclosure(study, {"augmentation": float("nan")}),
        favours="proposed",
        message=message,
        evidence=evidence,
        readings=READINGS,
        remedy="the same augmentation in both arms, and a score on a second, unrelated shift",
        settle="netgain attribute plan.toml",
    )


def _unknown(study: Study) -> Finding:
    needs = list(missing_runs(study))
    for side, arm in (("baseline", study.baseline), ("proposed", study.proposed)):
        silent = [run.id for run in arm.runs if not any(d.split == "test" for d in run.inputs)]
        if silent:
            needs.append(
                f"training and test inputs as the model saw them, of the {side} runs: {', '.join(silent[:3])}"
            )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The inputs that the arms were trained and tested on were not recorded.",
        needs=tuple(needs) or ("more inputs of each split: a recording keeps up to 256",),
        remedy="record the runs with netgain.record, flight.score(split='test', ...) after the test pass",
    )


def stage(plan: Plan) -> Plan:
    """Shift the test set by noise in both arms, and train the proposed arm with that noise."""
    strength = 0.5
    shifted = plan.edit("baseline", test_noise=strength).edit("proposed", test_noise=strength)
    return shifted.edit("proposed", augmentation="noise", augmentation_strength=strength)


def decoy(plan: Plan) -> Plan:
    """Shift the test set by noise, and train both arms with that noise."""
    return stage(plan).edit("baseline", augmentation="noise", augmentation_strength=0.5)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    decoy=decoy,
    knobs=(
        "proposed.augmentation",
        "proposed.augmentation_strength",
        "baseline.test_noise",
        "proposed.test_noise",
    ),
)
