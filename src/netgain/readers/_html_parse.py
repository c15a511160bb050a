"""HTML to tables and text blocks with their lines, by the standard library's parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from netgain.readers._grid import MOST_CELLS, MOST_COLUMNS, Row

SILENT = frozenset(
    {"script", "style", "noscript", "svg", "template", "textarea", "select", "iframe", "math"}
)
"""Elements whose content is no text of the page."""
BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "section", "article", "header", "footer", "h1", "h2", "h3", "h4", "h5",
     "h6", "br", "figure", "figcaption", "blockquote", "main", "body", "dd", "dt", "hr", "details", "summary"}
)  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CAPTIONS = frozenset({"caption", "figcaption"})
IGNORED_BLOCKS = frozenset({"pre", "code", "nav", "footer", "button", "form"})
BROKEN_TAG = re.compile(r"<(?![^<>]*>)")
LONGEST_BLOCK = 20_000
MOST_TABLES = 500
MOST_ROWSPAN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One block of running text."""

    text: str
    """Its words."""
    line: int
    """1-based line it begins at."""
    heading: bool
    """Whether it is a heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """One table of a page."""

    rows: tuple[Row, ...]
    """Rows spread over all columns."""
    caption: str | None
    """Its caption, that of its figure, or the text right above it."""
    line: int
    """1-based line of its first tag."""
    last_line: int
    """1-based line of its last tag."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    line: int
    width: int
    height: int
    head: bool
    bold: bool


