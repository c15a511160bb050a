"""Pieces of inline SVG. All text passes `words`, the only way into a picture."""

from __future__ import annotations

from html import escape

from netgain.renderers.axis import Axis, tick_label
from netgain.renderers.wording import plain

WIDTH = 760.0
"""Width of every picture in user units; it scales to the page."""


def words(text: object, limit: int = 60) -> str:
    """Return text for a picture: cleaned, shortened and escaped."""
    cleaned = plain(text)
    return escape(cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…")


def picture(title: str, description: str, height: float, body: list[str]) -> str:
    """Return a picture that scales with the page and names itself to screen readers."""
    label = words(f"{title}. {description}", limit=2000)
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'preserveAspectRatio="xMidYMid meet"><title>{words(title)}</title>'
        f"<desc>{words(description, limit=2000)}</desc>{''.join(body)}</svg>"
    )


def label(x: float, y: float, text: object, kind: str = "", *, limit: int = 60) -> str:
    """Return one line of text; `kind` is its class."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words(text, limit)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def bar(x1: float, x2: float, y: float, height: float, kind: str) -> str:
    """Return a horizontal bar between two places, at least a hair wide."""
    left, width = min(x1, x2), max(abs(x2 - x1), 1.5)
    return (
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2.5" '
        f'class="{kind}"/>'
    )


def whisker(x1: float, x2: float, y: float) -> str:
    """Return an interval: a line with two ends."""
    return (
        line(x1, y, x2, y, "whisker")
        + line(x1, y - 4, x1, y + 4, "whisker")
        + line(x2, y - 4, x2, y + 4, "whisker")
    )


def dot(x: float, y: float, kind: str) -> str:
    """Return a small disc."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{kind}"/>'


def diamond(x: float, y: float, kind: str, size: float = 6.5) -> str:
    """Return a diamond, the sign of a mean or of the proposed arm."""
    return (
        f'<path d="M{x:.1f} {y - size:.1f}L{x + size:.1f} {y:.1f}L{x:.1f} {y + size:.1f}'
        f'L{x - size:.1f} {y:.1f}Z" class="{kind}"/>'
    )


def horizontal_scale(axis: Axis, top: float, bottom: float, *, zero: bool = False) -> list[str]:
    """Return the grid and numbers of an axis along the bottom."""
    out = []
    for tick in axis.ticks:
        x = axis.place(tick)
        kind = "zero" if zero and tick == 0 else "grid"
        out.append(line(x, top, x, bottom, kind))
        out.append(label(x, bottom + 16, tick_label(tick), "tick middle"))
    return out


def vertical_scale(axis: Axis, left: float, right: float) -> list[str]:
    """Return the grid and numbers of an axis along the left."""
    out = []
    for tick in axis.ticks:
        y = axis.place(tick)
        out.append(line(left, y, right, y, "grid"))
        out.append(label(left - 8, y + 4, tick_label(tick), "tick end"))
    return out
