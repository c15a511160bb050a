"""Changes to the values of JSON, JSON lines, YAML and tables, so that what comes out still parses."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from typing import Any

from tests.fuzz.bytes_and_text import EDGES, LARGEST, NUMBERS, TOKENS, mangle_text

SURROGATE = "\ud800"


class Raw(str):
    """Text that stands in the document as it is."""

    __slots__ = ()


def hostile(rng: random.Random, pool: Sequence[Any] = ()) -> Any:
    """Return a value that the place was not made for."""
    kind = rng.randrange(16)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice(EDGES) * rng.choice((1, -1))
    if kind == 3:
        return rng.choice(
            (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -0.0, 1e16, 0.1)
        )
    if kind == 4:
        return rng.choice(TOKENS)
    if kind == 5:
        return rng.choice(NUMBERS)
    if kind == 6:
        return rng.choice(
            ([], {}, [[]], [{}], {"": None}, [None], {"a": {"a": []}}, "", [1, "a", None, {}])
        )
    if kind == 7:
        return 10 ** rng.choice((20, 308, 309, 400, 4000))
    if kind == 8:
        return rng.choice(TOKENS) * rng.choice((2, 30, 3000))
    if kind == 9:
        nested: Any = 1
        for _ in range(rng.choice((2, 5, 38, 45, 300))):
            nested = [nested] if rng.random() < 0.5 else {"a": nested}
        return nested
    if kind == 10:
        return SURROGATE + "x"
    if kind == 11:
        return list(range(rng.choice((0, 1, 2, 100))))
    if kind == 12:
        return {rng.choice(TOKENS): rng.choice(EDGES) for _ in range(rng.choice((1, 3, 40)))}
    if kind == 13 and pool:
        return rng.choice(pool)
    if kind == 14:
        return [rng.choice(NUMBERS) for _ in range(3)]
    return rng.random() * 10 ** rng.randrange(-5, 12)


def _places(value: Any, found: list[tuple[Any, Any]], depth: int = 0) -> None:
    if depth > 60 or len(found) > 3000:
        return
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        found.append((value, key))
        _places(inner, found, depth + 1)


def change(value: Any, rng: random.Random) -> Any:
    """Change a few places of a parsed document."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        places: list[tuple[Any, Any]] = []
        _places(value, places)
        if not places:
            return hostile(rng)
        (parent, key), kind = rng.choice(places), rng.randrange(9)
        current = parent[key]
        if kind <= 3:
            parent[key] = hostile(rng, [p[k] for p, k in places[:50]])
        elif kind == 4:
            del parent[key]
        elif kind == 5 and isinstance(parent, dict):
            parent[rng.choice(TOKENS) if rng.random() < 0.8 else "k" * 5000] = parent.pop(key)
        elif kind == 5 or (kind == 6 and isinstance(parent, list)):
            if isinstance(parent, list):
                parent[key:key] = [current] * rng.choice((1, 2, 30))
        elif kind == 6:
            other, place = rng.choice(places)
            parent[key] = other[place]
            if _loops(value):
                parent[key] = current
        elif kind == 7:
            parent[key] = str(current) if not isinstance(current, str) else [current]
        elif isinstance(current, (int, float)) and not isinstance(current, bool):
            parent[key] = rng.choice(
                (-current, current * 1000, current + 0.5, current // 2 if current else 1)
            )
        else:
            parent[key] = {"value": current} if rng.random() < 0.5 else [current]
    return value


def _loops(value: Any) -> bool:
    try:
        json.dumps(value)
    except (ValueError, RecursionError):
        return True
    return False


def _written(value: Any, rng: random.Random, **how: Any) -> str:
    text = json.dumps(value, ensure_ascii=rng.random() < 0.9, **how)
    if rng.random() < 0.08 and isinstance(value, dict) and value:
        key = rng.choice(list(value))
        text = text[:-1] + f", {json.dumps(key)}: {json.dumps(hostile(rng))}}}"
    return text


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")[:LARGEST]


def mangle_json(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change values of one JSON document; now and then its text."""
    if rng.random() < 0.2:
        return mangle_text(data, rng, pool)
    value = json.loads(data)
    indent = rng.choice((None, None, 2)) if data[:400].count(b"\n") > 3 else None
    return _encoded(_written(change(value, rng), rng, indent=indent))


def mangle_lines(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change values of one line of JSON lines, or the order and number of lines."""
    if rng.random() < 0.2:
        return mangle_text(data, rng, pool)
    lines = [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]
    at, kind = rng.randrange(len(lines)), rng.randrange(6)
    if kind < 4:
        lines[at] = _written(change(json.loads(lines[at]), rng), rng)
    elif kind == 4:
        lines[at:at] = [lines[at]] * rng.choice((1, 5))
    else:
        rng.shuffle(lines)
    return _encoded("\n".join(lines) + "\n" * rng.randrange(2))


def mangle_marked(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """The same for lines that hold a JSON object behind a mark, as MLPerf's do."""
    lines = data.decode("utf-8", "replace").split("\n")
    at = rng.choice([i for i, line in enumerate(lines) if "{" in line])
    head, _, body = lines[at].partition("{")
    lines[at] = head + _written(change(json.loads("{" + body), rng), rng)
    return _encoded("\n".join(lines))


def mangle_yaml(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change values of a YAML document through a safe parse; else its text."""
    if rng.random() < 0.5:
        return mangle_text(data, rng, pool)
    import yaml

    value = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    value = change(json.loads(json.dumps(value, default=str)), rng)
    if rng.random() < 0.5:
        return _encoded(_written(value, rng))
    return _encoded(yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))


def mangle_table(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change cells, columns and rows of a table; else its text."""
    if rng.random() < 0.3:
        return mangle_text(data, rng, pool)
    text = data.decode("utf-8", "replace")
    mark = max(",;\t|", key=text[:2000].count)
    rows = list(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=mark))
    for _ in range(rng.choice((1, 2, 4))):
        row, kind = rng.choice(rows), rng.randrange(8)
        column = rng.randrange(max(map(len, rows)) + 1)
        cell = rng.choice(NUMBERS) if rng.random() < 0.5 else str(hostile(rng))[:5000]
        if kind < 3 and column < len(row):
            row[column] = cell
        elif kind == 3:
            for each in rows:
                each[column:column] = [each[column] if column < len(each) else cell]
        elif kind == 4:
            for each in rows:
                del each[column : column + 1]
        elif kind == 5:
            rows.insert(rng.randrange(len(rows)), list(row))
        elif kind == 6 and column < len(rows[0]):
            rows[0][column] = rng.choice(TOKENS)
        else:
            row.extend([cell] * rng.choice((1, 1, 300)))
    out = io.StringIO()
    csv.writer(out, delimiter=mark if rng.random() < 0.95 else rng.choice(",;\t|"),
               lineterminator=rng.choice(("\n", "\n", "\r\n", "\r"))).writerows(rows)  # fmt: skip
    return _encoded(out.getvalue())
