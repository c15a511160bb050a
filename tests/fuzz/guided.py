"""The same fuzzing led by coverage: `python -m tests.fuzz.guided --format events`; needs atheris."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import warnings
from pathlib import Path


def main() -> None:
    """Let libFuzzer choose the inputs by the branches they reach in the readers."""
    import atheris  # type: ignore[import-not-found]  # an optional tool, in no list of requirements

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--format", required=True)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm/netgain-fuzz"))
    parser.add_argument("--keep", type=Path, default=None)
    asked = parser.parse_args()
    with atheris.instrument_imports(include=["netgain.readers"]):
        from tests.fuzz.__main__ import changed
        from tests.fuzz.formats import FORMATS
        from tests.fuzz.seeds import harvest, seeds_of
        from tests.fuzz.session import Session, bounded, fresh, in_process_pdf, save
    warnings.simplefilter("ignore")
    form = FORMATS[asked.format]
    if form.name == "pdf":
        in_process_pdf()
    harvest(asked.work / "seeds")
    seeds = seeds_of(form, asked.work / "seeds")
    corpus = fresh(asked.work / f"corpus-{form.name}")
    for number, (name, content) in enumerate(seeds):
        (corpus / str(number)).write_bytes(name.encode() + b"\n" + content)
    session = Session(form=form, folder=fresh(asked.work / f"in-guided-{form.name}"))
    bounded()
    began = time.monotonic()

    def one(data: bytes) -> None:
        name, _, content = data.partition(b"\n")
        file = Path(name.decode("utf-8", "replace").replace("\0", "")).name[:80]
        session.run(file if any(file == known for known, _ in seeds) else seeds[0][0], content)
        if session.executions >= asked.executions:
            sys.stdout.write(
                f"{form.name}: {session.executions:,} executions led by coverage in "
                f"{time.monotonic() - began:.0f} s, {session.read:,} with facts, "
                f"findings {sorted(session.findings)}\n"
            )
            sys.stdout.flush()
            save(session, asked.keep or asked.work / "findings")
            os._exit(1 if session.findings else 0)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        name, _, content = data.partition(b"\n")
        new = changed(form, content, rng, [rng.choice(seeds)[1]])
        return (name + b"\n" + new)[:max_size]

    options = [sys.argv[0], f"-max_len={2**17}", "-rss_limit_mb=0", "-timeout=60", "-verbosity=0",
               f"-runs={10 * asked.executions}", str(corpus)]  # fmt: skip
    atheris.Setup(options, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
