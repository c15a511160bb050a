"""The pictures of the HTML report: steps from claim to net gain, gains, seeds, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netgain.renderers.axis import Axis, axis
from netgain.renderers.svg import (
    WIDTH,
    bar,
    diamond,
    dot,
    horizontal_scale,
    label,
    line,
    picture,
    vertical_scale,
    whisker,
    words,
)
from netgain.renderers.waterfall import Bar, Waterfall
from netgain.renderers.wording import interval, number, signed
from netgain.report import Recomputed
from netgain.stats.paired import mean_interval
from netgain.study import Curve

_ROW = 44.0
_LEFT = 200.0
_RIGHT = WIDTH - 150.0
_POINTS = 240
_LABEL_GAP = 31.0
_LOWEST_LABEL = 210.0
_RUNS_DRAWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bar of the waterfall."""

    name: str
    """What it is."""
    begin: float
    """Where it starts on the points axis."""
    end: float
    """Where it ends."""
    value: Bar
    """The value it stands for, with its interval."""
    kind: str
    """`claimed`, `part`, `part against`, `lost` or `net`: its colour and pattern."""


def waterfall_picture(waterfall: Waterfall) -> str:
    """Draw the way from the claimed gain, practice by practice, to the net gain."""
    steps = waterfall_steps(waterfall)
    values = [0.0]
    for step in steps:
        values += [step.begin, step.end, *_ends(step)]
    height = 34 + _ROW * len(steps) + 30
    points = axis(values, _LEFT, _RIGHT)
    bottom = 12 + _ROW * len(steps)
    body = horizontal_scale(points, 12, bottom, zero=True)
    for i, step in enumerate(steps):
        y = 12 + _ROW * i + _ROW / 2
        begin, end = points.place(step.begin), points.place(step.end)
        body.append(bar(begin, end, y - 11, 22, step.kind))
        if ends := _ends(step):
            body.append(whisker(points.place(ends[0]), points.place(ends[1]), y))
        if i + 1 < len(steps):
            body.append(line(end, y + 11, end, y + _ROW - 11, "link"))
        body += _name(step.name, y)
        body.append(label(_RIGHT + 14, y - 1, signed(step.value[0]), "value"))
        if step.value[1] is not None:
            body.append(label(_RIGHT + 14, y + 14, interval(*step.value[1:]), "small"))
    body.append(label((_LEFT + _RIGHT) / 2, height - 4, "points of the metric", "tick middle"))
    told = "; ".join(f"{s.name} {signed(s.value[0])}" for s in steps)
    return picture("From the claimed to the net gain", told, height, body)


def waterfall_steps(waterfall: Waterfall) -> list[Step]:
    """Return the bars: the claim, each part taken off it, what was not seen, and the net gain."""
    claimed = waterfall.claimed
    steps = [
        Step(name="claimed gain", begin=0, end=claimed, value=(claimed, None, None), kind="claimed")
    ]
    level = claimed
    for name, value in waterfall.parts.items():
        kind = "part" if value[0] >= 0 else "part against"
        steps.append(Step(name=name, begin=level, end=level - value[0], value=value, kind=kind))
        level -= value[0]
    lost = waterfall.unaccounted
    if abs(lost) > 0.005:
        value = (lost, None, None)
        steps.append(
            Step(
                name="not seen in the re-runs",
                begin=level,
                end=level - lost,
                value=value,
                kind="lost",
            )
        )
    if waterfall.net is not None:
        net = waterfall.net
        steps.append(Step(name="net gain: the idea", begin=0, end=net[0], value=net, kind="net"))
    return steps


def _name(text: str, y: float) -> list[str]:
    """Return a row's name, a practice as its code above its name."""
    code, _, rest = text.partition(" ")
    if not (code.startswith("NG") and rest):
        return [label(_LEFT - 14, y + 4, text, "name end", limit=26)]
    return [
        label(_LEFT - 14, y - 2, code, "name strong end"),
        label(_LEFT - 14, y + 13, rest, "small end", limit=32),
    ]


