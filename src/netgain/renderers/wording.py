"""The words and numbers that all renderers share, and the cleaning of hostile text.

Run names, keys and messages come from evidence nobody vouches for. `plain` is applied to every one
of them before it reaches a terminal, a page or a file.
"""

from __future__ import annotations

import math
import re

from netgain.finding import Finding, Verdict
from netgain.report import Recomputed, Report
from netgain.study import Claim

CHAPTERS = {
    "1": "Compute",
    "2": "Hyperparameters",
    "3": "Small modifications",
    "4": "Incremental design",
    "5": "Testing",
    "6": "Ultimate",
}
"""Chapter titles by the first digit of a code."""
VERDICTS: dict[Verdict, str] = {
    "flagged": "Flagged",
    "unknown": "Unknown",
    "clear": "Clear",
    "not-applicable": "Not applicable",
}
"""Verdicts in the order they are shown, with their headings."""
SIGNS: dict[Verdict, str] = {"flagged": "▲", "unknown": "?", "clear": "✓", "not-applicable": "–"}
"""One sign for each verdict, so that colour is never alone."""

# Control characters drive terminals, and directional overrides make text read as something else.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def plain(text: object) -> str:
    """Return text that can drive neither a terminal nor the reading direction, on one line."""
    return _UNSAFE.sub("�", " ".join(str(text).split("\n")))


def number(value: float | None) -> str:
    """Return a number with at most four significant decimals, thousands apart, or `unknown`."""
    if value is None or not math.isfinite(value):
        return "unknown"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        return f"{value:.3g}"
    decimals = 2 if size >= 10 else 3 if size >= 0.1 else 5
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".")


def signed(value: float) -> str:
    """Return points with their sign and two decimals, as many as show two figures where that is more."""
    size = abs(value)
    decimals = 2 if size >= 0.05 or size == 0 else min(1 - math.floor(math.log10(size)), 6)
    text = f"{value:+.{decimals}f}"
    return text.replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in brackets, or that there is none."""
    if low is None or high is None:
        return "no interval"
    return f"[{signed(low)}, {signed(high)}]"


def claimed_sentence(claim: Claim) -> str:
    """Return what is claimed, in one sentence."""
    metric = plain(claim.metric or "the metric")
    where = f" on {plain(claim.dataset)}" if claim.dataset else ""
    if claim.gain is None or claim.baseline is None or claim.proposed is None:
        return f"No claim with both scores of {metric}{where} was found."
    return (
        f"Claimed: {number(claim.proposed.value)} against {number(claim.baseline.value)} {metric}"
        f"{where}, a gain of {signed(claim.gain)}."
    )


def claim_source(claim: Claim) -> str:
    """Return where the claim stands; empty where nobody says."""
    score = claim.proposed or claim.baseline
    return "" if score is None else plain(score.source)


def recomputed_sentence(recomputed: Recomputed | None) -> str:
    """Return what the runs themselves support, in one sentence."""
    if recomputed is None:
        return "No runs carry the claimed metric, so the gain cannot be recomputed."
    runs = f"{recomputed.n_baseline} + {recomputed.n_proposed} runs"
    pairing = "paired by seed" if recomputed.paired else "not paired"
    gain = signed(recomputed.gain)
    if recomputed.low is None or recomputed.high is None:
        few = min(recomputed.n_baseline, recomputed.n_proposed) < 2
        why = "fewer than two runs in an arm" if few else "runs of an arm that share one seed"
        return (
            f"The runs say: {gain} from {runs}; {why} give no interval, "
            "so whether it is more than seed noise is unknown."
        )
    return (
        f"The runs say: {gain} {interval(recomputed.low, recomputed.high)} at "
        f"{recomputed.level:.0%}, from {runs}, {pairing}."
    )


def resolved_sentence(report: Report) -> str:
    """Return whether the recomputed gain stands out of the seed noise."""
    words = {
        True: "The interval excludes 0.",
        False: "The interval reaches 0: the runs do not resolve a gain.",
        None: "",
    }
    return words[report.resolved]


def by_verdict(report: Report, verdict: Verdict) -> list[Finding]:
    """Return the findings of one verdict, by code."""
    return sorted((f for f in report.findings if f.verdict == verdict), key=lambda f: f.code)


def open_questions(report: Report) -> list[Finding]:
    """Return the unknown findings behind which a check stands, by code."""
    return [finding for finding in by_verdict(report, "unknown") if finding.is_implemented]


def not_checked(report: Report) -> str:
    """Say which practices this version lists and does not check; empty where there are none."""
    codes = [f.code for f in by_verdict(report, "unknown") if not f.is_implemented]
    if not codes:
        return ""
    return f"{len(codes)} practices are listed and not checked in this version: {', '.join(codes)}."


def number_label(name: str) -> str:
    """Return the full name of a number as words."""
    return plain(name).replace("_", " ")


def allowed_reason(report: Report, code: str) -> str | None:
    """Return why a finding is accepted; None where it is not."""
    for allowance in report.allowed:
        if allowance.code == code:
            return plain(allowance.reason)
    return None


def crash_sentence(report: Report) -> str:
    """Return the warning about checks that failed; empty where none did."""
    if not report.crashed:
        return ""
    return (
        f"{len(report.crashed)} checks stopped with an error and are shown as unknown: "
        f"{', '.join(report.crashed)}. This is a fault of netgain; please report it."
    )
