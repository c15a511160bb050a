"""Which name means what, in a tree of code: scopes, what they bind, and who calls whom."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

from netgain.analysis.assignments import stores
from netgain.analysis.syntax import add_parts, called_in, last_name, modules, nodes_of, walk
from netgain.study import CodeTree

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINING = frozenset((*FUNCTIONS, ast.ClassDef))
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OPENING = frozenset((*FUNCTIONS, ast.ClassDef, ast.Lambda, *COMPREHENSIONS))
"""Nodes that open a scope."""
BINDING = frozenset(
    (*FUNCTIONS, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.AsyncFor,
     ast.comprehension, ast.withitem, ast.MatchAs, ast.MatchStar, ast.ExceptHandler, ast.Global, ast.Nonlocal)
)  # fmt: skip
"""Nodes that give names a value."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
TESTING = frozenset({"isinstance", "issubclass", "super"})


@dataclass(eq=False, kw_only=True)
class Scope:
    """A module, class, function, lambda or comprehension."""

    node: ast.AST
    """What opens it."""
    path: str
    """Its file."""
    parent: Scope | None = None
    """The scope around it."""

    @cached_property
    def own_nodes(self) -> list[ast.AST]:
        """Return the nodes of the scope; of those that open inner scopes only the nodes themselves."""
        return _own_nodes(self.node)

    @cached_property
    def below(self) -> list[Scope]:
        """Return the scopes inside this one, outer before inner."""
        found: list[Scope] = []
        waiting = [self]
        for scope in waiting:  # the list grows as scopes are found
            for node in scope.own_nodes:
                if node.__class__ in OPENING:
                    inner = Scope(node=node, path=self.path, parent=scope)
                    found.append(inner)
                    waiting.append(inner)
        return found

    @cached_property
    def around_calls(self) -> dict[int, Scope]:
        """Return the scope of each call in a file, by identity."""
        return {
            id(node): scope
            for scope in (self, *self.below)
            for node in scope.own_nodes
            if node.__class__ is ast.Call
        }

    @cached_property
    def bound(self) -> dict[str, list[ast.expr | None]]:
        """Return what each name is bound to here; None where that is no expression of its own."""
        found: dict[str, list[ast.expr | None]] = defaultdict(list)
        for node in self.own_nodes:
            if node.__class__ in BINDING:
                for name, value in _bindings(node):
                    found[name].append(value)
        return dict(found)

    @cached_property
    def passed_on(self) -> Counter[str]:
        """Count by name how often something is referred to here without being called or only tested for."""
        looked_at = _only_tested(self.node)
        found = [
            name.id
            for name in nodes_of(self.node, ast.Name)
            if name.ctx.__class__ is ast.Load and id(name) not in looked_at
        ]
        found += [
            attribute.attr
            for attribute in nodes_of(self.node, ast.Attribute)
            if attribute.ctx.__class__ is ast.Load and id(attribute) not in looked_at
        ]
        return Counter(found)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Return the names of the arguments."""
        arguments = getattr(self.node, "args", None)
        if not isinstance(arguments, ast.arguments):
            return frozenset()
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        return frozenset(argument.arg for argument in every)

    def binding(self, name: str) -> Scope | None:
        """Return the innermost scope that binds a name, classes around a function passed over."""
        scope: Scope | None = self
        inner = False
        while scope is not None:
            visible = not (inner and isinstance(scope.node, ast.ClassDef))
            if visible and (name in scope.parameters or name in scope.bound):
                return scope
            inner = inner or not isinstance(scope.node, COMPREHENSIONS)
            scope = scope.parent
        return None

    @property
    def owner(self) -> Scope | None:
        """Return the class whose method this is, or is in."""
        scope: Scope | None = self
        while scope is not None and not isinstance(scope.node, ast.ClassDef):
            scope = scope.parent
        return scope


@dataclass(eq=False, kw_only=True)
class Definition:
    """A function, method or class of the tree."""

    node: Function | ast.ClassDef
    """Its definition."""
    scope: Scope
    """The scope it opens."""


@dataclass(eq=False, kw_only=True)
class Program:
    """Definitions, calls and references of a tree, by name."""

    tree: CodeTree
    """The code."""

    @cached_property
    def roots(self) -> dict[str, Scope]:
        """Return the scope of each file."""
        return {file.path: _root_of(module, file.path) for file, module in modules(self.tree)}

    @cached_property
    def scopes(self) -> dict[ast.AST, Scope]:
        """Return the scope that each function, class and comprehension opens."""
        found: dict[ast.AST, Scope] = {}
        for root in self.roots.values():
            for scope in root.below:
                found[scope.node] = scope
        return found

    @cached_property
    def definitions(self) -> dict[str, list[Definition]]:
        """Return functions, methods and classes by name."""
        found: dict[str, list[Definition]] = defaultdict(list)
        for node, scope in self.scopes.items():
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                found[node.name].append(Definition(node=node, scope=scope))
        return found

    @cached_property
    def calls(self) -> dict[str, list[tuple[ast.Call, str]]]:
        """Return the calls of each name, with their file."""
        found: dict[str, list[tuple[ast.Call, str]]] = defaultdict(list)
        for path, root in self.roots.items():
            for call in nodes_of(root.node, ast.Call):
                if isinstance(call.func, (ast.Name, ast.Attribute)):
                    found[last_name(call)].append((call, path))
        return found

    @cached_property
    def passed_on(self) -> Counter[str]:
        """Count by name how often something is referred to without being called or only tested for."""
        found: Counter[str] = Counter()
        for root in self.roots.values():
            found.update(root.passed_on)
        return found

    @cached_property
    def subclassed(self) -> frozenset[str]:
        """Return the names of classes that others inherit from."""
        return frozenset(
            last_name(base)
            for root in self.roots.values()
            for node in nodes_of(root.node, ast.ClassDef)
            for base in node.bases
        )

    @cached_property
    def attributes(self) -> dict[ast.AST, dict[str, list[tuple[ast.expr | None, Scope]]]]:
        """Return by class what its methods assign to each attribute of `self`, and where."""
        found: dict[ast.AST, dict[str, list[tuple[ast.expr | None, Scope]]]] = {}
        for node, scope in self.scopes.items():
            owner = scope.owner
            if owner is None or isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
                continue
            held = found.setdefault(owner.node, defaultdict(list))
            if node is owner.node:
                for name, values in scope.bound.items():
                    held[name].extend((value, scope) for value in values)
                continue
            for inner in scope.own_nodes:
                if inner.__class__ not in BINDING:
                    continue
                for target, value in stores(inner):
                    if isinstance(target, ast.Attribute) and last_name(target.value) == "self":
                        held[target.attr].append((value, scope))
        return found

    @cached_property
    def stored_from_outside(self) -> frozenset[str]:
        """Return the attributes that some file sets on anything but `self`."""
        return frozenset(
            attribute.attr
            for root in self.roots.values()
            for attribute in nodes_of(root.node, ast.Attribute)
            if not isinstance(attribute.ctx, ast.Load)
            and not (isinstance(attribute.value, ast.Name) and attribute.value.id == "self")
        )

    @cached_property
    def tables(self) -> dict[str, list[tuple[ast.expr, Scope]]]:
        """Return what names of modules are bound to, over all files; a name bound twice in one counts not."""
        found: dict[str, list[tuple[ast.expr, Scope]]] = defaultdict(list)
        for root in self.roots.values():
            for name, values in root.bound.items():
                if len(values) == 1 and values[0] is not None:
                    found[name].append((values[0], root))
        return found

    def scope_of(self, node: ast.AST, path: str) -> Scope:
        """Return the scope that a call stands in."""
        return self.roots[path].around_calls.get(id(node), self.roots[path])


def _root_of(module: ast.Module, path: str) -> Scope:
    """Return the scope of a file, kept with its syntax tree: trees of code often share most files."""
    root: Scope | None = getattr(module, "_root", None)
    if root is None or root.path != path:
        root = Scope(node=module, path=path)
        module._root = root  # type: ignore[attr-defined]  # a mark of our own
    return root


def _own_nodes(top: ast.AST) -> list[ast.AST]:
    waiting: list[ast.AST] = []
    if isinstance(top, ast.Lambda):
        waiting.append(top.body)
    elif isinstance(top, (ast.Module, ast.ClassDef, *FUNCTIONS)):
        waiting += top.body
    else:
        add_parts(top, waiting)
    for node in waiting:  # the list grows as its nodes are looked into
        kind = node.__class__
        if kind in DEFINING:
            waiting += node.decorator_list  # type: ignore[attr-defined]  # definitions have one
            if isinstance(node, ast.ClassDef):
                waiting += node.bases
            elif isinstance(node, FUNCTIONS):
                waiting += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif kind not in OPENING:
            add_parts(node, waiting)
    return waiting


def _bindings(node: ast.AST) -> list[tuple[str, ast.expr | None]]:
    found = [(t.id, value) for t, value in stores(node) if isinstance(t, ast.Name)]
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
        found += [(node.name, None)] if node.name else []
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        found += [(name, None) for name in node.names]
    return found


def _only_tested(module: ast.AST) -> set[int]:
    """Return the nodes that call, test, inherit from or annotate with what they name."""
    found = {id(call.func) for call in nodes_of(module, ast.Call)}
    for call in () if called_in(module).isdisjoint(TESTING) else nodes_of(module, ast.Call):
        if last_name(call) in TESTING:
            found.update(id(inner) for argument in call.args for inner in walk(argument))
    hints: list[ast.AST] = []
    for node in nodes_of(module, ast.ClassDef):
        hints += node.bases
    for argument in nodes_of(module, ast.arg):
        hints += [argument.annotation] if argument.annotation else []
    for assigned in nodes_of(module, ast.AnnAssign):
        hints.append(assigned.annotation)
    for function in nodes_of(module, ast.FunctionDef):
        hints += [function.returns] if function.returns else []
    found.update(id(inner) for hint in hints for inner in walk(hint))
    return found
