"""The baseline runs away from its own best learning rate.

## What it does
The baseline is given a learning rate well below or above the one at which it works best, or only the
proposed arm was tuned.

## Why it inflates
An under-tuned baseline is the oldest gain: a tuned LSTM reaches 58.3 perplexity where a searched cell had
claimed 62.4 as "3.6 better" (Melis et al. 2018); of the machine-learning papers on fluid PDEs that claim a
win, 79 % compare against a weak baseline (McGreivy & Hakim 2024).

## What is looked at
Learning-rate sweeps of each arm, as sweep tables or as sets of runs that differ in the learning rate
alone, against the rate the arm's claimed runs used; batch size is folded in where it differs (rate over
batch for SGD, over its square root for Adam). Flagged when the baseline's rate lies outside half to twice
the best of its own sweep and scored worse there, when its best lies at the edge of the grid and it was used
there, or when only the proposed arm was swept. Where neither arm was swept, a baseline of a model and data
set with a published recipe is set against that: flagged when its rate lies outside half to twice the
recipe's, it scores more than a point below the published figure, and the proposed arm's rate is another.

## When it stays clear
Each arm at the optimum of its own sweep, whatever the two rates are. A baseline within half to twice its
published rate that reaches its published figure within half a point.

## What is not seen
Equal rates in both arms do not show that either is tuned: without a sweep of the baseline or a published
recipe the verdict is `unknown`. It is `unknown` too where both arms ran away from the best of their sweeps to
one side and alike, and where the sweep cannot tell the used rate from its best: less than three standard
errors of a difference between two of its scores, from repeated trials, else from the number of validation
samples. Other hyperparameters than the learning rate. The catalogue of recipes holds
fifteen image classifiers.

## Remedy
An equal sweep for both arms, best of equal budget selected on validation data.

## Example
```
NG202 baseline-nerfing  flagged (measured)
The baseline ran at learning rate 0.0012, 0.20x the best of its own sweep (0.006); there it scored 4.1 points
lower.
```

## References
Melis, Dyer, Blunsom 2018, On the state of the art of evaluation in neural language models. McGreivy, Hakim
2024, Weak baselines and reporting biases lead to overoptimism in machine learning for fluid-related PDEs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance

from netgain.analysis.scores import arm_scores
from netgain.catalogue import Recipe, optimizer_family, published_recipe
from netgain.finding import Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._compare import missing_runs, number, quantity, setting, sources_of
from netgain.study import Arm, Cited, Run, Source, Study, Trials
from netgain.vocabulary import canonical_metric

CODE, NAME = "NG202", "baseline-nerfing"
LOW, HIGH = 0.5, 2.0
"""Range of used over best learning rate inside which a sweep's optimum is flat enough to count as tuned."""
NOISES = 3.0
"""Standard errors by which the best of a handful of equal rates seldom beats one of them."""
READINGS = Readings(
    innocent="the baseline's rate was taken from its paper, which used another batch or schedule",
    inflating="the baseline is scored away from its optimum, and the distance is credited to the idea",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One arm's learning rate against its own sweep."""

    used: float
    best: float
    best_score: float
    used_score: float | None
    """Score of the trial nearest to the used rate, None when it lies outside the grid."""
    at_edge: bool
    """Whether the best trial is the first or last of the grid."""
    trials: int
    sources: tuple[Source, ...]
    noise: float | None
    """Standard error of the difference of two of the sweep's scores, None where it is not known."""

    @property
    def lost(self) -> float | None:
        """Return what the sweep scored worse at the used rate than at its best, None outside the grid."""
        return None if self.used_score is None else abs(self.best_score - self.used_score)

    @property
    def is_told(self) -> bool:
        """Tell whether the sweep can tell the used rate from its best, which is picked from several."""
        if self.lost is None or self.noise is None:
            return True
        return self.lost > NOISES * self.noise

    @property
    def ratio(self) -> float:
        """Return used over best."""
        return self.used / self.best

    @property
    def outside(self) -> bool:
        """Tell whether the used rate is outside the flat range around the best."""
        return not LOW * 0.999 <= self.ratio <= HIGH * 1.001


def check(study: Study) -> Finding:
    """Set each arm's learning rate against the best of its own sweep."""
    baseline, proposed = _tuning(study, study.baseline), _tuning(study, study.proposed)
    if baseline is not None and baseline.outside and not baseline.is_told:
        return _not_told(baseline)
    if baseline is not None and baseline.outside and proposed and _equally_far(baseline, proposed):
        return _both_outside(baseline, proposed)
    if baseline is not None and baseline.outside:
        return _outside(study, baseline, proposed)
    if baseline is None and proposed is not None:
        return _one_sided(study, proposed)
    if baseline is None:
        return _against_recipe(study) or _unknown(study)
    if baseline.at_edge and baseline.trials >= 3 and not (proposed and proposed.at_edge):
        return _at_edge(baseline)
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"The baseline ran at learning rate {baseline.used:g}, {baseline.ratio:.2f}x the best of its "
        f"own sweep of {baseline.trials} trials ({baseline.best:g}).",
        numbers={
            "learning_rate_baseline": baseline.used,
            "best_learning_rate_baseline": baseline.best,
            "trials_baseline": float(baseline.trials),
        },
        evidence=baseline.sources,
    )


