"""Loops of shell scripts written out: `for s in 1 2 3; do python train.py --seed $s; done` is three commands.

Only loops over words that the script itself states are written out; of any other the commands stay as they
stand, with the variable in them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

HEAD = re.compile(r"for\s+(?P<name>[A-Za-z_]\w{0,60})\s+in\s+(?P<words>[^;]{1,2000})(?:;\s*|$)")
COUNTING = re.compile(
    r"for\s*\(\(\s*(?P<name>[A-Za-z_]\w{0,60})\s*=\s*(?P<first>\d{1,6})\s*;\s*(?P=name)\s*(?P<until><=?)\s*"
    r"(?P<last>\d{1,6})\s*;\s*(?:(?P=name)\+\+|\+\+(?P=name))\s*\)\)\s*;?\s*"
)
OTHER_LOOP = re.compile(r"(?:for|while|until|select)\b")
DO = re.compile(r"do(?:\s+|$)")
DONE = re.compile(r"done\b")
ENDED = re.compile(r"^(?P<body>.*?)(?:;|&)\s*done\b")
ARRAY = re.compile(
    r"(?:declare\s+-a\s+|local\s+|export\s+)?(?P<name>[A-Za-z_]\w{0,60})=(?:\((?P<words>[^()$`]{1,2000})\)"
    r"|\"(?P<quoted>[^\"$`]{1,2000})\"|'(?P<single>[^'$`]{1,2000})')"
)
"""`SEEDS=(1 2 3)`, `SEEDS="1 2 3"`."""
RANGE = re.compile(r"\{(-?\d{1,6})\.\.(-?\d{1,6})\}")
SEQUENCE = re.compile(r"(?:\$\(|`)\s*seq\s+(\d{1,6})(?:\s+(\d{1,6}))?\s*(?:\)|`)")
NAMED_WORDS = re.compile(
    r"[\"']?\$(?:\{(?P<braced>[A-Za-z_]\w*)(?:\[[@*]\])?\}|(?P<bare>[A-Za-z_]\w*))[\"']?"
)
MOST_WORDS, MOST_COMMANDS, DEEPEST = 200, 2_000, 6

Command = tuple[int, str]
"""Line and text."""


@dataclass(slots=True)
class _Loop:
    """A loop whose end was not met yet."""

    name: str = ""
    """Its variable; empty where its words are not known."""
    words: tuple[str, ...] = ()
    """What the variable takes, one after the other."""
    body: list[Command] = field(default_factory=list)
    """Commands met inside, inner loops written out."""


def unrolled(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield the commands of a script with those in loops repeated for each of the words."""
    arrays: dict[str, str] = {}
    open_loops: list[_Loop] = []
    top: list[Command] = []
    for line, whole in commands:
        text = whole
        found = ARRAY.fullmatch(text)
        if found is not None:
            arrays[found["name"]] = found["words"] or found["quoted"] or found["single"] or ""
        opened = _opened(text, arrays)
        while opened is not None and len(open_loops) < DEEPEST:
            loop, text = opened
            open_loops.append(loop)
            text = DO.sub("", text, count=1) if DO.match(text) else text
            opened = _opened(text, arrays)
        if open_loops and DO.match(text):
            text = DO.sub("", text, count=1)
        ends = 0
        while (last := ENDED.match(text)) is not None and ends < len(open_loops):
            text, ends = f"{last['body']} {_behind(text, last.end())}".strip(), ends + 1
        if DONE.match(text) and open_loops:
            text, ends = "", ends + 1
        if text:
            (open_loops[-1].body if open_loops else top).append((line, text))
        for _ in range(min(ends, len(open_loops))):
            loop = open_loops.pop()
            (open_loops[-1].body if open_loops else top).extend(_written_out(loop))
    for loop in open_loops:
        top.extend(loop.body)
    yield from top[:MOST_COMMANDS]


def _behind(text: str, end: int) -> str:
    """Return what follows a `done` where it ends further loops."""
    rest = text[end:].strip()
    return rest if DONE.search(rest) else ""


def _opened(text: str, arrays: Mapping[str, str]) -> tuple[_Loop, str] | None:
    """Return the loop that a line begins and the rest of the line."""
    counting = COUNTING.match(text)
    if counting is not None:
        last = int(counting["last"]) + (counting["until"] == "<=")
        words = tuple(str(at) for at in range(int(counting["first"]), last)[: MOST_WORDS + 1])
        return _Loop(name=counting["name"], words=words), text[counting.end() :]
    head = HEAD.match(text)
    if head is not None:
        return _Loop(name=head["name"], words=_words(head["words"], arrays)), text[head.end() :]
    if OTHER_LOOP.match(text):
        return _Loop(), text.partition(";")[2].strip()
    return None


def _words(text: str, arrays: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of a loop, empty where something else than the script decides them."""

    def of_array(found: re.Match[str]) -> str:
        return arrays.get(found["braced"] or found["bare"], found[0])

    filled = NAMED_WORDS.sub(of_array, text)
    filled = SEQUENCE.sub(_sequence, filled)
    filled = RANGE.sub(_range, filled)
    if re.search(r"[$`*?{}]", filled):
        return ()
    try:
        return tuple(shlex.split(filled, comments=True))
    except ValueError:
        return ()


def _sequence(found: re.Match[str]) -> str:
    return (
        _counted(1, int(found[1])) if found[2] is None else _counted(int(found[1]), int(found[2]))
    )


def _range(found: re.Match[str]) -> str:
    return _counted(int(found[1]), int(found[2]))


def _counted(first: int, last: int) -> str:
    return " ".join(map(str, range(first, last + 1)[: MOST_WORDS + 1]))


def _written_out(loop: _Loop) -> Sequence[Command]:
    if not loop.words or not loop.name or len(loop.words) > MOST_WORDS:
        return loop.body
    if len(loop.words) * len(loop.body) > MOST_COMMANDS:
        return loop.body
    variable = re.compile(rf"\$(?:\{{{loop.name}\}}|{loop.name}(?!\w))")
    words = [word.replace("\\", r"\\") for word in loop.words]
    return [(line, variable.sub(word, text)) for word in words for line, text in loop.body]
