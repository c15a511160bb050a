"""The result of an attribution: a gain, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from netgain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of the gain, in points of the metric; positive favours the proposed arm."""

    value: float
    """Estimate."""
    low: float | None
    """Lower end of the interval over seeds; None with fewer than two seeds."""
    high: float | None
    """Upper end."""
    level: float = 0.95
    """Confidence level."""
    standard_error: float | None = None
    """Standard error of the estimate."""
    df: float | None = None
    """Degrees of freedom of the interval."""
    spread: Literal["pooled", "blocks", "exact", "unknown"] = "unknown"
    """Where the standard error comes from: all rows and seeds, the seed blocks alone, or no
    noise."""

    @property
    def half_width(self) -> float | None:
        """Return half the length of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def resolved(self) -> bool | None:
        """Tell whether the interval excludes 0; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """How much more two factors do together than apart, averaged over the others."""

    factors: tuple[str, str]
    """The pair."""
    share: Share
    """Second difference, in points; half of it is in the share of each factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A gain split between the practices, the idea and what fits neither."""

    total: Share
    """Proposed minus baseline, both re-trained."""
    parts: dict[str, Share]
    """Share of each factor other than the idea, by name."""
    method: Share | None
    """Share of the idea itself; None where the plan names no idea."""
    residual: Share
    """Total minus all shares; what three or more factors do jointly. Nothing is normalised."""
    interactions: tuple[Interaction, ...] = ()
    """Pairs that exceed two standard errors, largest first."""
    runs: int
    """Distinct trainings the split stands on."""
    seeds: int
    """Seed blocks."""
    design: str
    """Name and size of the design."""
    estimand: str
    """What a share means, in a sentence."""
    metric: str = "score"
    """Key of the score."""
    baseline_score: float | None = None
    """Mean score of the baseline arm over the seeds, in the metric's own direction."""
    proposed_score: float | None = None
    """Mean score of the proposed arm."""
    notes: tuple[str, ...] = ()
    """What a reader has to know beside the numbers."""

    @property
    def shares(self) -> dict[str, Share]:
        """Return every share by name, the idea under `idea`."""
        return self.parts if self.method is None else {**self.parts, "idea": self.method}

    @property
    def unresolved(self) -> tuple[str, ...]:
        """Return the names of shares whose interval reaches 0, or that have none."""
        return tuple(name for name, share in self.shares.items() if not share.resolved)

    def to_json(self) -> str:
        """Return the split as JSON, schema `netgain/attribution/1`."""
        from netgain.attribution.document import encode

        return encode(self)

    def write(self, path: str | Path) -> None:
        """Write the split to a file; `.json` gives JSON, `.txt` the text of `describe`.

        Raises:
            UsageError: another suffix.
        """
        target = Path(path)
        if target.suffix == ".json":
            target.write_text(self.to_json() + "\n", encoding="utf-8")
        elif target.suffix == ".txt":
            target.write_text(describe(self) + "\n", encoding="utf-8")
        else:
            raise UsageError(f"{target}: cannot tell the format from the suffix; use .json or .txt")


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    share: Share
    remark: str = field(default="")


def describe(split: Split) -> str:
    """Return the split as text: from the gain, share by share, to the method."""
    lines = [_Line("gain, re-trained", split.total)]
    lines += [_Line(f"of it {name}", share) for name, share in split.parts.items()]
    if abs(split.residual.value) > 1e-9 or split.residual.spread != "exact":
        lines.append(_Line("of it joint effects of three or more", split.residual))
    if split.method is not None:
        lines.append(_Line("net gain, the idea itself", split.method))
    width = max(len(line.label) for line in lines)
    out = [f"{split.metric}: {_arms(split)}", ""]
    out += [f"  {line.label:<{width}}  {format_share(line.share):>8}" for line in lines]
    if split.method is None:
        out.append("  The plan names no idea, so no part of the gain is the idea's.")
    for pair in split.interactions:
        out.append(
            f"  {' and '.join(pair.factors)} together: {format_share(pair.share)} "
            "beyond their sum; half is in each share"
        )
    out += ["", f"{split.runs} runs, {split.seeds} seeds; {split.design}.", f"{split.estimand}."]
    out += [f"Note: {note}" for note in split.notes]
    return "\n".join(out)


def format_share(share: Share) -> str:
    """Return a share as signed points with its interval, or that it has none."""
    value = f"{share.value:+.3f}"
    if share.low is None or share.high is None:
        return f"{value}  (no interval: fewer than two seeds)"
    remark = "" if share.resolved else "  not resolved from 0"
    return f"{value}  [{share.low:+.3f}, {share.high:+.3f}]{remark}"


def _arms(split: Split) -> str:
    if split.baseline_score is None or split.proposed_score is None:
        return "gain of the proposed arm"
    return f"baseline {split.baseline_score:.3f}, proposed {split.proposed_score:.3f}"
