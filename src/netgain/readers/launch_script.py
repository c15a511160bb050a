"""Shell scripts that start a training: the options of the command are what was asked for.

Only literal options count. Where a script starts several trainings, the options all of them share are kept,
and those of a command that says where its results go for the run that lies there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from netgain.readers._dialect import dialect_of
from netgain.readers._named_commands import named_commands
from netgain.readers._shell_loops import unrolled
from netgain.readers.base import Entry, Fact, Limits, Reader, RunFacts, Setting

LAUNCHERS = re.compile(
    r"(?:^|[/\s])(?:python[\d.]*|torchrun|accelerate|deepspeed|srun|mpirun|ray|horovodrun|colossalai|"
    r"composer|fairseq-(?:hydra-)?train)(?:\s|$)|\s-m\s+torch\.distributed"
)
NOT_TRAINING = re.compile(
    r"\b(eval|test|infer|predict|download|setup|plot|convert|pip|demo)\w*\.py\b"
)
LAUNCHING_MODULES = re.compile(r"torch\.distributed\b|accelerate\b|deepspeed\b|pdb$|cProfile$")
"""Modules that start a script named behind them."""
DEVICE_OPTIONS = frozenset(
    {"nproc_per_node", "num_processes", "nnodes", "num_gpus", "num_machines"}
)
"""Options of launchers by which the number of devices is known."""
VARIABLE = re.compile(r"[$`]|\*")


REDIRECTION = re.compile(r"\d?>{1,2}&?\d?\S*|&>\S*|<\S*")
"""Words that say where the output goes."""
ASSIGNMENT = re.compile(
    r"(?:export\s+|local\s+|readonly\s+|declare\s+)?(?P<name>[A-Za-z_]\w{0,60})="
    r"(?:'(?P<single>[^']{0,300})'|\"(?P<double>[^\"]{0,300})\"|(?P<plain>[^\s;'\"()]{0,300}))"
    r"\s*(?:#[^;]{0,300}|;\s*(?P<rest>.{0,4000}))?"
)
"""`LR=0.1`, `export MODEL="resnet18"`, and what follows on the line."""
USED = re.compile(
    r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^{}$]{1,60}))?\}|(?P<bare>[A-Za-z_]\w*))"
)
"""`$LR`, `${LR}`, `${SEED:-1}`."""
BRANCH = re.compile(r"(?:^|[;\s])(?:if|case)\s")
BRANCH_ENDS = re.compile(r"(?:^|[;\s])(?:fi|esac)(?:$|[;\s])")
LOOP = re.compile(r"for\s+(?P<name>[A-Za-z_]\w{0,60})\s+in\b")
LONGEST_VALUE, MOST_VARIABLES = 300, 1_000


def sniff(entry: Entry) -> bool:
    """Claim shell scripts by suffix."""
    return entry.path.suffix in (".sh", ".bash", ".slurm", ".sbatch")


def read(entry: Entry, limits: Limits) -> Iterable[Fact]:
    """Yield the options that every training command of the script shares."""
    text = entry.text(limits.text_bytes)
    commands = list(_trainings(_commands(text)))
    if not commands:
        return
    first_line, _, first = commands[0]
    shared = {
        key: value
        for key, value in first.items()
        if all(other.get(key) == value for _, _, other in commands[1:])
    }
    if _says_more(shared):
        yield RunFacts(
            location=entry.folder,
            dialect=dialect_of(key.replace("-", "_") for key in shared),
            settings=tuple(
                Setting(key=key, value=value, source=entry.source(line=first_line, key=key))
                for key, value in shared.items()
            ),
        )
    each = list(trainings_in(text))
    if len(each) > 1:
        yield from named_commands(entry, each)


def trainings_in(text: str) -> Iterable[tuple[int, str, dict[str, str | bool | None]]]:
    """Yield line, text and options of each training that a shell script starts, loops written out."""
    return _trainings(unrolled(_commands(text)))


def _trainings(
    commands: Iterable[tuple[int, str]],
) -> Iterator[tuple[int, str, dict[str, str | bool | None]]]:
    for line, command in _expanded(commands):
        trains = LAUNCHERS.search(command) and not NOT_TRAINING.search(command)
        if trains and _says_more(options := _options(command)):
            yield line, command, options


def _expanded(commands: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    """Yield commands with the variables that the script itself set before them to one plain value.

    What a loop, a branch of two values, an argument of the script or another program fills stays a variable.
    """
    known: dict[str, str] = {}
    branches = 0
    for number, text in commands:
        branches += len(BRANCH.findall(text)) - len(BRANCH_ENDS.findall(text))
        filled = _filled(text, known)
        loop = LOOP.match(text)
        if loop is not None:
            known.pop(loop["name"], None)
        found = ASSIGNMENT.fullmatch(filled)
        while found is not None:
            value = found["single"] or found["double"] or found["plain"] or ""
            if branches > 0 or (VARIABLE.search(value) and found["single"] is None):
                known.pop(found["name"], None)
            elif len(value) <= LONGEST_VALUE and len(known) < MOST_VARIABLES:
                known[found["name"]] = value
            rest = (found["rest"] or "").strip()
            filled = _filled(rest, known)
            found = ASSIGNMENT.fullmatch(filled) if rest else None
        if filled:
            yield number, filled


def _filled(text: str, known: dict[str, str]) -> str:
    """Put values in the place of variables; `${SEED:-1}` of a variable that was never set is its default."""

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["bare"]
        return known.get(name, found["default"] or found[0])

    return USED.sub(value, text) if "$" in text else text


def _says_more(options: dict[str, str | bool | None]) -> bool:
    """Tell whether a command says more than what it starts and on how many devices."""
    return bool(options.keys() - {"program"} - DEVICE_OPTIONS)


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
    if command := " ".join(parts).strip():  # the last line ends in a continuation
        yield start, command


def _options(command: str) -> dict[str, str | bool | None]:
    """Return `--key value`, `--key=value`, bare flags and `key=value` overrides of a command.

    An option that the script fills from a variable is None: it was set, to what the script does not say.
    """
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return {}
    start = _first_option(words)
    found: dict[str, str | bool | None] = {}
    if start and words[start - 1].endswith(".py") and not VARIABLE.search(words[start - 1]):
        found["program"] = words[start - 1]
    found |= _devices(words[:start])
    words = _of_first_command(words[start:])
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if REDIRECTION.fullmatch(word):
            position += word in (">", ">>", "2>", "1>", "<", "&>")
            continue
        key, equals, value = word.lstrip("-+").partition("=")
        if equals and re.fullmatch(r"[A-Za-z_][\w.\-/]*", key):
            found[key] = None if VARIABLE.search(value) else value
            continue
        if VARIABLE.search(word) or word in ("|", "&", "&&", ";", ">", ">>", "2>&1"):
            if word in ("|", "&&", ";"):
                break
            continue
        if word.startswith("--") and len(word) > 2:
            following = words[position] if position < len(words) else None
            is_value = following is not None and not re.match(r"--?[A-Za-z]", following)
            if following is not None and REDIRECTION.fullmatch(following):
                is_value = False
            if following is not None and is_value:
                position += 1
                found[key] = None if VARIABLE.search(following) else following
            else:
                found[key] = True
    return found


def _of_first_command(words: list[str]) -> list[str]:
    """Return the words before a semicolon that ends the command."""
    for at, word in enumerate(words):
        if word.endswith(";") and word != ";":
            return [*words[:at], word.rstrip(";")]
    return words


def _first_option(words: list[str]) -> int:
    """Return where the options of the program begin: behind the script, or the module that `-m` names."""
    for at, word in enumerate(words):
        if word.endswith(".py"):
            return at + 1
        if at and words[at - 1] == "-m" and not LAUNCHING_MODULES.match(word):
            return at + 1
    return 0


def _devices(words: list[str]) -> dict[str, str | bool | None]:
    """Return the number of devices that a launcher is told before the program."""
    found: dict[str, str | bool | None] = {}
    for at, word in enumerate(words):
        key, equals, value = word.lstrip("-").partition("=")
        if word.startswith("--") and key.replace("-", "_") in DEVICE_OPTIONS:
            said = value if equals else words[at + 1] if at + 1 < len(words) else ""
            found[key.replace("-", "_")] = said if said.isdigit() else None
    return found


READER = Reader(name="launch script", order=65, sniff=sniff, read=read)
