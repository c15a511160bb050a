"""The honest comparison that practices are staged on, and how its scores are read off the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from netgain.errors import UsageError
from netgain.lab.runs import Job, Kept
from netgain.plan import Plan, Protocol, Settings

ArmName = Literal["baseline", "proposed"]

NULL_IDEA = "channel-shuffle"
"""An idea that changes nothing on average."""
REAL_IDEA = "orthogonal-update"
"""An idea that gains several points."""
WORDS = {
    "none": "",
    NULL_IDEA: "channel-shuffle, a fixed permutation of the channels after each block",
    REAL_IDEA: "orthogonal-update, kernels move along the orthogonal factor of their momentum",
}
"""The ideas as a README puts them."""


def buried(plan: Plan, arm: ArmName) -> tuple[str, ...]:
    """Return the settings an arm's script holds as numbers and its configs do not show."""
    return plan.disclosure.buried if arm == "proposed" else ()


def searched(plan: Plan, arm: ArmName) -> bool:
    """Tell whether an arm has a learning-rate sweep of its own."""
    return plan.protocol.searched in ("both", arm)


def honest_plan(idea: str, *, seeds: int = 5, task: str = "mnist1d") -> Plan:
    """Return the comparison of the tuned recipe with and without an idea, honestly reported.

    Raises:
        UsageError: no recipe is kept for the task, or the idea does not exist.
    """
    from netgain.lab.tune import recipe

    if idea not in WORDS:
        raise UsageError(f"no such idea: {idea!r}; known: {', '.join(WORDS)}")
    settings = recipe(task).settings
    return Plan(
        recipe=settings,
        baseline=settings,
        proposed=replace(settings, idea=idea),
        protocol=Protocol(seeds=seeds),
        claimed_idea=WORDS[idea],
    )


def settings_of(plan: Plan, arm: ArmName) -> Settings:
    """Return the settings of one arm."""
    return plan.baseline if arm == "baseline" else plan.proposed


def selection(plan: Plan, arm: ArmName) -> str:
    """Return which epoch's test score an arm reports."""
    if arm == "proposed" and plan.protocol.proposed_checkpoint != "as-protocol":
        return plan.protocol.proposed_checkpoint
    return plan.protocol.checkpoint


def reports_best_seed(plan: Plan, arm: ArmName) -> bool:
    """Tell whether an arm's table cell shows the best seed and not the mean."""
    protocol = plan.protocol
    shown = (
        protocol.baseline_seeds_reported if arm == "baseline" else protocol.proposed_seeds_reported
    )
    return shown == "best"


def jobs_of(plan: Plan, arm: ArmName, seeds: Sequence[int]) -> list[Job]:
    """Return the trainings of one arm; the test set is scored each epoch only if epochs are selected."""
    each = selection(plan, arm) != "last"
    settings = settings_of(plan, arm)
    return [Job(settings=settings, seed=seed, test_each_epoch=each) for seed in seeds]


def run_score(kept: Kept, rule: str) -> float:
    """Return the test accuracy one run reports under a selection rule, percent.

    Raises:
        UsageError: epochs are to be selected and the test set was not scored at each.
    """
    outcome = kept.outcome
    if rule == "last":
        return outcome.test_accuracy
    scored = [(e.validation_accuracy, e.test_accuracy) for e in outcome.epochs]
    tests = [(validation, test) for validation, test in scored if test is not None]
    if len(tests) < len(scored):
        raise UsageError(f"checkpoint {rule!r} needs the test score of every epoch; train with it")
    if rule == "best-on-validation":
        return max(tests, key=lambda pair: pair[0])[1]
    return max(test for _, test in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A plan with its runs."""

    plan: Plan
    """What was run."""
    seeds: tuple[int, ...]
    """Seeds of both arms."""
    baseline: tuple[Kept, ...]
    """Runs of the baseline, by seed."""
    proposed: tuple[Kept, ...]
    """Runs of the proposed arm, by seed."""

    def scores(self, arm: ArmName) -> tuple[float, ...]:
        """Return each run's score under the plan's selection rule."""
        runs = self.baseline if arm == "baseline" else self.proposed
        return tuple(run_score(run, selection(self.plan, arm)) for run in runs)

    def reported(self, arm: ArmName) -> float:
        """Return the number in the table."""
        scores = self.scores(arm)
        return max(scores) if reports_best_seed(self.plan, arm) else sum(scores) / len(scores)
