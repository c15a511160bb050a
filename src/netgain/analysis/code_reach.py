"""Which definitions of a tree still run once some of its code was taken out."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import PurePath

from netgain.analysis.code_units import Key, Unit, imported_by, units_of
from netgain.analysis.scopes import FUNCTIONS, Program
from netgain.analysis.syntax import called_in, keep, last_name, literal, nodes_of, parse
from netgain.analysis.text_edits import Edits, edited
from netgain.study import CodeTree

NEVER_STARTED = re.compile(r"hubconf|setup|conftest|__init__|test_\w+|\w+_test", re.IGNORECASE)
"""Stems of files that start no training."""
MOST_ROUNDS = 20


def without_unreached(tree: CodeTree, first: Program, options: Collection[str]) -> CodeTree:
    """Blank the definitions that the first tree reached and this one no longer does.

    A tree that finds its parts by names made up as it runs is left as it is.

    Args:
        tree: code of which something was taken out.
        first: the tree before that.
        options: last parts of the options that decided it; scripts that know none of them are not the arm's.
    """
    program = Program(tree=tree)
    if looks_up_names(program):
        return tree
    started = _started(first, options)
    before, now = units_of(first, started), units_of(program, started)
    named = frozenset(
        name
        for unit in (*before[0], *before[1])
        for name in unit.refers_to
        if name != unit.key[2] or unit.owner is not None
    )
    reached_before, reached_now = reached_units(*before, named), reached_units(*now, named)
    gone = {
        unit.key: unit
        for unit in now[0]
        if unit.key in reached_before and unit.key not in reached_now
    }
    _add_users(gone, [u for u in now[0] if u.key not in reached_now], now[0])
    return without_units(tree, [unit for unit in gone.values() if unit.owner not in gone])


def _add_users(gone: dict[Key, Unit], idle: list[Unit], units: list[Unit]) -> None:
    """Add what nothing reaches and what cannot run without a definition that is gone."""
    for _ in range(MOST_ROUNDS):
        kept = {unit.key[2] for unit in units if unit.key not in gone}
        names = {key[2] for key in gone} - kept
        users = {u.key: u for u in idle if u.key not in gone and u.refers_to & names}
        if not users:
            return
        gone |= users


def without_units(tree: CodeTree, units: list[Unit]) -> CodeTree:
    """Return a tree in which some definitions are blanked; every line keeps its number."""
    if not units:
        return tree
    gone: dict[str, list[Unit]] = {}
    for unit in units:
        gone.setdefault(unit.key[0], []).append(unit)
    files = []
    for file in tree.files:
        mine = gone.get(file.path, [])
        edits = Edits(file.text)
        for unit in mine:
            edits.blank_block([unit.node])
        text = edited(file.text, edits) if mine else None
        files.append(file if text is None else replace(file, text=text))
        if text is not None and all(unit.owner is None for unit in mine):
            _keep_without(file.text, text, [unit.node for unit in mine])
    return replace(tree, files=tuple(files))


def _keep_without(before: str, after: str, gone: list[ast.stmt]) -> None:
    """Remember the syntax tree of a text that lost some definitions of its module, so that none is parsed."""
    module = parse(before)
    places = {node.lineno for node in gone}
    if module is None:
        return
    body = [
        ast.copy_location(ast.Pass(), node) if _is_definition_at(node, places) else node
        for node in module.body
    ]
    keep(after, ast.Module(body=body, type_ignores=module.type_ignores))


def _is_definition_at(node: ast.stmt, lines: set[int]) -> bool:
    return isinstance(node, (ast.ClassDef, *FUNCTIONS)) and node.lineno in lines


def _started(program: Program, options: Collection[str]) -> frozenset[str]:
    """Return the scripts an arm may have been started with: nobody imports them, and they know an option."""
    imports = {path: imported_by(root.node) for path, root in program.roots.items()}
    stems = {path: PurePath(path).stem for path in imports}
    taken = set().union(*imports.values())
    scripts = [
        path
        for path, stem in stems.items()
        if stem not in taken and not NEVER_STARTED.fullmatch(stem)
    ]
    word = re.compile(
        rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, sorted(options))) or '(?!)'})(?![A-Za-z0-9_])",
        re.IGNORECASE,
    )
    knowing = {
        f.path for f in program.tree.files if f.path in imports and word.search(f.text) is not None
    }
    found = frozenset(scripts) & _importing(knowing, imports, stems)
    return found or frozenset(scripts)


def _importing(
    files: set[str], imports: dict[str, set[str]], stems: dict[str, str]
) -> frozenset[str]:
    """Return some files and those that import one of them, directly or not."""
    users: dict[str, list[str]] = {}
    for path, names in imports.items():
        for name in names:
            users.setdefault(name, []).append(path)
    found, waiting = set(files), list(files)
    for current in waiting:  # the list grows as files are found
        new = [path for path in users.get(stems[current], []) if path not in found]
        found.update(new)
        waiting += new
    return frozenset(found)


def reached_units(units: list[Unit], loose: list[Unit], named: frozenset[str]) -> set[Key]:
    """Return the keys reached from loose code and from what nobody names in a script.

    Args:
        units: definitions.
        loose: code of modules outside definitions.
        named: names that somebody in the first tree refers to.
    """
    tops: dict[str, list[Unit]] = {}
    own: dict[tuple[str, str], list[Unit]] = {}
    of_class: dict[Key, list[Unit]] = {}
    methods: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.owner is None:
            tops.setdefault(unit.key[2], []).append(unit)
            own.setdefault((unit.key[0], unit.key[2]), []).append(unit)
        else:
            of_class.setdefault(unit.owner, []).append(unit)
            methods.setdefault(unit.key[2], []).append(unit)
    anywhere: set[str] = set()
    called: set[str] = set()
    reached: set[Key] = set()
    waiting = list(loose)
    waiting += [
        unit
        for unit in units
        if unit.owner is None
        and (unit.stands_alone or (unit.in_script and unit.key[2] not in named))
    ]
    for unit in waiting:  # the list grows as units are reached
        if unit.key in reached:
            continue
        reached.add(unit.key)
        for name in unit.refers_to - called:
            waiting += [u for u in methods.get(name, []) if u.owner in reached]
        called |= unit.refers_to
        waiting += [
            method
            for method in of_class.get(unit.key, [])
            if method.stands_alone or method.key[2] not in named or method.key[2] in called
        ]
        for name in unit.refers_to - anywhere:
            mine = own.get((unit.key[0], name))
            if mine and name not in unit.of_others:
                waiting += mine
            else:
                anywhere.add(name)
                waiting += tops.get(name, [])
    return reached


LOOKING_UP = frozenset({"import_module", "__import__", "eval", "getattr"})
"""Calls that may find a definition by its name."""


def looks_up_names(program: Program) -> bool:
    """Tell whether a file of a program finds definitions by names that are no constants."""
    stems = frozenset(
        part for path in program.roots for part in (PurePath(path).stem, PurePath(path).parent.name)
    )
    return any(_looks_up_names(root.node, stems) for root in program.roots.values())


def _looks_up_names(module: ast.AST, files: frozenset[str]) -> bool:
    for node in nodes_of(module, ast.Subscript):
        if literal(node.slice) is not None:
            continue
        value = node.value
        if isinstance(value, ast.Call) and last_name(value) in ("globals", "locals"):
            return True
        if isinstance(value, ast.Attribute) and value.attr == "__dict__":
            return True
    if called_in(module).isdisjoint(LOOKING_UP):
        return False
    for call in nodes_of(module, ast.Call):
        name = last_name(call)
        if name in ("import_module", "__import__") and not all(map(literal, call.args[:1])):
            return True
        if not (isinstance(call.func, ast.Name) and call.args):
            continue
        if name == "eval" and not isinstance(call.args[0], ast.Constant):
            return True
        if name == "getattr" and len(call.args) >= 2 and literal(call.args[1]) is None:
            base = last_name(call.args[0])
            own = files | _modules_of(module, files) | {"self", "modules"}
            if base in own or isinstance(call.args[0], ast.Call):
                return True
    return False


def _modules_of(module: ast.AST, files: frozenset[str]) -> frozenset[str]:
    """Return what a file calls the files and folders of its program: `nets` of `import networks as nets`."""
    aliases = [a for node in nodes_of(module, ast.Import) for a in node.names]
    aliases += [a for node in nodes_of(module, ast.ImportFrom) for a in node.names]
    return frozenset(a.asname for a in aliases if a.asname and a.name.rpartition(".")[2] in files)
