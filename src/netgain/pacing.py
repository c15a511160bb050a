"""How often Python looks for cyclic garbage while evidence is read and checked."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARE = (2_000_000, 1_000, 1_000)
"""Thresholds of the three generations, see `gc.set_threshold`."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Search for garbage rarely while the block runs, and as before behind it.

    Reading makes millions of small values that refer to nothing above them and all stay; with Python's own
    thresholds three quarters of the time of parsing 5 MB of code goes into looking through them.
    """
    before = gc.get_threshold()
    if before[0] == 0 or before[0] >= RARE[0]:
        yield
        return
    gc.set_threshold(*RARE)
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what the program froze must stay frozen
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*before)
