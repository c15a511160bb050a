"""What stands in front of a message in a log: time stamps, the level and name of a logger, rank and place."""

from __future__ import annotations

import re

LONGEST = 4000
"""Characters of a line that are looked at."""
CLOCKS = re.compile(
    r"\[?\b\d\d/\d\d \d\d:\d\d:\d\d\b|"
    r"\[?\d{4}[-/]\d\d[-/]\d\d[ T_]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?Z?\]?|\[?\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\]?"
)
"""Time stamps and durations, which are blanked before a line is read."""
LEVEL = re.compile(
    r"\b(?:INFO|WARNING|WARN|DEBUG|ERROR|CRITICAL)\b\]?(?::\w{1,60}:|\s*[-:|>\]]|\s)\s*"
)
"""Level that a logging framework puts in front of a message, after the logger's name."""
LEVEL_WITHIN = 160
"""Characters of a line within which a level can stand."""
LOGGER = re.compile(r"\s*(?:[A-Za-z_]\w{0,60}(?:\.\w{1,60}){1,8}|root|__main__)\s{1,4}[-|]\s")
"""Dotted name of a logger behind the level: `joeynmt.training - `."""
COUNT = re.compile(r"(?<![\w.])\d|=")
"""What no logger's name holds."""
PLACE = re.compile(
    r""
    r"\s*(?:\[?rank[ :=]?\d{1,6}\]?:?\s*)?(?:[IWEF]\d{4}\s+(?:\d+\s+)?)?[\[(]?\s{0,20}"
    r"(?:[\w/]{1,80}\.)?\w{1,60}\.(?:py|cc|cpp):\s{0,6}\d{1,6}[\])]?\s*[-:|]?\s*"
    r"|\s*\[?rank[ :=]?\d{1,6}\]?:?\s*",
    re.IGNORECASE,
)
"""Rank and place in the code in front of a message: `[rank0]:`, `trainer.py:88 -`, absl's prefix."""


def message_of(text: str) -> str:
    """Return a line with blanks for its time stamps and for what a logging framework put in front.

    Every character that is left stands where it stood.
    """
    cleaned = text[: 64 * LONGEST]
    if ":" in cleaned[:LONGEST]:
        cleaned = CLOCKS.sub(_blanks, cleaned[:LONGEST]) + cleaned[LONGEST:]
    cleaned = _without_front(cleaned, PLACE.match(cleaned, 0, LEVEL_WITHIN))
    found = LEVEL.search(cleaned, 0, LEVEL_WITHIN)
    if found is None or COUNT.search(cleaned, 0, found.start()):
        return cleaned
    cleaned = _without_front(cleaned, found)
    cleaned = _without_front(cleaned, LOGGER.match(cleaned, found.end(), 2 * LEVEL_WITHIN))
    return _without_front(cleaned, PLACE.match(cleaned, 0, LEVEL_WITHIN))


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _without_front(text: str, found: re.Match[str] | None) -> str:
    return text if found is None else " " * found.end() + text[found.end() :]
