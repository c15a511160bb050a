"""Arrays of samples."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netgain.errors import UnreadableFile
from netgain.readers import arrays
from netgain.readers.base import Limits, SampleFacts

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]


def _digest(sample: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    return int.from_bytes(hashlib.blake2b(sample.tobytes(), digest_size=8).digest(), "little")


def test_each_sample_has_its_own_fingerprint_in_file_order(
    tmp_path: Path, read_all: ReadAll
) -> None:
    """Equal samples have equal digests, others differ, and order is that of the file."""
    x = np.arange(12, dtype="<f4").reshape(3, 2, 2)
    x[2] = x[0]
    path = tmp_path / "x_train.npy"
    np.save(path, x)
    (fact,) = read_all(arrays.READER, path)
    assert isinstance(fact, SampleFacts)
    assert (fact.samples.split, fact.samples.n) == ("train", 3)
    assert fact.samples.digests == (_digest(x[0]), _digest(x[1]), _digest(x[0]))


def test_the_same_sample_matches_across_layouts(tmp_path: Path, read_all: ReadAll) -> None:
    """Column order and big-endian storage do not hide a duplicate."""
    x = np.arange(12, dtype="<f4").reshape(3, 4)
    np.savez(
        tmp_path / "data.npz", x_train=x, x_test=np.asfortranarray(x), val_images=x.astype(">f4")
    )
    found = [
        f.samples
        for f in read_all(arrays.READER, tmp_path / "data.npz")
        if isinstance(f, SampleFacts)
    ]
    assert {s.split for s in found} == {"train", "test", "validation"}
    assert len({s.digests for s in found}) == 1


def test_labels_and_scores_are_left_out(tmp_path: Path, read_all: ReadAll) -> None:
    """Only inputs are fingerprinted; labels repeat by nature."""
    np.savez(
        tmp_path / "set.npz",
        y_train=np.zeros((3, 2)),
        train_labels=np.zeros((3, 2)),
        test_loss=np.ones((3, 2)),
    )
    assert read_all(arrays.READER, tmp_path / "set.npz") == []


@pytest.mark.parametrize("packed", [False, True])
def test_idx_images_gzip_or_plain(write: Write, read_all: ReadAll, packed: bool) -> None:
    """The MNIST file format is read with its split from the usual names."""
    images = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    content = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 3) + images.tobytes()
    name = "t10k-images-idx3-ubyte" + (".gz" if packed else "")
    (fact,) = read_all(arrays.READER, write(name, gzip.compress(content) if packed else content))
    assert isinstance(fact, SampleFacts)
    assert (fact.samples.split, fact.samples.digests) == (
        "test",
        (_digest(images[0]), _digest(images[1])),
    )


def test_arrays_of_python_objects_are_refused(tmp_path: Path) -> None:
    """An object array can only be read by unpickling, which is never done."""
    path = tmp_path / "x_test.npy"
    np.save(path, np.array([{"a": 1}, [2]], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableFile, match="Python objects"):
        list(arrays.read(entry_of(path), Limits()))


def test_cut_oversized_and_empty_arrays_give_one_line(tmp_path: Path, write: Write) -> None:
    """Every kind of damage is named, and the limit holds before memory is taken."""
    path = tmp_path / "x_test.npy"
    np.save(path, np.zeros((100, 10)))
    with pytest.raises(UnreadableFile, match="more than 1,000"):
        list(arrays.read(entry_of(path), Limits(unpacked_bytes=1000)))
    with pytest.raises(UnreadableFile, match="cut off"):
        list(arrays.read(entry_of(write("x_train.npy", path.read_bytes()[:500])), Limits()))
    with pytest.raises(UnreadableFile, match="no IDX header"):
        list(arrays.read(entry_of(write("train-images-idx3-ubyte", b"nonsense")), Limits()))
    with pytest.raises(UnreadableFile, match="damaged array file"):
        list(arrays.read(entry_of(write("train.npz", b"PK\x03\x04 broken")), Limits()))
