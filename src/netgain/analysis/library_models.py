"""The one network that a tree takes whole from a package, where that is the model and its inside is known."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping

from netgain.analysis.code_foreign import bound_names, brought_models
from netgain.analysis.code_reach import looks_up_names
from netgain.analysis.code_regions import instantiated, is_whole_network, model_regions
from netgain.analysis.code_strides import is_convolution
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.library_calls import asked_by_name
from netgain.analysis.library_networks import Made, network_of, networks_of
from netgain.analysis.library_parts import part_made
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
    {"weights", "pretrained", "progress", "num_classes", "aux_logits", "transform_input", "dropout",
     "repo_or_dir", "model", "model_name", "name", "force_reload", "trust_repo", "verbose", "skip_validation",
     "in_chans", "drop_rate", "drop_path_rate", "features_only", "out_indices", "global_pool",
     "checkpoint_path", "img_size", "include_top", "input_shape", "input_tensor", "classes", "pooling",
     "classifier_activation", "zero_init_residual"}
)  # fmt: skip
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
    brought = brought_models(tree, names_in_use(tree))
    network, known = network_of(brought), networks_of(brought)
    if network is None or known is None:
        return None
    made = network[1]
    owners = [node for _, node, _ in model_regions(tree) if isinstance(node, ast.ClassDef)]
    inside = {id(call): owner for owner in owners for call in calls_in(owner)}
    sources: list[Source] = []
    found: list[Made] = []
    homes: list[ast.ClassDef | None] = []
    for file, module in modules(tree):
        makers = _makers(module, known)
        if makers and BESIDE_A_MODEL.search(file.path.rpartition("/")[2]):
            return None
        parents = parents_in(module) if makers else {}
        for call, name in makers:
            taken = part_made(call, name, made, parents)
            if taken is None or _is_beside(call, parents) or not _is_plain(call):
                return None
            found.append(taken)
            sources.append(place(file, call, name))
            homes.append(inside.get(id(call)))
    if not sources or any(one != found[0] for one in found):
        return None
    others = any(_reads_as_network(owner) for owner in owners if owner not in homes)
    return None if others and None in homes else (found[0], sources[0])


@remembered
def leaves_networks_open(tree: CodeTree) -> bool:
    """Tell whether a tree takes networks from packages of which it is not known that they are the model."""
    return bool(brought_models(tree, names_in_use(tree))) and library_network(tree) is None


def _reads_as_network(owner: ast.ClassDef) -> bool:
    """Tell whether a class may be the model by itself: one with convolutions is no head of another."""
    return is_whole_network(owner.name) or any(map(is_convolution, calls_in(owner)))


def _makers(module: ast.Module, known: Collection[str]) -> list[tuple[ast.Call, str]]:
    """Return the calls of a file that make one of some networks, each with its name."""
    asked = {
        id(one.call): one.name.rpartition(".")[2]
        for one in asked_by_name(module, bound_names(module))
    }
    named = [(call, asked.get(id(call)) or last_name(call)) for call in calls_in(module)]
    return [(call, name) for call, name in named if name in known and _makes(call)]


def _makes(call: ast.Call) -> bool:
    """Tell whether a call makes a network itself, and does not use what another call made."""
    return not isinstance(call.func, ast.Call) or last_name(call.func) == "getattr"


def _is_plain(call: ast.Call) -> bool:
    """Tell whether the arguments of a call leave the layers of a network as they are."""
    return all(keyword.arg in PLAIN_ARGUMENTS for keyword in call.keywords)


def _is_beside(call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Tell whether a call stands where a network is made that is not the model that is compared."""
    at: ast.AST | None = call
    while at is not None:
        words = [getattr(at, "name", "")]
        if isinstance(at, ast.Assign):
            words += [last_name(target) for target in at.targets]
        if any(BESIDE_A_MODEL.search(word) for word in words if isinstance(word, str)):
            return True
        at = parents.get(at)
    return False
