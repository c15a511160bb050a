"""A progress bar with the time left, on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Any


class Progress:
    """Counts finished trainings; silent unless shown."""

    def __init__(self, *, shown: bool) -> None:
        """Prepare a bar that is drawn only where `shown`."""
        self._shown = shown
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        """Return the counter."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int, done: int) -> None:
        """Set how many trainings there are and how many are finished already."""
        if not self._shown:
            return
        if self._bar is None:
            self._bar = _new_bar()
            self._task = self._bar.add_task("training", total=total - done)
            self._bar.start()
        else:
            remaining = total - done + self._bar.tasks[0].completed
            self._bar.update(self._task, total=remaining)

    def advance(self) -> None:
        """Count one more finished training."""
        if self._bar is not None:
            self._bar.advance(self._task)


def _new_bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
