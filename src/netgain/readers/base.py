"""What every reader shares: the facts it returns, the limits it obeys, and safe file access.

A reader is one module with a `READER = Reader(...)` record. It is offered one file at a time, says by
`sniff` whether the file is its own, and turns it into facts with raw keys; translating spellings is
the vocabulary's work and deciding which run belongs to which arm is `netgain.assemble`'s.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import BinaryIO, Literal

from netgain.errors import UnreadableFile
from netgain.study import (
    CodeTree,
    Confidence,
    History,
    InputDistance,
    ModelProfile,
    Paper,
    Predictions,
    Ratings,
    SampleSet,
    Scalar,
    Source,
    Strength,
)

SHEBANG = re.compile(rb"#![^\r\n]{0,80}\bpython[\d.]*\b")
"""First line of a script that is run by Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on hostile or oversized evidence; each is a setting with a sane default."""

    text_bytes: int = 64 * 2**20
    """Largest text file parsed as a whole (configs, READMEs, code)."""
    log_bytes: int = 4 * 2**30
    """Largest streamed log (CSV, JSONL, event files)."""
    line_bytes: int = 8 * 2**20
    """Longest line of a text log."""
    files: int = 200_000
    """Most files looked at under one named path."""
    depth: int = 40
    """Deepest folder nesting, and deepest nesting inside a JSON or YAML document."""
    unpacked_bytes: int = 2 * 2**30
    """Most bytes taken out of one compressed file."""
    seconds: int = 300
    """Longest time one file may take."""
    memory_bytes: int = 6 * 2**30
    """Bytes by which the process may grow over files read in one go: one large, or small ones of 4 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a run, as the file spells it."""

    key: str
    """Raw key, nested keys joined by dots."""
    value: Scalar
    """Value as typed in the file; lists and tuples as their JSON text."""
    source: Source
    """Where it stands."""
    strength: Strength = "configured"
    """`configured` for config files, `logged` for what the training printed, `measured` if counted."""
    confidence: Confidence = "sure"
    """`likely` where the meaning of a key was taken from its name, in a file of no known format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One quantity over training, as the log spells it."""

    key: str
    """Raw column, tag or metric name."""
    unit: Literal["step", "epoch", "sample", "row"]
    """What `steps` counts."""
    steps: tuple[float, ...]
    """Ascending x positions."""
    values: tuple[float, ...]
    """Values at `steps`; rows whose value is missing or not finite are left out."""
    source: Source
    """The log; line of the first value where it is a text file."""
    diverged_at: float | None = None
    """First x position behind the last finite value at which the log shows nan or inf; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """One final score of a run."""

    key: str
    """Raw metric name, e.g. `test_acc`, `eval_rouge1`, `test/accuracy`."""
    value: float
    """Value in the file's own scale."""
    source: Source
    """Where it stands."""
    strength: Strength = "logged"
    """`logged` where the training wrote it, `stated` where a person did."""
    confidence: Confidence = "sure"
    """`likely` where the meaning of a key was taken from its name, in a file of no known format."""


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What one file says about one run."""

    location: str
    """Display path of the run's folder; several files of one folder are one run."""
    run_id: str = ""
    """Id inside a store that holds many runs (MLflow, one CSV of many runs); else empty."""
    dialect: str
    """Which vocabulary applies: a file name in `netgain/vocabulary/`, or `generic`."""
    name: str = ""
    """Human name of the run, where the store gives one."""
    settings: tuple[Setting, ...] = ()
    """Everything configured or counted, hardware and versions included."""
    series: tuple[Series, ...] = ()
    """Everything logged over training."""
    finals: tuple[Final, ...] = ()
    """Final scores."""
    status: Literal["finished", "failed", "running", "deleted", "planned", "unknown"] = "unknown"
    """State as the store records it; planned is a configuration that no training is known to have run."""
    status_source: Source | None = None
    """Where the state stands."""
    model: ModelProfile | None = None
    """Model as seen by this file (recorded graph, checkpoint)."""
    inputs: tuple[InputDistance, ...] = ()
    """Distance of the recorded training inputs from each scored split."""

    def __post_init__(self) -> None:
        """Leave out scores that are no finite number: NaN, infinity and what no float holds."""
        if not all(_is_finite(final.value) for final in self.finals):
            kept = tuple(final for final in self.finals if _is_finite(final.value))
            object.__setattr__(self, "finals", kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """A tree of Python code."""

    location: str
    """Display path of its root."""
    tree: CodeTree


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What a README or paper says."""

    location: str
    """Display path of the document."""
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """Fingerprints of one array file of samples."""

    location: str
    """Display path of the folder the array lies in."""
    samples: SampleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFacts:
    """What one model said of each item, as one file tells it."""

    location: str
    """Display path of the folder the file lies in."""
    predictions: Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingFacts:
    """Verdicts on outputs of systems."""

    location: str
    """Display path of the folder the file lies in."""
    ratings: Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFacts:
    """What a git repository remembers."""

    location: str
    """Display path of the folder that holds `.git`."""
    history: History


Fact = (
    RunFacts
    | CodeFacts
    | DocumentFacts
    | SampleFacts
    | PredictionFacts
    | RatingFacts
    | HistoryFacts
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One regular file under a named evidence path."""

    path: Path
    """Real path, for opening."""
    display: str
    """Path as printed and cited."""
    size: int
    """Bytes."""
    root: Path | None = None
    """Folder that was named, below which a reader may look at files beside this one."""

    @cached_property
    def name(self) -> str:
        """Return the bare file name."""
        return self.path.name

    @cached_property
    def suffix(self) -> str:
        """Return the suffix of the file's name in small letters, with its dot."""
        return self.path.suffix.lower()

    @cached_property
    def folder(self) -> str:
        """Return the display path of the folder the file lies in."""
        return str(PurePath(self.display).parent)

    @cached_property
    def head(self) -> bytes:
        """Return the first 4,096 bytes, empty when the file cannot be opened."""
        try:
            with open_regular(self.path) as stream:
                return stream.read(4096)
        except (OSError, UnreadableFile):
            return b""

    @cached_property
    def is_python(self) -> bool:
        """Tell whether this is a file of Python: by its suffix, or by its first line where it has none."""
        suffix = self.path.suffix
        return suffix == ".py" or (not suffix and SHEBANG.match(self.head) is not None)

    def source(self, *, line: int | None = None, key: str | None = None) -> Source:
        """Cite a place in this file."""
        return Source(path=self.display, line=line, key=key)

    def bytes(self, limit: int) -> bytes:
        """Return the whole file.

        Raises:
            UnreadableFile: it is empty, a Git-LFS pointer, larger than `limit`, or cannot be opened.
        """
        if self.size > limit:
            raise UnreadableFile(
                f"{self.size:,} bytes, more than the limit of {limit:,}; "
                "name a smaller extract, or raise the limit"
            )
        try:
            with open_regular(self.path) as stream:
                content = stream.read(min(limit, self.size) + 1)
        except OSError as error:
            raise UnreadableFile(
                f"cannot be opened ({error.strerror}); check its permissions"
            ) from error
        if not content.strip():
            raise UnreadableFile("empty file; expected content, ask for the original")
        if content.startswith(b"version https://git-lfs"):
            raise UnreadableFile(
                "Git-LFS pointer, not the file itself; run `git lfs pull` where it came from"
            )
        return content

    def text(self, limit: int) -> str:
        """Return the whole file as text (UTF-8, UTF-16 with a mark, else Latin-1 if it is printable).

        Raises:
            UnreadableFile: as `bytes`, or the content is binary.
        """
        content = self.bytes(limit)
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            try:
                return content.decode("utf-16")
            except UnicodeDecodeError as error:
                raise UnreadableFile("damaged UTF-16 text; expected a text file") from error
        if b"\0" in content[:8192]:
            raise UnreadableFile("binary content; expected a text file")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading and refuse everything else.

    The kind is looked at after opening, so that nothing can be swapped in between.

    Raises:
        UnreadableFile: the path is a FIFO, a device, a socket or a folder.
        OSError: it does not exist or permission is missing.
    """
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableFile("not a regular file (FIFO, device or socket); it is never opened")
    return os.fdopen(descriptor, "rb")


def lies_beside(entry: Entry, name: str) -> bool:
    """Tell whether a file of this name lies in the folder of another; a name no system has is not there."""
    try:
        return (entry.path.parent / name).is_file()
    except (OSError, ValueError):
        return False


def is_folder_beside(entry: Entry, name: str) -> bool:
    """Tell whether a folder of this name lies beside a file; a name no system has is not there."""
    try:
        return (entry.path.parent / name).is_dir()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One format."""

    name: str
    """Name printed by `netgain read`, e.g. `mlflow file store`."""
    order: int
    """Sniffing order, lowest first; specific formats below 50, generic ones above."""
    sniff: Callable[[Entry], bool]
    """Whether this file is the reader's; looks at the name, the size and `entry.head` only."""
    read: Callable[[Entry, Limits], Iterable[Fact]]
    """Turn the file into facts. Raises `UnreadableFile` with one line for the user; any other
    exception is caught by the walk and reported as a damaged file."""
    owns: tuple[str, ...] = ()
    """Folders beside the file, by name, whose content this reader takes care of itself."""
