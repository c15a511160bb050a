"""The report as JUnit XML, for continuous integration: one test case for each practice."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from netgain.finding import Finding
from netgain.renderers.wording import allowed_reason, plain
from netgain.report import Report


def render_junit(report: Report) -> str:
    """Return the report as JUnit XML: flagged fails, unknown and not applicable are skipped."""
    cases = [_case(finding, report) for finding in report.findings]
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuite name="netgain" tests="{len(cases)}" failures="{failures}" errors="0" '
            f'skipped="{skipped}">',
            *cases,
            "</testsuite>\n",
        ]
    )


def _case(finding: Finding, report: Report) -> str:
    name = quoteattr(f"{finding.code} {finding.name}")
    accepted = allowed_reason(report, finding.code)
    if finding.verdict == "flagged" and accepted is None:
        places = "\n".join(plain(source) for source in finding.evidence)
        body = (
            f"<failure message={quoteattr(plain(finding.message))} "
            f"type={quoteattr(str(finding.grade))}>"
            f"{escape(places)}</failure>"
        )
    elif finding.verdict == "clear":
        return f'  <testcase classname="netgain" name={name}/>'
    else:
        why = f"allowed: {accepted}" if accepted else "; ".join(map(plain, finding.needs))
        body = f"<skipped message={quoteattr(f'{finding.verdict}: {why}'.rstrip(': '))}/>"
    return f'  <testcase classname="netgain" name={name}>{body}</testcase>'
