"""One session of fuzzing: run an input through a reader, judge what comes of it, keep what is wrong."""

from __future__ import annotations

import hashlib
import io
import math
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import FrameType

from netgain.errors import UnreadableFile
from netgain.readers import all_readers
from netgain.readers.base import Fact, Reader, RunFacts
from tests.fuzz.formats import BINARY, LIMITS, Format, entry_of

SECONDS = 10
"""Longest time of one input."""
SLOW = 1.0
"""Processor seconds above which an input is noted as slow."""
MEMORY_BYTES = 1_500_000_000
"""Address space a session may take beyond what it had when it began."""


class Hang(BaseException):
    """An input took longer than it may; no reader's `except Exception` swallows it."""


class Wrong(Exception):
    """A reader gave a fact that breaks what facts promise."""


@dataclass(kw_only=True)
class Session:
    """Counts and findings of one format."""

    form: Format
    """What is fuzzed."""
    folder: Path
    """Where inputs are written."""
    executions: int = 0
    """Inputs run so far."""
    read: int = 0
    """Inputs that gave at least one fact."""
    refused: int = 0
    """Inputs that gave one line."""
    slowest: float = 0.0
    """Processor seconds of the slowest input."""
    findings: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Name and content of the first input of each kind of failure."""
    quiet: bool = False
    """Whether findings are kept without a word."""
    _written: dict[str, bytes] = field(default_factory=dict)

    def run(self, name: str, content: bytes) -> str:
        """Run one input and return a word for what came of it."""
        self.executions += 1
        began = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            path = self.place(name, content)
            sniffs = self.form.goal < BINARY or self.executions % 4 < 2
            outcome = execute(self.form, path, self.folder, every_sniff=sniffs)
        except Hang as hang:
            outcome = self.note("hang", hang, name, content)
        except Exception as error:  # noqa: BLE001 - whatever leaves a reader is what is looked for
            outcome = self.note(type(error).__name__, error, name, content)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        seconds = time.process_time() - began
        self.slowest = max(self.slowest, seconds)
        if seconds > (2 if self.form.name == "pdf" else SLOW):
            key = f"slow in {outcome[:60]}"
            if key not in self.findings:
                self.findings[key] = (name, content)
        self.read += outcome.startswith("facts")
        self.refused += outcome.startswith("refused")
        return outcome

    def place(self, name: str, content: bytes) -> Path:
        """Write an input and return the file that a reader is offered."""
        if not self.form.folder:
            path = self.folder / name
            for other in self._written.keys() - {name}:
                (self.folder / other).unlink(missing_ok=True)
            self._written = {name: b""}
            path.write_bytes(content)
            return path
        files = {}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                files[member] = archive.read(member)
        for member in self._written.keys() - files.keys():
            (self.folder / member).unlink(missing_ok=True)
        for member, text in files.items():
            if self._written.get(member) != text:
                path = self.folder / member
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text)
        self._written = files
        return self.folder / self.form.folder

    def note(self, kind: str, error: BaseException, name: str, content: bytes) -> str:
        """Keep the first input of each kind of failure at each place in the code."""
        place = str(error)[:60] if isinstance(error, Wrong) else where(error)
        key = f"{kind} at {place}"
        if key not in self.findings:
            self.findings[key] = (name, content)
            if not self.quiet:
                sys.stderr.write(f"[{self.form.name}] {key}: {str(error)[:160]!r}\n")
        return key


def where(error: BaseException) -> str:
    """Return the innermost line of netgain's own code that an exception went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "netgain" in Path(frame.filename).parts] or list(frames)
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "?"


def execute(form: Format, path: Path, root: Path, *, every_sniff: bool = True) -> str:
    """Sniff and read one file, check its facts, and return a word for what came of it.

    Raises:
        Exception: what a reader must not raise: anything but `UnreadableFile`.
    """
    entry = entry_of(path, root)
    reader = _reader(form.reader)
    for each in all_readers() if every_sniff else (reader,):
        each.sniff(entry)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            facts = list(reader.read(entry, LIMITS))
        except UnreadableFile as error:
            line = str(error)
            if "\n" in line or len(line) < 15:
                raise Wrong(f"no clear line: {line!r}") from error
            return "refused " + "".join(c for c in line[:50] if c.isalpha() or c == " ")
        if said:
            raise Wrong(f"warned: {said[0].category.__name__} {said[0].message}")
    check(facts)
    shape = sorted({_shape(fact) for fact in facts})
    return f"facts {' '.join(shape)[:120]}"


