"""Where the records of an event file begin and end: u64 length, u32 crc, data, u32 crc, over and over."""

from __future__ import annotations

import mmap
import struct

import numpy as np
import numpy.typing as npt

WALKED = 256
"""Records whose frames are walked one by one before a round is looked for."""
FEWEST_AHEAD, MOST_AHEAD = 4, 16_384
"""Rounds tried at once: few at first, more each time all of them hold."""


def frames(data: mmap.mmap) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
    """Return start and length of each whole record, and whether nothing follows the last.

    A training writes the same tags round after round, so the lengths of the last round are tried on many
    rounds ahead at once; they hold as far as the file repeats them.
    """
    starts: list[npt.NDArray[np.int64]] = []
    lengths: list[npt.NDArray[np.int64]] = []
    size, at, trust = len(data), 0, FEWEST_AHEAD
    everywhere = np.ndarray((max(size - 7, 0),), "<u8", buffer=data, strides=(1,))
    try:
        while at + 16 <= size:
            walked, at = _walked(data, at)
            if not walked:
                break
            found = np.array(walked, np.int64)
            lengths.append(found)
            starts.append(at - np.cumsum((found + 16)[::-1])[::-1] + 12)
            period = _period(walked)
            if not period:
                continue
            cycle = found[-period:]
            rounds = min(trust, (size - at) // int((cycle + 16).sum()))
            ahead = np.tile(cycle, rounds)
            begins = at + np.cumsum(ahead + 16) - ahead - 16
            wrong = np.flatnonzero(everywhere[begins] != ahead.astype(np.uint64))
            right = int(wrong[0]) if len(wrong) else len(ahead)
            starts.append(begins[:right] + 12)
            lengths.append(ahead[:right])
            at += int((ahead[:right] + 16).sum())
            trust = min(4 * trust, MOST_AHEAD) if right == len(ahead) else FEWEST_AHEAD
    finally:
        del everywhere  # the map cannot close while an array looks into it
    if not starts:
        return np.empty(0, np.int64), np.empty(0, np.int64), at == size
    return np.concatenate(starts), np.concatenate(lengths), at == size


def _walked(data: mmap.mmap, at: int) -> tuple[list[int], int]:
    """Return the lengths of the next records, one by one, and the place behind them."""
    lengths: list[int] = []
    unpack, size = struct.Struct("<Q").unpack_from, len(data)
    while at + 16 <= size and len(lengths) < WALKED:
        (length,) = unpack(data, at)
        if length > size - at - 16:
            break
        lengths.append(length)
        at += 16 + length
    return lengths, at


def _period(lengths: list[int]) -> int:
    """Return after how many records the last lengths repeat; 0 where they do not."""
    for period in range(1, len(lengths) // 2 + 1):
        if lengths[-period:] == lengths[-2 * period : -period]:
            return period
    return 0
