"""Find methods that fold a training-time structure into a smaller model for deployment."""

from __future__ import annotations

import ast
import re

from netgain.analysis.code_idioms import Idiom
from netgain.analysis.per_tree import remembered
from netgain.analysis.syntax import calls_in, last_name, modules, nodes_of, place
from netgain.study import CodeTree

SWITCH = re.compile(
    r"switch_to_(deploy|inference|eval)(_mode)?|(convert|to)_(to_)?deploy(ment)?|repvgg_model_convert|"
    r"re_?param(eteri[sz]e)?(_(model|block|branches|module|unireplknet))?|(un)?fuse_(branches|kernels?|repvgg|rep\w*|block)|"
    r"merge_(branches|kernels?|dilated_branches|reparam\w*)|_?get_equivalent_kernel(_bias)?|structural_reparam\w*"
)
"""Names such methods have in RepVGG, MobileOne, RepLKNet, DBB and their descendants."""
LAYER = re.compile(r"(Lazy)?(Conv(Transpose)?[123]d|Linear)")


@remembered
def deployment_switches(tree: CodeTree) -> tuple[Idiom, ...]:
    """Find classes whose method replaces several layers by one.

    The name alone decides nothing: a variational model's `reparameterize(mu, logvar)` draws a sample. The
    method must take nothing but the module and drop a part of it, or build a convolution or linear layer.
    """
    found: list[Idiom] = []
    for file, module in modules(tree):
        for owner in nodes_of(module, ast.ClassDef):
            for method in owner.body:
                if (
                    isinstance(method, ast.FunctionDef)
                    and SWITCH.fullmatch(method.name)
                    and len(method.args.posonlyargs + method.args.args) - len(method.args.defaults)
                    <= 1
                    and _replaces_layers(method)
                ):
                    found.append(
                        Idiom(
                            what=f"{owner.name}.{method.name} folds parallel layers for deployment",
                            source=place(file, method),
                        )
                    )
    return tuple(found)


def _replaces_layers(method: ast.FunctionDef) -> bool:
    """Tell whether a method drops attributes of the module, or builds the layer that replaces them."""
    for node in nodes_of(method, ast.Delete):
        if any(isinstance(t, ast.Attribute) for t in node.targets):
            return True
    names = {last_name(call) for call in calls_in(method)}
    drops = bool(names & {"__delattr__", "delattr"})
    fuses = any(re.search(r"fuse|pad_\w*1x1|get_equivalent_kernel|merge", name) for name in names)
    return drops or fuses or any(LAYER.fullmatch(name) for name in names)
