"""Gates that scale a model's features by what a squeeze of them says, by pattern and not by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from netgain.analysis.code_attention_kinds import (
    BOUNDS,
    MIXERS,
    PRODUCTS,
    SELF_ATTENTION,
    SIGMOIDS,
    attends_by_products,
    gate_kinds,
)
from netgain.analysis.code_attention_pools import POOLED, pools_by_softmax
from netgain.analysis.code_direct_gates import Classes, held_by, multiplied_gates
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import (
    calls_in,
    dotted,
    last_name,
    literal,
    modules,
    names_in,
    nodes_of,
    walk,
)
from netgain.study import CodeTree, SourceFile

POOLS = frozenset({"AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "adaptive_avg_pool1d",
                   "adaptive_avg_pool2d", "mean", "avg_pool2d", "avg_pool1d", "GlobalAveragePooling2D",
                   "AdaptiveMaxPool2d", "reduce_mean", "adaptive_avg_pool3d",
                   "GlobalAveragePooling1D"})  # fmt: skip
DEEPEST = 60
"""Levels of an expression below which nothing is looked for."""
TIMES = frozenset({"mul", "multiply", "mul_"})
FORWARDS = ("forward", "__call__", "call")


def attention_pattern(node: ast.ClassDef, classes: Classes) -> tuple[str, ...]:
    """Name the kinds of attention a class is, empty where it is none.

    A gate is a pool, one or two mixing layers and a sigmoid whose value is multiplied with the input, or the
    sigmoid of convolutions multiplied with what they were given.

    Args:
        node: the class.
        classes: classes of its tree, by name: parts of the gate may be made of them.
    """
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    forward = next((item for item in methods if item.name in FORWARDS), None)
    if forward is None:
        return ()
    found = list(_gates_of(node, methods, forward, classes))
    if attends_by_products(node):
        found.append(SELF_ATTENTION)
    elif pools_by_softmax(node):
        found.append(POOLED)
    return tuple(dict.fromkeys(found))


def _gates_of(
    node: ast.ClassDef, methods: list[ast.FunctionDef], forward: ast.FunctionDef, classes: Classes
) -> tuple[str, ...]:
    layered = any(last_name(call) in MIXERS for call in calls_in(node))
    if _scales_by_a_squeeze(node, forward) or any(
        method.name != "__init__" and gates_by_its_values(method, layered=layered)
        for method in methods
    ):
        return gate_kinds(_parts(node, classes), squeezed=True)
    held = held_by(node)
    makers = [
        maker
        for method in methods
        if method.name != "__init__"
        for maker in multiplied_gates(method, held, classes)
    ]
    return tuple(
        kind
        for maker in makers
        if not maker or not _squeezed(classes[maker])  # counted where the gate is made
        for kind in gate_kinds(_parts(classes[maker] if maker else node, classes))
    )


def _parts(node: ast.AST, classes: Classes) -> list[ast.AST]:
    """Return a class, and the classes that it is made of where it pools nothing by itself."""
    if gate_kinds([node]) != ("attention-gate",):
        return [node]
    made = {last_name(call) for call in calls_in(node)} & classes.keys()
    return [node, *(classes[name] for name in sorted(made) if classes[name] is not node)]


def _squeezed(owner: ast.ClassDef) -> bool:
    """Tell whether a class returns a gate from a pool, as `gates_multiplied_in` finds it."""
    return bool(POOLS & {last_name(call) for call in calls_in(owner)})


@remembered
def classes_of(tree: CodeTree) -> dict[str, ast.ClassDef]:
    """Return the classes of a tree by name, the first of each."""
    found: dict[str, ast.ClassDef] = {}
    for _, module in modules(tree):
        for owner in nodes_of(module, ast.ClassDef):
            found.setdefault(owner.name, owner)
    return found


def gates_by_its_values(function: ast.FunctionDef, *, layered: bool) -> bool:
    """Tell whether a function multiplies its input by a bound mix of the input's mean over positions.

    Args:
        function: a function or method that takes features.
        layered: whether calls of attributes of `self` may be mixing layers.
    """
    arguments = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)} - {"self", "cls"}
    return _Flow(arguments=frozenset(arguments), layered=layered).gates(function)


@dataclass(eq=False, kw_only=True)
class _Flow:
    """What became of the arguments of one function, statement by statement."""

    arguments: frozenset[str]
    layered: bool
    levels: dict[str, int] = field(default_factory=dict)
    """0 for what was not squeezed, 1 for squeezed, 2 for mixed after that, 3 for bound after that."""
    roots: dict[str, frozenset[str]] = field(default_factory=dict)
    """The arguments that each name is made of."""

    def gates(self, function: ast.FunctionDef) -> bool:
        """Follow the arguments through the statements, in the order they are written."""
        found = False
        for statement in sorted(
            (n for n in walk(function) if isinstance(n, (ast.Assign, ast.AugAssign, ast.Return))),
            key=lambda n: n.lineno,
        ):
            value = statement.value
            if value is None:
                continue
            if any(self._is_rest(node) for node in nodes_of(value, ast.BinOp)):
                return False  # a recurrent unit's update gate: (1 - z) * h + z * new
            found = found or any(self._scales(pair) for pair in _products(value))
            if isinstance(statement, ast.AugAssign):
                scales = isinstance(statement.op, ast.Mult)
                found = found or (scales and self._scales((statement.target, value)))
            elif isinstance(statement, ast.Assign):
                level, made_of = self._level(value, 0), self._made_of(value)
                for name in (n for t in statement.targets for n in names_in(t)):
                    self.levels[name], self.roots[name] = level, made_of
        return found

    def _is_rest(self, node: ast.BinOp) -> bool:
        is_rest = isinstance(node.op, ast.Sub) and literal(node.left) == 1
        return is_rest and self._level(node.right, 0) == 3

    def _scales(self, pair: tuple[ast.expr, ast.expr]) -> bool:
        """Tell whether of two factors one is a gate and one what the gate was made of, not squeezed."""
        if {self._level(side, 0) for side in pair} != {0, 3}:
            return False
        return bool(self._made_of(pair[0]) & self._made_of(pair[1]))

    def _made_of(self, node: ast.AST) -> frozenset[str]:
        made_of = frozenset(names_in(node)) & self.arguments
        for name in names_in(node):
            made_of |= self.roots.get(name, frozenset())
        return made_of

    def _level(self, node: ast.AST, depth: int) -> int:
        if depth > DEEPEST:
            return 0
        if isinstance(node, ast.Name):
            return self.levels.get(node.id, 0)
        level = max((self._level(p, depth + 1) for p in ast.iter_child_nodes(node)), default=0)
        if isinstance(node, ast.Call):
            return self._called(node, level)
        if isinstance(node, ast.BinOp):
            if level == 1 and isinstance(node.op, ast.MatMult):
                return 2
            if level == 2 and is_logistic(node):
                return 3
        return level

    def _called(self, call: ast.Call, level: int) -> int:
        name = last_name(call)
        if level == 0:
            return 1 if _squeezes(call) else 0
        own = isinstance(call.func, ast.Name) and name in self.arguments
        layer = self.layered and dotted(call.func).startswith("self.")
        if level == 1 and (name in MIXERS or name in PRODUCTS or own or layer):
            return 2
        if level == 2 and (name in SIGMOIDS or name in BOUNDS):
            return 3
        return level


def _products(value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the two factors of each product inside an expression."""
    for node in walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield node.left, node.right
        elif isinstance(node, ast.Call):
            name = last_name(node)
            if name == "einsum" and len(node.args) == 3:
                yield node.args[1], node.args[2]
            elif name in TIMES and len(node.args) == 2:
                yield node.args[0], node.args[1]
            elif name in TIMES and len(node.args) == 1 and isinstance(node.func, ast.Attribute):
                yield node.func.value, node.args[0]


