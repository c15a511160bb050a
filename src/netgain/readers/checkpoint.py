"""Checkpoints: names and shapes of tensors, signs of averaged weights, counters; nothing is loaded.

A safetensors file begins with a JSON table of its tensors; a torch file holds a pickle, which is
read by a machine that calls nothing. Values are read of counters alone (optimizer step, batches
tracked).
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._archive import DAMAGE
from netgain.readers._documents import SECRET, scalar
from netgain.readers._json import loads
from netgain.readers._pickle import Inert, load
from netgain.readers._torch import (
    MOST_TENSORS,
    StoredTensor,
    archive_pickle,
    legacy_object,
    mapping_of,
    modules,
    named_tensors,
    scalar_of,
    tensor_of,
)
from netgain.readers.base import Entry, Limits, Reader, RunFacts, Setting, open_regular
from netgain.study import Cited, Component, ModelProfile, Source, Tensor

TORCH_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".pkl")
HEADER_BYTES = 100 * 2**20
"""Largest safetensors header, the format's own limit."""
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4,
          "U16": 2, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1}  # fmt: skip
"""Bytes of an element by the format's name for its type."""
MOST_STEPS = 1e15
"""A counter beyond it, infinite or no number, is damage."""
LEGACY_BYTES = 256 * 2**20
WEIGHT_KEYS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "params",
               "weights", "model_state", "generator", "student")  # fmt: skip
"""Where training scripts keep the live weights inside a checkpoint, most usual first."""
AVERAGED_KEY = re.compile(r"(^|[._])(ema|swa|averaged?|shadow|polyak)([._]|$)", re.IGNORECASE)
BUFFERS = re.compile(
    r"(^|\.)(running_mean|running_var|num_batches_tracked|position_ids|n_averaged)$"
)
"""Entries of a state dict that no optimizer trains."""
COUNTERS = {"global_step": "steps", "optimizer_steps": "steps"}
"""Top-level counters that mean optimizer updates under every framework that writes them."""
PLAIN_COUNTERS = ("epoch", "step", "iteration", "iter", "best_acc", "best_acc1", "arch", "seed")
"""Top-level values kept under their own name: whether they start at 0 or 1 is not said."""
ARGUMENTS = ("args", "opt", "cfg", "config", "hparams", "hyper_parameters")
"""Top-level names under which a script saves its settings."""
MOST_ARGUMENTS = 2_000
MODULE_KINDS: dict[str, tuple[str, str]] = {
    "BatchNorm": ("normalization", "batch-norm"),
    "SyncBatchNorm": ("normalization", "batch-norm"),
    "GroupNorm": ("normalization", "group-norm"),
    "LayerNorm": ("normalization", "layer-norm"),
    "InstanceNorm": ("normalization", "instance-norm"),
    "RMSNorm": ("normalization", "rms-norm"),
    "ReLU6": ("activation", "relu6"),
    "LeakyReLU": ("activation", "leaky-relu"),
    "PReLU": ("activation", "prelu"),
    "RReLU": ("activation", "rrelu"),
    "ReLU": ("activation", "relu"),
    "SiLU": ("activation", "silu"),
    "GELU": ("activation", "gelu"),
    "ELU": ("activation", "elu"),
    "Mish": ("activation", "mish"),
    "Hardswish": ("activation", "hardswish"),
    "Tanh": ("activation", "tanh"),
    "Sigmoid": ("activation", "sigmoid"),
    "MultiheadAttention": ("attention", "multi-head-attention"),
    "MaxPool": ("resampling", "max-pool"),
    "AvgPool": ("resampling", "average-pool"),
    "ConvTranspose": ("resampling", "transposed-convolution"),
    "PixelShuffle": ("resampling", "pixel-shuffle"),
    "Upsample": ("resampling", "interpolation"),
}
"""Beginning of a torch.nn class name to kind and name of the component."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one checkpoint holds."""

    tensors: tuple[tuple[str, StoredTensor], ...]
    """Live weights and buffers by name, in file order."""
    top: dict[Any, Any]
    """Everything else on the top level."""
    model: Inert | None
    """The model, where the whole module was pickled."""
    archive: zipfile.ZipFile | None
    """For reading counters."""


