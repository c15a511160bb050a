"""Write a large made-up project: `python benchmarks/large_folder.py FOLDER [--size 1000000] [--seed 0]`.

Two arms, `baseline/` and `ours/`, share evenly what `--size` N asks for: N TensorBoard scalars, N rows of
metrics in MLflow SQLite stores, N per-sample predictions as Parquet and N as CSV, N / 2,000 Python files and
N / 500 run folders (`config.yaml`, `metrics.csv` of 20 epochs, `log.txt`). Needs pyarrow.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from large_code import write_code

ARMS = ("baseline", "ours")
TAGS = ("train/loss", "train/accuracy", "train/learning_rate", "train/grad_norm",
        "train/throughput", "validation/loss", "validation/accuracy", "validation/top5",
        "validation/f1", "system/memory")  # fmt: skip
POINTS = 5_000
"""Scalars of one tag in one event file."""
METRICS = ("train_loss", "train_acc", "lr", "grad_norm", "val_loss", "val_acc", "val_top5", "val_f1",
           "throughput", "memory")  # fmt: skip
STEPS = 1_000
"""Rows of one metric of one MLflow run."""
EPOCHS = 20
Floats = npt.NDArray[np.float64]


def write_folder(folder: Path, *, size: int, seed: int = 0) -> None:
    """Write both arms."""
    for index, arm in enumerate(ARMS):
        rng = np.random.default_rng([seed, index])
        home = folder / arm
        write_runs(home / "runs", runs=size // 1_000, rng=rng, gain=index)
        write_events(home / "tensorboard", files=max(1, size // 2 // (POINTS * len(TAGS))), rng=rng)
        home.joinpath("mlflow").mkdir(parents=True)
        with sqlite3.connect(home / "mlflow" / "mlflow.db") as store:
            store.executescript(SCHEMA)
            write_store(store, runs=max(1, size // 2 // (STEPS * len(METRICS))), rng=rng)
        write_predictions(
            home / "predictions", rows=size // 2, rng=rng, accuracy=0.75 + 0.02 * index
        )
        write_code(home / "code", files=size // 4_000, rng=random.Random(2 * seed + index))


def curve(rng: np.random.Generator, points: int, *, start: float, end: float) -> Floats:
    """Return a noisy exponential from one value to another."""
    progress = np.linspace(0.0, 4.0, points)
    noise = rng.normal(0.0, 0.02 * abs(start - end), points)
    return np.asarray(end + (start - end) * np.exp(-progress) + noise)


def write_runs(folder: Path, *, runs: int, rng: np.random.Generator, gain: float) -> None:
    """Write one folder a run: five learning rates, seeds below them."""
    for number in range(runs):
        rate = (0.1, 0.03, 0.01, 0.003, 0.001)[number % 5]
        home = folder / f"lr{rate}_seed{number // 5}"
        home.mkdir(parents=True)
        settings = CONFIG.format(rate=rate, seed=number // 5)
        (home / "config.yaml").write_text(settings)
        loss = curve(rng, EPOCHS, start=2.3, end=0.4)
        accuracy = curve(rng, EPOCHS, start=20.0, end=75.0 + gain)
        rows, lines = (
            ["epoch,train_loss,val_loss,val_accuracy,test_accuracy,lr"],
            [f"seed {number // 5}"],
        )
        for epoch in range(EPOCHS):
            rows.append(f"{epoch},{loss[epoch]:.5f},{loss[epoch] * 1.1:.5f},{accuracy[epoch]:.3f},"
                        f"{accuracy[epoch] - 0.4:.3f},{rate * (1 - epoch / EPOCHS):.6f}")  # fmt: skip
            lines += [
                f"[Epoch {epoch}] step {batch}/390 loss {loss[epoch]:.4f} lr {rate:.4f}"
                for batch in (0, 130, 260)
            ]
            lines.append(
                f"Epoch {epoch}: train_loss={loss[epoch]:.4f} val_acc={accuracy[epoch]:.2f} time 61.2s"
            )
        (home / "metrics.csv").write_text("\n".join(rows) + "\n")
        (home / "log.txt").write_text("\n".join(lines) + "\n")


CONFIG = """seed: {seed}
model:
  name: resnet18
  width: 64
  depth: 18
  dropout: 0.1
data:
  name: cifar10
  root: data/cifar10
  batch_size: 128
  num_workers: 4
  augmentation: [crop, flip]
optimizer:
  name: sgd
  lr: {rate}
  momentum: 0.9
  weight_decay: 0.0005
training:
  epochs: 20
  warmup_epochs: 1
  label_smoothing: 0.0
  ema_decay: 0.0
logging:
  every: 50
"""

SCHEMA = """
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),
 entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT,
 lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER, deleted_time BIGINT);
CREATE TABLE params ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
 PRIMARY KEY ("key", run_uuid));
CREATE TABLE tags ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL,
 PRIMARY KEY ("key", run_uuid));
CREATE TABLE metrics ("key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
 run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
 CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan));
