"""The best seed is reported, or the gain cannot be told from seed noise.

## What it does
Several seeds are run and the best is shown; or one seed is run; or the gain is smaller than the spread
between seeds and nothing is said of it.

## Why it inflates
The best of n draws from noise alone lies 1.16 standard deviations above the mean for n = 5, 1.87 for 20 and
2.51 for 100 (order statistics of the normal law).

## What is looked at
The claimed scores against the scores of all runs of the same configuration; how many distinct results there
are; the gain's 95 % t-interval, paired by seed where both arms hold the same seeds. Flagged when the
claimed proposed score is the maximum of its runs and not their mean (or the baseline's is the minimum), when
each arm has one run and no spread is stated, when runs under one name repeat one result, when the proposed
runs state one seed and the baseline's several, or when the interval contains 0 and the claim does not say
so. Where the runs decide nothing: when the proposed code takes the best over a loop of seeds and no mean, and
the baseline's does not or takes it of fewer. In both arms alike it lifts both, and is said. When the scripts
or notebooks of the arms train under different seeds, one each, that are written into them; and when a search
draws the seed with the other settings of each proposed trial and the baseline states one.

## When it stays clear
The mean over seeds with its spread; a claim that states its interval or calls its gain unresolved, whatever
the interval is.

## What is not seen
Seeds that were run and not kept. Noise of the test set is a second term and is not in the interval.

## Remedy
The mean over paired seeds with its interval, five or more fresh seeds in each arm.

## Example
```
NG205 golden-seed  flagged (proved)
The claimed 93.10 is the best of 5 proposed runs; their mean is 92.31 (sd 0.57).
```

## References
Picard 2021, torch.manual_seed(3407) is all you need. Bouthillier et al. 2021, Accounting for variance in
machine learning benchmarks. Agarwal et al. 2021, Deep RL at the edge of the statistical precipice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean, stdev

from netgain.analysis.scores import PREFERRED_SPLITS, arm_scores, metric_curve, recompute
from netgain.finding import Disclosure, Finding, Readings
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.practices._best_of_seeds import with_code
from netgain.practices._compare import half_unit, sources_of
from netgain.practices._fixed_seeds import with_fixed_seeds
from netgain.practices._searched_seeds import with_searched_seeds
from netgain.report import Recomputed
from netgain.stats.best_of_n import expected_maximum
from netgain.study import Arm, Cited, Source, Study

CODE, NAME = "NG205", "golden-seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """The scores of one arm's runs."""

    side: str
    values: tuple[float, ...]
    seeds: tuple[int | None, ...]
    sources: tuple[Source, ...]
    complete: bool
    """Whether every run of the arm has a score."""

    @property
    def distinct(self) -> int:
        """Return the number of different results."""
        return len({round(value, 12) for value in self.values})

    @property
    def mean(self) -> float:
        """Return the mean score."""
        return fmean(self.values)

    @property
    def spread(self) -> float | None:
        """Return the standard deviation over runs, None for one run."""
        return stdev(self.values) if len(self.values) > 1 else None


def check(study: Study) -> Finding:
    """Set the claimed scores against all runs, the gain against seed noise, and the code of the arms."""
    disclosure: Disclosure = "disclosed" if _says_best(study) else "unstated"
    found = with_fixed_seeds(study, with_code(study, _judge_runs(study), disclosure))
    return with_searched_seeds(study, found)


def _judge_runs(study: Study) -> Finding:
    baseline, proposed = (
        _seeds(study, study.baseline, "baseline"),
        _seeds(study, study.proposed, "proposed"),
    )
    if baseline is None or proposed is None:
        return _unknown(study, baseline, proposed)
    picked = _picked(study, baseline, proposed) or _picked_with_epoch(study, proposed)
    if picked is not None:
        return picked
    repeated = _repeated(study, baseline, proposed)
    if repeated is not None:
        return repeated
    same = _one_seed(study, baseline, proposed)
    if same is not None:
        return same
    recomputed = recompute(study)
    assert recomputed is not None  # both arms have scores
    if study.claim.states_noise is not None:
        return _noise_stated(study, baseline, proposed, recomputed)
    if len(baseline.values) == 1 and len(proposed.values) == 1:
        return _single(study, baseline, proposed)
    if recomputed.low is None or recomputed.high is None:
        return _unknown(study, baseline, proposed)
    if recomputed.low <= 0 <= recomputed.high:
        unseen = (recomputed.high - recomputed.low) / 4 if _nothing_claimed(study) else 0.0
        if recomputed.gain <= unseen and (study.claim.gain or 0.0) <= 0:
            return _unclaimed(study, baseline, proposed, recomputed)
        return _inside_noise(study, baseline, proposed, recomputed)
    return _resolved(study, baseline, proposed, recomputed)


