"""Which calls of a tree reach a function or a class, by its name or by a name it was handed on under."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import COMPREHENSIONS, FUNCTIONS, TESTING, Function, Program, Scope
from netgain.analysis.syntax import last_name, nodes_of
from netgain.study import CodeTree

MOST_BASES = 64
"""Classes looked at on the way up from one."""
DEEPEST = 8
"""Steps from a name to the class it stands for."""
FOLLOWED = (
    ast.Name,
    ast.Attribute,
    ast.IfExp,
    ast.BoolOp,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Subscript,
)
"""Expressions that may stand for a definition."""
PLAIN_DECORATORS = frozenset({"dataclass", "staticmethod", "classmethod", "torch_script", "script"})
"""Decorators of a definition that hand it to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The calls that reach a function."""

    calls: tuple[tuple[ast.Call, str], ...]
    """Each with its file."""
    complete: bool
    """Whether no call can be missing."""
    method: bool
    """Whether the first argument is given by the object."""


@remembered
def callers_of(tree: CodeTree) -> Callers:
    """Return who calls what in a tree, looked up once an audit."""
    return Callers(program=Program(tree=tree))


@dataclass(eq=False, kw_only=True)
class Callers:
    """Who calls what, in one tree."""

    program: Program
    """Its definitions and calls."""
    _found: dict[ast.AST, Sites] = field(default_factory=dict)

    def sites(self, scope: Scope) -> Sites:
        """Return the calls that reach the function which opens a scope."""
        if scope.node not in self._found:
            self._found[scope.node] = self._look(scope)
        return self._found[scope.node]

    def _look(self, scope: Scope) -> Sites:
        function = scope.node
        assert isinstance(function, FUNCTIONS)
        owner = scope.parent.node if scope.parent is not None else None
        method = isinstance(owner, ast.ClassDef) and not _is_static(function)
        if isinstance(owner, ast.ClassDef) and function.name == "__init__":
            return self._of_class(owner)
        if isinstance(owner, ast.ClassDef):
            calls, sure = self._of_method(function, owner)
        else:
            calls, sure = self._by_name(function)
        calls += self.handed_on.get(function, [])
        told = self.is_told(function) and function not in self.handed_on
        plain = all(last_name(d) in PLAIN_DECORATORS for d in function.decorator_list)
        return Sites(calls=tuple(calls), complete=sure and plain and not told, method=method)

    def defined(self, name: str, path: str) -> list[ast.AST]:
        """Return what a name of a file may mean: of several, what is defined there or where it is from."""
        found = self.program.definitions.get(name, [])
        if len(found) < 2:
            return list[ast.AST](
                d.node for d in found if self._may_be_from(d.scope.path, name, path)
            )
        here = list[ast.AST](d.node for d in found if d.scope.path == path)
        if here:
            return here
        stem = self.imported.get((path, name), "")
        there = list[ast.AST](d.node for d in found if PurePosixPath(d.scope.path).stem == stem)
        return there or list[ast.AST](d.node for d in found)

    def _may_be_from(self, defined_in: str, name: str, path: str) -> bool:
        """Tell whether a file may have a name from another: not where it imports it from one that is missing.

        A module that is among the files may hand on what it imports itself.
        """
        module = self.imported.get((path, name), "")
        if not module or defined_in == path or module in self._modules:
            return True
        return module in PurePosixPath(defined_in).with_suffix("").parts

    @cached_property
    def _modules(self) -> frozenset[str]:
        """Return the names under which the files of the program, and their folders, can be imported."""
        return frozenset(
            part
            for path in self.program.roots
            for part in PurePosixPath(path).with_suffix("").parts
        )

    def is_told(self, node: Function | ast.ClassDef) -> bool:
        """Tell whether something refers to a definition without calling it or inheriting from it."""
        if node.name not in self.program.passed_on:
            return False
        return any(
            node in self.defined(node.name, path)
            for path, names in self.referred_to.items()
            if node.name in names
        )

    @cached_property
    def referred_to(self) -> dict[str, frozenset[str]]:
        """Return by file the names that stand there without being called, asked or inherited from."""
        found: dict[str, frozenset[str]] = {}
        for path, root in self.program.roots.items():
            calls = nodes_of(root.node, ast.Call)
            used = {id(call.func) for call in calls}
            used |= {id(a) for call in calls if last_name(call) in TESTING for a in call.args}
            used |= {id(of.value) for of in nodes_of(root.node, ast.Attribute)}
            used |= {id(base) for n in nodes_of(root.node, ast.ClassDef) for base in n.bases}
            names = {n.id for n in nodes_of(root.node, ast.Name) if id(n) not in used}
            names |= {n.attr for n in nodes_of(root.node, ast.Attribute) if id(n) not in used}
            found[path] = frozenset(names)
        return found

    @cached_property
    def imported(self) -> dict[tuple[str, str], str]:
        """Return the last part of the module that a file imports each name from."""
        return {
            (path, alias.asname or alias.name): (node.module or "").rpartition(".")[2]
            for path, root in self.program.roots.items()
            for node in nodes_of(root.node, ast.ImportFrom)
            for alias in node.names
        }

    def _by_name(self, node: Function | ast.ClassDef) -> tuple[list[tuple[ast.Call, str]], bool]:
        """Return the calls of a function or class by its name, and whether each of them is of it alone."""
        found, sure = [], True
        for call, path in self.program.calls.get(node.name, []):
            meant = self.defined(node.name, path)
            if node in meant:
                found.append((call, path))
                sure = sure and len(meant) == 1
        return found, sure

    def _of_method(
        self, function: Function, owner: ast.ClassDef
    ) -> tuple[list[tuple[ast.Call, str]], bool]:
        """Return the calls of a method: on `self` those of its class and of classes that inherit from it."""
        found = []
        alone = len(self.program.definitions[function.name]) == 1
        sure = True
        for call, path in self.program.calls.get(function.name, []):
            on_self = isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "self"
            if on_self and not alone:
                around = self.program.scope_of(call, path).owner
                caller = around.node if around is not None else None
                if caller is not owner and not self._inherits(caller, owner):
                    continue
            else:
                sure = sure and alone
            found.append((call, path))
        return found, sure

    def _inherits(self, heir: ast.AST | None, from_class: ast.ClassDef) -> bool:
        if not isinstance(heir, ast.ClassDef):
            return False
        seen = {heir.name}
        waiting = [heir]
        for node in waiting:  # the list grows as bases are found
            for base in map(last_name, node.bases):
                if base == from_class.name:
                    return True
                if base not in seen and len(waiting) < MOST_BASES:
                    seen.add(base)
                    waiting += [
                        d.node
                        for d in self.program.definitions.get(base, [])
                        if isinstance(d.node, ast.ClassDef)
                    ]
        return False

    def _of_class(self, node: ast.ClassDef) -> Sites:
        """Return what makes objects of a class, those of classes that inherit its making included."""
        calls, sure = self._by_name(node)
        calls += self.handed_on.get(node, [])
        told = self.is_told(node) and node not in self.handed_on
        complete = sure and not told
        complete = complete and all(last_name(d) in PLAIN_DECORATORS for d in node.decorator_list)
        for heir in self.heirs.get(node.name, []):
            made = init_of(heir)
            if made is None:
                by_heir, sure = self._by_name(heir)
                calls += by_heir
                calls += self.handed_on.get(heir, [])
                complete = complete and sure and heir.name not in self.heirs
                continue
            path = self.program.scopes[heir].path
            upward = [
                call
                for call in nodes_of(made, ast.Call)
                if last_name(call) == "__init__" and isinstance(call.func, ast.Attribute)
            ]
            complete = complete and all(last_name(call.func.value) == "super" for call in upward)  # type: ignore[attr-defined]  # an attribute, as asked above
            calls += [(call, path) for call in upward]
        return Sites(calls=tuple(calls), complete=complete, method=True)

    @cached_property
    def heirs(self) -> dict[str, list[ast.ClassDef]]:
        """Return the classes that inherit from each name."""
        found: dict[str, list[ast.ClassDef]] = defaultdict(list)
        for definitions in self.program.definitions.values():
            for definition in definitions:
                if isinstance(definition.node, ast.ClassDef):
                    for base in definition.node.bases:
                        found[last_name(base)].append(definition.node)
        return found

    @cached_property
    def handed_on(self) -> dict[ast.AST, list[tuple[ast.Call, str]]]:
        """Return the calls that reach a definition under another name: `block(...)` for a class passed on."""
        found: dict[ast.AST, list[tuple[ast.Call, str]]] = defaultdict(list)
        passed = self.program.passed_on
        if not any(name in passed for name in self.program.definitions):
            return found
        for name, calls in self.program.calls.items():
            if name in self.program.definitions:
                continue
            for call, path in calls:
                if isinstance(call.func, ast.Name):
                    if name not in self.given_names[path]:
                        continue
                elif name not in self.given_attributes or last_name(call.func.value) != "self":  # type: ignore[attr-defined]  # the calls of a name are of names and attributes
                    continue
                scope = self.program.scope_of(call, path)
                for node in self._meant(call.func, scope, 0):
                    found[node].append((call, path))
        return found

    @cached_property
    def given_names(self) -> dict[str, frozenset[str]]:
        """Return by file the names that are arguments or are bound to something that may be a definition."""
        found: dict[str, frozenset[str]] = {}
        for path, root in self.program.roots.items():
            names = {argument.arg for argument in nodes_of(root.node, ast.arg)}
            names |= {n.id for n in nodes_of(root.node, ast.Name) if isinstance(n.ctx, ast.Store)}
            found[path] = frozenset(names)
        return found

    @cached_property
    def given_attributes(self) -> frozenset[str]:
        """Return the attributes of `self` that some class binds to something that may be a definition."""
        return frozenset(
            name
            for held in self.program.attributes.values()
            for name, values in held.items()
            if any(isinstance(value, FOLLOWED) for value, _ in values)
        )

    def _meant(self, node: ast.AST, scope: Scope, depth: int) -> list[ast.AST]:
        """Return the definitions an expression may stand for."""
        if depth > DEEPEST:
            return []
        if isinstance(node, ast.Name):
            return self._named(node.id, scope, depth + 1)
        if isinstance(node, ast.Attribute) and last_name(node.value) == "self" and scope.owner:
            held = self.program.attributes.get(scope.owner.node, {}).get(node.attr, [])
            return _once([n for value, at in held[:DEEPEST] for n in self._each(value, at, depth)])
        if isinstance(node, ast.Attribute):
            return self.defined(node.attr, scope.path)
        return self._each(node, scope, depth)

    def _each(self, node: ast.AST | None, scope: Scope, depth: int) -> list[ast.AST]:
        if node is None:
            return []
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._meant(node, scope, depth + 1)
        parts: list[ast.expr] = []
        if isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.BoolOp):
            parts = node.values
        elif isinstance(node, (ast.List, ast.Tuple)):
            parts = node.elts[: 4 * DEEPEST]
        elif isinstance(node, ast.Dict):
            parts = node.values[: 4 * DEEPEST]
        elif isinstance(node, ast.Subscript):
            parts = [node.value]
        return _once([n for part in parts for n in self._each(part, scope, depth + 1)])

    def _named(self, name: str, scope: Scope, depth: int) -> list[ast.AST]:
        owner = scope.binding(name)
        if name in self.program.definitions and (owner is None or name not in owner.parameters):
            return self.defined(name, scope.path)
        if owner is None or isinstance(owner.node, (ast.Lambda, *COMPREHENSIONS)):
            return []
        found: list[ast.AST] = []
        for value in owner.bound.get(name, [])[:DEEPEST]:
            found += self._each(value, owner, depth)
        if name in owner.parameters and isinstance(owner.node, FUNCTIONS):
            found += self._passed(owner, name, depth)
        return _once(found)

    def _passed(self, owner: Scope, name: str, depth: int) -> list[ast.AST]:
        """Return what the calls by name of a function pass for one of its arguments."""
        function = owner.node
        assert isinstance(function, FUNCTIONS)
        parent = owner.parent.node if owner.parent is not None else None
        method = isinstance(parent, ast.ClassDef) and not _is_static(function)
        if not isinstance(parent, ast.ClassDef):
            reached, _ = self._by_name(function)
        elif function.name == "__init__":
            reached, _ = self._by_name(parent)
        else:
            reached, _ = self._of_method(function, parent)
        found: list[ast.AST] = []
        for call, path in reached[: 8 * DEEPEST]:
            given, _ = argument_of(call, function, name, method=method)
            if given is not None:
                found += self._each(given, self.program.scope_of(call, path), depth)
        return found


def _once(nodes: list[ast.AST]) -> list[ast.AST]:
    return list(dict.fromkeys(nodes))


def _is_static(function: Function) -> bool:
    return any(last_name(decorator) == "staticmethod" for decorator in function.decorator_list)


def init_of(node: ast.ClassDef) -> Function | None:
    """Return the method that makes an object, where the class has its own."""
    return next((n for n in node.body if isinstance(n, FUNCTIONS) and n.name == "__init__"), None)


def argument_of(
    call: ast.Call, function: Function, name: str, *, method: bool
) -> tuple[ast.expr | None, bool]:
    """Return what a call passes for an argument, None where nothing, and whether that is sure."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value, True
    places = [a.arg for a in (*function.args.posonlyargs, *function.args.args)][int(method) :]
    spread = any(keyword.arg is None for keyword in call.keywords)
    if name not in places:
        return None, not spread
    index = places.index(name)
    before = call.args[: index + 1]
    if any(isinstance(argument, ast.Starred) for argument in before):
        return None, False
    return (call.args[index], True) if index < len(call.args) else (None, not spread)


def default_of(function: Function, name: str) -> ast.expr | None:
    """Return what an argument is where a call passes nothing, None where it has no default."""
    arguments = function.args
    placed = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(placed), reversed(arguments.defaults), strict=False):
        if argument.arg == name:
            return default
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument.arg == name:
            return keyword
    return None


def own_nodes(top: ast.AST) -> list[ast.AST]:
    """Return the nodes of a scope in the order they are written, without what is in inner scopes."""
    found: list[ast.AST] = []
    inner = (*FUNCTIONS, ast.ClassDef, ast.Lambda, *COMPREHENSIONS)
    waiting = list(reversed(list(ast.iter_child_nodes(top))))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, inner):
            waiting += reversed(list(ast.iter_child_nodes(node)))
    return found
