"""Places that choose by an option in which the arms differ, and that its value does not decide."""

from __future__ import annotations

import ast
import re
from pathlib import PurePath

from netgain.analysis.code_units import imported_by
from netgain.analysis.known_values import Value
from netgain.analysis.option_values import Evaluation
from netgain.analysis.options import key_of, parts_of
from netgain.analysis.scopes import FUNCTIONS, Scope
from netgain.analysis.script_files import TRAINING_WORDS
from netgain.analysis.syntax import dotted, last_name, literal, nodes_of, parents_in, walk
from netgain.study import Scalar

MAKES = re.compile(
    r"(?:\w*_)?(?:create|build|make|get|load|init|select|choose|define|setup|prepare|from_name|from_config|"
    r"instantiate|factory)(?:_?[A-Za-z]\w*)?|eval|import_module|getattr|hasattr",
    re.IGNORECASE,
)
"""Calls that make what a word given to them names."""
KEEPS = re.compile(
    r"\w*(?:dir|path|file|folder|logger?|writer|save|print|format|join|name)s?\w*", re.IGNORECASE
)
"""Calls that write a word down, or look for a place of that name."""
OF_DATA = re.compile(r"\w*(?:data|loader|transform|augment|token)\w*", re.IGNORECASE)
"""Calls that make data; in a script that trains nothing they choose nothing that a model is made of."""
MOST = 5
"""Places named."""
CONDITIONS = (ast.If, ast.While, ast.IfExp, ast.Assert)


