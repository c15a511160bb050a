"""Bounds that hold whatever a reader does: time and memory of one file."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from netgain import readers
from netgain.readers import read_paths
from netgain.readers._bounds import OutOfTime, memory_bound, time_bound
from netgain.readers.base import Limits, Reader

needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm here")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="bounded on Linux only")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make one good run beside a file whose reader never ends and one whose reader takes all memory."""

    def endless(entry: object, limits: object) -> tuple[()]:
        try:
            while True:
                time.sleep(0.01)
        except Exception:  # noqa: BLE001 - as a careless reader would
            return ()

    def greedy(entry: object, limits: object) -> tuple[()]:
        bytearray(3 * 2**30)
        return ()

    made = tuple(
        Reader(name=name, order=0, sniff=lambda e, n=name: e.name == n, read=read)
        for name, read in (("endless", endless), ("greedy", greedy))
    )
    known = readers.all_readers()
    monkeypatch.setattr(readers, "all_readers", lambda: (*made, *known))
    (tmp_path / "endless").write_text("x")
    (tmp_path / "greedy").write_text("x")
    (tmp_path / "metrics.csv").write_text("epoch,loss\n0,1.5\n1,0.5\n")
    return tmp_path


@needs_alarm
@needs_linux
def test_a_file_over_its_time_or_memory_is_one_line_and_the_rest_is_read(folder: Path) -> None:
    """Both files are named with the limit they exceed; the good run stays, and no alarm is left behind."""
    found = read_paths([folder], Limits(seconds=1, memory_bytes=2**30))
    told = {Path(one.path).name: one.why for one in found.unread}
    assert told.keys() == {"endless", "greedy"}
    assert "limit of 1 seconds" in told["endless"]
    assert "limit of 1,073,741,824 bytes" in told["greedy"]
    assert len(found.facts) == 1
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@needs_alarm
def test_a_search_that_backtracks_without_end_is_ended() -> None:
    """The alarm also ends a regular expression at work."""
    import re

    began = time.monotonic()
    with pytest.raises(OutOfTime), time_bound(1) as start:
        start()
        re.match(r"(a*)*b", "a" * 40)
    assert time.monotonic() - began < 8


@needs_alarm
def test_an_alarm_of_the_caller_is_left_alone() -> None:
    """Where the caller has a handler of its own nothing is bounded and nothing replaced."""

    def own(*_: object) -> None: ...

    signal.signal(signal.SIGALRM, own)
    try:
        with time_bound(1) as start:
            start()
            assert signal.getsignal(signal.SIGALRM) is own
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_other_threads_read_without_a_bound() -> None:
    """Alarms belong to the main thread; another one reads all the same."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with time_bound(1) as start:
                start()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert raised == []


@needs_linux
def test_the_bound_on_memory_ends_with_the_files() -> None:
    """What the process may take afterwards is what it might before."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with memory_bound(2**30):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != before[0]
    assert resource.getrlimit(resource.RLIMIT_AS) == before
