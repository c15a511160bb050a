"""Ray Tune's trial folders: result.json (JSON lines) or progress.csv; params.json is a settings file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from netgain.readers._columns import Table, read_delimited, table_of_records
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import scalar, typed_text
from netgain.readers._table import facts_of_table
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting
from netgain.readers.metric_log import json_rows

HOUSEKEEPING = re.compile(
    r"time_this_iter_s|time_total_s|time_since_restore|timestamp|date|pid|node_ip|iterations_since_restore|"
    r"timesteps_(total|since_restore)|warmup_time|experiment_(id|tag)|should_checkpoint|done|trial_id|"
    r"checkpoint_dir_name|training_iteration|hostname|episodes_total|config/.*"
)
"""Columns Tune adds to what the script reports; `training_iteration` counts reports, not steps."""


def sniff(entry: Entry) -> bool:
    """Recognise a trial's log by its fixed name and the columns Tune adds."""
    marked = b"training_iteration" in entry.head and b"trial_id" in entry.head
    return entry.name in ("result.json", "progress.csv") and marked


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one trial as one run; progress.csv is passed over where result.json lies beside it.

    Raises:
        UnreadableFile: damaged.
    """
    if entry.name == "progress.csv":
        if not (entry.path.parent / "result.json").is_file():
            yield from _from_table(entry, read_delimited(entry, limits))
        return
    rows, lines = json_rows(entry, limits)
    reported = [{k: v for k, v in row.items() if not HOUSEKEEPING.fullmatch(k)} for row in rows]
    table = table_of_records(reported, lines)
    yield from _run(entry, table, rows[-1], line=lines[-1])


def _from_table(entry: Entry, table: Table) -> Iterator[Fact]:
    last = len(table.lines) - 1
    row = {name: table.cell(name, last) for name in table.numbers} if last >= 0 else {}
    reported = Table(
        {k: v for k, v in table.numbers.items() if not HOUSEKEEPING.fullmatch(k)},
        {k: v for k, v in table.texts.items() if not HOUSEKEEPING.fullmatch(k)},
        table.lines,
    )
    yield from _run(entry, reported, row, line=int(table.lines[-1]) if last >= 0 else 1)


def _run(entry: Entry, table: Table, last: Mapping[str, Any], *, line: int) -> Iterator[Fact]:
    settings = [
        Setting(
            key=key.removeprefix("config/").replace("/", "."),
            value=typed_text(value) if isinstance(value, str) else scalar(value),
            source=entry.source(line=line, key=key),
        )
        for key, value in last.items()
        if key.startswith("config/")
    ]
    seconds = last.get("time_total_s")
    if isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds > 0:
        source = entry.source(line=line, key="time_total_s")
        settings.append(
            Setting(key="wall_seconds", value=float(seconds), source=source, strength="logged")
        )
    if last.get("hostname"):
        source = entry.source(line=line, key="hostname")
        settings.append(
            Setting(key="hostname", value=str(last["hostname"]), source=source, strength="logged")
        )
    done = str(last.get("done")).lower() == "true"
    status: Literal["finished", "unknown"] = "finished" if done else "unknown"
    dialect = dialect_of([*table.numbers, *(setting.key for setting in settings)])
    for fact in facts_of_table(entry, table, dialect):
        if isinstance(fact, RunFacts):
            yield replace(
                fact,
                settings=(*settings, *fact.settings),
                status=status,
                status_source=entry.source(line=line, key="done"),
            )


READER = Reader(name="Ray Tune trial", order=26, sniff=sniff, read=read)
