"""Turn a report into what a person or a program reads."""

from __future__ import annotations

from pathlib import Path

from netgain.errors import UsageError
from netgain.renderers.waterfall import Bar, Waterfall
from netgain.report import Report

FORMATS = ("text", "json", "html", "markdown", "sarif", "junit")
"""Names that `render` accepts."""
SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".sarif": "sarif",
    ".xml": "junit",
}
"""Format by file suffix."""


def render(report: Report, format: str, split: Waterfall | None = None) -> str:
    """Return the report in one format.

    Args:
        report: The audit's result.
        format: One of `FORMATS`.
        split: The way from claimed to net gain, where an attribution was made; shown by text, html
            and markdown.

    Raises:
        UsageError: the format is unknown.
    """
    # Each renderer brings its own library; only the one that is asked for is loaded.
    if format == "text":
        from netgain.renderers.terminal import render_text

        return render_text(report, split)
    if format == "json":
        from netgain.renderers.json import render_json

        return render_json(report)
    if format == "html":
        from netgain.renderers.html import render_html

        return render_html(report, split)
    if format == "markdown":
        from netgain.renderers.markdown import render_markdown

        return render_markdown(report, split)
    if format == "sarif":
        from netgain.renderers.sarif import render_sarif

        return render_sarif(report)
    if format == "junit":
        from netgain.renderers.junit import render_junit

        return render_junit(report)
    raise UsageError(f"no format {format!r}; expected one of {', '.join(FORMATS)}")


def format_of(path: Path) -> str:
    """Return the format a file name asks for.

    Raises:
        UsageError: the suffix is unknown.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError as error:
        raise UsageError(
            f"{path}: cannot tell the format from {path.suffix!r}; expected one of "
            f"{', '.join(SUFFIXES)}, or give --format"
        ) from error


__all__ = ["FORMATS", "SUFFIXES", "Bar", "Waterfall", "format_of", "render"]
