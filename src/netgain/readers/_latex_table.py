"""The tables of a LaTeX source: where they stand, their rows spread to a full grid, their captions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from netgain.readers._grid import MOST_CELLS, MOST_COLUMNS, Row
from netgain.readers._latex_text import COMMAND, Words, arguments_at, group_end

TABULARS = {
    "tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "xltabular": 2,
    "supertabular": 1, "NiceTabular": 1, "NiceTabular*": 2, "tblr": 1, "longtblr": 1, "tabu": 1,
    "ltablex": 1,
}  # fmt: skip
"""Environments that hold a table, with how many arguments follow their name."""
FLOAT = re.compile(
    r"\\(begin|end)\{((?:side(?:ways)?|wrap|SC|threepart)?table\*?|figure\*?|wrapfigure|minipage)\}"
)
CAPTION = re.compile(
    r"\\(?:caption\*?|captionof\*?\s*\{[a-z]+\}|tabcaption|topcaption)\s*(?=[\[{])"
)
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")
FULL_RULE = re.compile(
    r"\\(?:hline|midrule|toprule|bottomrule|specialrule|Xhline|hdashline|thickhline)\b"
)
BOLD = re.compile(r"\s*(?:\{\s*)?\\(?:textbf\s*\{|bf\b|bfseries\b|mathbf\s*\{)")
MOST_TABLES = 500
MOST_CAPTIONS = 500
LONGEST_CAPTION = 10_000
SPECIAL = re.compile(r"[{&\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One tabular environment with what goes with it."""

    start: int
    """Position of its `\\begin`."""
    end: int
    """Position after its `\\end`."""
    rows: tuple[Row, ...]
    """Its rows, every cell that spans several repeated in each."""
    caption: str | None
    """Words of its caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """One caption of the source."""

    start: int
    """Position of the command."""
    end: int
    """Position after it."""
    text: str
    """Its words."""


class Lines:
    """Positions of a text to 1-based lines."""

    def __init__(self, text: str) -> None:
        self.breaks = [match.start() for match in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        """Return the line a position lies in."""
        return bisect_right(self.breaks, position - 1) + 1


def captions(text: str, words: Words) -> tuple[Caption, ...]:
    """Return the captions of a source in order."""
    found = []
    for match in islice(CAPTION.finditer(text), MOST_CAPTIONS):
        given, end = arguments_at(text, match.end(), 1)
        if given:
            found.append(
                Caption(start=match.start(), end=end, text=words.plain(given[0][:LONGEST_CAPTION]))
            )
    return tuple(found)


def blocks(text: str, words: Words, said: tuple[Caption, ...]) -> Iterator[Block]:
    """Yield the outermost tables of a source."""
    lines = Lines(text)
    floats = _spans(text, FLOAT)
    spans = [s for s in _environments(text) if s[2] in TABULARS][:MOST_TABLES]
    for start, end, name in spans:
        inner_start = text.index("}", start) + 1
        _, inner_start = arguments_at(text, inner_start, TABULARS[name])
        inner_end = max(inner_start, text.rfind("\\end", start, end))
        within = [one for one in floats if one[0] <= start and end <= one[1]]
        around = max(within, key=lambda one: one[0], default=None)
        for wider in sorted(within, key=lambda one: -one[0]):
            if any(wider[0] <= c.start < wider[1] for c in said):
                around = wider
                break
        yield Block(
            start=start,
            end=end,
            rows=tuple(_rows(text, inner_start, inner_end, words, lines)),
            caption=_caption(start, end, around, said, spans),
        )


def _environments(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and name of the outermost tables, told apart from those inside their cells."""
    found: list[tuple[int, int, str]] = []
    depth, opened, name = 0, 0, ""
    for match in ENVIRONMENT.finditer(text):
        if match.group(2) not in TABULARS:
            continue
        if match.group(1) == "begin":
            if depth == 0:
                opened, name = match.start(), match.group(2)
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                found.append((opened, match.end(), name))
    return found


