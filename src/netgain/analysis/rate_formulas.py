"""By which formula a learning rate goes on with the training: what makes the value that code writes by hand.

The value is followed through assignments, arguments, functions of the tree and tables made by them. A formula
is known by what nothing else has: a cosine, a power of whole-numbered stages, a factor at a milestone.
"""

from __future__ import annotations

import ast
import re

from netgain.analysis.constant_calls import argument_of
from netgain.analysis.rate_changes import RATE_NAME
from netgain.analysis.schedule import Family
from netgain.analysis.schedule_uses import word_of
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import (
    called_in,
    calls_in,
    last_name,
    literal,
    nodes_of,
    parents_in,
    walk,
)

PROGRESS = re.compile(
    r"\w*(?:epoch|step|iter|progress|batch|frac|decay_ratio|coeff|^t$|^it$|^i$)\w*", re.IGNORECASE
)
"""Names of how far a training is."""
WAITING = re.compile(
    r"stagna|patien|no_improve|wait|bad_|since|plateau|stall|counter", re.IGNORECASE
)
"""Names of how long a training has not improved."""
GROUP = re.compile(r"\w*(?:group|pg)s?|g|p", re.IGNORECASE)
"""Names of groups of parameters."""
ANEW = re.compile(r"restart|cycle|t_cur|t_mult", re.IGNORECASE)
"""Names of schedules that begin anew, which more than one formula makes."""
COSINES = frozenset({"cos"})
WHOLE = frozenset(
    {"int", "floor", "sum", "bisect", "bisect_right", "bisect_left", "searchsorted", "digitize"}
)
"""Calls that make a stage of a progress."""
TRAINING = frozenset(
    {"backward", "zero_grad", "fit", "DataLoader", "train_on_batch", "apply_gradients"}
)
"""Calls of functions that do more than set a rate."""
DEEPEST = 4
MOST_PARTS = 40
"""Parts of a formula that are looked at."""


def is_harmless(test: ast.expr) -> bool:
    """Tell whether no setting decides a condition: it is one of progress, or of what a group holds."""
    started = any(word_of(part) == "__name__" for part in walk(test))
    return started or isinstance(test, ast.Constant) or of_progress(test) or _asks_group(test)