def _seeds(study: Study, arm: Arm, side: str) -> Seeds | None:
    scored = arm_scores(study, arm)
    if not scored:
        return None
    return Seeds(
        side=side,
        values=tuple(score.value for _, score in scored),
        seeds=tuple(run.seed.value if run.seed else None for run, _ in scored),
        sources=tuple(dict.fromkeys(score.cited.source for _, score in scored)),
        complete=len(scored) == len(arm.runs),
    )


def _picked(study: Study, baseline: Seeds, proposed: Seeds) -> Finding | None:
    """Find a claimed score that is the extreme of its runs and not their mean."""
    sign = 1 if study.claim.higher_is_better else -1
    sides = ((proposed, study.claim.proposed, max), (baseline, study.claim.baseline, min))
    found: list[tuple[Seeds, Cited[float], float]] = []
    for seeds, claimed, extreme in sides:
        if claimed is None or seeds.distinct < 2:
            continue
        value = sign * extreme(sign * v for v in seeds.values)
        tolerance = half_unit(claimed.value)
        if (
            abs(claimed.value - value) <= tolerance
            and abs(claimed.value - seeds.mean) > 2 * tolerance
        ):
            found.append((seeds, claimed, value))
    if not found or _both_best(study, baseline, proposed, sign):
        return None
    seeds, claimed, _ = found[0]
    spread = seeds.spread or 0.0
    n = len(seeds.values)
    expected = (
        seeds.mean + sign * (1 if seeds.side == "proposed" else -1) * expected_maximum(n) * spread
    )
    word = "best" if seeds.side == "proposed" else "worst"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="proved",
        disclosure="disclosed" if _says_best(study) else "undisclosed",
        favours="proposed",
        message=f"The claimed {claimed.value:.2f} is the {word} of {n} {seeds.side} runs; their mean is "
        f"{seeds.mean:.2f} (sd {spread:.2f}). The {word} of {n} draws of that spread is expected at "
        f"{expected:.2f} by luck alone.",
        numbers={
            f"claimed_{seeds.side}": claimed.value,
            f"mean_{seeds.side}": seeds.mean,
            f"sd_{seeds.side}": spread,
            f"runs_{seeds.side}": float(n),
            f"expected_extreme_{seeds.side}": expected,
        },
        evidence=sources_of([claimed.source], seeds.sources)[:6],
        readings=Readings(
            innocent="the table shows the checkpoint that was released",
            inflating="the distance between the best run and the mean is luck, and is claimed as gain",
        ),
        remedy="report the mean over all seeds with its interval",
        settle="netgain attribute plan.toml",
    )


def _picked_with_epoch(study: Study, proposed: Seeds) -> Finding | None:
    """Find a claimed score that is the best epoch of the best run, which no run ends with."""
    claimed, metric = study.claim.proposed, study.claim.metric
    if claimed is None or metric is None or len(study.proposed.runs) < 3:
        return None
    pick = max if study.claim.higher_is_better else min
    for split in PREFERRED_SPLITS:
        curves = [c for run in study.proposed.runs if (c := metric_curve(run, metric, split))]
        if len(curves) < len(study.proposed.runs):
            continue
        scale = 100.0 if claimed.value > 1.5 and max(max(c.values) for c in curves) <= 1 else 1.0
        bests = [scale * pick(c.values) for c in curves]
        tolerance = half_unit(claimed.value)
        off = [fmean(bests), proposed.mean, pick(proposed.values)]
        is_best = abs(claimed.value - pick(bests)) <= tolerance and len(set(bests)) > 1
        if not is_best or any(abs(claimed.value - other) <= 2 * tolerance for other in off):
            continue
        n, spread = len(bests), stdev(bests)
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="proved",
            disclosure="disclosed" if _says_best(study) else "undisclosed",
            favours="proposed",
            message=f"The claimed {claimed.value:.2f} is the best epoch of the best of {n} proposed "
            f"runs; the mean of their best epochs is {fmean(bests):.2f} (sd {spread:.2f}), and that of "
            f"their last {proposed.mean:.2f}.",
            numbers={
                "claimed_proposed": claimed.value,
                "mean_best_epoch_proposed": fmean(bests),
                "mean_proposed": proposed.mean,
                "runs_proposed": float(n),
            },
            evidence=sources_of([claimed.source], [c.source for c in curves])[:6],
            readings=Readings(
                innocent="the table shows the checkpoint that was released",
                inflating="the distance between the best run's best epoch and the mean is luck, twice over",
            ),
            remedy="report the mean over all seeds, each at an epoch that its score did not choose",
            settle="netgain attribute plan.toml",
        )
    return None


