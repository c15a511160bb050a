"""JSON, YAML and TOML documents to flat settings with lines; no object is ever constructed."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from netgain.errors import UnreadableFile
from netgain.readers._json import loads, without_quotes
from netgain.readers.base import Entry, Limits, Setting
from netgain.study import Scalar, Strength

YAML_BYTES = 2 * 2**20
"""Largest YAML document; the parser needs some hundred bytes of memory for each byte."""
JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
JSON_KEY = r'("{}")\s*:'
TOML_KEY = r"^\s*(?:[\w\"'-]+\s*\.\s*)*[\"']?({})[\"']?\s*="
DOTS = 200
"""Most dots in one key of a TOML document."""
MISSED_LINES = 100
"""Keys missed before lines are no longer looked for (each miss scans the whole text)."""
SECRET = re.compile(
    r"(?:token|(?:access|auth|api|hf|hub)_?tokens|(?:password|api_?key|secret)s?)$", re.IGNORECASE
)
"""Keys whose values are never repeated in a report; `max_tokens` counts."""
TOML_BYTES = 8 * 2**20
"""Largest TOML document; the parser needs thirty bytes of memory for each character."""
MOST_VALUES = 5_000_000
"""Most values of one JSON document; each takes up to 150 bytes of memory."""
MOST_CONTAINERS = 1_500_000
"""Most lists and objects of one JSON document; each takes up to 300 bytes of memory."""
MOST_BITS = 128
"""Bits of the largest whole number a setting can be; NumPy's seeds have as many."""
LEAVES = 200_000
"""Most values taken from one document, so that nested YAML aliases cannot multiply without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One value of a nested document."""

    key: str
    """Keys from the top, joined by dots; list positions are numbers."""
    value: Scalar
    """Number, text, truth value or None; lists of plain values as JSON text."""
    line: int | None
    """1-based line of the key."""


def leaves(entry: Entry, limits: Limits) -> tuple[Leaf, ...]:
    """Flatten a document by its suffix: `.json`, `.toml`, else YAML.

    Raises:
        UnreadableFile: damaged syntax, nested too deep, too many values, or not a mapping on top.
    """
    suffix = entry.suffix
    text = entry.text(limits.text_bytes)
    if suffix == ".json":
        return tuple(_flat_with_lines(parse_json(text, limits), text, JSON_KEY, limits))
    if suffix == ".toml":
        return tuple(_flat_with_lines(_parse_toml(text), text, TOML_KEY, limits))
    return tuple(_yaml_leaves(text, limits))


def leaves_of_yaml(text: str, limits: Limits) -> tuple[Leaf, ...]:
    """Flatten YAML text.

    Raises:
        UnreadableFile: as `leaves`.
    """
    return tuple(_yaml_leaves(text, limits))


def settings(
    entry: Entry, limits: Limits, *, strength: Strength = "configured"
) -> tuple[Setting, ...]:
    """Read a document as settings of a run.

    Raises:
        UnreadableFile: as `leaves`.
    """
    return tuple(setting_of(entry, leaf, strength=strength) for leaf in leaves(entry, limits))


def setting_of(entry: Entry, leaf: Leaf, *, strength: Strength = "configured") -> Setting:
    """Turn one value of a document into a setting."""
    source = entry.source(line=leaf.line, key=leaf.key)
    return Setting(key=leaf.key, value=leaf.value, source=source, strength=strength)


def parse_json(text: str, limits: Limits) -> Any:
    """Parse JSON text.

    Raises:
        UnreadableFile: damaged or nested deeper than the limit.
    """
    _hold_counts(text)
    try:
        document = loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFile(
            f"damaged JSON at line {error.lineno} ({error.msg}); expected one whole document"
        ) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableFile(
            "JSON nested too deep or with an oversized number; expected a plain record"
        ) from error
    if '"{' in text:
        document = without_quotes(document)
    check_depth(document, limits.depth)
    return document


