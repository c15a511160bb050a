"""The lines of a text log, one after the other, to the runs that they tell of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from math import inf, isfinite

from netgain.errors import UnreadableFile
from netgain.readers._carried_splits import Below
from netgain.readers._hand_printed import HandPrinted
from netgain.readers._indented import Sections
from netgain.readers._line_front import message_of
from netgain.readers._line_grammar import read_line
from netgain.readers._line_parts import Axis, Line
from netgain.readers._line_plans import Plan, Plans, numbers_of, stated
from netgain.readers._line_settings import is_known_setting
from netgain.readers._lines import terminal_lines
from netgain.readers._log_columns import is_of_training
from netgain.readers._log_dumps import without_dumps
from netgain.readers._log_runs import Found, Group
from netgain.readers._printed_code import PrintedCode
from netgain.readers._ruled import Ruled
from netgain.readers._split_columns import SplitColumns
from netgain.readers.base import Entry, Limits
from netgain.study import Scalar
from netgain.vocabulary import canonical_setting

SETTINGS_FILE = re.compile(r"[\w./\\~-]{1,200}\.(?:ya?ml|json|toml)", re.IGNORECASE)
"""A value by which a log names the file of its settings."""
BAR = re.compile(
    rb"\s{0,12}(?:\x1b\[1m)?\s{0,12}(\d{1,9})/(\d{1,9})(?:\x1b\[0m)?\s{0,4}(?:\x1b\[[\d;]{1,6}m)?"
    rb"(?:\[[=>.]{5,60}\] - ETA: |\xe2\x94\x81)"
)
"""How far Keras is in an epoch: `84/397 [=====>......] - ETA: 58s`."""
EVALUATES = re.compile(
    rb"(?<!\*)\*{3,80}[ \t]{0,4}(?:running )?(?:evaluation|prediction|validation|test|inference)\b",
    re.IGNORECASE,
)
"""Above the samples and batch of an evaluation (`***** Running Evaluation *****`), none of the training."""
FEWEST = 3
"""Keys of a printed block that make unknown ones settings too."""
MANY, MOSTLY = 10, 0.8
"""Lines of a block that states shares under names of classes, and their part of it."""
MOST_RECORDS = 2_000_000
MOST_RUNS = 1_000
MOST_SETTINGS = 5_000
NAN = float("nan")
COUNTS_OF_PARAMETERS = frozenset(("parameters", "trainable_parameters"))
"""Settings that hold for a log's one training wherever they stand."""
TOLD_BELOW = frozenset(
    ("batch_size", "learning_rate", "seed", "epochs", "max_steps", "optimizer", "weight_decay")
)
"""Settings by which a block below a log is known as the configuration of its training."""
COUNTED = frozenset(("epochs", "max_steps", "steps_per_epoch"))
"""Settings that the lines of a log's own counter tell already."""
TOTALS: dict[Axis, str] = {"epoch": "epochs", "step": "max_steps", "sample": "samples"}


Reading = tuple[dict[Axis, float], dict[Axis, float], tuple[float, ...]]
"""Axes, their ends, and values of one line."""


