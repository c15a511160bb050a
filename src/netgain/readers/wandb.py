"""Weights & Biases run folders: the `.wandb` log, config.yaml, wandb-summary.json, wandb-metadata.json."""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from netgain.errors import UnreadableFile
from netgain.readers._dialect import dialect_of
from netgain.readers._documents import (
    SECRET,
    Leaf,
    flatten,
    leaves,
    parse_json,
    scalar,
    setting_of,
    typed_text,
)
from netgain.readers._wandb_history import curves_of, numbers_in
from netgain.readers._wandb_log import MAGIC, Contents, contents_of, is_copied, json_value
from netgain.readers.base import (
    Entry,
    Final,
    Limits,
    Reader,
    RunFacts,
    Series,
    Setting,
    open_regular,
)
from netgain.study import Scalar
from netgain.vocabulary import (
    canonical_metric,
    canonical_setting,
    is_clock,
    is_known_metric,
    x_axis,
)

PROGRAMS = ("codePath", "codePathLocal", "program")
"""Where the metadata says which script ran; the first that is there counts."""
ENVIRONMENT = {
    "os": "platform",
    "python": "python",
    "host": "hostname",
    "gpu": "gpu_name",
    "gpu_count": "gpu_count",
    "cpu_count": "cpu_count",
    "cuda": "cuda",
    "cudaVersion": "cuda",
    "git_commit": "git_commit",
}
"""Names of the machine record, and keys the vocabulary can tell from settings of the training."""

OF_SWEEP = re.compile(r"config-\w{1,40}\.yaml")
RUN_SETTINGS = {
    "host": "hostname",
    "sweep_id": "sweep_id",
    "resumed": "resume",
    "git_commit": "git_commit",
}
"""Names of the run record, and keys the vocabulary knows."""


def sniff(entry: Entry) -> bool:
    """Recognise the log by its first bytes, the other files by name and W&B's own keys."""
    if entry.name.endswith(".wandb"):
        return entry.head.startswith(MAGIC) or not entry.size
    if entry.name == "config.yaml" or _is_of_sweep(entry):
        return b"wandb_version:" in entry.head or b"_wandb:" in entry.head
    return entry.name in ("wandb-summary.json", "wandb-metadata.json")