def _ends(step: Step) -> tuple[float, ...]:
    """Return the ends of a step's interval on the axis, measured from where its bar starts."""
    _, low, high = step.value
    if low is None or high is None:
        return ()
    direction = 1.0 if step.kind == "net" else -1.0
    return (step.begin + direction * low, step.begin + direction * high)


def gains_picture(claimed: float | None, recomputed: Recomputed | None) -> str:
    """Draw the claimed gain beside the one the runs support; empty where there is neither."""
    rows: list[tuple[str, Bar, str]] = []
    if claimed is not None:
        rows.append(("claimed gain", (claimed, None, None), "claimed"))
    if recomputed is not None:
        value = (recomputed.gain, recomputed.low, recomputed.high)
        rows.append(("gain from the runs", value, "runs"))
    if not rows:
        return ""
    values = [0.0]
    for _, bounds, _ in rows:
        values += [v for v in bounds if v is not None]
    points = axis(values, _LEFT, _RIGHT)
    bottom = 12 + _ROW * len(rows)
    body = horizontal_scale(points, 12, bottom, zero=True)
    for i, (name, (value_, low, high), kind) in enumerate(rows):
        y = 12 + _ROW * i + _ROW / 2
        body.append(bar(points.place(0), points.place(value_), y - 11, 22, kind))
        if low is not None and high is not None:
            body.append(whisker(points.place(low), points.place(high), y))
            body.append(label(_RIGHT + 14, y + 14, interval(low, high), "small"))
        body += _name(name, y)
        body.append(label(_RIGHT + 14, y - 1, signed(value_), "value"))
    body.append(label((_LEFT + _RIGHT) / 2, bottom + 34, "points of the metric", "tick middle"))
    told = "; ".join(f"{name} {signed(value[0])}" for name, value, _ in rows)
    return picture("Claimed gain and gain from the runs", told, bottom + 42, body)


def seeds_picture(recomputed: Recomputed) -> str:
    """Draw every run's score as a dot, with mean and t-interval of each arm."""
    arms = [
        ("baseline", recomputed.baseline_scores, "base"),
        ("proposed", recomputed.proposed_scores, "prop"),
    ]
    scores = [score for _, values, _ in arms for score in values]
    if not scores:
        return ""
    means = {name: mean_interval(values) for name, values, _ in arms if values}
    bounds = [v for m in means.values() for v in (m.low, m.high) if v is not None]
    points = axis([*scores, *bounds], 110, _RIGHT)
    body = horizontal_scale(points, 14, 178)
    for i, (name, values, kind) in enumerate(arms):
        y = 62 + 84 * i
        body.append(label(96, y + 4, name, f"name end ink-{kind}"))
        for x, rise in _stacked([points.place(v) for v in values]):
            sign = dot if kind == "base" else diamond
            body.append(sign(x, y - 12 - rise, f"{kind} soft"))
        if (mean := means.get(name)) is None:
            body.append(label(120, y + 4, "no runs", "small"))
            continue
        x = points.place(mean.estimate)
        if mean.low is not None and mean.high is not None:
            body.append(whisker(points.place(mean.low), points.place(mean.high), y + 10))
        body.append(diamond(x, y + 10, f"{kind} solid"))
        body.append(label(_RIGHT + 14, y, f"mean {number(mean.estimate)}", "value"))
        body.append(label(_RIGHT + 14, y + 15, f"n = {mean.n}", "small"))
    body.append(label((110 + _RIGHT) / 2, 214, recomputed.metric, "tick middle"))
    told = "; ".join(f"{n}: {', '.join(number(v) for v in values)}" for n, values, _ in arms)
    return picture(f"Score of every run, {recomputed.metric}", told, 222, body)


