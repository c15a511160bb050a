"""Python files as syntax trees: parsed once an audit, never imported, and never able to end it."""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeVar

from netgain.study import CodeTree, Source, SourceFile

MOST_KEPT = 24 * 2**20
"""Characters of code whose trees are kept; code beyond them is parsed again each time it is looked at."""
WORDS = frozenset(
    {"identifier", "int", "string", "constant", "expr_context", "boolop", "operator", "unaryop", "cmpop"}
)  # fmt: skip
"""Types of fields that hold a word, a number or an operator: nothing that a walk could find anything in."""


def _parts(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class of nodes that hold nodes, as its grammar in its docstring says."""
    grammar = re.findall(r"(\w+)[*?]? (\w+)", kind.__doc__ or "")
    words = {name for field, name in grammar if field in WORDS}
    return tuple(name for name in kind._fields if name not in words)


PARTS = {
    kind: _parts(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
SCOPES = frozenset((ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.For))
"""Nodes that many checks walk over; each remembers what is in it."""
SHELL_COMMAND = re.compile(
    r"(\s*)(?:pip3?|conda|mamba|apt(?:-get)?|nvidia-smi|ls|cd|cat|pwd|mkdir|wget|curl|git|unzip|tar|cp|mv|rm|"
    r"python3?|kaggle|gdown|head|tail|du|df|which|source|export|sudo)(?:\s+[^\s=(.,\[+*/<>].*)?$"
)
"""A line of a notebook that IPython takes for a command, as `pip freeze`, though Python cannot read it."""
MOST_COMMANDS = 12
Node = TypeVar("Node", bound=ast.AST)


class _Kept:
    """Trees of the texts parsed so far."""

    def __init__(self) -> None:
        self.trees: dict[str, ast.Module | None] = {}
        self.characters = 0
        self.readable: dict[str, str] = {}
        """Texts of notebooks without the cells that cannot be read, by the whole text."""


_kept = _Kept()


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree of a file, None where it is not Python this interpreter can parse."""
    if text in _kept.trees:
        return _kept.trees[text]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = _parsed(text)
    keep(text, module)
    return module


def _parsed(text: str) -> ast.Module | None:
    """Parse a text; a line that a notebook hands to the shell without a mark of its own is passed over."""
    for _ in range(MOST_COMMANDS):
        try:
            return ast.parse(text)
        except SyntaxError as error:
            lines = text.splitlines()
            at = (error.lineno or 0) - 1
            command = SHELL_COMMAND.match(lines[at]) if 0 <= at < len(lines) else None
            if command is None:
                return None
            lines[at] = f"{command[1]}pass"
            text = "\n".join(lines)
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def keep(text: str, module: ast.Module | None) -> None:
    """Remember the syntax tree of a text, as far as there is room."""
    if text not in _kept.trees and _kept.characters + len(text) <= MOST_KEPT:
        _kept.trees[text] = module
        _kept.characters += len(text)


def forget() -> None:
    """Let go of every tree, as an audit does at its end."""
    _kept.trees.clear()
    _kept.readable.clear()
    _kept.characters = 0


def modules(tree: CodeTree) -> Iterator[tuple[SourceFile, ast.Module]]:
    """Yield each parsed file of a tree."""
    for file in tree.files:
        module = parse(file.text)
        if module is None and file.cells:
            module = _of_cells(file)
        if module is not None:
            yield file, module


def _of_cells(file: SourceFile) -> ast.Module | None:
    """Parse a notebook without the cells that Python cannot read: such a cell runs in no part."""
    readable = _kept.readable.get(file.text)
    if readable is None:
        lines = file.text.splitlines()
        firsts = [max(0, first - 1) for _, first in file.cells] + [len(lines)]
        for first, end in itertools.pairwise(firsts):
            if first < end and _parsed("\n".join(lines[first:end])) is None:
                lines[first:end] = [""] * (end - first)
        readable = "\n".join(lines)
        _kept.readable[file.text] = readable
    return parse(readable)


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, level by level as `ast.walk` does, without operators and contexts."""
    return [node, *_inside(node)] if node.__class__ in SCOPES else _below(node)


def nodes_of(node: ast.AST, kind: type[Node]) -> list[Node]:
    """Return the nodes of exactly one class in a node, itself included, in the order of `walk`."""
    if node.__class__ not in SCOPES:
        return [child for child in _below(node) if child.__class__ is kind]
    sorted_out: dict[type, list[Any]] | None = getattr(node, "_sorted_out", None)
    if sorted_out is None:
        sorted_out = defaultdict(list)
        for child in _inside(node):
            sorted_out[child.__class__].append(child)
        node._sorted_out = sorted_out  # type: ignore[attr-defined]  # a mark of our own
    found = sorted_out.get(kind, [])
    return [node, *found] if node.__class__ is kind else found


def words_in(module: ast.AST) -> frozenset[str]:
    """Return every name and attribute of a file, so that a check can pass over what lacks its words."""
    words: frozenset[str] | None = getattr(module, "_words", None)
    if words is None:
        words = frozenset(
            [node.id for node in nodes_of(module, ast.Name)]
            + [node.attr for node in nodes_of(module, ast.Attribute)]
        )
        module._words = words  # type: ignore[attr-defined]  # a mark of our own
    return words


def called_in(node: ast.AST) -> frozenset[str]:
    """Return the last names of all calls in a node, to pass over what calls none of a check's own."""
    called: frozenset[str] | None = getattr(node, "_called", None)
    if called is None:
        called = frozenset(map(last_name, nodes_of(node, ast.Call)))
        node._called = called  # type: ignore[attr-defined]  # a mark of our own
    return called


def parents_in(top: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return the parent of each node below one, without operators and contexts."""
    found: dict[ast.AST, ast.AST] = {}
    for node in walk(top):
        children: list[ast.AST] = []
        add_parts(node, children)
        for child in children:
            found[child] = node
    return found


def _inside(node: ast.AST) -> list[ast.AST]:
    inside: list[ast.AST] | None = getattr(node, "_nodes_inside", None)
    if inside is None:
        inside = _below(node)[1:]  # without the node itself, which would keep itself alive
        node._nodes_inside = inside  # type: ignore[attr-defined]  # a mark of our own
    return inside


def _below(node: ast.AST) -> list[ast.AST]:
    nodes = [node]
    for parent in nodes:  # the list grows as its nodes are looked into
        if PARTS[parent.__class__]:
            add_parts(parent, nodes)
    return nodes


def add_parts(node: ast.AST, nodes: list[ast.AST]) -> None:
    """Add the nodes right below one to a list, in the order of their fields."""
    for name in PARTS[node.__class__]:
        part = getattr(node, name, None)
        if part.__class__ is list:
            nodes += part if None not in part else [item for item in part if item is not None]
        elif part is not None:
            nodes.append(part)


def place(file: SourceFile, node: ast.AST, key: str | None = None) -> Source:
    """Cite a node of a file."""
    return Source(path=file.path, line=getattr(node, "lineno", None), key=key)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or attribute chain, with calls seen through; empty otherwise."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return ""


def last_name(node: ast.AST) -> str:
    """Return the last part of a dotted name."""
    while True:
        kind = node.__class__  # asked a million times an audit, where isinstance would be felt
        if kind is ast.Name:
            return node.id  # type: ignore[attr-defined, no-any-return]
        if kind is ast.Attribute:
            return node.attr  # type: ignore[attr-defined, no-any-return]
        if kind is not ast.Call:
            return ""
        node = node.func  # type: ignore[attr-defined]


def names_in(node: ast.AST) -> set[str]:
    """Return every plain name and attribute used in an expression."""
    if isinstance(node, ast.Name):
        return {node.id}
    found = set()
    for child in walk(node):
        if child.__class__ is ast.Name:
            found.add(child.id)
        elif child.__class__ is ast.Attribute:
            found.add(child.attr)
    return found


def calls_in(node: ast.AST) -> list[ast.Call]:
    """Return the calls inside a node, itself included."""
    return nodes_of(node, ast.Call)


def literal(node: ast.AST | None) -> object:
    """Return the value of a constant expression (sign included), else None."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal(node.operand)
        return -inner if isinstance(inner, (int, float)) else None
    return None
