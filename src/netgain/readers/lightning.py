"""Lightning's CSV logger: metrics.csv with rows of several kinds interleaved, and hparams.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from netgain.readers._columns import read_delimited
from netgain.readers._documents import settings
from netgain.readers._table import facts_of_table
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts


def sniff(entry: Entry) -> bool:
    """Recognise `hparams.yaml`, and a `metrics.csv` with both step and epoch columns."""
    if entry.name == "hparams.yaml":
        return True
    first = entry.head.splitlines()[:1]
    names = {name.strip() for name in first[0].split(b",")} if first else set()
    return entry.name == "metrics.csv" and {b"step", b"epoch"} <= names


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of a logger version; empty hyperparameters (`{}`) still show a run.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.name == "hparams.yaml":
        found = settings(entry, limits)
        yield RunFacts(location=entry.folder, dialect="lightning", settings=found)
        return
    yield from facts_of_table(entry, read_delimited(entry, limits), "lightning")


READER = Reader(name="Lightning CSV logger", order=16, sniff=sniff, read=read)
