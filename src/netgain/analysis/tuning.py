"""The gain of one arm over another at equal numbers of tuning trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netgain.stats.best_of_n import expected_validation_performance


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualTrials:
    """Expected best of equally many trials, proposed minus baseline, in the scores' own unit."""

    n: int
    """Trials of each arm: all those of the arm that has fewer."""
    baseline: float
    """Expected best score of n of the baseline's trials."""
    proposed: float
    """Expected best score of n of the proposed arm's trials."""
    gain: float
    """Difference, positive when the proposed is better."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""


def gain_at_equal_trials(
    baseline: Sequence[float], proposed: Sequence[float], *, higher_is_better: bool
) -> EqualTrials:
    """Estimate the gain in expected best score at the trials of the arm that has fewer.

    The estimate is the unbiased one of Dodge et al. 2021. The interval is that of the bootstrap of the best
    of n, worked out exactly and centred on the estimate. Simulated coverage, equal arms: 94 to 98 % at 4
    against 40, 10 against 30 and 20 against 50 trials of normal, exponential and log-normal scores; 87 to
    94 % at 5 against 8, so that it is of use where the numbers are far apart.

    Raises:
        ValueError: an arm has no scores.
    """
    sign = 1.0 if higher_is_better else -1.0
    arms = [np.sort(sign * np.asarray(scores, dtype=np.float64)) for scores in (baseline, proposed)]
    n = min(arm.size for arm in arms)
    best = [expected_validation_performance(arm.tolist(), n) for arm in arms]
    points, weights = zip(
        *(_centred(arm, n, at) for arm, at in zip(arms, best, strict=True)), strict=True
    )
    differences = (points[1][:, None] - points[0][None, :]).ravel()
    mass = (weights[1][:, None] * weights[0][None, :]).ravel()
    order = np.argsort(differences)
    ordered, reached = differences[order], np.cumsum(mass[order])
    last = ordered.size - 1
    low, high = (
        float(ordered[min(int(np.searchsorted(reached, share)), last)]) for share in (0.025, 0.975)
    )
    return EqualTrials(
        n=n,
        baseline=sign * best[0],
        proposed=sign * best[1],
        gain=best[1] - best[0],
        low=low,
        high=high,
    )


def _centred(ordered: np.ndarray, n: int, at: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bootstrap law of the best of n draws, moved so that its mean is `at`."""
    reached = (np.arange(ordered.size + 1) / ordered.size) ** n
    weights = np.diff(reached)
    return ordered - float(weights @ ordered) + at, weights
