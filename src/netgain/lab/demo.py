"""The demonstration: a claim whose idea does nothing, audited as a stranger would, then taken apart.

Trains a baseline and a "proposed" model dressed with four practices, publishes both as authors would, audits
the folder, re-trains the comparison with each practice on and off, and writes the report.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from netgain.lab.plans import NULL_IDEA, Trained, honest_plan
from netgain.lab.runs import Job, run_all
from netgain.lab.staging import Engine, progress_bar, train_plans, write_study
from netgain.plan import Plan, Settings
from netgain.practice import Practice

DRESSED = ("NG101", "NG202", "NG301", "NG205")
"""Practices of the demonstration, staged one over the other."""
SEEDS = 6
"""Paired seeds of the published comparison and of the attribution."""
STORE_VARIABLE = "NETGAIN_LAB_RUNS"
"""Environment variable that names the folder of finished trainings."""


def dressed_plan(codes: Sequence[str] = DRESSED, *, seeds: int = SEEDS) -> Plan:
    """Return a plan whose idea does nothing, with each practice staged and none disclosed."""
    from netgain.practices import find

    plan = honest_plan(NULL_IDEA, seeds=seeds)
    for code in codes:
        practice = find(code)
        assert practice.stage is not None, f"{code} cannot be staged"
        plan = practice.stage(plan)
    return replace(
        plan, disclosure=replace(plan.disclosure, interval=False, budget=False, differences=False)
    )


def factors_of(plan: Plan, practices: Sequence[Practice]) -> dict[str, tuple[str, ...]]:
    """Return the settings each practice switches, by code; the idea's own under `idea`."""
    differing = set(plan.differing())
    factors = {"idea": tuple(name for name in plan.idea if name in differing)}
    for practice in practices:
        names = {knob.partition(".")[2] for knob in practice.knobs} & differing
        if names:
            factors[practice.code] = tuple(sorted(names))
    return factors


def train(settings: dict[str, Any], seed: int) -> float:
    """Train one setting of the attribution, or find the run that was made for the publication.

    The store of runs is named by the environment, since this is called in worker processes.
    """
    job = Job(settings=Settings(**settings), seed=seed)
    store = Path(os.environ[STORE_VARIABLE])
    return run_all([job], store=store, workers=0)[0].outcome.test_accuracy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; return 0 when every step came to its end."""
    parser = argparse.ArgumentParser(prog="python -m netgain.lab.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder to write to")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="paired seeds")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    run(options.out, seeds=options.seeds, workers=options.workers)
    return 0


def run(out: Path, *, seeds: int = SEEDS, workers: int = 2) -> None:
    """Run the demonstration into a folder; an earlier run's trainings are used again."""
    import shutil

    from netgain.assemble import read
    from netgain.auditor import audit
    from netgain.renderers import render

    store = out / "trainings"
    study_folder = out / "study"
    plan = dressed_plan(seeds=seeds)
    _say(
        "1. Training a baseline and a proposed model whose idea does nothing, and publishing both."
    )
    with progress_bar("training", shown=sys.stderr.isatty()) as tick:
        engine = Engine(store=store, workers=workers, tick=tick)
        (trained,) = train_plans([(plan, tuple(range(seeds)))], engine, sweeps=True)
    shutil.rmtree(study_folder, ignore_errors=True)
    write_study(trained, study_folder, engine, form="flight")
    _say(
        f"   The README claims {_claimed(trained):+.2f} points of accuracy. It is in {study_folder}."
    )

    _say("2. Auditing the folder as a stranger would.")
    report = audit(read(study_folder / "netgain.toml"))
    flagged = [f for f in report.findings if f.verdict == "flagged"]
    for finding in flagged:
        _say(f"   {finding.code} {finding.name}: {finding.message}")

    _say("3. Re-training with each practice on and off.")
    waterfall, split = attribute_demo(trained, store, out, seeds=seeds, workers=workers)
    (out / "report.html").write_text(render(report, "html", waterfall), encoding="utf-8")
    (out / "report.json").write_text(render(report, "json"), encoding="utf-8")
    split.write(out / "split.json")
    _say(_verdict(waterfall, out))


def attribute_demo(
    trained: Trained, store: Path, out: Path, *, seeds: int, workers: int
) -> tuple[Any, Any]:
    """Split the demonstration's claim: factors by re-training, the selection by its own runs."""
    from netgain.attribution import AttributionPlan, attribute
    from netgain.practices import find
    from netgain.renderers.waterfall import Bar, Waterfall

    plan = trained.plan
    practices = [find(code) for code in DRESSED]
    factors = factors_of(plan, practices)
    os.environ[STORE_VARIABLE] = str(store.absolute())
    attribution_plan = AttributionPlan(
        baseline=asdict(plan.baseline),
        proposed=asdict(plan.proposed),
        factors=factors,
        callable="netgain.lab.demo:train",
        seeds=seeds,
        workers=workers,
        store=(out / "attribution.sqlite").absolute(),
    )
    split = attribute(None, attribution_plan)
    parts: dict[str, Bar] = {code: (s.value, s.low, s.high) for code, s in split.parts.items()}
    scores = trained.scores("proposed")
    parts["NG205"] = (trained.reported("proposed") - fmean(scores), None, None)
    net = split.method
    waterfall = Waterfall(
        claimed=_claimed(trained),
        parts={f"{code} {find(code).name}": parts[code] for code in DRESSED},
        net=None if net is None else (net.value, net.low, net.high),
        note=f"{split.runs} trainings, {split.seeds} paired seeds, {split.design}",
    )
    return waterfall, split


def _claimed(trained: Trained) -> float:
    return round(trained.reported("proposed"), 2) - round(trained.reported("baseline"), 2)


def _verdict(waterfall: Any, out: Path) -> str:
    lines = ["", "   where the claimed gain comes from, in points (95 % interval)"]
    for label, (value, low, high) in waterfall.parts.items():
        if low is None or high is None:
            shown = "exact: the reported run minus the mean of all"
        else:
            shown = f"({low:+.2f} to {high:+.2f})"
            shown += "" if low > 0 or high < 0 else "   not resolved: the interval contains 0"
        lines.append(f"   {label:<32} {value:+6.2f}  {shown}")
    value, low, high = waterfall.net
    lines.append(f"   {'unaccounted':<32} {waterfall.unaccounted:+6.2f}")
    lines += [
        "",
        f"   claimed {waterfall.claimed:+.1f} · net {value:+.1f} ({low:+.1f} to {high:+.1f})",
        "",
        f"   report: {out / 'report.html'}",
    ]
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
