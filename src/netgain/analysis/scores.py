"""The score of a run under the claim's metric, and the claim recomputed from the runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netgain.report import Recomputed
from netgain.stats.paired import paired_difference, welch_difference
from netgain.study import Arm, Cited, Claim, Curve, Run, Study

FRACTIONS = frozenset(
    {"accuracy", "error", "f1", "precision", "recall", "auc", "top5_accuracy", "balanced_accuracy",
     "map", "map50", "map50_95", "iou", "dice", "exact_match"}
)  # fmt: skip
"""Metrics that live in [0, 1] and are often reported in percent."""

FRACTION_END = 1.5
"""Scores above it are in percent."""

Splits = tuple[str | None, ...]
PREFERRED_SPLITS: Splits = ("test", None, "validation")
"""A bare final score is taken as the reported one before a validation score is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One run's final score in the claim's scale."""

    value: float
    """Score; percent where the claim is in percent."""
    name: str
    """`split/metric` it was read as."""
    cited: Cited[float]
    """The reading itself, in the log's own scale."""


def final_score(run: Run, claim: Claim, splits: Splits = PREFERRED_SPLITS) -> Score | None:
    """Return what the run ended with under the claim's metric, None where it does not say.

    A stored final score is preferred; else the last point of the curve, unless nan came after it.

    Args:
        run: one run.
        claim: names the metric and its scale.
        splits: where to look, first found wins.
    """
    metric = claim.metric
    if metric is None:
        return None
    for split in splits:
        name = f"{split}/{metric}" if split else metric
        found = run.finals.get(name)
        if found is not None:
            return Score(value=_scaled(found.value, claim), name=name, cited=found)
        curve = metric_curve(run, metric, split)
        if curve is not None and curve.diverged_at is None:
            last = Cited(value=curve.values[-1], source=curve.source, strength="logged")
            return Score(value=_scaled(last.value, claim), name=name, cited=last)
    return None


def metric_curve(run: Run, metric: str, split: str | None) -> Curve | None:
    """Return the run's longest curve of a metric on a split.

    Where a log holds a metric both by step and by epoch (Lightning's `acc_step` and `acc_epoch`), the one by
    step is that of single batches and is passed over. So is a loss without a split beside one on held-out
    data: it is that of the batches the run was trained on.
    """
    named = [c for c in run.curves if c.name == metric and c.values]
    held_out = any(c.split in ("validation", "test") for c in named)
    if split is None and held_out and "loss" in metric:
        return None
    curves = [c for c in named if c.split == split]
    by_epoch = [c for c in curves if not c.key.lower().endswith("step")]
    if len(by_epoch) < len(curves) and not by_epoch:
        return None
    return max(by_epoch, key=lambda c: len(c.values), default=None)


def score_split(study: Study) -> Splits:
    """Return the one split both arms are scored on: that which most runs of the poorer arm carry.

    Ties go to test, then to a score without a split, then to validation.
    """

    def coverage(split: str | None) -> float:
        shares = [
            sum(final_score(run, study.claim, (split,)) is not None for run in arm.runs)
            / len(arm.runs)
            for arm in (study.baseline, study.proposed)
            if arm.runs
        ]
        return min(shares, default=0.0)

    return (max(PREFERRED_SPLITS, key=coverage),)


def arm_scores(study: Study, arm: Arm) -> tuple[tuple[Run, Score], ...]:
    """Return each run of an arm that has a score, with it; both arms under the same `split/metric`."""
    splits = score_split(study)
    scored = [(run, final_score(run, study.claim, splits)) for run in arm.runs]
    factor = 100.0 if _in_two_scales(study, splits) else 1.0
    return tuple(
        (run, replace(score, value=factor * score.value) if score.value <= 1 else score)
        for run, score in scored
        if score is not None
    )


def _in_two_scales(study: Study, splits: Splits) -> bool:
    """Tell whether some runs log a metric as fractions and others in percent.

    The same metric at less than 1 % in one run and above 1.5 % in another is the rarer case by far.
    """
    if study.claim.metric not in FRACTIONS:
        return False
    runs = (*study.baseline.runs, *study.proposed.runs)
    found = [final_score(run, study.claim, splits) for run in runs]
    values = [score.value for score in found if score is not None]
    return any(0 < value <= 1 for value in values) and any(v > FRACTION_END for v in values)


def recompute(study: Study) -> Recomputed | None:
    """Recompute the claim from the runs: means, gain and its 95 % t-interval.

    Runs are paired where both arms hold the same seeds, else Welch's interval is used. No interval is given
    where all runs of an arm state one seed: their spread is not that over seeds.
    """
    claim = study.claim
    baseline = arm_scores(study, study.baseline)
    proposed = arm_scores(study, study.proposed)
    if not baseline or not proposed:
        return None
    sign = 1.0 if claim.higher_is_better else -1.0
    first = {run.seed.value: s.value for run, s in baseline if run.seed is not None}
    second = {run.seed.value: s.value for run, s in proposed if run.seed is not None}
    paired = (
        len(first) == len(baseline) and len(second) == len(proposed) and set(first) == set(second)
    )
    if paired:
        seeds = sorted(first)
        a, b = [first[s] for s in seeds], [second[s] for s in seeds]
        difference = paired_difference(a, b)
    else:
        a, b = [s.value for _, s in baseline], [s.value for _, s in proposed]
        difference = welch_difference(a, b)
    bounds = [difference.low, difference.high]
    low, high = (
        (None, None)
        if bounds[0] is None
        or bounds[1] is None
        or not all(map(_vary_by_seed, (baseline, proposed)))
        else sorted((sign * bounds[0], sign * bounds[1]))
    )
    return Recomputed(
        metric=baseline[0][1].name,
        baseline=sum(a) / len(a),
        proposed=sum(b) / len(b),
        gain=sign * difference.estimate,
        low=low,
        high=high,
        n_baseline=len(a),
        n_proposed=len(b),
        paired=paired,
        baseline_scores=tuple(a),
        proposed_scores=tuple(b),
    )


def _vary_by_seed(scored: tuple[tuple[Run, Score], ...]) -> bool:
    """Tell whether several runs of an arm can tell its spread over seeds.

    Runs that all state one seed differ in something else or repeat one result.
    """
    seeds = [run.seed.value for run, _ in scored if run.seed is not None]
    return len(scored) < 2 or len(seeds) < len(scored) or len(set(seeds)) > 1


def _scaled(value: float, claim: Claim) -> float:
    """Bring a fraction to percent where the claim speaks in percent."""
    if claim.metric in FRACTIONS and 0 <= value <= 1:
        stated = [c.value for c in (claim.baseline, claim.proposed) if c is not None]
        if stated and min(stated) > FRACTION_END:
            return value * 100
    return value
