"""Shared ways to offer files to readers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts

ReadAll = Callable[..., list[Fact]]
ReadRun = Callable[..., RunFacts]


def entry_of(path: Path) -> Entry:
    """Wrap a file as the walk does, cited by its bare path."""
    return Entry(path=path, display=str(path), size=path.stat().st_size)


@pytest.fixture
def read_all() -> ReadAll:
    """Sniff a file and return every fact a reader finds in it."""

    def call(reader: Reader, path: Path, limits: Limits | None = None) -> list[Fact]:
        entry = entry_of(path)
        assert reader.sniff(entry), f"{reader.name} does not recognise {path.name}"
        return list(reader.read(entry, limits or Limits()))

    return call


@pytest.fixture
def read_run(read_all: ReadAll) -> ReadRun:
    """Sniff a file and return the one run a reader finds in it."""

    def call(reader: Reader, path: Path, limits: Limits | None = None) -> RunFacts:
        (fact,) = read_all(reader, path, limits)
        assert isinstance(fact, RunFacts)
        return fact

    return call


@pytest.fixture
def real_data() -> Path:
    """Return the folder of real evidence, or skip."""
    folder = os.environ.get("NETGAIN_REAL_DATA")
    if not folder:
        pytest.skip("NETGAIN_REAL_DATA is not set")
    return Path(folder)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file below the test's folder and return its path."""

    def call(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return call
