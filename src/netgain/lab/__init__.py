"""The lab: practices staged on real, small trainings.

`stage` writes one tricked and one honest study to look at, `price` measures what a practice buys in
points, `score` sends tricked and honest studies through the auditor. Trainings need the torch extra.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from netgain.errors import UsageError

if TYPE_CHECKING:
    from netgain.lab.prices import Price, Prices
    from netgain.lab.publish import Form
    from netgain.lab.scorecard import Score, Scorecard

__all__ = ["Price", "Prices", "Score", "Scorecard", "price", "score", "stage"]


def stage(
    code: str,
    out: Path | str,
    *,
    task: str = "mnist1d",
    seed: int = 0,
    seeds: int = 5,
    form: Form = "flight",
    workers: int = 2,
    store: Path | None = None,
    progress: bool = False,
) -> tuple[Path, Path]:
    """Train one practice's tricked study and its honest twin; return their folders under `out`.

    Args:
        code: practice code or name.
        out: folder to write to; its `tricked` and `honest` must not exist yet.
        task: `mnist1d`, `digits` or `fashion-mnist`.
        seed: first seed of both arms.
        seeds: seeds of each arm.
        form: `flight` with recordings, or a habit of `netgain.lab.habits` with checkpoints.
        workers: processes.
        store: folder of finished runs; netgain's cache by default.
        progress: show a bar on stderr.

    Raises:
        UsageError: the practice cannot be staged, or the folders exist.
        MissingExtra: torch is not installed.
    """
    from netgain.lab import staging
    from netgain.practices import find

    practice = find(code)
    folders = (Path(out) / "tricked", Path(out) / "honest")
    for folder in folders:
        if folder.exists():
            raise UsageError(f"{folder} exists; name another --out or remove it")
    block = tuple(range(seed, seed + seeds))
    plans = [
        (staging.tricked_plan(practice, seeds=seeds, task=task), block),
        (staging.twin_plan(practice, seeds=seeds, task=task), block),
    ]
    with staging.progress_bar(f"training {practice.code}", shown=progress) as tick:
        engine = staging.Engine(store=store, workers=workers, tick=tick)
        trained = staging.train_plans(plans, engine, sweeps=True)
    for one, folder in zip(trained, folders, strict=True):
        staging.write_study(one, folder, engine, form=form)
    return folders


def price(
    codes: Iterable[str] = (),
    *,
    seeds: int = 5,
    task: str = "mnist1d",
    workers: int = 2,
    store: Path | None = None,
    progress: bool = False,
) -> Prices:
    """Measure what practices buy, in points of test accuracy, where nothing else differs.

    Args:
        codes: codes, names or chapters; every practice that can be staged by default.
        seeds: paired seeds for each practice, at least 1; an interval needs 2.
        task: `mnist1d`, `digits` or `fashion-mnist`.
        workers: processes.
        store: folder of finished runs; netgain's cache by default.
        progress: show a bar on stderr.

    Raises:
        UsageError: nothing named can be staged.
        MissingExtra: torch is not installed.
    """
    from netgain.lab import prices, staging

    if seeds < 1:
        raise UsageError(f"seeds={seeds}; a price needs at least one")
    practices = staging.stageable(codes)
    with staging.progress_bar("training", shown=progress) as tick:
        engine = staging.Engine(store=store, workers=workers, tick=tick)
        return prices.price_all(practices, seeds=seeds, task=task, engine=engine)


def score(
    codes: Iterable[str] = (),
    *,
    trials: int = 20,
    task: str = "mnist1d",
    workers: int = 2,
    store: Path | None = None,
    keep: Path | None = None,
    progress: bool = False,
) -> Scorecard:
    """Send tricked and honest studies of practices through the auditor and count what it flags.

    Args:
        codes: codes, names or chapters; every practice that can be staged by default.
        trials: tricked studies, and honest ones, for each practice.
        task: `mnist1d`, `digits` or `fashion-mnist`.
        workers: processes.
        store: folder of finished runs; netgain's cache by default.
        keep: folder in which the studies are left.
        progress: show a bar on stderr.

    Raises:
        UsageError: nothing named can be staged.
        MissingExtra: torch is not installed.
    """
    from netgain.lab import scorecard, staging

    if trials < 1:
        raise UsageError(f"trials={trials}; a score needs at least one")
    practices = staging.stageable(codes)
    with staging.progress_bar("training", shown=progress) as tick:
        engine = staging.Engine(store=store, workers=workers, tick=tick)
        return scorecard.score_all(practices, trials=trials, task=task, engine=engine, keep=keep)
