"""Syntax trees: walks that remember, and trees that are let go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import netgain
from netgain.analysis import syntax
from netgain.analysis.syntax import forget, nodes_of, parents_in, parse, walk

OWN = sorted(Path(netgain.__file__).parent.rglob("*.py"))[::7]
OPERATORS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def _reference(node: ast.AST) -> list[ast.AST]:
    return [child for child in ast.walk(node) if not isinstance(child, OPERATORS)]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_walk_is_that_of_the_standard_library(path: Path) -> None:
    """Same nodes in the same order, of the module and of each class, function and loop in it."""
    module = ast.parse(path.read_text())
    for node in _reference(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.For, ast.Assign)):
            for _ in range(2):
                assert walk(node) == _reference(node)
                for kind in (ast.Call, ast.For, type(node)):
                    assert nodes_of(node, kind) == [n for n in walk(node) if type(n) is kind]


def test_parents_are_the_nodes_right_above() -> None:
    """Each node but the module has the parent that holds it."""
    module = ast.parse("def f(x):\n    return g(x + 1, key=h(x))\n")
    parents = parents_in(module)
    assert set(parents) == set(walk(module)) - {module}
    assert all(child in list(ast.iter_child_nodes(parent)) for child, parent in parents.items())


def test_a_text_is_parsed_once_and_again_after_forgetting() -> None:
    """Two looks at one text see one tree; an audit's end lets go of it."""
    forget()
    first = parse("x = 1")
    assert parse("x = 1") is first
    forget()
    assert parse("x = 1") is not first
    assert parse("x = = 1") is None


def test_no_more_code_is_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a text is parsed again, and nothing kept before is thrown out."""
    forget()
    monkeypatch.setattr(syntax, "MOST_KEPT", 8)
    kept, other = parse("x = 1"), parse("y = 22222")
    assert parse("x = 1") is kept
    assert parse("y = 22222") is not other
    forget()
