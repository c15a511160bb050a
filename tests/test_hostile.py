"""Evidence from strangers: nothing runs, nothing crashes, the good run beside it is still read."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import netgain
from netgain import cli
from netgain.cli import app
from netgain.renderers import FORMATS, render
from netgain.renderers.study import study_text
from netgain.study import Study
from tests.hostile import PLANTS

SECONDS = 10
"""Longest processor time an audit may take over one hostile file."""


def _good(folder: Path, batch: int) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(
        json.dumps({"batch_size": batch, "max_iters": 9, "lr": 0.1})
    )


def _evidence(root: Path) -> Path:
    """Write two good runs and an empty folder beside the second one."""
    _good(root / "baseline" / "run0", 8)
    _good(root / "ours" / "run0", 16)
    bad = root / "ours" / "bad"
    bad.mkdir()
    return bad


def _state(root: Path) -> list[tuple[str, str]]:
    """Return what stands in a folder: every path, and for files a digest of the first 16 MB."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder) / name
            kind = path.lstat()
            note = f"{stat.S_IFMT(kind.st_mode)} {kind.st_size} {kind.st_mtime_ns}"
            if stat.S_ISREG(kind.st_mode):
                with path.open("rb") as stream:
                    note += hashlib.sha256(stream.read(2**24)).hexdigest()
            found.append((str(path), note))
    return sorted(found)


@pytest.mark.parametrize("name", PLANTS)
def test_hostile_file_is_survived_named_and_left_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No code runs, exit 0 to 2 without a traceback, the file under `unread`, the good run read."""
    plant, root = PLANTS[name], tmp_path / "evidence"
    bad = _evidence(root)
    plant.write(bad / plant.name if plant.name else bad)
    before = _state(root)
    studies: list[Study] = []
    read = cli._read

    def noting(*given: object) -> Study:
        studies.append(read(*given))  # type: ignore[arg-type]  # as the command gives them
        return studies[-1]

    monkeypatch.setattr(cli, "_read", noting)
    began = time.process_time()
    result = CliRunner().invoke(
        app,
        ["audit", "--baseline", str(root / "baseline"), "--proposed", str(root / "ours"),
         "--format", "json"],
    )  # fmt: skip
    seconds = time.process_time() - began
    assert result.exit_code in (0, 1, 2), result.output[-2000:]
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert seconds < SECONDS
    report = json.loads(result.stdout)
    unread = {item["path"]: item["why"] for item in report["unread"]}
    if plant.refused:
        named = [path for path in unread if Path(path).name == plant.name]
        assert named, f"not listed: {sorted(unread)}"
        assert "\n" not in unread[named[0]]
        assert len(unread[named[0]]) > 20
    (study,) = studies
    runs = [run.id for run in study.proposed.runs] + [run.path for run in study.excluded_runs]
    assert str(root / "ours" / "run0") in runs
    assert _state(root) == before
    assert not [*tmp_path.rglob("executed"), *Path.cwd().glob("executed")]
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize(
    "name", ["name_with_a_script", "name_with_escapes", "script_in_a_name", "name_with_a_newline"]
)
def test_names_of_strangers_are_shown_as_text(name: str, tmp_path: Path) -> None:
    """No renderer passes a script to a browser or an escape sequence to a terminal."""
    plant = PLANTS[name]
    bad = _evidence(tmp_path)
    plant.write(bad / plant.name)
    study: Study = netgain.read(baseline=tmp_path / "baseline", proposed=tmp_path / "ours")
    report = netgain.audit(study)
    for form in FORMATS:
        text = render(report, form)
        assert form != "html" or ("<script>alert" not in text and "<img src=x" not in text)
        assert form in ("html", "markdown") or "\x1b]" not in text
    assert "\x1b]" not in study_text(study)
    assert "\x1b[2J" not in study_text(study)


def test_plants_are_at_least_sixty() -> None:
    """The collection does not shrink unnoticed."""
    assert len(PLANTS) >= 60


def test_events_cut_at_every_offset_keep_what_came_before(tmp_path: Path) -> None:
    """An event file cut anywhere gives the whole records before the cut, or one line."""
    from netgain.errors import UnreadableFile
    from netgain.readers import tensorboard
    from netgain.readers.base import Entry, Limits
    from tests.readers.test_tensorboard import _event, _framed, _simple

    content = _framed(_event(1.0 + i, i, _simple("accuracy", 0.5 + i)) for i in range(4))
    ends = {40, 84, 130, 176, len(content)}
    seen = []
    for cut in range(len(content) + 1):
        path = tmp_path / "events.out.tfevents.1.cut"
        path.write_bytes(content[:cut])
        entry = Entry(path=path, display=path.name, size=cut)
        kept = 0
        try:
            for fact in tensorboard.READER.read(entry, Limits()):
                kept = max((len(series.values) for series in fact.series), default=0)
        except UnreadableFile as error:
            assert cut not in ends, error
        seen.append(kept)
    assert seen == sorted(seen)
    assert seen[-1] == 4


LARGE = (
    "packed_samples", "images_of_zeros", "checkpoint_of_zeros", "evaluation_of_zeros", "long_line",
    "long_document", "long_log_line", "wide_table", "many_keys", "sparse_log", "yaml_laughs",
    "pickled_laughs", "columns_of_one_value", "many_tiny_samples",
)  # fmt: skip
"""Plants that would fill a memory."""
MEMORY_BYTES = 1_000_000_000
MEASURING = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command and prints its exit code and peak memory. What this process has grown to would count as
the peak of one that it starts itself: the kernel carries it over from before `exec`."""


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="memory of a child is measured on POSIX alone")
def test_large_files_stay_within_the_memory(tmp_path: Path) -> None:
    """An audit over all of them at once ends by itself and never holds a gigabyte."""
    _evidence(tmp_path)
    for name in LARGE:
        folder = tmp_path / "ours" / name
        folder.mkdir()
        PLANTS[name].write(folder / PLANTS[name].name)
    command = ["-m", "netgain", "audit", "--baseline", str(tmp_path / "baseline"),
               "--proposed", str(tmp_path / "ours"), "--format", "json", "--quiet"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", MEASURING, sys.executable, *command],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    status, peak = map(int, done.stdout.split())
    assert status in (0, 1, 2), done.stderr[-2000:]
    kilobytes = 1 if sys.platform == "darwin" else 1024
    assert peak * kilobytes < MEMORY_BYTES
