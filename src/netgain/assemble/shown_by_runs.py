"""What a run shows of its own length and rate, by which code can be told to be of another time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from netgain.assemble.evidence import CODE
from netgain.assemble.settings_by_name import is_of_rollouts
from netgain.readers.base import RunFacts, Series
from netgain.vocabulary import canonical_metric, canonical_setting

ROUNDING = 0.05
"""Share by which a printed learning rate may differ from the one that was set."""
TESTED = frozenset({"epochs", "batch_size", "batch_size_per_device", "learning_rate", "max_steps"})
"""Quantities by which code is held against a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the files of one run say that no code is needed for."""

    epochs: float | None = None
    """Last epoch of its curves."""
    rows: tuple[int, ...] = ()
    """Lengths of its scored curves without an axis; empty where others have one."""
    held_out_rows: tuple[int, ...] = ()
    """Those of held-out scores, which most trainings take once an epoch."""
    rates: tuple[float, float] | None = None
    """Lowest and highest learning rate that it logged, zero left out."""
    stated: Mapping[str, frozenset[float]] = field(default_factory=dict)
    """Numbers that its files state, by canonical name."""

    def denies(self, name: str, value: float) -> bool:
        """Tell whether a run cannot have been trained with a value, by what it logged."""
        if name == "epochs":
            longer = self.epochs is not None and self.epochs > value + 1
            return longer or any(
                n > value + 1 and (value < 1 or n % value) for n in self.held_out_rows
            )
        if name == "learning_rate" and self.rates:
            lowest, highest = self.rates
            return not lowest * (1 - ROUNDING) <= value <= highest * (1 + ROUNDING)
        return False

    def states_other(self, name: str, value: float) -> bool:
        """Tell whether a run states a quantity, and nowhere as this value."""
        stated = self.stated.get(name, frozenset()) if name in TESTED else frozenset[float]()
        return bool(stated) and not any(math.isclose(value, other) for other in stated)

    def confirms(self, name: str, value: float) -> bool:
        """Tell whether what a run logged is what a value leads to."""
        if name == "epochs":
            return value > 0 and (
                self.epochs in (value, value - 1) or any(n == value for n in self.rows)
            )
        if name == "learning_rate" and self.rates:
            return math.isclose(self.rates[1], value, rel_tol=1e-6)
        return any(math.isclose(value, other) for other in self.stated.get(name, ()))

    def leaves_open(self, value: float) -> bool:
        """Tell whether a number of epochs can be the one whose course was logged without an axis."""
        return not self.rows or any(
            n in (value, value + 1) or (value >= 1 and n % value == 0) for n in self.rows
        )


def shown_by(bundle: list[RunFacts]) -> Shown:
    """Return what the files of a run show of its length, its rate and its settings."""
    own = [fact for fact in bundle if fact.dialect != CODE]
    scored: list[tuple[Series, str | None]] = []
    rates: list[float] = []
    stated: dict[str, set[float]] = defaultdict(set)
    for fact in own:
        for series in fact.series:
            metric = canonical_metric(series.key, fact.dialect)
            if metric.name == "learning_rate":
                above = [value for value in series.values if value > 0]
                rates += [min(above), max(above)] if above else []
            elif metric.name != "epoch":
                scored.append((series, metric.split))
        rates += [
            final.value
            for final in fact.finals
            if final.value > 0 and canonical_metric(final.key, fact.dialect).name == "learning_rate"
        ]
        for setting in fact.settings:
            if isinstance(setting.value, (int, float)) and not isinstance(setting.value, bool):
                name = canonical_setting(setting.key, fact.dialect, value=setting.value)
                if name in TESTED and not is_of_rollouts(setting, fact):
                    stated[name].add(float(setting.value))
    ends = [s.steps[-1] for s, _ in scored if s.unit == "epoch" and s.steps]
    bare = [(s, split) for s, split in scored if s.unit == "row"]
    if any(s.unit != "row" for s, _ in scored):
        bare = []
    return Shown(
        epochs=max(ends, default=None),
        rows=tuple(sorted({len(s.values) for s, _ in bare})),
        held_out_rows=tuple(
            sorted({len(s.values) for s, split in bare if split not in (None, "train")})
        ),
        rates=(min(rates), max(rates)) if rates else None,
        stated={name: frozenset(found) for name, found in stated.items()},
    )
