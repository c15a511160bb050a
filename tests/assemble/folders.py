"""Folders that tests write, and the runs read from them."""

from __future__ import annotations

from pathlib import Path

import netgain
from netgain.study import Run


def runs_of(root: Path, files: dict[str, str]) -> dict[str, Run]:
    """Write files below a folder and return all its runs, by the last part of their ids."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    study = netgain.read(root, unsorted=True)
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}
