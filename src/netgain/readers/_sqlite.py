"""SQLite databases, opened so that nothing beside the evidence is written and no query runs for ever."""

from __future__ import annotations

import sqlite3
import time

from netgain.readers.base import Entry

MOST_SECONDS = 300.0
"""Longest time one database may keep SQLite busy; a small one gets less."""
FEWEST_SECONDS = 8.0


def connect(entry: Entry) -> sqlite3.Connection:
    """Open read-only and immutable, so that not even a journal file is made beside the evidence.

    Rows that wait in a write-ahead log beside the file are not seen: replaying it would write.
    """
    uri = f"{entry.path.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    seconds = min(MOST_SECONDS, FEWEST_SECONDS + entry.size / 2**20)
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1_000_000)
    return connection


def columns_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the columns of each real table; a view could compute without end and is left alone."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: {
            row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
        }
        for (name,) in names
    }
