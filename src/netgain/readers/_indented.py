"""Sections of a configuration that a script printed as indented lines (`optim:` above `  lr: 0.1`)."""

from __future__ import annotations

import re

HEADING = re.compile(rb"\s*([A-Za-z_][\w\-]{0,60}):\s*")
DEEPEST = 20
"""Sections inside one another that are followed."""


class Sections:
    """The sections around the lines seen last."""

    def __init__(self) -> None:
        """Begin outside every section."""
        self._open: list[tuple[int, str]] = []
        self.at_heading = False
        """Whether the line seen last opened a section."""

    def around(self, raw: bytes) -> str:
        """Return the dotted names of the sections the next line stands in, empty at the margin."""
        if raw[:1] != b" ":
            self._open.clear()
            self.at_heading = False
            if raw[-1:] != b":":
                return ""
        indent = len(raw) - len(raw.lstrip(b" "))
        while self._open and self._open[-1][0] >= indent:
            self._open.pop()
        path = ".".join(name for _, name in self._open)
        heading = HEADING.fullmatch(raw)
        self.at_heading = heading is not None
        if heading is not None and len(self._open) < DEEPEST:
            self._open.append((indent, heading[1].decode("ascii", "replace")))
        return path
