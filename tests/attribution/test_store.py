"""The store: claims, owners and what survives."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netgain.attribution.store import Store
from netgain.attribution.training import Job, Outcome
from netgain.errors import UsageError

JOB = Job(key="k", settings={"x": 1}, seed=0)


def outcome(scores):
    """Return an outcome of the job."""
    return Outcome(job=JOB, scores=scores, attempts=1, error=None if scores else "boom")


def set_owner(path, owner, heartbeat):
    """Rewrite who claimed the job, as another process would have left it."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE result SET owner = ?, heartbeat = ?", (owner, heartbeat))
    database.close()


def test_a_finished_job_is_never_given_out_again(tmp_path):
    """Once its scores are stored a job is done, for this process and the next."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        assert store.claim(JOB) == "claimed"
        store.record(outcome((91.5,)), code="c")
        assert store.claim(JOB) == "done"
    with Store(path) as store:
        assert store.claim(JOB) == "done"
        assert store.finished(["k", "other"])["k"].scores == (91.5,)


def test_a_claim_of_a_living_process_holds(tmp_path):
    """A job that another process works on is busy."""
    path = tmp_path / "s.sqlite"
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with Store(path) as store:
        store.claim(JOB)
        host, _, _ = store._owner.rsplit("/", 2)
        started = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        set_owner(path, f"{host}/{other.pid}/{started}", time.time())
        assert store.claim(JOB) == "busy"
        other.communicate(b"\n")
        assert store.claim(JOB) == "claimed"


def test_a_claim_of_a_reused_process_id_does_not_hold(tmp_path):
    """A process that started at another time is not the one that made the claim."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.claim(JOB)
        host, _, _ = store._owner.rsplit("/", 2)
        set_owner(path, f"{host}/{os.getppid()}/1", time.time())
        assert store.claim(JOB) == "claimed"


@pytest.mark.parametrize(("age", "answer"), [(5, "busy"), (3600, "claimed")])
def test_a_claim_from_another_machine_lives_by_its_heartbeat(tmp_path, age, answer):
    """Where the process cannot be seen, a fresh heartbeat holds and a stale one does not."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.claim(JOB)
        set_owner(path, "elsewhere/77/123", time.time() - age)
        assert store.claim(JOB) == answer


def test_a_failed_job_may_be_tried_again(tmp_path):
    """A failure is recorded and does not block the next start."""
    with Store(tmp_path / "s.sqlite") as store:
        store.claim(JOB)
        store.record(outcome(None), code="c")
        assert store.finished(["k"]) == {}
        assert store.claim(JOB) == "claimed"


def test_closing_gives_back_unfinished_claims(tmp_path):
    """An orderly end leaves no claim behind."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.claim(JOB)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM result").fetchone() == (0,)
    database.close()


def test_a_file_that_is_no_store_is_refused(tmp_path):
    """Another file is not overwritten; the message says what to do."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, at some length, so that it has a header of its own" * 30)
    with pytest.raises(UsageError, match="cannot be used as results store"):
        Store(path)
