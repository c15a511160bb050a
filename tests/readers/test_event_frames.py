"""Frames of event files found many rounds at a time, against a walk from record to record."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np
import pytest

from netgain.readers._event_frames import frames


def _file(path: Path, lengths: list[int], tail: bytes = b"") -> Path:
    parts = [struct.pack("<QI", n, 0) + bytes(n) + b"\0\0\0\0" for n in lengths]
    path.write_bytes(b"".join(parts) + tail)
    return path


def _found(path: Path) -> tuple[list[int], list[int], bool]:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts, lengths, complete = frames(data)
    return starts.tolist(), lengths.tolist(), complete


@pytest.mark.parametrize("seed", range(6))
def test_rounds_that_change_on_the_way(tmp_path: Path, seed: int) -> None:
    """Repeated rounds, a stray record between them and rounds of another length come out as they stand."""
    rng = np.random.default_rng(seed)
    lengths: list[int] = []
    while len(lengths) < 6000:
        cycle = rng.integers(0, 60, rng.integers(1, 200)).tolist()
        lengths += cycle * int(rng.integers(1, 40))
        lengths += rng.integers(0, 90, rng.integers(0, 3)).tolist()
    path = _file(tmp_path / "f", lengths)
    starts = np.cumsum([0, *(n + 16 for n in lengths)])[:-1] + 12
    assert _found(path) == (starts.tolist(), lengths, True)


def test_a_cut_inside_a_round(tmp_path: Path) -> None:
    """The records before the cut are kept and the file counts as incomplete."""
    path = _file(tmp_path / "f", [20, 30] * 2000, struct.pack("<QI", 20, 0) + b"half")
    starts, lengths, complete = _found(path)
    assert (len(starts), lengths[-2:], complete) == (4000, [20, 30], False)


def test_a_length_beyond_the_file(tmp_path: Path) -> None:
    """A record that claims more bytes than there are ends the walk."""
    path = _file(tmp_path / "f", [20] * 700, struct.pack("<QI", 2**63 + 5, 0) + bytes(40))
    assert len(_found(path)[0]) == 700
    assert _found(path)[2] is False