def _tuning(study: Study, arm: Arm) -> Tuning | None:
    """Return the arm's rate against its largest learning-rate sweep."""
    used = quantity(arm, _rate)
    sweeps = [t for t in arm.trials if t.parameter == "learning_rate" and len(t.values) >= 2]
    if used is None or not used.complete or not used.uniform or not sweeps:
        return None
    sweep = max(sweeps, key=lambda t: len(t.values))
    sign = 1.0 if study.claim.higher_is_better else -1.0
    averaged = _mean_by_value(sweep)
    best, best_score = max(averaged.items(), key=lambda item: sign * item[1])
    nearest = min(averaged, key=lambda value: abs(math.log(value / used.value)))
    close = abs(math.log(nearest / used.value)) < math.log(1.5)
    return Tuning(
        used=used.value,
        best=best,
        best_score=best_score,
        used_score=averaged[nearest] if close else None,
        at_edge=best in (min(averaged), max(averaged)),
        trials=len(averaged),
        sources=sources_of([sweep.source], used.sources),
        noise=_noise(arm, sweep, best),
    )


def _noise(arm: Arm, sweep: Trials, best: float) -> float | None:
    """Return the standard error of the difference between two rates of a sweep, in its scores' unit.

    From repeated trials of a rate where there are any, pooled over the rates; else the sampling error of two
    accuracies near the best on the validation samples that the runs state.
    """
    groups: dict[float, list[float]] = {}
    for value, score in zip(sweep.values, sweep.scores, strict=True):
        if value > 0 and math.isfinite(score):
            groups.setdefault(value, []).append(score)
    repeated = [scores for scores in groups.values() if len(scores) > 1]
    if repeated:
        freedom = sum(len(scores) - 1 for scores in repeated)
        pooled = sum(variance(scores) * (len(scores) - 1) for scores in repeated) / freedom
        return math.sqrt(pooled * 2 / min(map(len, groups.values())))
    sizes = {s.value for run in arm.runs if (s := number(run, "n_validation")) is not None}
    if canonical_metric(sweep.metric).name != "accuracy" or len(sizes) != 1:
        return None
    scale = 100.0 if max(sweep.scores) > 1.5 else 1.0
    share = sum(groups[best]) / len(groups[best]) / scale
    if not 0 <= share <= 1:
        return None
    return scale * math.sqrt(2 * share * (1 - share) / sizes.pop())


def _rate(run: Run) -> Cited[float] | None:
    """Return a run's learning rate: configured, else the peak of its trace."""
    configured = number(run, "learning_rate")
    if configured is not None and configured.value > 0:
        return configured
    traces = [c for c in run.curves if c.name == "learning_rate" and max(c.values) > 0]
    if not traces:
        return None
    return Cited(value=max(traces[0].values), source=traces[0].source, strength="logged")


def _mean_by_value(sweep: Trials) -> dict[float, float]:
    found: dict[float, list[float]] = {}
    for value, score in zip(sweep.values, sweep.scores, strict=True):
        if value > 0 and math.isfinite(score):
            found.setdefault(value, []).append(score)
    return {value: sum(scores) / len(scores) for value, scores in found.items()}


