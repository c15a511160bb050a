"""Markdown, SARIF and JUnit: what code hosts and CI systems read."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netgain.errors import UsageError
from netgain.renderers import FORMATS, format_of, render


def test_markdown_from_evidence_is_inert(report):
    """A Markdown renderer makes neither tags nor links out of a hostile run name."""
    from markdown_it import MarkdownIt

    page = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(render(report, "markdown"))
    )
    assert "<script" not in page
    assert "<a " not in page
    assert page.count("<h2>") == 7


def test_markdown_tables_keep_their_columns(report):
    """Bars in evidence do not open columns."""
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark").enable("table").render(render(report, "markdown"))
    for row in page.split("<tr>")[1:]:
        assert row.count("<td") + row.count("<th") in (2, 3)


def test_markdown_shows_the_steps(report, waterfall):
    """The way from claimed to net gain is a table."""
    assert "| of it NG101 unmatched-batch-size | +0.62 | [+0.41, +0.83] |" in render(
        report, "markdown", waterfall
    )


def test_sarif_tells_verdicts_apart_by_kind(report):
    """Flagged fails with a place, unknown is open, clear passes; a level only where something fails."""
    run = json.loads(render(report, "sarif"))["runs"][0]
    by_code = {result["ruleId"]: result for result in run["results"]}
    assert by_code["NG101"]["kind"] == "fail"
    assert by_code["NG101"]["level"] == "warning"
    place = by_code["NG101"]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "runs/ours/args.yaml"},
        "region": {"startLine": 12},
    }
    assert (by_code["NG202"]["kind"], by_code["NG202"]["level"]) == ("open", "none")
    assert by_code["NG102"]["kind"] == "pass"
    assert by_code["NG108"]["suppressions"][0]["justification"] == "EMA is disclosed in section 4"


def test_junit_counts_what_fails(report):
    """Flagged practices fail unless they are allowed; unknown ones are skipped with their needs."""
    suite = ElementTree.fromstring(render(report, "junit"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("13", "2", "7")
    cases = {case.get("name").split()[0]: case for case in suite}
    assert cases["NG101"].find("failure") is not None
    assert cases["NG108"].find("skipped").get("message").startswith("flagged: allowed")
    assert "number of trials" in cases["NG204"].find("skipped").get("message")


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_clean_text(report, bare_report, waterfall, format_):
    """Each format encodes as UTF-8, ends in a line break, and holds no control characters."""
    for each in (report, bare_report):
        text = render(each, format_, waterfall)
        text.encode()
        assert text.endswith("\n")
        assert "\x1b" not in text


def test_an_unknown_format_is_refused(report):
    """The message lists the formats."""
    with pytest.raises(UsageError, match="expected one of text, json"):
        render(report, "docx")


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.html", "html"), ("a.MD", "markdown"), ("a.sarif", "sarif"), ("a.xml", "junit")],
)
def test_the_suffix_names_the_format(name, format_):
    """A file name decides the format."""
    assert format_of(Path(name)) == format_


def test_an_unknown_suffix_is_refused():
    """The message lists the suffixes."""
    with pytest.raises(UsageError, match=r"cannot tell the format from '\.docx'"):
        format_of(Path("report.docx"))
