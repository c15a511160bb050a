"""READMEs and other Markdown: result tables, and sentences that state a score, a budget or a spread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from netgain.readers import text_log
from netgain.readers._grid import Grid, Row, grids, published, statements
from netgain.readers._html_parse import Page, page_of
from netgain.readers._named_commands import named_commands
from netgain.readers._prose import MOST_SENTENCES, prose_statements
from netgain.readers._statements import arm_of
from netgain.readers.base import DocumentFacts, Entry, Fact, Limits, Reader
from netgain.readers.launch_script import trainings_in
from netgain.study import Paper, Statement

Arm = Literal["baseline", "proposed", "both"]
SKIPPED = re.compile(
    r"^(license|contributing|changelog|code_of_conduct|security|authors)", re.IGNORECASE
)
MOST_LINES = 50_000
LONGEST_LINE = 5_000
"""Characters of a line that are looked at; emphasis marks are matched in quadratic time."""
CODE_FENCE = re.compile(r"^\s*(```|~~~)")
RULE = re.compile(r"^\s*+\|?\s*+:?-{2,}+:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+$")
OPENED = re.compile(r"<table\b", re.IGNORECASE)
CLOSED = re.compile(r"</table\s*>", re.IGNORECASE)
NUMBERED = re.compile(r"Tab(?:le|\.)\s*[\dIVX]{1,4}\s*[:.|]", re.IGNORECASE)
BOLD_NAME = re.compile(r"\s*\|?\s*(?:\*\*|__)\S")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s++(.*)$")


EPOCH_LINE = re.compile(
    r"^[ \t#>*\-`]{0,8}(?:train\w*[ \t]+)?epoch[ \t:#=]{0,3}\[?(\d{1,6})\b",
    re.IGNORECASE | re.MULTILINE,
)
FEWEST_EPOCHS = 3
MOST_LINES_AN_EPOCH = 12
"""Lines for each line of an epoch in a file that is a log."""


def sniff(entry: Entry) -> bool:
    """Recognise Markdown by its suffix, and a README without one."""
    name = entry.name.lower()
    markdown = name.endswith((".md", ".markdown", ".rst")) or name in ("readme", "readme.txt")
    return markdown and not SKIPPED.match(name)


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read the tables and statements of one document, or the log that a training wrote as Markdown.

    Raises:
        UnreadableFile: empty, binary, or over the limit.
    """
    text = entry.text(limits.text_bytes)
    if _is_log(entry, text):
        yield from text_log.read(entry, limits)
        return
    lines = [line[:LONGEST_LINE] for line in text.splitlines()[:MOST_LINES]]
    found = list(_pipe_grids(lines))
    taken = {(grid.line or 1) + offset for grid in found for offset in range(len(grid.rows) + 2)}
    if "<table" in text.lower():
        page, inside = _html_tables(lines)
        taken |= inside
        for table in page.tables:
            caption = table.caption or _caption_around(lines, table.line, table.last_line)
            found += grids(table.rows, plain(caption) if caption else None)
    found.sort(key=lambda grid: grid.line or 0)
    said = [s for grid in found for s in statements(entry, grid)]
    said += _sentences(entry, lines, taken)
    tables = tuple(published(entry, grid) for grid in found)
    yield DocumentFacts(location=entry.display, paper=Paper(tables=tables, statements=tuple(said)))
    yield from named_commands(entry, trainings_in("\n".join(_fenced(lines))))


def _fenced(lines: list[str]) -> Iterator[str]:
    """Yield the lines of blocks of code, and an empty line for each other one."""
    fenced = False
    for line in lines:
        opens = CODE_FENCE.match(line) is not None
        yield re.sub(r"^\s*\$ ", "", line) if fenced and not opens else ""
        fenced ^= opens


