"""Public facts that checks compare with, as data files with their source and date."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

OptimizerFamily = Literal["sgd", "adam"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A published training of a named model on a public data set."""

    models: tuple[str, ...]
    """Spellings of the model's name."""
    dataset: str
    """Name of the data set."""
    optimizer: OptimizerFamily
    """How its rate scales with the batch: `sgd` in proportion, `adam` (also AdamW) by the square root."""
    learning_rate: float
    """Peak rate at `batch_size`."""
    batch_size: int
    """Global batch, in samples."""
    accuracy: float
    """Top-1 accuracy reached, in percent."""
    source: str
    """Publication."""

    def rate_ratio(self, learning_rate: float, batch_size: float) -> float:
        """Return a rate over the recipe's, both brought to one batch size."""
        power = 1.0 if self.optimizer == "sgd" else 0.5
        scale = math.pow(batch_size / self.batch_size, power)
        return learning_rate / (self.learning_rate * scale)


@cache
def _datasets() -> dict[str, dict[str, int]]:
    text = (files(__name__) / "datasets.toml").read_text(encoding="utf-8")
    return {name: entry for name, entry in tomllib.loads(text).items() if isinstance(entry, dict)}


def _entry(dataset: str | None) -> dict[str, int] | None:
    """Find a data set by the words people write: case, dashes and a `/split` do not matter."""
    if not dataset:
        return None
    name = _plain(dataset.split("/", maxsplit=1)[0])
    return next((entry for key, entry in _datasets().items() if _plain(key) == name), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


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


@cache
def recipes() -> tuple[Recipe, ...]:
    """Return every published recipe."""
    text = (files(__name__) / "recipes.toml").read_text(encoding="utf-8")
    return tuple(
        Recipe(**{**entry, "models": tuple(entry["models"])})
        for entry in tomllib.loads(text)["recipe"]
    )


def published_recipe(model: str, dataset: str) -> Recipe | None:
    """Find the recipe of a model on a data set, by the words people write.

    Args:
        model: name of the whole architecture (`ResNet-50`, `torchvision.models.resnet50`).
        dataset: name of the data set, a `/split` behind it does not matter.
    """
    wanted = _plain(model.rsplit(".", 1)[-1])
    data = re.sub(
        r"(?:ilsvrc2012|imagenet1k|imagenetilsvrc|ilsvrc)",
        "imagenet",
        _plain(dataset.split("/", maxsplit=1)[0]),
    )
    return next(
        (
            recipe
            for recipe in recipes()
            if _plain(recipe.dataset) == data and wanted in map(_plain, recipe.models)
        ),
        None,
    )


def optimizer_family(name: str) -> OptimizerFamily | None:
    """Return how an optimizer's rate scales with the batch, None for those that follow neither rule."""
    plain = _plain(name.rsplit(".", 1)[-1])
    if plain in ("adam", "adamw", "fusedadam", "fusedadamw", "adamwtorch", "nadam", "radam"):
        return "adam"
    return "sgd" if plain in ("sgd", "momentum", "nesterov", "sgdmomentum") else None
