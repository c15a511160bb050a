"""Study to Report: run the checks, keep the audit alive when one of them fails."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from netgain import __version__
from netgain.analysis import per_tree, syntax
from netgain.analysis.code_ahead import look_into
from netgain.analysis.scores import recompute
from netgain.finding import Finding
from netgain.pacing import rare_collections
from netgain.practice import Practice
from netgain.practices import select
from netgain.renderers import format_of, render
from netgain.report import Report
from netgain.study import Allowance, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport(Report):
    """A report that writes and shows itself."""

    def write(self, path: Path | str) -> Path:
        """Write the report in the format its suffix names and return the path.

        Raises:
            UsageError: no format has this suffix.
        """
        place = Path(path)
        place.write_text(render(self, format_of(place)), encoding="utf-8")
        return place

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, so that its style stays out of a notebook's."""
        page = html.escape(render(self, "html"), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:70vh;border:0"></iframe>'


def audit(
    study: Study,
    *,
    select_codes: tuple[str, ...] = (),
    ignore_codes: tuple[str, ...] = (),
    fail_on: str = "flagged",
) -> AuditReport:
    """Run the checks over a study.

    Args:
        study: the evidence.
        select_codes: codes or prefixes to run; all when empty.
        ignore_codes: codes or prefixes to leave out.
        fail_on: `flagged`, `unknown` or `never`; decides the report's exit code.

    Raises:
        UsageError: a code matches no practice.
    """
    practices = select(select_codes, ignore_codes)
    with rare_collections():
        try:
            if not select_codes:
                per_tree.look_ahead((study.baseline.code, study.proposed.code), look_into)
            results = [_run(practice, study) for practice in practices]
        finally:
            syntax.forget()
            per_tree.forget()
    findings = tuple(finding for finding, _ in results)
    return AuditReport(
        version=__version__,
        claim=study.claim,
        recomputed=recompute(study),
        findings=findings,
        study=study,
        allowed=_used(study.allowances, findings),
        unread=study.unread,
        crashed=tuple(finding.code for finding, crashed in results if crashed),
        fail_on=fail_on,
        options={"select": ",".join(select_codes), "ignore": ",".join(ignore_codes)},
    )


def _run(practice: Practice, study: Study) -> tuple[Finding, bool]:
    try:
        return practice.check(study), False
    except Exception as error:  # noqa: BLE001 - a check that fails is an unknown, never the end of the audit
        return (
            Finding(
                code=practice.code,
                name=practice.name,
                verdict="unknown",
                message="this check failed with an error; it says nothing about the evidence",
                needs=(
                    f"a netgain without this error ({type(error).__name__}: {error}); please report it "
                    "with the report's JSON",
                ),
            ),
            True,
        )


def _used(allowances: Iterable[Allowance], findings: tuple[Finding, ...]) -> tuple[Allowance, ...]:
    flagged = {finding.code for finding in findings if finding.verdict == "flagged"}
    return tuple(allowance for allowance in allowances if allowance.code in flagged)
