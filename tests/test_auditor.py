"""The auditor keeps going: crashes are unknowns, allowances are printed, selections hold."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import netgain
from netgain import auditor, practices
from netgain.analysis import per_tree, syntax
from netgain.errors import DuplicatePractice, UsageError
from netgain.practices import all_practices, built_practices, register, select
from netgain.study import Allowance, CodeTree, Study
from netgain.testing import build_study

FLAGGED = build_study(
    {
        "baseline": {"runs": [{"budget": {"steps": 9, "batch_size": 1}}]},
        "proposed": {"runs": [{"budget": {"steps": 9, "batch_size": 4}}]},
    }
)


def test_a_crashing_check_is_an_unknown_that_says_so() -> None:
    """A check that raises becomes an unknown, is listed at the top, and the rest goes on."""

    def crash(study: Study) -> None:
        raise ZeroDivisionError("boom")

    broken = [
        replace(p, check=crash) if p.code == "NG205" else p  # type: ignore[arg-type]
        for p in all_practices()
    ]
    with mock.patch.object(auditor, "select", lambda *_: broken):
        report = netgain.audit(FLAGGED)
    assert report.crashed == ("NG205",)
    assert report["NG205"].verdict == "unknown" and "boom" in report["NG205"].needs[0]
    assert report["NG101"].verdict == "flagged"


def test_allowed_finding_stays_and_does_not_fail() -> None:
    """An allowance with its reason is in the report, the finding stays flagged, the exit code is 0."""
    allowed = replace(FLAGGED, allowances=(Allowance(code="NG101", reason="agreed"),))
    report = netgain.audit(allowed, select_codes=("NG101",))
    assert report["NG101"].verdict == "flagged"
    assert [a.reason for a in report.allowed] == ["agreed"]
    assert report.exit_code == 0 and netgain.audit(FLAGGED, select_codes=("NG1",)).exit_code == 1


def test_select_and_ignore_by_prefix() -> None:
    """`NG2` selects chapter 2; ignoring a code takes it out."""
    codes = [p.code for p in select(("NG2",), ("NG203",))]
    assert codes == ["NG201", "NG202", "NG204", "NG205"]
    with pytest.raises(UsageError, match="NG777"):
        select(("NG777",))


def test_all_42_codes_are_listed_and_ten_are_built() -> None:
    """Every code of the catalogue is there; those without a check say `unknown` and why."""
    assert len(practices.PLANNED) == 42
    assert {p.code for p in all_practices()} >= set(practices.PLANNED)
    assert len(built_practices()) >= 10
    report = netgain.audit(build_study({}))
    planned = [f for f in report.findings if f.message == "not implemented in this version"]
    assert len(planned) == len(all_practices()) - len(built_practices())
    assert all(f.verdict == "unknown" and f.needs for f in planned)


def test_built_practice_keeps_the_catalogue_name() -> None:
    """A module that takes a planned code also takes its name."""
    for practice in built_practices():
        if practice.code in practices.PLANNED:
            assert practices.PLANNED[practice.code][0] == practice.name


def test_duplicate_code_or_name_is_an_error() -> None:
    """Two practices cannot share a code or a name."""
    first, second = built_practices()[:2]
    with pytest.raises(DuplicatePractice, match="unique"):
        register([first, replace(second, code=first.code)])
    with pytest.raises(DuplicatePractice, match="unique"):
        register([first, replace(second, name=first.name)])


def test_summary_counts_every_finding() -> None:
    """The counts of the summary add up to the findings."""
    report = netgain.audit(FLAGGED)
    assert sum(report.summary.values()) == len(report.findings)
    assert report.summary["flagged"] == 1


@pytest.mark.parametrize("suffix", ["json", "html", "md", "txt", "sarif", "xml"])
def test_report_writes_itself_by_suffix(tmp_path: Path, suffix: str) -> None:
    """`report.write(path)` takes the format from the suffix and returns the path."""
    path = netgain.audit(FLAGGED).write(tmp_path / f"report.{suffix}")
    assert "NG101" in path.read_text()


def test_report_shows_itself_in_a_notebook() -> None:
    """The notebook display is the HTML page in a frame of its own."""
    shown = netgain.audit(FLAGGED)._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and "NG101" in shown and "<script" not in shown


def test_checks_find_in_code_what_was_looked_for_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once both trees were looked into, no check parses a file again."""
    projects = Path(__file__).parent / "projects"
    study = netgain.read(baseline=projects / "honest_v2", proposed=projects / "tricked_v2")
    assert study.baseline.code is not None
    assert study.proposed.code is not None
    ahead = per_tree.look_ahead

    def looked(trees: Sequence[CodeTree | None], looks: per_tree.Looks) -> None:
        ahead(trees, looks)
        syntax.forget()
        monkeypatch.setattr(syntax, "parse", mock.Mock(side_effect=AssertionError("parsed again")))

    monkeypatch.setattr(per_tree, "MUCH_CODE", 0)
    monkeypatch.setattr(per_tree, "look_ahead", looked)
    assert netgain.audit(study).crashed == ()
