"""READMEs and other Markdown: result tables, and sentences that state a score, a budget or a spread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from netgain.readers._statements import arm_of, cell_statements, sentence_statements
from netgain.readers.base import DocumentFacts, Entry, Limits, Reader
from netgain.study import Paper, ResultTable, Statement

Arm = Literal["baseline", "proposed", "both"]
SKIPPED = re.compile(
    r"^(license|contributing|changelog|code_of_conduct|security|authors)", re.IGNORECASE
)
MOST_LINES = 50_000
LONGEST_LINE = 5_000
"""Characters of a line that are looked at; emphasis marks are matched in quadratic time."""
CODE_FENCE = re.compile(r"^\s*(```|~~~)")
RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")


def sniff(entry: Entry) -> bool:
    """Recognise Markdown by its suffix, and a README without one."""
    name = entry.name.lower()
    markdown = name.endswith((".md", ".markdown", ".rst")) or name in ("readme", "readme.txt")
    return markdown and not SKIPPED.match(name)


def read(entry: Entry, limits: Limits) -> Iterator[DocumentFacts]:
    """Read the tables and statements of one document.

    Raises:
        UnreadableFile: empty, binary, or over the limit.
    """
    text = entry.text(limits.text_bytes)
    lines = [line[:LONGEST_LINE] for line in text.splitlines()[:MOST_LINES]]
    tables = tuple(_tables(entry, lines))
    statements = [s for table in tables for s in _table_statements(entry, table)]
    statements += _sentences(entry, lines, tables)
    yield DocumentFacts(
        location=entry.display, paper=Paper(tables=tables, statements=tuple(statements))
    )


def _tables(entry: Entry, lines: list[str]) -> Iterator[ResultTable]:
    """Yield pipe tables outside code, each with the heading or the line above it as caption."""
    fenced, caption, index = False, None, 0
    while index < len(lines):
        line = lines[index]
        if CODE_FENCE.match(line):
            fenced = not fenced
        elif not fenced and "|" in line and index + 1 < len(lines) and RULE.match(lines[index + 1]):
            end = index + 2
            while end < len(lines) and "|" in lines[end] and lines[end].strip():
                end += 1
            rows = tuple(_cells(row) for row in lines[index + 2 : end])
            source = entry.source(line=index + 1)
            header = _cells(line)
            yield ResultTable(header=header, rows=rows, caption=caption, source=source)
            index = end
            continue
        elif line.strip():
            heading = HEADING.match(line)
            caption = plain(heading.group(1) if heading else line)[:300]
        index += 1


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return tuple(plain(cell) for cell in re.split(r"(?<!\\)\|", inner))


def plain(text: str) -> str:
    """Return Markdown text without emphasis, links and images; numbers stay as written."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<[^>]{1,80}>", " ", text).replace("\\|", "|").replace("&plusmn;", "±")
    text = re.sub(r"(\*\*|__|`|~~)", "", text)
    return re.sub(r"(?<!\w)[*_](\S(?:.*?\S)?)[*_](?!\w)", r"\1", text).strip()


def _table_statements(entry: Entry, table: ResultTable) -> Iterator[Statement]:
    """State every cell of a row that names an arm, or of a column that does."""
    first = table.source.line or 1
    arms_of_columns = [arm_of(title) for title in table.header]
    for number, row in enumerate(table.rows):
        line = first + 2 + number
        arm = arm_of(row[0]) if row else None
        for column, cell in enumerate(row[1:], start=1):
            if column >= len(table.header):
                break
            said = arm or arms_of_columns[column]
            quantity = table.header[column] if arm or not arms_of_columns[column] else row[0]
            yield from cell_statements(
                quantity,
                cell,
                arm=said,
                text=f"{row[0]} | {table.header[column]}: {cell}",
                source=entry.source(line=line, key=quantity),
                label=f"{row[0]} / {table.header[column]}",
            )


def _sentences(
    entry: Entry, lines: list[str], tables: tuple[ResultTable, ...]
) -> Iterator[Statement]:
    """Read prose and list items, with the arm of the section's heading where a sentence has none."""
    taken = {
        (table.source.line or 1) + offset
        for table in tables
        for offset in range(len(table.rows) + 2)
    }
    fenced = False
    section: Arm | None = None
    for number, line in enumerate(lines, start=1):
        if CODE_FENCE.match(line):
            fenced = not fenced
        if fenced or number in taken or not line.strip():
            continue
        heading = HEADING.match(line)
        if heading:
            section = arm_of(plain(heading.group(1)))
        for sentence in re.split(r"(?<=[.!?;])\s+(?=[A-Z0-9(])", plain(line)):
            source = entry.source(line=number)
            yield from sentence_statements(sentence.strip(), section=section, source=source)


READER = Reader(name="Markdown document", order=80, sniff=sniff, read=read)
