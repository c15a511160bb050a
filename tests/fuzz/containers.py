"""Changes inside binary containers that leave them whole: members, records, fields, opcodes, pages."""

from __future__ import annotations

import gzip
import io
import json
import pickletools
import random
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cache

from tests.fuzz.bytes_and_text import EDGES, LARGEST, TOKENS, mangle, mangle_text
from tests.fuzz.values import change, hostile, mangle_json

BLOCK = 32_768
"""Bytes of a block of W&B's log."""


def mangle_zip(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change one member, its name or its packing, and write the archive anew with right checksums."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at, kind = rng.randrange(len(members)), rng.randrange(12)
    name, content = members[at]
    if kind < 8:
        members[at] = (name, _member(name, content, rng))
    elif kind == 8:
        members[at] = (
            rng.choice((*TOKENS, "data.pkl", "x/y.npy", "header.json"))[:100] or "x",
            content,
        )
    elif kind == 9:
        members.pop(at)
    elif kind == 10:
        members.append((name, _member(name, content, rng)))
    else:
        rng.shuffle(members)
    buffer = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(_info(name, method), content)
    return buffer.getvalue()[: 4 * LARGEST]


def _info(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name.replace("\0", "_").encode("utf-8", "replace").decode())
    info.compress_type = method
    return info


def _member(name: str, content: bytes, rng: random.Random) -> bytes:
    """Change one member in the way of its own format."""
    try:
        if name.endswith(".json"):
            return mangle_json(content, rng, ())
        if name.endswith(".pkl"):
            return mangle_pickle(content, rng, ())
        if name.endswith(".npy"):
            return mangle_npy(content, rng, ())
    except (ValueError, IndexError, KeyError, RecursionError):
        pass
    return mangle(content, rng, ())


def mangle_pickle(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Drop, repeat, swap, insert and alter opcodes; else bytes."""
    if rng.random() < 0.3:
        return mangle(data, rng, pool)
    places = [place for _, _, place in pickletools.genops(data) if place is not None]
    parts = [data[a:b] for a, b in zip(places, [*places[1:], len(data)], strict=True)]
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, kind = rng.randrange(len(parts)), rng.randrange(6)
        if kind == 0:
            del parts[at]
        elif kind == 1:
            parts[at:at] = [parts[at]] * rng.choice((1, 2, 200))
        elif kind == 2:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 3:
            parts.insert(at, _opcode(rng))
        elif kind == 4:
            parts[at] = parts[at][:1] + mangle(parts[at][1:] or b"\0", rng, ())[:300]
        else:
            parts[at] = _opcode(rng)
        if not parts:
            return data
    return b"".join(parts)[:LARGEST]


@cache
def _opcodes() -> tuple[bytes, ...]:
    return tuple(code.code.encode("latin-1") for code in pickletools.opcodes)


def _opcode(rng: random.Random) -> bytes:
    code = rng.choice(_opcodes())
    many = rng.choice((
        b"", rng.randbytes(1), struct.pack("<I", rng.choice(EDGES) % 2**32), b"\x03\0\0\0abc", b"abc\n",
        b"torch\nFloatStorage\n", b"builtins\neval\n", b"1\n", b"9" * 5000 + b"\n", struct.pack("<Q", 2**60),
    ))  # fmt: skip
    return code + many


def mangle_npy(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change the text of a NumPy header and set its length right; else bytes."""
    if rng.random() < 0.4 or not data.startswith(b"\x93NUMPY"):
        return mangle(data, rng, pool)
    (length,) = struct.unpack_from("<H", data, 8)
    header, body = data[10 : 10 + length], data[10 + length :]
    if rng.random() < 0.6:
        kind = rng.choice((
            "<f8", "|b1", "|O", "<U5", "|S3", ">i4", "<c16", "|V8", "<M8[ns]", "<f2", "[('a', '<f4')]", "|u1",
            "<U0", "|S0", "|V0", "<U2000000000",
        ))  # fmt: skip
        shape = tuple(rng.choice((*EDGES, -1)) for _ in range(rng.randrange(4)))
        header = repr({"descr": kind, "fortran_order": rng.random() < 0.3, "shape": shape}).encode()
    else:
        header = mangle_text(header, rng, pool)
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header) % 65_536) + header + body


