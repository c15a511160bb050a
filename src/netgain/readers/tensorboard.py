"""TensorBoard event files: scalars of every writer, old and new, and the hparams plugin.

Most records of a log differ only in time, step and value. The first record of each form is walked
field by field and becomes a template; all records of the same length that equal it elsewhere are
then read at once with numpy. Format: TFRecord framing (u64 length, u32 crc, data, u32 crc) around
protobuf `tensorflow.Event`.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from netgain.errors import UnreadableFile
from netgain.readers._event_frames import frames
from netgain.readers._events import Form, form_of, hparam
from netgain.readers._protobuf import BYTES, fields
from netgain.readers._series import series
from netgain.readers.base import (
    Entry,
    Final,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
    open_regular,
)
from netgain.vocabulary import UNSPLIT, canonical_metric, is_known_metric

LONGEST_TEMPLATE = 4096
"""Records longer than this (images, histograms, graphs) are walked one by one."""
MOST_TEMPLATES = 500
"""Forms of one length after which its remaining records are walked one by one."""
SHORTEST = 1.0
"""Seconds between first and last scalar below which they were written at one moment."""
FEWEST_ROWS = 8
"""Below this many records of one length a template costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Points:
    """Values of one tag from some records."""

    order: npt.NDArray[np.int64]
    """Number of each record in the file."""
    steps: npt.NDArray[np.float64]
    """Steps."""
    values: npt.NDArray[np.float64]
    """Values, same length."""


@dataclass(frozen=True, slots=True)
class Records:
    """The whole records of one file."""

    data: mmap.mmap
    """The file."""
    buffer: npt.NDArray[np.uint8]
    """The same bytes as an array."""
    starts: npt.NDArray[np.int64]
    """First byte of each record's content."""
    lengths: npt.NDArray[np.int64]
    """Length of each record's content."""


HELD_OUT = frozenset({"val", "valid", "validation", "test", "eval"})
"""Names of folders that hold what was measured of one split."""


def sniff(entry: Entry) -> bool:
    """Recognise an event file by its name."""
    return "tfevents" in entry.name and not entry.name.endswith((".json", ".csv", ".txt"))


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read every scalar of one event file.

    Raises:
        UnreadableFile: empty, a Git-LFS pointer, no event file, or over the limit. A record cut off
            or damaged later ends the reading; what stands before it is kept.
    """
    if entry.size == 0 or entry.head.startswith(b"version https://git-lfs"):
        entry.bytes(limits.log_bytes)
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    with (
        open_regular(entry.path) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        starts, lengths, complete = frames(data)
        if not len(starts):
            raise UnreadableFile("no whole event record in it; expected a TensorBoard event file")
        buffer = np.frombuffer(data, np.uint8)
        try:
            points, hparams, seconds = _scalars(Records(data, buffer, starts, lengths))
        finally:
            del buffer  # the map cannot close while an array looks into it
    settings = list(_hparams(entry, hparams))
    if seconds is not None:
        source = entry.source(key="wall_time")
        settings.append(
            Setting(key="wall_seconds", value=seconds, source=source, strength="logged")
        )
    found = [_series_of(entry, _key(entry, tag), parts) for tag, parts in points.items()]
    curves = [curve for curve in found if curve is not None]
    once = [c for c in curves if len(c.values) == 1 and _is_score(c.key)]
    yield RunFacts(
        location=entry.folder,
        dialect="tensorboard",
        settings=tuple(settings),
        series=tuple(curve for curve in curves if curve not in once),
        finals=tuple(Final(key=c.key, value=c.values[0], source=c.source) for c in once),
    )
    if not complete:
        raise UnreadableFile(
            f"cut off or damaged after {len(starts):,} records, which were kept; "
            "expected more, ask for the complete file"
        )


def _scalars(records: Records) -> tuple[dict[str, list[Points]], list[bytes], float | None]:
    """Read all records, those of equal length together; return scalars, hparams and duration."""
    points: dict[str, list[Points]] = defaultdict(list)
    hparams: list[bytes] = []
    times: list[float] = []
    for length in np.unique(records.lengths):
        members = np.flatnonzero(records.lengths == length)
        forms = 0
        while len(members):
            form, taken, rest = _next_form(records, members, together=forms < MOST_TEMPLATES)
            forms += 1
            for tag, found in _points(records, form, taken):
                points[tag].append(found)
            if form.hparams is not None:
                hparams.append(form.hparams)
            if form.slots:
                times += [_wall(records, int(i), form) for i in (taken[0], taken[-1])]
            members = rest
    span = max(times) - min(times) if times else 0.0
    return points, hparams, span if SHORTEST <= span < np.inf else None


def _next_form(
    records: Records, members: npt.NDArray[np.int64], *, together: bool
) -> tuple[Form, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Walk the first record; return its form, all records of that form, and what is left."""
    first, length = int(records.starts[members[0]]), int(records.lengths[members[0]])
    try:
        form = form_of(records.data[first : first + length])
    except UnreadableFile:
        return Form(), members[:1], members[1:]
    long = length > LONGEST_TEMPLATE
    if not together or long or len(members) < FEWEST_ROWS or not form.slots:
        return form, members[:1], members[1:]
    same = _same_form(records.buffer, records.starts[members], length, form)
    return form, members[same], members[~same]


