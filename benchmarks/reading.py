"""Time the reading of evidence: `python benchmarks/reading.py audit|ratios|parts [--size 1000000]`.

`audit` writes made-up projects (see `large_folder.py`) and audits them; `ratios` reads the same files with
TensorBoard's, MLflow's and W&B's own readers, whose values must be equal; `parts` times single kinds of
evidence. Each figure is the best of `--repeats`; CPU seconds are user and system time with that of all child
processes. Needs tensorboard, mlflow-skinny with sqlalchemy and alembic, wandb and pyarrow.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from large_code import write_code
from large_folder import TAGS, curve, write_events, write_folder, write_runs, write_store
from netgain.readers import read_paths
from netgain.readers.base import RunFacts

Points = dict[tuple[str, str], tuple[list[float], list[float]]]
"""Steps and values by run and name."""


def main() -> None:
    """Measure what was asked for and print one line of JSON for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("audit", "ratios", "parts"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 4_000_000])
    parser.add_argument("--size", type=int, default=1_000_000, help="points of the ratios")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, help="where to write; a temporary folder if left out"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        place = Path(made)
        figures = {
            "audit": lambda: audits(place, given.sizes, given.repeats),
            "ratios": lambda: ratios(place, given.size, given.repeats),
            "parts": lambda: parts(place, given.repeats),
        }[given.what]
        for figure in figures():
            print(json.dumps(figure), flush=True)


def audits(place: Path, sizes: list[int], repeats: int) -> Iterator[dict[str, Any]]:
    """Audit projects of several sizes in fresh processes."""
    for size in sizes:
        folder = place / str(size)
        write_folder(folder, size=size)
        arms = ["--baseline", str(folder / "baseline"), "--proposed", str(folder / "ours")]
        command = [
            sys.executable,
            "-m",
            "netgain",
            "audit",
            *arms,
            "--out",
            str(place / "report.json"),
            "--quiet",
        ]
        spent = [watched(command) for _ in range(repeats)]
        best = min(spent, key=lambda one: one["wall_seconds"])
        yield {
            "what": "audit",
            "size": size,
            **best,
            "peak_mb": max(one["peak_mb"] for one in spent),
        }
        shutil.rmtree(folder)