def is_logistic(node: ast.AST) -> bool:
    """Match `1 / (1 + exp(-x))`."""
    if not (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and literal(node.left) == 1
    ):
        return False
    below = node.right
    return (
        isinstance(below, ast.BinOp)
        and isinstance(below.op, ast.Add)
        and 1 in (literal(below.left), literal(below.right))
        and any(last_name(call) == "exp" for call in calls_in(below))
    )


@remembered
def gates_multiplied_in(tree: CodeTree) -> tuple[tuple[SourceFile, ast.AST, str], ...]:
    """Find gates that are built in one place and multiplied with their input in another.

    A function that returns `Sequential(pool, layer, activation, layer, Sigmoid)`, a class whose forward
    returns the sigmoid, and a plain function that does all of it count where a model uses them; so does a
    function that weighs values by the softmax of a product.
    """
    found: list[tuple[SourceFile, ast.AST, str]] = []
    scaled, classes = _scaling_names(tree), classes_of(tree)
    called = {last_name(call) for _, module in modules(tree) for call in calls_in(module)}
    for file, module in modules(tree):
        for node in module.body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name not in called:
                continue
            squeezes = node.name in scaled and _is_gate(node, classes)
            scales = False
            if isinstance(node, ast.FunctionDef):
                squeezes = squeezes or gates_by_its_values(node, layered=False)
                scales = bool(multiplied_gates(node, {}, classes))
                if attends_by_products(node):
                    found.append((file, node, SELF_ATTENTION))
            if squeezes or scales:
                kinds = gate_kinds(_parts(node, classes), squeezed=squeezes)
                found += [(file, node, kind) for kind in kinds]
    return tuple(found)


