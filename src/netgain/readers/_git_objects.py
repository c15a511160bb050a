"""Objects of a git repository read from its files alone: git is never run, its settings never looked at.

Loose objects and packs of version 2 with their indexes (gitformat-pack). Alternates, hooks, `gitdir:` files
and links are not followed.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from netgain.errors import UnreadableFile
from netgain.readers.base import open_regular

OBJECT_BYTES = 64 * 2**20
"""Largest object unpacked."""
INDEX_BYTES = 512 * 2**20
MOST_PACKS = 200
MOST_OBJECTS = 300_000
"""Objects read from one repository."""
MOST_BYTES = 2 * 2**30
"""Bytes unpacked from one repository."""
DEEPEST_DELTA = 4_096
CACHED_BYTES = 96 * 2**20
KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
BY_OFFSET, BY_NAME = 6, 7
NAME = re.compile(r"[0-9a-f]{40}")


class Absent(Exception):
    """An object that this copy of the repository does not hold."""


class Repository:
    """The objects and references below one `.git` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.real = folder.resolve()
        self.left_objects = MOST_OBJECTS
        self.left_bytes = MOST_BYTES
        self.cache: OrderedDict[tuple[str, int], tuple[str, bytes]] = OrderedDict()
        self.cached = 0
        self.packs: list[Pack] = []
        packs = folder / "objects" / "pack"
        for path in sorted(packs.glob("*.idx"))[:MOST_PACKS] if packs.is_dir() else ():
            body = path.with_suffix(".pack")
            if self.holds(path) and self.holds(body):
                self.packs.append(Pack(path, body))

    def holds(self, path: Path) -> bool:
        """Tell whether a path is a regular file that really lies below the folder."""
        try:
            return path.is_file() and path.resolve().is_relative_to(self.real)
        except (OSError, ValueError, RuntimeError):
            return False  # a name no file system has

    def close(self) -> None:
        """Close every pack."""
        for pack in self.packs:
            pack.stream.close()

    def text(self, name: str, limit: int = 16 * 2**20) -> str | None:
        """Return a small file of the folder, None where there is none."""
        path = self.folder / name
        if not self.holds(path):
            return None
        with open_regular(path) as stream:
            return stream.read(limit).decode("utf-8", "replace")

    def head(self) -> str:
        """Return the commit checked out.

        Raises:
            UnreadableFile: there is none, or it is kept in a way that is not read here.
        """
        name = (self.text("HEAD") or "").strip()
        for _ in range(5):
            if not name.startswith("ref:"):
                break
            name = self._reference(name.removeprefix("ref:").strip())
        if not NAME.fullmatch(name):
            raise UnreadableFile(
                "no commit is checked out, or its name is kept in a form not read here (SHA-256, reftable); "
                "expected a repository with SHA-1 names"
            )
        return name

    def _reference(self, name: str) -> str:
        parts = name.split("/")
        if parts[0] != "refs" or ".." in parts:
            return ""
        loose = self.text(name)
        if loose:
            return loose.strip()
        for line in (self.text("packed-refs") or "").splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name:
                return commit
        return ""

    def read(self, name: str) -> tuple[str, bytes]:
        """Return kind and content of an object.

        Raises:
            Absent: it is not here.
            UnreadableFile: damaged, or over the limits.
        """
        self._count(0)
        loose = self.folder / "objects" / name[:2] / name[2:]
        if loose.is_file() and self.holds(loose):
            return self._loose(loose)
        packed = bytes.fromhex(name)
        for pack in self.packs:
            offset = pack.find(packed)
            if offset is not None:
                return self._packed(pack, offset)
        raise Absent(name)

    def _count(self, size: int) -> None:
        self.left_objects -= 1
        self.left_bytes -= size
        if self.left_objects < 0 or self.left_bytes < 0:
            raise UnreadableFile(
                f"more than {MOST_OBJECTS:,} objects or {MOST_BYTES:,} bytes to read; name a smaller clone"
            )

    def _loose(self, path: Path) -> tuple[str, bytes]:
        with open_regular(path) as stream:
            content = _inflate(stream.read(OBJECT_BYTES), OBJECT_BYTES + 64)
        header, _, body = content.partition(b"\0")
        kind, _, size = header.partition(b" ")
        if not size.isdigit() or len(size) > 20 or int(size) != len(body):
            raise UnreadableFile("damaged git object; expected a whole repository")
        self._count(len(body))
        return kind.decode("ascii", "replace"), body

    def _packed(self, pack: Pack, offset: int) -> tuple[str, bytes]:
        """Resolve a chain of deltas from its base up, without recursion."""
        chain: list[tuple[int, bytes]] = []
        at = offset
        found: tuple[str, bytes] | None = None
        while found is None:
            known = self.cache.get((pack.name, at))
            if known is not None:
                self.cache.move_to_end((pack.name, at))
                found = known
                break
            kind, size, base, data = pack.entry(at)
            if kind in KINDS:
                content = _inflate(data, size)
                if len(content) != size:
                    raise UnreadableFile("damaged git pack; expected a whole repository")
                found = (KINDS[kind], content)
                self._keep(pack.name, at, found)
                break
            chain.append((at, _inflate(data, size)))
            if len(chain) > DEEPEST_DELTA:
                raise UnreadableFile("git pack with endless deltas; expected a whole repository")
            place = base if isinstance(base, int) else pack.find(base)
            if place is None:
                found = self.read(base.hex()) if isinstance(base, bytes) else None
                if found is None:
                    raise Absent(str(offset))
                break
            if isinstance(base, int) and not 0 < place < at:
                raise UnreadableFile("damaged git pack; a delta stands on itself")
            at = place
        for place, delta in reversed(chain):
            found = (found[0], apply_delta(found[1], delta))
            self._keep(pack.name, place, found)
        return found

    def _keep(self, pack: str, offset: int, found: tuple[str, bytes]) -> None:
        self._count(len(found[1]))
        if len(found[1]) > CACHED_BYTES // 8:
            return
        self.cache[pack, offset] = found
        self.cached += len(found[1])
        while self.cached > CACHED_BYTES:
            _, dropped = self.cache.popitem(last=False)
            self.cached -= len(dropped[1])


