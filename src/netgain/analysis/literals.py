"""Numbers written into training code that reach a hyperparameter, by data flow in the syntax tree.

A number counts where it stands at a place that sets how a model is trained (a sink) and reaches it from a
bare literal, directly, through arithmetic, or through a name that one function or one object assigns once. It
does not count where it comes in by an argument, a configuration, a module-level name or a default of a
function, where a comment on its line explains it, or where it is 0, 1, 2 or an epsilon.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from netgain.analysis.literal_calls import (
    calls_held,
    chances,
    gradient_scales,
    logits_of,
    starts,
    thresholds,
)
from netgain.analysis.literal_forms import (
    Held,
    is_running_mean,
    loss_weights,
    mixtures,
    output_scales,
    rates,
    scalings,
)
from netgain.analysis.literal_losses import loss_arguments
from netgain.analysis.literal_names import (
    Definition,
    key_of,
    number_in,
    single_assignments,
    statements_in,
    targets_of,
)
from netgain.analysis.literal_sinks import (
    BLURS,
    CONFIGURATION,
    EPSILON,
    FORWARDS,
    LOGIT_WORD,
    LOSS_FUNCTION,
    LOSS_TABLE,
    LOSS_WORD,
    NAMED,
    NO_STRENGTH,
    NOISE,
    OPTIMIZERS,
    PLAIN,
    PLAIN_AT,
    POSITION_NAMES,
    POSITIONAL_IN_LOSSES,
    POSITIONS,
    RATE_WORD,
    ROUNDINGS,
    SELECTING,
    SHAPES,
    SINKS,
    SOFTMAXES,
    TOOL_COMMENT,
    UNITS,
    kind_of,
    sink_of,
)
from netgain.analysis.per_tree import remembered
from netgain.analysis.stop_counters import stop_counters
from netgain.analysis.syntax import calls_in, last_name, literal, modules, names_in, place, walk
from netgain.study import CodeTree, Source, SourceFile

PATIENCE = "patience of the early stop"
"""What the number of a counter sets that ends a training."""
LOOKED_AT = frozenset((ast.Call, ast.Compare, ast.BinOp, ast.Dict))
"""Expressions that may hold a number of interest."""


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
    """Names tested by the conditions under which it is put to use."""
    written_under: tuple[str, ...] = ()
    """Those among them whose conditions the number itself stands under, and not only what it is given to."""
    source: Source
    """File and line."""
    explained: bool = False
    """Whether a comment on its line gives a reason for it."""

    @property
    def same_as(self) -> tuple[str, str, float]:
        """Return what makes two buried numbers of two trees the same."""
        return (self.sink, self.what, self.value)


def buried_numbers(tree: CodeTree) -> tuple[BuriedNumber, ...]:
    """Return the buried hyperparameters of a tree, most telling sink first, then by place."""
    return tuple(number for number in written_numbers(tree) if not number.explained)


def explained_numbers(tree: CodeTree) -> tuple[BuriedNumber, ...]:
    """Return the hyperparameters written into a tree as numbers that a comment gives a reason for."""
    return tuple(number for number in written_numbers(tree) if number.explained)


@remembered
def written_numbers(tree: CodeTree) -> tuple[BuriedNumber, ...]:
    """Return the hyperparameters written into a tree as bare numbers, explained by comments or not."""
    found: dict[tuple[str, int | None, str, float], BuriedNumber] = {}
    losses = loss_arguments(tree)
    for file, module in modules(tree):
        for number in _Search(file, module, losses).run():
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
        OPTIMIZERS.fullmatch(name)
        or "optimizer" in name.lower()
        or (name == "compile" and any(k.arg == "optimizer" for k in call.keywords))
        for _, module in modules(tree)
        for call in calls_in(module)
        for name in [last_name(call)]
    )


class _Search:
    """The walk through one file, with what is assigned and tested on the way."""

    def __init__(
        self, file: SourceFile, module: ast.Module, losses: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.file, self.module, self.losses = file, module, losses
        self.lines = file.text.splitlines()
        self.patience = stop_counters(module)
        """Numbers after which a counter ends the training, by the id of their conditions."""
        self.local: dict[str, ast.expr] = {}
        """Names that the function or object at hand assigns once, a literal."""
        self.guards: tuple[str, ...] = ()
        self.begun: list[tuple[int, set[str]]] = []
        """Line and names of each condition at hand."""
        self.around: tuple[Definition, ...] = ()
        """Classes and functions around the place at hand, outer first."""

    def run(self) -> Iterator[BuriedNumber]:
        """Yield what the file buries."""
        yield from self._block(self.module.body)

    def _block(self, body: list[ast.stmt]) -> Iterator[BuriedNumber]:
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from self._definition(statement)
            elif isinstance(statement, ast.If):
                yield from self._expressions(statement.test)
                yield from self._all(starts(statement, self.number_of))
                if (patience := self.patience.get(id(statement))) is not None:
                    yield from self._numbers(patience, "schedule", PATIENCE)
                outer_guards = self.guards
                tested = names_in(statement.test) - {"__name__"}
                self.guards = (*outer_guards, *sorted(tested))
                self.begun.append((statement.lineno, tested))
                yield from self._block(statement.body)
                yield from self._block(statement.orelse)
                self.guards = outer_guards
                self.begun.pop()
            elif blocks := statements_in(statement):
                yield from self._block(blocks)
            else:
                yield from self._statement(statement)

    def _definition(self, definition: Definition) -> Iterator[BuriedNumber]:
        local, around = self.local, self.around
        self.local = {**local, **single_assignments(definition)}
        self.around = (*around, definition)
        if self._in_class() and definition.name in FORWARDS:
            owner = self.around[-2].name
            yield from self._all(output_scales(definition, owner, self.number_of))
        yield from self._block(definition.body)
        self.local, self.around = local, around

    def _in_class(self) -> bool:
        """Tell whether a method of a class that is no loss is at hand."""
        owner = self.around[-2] if len(self.around) > 1 else None
        return isinstance(owner, ast.ClassDef) and not LOSS_FUNCTION.search(owner.name)

    def _in_loss(self) -> bool:
        """Tell whether what is returned here is a loss."""
        if not self.around or isinstance(self.around[-1], ast.ClassDef):
            return False
        owner = self.around[-2] if len(self.around) > 1 else None
        by_class = isinstance(owner, ast.ClassDef) and LOSS_FUNCTION.search(owner.name)
        called = self.around[-1].name in FORWARDS
        return bool(LOSS_FUNCTION.search(self.around[-1].name) or (by_class and called))

    def number_of(self, node: ast.AST) -> float | None:
        """Return the number an expression of literals stands for, local names looked through."""
        return number_in(node, self.local)

    def _all(self, held: Iterable[Held]) -> Iterator[BuriedNumber]:
        for one in held:
            yield from self._numbers(one.node, one.sink, one.what)

    def _statement(self, statement: ast.stmt) -> Iterator[BuriedNumber]:
        yield from self._expressions(statement)
        value = getattr(statement, "value", None)
        if value is None:
            return
        if isinstance(statement, ast.Return):
            yield from self._returned(value)
        for target in targets_of(statement):
            rate = literal(target.slice) if isinstance(target, ast.Subscript) else None
            if rate in ("lr", "weight_decay", "momentum"):
                yield from self._numbers(value, "schedule", f"parameter group {rate}")
        names = {name for target in targets_of(statement) for name in names_in(target)}
        if names:
            yield from self._assigned(statement, {name.lower() for name in names}, value)

    def _returned(self, value: ast.expr) -> Iterator[BuriedNumber]:
        if self._in_loss():
            yield from self._all(loss_weights(value, self.number_of, sure=True))
        names = {self.around[-1].name.lower()} if self.around else set()
        yield from self._all(mixtures(value, names, self.number_of))

    def _assigned(
        self, statement: ast.stmt, names: set[str], value: ast.expr
    ) -> Iterator[BuriedNumber]:
        operation = statement.op if isinstance(statement, ast.AugAssign) else None
        scaled = isinstance(operation, (ast.Mult, ast.Div))
        if any(LOSS_WORD.search(name) for name in names) and not is_running_mean(names, value):
            added = isinstance(operation, (ast.Add, ast.Sub))
            member = any(isinstance(target, ast.Subscript) for target in targets_of(statement))
            sure = added or member
            yield from self._all(loss_weights(value, self.number_of, sure=sure))
        if any(LOGIT_WORD.search(name) for name in names):
            for number, _ in scalings(value, self.number_of):
                if self.number_of(number) not in PLAIN:
                    yield from self._numbers(number, "temperature", "scale of logits")
            if scaled and self.number_of(value) is not None:
                yield from self._numbers(value, "temperature", "scale of logits")
        if any(RATE_WORD.search(name) for name in names):
            for number in [value] if scaled else rates(value, self.number_of):
                if self.number_of(number) is not None:
                    yield from self._numbers(number, "schedule", "formula of the learning rate")
        if operation is None:
            yield from self._all(mixtures(value, names, self.number_of))
        if self._in_function() and any(LOSS_TABLE.fullmatch(name) for name in names):
            items = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [])
            for item in items:
                yield from self._numbers(item, "loss", "weights of losses")
        if any(SELECTING.search(name) for name in names):
            yield from self._all(thresholds(value, self.number_of))

    def _in_function(self) -> bool:
        return bool(self.around) and not isinstance(self.around[-1], ast.ClassDef)

    def _expressions(self, node: ast.AST) -> Iterator[BuriedNumber]:
        """Look at every call, every product with noise, every comparison with a draw."""
        for child in walk(node):
            if child.__class__ not in LOOKED_AT:
                continue
            if isinstance(child, ast.Call):
                yield from self._call(child)
            elif isinstance(child, ast.Compare):
                yield from self._all(chances(child, self.number_of))
            elif isinstance(child, ast.BinOp) and isinstance(child.op, ast.Mult):
                for side, other in ((child.left, child.right), (child.right, child.left)):
                    if isinstance(other, ast.Call) and last_name(other) in NOISE:
                        yield from self._numbers(side, "augmentation", f"{last_name(other)} noise")
            elif isinstance(child, ast.BinOp) and isinstance(child.op, ast.Div):
                within = self.around[-1] if self.around else self.module
                yield from self._all(gradient_scales(child, within, self.number_of))
            elif isinstance(child, ast.Dict):
                for key, value in zip(child.keys, child.values, strict=True):
                    name = literal(key)
                    if isinstance(name, str) and name.lower().endswith("loss"):
                        yield from self._all(loss_weights(value, self.number_of, sure=False))

    def _call(self, call: ast.Call) -> Iterator[BuriedNumber]:
        name = last_name(call)
        kind = kind_of(name)
        if kind is None and name in self.losses:
            kind = "loss"
        if (name in SOFTMAXES or kind == "loss") and (call.args or name in SOFTMAXES):
            yield from self._scalings(logits_of(call))
        if kind is None and CONFIGURATION.fullmatch(name):
            return
        yield from self._all(calls_held(call, self.number_of))
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
                named = POSITION_NAMES.get((kind or "", position), f"argument {position + 1}")
                named = "clip_value" if name.startswith("clip_grad_value") else named
                yield from self._numbers(call.args[position], kind or "", f"{name} {named}")
        if kind == "loss":
            for argument, value in zip(self.losses.get(name, ()), call.args, strict=False):
                if re.fullmatch(POSITIONAL_IN_LOSSES, argument):
                    yield from self._numbers(value, "loss", f"{name} {argument}")
        if kind == "optimizer":
            for group in (node for item in call.args for node in walk(item)):
                if isinstance(group, ast.Dict):
                    yield from self._group(group, name)
        for keyword in call.keywords:
            argument = keyword.arg or ""
            sink = sink_of(kind, argument)
            if argument == "kernel_size" and BLURS.fullmatch(name):
                sink = "augmentation"
            if not sink and kind == "augmentation" and not SHAPES.fullmatch(name):
                sink = None if NO_STRENGTH.fullmatch(argument) else "augmentation"
            if sink:
                yield from self._numbers(keyword.value, sink, f"{name} {argument}")

    def _group(self, group: ast.Dict, name: str) -> Iterator[BuriedNumber]:
        """Look at the settings of one parameter group."""
        for key, value in zip(group.keys, group.values, strict=True):
            argument = literal(key)
            if isinstance(argument, str) and re.fullmatch(NAMED["optimizer"], argument):
                yield from self._numbers(value, "optimizer", f"{name} {argument}")

    def _scalings(self, value: ast.AST) -> Iterator[BuriedNumber]:
        """Find numbers that divide or multiply logits."""
        for number, _ in scalings(value, self.number_of):
            yield from self._numbers(number, "temperature", "scale of logits")

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
            behind = self.local.get(key_of(node))
            if behind is not None:
                yield from self._numbers(behind, sink, what)
        elif isinstance(node, ast.Call) and last_name(node) in ROUNDINGS and len(node.args) == 1:
            yield from self._numbers(node.args[0], sink, what)
        else:
            value = literal(node)
            if (
                isinstance(value, (int, float))
                and not isinstance(value, bool)
                and float(value) not in PLAIN_AT.get(sink, PLAIN)
                and abs(value) > EPSILON
            ):
                yield BuriedNumber(
                    sink=sink,
                    what=what,
                    value=float(value),
                    guards=tuple(dict.fromkeys(self.guards)),
                    written_under=self._written_under(node),
                    source=place(self.file, node),
                    explained=self._explained(node),
                )

    def _written_under(self, node: ast.AST) -> tuple[str, ...]:
        line = getattr(node, "lineno", 0)
        return tuple(sorted({n for begun, names in self.begun if begun <= line for n in names}))

    def _explained(self, node: ast.AST) -> bool:
        """Tell whether two words or more follow on the number's line that do not just say it again."""
        line, column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", 0)
        if line is None or line > len(self.lines):
            return False
        rest = self.lines[line - 1].encode()[column:].decode(errors="replace")
        comment = rest.partition("#")[2]
        code = self.lines[line - 1].partition("#")[0].lower()
        words = [
            w
            for w in re.findall(r"[^\W\d_]+", comment.lower())
            if w not in UNITS | set(re.findall(r"[a-z]+", code))
        ]
        return len(words) >= 2 and not TOOL_COMMENT.match("#" + comment)
