"""Training files that code copies or links several times under new names: samples drawn more often."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.code_repeats import Repeat
from netgain.analysis.syntax import (
    called_in,
    calls_in,
    last_name,
    literal,
    names_in,
    nodes_of,
    walk,
)

FUNCTIONS = frozenset({"link", "symlink", "copy", "copy2", "copyfile"})
"""Functions of `os` and `shutil` that give a file a second name, by source and target."""
BARE = frozenset({"symlink", "copy2", "copyfile"})
"""Those that mean the same without their module."""
METHODS = frozenset({"hardlink_to", "symlink_to"})
"""Methods of a path that make it another name of the one they are given."""
OF_MODULE = frozenset({"os", "shutil"})
TRAINING = re.compile(r"(?:^|[^a-z])train", re.IGNORECASE)
SAMPLES = re.compile(
    r"image|img|label|lbl|mask|sample|audio|wav|clip|annot|minority|oversampl", re.IGNORECASE
)
"""Names of what a copied file holds."""
WEIGHTS = re.compile(r"ckpt|checkpoint|weight|model|state|backup|log|config", re.IGNORECASE)
"""Names of files that are copied for other reasons."""


def copied_files(module: ast.Module) -> Iterator[Repeat]:
    """Yield the loops that write one file of a training set several times, told apart by a running number.

    The number must stand in the name of the copy: one in the name of its folder makes folds or parts. What
    is copied must be samples by the names around it, in a function that speaks of training data.
    """
    if called_in(module).isdisjoint(FUNCTIONS | METHODS):
        return
    functions = nodes_of(module, ast.FunctionDef)
    within = {id(loop) for function in functions for loop in nodes_of(function, ast.For)}
    seen: set[int] = set()
    for scope in (*functions, module):
        if not _speaks_of_training(scope):
            continue
        for loop in nodes_of(scope, ast.For):
            if id(loop) in seen or (scope is module and id(loop) in within):
                continue
            count = _turns(loop.iter)
            number = loop.target.id if isinstance(loop.target, ast.Name) else ""
            if count is None or not number:
                continue
            if any(_copies_a_sample(call, loop, number) for call in calls_in(loop)):
                seen.add(id(loop))
                yield Repeat(what="training files copied {} times", count=count, node=loop)


def _turns(node: ast.expr) -> ast.expr | None:
    """Return k of `range(k)`, `range(1, k)` and `range(k - 1)`."""
    if isinstance(node, ast.Call) and last_name(node) == "range" and len(node.args) in (1, 2):
        return node.args[-1]
    return None


def _speaks_of_training(scope: ast.AST) -> bool:
    texts = (literal(node) for node in nodes_of(scope, ast.Constant))
    words = (*names_in(scope), *(text for text in texts if isinstance(text, str)))
    return any(TRAINING.search(word) for word in words)


def _copies_a_sample(call: ast.Call, loop: ast.For, number: str) -> bool:
    ends = _ends(call)
    if ends is None:
        return False
    source, target = ends
    sources, targets = _meant(source, loop), _meant(target, loop)
    words = {word for node in (*sources, *targets) for word in _words(node)}
    if any(WEIGHTS.search(word) for word in words) or not any(map(SAMPLES.search, words)):
        return False
    same_source = not any(number in names_in(node) for node in sources)
    return same_source and any(number in names_in(_file_name(node)) for node in targets)


def _ends(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """Return source and target of a call that gives a file another name."""
    name, function = last_name(call), call.func
    if isinstance(function, ast.Attribute):
        if name in METHODS and call.args:
            return call.args[0], function.value
        of_module = last_name(function.value) in OF_MODULE
    else:
        of_module = name in BARE
    if name not in FUNCTIONS or not of_module or len(call.args) < 2:
        return None
    return call.args[0], call.args[1]


def _meant(node: ast.expr, loop: ast.For) -> list[ast.expr]:
    """Return an expression, or what a name stands for in the loop: assigned, or one of a written table."""
    if not isinstance(node, ast.Name):
        return [node]
    found = [
        given.value
        for given in nodes_of(loop, ast.Assign)
        if any(isinstance(target, ast.Name) and target.id == node.id for target in given.targets)
    ]
    for inner in nodes_of(loop, ast.For):
        if not isinstance(inner.target, ast.Tuple) or not isinstance(
            inner.iter, ast.Tuple | ast.List
        ):
            continue
        names = [getattr(item, "id", "") for item in inner.target.elts]
        if node.id in names:
            at = names.index(node.id)
            rows = [
                row for row in inner.iter.elts if isinstance(row, ast.Tuple) and len(row.elts) > at
            ]
            cells = [row.elts[at] for row in rows]
            found += [
                meant
                for cell in cells
                for meant in (_assigned(cell, loop) if isinstance(cell, ast.Name) else [cell])
            ]
    return [node, *found]


def _assigned(node: ast.Name, loop: ast.For) -> list[ast.expr]:
    return [node] + [
        given.value
        for given in nodes_of(loop, ast.Assign)
        if any(isinstance(target, ast.Name) and target.id == node.id for target in given.targets)
    ]


def _file_name(node: ast.expr) -> ast.AST:
    """Return the part of a path that names the file, as far as the path is written out."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _file_name(node.right)
    if isinstance(node, ast.Call) and node.args:
        return _file_name(node.args[-1])
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        slashes = [
            at
            for at, part in enumerate(parts)
            if isinstance(part, ast.Constant) and "/" in str(part.value)
        ]
        return ast.JoinedStr(values=parts[slashes[-1] :] if slashes else parts)
    return node


def _words(node: ast.expr) -> set[str]:
    """Return the names and texts that an expression holds."""
    texts = {str(part.value) for part in walk(node) if isinstance(part, ast.Constant)}
    return names_in(node) | {text for text in texts if text}
