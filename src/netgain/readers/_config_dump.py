"""A whole config printed into a log, as Python (OpenMMLab) or as YAML (detectron2), to settings."""

from __future__ import annotations

import ast
import re

import yaml

from netgain.errors import UnreadableFile
from netgain.readers._documents import SECRET, leaves_of_yaml
from netgain.readers._mmengine_config import settings_of
from netgain.readers._python_literals import Names, parse, value_of
from netgain.readers.base import Limits
from netgain.study import Scalar

OF_ANOTHER_PART = re.compile(
    r"\b(?:val|test|evaluation)_?(?:dataloader|cfg|pipeline|evaluator)?\b.*\.|pipeline"
)
TERMINAL = re.compile(r"\x1b\[[0-9;]*m")


def dumped(text: str, first_line: int) -> dict[str, tuple[Scalar, int]]:
    """Return the settings of a printed config with their lines; empty where the text is no config.

    Args:
        text: what stood after the line that announced it.
        first_line: 1-based line of the log on which the text begins.
    """
    cleaned = TERMINAL.sub("", text)
    if re.search(r"^\w+ = ", cleaned, re.MULTILINE):
        found = _python(cleaned, first_line)
    else:
        found = _yaml(cleaned, first_line)
    return {
        key: item
        for key, item in found.items()
        if not SECRET.search(key) and not OF_ANOTHER_PART.search(key)
    }


def _python(text: str, first_line: int) -> dict[str, tuple[Scalar, int]]:
    try:
        body = parse(text).body
    except UnreadableFile:
        return {}
    names: Names = {}
    lines: dict[str, int] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = value_of(node.value, names)
            lines[node.targets[0].id] = first_line + node.lineno - 1
    return {key: (value, lines[top]) for top, key, value in settings_of(names)}


def _yaml(text: str, first_line: int) -> dict[str, tuple[Scalar, int]]:
    try:
        found = leaves_of_yaml(text, Limits())
    except (UnreadableFile, yaml.YAMLError):
        return {}
    return {leaf.key: (leaf.value, first_line + (leaf.line or 1) - 1) for leaf in found}
