"""Comparisons of the two arms that several practices share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from statistics import median

from netgain.finding import Disclosure
from netgain.study import STRENGTHS, Arm, Cited, Run, Scalar, Source, Statement, Study

TOLERANCE = 0.05
"""Relative difference below which two budgets count as equal (loops round to whole batches)."""

SPREAD = ("devices", "nodes", "gradient_accumulation", "batch_size_per_device", "distributed")
"""Settings by which a batch is spread over devices and passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity over the runs of one arm."""

    values: tuple[Cited[float], ...]
    """Readings of the runs that have one."""
    complete: bool
    """Whether every run of the arm has a reading."""

    @property
    def value(self) -> float:
        """Return the median over runs."""
        return median(cited.value for cited in self.values)

    @property
    def uniform(self) -> bool:
        """Tell whether all runs agree within the tolerance."""
        return all(near(cited.value, self.value) for cited in self.values)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return where the readings stand, at most three."""
        return tuple(dict.fromkeys(cited.source for cited in self.values))[:3]

    @property
    def disagreeing(self) -> tuple[tuple[Cited[float], Cited[float]], ...]:
        """Return (strongest, weaker) pairs that say different things."""
        return tuple((cited, other) for cited in self.values for other in cited.disagreeing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One quantity in both arms."""

    baseline: Quantity
    proposed: Quantity

    @property
    def ratio(self) -> float:
        """Return proposed over baseline."""
        return self.proposed.value / self.baseline.value

    @property
    def complete(self) -> bool:
        """Tell whether every run of both arms has a reading and the runs of each arm agree."""
        return (
            self.baseline.complete
            and self.proposed.complete
            and self.baseline.uniform
            and self.proposed.uniform
        )

    @property
    def known_as(self) -> str:
        """Return the weakest way in which a reading came to be known, e.g. `configured`."""
        strengths = [c.strength for c in (*self.baseline.values, *self.proposed.values)]
        return max(strengths, key=STRENGTHS.index)

    @property
    def equal(self) -> bool:
        """Tell whether the arms agree within the tolerance."""
        return near(self.proposed.value, self.baseline.value)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return where both arms' readings stand."""
        return self.baseline.sources + self.proposed.sources


def near(first: float, second: float, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two positive numbers agree within a relative tolerance, in either direction."""
    if first == second:
        return True
    if first <= 0 or second <= 0:
        return False
    return abs(math.log(first / second)) <= math.log1p(tolerance) + 1e-12


def half_unit(value: float) -> float:
    """Return half a unit in the last decimal a score is written with, 0.05 at the coarsest."""
    decimals = len(f"{value:.10f}".rstrip("0").partition(".")[2])
    return 0.5 * 10.0 ** -max(1, min(decimals, 4))


def quantity(arm: Arm, get: Callable[[Run], Cited[float] | None]) -> Quantity | None:
    """Collect one quantity over an arm's runs; None where no run has it."""
    readings = [get(run) for run in arm.runs]
    known = tuple(cited for cited in readings if cited is not None)
    if not known:
        return None
    return Quantity(values=known, complete=len(known) == len(readings))


def compare(study: Study, get: Callable[[Run], Cited[float] | None]) -> Comparison | None:
    """Collect one quantity over both arms; None where either arm has no reading."""
    baseline, proposed = quantity(study.baseline, get), quantity(study.proposed, get)
    if baseline is None or proposed is None:
        return None
    return Comparison(baseline=baseline, proposed=proposed)


def epochs_are_alike(study: Study) -> bool:
    """Tell whether the training sets are of one size, as far as either arm says.

    Where nobody says, one data set is assumed; where one arm alone does, the other's stays open.
    """
    sizes = [
        quantity(arm, lambda run: run.budget.n_train) for arm in (study.baseline, study.proposed)
    ]
    if sizes[0] is None or sizes[1] is None:
        return sizes[0] is sizes[1]
    return near(sizes[0].value, sizes[1].value)


def batch_of_both(study: Study) -> Comparison | None:
    """Collect the global batch of both arms.

    Where the files do not say whether a batch is that of one device, one batch on equally many devices is
    still the same batch in both arms; another is not compared.
    """
    known = compare(study, lambda run: run.budget.batch_size)
    runs = [*study.baseline.runs, *study.proposed.runs]
    if known is not None or any(run.budget.batch_size is not None for run in runs):
        return known
    spread = {
        tuple(str(run.config[name].value) if name in run.config else "" for name in SPREAD)
        for run in runs
    }
    if len(spread) != 1:
        return None
    for name in ("batch_size", "batch_size_per_device", "tokens_per_batch"):
        bare = compare(study, partial(number_of, name=name))
        if bare is not None and bare.complete and bare.equal:
            return bare
    return None


def number_of(run: Run, name: str) -> Cited[float] | None:
    """Return a canonical setting that a run states as a number."""
    return number(run, name)


def setting(run: Run, *names: str) -> Cited[Scalar] | None:
    """Return the first of several canonical settings that a run states."""
    return next((run.config[name] for name in names if name in run.config), None)


def number(run: Run, *names: str) -> Cited[float] | None:
    """Return the first of several canonical settings that a run states as a number."""
    for name in names:
        cited = run.config.get(name)
        if cited and isinstance(cited.value, (int, float)) and not isinstance(cited.value, bool):
            return Cited(value=float(cited.value), source=cited.source, strength=cited.strength)
    return None


def statements(study: Study, *quantities: str) -> tuple[Statement, ...]:
    """Return what the paper says of some quantities."""
    return tuple(s for s in study.paper.statements if s.quantity in quantities)


def disclosure(study: Study, observed: dict[str, float], arm: str = "proposed") -> Disclosure:
    """Set what the paper says of an arm's quantities against what was observed.

    Args:
        study: the evidence.
        observed: quantity name to observed value; NaN where only the mention counts. Text that says the
            arm has none of it contradicts.
        arm: the arm the quantities belong to.
    """
    if not study.paper.statements and not study.paper.tables:
        return "unstated"
    said = [s for s in statements(study, *observed) if s.arm in (arm, "both", None)]
    if not said:
        return "undisclosed"
    of_the_arm = [s for s in said if s.arm is not None]
    if any(_deviates(s, observed) for s in of_the_arm):
        return "contradicted"
    if of_the_arm:
        return "disclosed"
    # text about no arm in particular may speak of further experiments as well
    return "contradicted" if all(_deviates(s, observed) for s in said) else "disclosed"


def _deviates(statement: Statement, observed: dict[str, float]) -> bool:
    """Tell whether a statement says another value than was observed, or that there is none."""
    value, seen = statement.value, observed[statement.quantity]
    if value is False:
        return True
    number_said = isinstance(value, (int, float)) and not math.isnan(seen)
    return number_said and not near(float(value or 0), seen)


def missing_runs(study: Study) -> tuple[str, ...]:
    """Return the request to make where an arm has no runs at all."""
    return tuple(
        f"run records of the {side} arm: config and metric log of each run"
        for side, arm in (("baseline", study.baseline), ("proposed", study.proposed))
        if not arm.runs
    )


def lacking(study: Study, get: Callable[[Run], object], what: str) -> tuple[str, ...]:
    """Name the runs that lack a reading, as a request to the authors."""
    needs = list(missing_runs(study))
    for side, arm in (("baseline", study.baseline), ("proposed", study.proposed)):
        absent = [run.id for run in arm.runs if get(run) is None]
        if absent:
            shown = ", ".join(absent[:3]) + (
                f" and {len(absent) - 3} more" if len(absent) > 3 else ""
            )
            needs.append(f"{what} of the {side} runs: {shown}")
    return tuple(needs)


def sources_of(*groups: Iterable[Source]) -> tuple[Source, ...]:
    """Join sources without repeats, in order."""
    return tuple(dict.fromkeys(source for group in groups for source in group))


def in_idea(study: Study, *words: str) -> bool:
    """Tell whether the claim's idea names any of these settings, components or modules."""
    idea = " ".join(study.claim.idea).lower().replace("-", "").replace("_", "")
    return any(word.lower().replace("-", "").replace("_", "") in idea for word in words if word)
