"""ONNX models: trainable parameters, building blocks, operators; no value of a tensor is read."""

from __future__ import annotations

import json
import mmap
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from netgain.analysis.graph import census
from netgain.errors import UnreadableFile
from netgain.readers._onnx_file import OnnxModel, OnnxTensor, parse
from netgain.readers._onnx_graph import operations
from netgain.readers.base import Entry, Limits, Reader, RunFacts, Setting, lies_beside, open_regular
from netgain.study import Cited, Component, ModelProfile, Tensor

FIRST = re.compile(rb"\x08[\x01-\x20](?:\x12|\x1a|\x22|\x2a|\x32|\x3a|\x42|\x28|\x52)")
"""`ir_version` and a second field of ModelProto."""
WEIGHTS: dict[str, tuple[int, ...]] = {
    "Conv": (1, 2), "ConvTranspose": (1, 2), "ConvInteger": (1,), "QLinearConv": (3, 8), "Gemm": (0, 1, 2),
    "MatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3), "BatchNormalization": (1, 2),
    "InstanceNormalization": (1, 2), "LayerNormalization": (1, 2), "GroupNormalization": (1, 2),
    "RMSNormalization": (1,), "SimplifiedLayerNormalization": (1,), "PRelu": (1,), "LSTM": (1, 2, 3),
    "GRU": (1, 2, 3), "RNN": (1, 2, 3), "Gather": (0,), "Einsum": (0, 1, 2),
    "Add": (0, 1), "Mul": (0, 1), "Concat": (0, 1, 2, 3),
    "com.microsoft.SkipLayerNormalization": (2, 3, 4), "com.microsoft.BiasGelu": (1,),
    "com.microsoft.FusedMatMul": (0, 1), "com.microsoft.EmbedLayerNormalization": (2, 3, 4, 5, 6),
    "com.microsoft.Attention": (1, 2), "com.microsoft.QAttention": (1, 2), "com.microsoft.FusedConv": (1, 2),
    "com.microsoft.SkipSimplifiedLayerNormalization": (2,), "com.microsoft.MatMulNBits": (1,),
    "com.microsoft.DynamicQuantizeMatMul": (1, 4), "com.microsoft.DynamicQuantizeLSTM": (1, 2, 3),
}  # fmt: skip
"""Inputs of each operator at which trained numbers come in; running statistics, shapes, scales, zero points
and the like do not. What is subtracted is a mean, of the input or of a batch norm written out."""
ELEMENTWISE = frozenset({"Add", "Mul", "Concat"})
"""Operators that also take constants of the formula: a bare number there is no parameter."""
QUANTIZED = frozenset({"int8", "uint8", "int4", "uint4", "float8e4m3fn", "float8e5m2"})
REAL = frozenset({"float32", "float16", "float64", "bfloat16"}) | QUANTIZED
RUNNING = re.compile(
    r"running_(?:mean|var)|moving_(?:mean|variance)|num_batches_tracked|position_ids"
)
OBSERVED = ("activation", "resampling", "skip")
"""Kinds that an export keeps recognisable. Norms are folded into convolutions or written out in many ways,
attention and gates likewise, so their absence from an export says nothing."""
MOST_BYTES = 8 * 2**30


def sniff(entry: Entry) -> bool:
    """Recognise a `.onnx` file; content decides in reading."""
    return entry.suffix == ".onnx" and (FIRST.match(entry.head) is not None or entry.size < 1024)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one model.

    Raises:
        UnreadableFile: damaged, cut off, a Git-LFS pointer, or no ONNX model.
    """
    if entry.size < 1024:
        entry.bytes(limits.text_bytes)
    if entry.size > MOST_BYTES:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {MOST_BYTES:,}")
    with (
        open_regular(entry.path) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        model = parse(data, len(data))
    trained = _trained(model)
    settings = tuple(_settings(entry, model, trained))
    yield RunFacts(
        location=entry.folder,
        dialect="generic",
        settings=settings,
        model=_profile(entry, model, trained),
    )
    missing = sorted({t.external for t in trained if t.external and not _beside(entry, t.external)})
    if missing:
        shown = ", ".join(missing[:3]) + (" and more" if len(missing) > 3 else "")
        raise UnreadableFile(
            f"read without its values: {shown} is not beside it; parameters are counted by shape, "
            "ask for the file if the values matter"
        )


def _beside(entry: Entry, name: str) -> bool:
    """Tell whether a file of weights lies in the model's own folder; paths that lead out are refused."""
    plain = "/" not in name and "\\" not in name and name not in ("", ".", "..")
    return plain and lies_beside(entry, name)


