"""Plain text logs of any script: lines of one shape become curves, what stands before them settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers import code_defaults, metric_log
from netgain.readers._config_dump import dumped
from netgain.readers._dialect import dialect_of
from netgain.readers._indented import Sections
from netgain.readers._line_grammar import (
    Axis,
    Line,
    is_known_setting,
    message_of,
    qualified,
    read_line,
)
from netgain.readers._line_plans import Plan, Plans, numbers_of, stated
from netgain.readers._lines import terminal_lines
from netgain.readers._log_runs import Found, Group, laps
from netgain.readers._printed_code import PrintedCode
from netgain.readers._ruled import Ruled
from netgain.readers._series import choose_axis, series, unrolled
from netgain.readers._split_columns import SplitColumns
from netgain.readers.base import (
    CodeFacts,
    Entry,
    Fact,
    Final,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
)
from netgain.study import CodeTree, Scalar, SourceFile
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric

SUFFIXES = (".log", ".out", ".txt", ".stdout", ".err")
NAMES = frozenset(("stdout", "stderr", "log", "nohup"))
OTHERS = re.compile(
    r"requirements|readme|licen[cs]e|copying|authors|notice|class(es|_names)|labels?\b|vocab|merges|words|"
    r"filelist|paper|abstract|^debug(-\w+)?\.log$|cmakelists|environment|pip[_-]?freeze|manifest|robots|changelog",
    re.IGNORECASE,
)
"""Text files that are no log of a training."""
FEWEST = 3
"""Lines of one shape that make a log."""
MOST_RECORDS = 2_000_000
MOST_REPORTED = 100
"""Records of a text that is no log but states final scores."""
MOST_BYTES_A_SCORE = 8_192
"""Bytes of a report for each of its lines that holds a score alone; prose has more."""
NAMED_FOR_SCORES = re.compile(
    r"(?:^|[_\-.\s])(?:metrics?|results?|scores?|final|test|eval\w*|report|summary|performance)(?:[_\-.\s\d]|$)",
    re.IGNORECASE,
)
MOST_RUNS = 1_000
MOST_SETTINGS = 5_000
MOSTLY = 0.8
"""Share of the records of a quantity that must stand on an axis for the others to be left out."""
DUMP_HEADING = re.compile(rb"(?i)\bconfig(?:uration)?:\s*$")
STAMPED = re.compile(rb"\[?\d{2,4}[-/]\d\d")
LONGEST_HEADING = 300
MOST_DUMPED = 20_000
TABLE = re.compile(
    rb"\s*#?\s*[A-Za-z_][\w /.-]*(?:[\t,;]\s*[A-Za-z_][\w /.-]*)+\r?\n\s*[-+.\d]+\s*[\t,;]"
)
"""A row of names and a row that begins with a number, cut by tabs, commas or semicolons."""
PADDED_TABLE = re.compile(
    rb"[A-Za-z_][\w/.-]{0,60}(?: {2,}[A-Za-z_][\w/.-]{0,60}){2,60} *[\r\n]{1,4}"
    rb"-?[.\d][-+.\deE]{0,30}(?: {2,}-?[.\d][-+.\deE]{0,30}){2,60} *[\r\n]"
)
"""The same with columns padded by blanks."""
AXES: tuple[Axis, ...] = ("step", "epoch", "sample")
NAN = float("nan")
TOTALS: dict[Axis, str] = {"epoch": "epochs", "step": "max_steps", "sample": "samples"}


Reading = tuple[dict[Axis, float], dict[Axis, float], tuple[float, ...]]
"""Axes, their ends, and values of one line."""


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
    blank = entry.size < 64 and not entry.head.strip() and entry.path.suffix == ".txt"
    if entry.size == 0 or blank or _logged_elsewhere(entry):
        return
    if TABLE.match(entry.head) or PADDED_TABLE.match(entry.head):
        yield from metric_log.read_table(entry, limits)
        return
    code = PrintedCode()
    found = [run for part in _runs(entry, limits, code) for run in laps(part)]
    runs = [run for run in found if _is_log(run) or _is_report(run, entry)]
    printed = code.text() if runs else None
    if printed is not None:
        file = SourceFile(path=entry.display, text=printed)
        yield CodeFacts(location=entry.display, tree=CodeTree(root=entry.display, files=(file,)))
        settings = code_defaults.settings_in(printed, entry)
        if settings:
            yield RunFacts(location=entry.folder, dialect="code", settings=settings)
    for index, run in enumerate(runs):
        run_id = f"{entry.path.stem} {index + 1}" if len(runs) > 1 else ""
        yield _facts(entry, run, run_id)


def _logged_elsewhere(entry: Entry) -> bool:
    """Tell whether this is the console of a run whose own log lies beside it (W&B)."""
    folder = entry.path.parent
    return (
        entry.name == "output.log" and folder.name == "files" and any(folder.parent.glob("*.wandb"))
    )


def _runs(entry: Entry, limits: Limits, code: PrintedCode) -> Iterator[Found]:
    """Cut a log into runs: a position that falls back after new settings begins another."""
    run, preamble = Found(), Found()
    plans, table, columns = Plans(), Ruled(), SplitColumns()
    block: list[tuple[str, Scalar, int]] = []
    count = 0
    sections = Sections()
    for number, raw in _without_dumps(code.outside(terminal_lines(entry, limits)), run.settings):
        section = sections.around(raw)
        if block and sections.at_heading:
            continue  # a printed configuration goes on below its headings
        if columns.concerns(raw):
            line = columns.row(message_of(raw.decode("utf-8", "replace")))
            if line is not None:
                _add_line(run, line, number)
                continue
        plan = plans.plan_of(raw)
        if plan.kind == "statement":
            text = message_of(raw.decode("utf-8", "replace"))
            named = stated(text) or ()
            block += [(f"{section}.{k}" if section else k, v, number) for k, v in named]
            continue
        if block:
            _settle(preamble if run.count else run, block)
            block = []
        if plan.kind == "table":
            _add_row(run, table, raw, number)
            continue
        if table.pairs:
            _close(run, table, number)
        if plan.kind == "nothing":
            continue
        axes, totals, values = numbers_of(raw, plan)
        if preamble.settings and (axes or values):
            if run.count and _falls_back(run, axes):
                yield run
                count += 1
                if count > MOST_RUNS:
                    raise UnreadableFile(f"more than {MOST_RUNS:,} runs in one log")
                run = Found(settings=preamble.settings)
            elif axes:
                run.settings = preamble.settings | run.settings
            if axes:
                preamble = Found()
        _add(run, plan, number, (axes, totals, values))
        if run.count > MOST_RECORDS:
            raise UnreadableFile(f"more than {MOST_RECORDS:,} records in one run")
    _close(run, table, number=0)
    _settle(preamble if run.count else run, block)
    yield run


def _add_row(run: Found, table: Ruled, raw: bytes, number: int) -> None:
    """Add what a row of a ruled table says, where it is not a row of bars around an ordinary message."""
    text = raw.decode("utf-8", "replace")
    line = table.row(text)
    if line is None and (table.header or table.pairs or "|" not in text[:2]):
        return
    if line is None:
        line = read_line(message_of(text))
    _add_line(run, line, number)


def _add_line(run: Found, line: Line, number: int) -> None:
    plan = Plan("record", keys=tuple(line.values), split=line.split)
    _add(run, plan, number, (line.axes, line.totals, tuple(line.values.values())))


def _close(run: Found, table: Ruled, number: int) -> None:
    line = table.close()
    if line is not None:
        _add_line(run, line, number)


def _settle(run: Found, block: list[tuple[str, Scalar, int]]) -> None:
    """Keep known settings, and unknown ones of a block of at least three plain keys."""
    plain = sum(" " not in key for key, _, _ in block)
    for spelled, value, number in block:
        key = spelled.replace(" ", "_")
        unknown_too = plain >= FEWEST and " " not in spelled
        if (unknown_too or is_known_setting(key, value)) and len(run.settings) < MOST_SETTINGS:
            run.settings[key] = (value, number)


def _falls_back(run: Found, axes: dict[Axis, float]) -> bool:
    """Tell whether a line stands before where the run already was."""
    for axis in ("epoch", "step", "sample"):
        if axis in axes and axis in run.position:
            return axes[axis] < run.position[axis] or (
                axes[axis] == run.position[axis] and axis == "epoch" and "step" not in axes
            )
    return False


def _add(run: Found, plan: Plan, number: int, read: Reading) -> None:
    axes, totals, values = read
    position = run.position
    if axes:
        if axes.get("epoch", np.inf) < position.get("epoch", -np.inf):
            run.restarts.append(number)
        position.update(axes)
        if "epoch" in axes and "step" not in axes:
            position.pop("step", None)
        run.split = plan.split
    elif plan.split:
        run.split = plan.split
    for axis, total in totals.items():
        if axis == "step" and np.isfinite(total):
            run.step_total = total
        inner = axis == "step" and "epoch" in position
        if (
            axis == "step"
            and "epoch" in axes
            and 1 < total < np.inf
            and plan.split in (None, "train", "training")
        ):
            run.settings.setdefault("steps_per_epoch", (int(total), number))
        if not inner and axis in TOTALS and np.isfinite(total):
            run.settings.setdefault(TOTALS[axis], (int(total), number))
    if not values:
        return
    keys = plan.keys
    if plan.summary and run.split:
        keys = tuple(key if "/" in key else f"{run.split}/{key}" for key in keys)
    group = run.groups.get((keys, plan.summary))
    if group is None:
        group = run.groups[keys, plan.summary] = Group(keys, plan.summary)
    group.lines.append(number)
    epoch = position.get("epoch", NAN)
    if not axes and "epoch" in position:
        group.places.extend((NAN, epoch, NAN))
    else:
        group.places.extend((position.get("step", NAN), epoch, position.get("sample", NAN)))
    group.values.extend(values)
    run.count += 1
    run.sole += plan.sole


def _is_log(run: Found) -> bool:
    """Tell whether one shape recurs that stands on an axis or names a known metric."""
    shapes: Counter[frozenset[str]] = Counter()
    for group in run.groups.values():
        shapes[frozenset(filter(_is_metric, group.keys))] += len(group.lines)
    return any(count >= FEWEST and keys for keys, count in shapes.items())


def _is_report(run: Found, entry: Entry) -> bool:
    """Tell whether a short text states final scores: two such lines, one where its name says so."""
    if run.count > MOST_REPORTED:
        return False
    scored = Counter(
        key
        for group in run.groups.values()
        for key in group.keys * len(group.lines)
        if _is_metric(key)
    )
    enough = 1 if NAMED_FOR_SCORES.search(entry.path.stem) else 2
    prose = entry.size > run.sole * MOST_BYTES_A_SCORE
    if not scored or max(scored.values()) > 1:
        return False
    return (run.sole >= enough and not prose) or _is_evaluation(run)


def _is_evaluation(run: Found) -> bool:
    """Tell whether known settings stand before one line of several scores on test data."""
    known = {
        name
        for key, (value, _) in run.settings.items()
        if (name := canonical_setting(key, value=value))
    }
    metrics = [[canonical_metric(key) for key in keys] for keys, _ in run.groups]
    tested = any(
        sum(metric.split == "test" and is_known_metric(metric.name) for metric in found) > 1
        for found in metrics
    )
    return tested and len(known) >= FEWEST


@lru_cache(maxsize=20_000)
def _is_metric(key: str) -> bool:
    return is_known_metric(canonical_metric(key).name)


def _without_dumps(
    lines: Iterator[tuple[int, bytes]], settings: dict[str, tuple[Scalar, int]]
) -> Iterator[tuple[int, bytes]]:
    """Take out a whole config that a framework printed (`Config:` and many lines) and keep its settings.

    The dump is over at the next line that begins as the line that announced it does.
    """
    front = b""
    held: list[tuple[int, bytes]] = []
    for number, raw in lines:
        if front:
            if raw[:1] != front and not STAMPED.match(raw) and len(held) < MOST_DUMPED:
                held.append((number, raw))
                continue
            yield from _undumped(held, settings)
            front, held = b"", []
        yield number, raw
        if raw[-1:] == b":" and len(raw) < LONGEST_HEADING and DUMP_HEADING.search(raw):
            front = raw.lstrip()[:1]
    yield from _undumped(held, settings)


def _undumped(
    held: list[tuple[int, bytes]], settings: dict[str, tuple[Scalar, int]]
) -> list[tuple[int, bytes]]:
    """Keep the settings of a printed config and return no line, or return all lines of anything else."""
    if not held:
        return held
    text = b"\n".join(raw for _, raw in held).decode("utf-8", "replace")
    found = dumped(text, held[0][0])
    known = {
        name for key, (value, _) in found.items() if (name := canonical_setting(key, value=value))
    }
    if len(known) < FEWEST:
        return held
    settings.update(found)
    return []


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of a run, in the order of the log."""

    lines: npt.NDArray[np.int64]
    """1-based line of each value."""
    places: npt.NDArray[np.float64]
    """Step, epoch and sample of each value; NaN where unsaid."""
    values: npt.NDArray[np.float64]
    """The values."""


