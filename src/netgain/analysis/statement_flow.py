"""Where names of a scope are written, in order, with the branches and loops around each write."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from netgain.analysis.scopes import DEFINING
from netgain.analysis.syntax import PARTS, add_parts, dotted, last_name, literal, nodes_of

FILLING = frozenset({"append", "extend", "add", "update", "insert", "appendleft", "add_batch"})
"""Methods that put something into what they are called on."""
BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
Loop = ast.For | ast.AsyncFor | ast.While
LOOPS = (ast.For, ast.AsyncFor, ast.While)
SEEN_THROUGH = frozenset(
    {"item", "cpu", "numpy", "detach", "tolist", "float", "round", "abs", "mean"}
)
"""Calls that read the one value they are made on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands in its scope."""

    line: int
    """Its first line."""
    branches: tuple[tuple[int, str], ...] = ()
    """Branches around it, outer before inner: identity of the statement that branches, and its part."""
    loops: tuple[Loop, ...] = ()
    """Loops around it, outer before inner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One statement that gives a name a value, or adds to what it holds."""

    value: ast.expr
    """What is given."""
    place: Place
    """Where."""
    index: tuple[int, int] | None = None
    """Place and number of targets, where one value is unpacked to several."""
    adds: bool = False
    """Whether what was there before stays."""
    fills: bool = False
    """Whether it adds one item to a list or table: `x.append(v)`, `x += [v]`, `x[epoch] = v`."""


@dataclass(eq=False, kw_only=True)
class Flow:
    """Statements and writes of one scope, those of scopes inside it left out."""

    writes: dict[str, list[Write]] = field(default_factory=lambda: defaultdict(list))
    """By name: `acc`, `self.best`, `history[test_acc]`; in the order they are written."""
    statements: list[tuple[ast.stmt, Place]] = field(default_factory=list)
    """Each statement with its place."""
    calls: dict[int, Place] = field(default_factory=dict)
    """By identity of a call: the place of its statement."""

    def reaching(self, name: str, at: Place) -> list[Write]:
        """Return the writes that a use of a name may see.

        A write in a branch that does not lead to the use leaves earlier ones standing; where nothing is
        written before, it is what a loop left from its turn before.
        """
        found: list[Write] = []
        every = self.writes.get(name, [])
        for write in reversed(every):
            if write.place.line > at.line or (write.place.line == at.line and not write.adds):
                continue
            found.append(write)
            leads = write.place.branches == at.branches[: len(write.place.branches)]
            if leads and not write.adds:
                break
        return found or every

    def after(self, at: Place) -> list[ast.stmt]:
        """Return the statements that follow a place in its own block."""
        return [
            statement
            for statement, place in self.statements
            if place.line > at.line and place.branches == at.branches and place.loops == at.loops
        ]


def flow_of(top: ast.AST) -> Flow:
    """Return the flow of a module, class or function, followed once; that of a lambda is empty."""
    known: Flow | None = getattr(top, "_flow", None)
    if known is not None:
        return known
    flow = Flow()
    for statement in () if isinstance(top, ast.Lambda) else getattr(top, "body", ()):
        _follow(statement, Place(line=statement.lineno), flow)
    top._flow = flow  # type: ignore[attr-defined]  # a mark of our own
    return flow


def key_of(node: ast.AST | None) -> str:
    """Return the name an expression reads: `acc`, `self.best`, `history[test_acc]`; empty for others.

    `-x`, `x.item()`, `float(x)` and `round(x, 2)` read x.
    """
    while isinstance(node, (ast.UnaryOp, ast.Starred, ast.Call)):
        if not isinstance(node, ast.Call):
            node = node.operand if isinstance(node, ast.UnaryOp) else node.value
        elif last_name(node) in SEEN_THROUGH:
            node = node.args[0] if node.args else getattr(node.func, "value", None)
        else:
            return ""
    if isinstance(node, ast.Subscript):
        inner, base = literal(node.slice), key_of(node.value)
        return f"{base}[{inner}]" if base and isinstance(inner, (str, int)) else ""
    return dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def header_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are not in its blocks, nor in functions it holds."""
    waiting: list[ast.AST] = [] if statement.__class__ in DEFINING else [statement]
    for node in waiting:  # the list grows as nodes are looked into
        if node is statement:
            _add_header(statement, waiting)
            continue
        yield node
        if node.__class__ is not ast.Lambda:
            add_parts(node, waiting)


