"""What the model was given: statistics by channel, a few inputs, and features to compare splits by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor  # noqa: TID253 - part of the recorder's torch side
from torch.nn import functional as F  # noqa: N812, TID253

from netgain.recorder import schema
from netgain.recorder.flight import Flight


class InputStatistics:
    """Mean and deviation by channel of what the model is given, over its first batches."""

    def __init__(self, mode: str) -> None:
        """Gather for one mode, `train` or `evaluation`."""
        self.mode = mode
        self.open = True
        self._batches = 0
        self._count = 0
        self._sum: Any = None
        self._squares: Any = None
        self._low, self._high = float("inf"), float("-inf")
        self._shape: tuple[int, ...] = ()
        self._sample: Any = None
        self._features: list[Any] = []

    def add(self, flight: Flight, batch: Any) -> None:
        """Take in one batch [n, channels, ...]; ids and other integers are left out."""
        if not isinstance(batch, Tensor) or not batch.is_floating_point() or batch.ndim < 2:
            self.open = False
            return
        x = batch.detach().double()
        rest = [d for d in range(x.ndim) if d != 1]
        total, squares = x.sum(rest).cpu().numpy(), x.square().sum(rest).cpu().numpy()
        if self._sum is None:
            self._sum, self._squares = total, squares
            self._shape = tuple(batch.shape[1:])
            size = max(1, batch[0].numel() * 4)
            keep = min(schema.INPUT_SAMPLES, schema.INPUT_BYTES // size)
            self._sample = batch[:keep].detach().float().cpu().numpy()
        elif total.shape == self._sum.shape:
            self._sum, self._squares = self._sum + total, self._squares + squares
        else:
            return
        if sum(map(len, self._features)) < schema.FEATURE_SAMPLES:
            self._features.append(features(batch))
        self._count += x.numel() // x.shape[1]
        self._low, self._high = min(self._low, float(x.min())), max(self._high, float(x.max()))
        self._batches += 1
        if self._batches >= schema.INPUT_BATCHES:
            self.finish(flight)

    def finish(self, flight: Flight) -> None:
        """Note the statistics and keep a few inputs."""
        if not self.open or self._sum is None:
            return
        self.open = False
        mean = self._sum / self._count
        deviation = np.sqrt(np.maximum(self._squares / self._count - mean**2, 0))
        flight.row(
            "inputs",
            mode=self.mode,
            samples=self._count,
            shape=list(self._shape),
            mean=mean[:64].tolist(),
            deviation=deviation[:64].tolist(),
            low=self._low,
            high=self._high,
        )
        keep(
            flight.folder, {self.mode: self._sample, f"{self.mode}_features": stack(self._features)}
        )


def features(batch: Tensor) -> np.ndarray:
    """Return a few numbers for each sample of a batch [n, ...], the same way for every split.

    A sample of up to 256 values is taken as it is. A larger one is divided into a grid, and each cell gives
    its mean and its standard deviation, the latter for noise and sharpness; channels beyond four are left
    out.
    """
    x = batch[: schema.FEATURE_SAMPLES].detach().float().cpu()
    if x[0].numel() <= schema.FEATURE_VALUES:
        return np.asarray(x.flatten(1).numpy())
    if x.ndim == 2:
        x = x[:, None, :]
    x = x[:, :4].flatten(2) if x.ndim == 3 else x[:, :4]
    while x.ndim > 4:
        x = x.flatten(2, 3)
    cells = 8 if x.ndim == 4 else 32
    pool = F.adaptive_avg_pool2d if x.ndim == 4 else F.adaptive_avg_pool1d
    mean = pool(x, cells)
    deviation = (pool(x.square(), cells) - mean.square()).clamp_min(0).sqrt()
    return np.asarray(
        np.concatenate([mean.flatten(1).numpy(), deviation.flatten(1).numpy()], axis=1)
    )


def stack(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Join features of several batches, at most as many samples as are kept."""
    return np.concatenate(parts)[: schema.FEATURE_SAMPLES]


def keep(folder: Path, arrays: Mapping[str, Any]) -> None:
    """Add arrays to `inputs.npz`."""
    path = folder / schema.INPUTS
    kept = dict(np.load(path)) if path.exists() else {}
    np.savez_compressed(path, **{**kept, **arrays})
