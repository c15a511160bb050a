"""Tables with a column for each split that AllenNLP and its like print into a log, one metric a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netgain.readers._line_grammar import NUMBER
from netgain.readers._line_parts import Line
from netgain.readers._series import number

SPLIT = r"(?:training|train|validation|valid|val|dev|test|evaluation|eval)"
HEADER = re.compile(rf"\s*{SPLIT}(?:\s{{0,40}}\|\s{{0,40}}{SPLIT}){{1,3}}\s*", re.IGNORECASE)
ROW = re.compile(
    rf"\s*(?P<name>[A-Za-z][\w@\-]{{0,40}})\s{{0,40}}"
    rf"(?P<cells>(?:\|\s{{0,40}}(?:{NUMBER}|N/?A|-)\s{{0,40}}){{2,4}})",
    re.IGNORECASE,
)
HEADING = re.compile(rf"{SPLIT}\s{{0,40}}\|\s{{0,40}}{SPLIT}\b".encode(), re.IGNORECASE)
"""What only a header holds, looked for in the bytes of a line before it is taken apart."""
LONGEST = 400


@dataclass(slots=True)
class SplitColumns:
    """The table that is being read."""

    splits: tuple[str, ...] = ()
    """Titles of its columns; empty outside a table."""

    def concerns(self, raw: bytes) -> bool:
        """Tell whether a line can belong to such a table; nearly all lines of a log cannot."""
        return b"|" in raw and (bool(self.splits) or HEADING.search(raw) is not None)

    def row(self, text: str) -> Line | None:
        """Take one message in; return what it says of the training, None where it is no row."""
        if len(text) > LONGEST:
            self.splits = ()
        elif HEADER.fullmatch(text):
            self.splits = tuple(cell.strip().lower() for cell in text.split("|"))
        elif self.splits and (found := ROW.fullmatch(text)) is not None:
            cells = found["cells"].split("|")[1:]
            if len(cells) != len(self.splits):
                return None
            values = {
                f"{split}/{found['name']}": number(cell)
                for split, cell in zip(self.splits, cells, strict=True)
                if any(character.isdigit() for character in cell)
            }
            return Line(axes={}, totals={}, values=values, split=None)
        else:
            self.splits = ()
        return None
