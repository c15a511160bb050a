"""What fuzzing found stays mended: every kept input, and a short run of fresh ones over each format."""

from __future__ import annotations

import random
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.__main__ import changed
from tests.fuzz.formats import FORMATS
from tests.fuzz.seeds import made
from tests.fuzz.session import Session, in_process_pdf

FINDINGS = sorted(p for p in (Path(__file__).parent / "fuzz" / "findings").glob("*/*"))
SECONDS = 5
"""Longest processor time of one kept input; each is smaller than 64 kB."""
FRESH = 25
"""Changed seeds of each format in the short run."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a hang end as a failure, and keep the PDF reader in this process."""
    from netgain.readers import pdf
    from tests.fuzz.session import _too_long

    monkeypatch.setattr(pdf, "_pages", pdf._pages)
    in_process_pdf()
    before = signal.signal(signal.SIGALRM, _too_long)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda p: f"{p.parent.name}-{p.name[:40]}")
def test_a_kept_finding_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    """An input that once crashed, hung or filled the memory gives facts or one line, soon."""
    session = Session(form=FORMATS[path.parent.name], folder=tmp_path, quiet=True)
    began = time.process_time()
    outcome = session.run(path.name.partition("__")[2].removesuffix(".input"), path.read_bytes())
    assert outcome.startswith(("facts", "refused")), outcome
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", FORMATS)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    """Seeds that code makes give facts, and a few changed ones facts or one line."""
    form = FORMATS[name]
    session = Session(form=form, folder=tmp_path, quiet=True)
    seeds = list(made(form))
    assert seeds
    assert any(session.run(*seed).startswith("facts") for seed in seeds)
    rng = random.Random(name)
    for _ in range(FRESH):
        file, content = rng.choice(seeds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the changes
            new = changed(form, content, rng, [rng.choice(seeds)[1]])
        session.run(file, new)
    assert not session.findings
