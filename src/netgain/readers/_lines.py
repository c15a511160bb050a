"""Lines of a streamed log, numbered, within the limits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.errors import UnreadableFile
from netgain.readers.base import Entry, Limits, open_regular

MOST_LINES = 20_000_000
GAP = re.compile(rb"\0{16,}")
MOSTLY_TEXT, ALL_PRINTED = 0.4, 0.99
"""Part of a beginning with zero bytes that must be something else, and of that the part that is printed."""
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and cursor movements of a terminal."""
BACKSPACES = re.compile(rb"\x08+")


def is_wide(head: bytes) -> bool:
    """Tell text with zero bytes from other content that has them, which is no text.

    PowerShell writes what it redirects in UTF-16, and adds it to a file that is not. A log that was emptied
    while a training wrote to it goes on behind a gap of zeros.
    """
    head = GAP.sub(b"", head)
    plain = head.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if not plain or len(plain) < MOSTLY_TEXT * len(head):
        return False
    printed = sum(byte >= 32 or byte in b"\t\n\r\x1b\x08" for byte in plain)
    return printed >= ALL_PRINTED * len(plain)


def raw_lines(entry: Entry, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield number (from 1) and bytes of each line.

    Raises:
        UnreadableFile: the file or a line is over its limit, or the content is binary.
    """
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    wide = b"\0" in entry.head and is_wide(entry.head)
    if not wide and (entry.size < 4096 or b"\0" in entry.head):
        entry.text(limits.text_bytes)  # names an empty file, a Git-LFS pointer or binary content
    if b"\r" in entry.head and b"\n" not in entry.head:
        text = entry.bytes(limits.log_bytes)
        if b"\n" not in text:
            yield from _returned_lines(text, limits)
            return
    with open_regular(entry.path) as stream:
        for count in range(1, MOST_LINES + 1):
            line = stream.readline(limits.line_bytes + 1)
            if not line:
                return
            if len(line) > limits.line_bytes:
                raise UnreadableFile(f"line {count} is longer than {limits.line_bytes:,} bytes")
            yield count, _narrow(line) if b"\0" in line else line
    raise UnreadableFile(f"more than {MOST_LINES:,} lines")


def _narrow(line: bytes) -> bytes:
    """Return a line of UTF-16 as UTF-8, as far as its letters have no accents; others are left out."""
    return line.replace(b"\xff\xfe", b"").replace(b"\xfe\xff", b"").replace(b"\0", b"")


def _returned_lines(text: bytes, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a log whose only line ends are carriage returns, as some consoles copy them."""
    for count, line in enumerate(re.split(rb"\r+", text), 1):
        if len(line) > limits.line_bytes:
            raise UnreadableFile(f"line {count} is longer than {limits.line_bytes:,} bytes")
        yield count, line


def terminal_lines(entry: Entry, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each line as a terminal would have left it.

    A progress bar rewrites its line after each carriage return; what it showed last counts.

    Raises:
        UnreadableFile: as `raw_lines`.
    """
    for count, raw in raw_lines(entry, limits):
        line = raw.rstrip(b"\r\n")
        if b"\x1b" in line or b"\x08" in line:
            line = BACKSPACES.sub(b" ", ESCAPES.sub(b"", line))
        if b"\r" in line:
            line = next((part for part in reversed(line.split(b"\r")) if part.strip()), b"")
        yield count, line.removeprefix(b"\xef\xbb\xbf") if count == 1 else line
