"""Notebooks as lines: which text of which cell stands on which line of the `.ipynb` file."""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from json.decoder import scanstring  # type: ignore[attr-defined]  # absent from the stubs
from json.scanner import py_make_scanner  # type: ignore[attr-defined]  # takes a hook
from typing import Any, Literal

from netgain.errors import UnreadableFile
from netgain.readers._notebook_tables import progress_in

MOST_CELLS = 20_000
CELL_MAGIC = re.compile(r"\s*%%\s*(\w+)")
PYTHON_CELLS = frozenset(
    {"time", "timeit", "capture", "prun", "python", "python3", "memit", "mprun"}
)
"""Cell magics whose cell is Python all the same."""
LINE_MAGIC = re.compile(r"(\s*)(?:(\w[\w, ]*=\s*)?[%!]|\?\w|[\w.]+\?{1,2}\s*$)")
"""`%matplotlib inline`, `!pip install x`, `files = !ls`, `?help`, `model?`."""


MOST_MENDED = 8
"""Lines of one cell that are left out so that the others parse."""
IN_PLACE = ("pass", "None,", "None", "")
"""What stands for a line that does not parse: a statement, a value of several, one alone, or nothing."""


class Placed(str):
    """A string of a JSON text that knows where it stands."""

    __slots__ = ("at",)
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell."""

    number: int
    """Position among all cells, from 1."""
    kind: Literal["code", "markdown"]
    """Other kinds are left out."""
    source: tuple[tuple[int, str], ...]
    """Line of the file and text, for each line of the cell."""
    printed: tuple[tuple[int, str], ...]
    """Line of the file and text, for each line it printed or showed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """One notebook."""

    language: str
    """Language of its code cells, lower case."""
    aligned: bool
    """Whether lines are those of the file; else they count through the cells' own lines."""
    cells: tuple[Cell, ...]
    """Cells in order."""


def parse(text: str, depth: int) -> Notebook:
    """Read a notebook of format 3 or 4.

    Args:
        text: the whole file.
        depth: deepest nesting allowed.

    Raises:
        UnreadableFile: no JSON, no notebook, or over the limits.
    """
    document = _decode(text, depth)
    raw = document.get("cells") if isinstance(document, dict) else None
    sheets = document.get("worksheets") if isinstance(document, dict) else None
    if raw is None and isinstance(sheets, list):
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        raw = [cell for part in parts if isinstance(part, list) for cell in part]
    if not isinstance(raw, list) or not isinstance(document, dict):
        raise UnreadableFile("holds no cells; expected a Jupyter notebook of format 3 or 4")
    if len(raw) > MOST_CELLS:
        raise UnreadableFile(f"more than {MOST_CELLS:,} cells; expected a notebook")
    lines = _LineNumbers(text)
    pieces = [(number, cell) for number, cell in enumerate(raw, start=1) if isinstance(cell, dict)]
    aligned = _is_aligned([cell for _, cell in pieces], lines)
    counter = iter(range(1, 10**9))
    cells = tuple(
        _cell(number, cell, lines if aligned else None, counter)
        for number, cell in pieces
        if cell.get("cell_type") in ("code", "markdown", "heading")
    )
    return Notebook(language=_language(document, pieces), aligned=aligned, cells=cells)


def python_lines(cell: Cell) -> Iterator[tuple[int, str]]:
    """Yield a code cell's lines with magics and shell lines made harmless, so that the rest parses.

    A magic becomes `pass` at its own indentation; a cell in another language becomes blank lines.
    """
    source = cell.source
    first = next((text for _, text in source if text.strip()), "")
    magic = CELL_MAGIC.match(first)
    if magic and magic[1] not in PYTHON_CELLS:
        return
    continued = False
    for line, text in source:
        found = LINE_MAGIC.match(text)
        special = (
            continued
            or CELL_MAGIC.match(text) is not None
            or (found is not None and not _is_modulo(text))
        )
        if not special:
            yield line, text
            continue
        indent = text[: len(text) - len(text.lstrip())]
        name = (found[2] or "").split("=")[0].strip() if found else ""
        yield line, f"{indent}{name} = None" if name.isidentifier() else f"{indent}pass"
        continued = text.rstrip().endswith("\\")