def _not_told(baseline: Tuning) -> Finding:
    assert baseline.lost is not None and baseline.noise is not None  # else it would count as told
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"The baseline ran at learning rate {baseline.used:g}, {baseline.ratio:.2f}x the best of its "
        f"own sweep ({baseline.best:g}), where the sweep scored {baseline.lost:.2f} worse: within its noise "
        f"(standard error of a difference {baseline.noise:.2f}).",
        numbers={
            "learning_rate_baseline": baseline.used,
            "best_learning_rate_baseline": baseline.best,
            "score_lost_in_sweep": baseline.lost,
            "standard_error": baseline.noise,
        },
        evidence=baseline.sources,
        needs=(
            f"several seeds of the baseline at learning rates {baseline.best:g} and {baseline.used:g}",
        ),
        remedy="repeat the sweep of the baseline over more seeds",
    )


def _equally_far(baseline: Tuning, proposed: Tuning) -> bool:
    """Tell whether both arms ran away from the best of their own sweeps, to one side and alike."""
    return proposed.outside and abs(math.log(proposed.ratio / baseline.ratio)) < math.log(1.25)


def _both_outside(baseline: Tuning, proposed: Tuning) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message=f"Both arms ran away from the best of their own sweeps alike: the baseline at "
        f"{baseline.used:g} ({baseline.ratio:.2f}x), the proposed arm at {proposed.used:g} "
        f"({proposed.ratio:.2f}x). What is left of the gain where both are tuned is not known.",
        numbers={
            "learning_rate_baseline": baseline.used,
            "best_learning_rate_baseline": baseline.best,
            "used_over_best": baseline.ratio,
            "used_over_best_proposed": proposed.ratio,
        },
        evidence=sources_of(baseline.sources, proposed.sources),
        needs=(
            f"the baseline at learning rate {baseline.best:g} and the proposed arm at {proposed.best:g}, "
            "the same seeds",
        ),
        remedy="run each arm at the best rate of its own sweep",
    )


def _outside(study: Study, baseline: Tuning, proposed: Tuning | None) -> Finding:
    numbers = {
        "learning_rate_baseline": baseline.used,
        "best_learning_rate_baseline": baseline.best,
        "used_over_best": baseline.ratio,
    }
    scored = ""
    if baseline.lost is not None:
        numbers["score_lost_in_sweep"] = baseline.lost
        scored = f"; there its sweep scored {baseline.lost:.2f} worse"
    symmetric = ""
    if proposed is not None:
        numbers["used_over_best_proposed"] = proposed.ratio
        symmetric = f" The proposed arm ran at {proposed.ratio:.2f}x its own best."
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured" if baseline.used_score is not None else "indicated",
        disclosure="unstated",
        favours="proposed",
        message=f"The baseline ran at learning rate {baseline.used:g}, {baseline.ratio:.2f}x the best of its "
        f"own sweep ({baseline.best:g}){scored}.{symmetric}",
        numbers=numbers,
        evidence=baseline.sources,
        readings=READINGS,
        remedy=f"re-run the baseline at learning rate {baseline.best:g}",
        settle="netgain attribute plan.toml",
    )


def _one_sided(study: Study, proposed: Tuning) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="unstated",
        favours="proposed",
        message=f"A learning-rate sweep of {proposed.trials} trials is among the proposed arm's files and "
        "none among the baseline's.",
        numbers={"trials_proposed": float(proposed.trials), "trials_baseline": 0.0},
        evidence=proposed.sources,
        readings=Readings(
            innocent="the baseline was tuned elsewhere and its sweep was not kept",
            inflating="only the proposed arm is scored at its optimum",
        ),
        remedy="an equal sweep for the baseline",
        settle="netgain attribute plan.toml",
    )


def _at_edge(baseline: Tuning) -> Finding:
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="unstated",
        favours="proposed",
        message=f"The best learning rate of the baseline's sweep ({baseline.best:g}) is the edge of its grid "
        f"of {baseline.trials}; its optimum may lie beyond.",
        numbers={
            "best_learning_rate_baseline": baseline.best,
            "trials_baseline": float(baseline.trials),
        },
        evidence=baseline.sources,
        readings=Readings(
            innocent="the grid was taken over from earlier work and happens to end there",
            inflating="the baseline would score higher on a wider grid",
        ),
        remedy="widen the baseline's grid until its best lies inside",
        settle="netgain attribute plan.toml",
    )


