"""Lines of frameworks that name their numbers in a way of their own, rewritten to the words they stand for.

Each rule looks for a mark first, so that a line of none of them costs a few searches for bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

NUMBER = rb"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?|-?nan|inf"
DARKNET = re.compile(
    rb"^\s*(\d{1,9}):\s*(?:%(n)s),\s*(%(n)s) avg(?: loss)?,\s*(%(n)s) rate,.{0,80}?\b(\d+) images"
    % {b"n": NUMBER}
)
"""`100: 12.3, 13.1 avg, 0.001000 rate, 3.2 seconds, 6400 images`."""
YOLO_ROW = re.compile(rb"^\s*(\d{1,5})/(\d{1,5})\s+[\d.]+G?((?:\s+(?:%s)){13})\s*$" % NUMBER)
"""A row of `results.txt` of YOLOv3 to v5, which bears no titles."""
YOLO_TITLES = (
    b"box_loss", b"obj_loss", b"cls_loss", b"total_loss", b"", b"", b"val/precision", b"val/recall",
    b"val/mAP50", b"val/mAP50-95", b"val/box_loss", b"val/obj_loss", b"val/cls_loss",
)  # fmt: skip
PAIRS_IN_DICT = re.compile(rb"\(?['\"]([\w@./\- ]{1,40})['\"]\s*[,:]\s*(%s)\)?" % NUMBER)
ESPNET = re.compile(rb"\b(\d{1,5})epoch\b(?: results)?:")
CALLER = re.compile(rb"\(\w{1,40}:\d{1,6}\)(?= (?:INFO|WARNING|DEBUG|ERROR)\b)")
"""Place in the code that ESPnet puts in front of the level: `(trainer:338)`."""
ESTIMATOR = re.compile(rb"Saving dict for global step")
PADDLE = re.compile(rb"(\[TRAIN\]) epoch\s*[:=]\s*\d{1,6},\s*(?=iter\s*[:=]\s*\d+/)")
"""Epoch in front of a count of iterations that goes through all epochs."""
OF_PARTS = re.compile(
    rb"^\(epoch: (\d{1,6}), iters: (\d{1,9}), time: [\d.]{1,20}(?:, \w{1,20}: [\d.]{1,20}){0,3}\)[,\s]*"
    rb"(?=\w{1,40}:)"
)
"""What CycleGAN prints before the losses of its parts: `(epoch: 1, iters: 100, time: 0.8) G_A: 0.6`."""
PART = re.compile(rb"\b(\w{1,40})(: (?:%s))" % NUMBER)
BARRED = re.compile(
    rb"^\|\s+(?=(?:epoch|train|valid|step|iter|test)\w*\b[^|]{0,40}\d)", re.IGNORECASE
)
"""The bar in front of fairseq's older lines: `| epoch 001 | loss 9.1 | ppl 540`."""
OF_RUN = re.compile(rb"^\s*Run:?\s*\d{1,4}\s*[,:|\-]\s*(?=Epoch)", re.IGNORECASE)
CHOSEN = re.compile(
    rb"^\s*(Highest|Final) (Train|Valid|Test)\s*:\s*(%s)(?:\s*(?:\xc2\xb1|\+/?-).*)?\s*$" % NUMBER
)
"""What OGB's logger sums a run up with."""
SUMMED_UP = {b"Highest": b"best", b"Final": b"final"}
TRIPLE = re.compile(
    rb"\b(train)\s*[:=]\s*(%(n)s)(\s*%%?\s*[,|;]?\s*)(val|valid)\s*[:=]\s*(%(n)s)(\s*%%?\s*[,|;]?\s*)"
    rb"(test)\s*[:=]\s*(?=(%(n)s))" % {b"n": NUMBER},
    re.IGNORECASE,
)
"""`Train: 0.81, Val: 0.80, Test: 0.79`, as PyTorch Geometric's and OGB's examples print."""
COUPLE = re.compile(
    rb"\b(val|valid)\s*[:=]\s*(%(n)s)(\s*%%?\s*[,|;]?\s*)(test)\s*[:=]\s*(?=(%(n)s))"
    % {b"n": NUMBER},
    re.IGNORECASE,
)
"""The same without the training, on lines that name a loss beside them."""
TESTED = re.compile(rb"\btest\s*[:=]", re.IGNORECASE)
"""What both hold."""
REPORT_ACCURACY = re.compile(rb"^\s*accuracy\s+(\d?\.\d+|1)\s+\d+\s*$")
REPORT_MEAN = re.compile(
    rb"^\s*(macro|micro|weighted)[ _]avg(?:\s*/ total)?"
    rb"\s+(\d?\.\d+|1)\s+(\d?\.\d+|1)\s+(\d?\.\d+|1)\s+\d+\s*$"
)
"""The last lines of scikit-learn's report of a classification."""
SPLIT_BY_BRACKETS = re.compile(
    rb"\b(Train|Training|Trn)(?=:?\s*\[\s*\d{1,6}/\d{1,6}\]\s?\[\s*\d{1,9}/\d{1,9}\])"
)
"""Epoch and step behind the split, as Swin and its descendants print: `Train: [0/300][0/1251]`."""
TIMM = re.compile(rb"\b(Train)(?=: \d{1,6} \[\s*\d{1,9}/\d{1,9} \(\s*\d{1,3}%\)\])")
"""`Train: 0 [   0/5004 (  0%)]`."""
BAR = re.compile(
    rb"Loss: *(?:%(n)s) *\| *Acc: *(?:%(n)s)%% *\(\d+/\d+\) *(\d{1,7})/(\d{1,7})" % {b"n": NUMBER}
)
"""The end of a progress bar that says of no split which it is: `Loss: 0.3 | Acc: 91.2% (912/1000) 8/8`."""
CORRECT = re.compile(rb"\bcorrect\s*[:=]\s*(?=(?:0?\.\d{2,}|1\.0+)(?![\d/]))", re.IGNORECASE)
"""A share of right answers."""


