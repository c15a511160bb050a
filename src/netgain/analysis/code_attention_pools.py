"""Weighted means whose weights a softmax makes from the values themselves: attention pooling."""

from __future__ import annotations

import ast

from netgain.analysis.code_attention_kinds import PRODUCTS, SOFTMAXES
from netgain.analysis.syntax import calls_in, dotted, last_name, names_in, nodes_of

POOLED = "attention-pooling"
SUMS = frozenset({"sum", "reduce_sum"})
TIMES = frozenset({"mul", "multiply", "mul_", "Multiply"})
RESHAPES = frozenset({"transpose", "permute", "view", "reshape", "unsqueeze", "squeeze", "contiguous", "t",
                      "swapaxes", "expand_dims", "float", "flatten"})  # fmt: skip
"""Calls that hand on a value in another shape."""
FEWEST_WORDS = 2
MODULES = frozenset({"F", "torch", "nn", "nn.functional", "torch.nn.functional", "tf", "tf.nn", "jax.nn",
                     "jnp", "K", "self", "np", "functional"})  # fmt: skip
"""What a function of a package, or a layer that is held, is called by."""


def pools_by_softmax(node: ast.AST) -> bool:
    """Tell whether a method sums its values over time, each weighted by the softmax of a layer's score of it.

    The weights are made of the same value that they weigh: a mixture of experts weighs other values than
    those its gate looks at, and the mean of bins under a softmax weighs constants.
    """
    methods = [item for item in getattr(node, "body", []) if isinstance(item, ast.FunctionDef)]
    if isinstance(node, ast.FunctionDef):
        methods = [node]
    held = _softmax_attributes(methods)
    return any(_pools(method, held) for method in methods if method.name != "__init__")


def _softmax_attributes(methods: list[ast.FunctionDef]) -> frozenset[str]:
    """Return the attributes that hold a softmax as a layer."""
    return frozenset(
        target.attr
        for method in methods
        for assign in nodes_of(method, ast.Assign)
        if isinstance(assign.value, ast.Call) and last_name(assign.value) == "Softmax"
        for target in assign.targets
        if isinstance(target, ast.Attribute)
    )


def _pools(method: ast.FunctionDef, held: frozenset[str]) -> bool:
    """Follow the statements of a method in the order they are written."""
    weights: dict[str, set[str]] = {}
    weighed: set[str] = set()
    made_of: dict[str, set[str]] = {}
    softmaxes = SOFTMAXES | held
    for statement in sorted(
        (s for kind in (ast.Assign, ast.Return, ast.Expr) for s in nodes_of(method, kind)),
        key=lambda s: s.lineno,
    ):
        value = statement.value  # type: ignore[attr-defined]  # each of the three has one
        if value is None:
            continue
        if _sums_weighted(value, weights, softmaxes, made_of) or _sums_one_of(value, weighed):
            return True
        if not isinstance(statement, ast.Assign):
            continue
        names = {n for t in statement.targets for n in names_in(t)} - {"self"}
        sources = _sources(value, made_of)
        scored = [c for c in calls_in(value) if last_name(c) in softmaxes]
        through = names_in(value) & weights.keys()
        behind = set().union(*(weights[one] for one in through))
        of_two = _is_weighed(value, weights, softmaxes, made_of)
        for name in names:
            (weighed.add if of_two else weighed.discard)(name)
            made_of[name] = sources | {name}
            weights.pop(name, None)
            if scored and _is_scored(scored, made_of):
                weights[name] = sources
            elif through and not _multiplies(value):
                weights[name] = behind
    return False


def _sources(value: ast.AST, made_of: dict[str, set[str]]) -> set[str]:
    """Return the names a value is made of, those behind them included."""
    names = names_in(value) - {"self"}
    return names.union(*(made_of.get(name, set()) for name in names))


def _is_scored(softmaxes: list[ast.Call], made_of: dict[str, set[str]]) -> bool:
    """Tell whether a softmax is given what a layer says of some value."""
    return any(
        any(
            isinstance(n.value, ast.Name) and n.value.id == "self"
            for n in nodes_of(part, ast.Attribute)
        )
        or len(_sources(part, made_of)) >= FEWEST_WORDS
        for call in softmaxes
        for part in _given(call)
    )


