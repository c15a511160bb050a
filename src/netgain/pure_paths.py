"""Paths as text, taken apart once: the same few thousand are asked for their parts over and over."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath


@lru_cache(maxsize=2**15)
def pure_path(path: str) -> PurePath:
    """Return a path in the parts of this system; it is not looked at on the disk."""
    return PurePath(path)
