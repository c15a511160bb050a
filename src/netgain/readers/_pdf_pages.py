"""The child process that takes a PDF apart: bytes on standard input, one JSON object a page on output.

It runs apart so that a hostile file costs its bounded time and memory and nothing else. Words keep their
places; a change of type size inside a word starts a new one, so that a raised footnote mark never becomes
the last digit of a number; rotated text is left out.
"""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

MOST_PAGES = 60
MOST_WORDS = 6_000
"""Words of one page; a page with more is a plot."""
SECONDS = 30
"""Longest processor time of one document; a small one gets less."""
FEWEST_SECONDS = 4
MEMORY_BYTES = 2**30


class Stuck(Exception):
    """The document took more than its time, as one whose objects stand for themselves does."""


def seconds_for(size: int) -> int:
    """Return the processor time a document of so many bytes may take."""
    return min(SECONDS, FEWEST_SECONDS + size // 32_768)


def main() -> int:
    """Read one document from standard input; the last line says what went wrong, if anything did."""
    content = sys.stdin.buffer.read()
    _bound(seconds_for(len(content)))
    try:
        for page in pages(content):
            sys.stdout.write(json.dumps(page) + "\n")
            sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - a stranger's file; the parent reports the one line
        detail = " ".join(str(error).split())[:120]
        sys.stdout.write(json.dumps({"error": f"{type(error).__name__}: {detail}"}) + "\n")
    return 0


def _bound(seconds: int) -> None:
    """Hold time and memory where the system can; pages found until then are kept."""
    try:
        import resource
    except ImportError:
        return
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 1, seconds + 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.setrecursionlimit(2_000)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stuck("takes more time than a document of its size may")


def pages(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the words and text blocks of each page in reading order."""
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams, LTTextBox, LTTextLine

    parameters = LAParams(detect_vertical=False)
    for layout in extract_pages(io.BytesIO(content), maxpages=MOST_PAGES, laparams=parameters):
        words: list[list[Any]] = []
        blocks: list[list[Any]] = []
        for box in layout:
            if not isinstance(box, LTTextBox):
                continue
            lines = []
            for line in box:
                if isinstance(line, LTTextLine) and len(words) < MOST_WORDS:
                    found = list(_words(line))
                    words += found
                    lines.append(" ".join(word[4] for word in found))
            blocks.append([*(round(edge, 2) for edge in box.bbox), "\n".join(lines)])
        yield {"words": words, "blocks": blocks, "crowded": len(words) >= MOST_WORDS}


def _words(line: Any) -> Iterator[list[Any]]:
    """Yield left, bottom, right, top, text and size of the words of one line."""
    from pdfminer.layout import LTChar

    current: list[Any] | None = None
    for character in line:
        if not isinstance(character, LTChar) or not character.get_text().strip():
            if current is not None:
                yield current
            current = None
            continue
        if not character.upright:
            continue
        x0, y0, x1, y1 = character.bbox
        size = character.size
        if current is not None and abs(size - current[5]) > 0.15 * current[5]:
            yield current
            current = None
        if current is None:
            current = [round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2), "", round(size, 2)]
        current[2] = round(x1, 2)
        current[4] += character.get_text()
    if current is not None:
        yield current


if __name__ == "__main__":
    sys.exit(main())