def sniff(entry: Entry) -> bool:
    """Recognise checkpoints by suffix and first bytes; states of random generators hold no weights."""
    if entry.name.startswith(("rng_state", "random_states")):
        return False
    if entry.name.endswith(".safetensors"):
        return True
    torch_like = entry.head[:2] == b"PK" or entry.head[:1] == b"\x80"
    pointer = entry.head.startswith(b"version https://git-lfs")
    return entry.suffix in TORCH_SUFFIXES and (torch_like or pointer)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one checkpoint.

    Raises:
        UnreadableFile: damaged, cut off, a Git-LFS pointer, or no checkpoint.
    """
    if entry.size < 1024 and entry.head.startswith(b"version https://git-lfs"):
        entry.bytes(limits.text_bytes)
    if _indexed(entry):
        return  # the index beside it is read as one model
    if entry.name.endswith(".safetensors"):
        yield _facts(entry, Content(_stored(entry), {}, None, None))
        return
    try:
        if entry.head[:2] == b"PK":
            with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
                value, _ = load(archive_pickle(archive, limits))
                yield _facts(entry, _content(value, archive))
        else:
            yield _facts(entry, _content(legacy_object(entry.bytes(LEGACY_BYTES)), None))
    except DAMAGE as error:
        raise UnreadableFile(
            f"damaged torch archive ({error}); expected a whole file, ask for it again"
        ) from error


def is_shard(name: str) -> bool:
    """Tell whether a bare file name is that of one part of a checkpoint."""
    plain = "/" not in name and "\\" not in name
    return plain and name.endswith((".safetensors", ".bin"))


def stored_tensors(entry: Entry, limits: Limits) -> tuple[tuple[str, StoredTensor], ...]:
    """Return name and form of every tensor of one shard.

    Raises:
        UnreadableFile: damaged, cut off, or a Git-LFS pointer.
    """
    if entry.size < 1024 and entry.head.startswith(b"version https://git-lfs"):
        entry.bytes(limits.text_bytes)
    if entry.name.endswith(".safetensors"):
        return _stored(entry)
    try:
        if entry.head[:2] == b"PK":
            with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
                return _content(load(archive_pickle(archive, limits))[0], None).tensors
        return _content(legacy_object(entry.bytes(LEGACY_BYTES)), None).tensors
    except DAMAGE as error:
        raise UnreadableFile(
            f"damaged torch archive ({error}); expected a whole file, ask for it again"
        ) from error


def _indexed(entry: Entry) -> bool:
    """Tell whether a shard's index lies beside it."""
    found = re.fullmatch(r"(.+)-\d{5}-of-\d{5}(\.\w+)", entry.name)
    return found is not None and (
        entry.path.with_name(f"{found[1]}{found[2]}.index.json").is_file()
    )


def _stored(entry: Entry) -> tuple[tuple[str, StoredTensor], ...]:
    """Read the header: u64 length, then JSON of name to dtype, shape, data_offsets."""
    with open_regular(entry.path) as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(HEADER_BYTES, entry.size - 8):
            raise UnreadableFile("no whole safetensors header; expected a complete file")
        header = stream.read(length)
    try:
        table = loads(header)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile("damaged safetensors header; expected JSON") from error
    if not isinstance(table, dict):
        raise UnreadableFile("damaged safetensors header; expected a table of tensors")
    table.pop("__metadata__", None)
    tensors = tuple((str(name), _declared(name, row)) for name, row in table.items())
    end = max((row["data_offsets"][1] for row in table.values()), default=0)
    if 8 + length + end > entry.size:
        raise UnreadableFile(
            f"cut off: {entry.size:,} of {8 + length + end:,} bytes; ask for the complete file"
        )
    return tensors


def _declared(name: str, row: Any) -> StoredTensor:
    shape = row.get("shape") if isinstance(row, dict) else None
    offsets = row.get("data_offsets") if isinstance(row, dict) else None
    if not (
        isinstance(shape, list)
        and isinstance(offsets, list)
        and len(offsets) == 2
        and all(isinstance(n, int) and 0 <= n < 2**60 for n in (*shape, *offsets))
    ):
        raise UnreadableFile(f"damaged safetensors header at {name!r}; expected shape and offsets")
    tensor = StoredTensor(tuple(shape), str(row.get("dtype")), str(name), offsets[0], "")
    width = WIDTHS.get(tensor.dtype)
    if width is not None and tensor.size * width != offsets[1] - offsets[0]:
        raise UnreadableFile(
            f"damaged safetensors header at {name!r}; its shape does not fit the bytes it names"
        )
    return tensor


