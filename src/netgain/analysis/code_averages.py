"""Moving averages of weights written by hand, in the ways training scripts spell them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.averaging_forms import (
    NO_WEIGHTS,
    Pull,
    are_complements,
    averaging_functions,
    multiplied,
    plain_text,
    pulls_in,
)
from netgain.analysis.code_target_networks import Role, owner_of, role_of
from netgain.analysis.syntax import (
    called_in,
    calls_in,
    dotted,
    last_name,
    modules,
    names_in,
    nodes_of,
    words_in,
)
from netgain.study import CodeTree, SourceFile

PARAMETER_CALLS = frozenset(
    {"parameters", "named_parameters", "state_dict", "buffers", "named_buffers", "get_weights"}
)
PARAMETER_NAME = re.compile(
    r"(?:\w+_)?(?:params|parameters|state_dict|trainable_variables|trainable_weights)(?:_\w+)?|_?shadow\w*"
)
"""Names of what holds the weights of a model."""
WEIGHTS_OF_A_TREE = re.compile(r"param|ema|weight|variables", re.IGNORECASE)
"""Names of what a map over a tree of arrays goes through, where that is weights."""
REINFORCEMENT = re.compile(
    r"\breplay|\brewards?\b|\bnext_(?:state|obs)|\benv\.step\(|\bcritic\b", re.IGNORECASE
)
"""Words of reinforcement learning, whose averaged target network is never what is scored."""
TARGET = re.compile(r"targ(?:et)?(?:_|s?$)|_targ", re.IGNORECASE)
COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.SetComp)
MAPS = frozenset({"tree_map", "tree_multimap", "map", "incremental_update"})
"""Calls that go through a tree of arrays."""
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Names of one scope that hold weights."""

    weights: frozenset[str]
    """Names and attributes bound to the parameters or the state of a model."""
    bound: dict[str, ast.expr]
    """What the names of the scope were last bound to."""

    def has(self, node: ast.AST) -> bool:
        """Tell whether an expression goes through the weights of a model."""
        names = names_in(node)
        return bool(names & (PARAMETER_CALLS | self.weights)) or any(
            map(PARAMETER_NAME.fullmatch, names)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """One place where weights are pulled towards live ones."""

    file: SourceFile
    node: ast.AST
    role: Role
    """What becomes of them."""


def moving_averages(tree: CodeTree) -> Iterator[Average]:
    """Yield the places where weights are pulled towards live ones.

    The target network of reinforcement learning is pulled too, and is left out: it is not what is scored. So
    is what one arm's settings leave without a caller.
    """
    functions = averaging_functions(tree)
    uncalled = _uncalled(tree)
    reinforced: bool | None = None
    for file, module in modules(tree):
        if not _may_average(module):
            continue
        attributes = _attributes(module)
        seen: set[int] = set()
        scopes: tuple[Scope, ...] = (
            *nodes_of(module, ast.FunctionDef),
            *nodes_of(module, ast.AsyncFunctionDef),
            module,
        )
        for scope in scopes:
            held = _held(scope, attributes)
            for found in _in_scope(scope, held, functions, seen):
                if any(map(TARGET.search, found.names)):
                    if reinforced is None:
                        reinforced = any(REINFORCEMENT.search(f.text) for f, _ in modules(tree))
                    if reinforced:
                        continue
                if _around(module, found.node) not in uncalled:
                    role = role_of(tree, found.owner, scope) if found.owner else "scored"
                    yield Average(file=file, node=found.node, role=role)


def _may_average(module: ast.Module) -> bool:
    """Tell whether a file names weights of a model, or a map over trees of arrays."""
    words = words_in(module)
    return not words.isdisjoint(PARAMETER_CALLS | MAPS) or any(map(PARAMETER_NAME.fullmatch, words))


def _around(module: ast.Module, place: ast.AST) -> str:
    """Return the name of the top definition that a place stands in."""
    line = getattr(place, "lineno", 0)
    for node in module.body:
        if isinstance(node, DEFINITIONS) and node.lineno <= line <= (node.end_lineno or 0):
            return node.name
    return ""


def _uncalled(tree: CodeTree) -> set[str]:
    """Return the top definitions that nothing in a tree narrowed to one arm refers to, but for imports."""
    if not tree.settings:
        return set()  # what calls them may not have been given
    defined: set[str] = set()
    named: set[object] = set()
    for _, module in modules(tree):
        defined |= {node.name for node in module.body if isinstance(node, DEFINITIONS)}
        named |= names_in(module)
        named |= {node.value for node in nodes_of(module, ast.Constant)}
    return defined - named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An average of a scope."""

    node: ast.AST
    names: set[str]
    """Names around it."""
    owner: ast.expr | None = None
    """What holds the averaged weights, where the loop shows it."""


def _in_scope(
    scope: Scope, held: Held, functions: frozenset[str], seen: set[int]
) -> Iterator[_Found]:
    """Yield each average of a scope that was not seen in one inside it."""
    for loop in nodes_of(scope, ast.For):
        if id(loop) not in seen and held.has(loop.iter):
            pull = _first(loop, held, functions, _spoilt(loop.target, loop.iter))
            if pull is not None:
                seen.update(id(inner) for inner in nodes_of(loop, ast.For))
                yield _Found(
                    node=pull.node,
                    names=names_in(loop.iter) | names_in(pull.averaged),
                    owner=owner_of(loop, pull.averaged, pull.node, held.bound),
                )
    for kind in COMPREHENSIONS:
        for made in nodes_of(scope, kind):
            parts = made.generators  # type: ignore[attr-defined]  # each of the kinds has them
            if id(made) in seen or not any(held.has(part.iter) for part in parts):
                continue
            spoilt = set().union(*(_spoilt(part.target, part.iter) for part in parts))
            pull = _first(made, held, functions, spoilt)
            if pull is not None:
                seen.add(id(made))
                names = set().union(*(names_in(part.iter) for part in parts))
                yield _Found(node=pull.node, names=names)
    for call in (*_foreach(scope, held), *_mapped(scope, functions)):
        if id(call) not in seen:
            seen.add(id(call))
            yield _Found(node=call, names=set().union(*map(names_in, call.args)))


def _attributes(module: ast.Module) -> frozenset[str]:
    """Return the attributes that a file binds to the parameters or the state of a model."""
    return frozenset(
        target.attr
        for assign in nodes_of(module, ast.Assign)
        if _takes_weights(assign.value)
        for target in assign.targets
        if isinstance(target, ast.Attribute)
    )


def _held(scope: Scope, attributes: frozenset[str]) -> Held:
    weights, bound = set(attributes), {}
    for assign in nodes_of(scope, ast.Assign):
        for target, value in _paired(assign.targets[0], assign.value):
            if isinstance(target, ast.Name):
                bound[target.id] = value
                if _takes_weights(value):
                    weights.add(target.id)
    return Held(weights=frozenset(weights), bound=bound)


def _takes_weights(value: ast.expr) -> bool:
    """Tell whether an expression is the weights of a model, and not something counted over them."""
    known: bool | None = getattr(value, "_takes_weights", None)
    if known is None:
        known = _goes_through_weights(value)
        value._takes_weights = known  # type: ignore[attr-defined]  # a mark of our own
    return known


def _goes_through_weights(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and last_name(value) in ("sum", "len", "any", "all", "max"):
        return False
    # an optimizer made of the parameters holds them, but does not go through them
    if isinstance(value, ast.Call) and last_name(value)[:1].isupper():
        return last_name(value) in ("OrderedDict", "ParameterList")
    return any(last_name(call) in PARAMETER_CALLS for call in calls_in(value))


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    both = (target, value)
    if all(isinstance(side, (ast.Tuple, ast.List)) for side in both):
        targets, values = (side.elts for side in both)  # type: ignore[attr-defined]  # tested above
        if len(targets) == len(values):
            return list(zip(targets, values, strict=True))
    return [both]


def _spoilt(target: ast.expr, iterated: ast.expr) -> set[str]:
    """Return the names a loop gives to gradients and moments: `for p, g in zip(params, grads)`."""
    if not isinstance(iterated, ast.Call) or last_name(iterated) != "zip":
        return set()
    if not isinstance(target, (ast.Tuple, ast.List)) or len(target.elts) != len(iterated.args):
        return set()
    return {
        name
        for item, source in zip(target.elts, iterated.args, strict=True)
        if any(map(NO_WEIGHTS.search, names_in(source)))
        for name in names_in(item)
    }


def _first(node: ast.AST, held: Held, functions: frozenset[str], spoilt: set[str]) -> Pull | None:
    """Return the first average of weights in a loop, averages of gradients and statistics left out."""
    spoilt = set(spoilt)
    for assign in nodes_of(node, ast.Assign):
        if any(map(NO_WEIGHTS.search, names_in(assign.value))):
            spoilt |= {t.id for t in assign.targets if isinstance(t, ast.Name)}
    for pull in pulls_in(node, held.bound, functions):
        names = names_in(pull.averaged) | names_in(pull.live)
        if not names & spoilt and not any(map(NO_WEIGHTS.search, names)):
            return pull
    return None


def _foreach(scope: Scope, held: Held) -> Iterator[ast.Call]:
    """Match `_foreach_lerp_(e, p, k)` and `_foreach_mul_(e, d)` with `_foreach_add_(e, p, alpha=1 - d)`."""
    shrunk: dict[str, tuple[ast.Call, ast.expr]] = {}
    if not any(name.startswith("_foreach_") for name in called_in(scope)):
        return
    calls = [call for call in calls_in(scope) if last_name(call).startswith("_foreach_")]
    for call in sorted(calls, key=lambda call: call.lineno):
        name = last_name(call)
        if len(call.args) < 2 or not held.has(call.args[0]):
            continue
        if any(NO_WEIGHTS.search(n) for argument in call.args[:2] for n in names_in(argument)):
            continue
        averaged = plain_text(call.args[0])
        if name == "_foreach_lerp_":
            yield call
        elif name == "_foreach_mul_":
            shrunk[averaged] = (call, call.args[1])
        elif name in ("_foreach_add_", "_foreach_sub_"):
            live, factor = multiplied(call, held.bound)
            if isinstance(live, ast.Call) and last_name(live) == "_foreach_sub":
                if factor is not None and averaged in map(plain_text, live.args):
                    yield call
            elif averaged in shrunk and factor is not None:
                first, kept = shrunk[averaged]
                if are_complements(kept, factor, held.bound):
                    yield first


def _mapped(scope: Scope, functions: frozenset[str]) -> Iterator[ast.Call]:
    """Match `tree_map(lambda e, p: d * e + (1 - d) * p, ema, params)` and `incremental_update(p, e, k)`."""
    if called_in(scope).isdisjoint(MAPS):
        return
    for call in calls_in(scope):
        name = last_name(call)
        if name not in MAPS:
            continue
        mapped = name in ("tree_map", "tree_multimap") or dotted(call.func).endswith("tree.map")
        if name == "incremental_update":
            arguments = call.args[:2]
        elif mapped and len(call.args) >= 3:
            how = call.args[0]
            pulled = isinstance(how, ast.Lambda) and any(True for _ in pulls_in(how, {}, functions))
            if not pulled and last_name(how) not in functions:
                continue
            arguments = call.args[1:]
        else:
            continue
        names = {n for argument in arguments for n in names_in(argument)}
        # `params` is what is trained; moments of a hand-written optimizer take gradients
        if any(map(WEIGHTS_OF_A_TREE.search, names)) and not any(map(NO_WEIGHTS.search, names)):
            yield call