def _both_best(study: Study, baseline: Seeds, proposed: Seeds, sign: int) -> bool:
    """Tell whether both arms report the best of equally many runs, which cancels on average."""
    claimed = study.claim.baseline
    if claimed is None or len(baseline.values) != len(proposed.values):
        return False
    best = sign * max(sign * v for v in baseline.values)
    tolerance = half_unit(claimed.value)
    return (
        abs(claimed.value - best) <= tolerance
        and abs(claimed.value - baseline.mean) > 2 * tolerance
    )


def _says_best(study: Study) -> bool:
    return any("best" in s.text.lower() for s in study.paper.statements)


def _repeated(study: Study, baseline: Seeds, proposed: Seeds) -> Finding | None:
    """Find runs that are counted as seeds and repeat one result to the last digit."""
    for seeds in (proposed, baseline):
        n = len(seeds.values)
        if n < 2 or seeds.distinct > 1:
            continue
        fine = any(abs(v * 100 - round(v * 100)) > 1e-6 for v in seeds.values)
        if not fine:
            continue  # equal to two decimals is chance, not repetition
        return Finding(
            code=CODE,
            name=NAME,
            verdict="flagged",
            grade="proved",
            disclosure="unstated",
            favours="proposed" if seeds.side == "proposed" else "neither",
            message=f"All {n} {seeds.side} runs end at the same {study.claim.metric} "
            f"({seeds.values[0]!r}): one result repeated {n} times, not {n} seeds.",
            numbers={f"runs_{seeds.side}": float(n), f"distinct_results_{seeds.side}": 1.0},
            evidence=seeds.sources[:6],
            readings=Readings(
                innocent="the method is deterministic, or the same run was logged several times",
                inflating="repeats of one run make the spread look like zero",
            ),
            remedy="runs that differ in the seed, and a check that their results differ",
            settle="netgain attribute plan.toml",
        )
    return None


def _noise_stated(
    study: Study, baseline: Seeds, proposed: Seeds, recomputed: Recomputed
) -> Finding:
    noise = study.claim.states_noise
    assert noise is not None
    if not (baseline.complete and proposed.complete) or study.claim.proposed is None:
        return _unknown(study, baseline, proposed)
    if min(len(baseline.values), len(proposed.values)) < 2:
        return _unknown(study, baseline, proposed)
    mismatch = _mismatch(study, baseline, proposed)
    if mismatch is not None:
        return mismatch
    interval = (
        f"; recomputed gain {_points(recomputed.gain)} ({_interval(recomputed)})"
        if recomputed.low is not None and recomputed.high is not None
        else ""
    )
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        disclosure="disclosed",
        message=f"The claim states its spread (“{noise.value[:80]}”) over {len(baseline.values)} and "
        f"{len(proposed.values)} runs, and its scores are not the extremes of those runs{interval}.",
        numbers=_numbers(baseline, proposed, recomputed),
        evidence=sources_of([noise.source], baseline.sources, proposed.sources)[:6],
    )


def _single(study: Study, baseline: Seeds, proposed: Seeds) -> Finding:
    sign = 1 if study.claim.higher_is_better else -1
    gain = sign * (proposed.values[0] - baseline.values[0])
    if gain <= 0 and (study.claim.gain or 0.0) <= 0:
        return replace(
            _unknown(study, baseline, proposed),
            message=f"The proposed run does not score above the baseline's ({_points(gain)}).",
            needs=("the runs in which the proposed arm scores higher, if the claim says so",),
        )
    same = baseline.seeds == proposed.seeds
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        disclosure="undisclosed" if study.paper.statements else "unstated",
        favours="proposed",
        message=f"One run in each arm and no stated spread: a gain of {_points(gain)} cannot be told from "
        "luck"
        f"{'' if same else '; the two runs do not share a seed'}.",
        numbers={
            "score_baseline": baseline.values[0],
            "score_proposed": proposed.values[0],
            "gain": gain,
            "runs_baseline": 1.0,
            "runs_proposed": 1.0,
        },
        evidence=sources_of(baseline.sources, proposed.sources),
        readings=Readings(
            innocent="one run is all the budget allowed",
            inflating="of two equal methods the luckier run wins, and is the one that gets written up",
        ),
        remedy="five or more paired seeds in each arm, with the interval of the gain",
        settle="netgain attribute plan.toml",
    )