def read(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read one file of a run folder.

    A log without an exit record is that of an unfinished run; an exit code other than 0 is a failure.

    Raises:
        UnreadableFile: damaged or over the limit. What a log holds before a cut is kept.
    """
    if is_copied(entry.path):
        return
    if entry.name.endswith(".wandb"):
        yield from _log(entry, limits)
    elif entry.name == "wandb-metadata.json":
        yield _metadata(entry, limits)
    elif entry.name == "wandb-summary.json":
        yield from _summary_file(entry, limits)
    else:
        found = [leaf for leaf in _unwrapped(leaves(entry, limits)) if not SECRET.search(leaf.key)]
        yield RunFacts(
            location=_run_folder(entry),
            dialect=dialect_of(leaf.key for leaf in found),
            settings=tuple(setting_of(entry, leaf) for leaf in found),
            # the run that a sweep started records its settings itself
            status="planned" if _is_of_sweep(entry) else "unknown",
        )


def _is_of_sweep(entry: Entry) -> bool:
    """Tell whether this is what a sweep asked of one of its runs: `sweep-x/config-y.yaml`."""
    asked = OF_SWEEP.fullmatch(entry.name)
    return asked is not None and entry.path.parent.name.startswith("sweep-")


def _run_folder(entry: Entry) -> str:
    folder = PurePath(entry.folder)
    return str(folder.parent) if folder.name == "files" else str(folder)


def _log(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    if entry.size > limits.log_bytes:
        raise UnreadableFile(f"{entry.size:,} bytes, more than the limit of {limits.log_bytes:,}")
    if not entry.size:
        entry.bytes(limits.log_bytes)
    with (
        open_regular(entry.path) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        found = contents_of(data)
    if not found.records:
        raise UnreadableFile("no whole record in it; expected the .wandb log of a run")
    settings = tuple(_settings(entry, found, limits))
    dialect = dialect_of(setting.key for setting in settings)
    curves = list(curves_of(entry, found))
    once = [curve for curve in curves if len(curve.values) == 1]
    counted = [c for c in once if c.values[0] >= 1 and _is_setting(c.key, dialect)]
    scores = [c for c in once if c not in counted and not is_clock(c.key)]
    yield RunFacts(
        location=_run_folder(entry),
        dialect=dialect,
        name=found.run.get("display_name", ""),
        settings=(
            *settings,
            *(
                Setting(key=c.key, value=c.values[0], source=c.source, strength="logged")
                for c in counted
            ),
        ),
        series=tuple(curve for curve in curves if curve not in once),
        finals=(
            *(Final(key=c.key, value=c.values[0], source=c.source) for c in scores),
            *_summary(entry, found, {curve.key for curve in curves}),
        ),
        status={None: "running", 0: "finished"}.get(found.exit_code, "failed"),  # type: ignore[arg-type]  # the three words of the field
        status_source=entry.source(key="exit" if found.exit_code is not None else "no exit record"),
    )
    if not found.complete:
        raise UnreadableFile(
            f"cut off or damaged after {found.records:,} records, which were kept; "
            "expected more, ask for the complete file"
        )


def _settings(entry: Entry, found: Contents, limits: Limits) -> Iterator[Setting]:
    for key, text in found.config.items():
        if key.startswith("_wandb") or key == "wandb_version":
            continue
        for name, value in _flat(key, json_value(text), limits):
            if not SECRET.search(name):
                yield Setting(key=name, value=value, source=entry.source(key=f"config/{name}"))
    machine = {ENVIRONMENT[k]: v for k, v in found.environment.items() if k in ENVIRONMENT}
    named = {RUN_SETTINGS[k]: v for k, v in found.run.items() if k in RUN_SETTINGS}
    told = {**machine, **named}
    for key, word in told.items():
        source = entry.source(key=f"run/{key}")
        yield Setting(key=key, value=typed_text(word), source=source, strength="logged")
    if found.runtime:
        source = entry.source(key="exit/runtime")
        yield Setting(
            key="wall_seconds", value=float(found.runtime), source=source, strength="logged"
        )


def _flat(key: str, value: Any, limits: Limits, depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    """Flatten one setting; media, tables and values nested deeper than the limit are left out."""
    if isinstance(value, dict) and "_type" not in value and depth < limits.depth:
        for inner, child in value.items():
            yield from _flat(f"{key}.{inner}", child, limits, depth + 1)
    elif not isinstance(value, dict):
        yield key, scalar(value)


def _is_setting(key: str, dialect: str) -> bool:
    """Tell whether a number logged once is a property of the run, such as its FLOPs or parameters."""
    metric = canonical_metric(key, dialect)
    return not is_known_metric(metric.name) and canonical_setting(key, dialect) is not None


def _summary(entry: Entry, found: Contents, logged: set[str]) -> Iterator[Final]:
    """Yield summary values that no curve ends with: what the script set, or a best by rule."""
    for key, text in found.summary.items():
        if key.startswith("_"):
            continue
        for name, value in numbers_in(key, text):
            if (
                name not in logged
                and math.isfinite(value)
                and not is_clock(name)
                and not x_axis(name)
            ):
                yield Final(key=name, value=value, source=entry.source(key=f"summary/{name}"))


def _summary_file(entry: Entry, limits: Limits) -> Iterator[RunFacts]:
    """Read the last values, unless the log itself lies beside and has them all."""
    document = parse_json(entry.text(limits.text_bytes), limits)
    if not isinstance(document, dict):
        raise UnreadableFile("holds no named values; expected W&B's summary")
    folder = entry.path.parent.parent if entry.path.parent.name == "files" else entry.path.parent
    if any(folder.glob("*.wandb")):
        return
    numbers = {
        key.replace(".", "/"): float(value)
        for key, value in flatten({k: v for k, v in document.items() if not k.startswith("_")})
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }
    epochs = [key for key in numbers if canonical_metric(key).name == "epoch" and numbers[key] > 0]
    finals = tuple(
        Final(key=key, value=value, source=entry.source(key=key))
        for key, value in numbers.items()
        if key not in epochs and not is_clock(key) and not x_axis(key)
    )
    reached = tuple(
        Series(
            key=key,
            unit="row",
            steps=(0.0,),
            values=(numbers[key],),
            source=entry.source(key=key),
        )
        for key in epochs[:1]
    )
    runtime = document.get("_runtime")
    settings: tuple[Setting, ...] = ()
    if isinstance(runtime, (int, float)) and 0 < runtime < math.inf:
        source = entry.source(key="_runtime")
        settings = (
            Setting(key="wall_seconds", value=float(runtime), source=source, strength="logged"),
        )
    yield RunFacts(
        location=_run_folder(entry),
        dialect="generic",
        settings=settings,
        series=reached,
        finals=finals,
    )


def _metadata(entry: Entry, limits: Limits) -> RunFacts:
    """Read the machine, the commit and the command line; user and mail address stay behind."""
    found = {leaf.key: leaf for leaf in leaves(entry, limits)}
    settings = [
        setting_of(entry, replace(found[key], key=name), strength="logged")
        for key, name in (
            *ENVIRONMENT.items(),
            ("git.commit", "git_commit"),
            (next((key for key in PROGRAMS if key in found), PROGRAMS[0]), "program"),
        )
        if key in found and found[key].value is not None
    ]
    arguments = found.get("args")
    if arguments is not None:
        settings += _arguments(entry, arguments, limits)
    return RunFacts(location=_run_folder(entry), dialect="generic", settings=tuple(settings))


def _arguments(entry: Entry, leaf: Leaf, limits: Limits) -> Iterator[Setting]:
    """Read `--key value`, `--key=value` and Hydra's `+key=value` from the command line."""
    words = parse_json(str(leaf.value), limits) if leaf.value else []
    texts = [str(word) for word in words] if isinstance(words, list) else []
    for word, after in zip(texts, [*texts[1:], "--"], strict=False):
        key, equals, value = word.partition("=")
        if not (word.startswith("-") or equals) or not key.strip("-+~"):
            continue
        shown = value if equals else "true" if after.startswith("--") else after
        name = key.lstrip("-+~")
        if not SECRET.search(name):
            source = entry.source(line=leaf.line, key=f"args {word}")
            yield Setting(key=name, value=typed_text(shown), source=source)


def _unwrapped(found: tuple[Leaf, ...]) -> Iterator[Leaf]:
    """Take the `value` level out of config.yaml, whose every setting is `{desc, value}`."""
    for leaf in found:
        head, _, rest = leaf.key.partition(".")
        if head.startswith("_wandb") or head == "wandb_version" or rest == "desc":
            continue
        word, _, inner = rest.partition(".")
        if word == "value":
            yield replace(leaf, key=f"{head}.{inner}" if inner else head)


READER = Reader(name="W&B run", order=13, sniff=sniff, read=read)
