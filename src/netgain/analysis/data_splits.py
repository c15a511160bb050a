"""Which split of the data an expression was computed on: loaders, data sets and scores followed to it.

Nothing is run. What a name is given is followed through assignments, loops over loaders, arguments and the
functions of the tree; names that say a split count where nothing else is known.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from netgain.analysis.constant_calls import Callers, argument_of
from netgain.analysis.scopes import COMPREHENSIONS, FUNCTIONS, Function, Program, Scope
from netgain.analysis.split_words import (
    DATA_MAKERS,
    KNOWN_DATASETS,
    LOADED,
    LOADER,
    NEVER_DATA,
    NO_DATA,
    NONE,
    SPLIT_ARGUMENTS,
    SPLITTERS,
    TEST_FUNCTION,
    Mark,
    Marks,
    Split,
    is_about,
    is_test,
    said_by,
    settled,
)
from netgain.analysis.statement_flow import Flow, Place, Write, flow_of, key_of
from netgain.analysis.syntax import dotted, last_name, literal, nodes_of
from netgain.study import Source

DEEPEST = 24
MOST_STEPS = 3_000
MOST_CALLERS = 12
MOST_CALLED = 4
AT_THE_END = Place(line=2**31)


@dataclass(eq=False, kw_only=True)
class Splits:
    """The data behind the names of one tree of code."""

    program: Program
    """Its scopes and calls."""
    callers: Callers
    """Who calls what."""
    steps: int = 0
    _flows: dict[ast.AST, Flow] = field(default_factory=dict)
    """Looked at for the question asked last."""
    _known: dict[tuple[int, int, frozenset[ast.AST]], Marks] = field(default_factory=dict)
    _cut: int = 0
    """How often a circle or a bound cut an answer short; what stands on such an answer is not kept."""
    _open: set[tuple[int, int]] = field(default_factory=set)
    _closed: set[ast.AST] = field(default_factory=set)
    """Functions whose arguments count as unknown, for their callers are looked at."""

    def flow(self, scope: Scope) -> Flow:
        """Return the flow of a scope."""
        if scope.node not in self._flows:
            self._flows[scope.node] = flow_of(scope.node)
        return self._flows[scope.node]

    def of(self, node: ast.AST, scope: Scope, at: Place, depth: int = 0) -> Marks:
        """Return what is known of the data behind an expression at a place of a scope."""
        if depth == 0:
            self.steps = 0
        self.steps += 1
        key = (id(node), id(scope))
        known = self._known.get((*key, frozenset(self._closed)))
        if known is not None:
            return known
        if depth > DEEPEST or self.steps > MOST_STEPS or key in self._open:
            self._cut += 1
            return NONE
        cut = self._cut
        self._open.add(key)
        try:
            found = self._of(node, scope, at, depth + 1)
        finally:
            self._open.discard(key)
        if cut == self._cut or depth == 0:
            self._known[*key, frozenset(self._closed)] = found
        return found

    def _of(self, node: ast.AST, scope: Scope, at: Place, depth: int) -> Marks:
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._of_name(node, scope, at, depth)
        if isinstance(node, ast.Call):
            return self._of_call(node, scope, at, depth)
        if isinstance(node, ast.Constant):
            return self._of_word(node, scope)
        if isinstance(node, ast.Subscript):
            named = self._of(node.slice, scope, at, depth) if literal(node.slice) else NONE
            if named:
                return named
            key = key_of(node)
            if key and key in self.flow(scope).writes:
                return self._written(key, scope, at, depth)
            chosen = self.of(node.slice, scope, at, depth)  # y[test_mask]
            return chosen or self.of(node.value, scope, at, depth)
        if isinstance(node, COMPREHENSIONS):
            return self._joined(
                [g.iter for g in node.generators] + _elements(node), scope, at, depth
            )
        if isinstance(node, ast.Lambda):
            return NONE
        if isinstance(node, ast.IfExp):
            return self._joined([node.body, node.orelse], scope, at, depth)
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return self._joined(parts, scope, at, depth)

    def _joined(self, parts: list[ast.expr], scope: Scope, at: Place, depth: int) -> Marks:
        found = NONE
        for part in parts[: 4 * DEEPEST]:
            found |= self.of(part, scope, at, depth)
        return found

    def _of_word(self, node: ast.Constant, scope: Scope) -> Marks:
        """Read `"test"` and `"data/val"`, as they stand for a split in arguments and keys."""
        if not isinstance(node.value, str) or len(node.value) > 60 or " " in node.value:
            return NONE
        split = said_by(re.split(r"[/\\]", node.value.strip("/\\"))[-1].lower())
        return self._mark(split, node, scope, by_name=True) if split else NONE

    def _mark(
        self, split: Split, node: ast.AST, scope: Scope, *, sure: bool = True, by_name: bool = False
    ) -> Marks:
        place = Source(path=scope.path, line=getattr(node, "lineno", None))
        return frozenset({Mark(split=split, source=place, sure=sure, by_name=by_name)})

    def _of_name(
        self, node: ast.Name | ast.Attribute, scope: Scope, at: Place, depth: int
    ) -> Marks:
        name = dotted(node)
        if (
            not name
            or NEVER_DATA.fullmatch(name)
            or (NO_DATA.fullmatch(name) and not said_by(name))
        ):
            return NONE
        known = self._written(name, scope, at, depth)
        if not known and isinstance(node, ast.Attribute) and last_name(node.value) != "self":
            known = self.of(node.value, scope, at, depth)  # loader.dataset
        return self._with_name(known, name, node, scope)

    def _with_name(self, known: Marks, name: str, node: ast.AST, scope: Scope) -> Marks:
        """Set what a name says against what it was given.

        What it was given wins, where that is sure and says one thing; test data under a name that says
        validation is remembered.
        """
        said = said_by(name)
        known = settled(known)
        splits = {mark.split for mark in known}
        if said is None or splits == {said}:
            return known
        unsure = all(not mark.sure for mark in known if mark.split != "train")
        if not splits or unsure or len(splits - {"train"}) != 1:
            own = scope.node in self._closed and self._is_of_caller(name, scope)
            return self._mark(said, node, scope, sure=not own, by_name=True)
        if said == "test" or "validation" in splits:
            return known
        return frozenset(
            replace(m, renamed=m.renamed or name)
            if m.split == "test" and said == "validation"
            else m
            for m in known
        )

    def _is_of_caller(self, name: str, scope: Scope) -> bool:
        """Tell whether a name of a function stands for what its callers pass, whatever it is called."""
        if name in scope.parameters:
            return True
        items = {
            n.id for loop in nodes_of(scope.node, ast.For) for n in nodes_of(loop.target, ast.Name)
        }
        local = name in self.flow(scope).writes and LOADER.search(name) is None
        return bool(scope.parameters) and (name in items or local)

    def _written(self, name: str, scope: Scope, at: Place, depth: int) -> Marks:
        """Return the data behind what the statements of a scope, of its class or its callers give a name."""
        flow = self.flow(scope)
        if name in flow.writes:
            writes = flow.reaching(name, at)[:DEEPEST]
            return _either(name, [self._of_write(name, write, scope, depth) for write in writes])
        if name in scope.parameters:
            return self._passed(name, scope, depth)
        if name.startswith("self."):
            return self._held(name.removeprefix("self."), scope, depth)
        outer = scope.parent
        while outer is not None and isinstance(outer.node, ast.ClassDef):
            outer = outer.parent
        if "." in name or depth > DEEPEST:
            return NONE
        if outer is not None:
            return self._written(name, outer, AT_THE_END, depth + 1)
        found = NONE
        if (scope.path, name) in self.callers.imported:
            for value, root in self.program.tables.get(name, [])[:2]:
                found |= self.of(value, root, AT_THE_END, depth)
        return found

    def _of_write(self, name: str, write: Write, scope: Scope, depth: int) -> Marks:
        is_part = isinstance(write.value, ast.Subscript) and isinstance(
            write.value.slice, ast.Slice
        )
        split_off = is_part or any(
            last_name(call) in SPLITTERS for call in nodes_of(write.value, ast.Call)
        )
        if split_off and said_by(name) == "validation":
            return self._mark("validation", write.value, scope)
        found = self._unpacked(name, write, scope, depth)
        for loop in write.place.loops:
            if isinstance(loop, (ast.For, ast.AsyncFor)):
                found |= self.of(loop.iter, scope, write.place, depth)
        return found

    def _unpacked(self, name: str, write: Write, scope: Scope, depth: int) -> Marks:
        """Return the data behind a value, or behind its part where a call returns several."""
        value, index = write.value, write.index
        if index is not None and isinstance(value, ast.Call):
            functions = self.called(value, scope)
            parts = _either(name, [self._returned(one, depth, index) for one in functions])
            if any(mark.sure for mark in parts):
                return parts
            if DATA_MAKERS.fullmatch(last_name(value)) and not self._of_arguments(
                value, scope, write.place, depth
            ):
                return NONE
        return self.of(value, scope, write.place, depth)

    def _passed(self, name: str, scope: Scope, depth: int) -> Marks:
        """Return the data behind what the calls of a function pass for an argument."""
        function = scope.node
        if function in self._closed or not isinstance(function, FUNCTIONS):
            return NONE
        sites = self.callers.sites(scope)
        found = NONE
        for call, path in sites.calls[:MOST_CALLERS]:
            given, _ = argument_of(call, function, name, method=sites.method)
            caller = self.around(call, path)
            if given is not None:
                found |= self.of(given, caller, self.place(call, caller), depth)
            else:
                found |= self._spread(call, function, name, caller, depth, method=sites.method)
        return found

    def _spread(
        self,
        call: ast.Call,
        function: Function,
        name: str,
        caller: Scope,
        depth: int,
        *,
        method: bool,
    ) -> Marks:
        """Return the data behind an argument that `f(cfg, *loaders(cfg))` passes."""
        places = [a.arg for a in (*function.args.posonlyargs, *function.args.args)][int(method) :]
        stars = [i for i, a in enumerate(call.args) if isinstance(a, ast.Starred)]
        if name not in places or len(stars) != 1:
            return NONE
        star = call.args[stars[0]]
        assert isinstance(star, ast.Starred)
        place = places.index(name) - stars[0]
        if isinstance(star.value, (ast.Tuple, ast.List)) and 0 <= place < len(star.value.elts):
            return self.of(star.value.elts[place], caller, self.place(call, caller), depth)
        found = NONE
        functions = self.called(star.value, caller) if isinstance(star.value, ast.Call) else []
        for inner in functions if place >= 0 else ():
            found |= self._returned(inner, depth, (place, None))
        return found

    def place(self, call: ast.Call, scope: Scope) -> Place:
        """Return where a call stands in the function or file around it."""
        return self.flow(scope).calls.get(id(call), Place(line=call.lineno))

    def around(self, call: ast.Call, path: str) -> Scope:
        """Return the function or file that a call of a file stands in."""
        scope = self.program.scope_of(call, path)
        while isinstance(scope.node, (*COMPREHENSIONS, ast.Lambda)) and scope.parent is not None:
            scope = scope.parent
        return scope

    def _held(self, attribute: str, scope: Scope, depth: int) -> Marks:
        """Return the data behind what the methods of a class give an attribute of `self`."""
        owner = scope.owner
        if owner is None or "." in attribute:
            return NONE
        found = NONE
        held = self.program.attributes.get(owner.node, {}).get(attribute, [])
        for value, method in held[:DEEPEST]:
            if value is not None:
                found |= self.of(value, method, Place(line=value.lineno), depth)
        return found

    def _of_call(self, call: ast.Call, scope: Scope, at: Place, depth: int) -> Marks:
        name = last_name(call)
        by_flag = self._flag(call, scope)
        if by_flag:
            return by_flag
        given = self._of_arguments(call, scope, at, depth)
        if isinstance(call.func, ast.Attribute):
            given |= self.of(call.func.value, scope, at, depth)
        splits = {mark.split for mark in given} - {"train"}
        if len(splits) == 1:
            return given
        if splits:
            return self._scored_of(given, call, scope, depth)
        for function in self.called(call, scope):
            given |= self._returned(function, depth, None)
        if not given and TEST_FUNCTION.match(name):
            return self._mark("test", call, scope, sure=False)
        return given

    def _scored_of(self, given: Marks, call: ast.Call, scope: Scope, depth: int) -> Marks:
        """Leave of several splits that a call is given the one that what it returns was computed on.

        `validate(val_loader, test_loader, model)` may use the first of them for a temperature alone.
        """
        returned = NONE
        for function in self.called(call, scope):
            returned |= self._returned(function, depth, None)
        scored = {mark.split for mark in returned} - {"train"}
        return frozenset(m for m in given if m.split in scored) if len(scored) == 1 else given

    def _of_arguments(self, call: ast.Call, scope: Scope, at: Place, depth: int) -> Marks:
        words = [k.value for k in call.keywords if k.arg in SPLIT_ARGUMENTS]
        if words and all(isinstance(word, ast.Constant) for word in words):
            named = self._joined(words, scope, at, depth)
            if named:
                return named
        parts = [*call.args, *(k.value for k in call.keywords if k.arg not in SPLIT_ARGUMENTS)]
        if last_name(call).endswith("DataLoader"):
            parts = [*call.args[:1], *(k.value for k in call.keywords if k.arg in LOADED)]
        elif last_name(call)[:1].isupper():
            given = [k for k in call.keywords if not is_about(k.arg)]
            loaders = [k for k in given if k.arg and LOADER.search(k.arg)]
            parts = [*call.args, *(k.value for k in loaders or given)]
        return self._joined(parts, scope, at, depth)

    def _flag(self, call: ast.Call, scope: Scope) -> Marks:
        """Read `CIFAR10(train=False)`; of a class or function of the tree the flag can mean other things."""
        for keyword in call.keywords:
            value = literal(keyword.value)
            if keyword.arg in ("train", "is_train", "training") and isinstance(value, bool):
                name = last_name(call)
                if not DATA_MAKERS.fullmatch(name):
                    return NONE
                known = keyword.arg == "train" and name[:1].isupper()
                sure = known and self._is_library(name)
                return self._mark("train" if value else "test", call, scope, sure=sure)
        return NONE

    def _is_library(self, name: str, depth: int = 0) -> bool:
        """Tell whether a class is a library's, or extends one of a library's data sets: the flag is then its.

        A class of the tree that extends `Dataset` alone reads the flag in its own way.
        """
        owners = [
            definition.node
            for definition in self.program.definitions.get(name, ())
            if isinstance(definition.node, ast.ClassDef)
        ]
        if not owners:
            return name not in self.program.definitions and (
                depth == 0 or KNOWN_DATASETS.fullmatch(name) is not None
            )
        return depth < DEEPEST and all(
            any(
                last_name(base) != name and self._is_library(last_name(base), depth + 1)
                for base in owner.bases
            )
            for owner in owners
        )

    def called(self, call: ast.Call, scope: Scope) -> list[Scope]:
        """Return the scopes of the functions of the tree that a call may run."""
        if not isinstance(call.func, (ast.Name, ast.Attribute)):
            return []
        names = self._aliases.get((scope.path, last_name(call)), [last_name(call)])
        found = [
            self.program.scopes[node]
            for name in names
            for node in self.callers.defined(name, scope.path)
            if isinstance(node, FUNCTIONS) and node in self.program.scopes
        ]
        if isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "self":
            own = [function for function in found if function.owner is scope.owner]
            found = own or found
        most = MOST_CALLED if len(names) == 1 else MOST_CALLERS
        return found if len(found) <= most else []

    @cached_property
    def _aliases(self) -> dict[tuple[str, str], list[str]]:
        """Return what `from module import name as alias` stands for, by file and alias."""
        found: dict[tuple[str, str], list[str]] = {}
        for path, root in self.program.roots.items():
            for imported in nodes_of(root.node, ast.ImportFrom):
                for alias in imported.names:
                    names = found.setdefault((path, alias.asname), []) if alias.asname else []
                    if alias.name not in names:
                        names.append(alias.name)
        return found

    def _returned(self, function: Scope, depth: int, index: tuple[int, int | None] | None) -> Marks:
        """Return the data behind what a function returns, whatever its callers pass."""
        if function.node in self._closed:
            return NONE
        self._closed.add(function.node)
        found = NONE
        try:
            for statement, at in self.flow(function).statements:
                if isinstance(statement, ast.Return) and statement.value is not None:
                    value: ast.expr = statement.value
                    if index is not None:
                        if not isinstance(value, ast.Tuple) or index[0] >= len(value.elts):
                            continue
                        if index[1] not in (None, len(value.elts)):
                            continue
                        value = value.elts[index[0]]
                    found |= self.of(value, function, at, depth)
        finally:
            self._closed.discard(function.node)
        return found


def _either(name: str, ways: list[Marks]) -> Marks:
    """Join what a name may be given in several ways.

    A loader called validation that is test data in one of them is not made honest by another that only bears
    the name, as the official validation set of another data set does.
    """
    found = frozenset(mark for marks in ways for mark in marks)
    is_loader = said_by(name) == "validation" and LOADER.search(name) is not None
    if is_loader and any(is_test(marks) for marks in ways):
        return frozenset(m for m in found if m.split != "validation" or not m.by_name)
    return found


def _elements(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.DictComp):
        return [node.value]
    return [node.elt] if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)) else []