def _points(
    records: Records, form: Form, taken: npt.NDArray[np.int64]
) -> Iterator[tuple[str, Points]]:
    at = records.starts[taken]
    steps = _steps(records.buffer, at, form)
    for slot in form.slots:
        width = np.arange(np.dtype(slot.dtype).itemsize)
        raw = records.buffer[(at + slot.offset)[:, None] + width]
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            values = np.ascontiguousarray(raw).view(slot.dtype)[:, 0].astype(float)
        yield slot.tag, Points(taken, steps, values)


def _same_form(
    buffer: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], length: int, form: Form
) -> npt.NDArray[np.bool_]:
    """Mark records equal to the first in all bytes but time, step and values."""
    fixed = np.full(length, 0xFF, np.uint8)
    fixed[form.wall_at : form.wall_at + 8] = 0
    fixed[form.step_at : form.step_end] = 0
    for slot in form.slots:
        fixed[slot.offset : slot.offset + np.dtype(slot.dtype).itemsize] = 0
    everywhere = np.ndarray((len(buffer) - 7,), "<u8", buffer=buffer, strides=(1,))
    equal = np.arange(len(at))
    for place in (
        *range(0, length - 7, 8),
        length - 8,
    ):  # a record with a time is longer than a word
        mask = fixed[place : place + 8].copy().view("<u8")[0]
        if mask:
            words = everywhere[at[equal] + place] & mask
            equal = equal[words == everywhere[at[0] + place] & mask]
    for place in range(form.step_at, form.step_end):
        goes_on = buffer[at[equal] + place] >= 0x80
        equal = equal[goes_on == (place < form.step_end - 1)]
    same = np.zeros(len(at), bool)
    same[equal] = True
    same[0] = True
    return same


def _steps(
    buffer: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], form: Form
) -> npt.NDArray[np.float64]:
    steps = np.zeros(len(at), np.int64)
    for index in range(form.step_end - form.step_at):
        digit = (buffer[at + form.step_at + index] & 0x7F).astype(np.int64)
        steps |= digit << (7 * index)
    return steps.astype(float)


def _wall(records: Records, index: int, form: Form) -> float:
    (seconds,) = struct.unpack_from("<d", records.data, int(records.starts[index]) + form.wall_at)
    return float(seconds)


def _series_of(entry: Entry, key: str, parts: list[Points]) -> Series | None:
    order = np.concatenate([part.order for part in parts])
    place = np.argsort(order, kind="stable")
    return series(
        key,
        unit="step",
        steps=np.concatenate([part.steps for part in parts])[place],
        values=np.concatenate([part.values for part in parts])[place],
        source=entry.source(key=key),
    )


def _is_score(key: str) -> bool:
    """Tell whether a tag written once is a score of the finished run."""
    metric = canonical_metric(key, "tensorboard")
    return metric.split in ("validation", "test") and is_known_metric(metric.name)


def _key(entry: Entry, tag: str) -> str:
    """Give a tag its second name, which the folder's name holds: of `SummaryWriter.add_scalars`, or a split.

    Keras and Estimators write what they measure of each split under one tag into a folder of its name.
    """
    flat = re.sub(r"[/ ]", "_", tag)
    folder = PurePath(entry.folder).name
    metric = canonical_metric(tag, "tensorboard")
    if folder.lower() in HELD_OUT and metric.split is None and is_known_metric(metric.name):
        return tag if metric.name in UNSPLIT else f"{folder.lower()}/{tag}"
    return f"{tag}/{folder[len(flat) + 1 :]}" if folder.startswith(f"{flat}_") else tag


def _hparams(entry: Entry, contents: list[bytes]) -> Iterator[Setting]:
    """Read `HParamsPluginData.session_start_info = 3 {hparams = 1: map<string, Value>}`."""
    for content in contents:
        for number, kind, start, end in fields(content, 0, len(content)):
            if number != 3 or kind != BYTES:
                continue
            for inner, _, at, value_end in fields(content, start, end):
                if inner == 1:
                    key, value = hparam(content, at, value_end)
                    source = entry.source(key=f"hparams/{key}")
                    yield Setting(key=key, value=value, source=source)


READER = Reader(name="TensorBoard event file", order=12, sniff=sniff, read=read)
