"""Classes of a model that are attention blocks and nothing else: no part of the backbone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from netgain.analysis.code_attention import attention_pattern
from netgain.analysis.code_attention_kinds import MIXERS, SELF_ATTENTION
from netgain.analysis.code_direct_gates import Classes
from netgain.analysis.code_strides import CONVOLUTION
from netgain.analysis.syntax import calls_in, last_name, literal, names_in, nodes_of
from netgain.study import SourceFile

BACKBONE_NAME = re.compile(
    r"res(?!h|c)|basic|bottle|net(?:work)?(?:\d|$)|unet|cnn|mixer|stage|encoder|decoder|former|backbone|^mb|model$|"
    r"classifier|conv_?block|double_?conv",
    re.IGNORECASE,
)
"""Names of blocks of layers that may hold a gate among them."""
MOST_MIXERS = 4
"""Layers of a gate; a block of a backbone with a gate in it has more."""
WIDE = 3
"""Kernel of a convolution that looks at neighbours, of which a gate has one at most."""


def attention_blocks(
    regions: Iterable[tuple[SourceFile, ast.AST, bool]], classes: Classes
) -> frozenset[int]:
    """Return, by identity, the classes that only make a gate, and those that only these are made of."""
    nodes = [node for _, node, _ in regions]
    owners = [node for node in nodes if isinstance(node, ast.ClassDef)]
    found = {owner.name for owner in owners if _is_block(owner, classes)}
    users = _users(owners, nodes)
    for _ in range(2):  # a gate of parts that have parts
        found |= {
            owner.name
            for owner in owners
            if (by := users.get(owner.name)) and by <= found and owner.name not in found
        }
    return frozenset(id(owner) for owner in owners if owner.name in found)


def takes_the_input(node: ast.AST, owner: ast.AST) -> bool:
    """Tell whether a sum has an argument of its method itself as an operand, as `x + x * gate`."""
    arguments = {
        argument.arg
        for method in nodes_of(owner, ast.FunctionDef)
        if method.name != "__init__"
        for argument in method.args.args
    }
    operands = [node.left, node.right] if isinstance(node, ast.BinOp) else []
    return any(isinstance(part, ast.Name) and part.id in arguments for part in operands)


def _is_block(owner: ast.ClassDef, classes: Classes) -> bool:
    kinds = set(attention_pattern(owner, classes)) - {SELF_ATTENTION}
    if not kinds or BACKBONE_NAME.search(owner.name):
        return False
    calls = calls_in(owner)
    mixers = [call for call in calls if last_name(call) in MIXERS]
    wide = [
        call for call in mixers if CONVOLUTION.fullmatch(last_name(call)) and _kernel(call) == WIDE
    ]
    return len(mixers) <= MOST_MIXERS and len(wide) <= 1


def _kernel(call: ast.Call) -> object:
    given = next((k.value for k in call.keywords if k.arg == "kernel_size"), None)
    return literal(given or (call.args[2] if len(call.args) > 2 else None))


def _users(owners: list[ast.ClassDef], nodes: list[ast.AST]) -> dict[str, set[str]]:
    """Return by class the classes that name it, itself left out; an empty name for any other place."""
    names = {owner.name for owner in owners}
    found: dict[str, set[str]] = {}
    for node in nodes:
        user = node.name if isinstance(node, ast.ClassDef) else ""
        for name in names_in(node) & names - {user}:
            found.setdefault(name, set()).add(user)
    return found
