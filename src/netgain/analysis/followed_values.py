"""Numbers that one script hands to an expression, each with the calls it came through.

Nothing is run. A name stands for what the statements and calls of the script and of the files it imports
give it. What came through several calls keeps them, so that it can be told for which training it was meant.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from netgain.analysis.configuration_entries import HOLDERS, Entry, entry_key, entry_path
from netgain.analysis.constant_calls import Callers, argument_of, default_of
from netgain.analysis.scopes import FUNCTIONS, Scope
from netgain.analysis.syntax import last_name, literal

DEEPEST = 24
"""Steps from an expression to a number."""
MOST_STEPS = 20_000
"""Steps for one script."""
MOST_FOUND = 64
"""Numbers followed at a time."""
PASSING = frozenset({"int", "float", "round", "abs"})
Trail = tuple[tuple[ast.Call, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A number that may reach an expression."""

    value: float
    """The number."""
    line: int | None
    """Where it is written."""
    path: str
    """In which file."""
    trail: Trail = ()
    """The calls that handed it on, the last one first."""
    words: tuple[str, ...] = ()
    """Keys under which it is kept in a configuration."""
    default: bool = False
    """Whether something outside the code can replace it, as an option of the command line."""


Answer = list[Found | None]
"""What was found; None for what only a run would tell."""


