"""PDF papers: tables whose cells line up without doubt, captions and prose, with their pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._grid import grids, published, statements
from netgain.readers._pdf_pages import MOST_PAGES, seconds_for
from netgain.readers._pdf_tables import CAPTION, tables
from netgain.readers._prose import SKIPPED_SECTION, prose_statements
from netgain.readers.base import DocumentFacts, Entry, Limits, Reader
from netgain.study import Paper, ResultTable, Source, Statement

PARAGRAPH = 120
"""Characters of the shortest block that is a paragraph of a paper, not a legend of a plot."""
NEEDED = "pip install 'netgain[papers]'"
FIGURE_FOLDERS = frozenset(
    {
        "figures",
        "figure",
        "figs",
        "fig",
        "images",
        "imgs",
        "img",
        "plots",
        "graphics",
        "media",
        "pics",
    }
)
HEADING = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,2}\.?|[A-Z]\.?|[IVX]{1,4}\.)\s+[A-Z][^.]{2,70}$")
REFERENCES = re.compile(
    r"^(?:\d{1,2}\.?\s+)?(?:References|Bibliography|REFERENCES)\s*$", re.MULTILINE
)
POWER = re.compile(r"(?:(?<!\d)(\d+(?:\.\d+)?)\s*[×·]\s*)?\b10\s([-−]\d{1,2})\b")
"""A power of ten, whose exponent the page sets smaller and so apart."""
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9(])")


def sniff(entry: Entry) -> bool:
    """Recognise PDF by its suffix or first bytes; folders of figures hold plots, not papers."""
    if not (entry.suffix == ".pdf" or entry.head.startswith(b"%PDF-")):
        return False
    return PurePath(entry.folder).name.lower() not in FIGURE_FOLDERS


def read(entry: Entry, limits: Limits) -> Iterator[DocumentFacts]:
    """Read tables and sentences of up to 60 pages, up to the list of references.

    Raises:
        UnreadableFile: the library is missing, or the file is damaged, encrypted, without text, or takes
            more time or memory than allowed.
    """
    found_tables: list[ResultTable] = []
    said: list[Statement] = []
    skipped, ended = False, False
    pages = _pages(entry, limits)
    if _is_figure(pages):
        return
    if not any(page["words"] for page in pages):
        raise UnreadableFile("holds no text (a scan?); expected a paper with text, give its source")
    for number, page in enumerate(pages, start=1):
        where = entry.source(key=f"page {number}")
        for rows, caption in tables(page["words"], page["blocks"]) if not page["crowded"] else ():
            for grid in grids(rows, caption):
                found_tables.append(_on_page(published(entry, grid), number))
                said += [_said_on(s, number) for s in statements(entry, grid)]
        for block in (place[4] for place in page["blocks"]):
            if ended:
                break
            before, ended = _before_references(block)
            first = before.strip().partition("\n")[0].strip()
            if HEADING.match(first):
                skipped = SKIPPED_SECTION.search(first) is not None
            if not skipped:
                said += _sentences(before, where)
    yield DocumentFacts(
        location=entry.display, paper=Paper(tables=tuple(found_tables), statements=tuple(said))
    )


def _is_figure(pages: list[dict[str, Any]]) -> bool:
    """Tell whether a document is one drawing: a single page without a paragraph."""
    return len(pages) == 1 and all(
        len(block[4]) < PARAGRAPH and not CAPTION.match(block[4]) for block in pages[0]["blocks"]
    )


def _pages(entry: Entry, limits: Limits) -> list[dict[str, Any]]:
    """Take the file apart in a process of its own, with bounded time and memory."""
    if find_spec("pdfminer") is None:
        raise UnreadableFile(f"PDF needs an extra library; install it with {NEEDED}")
    content = entry.bytes(limits.text_bytes)
    command = [sys.executable, "-P", "-m", "netgain.readers._pdf_pages"]
    seconds = seconds_for(len(content))
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=2 * seconds + 5, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableFile(
            f"takes more than {seconds} s to take apart; expected a paper, give its source"
        ) from error
    found: list[dict[str, Any]] = []
    for line in done.stdout.splitlines():
        try:
            page = json.loads(line)
        except ValueError:
            continue
        if "error" in page and not found:
            raise UnreadableFile(
                f"damaged or encrypted PDF ({page['error']}); expected a whole, open one"
            )
        if "words" in page:
            found.append(page)
    if not found:
        raise UnreadableFile(
            "damaged PDF, or one that needs more memory or time than allowed; expected a whole paper"
        )
    return found[:MOST_PAGES]


def _before_references(block: str) -> tuple[str, bool]:
    """Return a block up to the heading of the references, and whether they begin in it."""
    found = REFERENCES.search(block)
    return (block, False) if found is None else (block[: found.start()], True)


def _sentences(block: str, source: Source) -> Iterator[Statement]:
    """Read a block that is prose: mostly letters, hyphenated words joined."""
    letters = sum(character.isalpha() for character in block)
    if len(block) < 40 or letters < 0.6 * len(block.replace(" ", "").replace("\n", "")):
        return
    text = " ".join(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", block).split())
    text = POWER.sub(lambda m: f"{m.group(1) or '1'}e{m.group(2).replace('−', '-')}", text)
    for sentence in SENTENCE_END.split(text):
        yield from prose_statements(sentence, section=None, source=source)


def _on_page(table: ResultTable, number: int) -> ResultTable:
    return replace(table, source=replace(table.source, key=f"page {number}"))


def _said_on(statement: Statement, number: int) -> Statement:
    place = replace(statement.source, cell=f"page {number}: {statement.source.cell}")
    return replace(statement, source=place)


READER = Reader(name="PDF paper", order=75, sniff=sniff, read=read)
