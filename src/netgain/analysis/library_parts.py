"""Which parts of a network of a package some code takes: all of it, its stem, the layers before a cut."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from netgain.analysis.library_networks import RESNET, Made
from netgain.analysis.syntax import dotted, last_name, literal, nodes_of

Slice = tuple[int | None, int | None]
"""Bounds of a slice that are known."""

CHILDREN = (
    "conv1",
    "bn1",
    "relu",
    "maxpool",
    "layer1",
    "layer2",
    "layer3",
    "layer4",
    "avgpool",
    "fc",
)
"""Children of a residual network in the order in which it holds them."""
_BLOCKS: Made = {kind: RESNET[kind] for kind in ("activation", "normalization", "skip")}
MADE_OF: Mapping[str, Made] = {
    "conv1": {"resampling": ("strided-convolution",)},
    "bn1": {"normalization": ("batch-norm",)},
    "relu": {"activation": ("relu",)},
    "act1": {"activation": ("relu",)},
    "maxpool": {"resampling": ("max-pool",)},
    "layer1": _BLOCKS,
    **{f"layer{stage}": {**_BLOCKS, "resampling": ("strided-convolution",)} for stage in (2, 3, 4)},
    "avgpool": {},
    "fc": {},
}
"""What each child of a residual network holds."""
ASKED_ABOUT = frozenset(
    {"parameters", "named_parameters", "state_dict", "load_state_dict", "modules", "named_modules", "eval",
     "train", "to", "cuda", "cpu", "float", "half", "requires_grad_", "apply", "zero_grad", "avgpool", "fc",
     "classifier", "head", "heads", "num_features", "last_linear", "AuxLogits", "aux_logits", "trainable",
     "layers", "summary", "name", "get_classifier", "reset_classifier", "global_pool", "weight", "bias",
     "output_shape", "input_shape"}
)  # fmt: skip
"""Attributes by which code asks for no layer that the kinds of a network hang on."""
WHOLE_PARTS = frozenset({"forward", "forward_features", "output", "input", "inputs", "outputs"})
"""Attributes by which all of a network is meant, or that cannot be followed further."""
CUT = {"features": 10, "blocks": 4}
"""Containers of a network's layers, with how many of their members hold every kind."""
LATE = re.compile(r"layer[2-4](?:\..*)?|avgpool|flatten|fc|layers?_?out\w*|features|getitem\w*")
"""Names of nodes up to which a network holds every kind."""
FEATURES = frozenset({"create_feature_extractor", "IntermediateLayerGetter"})
CHANGES = re.compile(
    r"setattr|replace|swap|convert_(?!sync)|inject|insert|modif|patch_|surgery", re.IGNORECASE
)
"""Functions that change what a network they are given is made of."""


def part_made(
    call: ast.Call, name: str, made: Made, parents: Mapping[ast.AST, ast.AST]
) -> Made | None:
    """Return what of a network code takes that makes it by a call; None where that is open.

    Args:
        call: the call that makes the network.
        name: last part of its name.
        made: what the whole network is made of.
        parents: parents of the nodes of its file.
    """
    use = _Use(call, parents)
    whole, parts, changed = use.taken()
    if use.is_held and not whole and not parts:
        return None  # an attribute that nothing in its class reads
    resnet = made is RESNET and name.lower().startswith(("resnet", "wide_resnet", "resnext"))
    if changed - {"maxpool", "conv1"} or (changed and not resnet) or "?" in parts:
        return None
    if not whole and parts:
        if not resnet or not parts <= MADE_OF.keys():
            return None
        made = _joined(parts)
    if "maxpool" in changed:
        kept = tuple(one for one in made.get("resampling", ()) if one != "max-pool")
        made = {**made, "resampling": kept}
    return made


def _joined(parts: set[str]) -> Made:
    """Return what some children of a residual network hold together."""
    found: dict[str, tuple[str, ...]] = {}
    for part in sorted(parts):
        for kind, names in MADE_OF[part].items():
            found[kind] = tuple(sorted({*found.get(kind, ()), *names}))
    return found


