"""A claim read from a table whose rows do not say which arm they are: the runs' own scores tell them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

from netgain.analysis.scores import PREFERRED_SPLITS, final_score, metric_curve
from netgain.assemble.paper_scores import CELL_NUMBER, Pair
from netgain.study import Cited, Claim, ResultTable, Run
from netgain.vocabulary import canonical_metric, is_known_metric

SIGNS_OF_PROPOSED = re.compile(r"^\s*\+|\(\s*ours\s*\)|\bours\b|\bproposed\b", re.IGNORECASE)
MOST_ROWS = 12
"""Rows of a table that can be two arms and their rivals; longer ones are leaderboards."""


def pair_by_scores(
    tables: Iterable[ResultTable], claim: Claim, baseline: list[Run], proposed: list[Run]
) -> Pair | None:
    """Return the two cells of one column that are scores of one arm each and of the other not.

    A cell is an arm's where it equals, to its last digit, the last or best score of one of its runs, or their
    mean, highest or lowest. Nothing is returned where several cells fit, one cell fits both arms, or
    a row named as an addition (`+ X`, `(ours)`) holds the baseline's score.
    """
    if claim.metric is None:
        return None
    arms = _figures(baseline, claim), _figures(proposed, claim)
    if not arms[0] or not arms[1]:
        return None
    found = [
        pair
        for table in tables
        if 2 <= len(table.rows) <= MOST_ROWS
        for column in range(1, len(table.header))
        if (pair := _pair(table, column, claim.metric, arms)) is not None
    ]
    distinct = {(pair.baseline.value, pair.proposed.value) for pair in found}
    return found[0] if len(distinct) == 1 else None


def _pair(
    table: ResultTable, column: int, metric: str, arms: tuple[set[float], set[float]]
) -> Pair | None:
    title = canonical_metric(table.header[column]).name
    if is_known_metric(title) and title != metric:
        return None
    rows = [row for row in table.rows if len(row) > column]
    held = [[_is_among(row[column], figures) for row in rows] for figures in arms]
    own = [
        [i for i, fits in enumerate(held[side]) if fits and not held[1 - side][i]]
        for side in (0, 1)
    ]
    if len(own[0]) != 1 or len(own[1]) != 1:
        return None
    first, second = rows[own[0][0]], rows[own[1][0]]
    if SIGNS_OF_PROPOSED.search(first[0]) and not SIGNS_OF_PROPOSED.search(second[0]):
        return None
    return Pair(
        metric=metric,
        column=table.header[column],
        context=" ".join((table.caption or "", first[0], second[0])),
        baseline=_cited(table, first, column),
        proposed=_cited(table, second, column),
    )


def _figures(runs: list[Run], claim: Claim) -> set[float]:
    """Return what could be printed of an arm: last and best scores of its runs, and what sums them up."""
    lasts: list[float] = []
    bests: list[float] = []
    pick = max if claim.higher_is_better else min
    for run in runs:
        score = final_score(run, claim)
        if score is not None:
            lasts.append(score.cited.value)
        for split in PREFERRED_SPLITS:
            curve = metric_curve(run, claim.metric or "", split)
            if curve is not None:
                bests.append(pick(curve.values))
                break
    return {
        value
        for scores in (lasts, bests)
        if scores
        for value in (*scores, fmean(scores), max(scores), min(scores))
    }


def _is_among(cell: str, figures: set[float]) -> bool:
    """Tell whether a cell prints one of some scores, as a fraction or in percent."""
    found = CELL_NUMBER.search(cell)
    if found is None:
        return False
    text = found.group(0).replace(",", "").replace("−", "-")
    decimals = len(text.partition(".")[2])
    if decimals == 0:
        return False  # a whole number fits too much
    value, half = float(text), 0.5 * 10.0**-decimals * (1 + 1e-9)
    return any(
        abs(value - figure) <= half or (abs(figure) <= 1 and abs(value - 100 * figure) <= half)
        for figure in figures
    )


def _cited(table: ResultTable, row: tuple[str, ...], column: int) -> Cited[float]:
    found = CELL_NUMBER.search(row[column])
    assert found is not None  # the cell was matched
    place = replace(table.source, key=None, cell=f"{row[0]} / {table.header[column]}")
    value = float(found.group(0).replace(",", "").replace("−", "-"))
    return Cited(value=value, source=place, strength="stated")