def _inside_noise(
    study: Study, baseline: Seeds, proposed: Seeds, recomputed: Recomputed
) -> Finding:
    disclosed: Disclosure = "undisclosed" if study.paper.statements else "unstated"
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="measured",
        disclosure=disclosed,
        favours="proposed",
        message=f"The gain recomputed from {recomputed.n_baseline} and {recomputed.n_proposed} runs is "
        f"{_points(recomputed.gain)}, 95 % interval {_interval(recomputed)}: it is "
        "inside seed noise and the claim states no spread.",
        numbers=_numbers(baseline, proposed, recomputed),
        evidence=sources_of(baseline.sources, proposed.sources)[:6],
        readings=Readings(
            innocent="the gain may be real and too small for this many seeds",
            inflating="a gain of this size turns up between two equal methods by chance",
        ),
        remedy="more paired seeds, or the claim with its interval",
        settle="netgain attribute plan.toml",
    )


def _resolved(study: Study, baseline: Seeds, proposed: Seeds, recomputed: Recomputed) -> Finding:
    if not (baseline.complete and proposed.complete):
        return _unknown(study, baseline, proposed)
    if study.claim.proposed is None or study.claim.baseline is None:
        return _unclaimed(study, baseline, proposed, recomputed)
    mismatch = _mismatch(study, baseline, proposed)
    if mismatch is not None:
        return mismatch
    return Finding(
        code=CODE,
        name=NAME,
        verdict="clear",
        message=f"The gain recomputed from {recomputed.n_baseline} and {recomputed.n_proposed} runs is "
        f"{_points(recomputed.gain)} (95 % interval {_interval(recomputed)}), and the "
        "claimed scores are not the extremes of those runs.",
        numbers=_numbers(baseline, proposed, recomputed),
        evidence=sources_of(baseline.sources, proposed.sources)[:6],
    )


def _nothing_claimed(study: Study) -> bool:
    """Tell whether neither configuration nor any text states a score."""
    claim = study.claim
    return claim.baseline is None and claim.proposed is None and not study.paper.tables


def _unclaimed(study: Study, baseline: Seeds, proposed: Seeds, recomputed: Recomputed) -> Finding:
    return replace(
        _unknown(study, baseline, proposed),
        message=f"The runs give {_points(recomputed.gain)} ({_interval(recomputed)}), "
        "and no claimed gain was found to set against them.",
        needs=("the claimed scores of both arms (README, paper or netgain.toml [claim])",),
    )


def _one_seed(study: Study, baseline: Seeds, proposed: Seeds) -> Finding | None:
    """Find a proposed arm whose runs all state one seed, beside a baseline whose seeds differ."""
    stated = [seed for seed in proposed.seeds if seed is not None]
    n = len(proposed.seeds)
    others = {seed for seed in baseline.seeds if seed is not None}
    if n < 3 or len(stated) < 2 or len(set(stated)) > 1 or len(others) < 2:
        return None
    places = [run.seed.source for run in study.proposed.runs if run.seed is not None]
    return Finding(
        code=CODE,
        name=NAME,
        verdict="flagged",
        grade="indicated",
        favours="proposed",
        message=f"{len(stated)} of {n} proposed runs state seed {stated[0]}, none another, and the "
        f"baseline's state {len(others)} different ones: the proposed arm's spread is not one over seeds.",
        numbers={"runs_proposed": float(n), "seeds_proposed": 1.0},
        evidence=sources_of(places)[:6],
        readings=Readings(
            innocent="the seed was drawn elsewhere, and the setting that is logged was never used",
            inflating="runs of one seed differ less than runs of several, so that the gain looks surer",
        ),
        remedy="runs that differ in the seed, and a log that says so",
        settle="netgain attribute plan.toml",
    )


