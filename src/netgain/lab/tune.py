"""Tune the base recipe once and keep the curve: `python -m netgain.lab.tune mnist1d`.

Both arms of every staged comparison start from this recipe, so the baseline is not a weak one. The sweep
ranks by validation accuracy; the test set plays no part in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np

from netgain.errors import UsageError
from netgain.lab.runs import Job, Tick, run_all
from netgain.plan import Settings

GRID = (0.01, 0.014, 0.02, 0.028, 0.04, 0.056, 0.08, 0.11)
"""Learning rates of the kept sweep, a factor of about 1.4 apart."""
SEEDS = 8
"""Seeds of the kept sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One learning rate of a sweep."""

    learning_rate: float
    """Peak learning rate."""
    validation_accuracy: float
    """Mean over seeds, percent."""
    deviation: float | None
    """Standard deviation over seeds, percentage points; None with one seed."""
    seeds: int
    """Seeds trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A kept sweep."""

    task: str
    """Task that was tuned."""
    how: str
    """How the file was made."""
    settings: Settings
    """The recipe: every setting, at the best learning rate."""
    points: tuple[Point, ...]
    """The sweep, by learning rate."""


def sweep(
    settings: Settings,
    *,
    rates: Sequence[float] = GRID,
    seeds: Sequence[int],
    store: Path | None = None,
    workers: int = 2,
    tick: Tick | None = None,
) -> tuple[Point, ...]:
    """Train the settings at each learning rate, same seeds, and return mean validation accuracies."""
    jobs = [
        Job(settings=replace(settings, learning_rate=rate), seed=seed)
        for seed in seeds
        for rate in rates
    ]
    kept = run_all(jobs, store=store, workers=workers, tick=tick)
    points = []
    for i, rate in enumerate(rates):
        scores = [run.outcome.validation_accuracy for run in kept[i :: len(rates)]]
        points.append(
            Point(
                learning_rate=rate,
                validation_accuracy=float(np.mean(scores)),
                deviation=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
                seeds=len(scores),
            )
        )
    return tuple(points)


def best(points: Sequence[Point]) -> Point:
    """Return the point of highest mean validation accuracy; the lower rate on a tie."""
    if not points:
        raise UsageError("a sweep without points has no best one")
    return max(points, key=lambda point: (point.validation_accuracy, -point.learning_rate))


def recipe(task: str) -> Recipe:
    """Return the kept recipe of a task.

    Raises:
        UsageError: none is kept for it.
    """
    place = files("netgain.lab") / "recipes" / f"{task}.json"
    if not place.is_file():
        raise UsageError(
            f"no recipe is kept for task {task!r}; run python -m netgain.lab.tune {task}"
        )
    return msgspec.json.decode(place.read_bytes(), type=Recipe)


STARTS: dict[str, Settings] = {
    "mnist1d": Settings(),
    "digits": Settings(
        task="digits",
        n_train=800,
        n_validation=400,
        n_test=597,
        epochs=4.0,
        batch_size=32,
        kernel_size=3,
        width=8,
        learning_rate=1e-2,
    ),
    "fashion-mnist": Settings(
        task="fashion-mnist",
        n_train=10000,
        n_validation=5000,
        n_test=10000,
        epochs=4.0,
        kernel_size=3,
        width=24,
        learning_rate=1e-2,
    ),
}
"""The settings a sweep starts from; all but the learning rate stay."""


def main() -> None:
    """Tune one task and write its recipe."""
    from rich.progress import Progress

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("task", choices=sorted(STARTS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="default: the recipe file in the package")
    given = parser.parse_args()
    with Progress() as progress:
        bar = progress.add_task(f"tuning {given.task}", total=None)
        points = sweep(
            STARTS[given.task],
            seeds=range(100, 100 + given.seeds),
            workers=given.workers,
            tick=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    found = Recipe(
        task=given.task,
        how=f"python -m netgain.lab.tune {given.task} --seeds {given.seeds}: learning rate by mean "
        "validation accuracy, seeds 100 and up, everything else as in `settings`",
        settings=replace(STARTS[given.task], learning_rate=best(points).learning_rate),
        points=points,
    )
    out = given.out or Path(__file__).with_name("recipes") / f"{given.task}.json"
    out.write_text(json.dumps(asdict(found), indent=1) + "\n")


if __name__ == "__main__":
    main()
