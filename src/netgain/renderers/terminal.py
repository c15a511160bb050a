"""The report on a terminal: one screen for the verdicts, then each flagged finding in full."""

from __future__ import annotations

import io
from typing import Any

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

_STYLES = {"flagged": "bold red", "unknown": "yellow", "clear": "green", "not-applicable": "dim"}
_BAR_WIDTH = 28
_UNREAD_SHOWN = 10
_UNKNOWN_SHOWN = 12


def render_text(
    report: Report, waterfall: Waterfall | None = None, *, width: int = 100, colour: bool = False
) -> str:
    """Return the report as text of a given width, with or without terminal colours."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(screen(report, waterfall))
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return "\n".join(lines) + "\n"


def screen(report: Report, waterfall: Waterfall | None = None) -> Any:
    """Return the report as one rich renderable, for a console of any width."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(claimed_sentence(report.claim), style="bold")]
    if source := claim_source(report.claim):
        parts.append(Text(f"  {source}", style="dim"))
    parts.append(
        Text(f"{recomputed_sentence(report.recomputed)} {resolved_sentence(report)}".rstrip())
    )
    if warning := crash_sentence(report):
        parts.append(Text(warning, style="bold magenta"))
    if waterfall is not None:
        parts += [Text(""), _steps(waterfall)]
    parts += [Text(""), _counts(report)]
    for finding in by_verdict(report, "flagged"):
        parts += [Text(""), _flagged(finding, allowed_reason(report, finding.code))]
    parts += _remaining(report)
    return Group(*parts)


def _counts(report: Report) -> Any:
    from rich.text import Text

    line = Text()
    for verdict, title in VERDICTS.items():
        found = open_questions(report) if verdict == "unknown" else by_verdict(report, verdict)
        count = len(found)
        line.append(f"{SIGNS[verdict]} {count} {title.lower()}   ", style=_STYLES[verdict])
    return line


def _flagged(finding: Finding, accepted: str | None) -> Any:
    """Return one flagged finding: what was seen, where, both readings, what settles it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = Text(f"{SIGNS['flagged']} {finding.code} {finding.name}", style=_STYLES["flagged"])
    favours = "" if finding.favours == "neither" else f", favours {finding.favours}"
    title.append(f"  {finding.grade}, {finding.disclosure}{favours}", style="dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=9, style="dim")
    table.add_column(overflow="fold")
    values = "   ".join(f"{number_label(k)} {number(v)}" for k, v in finding.numbers.items())
    rows = [
        ("", plain(finding.message)),
        ("numbers", values),
        ("at", "\n".join(plain(source) for source in finding.evidence[:6])),
        ("innocent", plain(finding.readings.innocent)),
        ("inflating", plain(finding.readings.inflating)),
        ("remedy", plain(finding.remedy)),
        ("settle", plain(finding.settle)),
        ("allowed", accepted or ""),
    ]
    for label, words in rows:
        if words:
            table.add_row(Text(f"  {label}"), Text(words))
    return Group(title, table)


def _remaining(report: Report) -> list[Any]:
    """Return the unknown, clear and unread lists, briefly."""
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = []
    unknown = open_questions(report)
    if unknown:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in unknown[:_UNKNOWN_SHOWN]:
            more = len(finding.needs) - 1
            need = plain(finding.needs[0]) + (f" (and {more} more)" if more else "")
            table.add_row(Text(f"  {finding.code} {finding.name}"), Text(need, style="dim"))
        parts += [Text(""), Text("Unknown, and what would settle it", style="bold"), table]
        if (more := len(unknown) - _UNKNOWN_SHOWN) > 0:
            parts.append(Text(f"  and {more} more; `netgain ask` lists them all", style="dim"))
    for verdict in ("clear", "not-applicable"):
        codes = [f.code for f in report.findings if f.verdict == verdict]
        if codes:
            heading = "Clear" if verdict == "clear" else "Not applicable"
            parts += [Text(""), Text(f"{heading}: {' '.join(sorted(codes))}", style="dim")]
    if missing := not_checked(report):
        parts += [Text(""), Text(missing, style="dim")]
    if report.unread:
        parts += [Text(""), Text(f"{len(report.unread)} files not read", style="bold")]
        parts += [
            Text(f"  {plain(u.path)}: {plain(u.why)}", style="dim")
            for u in report.unread[:_UNREAD_SHOWN]
        ]
        if (more := len(report.unread) - _UNREAD_SHOWN) > 0:
            parts.append(Text(f"  and {more} more, see --format json", style="dim"))
    return parts


def _steps(waterfall: Waterfall) -> Any:
    """Return the way from claimed to net gain as bars of characters."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    table.add_column(style="dim")
    values = [abs(waterfall.claimed), *(abs(bar[0]) for bar in waterfall.parts.values())]
    scale = _BAR_WIDTH / (max(values) or 1.0)

    def add(label: str, bar: Bar, style: str, *, is_claim: bool = False) -> None:
        blocks = Text("█" * max(1, round(abs(bar[0]) * scale)), style=style)
        ends = "" if is_claim else interval(bar[1], bar[2])
        table.add_row(Text(f"  {plain(label)}"), Text(signed(bar[0])), blocks, Text(ends))

    add("claimed gain", (waterfall.claimed, None, None), "blue", is_claim=True)
    for label, bar in waterfall.parts.items():
        add(f"of it {label}", bar, "red")
    if abs(waterfall.unaccounted) > 0.005:
        add("not seen in the re-runs", (waterfall.unaccounted, None, None), "dim", is_claim=True)
    if waterfall.net is not None:
        add("net gain, the idea itself", waterfall.net, "green")
    return table
