"""The rule by which code ends a training early: how many epochs without improvement, of which quantity."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import called_in, last_name, literal, modules, nodes_of, place
from netgain.study import CodeTree, Source

STOPPERS = re.compile(r"early_?stop(?:ping|per)?(?:callback)?", re.IGNORECASE)
"""Names of what ends a training that no longer improves."""
POSITIONAL = {"early_stopping": 0, "earlystopper": 0, "early_stopper": 0}
"""Where patience stands among the arguments of hand-written ones; Keras and Lightning name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStop:
    """One rule."""

    patience: float
    """Epochs without improvement after which the training ends."""
    monitor: str
    """What must improve; empty where the call does not say."""
    source: Source
    """The call."""


@remembered
def early_stop_in(tree: CodeTree) -> EarlyStop | None:
    """Return the one early stop that a tree sets with a written number; None where it is open."""
    found: list[EarlyStop] = []
    for file, module in modules(tree):
        if not any(map(STOPPERS.fullmatch, called_in(module))):
            continue
        told = {
            last_name(target)
            for assign in nodes_of(module, ast.Assign)
            if isinstance(assign.value, ast.Call) and STOPPERS.fullmatch(last_name(assign.value))
            for target in assign.targets
        }
        for call in nodes_of(module, ast.Call):
            name = last_name(call)
            if STOPPERS.fullmatch(name) is None or name in told:
                continue  # what is made is called with each score
            given = {k.arg: literal(k.value) for k in call.keywords if k.arg}
            stated = {k.arg: k.value for k in call.keywords}.get("patience")
            if stated is None and call.args and name.lower() in POSITIONAL:
                stated = call.args[0]
            patience = literal(stated)
            if patience is None and stated is not None:
                patience = _constant(stated, tree)
            if not isinstance(patience, (int, float)) or isinstance(patience, bool):
                return None
            monitor = given.get("monitor")
            if "monitor" in given and not isinstance(monitor, str):
                return None
            found.append(
                EarlyStop(
                    patience=float(patience),
                    monitor=monitor if isinstance(monitor, str) else "",
                    source=place(file, call, name),
                )
            )
    rules = {(one.patience, one.monitor) for one in found}
    return found[0] if len(rules) == 1 else None


def _constant(node: ast.expr, tree: CodeTree) -> float | None:
    """Return the number of a constant, as `config.PATIENCE` of another file, where the tree gives it one."""
    name = last_name(node)
    if isinstance(node, ast.Call) or not name.isupper():
        return None
    values = {
        literal(given.value)
        for _, module in modules(tree)
        for given in nodes_of(module, ast.Assign)
        if name in map(last_name, given.targets)
    }
    values |= {
        literal(given.value)
        for _, module in modules(tree)
        for given in nodes_of(module, ast.AnnAssign)
        if last_name(given.target) == name
    }
    value = values.pop() if len(values) == 1 else None
    return float(value) if isinstance(value, (int, float)) else None
