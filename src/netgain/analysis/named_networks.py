"""Networks of packages that code asks for by an option, as an arm's settings name them."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from netgain.analysis.code_foreign import bound_names
from netgain.analysis.library_calls import names_asked_for
from netgain.analysis.options import declared_defaults
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import dotted, literal, modules, nodes_of, parse, words_in
from netgain.analysis.text_edits import Edits, edited
from netgain.study import Arm, CodeTree

PLAIN_NAME = re.compile(r"[\w./-]+")
"""Names that a package may give to a network."""
LOOKING_UP = frozenset({"create_model", "get_model", "load", "getattr", "__dict__"})
"""Words of code that asks for something by its name."""


Asked = tuple[str, str, tuple[int, int, int, int]]
"""A file, the option that names a network there, and where it is asked for: lines and columns."""


def with_named_networks(arm: Arm) -> CodeTree | None:
    """Return an arm's code in which the options that name a network of a package are what the arm sets.

    Every line keeps its number. `models.__dict__[args.arch]()` stands as it is where two runs say different
    things of `arch`, or none says anything and it has no default.
    """
    asked = named_by_options(arm.code) if arm.code is not None else ()
    if arm.code is None or not asked:
        return arm.code
    words = _words_set(arm, arm.code)
    files = []
    for file in arm.code.files:
        edits = Edits(file.text)
        for path, option, (line, column, last, end) in asked:
            if path == file.path and option in words:
                place = ast.Constant(None, lineno=line, col_offset=column)
                place.end_lineno, place.end_col_offset = last, end
                edits.replace(place, repr(words[option]))
        text = edited(file.text, edits) if edits.made else None
        usable = text is not None and parse(text) is not None
        files.append(replace(file, text=text) if usable and text is not None else file)
    return replace(arm.code, files=tuple(files))


@remembered
def named_by_options(tree: CodeTree) -> tuple[Asked, ...]:
    """Return where a tree asks a package for a network that an option names."""
    found: list[Asked] = []
    for file, module in modules(tree):
        if words_in(module).isdisjoint(LOOKING_UP):
            continue
        for _, _, key in names_asked_for(module, bound_names(module)):
            name = _option(key, module)
            if name:
                last, end = key.end_lineno or key.lineno, key.end_col_offset or key.col_offset
                found.append((file.path, name, (key.lineno, key.col_offset, last, end)))
    return tuple(found)


def _words_set(arm: Arm, tree: CodeTree) -> dict[str, str]:
    """Return what all runs of an arm set to one and the same word, by the name that the option has there.

    An option that no run sets has the default that the code declares, unless a run names another model.
    """
    found: dict[str, set[str]] = {}
    for run in arm.runs:
        for key, cited in (*run.config.items(), *run.other_config.items()):
            if isinstance(cited.value, str) and PLAIN_NAME.fullmatch(cited.value):
                name = _plain((cited.source.key or key).rpartition(".")[2])
                found.setdefault(name, set()).add(cited.value)
                found[name] |= {str(other.value) for other in cited.disagreeing}
    stated = {str(run.config["model"].value) for run in arm.runs if "model" in run.config}
    for option, default in declared_defaults(tree).items():
        if isinstance(default, str) and _plain(option) not in found and stated <= {default}:
            found[_plain(option)] = {default}
    return {name: min(words) for name, words in found.items() if len(words) == 1}


def _option(key: ast.expr, module: ast.Module, *, further: bool = True) -> str:
    """Return the name of the option that an expression asks for, empty where it is none."""
    if isinstance(key, ast.Attribute):
        return _plain(key.attr)
    word = None
    if isinstance(key, ast.Subscript):
        word = literal(key.slice)
    elif (
        isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute) and key.func.attr == "get"
    ):
        word = literal(key.args[0]) if key.args else None
    elif isinstance(key, ast.Name) and further:
        given = [
            node.value
            for node in nodes_of(module, ast.Assign)
            if key.id in map(dotted, node.targets)
        ]
        arguments = {argument.arg for argument in nodes_of(module, ast.arg)}
        if len(given) == 1 and key.id not in arguments:
            return _option(given[0], module, further=False)
    return _plain(word) if isinstance(word, str) else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
