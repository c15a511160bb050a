"""HTML pages: result tables with their captions, and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.readers._grid import grids, published, statements
from netgain.readers._html_parse import Page, page_of
from netgain.readers._prose import MOST_SENTENCES, SKIPPED_SECTION, prose_statements
from netgain.readers._statements import arm_of
from netgain.readers.base import DocumentFacts, Entry, Limits, Reader
from netgain.study import Paper, ResultTable, Statement

PAGE_BYTES = 8 * 2**20
"""Characters of a page that are parsed; what follows is left out."""


def sniff(entry: Entry) -> bool:
    """Recognise pages by their suffix."""
    return entry.name.lower().endswith((".html", ".htm", ".xhtml"))


def read(entry: Entry, limits: Limits) -> Iterator[DocumentFacts]:
    """Read the tables and sentences of one page.

    Raises:
        UnreadableFile: empty, binary, or over the limit.
    """
    page = page_of(entry.text(limits.text_bytes)[:PAGE_BYTES])
    tables, found = page_tables(entry, page)
    found += _sentences(entry, page)
    yield DocumentFacts(
        location=entry.display, paper=Paper(tables=tuple(tables), statements=tuple(found))
    )


def page_tables(entry: Entry, page: Page) -> tuple[list[ResultTable], list[Statement]]:
    """Return the tables of a page and what they state of each arm."""
    tables: list[ResultTable] = []
    found: list[Statement] = []
    for table in page.tables:
        for grid in grids(table.rows, table.caption):
            tables.append(published(entry, grid))
            found += statements(entry, grid)
    return tables, found


def _sentences(entry: Entry, page: Page) -> Iterator[Statement]:
    section, skipped, left = None, False, MOST_SENTENCES
    for passage in page.passages:
        if passage.heading:
            section = arm_of(passage.text)
            skipped = SKIPPED_SECTION.search(passage.text) is not None
            continue
        if skipped:
            continue
        sentences = re.split(r"(?<=[.!?;])\s+(?=[A-Z0-9(])", passage.text)[:left]
        left -= len(sentences)
        for sentence in sentences:
            source = entry.source(line=passage.line)
            yield from prose_statements(sentence.strip(), section=section, source=source)


READER = Reader(name="HTML page", order=80, sniff=sniff, read=read)
