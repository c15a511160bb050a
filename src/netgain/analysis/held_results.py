"""Which names hold the results of several runs, and how an expression uses them."""

from __future__ import annotations

import ast
import re

from netgain.analysis.statement_flow import Flow, key_of
from netgain.analysis.syntax import last_name, literal, nodes_of

MEANS = frozenset(
    {"mean", "fmean", "nanmean", "average", "median", "nanmedian", "describe", "sum", "std", "stdev",
     "nanstd", "sem", "std_mean", "bootstrap", "t_interval"}
)  # fmt: skip
"""Calls that sum up results; a spread is reported with what it is the spread of."""
WHOLE = frozenset(
    {"print", "dump", "dumps", "save", "savez", "savetxt", "to_csv", "write", "write_text", "info",
     "writerow", "writerows", "to_json", "to_pickle"}
)  # fmt: skip
"""Calls that show or store what they are given."""
COPYING = re.compile(
    r"array|tensor|frame|series|concat|stack|list|values|groupby|pivot|sorted|tuple|copy|zip",
    re.IGNORECASE,
)
"""Calls that give what they get another form."""


def measures(node: ast.expr) -> bool:
    """Tell whether an extreme is one of lengths."""
    return any(last_name(call) == "len" for call in nodes_of(node, ast.Call))


def ordered(flow: Flow, held: frozenset[str]) -> dict[str, bool]:
    """Return the names of results that were sorted, and whether backwards: `accs.sort()`."""
    found: dict[str, bool] = {}
    for statement, _ in flow.statements:
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Call) or last_name(value) not in ("sort", "sorted"):
            continue
        backwards = any(k.arg == "reverse" and literal(k.value) is True for k in value.keywords)
        if last_name(value) == "sort" and isinstance(value.func, ast.Attribute):
            if key_of(value.func.value) in held:
                found[key_of(value.func.value)] = backwards
        elif isinstance(statement, ast.Assign) and any(mentions(a, held) for a in value.args):
            found |= {key_of(target): backwards for target in statement.targets}
    return found


def derived(flow: Flow, held: frozenset[str]) -> frozenset[str]:
    """Add names that get what others hold, as a whole or item by item: arrays, tables, lists of one key."""
    found = set(held)
    for _ in range(4):
        before = len(found)
        now = frozenset(found)
        for name, writes in flow.writes.items():
            if name in found:
                continue
            for write in writes:
                looped = any(goes_through(loop, now) for loop in write.place.loops)
                if (write.fills and looped) or is_copy(write.value, now):
                    found.add(name)
        if len(found) == before:
            break
    return frozenset(found)


def is_copy(value: ast.expr, held: frozenset[str]) -> bool:
    """Tell whether a value is what some names hold in another form, and no figure computed from it."""
    if isinstance(value, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
        return any(mentions(generator.iter, held) for generator in value.generators)
    if isinstance(value, ast.Subscript):
        return key_of(value.value) in held and not isinstance(value.slice, ast.UnaryOp)
    if isinstance(value, ast.Call):
        made = COPYING.search(last_name(value))
        inner = nodes_of(value, ast.Call)
        plain = not any(last_name(call) in MEANS | {"max", "min", "len", "agg"} for call in inner)
        return made is not None and plain and mentions(value, held)
    return key_of(value) in held


def goes_through(statement: ast.stmt, held: frozenset[str]) -> bool:
    """Tell whether a statement is a loop over held results."""
    return isinstance(statement, ast.For) and mentions(statement.iter, held)


def mentions(node: ast.AST, held: frozenset[str]) -> bool:
    """Tell whether an expression reads one of some names, or a part of what it holds."""
    return named(node, held) != "" or key_of(node) in held


def named(node: ast.AST, held: frozenset[str]) -> str:
    """Return how an expression names the results it reads, its keys and attributes included."""
    parts = [
        *nodes_of(node, ast.Name),
        *nodes_of(node, ast.Attribute),
        *nodes_of(node, ast.Subscript),
    ]
    keys = [key_of(part) for part in parts if isinstance(part, ast.expr)]
    bases = {name.partition("[")[0] for name in held}
    if not any(
        key in held or key.partition("[")[0] in bases & held or key in bases for key in keys
    ):
        return ""
    words = [c.value for c in nodes_of(node, ast.Constant) if isinstance(c.value, str)]
    return max(
        [key for key in keys if key.partition("[")[0] in bases], key=len, default=""
    ) + "".join(f" {word}" for word in words)


def is_of(call: ast.Call, held: frozenset[str]) -> bool:
    """Tell whether a call works on held results: `np.mean(accs)`, `accs.mean()`."""
    if any(mentions(argument, held) for argument in call.args):
        return True
    return isinstance(call.func, ast.Attribute) and mentions(call.func.value, held)


def shows(call: ast.Call, held: frozenset[str]) -> bool:
    """Tell whether a call shows or stores results as they are: `print(accs)`, `json.dump(accs, f)`."""
    shown: list[ast.expr] = [*call.args, *(k.value for k in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        shown.append(call.func.value)
    for item in list(shown):
        if isinstance(item, ast.Dict):
            shown += item.values
        elif isinstance(item, ast.JoinedStr):
            shown += [v.value for v in item.values if isinstance(v, ast.FormattedValue)]
        elif isinstance(item, ast.Call) and last_name(item) in ("dumps", "str", "dict"):
            shown += item.args
    return any(not isinstance(item, ast.Call) and key_of(item) in held for item in shown)


def hands_over(value: ast.expr, held: frozenset[str]) -> bool:
    """Tell whether a returned value holds results, alone or among others."""
    items = value.elts if isinstance(value, ast.Tuple) else [value]
    return any(key_of(item) in held or is_copy(item, held) for item in items)