def _asks_group(test: ast.expr) -> bool:
    """Match `"lr_scale" in group`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], (ast.In, ast.NotIn))
        and isinstance(test.left, ast.Constant)
        and GROUP.fullmatch(word_of(test.comparators[0])) is not None
    )


def of_progress(test: ast.expr) -> bool:
    """Tell whether a condition compares how far the training is; `args.decay_epochs > 0` asks a setting."""
    return any(
        PROGRESS.fullmatch(word_of(part)) and not WAITING.search(word_of(part))
        for compare in nodes_of(test, ast.Compare)
        for part in walk(compare)
        if isinstance(part, ast.Name)
        or (isinstance(part, ast.Attribute) and last_name(part.value) == "self")
    )


def formula(statement: ast.Assign | ast.AugAssign, scope: Scope, program: Program) -> set[Family]:
    """Return the shapes that the parts of a formula have; none where the rate does not follow progress."""
    parts = _parts(statement, scope, program)
    if parts is None:
        return {"other"}
    names = {word_of(node) for part in parts for node in walk(part)} - {""}
    if any(map(ANEW.search, names)):
        return {"other"}
    found: set[Family] = set()
    for part in parts:
        found |= _shapes(part)
    if not found and _at_milestone(statement, parts, scope):
        return {"step"}
    open_still = isinstance(statement, ast.AugAssign) or any(map(PROGRESS.fullmatch, names))
    return found or ({"other"} if open_still else set())


def _parts(
    statement: ast.Assign | ast.AugAssign, scope: Scope, program: Program
) -> list[ast.AST] | None:
    """Return the expressions and functions that a rate is made by; None where one of them is not there."""
    if isinstance(scope.node, FUNCTIONS) and not called_in(scope.node) & TRAINING:
        found: list[ast.AST] = [scope.node]  # a function that does nothing else
    else:
        found = [statement.value]
    waiting: list[tuple[ast.AST, Scope, int]] = [(statement.value, scope, 0)]
    seen: set[int] = set()
    for part, around, depth in waiting:  # the list grows as parts are looked into
        if id(part) in seen or len(found) >= MOST_PARTS:
            continue
        seen.add(id(part))
        if around.node not in found:  # else it was looked at with all its function
            found.append(part)
        if depth > DEEPEST:
            return None
        for name in nodes_of(part, ast.Name):
            given = _given(name.id, around, program)
            if given is None:
                return None
            waiting += [(value, where, depth + 1) for value, where in given]
        for call in calls_in(part):
            definitions = program.definitions.get(last_name(call), [])
            if len(definitions) == 1 and isinstance(definitions[0].node, FUNCTIONS):
                found.append(definitions[0].node)
        for attribute in nodes_of(part, ast.Attribute):
            if last_name(attribute.value) == "self" and around.owner is not None:
                held = program.attributes.get(around.owner.node, {}).get(attribute.attr, [])
                waiting += [(v, s, depth + 1) for v, s in held[:DEEPEST] if v is not None]
    return found


def _given(name: str, around: Scope, program: Program) -> list[tuple[ast.AST, Scope]] | None:
    """Return what a name is given: by assignments, in place or by calls; None where open."""
    binding = around.binding(name)
    if binding is None:
        return []
    values = [value for value in binding.bound.get(name, []) if value is not None]
    changed = [
        node
        for node in nodes_of(binding.node, ast.AugAssign)
        if isinstance(node.target, ast.Name) and node.target.id == name
    ]
    if len(values) + len(changed) > 2 * DEEPEST:
        return None
    found: list[tuple[ast.AST, Scope]] = [(value, binding) for value in (*values, *changed)]
    if name in binding.parameters and RATE_NAME.fullmatch(name):
        assert isinstance(binding.node, (*FUNCTIONS, ast.Lambda))
        if isinstance(binding.node, ast.Lambda):
            return None
        calls = program.calls.get(binding.node.name, [])
        if not calls or len(calls) > DEEPEST:
            return None
        for call, path in calls:
            value, _ = argument_of(call, binding.node, name, method=binding.owner is not None)
            if value is None:
                return None
            found.append((value, program.scope_of(call, path)))
    return found


def _shapes(part: ast.AST) -> set[Family]:
    """Return the shapes whose marks an expression or a function holds; `other` where a setting decides."""
    marks: list[tuple[ast.AST, Family]] = []
    for call in calls_in(part):
        if last_name(call) in COSINES:
            marks.append((call, "cosine"))
        elif last_name(call) == "pow" and len(call.args) == 2:
            marks.append((call, "other"))
    marks += [(n, _power(n, part)) for n in nodes_of(part, ast.BinOp) if isinstance(n.op, ast.Pow)]
    for branch in nodes_of(part, ast.If):
        if of_progress(branch.test) and _lowers(branch.body):
            marks.append((branch, "other" if _is_early(branch.test) else "step"))
    for choice in nodes_of(part, ast.IfExp):
        if not of_progress(choice.test) and not isinstance(choice.test, ast.Constant):
            marks.append((choice, "other"))
        elif any(map(_is_factor, (choice.body, choice.orelse))):
            marks.append((choice, "step"))
    if not marks:
        return set()
    parents = parents_in(part)
    return {"other" if _is_switched(node, parents) else family for node, family in marks}


def _is_early(test: ast.expr) -> bool:
    """Match `epoch < 5`: a factor there is a warm-up, or one of stages that are told apart elsewhere."""
    return any(
        isinstance(op, (ast.Lt, ast.LtE))
        for compare in nodes_of(test, ast.Compare)
        for op in compare.ops
    )


def _is_switched(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    at = parents.get(node)
    while at is not None:
        if isinstance(at, ast.If) and not is_harmless(at.test):
            return True
        at = parents.get(at)
    return False


def _power(power: ast.BinOp, part: ast.AST) -> Family:
    """Return what `0.1 ** (epoch // 30)`, `0.95 ** epoch`, `(1 - t / n) ** 0.9` and `step ** -0.5` are."""
    if literal(power.right) in (-0.5, -1.5):  # the warm-up of Noam's schedule has the latter
        return "inverse-sqrt"
    base = literal(power.left)
    named = word_of(power.left).lower()
    falls = (isinstance(base, (int, float)) and 0 < base < 1) or re.search(
        r"gamma|decay|factor|drop", named
    )
    if not falls:
        return "other"
    exponents: list[ast.expr] = [power.right]
    if isinstance(
        power.right, ast.Name
    ):  # `steps = np.sum(epoch > milestones)` in the same function
        exponents += [
            assign.value
            for assign in nodes_of(part, ast.Assign)
            if any(word_of(target) == power.right.id for target in assign.targets)
        ]
    if any(map(_is_staged, exponents)):
        return "step"
    # a `step` may be a stage: SSD's is the number of milestones passed
    name = last_name(power.right) if isinstance(power.right, (ast.Name, ast.Attribute)) else ""
    return "exponential" if re.search(r"epoch|iter", name, re.IGNORECASE) else "other"


def _is_staged(exponent: ast.expr) -> bool:
    """Tell whether an exponent counts stages: whole-numbered, or milestones that were passed."""
    return any(
        isinstance(node.op, ast.FloorDiv) for node in nodes_of(exponent, ast.BinOp)
    ) or not called_in(exponent).isdisjoint(WHOLE)


def _lowers(body: list[ast.stmt]) -> bool:
    """Tell whether a branch multiplies or divides a rate by a number and by nothing that goes on."""
    return any(
        _by_factor(statement if isinstance(statement, ast.AugAssign) else statement.value)
        for statement in body
        if isinstance(statement, (ast.AugAssign, ast.Assign, ast.Return))
    )


def _by_factor(node: ast.AST | None) -> bool:
    """Match `lr *= 0.1`, `lr / 10` and `lr * gamma`."""
    if not isinstance(node, (ast.AugAssign, ast.BinOp)) or not isinstance(
        node.op, (ast.Mult, ast.Div)
    ):
        return False
    return any(
        map(
            _is_factor, [node.value] if isinstance(node, ast.AugAssign) else [node.left, node.right]
        )
    )


def _is_factor(node: ast.expr) -> bool:
    number = literal(node)
    if isinstance(number, (int, float)):
        return number not in (0, 1)
    return re.search(r"gamma|decay|factor|drop", last_name(node), re.IGNORECASE) is not None


def _at_milestone(statement: ast.stmt, parts: list[ast.AST], scope: Scope) -> bool:
    """Tell whether a rate is set under a condition on progress, to a number or by a factor."""
    value = statement.value  # type: ignore[attr-defined]  # an assignment
    lowered = [part for part in parts if isinstance(part, (ast.BinOp, ast.AugAssign))]
    if not (
        isinstance(statement, ast.AugAssign)
        or isinstance(literal(value), float)
        or any(_by_factor(part) for part in lowered)
    ):
        return False
    parents = parents_in(scope.node)
    at = parents.get(statement)
    while at is not None:
        if isinstance(at, ast.If) and of_progress(at.test):
            return not _is_early(at.test)
        at = parents.get(at)
    return False
