"""Errors a user can meet. Each message says what was given, what is allowed and what to do."""

from __future__ import annotations

LONGEST_LINE = 600
"""Characters of the longest line about one file."""


class NetgainError(Exception):
    """Base of every error that netgain raises on purpose; the CLI prints it as one line, exit 2."""


class UsageError(NetgainError):
    """The request cannot be carried out as asked: wrong path, unknown code, bad plan file."""


class UnreadableFile(NetgainError):
    """A reader's verdict on one file: what is wrong, what was expected, what to do.

    It is one line, whatever names and messages of a stranger's file it repeats.
    """

    def __str__(self) -> str:
        """Return the line: white space joined, characters that command a terminal left out, cut if long."""
        line = " ".join(super().__str__().split())
        shown = "".join(character for character in line if character.isprintable())
        return shown if len(shown) <= LONGEST_LINE else shown[: LONGEST_LINE - 1] + "…"


class DuplicatePractice(NetgainError):
    """Two modules claim the same practice code or name."""


class MissingExtra(NetgainError):
    """An optional dependency is needed; the message holds the exact install line."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """Name the missing package, the extra that brings it, and what wanted it."""
        super().__init__(f"{purpose} needs {package}: pip install 'netgain[{extra}]'")
