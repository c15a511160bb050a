"""Numbers that one script hands to an expression, each with the calls it came through.

Nothing is run. What reaches an expression is followed as in `constants`, with four differences: only the
script and the files it imports count; calls are kept, so that it can be told for which training a number was
meant; arithmetic is done; and `args.lr` is what a configuration holds under that name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from netgain.analysis.configuration_entries import HOLDERS, Entry, entry_key, entry_path
from netgain.analysis.constant_calls import argument_of, default_of
from netgain.analysis.constant_names import Selectors
from netgain.analysis.constants import UNKNOWN, Constants, Origin, Values, union
from netgain.analysis.scopes import FUNCTIONS, Scope
from netgain.analysis.syntax import last_name

MOST_STEPS = 20_000
"""Steps for one script."""
MOST_FOUND = 64
"""Numbers that are told apart."""
ROUNDING = frozenset({"float", "round", "abs"})
Answer = list[Origin | None]
"""What was found; None for what only a run would tell."""


@dataclass(eq=False, kw_only=True)
class Follower(Constants):
    """Follows expressions of one script."""

    files: frozenset[str]
    """The script and the files it imports."""
    entries: dict[str, list[Entry]]
    """What configurations of these files hold, by last name."""
    asleep: dict[str, tuple[range, ...]] = field(default_factory=dict)
    """Lines that do not run: what imported files do where they are started themselves."""

    def runs(self, node: ast.AST, path: str) -> bool:
        """Tell whether a place is reached when the script is started."""
        line = getattr(node, "lineno", 0)
        return not any(line in lines for lines in self.asleep.get(path, ()))

    def numbers(self, node: ast.AST, scope: Scope) -> Answer:
        """Return the numbers that may reach an expression."""
        found = self.of(node, scope)
        if len(found.origins) > MOST_FOUND or self.steps > MOST_STEPS:
            return [None]
        return [*found.origins, *([] if found.complete and found.origins else [None])]

    def _operation(self, node: ast.BinOp, scope: Scope, take: Selectors, depth: int) -> Values:
        if take:
            return super()._operation(node, scope, take, depth)
        sides = [self.of(side, scope, (), depth) for side in (node.left, node.right)]
        if not all(side.complete and len(side.origins) == 1 for side in sides):
            return UNKNOWN
        first, second = (side.origins[0] for side in sides)
        result = _arithmetic(node.op, first.value, second.value)
        if result is None:
            return UNKNOWN
        moved = first if first.default or not second.default else second
        words = (*first.words, *second.words)
        default = first.default or second.default
        return Values(origins=(replace(moved, value=result, words=words, default=default),))

    def _call(self, node: ast.Call, scope: Scope, take: Selectors, depth: int) -> Values:
        if last_name(node) in ROUNDING and len(node.args) == 1 and not take:
            return self.of(node.args[0], scope, (), depth)
        held = self._entry(node, scope, take, depth)
        return super()._call(node, scope, take, depth) if held is None else held

    def _subscript(self, node: ast.Subscript, scope: Scope, take: Selectors, depth: int) -> Values:
        held = self._entry(node, scope, take, depth)
        return super()._subscript(node, scope, take, depth) if held is None else held

    def _tables(self, name: str) -> list[tuple[ast.expr, Scope]]:
        return [(value, root) for value, root in super()._tables(name) if root.path in self.files]

    def _attribute(self, node: ast.Attribute, scope: Scope, take: Selectors, depth: int) -> Values:
        base = node.value
        if isinstance(base, ast.Name) and base.id == "self" and scope.owner is not None:
            held = self.program.attributes.get(scope.owner.node, {}).get(node.attr, [])
            if held:
                return union([self.of(value, at, take, depth) for value, at in held])
        if isinstance(base, ast.Name) and scope.binding(base.id) is None:
            of_module = (f"/{base.id}.py", f"/{base.id}/__init__.py")
            near = [one for one in self._tables(node.attr) if one[1].path.endswith(of_module)]
            if near:
                return union([self.of(value, root, take, depth) for value, root in near])
        return self._entry(node, scope, take, depth) or UNKNOWN

    def _entry(self, node: ast.expr, scope: Scope, take: Selectors, depth: int) -> Values | None:
        """Follow `args.lr`, `cfg["lr"]`, `self.hparams.lr` to what a configuration holds under that name.

        None where nothing says that the expression asks a configuration.
        """
        path = entry_path(node)
        if path is None or not self._holds(path):
            return None
        if path[:2] in (("self", "hparams"), ("self", "hp")) and scope.owner is not None:
            made = _init_scope(scope.owner)
            if made is not None and path[-1] in made.parameters:
                return self._parameter(made, path[-1], take, depth)
        return self._held(path, take, depth)

    def _holds(self, path: tuple[str, ...]) -> bool:
        """Tell whether a name on the way is that of a configuration, or of what holds such an entry."""
        entries = self.entries.get(entry_key(path[-1]), ())
        named = {part for entry in entries for part in entry.path[:-1]}
        return any(HOLDERS.fullmatch(part) or part in named for part in path[:-1])

    def _held(self, path: tuple[str, ...], take: Selectors, depth: int) -> Values:
        """Return what configurations hold under a name; an option without a default stays open."""
        parts = []
        for entry in self.entries.get(entry_key(path[-1]), ()):
            if entry.matches(path):
                found = self.of(entry.value, entry.scope, take, depth)
                origins = [
                    replace(one, words=(*one.words, *entry.words), default=True)
                    for one in found.origins
                ]
                whole = found.complete and bool(origins)
                parts.append(Values(origins=tuple(origins), complete=whole))
        return union(parts) if parts else UNKNOWN

    def _parameter(self, owner: Scope, name: str, take: Selectors, depth: int) -> Values:
        """Return what the calls of these files pass for an argument; its default where there is none."""
        function = owner.node
        if not isinstance(function, FUNCTIONS):
            return UNKNOWN
        sites = self.callers.sites(owner)
        near = [
            (call, path)
            for call, path in sites.calls
            if path in self.files
            and self.runs(call, path)
            and (sites.method or not self._of_an_object(call, path))
        ]
        default = default_of(function, name)
        outside = owner.parent or owner
        if not near:
            found = self.of(default, outside, take, depth)
            return replace(
                found, origins=tuple(replace(one, default=True) for one in found.origins)
            )
        parts = []
        for call, path in near:
            passed, decided = argument_of(call, function, name, method=sites.method)
            with self._through(call, path):
                if passed is not None:
                    at = self.program.scope_of(call, path)
                    parts.append(self.of(passed, at, take, depth))
                elif not decided:
                    parts.append(self._held((name,), take, depth))
                else:
                    parts.append(self.of(default, outside, take, depth))
        return union(parts)

    @contextmanager
    def _through(self, call: ast.Call, path: str) -> Iterator[None]:
        """Keep a call as the way of what is found meanwhile."""
        before = self.trail
        self.trail = (*before, (call, path))
        yield
        self.trail = before

    def _of_an_object(self, call: ast.Call, path: str) -> bool:
        """Tell whether a call asks an object for a method, as `model.train()` beside `def train(...)`."""
        if not isinstance(call.func, ast.Attribute):
            return False
        base = call.func.value
        if not isinstance(base, ast.Name):
            return not isinstance(base, ast.Attribute)
        return self.program.scope_of(call, path).binding(base.id) is not None


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
