"""Records of scripts that follow no framework, under any name: what they hold decides whether they are read.

A JSON, YAML or TOML document, a table or JSON lines that no other reader claims is taken where its keys are
those of a training: at least two settings that only trainings have, or a known metric. What the keys mean is
told by the vocabulary alone, so every value from here is marked `likely`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from netgain.errors import UnreadableFile
from netgain.readers import config_file, metric_log
from netgain.readers._documents import SECRET, Leaf, leaves, parse_json
from netgain.readers._named_settings import facts_of_named
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts
from netgain.vocabulary import canonical_metric, canonical_setting, is_known_metric, x_axis

DOCUMENTS = (".json", ".yaml", ".yml", ".toml")
TABLES = (".csv", ".tsv")
LINES = (".jsonl", ".ndjson")
OF_TRAININGS = frozenset(
    ("learning_rate", "batch_size", "global_batch_size", "batch_size_per_device", "epochs",
     "max_steps", "optimizer",
     "weight_decay", "schedule", "warmup_steps", "warmup_epochs", "warmup_ratio", "gradient_clipping",
     "dropout",
     "seed", "momentum", "gradient_accumulation", "label_smoothing", "ema_decay", "n_train", "wall_seconds",
     "parameters", "n_trials", "samples_seen", "tokens_seen", "sequence_length", "image_size", "beta1",
     "beta2")
)  # fmt: skip
"""Settings that only the record of a training has."""
LIBRARIES = frozenset(
    (
        "configs",
        "config",
        "conf",
        "cfgs",
        "cfg",
        "recipes",
        "hparams_search",
        "yaml_configs",
        "options",
    )
)
"""Folders in which a code base keeps recipes."""
FEWEST = 2
MOST_KEYS = 400
OTHERS = re.compile(
    r"^(?:metafile|model[-_]index|package(?:-lock)?|tsconfig|composer|manifest|dataset_infos?|"
    r"vocab(?:[-_]\w+)?|merges|tokenizer\w*|special_tokens_map|"
    r"preprocessor_config|generation_config|model\.safetensors\.index|pyproject|Cargo|Pipfile|environment|"
    r"docker-compose|mkdocs|\.pre-commit-config|labels?|classes|annotations?|instances\w*|coco\w*)\.",
    re.IGNORECASE,
)


def sniff(entry: Entry) -> bool:
    """Recognise a record by the keys in its first bytes."""
    suffix = entry.suffix
    if OTHERS.search(entry.name) or config_file.is_of_a_tool(entry):
        return False
    if suffix in DOCUMENTS:
        kept = LIBRARIES & {part.lower() for part in entry.path.parts[-4:-1]}
        if kept and entry.root is not None and not _alone(entry):
            return False  # one that was named by itself is meant
        return _speaks_of_training(_keys(entry.head, suffix))
    if suffix in TABLES:
        first = entry.head.decode("utf-8", "replace").splitlines()[:1]
        return bool(first) and _is_table(re.split(r"[,;\t]", first[0]))
    return (
        suffix in LINES
        and entry.head.lstrip()[:1] == b"{"
        and _is_table(_keys(entry.head.split(b"\n")[0], ".json"))
    )


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one record; one that turns out to hold nothing of a training yields nothing.

    Raises:
        UnreadableFile: damaged.
    """
    suffix = entry.suffix
    if suffix in TABLES:
        found: Iterable[Fact] = metric_log.read_table(entry, limits)
    elif suffix in LINES:
        found = metric_log.facts_of_lines(entry, limits)
    elif suffix == ".json":
        found = _json(entry, limits)
    else:
        found = _leaves(entry, limits)
    for fact in found:
        yield as_likely(fact) if isinstance(fact, RunFacts) else fact


def _alone(entry: Entry) -> bool:
    """Tell whether a config is the only one of its folder; several are recipes, not records."""
    kinds = [child for child in entry.path.parent.iterdir() if child.suffix == entry.path.suffix]
    return len(kinds) == 1


def _json(entry: Entry, limits: Limits) -> Iterator[Fact]:
    held = entry.head.lstrip()[:1]
    if held not in b"{[":
        raise UnreadableFile("no JSON object or list; expected a record of a training")
    keys = _keys(entry.head, ".json")
    scored = any(is_known_metric(canonical_metric(key).name) for key in keys)
    if held == b"[":
        text = entry.text(limits.text_bytes)
        named = tuple(facts_of_named(entry, parse_json(text, limits), text, limits))
        if named:
            yield from named
            return
    if scored or held == b"[":
        yield from metric_log.facts_of_document(entry, limits)
        return
    yield from _leaves(entry, limits)


def _leaves(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read a document whose numbers are settings unless the vocabulary knows them as scores."""
    yield from metric_log.facts_of_leaves(
        entry, _open(leaves(entry, limits)), strength="configured"
    )


def _open(found: Iterable[Leaf]) -> list[Leaf]:
    return [leaf for leaf in found if not SECRET.search(leaf.key)]


def as_likely(fact: RunFacts) -> RunFacts:
    """Mark everything a file of no known format says."""
    return replace(
        fact,
        settings=tuple(replace(item, confidence="likely") for item in fact.settings),
        finals=tuple(replace(item, confidence="likely") for item in fact.finals),
    )


def _keys(head: bytes, suffix: str) -> list[str]:
    text = head.decode("utf-8", "replace")
    if suffix == ".json":
        found = re.findall(r'"([^"\\]{1,80})"\s*:', text)
    elif suffix == ".toml":
        found = re.findall(r"^[ \t]*+([\w.\-]{1,80})[ \t]*+=", text, re.MULTILINE)
    else:
        found = re.findall(r"^[ \t]*+(?:- )?([\w.\-/ ]{1,80}):(?:\s|$)", text, re.MULTILINE)
    return found[:MOST_KEYS]


def _speaks_of_training(keys: list[str]) -> bool:
    settings = {name for key in keys if (name := canonical_setting(key)) in OF_TRAININGS}
    metrics = [key for key in keys if _is_metric(key)]
    return len(settings) >= FEWEST or len(metrics) >= FEWEST or bool(settings and metrics)


def _is_metric(key: str) -> bool:
    metric = canonical_metric(key)
    plain = metric.name not in (
        "learning_rate",
        "epoch",
        "gradient_norm",
        "loss",
        "score",
        "cost",
        "map",
    )
    return is_known_metric(metric.name) and (plain or metric.split is not None)


def _is_table(names: list[str]) -> bool:
    """Tell whether columns are those of a log or of a table of runs, and not of single examples."""
    plain = [name.strip().strip("\"'") for name in names]
    if len(plain) < 2 or any(metric_log.OF_EXAMPLES.search(name) for name in plain):
        return False
    metrics = any(is_known_metric(canonical_metric(name).name) for name in plain)
    settings = {name for key in plain if (name := canonical_setting(key)) in OF_TRAININGS}
    return metrics and (
        any(x_axis(name) for name in plain)
        or bool(settings)
        or sum(map(_is_metric, plain)) >= FEWEST
    )


READER = Reader(name="record of a script", order=97, sniff=sniff, read=read)