def undecided_places(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the expressions that still choose by an option in which the arms differ, with their places."""
    program = evaluation.program
    found = [
        f"a file that is no Python this interpreter can parse ({file.path})"
        for file in program.tree.files
        if file.path not in program.roots and evaluation.options.are_asked_for_in(file.text)
    ]
    for path, root in evaluation.program.roots.items():
        text = next(f.text for f in evaluation.program.tree.files if f.path == path)
        if not evaluation.options.are_asked_for_in(text):
            continue
        parents: dict[ast.AST, ast.AST] | None = None
        for node in _candidates(root, evaluation):
            parents = parents or parents_in(root.node)
            if _chooses(node, parents, path, evaluation):
                shown = " ".join(ast.unparse(node).split())[:60]
                found.append(f"{shown} ({path}:{getattr(node, 'lineno', 0)})")
                if len(found) >= MOST:
                    return tuple(found)
    return tuple(found)


def _candidates(root: Scope, evaluation: Evaluation) -> list[ast.AST]:
    """Return what reads a differing option of a configuration, or bears the name of one."""
    differing = evaluation.options.differing
    names = {parts_of(key)[-1] for key in differing if evaluation.options.named(parts_of(key)[-1])}
    found: list[ast.AST] = []
    for kind in (ast.Attribute, ast.Subscript, ast.Call):
        found += [
            n for n in nodes_of(root.node, kind) if key_of(n, evaluation.options) in differing
        ]
    taken = set(map(id, found))
    objects = _held_objects(root, taken)
    found += [
        n
        for n in nodes_of(root.node, ast.Attribute)
        if n.attr.lower() in names and dotted(n.value) == "self" and id(n) not in taken
        if dotted(n) not in objects
    ]
    found += [n for n in nodes_of(root.node, ast.Name) if n.id.lower() in names]
    return [n for n in found if not isinstance(getattr(n, "ctx", None), (ast.Store, ast.Del))]


def _held_objects(root: Scope, asked: set[int]) -> set[str]:
    """Return attributes that a file only ever gives objects or nothing: what was made, not what chose it."""
    objects: set[str] = set()
    others: set[str] = set()
    for node in nodes_of(root.node, ast.Assign):
        nothing = isinstance(node.value, ast.Constant) and node.value.value is None
        asks = any(id(inner) in asked for inner in walk(node.value))
        plain = (nothing or isinstance(node.value, ast.Call)) and not asks
        for target in node.targets:
            (objects if plain else others).add(dotted(target))
    return {name for name in objects - others if name.startswith("self.")}


def _chooses(
    node: ast.AST, parents: dict[ast.AST, ast.AST], path: str, evaluation: Evaluation
) -> bool:
    """Tell whether a choice hangs on an expression: a condition, an index, a call that makes by name."""
    key = key_of(node, evaluation.options)
    by_name = key is None
    if by_name:
        key = evaluation.options.named(last_name(node))
    if key is None or (not by_name and _cannot_run(node, key, evaluation)):
        return False
    taken = evaluation.options.taken(key)
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Compare):
            return not by_name or _fits_values(parent, taken)
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return not by_name or any(isinstance(value, str) for value in taken)
        if isinstance(parent, (ast.IfExp, ast.comprehension)):
            tests = [parent.test] if isinstance(parent, ast.IfExp) else parent.ifs
            return child in tests and _is_switch(taken, by_name=by_name)
        if isinstance(parent, ast.Call):
            if child is parent.func:
                return False
            argument = child.arg if isinstance(child, ast.keyword) else None
            given = child.value if isinstance(child, ast.keyword) else child
            if by_name or not isinstance(given, ast.expr):
                return False
            if OF_DATA.fullmatch(last_name(parent)) and _only_looks(path, evaluation):
                return False
            return _makes(parent, given, argument, taken, evaluation)
        if isinstance(parent, (ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.Dict)):
            return False
        child, parent = parent, parents.get(parent)
    if isinstance(parent, CONDITIONS) and child is getattr(parent, "test", None):
        return _is_switch(taken, by_name=by_name)
    return isinstance(parent, ast.Match) and child is parent.subject


def _only_looks(path: str, evaluation: Evaluation) -> bool:
    """Tell whether a file trains nothing itself and nobody imports it."""
    text = next(file.text for file in evaluation.program.tree.files if file.path == path)
    stem = PurePath(path).stem
    roots = evaluation.program.roots.values()
    return TRAINING_WORDS.search(text) is None and not any(
        stem in imported_by(root.node) for root in roots
    )


def _cannot_run(node: ast.AST, key: str, evaluation: Evaluation) -> bool:
    """Tell whether an expression asks without a default for an entry the arm's configuration lacks."""
    return key in evaluation.options.absent and isinstance(node, (ast.Subscript, ast.Attribute))


def _is_switch(taken: tuple[Scalar, ...], *, by_name: bool) -> bool:
    """Tell whether a bare test asks for the option; a plain name counts where the option is on or off."""
    return not by_name or any(isinstance(value, bool) for value in taken)


def _fits_values(compare: ast.Compare, taken: tuple[Scalar, ...]) -> bool:
    """Tell whether a comparison names a word which the option takes."""
    words = {literal(n) for side in (compare.left, *compare.comparators) for n in walk(side)}
    return any(isinstance(value, str) and value in words for value in taken)


def _makes(
    call: ast.Call,
    argument: ast.expr,
    keyword: str | None,
    taken: tuple[Scalar, ...],
    evaluation: Evaluation,
) -> bool:
    """Tell whether a call may choose by an argument whose value it was not followed with."""
    name = last_name(call)
    program = evaluation.program
    defined = program.definitions.get(name, [])
    if not defined:
        word = any(isinstance(value, str) for value in taken)
        return word and bool(MAKES.fullmatch(name)) and not KEEPS.fullmatch(name)
    if len(defined) > 1:
        return True
    function = defined[0].node
    scope = defined[0].scope
    if isinstance(function, ast.ClassDef):
        made = [s for s in function.body if isinstance(s, FUNCTIONS) and s.name == "__init__"]
        if not made:
            return False
        scope = program.scopes[made[0]]
        function = made[0]
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    asked = keyword
    if asked is None and argument in call.args[: len(names)]:
        asked = names[call.args.index(argument)]
    if asked is None:
        return True
    return not isinstance(evaluation.parameter(scope, asked), Value) and _is_tested(function, asked)


def _is_tested(function: ast.AST, name: str) -> bool:
    """Tell whether a function, or the class it makes, asks for one of its arguments in a condition."""
    for node in walk(function):
        tests = [node.test] if isinstance(node, CONDITIONS) else []
        tests += [node] if isinstance(node, ast.Compare) else []
        tests += [node.slice] if isinstance(node, ast.Subscript) else []
        if any(isinstance(n, ast.Name) and n.id == name for test in tests for n in walk(test)):
            return True
        handed_on = (
            [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
        )
        if any(isinstance(n, ast.Name) and n.id == name for n in handed_on):
            return True
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
        ):
            return True
    return False
