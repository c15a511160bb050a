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
        for call in nodes_of(module, ast.Call):
            name = last_name(call)
            if STOPPERS.fullmatch(name) is None:
                continue
            given = {k.arg: literal(k.value) for k in call.keywords if k.arg}
            patience = given.get("patience")
            if patience is None and call.args and name.lower() in POSITIONAL:
                patience = literal(call.args[0])
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
