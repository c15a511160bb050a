"""From scores to shares: contrasts over rows, repeated in every seed block.

Every quantity (a share, a pair, the total) is a contrast, a weighted sum of the scores of one
block. Its estimate is the mean over blocks. Its standard error comes from all rows and blocks
together, with (s - 1)(N - 1) degrees of freedom for s blocks of N rows, where the rows are equally
noisy (median-centred Levene test at 5 %) and the contrast itself varies over seeds no more than the
pooled noise says (F test at 50 %: simulated, 25 % under-covers where a factor acts differently on
each seed). Elsewhere it comes from the s block values alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netgain.attribution.design import Design, Row
from netgain.attribution.plan_file import IDEA
from netgain.attribution.split import Interaction, Share, Split
from netgain.stats.distributions import f_cdf
from netgain.stats.paired import t_margin
from netgain.stats.variance import equal_variance_p_value

EQUAL_VARIANCE_LEVEL = 0.05
"""Levene p-value below which rows are not pooled."""
POOLING_LEVEL = 0.5
"""F p-value below which a contrast's own spread over seeds is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What is known of the seed noise in a fixed design."""

    variance: float | None
    """Pooled residual variance after rows and seed blocks; None where rows differ in spread."""
    blocks: int
    """Seed blocks s."""
    rows: int
    """Rows N in each block."""


def estimate(
    design: Design,
    scores: Sequence[Mapping[Row, float]],
    *,
    level: float = 0.95,
    higher_is_better: bool = True,
) -> Split:
    """Split the gain of a complete set of scores.

    Args:
        design: The design the scores were made by.
        scores: For each seed block, the score of each row.
        level: Confidence level.
        higher_is_better: Direction of the scores; shares are positive where the proposed arm gains.

    Raises:
        ValueError: there is no block, or a block lacks a row.
    """
    if not scores:
        raise ValueError("no seed blocks to estimate from")
    k = len(design.factors)
    all_off, all_on = (False,) * k, (True,) * k
    direction = 1.0 if higher_is_better else -1.0
    total_weights: dict[Row, float] = {all_off: -1.0, all_on: 1.0}
    blocks = [{row: direction * value for row, value in block.items()} for block in scores]
    noise = _noise(design, blocks)
    weights = [_factor_weights(design, block) for block in range(len(blocks))]

    def share(by_block: Sequence[Mapping[Row, float]]) -> Share:
        return _share(by_block, blocks, noise, level)

    total = share([total_weights] * len(blocks))
    shares = {
        factor: share([by_factor[i] for by_factor in weights])
        for i, factor in enumerate(design.factors)
    }
    leftover = [_subtract(total_weights, by_factor) for by_factor in weights]
    residual = _residual(share(leftover), leftover, total, shares)
    return Split(
        total=total,
        parts={name: value for name, value in shares.items() if name != IDEA},
        method=shares.get(IDEA),
        residual=residual,
        interactions=_interactions(design, share, len(blocks)),
        runs=sum(len(set(block)) for block in scores),
        seeds=len(blocks),
        design=design.description,
        estimand=design.estimand,
        baseline_score=float(np.mean([block[all_off] for block in scores])),
        proposed_score=float(np.mean([block[all_on] for block in scores])),
    )


def shapley_weights(k: int, i: int) -> dict[Row, float]:
    """Return the contrast over all 2^k rows that is the exact Shapley value of factor i."""
    weights: dict[Row, float] = {}
    for row in itertools.product((False, True), repeat=k):
        others = sum(row) - row[i]
        weight = 1.0 / (k * math.comb(k - 1, others))
        weights[row] = weight if row[i] else -weight
    return weights


def _factor_weights(design: Design, block: int) -> list[dict[Row, float]]:
    """Return the contrast of each factor in one block."""
    k = len(design.factors)
    if design.name == "full":
        return [shapley_weights(k, i) for i in range(k)]
    body = design.body(block)
    return [_balanced(body, [1.0 if row[i] else -1.0 for row in body], 2.0) for i in range(k)]


def _balanced(body: Sequence[Row], signs: Sequence[float], scale: float) -> dict[Row, float]:
    """Return (scale / N) sum of sign times score, repeated rows counted as often as they occur."""
    weights: dict[Row, float] = {}
    for row, sign in zip(body, signs, strict=True):
        weights[row] = weights.get(row, 0.0) + scale * sign / len(body)
    return weights


