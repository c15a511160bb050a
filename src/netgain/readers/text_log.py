"""Plain text logs of any script: lines of one shape become curves, what stands before them settings."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from netgain.errors import UnreadableFile
from netgain.readers import metric_log
from netgain.readers._dialect import dialect_of
from netgain.readers._line_grammar import (
    CODE,
    CODE_START,
    Axis,
    Line,
    is_known_setting,
    message_of,
    one_setting,
    qualified,
    read_line,
    settings_in,
)
from netgain.readers._lines import text_lines
from netgain.readers._series import choose_axis, series
from netgain.readers.base import Entry, Fact, Final, Limits, Reader, RunFacts, Series, Setting
from netgain.study import Scalar
from netgain.vocabulary import canonical_metric, is_known_metric

SUFFIXES = (".log", ".out", ".txt", ".stdout", ".err")
NAMES = frozenset(("stdout", "stderr", "log", "nohup"))
OTHERS = re.compile(
    r"requirements|readme|licen[cs]e|copying|authors|notice|class(es|_names)|labels?\b|vocab|merges|words|"
    r"filelist|^debug(-\w+)?\.log$|cmakelists|environment|pip[_-]?freeze|manifest|robots|changelog",
    re.IGNORECASE,
)
"""Text files that are no log of a training."""
FEWEST = 3
"""Lines of one shape that make a log."""
MOST_RECORDS = 2_000_000
MOST_RUNS = 1_000
MOST_SETTINGS = 5_000
MOSTLY = 0.8
"""Share of the records of a quantity that must stand on an axis for the others to be left out."""
CODE_GAP = 60
"""Lines without a sign of code after which source code inside a log is over."""
SEPARATOR = re.compile(r"\s*([=\-#*_~])\1{19,}\s*")
TABLE = re.compile(
    rb"\s*#?\s*[A-Za-z_][\w /.-]*(?:[\t,;]\s*[A-Za-z_][\w /.-]*)+\r?\n\s*[-+.\d]+\s*[\t,;]"
)
"""A row of names and a row that begins with a number, cut by tabs, commas or semicolons."""
TOTALS: dict[Axis, str] = {"epoch": "epochs", "step": "max_steps", "sample": "samples"}


@dataclass(slots=True)
class Found:
    """What the lines of one run add up to; filled line by line."""

    settings: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    """Settings and the line each was last stated in."""
    records: list[tuple[int, dict[Axis, float], dict[str, float]]] = field(default_factory=list)
    """Line, position and values of each record."""
    summaries: dict[str, set[int]] = field(default_factory=dict)
    """Lines that sum a quantity up (` * Acc@1 71.2`), after lines that showed it on the way."""
    shapes: Counter[frozenset[str]] = field(default_factory=Counter)
    """How often each set of names came together."""
    position: dict[Axis, float] = field(default_factory=dict)
    """Where the training stood last."""
    split: str | None = None
    """Split of the latest line that named one."""


def sniff(entry: Entry) -> bool:
    """Recognise a log by its suffix or bare name; whether it holds records shows in reading."""
    suffix = entry.path.suffix.lower()
    if OTHERS.search(entry.name) or not (suffix in SUFFIXES or entry.name.lower() in NAMES):
        return False
    return b"\0" not in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one log; without three lines of one shape it holds no run and nothing is returned.

    Raises:
        UnreadableFile: binary, or over the limits.
    """
    if entry.size == 0 or _logged_elsewhere(entry):
        return
    if TABLE.match(entry.head):
        yield from metric_log.read_table(entry, limits)
        return
    runs = [run for run in _runs(entry, limits) if _is_log(run)]
    for index, run in enumerate(runs):
        run_id = f"{entry.path.stem} {index + 1}" if len(runs) > 1 else ""
        yield _facts(entry, run, run_id)


def _logged_elsewhere(entry: Entry) -> bool:
    """Tell whether this is the console of a run whose own log lies beside it (W&B)."""
    folder = entry.path.parent
    return (
        entry.name == "output.log" and folder.name == "files" and any(folder.parent.glob("*.wandb"))
    )


def _runs(entry: Entry, limits: Limits) -> Iterator[Found]:
    """Cut a log into runs: a position that falls back after new settings begins another."""
    run, preamble = Found(), Found()
    block: list[tuple[str, Scalar, int]] = []
    count = 0
    for number, whole in _without_code(text_lines(entry, limits)):
        text = message_of(whole)
        stated = _stated(text, number)
        if stated is not None:
            block += stated
            continue
        _settle(preamble if run.records else run, block)
        block = []
        if not any(character.isdigit() for character in text[:4000]):
            continue
        line = read_line(text)
        if preamble.settings and (line.axes or line.values):
            if run.records and _falls_back(run, line):
                yield run
                count += 1
                if count > MOST_RUNS:
                    raise UnreadableFile(f"more than {MOST_RUNS:,} runs in one log")
                run = Found(settings=preamble.settings)
            elif line.axes:
                run.settings = preamble.settings | run.settings
            if line.axes:
                preamble = Found()
        _add(run, line, number, summary=text.lstrip().startswith("*"))
        if len(run.records) > MOST_RECORDS:
            raise UnreadableFile(f"more than {MOST_RECORDS:,} records in one run")
    _settle(preamble if run.records else run, block)
    yield run


