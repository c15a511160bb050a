"""A published table as a full grid, whatever it was written in: its titles, its rows, its statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netgain.readers._statements import (
    SPREAD,
    arm_of,
    cell_statements,
    metric_of_caption,
    number,
    quantity_of,
)
from netgain.readers.base import Entry
from netgain.study import ResultTable, Statement

Arm = Literal["baseline", "proposed", "both"]
MOST_COLUMNS = 200
MOST_CELLS = 100_000
"""Cells of one table; what exceeds them is cut off, whole rows at a time."""
JOINED = " / "
"""Between the titles of a column that stand above one another."""
DASHES = frozenset({"", "-", "–", "—", "--", "---", "n/a", "N/A", "NA", "–/–", "✓", "✗"})
CHANGE = re.compile(
    r"improve|Δ|\bdelta|\bdiff|change|\bgains?\b|relative|ratio|speed-?up|reduction|提升|p-?value|winner|better",
    re.IGNORECASE,
)
"""Titles of what compares two arms and is no arm."""
ABLATED = re.compile(r"(?:^|[\s()–—-])(?:w/o|without|minus|no)(?=\s)|[-–−]\s?no\w", re.IGNORECASE)
"""Words by which a row says that it leaves out a part of the method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, spread over all its columns."""

    cells: tuple[str, ...]
    """Cells as written; a cell that spans several columns or rows is repeated in each."""
    line: int | None = None
    """1-based line of the file."""
    bold_name: bool = False
    """Whether the first cell is set in bold."""
    ruled: bool = False
    """Whether a rule across the whole table stands above it."""
    head: bool = False
    """Whether the markup itself says that this is a row of titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One table with its titles set apart."""

    header: tuple[str, ...]
    """Titles, those above one another joined by ` / `."""
    rows: tuple[Row, ...]
    """Rows below the titles, lines that name a group of rows among them."""
    caption: str | None
    """Words that go with the table."""
    line: int | None
    """1-based line of the titles."""


def is_value(cell: str) -> bool:
    """Tell whether a cell holds a number, with or without spread, percent sign or change in parentheses."""
    return cell_number(cell) is not None or SPREAD.match(cell) is not None


def cell_number(cell: str) -> str | None:
    """Return the one number a cell states, as written; None for words, ranges and pairs.

    A change in parentheses or arrow behind it (`78.9 (+1.2)`, `78.9 ↑1.2`) is left out, and so are the
    footnote marks.
    """
    bare = re.sub(r"[*†‡§]", "", cell).strip()
    match = re.match(r"([-+−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+−]?\d+)?\s*%?)(.*)$", bare, re.DOTALL)
    if match is None:
        return None
    rest = match.group(2).strip()
    if rest and not re.fullmatch(r"\([-+−±↑↓]?[^()]{0,20}\)|[↑↓]\s*[-+]?[\d.]{1,10}\s*%?", rest):
        return None
    return match.group(1) if number(match.group(1)) is not None else None


def grids(rows: tuple[Row, ...], caption: str | None) -> Iterator[Grid]:
    """Set titles and rows of one table apart; a second line of titles half-way starts a second table.

    A table without a number (pictures, prompts, check marks) is none of results.
    """
    rows = _without_empty(rows)
    if not rows or not rows[0].cells:
        return
    start = 0
    while start < len(rows):
        body = _body_start(rows, start)
        end = next((i for i in range(body + 1, len(rows)) if _is_second_header(rows, i)), len(rows))
        while end < len(rows) and end - 1 > body and _is_group(rows[end - 1]):
            end -= 1
        titles = [row for row in rows[start:body] if not _is_group(row)]
        if any(is_value(cell) for row in rows[body:end] for cell in row.cells):
            yield Grid(
                header=_titles(titles, len(rows[0].cells)),
                rows=rows[body:end],
                caption=caption,
                line=titles[-1].line if titles else rows[body].line,
            )
        start = end


def published(entry: Entry, grid: Grid) -> ResultTable:
    """Return a grid as a table of the study."""
    return ResultTable(
        header=grid.header,
        rows=tuple(row.cells for row in grid.rows),
        caption=grid.caption,
        source=entry.source(line=grid.line),
    )


def statements(entry: Entry, grid: Grid) -> Iterator[Statement]:
    """State every cell of a row that names an arm, or of a column that does."""
    names = _name_columns(grid)
    columns = _arms_of_columns(grid, names)
    assumed = metric_of_caption(grid.caption) if not _has_metric(grid) else None
    for row, arm in zip(grid.rows, _arms_of_rows(grid, names), strict=True):
        if _is_group(row):
            continue
        label = " ".join(dict.fromkeys(row.cells[i] for i in names if row.cells[i]))
        for column, cell in enumerate(row.cells):
            said = arm or columns[column]
            if said is None or column in names:
                continue
            title = grid.header[column]
            quantity = title if arm or not columns[column] else label
            if assumed and quantity_of(quantity) is None and is_value(cell):
                quantity = assumed
            yield from cell_statements(
                quantity,
                cell_number(cell) or cell,
                arm=said,
                text=f"{label} | {title}: {cell}",
                source=entry.source(line=row.line, key=title if arm else label),
                label=f"{label} / {title}",
            )


def _without_empty(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Pad rows to one width, drop rows and columns in which nothing stands, and bound the size."""
    width = min(max((len(row.cells) for row in rows), default=0), MOST_COLUMNS)
    full = [(row, (*row.cells[:width], *[""] * (width - len(row.cells)))) for row in rows]
    kept = [i for i in range(width) if any(cells[i] for _, cells in full)]
    found: list[Row] = []
    ruled = False
    for row, cells in full[: MOST_CELLS // max(width, 1)]:
        ruled = ruled or row.ruled
        if any(cells):
            found.append(
                Row(cells=tuple(cells[i] for i in kept), line=row.line, bold_name=row.bold_name,
                    ruled=ruled, head=row.head)
            )  # fmt: skip
            ruled = False
    return tuple(found)


def _is_group(row: Row) -> bool:
    """Tell whether a row names the rows below it: one text over all columns, or alone in its row."""
    texts = {cell for cell in row.cells if cell}
    alone = len(row.cells) > 1 and not any(row.cells[1:]) and bool(row.cells[0])
    spread = len(row.cells) > 2 and len(texts) == 1 and all(row.cells[1:])
    return (spread or alone) and not any(map(is_value, texts)) and not texts <= DASHES


def _is_titles(row: Row) -> bool:
    """Tell whether a row could be one of titles: words alone, over more than one column."""
    others = {cell for cell in row.cells[1:] if cell}
    return len(others) > 1 and not any(is_value(c) or c in DASHES for c in others)


def _body_start(rows: tuple[Row, ...], start: int) -> int:
    """Return where the rows below the titles begin."""
    marked = start
    while marked < len(rows) and rows[marked].head:
        marked += 1
    if marked > start:
        return marked
    first = next(
        (i for i in range(start, len(rows)) if any(map(is_value, rows[i].cells[1:]))), len(rows)
    )
    ruled = next((i for i in range(start + 1, len(rows)) if rows[i].ruled), None)
    if ruled is not None and first < len(rows):
        while ruled < first and (
            _is_titles(rows[ruled]) or (rows[ruled].ruled and ruled + 1 < first)
        ):
            if not _is_titles(rows[ruled]) and not _is_group(rows[ruled]):
                break
            if _is_group(rows[ruled]) and not any(_is_titles(r) for r in rows[ruled:first]):
                break
            ruled += 1
        return ruled
    return ruled if ruled is not None else min(start + 1, first if first > start else start + 1)


def _is_second_header(rows: tuple[Row, ...], index: int) -> bool:
    """Tell whether titles start again: words alone, set apart above and below, values further down."""
    row = rows[index]
    if not _is_titles(row) or index + 1 >= len(rows):
        return False
    same_corner = bool(row.cells[0]) and row.cells[0] == rows[0].cells[0]
    apart = (row.ruled or _is_group(rows[index - 1])) and rows[index + 1].ruled
    return (apart or same_corner) and any(map(is_value, rows[index + 1].cells[1:]))


def _titles(rows: list[Row], width: int) -> tuple[str, ...]:
    return tuple(
        JOINED.join(
            dict.fromkeys(row.cells[column] for row in rows if row.cells[column] not in DASHES)
        )
        for column in range(width)
    )


def _name_columns(grid: Grid) -> tuple[int, ...]:
    """Return the leading columns that name the rows: words, under no title of a quantity."""
    found = [0]
    for column in range(1, len(grid.header)):
        cells = [row.cells[column] for row in grid.rows if not _is_group(row)]
        if quantity_of(grid.header[column]) or any(map(is_value, cells)):
            break
        if arm_of(grid.header[column]) is None:
            found.append(column)
    return tuple(found) if len(found) < len(grid.header) else (0,)


def _has_metric(grid: Grid) -> bool:
    return any(quantity_of(title) for title in grid.header[1:]) or any(
        quantity_of(row.cells[0]) for row in grid.rows
    )


def _arms_of_columns(grid: Grid, names: tuple[int, ...]) -> list[Arm | None]:
    """Tell the arm of each column by its title; the only other one beside a baseline is the proposed."""
    found = [arm_of(title) for title in grid.header]
    others = [
        column
        for column, title in enumerate(grid.header)
        if column not in names and found[column] is None and title and not CHANGE.search(title)
        if any(is_value(row.cells[column]) for row in grid.rows)
    ]
    if (
        found.count("baseline") == 1
        and "proposed" not in found
        and len(others) == 1
        and quantity_of(grid.header[others[0]]) is None
    ):
        found[others[0]] = "proposed"
    return found


def _arms_of_rows(grid: Grid, names: tuple[int, ...]) -> list[Arm | None]:
    """Tell the arm of each row by its name, else by the line that heads its group.

    Where no name says `ours`, the only row set in bold is taken for it if another is called the baseline, and
    so is the only row beside that; where none says `baseline`, the only row without something is taken for it
    beside ours.
    """
    found: list[Arm | None] = []
    group: Arm | None = None
    for row in grid.rows:
        if _is_group(row):
            group = arm_of(row.cells[0])
            found.append(None)
            continue
        label = " ".join(row.cells[i] for i in names)
        arm = arm_of(label) or group
        found.append(None if arm == "proposed" and ABLATED.search(f" {label} ") else arm)
    bold = [i for i, row in enumerate(grid.rows) if row.bold_name and not _is_group(row)]
    if "proposed" not in found and "baseline" in found and len(bold) == 1 and not found[bold[0]]:
        found[bold[0]] = "proposed"
    named = [i for i, row in enumerate(grid.rows) if not _is_group(row)]
    others = [i for i in named if found[i] is None and not CHANGE.search(grid.rows[i].cells[0])]
    if "proposed" not in found and found.count("baseline") == 1 and len(others) == 1:
        left_out = ABLATED.search(f" {grid.rows[others[0]].cells[0]} ")
        measured = quantity_of(grid.rows[others[0]].cells[0]) is not None
        found[others[0]] = None if left_out or measured else "proposed"
    ablated = [i for i, row in enumerate(grid.rows) if ABLATED.search(f" {row.cells[0]}")]
    if "baseline" not in found and found.count("proposed") == 1 and len(ablated) == 1:
        found[ablated[0]] = found[ablated[0]] or "baseline"
    return found
