"""Bounds on what is read, as settings of netgain.toml."""

from pathlib import Path

import pytest

import netgain
from netgain.errors import UsageError


def _study(folder: Path, limits: str) -> Path:
    for arm in ("baseline", "ours"):
        (folder / arm).mkdir()
        (folder / arm / "config.json").write_text('{"batch_size": 8, "lr": 0.1, "epochs": 3}')
    path = folder / "netgain.toml"
    path.write_text(f'[baseline]\nruns = ["baseline"]\n[proposed]\nruns = ["ours"]\n{limits}')
    return path


def test_a_smaller_bound_refuses_what_exceeds_it(tmp_path: Path) -> None:
    """A settings file over `text_bytes` is listed with its size, the limit and what to do."""
    study = netgain.read(_study(tmp_path, "[limits]\ntext_bytes = 20\n"))
    assert len(study.unread) == 2
    assert "more than the limit of 20" in study.unread[0].why


def test_without_the_table_the_defaults_hold(tmp_path: Path) -> None:
    """No `[limits]`, nothing refused."""
    assert netgain.read(_study(tmp_path, "")).unread == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("depth = 0", "above 0"),
        ("dept = 3", "did you mean 'depth'"),
        ("files = 'many'", "whole number"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, table: str, words: str) -> None:
    """A bound that is no positive whole number, or has another name, is an error that says so."""
    with pytest.raises(UsageError, match=words):
        netgain.read(_study(tmp_path, f"[limits]\n{table}\n"))
