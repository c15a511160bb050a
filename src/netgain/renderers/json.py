"""The report as JSON, and its JSON Schema."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from netgain.finding import Disclosure, Favours, Finding, Grade, Verdict
from netgain.renderers.wording import plain
from netgain.report import Recomputed, Report
from netgain.study import Claim, Source

SCHEMA: Literal["netgain/report/1"] = "netgain/report/1"


class _Document(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of every object in the document: no key beyond those named."""


class SourceDocument(_Document, kw_only=True, frozen=True, omit_defaults=True):
    """Where a value stands; keys that say nothing are left out."""

    path: str
    line: int | None = None
    key: str | None = None
    step: float | None = None
    tensor: str | None = None
    cell: str | None = None


class RecomputedDocument(_Document, kw_only=True, frozen=True):
    """The claim as the runs support it."""

    baseline: float
    proposed: float
    gain: float
    low: float | None
    high: float | None
    n_baseline: int
    n_proposed: int
    paired: bool
    level: float


class ClaimDocument(_Document, kw_only=True, frozen=True):
    """What is claimed, and what the runs say of it."""

    metric: str | None
    dataset: str | None
    baseline: float | None
    proposed: float | None
    gain: float | None
    recomputed: RecomputedDocument | None
    resolved: bool | None
    source: SourceDocument | None


class ReadingsDocument(_Document, kw_only=True, frozen=True):
    """The two ways to read an observation; empty unless flagged."""

    innocent: str
    inflating: str


class FindingDocument(_Document, kw_only=True, frozen=True):
    """The verdict on one practice."""

    code: str
    name: str
    verdict: Verdict
    grade: Grade | None
    disclosure: Disclosure
    favours: Favours
    message: str
    numbers: dict[str, float | None]
    evidence: list[SourceDocument]
    readings: ReadingsDocument
    needs: list[str]
    remedy: str
    settle: str


class AllowedDocument(_Document, kw_only=True, frozen=True):
    """A finding that the configuration accepts."""

    code: str
    reason: str


class UnreadDocument(_Document, kw_only=True, frozen=True):
    """A file the audit went on without."""

    path: str
    why: str


class SummaryDocument(_Document, kw_only=True, frozen=True):
    """Findings counted by verdict."""

    flagged: int
    clear: int
    unknown: int
    not_applicable: int


class ReportDocument(_Document, kw_only=True, frozen=True):
    """Everything an audit found."""

    schema: Literal["netgain/report/1"] = SCHEMA
    netgain: str
    claim: ClaimDocument
    findings: list[FindingDocument]
    allowed: list[AllowedDocument]
    unread: list[UnreadDocument]
    crashed: list[str]
    summary: SummaryDocument


def render_json(report: Report) -> str:
    """Return the report as indented JSON, schema `netgain/report/1`."""
    document = ReportDocument(
        netgain=report.version,
        claim=_claim(report.claim, report),
        findings=[_finding(finding) for finding in report.findings],
        allowed=[
            AllowedDocument(code=item.code, reason=plain(item.reason)) for item in report.allowed
        ],
        unread=[
            UnreadDocument(path=plain(item.path), why=plain(item.why)) for item in report.unread
        ],
        crashed=list(report.crashed),
        summary=SummaryDocument(**report.summary),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of `netgain/report/1`."""
    schema = msgspec.json.schema(ReportDocument)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}


def _claim(claim: Claim, report: Report) -> ClaimDocument:
    stated = claim.proposed or claim.baseline
    return ClaimDocument(
        metric=None if claim.metric is None else plain(claim.metric),
        dataset=None if claim.dataset is None else plain(claim.dataset),
        baseline=None if claim.baseline is None else _finite(claim.baseline.value),
        proposed=None if claim.proposed is None else _finite(claim.proposed.value),
        gain=_finite(claim.gain),
        recomputed=None if report.recomputed is None else _recomputed(report.recomputed),
        resolved=report.resolved,
        source=None if stated is None else _source(stated.source),
    )


def _recomputed(recomputed: Recomputed) -> RecomputedDocument:
    return RecomputedDocument(
        baseline=recomputed.baseline,
        proposed=recomputed.proposed,
        gain=recomputed.gain,
        low=recomputed.low,
        high=recomputed.high,
        n_baseline=recomputed.n_baseline,
        n_proposed=recomputed.n_proposed,
        paired=recomputed.paired,
        level=recomputed.level,
    )


def _finding(finding: Finding) -> FindingDocument:
    return FindingDocument(
        code=finding.code,
        name=finding.name,
        verdict=finding.verdict,
        grade=finding.grade,
        disclosure=finding.disclosure,
        favours=finding.favours,
        message=plain(finding.message),
        numbers={plain(name): _finite(value) for name, value in finding.numbers.items()},
        evidence=[_source(source) for source in finding.evidence],
        readings=ReadingsDocument(
            innocent=plain(finding.readings.innocent), inflating=plain(finding.readings.inflating)
        ),
        needs=[plain(need) for need in finding.needs],
        remedy=plain(finding.remedy),
        settle=plain(finding.settle),
    )


def _source(source: Source) -> SourceDocument:
    return SourceDocument(
        path=plain(source.path),
        line=source.line,
        key=None if source.key is None else plain(source.key),
        step=_finite(source.step),
        tensor=None if source.tensor is None else plain(source.tensor),
        cell=None if source.cell is None else plain(source.cell),
    )


def _finite(value: float | None) -> float | None:
    """Return the value, or None where it is no number: JSON has no infinity."""
    return None if value is None or not math.isfinite(value) else float(value)
