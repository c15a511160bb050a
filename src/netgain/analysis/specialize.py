"""Program specialization: a tree of code as it runs under one arm's settings.

What the settings rule out is blanked in the text, so that every line keeps its number and all that reads code
afterwards reads the arm's own program. A condition that the settings do not decide stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from netgain.analysis.code_reach import without_unreached
from netgain.analysis.code_unread import without_unread
from netgain.analysis.decisions import decided
from netgain.analysis.known_values import Value
from netgain.analysis.option_values import FROM_CALLS, Evaluation
from netgain.analysis.options import Options, parts_of
from netgain.analysis.scopes import FUNCTIONS, Program, Scope
from netgain.analysis.syntax import nodes_of
from netgain.analysis.undecided import undecided_places
from netgain.study import CodeTree, SourceFile

ROUNDS = 5
"""How often what was decided is followed into the functions that are called with it."""
MOST_CODE = 4_000_000
"""Characters of code beyond which a tree is left as it is: some seconds of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialized:
    """One arm's view of a tree."""

    tree: CodeTree
    """The code with what the settings rule out blanked."""
    decided_by: frozenset[str]
    """Keys of the options that decided something."""
    undecided: tuple[str, ...]
    """Places that ask for an option in which the arms differ, and that stand as they were."""


def specialize(tree: CodeTree, options: Options) -> Specialized:
    """Return the tree as it runs under one arm's options.

    Args:
        tree: code that serves both arms.
        options: what the arm was configured with, and the other arm.
    """
    if not any(options.are_asked_for_in(file.text) for file in tree.files):
        return Specialized(tree=tree, decided_by=frozenset(), undecided=())
    if sum(len(file.text) for file in tree.files) > MOST_CODE:
        too_much = f"more than {MOST_CODE // 1_000_000} million characters of code, not followed"
        return Specialized(tree=tree, decided_by=frozenset(), undecided=(too_much,))
    tree = without_unread(tree)
    first = Evaluation(program=Program(tree=tree), options=options)
    evaluation, current = first, tree
    deciding: set[str] = set()
    for _ in range(ROUNDS):
        changed, keys = decided(current, evaluation, partial(_may_change, evaluation))
        deciding |= keys
        if changed == current:
            break
        current = without_unreached(changed, first.program, _last_parts(deciding))
        program = Program(tree=current)
        evaluation = Evaluation(program=program, options=options, before=first)
    return Specialized(
        tree=current,
        decided_by=frozenset(deciding - {FROM_CALLS}),
        undecided=undecided_places(evaluation),
    )


def _last_parts(keys: set[str]) -> set[str]:
    return {parts_of(key)[-1] for key in keys if key != FROM_CALLS}


def _may_change(evaluation: Evaluation, file: SourceFile, root: Scope) -> bool:
    """Tell whether a file names an option, or defines something whose calls were settled."""
    if evaluation.options.are_asked_for_in(file.text):
        return True
    if evaluation.before is None:
        return False
    return any(
        isinstance(found := evaluation.parameter(evaluation.program.scopes[function], name), Value)
        and bool(found.keys)
        for kind in FUNCTIONS
        for function in nodes_of(root.node, kind)
        for name in evaluation.program.scopes[function].parameters
    )
