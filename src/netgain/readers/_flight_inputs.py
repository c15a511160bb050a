"""How far the recorded training inputs lie from the inputs of each scored split."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import PurePath

import numpy as np
from numpy.lib import format as npy

from netgain.errors import UnreadableFile
from netgain.readers._archive import DAMAGE
from netgain.readers.base import Entry, open_regular
from netgain.stats.two_sample import separability
from netgain.study import InputDistance, Source

FILE = "inputs.npz"
SUFFIX = "_features"
TRAINING = "train"
BYTES = 4 * 2**20
"""Largest array that is read; a recorder keeps 256 samples of at most 512 values."""
SAMPLES = 20
"""Fewest samples of each set that are compared."""


def input_distances(entry: Entry) -> tuple[InputDistance, ...]:
    """Return how well training inputs can be told from those of each scored split, by a classifier.

    Empty where no features were recorded, or the file beside the recording is damaged: a recording is
    readable without it.
    """
    path = entry.path.with_name(FILE)
    if not path.is_file() or path.is_symlink():
        return ()
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            found = dict(_features(archive))
    except (*DAMAGE, UnreadableFile, ValueError, SyntaxError, TypeError):
        return ()
    training = found.pop(TRAINING, None)
    if training is None or len(training) < SAMPLES:
        return ()
    place = str(PurePath(entry.display).with_name(FILE))
    distances = []
    for split, features in found.items():
        if features.shape[1] != training.shape[1] or len(features) < SAMPLES:
            continue
        apart = separability(training, features)
        distances.append(
            InputDistance(
                split=split,
                auc=apart.auc,
                standard_error=apart.standard_error,
                n_train=apart.n_first,
                n_split=apart.n_second,
                source=Source(path=place, key=f"{split}{SUFFIX}"),
            )
        )
    return tuple(distances)


def _features(archive: zipfile.ZipFile) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the features of each split that are numbers of bounded size; the mode `evaluation` apart."""
    for member in archive.infolist()[:64]:
        name = member.filename.removesuffix(".npy").removesuffix(SUFFIX)
        if not member.filename.endswith(f"{SUFFIX}.npy") or name == "evaluation":
            continue
        with archive.open(member) as stream:
            version = npy.read_magic(stream)
            if version != (1, 0):
                continue
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
            if fortran or dtype != np.float32 or len(shape) != 2:
                continue
            size = 4 * int(shape[0]) * int(shape[1])
            content = stream.read(size) if 0 < size <= BYTES else b""
            if len(content) == size > 0:
                values = np.frombuffer(content, dtype).reshape(shape)
                if np.isfinite(values).all():
                    yield name, values
