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


def _whole(digits: str) -> int | float:
    return float(digits) if 309 <= len(digits) <= 4_300 else int(digits)
