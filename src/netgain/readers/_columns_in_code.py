"""Names for the columns of a log without a header: those of the values that the script beside it writes.

`f.write(f"{epoch},{loss.item():.4f},{acc}")` into the file of this name says what its rows hold. The code is
taken apart, never run, and where two of its lines could have written the rows there are no names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from netgain.errors import UnreadableFile
from netgain.readers._columns import Table, table_of_records
from netgain.readers._log_columns import is_of_training
from netgain.readers._python_literals import parse
from netgain.readers.base import Entry, Limits, open_regular
from netgain.vocabulary import x_axis

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
ROW = re.compile(rf"\s*{NUMBER}(?:[ \t]*[,;\t ][ \t]*{NUMBER}){{1,19}}\s*")
CUT = re.compile(r"[,;\s]+")
PLACE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[dfgeisr]|\{[^{}]*\}")
WORDS = re.compile(r"[A-Za-z]{2,}")
FEWEST_ROWS = 3
MOST_SCRIPTS, LARGEST_SCRIPT, LEVELS = 40, 400_000, 3
"""Python files that are looked into, their bytes, and the folders above the log in which they may lie."""
OF_A_VALUE = frozenset(
    ("item", "mean", "cpu", "numpy", "detach", "avg", "sum", "compute", "value", "val", "tolist",
     "result", "global_avg", "average")
)  # fmt: skip
"""Last words of an expression behind the name of the quantity: `losses.avg`, `loss.detach().item()`."""
WRAPPERS = frozenset(
    ("str", "float", "int", "round", "mean", "sum", "average", "format", "nanmean")
)
"""Calls around the quantity: `str(epoch)`, `np.mean(losses)`."""


def table_named_by_code(entry: Entry, limits: Limits) -> Table | None:
    """Return the rows of a log of bare numbers under the names its script gives them; None without any."""
    head = [
        line for line in entry.head.decode("utf-8", "replace").splitlines()[:-1] if line.strip()
    ]
    if len(head) < FEWEST_ROWS or not all(map(ROW.fullmatch, head)):
        return None
    width = len(CUT.split(head[0].strip()))
    names = _names(entry, width) if WORDS.search(entry.path.stem) else None
    if names is None or not any(is_of_training(name) and not x_axis(name) for name in names):
        return None
    records, lines = [], []
    for number, line in enumerate(entry.text(limits.text_bytes).splitlines(), start=1):
        cells = CUT.split(line.strip())
        if ROW.fullmatch(line) and len(cells) == width:
            records.append(dict(zip(names, map(float, cells), strict=True)))
            lines.append(number)
        elif line.strip():
            return None
    return table_of_records(records, lines)


def _names(entry: Entry, width: int) -> tuple[str, ...] | None:
    """Return the names that the scripts around a log agree on for rows of this width."""
    root = entry.root if entry.root is not None else entry.path.parent
    try:
        changed = entry.path.parent.stat().st_mtime_ns
    except OSError:
        return None
    found = {
        tuple(map(_singular, names))
        for script in _scripts(entry.path.parent, root, changed)
        if entry.name in script
        for names in _written_by(script, entry.name)
        if len(names) == width == len(set(names))
    }
    return found.pop() if len(found) == 1 else None


def _singular(name: str) -> str:
    """Return the quantity that a list is named after: `val_acc` for `val_accs`."""
    single = name.removesuffix("s")
    return single if not is_of_training(name) and is_of_training(single) else name


@lru_cache(maxsize=4)
def _scripts(folder: Path, root: Path, _changed: int) -> tuple[str, ...]:
    """Return the Python files in and above a folder, within the one that was named.

    Many files of numbers lie in one folder; `_changed` is its time of change, for which the answer is kept.
    """
    found: list[str] = []
    for _ in range(LEVELS):
        try:
            paths = sorted(folder.glob("*.py"))
        except OSError:
            break
        found += map(_text, paths[: MOST_SCRIPTS - len(found)])
        if folder == root or root not in folder.parents:
            break
        folder = folder.parent
    return tuple(found)


def _text(path: Path) -> str:
    try:
        if path.is_symlink():
            return ""
        with open_regular(path) as stream:
            content = stream.read(LARGEST_SCRIPT + 1)
    except (OSError, UnreadableFile):
        return ""
    return content.decode("utf-8", "replace") if len(content) <= LARGEST_SCRIPT else ""


def _written_by(text: str, log: str) -> Iterator[tuple[str, ...]]:
    """Yield what each write of a script puts into the log of this name."""
    try:
        nodes = list(ast.walk(parse(text)))
    except (UnreadableFile, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    opened = set(_opened(nodes, log))
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        target = _target(node)
        if target in opened and node.args:
            try:
                names = _names_in(node.args)
            except RecursionError:  # thousands of texts added up
                continue
            if names is not None:
                yield names


def _opened(nodes: list[ast.AST], log: str) -> Iterator[str]:
    """Yield the variables that hold the opened log: `with open("log.txt", "a") as f`."""
    named = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _speaks_of(node.value, log)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def opens(value: ast.AST) -> bool:
        is_open = isinstance(value, ast.Call) and _last_word(value.func) == "open"
        used = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
        return is_open and (_speaks_of(value, log) or bool(used & named))

    for node in nodes:
        if isinstance(node, ast.withitem) and opens(node.context_expr):
            if isinstance(node.optional_vars, ast.Name):
                yield node.optional_vars.id
        elif isinstance(node, ast.Assign) and opens(node.value):
            yield from (_last_word(target) for target in node.targets)


def _speaks_of(value: ast.AST, log: str) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and log in part.value
        for part in ast.walk(value)
    )


def _target(call: ast.Call) -> str:
    """Return the variable that a call writes to, empty where it writes nothing."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "write":
        return _last_word(call.func.value)
    into = [one.value for one in call.keywords if one.arg == "file"]
    return _last_word(into[0]) if _last_word(call.func) == "print" and into else ""


