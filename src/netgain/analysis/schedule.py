"""Learning-rate traces classified by their values, not by what a config calls them."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import Literal

from netgain.study import Curve

Family = Literal[
    "constant", "linear", "cosine", "step", "exponential", "inverse-sqrt", "wsd", "one-cycle",
    "restarts", "plateau", "other",
]  # fmt: skip


RISING, ENDS_AT_PEAK = 0.9, 0.8
"""Share of the peak that a rising trace starts below, and the part of its points before the peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The shape of one learning-rate trace."""

    family: Family
    """Shape after warm-up; `other` where no family fits within 3 % of the peak."""
    peak: float
    """Highest rate."""
    final_ratio: float
    """Last rate over peak."""
    warmup_share: float
    """Share of the trace before the peak is reached."""

    @property
    def annealed(self) -> bool:
        """Tell whether the trace ends below a tenth of its peak."""
        return self.final_ratio < 0.1


def classify(curve: Curve) -> Schedule | None:
    """Classify a learning-rate trace.

    Needs at least four points and a positive peak, else None. A trace is fitted after its warm-up (the
    rise to within 0.1 % of the peak) by least squares against each family, ends free.
    """
    points = [(x, y) for x, y in zip(curve.steps, curve.values, strict=True) if math.isfinite(y)]
    if len(points) < 4 or max(y for _, y in points) <= 0:
        return None
    peak = max(y for _, y in points)
    start = next(i for i, (_, y) in enumerate(points) if y >= peak * 0.999)
    values = [y / peak for _, y in points]
    span = points[-1][0] - points[0][0] or 1.0
    warmup = (points[start][0] - points[0][0]) / span if start else 0.0
    tail = values[start:]
    if values[0] < RISING and start >= (len(points) - 1) * ENDS_AT_PEAK:
        # a rise that nothing follows: the start of a schedule whose rest was not logged
        return Schedule(family="other", peak=peak, final_ratio=values[-1], warmup_share=warmup)
    xs = [x for x, _ in points[start:]]
    return Schedule(
        family=_family(xs, tail, warmup),
        peak=peak,
        final_ratio=values[-1],
        warmup_share=warmup,
    )


def family_of_name(name: str) -> Family | None:
    """Return the family a config's scheduler name means, None where it says nothing of shape."""
    text = re.sub(r"[^a-z]", "", name.lower())
    table: tuple[tuple[str, Family], ...] = (
        ("plateau", "plateau"), ("restart", "restarts"), ("onecycle", "one-cycle"), ("wsd", "wsd"),
        ("warmupstable", "wsd"),
        ("cosine", "cosine"), ("constant", "constant"), ("none", "constant"), ("fixed", "constant"),
        ("linear", "linear"), ("multistep", "step"), ("steplr", "step"), ("piecewise", "step"),
        ("exponential", "exponential"), ("inversesqrt", "inverse-sqrt"), ("noam", "inverse-sqrt"),
        ("rsqrt", "inverse-sqrt"),
    )  # fmt: skip
    short: dict[str, Family] = {
        "step": "step", "cos": "cosine", "exp": "exponential", "const": "constant",
        "off": "constant", "no": "constant", "identity": "constant",
    }  # fmt: skip
    if text in short:
        return short[text]
    return next((family for word, family in table if word in text), None)


def _family(xs: list[float], tail: list[float], warmup: float) -> Family:
    rises = [i for i in range(1, len(tail)) if tail[i] > tail[i - 1] * 1.05 + 1e-9]
    if len(rises) >= 1 and any(tail[i] > 0.5 for i in rises):
        return "restarts"
    if min(tail) > 0.99:
        return "constant"
    if _is_step(tail):
        return "step"
    length = xs[-1] - xs[0] or 1.0
    t = [(x - xs[0]) / length for x in xs]
    end = tail[-1]
    shapes: dict[Family, list[float]] = {
        "linear": [1 - (1 - end) * u for u in t],
        "cosine": [end + (1 - end) * (1 + math.cos(math.pi * u)) / 2 for u in t],
        "exponential": [max(end, 1e-6) ** u for u in t],
        "inverse-sqrt": _inverse_sqrt(xs, tail),
    }
    errors = {family: _furthest(shape, tail) for family, shape in shapes.items()}
    errors["cosine"] = min(errors["cosine"], _furthest(_cosine_cut_short(t, end), tail))
    best = min(errors, key=lambda family: errors[family])
    if errors[best] < 0.03:
        return "one-cycle" if warmup > 0.2 and best in ("cosine", "linear") else best
    if _is_warmup_stable_decay(tail):
        return "wsd"
    return "other" if errors[best] > 0.08 else best


def _furthest(shape: list[float], tail: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(shape, tail, strict=True))


def _cosine_cut_short(t: list[float], end: float) -> list[float]:
    """Return a cosine towards nothing that breaks off where the last rate of a trace is reached."""
    angle = math.acos(min(1.0, max(-1.0, 2 * end - 1)))
    return [(1 + math.cos(angle * u)) / 2 for u in t]


def _is_step(tail: list[float]) -> bool:
    """Tell whether the trace is flat apart from a few drops of more than 15 %, no more than it has flats."""
    drops = [i for i in range(1, len(tail)) if abs(tail[i] - tail[i - 1]) > 1e-6]
    if not drops or len(drops) > max(5, len(tail) // 5) or 2 * len(drops) > len(tail) - 1:
        return False
    return all(tail[i] < tail[i - 1] * 0.85 for i in drops)


def _is_warmup_stable_decay(tail: list[float]) -> bool:
    """Tell whether the trace is flat for at least a third and then falls to the end."""
    flat = next((i for i, v in enumerate(tail) if v < 0.99), len(tail))
    falling = tail[flat:]
    return flat >= len(tail) / 3 and all(b <= a + 1e-9 for a, b in itertools.pairwise(falling))


def _inverse_sqrt(xs: list[float], tail: list[float]) -> list[float]:
    """Fit y = sqrt(c / (x + c)) through the last point, x counted from the peak."""
    end, x = tail[-1], xs[-1] - xs[0]
    if not 0 < end < 1:
        return [math.inf] * len(tail)
    c = end**2 * x / (1 - end**2)
    return [math.sqrt(c / (u - xs[0] + c)) for u in xs]
