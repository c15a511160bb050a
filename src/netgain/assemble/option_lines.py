"""Which lines of code state what a command line or a configuration file replaces, and which a constant."""

from __future__ import annotations

import re

from netgain.study import CodeTree, Source

CONSTANT = re.compile(r"[A-Za-z_]\w*\s*(?::[^=]*)?=(?!=)")
"""A name at the margin that is given a value."""


class OptionLines:
    """Looks up lines of a tree."""

    def __init__(self, tree: CodeTree | None) -> None:
        """Keep the files of a tree, if there is one."""
        self._texts = {file.path: file.text for file in tree.files} if tree is not None else {}
        self._lines: dict[str, list[str]] = {}

    def holds(self, source: Source) -> bool:
        """Tell whether a value stands in an option, a field or an entry, and in no constant at the margin."""
        if source.path not in self._lines:
            self._lines[source.path] = self._texts.get(source.path, "").splitlines()
        lines = self._lines[source.path]
        if source.line is None or not 0 < source.line <= len(lines):
            return False
        return CONSTANT.match(lines[source.line - 1]) is None
