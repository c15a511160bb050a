"""The readers, found by module name, and the walk that offers them every file of a named path."""

from __future__ import annotations

import importlib
import os
import pkgutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from math import inf
from pathlib import Path

from netgain.errors import UnreadableFile, UsageError
from netgain.readers._bounds import OutOfTime, memory_bound, time_bound
from netgain.readers._one_count import in_one_count
from netgain.readers.base import CodeFacts, Entry, Fact, Limits, Reader
from netgain.side_process import worked_off
from netgain.study import CodeTree, SourceFile, Unread

SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints",
     ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", "site-packages"}
)  # fmt: skip
"""Folders that hold no evidence of a training."""

MEDIA_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".svg", ".mp4", ".webm", ".ico", ".woff", ".woff2", ".ttf", ".pyc",
     ".so", ".whl", ".deb", ".lock", ".css", ".js", ".map"}
)  # fmt: skip
"""Files skipped without a word."""


PORTION = 4 * 2**20
"""Bytes after which a part of a walk is cut off; each file counts a hundredth of it beside its bytes."""
MANY_FILES, MANY_BYTES = 1_000, 128 * 2**20
"""Files or bytes of a folder above which a second process helps to read it."""
LESS = "name a smaller extract, or raise the limit in netgain.toml"
"""What a user does about a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a walk over some paths brought back."""

    facts: tuple[Fact, ...]
    """Facts in path order."""
    unread: tuple[Unread, ...]
    """Files that a reader claimed but could not read, and links or devices that were refused."""
    ignored: tuple[str, ...]
    """Display paths of files no reader claims."""


@dataclass(frozen=True, slots=True)
class Task:
    """Some files of one walk, to be read in one go."""

    entries: tuple[Entry, ...]
    """The files."""
    owned: frozenset[str]
    """Folders whose content belongs to another file's reader."""
    limits: Limits
    """Bounds on what is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What some files held, as in `Reading`."""

    facts: tuple[Fact, ...] = ()
    """Facts in path order."""
    unread: tuple[Unread, ...] = ()
    """Files that could not be read."""
    ignored: tuple[str, ...] = ()
    """Files no reader claims."""
    sources: tuple[SourceFile, ...] = ()
    """Python files."""


