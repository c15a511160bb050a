"""Test data reaches training, or selection.

## What it does
Test samples are among the training samples; or the epoch, checkpoint or setting that is reported was chosen
by its test score; or the score was taken on another set than the one named. One finding with parts:
duplicates between given arrays, selection on test, and the grain of the logged scores.

## Why it inflates
CIFAR-10 and CIFAR-100 carry 3.3 % and 10 % near-duplicates between train and test (Barz & Denzler 2020);
294 papers in 17 fields were found affected by leakage (Kapoor & Narayanan 2023). The best of n test scores
along training lies above the last by construction.

## What is looked at
- *duplicates*: 64-bit fingerprints of every sample in given train and test arrays.
- *selection*: the claimed or stored final score against the test curve of the same run (flagged when it is
  the maximum over epochs and not the last point), how often the test set was evaluated, the configured rule,
  and code: the best so far kept by a test score, the maximum of a list of them, a library told to watch one.
  A score is followed to its data through loaders, loops, arguments and functions of the tree, so that
  `CIFAR10(train=False)` under the name `val_loader` is test data. So is validation data that settings read
  from a file called test, in runs whose settings keep the best checkpoint.
- *grain*: the smallest n for which every logged accuracy is k/n tells the size of the set that was scored.

## When it stays clear
Arrays without common samples and one test evaluation at the end, or a checkpoint chosen on validation data.
Both parts must be seen: without the arrays the verdict is `unknown`.

## What is not seen
Near duplicates, paraphrases, contaminated pretraining and group leakage.

## Remedy
Score on the test items that are not in training; report the last or the validation-chosen epoch.

## Example
```
NG509 test-set-leakage  flagged (proved)
selection: the claimed 93.4 is the mean over runs of the best test epoch; the last epochs average 92.7.
```

## References
Barz, Denzler 2020, Do we train on test data? Kapoor, Narayanan 2023, Leakage and the reproducibility crisis
in machine-learning-based science. Brown, Heathers 2017, The GRIM test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Literal

from netgain.analysis.code_selection import selection_on_test
from netgain.analysis.scores import FRACTION_END, final_score, metric_curve
from netgain.catalogue import known_test_size
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import half_unit, missing_runs, sources_of
from netgain.practices._configured_selection import chosen_on_test
from netgain.stats.grain import smallest_denominator
from netgain.study import Arm, Curve, Run, Source, Study

CODE, NAME = "NG509", "test-set-leakage"
MINIMUM_SHARE = 0.001
"""Share of test samples below which byte-identical pairs are taken for natural duplicates."""
HONEST_SELECTIONS = (
    "last",
    "final",
    "best-on-validation",
    "best_on_validation",
    "validation",
    "val",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The verdict on one part of the practice."""

    name: str
    verdict: Literal["flagged", "clear", "unknown"]
    message: str
    proved: bool = False
    favours: Literal["proposed", "baseline", "neither"] = "neither"
    numbers: dict[str, float] = field(default_factory=dict)
    evidence: tuple[Source, ...] = ()
    needs: tuple[str, ...] = ()
    innocent: str = ""
    inflating: str = ""


def check(study: Study) -> Finding:
    """Judge duplicates, selection on test and grain, and join them into one finding."""
    parts = (_duplicates(study), _selection(study), _grain(study))
    flagged = [part for part in parts if part.verdict == "flagged"]
    if flagged:
        favours = {part.favours for part in flagged}
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="proved" if any(part.proved for part in flagged) else "indicated",
            disclosure="unstated",
            favours="proposed" if "proposed" in favours else "neither",
            message=" ".join(f"{part.name}: {part.message}" for part in flagged),
            numbers={k: v for part in parts for k, v in part.numbers.items()},
            evidence=sources_of(*[part.evidence for part in flagged])[:8],
            readings=Readings(
                innocent="; ".join(part.innocent for part in flagged),
                inflating="; ".join(part.inflating for part in flagged),
            ),
            remedy="score on test items that are not in training; report the last or validation-chosen epoch",
            settle="netgain attribute plan.toml",
        )
    unknown = [part for part in parts[:2] if part.verdict == "unknown"]
    numbers = {k: v for part in parts for k, v in part.numbers.items()}
    if unknown:
        return Finding(
            code=CODE,
            name=NAME,
            verdict="unknown",
            message=" ".join(f"{part.name}: {part.message}" for part in parts if part.message),
            numbers=numbers,
            evidence=sources_of(*[part.evidence for part in parts])[:6],
            needs=missing_runs(study) + tuple(n for part in unknown for n in part.needs),
            remedy="give the arrays, and log which epoch is reported and by which split it was chosen",
        )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=" ".join(f"{part.name}: {part.message}" for part in parts if part.message),
        numbers=numbers,
        evidence=sources_of(*[part.evidence for part in parts])[:8],
    )


