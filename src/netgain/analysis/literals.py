"""Numbers written into training code that reach a hyperparameter, by data flow in the syntax tree.

A number counts where it stands at a place that sets how a model is trained (a sink) and reaches it from a
bare literal, directly, through arithmetic, or through a name that one function or one object assigns once. It
does not count where it comes in by an argument, a configuration, a module-level name or a default of a
function, where a comment on its line explains it, or where it is 0, 1, 2 or an epsilon.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.literal_sinks import (
    ANYWHERE,
    CALLS,
    CONFIGURATION,
    EPSILON,
    LOGIT_WORD,
    LOSS_WORD,
    NAMED,
    NOISE,
    OPTIMIZERS,
    PLAIN,
    POSITIONS,
    SHAPES,
    SINKS,
    SOFTMAXES,
    TOOL_COMMENT,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, literal, modules, names_in, place, walk
from netgain.study import CodeTree, Source, SourceFile


def _summands(value: ast.AST) -> list[ast.AST]:
    """Return what a sum or difference is made of, left to right."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
        return [*_summands(value.left), *_summands(value.right)]
    return [value]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuriedNumber:
    """One literal that reaches a hyperparameter."""

    sink: str
    """Kind of sink, see `SINKS`."""
    what: str
    """The call and argument, or the expression, it sets."""
    value: float
    """The number as written."""
    guards: tuple[str, ...]
    """Names tested by the conditions it stands under."""
    source: Source
    """File and line."""

    @property
    def same_as(self) -> tuple[str, str, float]:
        """Return what makes two buried numbers of two trees the same."""
        return (self.sink, self.what, self.value)


@remembered
def buried_numbers(tree: CodeTree) -> tuple[BuriedNumber, ...]:
    """Return the buried hyperparameters of a tree, most telling sink first, then by place."""
    found: dict[tuple[str, int | None, str, float], BuriedNumber] = {}
    for file, module in modules(tree):
        for number in _Search(file, module).run():
            key = (number.source.path, number.source.line, number.what, number.value)
            found.setdefault(key, number)
    return tuple(
        sorted(
            found.values(),
            key=lambda n: (SINKS.index(n.sink), n.source.path, n.source.line or 0),
        )
    )


@remembered
def trains(tree: CodeTree) -> bool:
    """Tell whether a tree makes an optimizer, so that its hyperparameters can be looked for."""
    return any(
        OPTIMIZERS.fullmatch(name) or "optimizer" in name.lower()
        for _, module in modules(tree)
        for name in map(last_name, calls_in(module))
    )


