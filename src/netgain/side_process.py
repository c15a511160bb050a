"""A second process that takes over part of a long piece of work while this one does the rest.

It is started by its own command line and not forked, so that threads of the calling program do not matter
and a script without a main guard is not run again; its module search path is exactly that of its parent.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")
PIPE_BYTES = 2**20
"""Room in a pipe, so that answers of many megabytes come in large pieces where the system allows it."""
TURN_SECONDS = 0.0005
START = "import sys; sys.path[:] = sys.argv[1:]; from netgain.side_process import serve; serve()"


@dataclass
class _Other:
    """The second process of a block of work, where it was needed."""

    process: subprocess.Popen[bytes] | None = None

    def started(self) -> subprocess.Popen[bytes]:
        """Return the process, started where it does not run."""
        if self.process is None or self.process.poll() is not None:
            self.close()
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pipesize=PIPE_BYTES,
            )
        return self.process

    def kill(self) -> None:
        """End the process at once."""
        if self.process is not None:
            self.process.kill()

    def close(self) -> None:
        """Let the process end, which it does when nobody writes to it any more, and wait for that."""
        if self.process is None:
            return
        with contextlib.suppress(OSError):  # what is still buffered has no reader any more
            self.process.__exit__(None, None, None)
        self.process = None


_kept: ContextVar[_Other | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def one_process() -> Iterator[None]:
    """Let all work in a block share one second process, which then starts once."""
    with _other():
        yield


def in_one_process() -> bool:
    """Tell whether a block around shares one process, so that more work on the same evidence follows."""
    return _kept.get() is not None


@contextlib.contextmanager
def _other() -> Iterator[_Other]:
    """Return the second process of the block around, else one of its own that ends with this block."""
    around = _kept.get()
    if around is not None:
        yield around
        return
    other = _Other()
    mark = _kept.set(other)
    try:
        yield other
    except BaseException:
        other.kill()
        raise
    finally:
        _kept.reset(mark)
        other.close()


def worked_off(
    tasks: Sequence[Task],
    work: Callable[[Task], Answer],
    *,
    aside: bool,
    weight: Callable[[Task], float],
) -> list[Answer]:
    """Return the answer to each task, in order.

    Args:
        tasks: what is to be done; each must be picklable.
        work: a function of a module, found again by its name in the other process.
        aside: whether a second process takes the heaviest tasks while this one begins with the lightest.
        weight: effort of a task over the size of its answer, on any scale.
    """
    if not aside or len(tasks) < 2 or not sys.executable or _processors() < 2:
        return [work(task) for task in tasks]
    waiting = deque(sorted(enumerate(tasks), key=lambda item: weight(item[1])))
    answers: dict[int, Answer] = {}
    with _other() as other, _short_turns():
        process = other.started()
        helper = threading.Thread(target=_ask, args=(process, waiting, work, answers), daemon=True)
        helper.start()
        try:
            while waiting:
                try:
                    index, task = waiting.popleft()
                except IndexError:  # taken by the other process in between
                    break
                answers[index] = work(task)
            helper.join()
        except BaseException:
            process.kill()
            helper.join()
            raise
    return [answers[index] if index in answers else work(task) for index, task in enumerate(tasks)]


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Let the thread that takes answers in have its turn soon, since the other process waits for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, TURN_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _ask(
    other: subprocess.Popen[bytes],
    waiting: deque[tuple[int, Task]],
    work: Callable[[Task], Answer],
    answers: dict[int, Answer],
) -> None:
    """Hand tasks from the end to the other process; what it fails to answer is left unanswered."""
    stdin, stdout = other.stdin, other.stdout
    assert stdin is not None and stdout is not None  # both are pipes
    try:
        while waiting:
            try:
                index, task = waiting.pop()
            except IndexError:  # taken by this process in between
                return
            pickle.dump((work, task), stdin, pickle.HIGHEST_PROTOCOL)
            stdin.flush()
            answers[index] = pickle.load(stdout)  # noqa: S301  # written by our own process
    except (OSError, EOFError, pickle.PickleError):
        other.kill()  # it cannot go on


def serve() -> None:
    """Answer tasks from standard input on standard output until there are no more."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    _answer(source, target)
    os._exit(0)  # taking millions of small values apart would keep the parent waiting


def _answer(source: BinaryIO, target: BinaryIO) -> None:
    from netgain.pacing import rare_collections

    with rare_collections():
        work: Callable[[Any], Any]
        while True:
            try:
                work, task = pickle.load(source)  # noqa: S301  # written by our parent
            except EOFError:
                return
            pickle.dump(work(task), target, pickle.HIGHEST_PROTOCOL)
            target.flush()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