def _is_gate(node: ast.FunctionDef | ast.ClassDef, classes: Classes) -> bool:
    """Tell whether a function or class builds pool, mixing layers and a sigmoid, and multiplies nothing."""
    calls = [last_name(call) for call in calls_in(node)]
    mixed = sum(name in MIXERS for name in calls)
    return (
        bool(POOLS & set(calls) and SIGMOIDS & set(calls))
        and 1 <= mixed <= 4
        and not (isinstance(node, ast.ClassDef) and attention_pattern(node, classes))
    )


def _scaling_names(tree: CodeTree) -> frozenset[str]:
    """Return what fills the attributes that models multiply by, as in `y * self.gate(y)`."""
    found: set[str] = set()
    for _, module in modules(tree):
        for owner in nodes_of(module, ast.ClassDef):
            held: dict[str, set[str]] = {}
            for assign in nodes_of(owner, ast.Assign):
                for target in assign.targets:
                    if isinstance(target, ast.Attribute):
                        names = {last_name(call) for call in calls_in(assign.value)}
                        held.setdefault(target.attr, set()).update(names)
            if held:
                for attribute in _scaling_attributes(owner):
                    found |= held.get(attribute, set())
    return frozenset(found)


def _scaling_attributes(owner: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes whose value a class multiplies with what it gives them."""
    for method in (item for item in owner.body if isinstance(item, ast.FunctionDef)):
        kept = {
            target.id: assign.value
            for assign in nodes_of(method, ast.Assign)
            for target in assign.targets
            if isinstance(target, ast.Name)
        }
        for node in walk(method):
            sides: list[ast.AST] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                sides = [node.left, node.right]
            elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
                sides = [node.value]
            elif isinstance(node, ast.Call) and last_name(node) in TIMES:
                sides = list(node.args)
            for side in sides:
                gate = kept.get(side.id, side) if isinstance(side, ast.Name) else side
                for call in calls_in(gate):
                    if (
                        isinstance(call.func, ast.Attribute)
                        and last_name(call.func.value) == "self"
                    ):
                        yield call.func.attr


def _squeezes(call: ast.Call) -> bool:
    """Tell whether a call takes the mean over positions: not over the batch, and not over everything."""
    name = last_name(call)
    if name == "einsum" and len(call.args) == 2:
        how = literal(call.args[0])
        if isinstance(how, str) and "->" in how:
            before, after = how.split("->")
            return bool(after.strip()) and len(after.strip()) < len(before.strip())
        return False
    if name == "reduce" and len(call.args) == 3:
        return literal(call.args[2]) in ("mean", "sum", "max")
    if name not in ("mean", "reduce_mean"):
        return name in POOLS
    over = [k.value for k in call.keywords if k.arg in ("dim", "axis")]
    free = isinstance(call.func, ast.Attribute) and last_name(call.func.value) in (
        "torch",
        "np",
        "jnp",
        "tf",
    )
    over += call.args[1:2] if free else call.args[:1]
    return bool(over) and literal(over[0]) != 0


def _scales_by_a_squeeze(node: ast.ClassDef, forward: ast.FunctionDef) -> bool:
    """Tell whether a class holds pool, mixing layer, sigmoid and a product of values made from its input."""
    calls = {last_name(call) for call in calls_in(node)}
    products = calls & PRODUCTS or any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult) for n in walk(forward)
    )
    if not (calls & POOLS and calls & SIGMOIDS and (calls & MIXERS or products)):
        return False
    inputs = {argument.arg for argument in forward.args.args} - {"self"}
    derived = _derived_names(forward, inputs)
    return any(
        (isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult) and _multiplies(n, derived))
        or (isinstance(n, ast.Call) and last_name(n) in TIMES)
        or (isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Mult))
        or (
            isinstance(n, ast.Call)
            and last_name(n) == "einsum"
            and sum(bool(names_in(argument) & derived) for argument in n.args) >= 2
        )
        for n in walk(forward)
    )


def _derived_names(forward: ast.FunctionDef, inputs: set[str]) -> set[str]:
    derived = set(inputs)
    for statement in forward.body:
        for node in walk(statement):
            if isinstance(node, ast.Assign) and names_in(node.value) & derived:
                derived |= {dotted(target) for target in node.targets}
    return derived


def _multiplies(node: ast.BinOp, derived: set[str]) -> bool:
    left, right = names_in(node.left) & derived, names_in(node.right) & derived
    constant = literal(node.left) is not None or literal(node.right) is not None
    return bool(left and right) and not constant
