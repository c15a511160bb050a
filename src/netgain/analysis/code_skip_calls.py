"""Skips that a module and its caller make together: an early and a late value are passed and joined.

The block of a decoder, `forward(self, x, skip)`, shows a concatenation of two arguments; only the forward
pass that calls it shows that one of them is earlier than the other.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netgain.analysis.code_skips import (
    Followed,
    Meeting,
    Part,
    Passed,
    arguments_of,
    follow,
    judged,
)
from netgain.analysis.code_structure import Sightings
from netgain.analysis.syntax import calls_in, dotted, last_name, nodes_of, walk

FORWARDS = frozenset({"forward", "call", "__call__"})
"""Methods that calling a module runs."""
FARTHEST = 4
"""Callers above a meeting that are asked."""
Site = tuple[str, str]
"""Class (empty for a plain function) and function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One function in which values are followed."""

    owner: ast.AST
    """The model class it is a method of, or the function itself."""
    forward: ast.FunctionDef
    """The function."""
    followed: Followed
    """What it shows."""

    @property
    def site(self) -> Site:
        """Return the names by which calls find it."""
        owner = self.owner.name if isinstance(self.owner, ast.ClassDef) else ""
        return owner, self.forward.name


def all_skips(
    forwards: Iterable[tuple[ast.AST, ast.FunctionDef]],
) -> Iterator[tuple[ast.AST, Sightings]]:
    """Yield the skips of each function of a tree's models, with the model class or function it is part of.

    Arguments that meet count as a skip where a caller passes a value and one computed from it, and as none
    where every caller passes values that have nothing in common. Without a caller the kind stays undecided.

    Args:
        forwards: methods of model classes and functions that build models, each with its owner.
    """
    passes = [Pass(owner=o, forward=f, followed=follow(f)) for o, f in forwards]
    for one in passes:
        yield one.owner, one.followed.sightings
    waiting = [(one, one.followed.meetings) for one in passes if one.followed.meetings]
    if not waiting:
        return
    calls = _calls_by_site(passes)
    for _ in range(FARTHEST):
        above: dict[int, tuple[Pass, list[Meeting]]] = {}
        for one, meetings in waiting:
            for meeting in meetings:
                told = [_told(meeting, one, at, passed) for at, passed in calls[one.site]]
                if any(answer is True for answer in told):
                    yield one.owner, Sightings(found=((meeting.kind, meeting.node),))
                elif not told or any(answer is None for answer in told):
                    yield one.owner, Sightings(found=(), decided=False)
                for (at, _), answer in zip(calls[one.site], told, strict=True):
                    if isinstance(answer, Meeting) and at is not one:
                        above.setdefault(id(at), (at, []))[1].append(answer)
        waiting = [(at, tuple(dict.fromkeys(found))) for at, found in above.values()]
    for one, _ in waiting:
        yield one.owner, Sightings(found=(), decided=False)


def _told(meeting: Meeting, callee: Pass, caller: Pass, passed: Passed) -> bool | Meeting | None:
    """Return what one call says of a meeting: a skip or none, not known, or a meeting in the caller."""
    sides = [_given(names, callee, passed) for names in meeting.sides]
    if sides[0] is None or sides[1] is None:
        return None
    left, right = sides
    assert left is not None and right is not None
    found = judged(meeting.kind, (left, right), meeting.words)
    own = frozenset(arguments_of(caller.forward)) - {"self", "cls"}
    met = (left[1] & own, right[1] & own)
    if found is False and met[0] and met[1] and not left[1] & right[1]:
        return Meeting(kind=meeting.kind, node=meeting.node, sides=met, words=meeting.words)
    return found


def _given(names: frozenset[str], callee: Pass, passed: Passed) -> Part | None:
    """Return what a call gives the arguments of one side, None where that cannot be told."""
    order = arguments_of(callee.forward)
    if isinstance(callee.owner, ast.ClassDef) and order[:1] == ["self"]:
        order = order[1:]
    stars = {star.arg for star in (callee.forward.args.vararg, callee.forward.args.kwarg) if star}
    spread = any(isinstance(part, ast.Starred) for part, _ in passed.parts) or "**" in passed.named
    if spread or names & stars:
        return None
    found = [
        passed.named.get(name) or passed.parts[order.index(name)]
        for name in sorted(names)
        if name in order and (name in passed.named or order.index(name) < len(passed.parts))
    ]
    if not found:
        return ast.Constant(value=None), frozenset()
    return found[0][0], frozenset().union(*(value for _, value in found))


def _calls_by_site(passes: list[Pass]) -> dict[Site, list[tuple[Pass, Passed]]]:
    """Return the calls of each function in which arguments meet or are handed on."""
    sites = {one.site for one in passes}
    classes = {owner: name for owner, name in sites if owner and name in FORWARDS}
    held = _held_classes(passes, frozenset(classes))
    found: dict[Site, list[tuple[Pass, Passed]]] = defaultdict(list)
    for one in passes:
        local = _local_modules(one.forward)
        for passed in one.followed.passed:
            for site in _called(passed.call, one, local, held, classes):
                if site in sites:
                    found[site].append((one, passed))
    return found


def _held_classes(passes: list[Pass], known: frozenset[str]) -> dict[Site, set[str]]:
    """Return the model classes behind the attributes of each class, and of any class by an empty name."""
    found: dict[Site, set[str]] = defaultdict(set)
    for owner in {id(one.owner): one.owner for one in passes}.values():
        if not isinstance(owner, ast.ClassDef):
            continue
        given = [(node.targets[0], [node.value]) for node in nodes_of(owner, ast.Assign)]
        for call in calls_in(owner):
            if last_name(call) in ("append", "add_module", "extend", "insert") and isinstance(
                call.func, ast.Attribute
            ):
                given.append((call.func.value, call.args))
        for target, values in given:
            name = dotted(target.value if isinstance(target, ast.Subscript) else target)
            made = {last_name(inner) for value in values for inner in walk(value)} & known
            for key in ((owner.name, name), ("", name)) if made else ():
                found[key] |= made
    return found


def _local_modules(forward: ast.FunctionDef) -> dict[str, set[str]]:
    """Return the attributes and classes that the names of a function are given, loops included."""
    found: dict[str, set[str]] = defaultdict(set)
    given: list[tuple[ast.AST, ast.expr]] = []
    given += [(node.target, node.iter) for node in nodes_of(forward, ast.For)]
    given += [(node.targets[0], node.value) for node in nodes_of(forward, ast.Assign)]
    for target, value in given:
        behind = {dotted(node) for node in nodes_of(value, ast.Attribute)}
        behind |= {last_name(call) for call in calls_in(value)}
        for name in nodes_of(target, ast.Name):
            found[name.id] |= behind - {""}
    return found


def _called(
    call: ast.Call,
    caller: Pass,
    local: dict[str, set[str]],
    held: dict[Site, set[str]],
    classes: dict[str, str],
) -> set[Site]:
    """Return the functions of the models that a call may run."""
    function = call.func
    if isinstance(function, ast.Call):  # `Up(64)(x, skip)`
        name = last_name(function)
        return {(name, classes[name])} if name in classes else set()
    if isinstance(function, ast.Subscript):
        function = function.value
    name = dotted(function)
    owner = caller.owner.name if isinstance(caller.owner, ast.ClassDef) else ""
    sites = {(owner, name.removeprefix("self.")), ("", name)}
    behind = {name, name.removesuffix(".forward"), *local.get(name, ())}
    for one in behind:
        made = held.get((owner, one)) or held.get(("", one)) or ({one} & classes.keys())
        sites |= {(inner, classes[inner]) for inner in made}
    return sites