def _content(value: Any, archive: zipfile.ZipFile | None) -> Content:
    """Find the live weights: a whole module, a state dict, or one under a usual key."""
    mapping = mapping_of(value)
    if mapping is None:
        if not isinstance(value, Inert):
            raise UnreadableFile("holds no tensors; expected a checkpoint")
        return Content(_named(value), {}, value, archive)
    for key in WEIGHT_KEYS:
        inner = mapping.get(key)
        if inner is None or tensor_of(inner) is not None:
            continue
        found = _named(inner)
        if found:
            model = inner if isinstance(inner, Inert) and isinstance(inner.state, dict) else None
            top = {k: v for k, v in mapping.items() if k != key}
            return Content(found, top, model if model and any(modules(model)) else None, archive)
    direct = {k: v for k, v in mapping.items() if tensor_of(v) is not None}
    if direct:
        others = {k: v for k, v in mapping.items() if k not in direct}
        return Content(_named(direct), others, None, archive)
    return Content((), mapping, None, archive)


def _named(value: Any) -> tuple[tuple[str, StoredTensor], ...]:
    found = []
    for name, tensor in named_tensors(value):
        found.append((name, tensor))
        if len(found) > MOST_TENSORS:
            raise UnreadableFile(f"more than {MOST_TENSORS:,} tensors; expected a checkpoint")
    return tuple(found)


def _facts(entry: Entry, content: Content) -> RunFacts:
    settings = tuple(_counters(entry, content))
    profile = _profile(entry, content)
    if profile is None and not settings:
        raise UnreadableFile("holds neither weights nor counters; expected a checkpoint")
    lightning = "pytorch-lightning_version" in content.top
    return RunFacts(
        location=entry.folder,
        dialect="lightning" if lightning else "generic",
        settings=settings,
        model=profile,
    )


def _profile(entry: Entry, content: Content) -> ModelProfile | None:
    if not content.tensors and not any(AVERAGED_KEY.search(str(key)) for key in content.top):
        return None
    source = entry.source()
    sharded = re.search(r"-\d{5}-of-\d{5}", entry.name) is not None
    distinct = {
        (t.storage, t.offset, t.shape): t.size
        for name, t in content.tensors
        if not BUFFERS.search(name)
    }
    return ModelProfile(
        parameters=Cited(value=sum(distinct.values()), source=source, strength="measured")
        if distinct and not sharded
        else None,
        components=tuple(_components(entry, content)),
        averaged_weights=_averaged(entry, content),
        tensors=tuple(
            Tensor(name=name, shape=tensor.shape, dtype=tensor.dtype)
            for name, tensor in content.tensors
        ),
    )


def _components(entry: Entry, content: Content) -> Iterator[Component]:
    """Read the census off a pickled module's classes, else batch norms off their running means."""
    found: dict[tuple[str, str], list[str]] = {}
    classes = list(modules(content.model)) if content.model is not None else []
    for where, name in classes:
        plain = name.rsplit(".", 1)[-1]
        kind = next((k for start, k in MODULE_KINDS.items() if plain.startswith(start)), None)
        if kind is not None and name.startswith("torch.nn."):
            found.setdefault(kind, []).append(where)
    if not classes:
        where_normalised = [
            name.removesuffix(".running_mean")
            for name, _ in content.tensors
            if name.endswith("running_mean")
        ]
        if where_normalised:
            found["normalization", "batch-norm"] = where_normalised
    for (kind_name, name), where_found in found.items():
        yield Component(
            kind=kind_name,  # type: ignore[arg-type]  # kinds of MODULE_KINDS
            name=name,
            where=tuple(where_found),
            source=Source(path=entry.display, tensor=where_found[0]),
            strength="measured",
        )


def _averaged(entry: Entry, content: Content) -> Cited[str] | None:
    """Find the sign of averaged weights: an `n_averaged` counter or a second set of weights."""
    for name, _ in content.tensors:
        if name.rsplit(".", 1)[-1] == "n_averaged":
            return _sign(entry, name)
    for key, value in content.top.items():
        if isinstance(key, str) and (key.endswith("n_averaged") or AVERAGED_KEY.search(key)):
            filled = any(True for _ in named_tensors(value)) or tensor_of(value) is not None
            if filled:
                return _sign(entry, key)
    for name, _ in content.tensors:
        if AVERAGED_KEY.search(name):
            return _sign(entry, name)
    return None


