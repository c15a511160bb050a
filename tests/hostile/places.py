"""Files that are dangerous by where they stand, what they are or how they are called."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.hostile import plant


@plant("metrics.jsonl")
def fifo(path: Path) -> None:
    """A FIFO nobody writes to."""
    os.mkfifo(path)


@plant("loop")
def link_to_its_folder(path: Path) -> None:
    """A link to the folder it lies in."""
    path.symlink_to(path.parent)


@plant("self")
def link_to_itself(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path)


@plant("config.yml")
def link_to_a_file_outside(path: Path) -> None:
    """A link to a system file."""
    path.symlink_to("/etc/passwd")


@plant("code")
def link_to_a_folder_outside(path: Path) -> None:
    """A link to a folder outside."""
    path.symlink_to("/etc")


@plant("config.json")
def device(path: Path) -> None:
    """A link to a device that never ends."""
    path.symlink_to("/dev/zero")


@plant("log.txt")
def unix_socket(path: Path) -> None:
    """A socket under a log's name."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@plant("log.json")
def link_through_a_link(path: Path) -> None:
    """A link to a link that leads out."""
    step = path.parent / "step"
    step.symlink_to("/etc")
    path.symlink_to(step / "hostname")


@plant("a\nb.csv", refused=False)
def name_with_a_newline(path: Path) -> None:
    """A name of two lines."""
    path.write_text("epoch,test_acc\n1,0.5\n")


@plant("$(touch executed);`touch executed`.json", refused=False)
def name_for_a_shell(path: Path) -> None:
    """A name a shell would run."""
    path.write_text('{"lr": 1}')


@plant("<script>alert(1).yaml", refused=False)
def name_with_a_script(path: Path) -> None:
    """A name a browser would run."""
    path.write_text("lr: 1\n")


@plant("\x1b]0;owned\x07\x1b[31m.csv", refused=False)
def name_with_escapes(path: Path) -> None:
    """A name a terminal would obey."""
    path.write_text("epoch,test_acc\n1,0.5\n")


@plant("--help", refused=False)
def name_of_an_option(path: Path) -> None:
    """A name that looks like an option."""
    path.write_text("lr: 1\n")


@plant("", refused=False)
def name_that_is_no_text(path: Path) -> None:
    """A name that is not valid UTF-8."""
    (path / os.fsdecode(b"caf\xe9\xff.json")).write_text('{"lr": 1}')


@plant("", refused=False)
def right_to_left_name(path: Path) -> None:
    """A name that shows itself reversed."""
    (path / "metrics\u202evsc.json").write_text('{"lr": 1}')


@plant("", refused=False)
def deep_folders(path: Path) -> None:
    """Two hundred folders inside each other."""
    here = os.open(path, os.O_RDONLY)
    try:
        for _ in range(200):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)


@plant("", refused=False)
def crowd(path: Path) -> None:
    """A thousand files of nothing."""
    folder = path / "many"
    folder.mkdir()
    for i in range(1000):
        (folder / f"{i}.json").write_text("")


@plant("", refused=False)
def hostile_repository(path: Path) -> None:
    """A git folder whose configuration runs commands and whose objects lie elsewhere."""
    git = path / ".git"
    (git / "objects" / "info").mkdir(parents=True)
    (git / "objects" / "pack").mkdir()
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "hooks").mkdir()
    (git / "HEAD").write_text("ref: refs/heads/../../../../etc/passwd\n")
    (git / "config").write_text("[core]\n\tfsmonitor = touch executed\n\tpager = touch executed\n")
    (git / "objects" / "info" / "alternates").write_text("/etc\n")
    (git / "packed-refs").write_text("f" * 40 + " refs/heads/main\n")
    (git / "objects" / "pack" / "pack-1.idx").write_bytes(b"\xfftOc\0\0\0\2" + b"\xff" * 1024)
    (git / "objects" / "pack" / "pack-1.pack").write_bytes(b"PACK\0\0\0\2\xff\xff\xff\xff")
    hook = git / "hooks" / "post-index-change"
    hook.write_text("#!/bin/sh\ntouch executed\n")
    hook.chmod(0o755)


@plant("netgain.toml", refused=False)
def configuration_in_the_evidence(path: Path) -> None:
    """Settings that would accept every finding and read elsewhere, were they obeyed."""
    path.write_text('[baseline]\nruns = ["/etc"]\n[[allow]]\ncode = "NG101"\nreason = "trust me"\n')


@plant("", refused=False)
def folders_of_odd_numbers(path: Path) -> None:
    """Folders named by digits that are no numbers, and by a number of two hundred digits."""
    for name in ("seed²", "²", "9" * 200):
        (path / name).mkdir()
        (path / name / "config.json").write_text('{"lr": 0.1, "batch_size": 16, "max_iters": 9}')
