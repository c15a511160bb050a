"""Defaults that training code states: argparse, click, absl, dataclasses, yacs, plain config modules.

A default is what a run used unless it was told otherwise: it counts only where nothing else says a
setting. The code is read by its syntax tree; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netgain.analysis.syntax import walk
from netgain.errors import UnreadableFile
from netgain.readers._python_literals import UNKNOWN, Names, flat, parse, plain, value_of
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting
from netgain.vocabulary import canonical_setting

NOT_TRAINING = re.compile(
    r"(?:^|_)(?:eval\w*|test\w*|infer\w*|predict\w*|demo|plot\w*|convert\w*|download\w*|"
    r"export\w*|setup|conftest|"
    r"visuali[sz]e\w*|preprocess\w*|prepare\w*|sample|generate|utils?|__init__|analy[sz]e\w*|"
    r"report\w*)(?:_|$)",
    re.IGNORECASE,
)
"""Stems of scripts that train nothing."""
FEWEST = 3
"""Known settings that make a file one that configures a training."""
LENGTHS = frozenset(
    ("epochs", "max_steps", "learning_rate", "batch_size", "batch_size_per_device", "optimizer")
)
"""Canonical settings of which a training's configuration states one at least."""
CONFIG_CLASS = re.compile(
    r"(?:config|cfg|args|arguments|hparams|hyperparam\w*|options|settings|params)$", re.IGNORECASE
)
ROOTS = frozenset(("_C", "cfg", "config", "c", "C", "args", "hparams", "opt", "FLAGS", "CFG", "hp"))
"""Names that hold a configuration whose attributes are set one by one."""
FLAGS = re.compile(r"DEFINE_(?:integer|float|string|bool|boolean|enum)")
CLICK = frozenset(("option", "Option"))
HINT = re.compile(
    rb"add_argument|@click|DEFINE_|dataclass|CfgNode|ConfigDict|learning_rate|batch_size|\blr\b"
)
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
    return entry.path.suffix == ".py" and not aside and NOT_TRAINING.search(entry.path.stem) is None


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
    if len(known) < FEWEST or not known & LENGTHS:
        return ()
    return tuple(
        Setting(key=key, value=plain(value), source=entry.source(line=line, key=key))
        for key, (value, line) in found.items()
        if value is not None and value is not UNKNOWN
    )


def _defaults(tree: ast.Module) -> Found:
    """Return the defaults of a module; a name with two different ones is left out."""
    names: Names = {}
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
            for key, value in _argument(part, names):
                add(key, value, part.lineno)
        elif isinstance(part, ast.ClassDef) and _is_config(part):
            for key, value, line in _fields(part, names):
                add(key, value, line)
        elif isinstance(part, ast.Assign) and len(part.targets) == 1:
            path = _attribute_path(part.targets[0])
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
        if target.id in ROOTS or CONFIG_CLASS.search(target.id):
            yield from ((key, inner, node.lineno) for key, inner in flat(value))
    elif value is not UNKNOWN:
        yield target.id, value, node.lineno


def _argument(node: ast.Call, names: Names) -> Iterator[tuple[str, object]]:
    """Yield the default of `add_argument`, `click.option` or `flags.DEFINE_x`."""
    called = (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    )
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if FLAGS.fullmatch(called) and texts:
        expression = keywords.get("default") or (node.args[1] if len(node.args) > 1 else None)
        yield texts[0], value_of(expression, names) if expression is not None else UNKNOWN
    elif called in ("add_argument", "add_arg") or called in CLICK:
        options = [text for text in texts if text.startswith("--")]
        key = (
            value_of(keywords.get("dest"), names)
            if "dest" in keywords
            else (options or [""])[0].lstrip("-")
        )
        if not isinstance(key, str) or not key:
            return
        if "default" in keywords:
            yield key.replace("-", "_").split("/")[0], value_of(keywords["default"], names)
        elif value_of(keywords.get("action"), names) == "store_true":
            yield key.replace("-", "_"), False


def _is_config(node: ast.ClassDef) -> bool:
    decorated = any("dataclass" in ast.dump(decorator) for decorator in node.decorator_list)
    return decorated or CONFIG_CLASS.search(node.name) is not None


def _fields(node: ast.ClassDef, names: Names) -> Iterator[tuple[str, object, int]]:
    """Yield the fields of a dataclass or of a plain class of settings."""
    for item in node.body:
        if (
            isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and item.value is not None
        ):
            target, expression = item.target.id, item.value
        elif isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            target, expression = item.targets[0].id, item.value
        else:
            continue
        if isinstance(expression, ast.Call) and getattr(expression.func, "id", "") in (
            "field",
            "Field",
        ):
            given = {keyword.arg: keyword.value for keyword in expression.keywords}
            inner = given.get("default")
            yield target, value_of(inner, names) if inner is not None else UNKNOWN, item.lineno
        else:
            yield target, value_of(expression, names), item.lineno


def _attribute_path(target: ast.expr) -> str | None:
    """Return `SOLVER.BASE_LR` of `_C.SOLVER.BASE_LR = ...`, None for attributes of other names."""
    parts: list[str] = []
    while isinstance(target, ast.Attribute) and len(parts) < 10:
        parts.append(target.attr)
        target = target.value
    rooted = isinstance(target, ast.Name) and target.id in ROOTS and parts
    return ".".join(reversed(parts)) if rooted else None


READER = Reader(name="defaults in code", order=95, sniff=sniff, read=read)
