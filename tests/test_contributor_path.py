"""A newcomer's path: the scaffold plus a toy practice touches nothing and conforms."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_scaffold_makes_a_practice_that_conforms_without_touching_a_file(tmp_path: Path) -> None:
    """`new_practice.py` writes a module and cases, edits nothing, and the suite passes over them."""
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cases", "practices"):
        shutil.copytree(ROOT / "tests" / name, tmp_path / "tests" / name)
    before = _digests(tmp_path)
    environment = {"PYTHONPATH": str(tmp_path / "src"), "PATH": ""}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    made = run("tools/new_practice.py", "NG604", "borrowed-plumes", "A toy practice for the test.")
    assert made.returncode == 0, made.stdout + made.stderr
    after = _digests(tmp_path)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 4

    suite = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/practices", "-k", "NG604")
    assert suite.returncode == 0, suite.stdout
    assert "8 passed" in suite.stdout
    again = run("tools/new_practice.py", "NG604", "borrowed-plumes", "Once more.")
    assert again.returncode == 2 and "exists already" in again.stdout
