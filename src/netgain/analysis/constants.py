"""Numbers that reach an expression: literals followed through names, loops, attributes and arguments.

Nothing is run. A name stands for every number that some statement, loop or visible call gives it, so the
numbers found are those that may arrive, and `complete` says that no other can. Conditions are not looked at.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property

from netgain.analysis.constant_calls import Callers, argument_of, callers_of, default_of
from netgain.analysis.constant_names import (
    ANY,
    EACH,
    KEY,
    Binding,
    Selectors,
    bindings_of,
    selected,
    selector_of,
    take_after,
)
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import last_name, literal
from netgain.study import Source

DEEPEST = 32
"""Steps from name to name, after which an expression counts as unknown."""
MOST_STEPS = 40_000
"""Steps for one tree of code, after which every expression counts as unknown."""
PASSING = frozenset(
    {"list", "tuple", "sorted", "reversed", "iter", "deepcopy", "copy", "int", "set", "_pair", "_single",
     "_triple", "to_2tuple", "to_3tuple", "pair", "ModuleList", "tolist"}
)  # fmt: skip
"""Calls that hand on the numbers they are given."""


Trail = tuple[tuple[ast.Call, str], ...]
"""Calls, each with its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A literal that reaches an expression."""

    value: float
    """The number."""
    node: ast.AST
    """Where it is written."""
    path: str
    """The file it is written in."""
    trail: Trail = ()
    """The calls that handed it on, the last one first, where they are kept."""
    words: tuple[str, ...] = ()
    """Keys under which it is kept in a configuration."""
    default: bool = False
    """Whether something outside the code can replace it, as an option of the command line."""

    @property
    def line(self) -> int | None:
        """Return the line the number stands on."""
        return getattr(self.node, "lineno", None)

    @property
    def source(self) -> Source:
        """Return the place of the number."""
        return Source(path=self.path, line=self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The literals that may reach an expression."""

    origins: tuple[Origin, ...] = ()
    """Those found, each once."""
    complete: bool = True
    """Whether no other number can arrive."""


UNKNOWN = Values(complete=False)


def union(parts: list[Values]) -> Values:
    """Return the literals of several expressions, each once for each way that it came."""
    found = {
        (id(one.node), one.value, one.trail, one.words): one
        for part in parts
        for one in part.origins
    }
    return Values(origins=tuple(found.values()), complete=all(part.complete for part in parts))


