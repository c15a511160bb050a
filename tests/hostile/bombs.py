"""Small files that grow without bound when unpacked, aliased or multiplied."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tests.hostile import plant

ZEROS = 80_000_000


def _zip_of_zeros(path: Path, member: str, n: int = ZEROS) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w") as out,
    ):
        for _ in range(n // 1_000_000):
            out.write(bytes(1_000_000))


@plant("big.pt")
def checkpoint_of_zeros(path: Path) -> None:
    """A pickle member of 300 MB in 300 kB."""
    _zip_of_zeros(path, "archive/data.pkl")


@plant("big.eval")
def evaluation_of_zeros(path: Path) -> None:
    """An evaluation log whose header unpacks to 300 MB."""
    _zip_of_zeros(path, "header.json")


@plant("train.npz")
def arrays_of_zeros(path: Path) -> None:
    """An array that claims 3 GB and unpacks to a tenth of it."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (3_000_000, 1000)}
    )
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as out,
    ):
        out.write(header.getvalue())
        for _ in range(300):
            out.write(bytes(1_000_000))


@plant("train-images-idx3-ubyte.gz")
def images_of_zeros(path: Path) -> None:
    """An IDX file that claims four thousand million images."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = pack.compress(struct.pack(">IIII", 0x803, 2**32 - 1, 28, 28))
    body += b"".join(pack.compress(bytes(1_000_000)) for _ in range(300))
    path.write_bytes(body + pack.flush())


@plant("nested.pt")
def archive_in_archive(path: Path) -> None:
    """An archive of archives of zeros."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", bytes(50_000_000))
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(20):
            archive.writestr(f"{i}.zip", inner.getvalue())


@plant("many.pt")
def archive_of_many(path: Path) -> None:
    """Forty thousand members."""
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(40_000):
            archive.writestr(f"a/{i}", b"")


@plant("args.yaml")
def yaml_laughs(path: Path) -> None:
    """Aliases of aliases, nine to the eleventh."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path.write_text("\n".join(lines))


@plant("config.yaml")
def yaml_merges(path: Path) -> None:
    """Merge keys of merge keys."""
    lines = ["a0: &a0 {k0: 1}"]
    lines += [
        f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], k{i}: 1}}" for i in range(1, 200)
    ]
    path.write_text("\n".join(lines) + "\n- [")


@plant("mlflow.db")
def endless_view(path: Path) -> None:
    """A store whose table of metrics is a view that never ends."""
    with sqlite3.connect(path) as store:
        store.executescript(
            "create table alembic_version(version_num text);"
            "create table experiments(experiment_id integer, name text, lifecycle_stage text);"
            "create table runs(run_uuid text, name text, status text, lifecycle_stage text,"
            " experiment_id integer, start_time integer, end_time integer);"
            "insert into runs values('a','a','FINISHED','active',0,0,1);"
            "create table params(key text, value text, run_uuid text);"
            "create table tags(key text, value text, run_uuid text);"
            "create view latest_metrics as select 1;"
            "create view metrics as with recursive n(i) as (select 1 union all select i+1 from n)"
            " select 'acc' as key, i*1.0 as value, i as timestamp, 'a' as run_uuid, i as step,"
            " 0 as is_nan from n;"
        )


@plant("study.db")
def endless_trials(path: Path) -> None:
    """A search whose table of trials is a view that never ends."""
    with sqlite3.connect(path) as store:
        store.executescript(
            "create table version_info(version_info_id integer, schema_version integer,"
            " library_version text);"
            "create table studies(study_id integer, study_name text);"
            "create table study_directions(study_direction_id integer, direction text,"
            " study_id integer, objective integer);"
            "insert into studies values(1, 's');"
            "create view trials as with recursive n(i) as (select 1 union all select i+1 from n)"
            " select i as trial_id, i as number, 1 as study_id, 'COMPLETE' as state,"
            " null as datetime_start, null as datetime_complete from n;"
            "create table trial_params(param_id integer, trial_id integer,"
            " param_name text, param_value real, distribution_json text);"
            "create table trial_values(trial_value_id integer, trial_id integer,"
            " objective integer, value real, value_type text);"
        )


@plant("sparse.csv")
def sparse_log(path: Path) -> None:
    """A log of 50 GB that takes no room on disk."""
    with path.open("wb") as stream:
        stream.write(b"epoch,test_acc\n1,0.5\n")
        stream.truncate(50 * 10**9)


@plant("metrics.json.gz", refused=False)
def gzip_of_zeros(path: Path) -> None:
    """A gzip of zeros under a log's name."""
    path.write_bytes(gzip.compress(bytes(100_000_000)))


@plant("notebook.ipynb")
def notebook_of_cells(path: Path) -> None:
    """A notebook nested beyond any real one."""
    path.write_text('{"nbformat": 4, "metadata": {}, "cells": ' + "[" * 50_000 + "]" * 50_000 + "}")


@plant("wide.csv", refused=False)
def wide_table(path: Path) -> None:
    """A table of three hundred thousand columns."""
    names = ",".join(f"c{i}" for i in range(300_000))
    path.write_text(f"epoch,{names}\n" + f"1{',1' * 300_000}\n" * 3)


@plant("metrics.jsonl", refused=False)
def many_keys(path: Path) -> None:
    """Every line has a hundred keys of its own."""
    rows = ({f"m{i}_{j}": 1.0 for j in range(100)} | {"step": i} for i in range(1000))
    path.write_text("\n".join(map(json.dumps, rows)))


@plant("test.npz", refused=False)
def packed_samples(path: Path) -> None:
    """Samples that unpack to 400 MB and are rightly read, some at a time."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (400, 1_000_000)}
    )
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x_test.npy", "w", force_zip64=True) as out,
    ):
        out.write(header.getvalue())
        for _ in range(400):
            out.write(bytes(1_000_000))


@plant("train_images.npy", refused=False)
def samples_without_bytes(path: Path) -> None:
    """A million million samples of no bytes each."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 0)}
    )
    path.write_bytes(header.getvalue())


@plant("val_images.npy")
def many_tiny_samples(path: Path) -> None:
    """Forty million samples of one byte, in a file that takes no room on disk."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (40_000_000, 1)}
    )
    with path.open("wb") as stream:
        stream.write(header.getvalue())
        stream.truncate(40_000_000 + 1000)


@plant("predictions.parquet", refused=False)
def columns_of_one_value(path: Path) -> None:
    """Three million rows of one value each, in a few kilobytes."""
    import pyarrow as arrow
    from pyarrow import parquet

    rows = 3_000_000
    table = arrow.table({name: np.zeros(rows, np.int8) for name in ("label", "prediction")})
    parquet.write_table(table, path, compression="zstd")


@plant("aliases.yaml", refused=False)
def yaml_of_anchors(path: Path) -> None:
    """Four thousand anchors, each used once."""
    path.write_text("".join(f"a{i}: &x{i} {i}\nb{i}: *x{i}\n" for i in range(4_000)))