def _add_header(statement: ast.stmt, nodes: list[ast.AST]) -> None:
    """Add the nodes right below a statement to a list, its blocks left out."""
    for name in PARTS[statement.__class__]:
        part = None if name in BLOCKS else getattr(statement, name, None)
        if part.__class__ is list:
            nodes += [item for item in part if isinstance(item, ast.AST)]
        elif isinstance(part, ast.AST):
            nodes.append(part)


def _follow(statement: ast.stmt, at: Place, flow: Flow) -> None:
    flow.statements.append((statement, at))
    for node in header_nodes(statement):
        if isinstance(node, ast.Call):
            flow.calls[id(node)] = at
            _note_filling(node, at, flow)
        elif isinstance(node, ast.NamedExpr):
            _note(node.target, Write(value=node.value, place=at), flow)
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            _note(target, Write(value=statement.value, place=at), flow)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        adds = isinstance(statement, ast.AugAssign)
        fills = adds and isinstance(statement.value, (ast.List, ast.Tuple))
        _note(
            statement.target, Write(value=statement.value, place=at, adds=adds, fills=fills), flow
        )
    if statement.__class__ not in DEFINING:
        for inner, place in _inside(statement, at):
            _follow(inner, place, flow)


def _inside(statement: ast.stmt, at: Place) -> Iterator[tuple[ast.stmt, Place]]:
    """Yield the statements right inside one, each with its place; `with` and `try` do not branch."""
    for name in ("body", "orelse", "finalbody"):
        branches, loops = at.branches, at.loops
        if isinstance(statement, (ast.If, *LOOPS)) or name == "orelse":
            branches = (*branches, (id(statement), name))
        if isinstance(statement, LOOPS) and name == "body":
            loops = (*loops, statement)
        for inner in getattr(statement, name, None) or ():
            yield inner, Place(line=inner.lineno, branches=branches, loops=loops)
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        branches = (*at.branches, (id(part), "body"))
        for inner in part.body:
            yield inner, Place(line=inner.lineno, branches=branches, loops=at.loops)


def _note(target: ast.expr, write: Write, flow: Flow) -> None:
    """Note what a target is given, tuple by tuple; what `x[i] = v` writes is added to x."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        name = key_of(target)
        if not name:
            fills = isinstance(target, ast.Subscript) and _counts(target.slice, write.place)
            name, write = _holder(target), replace(write, adds=True, fills=fills)
        if name:
            flow.writes[name].append(write)
        return
    items, value = target.elts, write.value
    starred = any(isinstance(item, ast.Starred) for item in items)
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(items) and not starred:
        for item, part in zip(items, value.elts, strict=True):
            _note(item, replace(write, value=part), flow)
        return
    for place, item in enumerate(items):
        index = None if starred else (place, len(items))
        if not isinstance(item, (ast.Tuple, ast.List)):
            _note(item, replace(write, index=index), flow)


def _counts(index: ast.expr, at: Place) -> bool:
    """Tell whether an index is the variable of the loop around it."""
    targets = [loop.target for loop in at.loops[-1:] if isinstance(loop, (ast.For, ast.AsyncFor))]
    named = {name.id for target in targets for name in nodes_of(target, ast.Name)}
    return any(name.id in named for name in nodes_of(index, ast.Name))


def _note_filling(call: ast.Call, at: Place, flow: Flow) -> None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in FILLING:
        return
    name = _holder(call.func.value)
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if name:
            flow.writes[name].append(Write(value=value, place=at, adds=True, fills=True))


def _holder(target: ast.AST) -> str:
    """Return the name of what `x[i]` stands in, with a constant key where there is one."""
    named = key_of(target)
    while not named and isinstance(target, ast.Subscript):
        target = target.value
        named = key_of(target)
    return named
