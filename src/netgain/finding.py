"""What a check says: one Finding for each practice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from netgain.study import Source

Verdict = Literal["flagged", "clear", "unknown", "not-applicable"]
Grade = Literal["proved", "measured", "indicated"]
Disclosure = Literal["disclosed", "undisclosed", "contradicted", "unstated"]
Favours = Literal["proposed", "baseline", "neither"]

NOT_IMPLEMENTED = "not implemented in this version"
"""Message of the finding of a practice that is listed and not checked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The two ways to read the same observation."""

    innocent: str = ""
    """How honest work comes to look like this."""
    inflating: str = ""
    """How it makes the gain larger than the idea."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one practice, with the numbers and places it stands on.

    Invariants (held by `__post_init__`): a flagged finding has a grade, evidence and both readings;
    an unknown one has needs; a clear one has a message and evidence naming what was read.
    """

    code: str
    """Practice code, e.g. `NG101`."""
    name: str
    """Practice name, e.g. `unmatched-batch-size`."""
    verdict: Verdict
    """`unknown` whenever the evidence to decide is missing."""
    message: str
    """One or two sentences: what was observed, with numbers, or what was searched."""
    grade: Grade | None = None
    """Only when flagged: arithmetic contradiction or replay, matched re-run, or static sign."""
    disclosure: Disclosure = "unstated"
    """Whether the authors say so; separate from the effect."""
    favours: Favours = "neither"
    """Which arm the difference helps."""
    numbers: dict[str, float] = field(default_factory=dict)
    """Every number of the message under a full name with its unit."""
    evidence: tuple[Source, ...] = ()
    """Where the numbers stand, or what was read to reach `clear`."""
    readings: Readings = Readings()
    """Innocent and inflating reading."""
    needs: tuple[str, ...] = ()
    """Exact evidence that would settle an unknown, as a request to the authors."""
    remedy: str = ""
    """The matched re-run or corrected figure that takes the practice out."""
    settle: str = ""
    """Command that would settle it."""

    @property
    def is_implemented(self) -> bool:
        """Tell whether a check stands behind this finding."""
        return self.message != NOT_IMPLEMENTED

    def __post_init__(self) -> None:
        """Hold the invariants, so that no check can emit an unsupported verdict."""
        if self.verdict == "flagged" and not (
            self.grade and self.evidence and self.readings.innocent and self.readings.inflating
        ):
            raise ValueError(f"{self.code}: a flagged finding needs grade, evidence and readings")
        if self.verdict == "unknown" and not self.needs:
            raise ValueError(f"{self.code}: an unknown finding says what would settle it")
        if self.verdict == "clear" and not (self.message and self.evidence):
            raise ValueError(f"{self.code}: a clear finding names what was read")
        if self.verdict != "flagged" and self.grade is not None:
            raise ValueError(f"{self.code}: only a flagged finding carries a grade")