def _duplicates(study: Study) -> Part:
    """Count test samples that are byte-identical to a training sample, in each arm."""
    counted = {
        side: _overlap(arm)
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
    }
    found = {side: overlap for side, overlap in counted.items() if overlap is not None}
    if not found:
        return Part(
            name="duplicates",
            verdict="unknown",
            message="no train and test arrays were given.",
            needs=("the training and test arrays (npz, npy or idx), or their sample hashes",),
        )
    numbers = {}
    for side, (common, n_test, _) in found.items():
        numbers[f"test_samples_in_training_{side}"] = float(common)
        numbers[f"test_samples_{side}"] = float(n_test)
    evidence = sources_of(*[sources for _, _, sources in found.values()])
    worst = max(found, key=lambda side: found[side][0] / found[side][1])
    common, n_test, _ = found[worst]
    if common / n_test >= MINIMUM_SHARE:
        one_sided = len(found) == 2 and found["baseline"][0] / found["baseline"][1] < MINIMUM_SHARE
        return Part(
            name="duplicates",
            verdict="flagged",
            proved=True,
            favours="proposed" if worst == "proposed" and one_sided else "neither",
            message=f"{common:,} of {n_test:,} test samples ({common / n_test:.1%}) are byte-identical to "
            f"training samples{' in the proposed arm only' if one_sided else ''}.",
            numbers=numbers,
            evidence=evidence,
            innocent="the data source repeats items and the split was drawn without looking for them",
            inflating="the score on these items measures memory",
        )
    shown = f"{common:,} of {n_test:,} test samples are byte-identical to training samples."
    return Part(
        name="duplicates", verdict="clear", message=shown, numbers=numbers, evidence=evidence
    )


def _overlap(arm: Arm) -> tuple[int, int, tuple[Source, ...]] | None:
    """Return (test samples also in training, test samples, sources) for an arm's arrays."""
    train = [s for s in arm.samples if s.split == "train"]
    test = [s for s in arm.samples if s.split == "test"]
    if not train or not test:
        return None
    seen: set[int] = set()
    for samples in train:
        seen.update(samples.digests)
    common = sum(digest in seen for samples in test for digest in samples.digests)
    n_test = sum(samples.n for samples in test)
    return common, n_test, tuple(s.source for s in (*train, *test))


def _selection(study: Study) -> Part:
    """Judge whether the reported epoch was chosen by its test score."""
    in_code = _selection_code(study)
    by_claim = _claimed_best_epoch(study)
    if by_claim is not None:
        return _with_places(by_claim, in_code)
    for side, arm in (("proposed", study.proposed), ("baseline", study.baseline)):
        stored = _stored_best_epoch(study, arm, side)
        if stored is not None:
            return _with_places(stored, in_code)
    if in_code is not None:
        return in_code
    by_settings = _selection_by_settings(study)
    if by_settings is not None:
        return by_settings
    runs = [*study.baseline.runs, *study.proposed.runs]
    honest = [_honest(study, run) for run in runs]
    if runs and study.baseline.runs and study.proposed.runs and all(honest):
        return Part(
            name="selection",
            verdict="clear",
            message=str(next(h for h in honest if h)[0]),
            evidence=tuple(dict.fromkeys(h[1] for h in honest if h))[:4],
        )
    return Part(
        name="selection",
        verdict="unknown",
        message="nothing says which split chose the reported epoch.",
        needs=("which epoch is reported for each arm, and on which split it was chosen",),
    )


