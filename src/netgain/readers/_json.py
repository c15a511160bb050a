"""JSON whose numbers all fit a float, and whose strings are all text.

A longer whole number is read as infinite, which no score is; half of a surrogate pair, which nothing can
print, as the replacement character.
"""

from __future__ import annotations

import json
import re
from typing import Any

ENORMOUS = re.compile(r"(?<!\d)\d{309}")
"""A whole number beyond every float; Python would keep it exactly and fail on the first arithmetic."""

SURROGATE = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A whole pair of surrogates, or one without its other half."""

LONGEST_QUOTED = 2**20
"""Characters of a text that is looked into for an object."""


def loads(text: str | bytes, **how: Any) -> Any:
    """Parse JSON.

    Args:
        text: the document; bytes as UTF-8.
        how: passed on to `json.loads`.

    Raises:
        ValueError: damaged, or not text.
        RecursionError: nested too deep.
    """
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    if ENORMOUS.search(plain):
        how = {"parse_int": _whole} | how
    if "\\u" in plain:
        plain = SURROGATE.sub(lambda found: found[1] or r"\ufffd", plain)
    return json.loads(plain, **how)


def without_quotes(document: Any) -> Any:
    """Return a document whose objects were written as quoted text as objects.

    A script that serialises what it has serialised already writes so; the text may be the whole document, or
    stand at its keys. There an object of plain values is opened, not a report that nests others.
    """
    if isinstance(document, dict):
        opened = {key: _object_in(value) for key, value in document.items()}
        return {k: v if _is_plain(v) else document[k] for k, v in opened.items()}
    opened = _object_in(document)
    return opened if opened is document else without_quotes(opened)


def _is_plain(value: Any) -> bool:
    nested = isinstance(value, dict) and any(isinstance(v, (dict, list)) for v in value.values())
    return not nested


def _object_in(value: Any) -> Any:
    """Return the JSON object that a text holds and nothing else, or the value as it is."""
    if not isinstance(value, str) or len(value) > LONGEST_QUOTED:
        return value
    text = value.strip()
    if text[:1] != "{" or text[-1:] != "}":
        return value
    try:
        found = loads(text)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, dict) and found else value


def _whole(digits: str) -> int | float:
    return float(digits) if 309 <= len(digits) <= 4_300 else int(digits)
