"""Which two scores of a paper are the claim: pairs of a table or a sentence, and what contradicts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from netgain.study import Cited, Claim, ResultTable, Source, Statement

CELL_NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The scores of both arms in one metric at one place."""

    metric: str
    """Canonical name."""
    column: str
    """Title of the column, with the group above it; empty for a sentence."""
    context: str
    """Words around the pair: caption, titles, sentence."""
    baseline: Cited[float]
    """Score of the baseline."""
    proposed: Cited[float]
    """Score of the proposed method."""

    @property
    def lower_is_better(self) -> bool | None:
        """Tell the direction an arrow in the title states."""
        return True if "↓" in self.column else False if "↑" in self.column else None


def score_pairs(scores: tuple[Statement, ...], tables: tuple[ResultTable, ...]) -> Iterator[Pair]:
    """Yield the first baseline and first proposed score of every column and sentence, in reading order.

    Statements that share neither a column nor a sentence are paired if they are the only ones of their
    metric in a document.
    """
    groups: dict[tuple[str, str, str], list[Statement]] = {}
    for score in scores:
        place = _place(score, tables)
        groups.setdefault((score.source.path, place, score.quantity), []).append(score)
    paired: set[tuple[str, str]] = set()
    for (path, place, metric), group in groups.items():
        pair = _pair(group, metric, place, tables)
        if pair is not None:
            paired.add((path, metric))
            yield pair
    loose: dict[tuple[str, str], list[Statement]] = {}
    for score in scores:
        if score.source.cell is None and (score.source.path, score.quantity) not in paired:
            loose.setdefault((score.source.path, score.quantity), []).append(score)
    for (_, metric), group in loose.items():
        pair = _pair(group, metric, "", tables)
        if pair is not None:
            yield pair


def choose(
    pairs: Iterator[Pair], claim: Claim, metric_of_runs: str | None, headlines: Sequence[str]
) -> Pair | None:
    """Return the pair the claim is about; None where several fit and say different things.

    Those of the claim's own metric, data set and scores count alone where it names them; then those of the
    metric the runs themselves are compared by; then those of a sentence, which is a claim in words; then, of
    a table that has one pair in each of several metrics, that of the metric which titles name most.

    Args:
        pairs: the scores of both arms, place by place.
        claim: what is known of the claim.
        metric_of_runs: the metric that the runs carry, None where they carry none.
        headlines: metrics in the order in which titles name them.
    """
    left = [pair for pair in pairs if claim.metric in (None, pair.metric)]
    if claim.dataset:
        left = [pair for pair in left if _is_on(pair, claim.dataset)] or left
    for stated, side in ((claim.baseline, "baseline"), (claim.proposed, "proposed")):
        if stated is not None:
            same = [pair for pair in left if getattr(pair, side).value == stated.value]
            left = same or left
    if claim.metric is None and metric_of_runs is not None:
        left = [pair for pair in left if pair.metric == metric_of_runs] or left
    if len(_different(left)) > 1:
        left = [pair for pair in left if not pair.column] or _of_headline(left, headlines)
    return left[0] if len(_different(left)) == 1 else None


def _of_headline(pairs: list[Pair], headlines: Sequence[str]) -> list[Pair]:
    """Leave the pairs of the metric that titles name most, where no metric has two pairs that differ."""
    metrics = {pair.metric for pair in pairs}
    if len(_different(pairs)) > len(metrics):
        return []
    named = [metric for metric in headlines if metric in metrics]
    return [pair for pair in pairs if named and pair.metric == named[0]]


def with_disagreements(pair: Pair, tables: tuple[ResultTable, ...]) -> Pair:
    """Set the scores of a sentence against the table rows it names; the cell wins and the words are kept.

    The column is the one in which one of the two scores stands in the row it is said of.
    """
    if pair.column:
        return pair
    for table in tables:
        rows = _rows_named(table, pair.context)
        for mine in rows:
            for theirs in rows:
                column = _column_of(table, mine, pair.proposed.value)
                if mine is theirs or column is None:
                    continue
                value = _number(theirs[column])
                if value is not None and value != pair.baseline.value:
                    return replace(pair, baseline=_cell(table, theirs, column, pair.baseline))
        for theirs in rows:
            for mine in rows:
                column = _column_of(table, theirs, pair.baseline.value)
                if mine is theirs or column is None:
                    continue
                value = _number(mine[column])
                if value is not None and value != pair.proposed.value:
                    return replace(pair, proposed=_cell(table, mine, column, pair.proposed))
    return pair


