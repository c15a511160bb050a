"""The flight recorder: counts what a training loop does and appends it to a file.

Torch-free; `netgain.recorder.hooks` connects it to a model, an optimizer and a loader. Nothing here ever
stops a training: an error of the recorder becomes an `error` line and one log message.

The loop's thread only counts and appends to deques. A second thread wakes twice a second, turns what it
finds into lines and writes them, so that a kill at any moment loses less than the last second.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netgain import __version__
from netgain.recorder import schema

_log = logging.getLogger("netgain.recorder")


@contextmanager
def record(folder: str | os.PathLike[str], **settings: Any) -> Iterator[Flight]:
    """Record the training inside the `with` block into `folder`.

    Keyword arguments are settings of the run, as in `Flight.config`. Exceptions of the block pass through
    and are noted as the end of the recording.
    """
    flight = Flight(Path(folder))
    if settings:
        flight.config(**settings)
    status = "interrupted"
    try:
        yield flight
        status = "finished"
    except Exception:
        status = "failed"
        raise
    finally:
        flight.close(status)


class Flight:
    """One recording in progress."""

    def __init__(self, folder: Path) -> None:
        """Open `folder`, made if need be; a recording already there is continued."""
        self.folder = folder
        self.steps = 0
        self.drawn = 0
        self.pending = 0
        self.trained = 0
        self.evaluated = 0
        self.passes = 0
        self.rates: deque[tuple[int, Any]] = deque()
        self.ids: deque[Any] = deque()
        self.last_rate: Any = None
        self.remembering = True
        self._expected: int | None = None
        self.on_score: Callable[[str], None] | None = None
        self._loss_step = self._next_loss = self._stride = 0
        self._losses: deque[tuple[int, str, Any]] = deque()
        self._rows: deque[dict[str, Any]] = deque()
        self._seen: set[Any] | None = set()
        self._counting = False
        self._written: tuple[int, ...] = ()
        self._failures: set[str] = set()
        self._closers: list[Callable[[], None]] = []
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        with self.guard("open"):
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open(folder / _file_name())
        self.row(
            "start",
            schema=schema.SCHEMA,
            netgain=__version__,
            time=time.time(),
            python=platform.python_version(),
            platform=f"{sys.platform}-{platform.machine()}",
        )
        self.flush()
        self._thread = threading.Thread(target=self._write_on, name="netgain-recorder", daemon=True)
        with self.guard("thread"):
            self._thread.start()

    # --- What a training loop calls -----------------------------------------------------------------

    def watch(self, model: Any, optimizer: Any = None) -> None:
        """Count this model's forward passes and this optimizer's steps.

        The first training batch is run once more, two samples of it, in evaluation mode and without
        gradients, to record the operations; random state, buffers and gradients stay as they are.
        """
        with self.guard("watch"):
            from netgain.recorder import hooks

            self._closers.append(hooks.watch(self, model, optimizer))

    def samples(self, loader: Any, *, ids: Callable[[Any], Any] | None = None) -> Any:
        """Return a loader that serves the same batches and counts the samples.

        Unique samples are counted by index where the loader has a `batch_sampler`, by `ids(batch)` where
        given, else by a fingerprint of 16 values of each sample, to which an augmented sample is new.
        """
        from netgain.recorder import hooks

        try:
            return hooks.Samples(self, loader, ids)
        except Exception as error:  # noqa: BLE001 - a recorder error never stops training
            self.fail("samples", error)
            return loader

    def config(self, **settings: Any) -> None:
        """Note settings of the run; nested dictionaries get dotted keys."""
        with self.guard("config"):
            self.row("config", settings=dict(_flat(settings)))

    def seed(self, value: int) -> None:
        """Note the seed of the run."""
        with self.guard("seed"):
            self.row("seed", value=int(value))

    def epoch(self, value: float) -> None:
        """Note that the loop counts `value` epochs done."""
        with self.guard("epoch"):
            self.row("epoch", value=float(value), steps=self.steps)

    def loss(self, **terms: Any) -> None:
        """Note loss terms by name; tensors are kept as they are and read when the file is written.

        Steps that come faster than a curve is kept are passed over.
        """
        step = self.steps
        if self._loss_step < step < self._next_loss:
            return
        try:
            self._loss_step, self._next_loss = step, step + self._stride
            losses = self._losses
            for name, value in terms.items():
                losses.append((step, name, value.detach() if hasattr(value, "detach") else value))
        except Exception as error:  # noqa: BLE001 - a recorder error never stops training
            self.fail("loss", error)

    def score(
        self,
        *,
        split: str,
        step: int | None = None,
        epoch: float | None = None,
        weights: schema.Weights = None,
        **metrics: Any,
    ) -> None:
        """Note scores on a split; `weights` says which weights were scored: live, averaged, ensemble."""
        with self.guard("score"):
            if weights is not None and weights not in schema.WEIGHTS:
                raise ValueError(f"weights={weights!r}; allowed: {', '.join(schema.WEIGHTS)}")
            self.row(
                "score",
                split=str(split),
                steps=self.steps if step is None else int(step),
                epoch=None if epoch is None else float(epoch),
                weights=weights,
                metrics={name: float(value) for name, value in metrics.items()},
            )
            if self.on_score is not None:
                self.on_score(str(split))

    # --- What the hooks call ------------------------------------------------------------------------

    def row(self, kind: str, **content: Any) -> None:
        """Queue one line."""
        self._rows.append({"kind": kind, "t": round(time.monotonic() - self._began, 3), **content})

    def serve(self, n: int | None) -> None:
        """Begin to count what a loader serves: one of `n` samples known by index, None by other keys."""
        self._expected = n if not self._counting else None
        self._counting = True

    def fail(self, where: str, error: BaseException) -> None:
        """Note an error of the recorder, once for each place."""
        if where in self._failures:
            return
        self._failures.add(where)
        message = f"{type(error).__name__}: {error}"[:500]
        self.row("error", where=where, message=message)
        _log.warning("recorder: %s failed (%s); training goes on", where, message)

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """Turn any error inside into an `error` line."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a recorder error never stops training
            self.fail(where, error)

    # --- Writing ------------------------------------------------------------------------------------

    def close(self, status: str) -> None:
        """Write what is left and the end; remove the hooks."""
        with self.guard("close"):
            self._stop.set()
            for closer in self._closers:
                closer()
            if self._thread.is_alive():
                self._thread.join(timeout=5)
        self.flush()
        self.row("end", status=status)
        self.flush()
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def flush(self) -> None:
        """Write everything queued so far."""
        with self.guard("flush"), self._lock:
            lines = [*_drain(self._rows), *self._losses_since(), *self._counts_since()]
            if self._descriptor is None or not lines:
                return
            text = "".join(json.dumps(line, default=str) + "\n" for line in lines)
            _write(self._descriptor, text.encode())

    def _write_on(self) -> None:
        """Flush until the recording is closed."""
        while not self._stop.wait(schema.FLUSH_SECONDS):
            self.flush()

    def _counts_since(self) -> list[dict[str, Any]]:
        """Return a line with the counters, if they moved."""
        rates = _thin(_drain(self.rates))
        self._remember(_drain(self.ids))
        now = (self.steps, self.drawn, self.trained, self.evaluated, self.passes)
        if now == self._written and not rates:
            return []
        self._stride = (self.steps - (self._written or (0,))[0]) // schema.POINTS
        self._written = now
        steps, drawn, trained, evaluated, passes = now
        if steps and (not rates or rates[-1][0] < steps) and self.last_rate is not None:
            rates.append((steps, self.last_rate))
        counted = self._counting
        return [
            {
                "kind": "steps",
                "t": round(time.monotonic() - self._began, 3),
                "steps": steps,
                "drawn": drawn if counted else None,
                "unique": len(self._seen) if counted and self._seen else None,
                "trained": trained,
                "evaluated": evaluated,
                "passes": passes if counted else None,
                "rates": [[step, float(rate)] for step, rate in rates],
            }
        ]

    def _remember(self, batches: list[Any]) -> None:
        """Add sample ids to those seen."""
        seen = self._seen
        for batch in batches:
            if seen is None:
                return
            seen.update(batch() if callable(batch) else batch)
            if len(seen) > schema.UNIQUE_LIMIT:
                self._seen = seen = None
        if seen is None or (self._expected is not None and len(seen) >= self._expected):
            # Every sample of the set has been drawn: there is none left that could be new.
            self.remembering = False

    def _losses_since(self) -> list[dict[str, Any]]:
        """Return one line for each loss term noted since the last call."""
        terms: dict[str, list[tuple[int, Any]]] = {}
        for step, name, value in _drain(self._losses):
            terms.setdefault(name, []).append((step, value))
        lines = []
        for name, points in terms.items():
            kept = _thin(points)
            lines.append(
                {
                    "kind": "loss",
                    "t": round(time.monotonic() - self._began, 3),
                    "name": name,
                    "steps": [step for step, _ in kept],
                    "values": [float(value) for _, value in kept],
                }
            )
        return lines


def _drain(queue: deque[Any]) -> list[Any]:
    """Take everything out of a deque that another thread may still be filling."""
    taken = []
    while True:
        try:
            taken.append(queue.popleft())
        except IndexError:
            return taken


def _thin(points: list[Any]) -> list[Any]:
    """Keep at most `schema.POINTS` evenly spaced points, first and last included."""
    if len(points) <= schema.POINTS:
        return points
    last = len(points) - 1
    return [points[round(i * last / (schema.POINTS - 1))] for i in range(schema.POINTS)]


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and JSON values."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif value is None or isinstance(value, str | int | float | bool):
            yield name, value
        else:
            yield name, str(value)


def _file_name() -> str:
    """Return the log's name; ranks of a distributed run beyond the first write their own."""
    rank = os.environ.get("RANK", "0")
    return schema.RECORDING if rank == "0" else schema.RECORDING.replace(".", f".rank{rank}.")


def _open(path: Path) -> int:
    """Open for appending; a line cut short by a kill is closed off first."""
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644
    )
    if path.stat().st_size:
        with path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                os.write(descriptor, b"\n")
    return descriptor


def _write(descriptor: int, content: bytes) -> None:
    """Write all bytes; the system may take them in parts."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
