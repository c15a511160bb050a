"""Plain text logs of any script: lines of one shape become curves, what stands before them settings."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePath

from netgain.errors import UnreadableFile
from netgain.readers import code_defaults, metric_log
from netgain.readers._bare_score import bare_score
from netgain.readers._columns_in_code import table_named_by_code
from netgain.readers._lines import is_wide
from netgain.readers._log_columns import facts_of, is_metric, is_of_training
from netgain.readers._log_lines import runs_of
from netgain.readers._log_phases import last_phase
from netgain.readers._log_runs import Found, laps
from netgain.readers._printed_code import PrintedCode
from netgain.readers._table import facts_of_table
from netgain.readers._tuples import table_of_tuples
from netgain.readers._wandb_log import contents_of, is_copied, run_folder
from netgain.readers.base import CodeFacts, Entry, Fact, Limits, Reader, RunFacts, open_regular
from netgain.study import CodeTree, SourceFile
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
MOST_SHORT_STORE = 4 * 2**20
"""Bytes of a W&B store beyond which it is taken to hold a history."""
MOST_REPORTED = 100
"""Records of a text that is no log but states final scores."""
MOST_BYTES_A_SCORE = 8_192
"""Bytes of a report for each of its lines that holds a score alone; prose has more."""
NAMED_FOR_SCORES = re.compile(
    r"(?:^|[_\-.\s])(?:metrics?|results?|scores?|final|test|eval\w*|report|summary|performance)(?:[_\-.\s\d]|$)",
    re.IGNORECASE,
)
TABLE = re.compile(
    rb"\s*#?\s*[A-Za-z_][\w /.-]*(?:[\t,;]\s*[A-Za-z_][\w /.-]*)+\r?\n\s*[-+.\d]+\s*[\t,;]"
)
"""A row of names and a row that begins with a number, cut by tabs, commas or semicolons."""
PADDED_TABLE = re.compile(
    rb"[A-Za-z_][\w/.-]{0,60}(?: {2,}[A-Za-z_][\w/.-]{0,60}){2,60} *[\r\n]{1,4}"
    rb"-?[.\d][-+.\deE]{0,30}(?: {2,}-?[.\d][-+.:\deE]{0,30}){2,60} *[\r\n]"
)
"""The same with columns padded by blanks."""


NUMBERS = re.compile(rb"\s*(\d{1,6})(?:\s*[,;\t]\s*[-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?){2,20}\s*")
"""A row of numbers alone that begins with a count."""


def sniff(entry: Entry) -> bool:
    """Recognise a log by its suffix or bare name; whether it holds records shows in reading."""
    suffix = entry.suffix
    if OTHERS.search(entry.name) or not (suffix in SUFFIXES or entry.name.lower() in NAMES):
        return False
    return b"\0" not in entry.head or is_wide(entry.head)


def read(entry: Entry, limits: Limits, *, fewest_scores: int = 2) -> Iterator[Fact]:
    """Read one log; without three lines of one shape it holds no run and nothing is returned.

    Args:
        entry: the log.
        limits: bounds.
        fewest_scores: lines of final scores alone that make a run.

    Raises:
        UnreadableFile: binary, or over the limits.
    """
    blank = entry.size < 64 and not entry.head.strip() and entry.path.suffix == ".txt"
    if entry.size == 0 or blank or _logged_elsewhere(entry, limits):
        return
    score = bare_score(entry)
    if score is not None:
        yield RunFacts(location=entry.folder, dialect="generic", finals=(score,))
        return
    if TABLE.match(entry.head) or PADDED_TABLE.match(entry.head):
        yield from metric_log.read_table(entry, limits)
        return
    if metric_log.are_rows_of_results(entry):
        yield from metric_log.facts_of_lines(entry, limits)
        return
    tuples = table_of_tuples(entry, limits)
    if tuples is not None:
        yield from facts_of_table(entry, tuples, "generic")
        return
    named = table_named_by_code(entry, limits)
    if named is not None:
        yield from facts_of_table(entry, named, "generic")
        return
    if _is_unnamed(entry):
        raise UnreadableFile(
            "rows of numbers without names; expected a header, as `epoch,loss,accuracy`"
        )
    code = PrintedCode()
    found = [run for part in runs_of(entry, limits, code) for run in laps(last_phase(part))]
    console = _is_console(entry)
    runs = [
        run
        for run in found
        if _is_log(run)
        or _is_report(run, entry, fewest_scores)
        or (console and any(map(_scored, run.groups)))
    ]
    printed = code.text() if runs else None
    if printed is not None:
        file = SourceFile(path=entry.display, text=printed)
        yield CodeFacts(location=entry.display, tree=CodeTree(root=entry.display, files=(file,)))
        settings = code_defaults.settings_in(printed, entry)
        if settings:
            yield RunFacts(location=entry.folder, dialect="code", settings=settings)
    for index, run in enumerate(runs):
        run_id = f"{entry.path.stem} {index + 1}" if len(runs) > 1 else ""
        facts = facts_of(entry, run, run_id)
        yield replace(facts, location=str(PurePath(entry.folder).parent)) if console else facts


def _is_unnamed(entry: Entry) -> bool:
    """Tell whether a log begins with rows of several numbers that are counted up and have no names."""
    if entry.suffix not in (".log", ".out"):
        return False
    rows = [NUMBERS.fullmatch(line) for line in entry.head[:2000].splitlines()[:-1] if line.strip()]
    counts = [int(row[1]) for row in rows if row]
    return (
        len(rows) >= FEWEST
        and len(counts) == len(rows)
        and all(after == before + 1 for before, after in pairwise(counts))
    )


def _scored(group: tuple[tuple[str, ...], bool]) -> bool:
    return any(map(is_metric, group[0]))


def _is_console(entry: Entry) -> bool:
    """Tell whether this is what a W&B run printed: its store says that a run is here."""
    folder = entry.path.parent
    named = entry.name == "output.log" and folder.name == "files"
    return named and any(folder.parent.glob("*.wandb"))


def _logged_elsewhere(entry: Entry, limits: Limits) -> bool:
    """Tell whether this is the console of a run whose own log lies beside it (W&B)."""
    if not _is_console(entry):
        return False
    stores = run_folder(entry.path).glob("*.wandb")
    return is_copied(entry.path) or any(_has_history(store, limits) for store in stores)


def _has_history(store: Path, limits: Limits) -> bool:
    """Tell whether a W&B store holds a row of history; one that was cut off before it is no other record."""
    try:
        size = store.stat().st_size
        if size > MOST_SHORT_STORE:
            return True
        with open_regular(store) as stream:
            return contents_of(stream.read(min(size, limits.log_bytes))).rows > 0
    except (OSError, UnreadableFile):
        return True


def _is_log(run: Found) -> bool:
    """Tell whether one shape recurs that stands on an axis or names a known metric."""
    shapes: Counter[frozenset[str]] = Counter()
    for group in run.groups.values():
        shapes[frozenset(filter(is_of_training, group.keys))] += len(group.lines)
    return any(count >= FEWEST and keys for keys, count in shapes.items()) or _is_short_log(run)


def _is_short_log(run: Found) -> bool:
    """Tell whether one metric stands at several epochs: at three, or at two below known settings."""
    epochs: dict[str, set[float]] = {}
    for group in run.groups.values():
        at = {epoch for epoch in group.places[1::3] if math.isfinite(epoch)}
        for key in filter(is_metric, group.keys):
            epochs.setdefault(key, set()).update(at)
    most = max(map(len, epochs.values()), default=0)
    return most >= FEWEST or (most >= FEWEST - 1 and len(_known(run)) >= FEWEST)


def _known(run: Found) -> set[str]:
    """Return the settings whose meaning is known."""
    return {
        name
        for key, (value, _) in run.settings.items()
        if (name := canonical_setting(key, value=value))
    }


def _is_report(run: Found, entry: Entry, fewest: int) -> bool:
    """Tell whether a short text states final scores: two such lines, one where its name says so."""
    if run.count > MOST_REPORTED:
        return False
    scored: dict[str, set[float]] = {}
    for group in run.groups.values():
        for at, key in enumerate(group.keys):
            if is_metric(key):
                scored.setdefault(key, set()).update(group.values[at :: len(group.keys)])
    enough = 1 if NAMED_FOR_SCORES.search(entry.path.stem) else fewest
    prose = entry.size > run.sole * MOST_BYTES_A_SCORE
    if not scored or max(map(len, scored.values())) > 1:
        return False
    return (run.sole >= enough and not prose) or _is_evaluation(run)


def _is_evaluation(run: Found) -> bool:
    """Tell whether known settings stand before one line of several scores on test data."""
    metrics = [[canonical_metric(key) for key in keys] for keys, _ in run.groups]
    tested = any(
        sum(metric.split == "test" and is_known_metric(metric.name) for metric in found) > 1
        for found in metrics
    )
    return tested and len(_known(run)) >= FEWEST


READER = Reader(name="text log", order=80, sniff=sniff, read=read)
