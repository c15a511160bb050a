"""Carry a staged plan out: train both arms, sweep where sweeps are published, write the study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from netgain.errors import UsageError
from netgain.lab.plans import (
    NULL_IDEA,
    REAL_IDEA,
    ArmName,
    Trained,
    honest_plan,
    jobs_of,
    searched,
    settings_of,
)
from netgain.lab.publish import ARMS, Form, publish
from netgain.lab.runs import WORKERS, Job, Kept, Tick, run_all
from netgain.lab.tune import Point, recipe, sweep
from netgain.plan import Plan, Settings
from netgain.practice import Practice

SWEEP_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Learning rates of an arm's published sweep, as multiples of the recipe's."""
SWEEP_SEEDS = (100,)
"""Seeds of an arm's published sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How trainings are run."""

    store: Path | None = None
    """Folder of finished runs; netgain's cache by default."""
    workers: int = WORKERS
    """Processes; 0 trains in this one."""
    tick: Tick | None = None
    """Told of progress."""


def stageable(codes: Iterable[str]) -> tuple[Practice, ...]:
    """Return the practices of some codes or chapters that can be staged; of all practices by default.

    Raises:
        UsageError: a named code matches nothing that can be staged.
    """
    from netgain.practices import select

    wanted = tuple(codes)
    found = tuple(practice for practice in select(wanted, ()) if practice.stage is not None)
    if not found:
        raise UsageError(f"{', '.join(wanted)}: no stage in this version; see netgain list")
    return found


def tricked_plan(practice: Practice, *, seeds: int, task: str) -> Plan:
    """Return a plan that commits the practice; its idea is the one that does nothing."""
    if practice.stage is None:
        raise UsageError(f"{practice.code} cannot be staged in this version; see netgain list")
    return practice.stage(honest_plan(NULL_IDEA, seeds=seeds, task=task))


def twin_plan(practice: Practice, *, seeds: int, task: str) -> Plan:
    """Return honest work beside it: the practice's own near miss where it has one, else a real idea."""
    plan = honest_plan(REAL_IDEA, seeds=seeds, task=task)
    return practice.decoy(plan) if practice.decoy else plan


def train_plans(
    plans: Sequence[tuple[Plan, tuple[int, ...]]], engine: Engine, *, sweeps: bool = False
) -> list[Trained]:
    """Train every plan's arms on its seeds, equal trainings once.

    With `sweeps`, the trainings of the published sweeps are done in the same go.
    """
    jobs: list[Job] = []
    for plan, seeds in plans:
        for arm in ARMS:
            jobs += jobs_of(plan, arm, seeds)
            if sweeps and searched(plan, arm):
                jobs += _sweep_jobs(plan, settings_of(plan, arm))
    kept = {run.job.key: run for run in _run(jobs, engine)}
    return [
        Trained(
            plan=plan,
            seeds=seeds,
            baseline=tuple(kept[job.key] for job in jobs_of(plan, "baseline", seeds)),
            proposed=tuple(kept[job.key] for job in jobs_of(plan, "proposed", seeds)),
        )
        for plan, seeds in plans
    ]


def write_study(
    trained: Trained, out: Path, engine: Engine, *, form: Form, spelling: int = 0
) -> Path:
    """Write a trained plan's study and return its folder."""
    plan = trained.plan
    sweeps: dict[ArmName, Sequence[Point]] = {
        arm: _sweep_points(plan, settings_of(plan, arm), engine)
        for arm in ARMS
        if searched(plan, arm)
    }
    publish(trained, out, form=form, spelling=spelling, sweeps=sweeps)
    return out


def _sweep_jobs(plan: Plan, settings: Settings) -> list[Job]:
    """Return the trainings of an arm's sweep; none where the kept tuning curve is that sweep."""
    if _is_recipe(plan, settings):
        return []
    return [
        Job(settings=replace(settings, learning_rate=rate), seed=seed)
        for seed in SWEEP_SEEDS
        for rate in _rates(plan)
    ]


def _sweep_points(plan: Plan, settings: Settings, engine: Engine) -> tuple[Point, ...]:
    """Return an arm's learning-rate sweep, by kept curve or by its own trainings."""
    if _is_recipe(plan, settings):
        return recipe(plan.recipe.task).points
    return sweep(
        settings, rates=_rates(plan), seeds=SWEEP_SEEDS, store=engine.store, workers=engine.workers
    )


def _is_recipe(plan: Plan, settings: Settings) -> bool:
    """Tell whether an arm is the recipe but for its learning rate."""
    return replace(settings, learning_rate=plan.recipe.learning_rate) == plan.recipe


def _rates(plan: Plan) -> tuple[float, ...]:
    return tuple(plan.recipe.learning_rate * factor for factor in SWEEP_FACTORS)


def _run(jobs: Sequence[Job], engine: Engine) -> list[Kept]:
    return run_all(jobs, store=engine.store, workers=engine.workers, tick=engine.tick)


@contextmanager
def progress_bar(words: str, *, shown: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show trainings done on stderr; yields what to call after each, None where nothing is shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