@dataclass(eq=False, kw_only=True)
class Constants:
    """The numbers of one tree of code."""

    program: Program
    """Its scopes and calls."""
    steps: int = 0
    """Steps taken so far."""
    trail: Trail = ()
    """Calls that lead to what is being looked at; kept by those who tell values apart by them."""
    _known: dict[tuple[int, int, Selectors, Trail], Values] = field(default_factory=dict)
    _open: set[tuple[int, int, Selectors]] = field(default_factory=set)
    _circles: int = 0
    _bound: dict[ast.AST, dict[str, list[Binding]]] = field(default_factory=dict)

    @cached_property
    def callers(self) -> Callers:
        """Return who calls what."""
        shared = callers_of(self.program.tree)
        return shared if shared.program is self.program else Callers(program=self.program)

    def of(
        self, node: ast.AST | None, scope: Scope, take: Selectors = (), depth: int = 0
    ) -> Values:
        """Return the numbers that may reach an expression, or those taken out of it."""
        self.steps += 1
        if node is None or depth > DEEPEST or self.steps > MOST_STEPS:
            return UNKNOWN
        key = (id(node), id(scope.node), take)
        if key in self._open:  # a name given to itself adds no number
            self._circles += 1
            return Values()
        if (*key, self.trail) in self._known:
            return self._known[*key, self.trail]
        circles = self._circles
        self._open.add(key)
        found = self._look(node, scope, take, depth + 1)
        self._open.discard(key)
        if (
            circles == self._circles or not self._open
        ):  # else it lacks what is still being looked for
            self._known[*key, self.trail] = found
        return found

    def _look(self, node: ast.AST, scope: Scope, take: Selectors, depth: int) -> Values:
        value = literal(node)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if take:  # nothing can be taken out of a number: this way is not gone
                return Values()
            origin = Origin(value=float(value), node=node, path=scope.path, trail=self.trail)
            return Values(origins=(origin,))
        if isinstance(node, ast.Constant):
            return Values(complete=node.value is None)
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, take, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope, take, depth)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return self._display(node, scope, take, depth)
        if isinstance(node, ast.Dict):
            return self._dictionary(node, scope, take, depth)
        if isinstance(node, ast.IfExp):
            return union([self.of(side, scope, take, depth) for side in (node.body, node.orelse)])
        if isinstance(node, ast.BoolOp):
            return union([self.of(side, scope, take, depth) for side in node.values])
        if isinstance(node, ast.BinOp):
            return self._operation(node, scope, take, depth)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope, take, depth)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and take:
            inner = self.program.scopes.get(node)
            return self.of(node.elt, inner, take[1:], depth) if inner else UNKNOWN
        if isinstance(node, ast.Call):
            return self._call(node, scope, take, depth)
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, scope: Scope, take: Selectors, depth: int) -> Values:
        return self.of(node.value, scope, selected(node, take), depth)

    def _display(
        self, node: ast.Tuple | ast.List | ast.Set, scope: Scope, take: Selectors, depth: int
    ) -> Values:
        first, rest = (take[0], take[1:]) if take else (EACH, ())
        if isinstance(first, str) and first.startswith(KEY):
            return Values()
        if isinstance(first, int) and not any(isinstance(e, ast.Starred) for e in node.elts):
            inside = -len(node.elts) <= first < len(node.elts)
            return self.of(node.elts[first], scope, rest, depth) if inside else Values()
        parts = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                parts.append(self.of(item.value, scope, (ANY, *rest), depth))
            else:
                parts.append(self.of(item, scope, rest, depth))
        return union(parts)

    def _dictionary(self, node: ast.Dict, scope: Scope, take: Selectors, depth: int) -> Values:
        if not take:
            return UNKNOWN
        if any(key is None for key in node.keys):
            return UNKNOWN
        held: list[ast.expr] = node.values
        if take[0] == EACH:
            held = [key for key in node.keys if key is not None]
        elif take[0] != ANY:
            sought = take[0] if isinstance(take[0], int) else take[0].removeprefix(KEY)
            pairs = zip(node.keys, node.values, strict=True)
            named = [value for key, value in pairs if literal(key) == sought]
            held = named if named or isinstance(take[0], str) else held
        return union([self.of(item, scope, take[1:], depth) for item in held])

    def _operation(self, node: ast.BinOp, scope: Scope, take: Selectors, depth: int) -> Values:
        """Follow lists put together and repeated; arithmetic on numbers is not done."""
        if not take or not isinstance(node.op, (ast.Add, ast.Mult)):
            return UNKNOWN
        some = (ANY if isinstance(take[0], int) else take[0], *take[1:])
        if isinstance(node.op, ast.Add):
            return union([self.of(side, scope, some, depth) for side in (node.left, node.right)])
        lists = [s for s in (node.left, node.right) if isinstance(s, (ast.List, ast.Tuple))]
        return self.of(lists[0] if lists else node.left, scope, some, depth)

    def _call(self, node: ast.Call, scope: Scope, take: Selectors, depth: int) -> Values:
        name = last_name(node)
        if name == "enumerate" and node.args and len(take) > 1 and take[0] == EACH:
            return (
                self.of(node.args[0], scope, take_after(take), depth) if take[1] == 1 else UNKNOWN
            )
        if (
            name == "zip"
            and len(take) > 1
            and isinstance(take[1], int)
            and take[1] < len(node.args)
        ):
            return self.of(node.args[take[1]], scope, take_after(take), depth)
        if name in ("values", "items", "keys") and isinstance(node.func, ast.Attribute) and take:
            of_items = name == "items" and len(take) > 1
            keys = name == "keys" or (of_items and take[1] == 0)
            rest = take[2:] if of_items else take[1:]
            return self.of(node.func.value, scope, (EACH if keys else ANY, *rest), depth)
        if name == "dict" and node.keywords and not node.args and take:
            named = [k.value for k in node.keywords if take[0] in (ANY, f"{KEY}{k.arg}")]
            return union([self.of(value, scope, take[1:], depth) for value in named])
        if name == "get" and isinstance(node.func, ast.Attribute) and node.args:
            parts = [self.of(node.func.value, scope, (selector_of(node.args[0]), *take), depth)]
            return union(parts + [self.of(a, scope, take, depth) for a in node.args[1:]])
        if name in ("max", "min") and len(node.args) > 1 and not node.keywords:
            return union([self.of(argument, scope, take, depth) for argument in node.args])
        if name in PASSING and len(node.args) == 1:
            return self.of(node.args[0], scope, take, depth)
        return UNKNOWN

    def _name(self, name: str, scope: Scope, take: Selectors, depth: int) -> Values:
        owner = scope.binding(name)
        if owner is None:
            found = [self.of(value, root, take, depth) for value, root in self._tables(name)]
            return union(found) if found else UNKNOWN
        bindings = self._bindings(owner).get(name, [])
        parts = []
        if name in owner.parameters:
            parts.append(self._parameter(owner, name, take, depth))
        several = len(bindings) + len(parts) > 1
        for value, inner in bindings:
            if value is None:
                parts.append(UNKNOWN)
                continue
            sought = (*inner, *take)
            if several and sought and isinstance(sought[0], int) and not inner:
                sought = (ANY, *sought[1:])
            parts.append(self.of(value, owner, sought, depth))
        return union(parts) if parts else UNKNOWN

    def _tables(self, name: str) -> list[tuple[ast.expr, Scope]]:
        """Return what files of the tree give a name at their margin."""
        return self.program.tables.get(name, [])

    def _attribute(self, node: ast.Attribute, scope: Scope, take: Selectors, depth: int) -> Values:
        """Follow `self.x`, `cls.x` and `Class.x` to what the class and its methods assign."""
        owners: list[ast.AST] = []
        if isinstance(node.value, ast.Name):
            own = scope.owner
            if node.value.id in ("self", "cls") and own is not None:
                owners = [own.node]
            else:
                owners = [d.node for d in self.program.definitions.get(node.value.id, [])]
        if node.attr in self.program.stored_from_outside:
            return UNKNOWN
        for _ in range(DEEPEST):
            held = [
                pair
                for owner in owners
                for pair in self.program.attributes.get(owner, {}).get(node.attr, [])
            ]
            if held:
                return union([self.of(value, at, take, depth) for value, at in held])
            owners = [
                base.node
                for owner in owners
                if isinstance(owner, ast.ClassDef)
                for parent in owner.bases
                for base in self.program.definitions.get(last_name(parent), [])
                if base.node is not owner
            ]
        return UNKNOWN

    def _parameter(self, owner: Scope, name: str, take: Selectors, depth: int) -> Values:
        """Return what the visible calls pass for an argument, and its default where one passes nothing."""
        function = owner.node
        if not isinstance(function, FUNCTIONS):
            return UNKNOWN
        sites = self.callers.sites(owner)
        parts = [] if sites.complete and sites.calls else [UNKNOWN]
        missing = not sites.calls
        for call, path in sites.calls:
            found, decided = argument_of(call, function, name, method=sites.method)
            if found is not None:
                parts.append(self.of(found, self.program.scope_of(call, path), take, depth))
            missing = missing or found is None
            if not decided:
                parts.append(UNKNOWN)
        default = default_of(function, name)
        if missing and default is not None:
            parts.append(self.of(default, owner.parent or owner, take, depth))
        return union(parts)

    def _bindings(self, scope: Scope) -> dict[str, list[Binding]]:
        if scope.node not in self._bound:
            self._bound[scope.node] = bindings_of(scope.node)
        return self._bound[scope.node]