def _of_darknet(raw: bytes) -> bytes:
    return DARKNET.sub(rb"step \1, loss: \2, lr: \3", raw)


def _of_yolo(raw: bytes) -> bytes:
    found = YOLO_ROW.match(raw)
    if found is None:
        return raw
    named = zip(YOLO_TITLES, found[3].split(), strict=True)
    values = b", ".join(title + b"=" + value for title, value in named if title)
    # the row counts from 0 and states the last number, not how many there will be
    return b"epoch %d/%d, %s" % (int(found[1]), int(found[2]) + 1, values)


def _of_dict(raw: bytes) -> bytes:
    """Spell out `OrderedDict([('recall@10', 0.13)])`, where each value is a number."""
    start = raw.find(b"OrderedDict(")
    if start < 0:
        return raw
    pairs = PAIRS_IN_DICT.findall(raw, start)
    return raw[:start] + b"  ".join(key + b" : " + value for key, value in pairs) if pairs else raw


def _of_ogb(raw: bytes) -> bytes:
    found = CHOSEN.match(raw)
    if found is None:
        return raw
    return SUMMED_UP[found[1]] + b" " + found[2].lower() + b" score: " + found[3]


def _of_parts(raw: bytes) -> bytes:
    found = OF_PARTS.match(raw)
    if found is None:
        return raw
    losses = PART.sub(rb"\1_loss\2", raw[found.end() :])
    return b"epoch: %s, iter: %s, %s" % (found[1], found[2], losses)


def _of_report(raw: bytes) -> bytes:
    found = REPORT_MEAN.match(raw)
    if found is None:
        return REPORT_ACCURACY.sub(rb"accuracy: \1", raw)
    mean = found[1]
    return b"%s_precision: %s  %s_recall: %s  %s_f1: %s" % (
        mean,
        found[2],
        mean,
        found[3],
        mean,
        found[4],
    )


