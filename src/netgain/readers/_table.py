"""A table of a log, CSV or JSON alike, to runs: curves over an axis, finals, or one run a row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from netgain.errors import UnreadableFile
from netgain.readers._columns import Table, written_number
from netgain.readers._documents import typed_text
from netgain.readers._series import FloatArray, choose_axis, series
from netgain.readers._table_laps import trainings_in
from netgain.readers._traces import TRACED, follow_a_training, traced
from netgain.readers.base import (
    DocumentFacts,
    Entry,
    Fact,
    Final,
    RunFacts,
    Series,
    Setting,
)
from netgain.study import Paper, ResultTable, Scalar
from netgain.vocabulary import (
    Axis,
    canonical_metric,
    canonical_setting,
    counted_by_name,
    is_clock,
    is_known_metric,
    x_axis,
)

RUN_COLUMNS = frozenset(
    ("seed", "run", "run_id", "run_name", "trial", "trial_id", "rep", "repeat", "replicate", "fold",
     "method", "arm", "variant", "algorithm", "approach", "experiment", "exp", "group", "name", "id")
)  # fmt: skip
"""Columns that tell runs apart where their value changes from row to row."""
RUN_SETTINGS = frozenset(
    ("seed", "learning_rate", "weight_decay", "batch_size", "batch_size_per_device", "epochs",
     "max_steps", "n_train", "dropout", "drop_path", "momentum", "label_smoothing", "mixup", "cutmix",
     "ema_decay", "warmup_steps", "warmup_epochs", "warmup_ratio", "temperature", "width", "depth",
     "gradient_clipping", "data_seed", "split_seed", "repeats", "ensemble")
)  # fmt: skip
"""Settings whose change from row to row shows that each row is a run; a model's name does not."""
LABELS_OF_RUNS = frozenset(("run", "run_id", "run_name", "trial", "trial_id", "rep", "repeat",
                            "replicate", "fold"))  # fmt: skip
MOST_RUNS = 5_000
MOST_TABLE_ROWS = 5_000
NAMED_IN_RUNS = frozenset((".csv", ".tsv", ".json", ".jsonl"))
"""Suffixes of tables whose name becomes part of the id of each of their runs."""
MANY_ROWS = 100
"""Rows from which on a table of settings and scores is the log of a search."""
FEWEST_COUNTED, MANY_STEPS = 3, 20
"""Rows over which a column named like a counter must rise, and one of any other name."""
MOSTLY = 0.8
"""Share of the rows that go on from the one before, where a file holds several trainings."""
MOST_LABELLED = 200_000
"""Rows of a table in long form whose labels are looked at."""

JSON = frozenset((".json", ".jsonl"))


def facts_of_table(
    entry: Entry, table: Table, dialect: str, *, of_arrays: bool = False
) -> Iterator[Fact]:
    """Decide what a table is and turn it into facts.

    With an axis column it is a log, of one run or of as many as its run columns tell apart. Without
    one, a single row is the final scores of a run; rows that differ in seed or a setting are a run
    each; rows that differ in a label alone are a published table; anything else is a curve by row.

    Args:
        entry: the file.
        table: its columns.
        dialect: vocabulary of its names.
        of_arrays: whether the file holds an array for each column, as the history of a training does.
    """
    count = len(table.lines)
    if not count:
        raise UnreadableFile("header without rows; expected at least one")
    axis = _axis_of(table)
    apart = _run_columns(table, dialect, with_axis=axis is not None)
    if axis is not None and table.texts and len(table.lines) <= MOST_LABELLED:
        apart = _told_by_labels(table, apart, axis[0])
    if axis is None:
        apart = _without_traces(table, apart, dialect, of_arrays=of_arrays)
    labelled = any(name in table.texts for name in apart)
    if axis is None and count > 1 and labelled and not any(_names_run(n, dialect) for n in apart):
        yield _published(entry, table)
        return
    said = any(_says_of_training(name, dialect) for name in table.numbers)
    bare = axis is None and not apart and not table.texts
    if bare and count > 1 and not said and entry.path.suffix in JSON:
        return  # items of a data set
    if axis is None and apart and len(table.lines) <= MOST_RUNS:
        apart = _a_run_each(table, apart)
        if _is_search(table, apart, dialect):
            yield from _rows(entry, table, dialect, apart)
            return
    for run_id, part in _split(table, apart):
        laps = trainings_in(part, axis, dialect)
        for number, lap in enumerate(laps, start=1):
            named = f"{run_id or entry.path.stem} {number}" if len(laps) > 1 else run_id
            yield _run(entry, lap, dialect, run_id=named, apart=apart, axis=axis)


