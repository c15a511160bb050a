"""Settings files of any framework: config, hparams, args, params in JSON, YAML, TOML or plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from netgain.errors import UnreadableFile
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import SECRET, Leaf, leaves, parse_json, setting_of, typed_text
from netgain.readers._named_settings import facts_of_named
from netgain.readers._text_settings import text_leaves
from netgain.readers.base import Entry, Limits, Reader, RunFacts
from netgain.vocabulary import canonical_setting

LEFT_TO_LAUNCHER = frozenset(
    ("global_batch_size", "batch_size", "batch_size_per_device", "gradient_accumulation", "gradient_clipping",
     "learning_rate", "weight_decay", "warmup_steps", "max_steps", "betas", "epsilon", "precision")
)  # fmt: skip
SUFFIXES = (".json", ".yaml", ".yml", ".toml")
NAMES = re.compile(
    r"(?:^|[_\-.\s])(?:configs?|hparams?|hyper_?-?param(?:eter)?s|args|arguments|params|parameters|"
    r"settings|options|opts?|cfg|conf|recipe|hydra_config|budget|hardware|versions|env|environment|"
    r"run_?info|metadata|flags|experiment)(?:[_\-.\s\d]|$)",
    re.IGNORECASE,
)
"""Stems of files that hold settings."""
OTHERS = re.compile(
    r"tokenizer|generation_config|preprocessor|processor_config|pre-commit|docker|conda|"
    r"special_tokens|tsconfig|jsconfig|eslint|babel|mkdocs|readthedocs|package|dependabot|codecov|"
    r"python_env|sentence_bert|modules\.json|registered_model",
    re.IGNORECASE,
)
"""Settings files of tools, not of trainings."""


def sniff(entry: Entry) -> bool:
    """Recognise a settings file by its name."""
    if is_of_a_tool(entry):
        return False
    if entry.suffix == ".txt":
        named = NAMES.search(entry.path.stem) is not None
        return named and bool(text_leaves(_whole_lines(entry)))
    if entry.suffix not in SUFFIXES:
        return False
    if entry.path.parent.name == ".hydra":
        return entry.name in ("config.yaml", "overrides.yaml")
    return NAMES.search(entry.path.stem) is not None


def _whole_lines(entry: Entry) -> str:
    """Return the first lines of a text file; a last one that is cut off is left out."""
    text = entry.head.decode("utf-8", "replace")
    return text if entry.size <= len(entry.head) else text.rpartition("\n")[0]


def is_of_a_tool(entry: Entry) -> bool:
    """Tell whether a file configures an editor, a package manager or a service, and no training."""
    hidden = any(
        p.startswith(".") and p not in (".", "..", ".hydra") for p in entry.path.parts[-3:-1]
    )
    conda = b"dependencies:" in entry.head and (
        b"channels:" in entry.head or b"- pip" in entry.head
    )
    return OTHERS.search(entry.name) is not None or hidden or conda


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one settings file; interpolations (`${...}`) stay as written.

    Raises:
        UnreadableFile: damaged, or not a mapping of settings.
    """
    named = tuple(_named(entry, limits))
    if named:
        yield from named
        return
    if entry.name == "overrides.yaml":
        found = tuple(_overrides(entry, limits))
    elif entry.suffix == ".txt":
        found = text_leaves(entry.text(limits.text_bytes))
    else:
        found = leaves(entry, limits)
    kept = [leaf for leaf in found if not SECRET.search(leaf.key) and not _left_open(leaf)]
    yield RunFacts(
        location=entry.folder,
        dialect=dialect_of(leaf.key for leaf in kept),
        settings=tuple(setting_of(entry, leaf) for leaf in kept),
    )


def _named(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read a JSON list of configurations that each say their name; any other file yields nothing."""
    if entry.suffix == ".json" and entry.head.lstrip()[:1] == b"[":
        text = entry.text(limits.text_bytes)
        yield from facts_of_named(entry, parse_json(text, limits), text, limits)


def _left_open(leaf: Leaf) -> bool:
    """Tell whether a value is left to whoever starts the training, as DeepSpeed's `auto` is."""
    number = canonical_setting(leaf.key, "deepspeed") in LEFT_TO_LAUNCHER
    return number and isinstance(leaf.value, str) and leaf.value.lower() == "auto"


def _overrides(entry: Entry, limits: Limits) -> Iterator[Leaf]:
    """Read Hydra's list of `+group.key=value` overrides."""
    text = entry.text(limits.text_bytes)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableFile("damaged YAML; expected a list of overrides") from error
    if not isinstance(node, yaml.SequenceNode):
        raise UnreadableFile("holds no list on top; expected Hydra's overrides")
    for item in node.value:
        if isinstance(item, yaml.ScalarNode) and "=" in item.value:
            key, _, value = item.value.partition("=")
            yield Leaf(key=key.lstrip("+~"), value=typed_text(value), line=item.start_mark.line + 1)


READER = Reader(name="settings file", order=60, sniff=sniff, read=read)