def _sign(entry: Entry, name: str) -> Cited[str]:
    return Cited(value=name, source=Source(path=entry.display, tensor=name), strength="measured")


def _counters(entry: Entry, content: Content) -> Iterator[Setting]:
    for key, value in content.top.items():
        if not isinstance(key, str):
            continue
        tensor = tensor_of(value)
        plain = scalar_of(content.archive, tensor) if tensor is not None else value
        if key in COUNTERS and isinstance(plain, (int, float)) and plain > 0:
            yield _measured(entry, COUNTERS[key], plain, key)
        elif key in PLAIN_COUNTERS and isinstance(plain, (int, float, str)):
            yield _measured(entry, f"checkpoint.{key}", plain, key)
    epochs = _epochs_processed(content.top.get("loops"))
    if epochs is not None:
        yield _measured(entry, "epochs", epochs, "loops.fit_loop.epoch_progress.current.processed")
    yield from _optimizer(entry, content)
    yield from _arguments(entry, content)
    for name, tensor in content.tensors:
        if name.endswith("num_batches_tracked"):
            count = scalar_of(content.archive, tensor)
            if count is not None and 0 < count < MOST_STEPS:
                yield _measured(entry, "num_batches_tracked", int(count), name)
                return


def _epochs_processed(loops: Any) -> int | None:
    """Return finished epochs by Lightning's own loop record."""
    for key in ("fit_loop", "epoch_progress", "current", "processed"):
        loops = (mapping_of(loops) or {}).get(key)
    return loops if isinstance(loops, int) and loops > 0 else None


def _optimizer(entry: Entry, content: Content) -> Iterator[Setting]:
    """Read the largest step count of the optimizer, and the settings of its first group."""
    states = content.top.get("optimizer_states")
    first = states[0] if isinstance(states, list) and states else None
    place = "optimizer_states.0" if first is not None else ""
    for key in ("optimizer", "optimizer_state_dict", "optim", "optimizer_state"):
        if first is None and mapping_of(content.top.get(key)):
            first, place = content.top[key], key
    if first is None and "param_groups" in content.top and "state" in content.top:
        first, place = content.top, ""
    record = mapping_of(first) or {}
    prefix = f"{place}." if place else ""
    steps = [_step(content, value) for value in (mapping_of(record.get("state")) or {}).values()]
    counted = max((s for s in steps if s is not None), default=None)
    if counted:
        yield _measured(entry, "steps", int(counted), f"{prefix}state.step")
    groups = record.get("param_groups")
    group = mapping_of(groups[0]) if isinstance(groups, list) and groups else None
    for key, value in (group or {}).items():
        if key in ("weight_decay", "momentum", "initial_lr") and isinstance(value, (int, float)):
            yield _measured(entry, f"{prefix}param_groups.0.{key}", value, None)


def _step(content: Content, state: Any) -> float | None:
    value = (mapping_of(state) or {}).get("step")
    tensor = tensor_of(value)
    count = scalar_of(content.archive, tensor) if tensor is not None else value
    return float(count) if isinstance(count, (int, float)) and abs(count) < MOST_STEPS else None


def _arguments(entry: Entry, content: Content) -> Iterator[Setting]:
    """Yield the plain settings that a script saved beside the weights: `args`, `cfg`, `hyper_parameters`."""
    for place in ARGUMENTS:
        value = content.top.get(place)
        state = value.state if isinstance(value, Inert) else None
        held = mapping_of(value) or mapping_of(state) or {}
        for key, one in list(held.items())[:MOST_ARGUMENTS]:
            if (
                isinstance(key, str)
                and isinstance(one, (int, float, str))
                and not SECRET.search(key)
            ):
                source = entry.source(key=f"{place}.{key}"[:200])
                yield Setting(key=key, value=scalar(one), source=source)


def _measured(entry: Entry, key: str, value: Any, place: str | None) -> Setting:
    return Setting(
        key=key, value=scalar(value), source=entry.source(key=place or key), strength="measured"
    )


READER = Reader(name="checkpoint", order=20, sniff=sniff, read=read)
