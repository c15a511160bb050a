"""The report as one HTML file: no script, no network, light and dark, printable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from netgain.finding import Finding
from netgain.renderers import wording
from netgain.renderers.charts import (
    curves_picture,
    gains_picture,
    seeds_picture,
    waterfall_picture,
)
from netgain.renderers.waterfall import Waterfall
from netgain.report import Report
from netgain.study import Curve

_SPLITS = ("test", "validation", None, "train")
_UNREAD_SHOWN = 200
_SKIPPED = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One picture with its caption."""

    title: str
    """Heading."""
    caption: str
    """What to see, in a sentence."""
    svg: str
    """The picture, escaped and ready."""


def render_html(report: Report, waterfall: Waterfall | None = None) -> str:
    """Return the report as a self-contained page."""
    return str(
        _template().render(
            report=report,
            waterfall=waterfall,
            words=wording,
            claim_chart=_claim_chart(report, waterfall),
            charts=_evidence_charts(report),
            groups={v: wording.by_verdict(report, v) for v in wording.VERDICTS},
            open_questions=wording.open_questions(report),
            not_checked=wording.not_checked(report),
            chapters=_chapters(report),
            unread=report.unread[:_UNREAD_SHOWN],
            unread_more=max(0, len(report.unread) - _UNREAD_SHOWN),
        )
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("netgain.renderers", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = wording.plain
    return environment.get_template("report.html")


def _claim_chart(report: Report, waterfall: Waterfall | None) -> Chart | None:
    """Return the steps to the net gain where an attribution was made, else claim beside runs."""
    if waterfall is not None:
        return Chart(
            title="From the claimed to the net gain",
            caption=wording.plain(waterfall.note)
            or "Each bar takes what one practice bought off the claim; lines are intervals.",
            svg=waterfall_picture(waterfall),
        )
    svg = gains_picture(report.claim.gain, report.recomputed)
    if not svg:
        return None
    return Chart(
        title="What is claimed, and what the runs say",
        caption="The line is the interval over runs. A gain whose interval reaches 0 is not resolved.",
        svg=svg,
    )


def _evidence_charts(report: Report) -> list[Chart]:
    """Return the pictures of the evidence: seeds, learning rate, metric over training."""
    charts = []
    if report.recomputed is not None and (svg := seeds_picture(report.recomputed)):
        level = f"{report.recomputed.level:.0%}"
        charts.append(
            Chart(
                title="Every run",
                caption=f"One mark for each run; filled mark and line: mean and {level} t-interval.",
                svg=svg,
            )
        )
    for title, name, caption in (
        ("Learning rate", "learning_rate", "Who has annealed by the end, and who has not."),
        (
            _metric(report),
            _metric(report),
            "Where each arm stands when it is stopped; the steep beginning may lie outside.",
        ),
    ):
        baseline, proposed, unit = _paired_curves(report, name)
        skipped = 0.0 if name == "learning_rate" else _SKIPPED
        if svg := curves_picture(title, baseline, proposed, unit, skipped=skipped):
            heading = title if title == "Learning rate" else f"{wording.plain(title)} over training"
            charts.append(Chart(title=heading, caption=caption, svg=svg))
    return charts


def _metric(report: Report) -> str:
    if report.recomputed is not None:
        return report.recomputed.metric.rpartition("/")[2]
    return report.claim.metric or "loss"


def _paired_curves(report: Report, name: str) -> tuple[list[Curve], list[Curve], str]:
    """Return one curve for each run and arm, of the same split and x unit, with that unit."""
    arms = (report.study.baseline, report.study.proposed)
    found = [[c for run in arm.runs for c in run.curves if c.name == name] for arm in arms]
    everything = [curve for curves in found for curve in curves]
    if not everything:
        return [], [], ""

    def rank(curve: Curve) -> tuple[int, int]:
        in_both = all(
            any(c.unit == curve.unit and c.split == curve.split for c in curves) for curves in found
        )
        return (0 if in_both else 1, _SPLITS.index(curve.split))

    best = min(everything, key=rank)
    chosen = [[c for c in cs if (c.unit, c.split) == (best.unit, best.split)] for cs in found]
    unit: Literal["step", "epoch", "sample", "row"] = best.unit
    return chosen[0], chosen[1], "rows of the log" if unit == "row" else f"{unit}s"


def _chapters(report: Report) -> list[tuple[str, list[Finding]]]:
    """Return the findings by chapter, for the map."""
    out = []
    for digit, title in wording.CHAPTERS.items():
        inside = sorted((f for f in report.findings if f.code[2] == digit), key=lambda f: f.code)
        if inside:
            out.append((f"{digit} {title}", inside))
    return out