def _mismatch(study: Study, baseline: Seeds, proposed: Seeds) -> Finding | None:
    """Say so where a claimed score is neither the mean of its runs nor their extreme."""
    for seeds, claimed in ((proposed, study.claim.proposed), (baseline, study.claim.baseline)):
        if claimed is None or abs(claimed.value - seeds.mean) <= 2 * half_unit(claimed.value):
            continue
        unknown = _unknown(study, baseline, proposed)
        n = len(seeds.values)
        return replace(
            unknown,
            message=f"The claimed {claimed.value:g} is not the mean of the {n} {seeds.side} runs given "
            f"({seeds.mean:.2f}).",
            numbers={f"claimed_{seeds.side}": claimed.value, f"mean_{seeds.side}": seeds.mean},
            evidence=sources_of([claimed.source], seeds.sources)[:6],
            needs=(
                f"how the claimed {seeds.side} score was obtained: which runs, which epoch, which metric",
            ),
        )
    return None


def _numbers(baseline: Seeds, proposed: Seeds, recomputed: Recomputed) -> dict[str, float]:
    numbers = {
        "gain": recomputed.gain,
        "gain_low": recomputed.low,
        "gain_high": recomputed.high,
        "mean_baseline": baseline.mean,
        "mean_proposed": proposed.mean,
        "sd_baseline": baseline.spread,
        "sd_proposed": proposed.spread,
        "runs_baseline": float(len(baseline.values)),
        "runs_proposed": float(len(proposed.values)),
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _unknown(study: Study, baseline: Seeds | None, proposed: Seeds | None) -> Finding:
    needs = []
    if study.claim.metric is None:
        held = _metrics_held(study)
        needs.append(
            "the metric the claim is about, as [claim] metric in netgain.toml"
            + (f"; the runs hold {', '.join(held[:6])}" if held else "")
        )
    stated = study.claim.seeds_stated
    sides: tuple[tuple[str, Arm, Seeds | None], ...] = (
        ("baseline", study.baseline, baseline),
        ("proposed", study.proposed, proposed),
    )
    metric = study.claim.metric or "score"
    for side, arm, seeds in sides:
        if seeds is None:
            needs.append(f"the final test {metric} of each {side} run")
        elif not seeds.complete:
            needs.append(f"the final {metric} of {_unscored(study, arm)} {side} runs that lack it")
        elif stated is not None and len(seeds.values) < stated.value:
            absent = stated.value - len(seeds.values)
            needs.append(f"the {absent} {side} runs that are stated and not among the files")
        elif len(seeds.values) < 2:
            needs.append(f"more seeds of the {side} arm: one run has no spread")
    return Finding(
        code=CODE,
        name=NAME,
        verdict="unknown",
        message="The gain cannot be set against seed noise with the runs given.",
        needs=tuple(needs) or ("the claimed scores of both arms",),
        remedy="five or more paired seeds in each arm",
        settle="netgain attribute plan.toml",
    )


def _metrics_held(study: Study) -> list[str]:
    """Return the names of what the runs of both arms log, scores before losses."""
    arms = [
        {c.name for run in arm.runs for c in run.curves}
        | {name.rpartition("/")[2] for run in arm.runs for name in run.finals}
        for arm in (study.baseline, study.proposed)
    ]
    return sorted(arms[0] & arms[1] - {"epoch", "learning_rate"}, key=lambda n: ("loss" in n, n))


def _unscored(study: Study, arm: Arm) -> int:
    return len(arm.runs) - len(arm_scores(study, arm))


def _points(value: float | None) -> str:
    """Write a difference with its sign, small ones with two figures that count."""
    if value is None:
        return "unknown"
    return f"{value:+.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:+.2g}"


def _interval(recomputed: Recomputed) -> str:
    return f"{_points(recomputed.low)} to {_points(recomputed.high)}"


def stage(plan: Plan) -> Plan:
    """Report the best seed of the proposed arm against the baseline's mean."""
    protocol = replace(plan.protocol, proposed_seeds_reported="best")
    disclosure = replace(plan.disclosure, interval=False)
    return replace(plan, protocol=protocol, disclosure=disclosure)


PRACTICE = Practice(
    code=CODE,
    name=NAME,
    doc=__doc__,
    check=check,
    stage=stage,
    knobs=("protocol.proposed_seeds_reported", "disclosure.interval"),
)