def _trained(model: OnnxModel) -> tuple[OnnxTensor, ...]:
    """Return the tensors that training made, each once, in file order.

    A value computed from constants alone stands for its largest one: quantized weights are cast and scaled
    before they are used.
    """
    used: set[str] = set()
    source: dict[str, str] = {name: name for name in model.tensors}
    for node in model.nodes:
        given = [name for name in node.inputs if name]
        if given and all(name in source for name in given):
            origin = max(
                (source[name] for name in given), key=lambda name: model.tensors[name].size
            )
            for output in node.outputs:
                source.setdefault(output, origin)
            continue
        for place in WEIGHTS.get(node.op, ()):
            name = source.get(node.inputs[place]) if place < len(node.inputs) else None
            if name is None:
                continue
            tensor = model.tensors[name]
            bare = tensor.size == 1 and not _named_parameter(name)
            if node.op in ELEMENTWISE and (bare or tensor.dtype in QUANTIZED):
                continue
            used.add(name)
    return tuple(
        tensor
        for name, tensor in model.tensors.items()
        if name in used and tensor.dtype in REAL and not RUNNING.search(name)
    )


def _named_parameter(name: str) -> bool:
    """Tell whether a single number carries a module's name (`layers.0.gamma`), not an exporter's."""
    return re.search(r"\.(?:weight|bias|gamma|beta|alpha|scale|gate)\w*$", name) is not None


def _settings(entry: Entry, model: OnnxModel, trained: tuple[OnnxTensor, ...]) -> Iterator[Setting]:
    """Yield what the file says of itself, under keys that no training setting has."""
    kinds = Counter(tensor.dtype for tensor in trained for _ in (1,))
    told: dict[str, str | int] = {
        "onnx.producer": model.producer,
        "onnx.opset": model.opsets.get("", 0),
        "onnx.operators": json.dumps(Counter(node.op for node in model.nodes).most_common(200)),
        "onnx.weight_types": json.dumps(dict(kinds.most_common())),
    }
    external = sorted({tensor.external for tensor in trained if tensor.external})
    if external:
        told["onnx.external_data"] = json.dumps(external[:50])
    for key, value in told.items():
        if value:
            yield Setting(key=key, value=value, source=entry.source(key=key), strength="measured")
    for key, text in list(model.metadata.items())[:50]:
        if key and len(text) <= 500:
            source = entry.source(key=f"metadata_props.{key}")
            yield Setting(key=f"onnx.metadata.{key}", value=text, source=source, strength="stated")


def _profile(entry: Entry, model: OnnxModel, trained: tuple[OnnxTensor, ...]) -> ModelProfile:
    count = sum(tensor.size for tensor in trained)
    parameters = {tensor.name for tensor in trained}
    found = operations(model, parameters)
    components = census(found.nodes, source=entry.source()) if found.nodes else ()
    observed = OBSERVED if found.sized else tuple(k for k in OBSERVED if k != "resampling")
    return ModelProfile(
        parameters=Cited(value=count, source=entry.source(), strength="measured")
        if count
        else None,
        components=tuple(_with_instance_norms(entry, components, model)),
        observed_kinds=observed if found.whole else (),
        uncovered_operators=tuple(sorted({n.op for n in model.nodes if "." in n.op})),
        tensors=tuple(Tensor(name=t.name, shape=t.shape, dtype=t.dtype) for t in trained),
    )


def _with_instance_norms(
    entry: Entry, components: tuple[Component, ...], model: OnnxModel
) -> Iterator[Component]:
    """Add what ONNX has an operator for and a recorded graph has not."""
    yield from components
    named = {"InstanceNormalization": "instance-norm", "GroupNormalization": "group-norm"}
    for op, name in named.items():
        places = tuple(n.name or n.outputs[0] for n in model.nodes if n.op == op and n.outputs)
        known = next((c for c in components if c.name == name), None)
        if places and known is None:
            yield Component(
                kind="normalization",
                name=name,
                where=places,
                source=replace(entry.source(), tensor=places[0]),
                strength="measured",
            )


READER = Reader(name="ONNX model", order=19, sniff=sniff, read=read)