def _with_places(part: Part, in_code: Part | None) -> Part:
    """Add to what the logs prove where the code does it."""
    if in_code is None:
        return part
    return replace(
        part,
        message=f"{part.message.rstrip('.')}; {in_code.message}",
        numbers={**part.numbers, **in_code.numbers},
        evidence=sources_of(in_code.evidence, part.evidence)[:8],
    )


def _test_curve(study: Study, run: Run) -> Curve | None:
    """Return the run's test curve of the claim's metric where it has at least three points.

    A test after the last epoch that is logged apart from the others is its last point.
    """
    metric = study.claim.metric
    if metric is None:
        return None
    curve = metric_curve(run, metric, "test")
    if curve is None or len(curve.values) < 3:
        return None
    others = [c for c in run.curves if c.split != "test" and c.unit == curve.unit and c.steps]
    end = max((c.steps[-1] for c in others), default=curve.steps[-1])
    final = run.finals.get(f"test/{metric}")
    if final is None or end <= curve.steps[-1]:
        return curve
    return replace(curve, steps=(*curve.steps, end), values=(*curve.values, final.value))


def _claimed_best_epoch(study: Study) -> Part | None:
    """Find a claimed score that is the mean over runs of each run's best test epoch, not of its last."""
    claim = study.claim
    pick = max if claim.higher_is_better else min
    for side, arm, claimed in (
        ("proposed", study.proposed, claim.proposed),
        ("baseline", study.baseline, claim.baseline),
    ):
        curves = [c for run in arm.runs if (c := _test_curve(study, run)) is not None]
        if claimed is None or not curves or len(curves) < len(arm.runs):
            continue
        scale = 100.0 if claimed.value > 1.5 and max(max(c.values) for c in curves) <= 1 else 1.0
        bests = [scale * pick(c.values) for c in curves]
        lasts = [scale * c.values[-1] for c in curves]
        logged = min(half_unit(scale * value) for curve in curves for value in curve.values)
        tolerance = half_unit(claimed.value) + logged
        reported = {"the mean over runs of": (fmean(bests), fmean(lasts))}
        if len(curves) > 1:
            reported["the best run's"] = (pick(bests), pick(lasts))
        for words, (best, last) in reported.items():
            if abs(claimed.value - best) <= tolerance and abs(claimed.value - last) > 2 * tolerance:
                return Part(
                    name="selection",
                    verdict="flagged",
                    proved=True,
                    favours="proposed" if side == "proposed" else "neither",
                    message=f"the claimed {claimed.value:g} ({side}) is {words} best test epoch "
                    f"({best:.2f}, best of {len(curves[0].values)} evaluations); the last epoch gives "
                    f"{last:.2f}.",
                    numbers={
                        f"claimed_{side}": claimed.value,
                        f"best_epoch_{side}": best,
                        f"last_epoch_{side}": last,
                        "test_evaluations": float(len(curves[0].values)),
                    },
                    evidence=(claimed.source, *[c.source for c in curves[:3]]),
                    innocent="the epoch was chosen on validation data and coincides with the best test epoch",
                    inflating="the maximum over test evaluations is above the last by construction",
                )
    return None


def _stored_best_epoch(study: Study, arm: Arm, side: str) -> Part | None:
    """Find runs whose stored final score is the maximum of their own test curve and not its end."""
    pick = max if study.claim.higher_is_better else min
    found = []
    for run in arm.runs:
        curve = _test_curve(study, run)
        metric = study.claim.metric
        stored = run.finals.get(f"test/{metric}") or run.finals.get(metric or "")
        if curve is None or stored is None:
            continue
        best, last = pick(curve.values), curve.values[-1]
        if abs(stored.value - best) <= 1e-9 * max(1, abs(best)) and abs(best - last) > 1e-9:
            found.append((run, stored, curve, best, last))
    enough = len(found) >= max(1, round(0.8 * len(arm.runs))) and (
        len(found) > 1 or len(arm.runs) == 1
    )
    if not enough:
        return None
    gap = fmean(abs(best - last) for *_, best, last in found)
    return Part(
        name="selection",
        verdict="flagged",
        proved=True,
        favours="proposed" if side == "proposed" else "neither",
        message=f"in {len(found)} of {len(arm.runs)} {side} runs the stored final score is the best of the "
        f"run's test curve, {gap:.4g} above its last point on average.",
        numbers={f"best_above_last_{side}": gap, f"runs_{side}": float(len(arm.runs))},
        evidence=sources_of([f[1].source for f in found], [f[2].source for f in found])[:4],
        innocent="the stored score is a convenience and another one is reported",
        inflating="the maximum over test evaluations is above the last by construction",
    )