def _hold_counts(text: str) -> None:
    """Hold the limits on values and containers before any of them takes memory.

    Raises:
        UnreadableFile: over a limit.
    """
    if text.count(",") <= MOST_VALUES and text.count("{") + text.count("[") <= MOST_CONTAINERS:
        return
    bare = JSON_STRING.sub("", text)  # marks inside strings do not count
    values, containers = bare.count(","), bare.count("{") + bare.count("[")
    if values > MOST_VALUES or containers > MOST_CONTAINERS:
        raise UnreadableFile(
            f"{values:,} values and {containers:,} lists and objects, more than {MOST_VALUES:,} or "
            f"{MOST_CONTAINERS:,}; name a smaller extract"
        )


def check_depth(document: Any, depth: int) -> None:
    """Hold the limit on nesting without recursion.

    Raises:
        UnreadableFile: nested deeper than `depth`.
    """
    level = [document]
    for _ in range(depth):
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise UnreadableFile(f"nested deeper than {depth} levels; expected a plain record")


def scalar(value: object) -> Scalar:
    """Return a document's value as a setting: plain values as they are, others as JSON text.

    A whole number larger than any seed stays the text it was, since no arithmetic means anything with it.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        digits = (
            str(value) if value.bit_length() < 14_000 else "a whole number of thousands of digits"
        )
        return digits if len(digits) <= 60 else f"{digits[:40]}… ({len(digits)} digits)"
    if value is None or isinstance(value, (int, float, str, bool)):
        return value
    return json.dumps(value, default=str)


def typed_text(text: str) -> Scalar:
    """Read the number, truth value or None that a store kept as text."""
    word = text.strip()
    if word.lower() in ("none", "null", "~", ""):
        return None
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if len(word) < 40 and re.fullmatch(r"[+-]?\d+", word):
        return int(word)
    if len(word) < 40 and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", word):
        return scalar(float(word))
    return text


def clock_seconds(text: object) -> float | None:
    """Return the seconds of a duration written `1:12:28` or `2 days, 0:01:05.5`, else None."""
    match = re.fullmatch(
        r"(?:(\d{1,4}) days?, )?(\d{1,4}):(\d\d):(\d\d(?:\.\d+)?)", str(text).strip()
    )
    if match is None:
        return None
    days, hours, minutes, seconds = match.groups(default="0")
    return 86_400 * int(days) + 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def flatten(document: Any, prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield dotted keys and values in document order; lists of plain values stay one value."""
    children: Any
    if isinstance(document, dict):
        children = document.items()
    elif isinstance(document, list) and any(isinstance(item, dict) for item in document):
        children = enumerate(document)
    else:
        yield prefix, scalar(document)
        return
    for key, child in children:
        yield from flatten(child, f"{prefix}.{key}" if prefix else str(key))


def _flat_with_lines(document: Any, text: str, pattern: str, limits: Limits) -> Iterator[Leaf]:
    """Flatten and find each key's line by scanning the text forward, in document order."""
    if not isinstance(document, dict):
        raise UnreadableFile(
            f"holds a {type(document).__name__} on top; expected named settings (a mapping)"
        )
    check_depth(document, limits.depth)
    position, line, missed = 0, 1, 0
    for index, (key, value) in enumerate(flatten(document)):
        if index >= LEAVES:
            raise UnreadableFile(f"more than {LEAVES:,} values; expected a plain record")
        name = next((part for part in reversed(key.split(".")) if not part.isdigit()), key)
        match = (
            re.compile(pattern.format(re.escape(name)), re.MULTILINE).search(text, position)
            if missed < MISSED_LINES
            else None
        )
        if match is None:
            missed += 1
            yield Leaf(key=key, value=value, line=None)
            continue
        line += text.count("\n", position, match.start(1))
        position = match.start(1)
        yield Leaf(key=key, value=value, line=line)


