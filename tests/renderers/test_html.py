"""The HTML report: one file, no script, nothing from outside, hostile text escaped."""

import dataclasses
import itertools
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from netgain.renderers import render
from netgain.renderers.charts import waterfall_steps
from netgain.study import Arm, Study

from .conftest import HOSTILE, curve


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text):
        """Parse a page."""
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note a tag that closes itself."""
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        """Hold every end tag against the open element."""
        assert self.open.pop() == tag


@pytest.fixture
def html(report, waterfall):
    """Return the full page."""
    return render(report, "html", waterfall)


def test_the_page_is_well_formed(html):
    """Every element is closed where it should be."""
    assert Page(html).open == []


def test_the_page_runs_and_loads_nothing(html):
    """No script, no event handler, no address outside the page."""
    page = Page(html)
    assert not {"script", "link", "iframe", "img", "object", "use", "image"} & set(page.tags)
    for _, name, value in page.attributes:
        assert not name.startswith("on")
        if name in {"href", "src", "xlink:href"}:
            assert value.startswith("#")
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_hostile_text_is_text(html):
    """A run name that is a script is shown as its letters."""
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_links_of_the_map_arrive(html):
    """Every practice on the map leads to its finding, and ids are unique."""
    page = Page(html)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for tag, name, v in page.attributes if tag == "a" and name == "href"} == set(ids)


def test_pictures_name_themselves(html):
    """Each picture is an image with a title and a description that holds its numbers."""
    pictures = re.findall(r'<svg role="img".*?</desc>', html, flags=re.DOTALL)
    assert len(pictures) == 4
    assert all("aria-label=" in p and "<title>" in p for p in pictures)
    assert "NG101 unmatched-batch-size +0.62" in pictures[0]


def test_pictures_are_well_formed(html):
    """Each picture parses as XML."""
    for figure in re.findall(r"<figure>.*?</figure>", html, flags=re.DOTALL):
        svg = figure[figure.index("<svg") : figure.rindex("</svg>") + 6]
        ElementTree.fromstring(svg)


def test_light_dark_and_print_are_served(html):
    """The page follows the reader's colour scheme and can be printed."""
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_every_part_of_a_finding_is_there(html):
    """Numbers, place, both readings, remedy and what settles it."""
    card = html[html.index('id="NG101"') : html.index('id="NG108"')]
    for words in (
        "1,228,800", "runs/ours/args.yaml:12 batch_size", "Innocent reading", "Inflating reading",
        "re-run the proposed arm", "netgain attribute plan.toml",
    ):  # fmt: skip
        assert words in card


def test_unread_files_are_listed(html):
    """Files the audit went on without are shown with the reason."""
    assert "truncated record at byte 4,096" in html


def test_a_long_training_stays_below_a_megabyte(report):
    """Millions of logged points are thinned, to what the page has room for."""
    values = [float(i % 97) for i in range(200_000)]
    runs = (
        tuple(
            dataclasses.replace(run, curves=(curve("accuracy", "test_acc", values, split="test"),))
            for run in report.study.proposed.runs
        )
        * 8
    )
    study = dataclasses.replace(report.study, proposed=Arm(name="ours", runs=runs))
    page = render(dataclasses.replace(report, study=study), "html")
    assert len(page.encode()) < 300_000


def test_without_an_attribution_claim_and_runs_are_compared(report):
    """Without a split the picture shows the claimed beside the recomputed gain."""
    page = render(report, "html")
    assert "Claimed gain and gain from the runs" in page
    assert "net gain: the idea" not in page


def test_an_empty_study_makes_a_page(bare_report):
    """Without claim, runs and findings of note the page says so instead of failing."""
    page = render(bare_report, "html")
    assert "What do the runs support?" in page
    assert "<svg" not in page


def test_curves_of_hostile_keys_are_escaped(report):
    """A metric name from a log is text inside a picture."""
    run = dataclasses.replace(
        report.study.baseline.runs[0], curves=(curve("accuracy", HOSTILE, [1.0, 2.0]),)
    )
    study = Study(
        claim=report.claim,
        baseline=Arm(name=HOSTILE, runs=(run,)),
        proposed=Arm(name="ours"),
    )
    page = render(dataclasses.replace(report, study=study), "html")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_steps_end_at_the_net_gain(waterfall):
    """Bars join up: claimed, less each part, less what was not seen, is the net gain."""
    steps = waterfall_steps(waterfall)
    assert [s.kind for s in steps] == ["claimed", "part", "part against", "lost", "net"]
    for before, after in itertools.pairwise(steps[:-1]):
        assert after.begin == pytest.approx(before.end)
    assert steps[-2].end == pytest.approx(steps[-1].end) == pytest.approx(0.31)
