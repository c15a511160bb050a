"""Histories that a notebook printed whole: `{'loss': [1.2, 0.9], 'val_accuracy': [0.61, 0.7]}`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netgain.readers._notebook_file import Cell
from netgain.vocabulary import canonical_metric, is_known_metric

LONGEST = 2**20
"""Characters of one printed history."""
FEWEST = 3
"""Values of a curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Curves of one training, one value an epoch."""

    line: int
    """Line of the file on which it begins."""
    rows: tuple[dict[str, float], ...]
    """The values of each epoch by name."""


def history_in(cells: Sequence[Cell]) -> History | None:
    """Return the one history that the cells of a notebook printed; None where they printed several."""
    found = [one for cell in cells for one in _of_cell(cell)]
    apart = {repr(one.rows[-1]) for one in found}
    return found[0] if len(apart) == 1 else None


def _of_cell(cell: Cell) -> Iterator[History]:
    """Yield the dicts of curves of one cell, each on a line or broken over the lines below."""
    held: list[str] = []
    begun = 0
    for number, text in cell.printed:
        if not held and text.lstrip()[:2] not in ("{'", '{"'):
            continue
        if not held:
            begun = number
        held.append(text)
        if text.rstrip().endswith("}"):
            history = _read("\n".join(held), begun)
            held = []
            if history is not None:
                yield history


def _read(text: str, line: int) -> History | None:
    if len(text) > LONGEST or "[" not in text:
        return None
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not isinstance(found, dict):
        return None
    curves = {
        key: values
        for key, values in found.items()
        if isinstance(key, str)
        and isinstance(values, list)
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    }
    lengths = {len(values) for values in curves.values()}
    known = any(is_known_metric(canonical_metric(key).name) for key in curves)
    if len(curves) < len(found) or len(lengths) != 1 or min(lengths) < FEWEST or not known:
        return None
    return History(
        line=line,
        rows=tuple(
            {"epoch": float(at), **{key: float(values[at - 1]) for key, values in curves.items()}}
            for at in range(1, min(lengths) + 1)
        ),
    )
