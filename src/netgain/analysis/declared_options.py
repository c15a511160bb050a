"""How code declares and asks for a configuration: options of a command line, fields of a class, `args.lr`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netgain.analysis.syntax import last_name, literal

CONFIGURATION_CLASS = re.compile(
    r"(?:configs?|configuration|cfg|args|arguments|hparams|hyperparam\w*|options|settings|params)$",
    re.IGNORECASE,
)
"""Names of classes, and of files and dictionaries, that hold a configuration."""
PARSED = re.compile(
    r"parse_args|parse_known_args|parse_args_into_dataclasses|vars|asdict|to_container|"
    r"(?:get|load|parse|read|make|build)_(?:args?|cfg|config|opts?|options|hparams|flags)",
    re.IGNORECASE,
)
"""Calls that return a configuration."""
ARGPARSE = frozenset({"add_argument", "add_arg", "add_option"})
CLICK = frozenset({"option", "Option"})
LONGEST_PATH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """An option of a command line."""

    name: str
    """Its name as code asks for it."""
    default: ast.expr | None
    """What it is where nobody sets it; None where the declaration does not say."""
    absent: bool
    """Whether it is known to have no default."""
    positional: bool
    """Whether it is given by place."""


def declared_option(call: ast.Call) -> Declared | None:
    """Return the option that `add_argument`, `click.option` or `flags.DEFINE_x` declares, None for others."""
    called = _called(call)
    if called not in ARGPARSE and called not in CLICK and not called.startswith("DEFINE_"):
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    flags = [flag for item in call.args if isinstance(flag := literal(item), str)]
    default = given.get("default")
    if called.startswith("DEFINE_"):
        default = call.args[1] if default is None and len(call.args) > 1 else default
        if not flags or default is None:
            return None
        return Declared(name=flags[0], default=default, absent=False, positional=False)
    long = next((f for f in flags if f.startswith("--")), flags[0] if flags else "")
    named = literal(given.get("dest"))
    name = named if isinstance(named, str) else long.lstrip("-").split("/")[0].replace("-", "_")
    if not name:
        return None
    action = literal(given.get("action"))
    if default is None and action in ("store_true", "store_false"):
        default = ast.Constant(value=action == "store_false")
    return Declared(
        name=name,
        default=default,
        absent=default is None and called in ARGPARSE and "required" not in given,
        positional=not long.startswith("-") and not isinstance(named, str),
    )


def is_configuration_class(owner: ast.ClassDef) -> bool:
    """Tell whether a class holds a configuration, by its decorator or its name."""
    marked = any("dataclass" in last_name(decorator) for decorator in owner.decorator_list)
    return marked or CONFIGURATION_CLASS.search(owner.name) is not None


def declared_fields(owner: ast.ClassDef) -> Iterator[tuple[str, ast.expr, int]]:
    """Yield name, default and line of the fields of a class; `field(default=x)` is x."""
    for statement in owner.body:
        target: ast.expr
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        elif isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
        else:
            continue
        if isinstance(value, ast.Call) and last_name(value) in ("field", "Field"):
            inner = {k.arg: k.value for k in value.keywords}.get("default")
            value = inner if inner is not None else (value.args[0] if value.args else value)
        if isinstance(target, ast.Name):
            yield target.id, value, statement.lineno


def chain_of(node: ast.AST) -> tuple[tuple[str, ...], bool]:
    """Return the parts of `a.b["c"].get("d")`, and whether a call that returns a configuration starts it."""
    parts: list[str] = []
    for _ in range(LONGEST_PATH):
        if isinstance(node, ast.Name):
            return (node.id, *reversed(parts)), False
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript):
            key = literal(node.slice)
            if not isinstance(key, str):
                break
            parts.extend(reversed(key.split(".")))
            node = node.value
        elif isinstance(node, ast.Call):
            reached = _reading_call(node)
            if reached is not None:
                node, key = reached
                parts.append(key)
            elif _called(node) in ("vars", "asdict") and len(node.args) == 1:
                node = node.args[0]
                if isinstance(node, ast.Name) and not parts:
                    return (node.id,), True
            elif PARSED.fullmatch(_called(node)):
                return tuple(reversed(parts)), True
            else:
                break
        else:
            break
    return (), False


def _reading_call(call: ast.Call) -> tuple[ast.expr, str] | None:
    """Read `getattr(args, "x")` and `cfg.get("x")`."""
    name = _called(call)
    if name == "getattr" and isinstance(call.func, ast.Name) and len(call.args) in (2, 3):
        key = literal(call.args[1])
        return (call.args[0], key) if isinstance(key, str) else None
    if name == "get" and isinstance(call.func, ast.Attribute) and len(call.args) in (1, 2):
        key = literal(call.args[0])
        return (call.func.value, key) if isinstance(key, str) else None
    return None


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
