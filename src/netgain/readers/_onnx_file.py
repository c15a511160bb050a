"""The parts of an ONNX file that say what the model is: nodes, initializers without their values, shapes.

Field numbers are those of `onnx.proto` (ModelProto, GraphProto, NodeProto, TensorProto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._protobuf import BYTES, FIXED32, VARINT, fields, varint

DTYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
          9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
          17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz",
          21: "uint4", 22: "int4", 23: "float4e2m1"}  # fmt: skip
"""`TensorProto.DataType`."""
MOST_NODES = 500_000
MOST_TENSORS = 500_000
DEEPEST = 12
"""Deepest nesting of graphs inside nodes (If, Loop, Scan)."""
EXTERNAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxTensor:
    """One initializer, or the value of a Constant node."""

    name: str
    """Name as stored."""
    shape: tuple[int, ...]
    """Sizes by dimension, empty for a scalar."""
    dtype: str
    """Element type."""
    external: str | None = None
    """File beside the model that holds the values, None where they are inside."""

    @property
    def size(self) -> int:
        """Return the number of elements."""
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxNode:
    """One operation."""

    op: str
    """Operator, with its domain where that is not ONNX's own."""
    name: str
    """Name of the node."""
    inputs: tuple[str, ...]
    """Names of values read; empty names are inputs left out."""
    outputs: tuple[str, ...]
    """Names of values made."""
    numbers: dict[str, tuple[float, ...]]
    """Attributes that are numbers or lists of numbers."""
    texts: dict[str, str]
    """Attributes that are text."""


@dataclass(slots=True)
class OnnxModel:
    """One file; filled as it is read."""

    producer: str = ""
    """Program that wrote it, with its version."""
    opsets: dict[str, int] = field(default_factory=dict)
    """Version of each operator set by domain; ONNX's own has the empty name."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Free properties of the model."""
    nodes: list[OnnxNode] = field(default_factory=list)
    """Operations in file order, which is an order of execution."""
    tensors: dict[str, OnnxTensor] = field(default_factory=dict)
    """Initializers and constants by name."""
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Inputs that are no initializers, with their shapes; 0 for a size that varies."""
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes that the file states of values."""


def parse(data: Any, size: int) -> OnnxModel:
    """Read a model.

    Args:
        data: bytes, or a memory map of the file.
        size: its length.

    Raises:
        UnreadableFile: cut off, no ONNX model, or over the limits.
    """
    model = OnnxModel()
    version = ""
    graphs = 0
    for number, kind, start, end in fields(data, 0, size):
        if number == 2 and kind == BYTES:
            model.producer = _text(data, start, end)
        elif number == 3 and kind == BYTES:
            version = _text(data, start, end)
        elif number == 7 and kind == BYTES:
            graphs += 1
            _graph(model, data, start, end, depth=0)
        elif number == 8 and kind == BYTES:
            domain, opset = "", 0
            for n, k, a, b in fields(data, start, end):
                domain = _text(data, a, b) if n == 1 and k == BYTES else domain
                opset = varint(data, a)[0] if n == 2 and k == VARINT else opset
            model.opsets[domain if domain != "ai.onnx" else ""] = opset
        elif number == 14 and kind == BYTES and len(model.metadata) < 1_000:
            key, value = _pair(data, start, end)
            model.metadata[key] = value
    if graphs != 1 or not model.nodes:
        raise UnreadableFile("holds no graph of operations; expected an ONNX model")
    model.producer = " ".join(part for part in (model.producer, version) if part)
    model.inputs = {
        name: shape for name, shape in model.inputs.items() if name not in model.tensors
    }
    return model


def _graph(model: OnnxModel, data: Any, start: int, end: int, *, depth: int) -> None:
    if depth > DEEPEST:
        raise UnreadableFile(f"graphs nested deeper than {DEEPEST}; expected a plain model")
    for number, kind, a, b in fields(data, start, end):
        if kind != BYTES:
            continue
        if number == 1:
            _node(model, data, a, b, depth=depth)
        elif number == 5:
            _keep(model, _tensor(data, a, b))
        elif number in (11, 13):
            name, shape = _value(data, a, b)
            if shape is not None:
                model.shapes[name] = shape
            if number == 11 and depth == 0:
                model.inputs[name] = shape or ()


def _keep(model: OnnxModel, tensor: OnnxTensor) -> None:
    model.tensors[tensor.name] = tensor
    if len(model.tensors) > MOST_TENSORS:
        raise UnreadableFile(f"more than {MOST_TENSORS:,} tensors; expected a model")


