"""Hugging Face Trainer: trainer_state.json, *_results.json and training_args.bin."""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._archive import DAMAGE
from netgain.readers._documents import Leaf, leaves, parse_json, scalar, setting_of
from netgain.readers._pickle import Inert, load
from netgain.readers._series import series
from netgain.readers._torch import archive_pickle
from netgain.readers.base import (
    Entry,
    Fact,
    Final,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
    open_regular,
)
from netgain.study import Scalar

RESULT_FILES = re.compile(r"(all|train|eval|test|predict|validation)_results(_\w+)?\.json")
COST_KEYS = re.compile(
    r"(^|_)(runtime|samples|total_flos|epoch|samples_per_second|steps_per_second)$"
)
"""What a result file says of cost, not of quality."""
STATE_KEYS = frozenset(
    ("best_global_step", "best_metric", "best_model_checkpoint", "epoch", "eval_steps",
     "global_step", "logging_steps", "max_steps", "num_input_tokens_seen", "num_train_epochs",
     "save_steps", "total_flos", "train_batch_size", "trial_name")
)  # fmt: skip
COUNTED = frozenset(("epoch", "global_step", "total_flos", "num_input_tokens_seen", "best_metric"))
"""Of `STATE_KEYS`, what the training wrote as it ran."""
SECRET = re.compile(r"token$|password|api_key|secret")
"""Fields that are never repeated in a report."""
DEEPEST_FIELD = 12
LARGEST_FIELD = 10_000
"""Values of the largest field shown."""
PICKLE_BYTES = 64 * 2**20


def sniff(entry: Entry) -> bool:
    """Recognise the Trainer's files by name, and a result file by its keys."""
    if entry.name == "training_args.bin":
        return True
    if entry.name == "trainer_state.json":
        return True
    return bool(RESULT_FILES.fullmatch(entry.name)) and b"_runtime" in entry.head


def read(entry: Entry, limits: Limits) -> Iterator[Fact]:
    """Read one file of a Trainer run.

    Raises:
        UnreadableFile: damaged, a Git-LFS pointer, or not what its name says.
    """
    if entry.name == "training_args.bin":
        yield _training_args(entry, limits)
    elif entry.name == "trainer_state.json":
        yield _trainer_state(entry, limits)
    else:
        yield _results(entry, limits)


def _trainer_state(entry: Entry, limits: Limits) -> RunFacts:
    text = entry.text(limits.text_bytes)
    document = parse_json(text, limits)
    history = document.get("log_history") if isinstance(document, dict) else None
    if not isinstance(history, list):
        raise UnreadableFile("no log_history in it; expected a Trainer's state")
    rows = [row for row in history if isinstance(row, dict)]
    summary = next((row for row in reversed(rows) if "train_runtime" in row), {})
    line = _line_of(text, "train_runtime")
    settings = [
        Setting(
            key=key,
            value=scalar(value),
            source=entry.source(line=_line_of(text, key), key=key),
            strength="logged" if key in COUNTED else "configured",
        )
        for key, value in document.items()
        if key in STATE_KEYS and value is not None
    ]
    settings += [
        Setting(
            key=key, value=scalar(value), source=entry.source(line=line, key=key), strength="logged"
        )
        for key, value in summary.items()
        if COST_KEYS.search(key) and key not in ("epoch", "total_flos")
    ]
    finals = tuple(
        Final(key=key, value=float(value), source=entry.source(line=line, key=key))
        for key, value in summary.items()
        if key.startswith("train_") and not COST_KEYS.search(key) and _is_number(value)
    )
    curves = list(_history(entry, text, [row for row in rows if row is not summary]))
    once = [c for c in curves if c.key.startswith("eval_") and len(c.values) == 1]
    return RunFacts(
        location=entry.folder,
        dialect="huggingface",
        settings=tuple(settings),
        series=tuple(curve for curve in curves if curve not in once),
        finals=(*finals, *(Final(key=c.key, value=c.values[0], source=c.source) for c in once)),
    )


