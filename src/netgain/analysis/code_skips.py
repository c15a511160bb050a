"""Skip connections as the forward pass of model code shows them: an earlier value met again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from netgain.analysis.code_losses import LOSS_NAME
from netgain.analysis.code_structure import Sighting, Sightings
from netgain.analysis.syntax import dotted, last_name, literal, names_in, nodes_of

FUSED_ADDITIONS = frozenset({"addcmul", "addcmul_", "addcdiv", "lerp", "lerp_"})
"""Calls that add a product to their first operand."""
ADDITIONS = frozenset({"add", "add_", "Add"})
JOINS = frozenset({"cat", "concat", "concatenate", "Concatenate"})
STORES = frozenset({"append", "insert", "extend", "setdefault", "appendleft"})
TAKES = frozenset({"pop", "popleft", "get", "values", "items"})
WRAPPERS = frozenset({"zip", "reversed", "enumerate", "list", "tuple", "iter", "next"})
"""Functions that hand on the members of what they are given."""
SIZES = frozenset(
    {"size", "dim", "numel", "len", "range", "arange", "zeros", "ones", "full",
     "empty", "zeros_like", "ones_like", "randn_like", "rand_like", "randn", "rand", "get_shape",
     "int_shape"}
)  # fmt: skip
"""Calls that look at the shape of a value and not at the value."""
INPUTS = frozenset({"Input", "InputLayer"})
"""Calls by which a functional model begins."""
SHAPE_ATTRIBUTES = frozenset({"shape", "dtype", "device", "ndim"})
GATED_NAME = re.compile(r"att(?:n|ention)?|gate|skip|lateral|crop", re.IGNORECASE)
"""Names of what an earlier value passes before it is joined to one computed from it."""
BYPASS_NAME = re.compile(r"shortcut|skip|residual|downsample|identity|bypass|proj", re.IGNORECASE)


Part = tuple[ast.expr, frozenset[str]]
"""An operand, and the values it was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two arguments of one function that are summed or concatenated: its callers know which is earlier."""

    kind: str
    """`residual-skip` or `concat-skip`."""
    node: ast.AST
    """The sum or concatenation."""
    sides: tuple[frozenset[str], frozenset[str]]
    """Names of the arguments that each side was computed from."""
    words: tuple[str, ...]
    """Names under which the two sides stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One call in a forward pass that is given values."""

    call: ast.Call
    """The call."""
    parts: tuple[Part, ...]
    """Its positional arguments."""
    named: Mapping[str, Part]
    """Its arguments by keyword."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A forward pass, read to its end."""

    sightings: Sightings
    """Skips that it shows by itself."""
    meetings: tuple[Meeting, ...]
    """Sums and concatenations of which only the callers can tell."""
    passed: tuple[Passed, ...]
    """Calls that are given values."""


def skips(forward: ast.FunctionDef) -> Sightings:
    """Find sums and concatenations in which an earlier value meets one computed from it.

    Two different calls of one value that are added count as a skip where one of them reads as a shortcut;
    else they are parallel branches or a skip with a projection, and the kind stays undecided. Two arguments
    that meet are for the callers to tell, see `follow`.
    """
    return follow(forward).sightings


def follow(forward: ast.FunctionDef) -> Followed:
    """Read a forward pass: its own skips, the arguments that meet in it, and what its calls are given."""
    flow = _read(forward, _in_order(forward.body))
    if nodes_of(forward, ast.If):
        # a shortcut may be a layer under a condition, and the value itself where it does not hold
        other = _read(forward, _in_order(forward.body, past_conditions=True))
        seen = {id(node) for _, node in flow.found}
        flow.found += [(kind, node) for kind, node in other.found if id(node) not in seen]
    settled = {id(node) for _, node in flow.found}
    return Followed(
        sightings=Sightings(
            found=tuple(flow.found),
            decided=flow.decided and all(id(node) in settled for node in flow.open),
        ),
        meetings=tuple(flow.meetings),
        passed=tuple(flow.passed),
    )


def _read(forward: ast.FunctionDef, statements: Iterable[ast.stmt]) -> _Flow:
    """Follow the values of a forward pass through statements of it."""
    flow = _Flow()
    flow.arguments = frozenset(arguments_of(forward)) - {"self", "cls"}
    flow.values = {name: frozenset({name}) for name in flow.arguments}
    try:
        for statement in statements:
            flow.read(statement)
    except RecursionError:  # an expression nested beyond what the interpreter follows
        flow.decided = False
    return flow