def _selection_code(study: Study) -> Part | None:
    """Find the idiom in the code; both arms' code having it cancels between the arms, not for the scores."""
    found = {
        side: selection_on_test(arm.code) if arm.code else ()
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
    }
    idioms = found["proposed"] or found["baseline"]
    if not idioms:
        return None
    both = bool(found["proposed"] and found["baseline"])
    side = "proposed" if found["proposed"] else "baseline"
    places = ", ".join(str(idiom.source) for idiom in idioms[:3])
    whose = "the code of both arms keeps" if both else f"the {side} code keeps"
    under = next((i for i in idioms if i.renamed and i.data), None)
    renamed = f"; its {under.renamed} is test data ({under.data})" if under else ""
    return Part(
        name="selection",
        verdict="flagged",
        favours="proposed" if side == "proposed" and not both else "neither",
        message=f"{whose} the best score on test data as it trains ({places}){renamed}.",
        numbers={f"places_in_code_{name}": float(len(places_)) for name, places_ in found.items()},
        evidence=sources_of(
            [i.source for i in (*found["proposed"][:3], *found["baseline"][:3])],
            [under.data] if under and under.data else [],
        ),
        innocent=_innocent(renamed=under is not None, saves=any(i.saves for i in idioms)),
        inflating="the reported epoch is chosen by the score it is reported for",
    )


def _selection_by_settings(study: Study) -> Part | None:
    """Find arms all of whose runs keep the best checkpoint by data that their settings call test data."""
    found = {
        side: [one for run in arm.runs if (one := chosen_on_test(run)) is not None]
        for side, arm in (("proposed", study.proposed), ("baseline", study.baseline))
        if arm.runs and all(chosen_on_test(run) for run in arm.runs)
    }
    if not found:
        return None
    side, chosen = next(iter(found.items()))
    whose = "the settings of both arms keep" if len(found) == 2 else f"the {side} settings keep"
    first = chosen[0]
    return Part(
        name="selection",
        verdict="flagged",
        favours="proposed" if side == "proposed" and len(found) == 1 else "neither",
        message=f"{whose} the best checkpoint ({first.rule.source.key or 'selection'} {first.rule.value}) by "
        f"validation data that is test data: {first.data.source.key} {first.data.value}.",
        numbers={f"runs_selected_on_test_{name}": float(len(ones)) for name, ones in found.items()},
        evidence=sources_of(
            [
                source
                for ones in found.values()
                for one in ones
                for source in (one.data.source, one.rule.source)
            ]
        )[:6],
        innocent="no third split was made, and another checkpoint is reported than the best",
        inflating="the reported epoch is chosen by the score it is reported for",
    )


def _innocent(*, renamed: bool, saves: bool) -> str:
    """Say how a best test score comes about without a choice by it."""
    if renamed:
        return "no third split was made, and the set is called by both names"
    if saves:
        return "the weights saved by it serve another purpose, and those of the last epoch are reported"
    return "the best score is printed for orientation and the last one is reported"


def _honest(study: Study, run: Run) -> tuple[str, Source] | None:
    """Return (words, source) where a run positively shows that test data chose nothing."""
    rule = run.config.get("selection")
    if rule is not None and str(rule.value).strip().lower() in HONEST_SELECTIONS:
        return f"the configured rule is “{rule.value}”.", rule.source
    evaluations = run.config.get("test_evaluations")
    if evaluations is not None and evaluations.value == 1:
        return "the test set was evaluated once in every run.", evaluations.source
    score = final_score(run, study.claim)
    curve = _test_curve(study, run)
    claimed = study.claim.proposed or study.claim.baseline
    if curve is not None and score is not None and score.name.startswith("test/") and claimed:
        pick = max if study.claim.higher_is_better else min
        distinct = abs(pick(curve.values) - curve.values[-1]) > 1e-9
        if distinct and abs(score.cited.value - curve.values[-1]) <= 1e-9 and _claims_last(study):
            return "the claimed scores are the last points of the test curves.", curve.source
    return None


