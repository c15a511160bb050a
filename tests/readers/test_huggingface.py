"""Hugging Face Trainer files."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import checkpoint, huggingface

from .conftest import ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]
STATE = {
    "epoch": 2.0,
    "global_step": 20,
    "max_steps": 20,
    "num_train_epochs": 2,
    "train_batch_size": 8,
    "log_history": [
        {"epoch": 1.0, "loss": 0.9, "learning_rate": 5e-5, "step": 10},
        {"epoch": 1.0, "eval_loss": 0.8, "eval_accuracy": 0.6, "eval_runtime": 3.0, "step": 10},
        {"epoch": 2.0, "loss": 0.5, "learning_rate": 0.0, "step": 20},
        {"epoch": 2.0, "eval_loss": 0.7, "eval_accuracy": 0.7, "eval_runtime": 3.0, "step": 20},
        {"epoch": 2.0, "train_loss": 0.7, "train_runtime": 60.0, "total_flos": 1e12, "step": 20},
    ],
}


def test_state_separates_curves_summary_and_settings(write: Write, read_run: ReadRun) -> None:
    """Train and evaluation rows merge by key; the closing row is a final and the cost of the run."""
    run = read_run(huggingface.READER, write("trainer_state.json", json.dumps(STATE, indent=1)))
    curves = {s.key: (s.steps, s.values) for s in run.series}
    assert curves["loss"] == ((10.0, 20.0), (0.9, 0.5))
    assert curves["eval_accuracy"] == ((10.0, 20.0), (0.6, 0.7))
    assert "eval_runtime" not in curves
    assert [(f.key, f.value) for f in run.finals] == [("train_loss", 0.7)]
    settings = {s.key: (s.value, s.strength) for s in run.settings}
    assert settings["train_batch_size"] == (8, "configured")
    assert settings["global_step"] == (20, "logged")
    assert settings["train_runtime"] == (60.0, "logged")


def test_lines_of_the_state_are_cited(write: Write, read_run: ReadRun) -> None:
    """A value points to the line of its key."""
    path = write("trainer_state.json", json.dumps(STATE, indent=1))
    run = read_run(huggingface.READER, path)
    source = next(s.source for s in run.settings if s.key == "max_steps")
    assert source.line is not None
    assert path.read_text().splitlines()[source.line - 1].strip() == '"max_steps": 20,'


def test_predict_results_are_test_scores(write: Write, read_run: ReadRun) -> None:
    """What `predict` wrote is of the test split, whatever prefix the key has."""
    text = json.dumps({"predict_accuracy": 0.9, "predict_runtime": 1.0, "predict_samples": 50})
    run = read_run(huggingface.READER, write("predict_results.json", text))
    assert [(f.key, f.value) for f in run.finals] == [("test_accuracy", 0.9)]
    assert {s.key: s.value for s in run.settings}["predict_samples"] == 50


def _arguments(write: Write, payload: bytes) -> Path:
    path = write("training_args.bin", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training_args/data.pkl", payload)
    return path


def test_pickled_arguments_are_read_without_a_call(write: Write, tmp_path: Path) -> None:
    """A pickle that would create a folder when loaded gives its fields and creates nothing."""
    marker = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(marker),))

    payload = pickle.dumps({"seed": 42, "trap": Trap(), "hub_token": "s3cret"}, protocol=2)
    path = _arguments(write, payload)
    (run,) = huggingface.read(entry_of(path), huggingface.Limits())
    values = {s.key: s.value for s in run.settings}
    assert values["seed"] == 42
    assert "hub_token" not in values
    assert not marker.exists()
    pickle.loads(payload)  # the trap is live: Python's own unpickler springs it
    assert marker.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git-LFS pointer"),
        (b"", "empty file"),
        (b"PK\x03\x04 broken", "damaged torch archive"),
        (b"plain words", "neither a torch archive nor a pickle"),
        (b"\x80\x02cos\nsystem\n", "cut off"),
    ],
)
def test_other_content_under_the_name_gives_one_line(
    write: Write, content: bytes, said: str
) -> None:
    """A pointer, an empty or a damaged file is named for what it is."""
    with pytest.raises(UnreadableFile, match=said):
        list(huggingface.read(entry_of(write("training_args.bin", content)), huggingface.Limits()))


@pytest.mark.parametrize(
    "text", ["[1, 2]", '{"epoch": 1}', '{"log_history": 3}', '{"log_history": [', "[" * 5000]
)
def test_a_state_of_another_form_gives_one_line(write: Write, text: str) -> None:
    """Wrong type, missing history, cut and endlessly nested JSON are all refused in one line."""
    with pytest.raises(UnreadableFile):
        list(huggingface.read(entry_of(write("trainer_state.json", text)), huggingface.Limits()))


@pytest.mark.real_data
def test_real_arguments_show_all_fields_but_the_secret_one(
    real_data: Path, read_run: ReadRun
) -> None:
    """118 fields of a real TrainingArguments but its hub_token; enums show their value."""
    run = read_run(huggingface.READER, real_data / "hf/edgeai/training_args.bin")
    values = {s.key: s.value for s in run.settings}
    assert len(run.settings) == 117
    assert (values["seed"], values["learning_rate"], values["lr_scheduler_type"]) == (
        42,
        5e-05,
        "linear",
    )


@pytest.mark.real_data
def test_real_pointer_is_named(real_data: Path) -> None:
    """The second real file was never fetched from Git LFS."""
    path = real_data / "hf/t5_summarization/training_args.bin"
    with pytest.raises(UnreadableFile, match="Git-LFS"):
        list(huggingface.read(entry_of(path), huggingface.Limits()))


@pytest.mark.real_data
def test_real_state_counts_430_logged_losses(real_data: Path, read_run: ReadRun) -> None:
    """The summarisation run logged its loss 430 times up to step 215,000 of 215,337."""
    run = read_run(huggingface.READER, real_data / "hf/t5_summarization/trainer_state.json")
    loss = next(s for s in run.series if s.key == "loss")
    assert (len(loss.values), loss.steps[-1], loss.source.line) == (430, 215000.0, 16)
    assert {s.key: s.value for s in run.settings}["train_batch_size"] == 4


@pytest.mark.real_data
def test_real_results_keep_their_scale(real_data: Path, read_run: ReadRun) -> None:
    """ROUGE-1 stays 41.6324 points; the number of training samples is evidence of budget."""
    run = read_run(huggingface.READER, real_data / "hf/t5_summarization/all_results.json")
    assert {f.key: f.value for f in run.finals}["eval_rouge1"] == 41.6324
    assert {s.key: s.value for s in run.settings}["train_samples"] == 287113


def test_the_state_of_random_generators_is_no_model(write: Write) -> None:
    """`rng_state.pth` beside a checkpoint holds tensors that are no parameters."""
    path = write("checkpoint-500/rng_state.pth", b"PK\x03\x04 and so on")
    assert not checkpoint.READER.sniff(entry_of(path))
