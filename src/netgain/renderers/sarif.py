"""The report as SARIF 2.1.0, for code hosts that show findings beside the lines they stand on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from netgain.finding import Finding
from netgain.renderers.wording import allowed_reason, number, number_label, plain
from netgain.report import Report
from netgain.study import Source

_LEVELS = {"flagged": "warning", "unknown": "note", "clear": "none", "not-applicable": "none"}
_KINDS = {
    "flagged": "fail",
    "unknown": "open",
    "clear": "pass",
    "not-applicable": "notApplicable",
}


def render_sarif(report: Report) -> str:
    """Return the report as SARIF; all verdicts are results, told apart by `kind`."""
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "netgain",
                "version": report.version,
                "rules": [{"id": f.code, "name": f.name} for f in report.findings],
            }
        },
        "results": [_result(finding, report) for finding in report.findings],
        "invocations": [
            {
                "executionSuccessful": not report.crashed,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": f"{plain(u.path)}: {plain(u.why)}"}}
                    for u in report.unread
                ],
            }
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(finding: Finding, report: Report) -> dict[str, Any]:
    # SARIF has a level other than none only where the kind is fail.
    kind = _KINDS[finding.verdict]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "kind": kind,
        "level": _LEVELS[finding.verdict] if kind == "fail" else "none",
        "message": {"text": _message(finding)},
        "locations": [_location(source) for source in finding.evidence],
        "properties": {"disclosure": finding.disclosure, "favours": finding.favours},
    }
    if finding.grade is not None:
        result["properties"]["grade"] = finding.grade
    if (reason := allowed_reason(report, finding.code)) is not None:
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _message(finding: Finding) -> str:
    parts = [plain(finding.message)]
    parts += [f"{number_label(name)}: {number(value)}" for name, value in finding.numbers.items()]
    if finding.verdict == "flagged":
        parts.append(f"Innocent reading: {plain(finding.readings.innocent)}")
        parts.append(f"Inflating reading: {plain(finding.readings.inflating)}")
    parts += [f"Would settle it: {plain(need)}" for need in finding.needs]
    return "\n".join(part for part in parts if part) or finding.name


def _location(source: Source) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(plain(source.path))}}
    if source.line is not None:
        physical["region"] = {"startLine": source.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if detail := source.tensor or source.cell or source.key:
        location["logicalLocations"] = [{"fullyQualifiedName": plain(detail)}]
    return location