def runs_of(entry: Entry, limits: Limits, code: PrintedCode) -> Iterator[Found]:
    """Cut a log into runs: a position that falls back after new settings begins another."""
    run, preamble = Found(), Found()
    plans, table, columns = Plans(), Ruled(), SplitColumns()
    block: list[tuple[str, Scalar, int]] = []
    command: list[tuple[str, Scalar, int]] = []
    heading = Below()
    count = 0
    aside = False
    sections = Sections()
    by_hand = HandPrinted(entry)
    for number, printed in without_dumps(code.outside(terminal_lines(entry, limits)), run.settings):
        if _is_unfinished(printed):
            continue
        raw = by_hand.line(printed)
        section = sections.around(raw)
        if block and sections.at_heading:
            continue  # a printed configuration goes on below its headings
        if columns.concerns(raw):
            line = columns.row(message_of(raw.decode("utf-8", "replace")))
            if line is not None:
                _add_line(run, line, number)
                continue
        plan = plans.plan_of(raw)
        if plan.kind == "statement" and aside:
            continue
        if plan.kind == "statement":
            text = message_of(raw.decode("utf-8", "replace"))
            named = stated(text) or ()
            if named and named[0][0] == "program":
                command = [(key, value, number) for key, value in named]
            block += [(f"{section}.{k}" if section else k, v, number) for k, v in named]
            continue
        if block:
            if not run.count and run.position and _states_again(run, block):
                run = Found()  # the start before it broke off without a result
            _settle(preamble if run.count else run, block)
            block = []
        if plan.kind == "table":
            _add_row(run, table, raw, number)
            continue
        if table.pairs:
            _close(run, table, number)
        aside = b"***" in raw and plan.kind != "record" and EVALUATES.search(raw) is not None
        if plan.kind != "record":
            _pass(run, heading, plan, raw, number)
            continue
        axes, totals, values = numbers_of(raw, plan)
        if axes:
            heading.end()
        keys = heading.names(plan.keys, number)
        if keys != plan.keys:
            plan = replace(plan, keys=keys)
        if preamble.settings and (axes or values):
            if run.count and _begins_anew(run, axes):
                begun = Found(settings=preamble.settings)
                if _is_preamble(run, preamble):
                    begun.settings = run.settings | preamble.settings
                else:
                    yield run
                    count += 1
                if count > MOST_RUNS:
                    raise UnreadableFile(f"more than {MOST_RUNS:,} runs in one log")
                run = begun
            elif axes:
                run.settings = preamble.settings | run.settings
            if axes:
                preamble = Found()
        _add(run, plan, number, (axes, totals, values))
        if run.count > MOST_RECORDS:
            raise UnreadableFile(f"more than {MOST_RECORDS:,} records in one run")
    _close(run, table, number=0)
    _settle(preamble if run.count else run, block)
    if count == 0 and run.count and "program" not in run.settings:
        # some tools note the command of the one training they ran behind its output
        run.settings |= {k: (v, at) for k, v, at in command if k not in run.settings}
    if count == 0 and run.count:
        run.settings = _below(preamble, run) | run.settings
    yield run


def _below(preamble: Found, run: Found) -> dict[str, tuple[Scalar, int]]:
    """Return what stands below all that a log's one training logged and is true of it.

    Counts of parameters hold wherever they stand. Other settings are those of the training where several
    known ones stand together and none was stated above: they then describe no second one.
    """
    known = {
        name: canonical_setting(name, value=value) for name, (value, _) in preamble.settings.items()
    }
    above = {canonical_setting(name, value=value) for name, (value, _) in run.settings.items()}
    told = {key for key, name in known.items() if name in TOLD_BELOW}
    again = above & {known[key] for key in told if known[key] not in COUNTED}
    whole = len(told) >= FEWEST and not again
    return {
        key: value
        for key, value in preamble.settings.items()
        if key in COUNTS_OF_PARAMETERS or (whole and known[key] not in above)
    }


def _is_unfinished(raw: bytes) -> bool:
    """Tell whether a line is the bar of an epoch that Keras was still in: no epoch has its values."""
    bar = BAR.match(raw) if b"/" in raw[:40] else None
    return bar is not None and int(bar[1]) < int(bar[2])


def _pass(run: Found, heading: Below, plan: Plan, raw: bytes, number: int) -> None:
    """Pass a line without records: what it announces, a blank line or words."""
    if plan.kind == "phase":
        run.phase_lines.append(number)
    if plan.kind == "heading":
        heading.announce(plan.split or "", number, report=b"eport" in raw)
    elif not raw.strip():
        heading.blank()


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
    shares = sum(isinstance(value, float) and 0 <= value <= 1 for _, value, _ in block)
    if len(block) >= MANY and shares >= MOSTLY * len(block):
        return  # a score for each class
    plain = sum(" " not in key and key != "program" for key, _, _ in block)
    for spelled, value, number in block:
        key = spelled.replace(" ", "_")
        unknown_too = (plain >= FEWEST and " " not in spelled) or key == "program"
        unknown_too = unknown_too or SETTINGS_FILE.fullmatch(str(value)) is not None
        if (unknown_too or is_known_setting(key, value)) and len(run.settings) < MOST_SETTINGS:
            run.settings[key] = (value, number)


