"""Where the strides of two networks part, by the lines on which the numbers stand.

Strides are compared by the statement that writes them, all else in it being the same in both trees of code.
Where something that has no partner in the other tree may make up for the difference, nothing is said.
"""

from __future__ import annotations

import ast
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netgain.analysis.code_regions import model_regions
from netgain.analysis.code_strides import (
    is_convolution,
    literal_strides,
    spreads_arguments,
    stride_argument,
    strides_held,
)
from netgain.analysis.code_structure import resamplings
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.constants import Origin
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    SCOPES,
    calls_in,
    last_name,
    literal,
    modules,
    nodes_of,
    parents_in,
)
from netgain.study import CodeTree, Source

LEAST_WIDTH = 8
"""Whole numbers from this on count as widths of layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strides:
    """What one statement sets strides to."""

    values: tuple[float, ...]
    """The strides it holds, in the order they are written."""
    sources: tuple[Source, ...]
    """Where each stands."""
    widths: tuple[str, ...]
    """Widths named in the class or function around it and in its file, and what its objects are made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """A statement whose strides are smaller in the proposed arm's code."""

    baseline: Strides
    """As the baseline has it."""
    proposed: Strides
    """As the proposed arm has it."""
    ratio: float
    """Product of the baseline's strides over the proposed arm's, over all statements that part."""

    @property
    def same_widths(self) -> bool:
        """Tell whether the layers around are as wide in both arms as far as their code shows."""
        return self.baseline.widths == self.proposed.widths

    @property
    def sources(self) -> tuple[Source, Source]:
        """Return where the first number that differs stands, of the proposed arm and the baseline."""
        at = next(
            i
            for i, (a, b) in enumerate(zip(self.baseline.values, self.proposed.values, strict=True))
            if a != b
        )
        return self.proposed.sources[at], self.baseline.sources[at]


def parting(baseline: CodeTree, proposed: CodeTree) -> Parting | None:
    """Return the first statement at which the proposed network reduces its resolution less.

    None where the strides of either network are not all known, where they are the same, or where another
    layer of the proposed network may make up for it.
    """
    first, second = network_strides(baseline), network_strides(proposed)
    if first is None or second is None or second.others - first.others:
        return None
    if second.convolutions < first.convolutions:
        return None
    pairs: list[tuple[Strides, Strides]] = []
    left: list[list[float]] = [[], []]
    for statement in dict.fromkeys((*first.strides, *second.strides)):
        mine, theirs = first.strides.get(statement, ()), second.strides.get(statement, ())
        sizes = [[len(s.values) for s in found] for found in (mine, theirs)]
        if sizes[0] == sizes[1]:
            pairs += zip(mine, theirs, strict=True)
            continue
        for index, found in enumerate((mine, theirs)):
            left[index] += [value for strides in found for value in strides.values if value > 1]
    if math.prod(left[1]) > math.prod(left[0]):
        return None
    parted = [(a, b) for a, b in pairs if a.values != b.values]
    if not parted or any(y > x for a, b in parted for x, y in zip(a.values, b.values, strict=True)):
        return None
    ratio = math.prod(math.prod(a.values) / math.prod(b.values) for a, b in parted)
    return Parting(baseline=parted[0][0], proposed=parted[0][1], ratio=ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkStrides:
    """What the model code of one tree reduces the resolution by."""

    strides: dict[str, tuple[Strides, ...]]
    """Strides of convolutions, by the text of the statement that writes them."""
    others: Counter[str]
    """Other layers that change the resolution, by kind."""
    convolutions: int
    """Convolutions over all channels together."""


@remembered
def network_strides(tree: CodeTree) -> NetworkStrides | None:
    """Return the strides of the model code in use, None where not all are known."""
    origins: dict[tuple[str, int, int], Origin] = {}
    others: Counter[str] = Counter()
    convolutions = 0
    held = strides_held(tree)
    for file, region, is_class in model_regions(tree):
        known = held.get(file.path, {})
        sightings = resamplings(region, functional=is_class, held=known)
        if not sightings.decided:
            return None
        others.update(kind for kind, _ in sightings.found if kind != "strided-convolution")
        for call in filter(is_convolution, calls_in(region)):
            if "ranspose" in last_name(call):
                continue
            convolutions += not any(keyword.arg == "groups" for keyword in call.keywords)
            for origin in _origins_of(call, file.path, known):
                at = (getattr(origin.node, "lineno", 0), getattr(origin.node, "col_offset", 0))
                origins[origin.path, *at] = origin
    if not origins:
        return None
    strides = _by_statement(tree, origins)
    return NetworkStrides(strides=strides, others=others, convolutions=convolutions)


def _origins_of(call: ast.Call, path: str, known: object) -> tuple[Origin, ...]:
    argument = stride_argument(call)
    if argument is None or spreads_arguments(call):
        return ()
    written = literal_strides(argument)
    if written is not None:
        parts = argument.elts if isinstance(argument, (ast.Tuple, ast.List)) else [argument]
        largest = max(range(len(written)), key=written.__getitem__)
        return (Origin(value=written[largest], node=parts[largest], path=path),)
    values = known.get((call.lineno, call.col_offset)) if isinstance(known, dict) else None
    return values.origins if values is not None else ()


def _by_statement(
    tree: CodeTree, origins: dict[tuple[str, int, int], Origin]
) -> dict[str, tuple[Strides, ...]]:
    """Sort the numbers that strides come from by the statements that hold them."""
    found: dict[str, list[Strides]] = defaultdict(list)
    called = callers_of(tree).program.calls
    for file, module in modules(tree):
        places = {at[1:] for at in origins if at[0] == file.path}
        if not places:
            continue
        parents = parents_in(module)
        holding: dict[ast.AST, list[ast.AST]] = defaultdict(list)
        for node in nodes_of(module, ast.Constant):
            if (node.lineno, node.col_offset) in places:
                holding[_statement_of(node, parents)].append(node)
        for statement, numbers in holding.items():
            numbers.sort(key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))
            around = _around(statement, parents)
            found[_text_without(statement, numbers)].append(
                Strides(
                    values=tuple(_number(node) for node in numbers),
                    sources=tuple(
                        Source(path=file.path, line=getattr(node, "lineno", None))
                        for node in numbers
                    ),
                    widths=_widths(called, module, around, numbers),
                )
            )
    return {text: tuple(strides) for text, strides in found.items()}


