"""Words with their places to tables; what does not line up without doubt is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from netgain.readers._grid import DASHES, Row, is_value

WORD_GAP = 0.55
"""Gap, in type sizes, up to which two words belong to one cell; columns are set further apart."""
ROW_GAP = 4.6
"""Distance between rows of one table, in type sizes; a line that names a group may stand between."""
TITLE_GAP = 2.6
"""Distance between lines of titles, in type sizes."""
CAPTION_GAP = 60.0
"""Points between a table and its caption."""
HEADER_ROWS = 3
CAPTION = re.compile(r"^Tab(?:le|\.)\s*[\dIVXA-Z][\w.]{0,4}\s*[:.|]?\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Words that stand together on one line."""

    left: float
    """Points from the left edge."""
    right: float
    """Points from the left edge."""
    middle: float
    """Height of the middle of the line, in points from the bottom."""
    size: float
    """Type size in points."""
    text: str
    """The words."""


def cells_of(words: list[list[float | str]]) -> list[Cell]:
    """Join words to cells, top to bottom and left to right."""
    singles = [
        Cell(left=float(w[0]), right=float(w[2]), middle=(float(w[1]) + float(w[3])) / 2,
             size=max(float(w[5]), 1.0), text=str(w[4]))
        for w in words
    ]  # fmt: skip
    found: list[Cell] = []
    for line in _lines(singles):
        open_cell = line[0]
        for word in line[1:]:
            size = max(open_cell.size, word.size)
            if word.left - open_cell.right < WORD_GAP * size:
                text = f"{open_cell.text} {word.text}"
                open_cell = replace(
                    open_cell, right=max(word.right, open_cell.right), text=text, size=size
                )
            else:
                found.append(open_cell)
                open_cell = word
        found.append(open_cell)
    return found


def _lines(cells: list[Cell]) -> Iterator[list[Cell]]:
    """Group cells whose middles stand on one height."""
    line: list[Cell] = []
    for cell in sorted(cells, key=lambda c: (-c.middle, c.left)):
        if line and abs(line[0].middle - cell.middle) > 0.45 * max(line[0].size, cell.size):
            yield sorted(line, key=lambda c: c.left)
            line = []
        line.append(cell)
    if line:
        yield sorted(line, key=lambda c: c.left)


def tables(
    words: list[list[float | str]], blocks: list[list[float | str]]
) -> Iterator[tuple[tuple[Row, ...], str | None]]:
    """Yield the rows of each table of a page that lines up without doubt, with its caption.

    Args:
        words: left, bottom, right, top, text and type size of every word of the page.
        blocks: left, bottom, right, top and text of its blocks.
    """
    cells = cells_of(words)
    numbers = [c for c in cells if is_value(c.text)]
    captions = [block for block in blocks if CAPTION.match(str(block[4]))]
    for core in _cores(numbers):
        rows = _table(core, cells) if len(core) >= 4 else None
        if rows is not None:
            yield rows, _caption(core, captions)


def _caption(core: list[Cell], captions: list[list[float | str]]) -> str | None:
    """Return the words of the caption nearest above or below a table; None where two are as near."""
    left, right = min(c.left for c in core), max(c.right for c in core)
    low, high = min(c.middle for c in core), max(c.middle for c in core)
    near = []
    for caption in captions:
        x0, y0, x1, y1 = (float(edge) for edge in caption[:4])
        distance = y0 - high if y0 > high else low - y1
        if x0 < right and left < x1 and -1 < distance < CAPTION_GAP:
            near.append((distance, " ".join(str(caption[4]).split())))
    near.sort()
    if not near or (len(near) > 1 and near[1][0] - near[0][0] < 10):
        return None
    return near[0][1]


def _cores(numbers: list[Cell]) -> list[list[Cell]]:
    """Group numbers that stand beside or below one another."""
    groups: list[list[Cell]] = []
    for cell in numbers:
        joined = [g for g in groups if any(_adjacent(cell, other) for other in g[-60:])]
        merged = [c for g in joined for c in g]
        groups = [g for g in groups if not any(g is j for j in joined)]
        groups.append([*merged, cell])
    return groups


def _adjacent(first: Cell, second: Cell) -> bool:
    size = max(first.size, second.size)
    below = abs(first.middle - second.middle)
    overlap = min(first.right, second.right) - max(first.left, second.left)
    beside = below < 0.45 * size and -overlap < 9 * size
    return beside or (overlap > 0 and below < ROW_GAP * size)


