"""Numbers that cells of a notebook hold in names of the notebook, and that set how a model is trained there.

A name that a cell sets is no bare number, yet nothing else than the notebook shows it: two notebooks whose
optimizers read other numbers by such a name are not alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from netgain.analysis.literal_sinks import POSITION_NAMES, POSITIONS, kind_of, sink_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import FUNCTIONS
from netgain.analysis.syntax import calls_in, last_name, literal, modules, nodes_of, place, walk
from netgain.study import CodeTree, Source

NOTEBOOK = ".ipynb"
Held = Mapping[str, tuple[frozenset[float], Source]]
"""By the place that a number sets, e.g. `AdamW lr`: the values its name may have, and where it stands."""


@remembered
def cell_numbers(tree: CodeTree) -> Held:
    """Return the numbers that reach optimizers, schedules, losses and dropout by a name of a notebook."""
    found: dict[str, tuple[frozenset[float], Source]] = {}
    for file, module in modules(tree):
        if not file.path.endswith(NOTEBOOK):
            continue
        names = _numbers_of_cells(module)
        if not names:
            continue
        shadowed = _arguments(module)
        for call in calls_in(module):
            for what, value in _settings(call):
                if not isinstance(value, ast.Name) or value.id not in names:
                    continue
                if value.id not in shadowed:
                    before = found.get(what, (frozenset(), place(file, value)))
                    found[what] = (before[0] | names[value.id], before[1])
    return found


def apart(first: Held, second: Held) -> tuple[str, ...]:
    """Return the places whose numbers differ between two trees, or that only one of them holds."""
    return tuple(
        what
        for what in sorted({*first, *second})
        if what not in first or what not in second or first[what][0] != second[what][0]
    )


def _numbers_of_cells(module: ast.Module) -> dict[str, frozenset[float]]:
    """Return the names that statements of cells give numbers, with each number one of them is given."""
    found: dict[str, set[float]] = {}
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = literal(getattr(statement, "value", None))
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, (int, float)):
                found.setdefault(target.id, set()).add(float(value))
    return {name: frozenset(values) for name, values in found.items()}


def _arguments(module: ast.Module) -> set[str]:
    """Return the names of all arguments of functions, and of what functions assign."""
    names = {argument.arg for argument in nodes_of(module, ast.arg)}
    for function in walk(module):
        if isinstance(function, FUNCTIONS):
            names |= {
                node.id for node in nodes_of(function, ast.Name) if isinstance(node.ctx, ast.Store)
            }
    return names


def _settings(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a call is given at places that set a training, with the words for each place."""
    name = last_name(call)
    kind = kind_of(name)
    if kind not in (None, "augmentation"):
        for position in POSITIONS.get(kind or "", ()):
            if position < len(call.args):
                named = POSITION_NAMES.get((kind or "", position), f"argument {position + 1}")
                yield f"{name} {named}", call.args[position]
    for keyword in call.keywords:
        if keyword.arg and sink_of(kind, keyword.arg):
            yield f"{name} {keyword.arg}", keyword.value