def _is_log(entry: Entry, text: str) -> bool:
    """Tell whether a training printed this: its epochs follow one another, and little else stands there."""
    if entry.path.stem.lower().startswith("readme") or entry.path.suffix == "":
        return False
    epochs = [int(found) for found in EPOCH_LINE.findall(text)]
    counted = sum(later == earlier + 1 for earlier, later in pairwise(epochs))
    return counted >= FEWEST_EPOCHS and len(epochs) * MOST_LINES_AN_EPOCH >= text.count("\n")


def _html_tables(lines: list[str]) -> tuple[Page, set[int]]:
    """Parse the HTML tables of a document and return the lines they stand on."""
    kept: list[str] = []
    inside: set[int] = set()
    fenced, depth = False, 0
    for number, line in enumerate(lines, start=1):
        if CODE_FENCE.match(line) and not depth:
            fenced = not fenced
        opens, closes = len(OPENED.findall(line)), len(CLOSED.findall(line))
        if fenced or not (depth or opens):
            kept.append("")
            continue
        inside.add(number)
        kept.append(line)
        depth = max(0, depth + opens - closes)
    return page_of("\n".join(kept)), inside


def _caption_around(lines: list[str], first: int, last: int) -> str | None:
    """Return the numbered caption right below a table, else the nearest text above it."""
    for text in lines[last : last + 4]:
        below = _bare(text)
        if below:
            if NUMBERED.match(below):
                return below[:1000]
            break
    return next((words[:300] for text in reversed(lines[max(0, first - 12) : first - 1])
                 if (words := _bare(text))), None)  # fmt: skip


def _bare(line: str) -> str:
    return re.sub(r"^[#\s>*]+|<[^>]{1,200}>|(?<!\*)\*+$", "", line).strip()


def _pipe_grids(lines: list[str]) -> Iterator[Grid]:
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
            rows = tuple(
                Row(cells=_cells(row), line=number, bold_name=BOLD_NAME.match(row) is not None)
                for number, row in enumerate(lines[index + 2 : end], start=index + 3)
            )
            yield _grid(_cells(line), rows, caption, index + 1)
            index = end
            continue
        elif line.strip():
            heading = HEADING.match(line)
            caption = plain(heading.group(1).rstrip().rstrip("#").rstrip() if heading else line)[
                :300
            ]
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


def _grid(header: tuple[str, ...], rows: tuple[Row, ...], caption: str | None, line: int) -> Grid:
    """Pad the rows of a pipe table to the width of its titles and cut what stands beyond them."""
    width = len(header)
    full = tuple(
        replace(row, cells=(*row.cells[:width], *[""] * (width - len(row.cells)))) for row in rows
    )
    return Grid(header=header, rows=full, caption=caption, line=line)


DEPLOYED = re.compile(
    r"\b(?:latency|inference|deploy\w*|serving|throughput|benchmark\w* speed|speed|onnx|export\w*|api)\b",
    re.IGNORECASE,
)
"""Headings below which a batch is one that a finished model is timed with."""
OF_TRAINING = frozenset({"batch_size", "epochs", "steps", "samples_seen"})


def _sentences(entry: Entry, lines: list[str], taken: set[int]) -> Iterator[Statement]:
    """Read prose and list items, with the arm of the section's heading where a sentence has none."""
    fenced, left = False, MOST_SENTENCES
    section: Arm | None = None
    deployed = False
    for number, line in enumerate(lines, start=1):
        if CODE_FENCE.match(line):
            fenced = not fenced
        if fenced or number in taken or not line.strip():
            continue
        heading = HEADING.match(line)
        if heading:
            section = arm_of(plain(heading.group(1).rstrip().rstrip("#").rstrip()))
            deployed = DEPLOYED.search(heading.group(1)) is not None
        sentences = re.split(r"(?<=[.!?;])\s+(?=[A-Z0-9(])", plain(line))[:left]
        left -= len(sentences)
        for sentence in sentences:
            source = entry.source(line=number)
            for said in prose_statements(sentence.strip(), section=section, source=source):
                if not (deployed and said.quantity in OF_TRAINING):
                    yield said


READER = Reader(name="Markdown document", order=80, sniff=sniff, read=read)
