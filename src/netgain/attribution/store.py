"""Results on disk, in a SQLite file that survives kill -9 at any moment.

A job is claimed before it starts, so that two attributions on one store share the work. A claim
lasts while its process lives: on the same machine that is looked up, elsewhere it shows by a
heartbeat.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from netgain.attribution.training import Job, Outcome
from netgain.errors import UsageError

HEARTBEAT_SECONDS = 10.0
STALE_SECONDS = 60.0
"""Age of the last heartbeat after which a claim from another machine is taken for dead."""

Claim = Literal["claimed", "done", "busy"]

_TABLE = """
CREATE TABLE IF NOT EXISTS result (
  key TEXT PRIMARY KEY, settings TEXT NOT NULL, seed INTEGER NOT NULL, state TEXT NOT NULL,
  owner TEXT NOT NULL, heartbeat REAL NOT NULL, scores TEXT, attempts INTEGER, error TEXT,
  code TEXT, finished REAL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A finished job as the store holds it."""

    scores: tuple[float, ...]
    """Its scores."""
    code: str
    """Digest of the training code that made them."""


class Store:
    """One results file; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            UsageError: it cannot be opened, or is no store.
        """
        self.path = path
        self._owner = _this_process()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            # A finished run may have cost hours: each is on disk, not in a cache, before the next
            # starts.
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise UsageError(
                f"{path}: cannot be used as results store ({error}); name another with [run] store"
            ) from error
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def __enter__(self) -> Store:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back unfinished claims and close the file."""
        self._closed.set()
        self._heart.join()
        with self._lock:
            self._database.execute(
                "DELETE FROM result WHERE state = 'claimed' AND owner = ?", (self._owner,)
            )
            self._database.close()

    def claim(self, job: Job) -> Claim:
        """Take a job for this process.

        Returns:
            `claimed` where it is now ours, `done` where its scores are stored already, `busy` where
            a living process is on it.
        """
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                row = self._database.execute(
                    "SELECT state, owner, heartbeat FROM result WHERE key = ?", (job.key,)
                ).fetchone()
                answer = _claimable(row, self._owner)
                if answer == "claimed":
                    self._database.execute(
                        "INSERT OR REPLACE INTO result (key, settings, seed, state, owner, "
                        "heartbeat) "
                        "VALUES (?, ?, ?, 'claimed', ?, ?)",
                        (job.key, json.dumps(job.settings), job.seed, self._owner, time.time()),
                    )
            finally:
                self._database.execute("COMMIT")
        return answer

    def record(self, outcome: Outcome, *, code: str) -> None:
        """Store what came of a job; it is on disk when this returns."""
        job = outcome.job
        scores = None if outcome.scores is None else json.dumps(outcome.scores)
        state = "failed" if scores is None else "done"
        with self._lock:
            self._database.execute(
                "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.key,
                    json.dumps(job.settings),
                    job.seed,
                    state,
                    self._owner,
                    time.time(),
                    scores,
                    outcome.attempts,
                    outcome.error,
                    code,
                    time.time(),
                ),
            )

    def finished(self, keys: Iterable[str]) -> dict[str, Stored]:
        """Return the finished jobs among `keys`."""
        wanted = set(keys)
        with self._lock:
            rows = self._database.execute(
                "SELECT key, scores, code FROM result WHERE state = 'done'"
            ).fetchall()
        return {
            key: Stored(scores=tuple(json.loads(scores)), code=code)
            for key, scores, code in rows
            if key in wanted
        }

    def _beat(self) -> None:
        """Keep this process's claims alive."""
        while not self._closed.wait(HEARTBEAT_SECONDS):
            with self._lock:
                self._database.execute(
                    "UPDATE result SET heartbeat = ? WHERE state = 'claimed' AND owner = ?",
                    (time.time(), self._owner),
                )


def _claimable(row: tuple[str, str, float] | None, owner: str) -> Claim:
    if row is None or row[0] == "failed":
        return "claimed"
    if row[0] == "done":
        return "done"
    alive = row[1] != owner and _is_alive(row[1], row[2])
    return "busy" if alive else "claimed"


def _this_process() -> str:
    """Return a name no other process has or will have: host, process id and start time."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_started(pid) or int(time.time())}"


def _is_alive(owner: str, heartbeat: float) -> bool:
    """Tell whether the process that made a claim still works on it."""
    if time.time() - heartbeat > STALE_SECONDS:
        return False
    host, pid, started = owner.rsplit("/", 2)
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    now = _started(int(pid))
    return now is None or now == started


def _started(pid: int) -> str | None:
    """Return when a process started, in the kernel's own unit; None where that is not shown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
