"""The formats that are fuzzed: which reader, which seeds, which changes, how many executions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from netgain.readers.base import Entry, Limits
from tests.fuzz import containers as c
from tests.fuzz import values as v
from tests.fuzz.bytes_and_text import Mutator, mangle_text

BINARY, TEXT = 200_000, 20_000
"""Executions asked of each format."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format."""

    name: str
    """Name on the command line and of the folder of findings."""
    reader: str
    """Reader that is called."""
    change: Mutator
    """Change that keeps the format mostly whole; bytes are flipped besides."""
    goal: int = TEXT
    """Executions."""
    names: str = "."
    """Pattern of the file names whose seeds belong to it."""
    holds: bytes = b""
    """What the content of its seeds holds, where the name does not tell."""
    folder: str = ""
    """File inside the packed folder that is offered to the reader, where a seed is a folder."""


def _formats() -> Iterable[Format]:
    torch = r"\.(pt|pth|ckpt|bin|tar|pkl)$"
    for name, reader, change, names in (
        ("events", "TensorBoard event file", c.mangle_frames, "."),
        ("wandb", "W&B run", c.mangle_wandb, r"\.wandb$"),
        ("safetensors", "checkpoint", c.mangle_safetensors, r"\.safetensors$"),
        ("hf-arguments", "Hugging Face Trainer", c.mangle_zip, r"\.bin$"),
        ("inspect-eval", "inspect_ai log", c.mangle_zip, r"\.eval$"),
        ("npz", "array of samples", c.mangle_zip, r"\.npz$"),
        ("npz-predictions", "array of samples", c.mangle_zip, "prediction"),
        ("npy", "array of samples", c.mangle_npy, r"\.npy$"),
        ("idx", "array of samples", c.mangle_idx, r"ubyte|idx"),
        ("onnx", "ONNX model", c.mangle_protobuf, "."),
        ("gguf", "GGUF model", c.mangle_gguf, "."),
        ("parquet", "predictions", c.mangle_parquet, r"\.parquet$"),
        ("pdf", "PDF paper", c.mangle_pdf, "."),
    ):
        yield Format(name=name, reader=reader, change=change, names=names, goal=BINARY)
    for name, reader, change, names, holds in (
        ("torch-zip", "checkpoint", c.mangle_zip, torch, b"PK\x03\x04"),
        ("torch-pickle", "checkpoint", c.mangle_pickle, torch, b"\x80\x02"),
        ("mlflow-sqlite", "SQLite store", c.mangle_sqlite, ".", b"run_uuid"),
        ("optuna-sqlite", "SQLite store", c.mangle_sqlite, ".", b"trial_values"),
    ):
        yield Format(name=name, reader=reader, change=change, names=names, holds=holds, goal=BINARY)
    yield Format(name="git", reader="git history", change=c.mangle_repository, goal=BINARY,
                 names=r"repository\.zip$", folder=".git/HEAD")  # fmt: skip
    yield Format(
        name="sharded-index",
        reader="sharded checkpoint",
        change=c.mangle_folder,
        names=r"model\.zip$",
        folder="model.safetensors.index.json",
    )
    yield Format(name="mlflow-files", reader="MLflow file store", change=c.mangle_folder,
                 names=r"store\.zip$", folder="meta.yaml")  # fmt: skip
    for name, reader, change, names in (
        ("csv", "metric log", v.mangle_table, r"\.csv$"),
        ("tsv", "metric log", v.mangle_table, r"\.tsv$"),
        ("jsonl", "metric log", v.mangle_lines, r"\.(jsonl|ndjson)$"),
        ("json", "metric log", v.mangle_json, r"\.json$"),
        ("settings-json", "settings file", v.mangle_json, r"\.json$"),
        ("settings-yaml", "settings file", v.mangle_yaml, r"\.ya?ml$"),
        ("settings-toml", "settings file", mangle_text, r"\.toml$"),
        ("settings-text", "settings file", mangle_text, r"\.txt$"),
        ("script-record", "record of a script", mangle_text, "."),
        ("text-log", "text log", mangle_text, "."),
        ("markdown", "Markdown document", mangle_text, "."),
        ("latex", "LaTeX source", mangle_text, "."),
        ("html", "HTML page", mangle_text, "."),
        ("python", "defaults in code", mangle_text, "."),
        ("notebook", "Jupyter notebook", v.mangle_json, "."),
        ("launch-script", "launch script", mangle_text, "."),
        ("mllog", "MLPerf log", v.mangle_marked, r"\.txt$"),
        ("mlperf-system", "MLPerf log", v.mangle_json, r"\.json$"),
        ("trainer-state", "Hugging Face Trainer", v.mangle_json, r"\.json$"),
        ("lm-eval", "lm-evaluation-harness results", v.mangle_json, "."),
        ("lm-eval-samples", "lm-evaluation-harness samples", v.mangle_lines, r"\.jsonl$"),
        ("lm-eval-old", "lm-evaluation-harness samples", v.mangle_json, r"\.json$"),
        ("inspect-json", "inspect_ai log", v.mangle_json, r"\.json$"),
        ("optuna-journal", "Optuna journal", v.mangle_lines, "."),
        ("ray-json", "Ray Tune trial", v.mangle_lines, r"\.json$"),
        ("ray-csv", "Ray Tune trial", v.mangle_table, r"\.csv$"),
        ("tuning-report", "tuning report", v.mangle_json, r"\.json$"),
        ("tuning-sweep", "tuning report", v.mangle_yaml, r"\.ya?ml$"),
        ("helm", "HELM run", v.mangle_json, "."),
        ("ratings-csv", "ratings", v.mangle_table, r"\.(csv|tsv|txt)$"),
        ("pairwise-json", "judgements", v.mangle_json, r"\.json$"),
        ("pairwise-jsonl", "judgements", v.mangle_lines, r"\.jsonl$"),
        ("pairwise-csv", "judgements", v.mangle_table, r"\.(csv|tsv)$"),
        ("predictions-csv", "predictions", v.mangle_table, r"\.(csv|tsv|txt)$"),
        ("predictions-json", "predictions", v.mangle_json, r"\.json$"),
        ("predictions-jsonl", "predictions", v.mangle_lines, r"\.(jsonl|ndjson)$"),
        ("wandb-json", "W&B run", v.mangle_json, r"\.json$"),
        ("wandb-yaml", "W&B run", v.mangle_yaml, r"\.ya?ml$"),
        ("lightning-csv", "Lightning CSV logger", v.mangle_table, r"\.csv$"),
        ("lightning-yaml", "Lightning CSV logger", v.mangle_yaml, r"\.ya?ml$"),
        ("timm", "timm training script", mangle_text, "."),
        ("openmmlab-config", "OpenMMLab run", mangle_text, r"\.py$"),
        ("openmmlab-json", "OpenMMLab run", v.mangle_lines, r"\.json$"),
        ("openmmlab-log", "OpenMMLab run", mangle_text, r"\.log$"),
        ("nnunet-log", "nnU-Net results", mangle_text, r"\.txt$"),
        ("nnunet-json", "nnU-Net results", v.mangle_json, r"\.json$"),
        ("recording", "netgain recording", v.mangle_lines, "."),
    ):
        yield Format(name=name, reader=reader, change=change, names=names)


FORMATS = {each.name: each for each in _formats()}
"""Every format by name."""


def entry_of(path: Path, root: Path) -> Entry:
    """Offer a file as the walk over a folder does."""
    return Entry(path=path, display=str(path), size=path.stat().st_size, root=root)


LIMITS = Limits()
"""The limits every user has."""


def belongs(form: Format, reader: str, name: str, content: bytes) -> bool:
    """Tell whether a seed that a reader claims is one of this format."""
    if form.name == "torch-pickle" and content.startswith(b"PK"):
        return False
    named = re.search(form.names, name, re.IGNORECASE) is not None
    return form.reader == reader and named and form.holds in content