def _axis_of(table: Table) -> tuple[str, Axis] | None:
    """Return the axis of a table: a column whose name is one, or a counter that never stops rising."""
    known = choose_axis({k: v for k, v in table.numbers.items() if np.isfinite(v).any()})
    if known is not None:
        return known
    for axis in ("step", "epoch", "sample"):
        for name, column in table.numbers.items():
            if name not in table.texts and counted_by_name(name) == axis and _rises(column):
                return name, axis
    return None


def _rises(column: FloatArray) -> bool:
    """Tell whether every row of a column holds a whole number above that of the row before."""
    return (
        len(column) >= FEWEST_COUNTED
        and bool(np.isfinite(column).all())
        and bool((column >= 0).all())
        and bool((column == np.floor(column)).all())
        and bool((np.diff(column) > 0).all())
    )


def _counts_rows(column: FloatArray) -> bool:
    """Tell whether a column goes up by the same amount from each of many rows to the next.

    Such a column says where the training stands; settings of a search come in another order.
    """
    if len(column) < MANY_STEPS or not np.isfinite(column).all():
        return False
    with np.errstate(all="ignore"):  # values at the ends of what a number can be
        rises = np.diff(column)
        return bool(rises[0] > 0) and bool(np.allclose(rises, rises[0], rtol=1e-6, atol=0.0))


def _run_columns(table: Table, dialect: str, *, with_axis: bool) -> list[str]:
    """Return the columns whose changing value tells runs apart, in file order."""
    found = []
    for name in table.numbers:
        plain = name.strip().lower().replace(" ", "_")
        setting = canonical_setting(name, dialect)
        label = plain in RUN_COLUMNS or setting == "seed" or (not plain and name in table.texts)
        scored = is_known_metric(canonical_metric(name, dialect).name)
        varied = not with_axis and setting is not None
        varied = varied and (not scored or setting == "learning_rate")
        varied = varied and (setting != "dataset" or name in table.texts)  # `loss_task`
        column = table.numbers[name]
        passed = setting == "wall_seconds" and _passes_with_a_count(table, column)
        if not label and varied and (passed or _counts_rows(column)):
            continue
        if (label or varied) and len(_distinct(table, name)) > 1 and x_axis(name) is None:
            found.append(name)
    return found


def _passes_with_a_count(table: Table, seconds: FloatArray) -> bool:
    """Tell whether the time goes up from row to row beside a column that counts the rows (`round`)."""
    steps = [
        np.diff(column) == 1 for name, column in table.numbers.items() if name not in table.texts
    ]
    counted = any(bool(len(step)) and step.mean() >= MOSTLY for step in steps)
    return counted and bool((np.diff(seconds) > 0).mean() >= MOSTLY)


def _without_traces(table: Table, apart: list[str], dialect: str, *, of_arrays: bool) -> list[str]:
    """Leave out the columns of settings that one training traced, such as its learning rate."""
    names = [name for name in traced(apart, dialect) if name not in table.texts]
    others = [name for name in apart if name not in names]
    if not names or len(table.lines) > MOST_LABELLED:
        return others if names else apart
    parts = [part for _, part in _split(table, others)]
    curves = follow_a_training(table, names, parts, dialect, of_arrays=of_arrays)
    return others if curves else apart


def _told_by_labels(table: Table, apart: list[str], axis: str) -> list[str]:
    """Add the columns of labels without which a position of the axis would come twice in one run.

    A table in long form names the setting of each row in a column called anything (`ablation`, `optimizer`).
    """
    chosen = list(apart)
    repeated = _repeats(table, chosen, axis)
    for name, cells in table.texts.items():
        labels = {cell.lower() for cell in cells if cell}
        of_splits = all(canonical_metric(f"{label}_loss").split for label in labels)
        if not repeated or name in chosen or len(labels) < 2 or of_splits:
            continue
        fewer = _repeats(table, [*chosen, name], axis)
        if fewer < repeated:
            chosen, repeated = [*chosen, name], fewer
    return [name for name in table.numbers if name in chosen]


