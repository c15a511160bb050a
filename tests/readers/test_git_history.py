"""Git histories, read without git."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from netgain.assemble import read as read_study
from netgain.errors import UnreadableFile
from netgain.readers import git_history, read_paths
from netgain.readers._git_objects import apply_delta
from netgain.readers.base import HistoryFacts, Limits
from netgain.study import History

from .conftest import entry_of
from .test_damage import _damaged

DAY = 86_400
Tree = dict[str, "str | Tree"]


class Written:
    """A repository of loose objects, written by hand."""

    def __init__(self, root: Path) -> None:
        self.git = root / ".git"
        (self.git / "objects").mkdir(parents=True)
        (self.git / "refs" / "heads").mkdir(parents=True)
        (self.git / "HEAD").write_text("ref: refs/heads/main\n")
        self.head: str | None = None

    def put(self, kind: str, content: bytes) -> str:
        """Store one object and return its name."""
        data = f"{kind} {len(content)}".encode() + b"\0" + content
        name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        path = self.git / "objects" / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(data))
        return name

    def tree(self, files: Tree) -> str:
        """Store a tree of texts and folders."""
        content = b""
        for name, value in sorted(files.items()):
            inner = self.put("blob", value.encode()) if isinstance(value, str) else self.tree(value)
            mode = "100644" if isinstance(value, str) else "40000"
            content += f"{mode} {name}".encode() + b"\0" + bytes.fromhex(inner)
        return self.put("tree", content)

    def commit(self, day: int, files: Tree) -> str:
        """Store a commit made on a day after 2024-01-01 and check it out."""
        seconds = 1_704_067_200 + day * DAY
        who = f"A <a@b.c> {seconds} +0000"
        parent = f"parent {self.head}\n" if self.head else ""
        text = f"tree {self.tree(files)}\n{parent}author {who}\ncommitter {who}\n\nmessage\n"
        self.head = self.put("commit", text.encode())
        (self.git / "refs/heads/main").write_text(self.head + "\n")
        return self.head


def history_of(root: Path) -> History:
    """Read the history that a walk over a folder finds."""
    (found,) = [fact for fact in read_paths([root]).facts if isinstance(fact, HistoryFacts)]
    return found.history


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a project of three commits in which results vanish and a table changes."""
    written = Written(tmp_path)
    code: Tree = {"train.py": "x = 1\n"}
    table = "| Ours | 91.2 |\n| Base | 90.1 |\n"
    seeds: Tree = {"seed1.csv": "acc\n0.9\n", "seed2.csv": "acc\n0.7\n"}
    written.commit(0, {**code, "README.md": table, "results": seeds})
    kept: Tree = {"seed1.csv": "acc\n0.9\n"}
    written.commit(10, {**code, "README.md": table, "results": kept})
    written.commit(20, {**code, "README.md": table.replace("91.2", "92.6"), "results": kept})
    return tmp_path


def test_dates_and_commits(project: Path) -> None:
    """Three commits from New Year to the 21st of January."""
    found = history_of(project)
    assert found.first is not None
    assert (found.commits.value, found.first.value, found.last.value, found.complete) == (
        3,
        "2024-01-01",
        "2024-01-21",
        True,
    )


def test_a_result_that_is_gone_is_told(project: Path) -> None:
    """The second seed's file went on the 11th; code and kept results are not told."""
    removed = [former for former in history_of(project).former if former.change == "removed"]
    assert [(f.path, f.date) for f in removed] == [("results/seed2.csv", "2024-01-11")]


def test_replaced_numbers_of_a_table_are_told(project: Path) -> None:
    """91.2 became 92.6; the line that stayed is no change."""
    (changed,) = [former for former in history_of(project).former if former.change == "rewritten"]
    assert (changed.path, changed.replaced) == (
        "README.md",
        (("| Ours | 91.2 |", "| Ours | 92.6 |"),),
    )


def test_moved_and_grown_files_are_no_change(tmp_path: Path) -> None:
    """A file under another name, and a log that goes on, hold what they held."""
    written = Written(tmp_path)
    written.commit(0, {"results": {"a.csv": "acc\n0.9\n"}, "train.log": "epoch 1 0.5\n"})
    written.commit(
        1, {"results": {"b.csv": "acc\n0.9\n"}, "train.log": "epoch 1 0.5\nepoch 2 0.6\n"}
    )
    assert history_of(tmp_path).former == ()


def test_a_history_cut_short_has_no_first_day(project: Path) -> None:
    """A shallow clone lacks the first commit: its day is unknown, not that of the next."""
    shallow = Written(project / "clone")
    shallow.head = "0" * 40
    shallow.commit(5, {"results.csv": "acc\n0.5\n"})
    found = history_of(project / "clone")
    assert (found.first, found.commits.value, found.complete) == (None, 1, False)


