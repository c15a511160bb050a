"""Models in several files: the index that names the shards, read as one model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._documents import parse_json
from netgain.readers.base import Entry, Limits, Reader, RunFacts, Setting, lies_beside
from netgain.readers.checkpoint import BUFFERS, is_shard, stored_tensors
from netgain.study import Cited, ModelProfile, Tensor

SUFFIXES = (".safetensors.index.json", ".bin.index.json")
MOST_SHARDS = 2_000


def sniff(entry: Entry) -> bool:
    """Recognise an index by its name (`model.safetensors.index.json`, `pytorch_model.bin.index.json`)."""
    return entry.name.endswith(SUFFIXES)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read the index and the headers of its shards as one model.

    Raises:
        UnreadableFile: damaged, or shards are missing; what is there is given before.
    """
    document = parse_json(entry.text(limits.text_bytes), limits)
    placed = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(placed, dict) or not all(isinstance(name, str) for name in placed.values()):
        raise UnreadableFile("without a `weight_map`; expected the index of a sharded checkpoint")
    shards = sorted(set(placed.values()))
    if len(shards) > MOST_SHARDS:
        raise UnreadableFile(f"names {len(shards):,} shards, more than {MOST_SHARDS:,}")
    present = [name for name in shards if _is_beside(entry, name)]
    tensors: dict[str, Tensor] = {}
    sizes: dict[tuple[str, str, int, tuple[int, ...]], int] = {}
    for name in present:
        path = entry.path.with_name(name)
        shard = Entry(path=path, display=str(entry.display)[: -len(entry.name)] + name,
                      size=path.stat().st_size)  # fmt: skip
        for key, tensor in stored_tensors(shard, limits):
            tensors[key] = Tensor(name=key, shape=tensor.shape, dtype=tensor.dtype)
            if not BUFFERS.search(key):
                sizes[name, tensor.storage, tensor.offset, tensor.shape] = tensor.size
    complete = len(present) == len(shards) and set(placed) <= set(tensors)
    parameters = Cited(value=sum(sizes.values()), source=entry.source(), strength="measured")
    yield RunFacts(
        location=entry.folder,
        dialect="generic",
        settings=tuple(_settings(entry, document, len(shards))),
        model=ModelProfile(
            parameters=parameters if complete and sizes else None, tensors=tuple(tensors.values())
        )
        if tensors
        else None,
    )
    missing = [name for name in shards if name not in present]
    if missing:
        shown = ", ".join(missing[:3]) + (
            f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        )
        raise UnreadableFile(
            f"{len(missing)} of {len(shards)} shards are missing ({shown}); parameters cannot be counted, "
            "ask for the files"
        )
    if not complete:
        absent = next(name for name in placed if name not in tensors)
        raise UnreadableFile(
            f"names tensors that its shards do not hold ({absent[:80]}); parameters are not counted, "
            "ask for the matching files"
        )


def _is_beside(entry: Entry, name: str) -> bool:
    """Tell whether a shard lies in the index's own folder; links and paths are not followed."""
    return (
        is_shard(name) and lies_beside(entry, name) and not entry.path.with_name(name).is_symlink()
    )


def _settings(entry: Entry, document: dict[str, Any], shards: int) -> Iterator[Setting]:
    metadata = document.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    found = {"checkpoint.shards": shards, "checkpoint.total_bytes": total}
    for key, value in found.items():
        if isinstance(value, int):
            source = entry.source(key="metadata.total_size" if "bytes" in key else "weight_map")
            yield Setting(key=key, value=value, source=source, strength="measured")


READER = Reader(name="sharded checkpoint", order=18, sniff=sniff, read=read)
