"""Tables of progress that a notebook shows as HTML: fastai's `fit`, the Trainer of transformers.

Their plain text says only that HTML was shown. Each row becomes a line with titles in front of its numbers.
"""

from __future__ import annotations

import html
import re

ROW = re.compile(r"<tr\b[^>]{0,200}>(.{0,20000}?)</tr>", re.IGNORECASE | re.DOTALL)
CELL = re.compile(r"<t[hd]\b[^>]{0,200}>(.{0,2000}?)</t[hd]>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]{0,300}>")
AXES = frozenset({"epoch", "step", "iteration"})
"""First titles of a table of progress."""
NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?%?")
DONE = re.compile(r"\[\s*\d+/\d+\s+[\d:]+\s*(?:&lt;|<)?[^\]]{0,40},\s*Epoch\s+([\d.]+)/(\d+)\]")
"""What the Trainer writes above its table: `[300/300 05:00, Epoch 3/3]`."""
VALIDATION = re.compile(r"valid|^val_|^eval", re.IGNORECASE)
OF_ANOTHER = re.compile(r"train|valid|^val_|^eval|^test|time|learning|^$", re.IGNORECASE)
"""Titles that say themselves what they are of."""
LONGEST = 2_000_000


def progress_in(text: str) -> list[tuple[int, str]]:
    """Return where each row of the tables of progress in some HTML begins, and the line it stands for."""
    if len(text) > LONGEST or "<t" not in text:
        return []
    found: list[tuple[int, str]] = []
    titles: list[str] = []
    done = DONE.search(text)
    if done is not None:
        found.append((done.start(), f"num_train_epochs: {done[2]}"))
    for row in ROW.finditer(text):
        cells = [html.unescape(TAG.sub("", cell)).strip() for cell in CELL.findall(row[1])]
        if not cells:
            continue
        if cells[0].lower() in AXES and not any(NUMBER.fullmatch(cell) for cell in cells):
            titles = _of_validation(["_".join(cell.split()) for cell in cells])
        elif titles and len(cells) == len(titles) and NUMBER.fullmatch(cells[0]):
            named = [
                f"{title}: {cell}"
                for title, cell in zip(titles, cells, strict=True)
                if title and NUMBER.fullmatch(cell)
            ]
            found.append((row.start(), ", ".join(named)))
        else:
            titles = []
    return found if titles or len(found) > 1 else []


def _of_validation(titles: list[str]) -> list[str]:
    """Name the scores beside a validation loss: both libraries measure them on the validation data alone."""
    if not any(VALIDATION.search(title) for title in titles):
        return titles
    return [
        title if not at or OF_ANOTHER.search(title) else f"valid_{title}"
        for at, title in enumerate(titles)
    ]