class _Use:
    """What becomes of one network in the function or class that makes it."""

    def __init__(self, call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> None:
        self.parents = parents
        self.whole = False
        self.is_held = False
        """Whether it is kept as an attribute."""
        self.parts: set[str] = set()
        """Names of the parts that are taken; a question mark for one that is not known."""
        self.changed: set[str] = set()
        """Names of the parts that are put in another's place."""
        self._use(call)
        holder = parents.get(call)
        if isinstance(holder, ast.Assign) and holder.value is call:
            for target in holder.targets:
                if isinstance(target, (ast.Name, ast.Attribute)):
                    self.is_held = isinstance(target, ast.Attribute)
                    self._follow(target)

    def taken(self) -> tuple[bool, set[str], set[str]]:
        """Return whether all of the network is taken, which parts are, and which are changed."""
        return self.whole, self.parts, self.changed

    def _follow(self, target: ast.Name | ast.Attribute) -> None:
        """Look at every use of the name that holds the network."""
        name = dotted(target)
        own = ast.ClassDef if isinstance(target, ast.Attribute) else ast.FunctionDef
        top: ast.AST = target
        while top in self.parents and not isinstance(top, own):
            top = self.parents[top]
        nodes = nodes_of(top, type(target))
        for node in nodes:
            if node is not target and isinstance(node.ctx, ast.Load) and dotted(node) == name:
                self._use(node)

    def _use(self, node: ast.expr) -> None:
        parent = self.parents.get(node)
        if isinstance(parent, ast.Assign) and parent.value is node and isinstance(node, ast.Call):
            return  # its uses are looked at by the name it gets
        if isinstance(parent, ast.Attribute):
            self._attribute(parent)
        elif isinstance(parent, ast.Call) and node is not parent.func:
            self._given(parent)
        elif not isinstance(parent, ast.Expr):
            self.whole = True

    def _attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            if node.attr not in ASKED_ABOUT:
                self.changed.add(node.attr)
            return
        above = self.parents.get(node)
        if node.attr in ("children", "named_children"):
            self._cut(self.parents.get(above) if above is not None else None, CHILDREN)
        elif node.attr in CUT:
            self._contained(above, CUT[node.attr])
        elif node.attr in WHOLE_PARTS:
            self.whole = True
        elif isinstance(above, ast.Attribute) and not isinstance(above.ctx, ast.Load):
            self.changed.add(node.attr)
        elif node.attr not in ASKED_ABOUT:
            self.parts.add(node.attr if node.attr in MADE_OF else "?")

    def _contained(self, above: ast.AST | None, enough: int) -> None:
        """Read `net.features` and a slice of it."""
        if not isinstance(above, ast.Subscript):
            self.whole = True
            return
        if literal(above.slice) == 0:
            return  # the first layer alone, as it is changed for other numbers of channels
        bounds = _bounds(above)
        if not isinstance(above.ctx, ast.Load):
            self.changed.add("features")
        elif bounds is None:
            self.parts.add("?")
        else:
            first, last = bounds
            late = last is None or last >= enough or -3 < last < 0
            if late and not first:
                self.whole = True
            else:
                self.parts.add("?")

    def _cut(self, around: ast.AST | None, names: tuple[str, ...]) -> None:
        """Read `list(net.children())[:-2]`, or all of the children where nothing cuts them."""
        cut = self.parents.get(around) if around is not None else None
        listed = isinstance(around, ast.Call) and last_name(around) in ("list", "tuple")
        if not listed or not isinstance(cut, ast.Subscript):
            self.whole = True
        elif (bounds := _bounds(cut)) is None:
            self.parts.add("?")
        elif -3 < (bounds[1] or -1) < 0 and not bounds[0]:
            self.whole = True
        else:
            self.parts |= set(names[slice(*bounds)])

    def _given(self, call: ast.Call) -> None:
        early = last_name(call) in FEATURES and not _reaches_far(call)
        if early or CHANGES.search(last_name(call)):
            self.parts.add("?")
        else:
            self.whole = True


def _bounds(node: ast.Subscript) -> Slice | None:
    """Return the bounds of a slice of whole numbers, None for any other."""
    if not isinstance(node.slice, ast.Slice) or node.slice.step is not None:
        return None
    found: list[int | None] = []
    for part in (node.slice.lower, node.slice.upper):
        value = literal(part)
        if part is not None and (not isinstance(value, int) or isinstance(value, bool)):
            return None
        found.append(value if isinstance(value, int) else None)
    return found[0], found[1]


def _reaches_far(call: ast.Call) -> bool:
    """Tell whether a network is asked for features of a late layer."""
    words = [literal(node) for node in nodes_of(call, ast.Constant)]
    return any(isinstance(word, str) and LATE.fullmatch(word) for word in words)