def _columns(run: Found) -> dict[str, Column]:
    """Return the quantities that are known, and those that came at least three times beside a known one.

    Where lines sum a quantity up, the lines on the way to it are left out.
    """
    known = {key for keys, _ in run.groups for key in keys if _is_metric(key)}
    often: Counter[str] = Counter()
    for group in run.groups.values():
        if known & set(group.keys):
            often.update(dict.fromkeys(group.keys, len(group.lines)))
    summed = {key for keys, summary in run.groups if summary for key in keys}
    found: dict[str, Column] = {}
    for name in (key for key, count in often.items() if key in known or count >= FEWEST):
        parts = [
            (group, group.keys.index(name))
            for group in run.groups.values()
            if name in group.keys and (name not in summed or group.summary)
        ]
        lines = np.concatenate([np.array(group.lines, np.int64) for group, _ in parts])
        order = np.argsort(lines, kind="stable")
        found[name] = Column(
            lines=lines[order],
            places=np.concatenate([np.array(g.places).reshape(-1, 3) for g, _ in parts])[order],
            values=np.concatenate(
                [np.array(g.values).reshape(len(g.lines), -1)[:, at] for g, at in parts]
            )[order],
        )
    return found


def _facts(entry: Entry, run: Found, run_id: str) -> RunFacts:
    columns = _columns(run)
    dialect = dialect_of(columns)
    if dialect == "generic":
        dialect = dialect_of(
            [*run.settings, "train_"]
        )  # a config has no history, which is Keras's only sign
    last_record = max((max(g.lines) for g in run.groups.values() if _moves(g)), default=0)
    curves: list[Series] = []
    finals: list[Final] = []
    for name, column in columns.items():
        last, value = int(column.lines[-1]), float(column.values[-1])
        single = len(column.values) == 1
        closing = qualified(name) and (single or int(column.lines[0]) > last_record)
        if (single or closing) and _is_metric(name) and np.isfinite(value):
            source = entry.source(line=last, key=name)
            finals.append(Final(key=name, value=value, source=source))
            continue
        curve = _curve(entry, name, column, run.step_total)
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


def _moves(group: Group) -> bool:
    """Tell whether the records of a group follow the training: several, and not all of them of a best."""
    return len(group.lines) >= FEWEST and not all(map(qualified, group.keys))


def _curve(entry: Entry, name: str, column: Column, step_total: float | None) -> Series | None:
    lines, places, values = column.lines, column.places, column.values
    positioned = np.isfinite(places).any(axis=1)
    if positioned.sum() >= MOSTLY * len(values):
        lines, places, values = lines[positioned], places[positioned], values[positioned]
    found = {axis: places[:, at] for at, axis in enumerate(AXES)}
    axes = {axis: column for axis, column in found.items() if np.isfinite(column).all()}
    chosen = choose_axis({str(axis): column for axis, column in axes.items()})
    x = axes[chosen[1]] if chosen else np.arange(len(values), dtype=float)
    unit = chosen[1] if chosen else "row"
    if unit == "step":
        flat = unrolled(x, step_total)
        x, unit = (x, unit) if flat is None else flat
    source = entry.source(line=int(lines[0]), key=name)
    return series(name, unit=unit, steps=x, values=values, source=source)


READER = Reader(name="text log", order=80, sniff=sniff, read=read)
