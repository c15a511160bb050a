"""Tables that a program drew with bars into its log, row by row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from netgain.readers._line_grammar import SPLIT_WORD
from netgain.readers._line_parts import Axis, Line
from netgain.readers._series import number
from netgain.vocabulary import canonical_metric, is_clock, is_known_metric, x_axis

BARS = re.compile(r"[|│┃║]")
RULE = re.compile(r"[\s\-=_+|:│┃║━─═┏┓┡┩├┤┌┐└┘╭╮╰╯┗┛╔╗╚╝╠╣╞╡╒╕╘╛┠┨┢┪┳┻╇┼┬┴╋╪╬╦╩╤╧╈┯┷┿╂]+")
NUMERIC = re.compile(
    r"([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*%?(?:\s*/\s*(\d[\d,]*))?(?:\s*(?:±|\+/-).*)?|nan|inf",
    re.IGNORECASE,
)
NAME = re.compile(r"[A-Za-z][\w@./ \-+#()%\[\]]{0,60}")
NO_LABEL = frozenset(
    (
        "metric",
        "name",
        "test metric",
        "validate metric",
        "split",
        "phase",
        "set",
        "stage",
        "mode",
        "",
    )
)
"""Titles of a column whose cells name what the row holds."""
MOST_CELLS = 200


@dataclass(slots=True)
class Ruled:
    """The table that is being read; its header waits for its rows."""

    header: tuple[str, ...] = ()
    """Titles of the columns."""
    section: str = ""
    """Title of the block of name-value rows (`rollout/`)."""
    pairs: dict[str, str] = field(default_factory=dict)
    """Name-value rows met since the last rule."""

    def row(self, text: str) -> Line | None:
        """Take one line of a table in; return what it says where it is complete in itself."""
        if RULE.fullmatch(text):
            return None
        cells = [cell.strip() for cell in BARS.split(text.strip())][:MOST_CELLS]
        if cells and not cells[0]:
            cells = cells[1:]
        if cells and not cells[-1]:
            cells = cells[:-1] if len(cells) > 2 else cells
        if not len(cells) >= 2 or len(cells) == MOST_CELLS:
            return None
        if len(cells) == 2 and NAME.fullmatch(cells[0]) and not cells[1]:
            self.section = cells[0] if cells[0].endswith("/") else ""
            return None
        if len(cells) == 2 and NAME.fullmatch(cells[0]) and NUMERIC.fullmatch(cells[1]):
            self.pairs[f"{self.section}{cells[0]}"] = cells[1]
            return None
        if all(NAME.fullmatch(cell) for cell in cells[1:]) and (
            not cells[0] or NAME.fullmatch(cells[0])
        ):
            self.header = tuple(cells)
            return None
        return self._line(cells) if len(cells) == len(self.header) else None

    def close(self) -> Line | None:
        """Return what the name-value rows say once their block is over."""
        pairs, self.pairs, self.section = self.pairs, {}, ""
        return _line_of(list(pairs.items()), None) if pairs else None

    def _line(self, cells: list[str]) -> Line | None:
        """Return a row under its titles; rows that are labelled with anything but a split are left out."""
        split: str | None = None
        named: list[tuple[str, str]] = []
        for title, cell in zip(self.header, cells, strict=True):
            if NUMERIC.fullmatch(cell):
                named.append((title, cell))
            elif SPLIT_WORD.fullmatch(cell):
                split = cell.lower()
            elif cell and cell not in ("-", "--", "N/A", "n/a", "None") and _is_label(title):
                return None
        return _line_of(named, split)


def _is_label(title: str) -> bool:
    """Tell whether text in a column says whose row it is, as against a remark or a duration."""
    plain = title.lower()
    return not is_clock(plain) and not is_known_metric(canonical_metric(plain).name)


def _line_of(named: list[tuple[str, str]], split: str | None) -> Line | None:
    axes: dict[Axis, float] = {}
    totals: dict[Axis, float] = {}
    values: dict[str, float] = {}
    for title, cell in named:
        found = NUMERIC.fullmatch(cell)
        if found is None:
            continue
        name = re.sub(r"\s*[\[(](?:%|s|ms|sec|dB|avg|mean)[\])]", "", title.rstrip(" #")).strip()
        plain = re.sub(r"[ \-]+", "_", name)
        axis = x_axis(plain)
        value = number(found[1] or cell)
        if axis is not None and axis not in axes:
            axes[axis] = value
            if found[2]:
                totals[axis] = number(found[2])
        elif not is_clock(plain):
            said = canonical_metric(plain).split is not None
            values[f"{split}/{plain}" if split and not said else plain] = value
    return Line(axes=axes, totals=totals, values=values, split=split) if axes or values else None