def _last_word(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _names_in(written: list[ast.expr]) -> tuple[str, ...] | None:
    """Return the names of the values a line is made of; None where it holds words, or a value no name."""
    values: list[ast.expr] = []
    texts: list[str] = []
    for part in written:
        _take_apart(part, values, texts)
    names = [_name_of(value) for value in values]
    if WORDS.search(PLACE.sub("", " ".join(texts))) or len(names) < 2 or not all(names):
        return None
    return tuple(name for name in names if name)


def _take_apart(node: ast.expr, values: list[ast.expr], texts: list[str]) -> None:
    """Collect the values and the texts between them of an expression that makes a line."""
    if isinstance(node, ast.Constant):
        texts.append(node.value if isinstance(node.value, str) else "")
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            _take_apart(part, values, texts)
    elif isinstance(node, ast.FormattedValue):
        values.append(node.value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        _take_apart(node.left, values, texts)
        values += node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        _take_apart(node.left, values, texts)
        _take_apart(node.right, values, texts)
    elif isinstance(node, ast.Call) and _last_word(node.func) == "format":
        _take_apart(node.func.value, values, texts)  # type: ignore[attr-defined]  # its last word is an attribute
        values += node.args
    else:
        values.append(node)


def _name_of(node: ast.expr) -> str | None:
    """Return the name of the quantity that an expression holds: `loss` of `np.mean(loss.item())`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return _name_of(node.value) if node.attr in OF_A_VALUE else node.attr
    if isinstance(node, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return key.value
        return _name_of(node.value)
    if isinstance(node, ast.BinOp):
        return _name_of(node.left) or _name_of(node.right)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in OF_A_VALUE and not node.args:
            return _name_of(node.func.value)
        return _name_of(node.args[0]) if node.args and _last_word(node.func) in WRAPPERS else None
    return None
