"""Settings that scripts write as plain text: `batch_size,128`, `lr: 0.1`, `--epochs 90`, `Namespace(...)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netgain.readers._documents import SECRET, Leaf, typed_text
from netgain.readers._line_settings import is_known_setting, settings_in
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric

LINE = re.compile(
    r"\s{0,20}[{(]?(?:--)?(?P<quote>['\"]?)(?P<key>[A-Za-z_][\w.\-]{0,60})(?P=quote)"
    r"(?P<mark>[ \t]{0,60}[:=][ \t]{0,60}|,[ \t]{0,20}|[ \t]{1,60}\|?[ \t]{0,60})(?P<value>[^\n]{0,400})"
)
"""One setting on a line: a name, a colon, an equals sign, a comma or blanks, and its value."""
DEFAULT = re.compile(r"\s*\[default:[^\]]{0,300}\]\s*$")
"""What pix2pix's option files add behind a value that was changed."""
SENTENCE = re.compile(r"[A-Za-z]+(?: +[A-Za-z,]+){2,}")
"""Values that are prose."""
FEWEST = 2
"""Known settings of a file of settings."""
SHARE = 0.6
"""Lines, of those that hold words, that state one setting each."""
MOST = 5_000
"""Lines of a file of settings; a log has more."""


def text_leaves(text: str) -> tuple[Leaf, ...]:
    """Return the settings of a text that holds settings and nothing else; empty for any other text.

    A log or a report repeats its names or states scores; it is left to its own reader.
    """
    lines = text.splitlines()
    if len(lines) > MOST:
        return ()
    found = tuple(_dumped(lines)) or tuple(_one_a_line(lines))
    known = {canonical_setting(x.key, value=x.value) for x in found} - {None}
    repeated = len({x.key for x in found}) < len(found)
    if len(known) < FEWEST or repeated or any(map(_is_score, found)):
        return ()
    return tuple(x for x in found if not SECRET.search(x.key))


def _dumped(lines: list[str]) -> Iterator[Leaf]:
    """Yield the values of the one line that holds them all."""
    full = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(full) > FEWEST:
        return
    for number, line in full:
        for key, value in settings_in(line):
            yield Leaf(key=key, value=value, line=number)


def _one_a_line(lines: list[str]) -> list[Leaf]:
    """Return the setting of each line; none where most lines say something else."""
    found: list[Leaf] = []
    worded = 0
    for number, line in enumerate(lines, start=1):
        if not any(character.isalpha() for character in line) or line.lstrip()[:1] in "#;[":
            continue
        if set("-=*") & set(line.strip()[:1]) and "---" in line[:8] + line[-8:]:
            continue  # `------- Options -------`
        worded += 1
        match = LINE.fullmatch(DEFAULT.sub("", line).rstrip())
        if match is None:
            continue
        value = match["value"].strip().rstrip(",}").strip()
        if SENTENCE.fullmatch(value) or (not match["mark"].strip() and " " in value):
            continue
        found.append(Leaf(key=match["key"], value=typed_text(value.strip("'\"")), line=number))
    return found if worded and len(found) >= SHARE * worded else []


def _is_score(leaf: Leaf) -> bool:
    number = isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool)
    known = is_known_metric(canonical_metric(leaf.key).name)
    return number and known and not is_known_setting(leaf.key, leaf.value) and leaf.key != "lr"
