"""Fixtures every test folder shares."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real evidence files, or skip where it is not at hand."""
    folder = os.environ.get("NETGAIN_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("NETGAIN_REAL_DATA is not set to a folder of real evidence files")
    return Path(folder)


WriteRun = Callable[..., Path]


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Return a function that writes one run folder: config.json and metrics.csv."""

    def write(
        name: str,
        *,
        config: dict[str, object] | None = None,
        columns: dict[str, Iterable[object]] | None = None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config, indent=2))
        if columns is not None:
            rows = [",".join(columns)]
            rows += [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
            (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
        return folder

    return write
