"""Run many trainings in worker processes, each once: finished ones are kept and found again.

One thread a process, processes by spawn, as the trainer expects. A run is kept in a folder named by what
determines it: settings, seed, whether the test set was scored each epoch, the trainer's source and torch.
A killed session leaves only finished runs behind, and the same call goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netgain.errors import MissingExtra
from netgain.lab.download import cache_folder
from netgain.plan import Settings

if TYPE_CHECKING:
    from netgain.lab.train import Outcome

Tick = Callable[[int, int], None]
"""Called with the runs done and the runs asked for."""
OUTCOME = "outcome.json"
"""File whose presence says that a run is complete; written last."""
WORKERS = 2
"""Worker processes unless the caller says otherwise."""
TRAINER_FILES = ("train.py", "blocks.py", "tasks.py")
"""Sources that determine what a run gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training to do."""

    settings: Settings
    """What to train."""
    seed: int
    """Seed of the run."""
    test_each_epoch: bool = False
    """Whether the test set is scored after every epoch."""

    @property
    def key(self) -> str:
        """Return the name of the run's folder."""
        text = json.dumps({**asdict(self), "trainer": _trainer()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A finished run and the folder it is kept in."""

    job: Job
    """What was asked for."""
    outcome: Outcome
    """What came out."""
    folder: Path
    """Holds `outcome.json`, `model.safetensors` and the recording in `flight/`."""


def run_all(
    jobs: Sequence[Job],
    *,
    store: Path | None = None,
    workers: int = WORKERS,
    tick: Tick | None = None,
) -> list[Kept]:
    """Return every job's run, in order; equal jobs are run once.

    Args:
        jobs: trainings, in the order in which they should be done.
        store: folder of finished runs; netgain's cache by default.
        workers: processes at a time; 0 trains in this process.
        tick: told of progress after each run.

    Raises:
        MissingExtra: torch is not installed.
    """
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise MissingExtra("torch", "torch", "the lab")
    place = store or cache_folder() / "runs"
    place.mkdir(parents=True, exist_ok=True)
    open_jobs = list({job.key: job for job in jobs if not _done(place, job)}.values())
    total = len({job.key for job in jobs})
    for done in _completed(open_jobs, place, workers):
        if tick:
            tick(total - len(open_jobs) + done, total)
    return [
        Kept(job=job, outcome=_outcome(place / job.key), folder=place / job.key) for job in jobs
    ]


def _completed(jobs: list[Job], place: Path, workers: int) -> Iterator[int]:
    """Run the jobs and yield how many are done after each."""
    if workers == 0:
        for i, job in enumerate(jobs):
            run_one(job, place, job.key)
            yield i + 1
        return
    if not jobs:
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        try:
            pending: set[Future[None]] = {pool.submit(run_one, job, place, job.key) for job in jobs}
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                yield len(jobs) - len(pending)
        except BaseException:
            # Leaving the pool would otherwise wait for every training still queued.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_one(job: Job, place: Path, key: str) -> None:
    """Train one job into a folder beside `place/key` and move it there when it is complete."""
    from netgain.lab.train import train

    part = place / f"{key}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        train(job.settings, job.seed, folder=part, test_each_epoch=job.test_each_epoch)
        if not (place / key / OUTCOME).exists():
            part.replace(place / key)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _done(place: Path, job: Job) -> bool:
    """Tell whether a job's run is kept."""
    return (place / job.key / OUTCOME).exists()


def _outcome(folder: Path) -> Outcome:
    """Read a kept outcome."""
    from netgain.lab.train import Outcome

    return msgspec.json.decode((folder / OUTCOME).read_bytes(), type=Outcome)


@cache
def _trainer() -> str:
    """Return a digest of what turns settings into a run: the trainer's source and torch's version."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "none"
    digest = hashlib.sha256(torch.encode())
    for name in TRAINER_FILES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]