class Pack:
    """One pack and its index."""

    def __init__(self, index: Path, body: Path) -> None:
        if index.stat().st_size > INDEX_BYTES:
            raise UnreadableFile(
                f"git index of more than {INDEX_BYTES:,} bytes; name a smaller clone"
            )
        with open_regular(index) as stream:
            self.index = stream.read()
        if self.index[:8] != b"\xfftOc\0\0\0\2" or len(self.index) < 1032 + 40:
            raise UnreadableFile("git pack index of another version than 2, or cut off")
        self.fan = struct.unpack(">256I", self.index[8:1032])
        self.count = self.fan[255]
        if len(self.index) < 1032 + 28 * self.count + 40 or list(self.fan) != sorted(self.fan):
            raise UnreadableFile(
                "git pack index is cut off or damaged; expected a whole repository"
            )
        self.name = body.name
        self.size = body.stat().st_size
        self.stream: BinaryIO = open_regular(body)

    def find(self, name: bytes) -> int | None:
        """Return where an object begins in the pack, None where it is not in it."""
        low = self.fan[name[0] - 1] if name[0] else 0
        high = self.fan[name[0]]
        while low < high:
            middle = (low + high) // 2
            here = self.index[1032 + 20 * middle : 1052 + 20 * middle]
            if here == name:
                return self._offset(middle)
            if here < name:
                low = middle + 1
            else:
                high = middle
        return None

    def _offset(self, place: int) -> int:
        table = 1032 + 24 * self.count
        (offset,) = struct.unpack_from(">I", self.index, table + 4 * place)
        if offset < 2**31:
            return int(offset)
        large = table + 4 * self.count + 8 * (offset - 2**31)
        if large + 8 > len(self.index):
            raise UnreadableFile(
                "git pack index is cut off or damaged; expected a whole repository"
            )
        return int(struct.unpack_from(">Q", self.index, large)[0])

    def entry(self, offset: int) -> tuple[int, int, int | bytes, bytes]:
        """Return kind, unpacked size, base of a delta (offset or name, else 0) and packed bytes."""
        if not 12 <= offset < self.size:
            raise UnreadableFile("damaged git pack; an object begins outside of it")
        self.stream.seek(offset)
        head = self.stream.read(64)
        if len(head) < 48:
            head = head.ljust(48, b"\0")  # the last object of a pack cut short
        at, byte = 1, head[0]
        kind, size, shift = (byte >> 4) & 7, byte & 15, 4
        while byte & 0x80 and at < 16:
            byte = head[at]
            size |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
        if size > OBJECT_BYTES:
            raise UnreadableFile(f"git object of {size:,} bytes, more than {OBJECT_BYTES:,}")
        base: int | bytes = 0
        if kind == BY_OFFSET:
            byte = head[at]
            back, at = byte & 0x7F, at + 1
            while byte & 0x80 and at < 32:
                byte = head[at]
                back, at = ((back + 1) << 7) | (byte & 0x7F), at + 1
            base = offset - back
        elif kind == BY_NAME:
            base, at = head[at : at + 20], at + 20
        elif kind not in KINDS:
            raise UnreadableFile("damaged git pack; an object of unknown kind")
        self.stream.seek(offset + at)
        return kind, size, base, self.stream.read(size + size // 8 + 1_024)


def _inflate(data: bytes, size: int) -> bytes:
    """Unpack at most one byte more than expected."""
    try:
        return zlib.decompressobj().decompress(data, size + 1)
    except zlib.error as error:
        raise UnreadableFile("damaged git object; expected a whole repository") from error


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """Build an object from its base and a list of copies and insertions.

    Raises:
        UnreadableFile: the delta does not fit its base, or builds more than the limit.
    """
    try:
        expected, at = _length(delta, 0)
        size, at = _length(delta, at)
        if expected != len(base) or size > OBJECT_BYTES:
            raise UnreadableFile("damaged git delta; expected a whole repository")
        parts: list[bytes] = []
        built = 0
        while at < len(delta):
            order = delta[at]
            at += 1
            if order & 0x80:
                start = length = 0
                for bit in range(4):
                    if order >> bit & 1:
                        start |= delta[at] << (8 * bit)
                        at += 1
                for bit in range(3):
                    if order >> (4 + bit) & 1:
                        length |= delta[at] << (8 * bit)
                        at += 1
                part = base[start : start + (length or 0x10000)]
            else:
                part = delta[at : at + order]
                at += order
            built += len(part)
            if built > size or not part:
                break
            parts.append(part)
    except IndexError as error:
        raise UnreadableFile("damaged git delta; expected a whole repository") from error
    content = b"".join(parts)
    if len(content) != size:
        raise UnreadableFile("damaged git delta; expected a whole repository")
    return content


def _length(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at
