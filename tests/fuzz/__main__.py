"""Fuzz readers: `python -m tests.fuzz --format events --executions 200000`."""

from __future__ import annotations

import argparse
import csv
import faulthandler
import json
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import warnings
import zipfile
import zlib
from pathlib import Path

from tests.fuzz.audits import AUDIT, fuzz_audits
from tests.fuzz.bytes_and_text import mangle, mangle_text
from tests.fuzz.formats import BINARY, FORMATS, Format
from tests.fuzz.seeds import Seed, harvest, seeds_of
from tests.fuzz.session import Session, bounded, fresh, in_process_pdf, save

UNFIT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, EOFError,
         struct.error, zlib.error, zipfile.BadZipFile, csv.Error, sqlite3.Error, OSError,
         NotImplementedError, RuntimeError, MemoryError)  # fmt: skip
"""What a change made for whole files raises on one that is broken; bytes are changed instead."""

MOST_SEEDS = 600
"""Seeds kept of one format, with the inputs that brought something new."""
LARGEST_NEW = 16_384
SLOW_SEED = 0.5
"""Seconds above which a seed is run once and not changed."""


def changed(form: Format, content: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Change a seed once, mostly in the way of its format."""
    try:
        if rng.random() < 0.75:
            import yaml

            try:
                return form.change(content, rng, pool)
            except yaml.YAMLError:
                pass
        elif form.goal < BINARY and not form.folder and rng.random() < 0.5:
            return mangle_text(content, rng, pool)
        if form.folder:
            return form.change(content, rng, pool)
    except UNFIT:
        pass
    return content if form.folder else mangle(content, rng, pool)


def fuzz(form: Format, executions: int, seed: int, work: Path) -> Session:
    """Run changed seeds through a reader; inputs that bring a new outcome become seeds."""
    seeds: list[Seed] = seeds_of(form, work / "seeds")
    if not seeds:
        raise SystemExit(f"{form.name}: no seed")
    rng = random.Random(f"{form.name} {seed}")
    session = Session(form=form, folder=fresh(work / f"in-{form.name}"))
    bounded()
    known, whole = set(), []
    for each in list(seeds):
        began = time.process_time()
        outcome = session.run(*each)
        known.add(outcome)
        if time.process_time() - began > SLOW_SEED:
            seeds.remove(each)  # a bomb of the tests' own
        elif outcome.startswith("facts"):
            whole.append(each)
    began = said = time.monotonic()
    first = len(seeds)
    while session.executions < executions:
        chance = rng.random()
        among = seeds[first:] if chance < 0.25 else whole if chance < 0.75 else seeds
        name, content = rng.choice(among or seeds)
        pool = [rng.choice(seeds)[1]]
        new = changed(form, content, rng, pool)
        if form.goal == BINARY or rng.random() < 0.9:
            outcome = session.run(name, new)
        else:
            outcome = session.run(name, changed(form, new, rng, pool))
        if outcome not in known and len(seeds) < MOST_SEEDS and len(new) <= LARGEST_NEW:
            known.add(outcome)
            if outcome.startswith(("facts", "refused")):
                seeds.append((name, new))
                if outcome.startswith("facts"):
                    whole.append((name, new))
        if time.monotonic() - said > 60:
            said = time.monotonic()
            sys.stderr.write(f"[{form.name}] {session.executions:,} in {said - began:.0f} s\n")
    return session


def main() -> int:
    """Fuzz the named formats one after another, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--format", action="append", choices=[*FORMATS, "audit", "all"], help="repeatable"
    )
    parser.add_argument("--executions", type=int, default=0, help="0: the goal of each format")
    parser.add_argument("--seed", type=int, default=0, help="start of the random numbers")
    parser.add_argument("--work", type=Path, default=Path("/dev/shm/netgain-fuzz"))
    parser.add_argument("--keep", type=Path, default=None, help="folder for findings")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = [*FORMATS, "audit"] if "all" in (asked.format or ["all"]) else asked.format
    keep = asked.keep or asked.work / "findings"
    if not asked.child:
        harvest(asked.work / "seeds")
        worst = 0
        for name in names:
            command = [sys.executable, "-m", "tests.fuzz", "--child", "--format", name,
                       "--executions", str(asked.executions), "--seed", str(asked.seed),
                       "--work", str(asked.work), "--keep", str(keep)]  # fmt: skip
            code = subprocess.run(command, check=False).returncode
            if code < 0:
                sys.stderr.write(f"[{name}] died of signal {-code}; its last input lies in "
                                 f"{asked.work / ('in-' + name)}\n")  # fmt: skip
            worst = max(worst, abs(code))
        return worst
    faulthandler.enable()
    warnings.simplefilter("ignore")  # of the changes; a reader's own are looked at
    (name,) = names
    form = FORMATS.get(name, AUDIT)
    if name == "pdf":
        in_process_pdf()
    began = time.monotonic()
    count = asked.executions or form.goal
    if form is AUDIT:
        session = fuzz_audits(count, asked.seed, asked.work)
    else:
        session = fuzz(form, count, asked.seed, asked.work)
    line = {"format": name, "executions": session.executions, "facts": session.read,
            "refused": session.refused, "slowest": round(session.slowest, 2),
            "seconds": round(time.monotonic() - began), "findings": sorted(session.findings)}  # fmt: skip
    with (asked.work / "log.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)
    save(session, keep)
    os._exit(1 if session.findings else 0)


if __name__ == "__main__":
    sys.exit(main())