def _number(node: ast.AST) -> float:
    value = literal(node)
    return float(value) if isinstance(value, (int, float)) else math.nan


def _statement_of(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """Return the statement a number stands in: of a definition or a loop, what it opens with."""
    while not isinstance(node, ast.stmt) and node in parents:
        node = parents[node]
    return node


def _around(statement: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """Return the class around a statement, else the function, else the file."""
    node, best = statement, statement
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.ClassDef):
            return node
        if node.__class__ in SCOPES:
            best = node
    return best


def _text_without(statement: ast.AST, numbers: list[ast.AST]) -> str:
    """Return the text of a statement without its strides; of one that opens a block, its opening alone."""
    skipped = {id(number) for number in numbers}
    words: list[str] = []
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        words.append("stride" if id(node) in skipped else _word(node))
        inner = list(ast.iter_child_nodes(node))
        waiting += [part for part in reversed(inner) if not isinstance(part, ast.stmt)]
    return " ".join(words)


def _word(node: ast.AST) -> str:
    for name in ("id", "attr", "arg", "value"):
        held = getattr(node, name, None)
        if isinstance(held, (str, int, float)):
            return f"{node.__class__.__name__}:{held}"
    return node.__class__.__name__


def _widths(
    called: Mapping[str, Sequence[tuple[ast.Call, str]]],
    module: ast.Module,
    around: ast.AST,
    numbers: list[ast.AST],
) -> tuple[str, ...]:
    skipped = {id(number) for number in numbers}
    inside = list(nodes_of(around, ast.Constant))  # not the list that is remembered
    for statement in module.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            inside += nodes_of(statement, ast.Constant)
    found = {
        str(node.value)
        for node in inside
        if isinstance(node.value, int) and node.value >= LEAST_WIDTH and id(node) not in skipped
    }
    for call, _ in called.get(getattr(around, "name", ""), ()):
        parts = [n for p in (*call.args, *call.keywords) for n in nodes_of(p, ast.Constant)]
        made = [str(n.value) for n in parts if isinstance(n.value, int)]
        found.add(f"made with {', '.join(made)}")
    return tuple(sorted(found))
