"""Which OpenMMLab config of a folder is the one that is trained, and which are the bases it derives from."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from netgain.errors import UnreadableFile
from netgain.readers.base import open_regular

SIGNS = re.compile(
    rb"^(?:_base_|train_dataloader|optim_wrapper|default_hooks|train_pipeline|lr_config|checkpoint_config|"
    rb"data|model|optimizer|runner|train_cfg|param_scheduler|dataset_type|default_scope)\s*=",
    re.MULTILINE,
)
BASES = re.compile(rb"^_base_\s*=\s*(\[[^\]]{0,4000}\]|[^\n]{0,400})", re.MULTILINE)
NAMED = re.compile(rb"[\"']([^\"'\n]{1,300}\.py)[\"']")
HEAD = 2**14
"""Bytes of a config in which it names its bases."""
MOST_FILES = 60
"""Python files of a folder that is still looked through; more make a library."""
FEWEST = 3
"""Top names that make a file a config."""


def is_config(head: bytes) -> bool:
    """Tell whether the beginning of a Python file is that of a config: three of its names, or a base."""
    found = {sign.split(b"=")[0].strip() for sign in SIGNS.findall(head)}
    return len(found) >= FEWEST or b"_base_" in found


def is_only_derived(path: Path) -> bool:
    """Tell whether a config is the one of its folder from which no other derives."""
    try:
        stamp = path.parent.stat().st_mtime_ns
    except OSError:
        return False
    return _derived(str(path.parent), stamp) == {path.name}


@lru_cache(maxsize=512)
def _derived(folder: str, stamp: int) -> frozenset[str]:
    """Return the configs of a folder that are no base of another; `stamp` is when the folder last changed."""
    files = sorted(child for child in Path(folder).iterdir() if child.suffix == ".py")
    if len(files) > MOST_FILES:
        return frozenset()
    heads = {file.name: _head(file) for file in files}
    configs = {name: head for name, head in heads.items() if is_config(head)}
    bases = {
        base.decode("utf-8", "replace").rpartition("/")[2]
        for name, head in configs.items()
        for listed in BASES.findall(head)
        for base in NAMED.findall(listed)
        if base.rpartition(b"/")[0] in (b"", b".") and base.rpartition(b"/")[2] != name.encode()
    }
    return frozenset(configs) - bases


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as stream:
            return stream.read(HEAD)
    except (OSError, UnreadableFile):
        return b""
