"""Seeds: files that code makes, files that the reader tests write, and real files cut small."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netgain.readers import all_readers
from netgain.readers.base import Entry
from tests.fuzz.bytes_and_text import LARGEST
from tests.fuzz.formats import Format, belongs
from tests.fuzz.hand_seeds import HAND

Seed = tuple[str, bytes]
"""File name and content."""

TEXT_BYTES = 6_000
"""Bytes that a long text is cut to, at the end of a line."""
BINARY_BYTES = 24_000


def seeds_of(form: Format, folder: Path) -> list[Seed]:
    """Return every seed of a format: made, harvested into `folder`, and real where they are at hand."""
    found = list(made(form))
    if not form.folder:
        for reader, name, content in (*_harvested(folder), *_real(form.reader)):
            if belongs(form, reader, name, content):
                found.append((name, content))
    unique = {(name.rpartition(".")[2], content): (name, content) for name, content in found}
    return sorted(unique.values())


def harvest(folder: Path) -> None:
    """Let the reader tests leave their files in a folder, once."""
    if any(folder.glob("*/*")):
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "tests/readers", "-p", "tests.fuzz.harvest",
               "-m", "not real_data", "-p", "no:cacheprovider"]  # fmt: skip
    subprocess.run(
        command,
        env=os.environ | {"NETGAIN_FUZZ_SEEDS": str(folder)},
        check=True,
        capture_output=True,
    )


def _harvested(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    names = {reader.name.replace(" ", "_"): reader.name for reader in all_readers()}
    for path in sorted(folder.glob("*/*")):
        yield names.get(path.parent.name, ""), path.name.partition("__")[2], path.read_bytes()


def _real(reader_name: str) -> Iterator[tuple[str, str, bytes]]:
    root = os.environ.get("NETGAIN_REAL_DATA")
    for path in sorted(Path(root).rglob("*")) if root else ():
        if not path.is_file():
            continue
        entry = Entry(path=path, display=str(path), size=path.stat().st_size)
        reader = next((r for r in all_readers() if r.sniff(entry)), None)
        if reader is not None and reader.name == reader_name and entry.size < 2**21:
            content = cut(path.name, path.read_bytes())
            if content:
                yield reader.name, path.name, content


def cut(name: str, content: bytes) -> bytes:
    """Make a real file small: texts by lines, JSON by entries, archives by their large members."""
    if content.startswith(b"SQLite format 3"):
        return _small_store(content)
    if content.startswith(b"PK") and len(content) > BINARY_BYTES:
        return _small_archive(content)
    if name.endswith((".json", ".ipynb")) and len(content) > TEXT_BYTES:
        try:
            return json.dumps(_pruned(json.loads(content))).encode()[:LARGEST]
        except ValueError:
            pass
    if b"\0" in content[:8192] or content.startswith(b"%PDF"):
        return content[:BINARY_BYTES]
    if len(content) > TEXT_BYTES:
        return content[: max(content.rfind(b"\n", 0, TEXT_BYTES) + 1, 1)]
    return content


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(inner) for key, inner in list(value.items())[:25]}
    if isinstance(value, list):
        return [_pruned(inner) for inner in value[:4]]
    return value[:300] if isinstance(value, str) else value


def _small_archive(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist()[:40]:
            member = old.read(name)
            small = cut(name, member) if name.endswith(".json") else member[:2_000]
            new.writestr(name, member if name.endswith(".pkl") else small)
    return buffer.getvalue()


def _small_store(content: bytes) -> bytes:
    """Keep the schema and five rows of each table, on pages of 512 bytes."""
    store = sqlite3.connect(":memory:")
    store.deserialize(content)
    store.execute("PRAGMA foreign_keys = OFF")
    for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        store.execute(
            f'DELETE FROM "{table}" WHERE rowid NOT IN (SELECT rowid FROM "{table}" LIMIT 5)'
        )
    store.commit()
    store.execute("PRAGMA page_size = 512")
    store.execute("VACUUM")
    return store.serialize()


def made(form: Format) -> Iterator[Seed]:
    """Yield the seeds that code makes."""
    maker = globals().get("_made_" + form.name.replace("-", "_"))
    if maker is not None:
        yield from maker()
    yield from HAND.get(form.name, ())
    from tests.readers.test_damage import SAMPLES

    for reader, name, content in SAMPLES:
        if belongs(form, reader.name, name, content):
            yield name, content


def _small_pages(script: str) -> bytes:
    store = sqlite3.connect(":memory:")
    store.execute("PRAGMA page_size = 512")
    store.executescript(script)
    return store.serialize()


def _made_mlflow_sqlite() -> Iterator[Seed]:
    tables = (
        "create table runs(run_uuid text primary key, name text, status text, lifecycle_stage text,"
        " start_time bigint, end_time bigint); create table params(key text, value text, run_uuid text);"
        "create table tags(key text, value text, run_uuid text); create table metrics(key text, value float,"
        " timestamp bigint, run_uuid text, step bigint, is_nan boolean);"
    )
    rows = "".join(
        f"insert into runs values('{run}', 'n', 'FINISHED', 'active', 1000, 9000);"
        f"insert into params values('lr', '0.1', '{run}'), ('batch_size', '32', '{run}');"
        f"insert into tags values('mlflow.runName', 'x', '{run}');"
        + "".join(
            f"insert into metrics values('acc', 0.{step}, {step}, '{run}', {step}, 0);"
            for step in range(4)
        )
        for run in "ab"
    )
    yield "mlflow.db", _small_pages(tables + rows)
    yield "mlflow.db", _small_pages(tables)


def _made_optuna_sqlite() -> Iterator[Seed]:
    from tests.readers.test_searches import database

    with tempfile.TemporaryDirectory() as folder:
        for studies in (1, 2):
            content = database(Path(folder) / f"{studies}.db", studies=studies).read_bytes()
            yield "study.db", _small_store(content)


def _made_torch_zip() -> Iterator[Seed]:
    yield from _torch(zipped=True)


def _made_torch_pickle() -> Iterator[Seed]:
    yield from _torch(zipped=False)


def _torch(*, zipped: bool) -> Iterator[Seed]:
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU())
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    state = net.state_dict()
    for name, value in (
        ("state.pt", state),
        ("whole.pt", net),
        ("last.ckpt", {"epoch": 3, "global_step": 40, "state_dict": state, "hyper_parameters": {"lr": 0.1},
                       "optimizer_states": [optimizer.state_dict()]}),
        ("ema.pth", {"model": state, "model_ema": state, "args": {"lr": 0.1, "epochs": 3}}),
    ):  # fmt: skip
        buffer = io.BytesIO()
        torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
        yield name, buffer.getvalue()


def _made_events() -> Iterator[Seed]:
    from tensorboard.summary import Writer

    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(folder)
        for step in range(6):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_scalar("val/accuracy", 0.1 * step, step)
        writer.close()
        for path in sorted(Path(folder).iterdir()):
            yield path.name[:60], path.read_bytes()


def _made_onnx() -> Iterator[Seed]:
    from tests.readers.test_models import RESIDUAL

    yield "m.onnx", RESIDUAL


def _made_gguf() -> Iterator[Seed]:
    from tests.readers.test_models import KEYS, TENSORS, gguf_file

    yield "m.gguf", gguf_file(KEYS, TENSORS)


def _made_pdf() -> Iterator[Seed]:
    from tests.readers.test_pdf import PARAGRAPH, TABLE, document

    plain = document(TABLE + PARAGRAPH)
    yield "paper.pdf", plain
    yield "short.pdf", document(TABLE)
    yield "two.pdf", document(PARAGRAPH, TABLE[:7])
    begin, end = plain.index(b"stream\n") + 7, plain.index(b"\nendstream")
    packed = zlib.compress(plain[begin:end])
    head = plain[:begin].replace(b"<< /Length %d >>" % (end - begin), b"<< /Filter /FlateDecode >>")
    yield "packed.pdf", head + packed + plain[end:]


def _made_parquet() -> Iterator[Seed]:
    import pyarrow as arrow
    from pyarrow import parquet

    whole = {
        "id": [0, 1, 2, 3],
        "label": [0, 1, 1, 0],
        "prediction": [0, 1, 0, 0],
        "split": ["test"] * 4,
    }
    for columns, packing in (
        (whole, "none"),
        (whole, "snappy"),
        ({"id": ["a", "b"], "label": ["x", None], "logits": [[0.1, 0.9], [0.3, 0.7]]}, "none"),
        ({"text": ["a", "b"], "target": [1.5, 2.5], "pred": [1.0, 3.0]}, "gzip"),
    ):
        buffer = io.BytesIO()
        parquet.write_table(
            arrow.table(columns), buffer, compression=packing, write_statistics=False
        )
        yield "predictions.parquet", buffer.getvalue()


def _made_npy() -> Iterator[Seed]:
    import numpy as np

    for array in (np.ones((3, 2)), np.arange(6, dtype=">i4").reshape(3, 2), np.array(["ab", "c"])):
        buffer = io.BytesIO()
        np.save(buffer, array)
        yield "x_test.npy", buffer.getvalue()


def _made_npz() -> Iterator[Seed]:
    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, x_train=np.ones((3, 2)), y_train=np.arange(3), x_test=np.zeros((2, 2)))
    yield "data.npz", buffer.getvalue()


def _made_npz_predictions() -> Iterator[Seed]:
    import numpy as np

    for names in (("targets", "logits"), ("y_true", "y_pred")):
        buffer = io.BytesIO()
        second = np.eye(4, 3) if names[1] == "logits" else np.arange(4)
        np.savez(buffer, **{names[0]: np.arange(4) % 3, names[1]: second})
        yield "test_predictions.npz", buffer.getvalue()


def _made_tsv() -> Iterator[Seed]:
    yield "metrics.tsv", b"epoch\ttrain_loss\ttest_acc\n1\t0.9\t0.5\n2\t0.7\t0.6\n3\t0.5\t0.7\n"
    yield (
        "results.tsv",
        b"method\tseed\tacc\nbase\t0\t0.5\nours\t0\t0.6\nbase\t1\t0.51\nours\t1\t0.62\n",
    )


def _made_git() -> Iterator[Seed]:
    """Three repositories of git's own making: loose objects, one pack with deltas, a merge with a tag."""
    for kind in ("loose", "packed", "merged"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            _repository(root, kind)
            yield "repository.zip", _packed(root, ".git")


def _repository(root: Path, kind: str) -> None:
    def git(*words: str) -> None:
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
               "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(root),
               "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000",
               "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip
        subprocess.run(("git", "-c", "pack.compression=0", *words), cwd=root, env=who, check=True,
                       capture_output=True)  # fmt: skip

    git("init", "-q", "-b", "main")
    table = "".join(f"| model {i} | {90 + i / 10} |\n" for i in range(30))
    for number in range(4):
        (root / "README.md").write_text(f"# Results\n{table}| ours | 9{number}.5 |\n")
        (root / f"seed{number}.csv").write_text(f"epoch,acc\n1,0.{number}\n")
        (root / "runs").mkdir(exist_ok=True)
        (root / "runs" / "results.json").write_text(json.dumps({"accuracy": 0.5 + number / 10}))
        if number == 3:
            (root / "seed0.csv").unlink()
        if number == 2 and kind == "merged":
            git("checkout", "-q", "-b", "side")
        git("add", "-A")
        git("commit", "-q", "-m", f"c{number}")
    if kind == "merged":
        git("checkout", "-q", "main")
        git("merge", "-q", "--no-ff", "side", "-m", "m")
        git("tag", "-a", "v1", "-m", "t")
    if kind != "loose":
        git("repack", "-q", "-a", "-d")
    if kind == "merged":
        git("pack-refs", "--all")


def _packed(root: Path, below: str) -> bytes:
    """Put the files of a folder that a reader may open into an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted((root / below).rglob("*")):
            parts = path.relative_to(root).as_posix()
            if path.is_file() and not any(
                word in parts for word in ("/hooks/", "/logs/", "/info/", ".rev")
            ):
                archive.writestr(zipfile.ZipInfo(parts), path.read_bytes())
    return buffer.getvalue()


def _made_mlflow_files() -> Iterator[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, content in {
            "meta.yaml": "run_id: abc\nstatus: 3\nlifecycle_stage: active\nstart_time: 1\nend_time: 9\n",
            "params/lr": "0.1", "params/batch_size": "32", "params/betas": "(0.9, 0.99)",
            "metrics/acc": "1 0.5 0\n2 0.6 1\n3 0.7 2\n", "metrics/loss": "3 0.7 0\n",
            "tags/mlflow.user": "u",
            "tags/mlflow.source.git.commit": "abc", "metrics/val/acc": "1 0.5 0\n1 nan 1\n",
        }.items():  # fmt: skip
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        yield "store.zip", _packed(root, ".")


def _made_sharded_index() -> Iterator[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        header = json.dumps(
            {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
        ).encode()
        (root / "x-1.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(24))
        index = {"metadata": {"total_size": 24}, "weight_map": {"a": "x-1.safetensors"}}
        (root / "model.safetensors.index.json").write_text(json.dumps(index))
        yield "model.zip", _packed(root, ".")