def _spans(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    stack: list[int] = []
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(text):
        if match.group(1) == "begin":
            stack.append(match.start())
        elif stack:
            found.append((stack.pop(), match.end()))
    return found


def _caption(
    start: int,
    end: int,
    around: tuple[int, int] | None,
    said: tuple[Caption, ...],
    spans: list[tuple[int, int, str]],
) -> str | None:
    """Return the caption of a table: inside it, else the one on its side of the float."""
    inside = [c for c in said if start <= c.start < end]
    if inside:
        return inside[0].text
    if around is None:
        return None
    near = [c for c in said if around[0] <= c.start < around[1]]
    if not near:
        return None
    first_table = min(s for s, e, _ in spans if around[0] <= s and e <= around[1])
    if near[0].start < first_table:
        return [c for c in near if c.start < start][-1].text
    return next((c.text for c in near if c.start >= end), near[-1].text)


def _rows(text: str, start: int, end: int, words: Words, lines: Lines) -> Iterator[Row]:
    """Yield the rows of a table; cells that span rows go on into the rows they span."""
    hanging: dict[int, tuple[str, int]] = {}
    found: list[tuple[list[str], int, bool, bool]] = []
    count = 0
    for position, raw_cells in _split(text, start, end):
        head = raw_cells[0] if raw_cells else ""
        cells: list[str] = []
        upward: list[tuple[int, str, int]] = []
        for raw in raw_cells:
            width, height, content = _spanned(raw)
            plain = words.plain(content)
            column = len(cells)
            if not plain and column in hanging:
                plain = hanging[column][0]
            cells += [plain] * min(width, MOST_COLUMNS - len(cells))
            if height < 0:
                upward += [(at, plain, -height - 1) for at in range(column, len(cells))]
            elif height > 1:
                hanging |= dict.fromkeys(range(column, len(cells)), (plain, height))
        hanging = {at: (said, left - 1) for at, (said, left) in hanging.items() if left > 1}
        for at, said, rows_up in upward:
            for row in found[-rows_up:] if rows_up else []:
                row[0].extend([""] * (at + 1 - len(row[0])))
                row[0][at] = row[0][at] or said
        count += len(cells)
        if count > MOST_CELLS:
            break
        bold = BOLD.match(_after_rules(head)) is not None
        found.append((cells, lines.at(position), bold, FULL_RULE.search(head) is not None))
    for cells, line, bold, ruled in found:
        yield Row(cells=tuple(cells), line=line, bold_name=bold, ruled=ruled)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the position and raw cells of each row, split outside groups and inner environments."""
    cells: list[str] = []
    opened, index, inner = start, start, 0
    row_start = start
    while index < end:
        following = SPECIAL.search(text, index, end)
        if following is None:
            break
        index = following.start()
        character = text[index]
        if character == "{":
            index = min(group_end(text, index), end)
        elif character == "&" and not inner:
            cells.append(text[opened:index])
            index += 1
            opened = index
        elif character == "&":
            index += 1
        else:
            match = COMMAND.match(text, index)
            name = match.group(1) if match else ""
            inner += (name == "begin") - (name == "end")
            if name in ("\\", "tabularnewline", "cr", "\\*") and not inner:
                yield _first_ink(text, row_start, index), [*cells, text[opened:index]]
                skip = re.compile(r"\*?\s*(?:\[[^\]\n]{0,40}\])?").match(
                    text, index + len(name) + 1
                )
                index = skip.end() if skip else index + 2
                cells, opened, row_start = [], index, index
            else:
                index = match.end() if match else index + 1
    if cells or text[opened:end].strip():
        yield _first_ink(text, row_start, end), [*cells, text[opened:end]]


def _first_ink(text: str, start: int, end: int) -> int:
    """Return where the words of a row begin, rules and blank lines passed over."""
    return start + len(text[start:end]) - len(_after_rules(text[start:end]))


RULES = re.compile(
    r"(?:\s*+\\(?:hline|midrule|toprule|bottomrule|hdashline|thickhline|endhead|endfirsthead|endfoot|"
    r"endlastfoot|centering|addlinespace(?:\[[^\]]{0,20}\])?|(?:cmidrule|cline|cdashline)"
    r"(?:\[[^\]]{0,20}\])?(?:\([^)]{0,10}\))?\s*\{[^}]{0,20}\}|rowcolor(?:\[[^\]]{0,30}\])?\{[^}]{0,60}\}"
    r"|arrayrulecolor\{[^}]{0,30}\}|Xhline\{[^}]{0,30}\}|noalign\{[^}]{0,60}\}))+\s*+"
)


def _after_rules(text: str) -> str:
    match = RULES.match(text)
    return text[match.end() :] if match else text.lstrip()


def _spanned(raw: str) -> tuple[int, int, str]:
    """Return how many columns and rows a raw cell spans, and its content; rows below 0 go upward."""
    width, height, content = 1, 1, raw
    for _ in range(4):
        match = re.compile(r"[\s{]*\\(multicolumn|multirow|multirowcell)\s*(?=[\[{])").match(
            _after_rules(content)
        )
        if match is None:
            break
        inside = _after_rules(content)
        given, _ = arguments_at(inside, match.end(), 2 if match.group(1) == "multirowcell" else 3)
        if not given or not re.fullmatch(r"\s*-?\d{1,3}\s*", given[0]):
            break
        span = int(given[0])
        if match.group(1) == "multicolumn":
            width = max(1, min(span, MOST_COLUMNS))
        else:
            height = max(-50, min(span, 200)) or 1
        if len(given) < 2:
            break
        content = given[-1]
    return width, height, content
