"""Changes to bytes and to text that know nothing of the format."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutator = Callable[[bytes, random.Random, Sequence[bytes]], bytes]
"""Takes a seed, a source of chance and other seeds of the format; returns a changed seed."""

LARGEST = 65_536
"""Bytes of the largest input; what grows beyond it is cut."""

EDGES = (
    0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1023, 1024, 4095,
    4096, 32_767, 32_768, 65_535, 65_536, 10**6, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**53,
    2**62, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip
"""Whole numbers at which counters, lengths and signs turn over."""

NUMBERS = (
    "0", "-0", "-1", "1", "1e308", "1e309", "-1e309", "1e-400", "nan", "NaN", "inf", "-Infinity", "0x10",
    "1_000", "1,000", "9" * 30, "9" * 400, "1e9999999", "0.1.2", "1e", "+-1", "٣", "１２", "²", "½", "1/0",
    "0/0", "1:2:3", "99999999999:99:99", "2**63", "9223372036854775808", "1e16", "1e22", "-9.9e-324",
)  # fmt: skip

TOKENS = (
    "", " ", "\t", "\n", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1b[31m", "\x1c", "\x85", "\u2028", "\ufeff",
    "\u202e", "é", "İ", "ß", "ﬁ", "\U0001f600", "\u200b", ",", ";", ":", "=", "|", "%", "±", "/", "\\", "'",
    '"', '""', "'''", '"""', "`", "{", "}", "[", "]", "(", ")", "{}", "[]", "()", "<", ">", "&", "#", "---",
    "...", "- ", "? ", "!!python/object", "!", "&a", "*a", "<<: *a", "${a}", "$(a)", "$", "\\begin{",
    "\\end{", "\\multirow{9}{*}{", "\\multicolumn{99}{c}{", "\\\\", "\\newcommand{\\a}{\\a}",
    "<td rowspan=99>", "<table>", "</table>", "&#99999999;", "&amp;", "<!--", "-->", "| - |", "|:-:|",
    "```", "epoch", "step",
    "loss", "acc", "accuracy", "test_acc", "val_loss", "seed", "lr", "batch_size", "epochs", "null", "true",
    "false", "None", "True", "config", "results", "metrics", "name", "value", "key", "baseline", "ours",
    "model", "dataset", "a.b.c", "__class__", "%s%s%n", "{0}", "..", "../../etc/passwd", "C:\\",
)  # fmt: skip

RUNS = ("(", "[", "{", '{"a":', "[[", "a" * 30, "1", "1.", " ", "\n", ",", "|", "-", "*", "_", "a=1 ",
        "a: ", "epoch 1 ", "1/2 ", "<b>", "<table><tr><td>", "\\a", "$", "&", "'", '"', "~", "not ", "+1",
        "-", "lambda:", "é", "\x1b[", "=", ".a", "()", "[0]", "0", "%", "\\frac{",
        ")", "]", "\t")  # fmt: skip


def mangle(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Flip, set, cut, repeat, insert or join bytes, a few times over."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if not out:
            return bytes(rng.randbytes(rng.randrange(1, 64)))
        at, kind = rng.randrange(len(out)), rng.randrange(11)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.randrange(256)
        elif kind == 2:
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x0A))
        elif kind == 3:
            width = rng.choice((2, 4, 8))
            number = rng.choice(EDGES) % 2 ** (8 * width)
            out[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
        elif kind == 4:
            del out[at : at + rng.choice((1, 2, 4, 8, 64, 1024))]
        elif kind == 5:
            out = out[:at]
        elif kind == 6:
            piece = out[at : at + rng.choice((1, 4, 16, 64, 256))]
            out[at:at] = piece * rng.choice((1, 1, 2, 50))
        elif kind == 7:
            out[at:at] = rng.randbytes(rng.choice((1, 4, 40)))
        elif kind == 8:
            other = rng.choice(pool) if pool else data
            start = rng.randrange(len(other) + 1)
            out[at : at + rng.choice((0, 16, 10**6))] = other[start : start + 4096]
        elif kind == 9:
            width = rng.choice((1, 2, 4, 8))
            value = int.from_bytes(out[at : at + width], "little") + rng.choice((-1, 1, 2, 16))
            width = len(out[at : at + width])
            out[at : at + width] = (value % 2 ** (8 * width)).to_bytes(width, "little")
        else:
            out[at:at] = bytes([rng.randrange(256)]) * rng.choice((4, 100, 5000))
    return bytes(out[:LARGEST])


def mangle_text(data: bytes, rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """Change numbers, words and lines of a text, a few times over."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = _CHANGES[rng.randrange(len(_CHANGES))](text, rng, pool)
    return text.encode("utf-8", "surrogatepass" if rng.random() < 0.1 else "replace")[:LARGEST]


def _number(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    found = _somewhere(re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"), text, rng)
    number = rng.choice(NUMBERS) if rng.random() < 0.7 else str(rng.choice(EDGES))
    return text if found is None else text[: found.start()] + number + text[found.end() :]


def _word(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    found = _somewhere(re.compile(r"\w+"), text, rng)
    return (
        text if found is None else text[: found.start()] + rng.choice(TOKENS) + text[found.end() :]
    )


def _insert(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    at = rng.randrange(len(text) + 1)
    token = rng.choice(TOKENS) if rng.random() < 0.7 else rng.choice(NUMBERS)
    return text[:at] + token + text[at:]


def _run(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    at = rng.randrange(len(text) + 1)
    times = rng.choice((3, 20, 150, 1100, 6000))
    return text[:at] + rng.choice(RUNS)[:40] * times + text[at:]


def _drop(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.choice((1, 1, 2, 10, 100, 10**6)) :]


def _lines(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    at, kind = rng.randrange(len(lines)), rng.randrange(5)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at:at] = [lines[at]] * rng.choice((1, 1, 3, 60))
    elif kind == 2:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] = lines[at].rstrip("\n")
    else:
        lines[at] = rng.choice((" ", "\t", "    ", "  - ", "# ", "> ", "| ")) + lines[at]
    return "".join(lines)


def _splice(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    if not pool:
        return text
    lines = rng.choice(pool).decode("utf-8", "replace").splitlines(keepends=True)
    mine = text.splitlines(keepends=True)
    start, at = rng.randrange(len(lines) + 1), rng.randrange(len(mine) + 1)
    return "".join([*mine[:at], *lines[start : start + rng.choice((1, 5, 40))], *mine[at:]])


def _repeat(text: str, rng: random.Random, pool: Sequence[bytes]) -> str:
    at = rng.randrange(len(text) + 1)
    piece = text[at : at + rng.choice((1, 3, 10, 40))]
    return text[:at] + piece * rng.choice((2, 10, 300)) + text[at:]


def _somewhere(pattern: re.Pattern[str], text: str, rng: random.Random) -> re.Match[str] | None:
    """Return the first match behind a random place, or the first of all."""
    return pattern.search(text, rng.randrange(len(text) + 1)) or pattern.search(text)


_CHANGES = (
    _number,
    _number,
    _word,
    _word,
    _insert,
    _insert,
    _run,
    _drop,
    _lines,
    _lines,
    _splice,
    _repeat,
)
