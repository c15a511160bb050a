"""The settings one arm was started with, as code asks for them: `args.method`, `cfg["model"]["name"]`."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from netgain.analysis.syntax import calls_in, last_name, literal, modules, nodes_of
from netgain.study import CodeTree, Scalar

CONFIGURATION = re.compile(
    r"(?:\w*_)?(?:args?|opts?|cfgs?|conf|configs?|configuration|hparams?|hps?|hp|flags?|options?|"
    r"settings|params|config_dict|ns|namespace)",
    re.IGNORECASE,
)
"""Names that hold a configuration."""
PARSED = re.compile(
    r"parse_args|parse_known_args|parse_args_into_dataclasses|vars|asdict|to_container|"
    r"(?:get|load|parse|read|make|build)_(?:args?|cfg|config|opts?|options|hparams|flags)",
    re.IGNORECASE,
)
"""Calls that return a configuration."""
DEFINITIONS = re.compile(r"DEFINE_(?:integer|float|string|bool|boolean|enum)")
CONFIGURATION_CLASS = re.compile(
    r"(?:config|cfg|args|arguments|hparams|options|settings)$", re.IGNORECASE
)
LONGEST_PATH = 12


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one arm's runs were configured with, beside the other arm's."""

    values: Mapping[str, Scalar]
    """Value by dotted key, as files spell it; only keys on which all runs of the arm agree."""
    others: Mapping[str, Scalar]
    """The same of the other arm."""

    @cached_property
    def differing(self) -> frozenset[str]:
        """Return the keys that either arm states and the other does not state alike."""
        keys = set(self.values) | set(self.others)
        return frozenset(
            key
            for key in keys
            if key not in self.values
            or key not in self.others
            or not _alike(self.values[key], self.others[key])
        )

    @cached_property
    def _by_last(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        found: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for key in sorted(set(self.values) | set(self.others)):
            parts = parts_of(key)
            if parts:
                found[parts[-1]].append((parts, key))
        return found

    def named(self, name: str) -> str | None:
        """Return the one key whose last part is a name, None where there is none or several."""
        found = self._by_last.get(_plain(name), [])
        return found[0][1] if len(found) == 1 else None

    def at(self, path: tuple[str, ...]) -> str | None:
        """Return the one key that ends in a path; a key that is the path itself goes before others."""
        wanted = tuple(map(_plain, path))
        found = [
            (parts, key)
            for parts, key in self._by_last.get(wanted[-1], [])
            if parts[-len(wanted) :] == wanted
        ]
        exact = [key for parts, key in found if parts == wanted]
        keys = exact or [key for _, key in found]
        return keys[0] if len(keys) == 1 else None

    def taken(self, key: str) -> tuple[Scalar, ...]:
        """Return the values that a key takes in either arm."""
        return tuple(held[key] for held in (self.values, self.others) if key in held)

    def are_asked_for_in(self, text: str) -> bool:
        """Tell whether a text holds the name of an option in which the arms differ."""
        return self._pattern.search(text) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = sorted({parts_of(key)[-1] for key in self.differing if parts_of(key)})
        words = "|".join(re.escape(name) for name in names) or r"(?!)"
        return re.compile(rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])", re.IGNORECASE)


def parts_of(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, dashes and capitals levelled."""
    return tuple(_plain(part) for part in re.split(r"[./]", key) if part)


def key_of(node: ast.AST, options: Options) -> str | None:
    """Return the key that an expression reads or writes: an attribute or entry of a configuration."""
    parts, from_call = _chain(node)
    if len(parts) < 2 and not (from_call and parts):
        return None
    starts = [0] if from_call else []
    starts += [
        index + 1
        for index, part in enumerate(parts[:-1])
        if CONFIGURATION.fullmatch(part) and (index == 0 or parts[0] == "self" or index == 1)
    ]
    for start in starts:
        key = options.at(parts[start:])
        if key is not None:
            return key
    return None


def is_configuration(node: ast.AST) -> bool:
    """Tell whether an expression is a whole configuration, as in `Net(**vars(args))`."""
    parts, from_call = _chain(node)
    return from_call or any(CONFIGURATION.fullmatch(part) for part in parts)


def _chain(node: ast.AST) -> tuple[tuple[str, ...], bool]:
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


def declared_defaults(tree: CodeTree) -> dict[str, Scalar]:
    """Return the defaults of options that a tree declares, on command lines and in classes, by name.

    An option that is declared twice has a default only where both say the same.
    """
    found: dict[str, list[tuple[bool, Scalar]]] = defaultdict(list)
    for _, module in modules(tree):
        for call in calls_in(module):
            for name, known, value in _declared(call):
                found[name].append((known, value))
        for owner in nodes_of(module, ast.ClassDef):
            for name, known, value in _fields(owner):
                found[name].append((known, value))
    return {
        name: declared[0][1]
        for name, declared in found.items()
        if all(known for known, _ in declared)
        and all(value == declared[0][1] for _, value in declared)
    }


def _declared(call: ast.Call) -> Iterator[tuple[str, bool, Scalar]]:
    """Yield name, whether the default is a constant, and the default, of an option that a call declares."""
    called = _called(call)
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if called == "add_argument":
        flags = [flag for item in call.args if isinstance(flag := literal(item), str)]
        long = next((flag for flag in flags if flag.startswith("--")), None)
        name = literal(given.get("dest")) or (long or "").lstrip("-").replace("-", "_")
        action = literal(given.get("action"))
        if not isinstance(name, str) or not name:
            return
        if "default" in given:
            constant = isinstance(given["default"], (ast.Constant, ast.UnaryOp))
            yield name, constant, _scalar(literal(given["default"]))
        elif action in ("store_true", "store_false"):
            yield name, True, action == "store_false"
        else:
            yield name, "required" not in given, None
    elif DEFINITIONS.fullmatch(called) and len(call.args) >= 2:
        name = literal(call.args[0])
        if isinstance(name, str):
            yield name, isinstance(call.args[1], ast.Constant), _scalar(literal(call.args[1]))


def _fields(owner: ast.ClassDef) -> Iterator[tuple[str, bool, Scalar]]:
    """Yield the fields of a class that holds a configuration, as `_declared` does options."""
    is_dataclass = any(last_name(d) == "dataclass" for d in owner.decorator_list)
    if not is_dataclass and not CONFIGURATION_CLASS.search(owner.name):
        return
    for statement in owner.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        else:
            continue
        if value is not None:
            yield name, isinstance(value, (ast.Constant, ast.UnaryOp)), _scalar(literal(value))


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, (int, float, str, bool)) else None


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _alike(first: Scalar, second: Scalar) -> bool:
    return first == second and isinstance(first, bool) == isinstance(second, bool)
