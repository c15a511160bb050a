"""The report as Markdown, for pull requests and notes."""

from __future__ import annotations

import re

from netgain.finding import Finding
from netgain.renderers.waterfall import Bar, Waterfall
from netgain.renderers.wording import (
    SIGNS,
    VERDICTS,
    allowed_reason,
    by_verdict,
    claim_source,
    claimed_sentence,
    crash_sentence,
    interval,
    not_checked,
    number,
    number_label,
    open_questions,
    plain,
    recomputed_sentence,
    resolved_sentence,
    signed,
)
from netgain.report import Report

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~!&$@])")


def render_markdown(report: Report, waterfall: Waterfall | None = None) -> str:
    """Return the report as Markdown in which text from evidence is inert."""
    lines = ["# netgain report", "", inert(claimed_sentence(report.claim))]
    if source := claim_source(report.claim):
        lines[-1] += f" ({code(source)})"
    lines += ["", inert(f"{recomputed_sentence(report.recomputed)} {resolved_sentence(report)}")]
    if warning := crash_sentence(report):
        lines += ["", f"**{inert(warning)}**"]
    counts = ", ".join(
        f"{len(open_questions(report) if v == 'unknown' else by_verdict(report, v))} {t.lower()}"
        for v, t in VERDICTS.items()
    )
    lines += ["", f"**{counts}**", ""]
    if waterfall is not None:
        lines += _steps(waterfall)
    for finding in by_verdict(report, "flagged"):
        lines += _flagged(finding, allowed_reason(report, finding.code))
    lines += _table(
        "Unknown",
        ("practice", "what would settle it"),
        [
            (f"{f.code} {f.name}", "<br>".join(inert(need) for need in f.needs))
            for f in open_questions(report)
        ],
    )
    if missing := not_checked(report):
        lines += [missing, ""]
    lines += _table(
        "Clear",
        ("practice", "what was read"),
        [(f"{f.code} {f.name}", inert(f.message)) for f in by_verdict(report, "clear")],
    )
    lines += _table(
        "Not applicable",
        ("practice", "why"),
        [(f"{f.code} {f.name}", inert(f.message)) for f in by_verdict(report, "not-applicable")],
    )
    lines += _table(
        "Files not read", ("file", "why"), [(code(u.path), inert(u.why)) for u in report.unread]
    )
    return "\n".join(lines).rstrip() + "\n"


def inert(text: object) -> str:
    """Return text with everything escaped that Markdown, HTML or a code host would act on."""
    return _ACTIVE.sub(r"\\\1", plain(text)).replace("://", ":\u200b//").strip()


def code(text: object) -> str:
    """Return text as inline code that its own backticks and bars cannot leave."""
    return "`" + plain(text).replace("`", "'").replace("|", "¦") + "`"


def _flagged(finding: Finding, accepted: str | None) -> list[str]:
    favours = "" if finding.favours == "neither" else f", favours {finding.favours}"
    lines = [
        f"## {SIGNS['flagged']} {finding.code} {finding.name}",
        "",
        f"*{finding.grade}, {finding.disclosure}{favours}*",
        "",
        inert(finding.message),
        "",
    ]
    lines += [f"- {inert(number_label(k))}: **{number(v)}**" for k, v in finding.numbers.items()]
    lines += [f"- at {code(source)}" for source in finding.evidence]
    lines += [
        f"- innocent reading: {inert(finding.readings.innocent)}",
        f"- inflating reading: {inert(finding.readings.inflating)}",
    ]
    if finding.remedy:
        lines.append(f"- remedy: {inert(finding.remedy)}")
    if finding.settle:
        lines.append(f"- settle it: {code(finding.settle)}")
    if accepted:
        lines.append(f"- allowed: {inert(accepted)}")
    return [*lines, ""]


def _table(title: str, head: tuple[str, str], rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    body = [f"| {left} | {right} |" for left, right in rows]
    return [f"## {title}", "", f"| {head[0]} | {head[1]} |", "| --- | --- |", *body, ""]


def _steps(waterfall: Waterfall) -> list[str]:
    def row(label: str, bar: Bar, *, ends: bool = True) -> str:
        return f"| {label} | {signed(bar[0])} | {interval(bar[1], bar[2]) if ends else ''} |"

    lines = ["## From claimed to net gain", "", "| | points | interval |", "| --- | --: | --- |"]
    lines.append(row("claimed gain", (waterfall.claimed, None, None), ends=False))
    lines += [row(f"of it {inert(label)}", bar) for label, bar in waterfall.parts.items()]
    if abs(waterfall.unaccounted) > 0.005:
        lines.append(
            row("not seen in the re-runs", (waterfall.unaccounted, None, None), ends=False)
        )
    if waterfall.net is not None:
        lines.append(row("**net gain, the idea itself**", waterfall.net))
    return [*lines, "", inert(waterfall.note), ""]
