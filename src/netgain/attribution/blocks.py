"""From a design to jobs: what one seed block trains, and where each row's score is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netgain.attribution.design import Design, Row
from netgain.attribution.plan_file import AttributionPlan
from netgain.attribution.training import Job, Trainer, job_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The jobs of one seed, and where each row's score is found in them."""

    jobs: tuple[Job, ...]
    """One for each distinct training."""
    place: dict[Row, tuple[str, int]]
    """Key of the job and position among its scores, for each row."""


def lay_out(plan: AttributionPlan, design: Design, trainer: Trainer, seed: int) -> Block:
    """Lay out one seed: rows that differ in evaluation-only factors share a training."""
    jobs: dict[str, Job] = {}
    place: dict[Row, tuple[str, int]] = {}
    groups: dict[Row, list[Row]] = {}
    for row in design.rows(seed):
        trained = tuple(
            on and name not in plan.evaluation_only
            for on, name in zip(row, design.factors, strict=True)
        )
        groups.setdefault(trained, []).append(row)
    for trained, rows in groups.items():
        settings = _settings(plan, design, trained)
        evaluations = (
            tuple(_settings(plan, design, row) for row in rows) if plan.evaluate is not None else ()
        )
        key = job_key(trainer, settings, seed, evaluations)
        jobs[key] = Job(key=key, settings=settings, seed=seed, evaluations=evaluations)
        for position, row in enumerate(rows):
            place[row] = (key, position if evaluations else 0)
    return Block(jobs=tuple(jobs.values()), place=place)


def _settings(plan: AttributionPlan, design: Design, row: Row) -> dict[str, Any]:
    return plan.configuration(dict(zip(design.factors, row, strict=True)))


def distinct_jobs(blocks: list[Block]) -> int:
    """Return the number of different trainings in some blocks."""
    return len({job.key for block in blocks for job in block.jobs})
