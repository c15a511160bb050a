"""What one arm's options decide in a file, written down as edits of its text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace

from netgain.analysis.displays import item_of
from netgain.analysis.known_values import Value
from netgain.analysis.option_values import Evaluation
from netgain.analysis.scopes import FUNCTIONS, Scope
from netgain.analysis.syntax import calls_in, last_name, parse
from netgain.analysis.text_edits import Edits, edited
from netgain.study import CodeTree, SourceFile


def decided(
    tree: CodeTree, evaluation: Evaluation, may_change: Callable[[SourceFile, Scope], bool]
) -> tuple[CodeTree, set[str]]:
    """Decide once what can be decided in each file; return the tree and the keys that did it.

    Args:
        tree: the code.
        evaluation: what is known of its names.
        may_change: whether anything can be decided in a file; others stay as they are.
    """
    files: list[SourceFile] = []
    keys: set[str] = set()
    for file in tree.files:
        root = evaluation.program.roots.get(file.path)
        decisions = _of_file(file, root, evaluation) if root and may_change(file, root) else None
        text = edited(file.text, decisions.edits) if decisions else None
        if decisions is None or text is None or parse(text) is None:
            files.append(file)
            continue
        keys |= decisions.keys
        files.append(replace(file, text=text) if text != file.text else file)
    return replace(tree, files=tuple(files)), keys


def _of_file(file: SourceFile, root: Scope, evaluation: Evaluation) -> Decisions | None:
    decisions = Decisions(file.text, evaluation)
    try:
        decisions.block(root.node.body, root)  # type: ignore[attr-defined]  # a module has one
    except RecursionError:  # nested beyond what the interpreter follows
        return None
    return decisions if decisions.edits.made or decisions.keys else None


class Decisions:
    """The walk through one file that writes down what is to be edited."""

    def __init__(self, text: str, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.edits = Edits(text)
        self.keys: set[str] = set()

    def block(self, statements: Sequence[ast.stmt], scope: Scope) -> bool:
        """Go through statements in order; True where what was decided ends the block."""
        for index, statement in enumerate(statements):
            if self._statement(statement, scope):
                rest = statements[index + 1 :]
                if rest:
                    self.edits.blank_block(rest)
                return True
        last = statements[-1] if statements else None
        return isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break))

    def _statement(self, statement: ast.stmt, scope: Scope) -> bool:
        """Go through one statement; True where what was decided leaves nothing after it to run."""
        if isinstance(statement, ast.If):
            return self._if(statement, scope)
        if isinstance(statement, ast.Match):
            self._match(statement, scope)
            return False
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            inner = self.evaluation.program.scopes.get(statement)
            outer: list[ast.expr] = [*statement.decorator_list]
            if not isinstance(statement, ast.ClassDef):
                defaults = statement.args
                outer += [*defaults.defaults, *(d for d in defaults.kw_defaults if d)]
            for expression in outer:
                self._expression(expression, scope)
            self.block(statement.body, inner or scope)
            return False
        for name, part in ast.iter_fields(statement):
            if isinstance(part, ast.expr):
                self._expression(part, scope, is_test=name == "test")
            elif isinstance(part, list) and part:
                self._parts(part, scope)
        return False

    def _parts(self, parts: list[ast.AST], scope: Scope) -> None:
        if isinstance(parts[0], ast.stmt):
            self.block([p for p in parts if isinstance(p, ast.stmt)], scope)
            return
        for part in parts:
            if isinstance(part, ast.expr):
                self._expression(part, scope)
            elif isinstance(part, ast.ExceptHandler):
                self.block(part.body, scope)
            elif isinstance(part, ast.withitem):
                self._expression(part.context_expr, scope)

    def _if(self, statement: ast.If, scope: Scope) -> bool:
        test = self._known(statement.test, scope)
        if test is None:
            self._expression(statement.test, scope, is_test=True)
            self.block(statement.body, scope)
            if statement.orelse:
                self.block(statement.orelse, scope)
            return False
        self._put(statement.test, repr(bool(test.value)), test.keys)
        if test.value:
            ends = self.block(statement.body, scope)
            if statement.orelse:
                self.edits.blank_after(statement.body[-1], statement.orelse[-1])
            return ends
        self.edits.blank_block(statement.body)
        return self.block(statement.orelse, scope) if statement.orelse else False

    def _match(self, statement: ast.Match, scope: Scope) -> None:
        subject = self._known(statement.subject, scope)
        decided = False
        for case in statement.cases:
            fits = None if subject is None else _fits(case.pattern, subject.value)
            if subject is not None and (decided or fits is False):
                self.edits.blank_block(case.body)
                self.keys |= subject.keys
                continue
            if fits is None:
                subject = None  # which of the rest runs is open
            decided = fits is True and case.guard is None
            self.block(case.body, scope)

    def _known(self, node: ast.expr, scope: Scope) -> Value | None:
        """Return the worth of an expression that options decide."""
        value = self.evaluation.of(node, scope)
        return value if value is not None and value.keys else None

    def _put(self, node: ast.expr, text: str, keys: frozenset[str]) -> None:
        self.edits.replace(node, text)
        self.keys |= keys

    def _expression(self, node: ast.expr, scope: Scope, *, is_test: bool = False) -> None:
        """Replace what is decided inside an expression."""
        if isinstance(node, ast.JoinedStr):  # places inside are not told exactly before Python 3.12
            return
        if isinstance(node, (ast.Constant, ast.Name)) and not is_test:
            return
        if is_test or isinstance(node, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            value = self._known(node, scope)
            if value is not None and (is_test or isinstance(value.value, bool)):
                self._put(node, repr(bool(value.value)), value.keys)
                return
        if isinstance(node, ast.BoolOp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        ):
            operands = node.values if isinstance(node, ast.BoolOp) else [node.operand]
            for operand in operands:
                self._expression(operand, scope, is_test=is_test)
            return
        if isinstance(node, ast.IfExp):
            self._conditional(node, scope)
            return
        if isinstance(node, (ast.Subscript, ast.Call)) and self._entry(node, scope):
            return
        inner = self.evaluation.program.scopes.get(node, scope)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self._expression(part, inner)
            elif isinstance(part, ast.keyword):
                self._expression(part.value, inner)
            elif isinstance(part, ast.comprehension):
                self._expression(part.iter, inner)
                for condition in part.ifs:
                    self._expression(condition, inner, is_test=True)

    def _conditional(self, node: ast.IfExp, scope: Scope) -> None:
        test = self._known(node.test, scope)
        if test is None:
            self._expression(node.test, scope, is_test=True)
            self._expression(node.body, scope)
            self._expression(node.orelse, scope)
            return
        side = node.body if test.value else node.orelse
        self.edits.keep(node, side)
        self.keys |= test.keys
        self._expression(side, scope)

    def _entry(self, node: ast.Subscript | ast.Call, scope: Scope) -> bool:
        """Put in what a known name picks: an entry of a display, a member of a module, a count of repeats."""
        picked = item_of(self.evaluation, node, scope)
        if picked is not None and picked[2]:
            item = picked[0]
            within = any(item is inner for inner in ast.walk(node))
            if within:
                self.edits.keep(node, item)
                self._expression(item, scope)
            elif isinstance(item, (ast.Name, ast.Attribute)):
                self.edits.replace(node, ast.unparse(item))
            else:
                return False
            self.keys |= picked[2]
            return True
        member = self._member(node, scope)
        if member is not None:
            self._put(node, member[0], member[1])
            return True
        if isinstance(node, ast.Call) and last_name(node) in ("range", "repeat"):
            for argument in node.args:
                value = self.evaluation.option(argument)
                if (
                    value is not None
                    and type(value.value) is int
                    and value.keys & self.evaluation.options.differing
                ):
                    self._put(argument, repr(value.value), value.keys)
                else:
                    self._expression(argument, scope)
            return True
        return False

    def _member(
        self, node: ast.Subscript | ast.Call, scope: Scope
    ) -> tuple[str, frozenset[str]] | None:
        """Return `models.resnet` for `getattr(models, name)`, `models.__dict__[name]`, `globals()[name]`."""
        base, asked = "", None
        if isinstance(node, ast.Subscript):
            asked = node.slice
            if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
                base = _plain_path(node.value.value)
                asked = asked if base else None
            elif not (
                isinstance(node.value, ast.Call)
                and last_name(node.value) in ("globals", "locals")
                and not node.value.args
            ):
                return None
        elif isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) >= 2:
            base, asked = _plain_path(node.args[0]), node.args[1]
            asked = asked if base else None
        elif isinstance(node.func, ast.Name) and node.func.id == "eval" and len(node.args) == 1:
            asked = node.args[0]
        value = None if asked is None else self._known(asked, scope)
        if value is None or not (isinstance(value.value, str) and value.value.isidentifier()):
            return None
        return (f"{base}.{value.value}" if base else value.value), value.keys


def _plain_path(node: ast.expr) -> str:
    """Return `a.b` for names and attributes alone, empty for anything else."""
    plain = all(isinstance(n, (ast.Name, ast.Attribute, ast.Load)) for n in ast.walk(node))
    return ast.unparse(node) if plain and not calls_in(node) else ""


def _fits(pattern: ast.pattern, value: object) -> bool | None:
    """Tell whether a value takes a case of a match, None where that is open."""
    if isinstance(pattern, ast.MatchValue):
        known = pattern.value
        return known.value == value if isinstance(known, ast.Constant) else None
    if isinstance(pattern, ast.MatchSingleton):
        return pattern.value is value
    if isinstance(pattern, ast.MatchOr):
        each = [_fits(inner, value) for inner in pattern.patterns]
        return True if True in each else None if None in each else False
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _fits(pattern.pattern, value)
    return None