def arguments_of(function: ast.FunctionDef) -> list[str]:
    """Return the names of all arguments of a function, positional ones first and in order."""
    given = function.args
    stars = [star for star in (given.vararg, given.kwarg) if star is not None]
    return [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs, *stars)]


def judged(kind: str, parts: tuple[Part, Part], words: tuple[str, ...] = ()) -> bool | None:
    """Tell whether two values that meet are a skip; None where neither yes nor no is sure.

    Args:
        kind: `residual-skip` or `concat-skip`.
        parts: the two operands.
        words: further names that the operands go by.
    """
    (left, first), (right, second) = parts
    if not first or not second or first == second:
        return False
    if first < second or second < first:
        return True
    if not first & second:
        return False
    calls = [last_name(part) for part in (left, right) if isinstance(part, ast.Call)]
    named = [*calls, *(dotted(p) for p in (left, right) if isinstance(p, ast.Name)), *words]
    bypass = BYPASS_NAME if kind == "residual-skip" else GATED_NAME
    if any(bypass.search(word) for word in named):
        return True
    return None if kind == "residual-skip" else False


def _in_order(body: list[ast.stmt], *, past_conditions: bool = False) -> Iterator[ast.stmt]:
    """Yield simple statements in the order they are written, loops and branches entered once.

    Args:
        body: statements.
        past_conditions: whether what stands under a condition is left out, for what stands under its else.
    """
    for statement in body:
        if past_conditions and isinstance(statement, ast.If):
            yield from _in_order(statement.orelse, past_conditions=True)
            continue
        inner = [
            part
            for name in ("body", "orelse", "finalbody")
            for part in getattr(statement, name, [])
            if isinstance(part, ast.stmt)
        ]
        if inner:
            if isinstance(statement, ast.For):
                yield statement
            yield from _in_order(inner, past_conditions=past_conditions)
        else:
            yield statement


