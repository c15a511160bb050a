"""The terminal screen: exact lines, hostile text made harmless."""

import re

from netgain.renderers import render
from netgain.renderers.terminal import render_text
from netgain.renderers.wording import interval, number, plain, signed

from .conftest import HOSTILE


def test_the_claim_and_the_runs_come_first(report):
    """The first lines hold the claim, its place and what the runs say."""
    lines = render(report, "text").splitlines()
    assert lines[0] == "Claimed: 92.6 against 91.2 accuracy on fashion-mnist/test, a gain of +1.40."
    assert lines[1] == "  README.md:14"
    assert lines[2].startswith(
        "The runs say: +0.92 [+0.40, +1.44] at 95%, from 5 + 5 runs, paired by seed."
    )


def test_a_flagged_finding_has_numbers_place_and_both_readings(report):
    """Everything a reader needs to judge stands together."""
    text = render(report, "text")
    block = text[text.index("▲ NG101") : text.index("▲ NG108")]
    for words in (
        "samples seen proposed 1,228,800",
        "runs/ours/args.yaml:12 batch_size",
        "innocent   the batch was raised",
        "inflating  four times the training data",
        "settle     netgain attribute plan.toml",
    ):
        assert words in block


def test_no_text_from_evidence_drives_the_terminal(report, waterfall):
    """Escape sequences and directional overrides of a run name do not come through."""
    text = render(report, "text", waterfall)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_brackets_in_evidence_are_not_markup(report):
    """Square brackets are printed, not taken for styles."""
    assert "[a](javascript:1)" in render(report, "text").replace("\n", "")


def test_no_line_is_wider_than_the_terminal(report, waterfall):
    """Long paths fold."""
    lines = render_text(report, waterfall, width=72).splitlines()
    assert max(map(len, lines)) <= 72


def test_colour_is_given_only_when_asked(report):
    """Plain text holds no colour codes, a terminal's does."""
    assert "\x1b[" in render_text(report, colour=True)
    assert "\x1b[" not in render_text(report)


def test_an_allowed_finding_shows_its_reason(report):
    """Accepted findings stay, with the reason."""
    assert "allowed    EMA is disclosed in section 4" in render(report, "text")


def test_the_steps_show_signs_and_intervals(report, waterfall):
    """Each step from claim to net gain has its points and interval."""
    text = render(report, "text", waterfall)
    assert re.search(r"of it NG101 unmatched-batch-size +\+0\.62 +█+ +\[\+0\.41, \+0\.83\]", text)
    assert re.search(r"not seen in the re-runs +\+0\.55", text)


def test_a_crashed_check_is_said_at_the_top(report):
    """A check that failed is announced before the verdicts."""
    import dataclasses

    text = render(dataclasses.replace(report, crashed=("NG204",)), "text")
    assert text.index("1 checks stopped with an error") < text.index("▲")


def test_numbers_are_written_for_readers():
    """Thousands apart, no false digits, unknown said as unknown."""
    assert [number(v) for v in (1228800.0, 0.999, 4.0, 91.3125, 1.5e-5, None)] == [
        "1,228,800", "0.999", "4", "91.31", "1.5e-05", "unknown",
    ]  # fmt: skip


def test_points_carry_their_sign():
    """Small effects keep a third decimal, minus is a minus sign."""
    values = (1.4, -0.25, 0.013, 0.0005, 0.0)
    assert [signed(v) for v in values] == ["+1.40", "−0.25", "+0.013", "+0.00050", "+0.00"]
    assert interval(None, 1.0) == "no interval"


def test_cleaning_keeps_letters_and_drops_controls():
    """Letters of any script stay; what is not text becomes a visible mark."""
    assert plain("Größe 模型 é") == "Größe 模型 é"
    assert "\x1b" not in plain(HOSTILE)
    assert plain("a\nb\ud800") == "a b�"
