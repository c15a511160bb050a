"""What is trained: one job, the user's way of training it, and what came of it."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netgain.errors import UsageError

Train = Callable[[dict[str, Any], int], Any]
"""`train(settings, seed)` returns a score, a dict of scores, or an artifact for `evaluate`."""

_TAIL_LINES = 15


class TrainingError(Exception):
    """One attempt at one job failed; the message is what the user needs to see of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training, and the settings its result is scored under."""

    key: str
    """Digest of everything that decides the result, as far as the plan says it."""
    settings: dict[str, Any]
    """Settings to train with."""
    seed: int
    """Seed to train with."""
    evaluations: tuple[dict[str, Any], ...] = ()
    """Settings to evaluate the trained artifact under; empty where training returns the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job, after all attempts."""

    job: Job
    """The job."""
    scores: tuple[float, ...] | None
    """One score, or one for each evaluation; None where every attempt failed."""
    attempts: int
    """Times it was tried."""
    error: str | None = None
    """End of the last attempt's error output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
    """The user's way of training: exactly one of command, callable and function is set.

    `train` raises `TrainingError`; nothing else leaves it.
    """

    metric: str
    """Key of the score."""
    folder: Path
    """Working folder of a command, import path of a callable."""
    command: str | None = None
    """Command line with {settings}, {seed} and {out}."""
    callable: str | None = None
    """`module:function` to train with."""
    evaluate: str | None = None
    """`module:function` to score an artifact with."""
    function: Train | None = None
    """A function handed over in Python."""

    @property
    def identity(self) -> str:
        """Return the words that, with settings and seed, say which result this is."""
        function = self.function
        named = function and f"{function.__module__}:{getattr(function, '__qualname__', function)}"
        return "\n".join(
            [self.command or self.callable or str(named), self.evaluate or "", self.metric]
        )

    def train(self, job: Job) -> tuple[float, ...]:
        """Train and score one job.

        Raises:
            TrainingError: the training failed or returned no finite score.
        """
        if self.command is not None:
            return (self._score(self._run_command(job)),)
        try:
            function = self.function or _imported(self.callable, self.folder)
            result = function(dict(job.settings), job.seed)
            if not job.evaluations:
                return (self._score(result),)
            evaluate = _imported(self.evaluate, self.folder)
            return tuple(self._score(evaluate(result, dict(each))) for each in job.evaluations)
        except TrainingError:
            raise
        except Exception as error:
            lines = traceback.format_exc().rstrip().splitlines()
            raise TrainingError("\n".join(lines[-_TAIL_LINES:])) from error

    def code_digest(self) -> str:
        """Return a digest of the files that the command or callable names, to notice edits."""
        digest = hashlib.sha256()
        for path in self._named_files():
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def _named_files(self) -> list[Path]:
        if self.command is not None:
            words = [word for word in shlex.split(self.command) if "{" not in word]
            return [self.folder / word for word in words[1:] if (self.folder / word).is_file()]
        modules = [name.partition(":")[0] for name in (self.callable, self.evaluate) if name]
        paths = [self.folder / (module.replace(".", "/") + ".py") for module in modules]
        return [path for path in paths if path.is_file()]

    def _run_command(self, job: Job) -> object:
        assert self.command is not None, "the caller looked"
        with tempfile.TemporaryDirectory(prefix="netgain-") as folder:
            settings, out = Path(folder, "settings.json"), Path(folder, "score.json")
            settings.write_text(json.dumps(job.settings), encoding="utf-8")
            places = {"{settings}": str(settings), "{seed}": str(job.seed), "{out}": str(out)}
            arguments = [_filled(word, places) for word in shlex.split(self.command)]
            with Path(folder, "stderr").open("w+b") as errors:
                try:
                    code = subprocess.run(
                        arguments,
                        cwd=self.folder,
                        stdin=subprocess.DEVNULL,
                        stdout=errors,
                        stderr=errors,
                        check=False,
                    ).returncode
                except OSError as error:
                    raise TrainingError(f"{arguments[0]}: {error.strerror}") from error
                if code != 0:
                    raise TrainingError(f"exit code {code}\n{_tail(errors)}")
            try:
                return json.loads(out.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise TrainingError(
                    f"exit code 0, but no JSON in the {{out}} file ({error}); expected "
                    f'{{"{self.metric}": number}}'
                ) from error

    def _score(self, result: object) -> float:
        """Take the score out of what the training returned."""
        if isinstance(result, Mapping):
            if self.metric not in result:
                names = ", ".join(str(key) for key in result)
                raise TrainingError(f"no {self.metric!r} in the result; it has: {names}")
            result = result[self.metric]
        try:
            score = float(result)  # type: ignore[arg-type]  # numbers of any library convert
        except (TypeError, ValueError) as error:
            raise TrainingError(
                f"{self.metric} is {type(result).__name__}, not a number"
            ) from error
        if not math.isfinite(score):
            raise TrainingError(f"{self.metric} is {score}; a split needs finite scores")
        return score


def job_key(
    trainer: Trainer, settings: Mapping[str, Any], seed: int, evaluations: tuple[Any, ...]
) -> str:
    """Return the key a result is stored under.

    Raises:
        UsageError: a setting is no JSON value.
    """
    try:
        text = json.dumps([trainer.identity, settings, seed, evaluations], sort_keys=True)
    except TypeError as error:
        raise UsageError(
            f"a setting is no JSON value ({error}); expected text, number, true"
        ) from error
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _filled(word: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word


def _imported(name: str | None, folder: Path) -> Callable[..., Any]:
    """Import `module:function` with the plan's folder first on the path."""
    assert name is not None, "a plan without a command names a callable"
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module_name, _, function_name = name.partition(":")
    module = importlib.import_module(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise TrainingError(f"{module_name} has no function {function_name!r}")
    checked: Callable[..., Any] = function
    return checked


def _tail(stream: Any) -> str:
    """Return the last lines of an output file."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 8192))
    lines = stream.read().decode("utf-8", "replace").rstrip().splitlines()
    return "\n".join(lines[-_TAIL_LINES:])