def _a_run_each(table: Table, apart: list[str]) -> list[str]:
    """Add columns of labels until every row of a table of runs stands alone, where they can do that."""
    chosen = list(apart)
    for name in (*table.texts, *_searched(table, chosen)):
        alone = _combinations(table, chosen)
        if alone == len(table.lines):
            break
        if name not in chosen and _combinations(table, [*chosen, name]) > alone:
            chosen.append(name)
    return [name for name in table.numbers if name in chosen]


def _searched(table: Table, chosen: list[str]) -> list[str]:
    """Return the columns of numbers that a long table varies beside those by which runs are told apart."""
    if len(table.lines) < MANY_ROWS:
        return []
    return [
        name
        for name in table.numbers
        if name not in table.texts
        and name not in chosen
        and not _is_score(name, "generic")
        and not is_clock(name)
        and 1 < len(_distinct(table, name)) <= len(table.lines) // 2
    ]


def _is_search(table: Table, apart: list[str], dialect: str) -> bool:
    """Tell whether a table logs a search: very many rows, each of one set of settings and its scores."""
    varied = [name for name in apart if name in table.numbers and name not in table.texts]
    scored = any(_is_score(name, dialect) for name in table.numbers if name not in apart)
    return len(table.lines) >= MANY_ROWS and len(varied) > 1 and scored


def _says_of_training(name: str, dialect: str) -> bool:
    known = is_known_metric(canonical_metric(name, dialect).name)
    return known or canonical_setting(name, dialect) is not None


def _is_score(name: str, dialect: str) -> bool:
    metric = canonical_metric(name, dialect).name
    return is_known_metric(metric) and metric not in ("learning_rate", "epoch")


def rows_of_results(entry: Entry, table: Table, dialect: str) -> Iterator[Fact]:
    """Turn lines that a script appended, one for each run it finished, into runs with final scores."""
    apart = [name for name in table.numbers if not _is_score(name, dialect) and not is_clock(name)]
    yield from _rows(entry, table, dialect, apart)


def _rows(entry: Entry, table: Table, dialect: str, apart: list[str]) -> Iterator[RunFacts]:
    """Yield a run for each row; numbers that are no score are its settings."""
    seen: Counter[str] = Counter()
    for row in range(len(table.lines)):
        one = table.rows(np.arange(len(table.lines)) == row)
        stated = [name for name in apart if table.cell(name, row) is not None]
        name = ",".join(f"{name or 'row'}={table.cell(name, row)}" for name in stated)
        seen[name] += 1
        numbered = name if seen[name] == 1 else f"{name} {seen[name]}"
        run_id = (
            numbered if entry.path.suffix in NAMED_IN_RUNS else f"{entry.path.stem}: {numbered}"
        )
        others = [n for n in one.numbers if n not in apart and not _is_score(n, dialect)]
        yield _run(entry, one, dialect, run_id=run_id, apart=[*stated, *others])


def _combinations(table: Table, names: list[str]) -> int:
    rows = range(len(table.lines))
    return len({tuple(table.cell(name, row) for name in names) for row in rows})


def _repeats(table: Table, apart: list[str], axis: str) -> int:
    """Count the rows whose position another row of the same run has."""
    x = table.numbers[axis]
    placed = [row for row in range(len(x)) if math.isfinite(x[row])]
    seen = {(x[row], *(table.cell(name, row) for name in apart)) for row in placed}
    return len(placed) - len(seen)


def _names_run(name: str, dialect: str) -> bool:
    plain = name.strip().lower().replace(" ", "_")
    return plain in LABELS_OF_RUNS or canonical_setting(name, dialect) in RUN_SETTINGS


def _distinct(table: Table, name: str) -> set[Any]:
    if name in table.texts:
        return set(table.texts[name])
    column = table.numbers[name]
    return set(np.unique(column[np.isfinite(column)]).tolist())


