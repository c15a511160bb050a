"""Public facts that checks compare with, as data files with their source and date."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files


@cache
def _datasets() -> dict[str, dict[str, int]]:
    text = (files(__name__) / "datasets.toml").read_text(encoding="utf-8")
    return {name: entry for name, entry in tomllib.loads(text).items() if isinstance(entry, dict)}


def _entry(dataset: str | None) -> dict[str, int] | None:
    """Find a data set by the words people write: case, dashes and a `/split` do not matter."""
    if not dataset:
        return None
    name = re.sub(r"[^a-z0-9]", "", dataset.split("/")[0].lower())
    return next(
        (entry for key, entry in _datasets().items() if re.sub(r"[^a-z0-9]", "", key) == name), None
    )


def known_test_size(dataset: str | None) -> int | None:
    """Return the number of samples in a public data set's official test split, None if unknown.

    A name that says another split than test (`imagenet/validation` counts as its usual test) is refused.
    """
    if dataset and "/" in dataset and "test" not in dataset.split("/", 1)[1].lower():
        return None
    entry = _entry(dataset)
    return entry.get("test") if entry else None


def known_train_size(dataset: str | None) -> int | None:
    """Return the number of samples in a public data set's official training split, None if unknown."""
    entry = _entry(dataset)
    return entry.get("train") if entry else None
