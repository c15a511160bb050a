"""How long one file may keep its reader, and how much memory it may take, whatever the reader does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

STATUS = Path("/proc/self/statm")
"""Where Linux keeps the size of a process, in pages."""


class OutOfTime(BaseException):
    """A file has kept its reader too long; no `Exception`, so that no reader takes it for damage."""


@contextmanager
def time_bound(seconds: int) -> Iterator[Callable[[], None]]:
    """Let `OutOfTime` rise where one file takes longer than some seconds.

    Yields what to call before each file. The alarm of the system is used, which also ends a search in a long
    line; there is no bound outside the main thread, on systems without it, or while the caller uses it.
    """
    if not _alarm_is_free():
        yield lambda: None
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        yield lambda: _start(seconds)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _start(seconds: int) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _ring(number: int, frame: FrameType | None) -> NoReturn:
    raise OutOfTime


def _alarm_is_free() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    )


@contextmanager
def memory_bound(more: int) -> Iterator[None]:
    """Let `MemoryError` rise where this process grows by more than some bytes of address space.

    Linux only; a bound that the process already has stays if it is tighter.
    """
    try:
        import resource

        pages = int(STATUS.read_text().split()[0])
    except (ImportError, OSError, ValueError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = pages * resource.getpagesize() + more
    if any(limit != resource.RLIM_INFINITY and limit <= bound for limit in (soft, hard)):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
