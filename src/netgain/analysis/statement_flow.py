"""Where names of a scope are written, in order, with the blocks and loops around each write."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from netgain.analysis.scopes import DEFINING
from netgain.analysis.syntax import PARTS, dotted, last_name, literal

FILLING = frozenset({"append", "extend", "add", "update", "insert", "appendleft", "add_batch"})
"""Methods that put something into what they are called on."""
BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
Loop = ast.For | ast.AsyncFor | ast.While
Block = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One statement that gives a name a value, or adds to what it holds."""

    line: int
    """Where it stands."""
    value: ast.expr | None
    """What is given."""
    index: tuple[int, int] | None
    """Place and number of targets, where one value is unpacked to several."""
    blocks: tuple[Block, ...]
    """Branches around it, outer before inner."""
    loops: tuple[Loop, ...]
    """Loops around it, outer before inner."""
    adds: bool
    """Whether what was there before stays."""


@dataclass(eq=False, kw_only=True)
class Flow:
    """Writes and statements of one scope, those of scopes inside it left out."""

    writes: dict[str, list[Write]] = field(default_factory=lambda: defaultdict(list))
    """By name: `acc`, `self.best`, `history[test_acc]`; in the order they are written."""
    statements: list[tuple[ast.stmt, tuple[Block, ...], tuple[Loop, ...]]] = field(
        default_factory=list
    )
    """Each statement with the branches and loops around it."""
    places: dict[int, tuple[int, tuple[Block, ...], tuple[Loop, ...]]] = field(default_factory=dict)
    """By identity of a call: line, branches and loops of the statement it stands in."""

    def reaching(self, name: str, line: int, blocks: tuple[Block, ...]) -> list[Write]:
        """Return the writes that a use of a name at a place may see.

        A write in a branch that does not lead to the use leaves earlier ones standing; where nothing is
        written before, what a loop left from its turn before is.
        """
        found: list[Write] = []
        every = self.writes.get(name, [])
        for write in reversed(every):
            if write.line > line or (write.line == line and not write.adds and blocks == ()):
                continue
            found.append(write)
            if not write.adds and write.blocks == blocks[: len(write.blocks)]:
                break
        return found or every


def flow_of(top: ast.AST) -> Flow:
    """Return the flow of a module, class, function or lambda."""
    flow = Flow()
    for statement in getattr(top, "body", ()) if not isinstance(top, ast.Lambda) else ():
        _follow(statement, (), (), flow)
    return flow


def key_of(node: ast.AST | None) -> str:
    """Return the name of what an expression reads: `acc`, `self.best`, `history[test_acc]`; else empty.

    `-x`, `x.item()`, `float(x)` and `round(x, 2)` read x.
    """
    while True:
        if isinstance(node, ast.UnaryOp):
            node = node.operand
        elif isinstance(node, ast.Call) and last_name(node) in ("float", "round", "abs", "mean"):
            node = node.args[0] if node.args else getattr(node.func, "value", None)
        elif isinstance(node, ast.Call) and last_name(node) in ("item", "cpu", "numpy", "detach"):
            node = getattr(node.func, "value", None)
        else:
            break
    if isinstance(node, ast.Subscript):
        inner = literal(node.slice)
        base = key_of(node.value)
        return f"{base}[{inner}]" if base and isinstance(inner, (str, int)) else ""
    return dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def header_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are not in its blocks, nor in functions it defines."""
    waiting: list[ast.AST] = [statement]
    for node in waiting:  # the list grows as nodes are looked into
        if node is not statement:
            yield node
        if node.__class__ in DEFINING or node.__class__ is ast.Lambda:
            continue
        for name in PARTS[node.__class__]:
            if name in BLOCKS and (node is statement or isinstance(node, ast.ExceptHandler)):
                if not isinstance(node, (ast.IfExp, ast.Expression)):
                    continue
            part = getattr(node, name, None)
            if part.__class__ is list:
                waiting += [item for item in part if isinstance(item, ast.AST)]
            elif isinstance(part, ast.AST):
                waiting.append(part)


def _follow(
    statement: ast.stmt, blocks: tuple[Block, ...], loops: tuple[Loop, ...], flow: Flow
) -> None:
    flow.statements.append((statement, blocks, loops))
    for node in header_nodes(statement):
        if isinstance(node, ast.Call):
            flow.places[id(node)] = (statement.lineno, blocks, loops)
            _note_filling(node, statement, blocks, loops, flow)
        elif isinstance(node, ast.NamedExpr):
            _note(node.target, node.value, statement.lineno, blocks, loops, flow)
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            _note(target, statement.value, statement.lineno, blocks, loops, flow)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        _note(statement.target, statement.value, statement.lineno, blocks, loops, flow)
    elif isinstance(statement, ast.AugAssign):
        _add(
            flow, statement.target, statement.value, statement.lineno, blocks, loops, adds=True
        )
    if statement.__class__ in DEFINING:
        return
    inside = (*loops, statement) if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)) else loops
    for name in ("body", "orelse", "finalbody"):
        for inner in getattr(statement, name, None) or ():
            own = inside if name == "body" else loops
            within = (*blocks, (id(statement), name))
            if isinstance(statement, (ast.With, ast.AsyncWith)) or (
                isinstance(statement, ast.Try) and name != "orelse"
            ):
                within = blocks
            _follow(inner, within, own, flow)
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        for inner in part.body:
            _follow(inner, (*blocks, (id(part), "body")), loops, flow)


def _note(
    target: ast.expr,
    value: ast.expr,
    line: int,
    blocks: tuple[Block, ...],
    loops: tuple[Loop, ...],
    flow: Flow,
) -> None:
    if not isinstance(target, (ast.Tuple, ast.List)):
        _add(flow, target, value, line, blocks, loops)
        return
    items = target.elts
    starred = any(isinstance(item, ast.Starred) for item in items)
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(items) and not starred:
        for item, part in zip(items, value.elts, strict=True):
            _note(item, part, line, blocks, loops, flow)
        return
    for place, item in enumerate(items):
        _add(flow, item, value, line, blocks, loops, None if starred else (place, len(items)))


def _add(
    flow: Flow,
    target: ast.expr,
    value: ast.expr,
    line: int,
    blocks: tuple[Block, ...],
    loops: tuple[Loop, ...],
    index: tuple[int, int] | None = None,
    *,
    adds: bool = False,
) -> None:
    name = key_of(target) if isinstance(target, (ast.Name, ast.Attribute)) else _holder(target)
    adds = adds or isinstance(target, ast.Subscript)
    if name:
        flow.writes[name].append(
            Write(line=line, value=value, index=index, blocks=blocks, loops=loops, adds=adds)
        )


def _holder(target: ast.AST) -> str:
    """Return the name of what `x[i] = v` writes into, with a constant key where there is one."""
    if isinstance(target, ast.Starred):
        target = target.value
    named = key_of(target)
    while not named and isinstance(target, ast.Subscript):
        target = target.value
        named = key_of(target)
    return named


def _note_filling(
    call: ast.Call,
    statement: ast.stmt,
    blocks: tuple[Block, ...],
    loops: tuple[Loop, ...],
    flow: Flow,
) -> None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in FILLING:
        return
    name = _holder(call.func.value)
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if name:
            flow.writes[name].append(
                Write(
                    line=statement.lineno, value=value, index=None, blocks=blocks, loops=loops, adds=True
                )
            )
