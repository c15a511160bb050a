"""Which settings to train: two-level designs over the factors.

A row says for each factor whether it is on (as in the proposed arm). The full factorial gives exact
Shapley values. The half fraction I = +12..k has resolution k: every main effect and, from five
factors, every pair is estimable. Fold-over blocks [H; -H] of a Hadamard matrix H keep main effects
clear of all pairs; the columns and signs are drawn anew in each block, which turns the aliasing
with triples into noise that the interval sees.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from netgain.errors import UsageError

DesignName = Literal["full", "half", "foldover"]
Row = tuple[bool, ...]

_PALEY_PRIMES = {8: 7, 12: 11, 20: 19, 24: 23}
_ORDERS = (8, 12, 16, 20, 24)
_LARGEST_FULL = 10
_SPARE_COLUMNS = 2
_ESTIMANDS: dict[str, str] = {
    "full": (
        "Shapley value: the change in the metric from switching the factor on, averaged over "
        "all orders in which the factors can be switched on"
    ),
    "half": (
        "Average change in the metric from switching the factor on, over a half fraction of all "
        "settings; equals the Shapley value where no three or more factors act jointly"
    ),
    "foldover": (
        "Average change in the metric from switching the factor on, over all settings of the other "
        "factors (Banzhaf value); equals the Shapley value where no three or more factors "
        "act jointly"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A named design over named factors."""

    name: DesignName
    """`full`, `half` or `foldover`."""
    factors: tuple[str, ...]
    """Factor names, in the order of a row."""

    @property
    def fixed(self) -> bool:
        """Tell whether every seed block holds the same rows."""
        return self.name != "foldover"

    @property
    def minimum_blocks(self) -> int:
        """Return the seed blocks below which intervals are too wide or too rough to stop on."""
        return 3 if self.fixed else 4

    @property
    def estimand(self) -> str:
        """Return what a share means under this design, in a sentence."""
        return _ESTIMANDS[self.name]

    @property
    def description(self) -> str:
        """Return the design in a few words."""
        k = len(self.factors)
        rows = len(self.rows(0))
        words = {
            "full": f"full factorial, 2^{k}",
            "half": f"half fraction of 2^{k}, resolution {k}",
            "foldover": f"randomised fold-over Hadamard blocks for {k} factors",
        }
        return f"{words[self.name]}, {rows} settings in each seed block"

    def rows(self, block: int) -> tuple[Row, ...]:
        """Return the distinct rows of one seed block, all-off first and all-on last."""
        k = len(self.factors)
        ends = ((False,) * k, (True,) * k)
        inner: tuple[Row, ...] = self.body(block)
        return (ends[0], *dict.fromkeys(row for row in inner if row not in ends), ends[1])

    def body(self, block: int) -> tuple[Row, ...]:
        """Return the rows that the contrasts run over, repeats included."""
        k = len(self.factors)
        if self.name == "full":
            return full_factorial(k)
        return half_fraction(k) if self.name == "half" else foldover_block(k, block)


def choose_design(factors: tuple[str, ...], override: str | None = None) -> Design:
    """Choose the design for a number of factors: full to 4, half to 6, fold-over blocks beyond.

    Raises:
        UsageError: the design cannot hold that many, or that few, factors.
    """
    k = len(factors)
    automatic: DesignName = "full" if k <= 4 else "half" if k <= 6 else "foldover"
    limits: dict[str, tuple[int, int]] = {
        "full": (1, _LARGEST_FULL),
        "half": (4, _LARGEST_FULL),
        "foldover": (3, _ORDERS[-1] - _SPARE_COLUMNS),
    }
    name = automatic if override is None else override
    if name not in limits:
        raise UsageError(f"design = {name!r}; expected one of {', '.join(limits)}")
    fewest, most = limits[name]
    if not fewest <= k <= most:
        raise UsageError(
            f"design {name} holds {fewest} to {most} factors, the plan has {k}; "
            f"{'group settings into fewer factors' if k > most else 'use design full'}"
        )
    checked: DesignName = "full" if name == "full" else "half" if name == "half" else "foldover"
    return Design(name=checked, factors=factors)


def full_factorial(k: int) -> tuple[Row, ...]:
    """Return all 2^k rows."""
    return tuple(itertools.product((False, True), repeat=k))


def half_fraction(k: int) -> tuple[Row, ...]:
    """Return the 2^(k-1) rows with an even number of factors off (defining relation I = +12..k)."""
    return tuple(row for row in full_factorial(k) if (k - sum(row)) % 2 == 0)


def foldover_block(k: int, block: int) -> tuple[Row, ...]:
    """Return [H; -H] restricted to k randomly chosen columns, each with a random sign.

    The draw depends on the block number alone, so that a continued attribution meets its own rows.
    """
    order = next(m for m in _ORDERS if m >= k + _SPARE_COLUMNS)
    rng = np.random.default_rng([20, order, k, block])
    columns = rng.permutation(order)[:k]
    signs = rng.choice([-1, 1], size=k)
    half = hadamard(order)[:, columns] * signs
    return tuple(tuple(bool(v > 0) for v in row) for row in np.vstack([half, -half]))


def hadamard(order: int) -> np.ndarray:
    """Return a Hadamard matrix of order 8, 12, 16, 20 or 24 (Paley 1933; Sylvester 1867 for 16)."""
    if order == 16:
        two = np.array([[1, 1], [1, -1]])
        return np.kron(np.kron(two, two), np.kron(two, two))
    prime = _PALEY_PRIMES[order]
    squares = {(i * i) % prime for i in range(1, prime)}
    residue = [0] + [1 if i in squares else -1 for i in range(1, prime)]
    skew = np.zeros((order, order), dtype=int)
    skew[0, 1:], skew[1:, 0] = 1, -1
    for i in range(prime):
        skew[i + 1, 1:] = [residue[(j - i) % prime] for j in range(prime)]
    return skew + np.eye(order, dtype=int)
