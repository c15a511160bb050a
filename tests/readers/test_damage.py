"""Damage of every kind, in every format: one line for the user, never another exception."""

from __future__ import annotations

import io
import json
import pickle
import random
import sqlite3
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netgain.errors import UnreadableFile
from netgain.readers import (
    arrays,
    checkpoint,
    config_file,
    huggingface,
    inspect_ai,
    lightning,
    lm_eval,
    markdown,
    metric_log,
    mlflow_file,
    mlperf,
    optuna,
    ray_tune,
    sqlite_store,
    tensorboard,
    text_log,
    timm,
    tuning_report,
    wandb,
)
from netgain.readers.base import Limits, Reader
from netgain.vocabulary import dialects

from .conftest import entry_of
from .test_evaluations import LOG, NEW, archive
from .test_mlperf import LINES
from .test_searches import REPORT, database, journal
from .test_searches import ROWS as TRIAL_ROWS
from .test_wandb import ROWS, exit_record, log, run_record


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _npy(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _database(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE runs (run_uuid, status, lifecycle_stage); CREATE TABLE params (run_uuid, key, value);"
        "CREATE TABLE metrics (run_uuid, key, value, step, timestamp, is_nan);"
        "INSERT INTO runs VALUES ('a', 'FINISHED', 'active');"
        "INSERT INTO metrics VALUES ('a', 'k', 1, 0, 0, 0);"
    )
    connection.close()
    return path.read_bytes()


_SCALAR = b"\x09" + struct.pack("<d", 1.0) + b"\x10\x05\x2a\x0b\x0a\x09\x0a\x02ab\x15\0\0\x80\x3f"
_HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
_STATE = {"log_history": [{"step": 1, "loss": 1.0}, {"step": 1, "eval_loss": 1.0}], "max_steps": 3}
SAMPLES: list[tuple[Reader, str, bytes]] = [
    (
        tensorboard.READER,
        "events.out.tfevents.1",
        (struct.pack("<QI", len(_SCALAR), 0) + _SCALAR + bytes(4)) * 9,
    ),
    (huggingface.READER, "trainer_state.json", json.dumps(_STATE).encode()),
    (huggingface.READER, "training_args.bin", _zip({"a/data.pkl": pickle.dumps({"seed": 1}, 2)})),
    (
        checkpoint.READER,
        "m.pt",
        _zip({"a/data.pkl": pickle.dumps({"global_step": 1, "x": [1, "y"]}, 2)}),
    ),
    (checkpoint.READER, "m.safetensors", struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(8)),
    (mlflow_file.READER, "meta.yaml", b"run_id: a\nstatus: 3\nlifecycle_stage: active\n"),
    (lightning.READER, "hparams.yaml", b"lr: 0.1\nnested: {a: [1, 2], b: !!x c}\n"),
    (timm.READER, "args.yaml", b"aa: null\naug_repeats: 0\ncrop_pct: 0.9\n"),
    (config_file.READER, "config.toml", b"seed = 1\n[optimizer]\nlr = 0.1\n"),
    (
        config_file.READER,
        "config.json",
        b'{"seed": 1, "optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}}',
    ),
    (metric_log.READER, "metrics.csv", b"epoch,loss,note\n1,2.0,a\n2,1.0,b\n"),
    (
        metric_log.READER,
        "results.json",
        b'{"history": [{"epoch": 1, "acc": 0.5}, {"epoch": 2, "acc": 0.6}]}',
    ),
    (metric_log.READER, "log.jsonl", b'{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.0}\n'),
    (
        markdown.READER,
        "README.md",
        b"| Method | acc |\n|---|---|\n| Ours | 91.2 |\n\nMean over 5 seeds.\n",
    ),
    (wandb.READER, "run-a.wandb", log(run_record(lr=0.1), *ROWS, exit_record(0))),
    (wandb.READER, "wandb-metadata.json", b'{"gpu": "K80", "args": ["--lr", "0.1"]}'),
    (mlperf.READER, "result_0.txt", "\n".join(LINES).encode()),
    (optuna.READER, "journal.log", journal().encode()),
    (
        ray_tune.READER,
        "result.json",
        "".join(json.dumps(row) + "\n" for row in TRIAL_ROWS).encode(),
    ),
    (tuning_report.READER, "report.json", json.dumps(REPORT).encode()),
    (lm_eval.READER, "results_1.json", json.dumps(NEW).encode()),
    (inspect_ai.READER, "a.json", json.dumps(LOG).encode()),
    (inspect_ai.READER, "a.eval", archive({"header.json": json.dumps(LOG).encode()})),
    (
        text_log.READER,
        "train.log",
        b"".join(b"Epoch [%d/9] loss 0.%d (0.3), lr 1e-3\n" % (i, i) for i in range(1, 6)),
    ),
    (arrays.READER, "train.npz", _zip({"x_train.npy": _npy(np.ones((3, 2)))})),
]


def _damaged(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    kind = rng.random()
    if kind < 0.35:
        return bytes(data[: rng.randrange(len(data))])
    if kind < 0.8:
        for _ in range(rng.choice((1, 3, 20))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(data)
    at = rng.randrange(len(data))
    return bytes(data[:at] + rng.randbytes(40) + data[at:])


def _only_one_line(reader: Reader, path: Path) -> None:
    try:
        list(reader.read(entry_of(path), Limits()))
    except UnreadableFile as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("reader", "name", "content"), SAMPLES, ids=[f"{r.name}-{n}" for r, n, _ in SAMPLES]
)
def test_damage_never_becomes_another_exception(
    tmp_path: Path, reader: Reader, name: str, content: bytes
) -> None:
    """Cut, flipped and inserted bytes give facts or one line, a hundred times over."""
    rng = random.Random(name)
    path = tmp_path / name
    path.write_bytes(content)
    assert list(reader.read(entry_of(path), Limits()))
    for _ in range(100):
        path.write_bytes(_damaged(content, rng))
        _only_one_line(reader, path)


def test_a_damaged_database_never_becomes_another_exception(tmp_path: Path) -> None:
    """The same for SQLite, whose own library meets the damage first."""
    rng = random.Random(0)
    path = tmp_path / "store.db"
    for content in (
        _database(tmp_path / "whole.db"),
        database(tmp_path / "study.db", studies=2).read_bytes(),
    ):
        for _ in range(40):
            path.write_bytes(_damaged(content, rng))
            _only_one_line(sqlite_store.READER, path)


@pytest.mark.parametrize(
    ("reader", "name", "content"), SAMPLES, ids=[f"{r.name}-{n}" for r, n, _ in SAMPLES]
)
def test_facts_speak_a_dialect_the_vocabulary_has(
    tmp_path: Path, reader: Reader, name: str, content: bytes
) -> None:
    """A dialect without a vocabulary file would silently lose its spellings."""
    path = tmp_path / name
    path.write_bytes(content)
    spoken = {getattr(fact, "dialect", "generic") for fact in reader.read(entry_of(path), Limits())}
    assert spoken <= set(dialects())
