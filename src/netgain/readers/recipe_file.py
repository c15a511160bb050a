"""Settings files of any name in folders of recipes: `configs/resnet50.yaml`, `conf/optimizer/adam.yaml`."""

from __future__ import annotations

from collections.abc import Iterator

from netgain.errors import UnreadableFile
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import SECRET, leaves, setting_of
from netgain.readers.base import Entry, Limits, Reader, RunFacts
from netgain.readers.config_file import is_of_a_tool
from netgain.vocabulary import canonical_setting

FOLDERS = frozenset(
    {"configs", "config", "conf", "confs", "cfgs", "cfg", "recipes", "recipe", "hyps", "hparams", "params",
     "settings", "options", "experiments", "yamls", "yaml"}
)  # fmt: skip
"""Folders of settings that runs are started from."""
SUFFIXES = (".yaml", ".yml", ".toml")
ABOVE = 3
"""Folders above a file that are looked at."""
LARGEST = 256 * 2**10
"""Bytes of the largest recipe."""
TELLING = frozenset(
    {"epochs", "max_steps", "learning_rate", "batch_size", "batch_size_per_device", "optimizer", "schedule",
     "weight_decay", "seed"}
)  # fmt: skip
"""Settings of which a recipe states one at least."""


def sniff(entry: Entry) -> bool:
    """Recognise a settings file by the folder it lies in."""
    if entry.path.suffix.lower() not in SUFFIXES or not 0 < entry.size <= LARGEST:
        return False
    above = {part.lower() for part in entry.path.parts[-1 - ABOVE : -1]}
    return bool(FOLDERS & above) and not is_of_a_tool(entry)


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read a recipe as a plan that no run is known of; a file that configures no training says nothing."""
    try:
        found = [leaf for leaf in leaves(entry, limits) if not SECRET.search(leaf.key)]
    except UnreadableFile:
        return
    names = {canonical_setting(leaf.key, value=leaf.value) for leaf in found}
    if TELLING & names:
        yield RunFacts(
            location=entry.folder,
            dialect=dialect_of(leaf.key for leaf in found),
            settings=tuple(setting_of(entry, leaf) for leaf in found),
            status="planned",
        )


READER = Reader(name="recipe", order=98, sniff=sniff, read=read)