def test_the_walk_reads_nothing_else_of_git(project: Path) -> None:
    """Hooks and settings inside `.git` are neither read nor run, nor even listed."""
    (project / ".git" / "config").write_text("[core]\n\tfsmonitor = touch ran\n")
    (project / ".git" / "results.csv").write_text("epoch,acc\n1,0.5\n")
    reading = read_paths([project])
    assert [type(fact).__name__ for fact in reading.facts].count("HistoryFacts") == 1
    assert not any(".git" in path for path in reading.ignored)
    assert not (project / "ran").exists()


def test_objects_are_never_looked_for_outside(tmp_path: Path) -> None:
    """Alternates, linked folders and `gitdir:` files are not followed."""
    outside = Written(tmp_path / "outside")
    head = outside.commit(0, {"results.csv": "acc\n1\n"})
    inside = tmp_path / "inside" / ".git"
    (inside / "objects" / "info").mkdir(parents=True)
    (inside / "HEAD").write_text(head)
    (inside / "objects/info/alternates").write_text(str(outside.git / "objects"))
    (inside / "objects" / head[:2]).symlink_to(outside.git / "objects" / head[:2])
    with pytest.raises(UnreadableFile, match="holds no commit"):
        list(git_history.read(entry_of(inside / "HEAD"), Limits()))
    (tmp_path / "inside" / "worktree").mkdir()
    (tmp_path / "inside" / "worktree" / ".git").write_text(f"gitdir: {outside.git}\n")
    assert read_paths([tmp_path / "inside" / "worktree"]).facts == ()


def test_packs_with_deltas_say_what_git_says(tmp_path: Path) -> None:
    """A packed repository gives the same history as its loose objects."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    written = Written(tmp_path)
    rows = [f"{i},0.{i:03d}" for i in range(300)]
    for day in range(8):
        rows[day] = f"{day},0.9{day}"
        written.commit(day, {"results": {"a.csv": "step,acc\n" + "\n".join(rows) + "\n"}})
    loose = history_of(tmp_path)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    for command in (("repack", "-adfq"), ("prune-packed", "-q")):
        subprocess.run(
            ["git", "-C", str(tmp_path), *command], check=True, env=environment, capture_output=True
        )
    assert list((tmp_path / ".git/objects/pack").glob("*.pack"))
    packed = history_of(tmp_path)
    assert (packed.commits.value, packed.former) == (8, loose.former)
    assert packed.former[0].versions == 8


def test_a_delta_copies_and_inserts() -> None:
    """Copy bytes 2 to 4 of the base, insert two: by hand after gitformat-pack."""
    delta = bytes([6, 5, 0b10010001, 2, 3, 2]) + b"XY"
    assert apply_delta(b"abcdef", delta) == b"cdeXY"


@pytest.mark.parametrize(
    "delta", [b"", b"\x06", bytes([6, 200, 0b10010001, 2, 3]), bytes([7, 1, 1, 65])]
)
def test_deltas_that_do_not_fit_are_refused(delta: bytes) -> None:
    """Cut ones, ones that promise more than they build, and ones for another base."""
    with pytest.raises(UnreadableFile, match="damaged git delta"):
        apply_delta(b"abcdef", delta)


def test_histories_belong_to_their_arm(project: Path) -> None:
    """Each arm has the history of its own folder."""
    (project / "metrics.csv").write_text("epoch,acc\n1,0.5\n2,0.6\n")
    other = project.parent / "other"
    other.mkdir()
    (other / "metrics.csv").write_text("epoch,acc\n1,0.5\n2,0.7\n")
    study = read_study(baseline=project, proposed=other)
    assert (len(study.baseline.histories), len(study.proposed.histories)) == (1, 0)


@pytest.mark.parametrize("seed", range(40))
def test_damage_gives_one_line(project: Path, seed: int) -> None:
    """Damaged objects and references are read or refused, and never raise anything else."""
    rng = random.Random(seed)
    files = sorted(path for path in (project / ".git").rglob("*") if path.is_file())
    for path in rng.sample(files, 3):
        content = path.read_bytes()
        opened = content if path.name in ("HEAD", "main") else zlib.decompress(content)
        damaged = _damaged(opened, rng)
        path.write_bytes(damaged if opened is content else zlib.compress(damaged))
    try:
        list(git_history.read(entry_of(project / ".git" / "HEAD"), Limits()))
    except UnreadableFile as error:
        assert "\n" not in str(error)
