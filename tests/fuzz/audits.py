"""Whole audits over one changed file beside good runs: what a reader lets through must not end an audit."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import netgain
from netgain.errors import UsageError
from netgain.renderers import render
from netgain.renderers.study import study_text
from tests.fuzz.formats import FORMATS, Format
from tests.fuzz.seeds import Seed, seeds_of
from tests.fuzz.session import SECONDS, Hang, Session, bounded, fresh, where

AUDIT = Format(name="audit", reader="", change=lambda data, rng, pool: data, goal=5_000)
"""The name that findings of whole audits are kept under."""


def good_runs(root: Path) -> Path:
    """Write a good run for each arm and return the folder that the changed file goes to."""
    for arm, batch in (("baseline", 8), ("ours", 16)):
        folder = root / arm / "run0"
        folder.mkdir(parents=True)
        settings = {"batch_size": batch, "max_iters": 9, "lr": 0.1, "seed": 0}
        (folder / "config.json").write_text(json.dumps(settings))
        (folder / "metrics.csv").write_text("epoch,test_acc\n1,0.5\n2,0.6\n")
    bad = root / "ours" / "bad"
    bad.mkdir()
    return bad


def audit(root: Path) -> None:
    """Read and audit both arms, and write the report in every way that a user can ask for.

    Raises:
        Exception: what must not leave an audit: anything but `UsageError`.
    """
    try:
        study = netgain.read(baseline=root / "baseline", proposed=root / "ours")
    except UsageError:
        return
    report = netgain.audit(study)
    for form in ("json", "html", "text", "markdown", "sarif", "junit"):
        render(report, form).encode("utf-8")
    study_text(study).encode("utf-8")
    for finding in report.findings:
        if any("a netgain without this error" in need for need in finding.needs):
            raise AssertionError(f"{finding.code}: {finding.needs[0][:150]}")
    for item in study.unread:
        if "damaged or unexpected content (" in item.why:
            raise AssertionError(f"caught by the walk: {item.why[:150]}")


def fuzz_audits(executions: int, seed: int, work: Path) -> Session:
    """Audit the good runs beside one changed file of a random format, again and again."""
    from tests.fuzz.__main__ import changed

    seeds: dict[str, list[Seed]] = {
        name: found for name, form in FORMATS.items() if (found := seeds_of(form, work / "seeds"))
    }
    rng = random.Random(f"audit {seed}")
    root = fresh(work / "in-audit")
    bad = good_runs(root)
    session = Session(form=AUDIT, folder=bad)
    bounded()
    said = time.monotonic()
    while session.executions < executions:
        name = rng.choice(list(seeds))
        if FORMATS[name].folder or name == "pdf":
            continue
        file, content = rng.choice(seeds[name])
        pool = [rng.choice(seeds[name])[1]]
        run_audit(session, root, file, changed(FORMATS[name], content, rng, pool))
        if time.monotonic() - said > 60:
            said = time.monotonic()
            sys.stderr.write(f"[audit] {session.executions:,}\n")
    return session


def run_audit(session: Session, root: Path, name: str, content: bytes) -> str:
    """Audit once; return a word for what came of it."""
    session.executions += 1
    path = session.place(name, content)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, 3 * SECONDS)
    outcome = "audited"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            audit(root)
    except Hang as hang:
        outcome = session.note("hang", hang, name, content)
    except Exception as error:  # noqa: BLE001 - whatever ends an audit is what is looked for
        outcome = session.note(f"{type(error).__name__} {str(error)[:6]}", error, name, content)
        outcome += where(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    session.slowest = max(session.slowest, time.process_time() - began)
    session.read += 1
    path.unlink(missing_ok=True)
    return outcome
