"""A tree in which the choices of its models are made that all calls make alike: `Block(use_bn=False)`.

A layer that stands under `if use_bn:` is no layer of a network whose every block is made without it.
"""

from __future__ import annotations

from netgain.analysis.code_regions import builds_modules
from netgain.analysis.constant_calls import callers_of
from netgain.analysis.decisions import decided
from netgain.analysis.idle_code import hides_names
from netgain.analysis.option_values import Evaluation
from netgain.analysis.options import Options
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import Program, Scope
from netgain.study import CodeTree, SourceFile

ROUNDS = 2
"""How often what was taken out is looked at again: calls that are gone may have differed."""
MOST_CODE = 600_000
"""Characters of code beyond which a tree is left as it is."""
NO_OPTIONS = Options(values={}, others={})


@remembered
def with_settled_arguments(tree: CodeTree) -> CodeTree:
    """Blank what models build under conditions on arguments to which every call gives the same constant."""
    if sum(len(file.text) for file in tree.files) > MOST_CODE:
        return tree
    if hides_names(callers_of(tree).program):
        return tree  # what makes a network, and with what, only shows as it runs
    current = tree
    for number in range(ROUNDS):
        program = callers_of(tree).program if number == 0 else Program(tree=current)
        evaluation = Evaluation(program=program, options=NO_OPTIONS, every_call=True)
        changed, _ = decided(current, evaluation, _may_build_less)
        if changed == current:
            break
        current = changed
    return current


def _may_build_less(file: SourceFile, root: Scope) -> bool:
    """Tell whether a file builds networks, and something in it stands under a condition."""
    return " if " in f" {file.text}" and builds_modules(root.node)
