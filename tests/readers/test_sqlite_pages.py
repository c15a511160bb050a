"""SQLite tables read off their pages, against SQLite itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from netgain.readers._sqlite_pages import NotPlain, rows_of

SCHEMA = "CREATE TABLE metrics (key VARCHAR(250), value FLOAT, step BIGINT, run VARCHAR(32), is_nan BOOLEAN)"


def _store(path: Path, rows: list[tuple[object, ...]], page_size: int = 4096) -> Path:
    with sqlite3.connect(path) as store:
        store.execute(f"PRAGMA page_size = {page_size}")
        store.execute(SCHEMA)
        store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
    store.close()
    return path


def _read(path: Path) -> list[tuple[str, float, float, str]]:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    with sqlite3.connect(path) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_master").fetchone()
    store.close()
    found = []
    for rows in rows_of(data, root, 5):
        group, names = rows.words((0, 3))
        numbers = zip(rows.numbers(1).tolist(), rows.numbers(2).tolist(), strict=True)
        for number, (value, step) in zip(group.tolist(), numbers, strict=True):
            key, run = (word.decode() for word in names[number])
            found.append((key, value, step, run))
    return found


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_rows_are_those_that_sqlite_returns(tmp_path: Path, page_size: int) -> None:
    """Integers of every width, whole numbers in a float column, short and long keys, in row order."""
    rng = np.random.default_rng(0)
    steps = [0, 1, -1, 127, -129, 40_000, 2**23 + 5, 2**31, -(2**40), 2**52 + 1]
    keys = ["loss", "a", "validation/accuracy", "ключ", "k" * 100, ""]
    rows: list[tuple[object, ...]] = [
        (keys[i % 6], float(v), steps[i % 10], f"{i % 7:032d}", 0)
        for i, v in enumerate([*rng.normal(size=3000), 1.0, 2.0, -3e300, 0.0, 12345678.0])
    ]
    store = _store(tmp_path / "s.db", rows, page_size)
    assert _read(store) == [(k, v, float(s), r) for k, v, s, r, _ in rows]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "odd",
    [
        ("loss", None, 1, "r", 0),
        ("loss", "0.5", "late", "r", 0),
        (7, 0.5, 1, b"r", 0),
        ("k" * 5000, 0.5, 1, "r", 0),
    ],
)
def test_other_cells_are_left_to_sqlite(tmp_path: Path, odd: tuple[object, ...]) -> None:
    """Missing numbers, text in a number's place, blobs and rows with overflow pages are not plain."""
    store = _store(tmp_path / "s.db", [("loss", 0.1, 0, "r", 0), odd])
    with pytest.raises(NotPlain):
        _read(store)


def test_a_table_with_an_added_column_is_left_to_sqlite(tmp_path: Path) -> None:
    """Rows written before ALTER TABLE hold fewer values than the table has columns."""
    store = _store(tmp_path / "s.db", [("loss", 0.1, 0, "r", 0)])
    data = np.frombuffer(store.read_bytes(), np.uint8)
    with pytest.raises(NotPlain):
        list(rows_of(data, 2, 6))


@pytest.mark.parametrize("root", [0, 1, 99])
def test_a_root_that_is_no_page_of_a_table(tmp_path: Path, root: int) -> None:
    """The schema's page, a page before the first and one past the end are refused."""
    data = np.frombuffer(_store(tmp_path / "s.db", [("a", 0.1, 0, "r", 0)]).read_bytes(), np.uint8)
    with pytest.raises(NotPlain):
        list(rows_of(data, root, 5))


def test_damaged_bytes_end_in_not_plain_or_rows(tmp_path: Path) -> None:
    """Whatever single bytes are changed, nothing but NotPlain is raised and the reading ends."""
    rows: list[tuple[object, ...]] = [(f"k{i % 3}", i / 7, i, "r" * 32, 0) for i in range(400)]
    whole = _store(tmp_path / "s.db", rows, 512).read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(300):
        data = np.frombuffer(whole, np.uint8).copy()
        data[rng.integers(512, len(data), 4)] = rng.integers(0, 256, 4)
        try:
            for part in rows_of(data, 2, 5):
                part.words((0, 3))
                part.numbers(1)
        except NotPlain:
            continue
