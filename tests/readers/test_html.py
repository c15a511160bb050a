"""HTML pages and HTML tables inside Markdown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.readers import html_page, markdown
from netgain.readers.base import DocumentFacts
from netgain.study import Paper, Scalar

from .conftest import ReadAll, entry_of

Write = Callable[[str, str | bytes], Path]
PaperOf = Callable[[str], Paper]

PAGE = """<!DOCTYPE html>
<html><head><title>x</title><style>td { width: 99 }</style>
<script>var accuracy = 99.9; if (a < b) { train("for 500 epochs"); }</script></head>
<body>
<!-- <table><tr><td>Ours</td><td>99</td></tr></table> -->
<h2>Results</h2>
<p>Results are averaged over 5 seeds.
We train for 300 epochs.</p>
<figure>
<table>
<thead>
<tr><th rowspan="2">Method</th><th colspan="2">CIFAR-10</th></tr>
<tr><th>Acc</th><th>Params</th></tr>
</thead>
<tr><td>Baseline</td><td>93.10 &plusmn; 0.20</td><td>25M</td></tr>
<tr><td><b>Gate (ours)</b></td><td>94.0<sup>1</sup></td><td rowspan=2>26M</td></tr>
<tr><td>w/o gate<td>92.5
</table>
<figcaption>Table 1. Test scores.</figcaption>
</figure>
</body></html>
"""


@pytest.fixture
def page_of(write: Write, read_all: ReadAll) -> PaperOf:
    """Read one page's text."""

    def call(text: str) -> Paper:
        (fact,) = read_all(html_page.READER, write("page.html", text))
        assert isinstance(fact, DocumentFacts)
        return fact.paper

    return call


@pytest.fixture
def readme_of(write: Write, read_all: ReadAll) -> PaperOf:
    """Read one README's text."""

    def call(text: str) -> Paper:
        (fact,) = read_all(markdown.READER, write("README.md", text))
        assert isinstance(fact, DocumentFacts)
        return fact.paper

    return call


def _said(paper: Paper) -> list[tuple[str, Scalar, str | None]]:
    return [(s.quantity, s.value, s.arm) for s in paper.statements]


def test_a_table_is_spread_to_a_full_grid(page_of: PaperOf) -> None:
    """Spans repeat, unclosed cells end, the figure's caption is taken, a raised mark is no digit."""
    (table,) = page_of(PAGE).tables
    assert table.header == ("Method", "CIFAR-10 / Acc", "CIFAR-10 / Params")
    assert table.rows == (
        ("Baseline", "93.10 ± 0.20", "25M"),
        ("Gate (ours)", "94.0 1", "26M"),
        ("w/o gate", "92.5", "26M"),
    )
    assert table.caption == "Table 1. Test scores."


def test_scripts_styles_and_comments_state_nothing(page_of: PaperOf) -> None:
    """Only what a reader of the page sees is read, with the lines of the file."""
    paper = page_of(PAGE)
    assert [(s.quantity, s.value, s.source.line) for s in paper.statements] == [
        ("accuracy", 93.1, 15),
        ("accuracy_spread", 0.2, 15),
        ("seeds", 5, 7),
        ("epochs", 300, 7),
    ]


def test_html_tables_of_a_readme_are_read(readme_of: PaperOf) -> None:
    """A table in HTML has the heading above it as caption and its rows' own lines."""
    paper = readme_of(
        "# Gate\n\n### Results on CIFAR-10\n\n<table>\n<tr><th>Method</th><th>Top-1 acc</th></tr>\n"
        "<tr><td>Baseline</td><td>91.20</td></tr>\n<tr><td>Ours</td><td>92.60</td></tr>\n</table>\n\n"
        "```\n<table><tr><td>Ours</td><td>1</td></tr></table>\n```\nTrained for 30 epochs.\n"
    )
    (table,) = paper.tables
    assert (table.caption, table.rows[1]) == ("Results on CIFAR-10", ("Ours", "92.60"))
    assert [(s.quantity, s.value, s.arm, s.source.line) for s in paper.statements] == [
        ("accuracy", 91.2, "baseline", 7),
        ("accuracy", 92.6, "proposed", 8),
        ("epochs", 30, None, 14),
    ]


def test_a_numbered_caption_below_a_table_goes_with_it(readme_of: PaperOf) -> None:
    """Papers turned to Markdown print captions under their tables."""
    (table,) = readme_of(
        "Some words.\n\n<table><tr><td>Model</td><td>EM</td></tr><tr><td>Ours</td><td>65.76</td></tr>"
        "</table>\n\nTable 4: Exact match on the test set.\n"
    ).tables
    assert table.caption == "Table 4: Exact match on the test set."


def test_tables_inside_tables_are_one_cell(page_of: PaperOf) -> None:
    """The outer grid stays whole."""
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    (table,) = page_of(
        f"<table><tr><th>X</th><th>Y</th></tr><tr><td>{inner}</td><td>2</td></tr></table>"
    ).tables
    assert table.rows == (("ab", "2"),)


@pytest.mark.parametrize(
    "piece", ["<", "<a ", '<a href="', "<!--", "<![CDATA[", "</", "<table>", "<td>"]
)
def test_broken_tags_end_in_bounded_time(page_of: PaperOf, piece: str) -> None:
    """A page of nothing but broken tags takes seconds, not the square of its length."""
    start = time.monotonic()
    page_of(piece * 30_000)
    assert time.monotonic() - start < 10


def test_pages_are_known_by_suffix(write: Write) -> None:
    """Other text is left to other readers."""
    assert html_page.sniff(entry_of(write("a.HTM", "<p>")))
    assert not html_page.sniff(entry_of(write("a.txt", "<html>")))
