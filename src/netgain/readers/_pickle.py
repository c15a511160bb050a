"""A pickle machine that builds records and calls nothing.

Python's own unpickler imports and calls what a file names, which makes any pickle a program. This
machine reads the same opcodes (`pickletools` documents them) but puts an `Inert` record where a
class would be imported or called, so that a stranger's checkpoint can be looked at and never runs.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass, field
from typing import Any

from netgain.errors import UnreadableFile

LONGEST_NAME = 500
"""Characters of the longest name of a module or class."""
MOST_OPCODES = 5_000_000
"""Longest pickle carried out; a checkpoint needs about 20 opcodes for each tensor."""


@dataclass(eq=False, slots=True)
class Inert:
    """What a pickle would have imported, called or built; mutable only while it is read."""

    name: str
    """Dotted name of the class or function."""
    args: tuple[Any, ...] | None = None
    """What it would have been called with; None for the bare name."""
    state: Any = None
    """What `__setstate__` or `__dict__` would have been given."""
    entries: dict[Any, Any] = field(default_factory=dict)
    """Items of a dict subclass."""
    members: list[Any] = field(default_factory=list)
    """Items of a list or set subclass."""


@dataclass(frozen=True, slots=True)
class Persistent:
    """A reference to data kept outside the pickle, such as a tensor's storage."""

    identity: Any
    """What the pickle stores for it."""


class _Mark:
    """Bottom of an open group on the stack."""


_MARK = _Mark()
_NUMBERS = {
    b"K": "<B",
    b"M": "<H",
    b"J": "<i",
    b"G": ">d",
}
_LENGTHS = {
    b"X": "<I",
    b"\x8c": "<B",
    b"\x8d": "<Q",
    b"T": "<I",
    b"U": "<B",
    b"B": "<I",
    b"C": "<B",
    b"\x8e": "<Q",
    b"\x96": "<Q",
    b"\x8a": "<B",
    b"\x8b": "<I",
}
_CONSTANTS: dict[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False}


