"""Checkpoints and the pickle machine."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import checkpoint
from netgain.readers._pickle import Inert, load

from .conftest import ReadRun, entry_of

Write = Callable[[str, str | bytes], Path]


def _safetensors(tensors: dict[str, tuple[str, list[int], int]]) -> bytes:
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    header = json.dumps(table).encode()
    return struct.pack("<Q", len(header)) + header + bytes(end)


BATCH_NORM = {
    "conv.weight": ("F32", [4, 3, 3, 3], 432),
    "bn.weight": ("F32", [4], 16),
    "bn.bias": ("F32", [4], 16),
    "bn.running_mean": ("F32", [4], 16),
    "bn.running_var": ("F32", [4], 16),
}


def test_safetensors_shapes_parameters_and_batch_norm(write: Write, read_run: ReadRun) -> None:
    """108 + 4 + 4 trainable numbers; running statistics are buffers and show a batch norm."""
    run = read_run(checkpoint.READER, write("model.safetensors", _safetensors(BATCH_NORM)))
    assert run.model is not None
    assert run.model.parameters is not None
    assert run.model.parameters.value == 116
    assert [(c.name, c.where) for c in run.model.components] == [("batch-norm", ("bn",))]
    assert run.model.tensors[0].shape == (4, 3, 3, 3)
    assert run.model.averaged_weights is None


def test_one_shard_does_not_count_the_model(write: Write, read_run: ReadRun) -> None:
    """A file of several shards holds a part; its sum is not the number of parameters."""
    path = write("model-00001-of-00002.safetensors", _safetensors(BATCH_NORM))
    run = read_run(checkpoint.READER, path)
    assert run.model is not None
    assert run.model.parameters is None
    assert len(run.model.tensors) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_safetensors(BATCH_NORM)[:-8], "cut off"),
        (b"\x05", "no whole safetensors header"),
        (struct.pack("<Q", 2**60) + b"{}", "no whole safetensors header"),
        (struct.pack("<Q", 4) + b"nope", "damaged safetensors header"),
        (struct.pack("<Q", 12) + b'{"a": "odd"}', "damaged safetensors header at 'a'"),
    ],
)
def test_damaged_safetensors_give_one_line(write: Write, content: bytes, said: str) -> None:
    """Cut data, an absurd header length and a header of another form are named."""
    with pytest.raises(UnreadableFile, match=said):
        list(checkpoint.read(entry_of(write("m.safetensors", content)), checkpoint.Limits()))


def _archive(write: Write, name: str, payload: bytes) -> Path:
    path = write(name, b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
    return path


def test_a_malicious_checkpoint_runs_nothing(write: Write, tmp_path: Path) -> None:
    """A pickle whose loading creates a folder is read as far as it is a checkpoint, and creates none."""
    marker = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(marker),))

    path = _archive(write, "m.ckpt", pickle.dumps({"global_step": 7, "state_dict": Trap()}, 2))
    (run,) = checkpoint.read(entry_of(path), checkpoint.Limits())
    assert [(s.key, s.value, s.strength) for s in run.settings] == [("steps", 7, "measured")]
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_the_machine_reads_every_protocol(protocol: int) -> None:
    """Plain values come back equal under all six pickle protocols."""
    value = {"a": [1, -2, 2**70, 1.5, None, True, False], "b": ("x", (b"raw",)), "c": {"n": []}}
    if protocol < 3:
        value["b"] = ("x", ("raw",))
    assert load(pickle.dumps(value, protocol))[0] == value


def test_the_machine_keeps_calls_as_records() -> None:
    """A class that would be built is kept by name with what it would have been given."""
    found, _ = load(pickle.dumps(complex(1, 2), 2))
    assert isinstance(found, Inert)
    assert (found.name.rsplit(".", 1)[-1], found.args) == ("complex", (1.0, 2.0))


def test_a_deeply_nested_key_does_not_exhaust_the_stack() -> None:
    """Hashing a tuple nested 300,000 deep would crash the interpreter; such a key is replaced."""
    payload = b"\x80\x02})" + b"\x85" * 300_000 + b"K\x01s."
    found, _ = load(payload)
    assert list(found.values()) == [1]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x80\x02}", b"\x80\x02\xfe.", b"\x80\x02t.", b"\x80\x02X\xff\xff\xff\x7fa.", b"."],
)
def test_a_damaged_pickle_gives_one_line(payload: bytes) -> None:
    """Cut, unknown and absurd opcodes are all refused the same way."""
    with pytest.raises(UnreadableFile):
        load(payload)


def test_a_pickle_that_unpacks_too_large_is_refused(write: Write) -> None:
    """The limit on unpacked bytes holds before anything is unpacked."""
    path = write("bomb.pt", b"")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))
    with pytest.raises(UnreadableFile, match="over the limit"):
        list(checkpoint.read(entry_of(path), checkpoint.Limits(unpacked_bytes=1_000_000)))


@pytest.fixture
def trained(tmp_path: Path) -> dict[str, Path]:
    """Write a small trained network in the forms that training scripts use."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(144, 2),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(2, 3, 8, 8)).sum().backward()
        optimizer.step()
        averaged.update_parameters(model)
    saved = {
        "plain": model.state_dict(),
        "averaged": averaged.state_dict(),
        "timm": {
            "state_dict": model.state_dict(),
            "state_dict_ema": averaged.module.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": 2,
        },
        "no_ema": {"model": model.state_dict(), "ema": None},
        "whole": model,
    }
    paths = {name: tmp_path / f"{name}.pt" for name in saved}
    for name, content in saved.items():
        torch.save(content, paths[name])
    paths["old"] = tmp_path / "old.pth"
    torch.save(model.state_dict(), paths["old"], _use_new_zipfile_serialization=False)
    return paths


