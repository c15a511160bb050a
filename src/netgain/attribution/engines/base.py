"""What every engine does, whatever it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from netgain.attribution.training import Job, Outcome, Trainer, TrainingError

RETRIES = 2
"""Times a failed job is tried again before it is reported."""


class Engine(Protocol):
    """Runs jobs.

    An engine pulls a job from the iterable when it can start it and not before, because pulling a
    job claims it. It calls `on_result` in the calling thread, once for each job pulled, in any
    order. A job that fails, or whose process dies, is tried again up to `RETRIES` times; then its
    outcome says so. An exception from the iterable or from `on_result`, and Ctrl-C, stop all
    trainings and pass through.
    """

    def run(
        self, jobs: Iterable[Job], train: Trainer, on_result: Callable[[Outcome], None]
    ) -> None:
        """Run all jobs."""


class InlineEngine:
    """Runs one job after the other in this process: for functions handed over in Python."""

    def run(
        self, jobs: Iterable[Job], train: Trainer, on_result: Callable[[Outcome], None]
    ) -> None:
        """Run all jobs in order."""
        for job in jobs:
            on_result(attempt(job, train))


def attempt(job: Job, train: Trainer) -> Outcome:
    """Train one job, again after a failure, and return what came of it."""
    error = None
    for number in range(1, RETRIES + 2):
        try:
            return Outcome(job=job, scores=train.train(job), attempts=number)
        except TrainingError as failure:
            error = str(failure)
    return Outcome(job=job, scores=None, attempts=RETRIES + 1, error=error)
