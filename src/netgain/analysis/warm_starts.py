"""Stored weights that code puts into a model, from which a training may go on."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import called_in, calls_in, dotted, last_name, modules, place
from netgain.study import CodeTree, Source

LOADS = frozenset(
    {"load_state_dict", "load_weights", "load_checkpoint", "restore_checkpoint", "load_model",
     "load_from_checkpoint", "from_checkpoint", "load_params", "load_pretrained"}
)  # fmt: skip
"""Calls that bring stored weights."""
READS = frozenset({"torch.load", "jax.load", "pickle.load", "joblib.load", "load_file"})
"""Calls that read a file which may hold them."""
LOADING = LOADS | {name.rpartition(".")[2] for name in READS}
NO_MODEL = re.compile(r"optim|sched|scaler|criterion|loss|vocab|token", re.IGNORECASE)
"""Names of what is loaded that is no model."""


@remembered
def stored_weights(tree: CodeTree) -> Mapping[str, Source]:
    """Return where a tree loads what may be the weights of a model, by the text of the call.

    Whether that runs before the training, and on which condition, is not asked: a start from weights is only
    excluded where nothing is loaded.
    """
    found: dict[str, Source] = {}
    for file, module in modules(tree):
        if called_in(module).isdisjoint(LOADING):
            continue
        for call in calls_in(module):
            if last_name(call) in LOADS or dotted(call.func) in READS:
                text = ast.unparse(call)
                if not NO_MODEL.search(text):
                    found.setdefault(text, place(file, call))
    return found
