"""Archives of whole folders: named and left packed.

Unpacking a stranger's archive is the user's decision; a link or a path that leads out of it would be followed
by the unpacking, not by netgain.
"""

from __future__ import annotations

from collections.abc import Iterator

from netgain.errors import UnreadableFile
from netgain.readers.base import Entry, Fact, Limits, Reader

SUFFIXES = (
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".zip", ".7z", ".rar",
)  # fmt: skip


def sniff(entry: Entry) -> bool:
    """Tell whether the name is an archive's."""
    return entry.name.lower().endswith(SUFFIXES)


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Say what to do with it.

    Raises:
        UnreadableFile: always.
    """
    raise UnreadableFile("a packed folder; unpack it and name the folder")
    yield  # type: ignore[unreachable]  # makes it the iterator a reader is


READER = Reader(name="archive", order=99, sniff=sniff, read=read)
