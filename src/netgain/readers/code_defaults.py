"""Defaults that training code states: argparse, click, absl, dataclasses, yacs, plain config modules.

A default is what a run used unless it was told otherwise: it counts only where nothing else says a
setting. The code is read by its syntax tree; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.declared_options import (
    CONFIGURATION_CLASS,
    declared_fields,
    declared_option,
    is_configuration_class,
)
from netgain.analysis.script_files import NOT_TRAINING
from netgain.analysis.syntax import last_name, nodes_of, walk
from netgain.errors import UnreadableFile
from netgain.readers._named_settings import named_facts, names_in
from netgain.readers._python_literals import DEPTH, UNKNOWN, Names, flat, parse, plain, value_of
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting
from netgain.vocabulary import canonical_setting

FEWEST = 3
"""Known settings that make a file one that configures a training."""
LENGTHS = frozenset(
    ("epochs", "max_steps", "learning_rate", "batch_size", "batch_size_per_device", "optimizer")
)
"""Canonical settings of which a training's configuration states one at least."""
ROOTS = frozenset(("_C", "cfg", "config", "c", "C", "args", "hparams", "opt", "FLAGS", "CFG", "hp"))
"""Names that hold a configuration whose attributes are set one by one."""
MAKERS = frozenset(
    (
        "CN",
        "CfgNode",
        "ConfigDict",
        "EasyDict",
        "edict",
        "AttrDict",
        "Munch",
        "SimpleNamespace",
        "Namespace",
    )
)
"""Calls that make an empty configuration, under whatever name."""
HINT = re.compile(
    rb"add_argument|@click|DEFINE_|dataclass|CfgNode|ConfigDict|learning_rate|batch_size|\blr\b"
    rb"|LEARNING_RATE|BATCH_SIZE|\bLR\b"
)
NAMED_HINT = re.compile(r"[\"'](?:\w*name|experiment|exp|run|id|tag|label|title)[\"']\s*:")
Found = dict[str, tuple[object, int]]