def parsing_lines(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the lines of a cell with those left out that no Python parses, blank where too many are.

    One cell that was never finished, or that is written for a newer Python, hides none of the others.
    """
    found = list(lines)
    broken = _broken(found)
    for _ in range(MOST_MENDED):
        if broken is None:
            return found
        if not 0 <= broken < len(found):
            return []
        number, text = found[broken]
        indent = text[: len(text) - len(text.lstrip())]
        after: list[tuple[float, str]] = []
        for mended in (f"{indent}{word}" if word else "" for word in IN_PLACE):
            found[broken] = (number, mended)
            left = _broken(found)
            after.append((float("inf") if left is None else left, mended))
        reached, mended = max(after, key=lambda one: one[0])
        found[broken] = (number, mended)
        broken = None if reached == float("inf") else int(reached)
    return found if broken is None else []


def _broken(lines: Sequence[tuple[int, str]]) -> int | None:
    """Return the place of the first line that does not parse, None where all do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(text for _, text in lines) + "\n")
    except SyntaxError as error:
        return (error.lineno or 0) - 1
    except (ValueError, RecursionError, MemoryError):
        return -1
    return None


def _is_modulo(text: str) -> bool:
    """Tell `%` that goes on an expression of the line above (`% (a, b)`) from a magic."""
    return re.match(r"\s*%\s*[(\d{]", text) is not None


def _decode(text: str, depth: int) -> Any:
    """Parse JSON with the place of every string."""
    decoder: Any = json.JSONDecoder()

    def placed(string: str, end: int, strict: bool = True) -> tuple[str, int]:
        value, after = scanstring(string, end, strict)
        found = Placed(value)
        found.at = end
        return found, after

    decoder.parse_string = placed
    decoder.scan_once = py_make_scanner(decoder)
    try:
        document = decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile("damaged notebook; expected the JSON of a .ipynb file") from error
    from netgain.readers._documents import check_depth

    check_depth(document, depth)
    return document


class _LineNumbers:
    """Line numbers of rising positions in a text."""

    def __init__(self, text: str) -> None:
        import bisect

        self.starts = [match.end() for match in re.finditer("\n", text)]
        self.find = bisect.bisect_right

    def of(self, piece: Placed) -> int:
        return int(self.find(self.starts, piece.at)) + 1


def _strings(value: Any) -> list[Placed]:
    """Return the pieces of a text that is a string or a list of strings."""
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, Placed)]


def _texts(cell: dict[str, Any]) -> list[Placed]:
    return _strings(cell.get("source", cell.get("input")))


def _is_aligned(cells: list[dict[str, Any]], lines: _LineNumbers) -> bool:
    """Tell whether every source line has a line of the file to itself, as Jupyter writes it."""
    pieces = [piece for cell in cells for piece in _texts(cell)]
    single = all("\n" not in piece[:-1] for piece in pieces)
    numbers = [lines.of(piece) for piece in pieces]
    return single and bool(numbers) and all(a < b for a, b in pairwise(numbers))


def _cell(
    number: int, cell: dict[str, Any], lines: _LineNumbers | None, counter: Iterator[int]
) -> Cell:
    printed = [piece for output in _outputs(cell) for piece in output]
    return Cell(
        number=number,
        kind="code" if cell["cell_type"] == "code" else "markdown",
        source=tuple(_numbered(_texts(cell), lines, counter)),
        printed=tuple(_numbered(printed, lines, counter)),
    )


def _numbered(
    pieces: list[Placed], lines: _LineNumbers | None, counter: Iterator[int]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of some pieces; output can hold several lines in one piece, all on its line."""
    if lines is None:
        for text in "".join(pieces).split("\n"):
            yield next(counter), text
        return
    for piece in pieces:
        line = lines.of(piece)
        for text in piece.removesuffix("\n").split("\n"):
            yield line, text


def _outputs(cell: dict[str, Any]) -> Iterator[list[Placed]]:
    """Yield what a cell printed or showed as plain text, and tables of progress; other HTML is left out."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        shown = data.get("text/plain") if isinstance(data, dict) else None
        tables = _tables(_strings(data.get("text/html"))) if isinstance(data, dict) else []
        yield tables or _strings(output.get("text", shown))


def _tables(pieces: list[Placed]) -> list[Placed]:
    """Return the rows of tables of progress shown as HTML, each at the piece it begins in."""
    starts = list(accumulate((len(piece) for piece in pieces), initial=0))
    found: list[Placed] = []
    for start, line in progress_in("".join(pieces)):
        row = Placed(line + "\n")
        row.at = pieces[max(0, bisect_right(starts, start) - 1)].at
        found.append(row)
    return found


def _language(document: dict[str, Any], pieces: list[tuple[int, dict[str, Any]]]) -> str:
    metadata = document.get("metadata")
    for place in ("kernelspec", "language_info"):
        inner = metadata.get(place) if isinstance(metadata, dict) else None
        said = (
            inner.get("language" if place == "kernelspec" else "name")
            if isinstance(inner, dict)
            else None
        )
        if isinstance(said, str):
            return said.lower()
    said = next((c.get("language") for _, c in pieces if isinstance(c.get("language"), str)), None)
    return str(said or "python").lower()
