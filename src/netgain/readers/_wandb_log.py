"""The `.wandb` file: blocks of a LevelDB log around protobuf `wandb_internal.Record` messages.

Layout: 7 bytes of header (`:W&B`, u16 magic 0xBEE1, u8 version), then blocks of 32,768 bytes counted from
the first byte of the file. A fragment is u32 crc, u16 length, u8 type (1 whole, 2 first, 3 middle,
4 last) and its bytes; fewer than 7 bytes left in a block are padding. Checksums are not verified.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._json import loads
from netgain.readers._protobuf import BYTES, VARINT, fields, varint

MAGIC = b":W&B"
HEADER, BLOCK, FRAGMENT = 7, 32_768, 7
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
RECORDS = {2: "history", 3: "summary", 5: "config", 17: "run", 18: "exit", 26: "environment"}
"""`Record` fields that say something of a run; output, statistics and telemetry are passed over."""
KEY, NESTED_KEY, VALUE_JSON = 1, 2, 16
"""Fields that `HistoryItem`, `SummaryItem` and `ConfigItem` share."""
MOST_KEYS = 20_000
"""Most history keys of one run."""
MOST_RECORD_BYTES = 256 * 2**20


@dataclass(slots=True)
class Contents:
    """What the records of one file add up to; filled record by record."""

    columns: dict[bytes, tuple[list[int], list[bytes]]] = field(default_factory=dict)
    """History by key: numbers of the rows that hold it, and JSON texts; `_step` is among the keys."""
    rows: int = 0
    """History rows."""
    summary: dict[str, bytes] = field(default_factory=dict)
    """Last value of each summary key, as JSON text."""
    config: dict[str, bytes] = field(default_factory=dict)
    """Last value of each setting, as JSON text."""
    run: dict[str, str] = field(default_factory=dict)
    """Plain fields of the run record, by name; the latest record wins."""
    environment: dict[str, str] = field(default_factory=dict)
    """Plain fields of the environment record, by name."""
    exit_code: int | None = None
    """Exit code; None where the run left no record of its end."""
    runtime: int | None = None
    """Seconds the run took, as its exit record says."""
    records: int = 0
    """Whole records of any kind."""
    complete: bool = True
    """Whether the file ends where a record ends and every record could be taken apart."""


RUN_FIELDS = {
    1: "run_id",
    3: "project",
    6: "run_group",
    8: "display_name",
    12: "sweep_id",
    13: "host",
}
ENVIRONMENT_FIELDS = {1: "os", 2: "python", 6: "program", 12: "host", 18: "gpu", 25: "cuda"}


def run_folder(path: Path) -> Path:
    """Return the folder of the run that a file of it lies in."""
    return path.parent.parent if path.parent.name == "files" else path.parent


def is_copied(path: Path) -> bool:
    """Tell whether a file belongs to `latest-run`, copied as a folder beside the run it stands for."""
    folder = run_folder(path)
    if folder.name != "latest-run":
        return False
    named = (store.stem.removeprefix("run-") for store in folder.glob("run-*.wandb"))
    return any(any(folder.parent.glob(f"run-*-{escape(name)}")) for name in named)


def contents_of(data: Any) -> Contents:
    """Read a whole file; what stands before a cut or damaged record is kept.

    Args:
        data: bytes or memory map of the file.
    """
    found = Contents()
    try:
        for message in messages(data):
            _take(found, message)
            found.records += 1
    except UnreadableFile:
        found.complete = False
    return found


def messages(data: Any) -> Iterator[bytes]:
    """Yield the content of each whole record.

    Raises:
        UnreadableFile: a fragment leaves its block or the file, or is out of sequence.
    """
    size, at = len(data), HEADER
    parts: list[bytes] = []
    unpack = struct.Struct("<IHB").unpack_from
    while at < size:
        left = BLOCK - at % BLOCK
        if left < FRAGMENT:
            at += left
            continue
        if at + FRAGMENT > size:
            raise UnreadableFile("ends inside a record")
        _, length, kind = unpack(data, at)
        start, at = at + FRAGMENT, at + FRAGMENT + length
        if length > left - FRAGMENT or at > size or kind not in (WHOLE, FIRST, MIDDLE, LAST):
            raise UnreadableFile("ends inside a record, or is damaged")
        if (kind in (WHOLE, FIRST)) == bool(parts):
            raise UnreadableFile("fragments out of sequence")
        parts.append(data[start:at])
        if len(parts) * BLOCK > MOST_RECORD_BYTES:
            raise UnreadableFile("record larger than the limit")
        if kind in (WHOLE, LAST):
            yield b"".join(parts)
            parts = []
    if parts:
        raise UnreadableFile("ends inside a record")


def _take(found: Contents, message: bytes) -> None:
    for number, wire, start, end in fields(message, 0, len(message)):
        kind = RECORDS.get(number)
        if kind is None or wire != BYTES:
            continue
        if kind == "history":
            _history(found, message, start, end)
        elif kind == "summary":
            _update(found.summary, message, start, end)
        elif kind == "config":
            _update(found.config, message, start, end)
        elif kind == "run":
            _run(found, message, start, end)
        elif kind == "environment":
            found.environment.update(_texts(message, start, end, ENVIRONMENT_FIELDS))
            found.environment.update(_git(message, start, end, 9))
        else:
            _exit(found, message, start, end)


def _history(found: Contents, record: bytes, start: int, end: int) -> None:
    """Read `HistoryRecord`: item = 1, step = 2 {num = 1}."""
    at, number_of_row = start, found.rows
    found.rows += 1
    while at < end:
        short = _short_item(record, at, end)
        if short is not None:
            key, value, at = short
        else:
            number, wire, value_at, value_end = next(fields(record, at, end))
            at = value_end
            if number == 1 and wire == BYTES:
                name, value = _item(record, value_at, value_end)
                key = name.encode()
            elif number == 2 and wire == BYTES:
                counts = [
                    varint(record, inner_at)[0]
                    for inner, inner_wire, inner_at, _ in fields(record, value_at, value_end)
                    if inner == 1 and inner_wire == VARINT
                ]
                key, value = b"_step", str(counts[0] if counts else 0).encode()
            else:
                continue
        column = found.columns.get(key)
        if column is None:
            if len(found.columns) >= MOST_KEYS:
                raise UnreadableFile("more metrics than the limit")
            column = found.columns[key] = ([], [])
        if not column[0] or column[0][-1] != number_of_row:
            column[0].append(number_of_row)
            column[1].append(value)


def _short_item(record: bytes, at: int, size: int) -> tuple[bytes, bytes, int] | None:
    """Read an item whose key and value are below 128 bytes, as nearly all are, without a walk."""
    try:
        end = at + 2 + record[at + 1]
        if record[at] != 0x0A or record[at + 1] > 0x7F or record[at + 2] not in (0x0A, 0x12):
            return None
        value_at = at + 4 + record[at + 3]
        if record[at + 3] > 0x7F or record[value_at : value_at + 2] != b"\x82\x01":
            return None
        if value_at + 3 + record[value_at + 2] != end or end > size:
            return None
    except IndexError:
        return None
    return record[at + 4 : value_at], record[value_at + 3 : end], end


def _item(record: bytes, start: int, end: int) -> tuple[str, bytes]:
    key, nested, value = "", [], b""
    for number, wire, at, stop in fields(record, start, end):
        if wire != BYTES:
            continue
        if number == KEY:
            key = record[at:stop].decode("utf-8", "replace")
        elif number == NESTED_KEY:
            nested.append(record[at:stop].decode("utf-8", "replace"))
        elif number == VALUE_JSON:
            value = record[at:stop]
    return key or "/".join(nested), value


def _update(target: dict[str, bytes], message: bytes, start: int, end: int) -> None:
    """Apply `update = 1` and `remove = 2` of a config or summary record."""
    at = start
    while at < end:
        short = _short_item(message, at, end)
        if short is not None:
            key, value, at = short
            target[key.decode("utf-8", "replace")] = value
            continue
        number, wire, value_at, at = next(fields(message, at, end))
        if wire == BYTES and number in (1, 2):
            name, value = _item(message, value_at, at)
            if number == 1:
                target[name] = value
            else:
                target.pop(name, None)


def _run(found: Contents, message: bytes, start: int, end: int) -> None:
    """Read `RunRecord`: config = 4, summary = 5, starting_step = 14, resumed = 18, git = 21."""
    found.run.update(_texts(message, start, end, RUN_FIELDS))
    found.run.update(_git(message, start, end, 21))
    for number, wire, at, stop in fields(message, start, end):
        if number == 4 and wire == BYTES:
            _update(found.config, message, at, stop)
        elif number == 5 and wire == BYTES:
            _update(found.summary, message, at, stop)
        elif number == 18 and wire == VARINT and varint(message, at)[0]:
            found.run["resumed"] = "true"


def _exit(found: Contents, message: bytes, start: int, end: int) -> None:
    """Read `RunExitRecord`: exit_code = 1 (0 is not written), runtime = 2, not_complete = 3."""
    code, complete = 0, True
    for number, wire, at, _ in fields(message, start, end):
        if wire != VARINT:
            continue
        value = varint(message, at)[0]
        if number == 1:
            code = value
        elif number == 2:
            found.runtime = value
        elif number == 3:
            complete = not value
    found.exit_code = code if complete else None


def _texts(message: bytes, start: int, end: int, names: dict[int, str]) -> dict[str, str]:
    return {
        names[number]: message[at:stop].decode("utf-8", "replace")
        for number, wire, at, stop in fields(message, start, end)
        if number in names and wire == BYTES and stop > at
    }


def _git(message: bytes, start: int, end: int, field_number: int) -> dict[str, str]:
    """Read `GitRepoRecord`: commit = 2."""
    for number, wire, at, stop in fields(message, start, end):
        if number == field_number and wire == BYTES:
            return _texts(message, at, stop, {2: "git_commit"})
    return {}


def json_value(text: bytes) -> Any:
    """Return a value of a record; None where it is no JSON."""
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None
