"""The record that ties one practice together: page, check, stage, decoy and knobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netgain.finding import Finding
from netgain.plan import Plan
from netgain.study import Study

HEADINGS = (
    "What it does",
    "Why it inflates",
    "What is looked at",
    "When it stays clear",
    "What is not seen",
    "Remedy",
    "Example",
    "References",
)
"""The headings of a practice's page, in order; the conformance suite holds every module to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One practice: everything netgain knows of it."""

    code: str
    """`NG` + chapter digit + two-digit item."""
    name: str
    """The bad pattern in kebab case; reads as `allow <name>`."""
    doc: str
    """The page: first line a one-line summary, then the fixed headings."""
    check: Callable[[Study], Finding]
    """Pure function from study to finding."""
    stage: Callable[[Plan], Plan] | None = None
    """Edit an honest plan so that it commits the practice; None until it can be staged."""
    decoy: Callable[[Plan], Plan] | None = None
    """Edit an honest plan into the honest work most easily mistaken for the practice."""
    knobs: tuple[str, ...] = ()
    """Plan fields that `stage` turns and `Plan.reset` puts back; empty if it moves no number."""

    def __post_init__(self) -> None:
        """Hold the naming rules."""
        if not re.fullmatch(r"NG[1-9]\d\d", self.code):
            raise ValueError(f"practice code {self.code!r} is not NG followed by three digits")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(f"practice name {self.name!r} is not kebab case")

    @property
    def chapter(self) -> int:
        """Return the chapter digit."""
        return int(self.code[2])

    @property
    def summary(self) -> str:
        """Return the first line of the page."""
        return self.doc.strip().splitlines()[0]
