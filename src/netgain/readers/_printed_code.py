"""Source code that a script printed of itself into its log."""

from __future__ import annotations

import ast
import re
import warnings
from collections import deque
from collections.abc import Iterator

CODE = re.compile(
    r"(?:import |from \S+ import |def |class |@\w|#|'{3}|\"{3})"
    r"|(?:if|for|while|with|elif|try|else|except)\b.*:\s*(?:#.*)?$"
    r"|\s+(?:\S.*[(\[{=:,)\]}]|return\b|raise\b|pass\b|break\b|continue\b|\#)"
    r"|[\w., ]+\s[-+*/]?=\s.*(?:[(\[{]|[A-Za-z_]\.[A-Za-z_])|[\w.]+\(.*|[)\]}]+[,:]?\s*$"
)
"""Lines of Python source, once it has begun."""
CODE_START = re.compile(
    r"(?:import \w[\w., ]*(?: as \w+)?|from \S+ import .*|def \w+\(.*|class \w+.*:|@[\w.]+(?:\(.*)?|"
    r"(?:for \w.* in|while|with) .*:)\s*(?:#.*)?$"
)
"""Lines at the margin that no log prints."""
CODE_GAP = 60
"""Lines without a sign of code after which source code inside a log is over."""
CODE_STARTS = frozenset((b"i", b"f", b"d", b"c", b"w", b"@"))
"""First letters of the lines that begin source code."""
SEPARATOR = re.compile(r"\s*([=\-#*_~])\1{19,}\s*")
FEWEST_LINES = 20
"""Lines of a script; less is a fragment of a message."""
MOST_CHARACTERS = 2 * 2**20
"""Longest code kept of one log."""


class PrintedCode:
    """The code found in one log so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: list[tuple[int, str]] = []
        self._characters = 0

    def outside(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Pass on the numbered lines of a log that are no source code, and keep those that are.

        Code begins with an import, a function or a class at the margin and is over after a ruled line or
        many lines without a sign of code; those lines are given back.
        """
        inside = False
        held: deque[tuple[int, bytes]] = deque()
        for number, raw in lines:
            if not inside:
                inside = raw[:1] in CODE_STARTS and CODE_START.match(_decoded(raw)) is not None
                if not inside:
                    yield number, raw
                    continue
            text = _decoded(raw)
            if CODE.match(text) or CODE_START.match(text):
                self._keep(held)
                held.clear()
                self._keep([(number, raw)])
                continue
            ruled = SEPARATOR.fullmatch(text) is not None
            held.append((number, raw))
            if ruled or len(held) > CODE_GAP:
                yield from () if ruled else held
                held.clear()
                inside = False
        yield from held

    def _keep(self, lines: deque[tuple[int, bytes]] | list[tuple[int, bytes]]) -> None:
        for number, raw in lines:
            self._characters += len(raw)
            if self._characters <= MOST_CHARACTERS:
                self._lines.append((number, _decoded(raw).rstrip("\r")))

    def text(self) -> str | None:
        """Return the code with every line at its number in the log; None where it is no whole script."""
        if len(self._lines) < FEWEST_LINES or self._characters > MOST_CHARACTERS:
            return None
        placed = [""] * self._lines[-1][0]
        if len(placed) > 4 * MOST_CHARACTERS:
            return None
        for number, text in self._lines:
            placed[number - 1] = text
        code = "\n".join(placed) + "\n"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return code


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