def _node(model: OnnxModel, data: Any, start: int, end: int, *, depth: int) -> None:
    inputs: list[str] = []
    outputs: list[str] = []
    name = op = domain = ""
    numbers: dict[str, tuple[float, ...]] = {}
    texts: dict[str, str] = {}
    constant: OnnxTensor | None = None
    for number, kind, a, b in fields(data, start, end):
        if kind != BYTES:
            continue
        if number == 1:
            inputs.append(_text(data, a, b))
        elif number == 2:
            outputs.append(_text(data, a, b))
        elif number == 3:
            name = _text(data, a, b)
        elif number == 4:
            op = _text(data, a, b)
        elif number == 7:
            domain = _text(data, a, b)
        elif number == 5:
            constant = _attribute(model, (data, a, b), numbers, texts, depth=depth) or constant
    if op == "Constant" and outputs and constant is not None:
        _keep(
            model,
            OnnxTensor(
                name=outputs[0],
                shape=constant.shape,
                dtype=constant.dtype,
                external=constant.external,
            ),
        )
    spelled = op if domain in ("", "ai.onnx") else f"{domain}.{op}"
    model.nodes.append(
        OnnxNode(op=spelled, name=name, inputs=tuple(inputs), outputs=tuple(outputs), numbers=numbers,
                 texts=texts)
    )  # fmt: skip
    if len(model.nodes) > MOST_NODES:
        raise UnreadableFile(f"more than {MOST_NODES:,} operations; expected a model")


def _attribute(
    model: OnnxModel,
    place: tuple[Any, int, int],
    numbers: dict[str, tuple[float, ...]],
    texts: dict[str, str],
    *,
    depth: int,
) -> OnnxTensor | None:
    """Read one attribute into `numbers` or `texts`; return it where it is a tensor."""
    data, start, end = place
    name, found, tensor = "", [], None
    for number, kind, a, b in fields(data, start, end):
        if number == 1 and kind == BYTES:
            name = _text(data, a, b)
        elif number in (2, 7):
            found += _floats(data, kind, a, b)
        elif number in (3, 8):
            found += [float(n) for n in _integers(data, kind, a, b)]
        elif number == 4 and kind == BYTES:
            texts[name] = _text(data, a, min(b, a + 200))
        elif number == 5 and kind == BYTES:
            tensor = _tensor(data, a, b)
        elif number in (6, 11) and kind == BYTES:
            _graph(model, data, a, b, depth=depth + 1)
    if found and name:
        numbers[name] = tuple(found[:64])
    return tensor


def _tensor(data: Any, start: int, end: int) -> OnnxTensor:
    shape: list[int] = []
    name, dtype, location, file = "", 0, 0, None
    for number, kind, a, b in fields(data, start, end):
        if number == 1:
            shape += _integers(data, kind, a, b)
        elif number == 2 and kind == VARINT:
            dtype = varint(data, a)[0]
        elif number == 8 and kind == BYTES:
            name = _text(data, a, b)
        elif number == 13 and kind == BYTES:
            key, value = _pair(data, a, b)
            file = value if key == "location" else file
        elif number == 14 and kind == VARINT:
            location = varint(data, a)[0]
    if any(not 0 <= length < 2**48 for length in shape) or len(shape) > 64:
        raise UnreadableFile(f"tensor {name!r} of an impossible shape; expected an ONNX model")
    return OnnxTensor(
        name=name,
        shape=tuple(shape),
        dtype=DTYPES.get(dtype, f"type {dtype}"),
        external=file if location == EXTERNAL else None,
    )


def _value(data: Any, start: int, end: int) -> tuple[str, tuple[int, ...] | None]:
    """Return name and shape of a value; a size that varies is 0, and None is no shape at all."""
    name, shape = "", None
    for number, kind, a, b in fields(data, start, end):
        if number == 1 and kind == BYTES:
            name = _text(data, a, b)
        elif number == 2 and kind == BYTES:
            for n, k, c, d in fields(data, a, b):
                if n == 1 and k == BYTES:
                    shape = _tensor_shape(data, c, d)
    return name, shape


def _tensor_shape(data: Any, start: int, end: int) -> tuple[int, ...] | None:
    for number, kind, a, b in fields(data, start, end):
        if number == 2 and kind == BYTES:
            sizes: list[int] = []
            for _, k, c, d in fields(data, a, b):
                size = 0
                for n, kk, e, _f in fields(data, c, d) if k == BYTES else ():
                    size = varint(data, e)[0] if n == 1 and kk == VARINT else size
                sizes.append(size if size < 2**48 else 0)
            return tuple(sizes)
    return None


def _pair(data: Any, start: int, end: int) -> tuple[str, str]:
    key = value = ""
    for number, kind, a, b in fields(data, start, end):
        if kind == BYTES:
            key = _text(data, a, b) if number == 1 else key
            value = _text(data, a, b) if number == 2 else value
    return key, value


def _integers(data: Any, kind: int, start: int, end: int) -> Iterator[int]:
    """Yield the numbers of a repeated field, packed or one at a time; negative ones as such."""
    at = start
    while at < end:
        value, at = varint(data, at)
        yield value - 2**64 if value >= 2**63 else value
        if kind == VARINT:
            return


def _floats(data: Any, kind: int, start: int, end: int) -> list[float]:
    if kind not in (FIXED32, BYTES):
        return []
    end = min(end, start + 256)
    return [value for (value,) in struct.iter_unpack("<f", data[start : end - (end - start) % 4])]


def _text(data: Any, start: int, end: int) -> str:
    return bytes(data[start : min(end, start + 4_096)]).decode("utf-8", "replace")
