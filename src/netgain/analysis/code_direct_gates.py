"""Gates without a squeeze: a value multiplied with the sigmoid of convolutions of that very value."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from netgain.analysis.code_attention_kinds import CONVOLUTIONS, SIGMOIDS
from netgain.analysis.syntax import calls_in, dotted, last_name, literal, nodes_of, walk

DEEPEST = 60
"""Levels of an expression below which nothing is looked for."""
LONGEST = 400
"""Statements of one method that are followed."""
TIMES = frozenset({"mul", "multiply", "mul_", "Multiply"})
RESHAPES = frozenset(
    {"view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "repeat", "contiguous", "to",
     "type_as", "float", "clone", "permute", "transpose"}
)  # fmt: skip
"""Calls that leave a value what it is."""
SIZES = frozenset(
    {"size", "dim", "numel", "len", "get_shape", "int_shape", "zeros_like", "ones_like"}
)
"""Calls that look at the shape of a value and not at the value."""
INPUTS = frozenset({"Input"})
"""Calls by which a functional model begins."""
RESHAPING_LAYERS = frozenset({"Reshape", "Permute", "Lambda", "RepeatVector", "Flatten"})
Classes = Mapping[str, ast.ClassDef]
"""The classes of a tree, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What an expression of a forward pass stands for."""

    of: frozenset[int] = frozenset()
    """Every value it was computed from, itself included."""
    own: int = 0
    """Its own number; 0 for what is no value of the pass."""
    mixed: frozenset[int] = frozenset()
    """Those of them from which convolutions made it."""
    is_gate: bool = False
    """Whether a sigmoid bounds what convolutions made."""
    maker: str = ""
    """Of a gate: the class of the tree that made it, where an attribute holds one."""


NOTHING = Value()


def multiplied_gates(
    method: ast.FunctionDef, held: Mapping[str, ast.expr], classes: Classes
) -> tuple[str, ...]:
    """Return the makers of the gates that a method multiplies with what convolutions made them of.

    A gate that the method makes by itself has an empty maker, one that a class of the tree returns its name.

    A gated convolution multiplies two convolutions of one value, and a recurrent unit mixes by z and 1 - z:
    neither counts.

    Args:
        method: forward pass of a class.
        held: what the class gives the attributes of `self`.
        classes: classes of the tree, looked into where an attribute holds one.
    """
    return _Pass(held=held, classes=classes).run(method)


@dataclass(eq=False, kw_only=True)
class _Pass:
    held: Mapping[str, ast.expr]
    classes: Classes
    squeezed: bool = False
    """Whether the method pools to one value for each channel, so that dense layers mix channels."""
    values: dict[str, Value] = field(default_factory=dict)
    made: int = 0
    found: list[str] = field(default_factory=list)
    rests: bool = False

    def run(self, method: ast.FunctionDef) -> tuple[str, ...]:
        """Follow the statements of a method in the order they are written."""
        self.squeezed = any(last_name(call).startswith("Global") for call in calls_in(method))
        for argument in method.args.args:
            if argument.arg != "self":
                self.values[argument.arg] = self._new([])
        statements = [
            n for n in walk(method) if isinstance(n, (ast.Assign, ast.AugAssign, ast.Return))
        ]
        for statement in sorted(statements, key=lambda n: n.lineno)[:LONGEST]:
            if statement.value is None:
                continue
            value = self.value_of(statement.value, 0)
            if isinstance(statement, ast.AugAssign):
                if isinstance(statement.op, ast.Mult):
                    self._meet(self.value_of(statement.target, 0), value)
                value = self._new([self.value_of(statement.target, 0), value])
                self.values[dotted(statement.target)] = value
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    parts = isinstance(target, (ast.Tuple, ast.List)) and value.own
                    for name in _names(target):
                        self.values[name] = self._new([value]) if parts else value
        return () if self.rests else tuple(dict.fromkeys(self.found))

    def value_of(self, node: ast.AST, depth: int) -> Value:
        """Return what an expression stands for, noting products on the way."""
        if depth > DEEPEST:
            return NOTHING
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self.values.get(dotted(node), NOTHING)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        parts = [self.value_of(child, depth + 1) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.BinOp):
            left, right = parts[0], parts[-1]
            if isinstance(node.op, ast.Mult):
                self._meet(left, right)
            if isinstance(node.op, ast.Sub) and right.is_gate and literal(node.left) == 1:
                self.rests = True
            gates = [part for part in (left, right) if part.is_gate]
            if gates and (not left.own or not right.own):
                return gates[0]  # scaled or shifted by a constant
        if isinstance(node, ast.Subscript):
            return parts[0]
        return self._new(parts)

    def _called(self, call: ast.Call, depth: int) -> Value:
        name = last_name(call)
        if name in SIZES:
            return NOTHING
        if name in INPUTS:
            return self._new([])
        given = call.args
        if len(given) == 1 and isinstance(given[0], (ast.List, ast.Tuple)) and name in TIMES:
            given = given[0].elts
        parts = [self.value_of(part, depth + 1) for part in given]
        parts += [self.value_of(k.value, depth + 1) for k in call.keywords]
        if isinstance(call.func, ast.Attribute):
            parts.insert(0, self.value_of(call.func.value, depth + 1))
        known = [part for part in parts if part.own]
        if not known:
            return NOTHING
        if name in TIMES and len(known) == 2:
            self._meet(*known)
        if isinstance(call.func, ast.Call):
            return self._keras(call.func, known)
        layers = self._layers(call)
        if name in RESHAPES or (known[0].is_gate and not layers):
            return known[0]  # a gate that is upsampled or repeated stays one
        if name in SIGMOIDS or (layers and layers <= SIGMOIDS):
            return self._new(known, is_gate=True)
        if name in CONVOLUTIONS or layers & CONVOLUTIONS:
            maker = last_name(self._attribute(call) or call)
            return self._new(
                known,
                mixes=True,
                is_gate=self._ends_in_sigmoid(call),
                maker=maker if maker in self.classes else "",
            )
        return self._new(known)

    def _keras(self, layer: ast.Call, known: list[Value]) -> Value:
        """Return the value of `Layer(...)(x)`."""
        name, bounds = last_name(layer), says_sigmoid(layer)
        if name in CONVOLUTIONS or (self.squeezed and name == "Dense"):
            return self._new(known, mixes=True, is_gate=bounds)
        if bounds or name in SIGMOIDS:
            return self._new(known, is_gate=True)
        return known[0] if known[0].is_gate or name in RESHAPING_LAYERS else self._new(known)

    def _new(
        self, parts: list[Value], *, mixes: bool = False, is_gate: bool = False, maker: str = ""
    ) -> Value:
        self.made += 1
        of = frozenset().union(*(part.of for part in parts))
        mixed = of if mixes else frozenset().union(*(part.mixed for part in parts))
        return Value(
            of=of | {self.made},
            own=self.made,
            mixed=mixed,
            is_gate=is_gate and bool(mixed),
            maker=maker,
        )

    def _meet(self, left: Value, right: Value) -> None:
        for gate, other in ((left, right), (right, left)):
            if gate.is_gate and not other.is_gate and other.own in gate.mixed:
                self.found.append(gate.maker)

    def _layers(self, call: ast.Call) -> frozenset[str]:
        """Return the names of the layers behind a call of an attribute of `self`."""
        layer = self._attribute(call)
        if layer is None:
            return frozenset()
        names = {last_name(inner) for inner in calls_in(layer)}
        for name in tuple(names):
            if name in self.classes:
                names |= {last_name(inner) for inner in calls_in(self.classes[name])}
        return frozenset(names)

    def _attribute(self, call: ast.Call) -> ast.expr | None:
        function = call.func
        of_self = isinstance(function, ast.Attribute) and last_name(function.value) == "self"
        return (
            self.held.get(function.attr)
            if of_self and isinstance(function, ast.Attribute)
            else None
        )

    def _ends_in_sigmoid(self, call: ast.Call) -> bool:
        """Tell whether what an attribute holds ends in a sigmoid: a sequence, or a class that returns one."""
        layer = self._attribute(call)
        if not isinstance(layer, ast.Call):
            return False
        if last_name(layer) == "Sequential" and layer.args:
            return last_name(layer.args[-1]) in SIGMOIDS
        owner = self.classes.get(last_name(layer))
        return owner is not None and returns_a_gate(owner)


def says_sigmoid(layer: ast.Call) -> bool:
    """Match `Activation("sigmoid")` and `Conv2D(1, 1, activation="sigmoid")`."""
    words = [k.value for k in layer.keywords if k.arg == "activation"]
    if last_name(layer) == "Activation":
        words += layer.args[:1]
    return any(literal(word) in SIGMOIDS or last_name(word) in SIGMOIDS for word in words)


def returns_a_gate(owner: ast.ClassDef) -> bool:
    """Tell whether the forward pass of a class returns a sigmoid."""
    held = held_by(owner)
    for method in owner.body:
        if not isinstance(method, ast.FunctionDef) or method.name not in ("forward", "call"):
            continue
        named = {
            target.id: assign.value
            for assign in nodes_of(method, ast.Assign)
            for target in assign.targets
            if isinstance(target, ast.Name)
        }
        for returned in nodes_of(method, ast.Return):
            value: ast.expr | None = returned.value
            if isinstance(value, ast.Name):
                value = named.get(value.id)
            if not isinstance(value, ast.Call):
                continue
            name = last_name(value)
            layer = held.get(name)
            last = layer.args[-1] if isinstance(layer, ast.Call) and layer.args else layer
            if name in SIGMOIDS or (last is not None and last_name(last) in SIGMOIDS):
                return True
    return False


def held_by(owner: ast.ClassDef) -> dict[str, ast.expr]:
    """Return what a class gives the attributes of `self`, the last of each."""
    return {
        target.attr: assign.value
        for assign in nodes_of(owner, ast.Assign)
        for target in assign.targets
        if isinstance(target, ast.Attribute) and last_name(target.value) == "self"
    }


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for part in target.elts for name in _names(part)]
    return [dotted(target)] if isinstance(target, (ast.Name, ast.Attribute)) else []