def _is_preamble(run: Found, preamble: Found) -> bool:
    """Tell whether lines show numbers and none of a training (`train images: 49,400, iters: 6,175`).

    What they state is then of the training below, unless that states its settings anew.
    """
    again = len(preamble.settings.keys() & run.settings.keys()) >= FEWEST
    return not again and not any(
        map(is_of_training, (key for keys, _ in run.groups for key in keys))
    )


def _states_again(run: Found, block: list[tuple[str, Scalar, int]]) -> bool:
    """Tell whether a block states anew what stood before the place that a run had reached."""
    return sum(key.replace(" ", "_") in run.settings for key, _, _ in block) >= FEWEST


def _begins_anew(run: Found, axes: dict[Axis, float]) -> bool:
    """Tell whether a line stands before where the run already was, or at an epoch it had left.

    The line of an epoch alone below those of its steps sums it up, and no training begins at the epoch that
    the one before had come to.
    """
    for axis in ("epoch", "step", "sample"):
        if axis not in axes or axis not in run.position:
            continue
        if axes[axis] != run.position[axis] or axis != "epoch":
            return axes[axis] < run.position[axis]
        if "step" not in axes:
            return "step" not in run.position and axes["epoch"] == run.first_epoch
        return run.last_step is not None and (axes["epoch"], axes["step"]) <= run.last_step
    return False


def _add(run: Found, plan: Plan, number: int, read: Reading) -> None:
    axes, totals, values = read
    position = run.position
    if axes:
        if axes.get("epoch", inf) < position.get("epoch", -inf):
            run.restarts.append(number)
            run.totals_before.append(run.epoch_total)
            run.epoch_total = NAN
        position.update(axes)
        if run.first_epoch is None:
            run.first_epoch = axes.get("epoch")
        if "epoch" in axes and "step" not in axes:
            position.pop("step", None)
        run.split = plan.split
    elif plan.split:
        run.split = plan.split
    if "epoch" in axes and "step" in axes:
        _count_on(run, axes["epoch"], axes["step"])
    run.epoch_total = totals.get("epoch", run.epoch_total)
    for axis, total in totals.items():
        if axis == "step" and isfinite(total):
            run.step_total = total
        inner = axis == "step" and "epoch" in position
        if (
            axis == "step"
            and "epoch" in axes
            and 1 < total < inf
            and plan.split in (None, "train", "training")
        ):
            through = run.carried_on >= FEWEST - 1
            if through:
                run.settings.pop("steps_per_epoch", None)
            run.settings.setdefault(
                "max_steps" if through else "steps_per_epoch", (int(total), number)
            )
        if not inner and axis in TOTALS and isfinite(total):
            if axis == "epoch" and "epochs" not in run.settings:
                run.counted_at = number
            run.settings.setdefault(TOTALS[axis], (int(total), number))
    end = totals.get("epoch")
    # a callback that counts from zero beside `Epoch 1/100` says nothing of what that line counts
    run.from_zero = run.from_zero or (axes.get("epoch") == 0 and end is not None)
    last = run.from_zero and end is not None and axes.get("epoch") == end
    if last and end is not None and run.settings.get("epochs") == (int(end), run.counted_at):
        run.settings["epochs"] = (int(end) + 1, number)  # `Epoch 24/24` of 0 to 24
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


def _count_on(run: Found, epoch: float, step: float) -> None:
    """Note whether the steps of a line go on from those of the epoch before, or began anew."""
    if run.last_step is not None and epoch > run.last_step[0] and run.carried_on >= 0:
        run.carried_on = run.carried_on + 1 if step > run.last_step[1] else -1
    run.last_step = (epoch, step)