def load(data: bytes, start: int = 0) -> tuple[Any, int]:
    """Read one pickle without importing or calling anything.

    Args:
        data: the bytes it stands in.
        start: where it begins.

    Returns:
        The object, made of plain values, `Inert` and `Persistent`, and the position behind it.

    Raises:
        UnreadableFile: the pickle is cut off, damaged or uses an opcode this machine does not know.
    """
    try:
        return _Machine(data, start).run()
    except (IndexError, struct.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableFile(
            f"damaged pickle ({type(error).__name__}); expected a whole one"
        ) from error


class _Machine:
    """State of one reading: stack, memo and position."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.at = start
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> tuple[Any, int]:
        for _ in range(MOST_OPCODES):
            code = self.take(1)
            if code == b".":
                return self.stack.pop(), self.at
            self.step(code)
        raise UnreadableFile(f"pickle of more than {MOST_OPCODES:,} opcodes")

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise UnreadableFile("pickle is cut off; expected a whole file, ask for it again")
        self.at += count
        return self.data[self.at - count : self.at]

    def line(self) -> str:
        end = self.data.index(b"\n", self.at)
        text = self.data[self.at : end]
        self.at = end + 1
        return text.decode("utf-8", "replace")

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def pop_group(self) -> list[Any]:
        index = len(self.stack) - 1
        while self.stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise UnreadableFile("damaged pickle (a group without its beginning)")
        group = self.stack[index + 1 :]
        del self.stack[index:]
        return group

    def step(self, code: bytes) -> None:
        """Carry out one opcode."""
        stack = self.stack
        if code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _NUMBERS:
            stack.append(self.number(_NUMBERS[code]))
        elif code in _LENGTHS:
            stack.append(self.sized(code, self.take(self.number(_LENGTHS[code]))))
        elif code == b"(":
            stack.append(_MARK)
        elif code in b"qr\x94pgh j".replace(b" ", b""):
            self.memory(code)
        elif code in b"])}t\x85\x86\x87lde\x8fasu\x90\x91":
            self.containers(code)
        elif code in b"c\x93R\x81\x92bPQio":
            self.objects(code)
        elif code == b"0":
            stack.pop()
        elif code == b"1":
            self.pop_group()
        elif code == b"2":
            stack.append(stack[-1])
        elif code == b"\x80":
            self.take(1)
        elif code == b"\x95":
            self.take(8)
        elif code in b"ILFVS":
            self.text(code)
        else:
            raise UnreadableFile(f"pickle opcode {code!r} is not one a checkpoint needs")

    def sized(self, code: bytes, raw: bytes) -> Any:
        if code in (b"X", b"\x8c", b"\x8d"):
            return raw.decode("utf-8", "surrogatepass")
        if code in (b"T", b"U"):
            return raw.decode("latin-1")
        if code in (b"\x8a", b"\x8b"):
            return pickle.decode_long(raw)
        return raw

    def text(self, code: bytes) -> None:
        word = self.line()
        if code == b"F":
            self.stack.append(float(word))
        elif code in (b"I", b"L"):
            known = {"00": False, "01": True}
            self.stack.append(known[word] if word in known else int(word.rstrip("L")[:400]))
        else:
            self.stack.append(word.strip("'\""))

    def memory(self, code: bytes) -> None:
        if code == b"\x94":
            self.memo[len(self.memo)] = self.stack[-1]
        elif code in (b"q", b"r", b"p"):
            index = (
                self.number("<B" if code == b"q" else "<I") if code != b"p" else int(self.line())
            )
            self.memo[index] = self.stack[-1]
        else:
            index = (
                self.number("<B" if code == b"h" else "<I") if code != b"g" else int(self.line())
            )
            self.stack.append(self.memo[index])

    def containers(self, code: bytes) -> None:
        stack = self.stack
        if code in b"])}\x8f":
            stack.append({b"]": list, b")": tuple, b"}": dict, b"\x8f": list}[code]())
        elif code in b"\x85\x86\x87":
            count = code[0] - 0x84
            group = tuple(stack[-count:])
            if len(group) < count:
                raise UnreadableFile("damaged pickle (a tuple without its items)")
            del stack[-count:]
            stack.append(group)
        elif code in b"tld\x91":
            group_list = self.pop_group()
            stack.append(
                tuple(group_list)
                if code == b"t"
                else group_list
                if code in b"l\x91"
                else dict(_pairs(group_list))
            )
        elif code == b"a":
            item = stack.pop()
            _extend(stack[-1], [item])
        elif code in b"e\x90":
            items = self.pop_group()
            _extend(stack[-1], items)
        else:
            items = [stack.pop(), stack.pop()][::-1] if code == b"s" else self.pop_group()
            target = stack[-1]
            mapping = target.entries if isinstance(target, Inert) else target
            mapping.update(_pairs(items))

    def objects(self, code: bytes) -> None:
        """Stand an inert record where an object would be imported, called or filled."""
        stack = self.stack
        if code == b"c":
            module, name = self.line(), self.line()
            stack.append(Inert(f"{module}.{name}"))
        elif code == b"\x93":
            name, module = stack.pop(), stack.pop()
            stack.append(Inert(f"{_word(module)}.{_word(name)}"))
        elif code in b"R\x81":
            args, function = stack.pop(), stack.pop()
            stack.append(_called(function, args))
        elif code == b"\x92":
            _, args, function = stack.pop(), stack.pop(), stack.pop()
            stack.append(_called(function, args))
        elif code == b"b":
            state = stack.pop()
            if isinstance(stack[-1], Inert):
                stack[-1].state = state
        elif code == b"P":
            stack.append(Persistent(self.line()))
        elif code == b"Q":
            stack.append(Persistent(stack.pop()))
        elif code == b"i":
            module, name = self.line(), self.line()
            stack.append(Inert(f"{module}.{name}", tuple(self.pop_group())))
        else:
            function, *args = self.pop_group()
            stack.append(_called(function, args))


def _word(value: Any) -> str:
    """Return a part of a class's name; what is no short text is named by its kind, or names would double."""
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else type(value).__name__


def _called(function: Any, args: Any) -> Inert:
    name = function.name if isinstance(function, Inert) else type(function).__name__
    return Inert(name, tuple(args) if isinstance(args, (tuple, list)) else (args,))


def _extend(target: Any, items: list[Any]) -> None:
    (target.members if isinstance(target, Inert) else target).extend(items)


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    """Return keys and values; a key that is no plain value is replaced by its kind.

    Hashing a deeply nested tuple would exhaust the interpreter's own stack.
    """
    keys = (
        key if isinstance(key, (str, int, float, bool, bytes, type(None))) else _key_text(key)
        for key in items[::2]
    )
    return list(zip(keys, items[1::2], strict=True))


def _key_text(key: Any) -> str:
    return f"<{key.name if isinstance(key, Inert) else type(key).__name__} {id(key):x}>"
