"""torch.save files seen from outside: the pickle in the archive, tensors as name, shape, type."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._pickle import Inert, Persistent, load
from netgain.readers.base import Limits

PICKLE_BYTES = 256 * 2**20
"""Largest pickle inside an archive; tensors lie outside it."""
DEEPEST = 60
"""Deepest nesting of modules and dictionaries that is walked."""
MOST_TENSORS = 200_000
TYPES = {
    "FloatStorage": ("F32", "<f4"),
    "DoubleStorage": ("F64", "<f8"),
    "HalfStorage": ("F16", "<f2"),
    "BFloat16Storage": ("BF16", ""),
    "LongStorage": ("I64", "<i8"),
    "IntStorage": ("I32", "<i4"),
    "ShortStorage": ("I16", "<i2"),
    "CharStorage": ("I8", "<i1"),
    "ByteStorage": ("U8", "<u1"),
    "BoolStorage": ("BOOL", "<?"),
}
STRUCT = {"<f4": "<f", "<f8": "<d", "<f2": "<e", "<i8": "<q", "<i4": "<i", "<i2": "<h", "<i1": "<b"}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a torch file."""

    shape: tuple[int, ...]
    """Sizes by dimension."""
    dtype: str
    """Element type as safetensors spells it."""
    storage: str
    """Name of the storage it lies in; tied weights share one."""
    offset: int
    """First element in the storage."""
    code: str
    """numpy type code, empty where numpy has none."""

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.shape)


def archive_pickle(archive: zipfile.ZipFile, limits: Limits) -> bytes:
    """Return the pickle of a torch zip archive.

    Raises:
        UnreadableFile: no `data.pkl` in it, or one that unpacks to more than the limit.
    """
    names = [info for info in archive.infolist() if info.filename.endswith("data.pkl")]
    if not names:
        raise UnreadableFile("zip archive without data.pkl; expected a torch.save file")
    if names[0].file_size > min(PICKLE_BYTES, limits.unpacked_bytes):
        raise UnreadableFile(f"its pickle unpacks to {names[0].file_size:,} bytes, over the limit")
    with archive.open(names[0]) as stream:
        return stream.read(names[0].file_size)


def legacy_object(content: bytes) -> Any:
    """Return the object of torch's format before 1.6: three pickles of preamble, then the object.

    Raises:
        UnreadableFile: damaged or cut off.
    """
    found, at = load(content)
    if not isinstance(found, int):
        return found
    for _ in range(2):
        _, at = load(content, at)
    return load(content, at)[0]


def tensor_of(value: Any) -> StoredTensor | None:
    """Return the tensor an inert record stands for; None for anything else."""
    for _ in range(4):
        if not isinstance(value, Inert) or not value.args:
            return None
        if value.name.endswith(("_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_tensor_v3")):
            return _rebuilt(value.args)
        if value.name.endswith("_rebuild_from_type_v2") and len(value.args) > 2:
            value = Inert("torch._utils._rebuild_tensor_v2", tuple(value.args[2]))
        elif value.args and value.name.endswith(
            ("_rebuild_parameter", "_rebuild_parameter_with_state", ".Parameter")
        ):
            value = value.args[0]
        else:
            return None
    return None


def _rebuilt(args: tuple[Any, ...]) -> StoredTensor | None:
    if len(args) < 3 or not isinstance(args[0], Persistent):
        return None
    identity, offset, shape = args[0].identity, args[1], args[2]
    if not isinstance(identity, tuple) or len(identity) < 3 or not isinstance(shape, tuple):
        return None
    if not all(isinstance(n, int) and 0 <= n < 2**48 for n in (*shape, offset)):
        return None
    kind = identity[1].name.rsplit(".", 1)[-1] if isinstance(identity[1], Inert) else ""
    dtype, code = TYPES.get(kind, (kind or "unknown", ""))
    return StoredTensor(
        shape=shape, dtype=dtype, storage=str(identity[2]), offset=offset, code=code
    )


def scalar_of(archive: zipfile.ZipFile | None, tensor: StoredTensor) -> float | None:
    """Read the value of a one-element tensor from its storage; None where it cannot be read."""
    form = STRUCT.get(tensor.code)
    if archive is None or tensor.size != 1 or form is None:
        return None
    suffix = f"/data/{tensor.storage}"
    member = next((i for i in archive.infolist() if i.filename.endswith(suffix)), None)
    width = struct.calcsize(form)
    end = (tensor.offset + 1) * width
    if member is None or end > min(member.file_size, 2**20):
        return None
    with archive.open(member) as stream:
        content = stream.read(end)
    (value,) = struct.unpack(form, content[end - width : end])
    return float(value)


def mapping_of(value: Any) -> dict[Any, Any] | None:
    """Return the items of a dict or of an inert dict subclass; None for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Inert) and value.entries:
        return value.entries
    return None


def named_tensors(
    value: Any, prefix: str = "", depth: int = DEEPEST
) -> Iterator[tuple[str, StoredTensor]]:
    """Yield every tensor below a value with its dotted name: state dicts, lists, whole modules."""
    if depth <= 0:
        return
    tensor = tensor_of(value)
    if tensor is not None:
        yield prefix, tensor
        return
    mapping = mapping_of(value)
    if mapping is None and isinstance(value, Inert) and isinstance(value.state, dict):
        state = value.state
        parts = [
            mapping_of(state.get(kind)) or {} for kind in ("_parameters", "_buffers", "_modules")
        ]
        scripted = "_parameters" not in state  # TorchScript keeps attributes side by side
        mapping = state if scripted else {k: v for part in parts for k, v in part.items()}
    if mapping is None:
        return
    for key, child in mapping.items():
        yield from named_tensors(child, f"{prefix}.{key}" if prefix else str(key), depth - 1)


def modules(value: Any, prefix: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, str]]:
    """Yield path and class name of every module in a pickled model."""
    if depth <= 0 or not isinstance(value, Inert) or not isinstance(value.state, dict):
        return
    children = mapping_of(value.state.get("_modules"))
    if children is None:
        if "_parameters" not in value.state:
            return
        children = {}
    yield prefix, value.name
    for key, child in children.items():
        yield from modules(child, f"{prefix}.{key}" if prefix else str(key), depth - 1)
