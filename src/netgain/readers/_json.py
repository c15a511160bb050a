"""JSON whose numbers all fit a float; a longer whole number is read as infinite, which no score is."""

from __future__ import annotations

import json
import re
from typing import Any

ENORMOUS = re.compile(r"(?<!\d)\d{309}")
"""A whole number beyond every float; Python would keep it exactly and fail on the first arithmetic."""


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
    return json.loads(plain, **how)


def _whole(digits: str) -> int | float:
    return float(digits) if 309 <= len(digits) <= 4_300 else int(digits)