def _stacked(places: Sequence[float]) -> list[tuple[float, float]]:
    """Return places with a rise for each dot that would cover another."""
    out: list[tuple[float, float]] = []
    for x in sorted(places):
        rise = 0.0
        while any(abs(x - ox) < 9 and abs(rise - orise) < 9 for ox, orise in out) and rise < 36:
            rise += 9.0
        out.append((x, rise))
    return out


def curves_picture(
    title: str,
    baseline: Sequence[Curve],
    proposed: Sequence[Curve],
    unit: str,
    *,
    skipped: float = 0.0,
) -> str:
    """Draw one quantity over training: a line for each run, solid baseline and dashed proposed.

    Args:
        title: What is drawn.
        baseline: Curves of the baseline's runs.
        proposed: Curves of the proposed runs.
        unit: What the x axis counts.
        skipped: Share of training, from its start, that may leave the picture, so that the steep
            beginning does not flatten what is compared.
    """
    arms = [
        ("baseline", baseline[:_RUNS_DRAWN], "base"),
        ("proposed", proposed[:_RUNS_DRAWN], "prop"),
    ]
    drawn = [(name, curve, kind) for name, curves, kind in arms for curve in curves if curve.steps]
    if not drawn:
        return ""
    across = axis([x for _, c, _ in drawn for x in (c.steps[0], c.steps[-1])], 64, _RIGHT, count=6)
    up = axis([v for _, c, _ in drawn for v in c.values[int(len(c.values) * skipped) :]], 226, 30)
    body = vertical_scale(up, 64, _RIGHT) + horizontal_scale(across, 226, 226)
    body.append(line(64, 226, _RIGHT, 226, "zero"))
    body.append(
        f'<svg x="64" y="30" width="{_RIGHT - 64:g}" height="196" viewBox="64 30 {_RIGHT - 64:g} 196">'
    )
    body += [_path(curve, across, up, f"{kind} trace") for _, curve, kind in drawn]
    body.append("</svg>")
    body += _end_labels(drawn, across, up)
    body += [
        line(64, 13, 92, 13, "base trace"),
        label(98, 17, "baseline", "small"),
        line(170, 13, 198, 13, "prop trace"),
        label(204, 17, "proposed", "small"),
        label((64 + _RIGHT) / 2, 260, unit, "tick middle"),
    ]
    told = "; ".join(
        f"{name} ends at {number(curve.values[-1])} after {number(curve.steps[-1])} {unit}"
        for name, curve, _ in drawn[:6]
    )
    return picture(title, told, 268, body)


def _path(curve: Curve, across: Axis, up: Axis, kind: str) -> str:
    """Return a curve as one path, thinned where it has more points than the page has room for."""
    stride = max(1, -(-len(curve.steps) // _POINTS))
    chosen = [*range(0, len(curve.steps), stride)]
    if chosen[-1] != len(curve.steps) - 1:
        chosen.append(len(curve.steps) - 1)
    places = " ".join(
        f"{across.place(curve.steps[i]):.1f},{up.place(curve.values[i]):.1f}" for i in chosen
    )
    return (
        f'<polyline points="{places}" class="{kind}"><title>{words(curve.key)}</title></polyline>'
    )


def _end_labels(drawn: Sequence[tuple[str, Curve, str]], across: Axis, up: Axis) -> list[str]:
    """Return the arm's name and last value beside the end of its first curve, kept apart."""
    firsts = {name: (curve, kind) for name, curve, kind in reversed(drawn)}
    ends = sorted((up.place(c.values[-1]), name, c, kind) for name, (c, kind) in firsts.items())
    places: list[float] = []
    for y, *_ in ends:
        places.append(max(y, places[-1] + _LABEL_GAP) if places else y)
    excess = max(0.0, places[-1] - _LOWEST_LABEL)
    out = []
    for y, (_, name, curve, kind) in zip(places, ends, strict=True):
        out.append(label(_RIGHT + 10, y - excess - 2, name, f"small ink-{kind}"))
        out.append(label(_RIGHT + 10, y - excess + 12, number(curve.values[-1]), "small"))
    return out
