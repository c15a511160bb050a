"""What each practice buys on real training, in points, with intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from netgain import __version__
from netgain.lab.plans import Trained, honest_plan, reports_best_seed
from netgain.lab.staging import Engine, train_plans
from netgain.plan import Plan
from netgain.practice import Practice
from netgain.stats.best_of_n import expected_validation_performance
from netgain.stats.paired import mean_interval, paired_difference

SCHEMA = "netgain/price/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one practice buys where nothing else differs."""

    code: str
    """Practice code."""
    name: str
    """Practice name."""
    points: float
    """Percentage points of test accuracy added to the reported gain."""
    low: float | None
    """Lower end of the 95 % interval; None with one seed."""
    high: float | None
    """Upper end."""
    seeds: int
    """Paired seeds."""
    task: str
    """Task it was measured on."""
    setting: str
    """What the stage changed, in the names of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The result of `netgain.lab.price`."""

    prices: tuple[Price, ...]
    """One for each practice, by code."""

    def __getitem__(self, code: str) -> Price:
        """Return the price of one practice."""
        for price in self.prices:
            if price.code == code:
                return price
        raise KeyError(code)

    def to_json(self) -> str:
        """Return the document `netgain/price/1`."""
        rows = {
            p.code: {
                "name": p.name,
                "points": p.points,
                "low": p.low,
                "high": p.high,
                "seeds": p.seeds,
                "task": p.task,
                "setting": p.setting,
            }
            for p in self.prices
        }
        document = {"schema": SCHEMA, "netgain": __version__, "prices": rows}
        return json.dumps(document, indent=2) + "\n"

    def to_text(self) -> str:
        """Return a table for the terminal."""
        lines = [
            "Points of test accuracy a practice adds to a reported gain, paired by seed, 95% interval"
        ]
        for p in self.prices:
            interval = "one seed" if p.low is None else f"{p.low:+.2f} to {p.high:+.2f}"
            lines.append(
                f"  {p.code} {p.name:<28} {p.points:+6.2f}  ({interval}; {p.seeds} seeds, {p.task}: "
                f"{p.setting})"
            )
        return "\n".join(lines) + "\n"


def price_all(practices: Sequence[Practice], *, seeds: int, task: str, engine: Engine) -> Prices:
    """Price practices one by one on a comparison whose arms are otherwise equal."""
    honest = honest_plan("none", seeds=seeds, task=task)
    staged = [(practice, practice.stage(honest)) for practice in practices if practice.stage]
    plans = [(plan, tuple(range(_seeds_needed(plan, seeds)))) for _, plan in staged]
    trained = train_plans(plans, engine)
    found = [
        _price(practice, honest, one) for (practice, _), one in zip(staged, trained, strict=True)
    ]
    return Prices(prices=tuple(found))


def _seeds_needed(plan: Plan, seeds: int) -> int:
    """Return the seeds to train: picking the best of k is estimated from at least 2 k."""
    picks = any(reports_best_seed(plan, arm) for arm in ("baseline", "proposed"))
    return max(seeds, 2 * plan.protocol.seeds) if picks else seeds


def _price(practice: Practice, honest: Plan, trained: Trained) -> Price:
    """Estimate one practice's points.

    Differences are paired by seed, with a t-interval. Where an arm reports its best of k seeds, the
    expected best of k is estimated by the U-statistic over all seeds and the interval by the jackknife.
    """
    baseline, proposed = trained.scores("baseline"), trained.scores("proposed")
    plan = trained.plan
    picks = {arm: reports_best_seed(plan, arm) for arm in ("baseline", "proposed")}
    low: float | None
    high: float | None
    if not any(picks.values()):
        found = paired_difference(baseline, proposed)
        points, low, high = found.estimate, found.low, found.high
    else:
        k = plan.protocol.seeds

        def reported(scores: Sequence[float], best: bool) -> float:
            return expected_validation_performance(scores, k) if best else sum(scores) / len(scores)

        def gain(rows: Sequence[int]) -> float:
            return reported([proposed[i] for i in rows], picks["proposed"]) - reported(
                [baseline[i] for i in rows], picks["baseline"]
            )

        n = len(baseline)
        everything = list(range(n))
        points = gain(everything)
        pseudo = [
            n * points - (n - 1) * gain(everything[:i] + everything[i + 1 :]) for i in range(n)
        ]
        interval = mean_interval(pseudo)
        low, high = interval.low, interval.high
    return Price(
        code=practice.code,
        name=practice.name,
        points=points,
        low=low,
        high=high,
        seeds=len(baseline),
        task=plan.recipe.task,
        setting=_setting(honest, plan),
    )


def _setting(honest: Plan, staged: Plan) -> str:
    """Name what a stage changed."""
    changes = [
        f"{part}.{name} {old} -> {new}"
        for part in ("baseline", "proposed", "protocol", "disclosure")
        for name in getattr(honest, part).__dataclass_fields__
        if (old := getattr(getattr(honest, part), name))
        != (new := getattr(getattr(staged, part), name))
    ]
    return ", ".join(changes) or "nothing"