def _table(core: list[Cell], cells: list[Cell]) -> tuple[Row, ...] | None:
    """Build the grid around a block of numbers; None where a cell could belong to two places."""
    columns = _columns(core)
    lines = list(_lines(core))
    if len(columns) < 2 or len(lines) < 2:
        return None
    size = max(c.size for c in core)
    left = columns[0][0]
    named: list[tuple[str, ...]] = []
    for line in lines:
        level = [c for c in cells if abs(c.middle - line[0].middle) < 0.45 * size]
        names = [c.text for c in level if c.right <= left and left - c.right < 22 * size]
        marks = [c for c in level if c.text in DASHES and left <= c.left <= columns[-1][1]]
        placed = _placed([*line, *marks], columns)
        if placed is None or len(names) > 1:
            return None
        named.append((*names, *placed))
    if len({len(row) for row in named}) != 1:
        return None
    groups = _between(lines, cells, columns, size)
    header = _header(columns, cells, lines[0][0].middle, size)
    if header is None or groups is None:
        return None
    if len(named[0]) == len(columns):
        header = [titles[1:] for titles in header]
    found = [Row(cells=titles, head=True) for titles in header]
    for at, cells_ in enumerate(named):
        found += [Row(cells=(text,) * len(cells_)) for text in groups.get(at, ())]
        found.append(Row(cells=cells_))
    return tuple(found)


def _between(
    lines: list[list[Cell]], cells: list[Cell], columns: list[tuple[float, float]], size: float
) -> dict[int, list[str]] | None:
    """Return the lines that name groups, by the row they stand above; None where titles stand there."""
    found: dict[int, list[str]] = {}
    edge = columns[0][0] - 22 * size
    for at in range(1, len(lines)):
        high, low = lines[at - 1][0].middle, lines[at][0].middle
        inside = [
            c
            for c in cells
            if low + 0.45 * size < c.middle < high - 0.45 * size
            and c.right > edge
            and c.left < columns[-1][1]
        ]
        for line in _lines(inside):
            if len(line) > 1:
                return None
            found.setdefault(at, []).append(line[0].text)
    return found


def _columns(core: list[Cell]) -> list[tuple[float, float]]:
    """Return the extents of the columns: numbers that overlap from side to side stand in one."""
    columns: list[tuple[float, float]] = []
    for cell in sorted(core, key=lambda c: c.left):
        if columns and cell.left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.right))
        else:
            columns.append((cell.left, cell.right))
    return columns


def _placed(line: list[Cell], columns: list[tuple[float, float]]) -> tuple[str, ...] | None:
    """Put each cell of a line under its column; None where one fits no column or two share one."""
    placed = [""] * len(columns)
    for cell in line:
        at = [
            i for i, (left, right) in enumerate(columns) if cell.left < right and left < cell.right
        ]
        if len(at) != 1 or placed[at[0]]:
            return None
        placed[at[0]] = cell.text
    return tuple(placed)


def _header(
    columns: list[tuple[float, float]], cells: list[Cell], top: float, size: float
) -> list[tuple[str, ...]] | None:
    """Return the lines of titles above the numbers; None where the nearest does not name every column."""
    left, right = columns[0][0], columns[-1][1]
    above = [
        c
        for c in cells
        if top + 0.5 * size < c.middle < top + HEADER_ROWS * TITLE_GAP * size
        and left - 22 * size < c.right
        and c.left < right + 2 * size
    ]
    lines = sorted(_lines(above), key=lambda line: line[0].middle)
    for index, line in enumerate(lines):
        corner = [c.text for c in line if c.right <= left]
        over = [c for c in line if c.right > left]
        if not over:
            continue
        named = _placed(over, columns)
        if named is None or not all(named) or len(corner) > 1 or any(map(is_value, named)):
            return None
        own = ("".join(corner), *named)
        wider = [c for c in lines[index + 1] if c.right > left] if index + 1 < len(lines) else []
        groups = _spanning(wider, columns, size)
        return [groups, own] if groups else [own]
    return None


def _spanning(
    line: list[Cell], columns: list[tuple[float, float]], size: float
) -> tuple[str, ...] | None:
    """Return titles that each stand over the middle of several columns, repeated over those."""
    if any(len(c.text) > 40 for c in line) or len(line) < 2:
        return None
    middles = [(left + right) / 2 for left, right in columns]
    found = [""]
    for middle in middles:
        nearest = min(line, key=lambda c: abs((c.left + c.right) / 2 - middle))
        found.append(nearest.text)
    for cell in line:
        under = [m for m, text in zip(middles, found[1:], strict=True) if text == cell.text]
        if not under or abs((under[0] + under[-1]) / 2 - (cell.left + cell.right) / 2) > 1.5 * size:
            return None
    return tuple(found)