def _against_recipe(study: Study) -> Finding | None:
    """Set the baseline's rate and score against its published recipe; None where they decide nothing."""
    published = _published(study)
    scores = [score for _, score in arm_scores(study, study.baseline)]
    if (
        published is None
        or study.claim.metric != "accuracy"
        or len(scores) < len(study.baseline.runs)
    ):
        return None
    recipe, ratio, sources = published
    mean = fmean(score.value for score in scores)
    reached = 100 * mean if mean <= 1 else mean
    numbers = {
        "rate_over_published_baseline": ratio,
        "published_accuracy": recipe.accuracy,
        "accuracy_baseline": reached,
    }
    evidence = sources_of(sources, [score.cited.source for score in scores])
    said = (
        f"The baseline ran at {ratio:.2f}x the rate of its published recipe and reaches {reached:.2f} of "
        f"the published {recipe.accuracy:.2f} ({recipe.source})."
    )
    if LOW <= ratio <= HIGH and reached >= recipe.accuracy - 0.5:
        return Finding(
            code=CODE, name=NAME, verdict="clear", message=said, numbers=numbers, evidence=evidence
        )
    if LOW <= ratio <= HIGH or reached >= recipe.accuracy - 1.0 or not _rates_differ(study):
        return None
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="unstated",
        favours="proposed",
        message=said,
        numbers=numbers,
        evidence=evidence,
        readings=READINGS,
        remedy="re-run the baseline by its published recipe, or sweep its learning rate",
        settle="netgain attribute plan.toml",
    )


def _published(study: Study) -> tuple[Recipe, float, tuple[Source, ...]] | None:
    """Return the baseline's published recipe, its rate over that, and where both stand."""
    rate, batch = quantity(study.baseline, _rate), quantity(study.baseline, _batch)
    named = [
        [setting(run, name) for run in study.baseline.runs]
        for name in ("model", "optimizer", "dataset")
    ]
    models, optimizers, datasets = (
        {str(cited.value) for cited in cells if cited is not None} for cells in named
    )
    datasets = datasets or ({study.claim.dataset} if study.claim.dataset else set())
    if not (len(models) == len(optimizers) == len(datasets) == 1) or None in named[0] + named[1]:
        return None
    recipe = published_recipe(models.pop(), datasets.pop())
    if recipe is None or optimizer_family(optimizers.pop()) != recipe.optimizer:
        return None
    if not all(q is not None and q.complete and q.uniform for q in (rate, batch)):
        return None
    assert rate is not None and batch is not None  # checked in the line above
    ratio = recipe.rate_ratio(rate.value, batch.value)
    places = [cited.source for cells in named for cited in cells[:1] if cited is not None]
    return recipe, ratio, sources_of(rate.sources, batch.sources, places)


def _batch(run: Run) -> Cited[float] | None:
    found = run.budget.batch_size
    return (
        None
        if found is None
        else Cited(value=float(found.value), source=found.source, strength=found.strength)
    )


def _rates_differ(study: Study) -> bool:
    """Tell whether the arms' rates, each over its batch, are known and lie more than a quarter apart."""
    per_sample = []
    for arm in (study.baseline, study.proposed):
        rate, batch = quantity(arm, _rate), quantity(arm, _batch)
        if rate is None or batch is None or not (rate.uniform and batch.uniform):
            return False
        per_sample.append(rate.value / batch.value)
    low, high = sorted(per_sample)
    return high > 1.25 * low


def _unknown(study: Study) -> Finding:
    needs = missing_runs(study) or (
        "the learning-rate sweep of the baseline (rate and validation score of each trial), or the published "
        "recipe its rate was taken from",
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="No sweep shows where the baseline's learning rate stands to its optimum.",
        needs=needs,
        remedy="sweep the learning rate of both arms over the same grid",
    )


def stage(plan: Plan) -> Plan:
    """Run the baseline at a fifth of its tuned learning rate."""
    return plan.edit("baseline", learning_rate=plan.recipe.learning_rate / 5)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    knobs=("baseline.learning_rate",),
)