CREATE TABLE latest_metrics ("key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT,
 step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY ("key", run_uuid));
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
"""
"""The tables of an MLflow store that hold runs, with its keys and indexes."""


def write_store(store: sqlite3.Connection, *, runs: int, rng: np.random.Generator) -> None:
    """Fill the tables of an MLflow store, rows in the order in which a training logs them."""
    for number in range(runs):
        run_id = rng.bytes(16).hex()
        start = 1_700_000_000_000 + number * 10_000_000
        store.execute(
            "INSERT INTO runs (run_uuid, name, source_type, entry_point_name, user_id, status, start_time,"
            " end_time, lifecycle_stage, artifact_uri, experiment_id)"
            " VALUES (?, ?, 'LOCAL', '', 'me', 'FINISHED', ?, ?, 'active', ?, 0)",
            (run_id, f"seed{number}", start, start + 3_600_000, f"mlruns/0/{run_id}/artifacts"),
        )
        settings = {"seed": number, "lr": 0.1, "batch_size": 128, "epochs": 20, "weight_decay": 5e-4,
                    "optimizer": "sgd", "momentum": 0.9, "model": "resnet18"}  # fmt: skip
        store.executemany(
            'INSERT INTO params ("key", value, run_uuid) VALUES (?, ?, ?)',
            [(key, str(value), run_id) for key, value in settings.items()],
        )
        curves = [curve(rng, STEPS, start=2.3, end=0.4).tolist() for _ in METRICS]
        store.executemany(
            'INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)',
            (
                (name, values[step], start + step * 3_000, run_id, step * 10)
                for step in range(STEPS)
                for name, values in zip(METRICS, curves, strict=True)
            ),
        )
        store.executemany(
            'INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid)'
            " VALUES (?, ?, ?, ?, 0, ?)",
            [
                (name, values[-1], start, 10 * STEPS, run_id)
                for name, values in zip(METRICS, curves, strict=True)
            ],
        )


def write_predictions(
    folder: Path, *, rows: int, rng: np.random.Generator, accuracy: float
) -> None:
    """Write the answers of one model to all items as Parquet, those of another seed as CSV."""
    import pyarrow as arrow
    from pyarrow import parquet

    folder.mkdir(parents=True)
    target = np.random.default_rng(7).integers(0, 10, rows)  # the same items in both arms
    for name in ("test_predictions_seed0", "test_predictions_seed1"):
        wrong = rng.random(rows) > accuracy
        said = np.where(wrong, (target + rng.integers(1, 10, rows)) % 10, target)
        sure = np.round(rng.beta(8, 2, rows), 5)
        if name.endswith("0"):
            table = {
                "id": np.arange(rows),
                "label": target,
                "prediction": said,
                "probability": sure,
            }
            parquet.write_table(arrow.table(table), folder / f"{name}.parquet")
            continue
        lines = ["id,label,prediction,probability"]
        lines += [f"{i},{t},{s},{p}" for i, t, s, p in
                  zip(range(rows), target.tolist(), said.tolist(), sure.tolist(), strict=True)]  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def write_events(
    folder: Path, *, files: int, rng: np.random.Generator, points: int = POINTS
) -> None:
    """Write event files, every second as TensorFlow 2 writes scalars and the rest as PyTorch does."""
    for number in range(files):
        home = folder / f"seed_{number}"
        home.mkdir(parents=True)
        curves = [curve(rng, points, start=2.3, end=0.4).astype("<f4") for _ in TAGS]
        contents = [_version()]
        for step in range(points):
            for tag, values in zip(TAGS, curves, strict=True):
                contents.append(
                    _event(tag, step, values[step].tobytes(), as_tensor=number % 2 == 1)
                )
        data = _framed(contents)
        (home / f"events.out.tfevents.17000000{number:02d}.host.{1000 + number}.0").write_bytes(
            data
        )


def _version() -> bytes:
    return b"\x09" + struct.pack("<d", 1.7e9) + b"\x1a" + _sized(b"brain.Event:2")


def _event(tag: str, step: int, value: bytes, *, as_tensor: bool) -> bytes:
    """Return `Event {wall_time, step, summary {value {tag, simple_value or tensor}}}`."""
    if as_tensor:
        metadata = b"\x4a" + _sized(b"\x0a" + _sized(b"\x0a" + _sized(b"scalars")) + b"\x20\x01")
        scalar = metadata + b"\x42" + _sized(b"\x08\x01\x12\x00\x22" + _sized(value))
    else:
        scalar = b"\x15" + value
    item = b"\x0a" + _sized(b"\x0a" + _sized(tag.encode()) + scalar)
    number, at = b"", step
    while at > 127:
        number, at = number + bytes([at & 127 | 128]), at >> 7
    written = b"\x10" + number + bytes([at]) if step else b""
    return b"\x09" + struct.pack("<d", 1.7e9 + step) + written + b"\x2a" + _sized(item)


def _sized(content: bytes) -> bytes:
    return bytes([len(content)]) + content


def _framed(contents: list[bytes]) -> bytes:
    """Return records between lengths and masked checksums (TFRecord)."""
    sizes = [struct.pack("<Q", len(content)) for content in contents]
    heads, tails = _checksums(sizes), _checksums(contents)
    return b"".join(part for row in zip(sizes, heads, contents, tails, strict=True) for part in row)


def _checksums(contents: Iterable[bytes]) -> list[bytes]:
    """Return the masked CRC-32C of each text, those of one length together."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    contents = list(contents)
    lengths = np.array([len(content) for content in contents])
    found = np.zeros(len(contents), np.uint32)
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        rows = np.frombuffer(b"".join(contents[i] for i in members), np.uint8).reshape(-1, length)
        state = np.full(len(members), 0xFFFFFFFF, np.uint32)
        for column in rows.T:
            state = table[(state ^ column) & 0xFF] ^ (state >> 8)
        crc = state ^ np.uint32(0xFFFFFFFF)
        found[members] = ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)
    packed = found.astype("<u4").tobytes()
    return [packed[i : i + 4] for i in range(0, len(packed), 4)]


def main() -> None:
    """Write the folder that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_folder(given.folder, size=given.size, seed=given.seed)


if __name__ == "__main__":
    main()
