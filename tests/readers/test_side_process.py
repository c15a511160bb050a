"""The second process that reads part of a large folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from netgain import readers, side_process
from netgain.readers import Task, read_entries, read_paths
from netgain.readers.base import Limits
from netgain.side_process import one_process, worked_off


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make twelve runs, a file that cannot be read, code, and a file of no format."""
    for number in range(12):
        run = tmp_path / "runs" / f"seed{number}"
        run.mkdir(parents=True)
        (run / "metrics.csv").write_text(f"epoch,loss\n0,1.{number}\n1,0.{number}\n")
        (run / "config.yaml").write_text(f"seed: {number}\nlr: 0.1\n")
    (tmp_path / "runs" / "events.out.tfevents.1").write_bytes(b"none")
    (tmp_path / "train.py").write_text("import torch\n")
    (tmp_path / "what.bin").write_bytes(b"\x01\x02\x03\xff")
    return tmp_path


def test_two_processes_bring_back_what_one_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts, refusals, ignored files and code are equal and in the same order."""
    monkeypatch.setattr(readers, "PORTION", 1)
    alone = read_paths([folder])
    assert alone.facts
    assert alone.unread
    assert alone.ignored
    monkeypatch.setattr(readers, "MANY_FILES", 1)
    monkeypatch.setattr(side_process, "_processors", lambda: 2)
    assert read_paths([folder]) == alone


def test_what_the_other_process_does_not_answer_is_done_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost where the second process cannot start."""
    monkeypatch.setattr(side_process, "_processors", lambda: 2)
    monkeypatch.setattr(side_process, "START", "raise SystemExit(3)")
    tasks = [
        Task((entry,), frozenset(), Limits()) for entry in readers._entries(folder, Limits(), [])
    ]
    found = worked_off(tasks, read_entries, aside=True, weight=lambda task: task.entries[0].size)
    assert found == [read_entries(task) for task in tasks]


def test_the_other_process_imports_nothing_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in the folder that is audited is evidence, also for the second process."""
    for name in ("pickle", "numpy", "netgain"):
        (folder / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(readers, "MANY_FILES", 1)
    monkeypatch.setattr(readers, "PORTION", 1)
    monkeypatch.setattr(side_process, "_processors", lambda: 2)
    read_paths([Path(os.curdir)])
    assert not (folder / "ran").exists()


def test_work_in_one_block_shares_one_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders read inside the block start one process, which has ended behind it."""
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noting(*given: object, **named: object) -> subprocess.Popen[bytes]:
        started.append(start(*given, **named))  # type: ignore[call-overload]  # as it was called
        return started[-1]

    monkeypatch.setattr(readers, "MANY_FILES", 1)
    monkeypatch.setattr(readers, "PORTION", 1)
    monkeypatch.setattr(side_process, "_processors", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", noting)
    with one_process():
        first, second = read_paths([folder]), read_paths([folder])
        assert [process.poll() for process in started] == [None]
    assert first == second
    assert [process.poll() for process in started] == [0]
