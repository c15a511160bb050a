"""The one network that a tree takes whole from a package, where that is the model and its inside is known."""

from __future__ import annotations

import ast
import re

from netgain.analysis.code_foreign import brought_models
from netgain.analysis.code_reach import looks_up_names
from netgain.analysis.code_regions import instantiated, is_whole_network, model_regions
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.library_networks import Made, network_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, modules, parents_in, place
from netgain.study import CodeTree, Source

BESIDE_A_MODEL = re.compile(
    r"percept|lpips|loss|fid(?:$|_|[A-Z])|score|metric|teacher|critic|criterion|style|feature_?extractor|eval|"
    r"test",
    re.IGNORECASE,
)
"""Names of what uses a network that is not the model: losses on features, scores, teachers."""


PLAIN_ARGUMENTS = frozenset(
    {"weights", "pretrained", "progress", "num_classes", "aux_logits", "transform_input", "dropout"}
)
"""Arguments that leave the layers of a network as they are."""


def names_in_use(tree: CodeTree) -> set[str] | None:
    """Return the names that are used where these tell which networks are; None where they do not."""
    used = instantiated(tree)
    made = any(
        isinstance(node, ast.ClassDef) and node.name in used for _, node, _ in model_regions(tree)
    )
    if not made or looks_up_names(callers_of(tree).program):
        return None
    return used


@remembered
def library_network(tree: CodeTree) -> tuple[Made, Source] | None:
    """Return what the one network is made of that a tree takes from a package, and where it takes it.

    None where there is none, or where it may be another than the model that is compared: one that stands
    beside a network of the tree's own, a teacher, or the features of a loss or a score.
    """
    brought = network_of(brought_models(tree, names_in_use(tree)))
    if brought is None:
        return None
    owners = [node for _, node, _ in model_regions(tree) if isinstance(node, ast.ClassDef)]
    inside = {id(call) for owner in owners for call in calls_in(owner)}
    others = any(is_whole_network(o.name) for o in owners if not _calls(o, brought[0]))
    sources = []
    for file, module in modules(tree):
        makers = [call for call in calls_in(module) if last_name(call) == brought[0]]
        if makers and BESIDE_A_MODEL.search(file.path.rpartition("/")[2]):
            return None
        parents = parents_in(module) if makers else {}
        for call in makers:
            at: ast.AST | None = call
            while at is not None:
                words = [getattr(at, "name", "")]
                if isinstance(at, ast.Assign):
                    words += [last_name(target) for target in at.targets]
                if any(BESIDE_A_MODEL.search(word) for word in words if isinstance(word, str)):
                    return None
                at = parents.get(at)
            if others and id(call) not in inside:
                return None
            if any(keyword.arg not in PLAIN_ARGUMENTS for keyword in call.keywords):
                return None
            sources.append(place(file, call, brought[0]))
    return (brought[1], sources[0]) if sources else None


def _calls(node: ast.AST, name: str) -> bool:
    return any(last_name(call) == name for call in calls_in(node))