def _subtract(total: Mapping[Row, float], parts: Sequence[Mapping[Row, float]]) -> dict[Row, float]:
    rows = dict.fromkeys([*total, *(row for part in parts for row in part)])
    return {
        row: total.get(row, 0.0) - math.fsum(part.get(row, 0.0) for part in parts) for row in rows
    }


def _noise(design: Design, blocks: Sequence[Mapping[Row, float]]) -> Noise | None:
    """Estimate the pooled noise of a fixed design; None where there is none to pool."""
    if not design.fixed or len(blocks) < 2:
        return None
    table = np.array([[block[row] for row in design.rows(0)] for block in blocks])
    s, n = table.shape
    residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    variance = float((residuals**2).sum() / ((s - 1) * (n - 1)))
    p_value = equal_variance_p_value(residuals.T.tolist())
    unequal = p_value is not None and p_value < EQUAL_VARIANCE_LEVEL
    return Noise(variance=None if unequal else variance, blocks=s, rows=n)


def _share(
    weights: Sequence[Mapping[Row, float]],
    blocks: Sequence[Mapping[Row, float]],
    noise: Noise | None,
    level: float,
) -> Share:
    """Return mean and interval of one contrast."""
    values = np.array(
        [
            math.fsum(weight * block[row] for row, weight in by_row.items())
            for by_row, block in zip(weights, blocks, strict=True)
        ]
    )
    s, value = len(values), float(values.mean())
    if s < 2:
        return Share(value=value, low=None, high=None, level=level)
    error, df, spread = float(values.std(ddof=1)) / math.sqrt(s), float(s - 1), "blocks"
    size = math.fsum(weight * weight for weight in weights[0].values())
    if noise is not None and noise.variance is not None and _may_pool(error**2 * s, size, noise):
        error = math.sqrt(noise.variance * size / s)
        df, spread = float((s - 1) * (noise.rows - 1)), "pooled"
    margin = t_margin(error, df, level)
    return Share(
        value=value,
        low=value - margin,
        high=value + margin,
        level=level,
        standard_error=error,
        df=df,
        spread="pooled" if spread == "pooled" else "blocks",
    )


def _may_pool(contrast_variance: float, size: float, noise: Noise) -> bool:
    """Tell whether a contrast varies over seeds no more than independent noise of rows does."""
    assert noise.variance is not None, "the caller looked"
    if noise.variance == 0 or size == 0:
        return True
    if noise.rows < 3:
        return False  # the pooled noise is then this one contrast's own
    ratio = contrast_variance / (size * noise.variance)
    df = noise.blocks - 1
    return 1.0 - f_cdf(ratio, df, df * (noise.rows - 1)) >= POOLING_LEVEL


def _residual(
    fitted: Share,
    weights: Sequence[Mapping[Row, float]],
    total: Share,
    shares: Mapping[str, Share],
) -> Share:
    """Return total minus shares, exact where the design leaves nothing over."""
    value = total.value - math.fsum(share.value for share in shares.values())
    if all(abs(weight) < 1e-12 for by_row in weights for weight in by_row.values()):
        return Share(value=value, low=value, high=value, level=total.level, spread="exact")
    if fitted.low is None or fitted.high is None:
        return Share(value=value, low=None, high=None, level=total.level)
    return Share(
        value=value,
        low=fitted.low,
        high=fitted.high,
        level=total.level,
        standard_error=fitted.standard_error,
        df=fitted.df,
        spread=fitted.spread,
    )


def _interactions(
    design: Design, share: Callable[[Sequence[Mapping[Row, float]]], Share], blocks: int
) -> tuple[Interaction, ...]:
    """Return the pairs above two standard errors; a fold-over design cannot tell pairs apart."""
    k = len(design.factors)
    if not design.fixed or blocks < 2 or (design.name == "half" and k < 5):
        return ()
    body = design.body(0)
    found = []
    for i, j in itertools.combinations(range(k), 2):
        signs = [1.0 if row[i] == row[j] else -1.0 for row in body]
        pair = share([_balanced(body, signs, 4.0)] * blocks)
        if pair.standard_error is not None and abs(pair.value) > 2 * pair.standard_error:
            names = (design.factors[i], design.factors[j])
            found.append(Interaction(factors=names, share=pair))
    return tuple(sorted(found, key=lambda item: -abs(item.share.value)))
