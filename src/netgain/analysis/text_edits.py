"""Edits of a text that keep every line where it was."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise


class Edits:
    """Edits of one Python file, by the nodes of its syntax tree; positions count bytes of UTF-8."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "surrogatepass")
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.made: list[tuple[int, int, bytes]] = []

    def replace(self, node: ast.AST, text: str) -> None:
        """Put a text without line ends in the place of an expression."""
        start, end = self._span(node)
        # A condition over several lines may hang together by backslashes alone.
        lines = self._lines(start, end)
        self.made.append(
            (start, end, b"(" + text.encode() + lines + b")" if lines else text.encode())
        )

    def keep(self, node: ast.AST, part: ast.AST) -> None:
        """Leave of an expression one part of it, in its place."""
        start, end = self._span(node)
        inner_start, inner_end = self._span(part)
        self.made.append((start, inner_start, b"(" + self._lines(start, inner_start)))
        self.made.append((inner_end, end, self._lines(inner_end, end) + b")"))

    def blank_block(self, statements: Sequence[ast.stmt]) -> None:
        """Put `pass` in the place of statements."""
        start = min(self._span(d)[0] for d in (statements[0], *_decorators(statements[0])))
        if _decorators(statements[0]):
            start = self.data.rindex(b"@", 0, start)
        end = self._span(statements[-1])[1]
        self.made.append((start, end, b"pass" + self._lines(start, end)))

    def blank_after(self, kept: ast.stmt, last: ast.stmt) -> None:
        """Leave nothing of what follows a statement up to the end of another: an `else` with its block."""
        start, end = self._span(kept)[1], self._span(last)[1]
        self.made.append((start, end, self._lines(start, end)))

    def _span(self, node: ast.AST) -> tuple[int, int]:
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]  # nodes of a parsed text
        last, end = node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        return self.starts[line - 1] + column, self.starts[last - 1] + end

    def _lines(self, start: int, end: int) -> bytes:
        return b"\n" * self.data.count(b"\n", start, end)


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return list(getattr(statement, "decorator_list", []))


def edited(text: str, edits: Edits) -> str | None:
    """Return the text with its edits; None where they overlap or a line would move."""
    made = sorted(edits.made)
    if any(first[1] > second[0] for first, second in pairwise(made)):
        return None
    if b"\r" in edits.data.replace(b"\r\n", b"") or b"\x0c" in edits.data:
        return None  # lines that Python and this file count differently
    pieces, done = [], 0
    for start, end, replacement in made:
        pieces += [edits.data[done:start], replacement]
        done = end
    changed = b"".join([*pieces, edits.data[done:]]).decode("utf-8", "surrogatepass")
    return changed if changed.count("\n") == text.count("\n") else None
