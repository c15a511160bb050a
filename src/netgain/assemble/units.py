"""Settings written with a unit of their own, to the unit their canonical name states."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from netgain.study import Cited, Scalar

DURATION = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+]?\d{1,2})?)\s*(ep|ba|sp|tok)")
"""Length of training as MosaicML Composer writes it."""
DURATION_NAMES = {"ep": "epochs", "ba": "max_steps", "sp": "samples_seen", "tok": "tokens_seen"}
CLOCK = re.compile(r"(?:(\d{1,4}) days?,? )?(\d{1,4}):(\d\d)(?::(\d\d(?:\.\d+)?))?")
PARTS = re.compile(
    r"(\d+(?:\.\d+)?)\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b", re.IGNORECASE
)
SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMbBgG])")
FACTORS = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12, "p": 1e15}
COUNTED = frozenset(
    (
        "parameters",
        "n_train",
        "n_test",
        "n_validation",
        "max_steps",
        "steps",
        "samples_seen",
        "tokens_seen",
    )
)
"""Quantities that are written as `25.6M`."""
OPERATION_NAMES = frozenset({"forward_macs", "forward_flops", "train_flops"})
OPERATIONS = re.compile(r"(?:^|[_\W])([kmgtp])_?(?:macs|flops)(?:[_\W]|$)", re.IGNORECASE)
"""A prefix in the name of a count of operations: `infer_gmacs`, `GFLOPs`."""
BATCH_NAMES = ("batch_size", "batch_size_per_device", "global_batch_size")


def converted(name: str, value: Scalar, key: str = "") -> tuple[str, Scalar]:
    """Return name and value in the unit that the canonical name states.

    `max_duration = "90ep"` is 90 epochs, `wall_hours = 2` is 7,200 wall seconds, `parameters = "25.6M"` is
    25,600,000, and so is `param_count = 25.6`, since there are no broken parameters; `infer_gmacs = 6.8` is
    6.8e9. What cannot be converted is returned as it is.

    Args:
        name: canonical name.
        value: as written.
        key: the raw key, where it may hold the unit.
    """
    prefixed = OPERATIONS.search(key) if name in OPERATION_NAMES and _is_number(value) else None
    if prefixed:
        return name, float(value) * FACTORS[prefixed[1].lower()]  # type: ignore[arg-type]  # a number
    if name == "parameters" and isinstance(value, float) and value < 1e5 and not value.is_integer():
        return name, round(value * 1e6)
    if name in ("wall_hours", "wall_minutes") and _is_number(value):
        factor = 3600.0 if name == "wall_hours" else 60.0
        return "wall_seconds", float(value) * factor  # type: ignore[arg-type]  # a number, as tested
    if name == "wall_seconds" and isinstance(value, str):
        seconds = seconds_of(value)
        return name, value if seconds is None else seconds
    if name == "max_duration" and isinstance(value, str):
        found = DURATION.fullmatch(value.strip().lower())
        if found:
            amount = float(found[1])
            return DURATION_NAMES[found[2]], int(amount) if amount.is_integer() else amount
    if name in COUNTED and isinstance(value, str):
        count = count_of(value)
        return name, value if count is None else count
    return name, value


def in_samples(config: dict[str, Cited[Scalar]]) -> dict[str, Cited[Scalar]]:
    """Return a run's settings with batch sizes that count tokens under a name that says so.

    Translation toolkits fill a batch with as many sentences as a number of tokens allows.
    """
    unit = config.get("batch_unit")
    if unit is None or not str(unit.value).lower().startswith("tok"):
        return config
    counted = next((config[name] for name in BATCH_NAMES if name in config), None)
    kept = {name: cited for name, cited in config.items() if name not in BATCH_NAMES}
    return kept if counted is None else {"tokens_per_batch": counted, **kept}


def same_score(first: Scalar, second: Scalar) -> bool:
    """Tell whether two written scores can be one: as share and percentage, and rounded as the coarser one is.

    `0.9118` and `91.2` are one score; `0.9118` and `91.3` are two. A number of one digit is no rounded one.
    """
    if not (_is_number(first) and _is_number(second)):
        return str(first) == str(second)
    a, b = Decimal(repr(first)), Decimal(repr(second))
    return any(_rounds_alike(a.scaleb(up), b.scaleb(down)) for up, down in ((0, 0), (2, 0), (0, 2)))


def _rounds_alike(first: Decimal, second: Decimal) -> bool:
    if first == second:
        return True
    finer, coarser = sorted((first.normalize(), second.normalize()), key=_exponent)
    if _exponent(finer) == _exponent(coarser) or len(coarser.as_tuple().digits) < 2:
        return False
    half = Decimal(1).scaleb(min(_exponent(coarser), 0)) / 2
    return abs(finer - coarser) <= half


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


def seconds_of(text: str) -> float | None:
    """Return the seconds of a duration (`1:12:28`, `2 days, 0:01:05`, `2h 3m 4s`, `94 min`), else None."""
    word = text.strip()
    clock = CLOCK.fullmatch(word)
    if clock is not None and clock[4] is not None:
        days, hours, minutes, seconds = clock.groups(default="0")
        return 86_400 * int(days) + 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    parts = PARTS.findall(word[:80])
    if not parts or PARTS.sub("", word[:80]).strip(" ,") or len(word) > 80:
        return None
    return math.fsum(float(amount) * SECONDS[unit[0].lower()] for amount, unit in parts)


def count_of(text: str) -> int | None:
    """Return the number that `25.6M`, `60k` or `1,234,567` stands for, else None."""
    word = text.strip()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", word):
        return int(word.replace(",", ""))
    found = COUNT.fullmatch(word)
    return None if found is None else round(float(found[1]) * FACTORS[found[2].lower()])


def _is_number(value: Scalar) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
