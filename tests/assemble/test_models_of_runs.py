"""A model file counts for the run that it is tied to, and for no other beside it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

import netgain
from netgain.study import Run


def _model(size: int) -> bytes:
    """Return a safetensors file of one weight."""
    header = json.dumps(
        {"w": {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4 * size)


def _log(start: float) -> bytes:
    rows = "".join(f"{i},{start + i / 100}\n" for i in range(1, 6))
    return f"epoch,val_acc\n{rows}".encode()


def _runs(root: Path, files: dict[str, bytes]) -> dict[str, Run]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    study = netgain.read(root, unsorted=True)
    return {Path(run.id).name: run for run in (*study.baseline.runs, *study.proposed.runs)}


def _sizes(runs: dict[str, Run]) -> dict[str, int | None]:
    return {
        name: run.model.parameters.value if run.model and run.model.parameters else None
        for name, run in runs.items()
    }


def test_each_log_has_the_model_of_its_name(tmp_path: Path) -> None:
    """`a-wide-log.csv` and `a-wide-model.safetensors` are one run's; the other pair is the other's."""
    files = {
        "results/a-wide-log.csv": _log(0.5),
        "results/b-deep-log.csv": _log(0.6),
        "results/a-wide-model.safetensors": _model(7),
        "results/b-deep-model.safetensors": _model(9),
    }
    assert _sizes(_runs(tmp_path, files)) == {"a-wide-log": 7, "b-deep-log": 9}


@pytest.mark.parametrize(
    "name", ["best.safetensors", "weights/crf_ep9.safetensors", "model.safetensors"]
)
def test_one_untied_model_beside_several_logs_is_nobodys(tmp_path: Path, name: str) -> None:
    """A model called like none of two different trainings is given to neither."""
    files = {"wide.csv": _log(0.5), "deep.csv": _log(0.6), name: _model(7)}
    assert _sizes(_runs(tmp_path, files)) == {"wide": None, "deep": None}


def test_a_model_of_one_of_three_leaves_the_others_without(tmp_path: Path) -> None:
    """Only the training that the file is called like gets it, not its neighbours."""
    files = {f"{n}.csv": _log(k) for n, k in (("wide", 0.5), ("deep", 0.6), ("slow", 0.7))}
    runs = _runs(tmp_path, {**files, "deep_best.safetensors": _model(7)})
    assert _sizes(runs) == {"wide": None, "deep": 7, "slow": None}


def test_a_model_that_one_run_recorded_is_its_own(tmp_path: Path) -> None:
    """The run whose settings name the file as what it saves gets it; the one that began with it does not."""
    files = {
        "wide/config.json": b'{"lr": 0.1, "save_path": "out/net7.safetensors"}',
        "deep/config.json": b'{"lr": 0.1, "pretrained": "out/net7.safetensors"}',
        "wide/log.csv": _log(0.5),
        "deep/log.csv": _log(0.6),
        "net7.safetensors": _model(7),
    }
    assert _sizes(_runs(tmp_path, files)) == {"wide": 7, "deep": None}


def test_repeats_share_the_model_above_them(tmp_path: Path) -> None:
    """Three seeds of one configuration below one model file are of its size."""
    files = {f"seed{k}/log.csv": _log(0.5 + k / 1000) for k in range(3)}
    runs = _runs(tmp_path, {**files, "best.safetensors": _model(7)})
    assert _sizes(runs) == {"seed0": 7, "seed1": 7, "seed2": 7}


def test_one_run_beside_a_model_of_any_name_has_it(tmp_path: Path) -> None:
    """A folder with one training and one model file needs no tie of names."""
    runs = _runs(tmp_path, {"out/a/log.csv": _log(0.5), "out/a/net.safetensors": _model(7)})
    assert _sizes(runs) == {"a": 7}


@pytest.mark.parametrize(
    ("written", "value", "other"), [(100, 100, [7]), (7, 7, []), (None, 7, [])]
)
def test_the_size_that_a_run_wrote_wins_over_a_file(
    tmp_path: Path, written: int | None, value: int, other: list[int]
) -> None:
    """A run that printed 100 parameters beside a file of 7 is of 100, and the file's count is shown."""
    config = {"lr": 0.1} | ({"n_parameters": written} if written else {})
    files = {
        "a/config.json": json.dumps(config).encode(),
        "a/log.csv": _log(0.5),
        "a/net.safetensors": _model(7),
    }
    model = _runs(tmp_path, files)["a"].model
    assert model is not None
    assert model.parameters is not None
    assert model.parameters.value == value
    assert [one.value for one in model.parameters.disagreeing] == other