@cache
def all_readers() -> tuple[Reader, ...]:
    """Return every reader in sniffing order."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
        if module.name not in ("base",)
    )
    readers = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(readers, key=lambda reader: (reader.order, reader.name)))


def read_paths(
    paths: Iterable[Path], limits: Limits = Limits(), *, code_here: bool = False
) -> Reading:
    """Read every file under the named paths.

    Args:
        paths: files or folders, as the user named them.
        limits: bounds on size, depth, count, time and memory.
        code_here: of a large folder, whether this process reads the Python files and not the second one; the
            one that does has their syntax trees at hand when it looks into them.

    Raises:
        UsageError: a named path does not exist.
    """
    facts: list[Fact] = []
    unread: list[Unread] = []
    ignored: list[str] = []
    for root in paths:
        if not root.exists():
            raise UsageError(missing_path(root))
        entries = list(_entries(root, limits, unread))
        owned = _owned_folders(entries)
        large = len(entries) > MANY_FILES or sum(entry.size for entry in entries) > MANY_BYTES
        tasks = [Task(part, owned, limits) for part in _portions(entries)]
        sources: list[SourceFile] = []
        weight = partial(_weight, code_here=code_here)
        for part in worked_off(tasks, read_entries, aside=large, weight=weight):
            facts.extend(part.facts)
            unread.extend(part.unread)
            ignored.extend(part.ignored)
            sources.extend(part.sources)
        if sources:
            tree = CodeTree(root=str(root), files=tuple(sources))
            facts.append(CodeFacts(location=str(root), tree=tree))
    return Reading(facts=tuple(facts), unread=tuple(unread), ignored=tuple(ignored))


def _portions(entries: list[Entry]) -> Iterator[tuple[Entry, ...]]:
    """Cut the entries into parts that take some tenths of a second each."""
    part: list[Entry] = []
    weight = 0
    for entry in entries:
        part.append(entry)
        weight += entry.size + PORTION // 100
        if weight >= PORTION:
            yield tuple(part)
            part, weight = [], 0
    if part:
        yield tuple(part)


def _weight(task: Task, *, code_here: bool) -> float:
    """Return the mean size of a task's files: much to read in few files makes few facts to hand over.

    Code is the lightest or the heaviest of all, by who is to read it.
    """
    if task.entries[0].suffix == ".py":
        return 0.0 if code_here else inf
    return sum(entry.size for entry in task.entries) / len(task.entries)


def read_entries(task: Task) -> Portion:
    """Read some files of one walk."""
    parts = []
    with time_bound(task.limits.seconds) as start, memory_bound(task.limits.memory_bytes):
        for entry in task.entries:
            try:
                start()
                parts.append(_read_one(entry, task))
            except OutOfTime:
                why = f"takes longer than the limit of {task.limits.seconds} seconds; {LESS}"
                parts.append(Portion(unread=(Unread(path=entry.display, why=why),)))
    return Portion(
        facts=tuple(fact for part in parts for fact in part.facts),
        unread=tuple(one for part in parts for one in part.unread),
        ignored=tuple(path for part in parts for path in part.ignored),
        sources=tuple(source for part in parts for source in part.sources),
    )


def _read_one(entry: Entry, task: Task) -> Portion:
    """Read one file; what is wrong with it is said of it, and what was read before stays."""
    code = _source(entry, task.limits) if entry.is_python else None
    facts: list[Fact] = []
    reader: Reader | None = None
    try:
        reader = next((r for r in all_readers() if _sniffs(r, entry)), None)
        if reader is None or entry.folder in task.owned:
            return code or Portion(ignored=(entry.display,))
        facts.extend(in_one_count(fact) for fact in reader.read(entry, task.limits))
        why = ""
    except UnreadableFile as error:
        why = str(error)
    except MemoryError:
        why = f"needs more memory than the limit of {task.limits.memory_bytes:,} bytes; {LESS}"
    except Exception as error:  # noqa: BLE001 - a stranger's file must never end the audit
        why = _damaged(error)
    named = f"{reader.name}: {why}" if reader else why
    refused = (Unread(path=entry.display, why=named),) if why else ()
    code = code or Portion()
    return Portion(facts=tuple(facts), unread=(*code.unread, *refused), sources=code.sources)


def _sniffs(reader: Reader, entry: Entry) -> bool:
    try:
        return reader.sniff(entry)
    except Exception:  # noqa: BLE001 - a sniff that fails on hostile bytes is a no
        return False


def _damaged(error: Exception) -> str:
    detail = " ".join(str(error).split())[:160]
    return (
        f"damaged or unexpected content ({type(error).__name__}: {detail}); "
        "expected a complete file of this format, ask for the original"
    )


def missing_path(root: Path) -> str:
    """Say that a named path does not exist, and offer the nearest name beside it."""
    from difflib import get_close_matches

    parent = root.parent
    names = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
    near = get_close_matches(root.name, names, 1, 0.5)
    hint = (
        f"did you mean {parent / near[0]}?" if near else "check the spelling and the working folder"
    )
    return f"{root}: no such file or folder; {hint}"


def _owned_folders(entries: list[Entry]) -> frozenset[str]:
    owned: set[str] = set()
    for entry in entries:
        for reader in all_readers():
            if reader.owns and _sniffs(reader, entry):
                owned.update(str(Path(entry.folder) / name) for name in reader.owns)
    if not owned:
        return frozenset()
    inside = {entry.folder for entry in entries}
    return frozenset(
        folder
        for folder in inside
        if any(folder == o or folder.startswith(o + os.sep) for o in owned)
    )


def _source(entry: Entry, limits: Limits) -> Portion:
    try:
        file = SourceFile(path=entry.display, text=entry.text(limits.text_bytes))
    except UnreadableFile as error:
        if str(error).startswith("empty file"):
            return Portion()
        return Portion(unread=(Unread(path=entry.display, why=f"python code: {error}"),))
    return Portion(sources=(file,))


def _entries(root: Path, limits: Limits, unread: list[Unread]) -> Iterator[Entry]:
    """Yield regular files under `root` in name order, never following a link out of it."""
    if root.is_file():
        yield Entry(path=root, display=str(root), size=root.stat().st_size)
        return
    real_root = root.resolve()
    count = 0
    stack = [(root, 0)]
    while stack:
        folder, depth = stack.pop()
        try:
            children = sorted(os.scandir(folder), key=lambda child: child.name)
        except OSError as error:
            unread.append(
                Unread(path=str(folder), why=f"folder cannot be listed ({error.strerror})")
            )
            continue
        subfolders = []
        for child in children:
            path = Path(child.path)
            refused = _refusal(child, path, real_root)
            if refused:
                unread.append(Unread(path=child.path, why=refused))
            elif child.is_dir():
                if child.name not in SKIPPED_FOLDERS:
                    subfolders.append((path, depth + 1))
                elif child.name == ".git":
                    yield from _history(path)
            elif path.suffix.lower() not in MEDIA_SUFFIXES:
                count += 1
                if count > limits.files:
                    unread.append(
                        Unread(
                            path=str(root),
                            why=f"more than {limits.files:,} files; name a subfolder",
                        )
                    )
                    return
                size = child.stat().st_size
                yield Entry(path=path, display=child.path, size=size, root=root)
        if depth >= limits.depth and subfolders:
            unread.append(
                Unread(path=str(folder), why=f"nested deeper than {limits.depth} folders")
            )
        else:
            stack.extend(reversed(subfolders))


def _history(folder: Path) -> Iterator[Entry]:
    """Yield the one file of a `.git` folder that stands for it; the rest is not walked."""
    head = folder / "HEAD"
    if head.is_file() and not head.is_symlink():
        yield Entry(path=head, display=str(head), size=head.stat().st_size)


def _refusal(child: os.DirEntry[str], path: Path, real_root: Path) -> str | None:
    """Say why a directory entry is never opened; None for files and folders that are."""
    try:
        if child.is_symlink():
            target = path.resolve()
            if not target.is_relative_to(real_root):
                return "link that leads out of the named folder; refused, name its target instead"
            if target.is_dir():
                return "link to a folder; refused, its target is read where it lies"
        mode = child.stat().st_mode
    except (OSError, RuntimeError) as error:
        return f"cannot be looked at ({error}); broken or circular link"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "not a regular file (FIFO, device or socket); never opened"
    return None
