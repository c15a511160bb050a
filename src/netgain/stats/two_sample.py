"""Classifier two-sample test: how well held-out samples of two sets can be told apart.

Lopez-Paz and Oquab 2017. The classifier is a ridge-regularised linear discriminant on the values and their
squares, so that a change of spread shows as well as a change of mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FOLDS = 5
OVERLAP = ((1 / FOLDS + 1 / (FOLDS - 1)) * FOLDS) ** 0.5
"""Factor on the standard error of a cross-validated mean (Nadeau and Bengio 2003): 1.5 at five folds."""
RIDGE = 0.1
"""Weight of the identity in the pooled covariance of standardised features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separability:
    """Area under the receiver operating characteristic of telling two sets apart, on held-out samples."""

    auc: float
    """0.5: cannot be told apart. Held-out estimates may fall below 0.5 by chance."""
    standard_error: float
    """By Hanley and McNeil 1982, times 1.5 for the training sets that folds share."""
    n_first: int
    """Samples of the first set."""
    n_second: int
    """Samples of the second set."""


def separability(first: np.ndarray, second: np.ndarray) -> Separability:
    """Return how well two sets can be told apart, by 5-fold cross-validation.

    Args:
        first: features [n, d].
        second: features [m, d].

    Raises:
        ValueError: fewer than 10 samples in a set, or different numbers of features.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"two sets of equal features; got {first.shape} and {second.shape}")
    if min(len(first), len(second)) < 2 * FOLDS:
        raise ValueError(f"at least {2 * FOLDS} samples in each set")
    sets = [_with_squares(np.asarray(part, dtype=np.float64)) for part in (first, second)]
    scores = [np.empty(len(part)) for part in sets]
    for fold in range(FOLDS):
        held = [np.arange(len(part)) % FOLDS == fold for part in sets]
        weights = _discriminant(*(part[~mask] for part, mask in zip(sets, held, strict=True)))
        for score, part, mask in zip(scores, sets, held, strict=True):
            score[mask] = part[mask] @ weights
    auc = area_under_curve(scores[1], scores[0])
    return Separability(
        auc=auc,
        standard_error=OVERLAP * hanley_mcneil(auc, len(second), len(first)),
        n_first=len(first),
        n_second=len(second),
    )


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the probability that a positive scores higher than a negative, ties counted half."""
    order = np.sort(negative)
    below = np.searchsorted(order, positive, side="left")
    up_to = np.searchsorted(order, positive, side="right")
    return float((below + up_to).sum() / 2 / (len(positive) * len(negative)))


def hanley_mcneil(auc: float, n_positive: int, n_negative: int) -> float:
    """Return the standard error of an area under the curve (Hanley and McNeil 1982, exponential form)."""
    twice = auc / (2 - auc)
    squared = 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc)
        + (n_positive - 1) * (twice - auc**2)
        + (n_negative - 1) * (squared - auc**2)
    ) / (n_positive * n_negative)
    return float(np.sqrt(max(0.0, variance)))


def _with_squares(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values**2], axis=1)


def _discriminant(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the direction of a ridge-regularised linear discriminant [d]."""
    both = np.concatenate([first, second])
    scale = both.std(axis=0)
    scale[scale == 0] = np.inf  # a constant feature tells nothing
    means = [(part - both.mean(axis=0)).mean(axis=0) / scale for part in (first, second)]
    centred = np.concatenate([(part - part.mean(axis=0)) / scale for part in (first, second)])
    covariance = centred.T @ centred / len(centred) + RIDGE * np.eye(both.shape[1])
    return np.asarray(np.linalg.solve(covariance, means[1] - means[0]) / scale)
