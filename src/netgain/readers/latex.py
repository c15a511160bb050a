"""LaTeX sources: tables, captions and prose as the authors wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.readers._grid import grids, published, statements
from netgain.readers._latex_preamble import shared_macros
from netgain.readers._latex_table import Caption, Lines, blocks, captions
from netgain.readers._latex_text import Words, blank, macros_of, without_comments
from netgain.readers._prose import SKIPPED_SECTION, prose_statements
from netgain.readers.base import DocumentFacts, Entry, Limits, Reader
from netgain.study import Paper, ResultTable, Statement

SOURCE_BYTES = 8 * 2**20
"""Largest source parsed; the longest papers have a tenth of it."""
NOT_PROSE = re.compile(
    r"\\begin\{(equation\*?|align\*?|gather\*?|multline\*?|eqnarray\*?|math|displaymath|algorithm\*?|"
    r"algorithmic|tikzpicture|axis|pgfplot|array)\}.*?(?:\\end\{\1\}|\Z)"
    r"|(?<!\\)\\\[.*?(?:\\\]|\Z)|\$\$.*?(?:\$\$|\Z)",
    re.DOTALL,
)
HEADING = re.compile(
    r"\\(?:part|chapter|(?:sub){0,2}section|paragraph)\*?\s*(?:\[[^\]]{0,200}\])?\s*\{"
)
BREAK = re.compile(
    r"\n[ \t]*\n|\\(?:part|chapter|(?:sub){0,2}section|paragraph)\b|\\item\b|\\(?:begin|end)\{[^}]{0,30}\}"
)
SENTENCE_END = re.compile(r"(?<=[.!?;])(?:\s+|(?<=\.)\}\s*)(?=[A-Z\\$({0-9])")


def sniff(entry: Entry) -> bool:
    """Recognise LaTeX by its suffix; bibliographies (`.bib`, `.bbl`) are no evidence."""
    return entry.name.lower().endswith((".tex", ".ltx", ".latex"))


def read(entry: Entry, limits: Limits) -> Iterator[DocumentFacts]:
    """Read tables, captions and sentences of one source; files it inputs are read where they lie.

    Raises:
        UnreadableFile: empty, binary, over the limit, or with macros that expand without end.
    """
    text = without_comments(entry.text(min(limits.text_bytes, SOURCE_BYTES)))
    words = Words(shared_macros(entry) | macros_of(text))
    said = captions(text, words)
    lines = Lines(text)
    tables: list[ResultTable] = []
    found: list[Statement] = []
    taken: list[tuple[int, int]] = [(caption.start, caption.end) for caption in said]
    for block in blocks(text, words, said):
        for grid in grids(block.rows, block.caption):
            tables.append(published(entry, grid))
            found += statements(entry, grid)
        taken.append((block.start, block.end))
    for caption in said:
        found += _caption_statements(entry, caption, lines.at(caption.start))
    found += _sentences(entry, _blanked(text, taken), words, lines)
    yield DocumentFacts(
        location=entry.display, paper=Paper(tables=tuple(tables), statements=tuple(found))
    )


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with some spans blanked, lengths and lines as they are."""
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if end > position:
            pieces += [
                text[position : max(start, position)],
                blank(text[max(start, position) : end]),
            ]
            position = end
    return "".join([*pieces, text[position:]])


def _caption_statements(entry: Entry, caption: Caption, line: int) -> Iterator[Statement]:
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9(\[])", caption.text):
        source = entry.source(line=line, key="caption")
        yield from prose_statements(sentence, section=None, source=source)


def _sentences(entry: Entry, body: str, words: Words, lines: Lines) -> Iterator[Statement]:
    """Read prose, paragraph by paragraph, with the heading above it; work of others is passed over."""
    body = NOT_PROSE.sub(lambda match: blank(match.group(0)), body)
    opening = body.find(r"\begin{document}")
    position = max(opening, 0)
    skipped = False
    heading = ""
    while position < len(body):
        following = BREAK.search(body, position + 1)
        end = following.start() if following else len(body)
        chunk = body[position:end]
        title = HEADING.match(chunk)
        if title:
            close = chunk.find("}", title.end())
            heading = words.plain(chunk[title.end() : close if close > 0 else len(chunk)])
            skipped = SKIPPED_SECTION.search(heading) is not None
            chunk = chunk if close < 0 else " " * (close + 1) + chunk[close + 1 :]
        if not skipped and re.search(r"\d|seed|run|pre-?train|EMA|signific", chunk):
            yield from _paragraph(entry, chunk, position, words, lines)
        position = end


def _paragraph(
    entry: Entry, chunk: str, position: int, words: Words, lines: Lines
) -> Iterator[Statement]:
    start = 0
    cuts = [match.end() for match in SENTENCE_END.finditer(chunk)]
    for end in [*cuts, len(chunk)]:
        raw = chunk[start:end]
        ink = start + len(raw) - len(raw.lstrip())
        start = end
        if raw.strip():
            source = entry.source(line=lines.at(position + ink))
            yield from prose_statements(words.plain(raw), section=None, source=source)


READER = Reader(name="LaTeX source", order=80, sniff=sniff, read=read)
