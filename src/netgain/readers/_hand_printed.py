"""Lines that a loop printed by hand in a shape of its own, rewritten to the words they stand for.

`1 <tab>train loss=0.70 <tab>valid loss=0.69` counts epochs with a bare number; `Train(L=0.7 | A=0.5)`
shortens loss and accuracy to a letter; `test acc on best model = 0.66` says between name and number of which
weights it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

from netgain.errors import UnreadableFile
from netgain.readers._framework_lines import FrameworkLines
from netgain.readers.base import Entry, open_regular

DIGIT = re.compile(rb"\d")
DIGITS = bytes.maketrans(b"123456789", b"000000000")
LONGEST_SHAPE, MOST_SHAPES = 1000, 20_000
"""Bytes of a line, and number of lines, whose shape is remembered as one that stands for itself."""
LOOKED_AT = 2**18
"""Bytes of a log in which the bare counter must begin."""
FEWEST = 3
"""Lines in a row whose numbers follow one another."""
COUNTED = re.compile(
    rb"^[ \t]*(\d{1,6})[ \t]*(?:[\t|:,]|[ ]{2,}| (?=[A-Za-z]))[ \t]*(?=[A-Za-z][^\r\n=:]{0,40}[=:(])",
    re.MULTILINE,
)
"""A bare number in front of the first named one."""
BRACKETED = re.compile(
    rb"^[ \t]*\[[ \t]*(\d{1,9})[ \t]*/[ \t]*(\d{1,9})[ \t]*\][ \t]*[:,|\-]?[ \t]*(?=[A-Za-z])",
    re.MULTILINE,
)
"""A bare number and its end in front of the first named one: `[100/2000]: loss`."""
DOUBLE = re.compile(
    rb"^[ \t]*\[\d{1,6}/\d{1,6}\]\[[ \t]*\d{1,9}/\d{1,9}\][ \t]*[:,|\-]?[ \t]*(?=[A-Za-z])"
)
"""Epoch and step by brackets alone: `[0/25][50/1583] Loss_D: 0.9`."""
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
BARE_SPLITS = re.compile(
    rb"^(\s*(?:\[eval\]\s*)?(?:iter(?:ation)?|step)\s*\d+\s*[:|,]?\s*)train(\s*[=:]?\s*\d+\.\d+\s*[,|]?\s*)val(?=\s*[=:]?\s*\d+\.\d)",
    re.IGNORECASE,
)
"""`iter 500: train 3.7095 val 3.6459`: the losses of both splits, where the log prints no accuracy."""
BEST_BARE = re.compile(rb"\bbest[_ ]val(?=\s*[=:]\s*\d+\.\d)", re.IGNORECASE)
WRAPPED = re.compile(
    rb"(?:\b(?:torch|np|numpy|tf|jnp)\.)?\b(?:tensor|array|Array|float(?:16|32|64)|int(?:32|64))"
    rb"\(\s*\[?\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?|nan|inf)\s*\]?\s*(?:,[^()\r\n]{0,100})?\)"
)
"""One number as a library prints it: `tensor(0.33, device='cuda:0')`, `np.float64(0.33)`."""
BEST_AT = re.compile(
    rb"\bbest (validation|valid|val|dev|test) result\b[^:\r\n]{0,40}\bat (step|epoch)\s{1,12}(\d{1,9})"
    rb"\s{0,4}:\s{0,12}([-+.\deE]{1,20}) ([A-Za-z]\w{0,20})\.?\s*$",
    re.IGNORECASE,
)
"""`Best validation result (greedy) at step 273000: 11.71 ppl.`, the number before its name."""
BEST_ON = re.compile(
    rb"\bbest (?:score|result|acc(?:uracy)?) (?:on|for)(?: the)? (train|validation|valid|val|dev|test)\b"
    rb"(?: set)? (?:at )?(?:epoch )?(\d{1,6})\s{0,4}[:=]\s{0,12}(\d{1,4}(?:\.\d{1,20})?\s?%)\s*$",
    re.IGNORECASE,
)
"""`The best score on DEV 12 :14.037%`: the split, the epoch, and a share in percent."""
HITS = rb"\([ \t]*(\d{1,9})[ \t]*,[ \t]*(\d{1,9})[ \t]*\)"
EVALUATED = re.compile(
    rb"evaluat[^\r\n(]{0,60}\r?\n[ \t]*" + HITS + rb"[ \t]*\r?\n[ \t]*" + HITS + rb"[ \t]*\r?\n",
    re.IGNORECASE,
)
"""Hits and their total on training and on test data, below a line that announces an evaluation."""
HITS_ALONE = re.compile(rb"[ \t]*" + HITS + rb"\s*")
MARKUP = re.compile(rb"</?(?:br|b|p|i|li|pre|code)\s*/?>", re.IGNORECASE)
THRESHOLDS = re.compile(rb"(?<=@)(\.5|0\.5):(\.95|0\.95)")
"""The range of thresholds in a name, whose colon is none before a value."""


class HandPrinted:
    """Rewrites the lines of one log."""

    def __init__(self, entry: Entry) -> None:
        """Look whether its lines begin with a bare counter."""
        beginning = _beginning(entry)
        self._framework = FrameworkLines(beginning)
        self._plain: set[bytes] = set()
        self._counted = _is_counted(beginning)
        self._bracketed = _bracketed(beginning)
        lowered = beginning.lower()
        speaks_of_loss = b"loss" in lowered or b"[eval] iter" in lowered
        self._totals = _totals(beginning)
        self._losses = speaks_of_loss and b"acc" not in lowered

    def line(self, raw: bytes) -> bytes:
        """Return a line in the words it stands for; most are returned as they are."""
        shape = raw.translate(DIGITS)
        if shape in self._plain:
            return raw
        said = self._said(raw)
        if said is raw and len(raw) <= LONGEST_SHAPE and len(self._plain) < MOST_SHAPES:
            self._plain.add(shape)
        return said

    def _said(self, raw: bytes) -> bytes:
        if self._totals and (hits := HITS_ALONE.fullmatch(raw)) and hits[2] in self._totals:
            split = b"train" if hits[2] == self._totals[0] else b"test"
            return split + b" accuracy: " + hits[1] + b"/" + hits[2] + b"\n"
        if DIGIT.search(raw) is None:
            self._framework.pass_words(raw)
            return raw
        raw = self._framework.line(raw)
        if b"(L" in raw or b"(l" in raw:
            raw = LETTERS.sub(rb"\1 loss=\2 \1 acc=\3\4", raw)
        if b"(" in raw and (
            b"tensor(" in raw or b"array(" in raw or b"float" in raw or b"int" in raw
        ):
            raw = WRAPPED.sub(rb"\1", raw)
        if b"<" in raw:
            raw = MARKUP.sub(b" ", raw)
        if self._losses and b"val" in raw:
            raw = BARE_SPLITS.sub(rb"\1train_loss\2val_loss", raw)
            raw = BEST_BARE.sub(b"best_val_loss", raw)
        if b"est " in raw and (at := BEST_AT.search(raw)):
            raw = b"%s %s, best_%s_%s: %s\n" % (at[2], at[3], at[1], at[5], at[4])
        if b"est " in raw and b"%" in raw and (at := BEST_ON.search(raw)):
            raw = b"epoch %s, best_%s_score: %s\n" % (at[2], at[1], at[3])
        if b"best" in raw:
            raw = OF_BEST.sub(b"", raw)
        if b":.95" in raw or b":0.95" in raw:
            raw = THRESHOLDS.sub(rb"\1-\2", raw)
        if b"][" in raw and DOUBLE.match(raw):
            raw = b"Epoch " + raw.lstrip()
        elif self._counted and COUNTED.match(raw):
            raw = b"epoch " + raw.lstrip()
        elif self._bracketed and BRACKETED.match(raw):
            raw = self._bracketed + b" " + raw.lstrip()
        return raw


def _totals(text: bytes) -> tuple[bytes, ...]:
    """Return how many samples of training and test data a log counts hits of, where it prints bare pairs."""
    found = EVALUATED.findall(text)
    totals = {(first, second) for _, first, _, second in found}
    if len(found) < FEWEST or len(totals) > 1:
        return ()
    more = all(int(a) <= int(n) and int(b) <= int(m) and int(n) > int(m) for a, n, b, m in found)
    return totals.pop() if more else ()


def _is_counted(text: bytes) -> bool:
    """Tell whether lines are counted 1, 2, 3, by bare numbers in front of what they hold."""
    numbers = [int(found[1]) for found in COUNTED.finditer(text)]
    row = 0
    for earlier, later in pairwise(numbers):
        row = row + 1 if later == earlier + 1 else 0
        if row >= FEWEST - 1:
            return True
    return False


def _bracketed(text: bytes) -> bytes:
    """Return what a bare `[100/2000]` in front of a line counts, empty where the log leaves that open.

    Every number from the first on counts epochs; equal strides of more than one up to one end count steps,
    where no line speaks of epochs: then they may be the batches of one.
    """
    found = [(int(at), int(end)) for at, end in BRACKETED.findall(text)]
    if len(found) < FEWEST or len({end for _, end in found}) > 1:
        return b""
    strides = {later - earlier for (earlier, _), (later, _) in pairwise(found)}
    strides.discard(0)
    if found[-1][0] > found[0][1] or min(strides, default=0) < 1:
        return b""
    if strides == {1} and found[0][0] <= 1:
        return b"epoch"
    return b"step" if min(strides) > 1 and b"epoch" not in text.lower() else b""


def _beginning(entry: Entry) -> bytes:
    try:
        with open_regular(entry.path) as stream:
            return stream.read(LOOKED_AT).replace(b"\0", b"")
    except (OSError, UnreadableFile):
        return b""