@dataclass(eq=False, kw_only=True)
class Follower:
    """Follows expressions of one script."""

    callers: Callers
    """Who calls what in the tree."""
    files: frozenset[str]
    """The script and the files it imports."""
    entries: dict[str, list[Entry]]
    """What configurations of these files hold, by last name."""
    steps: int = 0
    """Steps taken."""
    _open: set[tuple[int, int]] = field(default_factory=set)

    def of(self, node: ast.AST | None, scope: Scope, trail: Trail = (), depth: int = 0) -> Answer:
        """Return the numbers that may reach an expression."""
        self.steps += 1
        if node is None or depth > DEEPEST or self.steps > MOST_STEPS:
            return [None]
        key = (id(node), id(scope.node))
        if key in self._open:
            return []
        self._open.add(key)
        found = self._look(node, scope, trail, depth + 1)
        self._open.discard(key)
        return found if len(found) <= MOST_FOUND else [None]

    def _look(self, node: ast.AST, scope: Scope, trail: Trail, depth: int) -> Answer:
        value = literal(node)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            line = getattr(node, "lineno", None)
            return [Found(value=value, line=line, path=scope.path, trail=trail)]
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, trail, depth)
        if isinstance(node, ast.IfExp):
            return [f for n in (node.body, node.orelse) for f in self.of(n, scope, trail, depth)]
        if isinstance(node, ast.BoolOp):
            return [f for n in node.values for f in self.of(n, scope, trail, depth)]
        if isinstance(node, ast.BinOp):
            return self._computed(node, scope, trail, depth)
        if isinstance(node, ast.Call) and last_name(node) in PASSING and len(node.args) == 1:
            return self.of(node.args[0], scope, trail, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope, trail, depth)
        if isinstance(node, (ast.Subscript, ast.Call)):
            return self._entry(node, scope, trail, depth)
        return [None]

    def _computed(self, node: ast.BinOp, scope: Scope, trail: Trail, depth: int) -> Answer:
        left = self.of(node.left, scope, trail, depth)
        right = self.of(node.right, scope, trail, depth)
        if len(left) != 1 or len(right) != 1 or left[0] is None or right[0] is None:
            return [None]
        first, second = left[0], right[0]
        result = _arithmetic(node.op, first.value, second.value)
        if result is None:
            return [None]
        whole = int(result) if float(result).is_integer() and abs(result) < 1e15 else result
        moved = first if first.default or not second.default else second
        return [
            Found(
                value=whole,
                line=moved.line,
                path=moved.path,
                trail=moved.trail,
                words=(*first.words, *second.words),
                default=first.default or second.default,
            )
        ]

    def _name(self, name: str, scope: Scope, trail: Trail, depth: int) -> Answer:
        owner = scope.binding(name)
        if owner is None:
            tables = self.callers.program.tables.get(name, [])
            near = [(value, root) for value, root in tables if root.path in self.files]
            return [f for value, root in near for f in self.of(value, root, trail, depth)] or [None]
        found: Answer = []
        for value in owner.bound.get(name, []):
            found += self.of(value, owner, trail, depth)
        if name in owner.parameters:
            found += self._parameter(owner, name, trail, depth)
        return found or [None]

    def _attribute(self, node: ast.Attribute, scope: Scope, trail: Trail, depth: int) -> Answer:
        base = node.value
        if isinstance(base, ast.Name) and base.id == "self" and scope.owner is not None:
            held = self.callers.program.attributes.get(scope.owner.node, {}).get(node.attr, [])
            if held:
                return [f for value, at in held for f in self.of(value, at, trail, depth)]
        if isinstance(base, ast.Name) and scope.binding(base.id) is None:
            tables = self.callers.program.tables.get(node.attr, [])
            near = [
                (value, root)
                for value, root in tables
                if root.path in self.files
                and root.path.endswith((f"/{base.id}.py", f"/{base.id}/__init__.py"))
            ]
            if near:
                return [f for value, root in near for f in self.of(value, root, trail, depth)]
        return self._entry(node, scope, trail, depth)

    def _entry(self, node: ast.expr, scope: Scope, trail: Trail, depth: int) -> Answer:
        """Follow `args.lr`, `cfg["lr"]`, `self.hparams.lr` to what a configuration holds under that name."""
        path = entry_path(node)
        if path is None or not self._holds(path):
            return [None]
        found: Answer = []
        if path[:2] in (("self", "hparams"), ("self", "hp")) and scope.owner is not None:
            made = _init_scope(scope.owner)
            if made is not None and path[-1] in made.parameters:
                found += self._parameter(made, path[-1], trail, depth)
        found += self._held(path, trail, depth)
        return found or [None]

    def _holds(self, path: tuple[str, ...]) -> bool:
        """Tell whether a name on the way is that of a configuration, or of what holds such an entry."""
        entries = self.entries.get(entry_key(path[-1]), ())
        named = {part for entry in entries for part in entry.path[:-1]}
        return any(HOLDERS.fullmatch(part) or part in named for part in path[:-1])

    def _held(self, path: tuple[str, ...], trail: Trail, depth: int) -> Answer:
        found: Answer = []
        for entry in self.entries.get(entry_key(path[-1]), ()):
            if not entry.matches(path):
                continue
            for one in self.of(entry.value, entry.scope, trail, depth):
                found.append(
                    one
                    and Found(
                        value=one.value,
                        line=one.line,
                        path=one.path,
                        trail=one.trail,
                        words=(*one.words, *entry.words),
                        default=True,
                    )
                )
        return found

    def _parameter(self, owner: Scope, name: str, trail: Trail, depth: int) -> Answer:
        function = owner.node
        if not isinstance(function, FUNCTIONS):
            return [None]
        sites = self.callers.sites(owner)
        near = [
            (call, path)
            for call, path in sites.calls
            if path in self.files and (sites.method or not self._of_an_object(call, path))
        ]
        default = default_of(function, name)
        outside = owner.parent or owner
        if not near:
            found = self.of(default, outside, trail, depth) if default is not None else [None]
            return [
                one
                and Found(
                    value=one.value, line=one.line, path=one.path, trail=one.trail, default=True
                )
                for one in found
            ]
        given: Answer = []
        for call, path in near:
            longer = (*trail, (call, path))
            passed, decided = argument_of(call, function, name, method=sites.method)
            if passed is not None:
                given += self.of(passed, self.callers.program.scope_of(call, path), longer, depth)
            elif not decided:
                given += self._held((name,), longer, depth) or [None]
            elif default is not None:
                given += self.of(default, outside, longer, depth)
            else:
                given.append(None)
        return given

    def _of_an_object(self, call: ast.Call, path: str) -> bool:
        """Tell whether a call asks an object for a method, as `model.train()` beside `def train(...)`."""
        if not isinstance(call.func, ast.Attribute):
            return False
        base = call.func.value
        if not isinstance(base, ast.Name):
            return not isinstance(base, ast.Attribute)
        return self.callers.program.scope_of(call, path).binding(base.id) is not None


def _init_scope(owner: Scope) -> Scope | None:
    inner = [n for n in owner.own_nodes if isinstance(n, FUNCTIONS) and n.name == "__init__"]
    return Scope(node=inner[0], path=owner.path, parent=owner) if inner else None


def _arithmetic(op: ast.operator, left: float, right: float) -> float | None:
    try:
        if isinstance(op, ast.Add):
            return left + right
        if isinstance(op, ast.Sub):
            return left - right
        if isinstance(op, ast.Mult):
            return left * right
        if isinstance(op, ast.Div):
            return left / right
        if isinstance(op, ast.FloorDiv):
            return left // right
        if isinstance(op, ast.Pow) and abs(left) <= 10_000 and abs(right) <= 32:
            return float(left) ** right if left or right >= 0 else None
    except (ArithmeticError, ValueError):
        return None
    return None