class _Search:
    """The walk through one file, with what is assigned and tested on the way."""

    def __init__(self, file: SourceFile, module: ast.Module) -> None:
        self.file, self.module = file, module
        self.lines = file.text.splitlines()
        self.local: dict[str, ast.expr] = {}
        """Names that the function or object at hand assigns once, a literal."""
        self.guards: tuple[str, ...] = ()

    def run(self) -> Iterator[BuriedNumber]:
        """Yield what the file buries."""
        yield from self._block(self.module.body)

    def _block(self, body: list[ast.stmt]) -> Iterator[BuriedNumber]:
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                outer = self.local
                self.local = {**outer, **_single_assignments(statement)}
                yield from self._block(statement.body)
                self.local = outer
            elif isinstance(statement, ast.If):
                yield from self._expressions(statement.test)
                outer_guards = self.guards
                self.guards = (*outer_guards, *sorted(names_in(statement.test) - {"__name__"}))
                yield from self._block(statement.body)
                yield from self._block(statement.orelse)
                self.guards = outer_guards
            else:
                inner = [
                    part
                    for name in ("body", "orelse", "finalbody", "handlers")
                    for part in getattr(statement, name, [])
                ]
                blocks = [part for part in inner if isinstance(part, ast.stmt)]
                blocks += [
                    s for part in inner if isinstance(part, ast.ExceptHandler) for s in part.body
                ]
                if blocks:
                    yield from self._block(blocks)
                else:
                    yield from self._statement(statement)

    def _statement(self, statement: ast.stmt) -> Iterator[BuriedNumber]:
        yield from self._expressions(statement)
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, (ast.AugAssign, ast.AnnAssign))
            else []
        )
        names = {name.lower() for target in targets for name in names_in(target)}
        value = getattr(statement, "value", None)
        if value is None:
            return
        for target in targets:
            rate = literal(target.slice) if isinstance(target, ast.Subscript) else None
            if rate in ("lr", "weight_decay", "momentum"):
                yield from self._numbers(value, "schedule", f"parameter group {rate}")
        if any(LOSS_WORD.search(name) for name in names):
            yield from self._weights(value, "loss", LOSS_WORD)
        if any(LOGIT_WORD.search(name) for name in names):
            yield from self._scalings(value)

    def _expressions(self, node: ast.AST) -> Iterator[BuriedNumber]:
        """Look at every call and every product with noise."""
        for child in walk(node):
            if isinstance(child, ast.Call):
                yield from self._call(child)
            elif isinstance(child, ast.BinOp) and isinstance(child.op, ast.Mult):
                for side, other in ((child.left, child.right), (child.right, child.left)):
                    if isinstance(other, ast.Call) and last_name(other) in NOISE:
                        yield from self._numbers(side, "augmentation", f"{last_name(other)} noise")

    def _call(self, call: ast.Call) -> Iterator[BuriedNumber]:
        name = last_name(call)
        kind = next((k for k, pattern in CALLS.items() if pattern.fullmatch(name)), None)
        if (name in SOFTMAXES or kind == "loss") and call.args:
            yield from self._scalings(call.args[0])
        if kind is None and CONFIGURATION.fullmatch(name):
            return
        if kind == "augmentation" and SHAPES.fullmatch(name):
            positions: tuple[int, ...] = ()
        else:
            positions = POSITIONS.get(kind, ()) if kind else ()
        if name in ("mul_", "lerp_") and call.args:
            for number in self._numbers(call.args[-1], "averaging", f"{name} of weights"):
                if 0.9 <= number.value < 1 or 0 < number.value <= 0.1:
                    yield number
        for position in positions:
            if position < len(call.args):
                yield from self._numbers(
                    call.args[position], kind or "", f"{name} argument {position + 1}"
                )
        if kind == "optimizer":
            for group in (node for item in call.args for node in walk(item)):
                if isinstance(group, ast.Dict):
                    yield from self._group(group, name)
        for keyword in call.keywords:
            argument = keyword.arg or ""
            sink = kind if kind and re.fullmatch(NAMED[kind], argument.lower()) else None
            if sink is None and ANYWHERE.fullmatch(argument):
                sink = next(
                    (k for k, names in NAMED.items() if re.fullmatch(names, argument)), "loss"
                )
            if sink:
                yield from self._numbers(keyword.value, sink, f"{name} {argument}")

    def _group(self, group: ast.Dict, name: str) -> Iterator[BuriedNumber]:
        """Look at the settings of one parameter group."""
        for key, value in zip(group.keys, group.values, strict=True):
            argument = literal(key)
            if isinstance(argument, str) and re.fullmatch(NAMED["optimizer"], argument):
                yield from self._numbers(value, "optimizer", f"{name} {argument}")

    def _weights(self, value: ast.AST, sink: str, words: re.Pattern[str]) -> Iterator[BuriedNumber]:
        """Find numbers that multiply a term which reads as a loss."""
        for node in walk(value):
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
                for side, other in ((node.left, node.right), (node.right, node.left)):
                    term = next(
                        (n for n in sorted(names_in(other)) if words.search(n.lower())), None
                    )
                    if term and self._constant(side):
                        yield from self._numbers(side, sink, f"weight of {term}")
        yield from self._added_terms(value, sink, words)

    def _added_terms(
        self, value: ast.AST, sink: str, words: re.Pattern[str]
    ) -> Iterator[BuriedNumber]:
        """Find numbers that weigh a term of any name beside a loss: `loss + 3e-4 * x.square().mean()`."""
        terms = _summands(value)
        if len(terms) < 2 or not any(
            words.search(name.lower()) for term in terms for name in names_in(term)
        ):
            return
        for term in terms:
            if not (isinstance(term, ast.BinOp) and isinstance(term.op, ast.Mult)):
                continue
            for side, other in ((term.left, term.right), (term.right, term.left)):
                named = any(words.search(name.lower()) for name in names_in(other))
                if self._constant(side) and not self._constant(other) and not named:
                    shown = " ".join(ast.unparse(other).split())[:40]
                    yield from self._numbers(side, sink, f"weight of {shown}")

    def _scalings(self, value: ast.AST) -> Iterator[BuriedNumber]:
        """Find numbers that divide or multiply logits."""
        if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Mult, ast.Div)):
            sides = [value.right] if isinstance(value.op, ast.Div) else [value.left, value.right]
            for side in sides:
                if self._constant(side):
                    yield from self._numbers(side, "temperature", "scale of logits")

    def _constant(self, node: ast.AST) -> bool:
        """Tell whether an expression stands on literals alone, local names looked through."""
        if isinstance(node, ast.Name):
            return node.id in self.local
        if isinstance(node, ast.Attribute):
            return f"self.{node.attr}" in self.local and last_name(node.value) == "self"
        if isinstance(node, ast.BinOp):
            return self._constant(node.left) and self._constant(node.right)
        return literal(node) is not None

    def _numbers(self, node: ast.AST, sink: str, what: str) -> Iterator[BuriedNumber]:
        """Yield the literals an argument stands on: itself, in arithmetic, or behind a local name."""
        if isinstance(node, (ast.Tuple, ast.List)):
            for item in node.elts:
                yield from self._numbers(item, sink, what)
        elif isinstance(node, ast.BinOp) and isinstance(
            node.op, (ast.Mult, ast.Div, ast.Add, ast.Sub)
        ):
            yield from self._numbers(node.left, sink, what)
            yield from self._numbers(node.right, sink, what)
        elif isinstance(node, ast.IfExp):
            yield from self._numbers(node.body, sink, what)
            yield from self._numbers(node.orelse, sink, what)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            of_self = isinstance(node, ast.Attribute) and last_name(node.value) == "self"
            key = node.id if isinstance(node, ast.Name) else f"self.{node.attr}" if of_self else ""
            behind = self.local.get(key)
            if behind is not None:
                yield from self._numbers(behind, sink, what)
        else:
            value = literal(node)
            if (
                isinstance(value, (int, float))
                and not isinstance(value, bool)
                and float(value) not in PLAIN
                and abs(value) > EPSILON
                and not self._explained(node)
            ):
                yield BuriedNumber(
                    sink=sink,
                    what=what,
                    value=float(value),
                    guards=tuple(dict.fromkeys(self.guards)),
                    source=place(self.file, node),
                )

    def _explained(self, node: ast.AST) -> bool:
        """Tell whether a comment of two words or more follows on the line where the number stands."""
        line, column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", 0)
        if line is None or line > len(self.lines):
            return False
        rest = self.lines[line - 1].encode()[column:].decode(errors="replace")
        comment = rest.partition("#")[2]
        return len(comment.split()) >= 2 and not TOOL_COMMENT.match("#" + comment)


ASSIGNING = frozenset((ast.Assign, ast.AugAssign, ast.AnnAssign, ast.FunctionDef, ast.Lambda))


def _single_assignments(scope: ast.AST) -> dict[str, ast.expr]:
    """Return names and attributes of `self` that a function or class assigns once, a literal."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in walk(scope):
        if node.__class__ not in ASSIGNING:
            continue
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets, value = [node.target], None if isinstance(node, ast.AugAssign) else node.value
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                found.setdefault(argument.arg, []).append(None)
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Attribute) and last_name(target.value) == "self":
                found.setdefault(f"self.{target.attr}", []).append(value)
    return {
        name: values[0]
        for name, values in found.items()
        if len(values) == 1
        and values[0] is not None
        and isinstance(literal(values[0]), (int, float))
    }
