"""A pytest plugin that keeps every small file the reader tests offer to a reader, as seeds.

`python -m tests.fuzz` runs it once: `pytest tests/readers -p tests.fuzz.harvest` with `NETGAIN_FUZZ_SEEDS`
naming the folder that the seeds go to, one subfolder for each reader.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netgain.readers import all_readers
from netgain.readers.base import Entry

LARGEST = 65_536
offered: set[Path] = set()
_make = Entry.__init__


def _noting(self: Entry, **values: object) -> None:
    _make(self, **values)  # type: ignore[arg-type]  # the fields of an entry
    offered.add(self.path)


Entry.__init__ = _noting  # type: ignore[method-assign]  # every test makes its entries itself


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Keep what one test offered, before its folder is deleted."""
    offered.clear()
    try:
        yield
    finally:
        for path in sorted(offered):
            keep(path, Path(os.environ["NETGAIN_FUZZ_SEEDS"]))


def keep(path: Path, folder: Path) -> None:
    """Copy one file below the name of the reader that claims it."""
    try:
        if not path.is_file() or path.is_symlink() or not 0 < path.stat().st_size <= LARGEST:
            return
        entry = object.__new__(Entry)
        _make(entry, path=path, display=str(path), size=path.stat().st_size)
        reader = next((r for r in all_readers() if r.sniff(entry)), None)
        content = path.read_bytes()
    except (OSError, ValueError):
        return
    if reader is None:
        return
    digest = hashlib.sha256(content).hexdigest()[:10]
    target = folder / reader.name.replace(" ", "_") / f"{digest}__{path.name[-80:]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
