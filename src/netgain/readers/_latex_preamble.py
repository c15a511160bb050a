"""Macros that the other files of a LaTeX project define, looked for inside the named folder alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from netgain.errors import UnreadableFile
from netgain.readers._latex_text import Macro, macros_of, without_comments
from netgain.readers.base import Entry, open_regular

SUFFIXES = frozenset({".tex", ".ltx", ".sty"})
MOST_FILES = 60
"""Files of one folder that are looked at."""
MOST_BYTES = 2**19
"""Largest file looked at; a preamble has a few kilobytes."""


def shared_macros(entry: Entry) -> dict[str, Macro]:
    """Return the macros of the sources in this file's folder and those above it, up to the named one.

    Where two files define a name, the one nearest to the named folder counts: there the preamble lies.
    """
    found: dict[str, Macro] = {}
    for folder in _folders(entry):
        for path in _sources(folder):
            if path != entry.path:
                try:
                    stat = path.stat()
                    found |= _macros_in(path, stat.st_mtime_ns, stat.st_size)
                except (OSError, UnreadableFile):
                    continue
    return found


def _folders(entry: Entry) -> Iterator[Path]:
    """Yield the folder of a file and those above it, the named folder last; none outside it."""
    if entry.root is None or not entry.path.is_relative_to(entry.root):
        return
    folder = entry.path.parent
    while True:
        yield folder
        if folder in (entry.root, folder.parent):
            return
        folder = folder.parent


def _sources(folder: Path) -> list[Path]:
    paths = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)
    return [path for path in paths if not path.is_symlink()][:MOST_FILES]


@lru_cache(maxsize=256)
def _macros_in(path: Path, changed: int, size: int) -> dict[str, Macro]:
    """Return the macros of one file; time of change and size tell a new version from the last."""
    if size > MOST_BYTES:
        return {}
    with open_regular(path) as stream:
        text = stream.read(MOST_BYTES).decode("utf-8", errors="replace")
    return macros_of(without_comments(text)) if "\\" in text else {}
