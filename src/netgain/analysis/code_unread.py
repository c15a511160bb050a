"""Statements that no training reads: a model's file that tries itself out, and tables nobody looks into.

`if __name__ == "__main__": Net()(torch.randn(...))` runs where the file is started by itself, and what it
hands on is no setting of a training. `self.models = {"a": NetA, "b": NetB}` holds networks, and uses none of
them where `models` is never read again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from netgain.analysis.code_units import imported_by
from netgain.analysis.script_files import TRAINING_WORDS
from netgain.analysis.syntax import last_name, modules, names_in, nodes_of, parse
from netgain.analysis.text_edits import Edits, edited
from netgain.study import CodeTree


def without_unread(tree: CodeTree) -> CodeTree:
    """Blank self-tests of files that others import, and tables of classes that nothing reads.

    Every line keeps its number.
    """
    parsed = list(modules(tree))
    taken = set().union(*(imported_by(module) for _, module in parsed))
    read = _read(module for _, module in parsed)
    texts: dict[str, str] = {}
    for file, module in parsed:
        edits = Edits(file.text)
        if PurePath(file.path).stem in taken:
            for node in module.body:
                if isinstance(node, ast.If) and _is_self_test(node, file.text):
                    edits.blank_block(node.body)
        for table in nodes_of(module, ast.Assign):
            if _is_unread_table(table, read):
                edits.blank_block([table])
        text = edited(file.text, edits) if edits.made else None
        if text is not None and parse(text) is not None:
            texts[file.path] = text
    if not texts:
        return tree
    files = (replace(f, text=texts.get(f.path, f.text)) for f in tree.files)
    return replace(tree, files=tuple(files))


def _read(files: Iterable[ast.Module]) -> set[str]:
    """Return every name, attribute, imported name and short string that some file reads."""
    found: set[str] = set()
    for module in files:
        found |= {n.id for n in nodes_of(module, ast.Name) if isinstance(n.ctx, ast.Load)}
        found |= {n.attr for n in nodes_of(module, ast.Attribute) if isinstance(n.ctx, ast.Load)}
        found |= {alias.name for alias in nodes_of(module, ast.alias)}
        found |= {
            n.value
            for n in nodes_of(module, ast.Constant)
            if isinstance(n.value, str) and n.value.isidentifier()
        }
    return found


def _is_unread_table(node: ast.Assign, read: set[str]) -> bool:
    """Match a mapping or list of plain names, kept under a name that nothing reads."""
    target = node.targets[0]
    if len(node.targets) > 1 or not isinstance(target, (ast.Name, ast.Attribute)):
        return False
    held = (
        node.value.values if isinstance(node.value, ast.Dict) else getattr(node.value, "elts", [])
    )
    plain = held and all(isinstance(item, (ast.Name, ast.Attribute)) for item in held)
    return bool(plain) and last_name(target) not in read and not last_name(target).startswith("__")


def _is_self_test(node: ast.If, text: str) -> bool:
    if "__name__" not in names_in(node.test):
        return False
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return TRAINING_WORDS.search("\n".join(lines)) is None and "main(" not in "".join(lines)
