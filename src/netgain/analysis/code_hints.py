"""Places that name a class and make nothing of it: annotations, tests of a type, aliases of types."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netgain.analysis.syntax import last_name, nodes_of, walk

TESTS_OF_TYPE = frozenset({"isinstance", "issubclass"})
"""Functions that ask what something is."""
CASTS = frozenset({"cast", "TypeVar", "NewType"})
"""Functions of `typing` that are given types."""
FORMS = frozenset(
    {"Union", "Optional", "Type", "type", "List", "list", "Dict", "dict", "Tuple", "tuple", "Callable",
     "Sequence", "Iterable", "Mapping", "Literal", "Annotated", "ClassVar", "Final"}
)  # fmt: skip
"""What is subscripted to write a type."""


def hint_nodes(part: ast.AST) -> frozenset[int]:
    """Return the ids of the nodes of some code that stand where a class is only named.

    The base classes of a class are not among them: what is derived from holds what its base holds.
    """
    return frozenset(id(node) for top in _tops(part) for node in walk(top))


def names_at_work(part: ast.AST) -> frozenset[str]:
    """Return every name and attribute in some code that stands where it can be made or called."""
    hints = hint_nodes(part)
    names = {node.id for node in nodes_of(part, ast.Name) if id(node) not in hints}
    attributes = {node.attr for node in nodes_of(part, ast.Attribute) if id(node) not in hints}
    return frozenset(names | attributes)


def _tops(part: ast.AST) -> Iterator[ast.expr]:
    for argument in nodes_of(part, ast.arg):
        if argument.annotation is not None:
            yield argument.annotation
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
        for function in nodes_of(part, kind):
            if function.returns is not None:  # type: ignore[attr-defined]  # both have it
                yield function.returns  # type: ignore[attr-defined]
    for annotated in nodes_of(part, ast.AnnAssign):
        yield annotated.annotation
    for call in nodes_of(part, ast.Call):
        if last_name(call) in TESTS_OF_TYPE:
            yield from call.args[1:]
        elif last_name(call) in CASTS:
            yield from call.args
    for alias in nodes_of(part, ast.Assign):
        if isinstance(alias.value, ast.Subscript) and last_name(alias.value.value) in FORMS:
            yield alias.value
