"""The lab's data sets as arrays: MNIST-1D made from a seed, digits and Fashion-MNIST read from files.

MNIST-1D is Greydanus & Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024
(github.com/greydanus/mnist1d, Apache-2.0). The ten templates and the constants below are theirs; the
generator follows their description and is written for whole arrays: pad, dilate, scale, translate, fill
the padding with correlated noise, add white noise, shear, sub-sample to 40 points.
"""

from __future__ import annotations

import gzip
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netgain.errors import MissingExtra, UsageError
from netgain.lab.download import fetch_fashion_mnist
from netgain.plan import Settings

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """One task, split three ways. Inputs are [n, channels, ...] float32, labels [n] int64."""

    train_x: Floats
    """Training inputs."""
    train_y: Labels
    """Training labels."""
    validation_x: Floats
    """Validation inputs, disjoint from the other two splits."""
    validation_y: Labels
    """Validation labels."""
    test_x: Floats
    """Test inputs."""
    test_y: Labels
    """Test labels."""
    classes: int = 10
    """Number of classes."""


TEMPLATES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
"""The ten digits as 12-point strokes (Greydanus & Kobak)."""

PADDING = (36, 60)
"""Fewest and most zeros appended to a template."""
LENGTH = 40
"""Points of one sample."""
SCALE, SHEAR, MAXIMUM_SHIFT = 0.4, 0.75, 48
"""Width of the amplitude range, width of the shear range, and shifts are 0 to 47 points."""
CORRELATED_NOISE, WHITE_NOISE, SMOOTHING = 0.25, 0.02, 2.0
"""Standard deviation of the padding's noise before its Gaussian filter (width 2), and of white noise."""
MEAN, DEVIATION = -0.0061, 0.1545
"""Mean and standard deviation of the raw signals, so that samples do not depend on the set's size."""
CHUNK = 1000
"""Samples drawn from one random stream; a smaller set is a prefix of a larger one."""


def load(settings: Settings) -> Data:
    """Return the task's data; equal settings give equal arrays in every process.

    `test_overlap` replaces that many training samples by copies of test samples, so that the number of
    training samples and the budget stay what they were.

    Raises:
        UsageError: the task does not exist, or has fewer samples than the settings ask for.
    """
    makers = {"mnist1d": _mnist1d, "digits": _digits, "fashion-mnist": _fashion_mnist}
    if settings.task not in makers:
        raise UsageError(f"no such task: {settings.task!r}; tasks are {', '.join(sorted(makers))}")
    data = makers[settings.task](
        settings.n_train, settings.n_validation, settings.n_test, settings.data_seed
    )
    copied = round(settings.test_overlap * settings.n_test)
    if copied == 0:
        return data
    if copied > settings.n_train:
        raise UsageError(
            f"test_overlap={settings.test_overlap} is {copied} samples, more than n_train={settings.n_train}"
        )
    return Data(
        train_x=np.concatenate([data.train_x[:-copied], data.test_x[:copied]]),
        train_y=np.concatenate([data.train_y[:-copied], data.test_y[:copied]]),
        validation_x=data.validation_x,
        validation_y=data.validation_y,
        test_x=data.test_x,
        test_y=data.test_y,
    )


# --- MNIST-1D -------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _mnist1d(n_train: int, n_validation: int, n_test: int, seed: int) -> Data:
    """Generate the three splits from independent streams of one seed."""
    arrays = [
        generate_mnist1d(n, np.random.SeedSequence([seed, split]))
        for split, n in enumerate((n_train, n_validation, n_test))
    ]
    (train_x, train_y), (validation_x, validation_y), (test_x, test_y) = arrays
    return Data(
        train_x=train_x,
        train_y=train_y,
        validation_x=validation_x,
        validation_y=validation_y,
        test_x=test_x,
        test_y=test_y,
    )


