"""The steps from a claimed gain to the net gain, as the renderers draw them."""

from __future__ import annotations

from dataclasses import dataclass, field

Bar = tuple[float, float | None, float | None]
"""Value with the ends of its interval, None where unknown, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A claimed gain, what each practice bought of it, and what is left."""

    claimed: float
    """Gain as claimed, in points of the metric."""
    parts: dict[str, Bar] = field(default_factory=dict)
    """Points bought by each practice, by label; drawn in this order."""
    net: Bar | None = None
    """Share of the idea itself; None where the attribution names no idea."""
    level: float = 0.95
    """Confidence level of the intervals."""
    note: str = ""
    """How it was measured: runs, seeds, design."""

    @property
    def unaccounted(self) -> float:
        """Return what of the claim is neither a part nor the net gain: not seen in the re-runs."""
        shares = sum(value for value, _, _ in self.parts.values())
        return self.claimed - shares - (0.0 if self.net is None else self.net[0])