def _history(entry: Entry, text: str, rows: list[dict[str, Any]]) -> Iterator[Series]:
    """Merge train and evaluation rows into one series for each key, over optimizer steps."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for index, row in enumerate(rows):
        step = row.get("step")
        x = float(step) if isinstance(step, (int, float)) else float(index)
        for key, value in row.items():
            if (
                key != "step"
                and _is_number(value)
                and not COST_KEYS.search(key.replace("epoch", ""))
            ):
                points[key].append((x, float(value)))
    stepped = any(_is_number(row.get("step")) for row in rows)
    for key, pairs in points.items():
        found = series(
            key,
            unit="step" if stepped else "row",
            steps=[x for x, _ in pairs],
            values=[value for _, value in pairs],
            source=entry.source(line=_line_of(text, key), key=key),
        )
        if found is not None:
            yield found


def _results(entry: Entry, limits: Limits) -> RunFacts:
    found = leaves(entry, limits)
    costs = [leaf for leaf in found if not _is_number(leaf.value) or COST_KEYS.search(leaf.key)]
    return RunFacts(
        location=entry.folder,
        dialect="huggingface",
        settings=tuple(setting_of(entry, leaf, strength="logged") for leaf in costs),
        finals=tuple(_final(entry, leaf) for leaf in found if leaf not in costs),
    )


def _final(entry: Entry, leaf: Leaf) -> Final:
    assert isinstance(leaf.value, (int, float))
    prefix = "test_" if entry.name.startswith(("test_", "predict_")) else ""
    said = leaf.key.startswith(("train", "eval", "test", "predict"))
    key = leaf.key if said else f"{prefix}{leaf.key}"
    source = entry.source(line=leaf.line, key=leaf.key)
    return Final(key=key.replace("predict_", "test_"), value=float(leaf.value), source=source)


def _training_args(entry: Entry, limits: Limits) -> RunFacts:
    """Read the fields of a pickled `TrainingArguments` without building one."""
    if entry.size < 1024 or not entry.head.startswith(b"PK"):
        content = entry.bytes(PICKLE_BYTES)  # names an empty file or a Git-LFS pointer
    if entry.head.startswith(b"PK"):
        try:
            with open_regular(entry.path) as stream, zipfile.ZipFile(stream) as archive:
                content = archive_pickle(archive, limits)
        except DAMAGE as error:
            raise UnreadableFile(
                f"damaged torch archive ({error}); expected a whole file"
            ) from error
        arguments, _ = load(content)
    elif content[:1] == b"\x80":
        arguments = _last_object(content)
    else:
        raise UnreadableFile("neither a torch archive nor a pickle; expected training_args.bin")
    state = arguments.state if isinstance(arguments, Inert) else arguments
    if not isinstance(state, dict):
        raise UnreadableFile("holds no arguments; expected a pickled TrainingArguments")
    return RunFacts(
        location=entry.folder,
        dialect="huggingface",
        settings=tuple(
            Setting(key=key, value=_field(value), source=entry.source(key=key))
            for key, value in state.items()
            if isinstance(key, str) and not SECRET.search(key)
        ),
    )


def _last_object(content: bytes) -> Any:
    """Return the object of torch's old format: magic number, version, system info, object."""
    at, found = 0, None
    for _ in range(4):
        found, at = load(content, at)
        if isinstance(found, Inert) or at >= len(content):
            return found
    return found


def _field(value: Any) -> Scalar:
    """Return a field as a setting; an enum shows the value it was built from."""
    if isinstance(value, Inert):
        args = value.args or ()
        return scalar(args[0]) if len(args) == 1 and isinstance(args[0], str) else f"<{value.name}>"
    if isinstance(value, (list, tuple, dict)):
        if not _is_small(value):
            return f"<{type(value).__name__}>"
        return json.dumps(
            value,
            default=lambda item: f"<{getattr(item, 'name', type(item).__name__)}>",
            skipkeys=True,
        )
    return scalar(value)


def _is_small(value: Any) -> bool:
    """Tell whether a field is a short record: a pickle can hold itself, or one part a million times."""
    level, count = [value], 0
    for _ in range(DEEPEST_FIELD):
        below = (
            child
            for node in level
            if isinstance(node, (list, tuple, dict))
            for child in (node.values() if isinstance(node, dict) else node)
        )
        level = list(islice(below, LARGEST_FIELD + 1))
        count += len(level)
        if not level or count > LARGEST_FIELD:
            break
    return not level


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _line_of(text: str, key: str) -> int | None:
    at = text.find(f'"{key}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else None


READER = Reader(name="Hugging Face Trainer", order=14, sniff=sniff, read=read)
