"""Python files as syntax trees: parsed once, never imported, and never able to end an audit."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache

from netgain.study import CodeTree, Source, SourceFile


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.Module | None:
    """Return the syntax tree of a file, None where it is not Python this interpreter can parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def modules(tree: CodeTree) -> Iterator[tuple[SourceFile, ast.Module]]:
    """Yield each parsed file of a tree."""
    for file in tree.files:
        module = parse(file.text)
        if module is not None:
            yield file, module


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
    return dotted(node).rpartition(".")[2]


def names_in(node: ast.AST) -> set[str]:
    """Return every plain name and attribute used in an expression."""
    found = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            found.add(child.id)
        elif isinstance(child, ast.Attribute):
            found.add(child.attr)
    return found


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls inside a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Call):
            yield child


def literal(node: ast.AST | None) -> object:
    """Return the value of a constant expression (sign included), else None."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal(node.operand)
        return -inner if isinstance(inner, (int, float)) else None
    return None
