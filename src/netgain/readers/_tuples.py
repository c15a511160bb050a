"""Scores that scripts write as bare tuples, a line for each evaluation: `(0.58, 0.84) (0.57, 0.82)`.

Their names stand in a header of the same shape (`epoch (val_ndcg, val_hr) (test_ndcg, test_hr)`). SASRec's
PyTorch version writes them without one, always NDCG@10 before the hit rate, validation before test; the
options beside the log tell its habit, and values that this order cannot have are refused.
"""

from __future__ import annotations

import re

from netgain.errors import UnreadableFile
from netgain.readers._columns import Table, table_of_records
from netgain.readers.base import Entry, Limits

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d{1,3})?"
ROW = re.compile(rf"\s*(?:{NUMBER}\s+)?\({NUMBER}, {NUMBER}\)\s*\({NUMBER}, {NUMBER}\)\s*")
HEADER = re.compile(r"\s*(?:\w{1,30}\s+)?\(\w{1,30}, \w{1,30}\)\s*\(\w{1,30}, \w{1,30}\)\s*")
SASREC = ("validation/ndcg@10", "validation/hr@10", "test/ndcg@10", "test/hr@10")
OPTIONS = (b"maxlen", b"hidden_units", b"num_blocks", b"l2_emb")
"""Options that SASRec's code writes into `args.txt`."""
FEWEST = 2
LOG = re.compile(r"log|metric|result|score|eval", re.IGNORECASE)
"""Names of files whose tuples are scores."""


def table_of_tuples(entry: Entry, limits: Limits) -> Table | None:
    """Return the scores of a log of bare tuples; None for any other file.

    Raises:
        UnreadableFile: the log holds such tuples and nothing names them.
    """
    first = entry.head[:400].decode("utf-8", "replace").partition("\n")[0]
    headed = HEADER.fullmatch(first) is not None and re.search(r"[A-Za-z]", first) is not None
    if not headed and ROW.fullmatch(first) is None:
        return None
    lines = entry.text(limits.text_bytes).splitlines()
    rows = [
        (number, [float(word) for word in re.findall(NUMBER, line)])
        for number, line in enumerate(lines, start=1)
        if ROW.fullmatch(line)
    ]
    full = sum(bool(line.strip()) for line in lines)
    width = len(rows[0][1]) if rows else 0
    if len(rows) < FEWEST or len(rows) + headed < full:
        return None
    names = tuple(re.findall(r"\w+", first)) if headed else _of_sasrec(entry, rows)
    if not names and not LOG.search(entry.name):
        return None  # coordinates, edges of a graph
    if not names:
        raise UnreadableFile(
            "tuples of numbers without names; expected a header, or the script that wrote them beside"
        )
    if any(len(values) != width for _, values in rows) or len(names) != width:
        return None
    records = [dict(zip(names, values, strict=True)) for _, values in rows]
    return table_of_records(records, [number for number, _ in rows])


def _of_sasrec(entry: Entry, rows: list[tuple[int, list[float]]]) -> tuple[str, ...]:
    """Return the names of SASRec's four scores where its options lie beside and no value denies them."""
    options = entry.path.with_name("args.txt")
    if not options.is_file() or options.is_symlink():
        return ()
    with options.open("rb") as stream:
        written = stream.read(4096)
    fits = all(
        len(values) == len(SASREC)
        and 0 <= values[0] <= values[1] <= 1
        and 0 <= values[2] <= values[3] <= 1
        for _, values in rows
    )
    return SASREC if fits and all(option in written for option in OPTIONS) else ()
