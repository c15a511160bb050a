"""A pool of processes on this machine, one training and one thread each.

Workers are started by spawn, with one thread for each numeric library and OpenMP told to wait
without spinning: two single-threaded trainings lose nothing against one with two threads, which
collapses as soon as another program wants a core. A worker ends itself, and the command it runs,
when this process dies.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from netgain.attribution.engines.base import RETRIES
from netgain.attribution.training import Job, Outcome, Trainer, TrainingError

SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
"""Environment of every worker."""

_Reply = tuple[tuple[float, ...] | None, str | None]


@dataclass(kw_only=True)
class _Worker:
    """One process and the attempt it is on."""

    process: Any
    connection: Connection
    job: Job | None = None
    attempt: int = 0


class LocalEngine:
    """Runs jobs on `workers` processes."""

    def __init__(self, workers: int = 1) -> None:
        """Prepare a pool; processes start with the first job."""
        self.workers = workers

    def run(
        self, jobs: Iterable[Job], train: Trainer, on_result: Callable[[Outcome], None]
    ) -> None:
        """Run all jobs; see `Engine`."""
        waiting, again = iter(jobs), deque[tuple[Job, int]]()
        pool: list[_Worker] = []
        try:
            while True:
                self._fill(pool, waiting, again, train)
                busy = [worker for worker in pool if worker.job is not None]
                if not busy:
                    return
                for worker in _ready(busy):
                    outcome = _collect(worker, again)
                    if not worker.process.is_alive():
                        _kill(worker)  # what it left running
                        pool.remove(worker)
                    if outcome is not None:
                        on_result(outcome)
        finally:
            _stop(pool)

    def _fill(
        self,
        pool: list[_Worker],
        waiting: Iterator[Job],
        again: deque[tuple[Job, int]],
        train: Trainer,
    ) -> None:
        """Give every idle worker a job, retries first; start workers as long as there is work."""
        for place in range(self.workers):
            worker = pool[place] if place < len(pool) else None
            if worker is not None and worker.job is not None:
                continue
            job, attempt = again.popleft() if again else (next(waiting, None), 1)
            if job is None:
                return
            if worker is None:
                worker = _start(train)
                pool.append(worker)
            worker.job, worker.attempt = job, attempt
            with contextlib.suppress(OSError):  # a dead worker is noticed by _ready
                worker.connection.send(job)


def _ready(busy: list[_Worker]) -> list[_Worker]:
    """Wait until some worker has answered or died."""
    watched: dict[Any, _Worker] = {}
    for worker in busy:
        watched[worker.connection] = watched[worker.process.sentinel] = worker
    signalled = wait(list(watched))
    return list({id(watched[item]): watched[item] for item in signalled}.values())


def _collect(worker: _Worker, again: deque[tuple[Job, int]]) -> Outcome | None:
    """Take a worker's answer; None where its job goes round again."""
    job, attempt = worker.job, worker.attempt
    assert job is not None, "only busy workers are waited for"
    scores, error = _answer(worker)
    worker.job = None
    if scores is None and attempt <= RETRIES:
        again.append((job, attempt + 1))
        return None
    return Outcome(job=job, scores=scores, attempts=attempt, error=error)


def _answer(worker: _Worker) -> _Reply:
    try:
        if worker.connection.poll():
            reply: _Reply = worker.connection.recv()
            return reply
    except (EOFError, OSError):
        pass  # it died while answering
    worker.process.join(timeout=5)
    return None, f"the training process died (exit code {worker.process.exitcode})"


def _start(train: Trainer) -> _Worker:
    """Start one worker, in an environment of one thread."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(SINGLE_THREAD)
    try:
        process = context.Process(target=_serve, args=(theirs, train))
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    theirs.close()
    return _Worker(process=process, connection=ours)


def _stop(pool: list[_Worker]) -> None:
    """End all workers: idle ones by closing their pipe, busy ones with all they started."""
    for worker in pool:
        worker.connection.close()
        if worker.job is not None:
            _kill(worker)
    for worker in pool:
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            _kill(worker)
            worker.process.join()


def _kill(worker: _Worker) -> None:
    """Kill a worker and everything in its process group."""
    with contextlib.suppress(OSError):  # no group yet, or none any more
        os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.kill()


def _serve(connection: Connection, train: Trainer) -> None:
    """Answer jobs until the pipe closes; the body of a worker."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent decides
    os.setsid()  # a group of its own: Ctrl-C is the parent's to handle, and one kill ends all of it
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.dup2(2, 1)  # standard output belongs to the result of the attribution
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        reply: _Reply
        try:
            reply = train.train(job), None
        except TrainingError as failure:
            reply = None, str(failure)
        connection.send(reply)


def _leave_with_parent() -> None:
    """End this worker, and the command it runs, as soon as the process that started it is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os.killpg(0, signal.SIGKILL)
