"""The early stop that code sets."""

from __future__ import annotations

import pytest

from netgain.analysis.early_stops import early_stop_in
from netgain.study import CodeTree, SourceFile


def patience(**files: str) -> float | None:
    """Return the patience that some files set."""
    tree = CodeTree(
        root=".",
        files=tuple(SourceFile(path=f"{name}.py", text=text) for name, text in files.items()),
    )
    found = early_stop_in(tree)
    return None if found is None else found.patience


@pytest.mark.parametrize(
    "files",
    [
        {"train": "stop = EarlyStopping(patience=7)\n"},
        {"train": "early_stopping = EarlyStopping(patience=7)\nif early_stopping(loss):\n    x = 1\n"},
        {"train": "self.early_stop = EarlyStopping(patience=config.PATIENCE)\n", "config": "PATIENCE = 7\n"},
        {"train": "a = EarlyStopping(patience=Config.PATIENCE)\n", "c": "class Config:\n    PATIENCE = 7\n"},
    ],
)  # fmt: skip
def test_a_written_patience_is_found(files: dict[str, str]) -> None:
    """It stands in the call or in one constant; calls of what was made say nothing else."""
    assert patience(**files) == 7


@pytest.mark.parametrize(
    "files",
    [
        {"train": "stop = EarlyStopping(patience=args.patience)\n"},
        {"train": "stop = EarlyStopping(patience=config.PATIENCE)\n"},
        {"train": "s = EarlyStopping(patience=PATIENCE)\n", "a": "PATIENCE = 7\n", "b": "PATIENCE = 9\n"},
        {"train": "a = EarlyStopping(patience=7)\nb = EarlyStopping(patience=9)\n"},
    ],
)  # fmt: skip
def test_an_open_patience_is_not_guessed(files: dict[str, str]) -> None:
    """An option, a constant that is not given or given twice, and two rules leave it open."""
    assert patience(**files) is None
