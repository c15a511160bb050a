"""MLPerf reference convergence points: epochs to the target by batch size, as a published table.

They are measured by the benchmark's owners and describe no run of either arm; see
github.com/mlcommons/logging, `rcps_*.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json
from netgain.readers.base import DocumentFacts, Entry, Fact, Limits, Reader
from netgain.study import Paper, ResultTable

EPOCHS = "Epochs to converge"
COLUMNS = (
    "reference", "batch size", "optimizer", "base learning rate", "epochs to converge", "platform",
)  # fmt: skip


def sniff(entry: Entry) -> bool:
    """Recognise the file by the key that counts epochs."""
    return entry.name.lower().endswith(".json") and f'"{EPOCHS}"'.encode() in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Return one table with a row for each reference; epochs of its runs stay listed as written.

    Raises:
        UnreadableFile: not JSON, or no reference in it has a batch size and epochs.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    rows = tuple(_rows(document))
    if not rows:
        raise UnreadableFile(
            "no reference with a batch size and epochs; expected an MLPerf rcps_*.json"
        )
    table = ResultTable(
        header=COLUMNS,
        rows=rows,
        caption="MLPerf reference convergence points",
        source=entry.source(line=1),
    )
    yield DocumentFacts(location=entry.display, paper=Paper(tables=(table,)))


def _rows(document: Any) -> Iterator[tuple[str, ...]]:
    references = document.items() if isinstance(document, dict) else ()
    for name, reference in references:
        if not isinstance(reference, dict):
            continue
        epochs, batch = reference.get(EPOCHS), reference.get("BS")
        if not isinstance(epochs, list) or isinstance(batch, bool) or not isinstance(batch, int):
            continue
        settings = reference.get("Hyperparams")
        settings = settings if isinstance(settings, dict) else {}
        yield (
            str(name),
            str(batch),
            str(settings.get("optimizer", "")),
            str(settings.get("opt_base_learning_rate", "")),
            ", ".join(str(n) for n in epochs),
            str(reference.get("Platform", "")),
        )


READER = Reader(name="MLPerf reference points", order=22, sniff=sniff, read=read)