def _reader(name: str) -> Reader:
    (found,) = (reader for reader in all_readers() if reader.name == name)
    return found


def _shape(fact: Fact) -> str:
    if not isinstance(fact, RunFacts):
        return type(fact).__name__
    counts = (len(fact.settings), len(fact.series), len(fact.finals), fact.model is not None)
    return "run" + "/".join(str(min(int(n), 3)) for n in counts) + fact.status


def check(facts: Iterable[Fact]) -> None:
    """Hold facts to what their fields promise.

    Raises:
        Wrong: a promise is broken.
    """
    for fact in facts:
        if not isinstance(fact, RunFacts):
            continue
        for curve in fact.series:
            if len(curve.steps) != len(curve.values):
                raise Wrong(f"{curve.key}: steps and values differ in number")
            if not all(map(math.isfinite, (*curve.values, *curve.steps))):
                raise Wrong(f"{curve.key}: a value or step is not finite")
            if any(a > b for a, b in _pairs(curve.steps)):
                raise Wrong(f"{curve.key}: steps go back")
        for final in fact.finals:
            if not isinstance(final.value, (int, float)) or not math.isfinite(final.value):
                raise Wrong(f"{final.key}: the score {final.value!r} is no finite number")
        for setting in fact.settings:
            plain = setting.value is None or isinstance(setting.value, (str, int, float, bool))
            if not plain or not isinstance(setting.key, str):
                raise Wrong(f"{setting.key}: {type(setting.value).__name__} is no plain value")


def _pairs(values: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    return pairwise(values)


def bounded() -> None:
    """Bound this process in memory, let nothing hang, and make it yield to others."""
    import os

    os.nice(10)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGALRM, _too_long)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Hang(f"longer than {SECONDS} s")


def in_process_pdf() -> None:
    """Let the PDF reader take pages apart in this process; it starts one for each file otherwise.

    The time of a document is cut to a second, so that those that only the clock ends cost little.
    """
    import json
    import logging

    from netgain.readers import _pdf_pages, pdf
    from netgain.readers.base import Entry, Limits

    def pages(entry: Entry, limits: Limits) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        content = entry.bytes(limits.text_bytes)
        signal.signal(signal.SIGALRM, _pdf_pages._stop)
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        try:
            for page in _pdf_pages.pages(content):
                found.append(json.loads(json.dumps(page)))
        except Exception as error:
            if not found:
                raise UnreadableFile("damaged PDF; expected a whole, open one") from error
        finally:
            signal.signal(signal.SIGALRM, _too_long)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
        return found

    pdf._pages = pages
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)


def minimised(form: Format, folder: Path, name: str, content: bytes, key: str) -> bytes:
    """Cut pieces out of a failing input for as long as it fails in the same way."""
    if form.folder or not form.reader or key.startswith(("hang", "slow")):
        return content
    trial = Session(form=form, folder=folder, quiet=True)
    piece, tries = max(len(content) // 2, 1), 0
    while piece and tries < 400:
        at = 0
        while at < len(content) and tries < 400:
            shorter = content[:at] + content[at + piece :]
            tries += 1
            if trial.run(name, shorter) == key:
                content = shorter
            else:
                at += piece
        piece //= 2
    return content


def save(session: Session, folder: Path) -> None:
    """Write findings as small files: a digest, then the name the file had."""
    for key, (name, content) in session.findings.items():
        small = minimised(session.form, session.folder, name, content, key)
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        target = folder / session.form.name / f"{digest}__{name}.input"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(small)
        sys.stderr.write(f"kept {target}  {key}  ({len(small)} bytes)\n")


def fresh(folder: Path) -> Path:
    """Return an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
