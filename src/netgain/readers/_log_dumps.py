"""Whole configurations that a framework printed into its log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.readers._config_dump import dumped
from netgain.study import Scalar
from netgain.vocabulary import canonical_setting

FEWEST = 3
"""Known settings that make what was printed a configuration."""
DUMP_HEADING = re.compile(rb"(?i)\bconfig(?:uration)?:\s*$")
STAMPED = re.compile(rb"\[?\d{2,4}[-/]\d\d")
LONGEST_HEADING = 300
MOST_DUMPED = 20_000


def without_dumps(
    lines: Iterator[tuple[int, bytes]], settings: dict[str, tuple[Scalar, int]]
) -> Iterator[tuple[int, bytes]]:
    """Take out a whole config that a framework printed (`Config:` and many lines) and keep its settings.

    The dump is over at the next line that begins as the line that announced it does.
    """
    front = b""
    held: list[tuple[int, bytes]] = []
    for number, raw in lines:
        if front:
            if raw[:1] != front and not STAMPED.match(raw) and len(held) < MOST_DUMPED:
                held.append((number, raw))
                continue
            yield from _undumped(held, settings)
            front, held = b"", []
        yield number, raw
        if raw[-1:] == b":" and len(raw) < LONGEST_HEADING and DUMP_HEADING.search(raw):
            front = raw.lstrip()[:1]
    yield from _undumped(held, settings)


def _undumped(
    held: list[tuple[int, bytes]], settings: dict[str, tuple[Scalar, int]]
) -> list[tuple[int, bytes]]:
    """Keep the settings of a printed config and return no line, or return all lines of anything else."""
    if not held:
        return held
    text = b"\n".join(raw for _, raw in held).decode("utf-8", "replace")
    found = dumped(text, held[0][0])
    known = {
        name for key, (value, _) in found.items() if (name := canonical_setting(key, value=value))
    }
    if len(known) < FEWEST:
        return held
    settings.update(found)
    return []