RULES: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b" images", _of_darknet),
    (b"G ", _of_yolo),
    (b"OrderedDict(", _of_dict),
    (b"epoch:", lambda raw: ESPNET.sub(rb"epoch \1:", raw)),
    (b"epoch results:", lambda raw: ESPNET.sub(rb"epoch \1:", raw)),
    (b") INFO", lambda raw: CALLER.sub(b" ", raw)),
    (b"Saving dict", lambda raw: ESTIMATOR.sub(b"Evaluation at step", raw)),
    (b"[TRAIN]", lambda raw: PADDLE.sub(rb"\1 ", raw)),
    (b"(epoch: ", _of_parts),
    (b"Run", lambda raw: OF_RUN.sub(b"", raw)),
    (b"Highest ", _of_ogb),
    (b"Final ", _of_ogb),
    (b"avg", _of_report),
    (b"accuracy ", _of_report),
    (b"Tr", lambda raw: SPLIT_BY_BRACKETS.sub(rb"\1 Epoch", raw)),
    (b"%)]", lambda raw: TIMM.sub(rb"\1 Epoch", raw)),
    (b"orrect", lambda raw: CORRECT.sub(b"accuracy: ", raw)),
)
"""Mark that a line holds, and what to do with it."""
LONGEST = 4_000
"""Bytes of a line that any rule looks at."""


class FrameworkLines:
    """Rewrites the lines of one log; keeps in mind whether it sums up all runs."""

    def __init__(self, beginning: bytes) -> None:
        """Look what the three bare splits of a line stand for.

        Args:
            beginning: the first bytes of the log.
        """
        tested = TESTED.search(beginning) is not None  # most logs hold no such line at all
        self._scores = tested and _are_scores(TRIPLE.findall(beginning))
        losses = (line for line in beginning.splitlines() if b"oss" in line) if tested else ()
        self._couples = _are_scores(COUPLE.findall(b"\n".join(losses)))
        self._of_all = False
        ends = {int(end) for _, end in BAR.findall(beginning)} if b"| Acc" in beginning else set()
        self._longest_bar = max(ends) if len(ends) == 2 else 0

    def pass_words(self, raw: bytes) -> None:
        """Pass a line without numbers; `All runs:` stands above means, which belong to none of them."""
        self._of_all = self._of_all or raw.startswith(b"All runs:")

    def line(self, raw: bytes) -> bytes:
        """Return a line in the words it stands for; most are returned as they are."""
        if len(raw) > LONGEST:
            return raw
        if raw.startswith(b"| ") and not raw.rstrip().endswith(b"|"):
            raw = BARRED.sub(b"", raw)
        for mark, rule in RULES:
            if mark in raw:
                raw = rule(raw)
        if self._longest_bar and b"| Acc" in raw:
            raw = self._of_split(raw)
        if self._scores and b"est" in raw:
            raw = TRIPLE.sub(rb"\1 score: \2\3\4 score: \5\6\7 score: ", raw)
        elif self._couples and b"oss" in raw:
            raw = COUPLE.sub(rb"\1 score: \2\3\4 score: ", raw)
        if self._of_all and raw.startswith((b"best ", b"final ")):
            return b""
        return raw

    def _of_split(self, raw: bytes) -> bytes:
        """Name the split of a bar: of two lengths the longer is the training, the other the evaluation."""
        found = BAR.search(raw)
        if found is None:
            return raw
        return (b"train " if int(found[2]) == self._longest_bar else b"test ") + raw


def _are_scores(found: list[tuple[bytes, ...]]) -> bool:
    """Tell whether bare numbers of splits are shares that rise over the log, as losses do not."""
    shares = all(abs(_number(one[1])) <= 1 or b"%" in one[2] for one in found)
    return shares and len(found) > 2 and _number(found[-1][1]) >= _number(found[0][1])


def _number(raw: bytes) -> float:
    try:
        return float(raw)
    except ValueError:
        return 0.0