def mangle_idx(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change the header of an IDX file, packed or not; else bytes."""
    packed = data[:2] == b"\x1f\x8b"
    plain = gzip.decompress(data) if packed else data
    if rng.random() < 0.5:
        sizes = [rng.choice((*EDGES[:20], 2**31, 2**32 - 1)) for _ in range(rng.randrange(6))]
        magic = bytes(
            [0, 0, rng.choice((8, 9, 11, 12, 13, 14, 7)), rng.choice((len(sizes), 0, 9, 255))]
        )
        plain = magic + b"".join(struct.pack(">I", size) for size in sizes) + plain[16:]
    else:
        plain = mangle(plain, rng, pool)
    return gzip.compress(plain, 1) if packed and rng.random() < 0.8 else plain


def mangle_safetensors(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change values of the header and set its length right; else bytes."""
    if rng.random() < 0.3:
        return mangle(data, rng, pool)
    (length,) = struct.unpack_from("<Q", data)
    header = json.dumps(change(json.loads(data[8 : 8 + length]), rng)).encode("utf-8", "replace")
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def varint(number: int) -> bytes:
    """Return a number in protobuf's form."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError


Field = tuple[int, int, bytes]
"""Number, wire type and content of one field."""


def _fields(data: bytes) -> list[Field]:
    found, at = [], 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == 0:
            end = _read_varint(data, at)[1]
        elif kind == 2:
            length, at = _read_varint(data, at)
            end = at + length
        elif kind in (1, 5):
            end = at + (8 if kind == 1 else 4)
        else:
            raise ValueError
        if end > len(data):
            raise ValueError
        found.append((tag >> 3, kind, data[at:end]))
        at = end
    return found


def _message(fields: list[Field]) -> bytes:
    return b"".join(
        varint(number << 3 | kind) + (varint(len(content)) if kind == 2 else b"") + content
        for number, kind, content in fields
    )


def mangle_protobuf(
    data: bytes, rng: random.Random, pool: Sequence[bytes], *, depth: int = 0
) -> bytes:
    """Go down into the fields of a message and change one of them; lengths stay right."""
    if depth == 0 and rng.random() < 0.25:
        return mangle(data, rng, pool)
    fields = _fields(data)
    if not fields:
        return rng.randbytes(3)
    at, choice = rng.randrange(len(fields)), rng.randrange(10)
    number, kind, content = fields[at]
    if kind == 2 and content and depth < 12 and choice < 7:
        try:
            inner = mangle_protobuf(content, rng, pool, depth=depth + 1)
        except (ValueError, IndexError):
            inner = _leaf(content, rng)
        fields[at] = (number, 2, inner)
    elif choice < 5:
        fields[at] = (number, kind, _leaf(content, rng) if kind == 2 else _scalar(kind, rng))
    elif choice == 5:
        del fields[at]
    elif choice == 6:
        fields[at:at] = [fields[at]] * rng.choice((1, 3, 200))
    elif choice == 7:
        fields[at] = (rng.choice((0, 1, 2, 3, 5, 7, 8, 11, 14, 15, 2**28)), kind, content)
    elif choice == 8:
        new = rng.choice((0, 1, 2, 5))
        fields[at] = (number, new, content if new == 2 else _scalar(new, rng))
    else:
        for _ in range(rng.choice((1, 20, 300))):
            content = _message([(number, 2, content)])
        fields[at] = (number, 2, content[:LARGEST])
    return _message(fields)


def _scalar(kind: int, rng: random.Random) -> bytes:
    if kind == 0:
        return varint(rng.choice(EDGES))
    if rng.random() < 0.5:
        number = rng.choice((float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e30, 1e-40))
        return struct.pack("<d" if kind == 1 else "<f", number)
    return rng.randbytes(8 if kind == 1 else 4)


def _leaf(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        value = hostile(rng)
        return json.dumps(value).encode()[:20_000]
    return mangle(content, rng, ()) if rng.random() < 0.6 else mangle_text(content, rng, ())


def mangle_frames(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change the message of one TensorBoard record and frame it anew, mostly with right checksums."""
    records = list(_frames(data))
    if not records or rng.random() < 0.15:
        return mangle(data, rng, pool)
    for _ in range(rng.choice((1, 1, 3))):
        at, kind = rng.randrange(len(records)), rng.randrange(10)
        if kind < 7:
            try:
                records[at] = mangle_protobuf(records[at], rng, pool)
            except (ValueError, IndexError):
                records[at] = mangle(records[at], rng, pool)
        elif kind == 7:
            records[at:at] = [records[at]] * rng.choice((1, 2, 40))
        elif kind == 8:
            rng.shuffle(records)
        elif len(records) > 1:
            del records[at]
    right = rng.random() < 0.7
    out = bytearray()
    for record in records:
        length = struct.pack("<Q", len(record))
        sums = (masked_crc(length), masked_crc(record)) if right and len(record) < 2000 else (0, 0)
        out += length + struct.pack("<I", sums[0]) + record + struct.pack("<I", sums[1])
    return bytes(out[: 2 * LARGEST])


def _frames(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 12 + length > len(data):
            return
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for n in range(256):
        value = n
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def masked_crc(data: bytes) -> int:
    """Return TensorFlow's checksum: CRC-32C, turned by 15 bits and shifted by a constant."""
    table, value = _crc_table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def mangle_wandb(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change one record of a W&B log and write the log anew, split over blocks."""
    records = list(_wandb_records(data))
    if not records or rng.random() < 0.2:
        return mangle(data, rng, pool)
    for _ in range(rng.choice((1, 1, 3))):
        at, kind = rng.randrange(len(records)), rng.randrange(10)
        if kind < 7:
            try:
                records[at] = mangle_protobuf(records[at], rng, pool)
            except (ValueError, IndexError):
                records[at] = mangle(records[at], rng, pool)
        elif kind == 7:
            records[at:at] = [records[at]] * rng.choice((1, 2, 40))
        elif kind == 8:
            rng.shuffle(records)
        elif len(records) > 1:
            del records[at]
    out = bytearray(data[:7])
    right = rng.random() < 0.7
    for record in records:
        _append(out, record, right=right)
    return bytes(out[: 2 * LARGEST])


def _append(out: bytearray, record: bytes, *, right: bool) -> None:
    rest, first = record, True
    while True:
        room = BLOCK - len(out) % BLOCK
        if room < 7:
            out += bytes(room)
            room = BLOCK
        piece, rest = rest[: room - 7], rest[room - 7 :]
        kind = (1 if not rest else 2) if first else (4 if not rest else 3)
        checksum = zlib.crc32(bytes([kind]) + piece) if right else 0
        out += struct.pack("<IHB", checksum, len(piece), kind) + piece
        first = False
        if not rest:
            return


def _wandb_records(data: bytes) -> Iterator[bytes]:
    at, parts = 7, b""
    while at + 7 <= len(data):
        room = BLOCK - at % BLOCK
        if room < 7:
            at += room
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        parts = (b"" if kind in (1, 2) else parts) + data[at + 7 : at + 7 + length]
        if kind in (1, 4):
            yield parts
        at += 7 + length


HOSTILE_SQL = (
    "UPDATE {t} SET {c} = {v}",
    "UPDATE {t} SET {c} = {v} WHERE rowid = 1",
    "UPDATE {t} SET {c} = {v} WHERE rowid = (SELECT max(rowid) FROM {t})",
    "UPDATE {t} SET {c} = (SELECT {d} FROM {t} LIMIT 1)",
    "INSERT INTO {t} SELECT * FROM {t} LIMIT 5",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE rowid % 2",
    "ALTER TABLE {t} RENAME COLUMN {c} TO {d}x",
    "ALTER TABLE {t} RENAME TO {t}_old",
    "DROP TABLE {t}",
    "ALTER TABLE {t} ADD COLUMN extra DEFAULT {v}",
    "INSERT INTO {t} ({c}) VALUES ({v})",
    "INSERT INTO {t} ({c}, {d}) VALUES ({v}, {v})",
)
SQL_VALUES = (
    "NULL", "0", "-1", "1.5", "''", "'a'", "x'00ff'", "1e999", "-1e999", "9223372036854775807",
    "-9223372036854775808", "9e99", "'NaN'", "'Infinity'", "zeroblob(100)", "x'c328'", "char(0)", "'1e5'",
    "'{\"name\": \"IntDistribution\"}'", "'[' || hex(zeroblob(3000)) || ']'", "'{}'", "'FINISHED'",
    "'COMPLETE'", "'deleted'",
    "'{\"name\":\"FloatDistribution\",\"attributes\":{\"low\":null}}'", "char(55296)",
)  # fmt: skip


def mangle_sqlite(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change a database by SQL, its stored schema, or the bytes of its pages."""
    if rng.random() < 0.5:
        return mangle(data, rng, pool) if rng.random() < 0.7 else _page(data, rng)
    store = sqlite3.connect(":memory:")
    try:
        store.deserialize(data)
        tables = [
            row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for _ in range(rng.choice((1, 1, 2, 4))):
            table = rng.choice(tables)
            names = [
                row[0] for row in store.execute("SELECT name FROM pragma_table_info(?)", (table,))
            ]
            try:
                store.execute(
                    rng.choice(HOSTILE_SQL).format(
                        t=f'"{table}"',
                        c=f'"{rng.choice(names)}"',
                        d=f'"{rng.choice(names)}"',
                        v=rng.choice(SQL_VALUES),
                    )
                )
            except (sqlite3.Error, IndexError):
                continue
        if rng.random() < 0.1:
            store.execute("PRAGMA writable_schema = ON")
            store.execute(
                "UPDATE sqlite_master SET sql = replace(sql, ?, ?)",
                (rng.choice((" ", "(", ",", "text", "TEXT")), rng.choice(TOKENS)),
            )
        store.commit()
        return store.serialize()
    except sqlite3.Error as error:
        raise ValueError from error
    finally:
        store.close()


def _page(data: bytes, rng: random.Random) -> bytes:
    """Change the head of one page, where its kind and its cells are told."""
    size = struct.unpack_from(">H", data, 16)[0] or 512
    size = 65_536 if size == 1 else max(size, 512)
    out, start = bytearray(data), size * rng.randrange(max(len(data) // size, 1))
    for _ in range(rng.choice((1, 3))):
        at = start + rng.randrange(min(40, size))
        if at < len(out):
            out[at] = rng.choice((0, 1, 2, 5, 10, 13, 255, rng.randrange(256)))
    return bytes(out)


def mangle_parquet(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change bytes of the description at the end and keep its length right; else bytes anywhere."""
    if rng.random() < 0.3:
        return mangle(data, rng, pool)
    (length,) = struct.unpack_from("<I", data, len(data) - 8)
    body, footer = data[: -8 - length], data[-8 - length : -8]
    out = bytearray(footer)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, kind = rng.randrange(len(out)), rng.randrange(4)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            out[at:at] = varint(rng.choice(EDGES))
        else:
            del out[at : at + rng.choice((1, 1, 4))]
    return body + bytes(out) + struct.pack("<I", len(out)) + b"PAR1"


def mangle_pdf(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change numbers, names and operators of a PDF, also inside packed streams; else bytes."""
    kind = rng.random()
    if kind < 0.25:
        return mangle(data, rng, pool)
    streams = list(re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL))
    if streams and kind < 0.6:
        found = rng.choice(streams)
        content = found[1]
        try:
            changed = zlib.compress(_pdf_text(zlib.decompress(content), rng), 1)
        except zlib.error:
            changed = _pdf_text(content, rng)
        return data[: found.start(1)] + changed + data[found.end(1) :]
    return _pdf_text(data, rng)


PDF_WORDS = (
    b"/Length", b"/Kids", b"/Parent", b"/Filter /FlateDecode", b"/Filter [/FlateDecode /FlateDecode]",
    b"/Filter /ASCIIHexDecode", b"/Filter /LZWDecode", b"/Filter /RunLengthDecode", b"/Encrypt", b"/Prev 0",
    b"/Type /ObjStm", b"/MediaBox [0 0 1e9 1e9]", b"/MediaBox []", b"/Resources", b"/Font", b"/Root",
    b"1 0 R", b"2 0 R", b"3 0 R", b"9 0 R", b"null", b"true", b"<<", b">>", b"[", b"]", b"(", b")", b"<",
    b">",
    b"q ", b"Q ", b"BT ", b"ET ", b"Tj ", b"TJ ", b"cm ", b"Tm ", b"/F1 ", b"Tf ", b"0 0 0 0 0 0 Tm", b"Do ",
    b"BI ID EI ", b"1 Tr ", b"/Rotate 90", b"/DecodeParms << /Predictor 12 /Columns 99999999 >>",
    b"/ToUnicode 4 0 R", b"/W [1 [0]]", b"/Differences [0 /a]", b"/Subtype /Type0", b"/Subtype /Type3",
)  # fmt: skip


def _pdf_text(data: bytes, rng: random.Random) -> bytes:
    out = data
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, kind = rng.randrange(len(out) + 1), rng.randrange(6)
        if kind < 2:
            number = re.compile(rb"-?\d+(?:\.\d+)?").search(out, at)
            if number is not None:
                new = str(rng.choice((*EDGES, -1, 1e9, 0.5, -1e30))).encode()
                out = out[: number.start()] + new + out[number.end() :]
        elif kind == 2:
            out = out[:at] + rng.choice(PDF_WORDS) + out[at:]
        elif kind == 3:
            word = re.compile(rb"/?\w+").search(out, at)
            if word is not None:
                out = out[: word.start()] + rng.choice(PDF_WORDS) + out[word.end() :]
        elif kind == 4:
            piece = out[at : at + rng.choice((4, 30, 200))]
            out = out[:at] + piece * rng.choice((1, 3, 60)) + out[at:]
        else:
            out = out[:at] + out[at + rng.choice((1, 5, 60)) :]
    return out[:LARGEST]


def mangle_gguf(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Set the lengths and kinds of a GGUF header, which stand as little-endian words; else bytes."""
    if rng.random() < 0.4:
        return mangle(data, rng, pool)
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        words = [m.start() for m in re.finditer(rb"[\x00-\x40]\0\0\0", data)] or [0]
        at = rng.choice(words)
        width = rng.choice((4, 8))
        out[at : at + width] = (rng.choice(EDGES) % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(out)


def mangle_repository(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change one file of a packed `.git` folder: a reference, a loose object, a pack or its index."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(files))
    content = files[name]
    if name.endswith(".pack") and rng.random() < 0.7:
        content = _in_pack(content, rng)
    elif re.search(r"objects/[0-9a-f]{2}/", name) and rng.random() < 0.85:
        content = _loose(content, rng)
    elif name.endswith((".pack", ".idx")) or rng.random() < 0.5:
        content = mangle(content, rng, [])
    else:
        content = mangle_text(content, rng, [])
    files[name] = content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return buffer.getvalue()


def _loose(content: bytes, rng: random.Random) -> bytes:
    plain = zlib.decompress(content)
    head, _, body = plain.partition(b"\0")
    body = (
        mangle(body, rng, [])
        if b"tree" in head or rng.random() < 0.4
        else mangle_text(body, rng, [])
    )
    kind = (
        head.split(b" ")[0]
        if rng.random() < 0.9
        else rng.choice((b"blob", b"tree", b"commit", b"tag"))
    )
    length = len(body) if rng.random() < 0.85 else rng.choice(EDGES)
    return zlib.compress(kind + b" %d\0" % length + body, 1)


def _in_pack(content: bytes, rng: random.Random) -> bytes:
    """Change the inside of one packed stream; the new one is cut or filled to the old one's length."""
    starts = [m.start() for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content)]
    at = rng.choice(starts)
    unpack = zlib.decompressobj()
    plain = unpack.decompress(content[at:])
    length = len(content) - at - len(unpack.unused_data)
    changed = bytearray(plain)
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(changed))
        changed[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    packed = zlib.compress(bytes(changed), 0 if content[at + 1] == 1 else 9)
    if len(packed) > length:
        return content[:at] + packed + content[at + length :]
    return content[:at] + packed + bytes(length - len(packed)) + content[at + length :]


def mangle_folder(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change one text of a packed folder."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(files))
    content = files[name]
    if name.endswith(".json") and rng.random() < 0.7:
        files[name] = mangle_json(content, rng, [])
    elif b"\0" in content or rng.random() < 0.2:
        files[name] = mangle(content, rng, [])
    else:
        files[name] = mangle_text(content, rng, [])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return buffer.getvalue()
