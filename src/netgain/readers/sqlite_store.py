"""SQLite databases of experiment trackers: MLflow's runs and Optuna's trials."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from netgain.errors import UnreadableFile
from netgain.readers import mlflow_sqlite, optuna_sqlite
from netgain.readers._sqlite import columns_of, connect
from netgain.readers.base import Entry, Limits, Reader, RunFacts


def sniff(entry: Entry) -> bool:
    """Recognise any SQLite file; whose it is shows only once it is open."""
    return entry.head.startswith(b"SQLite format 3\0")


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read every run or trial of the database.

    Raises:
        UnreadableFile: the database is damaged, neither MLflow's nor Optuna's, or holds no run.
    """
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    try:
        with closing(connect(entry)) as connection:
            columns = columns_of(connection)
            if optuna_sqlite.is_storage(columns):
                yield from optuna_sqlite.trials_of(entry, connection, columns)
            if "runs" in columns or not optuna_sqlite.is_storage(columns):
                yield from mlflow_sqlite.runs_of(entry, connection, columns)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())[:160]
        raise UnreadableFile(
            f"damaged SQLite database ({detail}); expected a whole store of MLflow or Optuna"
        ) from error


READER = Reader(name="SQLite store", order=45, sniff=sniff, read=read)