def _stated(text: str, number: int) -> list[tuple[str, Scalar, int]] | None:
    """Return the settings that a line states and nothing else, or None for any other line."""
    many = [(key, value, number) for key, value in settings_in(text)]
    if many:
        return many
    one = one_setting(text)
    return [(*one, number)] if one is not None else None


def _settle(run: Found, block: list[tuple[str, Scalar, int]]) -> None:
    """Keep known settings, and unknown ones of a block of at least three plain keys."""
    plain = sum(" " not in key for key, _, _ in block)
    for spelled, value, number in block:
        key = spelled.replace(" ", "_")
        unknown_too = plain >= FEWEST and " " not in spelled
        if (unknown_too or is_known_setting(key, value)) and len(run.settings) < MOST_SETTINGS:
            run.settings[key] = (value, number)


def _falls_back(run: Found, line: Line) -> bool:
    """Tell whether a line stands before where the run already was."""
    for axis in ("epoch", "step", "sample"):
        if axis in line.axes and axis in run.position:
            return line.axes[axis] < run.position[axis] or (
                line.axes[axis] == run.position[axis]
                and axis == "epoch"
                and "step" not in line.axes
            )
    return False


def _add(run: Found, line: Line, number: int, *, summary: bool) -> None:
    run.position = run.position | line.axes
    if "epoch" in line.axes and "step" not in line.axes:
        run.position.pop("step", None)
    run.split = line.split or (run.split if not line.axes else None)
    for axis, total in line.totals.items():
        inner = axis == "step" and "epoch" in run.position
        if not inner and axis in TOTALS:
            run.settings.setdefault(TOTALS[axis], (int(total), number))
    if not line.values:
        return
    values = line.values
    if summary and run.split:
        values = {k if "/" in k else f"{run.split}/{k}": v for k, v in values.items()}
    for key in values if summary else ():
        run.summaries.setdefault(key, set()).add(number)
    closing = not line.axes and "epoch" in run.position
    position: dict[Axis, float] = {"epoch": run.position["epoch"]} if closing else run.position
    run.records.append((number, position, values))
    run.shapes[frozenset(values)] += 1


def _is_log(run: Found) -> bool:
    """Tell whether one shape recurs that stands on an axis or names a known metric."""
    return any(
        count >= FEWEST and any(map(_is_metric, shape)) for shape, count in run.shapes.items()
    )


@lru_cache(maxsize=20_000)
def _is_metric(key: str) -> bool:
    return is_known_metric(canonical_metric(key).name)


def _without_code(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Pass over source code that a script printed of itself.

    Code begins with an import, a function or a class at the margin and is over after a ruled line or
    many lines without a sign of code; those lines are given back.
    """
    inside = False
    held: deque[tuple[int, str]] = deque()
    for number, text in lines:
        if not inside:
            inside = CODE_START.match(text) is not None
            if not inside:
                yield number, text
            continue
        if CODE.match(text):
            held.clear()
            continue
        ruled = SEPARATOR.fullmatch(text) is not None
        held.append((number, text))
        if ruled or len(held) > CODE_GAP:
            yield from () if ruled else held
            held.clear()
            inside = False
    yield from held


def _facts(entry: Entry, run: Found, run_id: str) -> RunFacts:
    known = {key for _, _, values in run.records for key in values if _is_metric(key)}
    often = Counter(key for _, _, values in run.records if known & values.keys() for key in values)
    names = [
        key for key, count in often.items()
        if key in known or count >= FEWEST
    ]  # fmt: skip
    dialect = dialect_of(names)
    curves: list[Series] = []
    finals: list[Final] = []
    for name in names:
        only = run.summaries.get(name)
        rows = [
            (line, at, values[name])
            for line, at, values in run.records
            if name in values and (only is None or line in only)
        ]
        last, final_value = rows[-1][0], rows[-1][2]
        if (len(rows) == 1 or qualified(name)) and name in known and np.isfinite(final_value):
            finals.append(
                Final(key=name, value=final_value, source=entry.source(line=last, key=name))
            )
            continue
        curve = _curve(entry, name, rows)
        if curve is not None:
            curves.append(curve)
    settings = tuple(
        Setting(key=key, value=value, source=entry.source(line=line, key=key))
        for key, (value, line) in run.settings.items()
    )
    return RunFacts(
        location=entry.folder,
        run_id=run_id,
        dialect=dialect,
        settings=settings,
        series=tuple(curves),
        finals=tuple(finals),
    )


def _curve(
    entry: Entry, name: str, rows: list[tuple[int, dict[Axis, float], float]]
) -> Series | None:
    positioned = [row for row in rows if row[1]]
    if len(positioned) >= MOSTLY * len(rows):
        rows = positioned
    axes: tuple[Axis, ...] = ("step", "epoch", "sample")
    columns = {
        axis: np.array([at[axis] for _, at, _ in rows])
        for axis in axes
        if all(axis in at for _, at, _ in rows)
    }
    chosen = choose_axis({str(axis): column for axis, column in columns.items()})
    return series(
        name,
        unit=chosen[1] if chosen else "row",
        steps=columns[chosen[1]] if chosen else range(len(rows)),
        values=[value for _, _, value in rows],
        source=entry.source(line=rows[0][0], key=name),
    )


READER = Reader(name="text log", order=80, sniff=sniff, read=read)