def _split(table: Table, apart: list[str]) -> Iterator[tuple[str, Table]]:
    if not apart:
        yield "", table
        return
    keys = [
        ",".join(f"{name or 'row'}={table.cell(name, row)}" for name in apart)
        for row in range(len(table.lines))
    ]
    groups = list(dict.fromkeys(keys))
    if len(groups) > MOST_RUNS:
        raise UnreadableFile(f"more than {MOST_RUNS:,} runs in one table")
    every = np.array(keys)
    for group in groups:
        yield group, table.rows(every == group)


def _run(
    entry: Entry,
    table: Table,
    dialect: str,
    *,
    run_id: str,
    apart: list[str],
    axis: tuple[str, Axis] | None = None,
) -> RunFacts:
    known = choose_axis({k: v for k, v in table.numbers.items() if np.isfinite(v).any()})
    axis = known or axis
    curves: list[Series] = []
    finals: list[Final] = []
    settings: list[Setting] = []
    several = len(table.lines) > 1
    reached = not (several or apart) and _says_how_far(table, axis, dialect)
    for name, column in table.numbers.items():
        if is_clock(name) or (axis is not None and name == axis[0]):
            continue
        finite = np.flatnonzero(np.isfinite(column))
        constant = _constant_setting(table, name, dialect, apart=apart, several=several)
        if constant is not None:
            source = entry.source(line=int(table.lines[0]), key=name)
            settings.append(Setting(key=name, value=constant, source=source, strength="logged"))
            continue
        if not len(finite):
            continue
        source = entry.source(line=int(table.lines[finite[0]]), key=name)
        if not several or (len(finite) == 1 and _is_test(name, dialect)):
            finals.append(Final(key=name, value=float(column[finite[0]]), source=source))
            if not reached:
                continue
        x = table.numbers[axis[0]] if axis else np.arange(len(column), dtype=float)
        unit = axis[1] if axis else "row"
        found = series(name, unit=unit, steps=x, values=column, source=source)
        if found is not None:
            curves.append(found)
    return RunFacts(
        location=entry.folder,
        run_id=run_id,
        dialect=dialect,
        settings=tuple(settings),
        series=tuple(curves),
        finals=tuple(finals),
    )


def _says_how_far(table: Table, axis: tuple[str, Axis] | None, dialect: str) -> bool:
    """Tell whether a single row says which epoch it stands at, beside how many there were to be."""
    if axis is None or axis[1] != "epoch" or not table.numbers[axis[0]][0] > 0:
        return False
    return any(
        canonical_setting(name, dialect) == "epochs" for name in table.numbers if name != axis[0]
    )


def _constant_setting(
    table: Table, name: str, dialect: str, *, apart: list[str], several: bool
) -> Scalar:
    """Return the value of a column that holds one setting of the run, else None."""
    if name in table.texts:
        values = {text for text in table.texts[name] if text}
        return typed_text(values.pop()) if len(values) == 1 else None
    setting = canonical_setting(name, dialect)
    metric = canonical_metric(name, dialect)
    if name not in apart and (setting is None or (several and setting in TRACED)):
        return None
    if name not in apart and is_known_metric(metric.name) and setting != "learning_rate":
        return None
    distinct = _distinct(table, name)
    return (
        table.cell(name, int(np.flatnonzero(np.isfinite(table.numbers[name]))[0]))
        if len(distinct) == 1
        else None
    )


def _is_test(name: str, dialect: str) -> bool:
    return canonical_metric(name, dialect).split == "test"


def _published(entry: Entry, table: Table) -> DocumentFacts:
    """Keep a table of labelled results as what it is: cells of a published table."""
    header = tuple(table.numbers)
    rows = tuple(
        tuple(
            table.texts[name][row]
            if name in table.texts
            else written_number(float(table.numbers[name][row]))
            for name in header
        )
        for row in range(min(len(table.lines), MOST_TABLE_ROWS))
    )
    shown = ResultTable(header=header, rows=rows, caption=None, source=entry.source(line=1))
    return DocumentFacts(location=entry.display, paper=Paper(tables=(shown,)))
