"""Activation functions as model code writes them: layers, functions, words and formulas."""

from __future__ import annotations

import ast

from netgain.analysis.code_attention_kinds import SIGMOIDS
from netgain.analysis.syntax import dotted, last_name, literal, place, walk
from netgain.study import Source, SourceFile

ACTIVATIONS = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "silu": "silu", "silu_": "silu", "swish": "silu",
    "sigmoidlinearunit": "silu", "memoryefficientswish": "silu", "gelu": "gelu", "quickgelu": "gelu",
    "newgelu": "gelu", "fastgelu": "gelu", "leakyrelu": "leaky_relu", "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu", "prelu": "prelu", "elu": "elu", "selu": "selu", "celu": "celu",
    "mish": "mish", "hardswish": "hardswish", "hard_swish": "hardswish", "softplus": "softplus",
    "tanh": "tanh", "rrelu": "rrelu", "glu": "glu", "geglu": "geglu", "swiglu": "swiglu",
    "hardtanh": "hardtanh", "hardtanh_": "hardtanh",
}  # fmt: skip
"""Class and function names, lower case, to canonical activation."""
SPIKING = frozenset(
    {"lifnode", "ifnode", "plifnode", "parametriclifnode", "klifnode", "multisteplifnode", "lifcell",
     "lifrecurrentcell", "lifboxcell", "lifspike"}
)  # fmt: skip
"""Classes of neurons that send spikes in place of an activation, lower case."""
OF_SNNTORCH = frozenset({"leaky", "rleaky", "synaptic", "rsynaptic", "lapicque", "alpha"})
"""Those of snntorch, whose names mean other things elsewhere."""
OUTPUTS = frozenset({"", "none", "linear", "sigmoid", "softmax", "log_softmax", "hard_sigmoid"})
"""Words for what bounds an output or a gate: as layers of their own these are no activations either."""


def activations(
    file: SourceFile, node: ast.AST, *, inside_gate: bool, functional: bool
) -> list[tuple[str, Source]]:
    """Find the activations of a class, function or statement, written as layers, functions or words.

    Args:
        file: the file it stands in.
        node: the class, function or statement.
        inside_gate: whether it is a gate, whose sigmoid and product are no activation.
        functional: whether plain functions count, as they do inside a model class only.
    """
    found = []
    for child in walk(node):
        if isinstance(child, ast.Call):
            applied = isinstance(child.func, ast.Call)
            if applied or (not functional and not last_name(child)[:1].isupper()):
                continue
            name = ACTIVATIONS.get(last_name(child).lower()) or _spiking(last_name(child), file)
            is_class_or_function = name and dotted(child.func) != name
            if name and (is_class_or_function or isinstance(child.func, ast.Name)):
                found.append((name, place(file, child)))
            found += [(word, place(file, child)) for word in _words(child)]
        elif isinstance(child, ast.BinOp) and functional and not inside_gate and _is_swish(child):
            found.append(("silu", place(file, child)))
    return found


def _spiking(name: str, file: SourceFile) -> str | None:
    """Return `spiking-neuron` for a neuron of snntorch, spikingjelly, norse and their like."""
    plain = name.lower() if name[:1].isupper() else ""
    known = plain in SPIKING or (plain in OF_SNNTORCH and "snntorch" in file.text)
    return "spiking-neuron" if known else None


def _words(call: ast.Call) -> list[str]:
    """Return the activations a layer is told, as `activation="relu"` and `Activation(tf.nn.elu)`."""
    given = [k.value for k in call.keywords if k.arg in ("activation", "act")]
    if last_name(call) == "Activation":
        given += call.args[:1]
    found = []
    for node in given:
        word = literal(node)
        if isinstance(word, str) and word.lower() not in OUTPUTS:
            found.append(ACTIVATIONS.get(word.lower(), word))
        elif isinstance(node, ast.Attribute) and node.attr.lower() in ACTIVATIONS:
            found.append(ACTIVATIONS[node.attr.lower()])
    return found


def _is_swish(node: ast.BinOp) -> bool:
    """Match `x * sigmoid(x)` and `x * x.sigmoid()`, with a constant inside or not."""
    if not isinstance(node.op, ast.Mult):
        return False
    for value, call in ((node.left, node.right), (node.right, node.left)):
        if isinstance(call, ast.Call) and last_name(call) in SIGMOIDS and dotted(value):
            operand = call.args[0] if call.args else getattr(call.func, "value", None)
            if operand is not None and dotted(value) in {dotted(n) for n in walk(operand)}:
                return True
    return False
