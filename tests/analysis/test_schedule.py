"""Learning-rate traces classified by value; traces come from torch's own schedulers' formulas."""

import math

import pytest

from netgain.analysis.schedule import classify, family_of_name
from netgain.study import Curve, Source

N = 100


def curve(values: list[float]) -> Curve:
    """Return a learning-rate curve over steps."""
    return Curve(
        name="learning_rate", key="lr", split=None, unit="step", steps=tuple(map(float, range(len(values)))),
        values=tuple(values), source=Source(path="log.csv"),
    )  # fmt: skip


def cosine(floor: float = 0.0, n: int = N) -> list[float]:
    """Return a half cosine from 1 to `floor`."""
    return [floor + (1 - floor) * (1 + math.cos(math.pi * i / (n - 1))) / 2 for i in range(n)]


WARMUP = [(i + 1) / 10 for i in range(10)]
TRACES = {
    "constant": [1.0] * N,
    "linear": [1 - i / N for i in range(N)],
    "cosine": cosine(),
    "step": [1.0] * 30 + [0.1] * 30 + [0.01] * 40,
    "exponential": [0.95**i for i in range(N)],
    "inverse-sqrt": [1 / math.sqrt(1 + i / 25) for i in range(N)],
    "wsd": [1.0] * 80 + [1 - (i + 1) / 20 for i in range(20)],
    "restarts": [*cosine(n=30), *cosine(n=30), *cosine(n=40)],
}


@pytest.mark.parametrize("family", TRACES)
@pytest.mark.parametrize("warm", [False, True], ids=["plain", "warm-up"])
@pytest.mark.parametrize("scale", [1e-5, 3.0])
def test_family_is_recognised(family: str, warm: bool, scale: float) -> None:
    """Each family is found by its values at any scale, with and without warm-up."""
    values = ([*WARMUP] if warm else []) + TRACES[family]
    schedule = classify(curve([scale * v for v in values]))
    assert schedule is not None
    assert schedule.family == family
    assert schedule.peak == pytest.approx(scale * max(values))


def test_cosine_with_a_floor_is_cosine_and_annealed_by_its_end() -> None:
    """A floor of 1 % keeps the family; a floor of 20 % keeps it too and is not annealed."""
    low, high = classify(curve(cosine(0.01))), classify(curve(cosine(0.2)))
    assert low is not None and high is not None
    assert (low.family, low.annealed) == ("cosine", True)
    assert (high.family, high.annealed) == ("cosine", False)


def test_a_cosine_cut_short_is_a_cosine() -> None:
    """The first 16 of 50 epochs of a cosine are one, down to 0.79; a line to 0.79 stays a line."""
    cut = classify(curve([(1 + math.cos(math.pi * i / 50)) / 2 for i in range(16)]))
    line = classify(curve([1 - 0.21 * i / 15 for i in range(16)]))
    assert cut is not None and line is not None
    assert cut.family == "cosine"
    assert cut.final_ratio == pytest.approx(0.794, abs=1e-3)
    assert line.family == "linear"


def test_three_points_say_nothing() -> None:
    """Fewer than four points are not classified."""
    assert classify(curve([0.1, 0.05, 0.0])) is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("CosineAnnealingLR", "cosine"), ("cosine_with_restarts", "restarts"), ("linear", "linear"),
        ("constant_with_warmup", "constant"), ("MultiStepLR", "step"), ("OneCycleLR", "one-cycle"),
        ("ReduceLROnPlateau", "plateau"), ("sgd", None), ("none", "constant"), ("off", "constant"),
        ("cos", "cosine"), ("poly", None), ("cosine_with_min_lr", "cosine"), ("notice", None),
    ],
)  # fmt: skip
def test_scheduler_names(name: str, family: str | None) -> None:
    """Names of common schedulers mean a family; other words mean none."""
    assert family_of_name(name) == family
