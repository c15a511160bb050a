"""Whole projects as researchers publish them: the planted is found, the honest rewrite raises nothing."""

import functools
import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netgain.cli import app

PROJECTS = Path(__file__).parent / "projects"
TABLE = tomllib.loads((PROJECTS / "PLANTED.toml").read_text(encoding="utf-8"))
PLANTED = TABLE["planted"]
VERSIONS = ("v1", "v2", "v3", "v4", "v5", "v6")


def _arms(root: Path, version: str) -> tuple[dict[str, list[Path]], list[Path]]:
    """Return what of a project is named for each arm, and the code that serves both."""
    runs = root / "runs"
    scripts = sorted(root.glob("*.py"))
    if version == "v1":
        arms = {
            "baseline": sorted(runs.glob("baseline_s*")),
            "proposed": sorted(runs.glob("ours_s*")),
        }
        return arms, scripts
    if version == "v4":
        arms = {
            "baseline": sorted(runs.glob("charcnn-*")),
            "proposed": sorted(runs.glob("peakpool-*")),
        }
        return arms, [*scripts, root / "lib"]
    if version == "v6":
        named = {"baseline": "plain", "proposed": "chroma"}
        arms = {
            arm: [root / "configs" / f"{name}.yaml", *sorted(runs.glob(f"{name}_*"))]
            for arm, name in named.items()
        }
        return arms, [*scripts, root / "engine", root / "models"]
    named = {"v5": ("deeplite", "edgeflow")}.get(version, ("baseline", "ours"))
    return {
        arm: [root / name, runs / name]
        for arm, name in zip(("baseline", "proposed"), named, strict=True)
    }, []


@functools.cache
def _audit(project: str) -> dict[str, dict]:
    """Return the findings of an audit from the command line, by code."""
    root = PROJECTS / project
    arms, code = _arms(root, project.rpartition("_")[2])
    arguments = ["audit", "--quiet", "--format", "json", "--paper", root / "README.md"]
    for option, paths in (
        ("--baseline", arms["baseline"]),
        ("--proposed", arms["proposed"]),
        ("--code", code),
    ):
        for path in paths:
            arguments += [option, path]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code in {0, 1}, result.output
    report = json.loads(result.stdout)
    assert not report["crashed"]
    assert not report["unread"]
    return {finding["code"]: finding for finding in report["findings"]}


def _flagged(project: str) -> set[str]:
    """Return the codes that an audit flags."""
    return {code for code, found in _audit(project).items() if found["verdict"] == "flagged"}


def _line(row: dict) -> int:
    """Return the number of the planted line."""
    text = (PROJECTS / f"tricked_{row['version']}" / row["file"]).read_text(encoding="utf-8")
    assert text.count(row["line"]) == 1
    return text[: text.index(row["line"])].count("\n") + 1


def _codes(row: dict) -> set[str]:
    """Return the codes under which a planted thing may be found."""
    return {row["code"], *row.get("or", ())}


def _rows(*failing: str) -> list:
    """Return the planted things as parameters; those with one of the given fields must fail."""
    found = []
    for row in PLANTED:
        reason = next((row[field] for field in failing if field in row), None)
        marks = pytest.mark.xfail(strict=True, reason=reason) if reason else ()
        found.append(pytest.param(row, id=f"{row['version']} {row['thing']}", marks=marks))
    return found


@pytest.mark.parametrize("row", _rows("missed"))
def test_planted_practice_is_flagged(row: dict) -> None:
    """The practice of a planted thing is flagged."""
    assert _codes(row) & _flagged(f"tricked_{row['version']}")


@pytest.mark.parametrize("row", _rows("missed", "unplaced"))
def test_planted_line_is_cited(row: dict) -> None:
    """The finding cites the file and the line that the thing was planted in."""
    project, line = f"tricked_{row['version']}", _line(row)
    cited = {
        (Path(place["path"]), place.get("line"))
        for code in _codes(row) & _flagged(project)
        for place in _audit(project)[code]["evidence"]
    }
    assert (PROJECTS / project / row["file"], line) in cited


@pytest.mark.parametrize("row", _rows("cleared"))
def test_planted_practice_is_not_called_clear(row: dict) -> None:
    """What is there may be unknown, and is never clear."""
    findings = _audit(f"tricked_{row['version']}")
    assert findings[row["code"]]["verdict"] != "clear"


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_but_the_planted_is_flagged(version: str) -> None:
    """The flagged practices of a tricked project are those planted in it."""
    planted = {code for row in PLANTED if row["version"] == version for code in _codes(row)}
    assert _flagged(f"tricked_{version}") <= planted


@pytest.mark.parametrize("version", VERSIONS)
def test_honest_rewrite_raises_nothing(version: str) -> None:
    """The same idea with both arms treated alike is not flagged for anything."""
    assert _flagged(f"honest_{version}") == set()
