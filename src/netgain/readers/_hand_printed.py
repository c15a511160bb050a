"""Lines that a loop printed by hand in a shape of its own, rewritten to the words they stand for.

`1 <tab>train loss=0.70 <tab>valid loss=0.69` counts epochs with a bare number; `Train(L=0.7 | A=0.5)`
shortens loss and accuracy to a letter; `test acc on best model = 0.66` says between name and number of which
weights it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

from netgain.errors import UnreadableFile
from netgain.readers.base import Entry, open_regular

LOOKED_AT = 2**18
"""Bytes of a log in which the bare counter must begin."""
FEWEST = 3
"""Lines in a row whose numbers follow one another."""
COUNTED = re.compile(
    rb"^[ \t]*(\d{1,6})[ \t]*(?:[\t|:,]|[ ]{2,}| (?=[A-Za-z]))[ \t]*(?=[A-Za-z][^\r\n=:]{0,40}[=:(])",
    re.MULTILINE,
)
"""A bare number in front of the first named one."""
LETTERS = re.compile(
    rb"\b(train|training|valid|val|validation|test|dev|eval)\s*\(\s*L(?:oss)?\s*[=:]\s*([-+.\deE]+)\s*[|,;]\s*"
    rb"A(?:cc)?\s*[=:]\s*([-+.\deE]+)\s*(%?)\s*\)",
    re.IGNORECASE,
)
OF_BEST = re.compile(
    rb"(?<=[A-Za-z\d]) (?:on|of|with|for|using|at) (?:the )?best (?:model|checkpoint|weights?|epoch|"
    rb"val(?:idation)? model)(?=\s*[:=])",
    re.IGNORECASE,
)
THRESHOLDS = re.compile(rb"(?<=@)(\.5|0\.5):(\.95|0\.95)")
"""The range of thresholds in a name, whose colon is none before a value."""


class HandPrinted:
    """Rewrites the lines of one log."""

    def __init__(self, entry: Entry) -> None:
        """Look whether its lines begin with a bare counter."""
        self._counted = _is_counted(_beginning(entry))

    def line(self, raw: bytes) -> bytes:
        """Return a line in the words it stands for; most are returned as they are."""
        if b"(L" in raw or b"(l" in raw:
            raw = LETTERS.sub(rb"\1 loss=\2 \1 acc=\3\4", raw)
        if b"best" in raw:
            raw = OF_BEST.sub(b"", raw)
        if b":.95" in raw or b":0.95" in raw:
            raw = THRESHOLDS.sub(rb"\1-\2", raw)
        if self._counted and COUNTED.match(raw):
            raw = b"epoch " + raw.lstrip()
        return raw


def _is_counted(text: bytes) -> bool:
    """Tell whether lines are counted 1, 2, 3, by bare numbers in front of what they hold."""
    numbers = [int(found[1]) for found in COUNTED.finditer(text)]
    row = 0
    for earlier, later in pairwise(numbers):
        row = row + 1 if later == earlier + 1 else 0
        if row >= FEWEST - 1:
            return True
    return False


def _beginning(entry: Entry) -> bytes:
    try:
        with open_regular(entry.path) as stream:
            return stream.read(LOOKED_AT)
    except (OSError, UnreadableFile):
        return b""
