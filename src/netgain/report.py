"""The result of an audit, ready for any renderer."""

from __future__ import annotations

from dataclasses import dataclass, field

from netgain.finding import Finding
from netgain.study import Allowance, Claim, Study, Unread

SCHEMA = "netgain/report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """The claim as the runs themselves support it, in the claim's own scale."""

    metric: str
    """Metric and split the runs were read for, e.g. `test/accuracy`."""
    baseline: float
    """Mean final score of the baseline's runs."""
    proposed: float
    """Mean final score of the proposed runs."""
    gain: float
    """Difference of the means, positive when the proposed is better."""
    low: float | None
    """Lower end of the 95 % t-interval of the gain; None with fewer than two runs in an arm, or where all of
    an arm state one seed."""
    high: float | None
    """Upper end."""
    n_baseline: int
    """Runs of the baseline that carry the metric."""
    n_proposed: int
    """Runs of the proposed arm that carry the metric."""
    paired: bool
    """Whether runs were paired by seed."""
    baseline_scores: tuple[float, ...] = ()
    """Score of each baseline run, in order of seed."""
    proposed_scores: tuple[float, ...] = ()
    """Score of each proposed run, in order of seed."""
    level: float = 0.95
    """Confidence level of the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything an audit found."""

    version: str
    """netgain's version."""
    claim: Claim
    """What is claimed."""
    recomputed: Recomputed | None
    """The claim recomputed from the runs; None where there are none."""
    findings: tuple[Finding, ...]
    """One for each selected practice, by code."""
    study: Study
    """The evidence, for curves and seed distributions."""
    allowed: tuple[Allowance, ...] = ()
    """Findings the configuration accepts, with reasons; they stay in `findings`."""
    unread: tuple[Unread, ...] = ()
    """Files the audit went on without."""
    crashed: tuple[str, ...] = ()
    """Codes of checks that failed with an error; each is an `unknown` that says so."""
    fail_on: str = "flagged"
    """Which verdict makes the exit code 1: `flagged`, `unknown` (flagged or unknown) or `never`."""
    options: dict[str, str] = field(default_factory=dict)
    """What was selected and ignored, for the record."""

    @property
    def resolved(self) -> bool | None:
        """Tell whether the recomputed gain's interval excludes 0; None when it cannot be said."""
        if self.recomputed is None or self.recomputed.low is None or self.recomputed.high is None:
            return None
        return self.recomputed.low > 0 or self.recomputed.high < 0

    @property
    def summary(self) -> dict[str, int]:
        """Count the verdicts; allowed findings are counted under their verdict."""
        names = {
            "flagged": "flagged",
            "clear": "clear",
            "unknown": "unknown",
            "not-applicable": "not_applicable",
        }
        counts = dict.fromkeys(names.values(), 0)
        for finding in self.findings:
            counts[names[finding.verdict]] += 1
        return counts

    @property
    def exit_code(self) -> int:
        """Return 1 when a finding that is not allowed reaches `fail_on`, else 0."""
        if self.fail_on == "never":
            return 0
        accepted = {allowance.code for allowance in self.allowed}
        failing = {"flagged"} if self.fail_on == "flagged" else {"flagged", "unknown"}
        return int(any(f.verdict in failing and f.code not in accepted for f in self.findings))

    def __getitem__(self, code: str) -> Finding:
        """Return the finding of one practice."""
        for finding in self.findings:
            if finding.code == code:
                return finding
        raise KeyError(code)
