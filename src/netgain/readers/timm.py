"""timm's training script: args.yaml and summary.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.readers._columns import read_delimited
from netgain.readers._documents import settings
from netgain.readers._table import facts_of_table
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts


def sniff(entry: Entry) -> bool:
    """Recognise the files by name and by keys that only timm's script writes."""
    if entry.name == "args.yaml":
        keys = set(re.findall(rb"^(\w+):", entry.head, re.MULTILINE))
        return len(keys & {b"aa", b"aug_repeats", b"amp_impl", b"bce_loss", b"crop_pct"}) >= 2
    return entry.name == "summary.csv" and entry.head.startswith(b"epoch,train_loss,eval_")


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file; a summary that starts above epoch 0 belongs to a resumed or fine-tuned run.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.name == "args.yaml":
        found = settings(entry, limits)
        yield RunFacts(location=entry.folder, dialect="timm", settings=found)
        return
    yield from facts_of_table(entry, read_delimited(entry, limits), "timm")


READER = Reader(name="timm training script", order=18, sniff=sniff, read=read)
