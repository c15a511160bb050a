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
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")
START = "import sys; sys.path[:] = sys.argv[1:]; from netgain.side_process import serve; serve()"


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
    with subprocess.Popen(
        [sys.executable, "-I", "-c", START, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        helper = threading.Thread(target=_ask, args=(other, waiting, work, answers), daemon=True)
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
            other.kill()
            helper.join()
            raise
    return [answers[index] if index in answers else work(task) for index, task in enumerate(tasks)]


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
        pickle.dump(work, stdin)
        while waiting:
            index, task = waiting.pop()
            pickle.dump(task, stdin, pickle.HIGHEST_PROTOCOL)
            stdin.flush()
            answers[index] = pickle.load(stdout)  # noqa: S301  # written by our own process
    except (OSError, EOFError, IndexError, pickle.PickleError):
        other.kill()  # it has nothing more to do, or cannot go on
    finally:
        with contextlib.suppress(OSError):  # what is still buffered has no reader any more
            stdin.close()


def serve() -> None:
    """Answer tasks from standard input on standard output until there are no more."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    _answer(source, target)
    os._exit(0)  # taking millions of small values apart would keep the parent waiting


def _answer(source: BinaryIO, target: BinaryIO) -> None:
    from netgain.pacing import rare_collections

    with rare_collections():
        work: Callable[[Any], Any] = pickle.load(source)  # noqa: S301  # written by our parent
        while True:
            try:
                task = pickle.load(source)  # noqa: S301  # written by our parent
            except EOFError:
                return
            pickle.dump(work(task), target, pickle.HIGHEST_PROTOCOL)
            target.flush()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
