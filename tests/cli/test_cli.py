"""The command line as a user meets it: exit codes, errors of one line, help that ends with an example."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WriteRun

COMMANDS = [
    (), ("audit",), ("read",), ("ask",), ("plan",), ("attribute",), ("list",), ("explain",), ("lab",),
    ("lab", "price"), ("lab", "score"), ("lab", "stage"),
]  # fmt: skip


def netgain(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    return subprocess.run(
        [sys.executable, "-m", "netgain", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, env={"PATH": "", "COLUMNS": "100"},
    )  # fmt: skip


@pytest.fixture
def study(write_run: WriteRun, tmp_path: Path) -> Path:
    """Return a folder of two arms in which only the batch size is unequal."""
    for arm, batch in (("baseline", 64), ("ours", 256)):
        write_run(
            arm,
            config={"batch_size": batch, "lr": 0.1, "max_iters": 100, "seed": 0},
            columns={"iter": [50, 100], "test_acc": [0.5, 0.6]},
        )
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_screen_and_ends_with_an_example(command: tuple[str, ...]) -> None:
    """Each command's help is at most 40 lines and ends with an example that starts with netgain."""
    done = netgain(*command, "--help")
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert len(lines) <= 40
    assert "Example:  netgain" in lines[-1] or "Example:  netgain" in lines[-2]


def test_audit_exits_1_when_flagged_and_0_when_told_never_to_fail(study: Path) -> None:
    """The exit code follows --fail-on."""
    assert netgain("audit", study).returncode == 1
    assert netgain("audit", study, "--fail-on", "never").returncode == 0
    assert netgain("audit", study, "--select", "NG301").returncode == 0
    assert netgain("audit", study, "--select", "NG301", "--fail-on", "unknown").returncode == 1


def test_json_report_lists_all_42_codes_once(study: Path) -> None:
    """The JSON on standard output is the whole report, all 42 codes in it."""
    report = json.loads(netgain("audit", study, "--format", "json").stdout)
    codes = [finding["code"] for finding in report["findings"]]
    assert report["schema"] == "netgain/report/1"
    assert len(codes) == len(set(codes)) >= 42
    flagged = [f["code"] for f in report["findings"] if f["verdict"] == "flagged"]
    assert "NG101" in flagged


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("adit",), "did you mean `audit`"),
        (("audit", "--baseline", "nowhere", "--proposed", "nowhere"), "no such file or folder"),
        (("audit",), "--baseline PATH --proposed PATH"),
        (("audit", "--baseline", "."), "no proposed arm"),
        (("explain", "NG20"), "no practice"),
        (("explain", "golden-sed"), "golden-seed"),
        (("attribute", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_mistakes_are_one_line_on_stderr_and_exit_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """A mistake is answered by one line that says what to do, without a traceback."""
    done = netgain(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_unknown_code_in_select_is_exit_2(study: Path) -> None:
    """A code no practice starts with is a usage error that offers the nearest."""
    done = netgain("audit", study, "--select", "NG999")
    assert done.returncode == 2 and "NG999" in done.stderr


def test_nothing_readable_is_exit_2_and_names_each_file(tmp_path: Path) -> None:
    """Folders with nothing but a broken file end with exit 2 and say why each was not read."""
    for arm in ("a", "b"):
        (tmp_path / arm).mkdir()
        (tmp_path / arm / "config.json").write_text("{broken")
    done = netgain("audit", "--baseline", tmp_path / "a", "--proposed", tmp_path / "b")
    assert done.returncode == 2
    assert "nothing readable" in done.stderr and "config.json" in done.stderr


@pytest.mark.parametrize("suffix", [".json", ".html", ".md", ".txt"])
def test_out_takes_its_format_from_the_suffix(study: Path, suffix: str) -> None:
    """Each suffix writes a file of its format; the exit code stays that of the audit."""
    out = study / f"report{suffix}"
    assert (
        netgain(
            "audit",
            study / "baseline",
            "--baseline",
            study / "baseline",
            "--proposed",
            study / "ours",
            "-o",
            out,
            "-q",
        ).returncode
        == 1
    )
    assert out.stat().st_size > 500


def test_unknown_suffix_is_a_usage_error(study: Path) -> None:
    """A suffix without a format is refused before anything is written."""
    done = netgain("audit", study, "-o", study / "report.docx")
    assert done.returncode == 2 and ".docx" in done.stderr
    assert not (study / "report.docx").exists()


def test_read_shows_every_value_with_its_source(study: Path) -> None:
    """`netgain read` prints settings with file and line."""
    done = netgain("read", study)
    assert done.returncode == 0
    assert "batch_size 256  (configured)" in done.stdout
    assert "ours/config.json:2" in done.stdout


def test_ask_numbers_its_requests(study: Path) -> None:
    """`netgain ask` prints a numbered list that names practices."""
    done = netgain("ask", study)
    assert done.returncode == 0
    assert done.stdout.count("(settles NG") >= 3


def test_plan_groups_differing_settings_by_practice(study: Path, tmp_path: Path) -> None:
    """The first plan file holds the batch under NG101 and loads as a plan."""
    out = tmp_path / "plan.toml"
    assert netgain("plan", study, "-o", out).returncode == 0
    from netgain.attribution import load_plan

    plan = load_plan(out)
    assert plan.factors["NG101"] == ("batch_size",)
    assert (plan.baseline["batch_size"], plan.proposed["batch_size"]) == (64, 256)


def test_list_counts_the_built_practices() -> None:
    """`netgain list` names all 42 and says how many are checked."""
    from netgain.practices import all_practices, built_practices

    out = netgain("list").stdout
    assert f"{len(all_practices())} practices, {len(built_practices())} checked" in out
    assert "NG603" in out


def test_evidence_is_never_written_to(study: Path) -> None:
    """Audit, read and ask leave every file of the evidence as it was."""

    def snapshot() -> dict[str, tuple[bytes, int]]:
        return {
            str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in study.rglob("*") if p.is_file()
        }

    before = snapshot()
    for command in ("audit", "read", "ask"):
        netgain(command, study)
    assert snapshot() == before