def _place(score: Statement, tables: tuple[ResultTable, ...]) -> str:
    """Return what two scores must share to be compared: a column of one table, or a sentence."""
    if score.source.cell is None:
        return f"\0{score.text}"
    table = _table_of(score.source, tables)
    return f"{tables.index(table) if table else ''}\0{_column(score)}"


def _column(score: Statement) -> str:
    """Return what a cell is compared under: its column, or its row where columns are the arms."""
    return score.source.key or score.quantity


def _table_of(source: Source, tables: tuple[ResultTable, ...]) -> ResultTable | None:
    """Return the table a cell stands in: the last of its file that begins above it."""
    above = [
        table
        for table in tables
        if table.source.path == source.path and (table.source.line or 0) <= (source.line or 0)
    ]
    return max(above, key=lambda table: table.source.line or 0, default=None)


def _pair(
    group: list[Statement], metric: str, place: str, tables: tuple[ResultTable, ...]
) -> Pair | None:
    first = next((s for s in group if s.arm == "baseline"), None)
    second = next((s for s in group if s.arm == "proposed"), None)
    if first is None or second is None:
        return None
    in_table = first.source.cell is not None
    table = _table_of(first.source, tables) if in_table else None
    caption = (table.caption or "") if table else ""
    return Pair(
        metric=metric,
        column=place.partition("\0")[2] if in_table else "",
        context=" ".join((caption, first.text, second.text)),
        baseline=_cited(first),
        proposed=_cited(second),
    )


def _cited(statement: Statement) -> Cited[float]:
    assert isinstance(statement.value, (int, float))
    return Cited(value=float(statement.value), source=statement.source, strength="stated")


def _is_on(pair: Pair, dataset: str) -> bool:
    """Tell whether the column, else the words around a pair, name a data set; its split does not count."""
    name = _compact(
        re.sub(r"(?:^|[/_\-\s])(?:test|val|validation|train|dev)$", "", dataset.lower())
    )
    if not name:
        return False
    return name in _compact(pair.column) or name in _compact(pair.context)


def _compact(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _different(pairs: list[Pair]) -> set[tuple[str, float, float]]:
    return {(pair.metric, pair.baseline.value, pair.proposed.value) for pair in pairs}


def _rows_named(table: ResultTable, text: str) -> list[tuple[str, ...]]:
    """Return the rows whose name stands in a text as a whole, longest names first, each word used once."""
    found = []
    left = f" {text} "
    for row in sorted((r for r in table.rows if r and len(r[0]) > 2), key=lambda r: -len(r[0])):
        name = re.compile(rf"(?<!\w){re.escape(row[0])}(?!\w)")
        if name.search(left) and any(_number(cell) is not None for cell in row[1:]):
            found.append(row)
            left = name.sub(" ", left)
    return found


def _column_of(table: ResultTable, row: tuple[str, ...], value: float) -> int | None:
    columns = [at for at, cell in enumerate(row) if at and _number(cell) == value]
    return columns[0] if len(columns) == 1 and columns[0] < len(table.header) else None


def _number(cell: str) -> float | None:
    found = CELL_NUMBER.match(cell.strip())
    try:
        return float(found.group(0).replace(",", "").replace("−", "-")) if found else None
    except ValueError:
        return None


def _cell(
    table: ResultTable, row: tuple[str, ...], column: int, said: Cited[float]
) -> Cited[float]:
    value = _number(row[column])
    assert value is not None
    place = replace(table.source, key=None, cell=f"{row[0]} / {table.header[column]}")
    return Cited(
        value=value, source=place, strength="stated", disagreeing=(*said.disagreeing, said)
    )
