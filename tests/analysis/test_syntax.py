"""Syntax trees: walks that remember, and trees that are let go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import netgain
from netgain.analysis import syntax
from netgain.analysis.syntax import forget, modules, nodes_of, parents_in, parse, walk
from netgain.study import CodeTree, SourceFile

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


@pytest.mark.parametrize("line", ["pip freeze", "  nvidia-smi -L", "ls data/train", "cd /content"])
def test_a_line_for_the_shell_is_passed_over(line: str) -> None:
    """What IPython takes for a command leaves the rest of the file readable, each line in its place."""
    indent = line[: len(line) - len(line.lstrip())]
    head = "if x:\n" if indent else "y = 1\n"
    module = parse(f"{head}{line}\nz = 2\n")
    assert module is not None
    assert module.body[-1].lineno == 3


@pytest.mark.parametrize("line", ["pip = = 1", "print freeze", "cat(x y)", "1 ls"])
def test_an_error_that_is_no_command_leaves_the_file_unread(line: str) -> None:
    """Code of another language version, and a slip, are not taken for commands."""
    assert parse(f"y = 1\n{line}\n") is None


def test_a_cell_that_cannot_run_leaves_the_others() -> None:
    """Of a notebook with a slip in one cell the others are read, in place; a script with one is not."""
    text = "a = 1\nwriter.add(x)0\nb = 2\nc = 3\n"
    notebook = SourceFile(path="n.ipynb", text=text, cells=((1, 1), (2, 2), (3, 3), (4, 4)))
    script = SourceFile(path="n.py", text=text)
    found = [module for _, module in modules(CodeTree(root=".", files=(script, notebook)))]
    assert [[node.lineno for node in module.body] for module in found] == [[1, 3, 4]]