def watched(command: list[str]) -> dict[str, float]:
    """Run a command; return its seconds and the highest memory of all its processes together, in MB."""
    before, began = children_seconds(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = [0]
    thread = threading.Thread(target=_watch, args=(process, peak))
    thread.start()
    process.wait()
    wall = time.perf_counter() - began
    thread.join()
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {process.returncode}")
    return {
        "wall_seconds": round(wall, 2),
        "cpu_seconds": round(children_seconds() - before, 2),
        "peak_mb": round(peak[0] / 2**20),
    }


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Note the largest resident size of a process and its children, twenty times a second."""
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            family = [str(process.pid), *children.read_text().split()]
            pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in family]
            peak[0] = max(peak[0], sum(pages) * os.sysconf("SC_PAGE_SIZE"))
        except (OSError, IndexError):
            pass  # one of them ended in between
        time.sleep(0.05)


def children_seconds() -> float:
    """Return user and system seconds of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def best(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the least CPU seconds of a call, child processes included, and its last result."""
    times = []
    for _ in range(repeats):
        began = time.process_time() + children_seconds()
        result = work()
        times.append(time.process_time() + children_seconds() - began)
    return min(times), result


def ratios(place: Path, size: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Read the same files with netgain and with each tool's own reader; values must be equal."""
    rng = np.random.default_rng(0)
    events, mlflow, wandb = place / "events", place / "mlflow", place / "wandb"
    write_events(events, files=max(1, size // 50_000), rng=rng)
    mlflow.mkdir()
    with mlflow_store(mlflow / "mlflow.db") as store:
        write_store(store, runs=max(1, size // 10_000), rng=rng)
    write_wandb(wandb, rows=size // len(TAGS), rng=rng)
    for name, folder, theirs, once in (
        ("TensorBoard: EventAccumulator, sampling off", events, by_accumulator, True),
        ("MLflow SQLite: MlflowClient.get_metric_history", mlflow, by_client, True),
        ("W&B: LevelDB blocks in Python, wandb.proto messages", wandb, by_wandb_messages, False),
    ):
        seconds, found = best(lambda folder=folder: read_paths([folder]), repeats)  # type: ignore[misc]
        facts = [fact for fact in found.facts if isinstance(fact, RunFacts)]
        ours = {
            ((fact.run_id or Path(fact.location).name), s.key): (list(s.steps), list(s.values))
            for fact in facts
            for s in fact.series
        }
        other, expected = best(
            lambda folder=folder, theirs=theirs: theirs(folder), 1 if once else repeats
        )  # type: ignore[misc]
        yield {
            "what": name, "points": sum(len(values) for _, values in ours.values()),
            "netgain_cpu_seconds": round(seconds, 3), "their_cpu_seconds": round(other, 3),
            "ratio": round(other / seconds, 1), "values_equal": ours == expected,
        }  # fmt: skip


def by_accumulator(folder: Path) -> Points:
    """Read scalars as TensorBoard's own Python API does, keeping every point."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    found: Points = {}
    for home in sorted(folder.iterdir()):
        accumulator = EventAccumulator(str(home), size_guidance={"scalars": 0, "tensors": 0})
        accumulator.Reload()
        tags = accumulator.Tags()
        for tag in tags["scalars"]:
            points = accumulator.Scalars(tag)
            found[home.name, tag] = ([float(p.step) for p in points], [p.value for p in points])
        for tag in tags["tensors"]:
            rows = accumulator.Tensors(tag)
            values = [float(make_ndarray(row.tensor_proto)) for row in rows]
            found[home.name, tag] = ([float(row.step) for row in rows], values)
    return found


@contextmanager
def mlflow_store(path: Path) -> Iterator[sqlite3.Connection]:
    """Make an empty store with MLflow's own tables and open it."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{path}", str(path.parent / "artifacts"))
    with sqlite3.connect(path) as store:
        yield store
    store.close()


def by_client(folder: Path) -> Points:
    """Read every metric history of every run with MLflow's client."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    found: Points = {}
    for run in client.search_runs(["0"], max_results=50_000):
        for key in run.data.metrics:
            history = client.get_metric_history(run.info.run_id, key)
            history = sorted(history, key=lambda metric: (metric.timestamp, metric.step))
            found[run.info.run_id, key] = (
                [float(m.step) for m in history],
                [m.value for m in history],
            )
    return found


def write_wandb(folder: Path, *, rows: int, rng: np.random.Generator) -> None:
    """Write the log of one run as wandb does: history, then an exit record."""
    from wandb.proto import wandb_internal_pb2 as messages

    folder.mkdir()
    curves = [curve(rng, rows, start=2.3, end=0.4).tolist() for _ in TAGS]
    contents = []
    for row in range(rows):
        record = messages.Record(num=row + 1)
        record.history.step.num = row
        for tag, values in (*zip(TAGS, curves, strict=True), ("_step", None)):
            value = row if values is None else values[row]
            record.history.item.add(key=tag, value_json=json.dumps(value))
        contents.append(record.SerializeToString())
    record = messages.Record(num=rows + 1)
    record.exit.exit_code = 0
    contents.append(record.SerializeToString())
    data = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for content in contents:
        first, rest = True, content
        while first or rest:
            left = 32_768 - len(data) % 32_768
            if left < 7:
                data += bytes(left)
                continue
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if not rest else 2) if first else (4 if not rest else 3)
            data += struct.pack("<IHB", 0, len(part), kind) + part
            first = False
    (folder / "run-abc.wandb").write_bytes(data)


def by_wandb_messages(folder: Path) -> Points:
    """Read history as wandb's own Python `DataStore` did until it moved to Go, checksums left out."""
    from wandb.proto import wandb_internal_pb2 as messages

    found: Points = {}
    data = (folder / "run-abc.wandb").read_bytes()
    at, content = 7, b""
    while at < len(data):
        left = 32_768 - at % 32_768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        content += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind not in (1, 4):
            continue
        record = messages.Record()
        record.ParseFromString(content)
        content = b""
        if record.WhichOneof("record_type") != "history":
            continue
        row = {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }
        step = float(row.pop("_step"))
        for key, value in row.items():
            steps, values = found.setdefault((folder.name, key), ([], []))
            steps.append(step)
            values.append(value)
    return found


def parts(place: Path, repeats: int) -> Iterator[dict[str, Any]]:
    """Time kinds of evidence by themselves, and the start of the command."""
    rng = np.random.default_rng(0)
    write_runs(place / "runs", runs=2_000, rng=rng, gain=0.0)
    seconds, _ = best(lambda: read_paths([place / "runs"]), repeats)
    yield {"what": "2,000 run folders, read", "cpu_seconds": round(seconds, 2)}
    lines = [
        f"[Epoch {i // 500}] step {i % 500}/500 loss {2.3 / (1 + i / 9000):.5f} lr {0.1 - i * 9e-7:.6f}"
        for i in range(100_000)
    ]
    (place / "text").mkdir()
    (place / "text" / "train.log").write_text("\n".join(lines) + "\n")
    seconds, _ = best(lambda: read_paths([place / "text"]), repeats)
    yield {"what": "text log of 100,000 lines, read", "cpu_seconds": round(seconds, 2)}
    for arm in ("baseline", "ours"):
        size = write_code(place / "code" / arm, files=250, rng=random.Random(len(arm)))
    arms = [
        "--baseline",
        str(place / "code" / "baseline"),
        "--proposed",
        str(place / "code" / "ours"),
    ]
    spent = [watched([sys.executable, "-m", "netgain", "audit", *arms]) for _ in range(repeats)]
    one = min(spent, key=lambda s: s["cpu_seconds"])
    yield {"what": "500 Python files, audit", "megabytes": round(2 * size / 1e6, 1), **one}
    (place / "one").mkdir()
    (place / "one" / "metrics.csv").write_text("epoch,loss\n0,1.0\n1,0.5\n")
    command = [
        sys.executable,
        "-m",
        "netgain",
        "read",
        "-b",
        str(place / "one"),
        "-p",
        str(place / "one" / "metrics.csv"),
    ]
    spent = [watched(command) for _ in range(max(repeats, 5))]
    yield {"what": "netgain read of one small file", **min(spent, key=lambda s: s["wall_seconds"])}


if __name__ == "__main__":
    main()