@pytest.mark.torch
@pytest.mark.parametrize("form", ["plain", "averaged", "timm", "no_ema", "whole", "old"])
def test_parameters_are_counted_in_every_form(
    trained: dict[str, Path], read_run: ReadRun, form: str
) -> None:
    """112 + 8 + 290 numbers are trained, whichever way the checkpoint keeps them."""
    model = read_run(checkpoint.READER, trained[form]).model
    assert model is not None
    assert model.parameters is not None
    assert model.parameters.value == 410


@pytest.mark.torch
@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("plain", None),
        ("no_ema", None),
        ("whole", None),
        ("averaged", "n_averaged"),
        ("timm", "state_dict_ema"),
    ],
)
def test_averaged_weights_leave_a_sign(
    trained: dict[str, Path], read_run: ReadRun, form: str, sign: str | None
) -> None:
    """A counter of averaged steps or a second set of weights is seen; an empty slot is no sign."""
    model = read_run(checkpoint.READER, trained[form]).model
    assert model is not None
    assert (model.averaged_weights.value if model.averaged_weights else None) == sign


@pytest.mark.torch
def test_optimizer_steps_and_batches_are_measured(
    trained: dict[str, Path], read_run: ReadRun
) -> None:
    """Adam's own step counter and the batch norm's count of batches are read as numbers."""
    run = read_run(checkpoint.READER, trained["timm"])
    values = {s.key: (s.value, s.strength) for s in run.settings}
    assert values["steps"] == (3, "measured")
    assert values["num_batches_tracked"] == (3, "measured")


@pytest.mark.torch
def test_a_whole_pickled_module_shows_its_components(
    trained: dict[str, Path], read_run: ReadRun
) -> None:
    """Class names of a pickled module give activation and normalization without building it."""
    model = read_run(checkpoint.READER, trained["whole"]).model
    assert model is not None
    assert [(c.kind, c.name, c.where) for c in model.components] == [
        ("normalization", "batch-norm", ("1",)),
        ("activation", "relu", ("2",)),
    ]


@pytest.mark.torch
def test_a_cut_checkpoint_gives_one_line(trained: dict[str, Path], tmp_path: Path) -> None:
    """A download that broke off is named as damaged."""
    path = tmp_path / "cut.pt"
    path.write_bytes(trained["plain"].read_bytes()[:1500])
    with pytest.raises(UnreadableFile, match="damaged torch archive"):
        list(checkpoint.read(entry_of(path), checkpoint.Limits()))


@pytest.mark.real_data
def test_real_lightning_checkpoint_counts_what_its_log_says(
    real_data: Path, read_run: ReadRun
) -> None:
    """version_3 trained 101,770 parameters for 9,380 steps in 10 epochs."""
    (path,) = real_data.glob("mlflow_files/lightning_logs/version_3/checkpoints/*.ckpt")
    run = read_run(checkpoint.READER, path)
    values = {s.key: s.value for s in run.settings}
    assert (values["steps"], values["epochs"]) == (9380, 10)
    assert run.model is not None
    assert run.model.parameters is not None
    assert run.model.parameters.value == 784 * 128 + 128 + 128 * 10 + 10


def test_a_shape_that_does_not_fit_its_bytes_is_damage(write: Write) -> None:
    """A header can claim any shape; the bytes it names tell."""
    content = _safetensors({"w": ("F32", [2**40, 2**40], 4)})
    with pytest.raises(UnreadableFile, match="shape does not fit"):
        list(checkpoint.read(entry_of(write("m.safetensors", content)), checkpoint.Limits()))


@pytest.mark.torch
@pytest.mark.parametrize("zipped", [True, False])
def test_arguments_saved_beside_the_weights_are_settings(
    tmp_path: Path, read_run: ReadRun, zipped: bool
) -> None:
    """A namespace under `args` states what was configured; its secrets are left out."""
    torch = pytest.importorskip("torch")
    saved = {
        "model": {"weight": torch.zeros(2, 2)},
        "args": argparse.Namespace(lr=0.1, batch_size=64, api_key="x"),
    }
    path = tmp_path / "last.pth"
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    run = read_run(checkpoint.READER, path)
    assert {s.key: (s.value, s.strength) for s in run.settings} == {
        "lr": (0.1, "configured"),
        "batch_size": (64, "configured"),
    }
