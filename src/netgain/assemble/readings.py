"""Several readings of one quantity to the strongest, and written values to what they mean."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

from netgain.study import STRENGTHS, Cited, Scalar

NO_DATASET = frozenset(
    {"train", "training", "val", "valid", "validation", "test", "testing", "eval", "evaluation", "evaluate",
     "predict", "prediction", "infer", "inference", "export", "track", "benchmark", "speed", "study",
     "detect", "detection", "segment", "segmentation", "classify", "classification", "regression", "pose",
     "obb"}
)  # fmt: skip
"""What a program is told to do (`task: val`), and kinds of problem."""


def strongest(
    readings: list[Cited[Scalar]], same: Callable[[Scalar, Scalar], bool] | None = None
) -> Cited[Scalar]:
    """Return the strongest reading and keep those that say something else, by `same_value` if left out.

    Ties go to the earlier reading: a run's own files come before those of a folder above it.
    """
    ordered = sorted(readings, key=lambda r: (STRENGTHS.index(r.strength), r.confidence != "sure"))
    best = ordered[0]
    alike = same or same_value
    others = tuple(r for r in ordered[1:] if not alike(r.value, best.value))
    return replace(best, disagreeing=others)


def same_value(first: Scalar, second: Scalar) -> bool:
    """Tell whether two written values mean the same: numbers within 1e-9, text without case."""
    numbers = (int, float)
    if isinstance(first, numbers) and isinstance(second, numbers):
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-15)
    return str(first).strip().lower() == str(second).strip().lower()


def typed(value: Scalar) -> Scalar:
    """Read numbers and booleans that a store kept as text."""
    if not isinstance(value, str) or len(value) > 40:
        return value
    text = value.strip()
    if text.lower() in ("none", "null", "nan", "~", ""):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?\d{1,15}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text):
        return float(text)
    return value


STEPS_OF_RATES = re.compile(r"\d{1,9}(?:\s?,\s?\d{1,9}){1,9}")
"""Steps at each of several learning rates in a row (`--how_many_training_steps=15000,3000`)."""
NO_SCHEDULE = frozenset({"none", "null", "~", "no", "off", "false", "disabled", "no_scheduler"})
"""What a configuration calls it that nothing changes the learning rate."""
CONSTANT = "constant"


PLAIN_SCHEDULE = re.compile(r"(?:^|[./_-])(?:lr_?)?schedul(?:e|er)$", re.IGNORECASE)
"""Keys that name a schedule and no family of it: `cos_lr: false` leaves another one in force."""
SWITCHES: dict[tuple[str, bool], str] = {
    ("cos_lr", True): "cosine", ("cos_lr", False): "linear",
    ("linear_lr", True): "linear", ("linear_lr", False): "cosine",
}  # fmt: skip
"""What Ultralytics' switches between two schedules choose."""


def meant(name: str | None, value: Scalar, key: str, dialect: str) -> Scalar:
    """Read what a setting was set to: as `typed` does, and a schedule of none as the constant it is."""
    found = typed(value)
    if name == "max_steps" and isinstance(found, str) and STEPS_OF_RATES.fullmatch(found.strip()):
        return sum(int(steps) for steps in found.split(","))
    if name != "schedule":
        return found
    if isinstance(found, bool):
        last = re.split(r"[./]", key.lower())[-1]
        if dialect == "ultralytics" and (last, found) in SWITCHES:
            return SWITCHES[last, found]
        return CONSTANT if not found and PLAIN_SCHEDULE.search(key) else found
    spelled = isinstance(value, str) and value.strip().lower() in NO_SCHEDULE
    return CONSTANT if spelled else found


def is_no_dataset(value: Scalar) -> bool:
    """Tell whether a value given for a data set is a number, a mode of the program or a kind of problem."""
    if isinstance(value, float) and not value.is_integer():
        return True
    return isinstance(value, str) and value.strip().lower() in NO_DATASET
