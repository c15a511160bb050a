"""The definitions of a tree, each with what it refers to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from netgain.analysis.call_values import PLAIN_DECORATORS
from netgain.analysis.scopes import FUNCTIONS, Program
from netgain.analysis.syntax import called_in, calls_in, last_name, nodes_of

CALLED_BY_FRAMEWORKS = frozenset(
    {"forward", "call", "backward", "setup", "step", "train", "eval", "parameters", "named_parameters",
     "state_dict", "load_state_dict", "zero_grad", "reset_parameters", "to", "build", "get_config",
     "compute_output_shape", "fit", "run", "main", "reset", "update"}
)  # fmt: skip
"""Methods that are called by other means than their name in the tree."""
OWN_BASES = frozenset({"object", "Module", "ABC", "Dataset", "Sampler", "BatchSampler", "Generic"})
"""Bases of other packages that call no method of a class beyond those above and those with underscores."""
STARTS = frozenset({"parse_args", "parse_known_args", "backward", "fit", "ArgumentParser", "run"})
"""Calls by which a script shows that it is started as such."""
Key = tuple[str, int, str]
"""File, line and name of a definition."""


@dataclass(eq=False, kw_only=True)
class Unit:
    """A function, class, method or name of a module, with what it refers to."""

    key: Key
    """What tells it apart; lines stay when code is blanked."""
    node: ast.stmt
    """Its definition."""
    owner: Key | None
    """The class of a method."""
    refers_to: frozenset[str]
    """Names and attributes it uses, methods of a class left out."""
    of_others: frozenset[str]
    """Those it uses as attributes: `build` of `models.build`."""
    stands_alone: bool
    """Whether it is reached without anybody naming it."""
    in_script: bool
    """Whether it lies in a script that the arm may have been started with."""


def units_of(program: Program, started: frozenset[str]) -> tuple[list[Unit], list[Unit]]:
    """Return the definitions of a tree, and the code outside them that runs once files are imported."""
    aliases: dict[str, set[str]] = {}
    imported: set[str] = set()
    for root in program.roots.values():
        imported |= imported_by(root.node)
        for kind in (ast.ImportFrom, ast.Import):
            for node in nodes_of(root.node, kind):
                for alias in node.names:  # type: ignore[attr-defined]  # both have names
                    if alias.asname:
                        aliases.setdefault(alias.asname, set()).add(alias.name.rpartition(".")[2])
    defined = {name for name, found in program.definitions.items() if found}
    units: list[Unit] = []
    loose: list[Unit] = []
    for path, root in program.roots.items():
        in_script = path in started
        is_library = PurePath(path).stem in imported
        for statement in root.node.body:  # type: ignore[attr-defined]  # a module has one
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            if is_library and _is_self_test(statement):
                continue
            if isinstance(statement, ast.ClassDef):
                units += _class_units(statement, path, aliases, defined, in_script=in_script)
            elif isinstance(statement, FUNCTIONS):
                units.append(_unit(statement, path, statement.name, aliases, in_script=in_script))
            elif (name := _assigned(statement)) is not None:
                if name != "__all__":
                    units.append(_unit(statement, path, name, aliases, in_script=in_script))
            elif in_script or is_library:
                loose.append(_unit(statement, path, "", aliases, in_script=in_script))
    return units, loose


def _unit(
    node: ast.stmt,
    path: str,
    name: str,
    aliases: dict[str, set[str]],
    owner: Key | None = None,
    *,
    in_script: bool,
) -> Unit:
    names, attributes = _names([node], aliases)
    handed_out = any(last_name(d) not in PLAIN_DECORATORS for d in _decorators(node))
    always = owner is not None and (name.startswith("_") or name in CALLED_BY_FRAMEWORKS)
    called = isinstance(node, ast.Assign) and bool(calls_in(node.value))
    return Unit(
        key=(path, node.lineno, name),
        node=node,
        owner=owner,
        refers_to=names,
        of_others=attributes,
        stands_alone=handed_out or always or (called and in_script),
        in_script=in_script,
    )


def _class_units(
    node: ast.ClassDef,
    path: str,
    aliases: dict[str, set[str]],
    defined: set[str],
    *,
    in_script: bool,
) -> Iterator[Unit]:
    """Yield a class without its methods, then its methods; those a foreign base may call stay part of it."""
    key = (path, node.lineno, node.name)
    bases = {last_name(base) for base in node.bases}
    own = bases <= OWN_BASES | defined and not node.keywords
    methods = [s for s in node.body if own and isinstance(s, FUNCTIONS)]
    rest = [part for part in (*node.bases, *node.decorator_list) if isinstance(part, ast.AST)]
    names, attributes = _names([*rest, *(s for s in node.body if s not in methods)], aliases)
    yield Unit(
        key=key,
        node=node,
        owner=None,
        refers_to=names,
        of_others=attributes,
        stands_alone=any(last_name(d) not in PLAIN_DECORATORS for d in node.decorator_list),
        in_script=in_script,
    )
    for method in methods:
        yield _unit(method, path, method.name, aliases, key, in_script=in_script)


def _names(
    nodes: list[ast.AST], aliases: dict[str, set[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return all names and attributes in some code, and those that cannot be the file's own definitions."""
    names: set[str] = set()
    attributes: set[str] = set()
    for node in nodes:
        of_node = _names_in(node)
        names |= of_node[0]
        attributes |= of_node[1]
    attributes = attributes.union(*(aliases[name] for name in names & set(aliases)))
    return frozenset(names | attributes), frozenset(attributes)


def _names_in(node: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    found: tuple[frozenset[str], frozenset[str]] | None = getattr(node, "_names_used", None)
    if found is None:
        read = (name for name in nodes_of(node, ast.Name) if name.ctx.__class__ is ast.Load)
        found = (
            frozenset([name.id for name in read]),
            frozenset([attribute.attr for attribute in nodes_of(node, ast.Attribute)]),
        )
        node._names_used = found  # type: ignore[attr-defined]  # a mark of our own
    return found


def _decorators(node: ast.stmt) -> list[ast.expr]:
    return list(getattr(node, "decorator_list", []))


def _assigned(statement: ast.stmt) -> str | None:
    """Return the name that a statement of a module gives to one expression."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def _is_self_test(statement: ast.stmt) -> bool:
    """Tell whether a statement is an `if __name__ == "__main__":` that starts no training."""
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    if last_name(statement.test.left) != "__name__":
        return False
    called = called_in(statement)
    return not called & STARTS and not any("main" in name for name in called)


def imported_by(module: ast.AST) -> set[str]:
    """Return the last parts of what a file imports."""
    found: set[str] = set()
    for node in nodes_of(module, ast.ImportFrom):
        found.update((node.module or "").split(".")[-1:])
        found.update(alias.name for alias in node.names)
    for plain in nodes_of(module, ast.Import):
        found.update(part for alias in plain.names for part in alias.name.split("."))
    return found