def _parse_toml(text: str) -> dict[str, Any]:
    if len(text) > TOML_BYTES:
        raise UnreadableFile(f"TOML of {len(text):,} characters, more than {TOML_BYTES:,}")
    for line in text.splitlines():
        parts = re.split(r"[,=\[\]{}]", line) if line.count(".") > DOTS else ()
        if any(part.count(".") > DOTS for part in parts):
            # The parser takes quadratic time for such a key.
            raise UnreadableFile(f"a TOML key of more than {DOTS} parts; expected a plain record")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"damaged TOML ({error}); expected one whole document") from error


def _yaml_leaves(text: str, limits: Limits) -> Iterator[Leaf]:
    """Walk a YAML node graph; tags are never resolved to Python objects."""
    if len(text) > YAML_BYTES:
        raise UnreadableFile(f"YAML of {len(text):,} characters, more than {YAML_BYTES:,}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > limits.depth:
                raise UnreadableFile(
                    f"nested deeper than {limits.depth} levels; expected a plain record"
                )
        node = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not a single document"
        raise UnreadableFile(
            f"damaged YAML{place} ({problem}); expected one whole document"
        ) from error
    if node is None:
        return
    if not isinstance(node, yaml.MappingNode):
        raise UnreadableFile("holds no named settings on top; expected a YAML mapping")
    if _written_out(node, limits.depth, {}) > LEAVES:
        raise UnreadableFile(f"more than {LEAVES:,} values (nested aliases?)")
    yield from _node_leaves(node, "", None, limits.depth)


def _written_out(node: Any, depth: int, known: dict[int, int]) -> int:
    """Return how many values and containers a node holds once its aliases are written out.

    Args:
        node: top of the part to count.
        depth: levels still allowed.
        known: counts by node identity, filled on the way, so that each node is visited once.

    Raises:
        UnreadableFile: nested deeper than allowed, as a node that holds itself always is.
    """
    if depth < 0:
        raise UnreadableFile("YAML refers to itself without end; expected a plain record")
    if id(node) in known:
        return known[id(node)]
    children: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        children = [child for _, child in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    known[id(node)] = 1 + sum(_written_out(child, depth - 1, known) for child in children)
    return known[id(node)]


def _node_leaves(node: Any, prefix: str, line: int | None, depth: int) -> Iterator[Leaf]:
    if depth < 0:
        raise UnreadableFile("YAML refers to itself without end; expected a plain record")
    if isinstance(node, yaml.MappingNode):
        for key_node, child in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            merged = key_node.tag == "tag:yaml.org,2002:merge"
            name = prefix if merged else f"{prefix}.{key}" if prefix else key
            yield from _node_leaves(child, name, key_node.start_mark.line + 1, depth - 1)
    elif isinstance(node, yaml.SequenceNode):
        if all(isinstance(item, yaml.ScalarNode) for item in node.value):
            plain = [_yaml_scalar(item) for item in node.value]
            yield Leaf(key=prefix, value=json.dumps(plain), line=line)
            return
        for index, item in enumerate(node.value):
            name = f"{prefix}.{index}" if prefix else str(index)
            yield from _node_leaves(item, name, item.start_mark.line + 1, depth - 1)
    else:
        yield Leaf(key=prefix, value=_yaml_scalar(node), line=line)


def _yaml_scalar(node: Any) -> Scalar:
    """Return a YAML scalar; `1e-3`, text to YAML 1.1, is read as the number it was written for."""
    if node.style in ("'", '"', "|", ">"):
        return str(node.value)
    if node.tag == "tag:yaml.org,2002:bool":
        return str(node.value).lower() in ("true", "yes", "on")
    if re.fullmatch(r"[+-]?\d[\d_]*", node.value) and node.tag == "tag:yaml.org,2002:int":
        return typed_text(node.value.replace("_", ""))
    if node.value.lower() == "none":
        return str(node.value)  # a word to YAML, and the name of a choice (`scheduler: none`)
    return typed_text(node.value)
