"""Shell scripts that start a training: the options of the command are what was asked for.

Only literal options count. Where a script starts several trainings, the options all of them share are kept:
nothing says which of the commands a run beside the script came from.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting

LAUNCHERS = re.compile(
    r"(?:^|[/\s])(?:python[\d.]*|torchrun|accelerate|deepspeed|srun|mpirun|ray)(?:\s|$)|\s-m\s+torch\.distributed"
)
NOT_TRAINING = re.compile(
    r"\b(eval|test|infer|predict|download|setup|plot|convert|pip|demo)\w*\.py\b"
)
VARIABLE = re.compile(r"[$`]|\*")


def sniff(entry: Entry) -> bool:
    """Claim shell scripts by suffix."""
    return entry.path.suffix in (".sh", ".bash", ".slurm", ".sbatch")


def read(entry: Entry, limits: Limits) -> Iterable[Fact]:
    """Yield the options that every training command of the script shares."""
    commands = [
        (line, options)
        for line, text in _commands(entry.text(limits.text_bytes))
        if LAUNCHERS.search(text) and not NOT_TRAINING.search(text) and (options := _options(text))
    ]
    if not commands:
        return
    first_line, first = commands[0]
    shared = {
        key: value
        for key, value in first.items()
        if all(other.get(key) == value for _, other in commands[1:])
    }
    if shared:
        yield RunFacts(
            location=entry.folder,
            dialect="generic",
            settings=tuple(
                Setting(key=key, value=value, source=entry.source(line=first_line, key=key))
                for key, value in shared.items()
            ),
        )


def _commands(text: str) -> Iterable[tuple[int, str]]:
    """Yield (line of its start, command) with continuations joined and comments left out."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not parts:
            start = number
        if stripped.startswith("#"):
            continue
        if stripped.endswith("\\"):
            parts.append(stripped[:-1])
            continue
        parts.append(stripped)
        command = " ".join(parts).strip()
        parts = []
        if command:
            yield start, command


def _options(command: str) -> dict[str, str | bool | None]:
    """Return `--key value`, `--key=value`, bare flags and `key=value` overrides of a command.

    An option that the script fills from a variable is None: it was set, to what the script does not say.
    """
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return {}
    script = next((i for i, word in enumerate(words) if word.endswith(".py")), None)
    words = words[script + 1 :] if script is not None else words
    found: dict[str, str | bool | None] = {}
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if VARIABLE.search(word) or word in ("|", "&", "&&", ";", ">", ">>", "2>&1"):
            if word in ("|", "&&", ";"):
                break
            continue
        key, equals, value = word.lstrip("-+").partition("=")
        if equals and re.fullmatch(r"[A-Za-z_][\w.\-/]*", key):
            found[key] = None if VARIABLE.search(value) else value
        elif word.startswith("--") and len(word) > 2:
            following = words[position] if position < len(words) else None
            is_value = following is not None and not re.match(r"--?[A-Za-z]", following)
            if following is not None and is_value:
                position += 1
                found[key] = None if VARIABLE.search(following) else following
            else:
                found[key] = True
    return found


READER = Reader(name="launch script", order=65, sniff=sniff, read=read)