def sniff(entry: Entry) -> bool:
    """Recognise Python that is no test and no script of evaluation; what it states shows in reading."""
    parts = {part.lower() for part in entry.path.parts[-4:-1]}
    aside = {
        "tests",
        "test",
        "docs",
        "_base_",
        "third_party",
        "vendor",
        "examples",
        "site-packages",
    } & parts
    return entry.is_python and not aside and NOT_TRAINING.search(entry.path.stem) is None


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Yield the defaults of one file; a file that configures no training, or is no Python, says nothing."""
    if entry.size > limits.text_bytes or entry.size == 0:
        return
    try:
        text = entry.text(limits.text_bytes)
    except UnreadableFile:
        return  # the walk reports code it cannot decode
    settings = settings_in(text, entry)
    if settings:
        yield RunFacts(location=entry.folder, dialect="code", settings=settings)
    yield from _named_in(text, entry)


def _named_in(text: str, entry: Entry) -> Iterator[RunFacts]:
    """Yield the configurations of a list in code that each say their name: `[{"name": "dqn", ...}, ...]`."""
    if not NAMED_HINT.search(text) or not HINT.search(text.encode("utf-8", "replace")):
        return
    try:
        tree = parse(text)
    except UnreadableFile:
        return
    for held in nodes_of(tree, ast.List):
        items = [item for item in held.elts if isinstance(item, ast.Dict)]
        if len(items) != len(held.elts) or len(items) < 2:
            continue
        values = [value_of(item, {}) for item in items]
        told = names_in([value if isinstance(value, dict) else {} for value in values])
        if told is None:
            continue
        key, names = told
        for name, item, value in zip(names, items, values, strict=True):
            lines = _lines_of(item)
            found = tuple(
                Setting(
                    key=inner,
                    value=plain(one),
                    source=entry.source(line=lines.get(inner, item.lineno), key=f"{name}.{inner}"),
                )
                for inner, one in flat(value)
                if inner != key and one is not None
            )
            known = {canonical_setting(s.key, "code", value=s.value) for s in found}
            if known & LENGTHS:
                yield named_facts(entry, name, found)


def settings_in(text: str, entry: Entry) -> tuple[Setting, ...]:
    """Return the defaults that code of a file states; none where it configures no training."""
    if not HINT.search(text.encode("utf-8", "replace")):
        return ()
    try:
        found = _defaults(parse(text))
    except UnreadableFile:
        return ()
    known = {
        name
        for key, (value, _) in found.items()
        if (name := canonical_setting(key, "code", value=plain(value))) is not None
        and value is not None
    }
    fewest = 1 if CONFIGURATION_CLASS.search(entry.path.stem) else FEWEST
    if len(known) < fewest or not known & LENGTHS:
        return ()
    return tuple(
        Setting(key=key, value=plain(value), source=entry.source(line=line, key=key))
        for key, (value, line) in found.items()
        if value is not None and value is not UNKNOWN
    )


def _defaults(tree: ast.Module) -> Found:
    """Return the defaults of a module; a name with two different ones is left out."""
    names: Names = {}
    roots = ROOTS | _made_here(tree)
    found: Found = {}
    twice: set[str] = set()

    def add(key: str, value: object, line: int) -> None:
        if key in found and found[key][0] != value:
            twice.add(key)
        if value is not UNKNOWN:
            found.setdefault(key, (value, line))

    for node in tree.body:
        for key, value, line in _module_level(node, names):
            add(key, value, line)
    for part in walk(tree):
        if isinstance(part, ast.Call):
            for key, value in (*_argument(part, names), *_length(part, names)):
                add(key, value, part.lineno)
        elif isinstance(part, ast.ClassDef) and is_configuration_class(part):
            for key, value, line in _fields(part, names):
                add(key, value, line)
        elif isinstance(part, ast.Assign) and len(part.targets) == 1:
            path = _attribute_path(part.targets[0], roots)
            if path is not None:
                for key, value in flat(value_of(part.value, names), path):
                    add(key, value, part.lineno)
    return {key: item for key, item in found.items() if key not in twice}


def _module_level(node: ast.stmt, names: Names) -> Iterator[tuple[str, object, int]]:
    """Yield `name = literal` at the margin (nanoGPT's configs), and what a dict of them holds."""
    target: ast.expr | None = None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, expression = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, expression = node.target, node.value
    if not isinstance(target, ast.Name):
        return
    value = value_of(expression, names)
    names[target.id] = value
    if isinstance(value, dict):
        if target.id in ROOTS or CONFIGURATION_CLASS.search(target.id):
            lines = _lines_of(expression)
            yield from ((k, inner, lines.get(k, node.lineno)) for k, inner in flat(value))
    elif value is not UNKNOWN:
        yield target.id, value, node.lineno


def _lines_of(node: ast.AST, prefix: str = "", depth: int = DEPTH) -> dict[str, int]:
    """Return the line of each entry of a dictionary, by dotted key."""
    found: dict[str, int] = {}
    if not isinstance(node, ast.Dict) or depth <= 0:
        return found
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, (str, int, float)):
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            found[path] = key.lineno
            found |= _lines_of(value, path, depth - 1)
    return found


def _argument(node: ast.Call, names: Names) -> Iterator[tuple[str, object]]:
    """Yield the default of `add_argument`, `click.option` or `flags.DEFINE_x`."""
    option = declared_option(node)
    if option is not None and not option.positional and option.default is not None:
        yield option.name, value_of(option.default, names)


def _length(node: ast.Call, names: Names) -> Iterator[tuple[str, object]]:
    """Yield how long `Trainer(max_epochs=20)` trains, where the call says it as a number."""
    if last_name(node) != "Trainer":
        return
    for keyword in node.keywords:
        if keyword.arg in ("max_epochs", "max_steps"):
            value = value_of(keyword.value, names)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                yield keyword.arg, value


def _fields(node: ast.ClassDef, names: Names) -> Iterator[tuple[str, object, int]]:
    """Yield the fields of a dataclass or of a plain class of settings."""
    for name, default, line in declared_fields(node):
        yield name, value_of(default, names), line


def _made_here(tree: ast.Module) -> frozenset[str]:
    """Return the names that are given an empty configuration: `base_config = CN()`."""
    return frozenset(
        node.targets[0].id
        for node in walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and last_name(node.value) in MAKERS
    )


def _attribute_path(target: ast.expr, roots: frozenset[str]) -> str | None:
    """Return `SOLVER.BASE_LR` of `_C.SOLVER.BASE_LR = ...`, None for attributes of other names."""
    parts: list[str] = []
    while isinstance(target, ast.Attribute) and len(parts) < 10:
        parts.append(target.attr)
        target = target.value
    rooted = isinstance(target, ast.Name) and target.id in roots and parts
    return ".".join(reversed(parts)) if rooted else None


READER = Reader(name="defaults in code", order=95, sniff=sniff, read=read)