def _claims_last(study: Study) -> bool:
    """Tell whether both claimed scores are the mean of the last test points of their runs."""
    for arm, claimed in (
        (study.baseline, study.claim.baseline),
        (study.proposed, study.claim.proposed),
    ):
        curves = [c for run in arm.runs if (c := _test_curve(study, run)) is not None]
        if claimed is None or not curves or len(curves) < len(arm.runs):
            return False
        scale = 100.0 if claimed.value > 1.5 and max(max(c.values) for c in curves) <= 1 else 1.0
        last = scale * fmean(c.values[-1] for c in curves)
        if abs(claimed.value - last) > 2 * half_unit(claimed.value):
            return False
    return True


def _grain(study: Study) -> Part:
    """Tell the size of the scored set from the grain of the logged accuracies."""
    silent = Part(name="grain", verdict="clear", message="")
    claim = study.claim
    if claim.metric not in ("accuracy", "error", "exact_match"):
        return silent
    for arm in (study.proposed, study.baseline):
        values, sources, percent = _logged_scores(arm, claim.metric)
        if len(set(values)) < 5:
            continue
        grain = smallest_denominator(sorted(set(values)), percent=percent)
        if grain is None or grain.expected_by_chance > 0.01:
            continue
        return _judge_grain(study, grain.n, len(set(values)), tuple(dict.fromkeys(sources)))
    return silent


def _logged_scores(arm: Arm, metric: str) -> tuple[list[float], list[Source], bool]:
    """Return an arm's logged test scores, their places and whether they are in percent.

    Where some series are fractions and others in percent, those in the scale of the longest count.
    """
    series = [
        (curve.values, curve.source)
        for run in arm.runs
        for curve in run.curves
        if curve.name == metric and curve.split == "test" and curve.values
    ]
    finals = [run.finals.get(f"test/{metric}") for run in arm.runs]
    series += [((f.value,), f.source) for f in finals if f is not None and f.strength != "stated"]
    longest = max((values for values, _ in series), key=len, default=(0.0,))
    percent = max(longest) > FRACTION_END
    alike = [(values, at) for values, at in series if (max(values) > FRACTION_END) == percent]
    return [v for values, _ in alike for v in values], [at for _, at in alike], percent


def _judge_grain(study: Study, n: int, distinct: int, sources: tuple[Source, ...]) -> Part:
    official = known_test_size(study.claim.dataset)
    numbers = {"smallest_test_size": float(n)}
    if official is None or official % n == 0 or n > official:
        stated = f" ({official:,} in the data set named)" if official else ""
        return Part(
            name="grain",
            verdict="clear",
            message=f"all {distinct} logged test scores are multiples of 1/{n:,}{stated}.",
            numbers=numbers,
            evidence=sources[:3],
        )
    return Part(
        name="grain",
        verdict="flagged",
        favours="neither",
        message=f"all {distinct} logged test scores are multiples of 1/{n:,}, which does not divide the "
        f"{official:,} samples of {study.claim.dataset}: they were measured on another set.",
        numbers={**numbers, "official_test_size": float(official)},
        evidence=sources[:3],
        innocent="a part of the test set was held out as validation data, as the protocol says",
        inflating="the scores were taken on a part of the test set that was chosen by the authors",
    )


def stage(plan: Plan) -> Plan:
    """Report the best test epoch of the proposed arm, at a constant rate, where epochs differ most."""
    plan = plan.edit("baseline", schedule="constant").edit("proposed", schedule="constant")
    return replace(plan, protocol=replace(plan.protocol, proposed_checkpoint="best-on-test"))


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    knobs=("protocol.proposed_checkpoint", "baseline.schedule", "proposed.schedule"),
)