def _given(call: ast.Call) -> list[ast.expr]:
    """Return what a softmax is taken of, its own object for a method of a value."""
    base = call.func.value if isinstance(call.func, ast.Attribute) else None
    if base is None or dotted(base) in MODULES:
        return call.args[:1]
    return [base]


def _multiplies(value: ast.AST) -> bool:
    return any(
        isinstance(n.op, (ast.Mult, ast.MatMult)) for n in nodes_of(value, ast.BinOp)
    ) or any(last_name(call) in PRODUCTS | TIMES for call in calls_in(value))


def _sums_weighted(
    value: ast.AST,
    weights: dict[str, set[str]],
    softmaxes: frozenset[str],
    made_of: dict[str, set[str]],
) -> bool:
    """Match `(w * x).sum(1)`, `torch.bmm(w, x)` and `w @ x`, where the weights were made of `x`."""
    pairs: list[tuple[ast.AST, ast.AST]] = []
    summed = [c for c in calls_in(value) if last_name(c) in SUMS]
    for call in summed:
        inside = [call.func, *call.args]
        products = [n for part in inside for n in nodes_of(part, ast.BinOp)]
        pairs += [(n.left, n.right) for n in products if isinstance(n.op, ast.Mult)]
    pairs += [
        (n.left, n.right) for n in nodes_of(value, ast.BinOp) if isinstance(n.op, ast.MatMult)
    ]
    for call in calls_in(value):
        if last_name(call) in PRODUCTS - {"einsum"} and call.args:
            base = [call.func.value] if isinstance(call.func, ast.Attribute) else []
            given = call.args if len(call.args) > 1 else [*base, *call.args]
            pairs += [(given[0], given[1])] if len(given) > 1 else []
        elif last_name(call) == "einsum" and len(call.args) == 3:
            pairs.append((call.args[1], call.args[2]))
    return _weighs(pairs, weights, softmaxes, made_of)


def _is_weighed(
    value: ast.expr,
    weights: dict[str, set[str]],
    softmaxes: frozenset[str],
    made_of: dict[str, set[str]],
) -> bool:
    """Match `x * w`, which a later statement may sum."""
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult)):
        return False
    return _weighs([(value.left, value.right)], weights, softmaxes, made_of)


def _sums_one_of(value: ast.AST, weighed: set[str]) -> bool:
    """Match `torch.sum(x, 1)` and `x.sum(1)` of a value that was weighed before."""
    for call in calls_in(value):
        if last_name(call) in SUMS:
            base = call.func.value if isinstance(call.func, ast.Attribute) else None
            taken = [base] if base is not None and dotted(base) not in MODULES else call.args[:1]
            if any(isinstance(part, ast.Name) and part.id in weighed for part in taken):
                return True
    return False


def _weighs(
    pairs: list[tuple[ast.AST, ast.AST]],
    weights: dict[str, set[str]],
    softmaxes: frozenset[str],
    made_of: dict[str, set[str]],
) -> bool:
    """Tell whether one of two factors is a weight that was made of the other."""
    for left, right in pairs:
        for gate, weighed in ((left, right), (right, left)):
            names = names_in(gate) & weights.keys()
            behind = set().union(*(weights[name] for name in names)) if names else set()
            if not names and any(last_name(c) in softmaxes for c in calls_in(gate)):
                scored = [c for c in calls_in(gate) if last_name(c) in softmaxes]
                behind = _sources(gate, made_of) if _is_scored(scored, made_of) else set()
            if _named_value(weighed) in behind - weights.keys():
                return True
    return False


def _named_value(node: ast.AST) -> str:
    """Return the name of a value, reshapes of it seen through; empty for what a layer makes of one."""
    for _ in range(6):
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and last_name(node) in RESHAPES:
            if isinstance(node.func, ast.Attribute) and dotted(node.func.value) not in MODULES:
                node = node.func.value
            elif node.args:
                node = node.args[0]
        else:
            break
    return node.id if isinstance(node, ast.Name) else ""