class Page(HTMLParser):
    """Collects what a page shows; nothing is fetched and no script is run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: list[Passage] = []
        self.tables: list[PageTable] = []
        self._silent: list[str] = []
        self._text: list[str] = []
        self._text_line = 1
        self._heading = False
        self._depth = 0
        self._rows: list[list[_Cell]] = []
        self._cell: list[str] | None = None
        self._cell_at = (1, 1, 1, False)
        self._bold = False
        self._caption: list[str] | None = None
        self._said: str | None = None
        self._start = 1
        self._figure_tables: list[int] = []
        self._in_figure = 0
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag in SILENT or (tag in IGNORED_BLOCKS and self._cell is None):
            self._flush()
            self._silent.append(tag)
        if self._silent:
            return
        if tag == "figure":
            self._in_figure += 1
        if tag == "table":
            self._open_table()
        elif self._depth == 1 and tag == "tr":
            self._close_cell()
            self._rows.append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._open_cell(tag, dict(attrs))
        elif tag in CAPTIONS:
            self._flush()
            self._caption = []
        elif tag in ("b", "strong") and self._cell is not None:
            self._bold = self._bold or not "".join(self._cell).strip()
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")
        elif tag in ("sup", "sub"):
            self._add(" ")
        elif tag in BLOCKS:
            self._flush()
            self._heading = tag in HEADINGS

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if self._silent:
            if tag in self._silent:
                del self._silent[self._silent.index(tag) :]
            return
        if tag == "figure":
            self._in_figure = max(0, self._in_figure - 1)
            if not self._in_figure:
                self._figure_tables = []
        if tag == "table" and self._depth:
            self._close_table()
        elif self._depth == 1 and tag in ("td", "th", "tr", "thead", "tbody"):
            self._close_cell()
        elif tag in CAPTIONS and self._caption is not None:
            self._end_caption()
        elif tag in ("sup", "sub"):
            self._add(" ")
        elif tag in BLOCKS:
            self._flush()
            self._heading = False

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._silent:
            self._add(data)

    def finished(self) -> None:
        """Close what the page left open."""
        self.close()
        while self._depth:
            self._close_table()
        self._flush()

    def _add(self, data: str) -> None:
        if self._caption is not None:
            self._caption.append(data)
        elif self._cell is not None:
            self._cell.append(data)
        elif not self._depth:
            if not self._text:
                self._text_line = self.getpos()[0] + _leading_breaks(data)
            self._text.append(data)

    def _flush(self) -> None:
        text = " ".join("".join(self._text).split())[:LONGEST_BLOCK]
        self._text = []
        if text and not self._depth:
            self.passages.append(Passage(text=text, line=self._text_line, heading=self._heading))

    def _open_table(self) -> None:
        self._flush()
        self._depth += 1
        if self._depth == 1:
            self._rows, self._cell, self._start, self._said = [], None, self.getpos()[0], None

    def _open_cell(self, tag: str, given: dict[str, str | None]) -> None:
        self._close_cell()
        if not self._rows:
            self._rows.append([])
        self._cell, self._bold = [], False
        self._cell_at = (
            self.getpos()[0],
            min(_count(given.get("colspan")), MOST_COLUMNS),
            min(_count(given.get("rowspan")), MOST_ROWSPAN),
            tag == "th",
        )

    def _close_cell(self) -> None:
        if self._cell is None:
            return
        line, width, height, head = self._cell_at
        text = " ".join("".join(self._cell).split())
        self._cell = None
        self._cells += width
        if self._cells <= MOST_CELLS and self._rows:
            self._rows[-1].append(_Cell(text, line, width, height, head, self._bold))

    def _close_table(self) -> None:
        self._depth -= 1
        if self._depth:
            return
        self._close_cell()
        above = self.passages[-1].text if self.passages else None
        if len(self.tables) < MOST_TABLES and any(self._rows):
            if self._in_figure:
                self._figure_tables.append(len(self.tables))
            self.tables.append(
                PageTable(
                    rows=tuple(_spread(self._rows)),
                    caption=self._said or (above or "")[-300:] or None,
                    line=self._start,
                    last_line=self.getpos()[0],
                )
            )
        self._said = None

    def _end_caption(self) -> None:
        text = " ".join("".join(self._caption or []).split())[:LONGEST_BLOCK] or None
        line = self.getpos()[0]
        self._caption = None
        if text is None:
            return
        self.passages.append(Passage(text=text, line=line, heading=False))
        self._said = text
        for index in self._figure_tables:
            old = self.tables[index]
            self.tables[index] = PageTable(
                rows=old.rows, caption=text, line=old.line, last_line=old.last_line
            )


def page_of(text: str) -> Page:
    """Parse a page, or the HTML inside a Markdown document."""
    page = Page()
    page.feed(_tamed(text))
    page.finished()
    return page


def _tamed(text: str) -> str:
    """Blank comments and escape every `<` that opens no whole tag; lines stay as they are.

    The parser looks for the end of a broken tag anew from each `<`, in quadratic time, and fails an
    assertion of its own on marked sections (`<![ html>`), which HTML does not have.
    """
    pieces: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start)
        end = len(text) if end < 0 else end + 3
        pieces += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end
    whole = "".join([*pieces, text[position:]])
    return BROKEN_TAG.sub("&lt;", whole.replace("<![", "<! ["))


def _count(value: str | None) -> int:
    word = (value or "").strip()
    return max(1, int(word)) if word.isascii() and word.isdigit() and len(word) < 5 else 1


def _leading_breaks(data: str) -> int:
    return data[: len(data) - len(data.lstrip())].count("\n")


def _spread(rows: list[list[_Cell]]) -> list[Row]:
    """Repeat cells in every column and row they span."""
    hanging: dict[int, tuple[_Cell, int]] = {}
    found: list[Row] = []
    for row in rows:
        placed: dict[int, _Cell] = {at: cell for at, (cell, _) in hanging.items()}
        hanging = {at: (cell, left - 1) for at, (cell, left) in hanging.items() if left > 1}
        column = 0
        for cell in row:
            while column in placed:
                column += 1
            for at in range(column, min(column + cell.width, MOST_COLUMNS)):
                placed.setdefault(at, cell)
                if cell.height > 1:
                    hanging[at] = (cell, cell.height - 1)
            column += cell.width
        if not row:
            continue
        width = max(placed, default=-1) + 1
        cells = [placed.get(at) for at in range(width)]
        found.append(
            Row(
                cells=tuple(cell.text if cell else "" for cell in cells),
                line=row[0].line,
                bold_name=row[0].bold,
                head=all(cell.head or not cell.text for cell in row),
            )
        )
    return found