class _Flow:
    """What each name of a forward pass was computed from, followed statement by statement."""

    def __init__(self) -> None:
        self.values: dict[str, frozenset[str]] = {}
        """Every value a name was computed from, itself included; values are numbered as they are made."""
        self.found: list[Sighting] = []
        self.meetings: list[Meeting] = []
        self.passed: list[Passed] = []
        self.arguments: frozenset[str] = frozenset()
        self.decided = True
        self.open: list[ast.AST] = []
        """Sums of two branches of one value of which neither is sure to be the value itself."""
        self._made = 0

    def read(self, statement: ast.stmt) -> None:
        """Follow one statement; of a loop, its header."""
        if isinstance(statement, ast.For):
            for name in _targets(statement.target):
                self.values[name] = self.of(statement.iter)
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            value = self.of(statement.value)
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                for name in _targets(target):
                    self.values[name] = value
                if isinstance(target, ast.Subscript):
                    self._store(target.value, value)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            left, right = self.of(statement.target), self.of(statement.value)
            if isinstance(statement.op, ast.Add):
                self._meet(
                    statement, [(statement.target, left), (statement.value, right)], "residual-skip"
                )
            self.values[statement.target.id] = self._new(left | right)
        elif isinstance(statement, (ast.Return, ast.Expr)) and statement.value is not None:
            self.of(statement.value)

    def of(self, node: ast.expr) -> frozenset[str]:
        """Return the values an expression was computed from, the newest being its own."""
        if isinstance(node, ast.Name):
            return self.values.get(node.id, frozenset())
        if isinstance(node, ast.Attribute):
            if node.attr in SHAPE_ATTRIBUTES:
                return frozenset()
            return self.values.get(dotted(node)) or self.of(node.value)
        if isinstance(node, ast.BinOp):
            left, right = self.of(node.left), self.of(node.right)
            if isinstance(node.op, ast.Add):
                self._meet(node, [(node.left, left), (node.right, right)], "residual-skip")
            return self._new(left | right)
        if isinstance(node, ast.Call):
            return self._call(node)
        parts = [
            self.of(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        ]
        return frozenset().union(*parts)

    def _call(self, node: ast.Call) -> frozenset[str]:
        name = last_name(node)
        arguments = [*node.args, *[k.value for k in node.keywords]]
        if name in SIZES:
            return frozenset()
        if name in INPUTS:
            return self._new(frozenset({"input"}))
        if name in STORES and isinstance(node.func, ast.Attribute) and arguments:
            self._store(node.func.value, self.of(arguments[-1]))
            return frozenset()
        if name in TAKES and isinstance(node.func, ast.Attribute):
            return self.of(node.func.value)
        if name in WRAPPERS and isinstance(node.func, ast.Name):
            return frozenset().union(*map(self.of, arguments))
        if name in JOINS and _joins_samples(node):
            return self._new(frozenset().union(*map(self.of, arguments)))
        if name in JOINS | ADDITIONS and arguments:
            first = arguments[0]
            kind = "concat-skip" if name in JOINS else "residual-skip"
            if isinstance(first, (ast.List, ast.Tuple)):
                parts = [(part, self.of(part)) for part in first.elts]
                self._meet(node, parts, kind)
                return self._new(frozenset().union(*(value for _, value in parts)))
            if name in JOINS:
                self.decided = self.decided and not self.of(first)
        if (
            name == "sum"
            and isinstance(node.func, ast.Name)
            and arguments
            and self.of(arguments[0])
        ):
            self.decided = False  # what is in a list was made at different times, or was not
        values = [self.of(argument) for argument in arguments]
        self._pass(node, values)
        if isinstance(node.func, ast.Attribute):
            values.append(self.of(node.func.value))
        if name in FUSED_ADDITIONS:
            base = node.func.value if isinstance(node.func, ast.Attribute) else None
            operands = arguments if base is None or not self.of(base) else [base, *arguments]
            if len(operands) > 1:
                added = frozenset().union(*(self.of(part) for part in operands[1:]))
                self._meet(
                    node,
                    [(operands[0], self.of(operands[0])), (operands[-1], added)],
                    "residual-skip",
                )
        if name in ADDITIONS and len([value for value in values if value]) >= 2:
            operands = [*arguments[:2]] if len(arguments) > 1 else [arguments[0]]
            if len(operands) == 1 and isinstance(node.func, ast.Attribute):
                operands.append(node.func.value)
            self._meet(node, [(part, self.of(part)) for part in operands], "residual-skip")
        return self._new(frozenset().union(*values))

    def _pass(self, call: ast.Call, values: list[frozenset[str]]) -> None:
        """Note what a call is given."""
        starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        if any(values) or starred:
            count = len(call.args)
            named = {
                keyword.arg or "**": (keyword.value, value)
                for keyword, value in zip(call.keywords, values[count:], strict=True)
            }
            parts = tuple(zip(call.args, values[:count], strict=True))
            self.passed.append(Passed(call=call, parts=parts, named=named))

    def _store(self, target: ast.expr, value: frozenset[str]) -> None:
        """Put a value into a list or mapping: what is taken out may be any of those in it."""
        name = dotted(target)
        if name:
            self.values[name] = self.values.get(name, frozenset()) | value

    def _new(self, parents: frozenset[str]) -> frozenset[str]:
        """Return a new value made from others; nothing made from nothing stays nothing."""
        if not parents:
            return parents
        self._made += 1
        return parents | {f"#{self._made}"}

    def _meet(self, node: ast.AST, parts: list[Part], name: str) -> None:
        """Note a skip where one part was computed from another."""
        if any(LOSS_NAME.search(word) for part, _ in parts for word in names_in(part)):
            return  # terms of a loss
        for pair in combinations(parts, 2):
            (left, first), (right, second) = pair
            found = judged(name, pair)
            if found:
                self.found.append((name, node))
                return
            if found is None:
                self.open.append(node)
            if self._two_of_one(pair):
                self.decided = False
            sides = (first & self.arguments, second & self.arguments)
            if sides[0] and sides[1] and not first & second:
                words = tuple(word for word in (last_name(left), last_name(right)) if word)
                self.meetings.append(Meeting(kind=name, node=node, sides=sides, words=words))

    def _two_of_one(self, pair: tuple[Part, Part]) -> bool:
        """Match two members of one argument, `inputs[0]` and `inputs[1]` or names it was unpacked to."""
        (left, first), (right, second) = pair
        if first != second or len(first) != 1 or not first <= self.arguments:
            return False
        if isinstance(left, ast.Name) and isinstance(right, ast.Name):
            return left.id != right.id
        members = [p.slice for p in (left, right) if isinstance(p, ast.Subscript)]
        indices = [literal(member) for member in members]
        return len({i for i in indices if isinstance(i, (int, str))}) == 2


def _joins_samples(call: ast.Call) -> bool:
    """Tell whether a concatenation is along the first axis, which holds samples and no features."""
    given = [k.value for k in call.keywords if k.arg in ("dim", "axis")] or call.args[1:2]
    return bool(given) and literal(given[0]) == 0 and literal(given[0]) is not False


def _targets(node: ast.expr) -> list[str]:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return [dotted(node)]
    if isinstance(node, (ast.Tuple, ast.List)):
        return [name for part in node.elts for name in _targets(part)]
    return []