def generate_mnist1d(n: int, seed: np.random.SeedSequence) -> tuple[Floats, Labels]:
    """Draw `n` standardised signals [n, 1, 40] and their labels [n], balanced in each thousand."""
    if n < 1:
        raise UsageError(f"a split needs at least one sample, not {n}")
    streams = seed.spawn(-(-n // CHUNK))
    signals, labels = zip(*(_chunk(np.random.default_rng(s)) for s in streams), strict=True)
    x = (np.concatenate(signals)[:n] - MEAN) / DEVIATION
    return x[:, None, :].astype(np.float32), np.concatenate(labels)[:n]


def _chunk(rng: np.random.Generator) -> tuple[NDArray[np.float64], Labels]:
    """Draw one chunk of raw signals [CHUNK, 40], before standardisation."""
    strokes = np.asarray(TEMPLATES, dtype=float)
    strokes -= strokes.mean(axis=1, keepdims=True)
    strokes /= strokes.std(axis=1, keepdims=True)
    strokes = (strokes - strokes[:, :1]) / 6
    points = strokes.shape[1]
    width = points + PADDING[1]
    labels = rng.permutation(np.arange(CHUNK) % len(strokes)).astype(np.int64)

    padding = rng.integers(PADDING[0], PADDING[1] + 1, size=CHUNK)
    # Dilation: `width` positions spread over the padded stroke; beyond the stroke there are zeros.
    at = np.linspace(0, 1, width)[None, :] * (points + padding - 1)[:, None]
    padded = np.concatenate([strokes[labels], np.zeros((CHUNK, 2))], axis=1)
    left = np.minimum(at.astype(int), points)
    share = np.where(at < points, at - left, 0.0)
    rows = np.arange(CHUNK)[:, None]
    signal = padded[rows, left] * (1 - share) + padded[rows, left + 1] * share
    signal *= 1 + SCALE * (rng.random((CHUNK, 1)) - 0.5)

    shift = rng.integers(0, MAXIMUM_SHIFT, size=(CHUNK, 1))
    columns = (np.arange(width)[None, :] - shift) % width
    signal, drawn = signal[rows, columns], (at < points)[rows, columns]

    noise = _smooth(rng.normal(scale=CORRELATED_NOISE, size=(CHUNK, width)))
    signal = np.where(drawn, signal, noise) + rng.normal(scale=WHITE_NOISE, size=(CHUNK, width))
    signal -= SHEAR * (rng.random((CHUNK, 1)) - 0.5) * np.linspace(-0.5, 0.5, width)[None, :]
    return _resample(signal, LENGTH), labels


def _smooth(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter each row with a Gaussian of width `SMOOTHING`, cut at 4 widths, edges mirrored."""
    radius = int(4 * SMOOTHING)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SMOOTHING) ** 2)
    mirrored = np.pad(noise, ((0, 0), (radius, radius)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, 2 * radius + 1, axis=1)
    return np.asarray(windows @ (kernel / kernel.sum()))


def _resample(signal: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Interpolate each row linearly at `points` equally spaced positions, ends included."""
    at = np.linspace(0, signal.shape[1] - 1, points)
    left = np.minimum(at.astype(int), signal.shape[1] - 2)
    share = at - left
    return np.asarray(signal[:, left] * (1 - share) + signal[:, left + 1] * share)


# --- Digits ---------------------------------------------------------------------------------------

DIGITS = "datasets/data/digits.csv.gz"
"""Place in scikit-learn of 1,797 handwritten digits: 64 pixels from 0 to 16 and the label on each line."""
DIGITS_MEAN, DIGITS_DEVIATION = 4.8842, 6.0168
"""Mean and standard deviation of the pixels of all of them."""


@lru_cache(maxsize=2)
def _digits(n_train: int, n_validation: int, n_test: int, seed: int) -> Data:
    """Read Alpaydin & Kaynak's digits (UCI, 1998) from an installed scikit-learn and draw the splits.

    Raises:
        MissingExtra: scikit-learn is not installed.
        UsageError: there are fewer digits than the splits ask for.
    """
    found = find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("scikit-learn", "digits", "the task digits")
    path = Path(found.submodule_search_locations[0]) / DIGITS
    table = np.loadtxt(gzip.decompress(path.read_bytes()).decode().splitlines(), delimiter=",")
    asked = n_train + n_validation + n_test
    if asked > len(table):
        raise UsageError(
            f"digits has {len(table)} images; n_train + n_validation + n_test is {asked}"
        )
    pixels = (table[:, :64] - DIGITS_MEAN) / DIGITS_DEVIATION
    images: Floats = pixels.reshape(-1, 1, 8, 8).astype(np.float32)
    labels = table[:, 64].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(table))
    train, rest = order[:n_train], order[n_train:]
    validation, test = rest[:n_validation], rest[len(rest) - n_test :]
    return Data(
        train_x=images[train],
        train_y=labels[train],
        validation_x=images[validation],
        validation_y=labels[validation],
        test_x=images[test],
        test_y=labels[test],
    )


# --- Fashion-MNIST --------------------------------------------------------------------------------

FASHION_FOLDERS = ("/usr/share/datasets/fashion-mnist",)
"""Where the Debian package dataset-fashion-mnist puts the files."""


@lru_cache(maxsize=2)
def _fashion_mnist(n_train: int, n_validation: int, n_test: int, seed: int) -> Data:
    """Read the IDX files and draw the splits; validation comes out of the official training set."""
    folder = find_fashion_mnist()
    images, labels = _fashion_split(folder, "train")
    test_images, test_labels = _fashion_split(folder, "t10k")
    if n_train + n_validation > len(images) or n_test > len(test_images):
        raise UsageError(
            f"fashion-mnist has {len(images)} training and {len(test_images)} test images; "
            f"n_train={n_train} + n_validation={n_validation} and n_test={n_test} do not fit"
        )
    order = np.random.default_rng(seed).permutation(len(images))
    train, validation = order[:n_train], order[len(order) - n_validation :]
    return Data(
        train_x=images[train],
        train_y=labels[train],
        validation_x=images[validation],
        validation_y=labels[validation],
        test_x=test_images[:n_test],
        test_y=test_labels[:n_test],
    )


def find_fashion_mnist() -> Path:
    """Return the folder with the four IDX files: NETGAIN_FASHION_MNIST, a system folder, or a download."""
    named = os.environ.get("NETGAIN_FASHION_MNIST")
    for folder in (named, *FASHION_FOLDERS):
        if folder and (Path(folder) / "train-images-idx3-ubyte.gz").exists():
            return Path(folder)
    if named:
        raise UsageError(
            f"NETGAIN_FASHION_MNIST={named}: no train-images-idx3-ubyte.gz there; name the folder that "
            "holds the four IDX files, or unset it to download them"
        )
    return fetch_fashion_mnist()


def _fashion_split(folder: Path, name: str) -> tuple[Floats, Labels]:
    """Return images [n, 1, 28, 28] scaled by the training set's mean and deviation, and labels."""
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz").astype(np.float32) / 255
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz").astype(np.int64)
    return ((images - 0.2860) / 0.3530)[:, None].astype(np.float32), labels


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read one gzipped IDX file of unsigned bytes (LeCun's format: 0x0000 08 dimensions, sizes, data).

    Raises:
        UsageError: it is not such a file, or is shorter than its header says.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error}); expected a gzipped IDX file"
        ) from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise UsageError(f"{path}: not an IDX file of unsigned bytes; fetch it again")
    dimensions = content[3]
    sizes = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    body = content[4 + 4 * dimensions :]
    if len(body) != int(np.prod(sizes)):
        raise UsageError(f"{path}: {len(body)} bytes of data, header says {sizes}; fetch it again")
    return np.frombuffer(body, dtype=np.uint8).reshape(sizes)
