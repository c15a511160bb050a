"""Carry out an attribution: plan, trainings, split."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netgain.attribution.blocks import Block, distinct_jobs, lay_out
from netgain.attribution.design import Design, choose_design
from netgain.attribution.engines.base import Engine, InlineEngine
from netgain.attribution.engines.local import LocalEngine
from netgain.attribution.estimate import estimate
from netgain.attribution.plan_file import DEFAULT_MAX_RUNS, AttributionPlan, load_plan
from netgain.attribution.progress import Progress
from netgain.attribution.split import Split
from netgain.attribution.store import Store
from netgain.attribution.training import Job, Outcome, Train, Trainer
from netgain.errors import NetgainError, UsageError

_POLL_SECONDS = 0.2
_HOPELESS = 3


class AttributionStoppedError(NetgainError):
    """The user stopped the attribution; everything finished is stored."""


class FailedRunsError(NetgainError):
    """Some trainings failed for good; the split is not computed on a hole."""


@dataclass(kw_only=True)
class _Tally:
    """What happened in this ongoing."""

    finished: int = 0
    failures: list[Outcome] = field(default_factory=list)

    @property
    def hopeless(self) -> bool:
        """Tell whether nothing works: some jobs failed and none succeeded."""
        return len(self.failures) >= _HOPELESS and self.finished == 0


def attribute(
    train: Train | None,
    plan: AttributionPlan | str | Path,
    *,
    design: str | None = None,
    level: float = 0.95,
    progress: bool | None = None,
    quiet: bool = False,
    engine: Engine | None = None,
) -> Split:
    """Re-train a comparison with its factors switched on and off, and split the gain.

    This runs the user's training code. Finished trainings are kept in the plan's store; the same
    call continues where an earlier one stopped.

    Args:
        train: `train(settings, seed)`, returning a score or a dict of scores; None to train as the
            plan says. It runs in this process, one training at a time.
        plan: A plan, or the path of a plan file.
        design: `full`, `half` or `foldover`; overrides the plan and the automatic choice.
        level: Confidence level of the intervals.
        progress: Whether to draw a progress bar on standard error; None draws it on a terminal.
        quiet: Write nothing to standard error.
        engine: Where to run; None takes the plan's.

    Raises:
        UsageError: the plan cannot be carried out as it stands.
        FailedRunsError: trainings failed after all retries.
        AttributionStoppedError: Ctrl-C.
    """
    checked = plan if isinstance(plan, AttributionPlan) else load_plan(Path(plan))
    if train is None and checked.command is None and checked.callable is None:
        raise UsageError(
            '[plan] names no training; expected command = "python train.py --config {settings} '
            '--seed {seed} --out {out}" or callable = "module:function"'
        )
    chosen = choose_design(tuple(checked.factors), design or checked.design)
    trainer = _trainer(train, checked)
    runner = engine or (InlineEngine() if train is not None else LocalEngine(checked.workers))
    planned = planned_runs(checked, design)
    if checked.max_runs is not None and planned > checked.max_runs:
        raise UsageError(
            f"the design needs {planned} runs and [run] max_runs is {checked.max_runs}; lower "
            f"seeds, "
            "choose a smaller design, or raise max_runs"
        )
    with (
        Store(checked.store) as store,
        Progress(
            shown=not quiet and (sys.stderr.isatty() if progress is None else progress)
        ) as bar,
    ):
        ongoing = _Attribution(
            plan=checked, design=chosen, trainer=trainer, store=store, engine=runner, progress=bar
        )
        if not quiet:
            print(ongoing.announcement(), file=sys.stderr)  # noqa: T201
        try:
            return ongoing.split(level)
        except KeyboardInterrupt as error:
            raise AttributionStoppedError(
                f"stopped; finished runs are kept in {checked.store}, the same command continues"
            ) from error


def planned_runs(plan: AttributionPlan, design: str | None = None) -> int:
    """Return the trainings a plan asks for; with a `target`, those of the fewest seed blocks."""
    chosen = choose_design(tuple(plan.factors), design or plan.design)
    trainer = _trainer(None, plan)
    blocks = plan.seeds if plan.seeds is not None else chosen.minimum_blocks
    return sum(len(lay_out(plan, chosen, trainer, seed).jobs) for seed in range(blocks))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribution:
    """One attribution under way."""

    plan: AttributionPlan
    design: Design
    trainer: Trainer
    store: Store
    engine: Engine
    progress: Progress

    def announcement(self) -> str:
        """Return what is about to run, and how much of it is stored already."""
        minimum = self.plan.seeds or self.design.minimum_blocks
        keys = {job.key for seed in range(minimum) for job in self._block(seed).jobs}
        stored = len(self.store.finished(keys))
        what = (
            "the given function"
            if self.trainer.function is not None
            else (repr(self.plan.command or self.plan.callable))
        )
        more = "" if self.plan.target is None else " or more"
        kept = f", {stored} of them stored already" if stored else ""
        return f"attribute runs {what} {len(keys)}{more} times{kept}: {self.design.description}"

    def split(self, level: float) -> Split:
        """Train seed block after seed block until the plan is satisfied."""
        if self.plan.target is None:
            assert self.plan.seeds is not None, "a plan has seeds or a target"
            blocks = [self._block(seed) for seed in range(self.plan.seeds)]
            return self._estimate(blocks, self._complete(blocks), level)
        return self._split_to_target(level, self.plan.target)

    def _split_to_target(self, level: float, target: float) -> Split:
        limit = self.plan.max_runs or DEFAULT_MAX_RUNS
        blocks = [self._block(seed) for seed in range(self.design.minimum_blocks)]
        if (needed := distinct_jobs(blocks)) > limit:
            raise UsageError(f"[run] max_runs = {limit}; the fewest seed blocks need {needed} runs")
        while True:
            split = self._estimate(blocks, self._complete(blocks), level)
            widest = max(share.half_width or 0.0 for share in (split.total, *split.shares.values()))
            if widest <= target:
                return split
            longer = [*blocks, self._block(len(blocks))]
            if distinct_jobs(longer) > limit:
                note = (
                    f"the widest half-width is {widest:.3g}, above the target of {target:g}, after "
                    f"{split.runs} runs; raise max_runs to go on"
                )
                return replace(split, notes=(*split.notes, note))
            blocks = longer

    def _block(self, seed: int) -> Block:
        return lay_out(self.plan, self.design, self.trainer, seed)

    def _estimate(self, blocks: list[Block], done: Mapping[str, Any], level: float) -> Split:
        scores = [
            {row: done[key].scores[place] for row, (key, place) in block.place.items()}
            for block in blocks
        ]
        split = estimate(
            self.design, scores, level=level, higher_is_better=self.plan.higher_is_better
        )
        codes = {done[job.key].code for block in blocks for job in block.jobs}
        notes = []
        if len(codes) > 1:
            notes.append(
                f"the training code changed between runs kept in {self.plan.store.name}; name a "
                f"new "
                "store to train all of them with one version"
            )
        if len(blocks) < 2:
            notes.append("one seed gives no interval; raise [run] seeds")
        return replace(
            split,
            runs=distinct_jobs(blocks),
            metric=self.plan.metric,
            notes=(*split.notes, *notes),
        )

    def _complete(self, blocks: list[Block]) -> dict[str, Any]:
        """Return the stored result of every job, training those that are missing."""
        jobs = list({job.key: job for block in blocks for job in block.jobs}.values())
        keys = [job.key for job in jobs]
        tally, code = _Tally(), self.trainer.code_digest()
        self.progress.begin(len(jobs), len(self.store.finished(keys)))

        def keep(outcome: Outcome) -> None:
            self.store.record(outcome, code=code)
            if outcome.scores is None:
                tally.failures.append(outcome)
            else:
                tally.finished += 1
                self.progress.advance()

        while True:
            failed = {outcome.job.key for outcome in tally.failures}
            done = self.store.finished(keys)
            missing = [job for job in jobs if job.key not in done and job.key not in failed]
            if not missing or tally.hopeless:
                break
            before = tally.finished + len(tally.failures)
            self.engine.run(self._claimed(missing, tally), self.trainer, keep)
            if tally.finished + len(tally.failures) == before:
                time.sleep(_POLL_SECONDS)  # the rest is with another process
        if tally.failures:
            raise FailedRunsError(_failure_report(tally.failures, len(jobs), len(done), self.plan))
        return dict(done)

    def _claimed(self, jobs: list[Job], tally: _Tally) -> Iterator[Job]:
        """Yield jobs in order, each claimed as it is taken; stop where nothing works."""
        for job in jobs:
            if tally.hopeless:
                return
            if self.store.claim(job) == "claimed":
                yield job


def _trainer(train: Callable[..., Any] | None, plan: AttributionPlan) -> Trainer:
    return Trainer(
        metric=plan.metric,
        folder=plan.folder,
        command=plan.command if train is None else None,
        callable=plan.callable if train is None else None,
        evaluate=plan.evaluate,
        function=train,
    )


def _failure_report(failures: list[Outcome], jobs: int, done: int, plan: AttributionPlan) -> str:
    """Say which trainings failed and how, the first in full."""
    first = failures[0]
    others = "".join(
        f"\n  also: seed {outcome.job.seed}, settings {outcome.job.settings}"
        for outcome in failures[1:4]
    )
    stopped = f"; stopped, as none of {len(failures)} worked" if done == 0 else ""
    return (
        f"{len(failures)} of {jobs} runs failed, each tried {first.attempts} times{stopped}; the "
        f"split "
        f"is not computed on a hole. {done} finished runs are kept in {plan.store}; mend the "
        f"cause and "
        f"give the same command.\n  seed {first.job.seed}, settings {first.job.settings}:\n"
        + "\n".join(f"    {line}" for line in (first.error or "no error output").splitlines())
        + others
    )
