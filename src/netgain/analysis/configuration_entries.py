"""What configurations in code hold: options, fields of classes, dictionaries, attributes set one by one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netgain.analysis.declared_options import (
    CONFIGURATION_CLASS,
    chain_of,
    declared_fields,
    declared_option,
    is_configuration_class,
)
from netgain.analysis.scopes import Program, Scope
from netgain.analysis.syntax import last_name, literal, nodes_of

HOLDERS = re.compile(
    r"(?:\w*_)?(?:args?|opts?|cfgs?|conf|configs?|configuration|hparams?|hps?|hp|flags?|options?|settings|"
    r"params|_c|c|namespace|hyper\w*|parameters|train_cfg|setup)",
    re.IGNORECASE,
)
"""Names that hold a configuration."""
MAKERS = frozenset(
    {"dict", "EasyDict", "edict", "SimpleNamespace", "Namespace", "AttrDict", "Munch", "ConfigDict", "Box",
     "DotMap", "Dict", "OmegaConf", "create", "CfgNode", "CN", "ADict", "DotDict", "dotdict"}
)  # fmt: skip
"""Calls that make a configuration of what they are given."""
DEEPEST = 6
"""Dictionaries in dictionaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of a configuration."""

    path: tuple[str, ...]
    """Names that lead to it, the holder first where it has a name."""
    value: ast.expr
    """What it is set to."""
    scope: Scope
    """Where it is set."""
    words: tuple[str, ...] = ()
    """Keys on the way to it."""

    def matches(self, asked: tuple[str, ...]) -> bool:
        """Tell whether it may be what `cfg.train.lr` asks for: named parts between holder and end agree."""
        inner = tuple(map(entry_key, asked[1:-1]))
        own = set(map(entry_key, self.path[:-1]))
        return all(part in own or HOLDERS.fullmatch(part) for part in inner) or len(self.path) == 1


def entry_key(name: str) -> str:
    """Return a name with dashes and capitals levelled."""
    return name.replace("-", "_").lower()


def entry_path(node: ast.AST) -> tuple[str, ...] | None:
    """Return the parts of `cfg.train["lr"]`, `args.get("lr")`, `getattr(args, "lr")`; None for others."""
    parts, from_call = chain_of(node)
    path = ("args", *parts) if from_call else parts
    return path if len(path) > 1 else None


def entries_of(program: Program, paths: Iterable[str]) -> dict[str, list[Entry]]:
    """Return what the configurations of some files hold, by last name."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for path in paths:
        for entry in entries_in(program.roots[path]):
            found[entry_key(entry.path[-1])].append(entry)
    return found


def entries_in(root: Scope) -> tuple[Entry, ...]:
    """Return what the configurations of one file hold."""
    found: list[Entry] = []
    for call in nodes_of(root.node, ast.Call):
        found += _option(call, root)
    for scope in (root, *root.below):
        if isinstance(scope.node, ast.ClassDef):
            found += _fields(scope)
            continue
        for node in scope.own_nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                found += _assigned(node.targets[0], node.value, scope)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                found += _assigned(node.target, node.value, scope)
    return tuple(found)


def _option(call: ast.Call, root: Scope) -> Iterator[Entry]:
    option = declared_option(call)
    if option is not None:
        value = option.default if option.default is not None else ast.Constant(value=None)
        yield Entry(path=(option.name,), value=value, scope=root)


def _fields(scope: Scope) -> Iterator[Entry]:
    owner = scope.node
    assert isinstance(owner, ast.ClassDef)
    if is_configuration_class(owner):
        for name, value, _ in declared_fields(owner):
            yield Entry(path=(owner.name, name), value=value, scope=scope, words=(owner.name,))


def _assigned(target: ast.expr, value: ast.expr, scope: Scope) -> Iterator[Entry]:
    holder = entry_path(target) or ((target.id,) if isinstance(target, ast.Name) else None)
    if holder is None:
        return
    held = (
        holder[0] == "self" or HOLDERS.fullmatch(holder[0]) or CONFIGURATION_CLASS.search(holder[0])
    )
    if isinstance(target, ast.Name) or _is_display(value):
        yield from _in_display(holder, value, scope, 0)
    elif held and (holder[0] != "self" or (len(holder) > 2 and HOLDERS.fullmatch(holder[1]))):
        yield Entry(path=holder, value=value, scope=scope)


def _is_display(value: ast.expr) -> bool:
    return isinstance(value, ast.Dict) or (
        isinstance(value, ast.Call) and last_name(value) in MAKERS
    )


def _in_display(
    holder: tuple[str, ...], value: ast.expr, scope: Scope, depth: int
) -> Iterator[Entry]:
    """Yield the entries of a dictionary, of dictionaries in it, and of calls that make one."""
    if depth > DEEPEST:
        return
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(value, ast.Dict):
        pairs = [(literal(k), v) for k, v in zip(value.keys, value.values, strict=True)]
    elif isinstance(value, ast.Call) and last_name(value) in MAKERS:
        for argument in value.args[:1]:
            yield from _in_display(holder, argument, scope, depth + 1)
        pairs = [(k.arg, k.value) for k in value.keywords]
    for key, inner in pairs:
        if not isinstance(key, str):
            continue
        if _is_display(inner):
            yield from _in_display((*holder, key), inner, scope, depth + 1)
        else:
            path = (*holder, key)
            yield Entry(path=path, value=inner, scope=scope, words=path[:-1])
