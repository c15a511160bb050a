"""Binary files whose headers lie."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tests.hostile import marker, plant


def _safetensors(path: Path, header: object, body: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


@plant("a.safetensors")
def header_of_exabytes(path: Path) -> None:
    """A header length of 2 to the 62."""
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")


@plant("b.safetensors")
def shape_of_exabytes(path: Path) -> None:
    """A shape whose product overflows."""
    _safetensors(
        path, {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, b"\0" * 4
    )


@plant("c.safetensors")
def offsets_beyond_the_end(path: Path) -> None:
    """Data that stands after the end of the file."""
    _safetensors(path, {"w": {"dtype": "F32", "shape": [2], "data_offsets": [10**12, 10**12 + 8]}})


@plant("d.safetensors")
def negative_shape(path: Path) -> None:
    """A negative size."""
    _safetensors(path, {"w": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}, b"\0" * 16)


@plant("e.safetensors")
def deep_header(path: Path) -> None:
    """A header nested a hundred thousand deep."""
    _safetensors(path, b'{"w":' * 100_000 + b"1" + b"}" * 100_000)


@plant("f.safetensors")
def header_of_another_kind(path: Path) -> None:
    """A header that is a list."""
    _safetensors(path, ["w"])


@plant("train_x.npy")
def header_with_code(path: Path) -> None:
    """A NumPy header that is an expression."""
    code = f"__import__('os').system('touch {marker(path)}')"
    text = f"{{'descr': {code}, 'shape': (1,), 'fortran_order': False}}"
    text = text.ljust(246) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())


@plant("train_data.npy")
def array_of_exabytes(path: Path) -> None:
    """A NumPy shape larger than any memory."""
    text = (
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1048576), }".ljust(117)
        + "\n"
    )
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())


@plant("test-images-idx3-ubyte")
def images_without_end(path: Path) -> None:
    """An IDX header that claims more images than there are bytes."""
    path.write_bytes(struct.pack(">IIII", 0x803, 2**31, 2**31, 2**31) + b"\0" * 100)


@plant("store.db")
def damaged_store(path: Path) -> None:
    """SQLite's first bytes and noise."""
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)


@plant("events.out.tfevents.1.noise")
def events_of_noise(path: Path) -> None:
    """An event file of noise."""
    path.write_bytes(bytes(range(256)) * 40)


@plant("events.out.tfevents.2.long")
def event_of_exabytes(path: Path) -> None:
    """A record that claims 2 to the 60 bytes."""
    path.write_bytes(struct.pack("<QI", 2**60, 0) + b"abc")


@plant("run-a.wandb")
def record_beyond_the_block(path: Path) -> None:
    """A W&B record that claims more than its block."""
    path.write_bytes(b":W&B\xe1\xbe\x00" + struct.pack("<IHB", 0, 65535, 1) + b"\xff" * 100)


@plant("run-b.wandb")
def endless_continuation(path: Path) -> None:
    """A W&B log of middle parts without a first."""
    block = struct.pack("<IHB", 0, 32768 - 7, 3) + b"\x0a" * (32768 - 7)
    path.write_bytes(b":W&B\xe1\xbe\x00" + block[7:] + block * 40)


@plant("a.onnx")
def graph_of_noise(path: Path) -> None:
    """An ONNX file of noise."""
    path.write_bytes(b"\x08\x07\x12\x07pytorch" + b"\xff" * 300)


@plant("b.onnx")
def deep_graph(path: Path) -> None:
    """Messages inside messages, until the lengths run out."""
    body = b""
    for _ in range(3000):
        n, length = len(body), b""
        while n > 127:
            length += bytes([n & 127 | 128])
            n >>= 7
        body = b"\x3a" + length + bytes([n]) + body
    path.write_bytes(b"\x08\x07" + body)


@plant("a.gguf")
def tensors_of_exabytes(path: Path) -> None:
    """A GGUF header that claims 2 to the 60 tensors."""
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))


@plant("b.gguf")
def string_of_exabytes(path: Path) -> None:
    """A GGUF key that claims 2 to the 62 bytes."""
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 2**62) + b"abc")


@plant("c.gguf")
def deep_arrays(path: Path) -> None:
    """A GGUF array of arrays of arrays."""
    path.write_bytes(
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9)
        + struct.pack("<IQ", 9, 1) * 50_000
    )  # fmt: skip


@plant("predictions.parquet")
def damaged_columns(path: Path) -> None:
    """Parquet's first and last bytes and noise."""
    path.write_bytes(b"PAR1" + b"\xff" * 500 + struct.pack("<I", 2**31 - 1) + b"PAR1")


@plant("paper.pdf")
def damaged_paper(path: Path) -> None:
    """A PDF whose pages point at themselves."""
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999999>>endobj\n"
        b"trailer<</Root 1 0 R/Size 3/Prev 0>>\nstartxref\n0\n%%EOF"
    )


@plant("model.safetensors.index.json")
def index_of_paths_out(path: Path) -> None:
    """Shards that lie outside the folder."""
    path.write_text(json.dumps({
        "metadata": {"total_size": 2**70},
        "weight_map": {"a": "../../../../etc/passwd", "b": "/etc/shadow", "c": "x\u0000y"},
    }))  # fmt: skip


@plant("supplement.pdf")
def paper_of_itself(path: Path) -> None:
    """A PDF whose root stands for itself, which keeps a reader going round for ever."""
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >/Length> endobj\n"
        b"trailer << /Root 1 0 R >>\n%%EOF"
    )


@plant("x_train.npy")
def header_without_end(path: Path) -> None:
    """A NumPy header with a bracket that never closes."""
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())


@plant("events.out.tfevents.3.short")
def event_of_gigabytes(path: Path) -> None:
    """A short event file that claims a record of three gigabytes."""
    path.write_bytes(struct.pack("<QI", 3 * 2**30, 0) + b"abc" * 100)


@plant("c.onnx")
def shapes_of_nothing(path: Path) -> None:
    """An ONNX model whose external values have a name of several lines."""
    outside = b"\x0a\x08location\x12\x05a\n\nbc"
    tensor = b"\x08\x04\x10\x01\x42\x01w" + b"\x6a" + bytes([len(outside)]) + outside + b"\x70\x01"
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    path.write_bytes(b"\x08\x08\x12\x07pytorch\x3a" + bytes([len(graph)]) + graph)
