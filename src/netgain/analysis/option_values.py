"""What an expression is worth once an arm's settings are known, followed through names and calls."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from netgain.analysis.call_values import passed
from netgain.analysis.declared_options import CONFIGURATION_CLASS
from netgain.analysis.displays import DEEPEST, item_of
from netgain.analysis.known_values import Value, compared, joined, last_of
from netgain.analysis.options import (
    Options,
    default_asked_with,
    is_configuration,
    key_of,
    member_asked_for,
)
from netgain.analysis.scopes import Program, Scope
from netgain.analysis.syntax import calls_in, last_name, literal, nodes_of

FROM_CALLS = "(calls)"
"""Stands among the keys of a value that only the calls left standing settle."""
TEXT_METHODS = frozenset({"lower", "upper", "strip", "startswith", "endswith"})


@dataclass(eq=False, kw_only=True)
class Evaluation:
    """One tree under one arm's options."""

    program: Program
    """Scopes and calls of the tree as it stands."""
    options: Options
    """The arm's settings."""
    before: Evaluation | None = None
    """The tree before anything was taken out of it; None where this is that tree."""
    every_call: bool = False
    """Whether what all calls of a function give alike decides, though no setting does."""
    _parameters: dict[tuple[ast.AST, str], Value | Literal["several"] | None] = field(
        default_factory=dict
    )
    _reassigned: frozenset[str] | None = None
    _own: dict[int, str] | None = None

    def of(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> Value | None:
        """Return what an expression is worth, None where that is not known."""
        if node is None or depth > DEEPEST:
            return None
        if isinstance(node, ast.Constant):
            return Value(value=node.value)
        option = self.option(node)
        if option is not None:
            return option
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope, depth + 1)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return joined([self.of(item, scope, depth + 1) for item in node.elts])
        if isinstance(node, ast.Compare):
            return self._compare(node, scope, depth + 1)
        if isinstance(node, ast.BoolOp):
            return self._either(node, scope, depth + 1)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, scope, depth + 1)
        if isinstance(node, ast.IfExp):
            test = self.of(node.test, scope, depth + 1)
            if test is None:
                return None
            side = self.of(node.body if test.value else node.orelse, scope, depth + 1)
            return side and Value(value=side.value, keys=side.keys | test.keys)
        if isinstance(node, ast.Call):
            found = self._call(node, scope, depth + 1)
            if found is not None:
                return found
        if isinstance(node, (ast.Subscript, ast.Call)):
            item = item_of(self, node, scope, depth + 1)
            if item is not None:
                held = self.of(item[0], item[1], depth + 1)
                return held and Value(value=held.value, keys=held.keys | item[2])
        return None

    def option(self, node: ast.AST) -> Value | None:
        """Return the value of an option that a configuration is asked for."""
        if not isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            return None
        key = key_of(node, self.options) or self._of_its_own_class().get(id(node))
        if key is None or key in self.reassigned():
            return None
        if key in self.options.values:
            return Value(value=self.options.values[key], keys=frozenset((key,)))
        default = default_asked_with(node) if key in self.options.absent else None
        if not isinstance(default, (ast.Constant, ast.UnaryOp)):
            return None
        known = isinstance(default, ast.Constant) or literal(default) is not None
        keys = frozenset((key,))
        return Value(value=literal(default), keys=keys, spelled_in_code=True) if known else None

    def _holds(self, word: ast.expr, node: ast.expr) -> Value | None:
        """Tell whether a configuration holds an entry: `"gate" in cfg["model"]`."""
        key = member_asked_for(literal(word), node, self.options)
        stated = key in self.options.values
        if key is None or key in self.reassigned() or not (stated or key in self.options.absent):
            return None
        return Value(value=stated, keys=frozenset((key,)))

    def _of_its_own_class(self) -> dict[int, str]:
        """Return the keys that methods of a configuration's own class ask for as `self.key`, by node."""
        if self._own is None:
            self._own = {}
            for root in self.program.roots.values():
                for owner in nodes_of(root.node, ast.ClassDef):
                    if not CONFIGURATION_CLASS.search(owner.name):
                        continue
                    for node in nodes_of(owner, ast.Attribute):
                        named = isinstance(node.value, ast.Name) and node.value.id == "self"
                        key = self.options.at((node.attr,)) if named else None
                        if key is not None and isinstance(node.ctx, ast.Load):
                            self._own[id(node)] = key
        return self._own

    def reassigned(self) -> frozenset[str]:
        """Return the options that some file sets itself."""
        if self._reassigned is None:
            found = set()
            for root in self.program.roots.values():
                for kind in (ast.Attribute, ast.Subscript):
                    for node in nodes_of(root.node, kind):
                        if not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]  # both have it
                            found.add(key_of(node, self.options))
                for call in calls_in(root.node):
                    if last_name(call) == "setattr" and len(call.args) == 3:
                        name = literal(call.args[1])
                        if isinstance(name, str) and is_configuration(call.args[0]):
                            found.add(self.options.at((name,)))
            self._reassigned = frozenset(found - {None})  # type: ignore[arg-type]  # None is gone
        return self._reassigned

    def bound(self, name: str, scope: Scope) -> tuple[ast.expr, Scope] | None:
        """Return the one expression that a name stands for, in this file or another."""
        where = scope.binding(name)
        if where is None:
            tables = self.program.tables.get(name, [])
            return tables[0] if len(tables) == 1 else None
        values = where.bound.get(name, [])
        if name in where.parameters or len(values) != 1 or values[0] is None:
            return None
        return values[0], where

    def _name(self, name: str, scope: Scope, depth: int) -> Value | None:
        where = scope.binding(name)
        if where is not None and name in where.parameters and name not in where.bound:
            found = self.parameter(where, name, depth)
            return found if isinstance(found, Value) else None
        bound = self.bound(name, scope)
        return self.of(bound[0], bound[1], depth) if bound else None

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> Value | None:
        """Follow an attribute of `self` that the class or one it inherits from assigns once."""
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
            return None
        if node.attr in self.program.stored_from_outside:
            return None
        owner = scope.owner
        for _ in range(4):
            if owner is None or not isinstance(owner.node, ast.ClassDef):
                return None
            held = self.program.attributes.get(owner.node, {}).get(node.attr, [])
            if held:
                found = [self.of(value, where, depth) for value, where in held]
                same = found[0] is not None and all(f == found[0] for f in found[1:])
                return found[0] if same else None
            bases = [
                d for b in owner.node.bases for d in self.program.definitions.get(last_name(b), [])
            ]
            owner = bases[0].scope if len(bases) == 1 else None
        return None

    def parameter(
        self, scope: Scope, name: str, depth: int = 0
    ) -> Value | Literal["several"] | None:
        """Return what every call of a function gives for an argument; `several` where calls differ."""
        key = (scope.node, name)
        if key not in self._parameters:
            self._parameters[key] = None  # a call of itself adds nothing
            self._parameters[key] = self._marked(scope, name, passed(self, scope, name, depth))
        return self._parameters[key]

    def _marked(
        self, scope: Scope, name: str, found: Value | Literal["several"] | None
    ) -> Value | Literal["several"] | None:
        """Note on a constant that it is settled by what was taken out, where it was not settled before."""
        if self.every_call and isinstance(found, Value):
            return Value(value=found.value, keys=frozenset((FROM_CALLS,)))
        if not isinstance(found, Value) or found.keys or self.before is None:
            return found
        line = getattr(scope.node, "lineno", None)
        called = getattr(scope.node, "name", "")
        for earlier in self.before.program.definitions.get(called, []):
            if earlier.scope.path == scope.path and earlier.node.lineno == line:
                known = self.before.parameter(earlier.scope, name)
                if isinstance(known, Value) and known.value == found.value:
                    return found
        return Value(value=found.value, keys=frozenset((FROM_CALLS,)))

    def _compare(self, node: ast.Compare, scope: Scope, depth: int) -> Value | None:
        if len(node.ops) != 1:
            return None
        sides = [node.left, node.comparators[0]]
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            held = self._holds(*sides)
            if held is not None:
                wanted = isinstance(node.ops[0], ast.In)
                return Value(value=held.value is wanted, keys=held.keys)
        left, right = (self.of(side, scope, depth) for side in sides)
        if left is None and right is not None and not right.keys:
            left = self.by_name(node.left, right.value, scope)
        elif right is None and left is not None and not left.keys:
            right = self.by_name(sides[1], left.value, scope)
        if left is None or right is None:
            return None
        result = compared(node.ops[0], left.value, right.value)
        if result is None and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            exact = all(side.spelled_in_code or not side.keys for side in (left, right))
            equal = isinstance(node.ops[0], ast.Eq) is (left.value == right.value)
            result = equal if exact else None
        return None if result is None else Value(value=result, keys=left.keys | right.keys)

    def by_name(self, node: ast.expr, against: object, scope: Scope) -> Value | None:
        """Return the option that a plain name stands for, as what it is compared with shows.

        The name is that of one option in which the arms differ, and it is set against a word which that
        option takes in one of the arms.
        """
        name = node.id if isinstance(node, ast.Name) else ""
        if isinstance(node, ast.Attribute) and last_name(node.value) == "self":
            name = node.attr
        key = self.options.named(name) if name else None
        if key is None or key not in self.options.differing or key not in self.options.values:
            return None
        words = against if isinstance(against, tuple) else (against,)
        taken = [value for value in self.options.taken(key) if isinstance(value, str)]
        if not any(word in taken for word in words) or key in self.reassigned():
            return None
        if not self._is_handed_on(node, name, scope):
            return None
        return Value(value=self.options.values[key], keys=frozenset((key,)))

    def _is_handed_on(self, node: ast.expr, name: str, scope: Scope) -> bool:
        """Tell whether a name comes in from outside, and is not what this code sets itself."""
        if isinstance(node, ast.Attribute):
            owner = scope.owner
            held = self.program.attributes.get(owner.node, {}).get(name, []) if owner else []
            plain = all(value is not None and last_name(value) == name for value, _ in held)
            conflicting = any(
                self._conflicts(where, name) for _, where in held if name in where.parameters
            )
            return plain and not conflicting and name not in self.program.stored_from_outside
        where = scope.binding(name)
        if where is None:
            return True
        values = where.bound.get(name, [])
        if name in where.parameters:
            return not values and not self._conflicts(where, name)
        return len(values) == 1 and values[0] is not None and last_name(values[0]) == name

    def _conflicts(self, scope: Scope, name: str) -> bool:
        return self.parameter(scope, name) == "several"

    def _either(self, node: ast.BoolOp, scope: Scope, depth: int) -> Value | None:
        decisive = isinstance(node.op, ast.Or)
        values = [self.of(item, scope, depth) for item in node.values]
        for value in values:
            if value is not None and bool(value.value) is decisive:
                return value
        return last_of(values)

    def _unary(self, node: ast.UnaryOp, scope: Scope, depth: int) -> Value | None:
        operand = self.of(node.operand, scope, depth)
        if operand is None:
            return None
        if isinstance(node.op, ast.Not):
            return Value(value=not operand.value, keys=operand.keys)
        if isinstance(node.op, ast.USub) and isinstance(operand.value, (int, float)):
            return Value(value=-operand.value, keys=operand.keys)
        return None

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> Value | None:
        """Read `name.lower()`, `name.startswith("x")`, `hasattr(cfg, "x")`, `bool(x)`, `int(x)`, `str(x)`."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in TEXT_METHODS:
            text = self.of(node.func.value, scope, depth)
            arguments = [self.of(item, scope, depth) for item in node.args]
            if text is None or not isinstance(text.value, str):
                return None
            words = [a.value for a in arguments if a is not None]
            if len(words) < len(arguments) or not all(isinstance(w, (str, tuple)) for w in words):
                return None
            try:
                return Value(value=getattr(text.value, node.func.attr)(*words), keys=text.keys)
            except TypeError:
                return None
        if last_name(node) == "hasattr" and len(node.args) == 2:
            return self._holds(node.args[1], node.args[0])
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in ("bool", "int", "str")
            and len(node.args) == 1
        ):
            inner = self.of(node.args[0], scope, depth)
            if inner is None or not isinstance(inner.value, (bool, int)):
                return None if inner is None or node.func.id != "str" else inner
            kinds = {"bool": bool, "int": int, "str": str}
            return Value(value=kinds[node.func.id](inner.value), keys=inner.keys)
        return None
